"""OCR-VQGAN in taming-transformers' layout as diffusers' VQModel.

The two are one architecture under two sets of names: the same residual blocks, the same down-sampling (padded right and
below), attention after each block of the level of least resolution and in the middle. The decoder's levels count from
the other end, and attention is a 1x1 convolution there, a linear layer here. Sizes are read from the shapes.
"""

from __future__ import annotations

import re
from pathlib import Path

import torch
from diffusers import VQModel

from train.convert.checkpoint import ConvertError, list_names, shapes_of, tensors_of
from train.convert.image_tokenizer import CODEBOOK
from train.convert.keymaps import IMAGE_TOKENIZER_PREFIX

NORM_GROUPS = 32  # fixed in taming-transformers
MAX_LEVELS = 8
ENDS = ("encoder.conv_in.weight", "encoder.conv_out.weight", "decoder.conv_out.weight")
_HALF = r"(encoder|decoder)\."
# Every row that matches is applied, in this order.
NAMES = (
    (r"\.nin_shortcut\.", ".conv_shortcut."),
    (rf"^{_HALF}norm_out\.", r"\1.conv_norm_out."),
    (rf"^{_HALF}mid\.block_1\.", r"\1.mid_block.resnets.0."),
    (rf"^{_HALF}mid\.block_2\.", r"\1.mid_block.resnets.1."),
    (rf"^{_HALF}mid\.attn_1\.", r"\1.mid_block.attentions.0."),
    (r"^encoder\.down\.(\d+)\.block\.", r"encoder.down_blocks.\1.resnets."),
    (r"^encoder\.down\.(\d+)\.attn\.", r"encoder.down_blocks.\1.attentions."),
    (r"^encoder\.down\.(\d+)\.downsample\.", r"encoder.down_blocks.\1.downsamplers.0."),
    (r"^decoder\.up\.(\d+)\.block\.", r"decoder.up_blocks.\1.resnets."),
    (r"^decoder\.up\.(\d+)\.attn\.", r"decoder.up_blocks.\1.attentions."),
    (r"^decoder\.up\.(\d+)\.upsample\.", r"decoder.up_blocks.\1.upsamplers.0."),
    (r"(\.attentions\.\d+)\.norm\.", r"\1.group_norm."),
    (r"(\.attentions\.\d+)\.([qkv])\.", r"\1.to_\2."),
    (r"(\.attentions\.\d+)\.proj_out\.", r"\1.to_out.0."),
)


def load_ocr_vqgan(path: Path) -> VQModel:
    """The model of a checkpoint, with every key placed and every shape checked.

    Raises:
        ConvertError: unreadable or hostile, no VQGAN, or one of another architecture; the sentence names the file.
    """
    vq, placed = fit(vqgan_tensors(path), path)
    vq.load_state_dict(placed, assign=True)
    return vq.float()


def fit(tensors: dict[str, torch.Tensor], path: Path) -> tuple[VQModel, dict[str, torch.Tensor]]:
    """The model of these tensors' sizes, still without storage, and the tensors under its names.

    Raises:
        ConvertError: see `load_ocr_vqgan`.
    """
    levels = count_levels(tensors, path)
    with torch.device("meta"):  # nothing is allocated on the word of a file
        vq = build(tensors, levels)
    wanted = shapes_of(vq.state_dict())
    placed = {rename(name, levels): value for name, value in tensors.items()}
    placed = {name: as_linear(value, wanted.get(name)) for name, value in placed.items()}
    _check_fit(shapes_of(placed), wanted, path)
    return vq, placed


def vqgan_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Tensors of encoder, decoder and codebook without a prefix; those of the loss and the discriminator are left out.

    Raises:
        ConvertError: see `tensors_of`; or there is no codebook.
    """
    tensors = tensors_of(path, None if path.suffix == ".safetensors" else "state_dict")
    tensors = {str(name): value for name, value in tensors.items()}
    if f"{IMAGE_TOKENIZER_PREFIX}{CODEBOOK}" in tensors:
        kept = {key: value for key, value in tensors.items() if key.startswith(IMAGE_TOKENIZER_PREFIX)}
        tensors = {key.removeprefix(IMAGE_TOKENIZER_PREFIX): value for key, value in kept.items()}
    if CODEBOOK not in tensors:
        raise ConvertError(f"{path}: holds no image tokenizer ({CODEBOOK}); pass OCR-VQGAN's last.ckpt")
    tensors = {name: value for name, value in tensors.items() if not name.startswith("loss.")}
    if sum(value.nbytes for value in tensors.values()) > path.stat().st_size:
        raise ConvertError(f"{path}: claims more numbers than the file holds; fetch it again")
    return tensors


def count_levels(tensors: dict[str, torch.Tensor], path: Path) -> int:
    """Number of resolutions, at most `MAX_LEVELS`, with what `build` reads checked to be there."""
    levels = len({match[1] for name in tensors if (match := re.match(r"encoder\.down\.(\d+)\.block\.", name))})
    blocks = [f"encoder.down.{level}.block.0.conv1.weight" for level in range(levels)]
    dimensions = dict.fromkeys([*blocks, *ENDS], 4) | {CODEBOOK: 2}
    laid_out = 0 < levels <= MAX_LEVELS and all(
        name in tensors and tensors[name].ndim == count and tensors[name].numel() for name, count in dimensions.items()
    )
    if not laid_out or any(tensors[name].shape[0] % NORM_GROUPS for name in blocks):
        raise ConvertError(f"{path}: is not laid out as taming-transformers' VQGAN; pass OCR-VQGAN's last.ckpt")
    return levels


def build(tensors: dict[str, torch.Tensor], levels: int) -> VQModel:
    """A fresh VQModel of the sizes of these tensors."""
    channels = [tensors[f"encoder.down.{level}.block.0.conv1.weight"].shape[0] for level in range(levels)]
    attends = [f"encoder.down.{level}.attn.0.q.weight" in tensors for level in range(levels)]
    down = ["AttnDownEncoderBlock2D" if attends[level] else "DownEncoderBlock2D" for level in range(levels)]
    up = ["AttnUpDecoderBlock2D" if attends[level] else "UpDecoderBlock2D" for level in reversed(range(levels))]
    blocks = {match[1] for name in tensors if (match := re.match(r"encoder\.down\.0\.block\.(\d+)\.", name))}
    codes, code_size = tensors[CODEBOOK].shape
    return VQModel(
        in_channels=tensors["encoder.conv_in.weight"].shape[1],
        out_channels=tensors["decoder.conv_out.weight"].shape[0],
        down_block_types=tuple(down),
        up_block_types=tuple(up),
        block_out_channels=tuple(channels),
        layers_per_block=len(blocks),
        latent_channels=tensors["encoder.conv_out.weight"].shape[0],
        num_vq_embeddings=codes,
        vq_embed_dim=code_size,
        norm_num_groups=NORM_GROUPS,
    )


def rename(name: str, levels: int) -> str:
    """taming-transformers' name of a tensor as diffusers'; an unknown one stays as it is."""
    for pattern, replacement in NAMES:
        name = re.sub(pattern, replacement, name)
    return re.sub(r"up_blocks\.(\d+)", lambda match: f"up_blocks.{levels - 1 - int(match[1])}", name)


def as_linear(value: torch.Tensor, wanted: tuple[int, ...] | None) -> torch.Tensor:
    """A 1x1 convolution's weight (out, in, 1, 1) as a linear layer's, where one is wanted."""
    return value[:, :, 0, 0] if wanted and value.shape == (*wanted, 1, 1) else value


def _check_fit(found: dict, wanted: dict, path: Path) -> None:
    """Refuse what is left over, missing or of another shape."""
    for names, what in ((found.keys() - wanted.keys(), "has no place for"), (wanted.keys() - found.keys(), "lacks")):
        if names:
            raise ConvertError(f"{path}: the VQGAN {what} {list_names(sorted(names), 3)}; pass an unaltered OCR-VQGAN")
    wrong = [f"{name} {found[name]} for {wanted[name]}" for name in sorted(wanted) if found[name] != wanted[name]]
    if wrong:
        raise ConvertError(f"{path}: shapes differ ({list_names(wrong, 3)}); pass an unaltered OCR-VQGAN")
