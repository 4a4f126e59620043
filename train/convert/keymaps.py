"""Where every key of the authors' files belongs, as data.

The first row whose pattern is the whole key holds. The names are those of spec section 6: the reference code trained
with peft 0.4 (no `base_layer`) under DeepSpeed, and the encoder under Lightning.
"""

from __future__ import annotations

from typing import NamedTuple

WHOLE, LORA_A, LORA_B = "whole", "lora_A", "lora_B"


class Row(NamedTuple):
    """Keys that match `source` become `target`.

    `part` says which part of the target the key is; with no target the key is left out, and `part` says what it is.
    """

    source: str
    target: str | None
    part: str = WHOLE


_LINEAR = r"layers\.\d+\.(?:self_attn\.[qkvo]_proj|mlp\.(?:gate|up|down)_proj)"
_NORM = r"layers\.\d+\.(?:input|post_attention)_layernorm"

# mp_rank_00_model_states.pt, in "module"
LMM = (
    Row(r"base_model\.model\.lm_head\.weight", r"lm_head.weight"),
    Row(r"base_model\.model\.model\.(embed_tokens|norm)\.weight", r"model.language_model.\1.weight"),
    Row(rf"base_model\.model\.model\.({_NORM})\.weight", r"model.language_model.\1.weight"),
    Row(rf"base_model\.model\.model\.({_LINEAR})\.weight", r"model.language_model.\1.weight"),
    Row(rf"base_model\.model\.model\.({_LINEAR})\.lora_A\.default\.weight", r"model.language_model.\1.weight", LORA_A),
    Row(rf"base_model\.model\.model\.({_LINEAR})\.lora_B\.default\.weight", r"model.language_model.\1.weight", LORA_B),
    Row(r"base_model\.model\.model\.layers\.\d+\.self_attn\.rotary_emb\.inv_freq", None, "rotary buffers"),
    Row(r"base_model\.model\.model\.mm_projector\.0\.(weight|bias)", r"model.multi_modal_projector.linear_1.\1"),
    Row(r"base_model\.model\.model\.mm_projector\.2\.(weight|bias)", r"model.multi_modal_projector.linear_2.\1"),
    Row(r"base_model\.model\.model\.vision_tower\.vision_tower\.(.+)", r"model.vision_tower.\1"),
)

# last.ckpt, in "state_dict"
_BACKBONE = r"model\.(cls_token|pos_embed|(?:embeddings|patch_embed|encoder|LayerNorm|norm)\..+)"
_HEADS = r"model\.(vis_mask_token|(?:mlm|mim|patch_cls_linear)_head\.proj\.[02]\.(?:weight|bias))"
IMAGE_TOKENIZER_PREFIX = "model.vqgan."
_OTHERS = (
    Row(r"model\.(?:tba_linear|tna_ocr|tna_vis)_head\..+", None, "heads outside the paper's objectives"),
    Row(r"model\.vqgan\..+", None, "image-tokenizer tensors"),
)
ENCODER = (Row(_BACKBONE, r"\1"), Row(_HEADS, None, "pre-training head tensors"), *_OTHERS)
PRETRAINING = (Row(_BACKBONE, r"layoutlmv3.\1"), Row(_HEADS, r"\1"), *_OTHERS)

# adapter_model.safetensors: PEFT's names today, and those with the adapter's name in them
PATENTLLAMA = (Row(rf"(base_model\.model\.model\.{_LINEAR}\.lora_[AB])(?:\.default)?\.weight", r"\1.weight"),)

# mm_projector.bin: LLaVA writes `model.mm_projector.`, stage 1 of the reference `base_model.model.model.mm_projector.`
PROJECTOR = (
    Row(r"(?:.+\.)?mm_projector\.0\.(weight|bias)", r"linear_1.\1"),
    Row(r"(?:.+\.)?mm_projector\.2\.(weight|bias)", r"linear_2.\1"),
)
