"""The model and the processor that a recipe begins with."""

from __future__ import annotations

from pathlib import Path

import torch

from modeling_patentlmm import PatentLMMForConditionalGeneration, PatentLMMProcessor

from .arguments import PatentLMMArguments
from .recipe import RecipeError
from .stages import quantisation


def load_processor(name: str, ink_only: bool = False) -> PatentLMMProcessor:
    """The processor of a checkpoint folder or hub id; `ink_only` turns its option of that name on.

    Raises:
        RecipeError: it cannot be loaded, or the folder is a LoRA adapter.
    """
    if (Path(name) / "adapter_config.json").exists():
        raise RecipeError(f"{name}: is a LoRA adapter; merge it first with python -m train.merge --adapter {name}")
    return _load(PatentLMMProcessor, name, **({"ink_only": True} if ink_only else {}))


def load_model(arguments: PatentLMMArguments) -> PatentLMMForConditionalGeneration:
    """The model in the recipe's dtype, its language model in four bits if asked.

    Raises:
        RecipeError: it cannot be loaded.
    """
    options = {"quantization_config": quantisation()} if arguments.load_in_4bit else {}
    dtype = getattr(torch, arguments.dtype)
    return _load(PatentLMMForConditionalGeneration, arguments.model_name_or_path, dtype=dtype, **options)


def _load(kind: type, name: str, **options):
    try:
        return kind.from_pretrained(name, **options)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise RecipeError(f"{name}: cannot be loaded ({reason}); name a whole PatentLMM checkpoint") from error
