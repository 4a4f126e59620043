"""PatentLMM: PatentMME's features of a figure, projected into the embedding space of a causal language model."""

from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint
from transformers import AutoModel, GenerationMixin, PreTrainedModel
from transformers.activations import ACT2FN
from transformers.modeling_outputs import BaseModelOutputWithPast, BaseModelOutputWithPooling, CausalLMOutputWithPast
from transformers.utils import can_return_tuple

from .configuration_patentlmm import PatentLMMConfig
from .modeling_patentmme import PatentMMEModel

WAY_FLOOR = 1e-3  # what a token on none of the copy head's ways weighs
POINTER_FLOOR = 1e-30  # keeps a pointer's logarithm and its gradient finite where its probability underflows
LOSS_CHUNK = 512  # supervised positions whose logits over the vocabulary are held at a time
# transformers 5.24 calls the cache of keys and values `cache`, in arguments and outputs alike.
CACHE = next(field.name for field in fields(CausalLMOutputWithPast) if field.name in ("cache", "past_key_values"))


@dataclass
class PatentLMMModelOutputWithPast(BaseModelOutputWithPast):
    """Language-model output; `image_hidden_states` (features, hidden) are the projected features of all figures."""

    image_hidden_states: torch.Tensor | None = None


@dataclass
class PatentLMMCausalLMOutputWithPast(CausalLMOutputWithPast):
    """`logits` (B, S, vocab), log-probabilities if the copy head took part; `loss` if labels were given.

    `token_losses` (B, S), 0 where nothing is supervised, come instead of the logits with `skip_logits`.
    """

    token_losses: torch.Tensor | None = None
    image_hidden_states: torch.Tensor | None = None


class PatentLMMMultiModalProjector(nn.Module):
    """Two layers from the encoder's width to the language model's: (..., Dv) -> (..., Dt)."""

    def __init__(self, config: PatentLMMConfig):
        super().__init__()
        self.linear_1 = nn.Linear(config.vision_config.hidden_size, config.text_config.hidden_size)
        self.act = ACT2FN[config.projector_hidden_act]
        self.linear_2 = nn.Linear(config.text_config.hidden_size, config.text_config.hidden_size)

    def forward(self, image_features: torch.Tensor) -> torch.Tensor:
        dtype = self.linear_1.weight.dtype
        if dtype.is_floating_point:  # a quantised weight says nothing about its input
            image_features = image_features.to(dtype)
        return self.linear_2(self.act(self.linear_1(image_features)))


@dataclass(frozen=True)
class CopySource:
    """What the copy head knows of figures before a word is written; B figures, T OCR tokens each.

    `near` (B, T, T) for each reach; `keys` (B, T, D); `same` (B, T, T) float32, 1 where two tokens are equal; `first`
    (B, T) true on the first of equal tokens.
    """

    near: list[torch.Tensor]
    keys: torch.Tensor
    same: torch.Tensor
    first: torch.Tensor


class PatentLMMCopyHead(nn.Module):
    """Pointer over the OCR tokens, mixed into the vocabulary distribution (a pointer-generator, See et al. 2017).

    A token's key is made of its own embedding, its two predecessors' (to tell the second word of a name from the
    first of another), its box, and what stands near it: a numeral is known by the name beside it. Copying also goes
    on from where it stands (selective reading, CopyNet, Gu et al. 2016): to the next token, to what is near, and to
    what is near the next token; how much each of these ways counts, the hidden state says.
    """

    reaches = (15.0, 50.0)  # over which distance, in thousandths of the page, a neighbour's weight falls by e
    match_weight = 4.0  # of a token that equals the one just read, when looking for where copying stands

    def __init__(self, config: PatentLMMConfig):
        super().__init__()
        size = config.text_config.hidden_size
        if size % 4:
            raise ValueError(f"The copy head needs a language-model hidden_size that is a multiple of 4, not {size}.")
        boxes = config.vision_config.max_2d_position_embeddings
        self.previous = nn.Linear(size, size, bias=False)
        self.second_previous = nn.Linear(size, size, bias=False)
        self.nearby = nn.Linear(len(self.reaches) * size, size, bias=False)
        self.x_position_embeddings = nn.Embedding(boxes, size // 4)
        self.y_position_embeddings = nn.Embedding(boxes, size // 4)
        self.norm = nn.LayerNorm(size)
        self.key = nn.Linear(size, size)
        self.query = nn.Linear(size, size)
        self.place = nn.Linear(size, size)
        self.match = nn.Linear(size, 1)
        self.follow = nn.Linear(size, 1 + 2 * len(self.reaches))
        self.gate = nn.Linear(size, 1)

    def nearness(self, bbox: torch.Tensor, valid: torch.Tensor) -> list[torch.Tensor]:
        """Weights of the other words around each token, the nearer the heavier: (B, T, T) for each reach."""
        x0, y0, x1, y1 = bbox.float()[:, :, None].unbind(-1)
        across = torch.maximum(x0 - x1.transpose(1, 2), x0.transpose(1, 2) - x1).clamp(min=0)
        down = torch.maximum(y0 - y1.transpose(1, 2), y0.transpose(1, 2) - y1).clamp(min=0)
        same_word = (bbox[:, :, None] == bbox[:, None]).all(dim=-1)
        distance = (across + down).masked_fill(same_word | ~valid[:, None], 1e4)
        return [(-distance / reach).softmax(dim=-1) for reach in self.reaches]

    def keys(self, embeds: torch.Tensor, bbox: torch.Tensor, near: list[torch.Tensor]) -> torch.Tensor:
        """(B, T, D) token embeddings, zero on padding, (B, T, 4) boxes and the nearness -> (B, T, D)."""
        x0, y0, x1, y1 = bbox.unbind(-1)
        places = torch.cat(
            [
                self.x_position_embeddings(x0),
                self.y_position_embeddings(y0),
                self.x_position_embeddings(x1),
                self.y_position_embeddings(y1),
            ],
            dim=-1,
        )
        length = embeds.shape[1]
        before = F.pad(embeds, (0, 0, 2, 0))
        mixed = embeds + self.previous(before[:, 1 : length + 1]) + self.second_previous(before[:, :length]) + places
        surroundings = torch.cat([torch.matmul(weights.to(embeds.dtype), embeds) for weights in near], dim=-1)
        return self.key(self.norm(mixed + self.nearby(surroundings)))

    def ways(self, hidden_states, keys, near, matches, valid) -> torch.Tensor:
        """Log-weights of each token on the ways on from where copying stands.

        Args:
            hidden_states: (B, S, D); keys: (B, T, D); near: (B, T, T) for each reach; valid: (B, T).
            matches: (B, S, T) true where the OCR token equals the token just read.

        Returns:
            (B, S, T, ways) float32: the next token, the near ones, and those near the next token.
        """
        scores = torch.matmul(self.place(hidden_states), keys.transpose(1, 2)).float() * keys.shape[-1] ** -0.5
        scores = scores + self.match_weight * (1 + self.match(hidden_states).float()) * matches
        standing = scores.masked_fill(~valid[:, None], torch.finfo(torch.float32).min).softmax(dim=-1)
        following = F.pad(standing, (1, 0))[..., :-1] * valid[:, None]
        around = [torch.matmul(start, weights) for start in (standing, following) for weights in near]
        return (torch.stack([following, *around], dim=-1) + WAY_FLOOR).log()

    def source(self, copy_input_ids, copy_bbox, embedding) -> CopySource:
        """All that depends on the figures alone; arguments as in `forward`."""
        valid = copy_input_ids != -100
        tokens = copy_input_ids.clamp(min=0)
        near = self.nearness(copy_bbox, valid)
        keys = self.keys(embedding(tokens) * valid[..., None], copy_bbox, near)
        same = (tokens[:, :, None] == tokens[:, None, :]) & valid[:, :, None] & valid[:, None, :]
        return CopySource(near, keys, same.float(), valid & ~same.tril(-1).any(dim=-1))

    def pointer(self, hidden_states, input_ids, copy_input_ids, source: CopySource):
        """Probability to point at each OCR token (B, S, T), float32, and the gate's logit (B, S, 1).

        Args:
            input_ids: (B, S) the tokens the hidden states have read last, None if only their embeddings are known.
            hidden_states, copy_input_ids, source: as in `forward`.
        """
        valid, near, keys = copy_input_ids != -100, source.near, source.keys
        scores = torch.matmul(self.query(hidden_states), keys.transpose(1, 2)).float() * keys.shape[-1] ** -0.5
        matches = scores.new_zeros(()) if input_ids is None else copy_input_ids[:, None] == input_ids[..., None]
        ways = self.ways(hidden_states, keys, near, matches, valid)
        scores = scores + torch.matmul(ways, self.follow(hidden_states).float()[..., None])[..., 0]
        scores = scores.masked_fill(~valid[:, None], torch.finfo(torch.float32).min)
        gate = self.gate(hidden_states).float().masked_fill(~valid.any(dim=1)[:, None, None], -1e4)
        return scores.softmax(dim=-1), gate

    def forward(
        self, hidden_states, logits, input_ids, copy_input_ids, copy_bbox, embedding, source: CopySource | None = None
    ) -> torch.Tensor:
        """Log of the mixture (1 - gate) * vocabulary + gate * pointer.

        Args:
            hidden_states: (B, S, D) of the language model; logits: (B, S, vocab) of its head.
            input_ids: (B, S) the tokens read last, or None.
            copy_input_ids: (B, T) language-model ids of the OCR tokens, -100 on padding.
            copy_bbox: (B, T, 4) their boxes, 0..1000.
            embedding: the language model's input embedding.
            source: what `source` gave for the last three, to not make it at every step of decoding.

        Returns:
            (B, S, vocab) float32 log-probabilities.
        """
        source = source or self.source(copy_input_ids, copy_bbox, embedding)
        pointed, gate = self.pointer(hidden_states, input_ids, copy_input_ids, source)
        # Summed over a token's repetitions.
        pointed = torch.matmul(pointed, source.same).clamp(min=POINTER_FLOOR).log()
        log_probs = logits.float().log_softmax(dim=-1) + F.logsigmoid(-gate)
        index = copy_input_ids.clamp(min=0)[:, None].expand(-1, hidden_states.shape[1], -1)
        # log(a + b) = log a + softplus(log b - log a), added once per distinct token.
        gain = F.softplus(pointed + F.logsigmoid(gate) - log_probs.gather(-1, index))
        return log_probs.scatter_add(-1, index, gain * source.first[:, None])

    def mix_losses(self, losses, hidden_states, labels, input_ids, copy_input_ids, copy_bbox, embedding):
        """Cross-entropies of the mixture from those of the vocabulary, without the mixture over the vocabulary.

        Args:
            losses: (N,) float32, of the supervised positions in order; labels: (B, S), -100 on the others.
            hidden_states, input_ids, copy_input_ids, copy_bbox, embedding: as in `forward`.

        Returns:
            (N,) float32.
        """
        source = self.source(copy_input_ids, copy_bbox, embedding)
        pointed, gate = self.pointer(hidden_states, input_ids, copy_input_ids, source)
        chosen = labels != -100
        pointed = (pointed * (copy_input_ids[:, None] == labels[..., None])).sum(dim=-1)[chosen]
        gate = gate[..., 0][chosen]
        pointed = pointed.clamp(min=POINTER_FLOOR).log()
        return -torch.logaddexp(F.logsigmoid(-gate) - losses, F.logsigmoid(gate) + pointed)


class PatentLMMPreTrainedModel(PreTrainedModel):
    """What the model with and without the language-model head share."""

    config_class = PatentLMMConfig
    base_model_prefix = "model"
    input_modalities = ("image", "text")
    supports_gradient_checkpointing = True
    _skip_keys_device_placement = ["past_key_values"]
    _no_split_modules = ["PatentMMELayer"]
    _supports_flash_attn = True
    _supports_sdpa = True
    _supports_flex_attn = True
    _supports_attention_backend = True
    _can_compile_fullgraph = True


class PatentLMMModel(PatentLMMPreTrainedModel):
    """Encoder, projector and language model, without the language-model head."""

    def __init__(self, config: PatentLMMConfig):
        super().__init__(config)
        # By class, not by AutoModel: loaded as remote code, the configuration's class is not the one registered.
        self.vision_tower = PatentMMEModel._from_config(config.vision_config)
        self.multi_modal_projector = PatentLMMMultiModalProjector(config)
        self.language_model = AutoModel.from_config(config.text_config)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        return self.language_model.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        self.language_model.set_input_embeddings(value)

    def tower_is_frozen(self) -> bool:
        """True if no parameter of the encoder is trained."""
        return not any(parameter.requires_grad for parameter in self.vision_tower.parameters())

    def train(self, mode: bool = True):
        """Set the training mode; a frozen encoder stays in evaluation, so that its dropout stays off."""
        super().train(mode)
        if self.tower_is_frozen():
            self.vision_tower.eval()
        return self

    def encode(self, **inputs):
        """Run the encoder, without a graph and without dropout if it is frozen."""
        frozen = self.tower_is_frozen()
        if frozen and self.vision_tower.training:
            self.vision_tower.eval()
        with torch.set_grad_enabled(torch.is_grad_enabled() and not frozen):
            return self.vision_tower(**inputs)

    def pool_patches(self, patches: torch.Tensor, height: int, width: int) -> torch.Tensor:
        """Average squares of `visual_pool` patches: (B, height * width, D) -> (B, fewer, D)."""
        side = self.config.visual_pool
        if side == 1:
            return patches
        if height % side or width % side:
            raise ValueError(f"A grid of {width} x {height} patches cannot be pooled by visual_pool={side}.")
        grid = patches.transpose(1, 2).unflatten(2, (height, width))
        return F.avg_pool2d(grid, side).flatten(2).transpose(1, 2)

    def select_features(self, states, ocr_length, grid) -> torch.Tensor:
        """Encoder states (B, T + 1 + patches, D) -> what the projector sees, in the same order."""
        head, patches = states.tensor_split([ocr_length + 1], dim=1)
        if self.config.feature_mode == "reference" and ocr_length:
            head = head[:, 1:]
        return torch.cat([head, self.pool_patches(patches, *grid)], dim=1)

    def real_features(self, features, ocr_attention_mask, visual_token_mask) -> torch.Tensor | None:
        """(B, L) true where one of the features (B, L, D) is handed over; None: everywhere."""
        if self.config.feature_mode == "reference" or (ocr_attention_mask is None and visual_token_mask is None):
            return None
        real = torch.ones(features.shape[:2], dtype=torch.bool, device=features.device)
        if ocr_attention_mask is not None:
            real[:, : ocr_attention_mask.shape[1]] = ocr_attention_mask.bool()
        if visual_token_mask is not None:
            real[:, -visual_token_mask.shape[1] :] = visual_token_mask.bool()
        return real

    def project_images(
        self,
        pixel_values,
        ocr_input_ids=None,
        ocr_bbox=None,
        ocr_attention_mask=None,
        pixel_attention_mask=None,
        visual_token_mask=None,
        **kw,
    ):
        """Encoder output, projected features (B, L, D), and (B, L) true where a feature is real (None: everywhere)."""
        outputs = self.encode(
            input_ids=ocr_input_ids,
            bbox=ocr_bbox,
            attention_mask=ocr_attention_mask,
            pixel_values=pixel_values,
            pixel_attention_mask=pixel_attention_mask,
            **kw,
        )
        ocr_length = 0 if ocr_input_ids is None else ocr_input_ids.shape[1]
        size = self.config.vision_config.patch_size
        grid = (pixel_values.shape[-2] // size, pixel_values.shape[-1] // size)
        features = self.multi_modal_projector(self.select_features(outputs.last_hidden_state, ocr_length, grid))
        if self.config.word_residual and ocr_length:
            words = self.get_input_embeddings()(ocr_input_ids)
            features = features + F.pad(words, (0, 0, 0, features.shape[1] - ocr_length))
        return outputs, features, self.real_features(features, ocr_attention_mask, visual_token_mask)

    @can_return_tuple
    def get_image_features(
        self,
        pixel_values: torch.Tensor,
        ocr_input_ids: torch.LongTensor | None = None,
        ocr_bbox: torch.LongTensor | None = None,
        ocr_attention_mask: torch.Tensor | None = None,
        pixel_attention_mask: torch.Tensor | None = None,
        visual_token_mask: torch.Tensor | None = None,
        **kwargs,
    ) -> BaseModelOutputWithPooling:
        """Features of each figure, as they replace its placeholders: [OCR tokens ; visual CLS ; patches].

        Args:
            pixel_values: (images, 3, H, W).
            ocr_input_ids, ocr_attention_mask: (images, T); ocr_bbox: (images, T, 4), 0..1000.
            pixel_attention_mask: (images, H / patch, W / patch), 0 on letterbox patches.
            visual_token_mask: (images, 1 + patches after pooling), 0 on visual tokens that are not handed over.

        Returns:
            `pooler_output`, a list with one (features, hidden) tensor per image; `last_hidden_state` of the encoder.
        """
        outputs, features, real = self.project_images(
            pixel_values,
            ocr_input_ids,
            ocr_bbox,
            ocr_attention_mask,
            pixel_attention_mask,
            visual_token_mask,
            **kwargs,
        )
        images = list(features) if real is None else [rows[keep] for rows, keep in zip(features, real)]
        return BaseModelOutputWithPooling(
            last_hidden_state=outputs.last_hidden_state,
            pooler_output=images,
            hidden_states=outputs.hidden_states,
            attentions=outputs.attentions,
        )

    def get_placeholder_mask(self, input_ids, inputs_embeds) -> torch.Tensor:
        """(B, S) true at the image placeholders; found by their embedding if only `inputs_embeds` are known."""
        if input_ids is not None:
            return input_ids == self.config.image_token_id
        token = torch.tensor(self.config.image_token_id, device=inputs_embeds.device)
        return (inputs_embeds == self.get_input_embeddings()(token)).all(dim=-1)

    def awaits_image(self, placeholders: torch.Tensor, cache) -> bool:
        """False in a decoding step, to which some versions of generate() hand the pixels again."""
        if cache is None:
            return True
        if placeholders.shape[1] == 1:
            return False
        return torch.compiler.is_compiling() or bool(placeholders.any())

    def merge_features(self, inputs_embeds, placeholders, features, real=None) -> torch.Tensor:
        """Put the features, (N, hidden) with padding where `real` (N,) is false, in the placeholders' place."""
        if not torch.compiler.is_compiling():
            tokens, count = int(placeholders.sum()), len(features) if real is None else int(real.sum())
            if tokens != count:
                raise ValueError(
                    f"Image features and image tokens do not match, tokens: {tokens}, features: {count}. Let the "
                    "processor saved with this model place the image tokens, and do not truncate them (no max_length)."
                )
        if real is not None:
            # Padding goes to the end, where masked_scatter does not read; a boolean index would break the graph.
            features = features[torch.argsort(~real, stable=True)]
        return inputs_embeds.masked_scatter(placeholders[..., None], features.to(inputs_embeds))

    @can_return_tuple
    def forward(
        self,
        input_ids: torch.LongTensor | None = None,
        attention_mask: torch.Tensor | None = None,
        pixel_values: torch.Tensor | None = None,
        pixel_attention_mask: torch.Tensor | None = None,
        ocr_input_ids: torch.LongTensor | None = None,
        ocr_bbox: torch.LongTensor | None = None,
        ocr_attention_mask: torch.Tensor | None = None,
        inputs_embeds: torch.Tensor | None = None,
        position_ids: torch.LongTensor | None = None,
        past_key_values=None,
        cache=None,
        use_cache: bool | None = None,
        mm_encoder_outputs: dict | None = None,
        copy_input_ids: torch.LongTensor | None = None,
        copy_bbox: torch.LongTensor | None = None,
        visual_token_mask: torch.Tensor | None = None,
        **kwargs,
    ) -> PatentLMMModelOutputWithPast:
        """Hidden states of the language model over text and figures.

        Args:
            input_ids: (B, S), or `inputs_embeds` (B, S, D); as many `image_token_id` as there are features.
            attention_mask: (B, S).
            pixel_values, pixel_attention_mask, ocr_*, visual_token_mask: as in `get_image_features`, one row per image.
            past_key_values, cache: the same under its older and its newer name.
            mm_encoder_outputs: {"image": what `get_image_features` returned}, instead of the pixels.
            copy_input_ids, copy_bbox: for the copy head, which this model without a head does not have.
        """
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError("PatentLMM needs either input_ids or inputs_embeds.")
        if self.config.copy_head and self.training and copy_input_ids is not None:
            raise ValueError(
                "copy_head is on, but the model is trained through a head that skips it (a fused language-model head): "
                "compute the loss with PatentLMMForConditionalGeneration.forward."
            )
        cache = past_key_values if cache is None else cache
        if inputs_embeds is None:
            inputs_embeds = self.get_input_embeddings()(input_ids)
        encoded = (mm_encoder_outputs or {}).get("image")
        features = real = None
        if encoded is not None or pixel_values is not None:
            placeholders = self.get_placeholder_mask(input_ids, inputs_embeds)
            if encoded is not None:
                features = torch.cat(list(encoded.pooler_output))
            elif self.awaits_image(placeholders, cache):
                _, features, real = self.project_images(
                    pixel_values,
                    ocr_input_ids,
                    ocr_bbox,
                    ocr_attention_mask,
                    pixel_attention_mask,
                    visual_token_mask,
                )
                features, real = features.flatten(0, 1), None if real is None else real.flatten()
        if features is not None:
            inputs_embeds = self.merge_features(inputs_embeds, placeholders, features, real)
        outputs = self.language_model(
            inputs_embeds=inputs_embeds,
            attention_mask=attention_mask,
            position_ids=position_ids,
            use_cache=use_cache,
            **{CACHE: cache},
            **kwargs,
        )
        return PatentLMMModelOutputWithPast(
            last_hidden_state=outputs.last_hidden_state,
            hidden_states=outputs.hidden_states,
            attentions=outputs.attentions,
            image_hidden_states=features,
            **{CACHE: getattr(outputs, CACHE)},
        )


class PatentLMMForConditionalGeneration(PatentLMMPreTrainedModel, GenerationMixin):
    """PatentLMM with its language-model head: describes a patent figure."""

    _tp_plan = {"lm_head": "colwise_gather_output"}

    def __init__(self, config: PatentLMMConfig):
        super().__init__(config)
        text = config.text_config
        self.model = PatentLMMModel(config)
        self.lm_head = nn.Linear(text.hidden_size, text.vocab_size, bias=False)
        if config.copy_head:
            self.copy_head = PatentLMMCopyHead(config)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        return self.model.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        self.model.set_input_embeddings(value)

    def get_output_embeddings(self) -> nn.Module:
        return self.lm_head

    def set_output_embeddings(self, value: nn.Module) -> None:
        self.lm_head = value

    def get_decoder(self) -> nn.Module:
        return self.model.language_model

    def get_image_features(
        self,
        pixel_values: torch.Tensor,
        ocr_input_ids: torch.LongTensor | None = None,
        ocr_bbox: torch.LongTensor | None = None,
        ocr_attention_mask: torch.Tensor | None = None,
        pixel_attention_mask: torch.Tensor | None = None,
        visual_token_mask: torch.Tensor | None = None,
        **kwargs,
    ) -> BaseModelOutputWithPooling:
        """See `PatentLMMModel.get_image_features`."""
        return self.model.get_image_features(
            pixel_values,
            ocr_input_ids,
            ocr_bbox,
            ocr_attention_mask,
            pixel_attention_mask,
            visual_token_mask,
            **kwargs,
        )

    def copy_source(self, copy_input_ids: torch.Tensor, copy_bbox: torch.Tensor) -> CopySource:
        """What the copy head makes of the figures alone: given to `generate` with these two, it is made only once."""
        return self.copy_head.source(copy_input_ids, copy_bbox, self.get_input_embeddings())

    def compute_logits(
        self, hidden_states, input_ids, copy_input_ids, copy_bbox, copy_source: CopySource | None = None
    ) -> torch.Tensor:
        """(B, S, D) -> (B, S, vocab); mixed with the copy head's pointer if it exists and there is text to copy."""
        logits = self.lm_head(hidden_states)
        if not self.config.copy_head or copy_input_ids is None:
            return logits
        embedding = self.get_input_embeddings()
        return self.copy_head(hidden_states, logits, input_ids, copy_input_ids, copy_bbox, embedding, copy_source)

    def cross_entropies(self, hidden_states: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Cross-entropy of the vocabulary head at each position: (N, D) and (N,) -> (N,) float32.

        No more than `LOSS_CHUNK` rows of logits are held: where there are more, backward makes them again.
        """
        if len(labels) <= LOSS_CHUNK:
            return self._cross_entropies(hidden_states, labels)
        chunks = zip(hidden_states.split(LOSS_CHUNK), labels.split(LOSS_CHUNK))
        return torch.cat([checkpoint(self._cross_entropies, *chunk, use_reentrant=False) for chunk in chunks])

    def _cross_entropies(self, hidden_states: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(self.lm_head(hidden_states).float(), labels, reduction="none")

    def supervised_losses(self, hidden_states, labels, input_ids, copy_input_ids, copy_bbox) -> torch.Tensor:
        """Cross-entropy at each position with a label, 0 at the others; logits are made for the former only, in chunks.

        Args:
            hidden_states: (B, S, D); labels: (B, S), already shifted, -100 where there is nothing to learn.
            input_ids: (B, S) or None; copy_input_ids, copy_bbox: as in `forward`.

        Returns:
            (B, S) float32.
        """
        chosen = labels != -100
        losses = self.cross_entropies(hidden_states[chosen], labels[chosen])
        if self.config.copy_head and copy_input_ids is not None:
            embedding = self.get_input_embeddings()
            losses = self.copy_head.mix_losses(
                losses, hidden_states, labels, input_ids, copy_input_ids, copy_bbox, embedding
            )
        return torch.zeros_like(labels, dtype=losses.dtype).masked_scatter(chosen, losses)

    @can_return_tuple
    def forward(
        self,
        input_ids: torch.LongTensor | None = None,
        attention_mask: torch.Tensor | None = None,
        pixel_values: torch.Tensor | None = None,
        pixel_attention_mask: torch.Tensor | None = None,
        ocr_input_ids: torch.LongTensor | None = None,
        ocr_bbox: torch.LongTensor | None = None,
        ocr_attention_mask: torch.Tensor | None = None,
        labels: torch.LongTensor | None = None,
        inputs_embeds: torch.Tensor | None = None,
        position_ids: torch.LongTensor | None = None,
        past_key_values=None,
        cache=None,
        use_cache: bool | None = None,
        mm_encoder_outputs: dict | None = None,
        logits_to_keep: int | torch.Tensor = 0,
        copy_input_ids: torch.LongTensor | None = None,
        copy_bbox: torch.LongTensor | None = None,
        copy_source: CopySource | None = None,
        skip_logits: bool = False,
        visual_token_mask: torch.Tensor | None = None,
        **kwargs,
    ) -> PatentLMMCausalLMOutputWithPast:
        """Next-token logits over text and figures, and the loss.

        Args:
            input_ids, attention_mask, pixel_values, ocr_*, visual_token_mask, mm_encoder_outputs: as in
                `PatentLMMModel.forward`.
            labels: (B, S) token ids, -100 where there is nothing to learn.
            logits_to_keep: number of last positions, or indices of the positions, to compute logits (and loss) of.
            copy_input_ids: (B, T) language-model ids of the OCR tokens, -100 on padding; copy_bbox: (B, T, 4). One
                row per row of `input_ids`, needed at every decoding step. Used only with `config.copy_head`.
            copy_source: what the method of this name gave for these two, to not make it at every decoding step.
            skip_logits: compute the loss at supervised positions alone and return `token_losses` for the logits, which
                saves most of their time and memory in training; needs `labels`.
        """
        shift_labels = kwargs.pop("shift_labels", None)  # given by context parallelism
        outputs = self.model(
            input_ids=input_ids,
            attention_mask=attention_mask,
            pixel_values=pixel_values,
            pixel_attention_mask=pixel_attention_mask,
            ocr_input_ids=ocr_input_ids,
            ocr_bbox=ocr_bbox,
            ocr_attention_mask=ocr_attention_mask,
            inputs_embeds=inputs_embeds,
            position_ids=position_ids,
            cache=past_key_values if cache is None else cache,
            use_cache=use_cache,
            mm_encoder_outputs=mm_encoder_outputs,
            visual_token_mask=visual_token_mask,
            **kwargs,
        )
        kept = slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) else logits_to_keep
        states = outputs.last_hidden_state[:, kept]
        read = None if input_ids is None else input_ids[:, kept]
        loss = logits = token_losses = None
        if shift_labels is None and labels is not None:
            # Shifted before the slice: an index tensor may leave gaps between the kept positions.
            shift_labels = F.pad(labels, (0, 1), value=-100)[:, 1:]
        if skip_logits:
            token_losses = self.supervised_losses(states, shift_labels[:, kept], read, copy_input_ids, copy_bbox)
            items = kwargs.get("num_items_in_batch")
            loss = token_losses.sum() / (items if items is not None else (shift_labels[:, kept] != -100).sum())
        else:
            logits = self.compute_logits(states, read, copy_input_ids, copy_bbox, copy_source)
        if shift_labels is not None and logits is not None:
            loss = self.loss_function(
                logits=logits,
                labels=None,
                shift_labels=shift_labels[:, kept].contiguous(),
                vocab_size=self.config.text_config.vocab_size,
                **kwargs,
            )
        return PatentLMMCausalLMOutputWithPast(
            loss=loss,
            logits=logits,
            token_losses=token_losses,
            hidden_states=outputs.hidden_states,
            attentions=outputs.attentions,
            image_hidden_states=outputs.image_hidden_states,
            **{CACHE: getattr(outputs, CACHE)},
        )


__all__ = ["PatentLMMForConditionalGeneration", "PatentLMMModel", "PatentLMMPreTrainedModel"]
