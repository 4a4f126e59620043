"""PatentMME: one transformer over the words and the patches of a patent figure, with LayoutLMv3's parameter names.

Differences from transformers' LayoutLMv3Model: attention goes through the attention interface (SDPA), the relative
position bias is trained and computed once per forward, any resolution is accepted, layers can be checkpointed, and
letterbox patches can be masked.
"""

import math
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn
from transformers import GradientCheckpointingLayer, PreTrainedModel
from transformers.activations import ACT2FN
from transformers.modeling_outputs import BaseModelOutput, ModelOutput
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS
from transformers.utils import can_return_tuple

from .configuration_patentlmm import PatentMMEConfig

# Imported below transformers' top level, and why: ACT2FN (activation by its name in a config), modeling_outputs (the
# types that tools expect back), ALL_ATTENTION_FUNCTIONS (where serving engines register their kernels; the exported
# AttentionInterface does not see those), can_return_tuple (return_dict=False).


def relative_position_bucket(relative: torch.Tensor, num_buckets: int, max_distance: int) -> torch.Tensor:
    """Sort signed distances into buckets, exact near zero and logarithmic up to `max_distance` (T5's rule).

    Args:
        relative: integer tensor of any shape, key position minus query position.

    Returns:
        bucket indices 0..num_buckets-1, same shape; the upper half holds the positive distances.
    """
    half = num_buckets // 2
    exact = half // 2
    distance = relative.abs()
    growth = torch.log(distance.clamp(min=1).float() / exact) / math.log(max_distance / exact) * (half - exact)
    far = (exact + growth.long()).clamp(max=half - 1)
    return (relative > 0).long() * half + torch.where(distance < exact, distance, far)


class Line(NamedTuple):
    """Different places along an axis, (B or 1, U) in 0..1000, and which of them each token has, (N,); None: its own."""

    places: torch.Tensor
    index: torch.Tensor | None = None


class Places(NamedTuple):
    """Where a sequence of tokens is on the page: left x and lower y. `columns` are those of a grid of patches."""

    count: int
    x: Line
    y: Line
    columns: int | None = None

    @classmethod
    def of(cls, bbox: torch.Tensor, columns: int | None = None) -> "Places":
        """Places of tokens with boxes (B or 1, N, 4), which are those of `patch_grid_boxes` if `columns` are given."""
        if columns is None:
            return cls(bbox.shape[1], Line(bbox[..., 0]), Line(bbox[..., 3]))
        patch = torch.arange(bbox.shape[1] - 1, device=bbox.device)
        x = Line(bbox[:, : 1 + columns, 0], F.pad(patch % columns + 1, (1, 0)))
        y = Line(torch.cat([bbox[:, :1, 3], bbox[:, 1::columns, 3]], dim=1), F.pad(patch // columns + 1, (1, 0)))
        return cls(bbox.shape[1], x, y, columns)

    def take_apart(self, bias: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """(..., N) as that of the visual CLS and (..., rows, columns) of the patches; of words as it is."""
        if self.columns is None:
            return (bias,)
        return bias[..., :1], bias[..., 1:].unflatten(-1, (-1, self.columns))


def patch_grid_boxes(height: int, width: int, device: torch.device) -> torch.Tensor:
    """Boxes of the visual tokens in 0..1000: the CLS token's, then `height` x `width` patches row by row.

    Returns:
        (1 + height * width, 4) integers x0, y0, x1, y1.
    """
    x = torch.arange(width + 1, device=device) * 1000 // width
    y = torch.arange(height + 1, device=device) * 1000 // height
    corners = (
        x[:-1].expand(height, width),
        y[:-1, None].expand(height, width),
        x[1:].expand(height, width),
        y[1:, None].expand(height, width),
    )
    cls = torch.tensor([[1, 1, 999, 999]], device=device)
    return torch.cat([cls, torch.stack(corners, dim=-1).flatten(0, 1)])


def eager_attention_forward(module, query, key, value, attention_mask, scaling, dropout=0.0, **kwargs):
    """Attention written out: query, key, value (B, heads, N, d), additive mask -> (B, N, heads, d) and the weights."""
    scores = torch.matmul(query * scaling, key.transpose(-1, -2))
    if attention_mask is not None:
        scores = scores + attention_mask
    weights = F.softmax(scores, dim=-1, dtype=torch.float32).to(value.dtype)
    weights = F.dropout(weights, p=dropout, training=module.training)
    return torch.matmul(weights, value).transpose(1, 2).contiguous(), weights


class PatentMMETextEmbeddings(nn.Module):
    """Word + 1-D position + box embedding of the OCR tokens."""

    def __init__(self, config: PatentMMEConfig):
        super().__init__()
        size, boxes = config.hidden_size, config.max_2d_position_embeddings
        self.padding_idx = config.pad_token_id
        self.max_shape = boxes - 1
        self.word_embeddings = nn.Embedding(config.vocab_size, size, padding_idx=self.padding_idx)
        self.token_type_embeddings = nn.Embedding(config.type_vocab_size, size)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, size, padding_idx=self.padding_idx)
        self.x_position_embeddings = nn.Embedding(boxes, config.coordinate_size)
        self.y_position_embeddings = nn.Embedding(boxes, config.coordinate_size)
        self.h_position_embeddings = nn.Embedding(boxes, config.shape_size)
        self.w_position_embeddings = nn.Embedding(boxes, config.shape_size)
        self.LayerNorm = nn.LayerNorm(size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def embed_boxes(self, bbox: torch.Tensor) -> torch.Tensor:
        x0, y0, x1, y1 = bbox.unbind(-1)
        return torch.cat(
            [
                self.x_position_embeddings(x0),
                self.y_position_embeddings(y0),
                self.x_position_embeddings(x1),
                self.y_position_embeddings(y1),
                self.h_position_embeddings((y1 - y0).clamp(0, self.max_shape)),
                self.w_position_embeddings((x1 - x0).clamp(0, self.max_shape)),
            ],
            dim=-1,
        )

    def number_positions(self, input_ids: torch.Tensor | None, embeds: torch.Tensor) -> torch.Tensor:
        """RoBERTa's numbering: real tokens count up from `padding_idx + 1`, padding stays at `padding_idx`."""
        if input_ids is None:
            real = torch.ones(embeds.shape[:2], dtype=torch.long, device=embeds.device)
        else:
            real = input_ids.ne(self.padding_idx).long()
        return real.cumsum(dim=1) * real + self.padding_idx

    def forward(self, input_ids, bbox, token_type_ids=None, position_ids=None, inputs_embeds=None) -> torch.Tensor:
        embeds = self.word_embeddings(input_ids) if inputs_embeds is None else inputs_embeds  # (B, T, D)
        if position_ids is None:
            position_ids = self.number_positions(input_ids, embeds)
        if token_type_ids is None:
            token_type_ids = torch.zeros_like(position_ids)
        embeds = embeds + self.token_type_embeddings(token_type_ids) + self.position_embeddings(position_ids)
        return self.dropout(self.LayerNorm(embeds + self.embed_boxes(bbox)))


class PatentMMEPatchEmbeddings(nn.Module):
    """Patches of the figure as vectors: (B, 3, H, W) -> (B, D, H / patch, W / patch)."""

    def __init__(self, config: PatentMMEConfig):
        super().__init__()
        self.proj = nn.Conv2d(
            config.num_channels, config.hidden_size, kernel_size=config.patch_size, stride=config.patch_size
        )

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        return self.proj(pixel_values.to(self.proj.weight.dtype))


class PatentMMESelfAttention(nn.Module):
    """Multi-head attention whose additive mask already holds the position bias."""

    is_causal = False

    def __init__(self, config: PatentMMEConfig):
        super().__init__()
        self.config = config
        self.head_dim = config.hidden_size // config.num_attention_heads
        self.scaling = self.head_dim**-0.5
        self.dropout = config.attention_probs_dropout_prob
        self.query = nn.Linear(config.hidden_size, config.hidden_size)
        self.key = nn.Linear(config.hidden_size, config.hidden_size)
        self.value = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, hidden_states, attention_mask, **kwargs):
        shape = (*hidden_states.shape[:2], -1, self.head_dim)
        query = self.query(hidden_states).view(shape).transpose(1, 2)  # (B, heads, N, d)
        key = self.key(hidden_states).view(shape).transpose(1, 2)
        value = self.value(hidden_states).view(shape).transpose(1, 2)
        # Before it lets the implementation be changed, transformers looks in this file for the text
        # `ALL_ATTENTION_FUNCTIONS.get_interface(` (new) or for the subscript used here (old).
        attend = eager_attention_forward
        if self.config._attn_implementation not in (None, "eager"):
            attend = ALL_ATTENTION_FUNCTIONS[self.config._attn_implementation]
        dropout = self.dropout if self.training else 0.0
        context, weights = attend(
            self, query, key, value, attention_mask, scaling=self.scaling, dropout=dropout, is_causal=False, **kwargs
        )
        return context.reshape(hidden_states.shape), weights


class PatentMMEResidual(nn.Module):
    """Linear, dropout, residual sum, LayerNorm: the end of both halves of a post-norm layer."""

    def __init__(self, config: PatentMMEConfig, in_features: int):
        super().__init__()
        self.dense = nn.Linear(in_features, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, hidden_states: torch.Tensor, residual: torch.Tensor) -> torch.Tensor:
        return self.LayerNorm(self.dropout(self.dense(hidden_states)) + residual)


class PatentMMEAttention(nn.Module):
    """Self-attention with its residual."""

    def __init__(self, config: PatentMMEConfig):
        super().__init__()
        self.self = PatentMMESelfAttention(config)
        self.output = PatentMMEResidual(config, config.hidden_size)

    def forward(self, hidden_states, attention_mask, **kwargs):
        context, weights = self.self(hidden_states, attention_mask, **kwargs)
        return self.output(context, hidden_states), weights


class PatentMMEIntermediate(nn.Module):
    """The widening half of the feed-forward."""

    def __init__(self, config: PatentMMEConfig):
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.intermediate_size)
        self.act = ACT2FN[config.hidden_act]

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        return self.act(self.dense(hidden_states))


class PatentMMELayer(GradientCheckpointingLayer):
    """One post-norm transformer layer: (B, N, D) -> (B, N, D) and the attention weights (None under SDPA)."""

    def __init__(self, config: PatentMMEConfig):
        super().__init__()
        self.attention = PatentMMEAttention(config)
        self.intermediate = PatentMMEIntermediate(config)
        self.output = PatentMMEResidual(config, config.intermediate_size)

    def forward(self, hidden_states, attention_mask, **kwargs):
        attended, weights = self.attention(hidden_states, attention_mask, **kwargs)
        return self.output(self.intermediate(attended), attended), weights


class PatentMMEEncoder(nn.Module):
    """The layers and the relative position bias they share."""

    def __init__(self, config: PatentMMEConfig):
        super().__init__()
        self.config = config
        heads = config.num_attention_heads
        self.layer = nn.ModuleList([PatentMMELayer(config) for _ in range(config.num_hidden_layers)])
        self.gradient_checkpointing = False
        if config.has_relative_attention_bias:
            self.rel_pos_bias = nn.Linear(config.rel_pos_bins, heads, bias=False)
        if config.has_spatial_attention_bias:
            self.rel_pos_x_bias = nn.Linear(config.rel_2d_pos_bins, heads, bias=False)
            self.rel_pos_y_bias = nn.Linear(config.rel_2d_pos_bins, heads, bias=False)

    def look_up(self, table: nn.Linear, distances: torch.Tensor, max_distance: int) -> torch.Tensor:
        """Bias of integer distances (B, Q, K): (B, heads, Q, K)."""
        buckets = relative_position_bucket(distances, table.in_features, max_distance)
        return F.embedding(buckets, table.weight.t()).permute(0, 3, 1, 2)

    def order_bias(self, queries: int, keys: int) -> torch.Tensor:
        """1-D bias of the places in both sequences, each counted from 0: (1, heads, queries, keys)."""
        distances = torch.arange(1 - queries, keys, device=self.rel_pos_bias.weight.device)
        values = self.look_up(self.rel_pos_bias, distances[None, None], self.config.max_rel_pos)[:, :, 0]
        return values.unfold(2, keys, 1).flip(2)  # [q, k]: that of the distance k - q

    def line_bias(self, table: nn.Linear, queries: Line, keys: Line) -> torch.Tensor:
        """2-D bias on one axis of each query and each different place of the keys: (B, heads, Q, U)."""
        distances = keys.places[:, None, :] - queries.places[:, :, None]
        bias = self.look_up(table, distances, self.config.max_rel_2d_pos)
        return bias if queries.index is None else bias.index_select(2, queries.index)

    def pair_bias(self, queries: Places, keys: Places) -> torch.Tensor:
        """1-D bias plus the 2-D biases on left x and lower y, scaled like the scores: (B or 1, heads, Q, K).

        A grid has few different columns, rows and distances: the tables are asked for those, and what they say is
        spread. To look up every pair would take several times as long, the more the larger the grid.
        """
        parts = []
        if self.config.has_relative_attention_bias:
            parts.append(keys.take_apart(self.order_bias(queries.count, keys.count)))
        if self.config.has_spatial_attention_bias:
            x = self.line_bias(self.rel_pos_x_bias, queries.x, keys.x)
            y = self.line_bias(self.rel_pos_y_bias, queries.y, keys.y)
            if keys.columns is None:
                parts += [(x,), (y,)]
            else:
                parts += [(x[..., :1], x[..., None, 1:]), (y[..., :1], y[..., 1:, None])]
        scale = (self.config.hidden_size // self.config.num_attention_heads) ** -0.5
        return torch.cat([(reduce(torch.add, some) * scale).flatten(3) for some in zip(*parts)], dim=3)

    def position_bias(self, text: Places | None, image: Places | None) -> torch.Tensor | None:
        """Bias between all tokens, (B, heads, N, N), or None if the configuration has none.

        The block between patches is the largest and the same for every figure: it is looked up once for the batch.
        """
        if not (self.config.has_relative_attention_bias or self.config.has_spatial_attention_bias):
            return None
        batch = 1 if text is None else len(text.x.places)
        if text is None or image is None:
            places = text or image
            return self.pair_bias(places, places)
        rows = [
            torch.cat([self.pair_bias(queries, keys).expand(batch, -1, -1, -1) for keys in (text, image)], dim=-1)
            for queries in (text, image)
        ]
        return torch.cat(rows, dim=-2)

    def forward(self, hidden_states, attention_mask, output_hidden_states=False, output_attentions=False, **kwargs):
        """(B, N, D) and the additive mask (B, heads or 1, N, N) -> BaseModelOutput."""
        states, attentions = [hidden_states], []
        for layer in self.layer:
            hidden_states, weights = layer(hidden_states, attention_mask, **kwargs)
            states.append(hidden_states)
            attentions.append(weights)
        return BaseModelOutput(
            last_hidden_state=hidden_states,
            hidden_states=tuple(states) if output_hidden_states else None,
            attentions=tuple(attentions) if output_attentions else None,
        )


class PatentMMEPreTrainedModel(PreTrainedModel):
    """What the encoder and its pre-training model share."""

    config_class = PatentMMEConfig
    # LayoutLMv3's own prefix, so that checkpoints of its head classes load too.
    base_model_prefix = "layoutlmv3"
    main_input_name = "input_ids"
    input_modalities = ("image", "text")
    supports_gradient_checkpointing = True
    _no_split_modules = ["PatentMMELayer"]
    _supports_sdpa = True
    _supports_attention_backend = True
    _can_compile_fullgraph = True
    # A flash or flex kernel takes no trainable bias.
    _supports_flash_attn = False
    _supports_flex_attn = False

    @torch.no_grad()
    def _init_weights(self, module):
        super()._init_weights(module)
        # Not zeros, as in LayoutLMv3: the LayerNorm behind them multiplies the gradients of a zero vector by 10 ** 5.
        for name in ("cls_token", "pos_embed", "vis_mask_token"):
            if name in module._parameters:
                nn.init.normal_(module._parameters[name], std=self.config.initializer_range)


class PatentMMEModel(PatentMMEPreTrainedModel):
    """The encoder of a patent figure: OCR tokens with boxes, and pixels, in one sequence [text ; visual CLS ; patches].

    `PatentMMEModel.from_pretrained(folder, config=PatentMMEConfig.from_pretrained(folder))` reads a LayoutLMv3
    checkpoint folder.
    """

    def __init__(self, config: PatentMMEConfig):
        super().__init__(config)
        grid = config.input_size // config.patch_size
        self.embeddings = PatentMMETextEmbeddings(config)
        self.patch_embed = PatentMMEPatchEmbeddings(config)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, config.hidden_size))
        self.pos_embed = nn.Parameter(torch.zeros(1, grid * grid + 1, config.hidden_size))
        self.norm = nn.LayerNorm(config.hidden_size, eps=1e-6)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.encoder = PatentMMEEncoder(config)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        return self.embeddings.word_embeddings

    def set_input_embeddings(self, value: nn.Module) -> None:
        self.embeddings.word_embeddings = value

    def patch_positions(self, height: int, width: int) -> torch.Tensor:
        """Position embedding of a height x width grid (1, height * width, D), bicubic from the trained square grid."""
        side = self.config.input_size // self.config.patch_size
        table = self.pos_embed[:, 1:]
        if (height, width) == (side, side):
            return table
        square = table.float().view(1, side, side, -1).permute(0, 3, 1, 2)
        resized = F.interpolate(square, size=(height, width), mode="bicubic", align_corners=False)
        return resized.flatten(2).transpose(1, 2).to(table.dtype)

    def embed_image(self, pixel_values, patch_mask=None, mask_token=None) -> torch.Tensor:
        """(B, 3, H, W) -> (B, 1 + patches, D); patches under `patch_mask` (B, patches) become `mask_token` first."""
        size = self.config.patch_size
        if pixel_values.shape[-2] % size or pixel_values.shape[-1] % size:
            raise ValueError(
                f"pixel_values are {pixel_values.shape[-1]} x {pixel_values.shape[-2]}, which patches of {size} do not "
                "tile: resize or pad the figure to a multiple."
            )
        grid = self.patch_embed(pixel_values)  # (B, D, h, w)
        patches = grid.flatten(2).transpose(1, 2)
        if patch_mask is not None:
            patches = torch.where(patch_mask.bool()[..., None], mask_token.to(patches.dtype), patches)
        patches = patches + self.patch_positions(*grid.shape[-2:])
        cls = (self.cls_token + self.pos_embed[:, :1]).expand(len(patches), -1, -1)
        return self.norm(torch.cat([cls, patches], dim=1))

    def embed_text(self, input_ids, bbox, token_type_ids, position_ids, inputs_embeds) -> torch.Tensor:
        """(B, T) tokens and (B, T, 4) boxes -> (B, T, D)."""
        length = bbox.shape[1]
        limit = self.config.max_position_embeddings - self.config.pad_token_id - 1
        if length > limit:
            raise ValueError(f"{length} OCR tokens exceed the encoder's {limit}: truncate them (max_ocr_tokens).")
        return self.embeddings(input_ids, bbox, token_type_ids, position_ids, inputs_embeds)

    def attention_bias(self, text: Places | None, image: Places | None, valid, dtype) -> torch.Tensor | None:
        """Additive mask of all layers: the position bias, and the lowest number where `valid` (B, N) is false."""
        bias = self.encoder.position_bias(text, image)
        if valid is None:
            return bias
        hidden = ~valid[:, None, None, :]
        if bias is None:
            return torch.zeros(hidden.shape, dtype=dtype, device=hidden.device).masked_fill(
                hidden, torch.finfo(dtype).min
            )
        if len(bias) < len(hidden):  # that of the image alone is the same for every figure
            return bias.masked_fill(hidden, torch.finfo(bias.dtype).min)
        return bias.masked_fill_(hidden, torch.finfo(bias.dtype).min)

    @can_return_tuple
    def forward(
        self,
        input_ids: torch.LongTensor | None = None,
        bbox: torch.LongTensor | None = None,
        attention_mask: torch.Tensor | None = None,
        token_type_ids: torch.LongTensor | None = None,
        position_ids: torch.LongTensor | None = None,
        inputs_embeds: torch.Tensor | None = None,
        pixel_values: torch.Tensor | None = None,
        pixel_attention_mask: torch.Tensor | None = None,
        patch_mask: torch.Tensor | None = None,
        mask_token: torch.Tensor | None = None,
        **kwargs,
    ) -> BaseModelOutput:
        """Encode a figure; without pixels its text only, without tokens its image only.

        Args:
            input_ids: (B, T) OCR token ids; or `inputs_embeds` (B, T, D).
            bbox: (B, T, 4) boxes of the tokens, 0..1000; zeros if absent.
            attention_mask: (B, T), 0 on padding.
            pixel_values: (B, 3, H, W), H and W multiples of the patch size.
            pixel_attention_mask: (B, H / patch, W / patch), 0 on patches of letterbox padding.
            patch_mask: (B, patches) patches to replace by `mask_token` (1, 1, D), for masked image modelling.

        Returns:
            `last_hidden_state` (B, T + 1 + patches, D), ordered [text ; visual CLS ; patches].
        """
        text = input_ids if inputs_embeds is None else inputs_embeds
        if text is None and pixel_values is None:
            raise ValueError("PatentMME needs input_ids, inputs_embeds or pixel_values.")
        embeds, valid, words, image = [], [], None, None
        if text is not None:
            bbox = torch.zeros((*text.shape[:2], 4), dtype=torch.long, device=text.device) if bbox is None else bbox
            words = Places.of(bbox)
            embeds.append(self.embed_text(input_ids, bbox, token_type_ids, position_ids, inputs_embeds))
            valid.append(_as_mask(attention_mask, text.shape[:2], text.device))
        if pixel_values is not None:
            height, width = (side // self.config.patch_size for side in pixel_values.shape[-2:])
            image = Places.of(patch_grid_boxes(height, width, pixel_values.device)[None], width)
            embeds.append(self.embed_image(pixel_values, patch_mask, mask_token))
            shown = _as_mask(pixel_attention_mask, (len(pixel_values), height, width), pixel_values.device)
            valid.append(F.pad(shown.flatten(1), (1, 0), value=True))  # the visual CLS
        hidden_states = torch.cat(embeds, dim=1)
        if pixel_values is not None:
            hidden_states = self.dropout(self.LayerNorm(hidden_states))
        masked = attention_mask is not None or pixel_attention_mask is not None
        valid = torch.cat(valid, dim=1) if masked else None
        return self.encoder(hidden_states, self.attention_bias(words, image, valid, hidden_states.dtype), **kwargs)


def _as_mask(mask, shape, device) -> torch.Tensor:
    """Boolean mask, all true if `mask` is None."""
    if mask is None:
        return torch.ones(shape, dtype=torch.bool, device=device)
    if tuple(mask.shape) != tuple(shape):
        raise ValueError(f"A mask of shape {tuple(mask.shape)} was given where {tuple(shape)} is needed.")
    return mask.bool()


class PatentMMEHead(nn.Module):
    """Linear, GELU, linear: (..., D) -> (..., out)."""

    def __init__(self, hidden_size: int, out_features: int):
        super().__init__()
        self.proj = nn.Sequential(
            nn.Linear(hidden_size, 2 * hidden_size), nn.GELU(), nn.Linear(2 * hidden_size, out_features)
        )

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        return self.proj(hidden_states)


@dataclass
class PatentMMEForPreTrainingOutput(ModelOutput):
    """Losses and logits of the three objectives.

    Where labels are given, `mlm_logits` and `mim_logits` hold the labelled positions only, row by row: (M, classes);
    without labels every position: (B, T, vocab) and (B, patches, codes). `patch_cls_logits` is (B, patches, classes).
    """

    loss: torch.Tensor | None = None
    mlm_loss: torch.Tensor | None = None
    mim_loss: torch.Tensor | None = None
    patch_cls_loss: torch.Tensor | None = None
    mlm_logits: torch.Tensor | None = None
    mim_logits: torch.Tensor | None = None
    patch_cls_logits: torch.Tensor | None = None
    last_hidden_state: torch.Tensor | None = None
    hidden_states: tuple[torch.Tensor, ...] | None = None
    attentions: tuple[torch.Tensor, ...] | None = None


class PatentMMEForPreTraining(PatentMMEPreTrainedModel):
    """PatentMME with the paper's objectives: masked words, layout-aware masked patches, classes of patches.

    The caller masks: it replaces words by the mask token in `input_ids`, and names the hidden patches in `patch_mask`.
    """

    def __init__(self, config: PatentMMEConfig):
        super().__init__(config)
        self.layoutlmv3 = PatentMMEModel(config)
        self.vis_mask_token = nn.Parameter(torch.zeros(1, 1, config.hidden_size))
        self.mlm_head = PatentMMEHead(config.hidden_size, config.vocab_size)
        self.mim_head = PatentMMEHead(config.hidden_size, config.codebook_size)
        self.patch_cls_linear_head = PatentMMEHead(config.hidden_size, config.num_patch_classes)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        return self.layoutlmv3.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        self.layoutlmv3.set_input_embeddings(value)

    def masked_loss(self, head, states, labels) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Logits of `head` and their cross-entropy with `labels` (B, L), -100 ignored; no labels, no loss."""
        if labels is None:
            return head(states), None
        wanted = labels != -100
        logits = head(states[wanted])
        total = F.cross_entropy(logits.float(), labels[wanted], reduction="sum")
        return logits, total / (labels.numel() if self.config.dilute_losses else wanted.sum().clamp(min=1))

    def patch_loss(self, logits, labels, pixel_attention_mask) -> torch.Tensor | None:
        """Binary cross-entropy of (B, patches, classes), averaged over what is known and no letterbox."""
        if labels is None:
            return None
        counted = self.counted_patch_labels(labels, pixel_attention_mask)
        targets = labels.clamp(min=0).float()
        total = F.binary_cross_entropy_with_logits(logits.float(), targets, weight=counted.float(), reduction="sum")
        return total / (labels.numel() if self.config.dilute_losses else counted.sum().clamp(min=1))

    def counted_patch_labels(self, labels, pixel_attention_mask=None) -> torch.Tensor:
        """Which of `labels` (B, patches, classes) the patch loss counts; bool of the same shape.

        Unknown ones, -100, never; those of letterbox patches only with `dilute_losses`, as in the authors' code.
        """
        known = labels != -100
        if pixel_attention_mask is None or self.config.dilute_losses:
            return known
        return known & pixel_attention_mask.flatten(1)[..., None].bool()

    @can_return_tuple
    def forward(
        self,
        input_ids: torch.LongTensor,
        bbox: torch.LongTensor,
        pixel_values: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        pixel_attention_mask: torch.Tensor | None = None,
        token_type_ids: torch.LongTensor | None = None,
        position_ids: torch.LongTensor | None = None,
        patch_mask: torch.Tensor | None = None,
        labels: torch.LongTensor | None = None,
        codebook_labels: torch.LongTensor | None = None,
        patch_labels: torch.Tensor | None = None,
        **kwargs,
    ) -> PatentMMEForPreTrainingOutput:
        """Encode the masked figure and score what was hidden; `loss` is the sum of the losses that have labels.

        Args:
            input_ids: (B, T) with the masked words replaced; bbox (B, T, 4); pixel_values (B, 3, H, W).
            patch_mask: (B, patches) bool, patches hidden behind `vis_mask_token`.
            labels: (B, T) word ids at masked positions, -100 elsewhere.
            codebook_labels: (B, patches) image-token ids at masked patches, -100 elsewhere.
            patch_labels: (B, patches, 5) 1 where an element of that class touches the patch, 0 where none does, -100
                where it is not known.
        """
        outputs = self.layoutlmv3(
            input_ids=input_ids,
            bbox=bbox,
            attention_mask=attention_mask,
            token_type_ids=token_type_ids,
            position_ids=position_ids,
            pixel_values=pixel_values,
            pixel_attention_mask=pixel_attention_mask,
            patch_mask=patch_mask,
            mask_token=self.vis_mask_token,
            **kwargs,
        )
        text, _, patches = outputs.last_hidden_state.tensor_split([input_ids.shape[1], input_ids.shape[1] + 1], dim=1)
        mlm_logits, mlm_loss = self.masked_loss(self.mlm_head, text, labels)
        mim_logits, mim_loss = self.masked_loss(self.mim_head, patches, codebook_labels)
        patch_cls_logits = self.patch_cls_linear_head(patches)
        patch_cls_loss = self.patch_loss(patch_cls_logits, patch_labels, pixel_attention_mask)
        losses = [loss for loss in (mlm_loss, mim_loss, patch_cls_loss) if loss is not None]
        return PatentMMEForPreTrainingOutput(
            loss=sum(losses) if losses else None,
            mlm_loss=mlm_loss,
            mim_loss=mim_loss,
            patch_cls_loss=patch_cls_loss,
            mlm_logits=mlm_logits,
            mim_logits=mim_logits,
            patch_cls_logits=patch_cls_logits,
            last_hidden_state=outputs.last_hidden_state,
            hidden_states=outputs.hidden_states,
            attentions=outputs.attentions,
        )


__all__ = ["PatentMMEForPreTraining", "PatentMMEModel", "PatentMMEPreTrainedModel"]
