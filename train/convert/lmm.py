"""PatentLMM as DeepSpeed saved it, `mp_rank_00_model_states.pt`, to a model folder in feature mode `reference`."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import GenerationConfig

from modeling_patentlmm import PatentLMMForConditionalGeneration
from modeling_patentlmm.export_patentlmm import write_code

from .checkpoint import ConvertError, shapes_of, tensors_of
from .keymaps import LMM, LORA_A, LORA_B, WHOLE
from .lora import alpha_or_default, merge, rank_of
from .output import MAX_SHARD_SIZE, check_new_folder, one_dtype, write_weights
from .plan import Plan, Shapes, count, make_plan
from .processor import build_processor
from .sizes import Sizes


def convert_lmm(
    checkpoint: Path,
    out: Path,
    sizes: Sizes,
    alpha: float | None = None,
    dtype: str | None = None,
    tokenizers: tuple[str, str] | None = None,
    dry_run: bool = False,
    max_shard_size: int | str = MAX_SHARD_SIZE,
) -> str:
    """Merge LoRA, rename, and write weights, configuration, code and, given both tokenizers, the processor.

    Args:
        alpha: LoRA's; by default that of `sizes`, else twice the rank.
        dtype: of the weights written; by default the file's.
        tokenizers: folders or hub names of the language model's and the encoder's.
        dry_run: check everything, write nothing.

    Returns:
        what was found, in one sentence.

    Raises:
        ConvertError: the file is not such a checkpoint or does not fit `sizes`; a tokenizer does not fit; `out` is
            not empty.
    """
    check_new_folder(out)
    tensors, config = tensors_of(checkpoint, "module"), sizes.lmm_config()
    shapes, places = shapes_of(tensors), lmm_places(config)
    plan = make_plan(LMM, shapes, places, checkpoint)
    scale, sentence = scale_of(plan, shapes, sizes, alpha, checkpoint)
    config.dtype = one_dtype([tensors[key] for key in plan.keys(WHOLE)], dtype, checkpoint)
    processor = build_processor(config, *tokenizers) if tokenizers else None
    if dry_run:
        return sentence
    out.mkdir(parents=True, exist_ok=True)
    write_weights(out, places, config.dtype, lambda name: read(tensors, plan.sources[name], scale), max_shard_size)
    write_code(out)
    if processor:
        processor.save_pretrained(out)
    greedy(sizes).save_pretrained(out)
    config.save_pretrained(out)  # last: a folder that was cut short does not load
    return sentence


def lmm_places(config) -> dict[str, tuple[int, ...]]:
    """Name -> shape of every weight of the model."""
    with torch.device("meta"):
        return shapes_of(PatentLMMForConditionalGeneration(config).state_dict())


def scale_of(plan: Plan, shapes: Shapes, sizes: Sizes, alpha: float | None, file: Path) -> tuple[float, str]:
    """LoRA's alpha / r, 0 where the file has none, and what the file holds as a sentence."""
    placed, merged = plan.keys(), plan.keys(LORA_A)
    total, trained = count(placed, shapes), count(trained_keys(plan), shapes)
    lora, scale = "no LoRA", 0.0
    if merged:
        rank = rank_of((shapes[key] for key in merged), file)
        if sizes.lora_r not in (None, rank):
            raise ConvertError(f"{file}: its LoRA has rank {rank}, the configuration says {sizes.lora_r}; correct it")
        alpha = alpha_or_default(sizes.lora_alpha if alpha is None else alpha, rank)
        lora, scale = f"LoRA of rank {rank} and alpha {alpha:g} merged into {len(merged)} of them", alpha / rank
    return scale, (
        f"{len(shapes):,} keys: {len(plan.sources):,} weights, {lora}, {plan.left_out_as_text()} left out; "
        f"{total:,} parameters, {trained:,} of them trained in stage 2"
    )


def trained_keys(plan: Plan) -> list[str]:
    """The file's keys that stage 2 trains: LoRA and the projector."""
    projector = [parts[WHOLE] for place, parts in plan.sources.items() if "multi_modal_projector" in place]
    return plan.keys(LORA_A, LORA_B) + projector


def read(tensors: dict[str, torch.Tensor], parts: dict[str, str], scale: float) -> torch.Tensor:
    """One weight of the model, its LoRA merged if it has one."""
    if LORA_A not in parts:
        return tensors[parts[WHOLE]]
    return merge(tensors[parts[WHOLE]], tensors[parts[LORA_A]], tensors[parts[LORA_B]], scale)


def greedy(sizes: Sizes) -> GenerationConfig:
    """Greedy decoding, as the published script's (spec section 4.5)."""
    text = sizes.text
    return GenerationConfig(
        do_sample=False,
        max_new_tokens=sizes.max_length,
        bos_token_id=text.bos_token_id,
        eos_token_id=text.eos_token_id,
        pad_token_id=text.pad_token_id,
    )
