"""PatentLLaMA's adapter to a PEFT folder, and LLaVA's projector file to our names."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

from modeling_patentlmm.modeling_patentlmm import PatentLMMMultiModalProjector

from .checkpoint import ConvertError, shapes_of, tensors_of
from .keymaps import PATENTLLAMA, PROJECTOR, WHOLE
from .lora import alpha_or_default, rank_of
from .output import check_new_folder
from .plan import make_plan
from .sizes import Sizes

PROJECTOR_FILE = "mm_projector.bin"


def convert_patentllama(
    out: Path,
    sizes: Sizes,
    checkpoint: Path | None = None,
    base: str | None = None,
    projector: Path | None = None,
    alpha: float | None = None,
) -> str:
    """Write a PEFT adapter for a LLaMA backbone, and `multi_modal_projector.safetensors` where there is a projector.

    Args:
        checkpoint: `adapter_model.safetensors` or `.bin`.
        base: the backbone's folder or hub name, noted in the adapter; a projector file in the folder is converted.
        projector: `mm_projector.bin` of LLaVA or of stage 1.
        alpha: LoRA's; by default that of `sizes`, else twice the rank.

    Returns:
        what was found, one sentence a file.

    Raises:
        ConvertError: a file is not what it should be or does not fit `sizes`; there is none; `out` is not empty.
    """
    check_new_folder(out)
    projector = projector or projector_of(base)
    if checkpoint is None and projector is None:
        raise ConvertError(f"{out}: nothing to write; name an adapter with --checkpoint or a --projector")
    adapter = read_adapter(checkpoint, sizes, alpha, base) if checkpoint else None
    weights = read_projector(projector, sizes) if projector else None
    out.mkdir(parents=True, exist_ok=True)
    sentences = []
    if adapter:
        sentences.append(write_adapter(out, *adapter))
    if weights:
        save_file(weights, out / "multi_modal_projector.safetensors", metadata={"format": "pt"})
        sentences.append(f"{len(weights)} projector weights of {projector.name} renamed.")
    return "\n".join(sentences)


def projector_of(base: str | None) -> Path | None:
    """The projector file in a backbone's folder, if it is a folder and has one."""
    path = Path(base or "") / PROJECTOR_FILE
    return path if base and path.is_file() else None


def read_adapter(checkpoint: Path, sizes: Sizes, alpha: float | None, base: str | None):
    """PEFT's configuration of the adapter, and its tensors under PEFT's names."""
    from peft import LoraConfig

    tensors = tensors_of(checkpoint)
    shapes = shapes_of(tensors)
    rank = rank_of((shape for key, shape in shapes.items() if ".lora_A." in key), checkpoint)
    targets = sorted({found for key in shapes for found in re.findall(r"\.(\w+_proj)\.lora_", key)})
    plan = make_plan(PATENTLLAMA, shapes, adapter_places(sizes.text, targets, rank), checkpoint)
    config = LoraConfig(
        r=rank,
        lora_alpha=alpha_or_default(sizes.lora_alpha if alpha is None else alpha, rank),
        target_modules=targets,
        task_type="CAUSAL_LM",
        base_model_name_or_path=base,
        inference_mode=True,
    )
    return config, {name: tensors[parts[WHOLE]].contiguous() for name, parts in plan.sources.items()}


def adapter_places(config: LlamaConfig, targets: list[str], rank: int) -> dict[str, tuple[int, ...]]:
    """PEFT's name -> shape of every adapter matrix: A (r, in) and B (out, r) for the targets in every layer."""
    with torch.device("meta"):
        linears = shapes_of(LlamaForCausalLM(config).state_dict())
    places = {}
    for name, shape in linears.items():
        if name.split(".")[-2] in targets:
            stem = f"base_model.model.{name.removesuffix('.weight')}"
            places[f"{stem}.lora_A.weight"] = (rank, shape[1])
            places[f"{stem}.lora_B.weight"] = (shape[0], rank)
    return places


def write_adapter(out: Path, config, tensors: dict[str, torch.Tensor]) -> str:
    """Write the two files PEFT reads; what they hold, in one sentence."""
    save_file(tensors, out / "adapter_model.safetensors", metadata={"format": "pt"})
    config.save_pretrained(out)
    return (
        f"{len(tensors):,} matrices of rank {config.r} on {', '.join(sorted(config.target_modules))}, "
        f"alpha {config.lora_alpha:g}."
    )


def read_projector(path: Path, sizes: Sizes) -> dict[str, torch.Tensor]:
    """The projector's tensors under our names."""
    with torch.device("meta"):
        places = shapes_of(PatentLMMMultiModalProjector(sizes.lmm_config()).state_dict())
    tensors = tensors_of(path)
    plan = make_plan(PROJECTOR, shapes_of(tensors), places, path)
    return {name: tensors[parts[WHOLE]].contiguous() for name, parts in plan.sources.items()}
