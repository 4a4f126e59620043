"""PatentMME as Lightning saved it, `last.ckpt`, to an encoder folder, or with its heads to a pre-training folder."""

from __future__ import annotations

from math import isqrt
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from modeling_patentlmm import PatentMMEConfig, PatentMMEForPreTraining, PatentMMEModel
from modeling_patentlmm.export_patentlmm import write_code

from .checkpoint import ConvertError, shapes_of, tensors_of
from .image_tokenizer import verdict
from .keymaps import ENCODER, IMAGE_TOKENIZER_PREFIX, PRETRAINING, WHOLE
from .output import ENCODER_CODE, MAX_SHARD_SIZE, check_new_folder, one_dtype, write_weights
from .plan import Plan, Shapes, make_plan
from .sizes import Sizes

POSITIONS = "model.pos_embed"
# Head sizes are the file's: the reference counts one code more than the codebook has.
HEAD_SIZES = {
    "codebook_size": "model.mim_head.proj.2.weight",
    "num_patch_classes": "model.patch_cls_linear_head.proj.2.weight",
}


def convert_encoder(
    checkpoint: Path,
    out: Path,
    sizes: Sizes,
    dtype: str | None = None,
    keep_heads: bool = False,
    keep_image_tokenizer: bool = False,
    max_shard_size: int | str = MAX_SHARD_SIZE,
) -> str:
    """Write the encoder's weights, configuration and code.

    Args:
        dtype: of the weights written; by default the file's.
        keep_heads: write a `PatentMMEForPreTraining` with the three heads of the paper.
        keep_image_tokenizer: also write `image_tokenizer.safetensors`, in its own names.

    Returns:
        what was found, and whether the image tokenizer looks trained, a sentence each.

    Raises:
        ConvertError: the file is not such a checkpoint or does not fit `sizes`; `out` is not empty.
    """
    check_new_folder(out)
    tensors = tensors_of(checkpoint, "state_dict")
    shapes = shapes_of(tensors)
    config = encoder_config(sizes, shapes, keep_heads)
    places = encoder_places(config, keep_heads)
    plan = plan_encoder(shapes, places, keep_heads, checkpoint)
    config.dtype = one_dtype([tensors[key] for key in plan.keys()], dtype, checkpoint)
    image_tokenizer = tensors_under(IMAGE_TOKENIZER_PREFIX, tensors)
    _check_kept(keep_image_tokenizer, image_tokenizer, checkpoint)
    side = config.input_size // config.patch_size
    out.mkdir(parents=True, exist_ok=True)
    write_weights(
        out, places, config.dtype, lambda name: read(tensors, plan.sources[name][WHOLE], side), max_shard_size
    )
    if keep_image_tokenizer:
        save_file(image_tokenizer, out / "image_tokenizer.safetensors", metadata={"format": "pt"})
    write_code(out, only=ENCODER_CODE)
    config.save_pretrained(out)
    return f"{report(plan, shapes, side, keep_image_tokenizer)}\n{verdict(image_tokenizer)}"


def encoder_config(sizes: Sizes, shapes: Shapes, keep_heads: bool) -> PatentMMEConfig:
    """The encoder's configuration, with the sizes of the file's heads if they are kept."""
    config = PatentMMEConfig.from_dict(sizes.vision.to_dict())
    config.architectures = ["PatentMMEForPreTraining" if keep_heads else "PatentMMEModel"]
    for field, key in HEAD_SIZES.items():
        if keep_heads and key in shapes:
            setattr(config, field, shapes[key][0])
    return config


def encoder_places(config: PatentMMEConfig, keep_heads: bool) -> dict[str, tuple[int, ...]]:
    """Name -> shape of every weight of the encoder, or of the pre-training model."""
    model_class = PatentMMEForPreTraining if keep_heads else PatentMMEModel
    with torch.device("meta"):
        return shapes_of(model_class(config).state_dict())


def plan_encoder(shapes: Shapes, places: Shapes, keep_heads: bool, file: Path) -> Plan:
    """The plan, in which positions of another square grid count as those of the target grid.

    Raises:
        ConvertError: as `make_plan`.
    """
    table = PRETRAINING if keep_heads else ENCODER
    rows = shapes[POSITIONS][1] if POSITIONS in shapes else 1
    if isqrt(rows - 1) ** 2 != rows - 1:
        raise ConvertError(f"{file}: {POSITIONS} has {rows} rows, which are no square grid and [CLS]; fetch it again")
    target = places["layoutlmv3.pos_embed" if keep_heads else "pos_embed"]
    as_baked = {POSITIONS: target} if POSITIONS in shapes else {}
    return make_plan(table, {**shapes, **as_baked}, places, file)


def read(tensors: dict[str, torch.Tensor], key: str, side: int) -> torch.Tensor:
    """One weight, the position embedding on a grid of `side` x `side`."""
    return bake_positions(tensors[key], side) if key == POSITIONS else tensors[key]


def bake_positions(table: torch.Tensor, side: int) -> torch.Tensor:
    """[CLS] and a square grid (1, 1 + n * n, D) -> (1, 1 + side * side, D), bicubic.

    What the reference computes at every pre-training step (spec section 2.3), so nothing is lost by doing it once.
    """
    old = isqrt(table.shape[1] - 1)
    if old == side:
        return table
    grid = table[:, 1:].float().view(1, old, old, -1).permute(0, 3, 1, 2)
    grid = F.interpolate(grid, size=(side, side), mode="bicubic", align_corners=False)
    return torch.cat([table[:, :1], grid.flatten(2).transpose(1, 2).to(table.dtype)], dim=1)


def tensors_under(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors whose key has the prefix, without it."""
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def _check_kept(keep: bool, image_tokenizer: dict, file: Path) -> None:
    if keep and not image_tokenizer:
        raise ConvertError(f"{file}: holds no image tokenizer; leave out --keep-image-tokenizer")


def report(plan: Plan, shapes: Shapes, side: int, kept: bool) -> str:
    """What was found, in one sentence."""
    rows = shapes[POSITIONS][1]
    positions = "as they are" if rows == side**2 + 1 else f"baked to {side**2 + 1}"
    tokenizer = ", the image tokenizer written beside them" if kept else ""
    return (
        f"{len(shapes):,} keys: {len(plan.sources):,} weights, {rows} position rows {positions}, "
        f"{plan.left_out_as_text()} left out of the model{tokenizer}"
    )
