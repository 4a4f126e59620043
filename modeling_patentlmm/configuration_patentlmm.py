"""Configurations of PatentMME, the figure encoder, and of PatentLMM, the encoder joined to a language model."""

from transformers import AutoConfig, PretrainedConfig

FEATURE_MODES = ("default", "reference")


class PatentMMEConfig(PretrainedConfig):
    """Configuration of PatentMME: LayoutLMv3's field names with the paper's sizes (LayoutLMv3-large at 384 pixels).

    A LayoutLMv3 checkpoint folder is read by `PatentMMEConfig.from_pretrained(folder)`. What is not LayoutLMv3's:

    Args:
        codebook_size: number of image-tokenizer codes that masked image modelling predicts.
        num_patch_classes: drawing elements of patch classification (node, node label, figure label, text, arrow).
        dilute_losses: divide the masked losses by every position, ignored ones too, as the authors' code does,
            instead of by the number of masked positions.
    """

    model_type = "patentmme"
    base_config_key = "vision_config"

    def __init__(
        self,
        vocab_size: int = 50265,
        hidden_size: int = 1024,
        num_hidden_layers: int = 24,
        num_attention_heads: int = 16,
        intermediate_size: int = 4096,
        hidden_act: str = "gelu",
        hidden_dropout_prob: float = 0.1,
        attention_probs_dropout_prob: float = 0.1,
        max_position_embeddings: int = 514,
        type_vocab_size: int = 1,
        initializer_range: float = 0.02,
        layer_norm_eps: float = 1e-5,
        pad_token_id: int = 1,
        bos_token_id: int = 0,
        eos_token_id: int = 2,
        max_2d_position_embeddings: int = 1024,
        coordinate_size: int = 171,
        shape_size: int = 170,
        has_relative_attention_bias: bool = True,
        rel_pos_bins: int = 32,
        max_rel_pos: int = 128,
        has_spatial_attention_bias: bool = True,
        rel_2d_pos_bins: int = 64,
        max_rel_2d_pos: int = 256,
        input_size: int = 384,
        num_channels: int = 3,
        patch_size: int = 16,
        codebook_size: int = 16384,
        num_patch_classes: int = 5,
        dilute_losses: bool = False,
        **kwargs,
    ):
        self.vocab_size = vocab_size
        self.hidden_size = hidden_size
        self.num_hidden_layers = num_hidden_layers
        self.num_attention_heads = num_attention_heads
        self.intermediate_size = intermediate_size
        self.hidden_act = hidden_act
        self.hidden_dropout_prob = hidden_dropout_prob
        self.attention_probs_dropout_prob = attention_probs_dropout_prob
        self.max_position_embeddings = max_position_embeddings
        self.type_vocab_size = type_vocab_size
        self.initializer_range = initializer_range
        self.layer_norm_eps = layer_norm_eps
        self.max_2d_position_embeddings = max_2d_position_embeddings
        self.coordinate_size = coordinate_size
        self.shape_size = shape_size
        self.has_relative_attention_bias = has_relative_attention_bias
        self.rel_pos_bins = rel_pos_bins
        self.max_rel_pos = max_rel_pos
        self.has_spatial_attention_bias = has_spatial_attention_bias
        self.rel_2d_pos_bins = rel_2d_pos_bins
        self.max_rel_2d_pos = max_rel_2d_pos
        self.input_size = input_size
        self.num_channels = num_channels
        self.patch_size = patch_size
        self.codebook_size = codebook_size
        self.num_patch_classes = num_patch_classes
        self.dilute_losses = dilute_losses
        self.pad_token_id = pad_token_id
        self.bos_token_id = bos_token_id
        self.eos_token_id = eos_token_id
        super().__init__(pad_token_id=pad_token_id, bos_token_id=bos_token_id, eos_token_id=eos_token_id, **kwargs)
        self._check()

    def _check(self) -> None:
        if self.hidden_size % self.num_attention_heads:
            raise ValueError(
                f"hidden_size {self.hidden_size} is not a multiple of num_attention_heads {self.num_attention_heads}."
            )
        if 4 * self.coordinate_size + 2 * self.shape_size != self.hidden_size:
            raise ValueError(
                f"4 * coordinate_size + 2 * shape_size is {4 * self.coordinate_size + 2 * self.shape_size}, "
                f"but must equal hidden_size {self.hidden_size}."
            )
        if self.input_size % self.patch_size:
            raise ValueError(f"input_size {self.input_size} is not a multiple of patch_size {self.patch_size}.")

    def save_pretrained(self, save_directory, **kwargs):
        """Save the configuration with the complete flat `auto_map`, whatever map it was loaded with."""
        self.auto_map = {
            "AutoConfig": "configuration_patentlmm.PatentMMEConfig",
            "AutoModel": "modeling_patentmme.PatentMMEModel",
            "AutoModelForPreTraining": "modeling_patentmme.PatentMMEForPreTraining",
        }
        super().save_pretrained(save_directory, **kwargs)


class PatentLMMConfig(PretrainedConfig):
    """Configuration of PatentLMM: PatentMME, a projector, and any causal language model.

    Args:
        vision_config: the encoder's configuration, or its dictionary.
        text_config: the language model's configuration, or its dictionary with `model_type` ("llama" if absent).
        image_token_id: id of the placeholder that the figure's features replace, one placeholder per feature.
        projector_hidden_act: activation between the projector's two layers.
        feature_mode: "default" hands over every OCR token, the visual CLS and the patches, padding removed;
            "reference" does what the published model does: without the first OCR token, with the OCR padding.
        visual_pool: side of the square of patches averaged into one feature before the projector.
        copy_head: mix the vocabulary distribution with a pointer over the OCR tokens; needs OCR token ids that are
            language-model token ids.
        word_residual: add the language model's embedding of every OCR token to its projected feature, so that the
            words can be read before the encoder has learnt anything; needs the same token ids.
    """

    model_type = "patentlmm"
    sub_configs = {"vision_config": PatentMMEConfig, "text_config": AutoConfig}

    def __init__(
        self,
        vision_config=None,
        text_config=None,
        image_token_id: int = 32000,
        projector_hidden_act: str = "gelu",
        feature_mode: str = "default",
        visual_pool: int = 1,
        copy_head: bool = False,
        word_residual: bool = False,
        tie_word_embeddings: bool = False,
        **kwargs,
    ):
        if tie_word_embeddings:
            raise ValueError("PatentLMM keeps an untied language-model head: set tie_word_embeddings=False.")
        if feature_mode not in FEATURE_MODES:
            raise ValueError(f"feature_mode is {feature_mode!r}, but must be one of {', '.join(FEATURE_MODES)}.")
        if word_residual and feature_mode != "default":
            raise ValueError("word_residual needs feature_mode 'default': the published model has no such path.")
        if visual_pool < 1:
            raise ValueError(f"visual_pool is {visual_pool}, but must be 1 or more.")
        self.vision_config = _vision_config(vision_config)
        self.text_config = _text_config(text_config)
        self.image_token_id = image_token_id
        self.projector_hidden_act = projector_hidden_act
        self.feature_mode = feature_mode
        self.visual_pool = visual_pool
        self.copy_head = copy_head
        self.word_residual = word_residual
        super().__init__(tie_word_embeddings=False, **kwargs)

    def save_pretrained(self, save_directory, **kwargs):
        """Save the configuration with the complete flat `auto_map`, whatever map it was loaded with."""
        self.auto_map = {
            "AutoConfig": "configuration_patentlmm.PatentLMMConfig",
            "AutoModel": "modeling_patentlmm.PatentLMMModel",
            "AutoModelForImageTextToText": "modeling_patentlmm.PatentLMMForConditionalGeneration",
            "AutoModelForCausalLM": "modeling_patentlmm.PatentLMMForConditionalGeneration",
            "AutoModelForMultimodalLM": "modeling_patentlmm.PatentLMMForConditionalGeneration",
        }
        super().save_pretrained(save_directory, **kwargs)


def _vision_config(config) -> PretrainedConfig:
    if isinstance(config, PretrainedConfig):
        return config
    return PatentMMEConfig(**(config or {}))


def _text_config(config) -> PretrainedConfig:
    if isinstance(config, PretrainedConfig):
        return config
    fields = dict(config or {})
    return AutoConfig.for_model(fields.pop("model_type", "llama"), **fields)


__all__ = ["PatentLMMConfig", "PatentMMEConfig"]
