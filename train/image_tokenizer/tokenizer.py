"""The trained image tokenizer as pre-training uses it: pixels in, one code per patch out."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from diffusers import VQModel
from torch import nn

from modeling_patentlmm.image_processing_patentlmm import first_line
from train.convert.checkpoint import list_names
from train.convert.image_tokenizer import is_trained

from .ocr_vqgan import load_ocr_vqgan

REMEDY = "train one with python -m train.image_tokenizer --config train/recipes/tiny/image_tokenizer.yaml"


class ImageTokenizer(nn.Module):
    """A frozen VQModel that names every patch of a figure by the number of its code.

    Attributes:
        codebook_size: number of codes.
        patch_size: side of a patch in pixels, 2 ** (number of down-samplings).
    """

    def __init__(self, vq: VQModel):
        super().__init__()
        self.vq = vq.eval().requires_grad_(False)
        self.codebook_size: int = vq.config.num_vq_embeddings
        self.patch_size: int = 2 ** (len(vq.config.block_out_channels) - 1)

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> ImageTokenizer:
        """Load a folder that `save_pretrained` wrote.

        Raises:
            ValueError: no such folder, no VQModel in it, weights that do not fit it, or an untrained tokenizer.
        """
        folder = Path(folder)
        _check_folder(folder)
        try:
            vq, loading = VQModel.from_pretrained(
                folder, use_safetensors=True, local_files_only=True, output_loading_info=True
            )
        except Exception as error:  # a damaged config or weights file makes diffusers raise nearly anything
            raise ValueError(f"{folder}: cannot be loaded ({first_line(error)}); {REMEDY}") from error
        if wrong := [name for names in loading.values() for name in names]:
            raise ValueError(f"{folder}: weights and config.json do not fit ({list_names(wrong, 3)}); {REMEDY}")
        return cls(check_trained(vq, folder))

    def save_pretrained(self, folder: str | Path) -> None:
        """Write config.json and the weights as safetensors."""
        self.vq.save_pretrained(folder)

    def train(self, mode: bool = True) -> ImageTokenizer:
        """Stay in evaluation mode: what a code means must not depend on who uses the tokenizer."""
        return super().train(False)

    @torch.no_grad()
    def encode(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """Codes of the patches, row by row.

        Args:
            pixel_values: (B, 3, H, W) in -1..1 as `PatentLMMImageProcessor` gives them.

        Returns:
            int64 (B, H // patch_size * W // patch_size).

        Raises:
            ValueError: H or W is no multiple of the patch size.
        """
        if pixel_values.shape[-2] % self.patch_size or pixel_values.shape[-1] % self.patch_size:
            size = "x".join(map(str, pixel_values.shape[-2:]))
            raise ValueError(f"figures of {size} pixels do not divide into patches of {self.patch_size}")
        latents = self.vq.encode(pixel_values.to(self.vq.dtype)).latents.to(self.vq.dtype)
        _, _, (_, _, codes) = self.vq.quantize(latents)
        return codes.view(len(pixel_values), -1)


def load_image_tokenizer(path: str | Path) -> ImageTokenizer:
    """Load a folder of ours, or the OCR-VQGAN checkpoint of a user (taming-transformers' layout).

    A file may be OCR-VQGAN's `last.ckpt`, the `image_tokenizer.safetensors` that `train.convert encoder` keeps, or
    PatentMME's own pre-training checkpoint, which holds one under `model.vqgan.`.

    Raises:
        ValueError: nothing there, a pickle that is more than tensors, keys or shapes that do not fit, or a tokenizer
            that was never trained, whose codes are no target to learn from.
    """
    path = Path(path)
    if not path.is_file():
        return ImageTokenizer.from_pretrained(path)
    return ImageTokenizer(check_trained(load_ocr_vqgan(path), path))


def check_trained(vq: VQModel, path: Path) -> VQModel:
    """The model itself.

    Raises:
        ValueError: it was never trained.
    """
    if not is_trained(vq.state_dict()):
        raise ValueError(
            f"{path}: its image tokenizer was never trained (the codebook is fresh noise), so its codes are no targets "
            f"to learn; {REMEDY}"
        )
    return vq


def _check_folder(folder: Path) -> None:
    """Refuse what is not a VQModel's folder before diffusers looks for it on a hub."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{folder}: holds no readable config.json of an image tokenizer; {REMEDY}") from error
    if not isinstance(config, dict) or config.get("_class_name") != "VQModel":
        raise ValueError(f"{folder}: its config.json is not that of diffusers' VQModel; {REMEDY}")
