"""The sizes of the authors' models: the published ones, or those of a configuration file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from transformers import LlamaConfig

from modeling_patentlmm import PatentLMMConfig, PatentMMEConfig

from .checkpoint import ConvertError

# Spec section 4.2: LLaVA-v1.5-7b, which is LLaMA-2 7B.
PUBLISHED_LLAMA = {
    "vocab_size": 32000,
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 32,
    "max_position_embeddings": 4096,
    "rms_norm_eps": 1e-5,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
PUBLISHED_MAX_LENGTH = 512
# The reference marks the figure's place with -200, which is no row of its embedding. LLaMA's vocabulary has no spare
# entry, but one that no text can need: entry 3, the NUL byte. As the placeholder it adds no weight and no logit.
IMAGE_TOKEN_ID = 3
SECTIONS = {"patentmme", "llama", "lora_r", "lora_alpha", "image_token_index", "max_length"}


@dataclass(frozen=True)
class Sizes:
    """Both halves' configurations; LoRA's rank and alpha where known; most ids the published script generates."""

    vision: PatentMMEConfig
    text: LlamaConfig
    lora_r: int | None = None
    lora_alpha: float | None = None
    max_length: int = PUBLISHED_MAX_LENGTH

    def lmm_config(self) -> PatentLMMConfig:
        """PatentLMM as published."""
        return PatentLMMConfig(
            vision_config=self.vision,
            text_config=self.text,
            image_token_id=IMAGE_TOKEN_ID,
            feature_mode="reference",
            architectures=["PatentLMMForConditionalGeneration"],
        )


def read_sizes(path: Path | None) -> Sizes:
    """The sizes in a JSON file with the sections "patentmme" and "llama"; without a file the published ones.

    Raises:
        ConvertError: no such file, no JSON, or fields that are not known.
    """
    given = {} if path is None else _read_json(path)
    _refuse_unknown(path, given, SECTIONS)
    vision, text = given.get("patentmme", {}), {**PUBLISHED_LLAMA, **given.get("llama", {})}
    _refuse_unknown(path, vision, PatentMMEConfig().to_dict())
    _refuse_unknown(path, text, LlamaConfig().to_dict())
    return Sizes(
        vision=PatentMMEConfig(**vision),
        text=LlamaConfig(**text),
        lora_r=given.get("lora_r"),
        lora_alpha=given.get("lora_alpha"),
        max_length=given.get("max_length", PUBLISHED_MAX_LENGTH),
    )


def _read_json(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConvertError(f"{path}: is no JSON file ({error}); pass one with patentmme and llama sections") from error


def _refuse_unknown(path: Path | None, given: dict, known) -> None:
    if unknown := sorted(set(given) - set(known)):
        raise ConvertError(f"{path}: has unknown fields ({', '.join(unknown)}); take them out")
