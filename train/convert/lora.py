"""Low-rank updates: their rank, their scale, and how they are merged."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch

from .checkpoint import ConvertError


def rank_of(shapes: Iterable[tuple[int, ...]], file: Path) -> int:
    """The one rank of all A matrices (r, in).

    Raises:
        ConvertError: they have several, or there are none.
    """
    ranks = sorted({shape[0] for shape in shapes})
    if len(ranks) != 1:
        found = f"LoRA matrices of ranks {ranks}" if ranks else "no LoRA matrices"
        raise ConvertError(f"{file}: has {found} where one rank is expected; pass the adapter as it was saved")
    return ranks[0]


def alpha_or_default(alpha: float | None, rank: int) -> float:
    """Alpha as given, else twice the rank: 256 at the published 128. It is in none of the authors' files."""
    return 2 * rank if alpha is None else alpha


def merge(whole: torch.Tensor, a: torch.Tensor, b: torch.Tensor, scale: float) -> torch.Tensor:
    """W + scale * B A in float32, where bfloat16 would lose digits: (out, in), (r, in), (out, r) -> (out, in)."""
    return torch.addmm(whole.float(), b.float(), a.float(), alpha=scale)
