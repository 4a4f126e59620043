"""How well held-out figures survive being coded: errors in the drawing and in its words, codes used, a picture."""

from __future__ import annotations

import numpy as np
import torch
from accelerate import Accelerator
from datasets import Dataset
from PIL import Image
from torch.utils.data import DataLoader
from tqdm import tqdm

from .data import PixelCollator
from .objective import TokenizerObjective, as_patches


@torch.no_grad()
def measure(
    objective: TokenizerObjective,
    figures: Dataset,
    collate: PixelCollator,
    batch_size: int,
    accelerator: Accelerator,
    quantised: bool = True,
) -> dict[str, float]:
    """Scores of the figures, each process taking its share; pixels count from 0 (black) to 1 (white).

    Returns:
        `l1` and `l1_in_words`, mean absolute errors of pixels; `psnr` in dB; `codes_used`, the share of codes that some
        patch uses; `perplexity`, the number of codes that would be as hard to guess if all were equally likely.
    """
    share = figures.select(range(accelerator.process_index, len(figures), accelerator.num_processes))
    loader = DataLoader(share, batch_size, collate_fn=collate)
    codebook_size = objective.vq.config.num_vq_embeddings
    sums = torch.zeros(5, dtype=torch.float64, device=accelerator.device)
    counts = torch.zeros(codebook_size, dtype=torch.float64, device=accelerator.device)
    for batch in tqdm(loader, desc="held-out", leave=False, disable=not accelerator.is_main_process):
        batch = {name: value.to(accelerator.device) for name, value in batch.items()}
        outputs = objective(**batch, quantised=quantised)
        sums += sum_errors(outputs["drawn"], **batch)
        kept = as_patches(batch["inside"], outputs["codes"]).bool()
        counts += torch.bincount(outputs["codes"][kept], minlength=codebook_size)
    return scores(accelerator.reduce(sums, "sum"), accelerator.reduce(counts, "sum"))


def sum_errors(
    drawn: torch.Tensor, pixel_values: torch.Tensor, inside: torch.Tensor, in_words: torch.Tensor
) -> torch.Tensor:
    """Sums over the figures of |error| and pixels, over their words of the same, over the figures of squared error."""
    error = (drawn.clamp(0, 1) - (pixel_values / 2 + 0.5)).abs().mean(dim=1).double()
    return torch.stack(
        [error[inside].sum(), inside.sum(), error[in_words].sum(), in_words.sum(), (error[inside] ** 2).sum()]
    )


def scores(sums: torch.Tensor, counts: torch.Tensor) -> dict[str, float]:
    """What `measure` returns, from its sums (5) and how often each code was used (codes)."""
    absolute, pixels, absolute_in_words, word_pixels, squared = sums.tolist()
    shares = counts[counts > 0] / counts.sum()
    return {
        "l1": absolute / pixels,
        "l1_in_words": absolute_in_words / max(word_pixels, 1),
        "psnr": -10 * float(np.log10(max(squared / pixels, 1e-10))),
        "codes_used": int((counts > 0).sum()) / len(counts),
        "perplexity": float((-(shares * shares.log()).sum()).exp()),
    }


@torch.no_grad()
def picture(
    objective: TokenizerObjective, figures: Dataset, collate: PixelCollator, count: int = 6, scale: int = 2
) -> Image.Image:
    """The first figures, as PatentMME sees them, above what their codes give back; enlarged `scale` times."""
    batch = collate(list(figures.select(range(min(count, len(figures))))))
    batch = {name: value.to(objective.vq.device) for name, value in batch.items()}
    drawn = objective(**batch)["drawn"]
    rows = [torch.cat(list(images), dim=2) for images in (batch["pixel_values"] / 2 + 0.5, drawn)]
    pixels = (torch.cat(rows, dim=1).clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
    image = Image.fromarray(pixels)
    return image.resize((image.width * scale, image.height * scale), Image.Resampling.LANCZOS)
