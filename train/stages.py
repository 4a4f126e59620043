"""What a stage trains: what is frozen, what LoRA adds, and the learning rate of each part."""

from __future__ import annotations

import torch
from torch import nn
from transformers import BitsAndBytesConfig, PreTrainedModel

from .arguments import STAGES, PatentLMMArguments

LORA_TARGETS = r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"
# What PatentLMM adds to an encoder and a language model, and so trains in every stage.
PROJECTOR, COPY_HEAD = "multi_modal_projector", "copy_head"
UNQUANTISED = ["model.vision_tower", f"model.{PROJECTOR}", COPY_HEAD, "lm_head"]


def freeze(model: PreTrainedModel, stage: str) -> None:
    """Leave trainable what the stage trains; LoRA is added by the trainer.

    Raises:
        ValueError: an unknown stage.
    """
    if stage not in STAGES:
        raise ValueError(f"stage is {stage!r}; choose one of {', '.join(STAGES)}")
    for name, parameter in model.named_parameters():
        trained = stage == "full" or (stage == "projector" and part_of(name) in (PROJECTOR, COPY_HEAD))
        if parameter.is_floating_point():  # quantised weights never train
            parameter.requires_grad_(trained)


def lora_config(arguments: PatentLMMArguments, copy_head: bool = False):
    """LoRA on all linear layers of the language model, with the projector (and a copy head) trained whole (stage 2)."""
    from peft import LoraConfig

    return LoraConfig(
        r=arguments.lora_r,
        lora_alpha=arguments.lora_alpha,
        lora_dropout=arguments.lora_dropout,
        target_modules=LORA_TARGETS,
        modules_to_save=[PROJECTOR, COPY_HEAD] if copy_head else [PROJECTOR],
        task_type="CAUSAL_LM",
    )


def quantisation() -> BitsAndBytesConfig:
    """The language model's weights in NF4 (QLoRA, Dettmers et al. 2023); encoder, projector and heads stay whole."""
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
        llm_int8_skip_modules=UNQUANTISED,
    )


def learning_rates(arguments: PatentLMMArguments) -> dict[str, float | None]:
    """The learning rate of each part that has its own; None for the recipe's `learning_rate`."""
    return {"vision_tower": arguments.tower_learning_rate, PROJECTOR: arguments.projector_learning_rate}


def part_of(name: str) -> str:
    """The part that a parameter belongs to: vision_tower, multi_modal_projector, copy_head or language_model."""
    return next((part for part in ("vision_tower", PROJECTOR, COPY_HEAD) if part in name), "language_model")


def parameter_groups(
    model: nn.Module, rates: dict[str, float | None], decayed: set[str], rate: float, decay: float
) -> list[dict]:
    """Trained parameters by part, and within it those that decay and those that do not.

    Args:
        rates: learning rate of a part, None (or no entry) for `rate`.
        decayed: names of the parameters that get the weight decay `decay`, all others none.
    """
    groups: dict[tuple[str, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            groups.setdefault((part_of(name), name in decayed), []).append(parameter)
    return [
        {"params": some, "name": part, "lr": rate if rates.get(part) is None else rates[part], "weight_decay": weight}
        for (part, decays), some in groups.items()
        for weight in [decay if decays else 0.0]
    ]


def is_untrained(projector: nn.Module) -> bool:
    """Whether a projector was never trained: its biases are the zeros they began as.

    Any optimizer step moves them, whichever program took it, and no file beside the weights can be lost or copied.
    """
    return not any(bias.any() for name, bias in projector.named_parameters() if name.endswith("bias"))
