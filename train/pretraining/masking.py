"""What is hidden from the encoder: words for MLM, patches with drawn elements for LA-MIM."""

from __future__ import annotations

import zlib

import torch

WORD_SHARE = 0.3
PATCH_SHARE = 0.4


def generator_of(seed: int, figure: int, step: int) -> torch.Generator:
    """Random numbers of one figure at one step, whatever batch, process or resumed run it is met in."""
    return torch.Generator().manual_seed(zlib.crc32(f"{seed} {figure} {step}".encode()))


def choose(candidates: torch.Tensor, share: float, generator: torch.Generator) -> torch.Tensor:
    """`int(share * n)` of the n places where `candidates` (N,) is true, evenly drawn; bool (N,)."""
    places = candidates.nonzero().flatten()
    chosen = places[torch.randperm(len(places), generator=generator)[: int(share * len(places))]]
    return torch.zeros_like(candidates, dtype=torch.bool).index_fill_(0, chosen, True)


def mask_words(
    input_ids: torch.Tensor, attention_mask: torch.Tensor, mask_token_id: int, generators: list[torch.Generator]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Hide 30 % of the OCR tokens of each figure, and return what was there as labels.

    As in the authors' code (the forward of its PatentMME; the paper gives the share): tokens are drawn one by one
    without replacement, never the first and last, `<s>` and `</s>`; all become the mask token, none a random one.

    Args:
        input_ids, attention_mask: (B, T), on the CPU, padded on the right.

    Returns:
        the masked ids and the labels, -100 where nothing was hidden, both (B, T).
    """
    candidates = attention_mask.bool()
    candidates[:, 0] = False
    candidates.scatter_(1, attention_mask.sum(dim=1, keepdim=True) - 1, False)
    hidden = torch.stack([choose(row, WORD_SHARE, generator) for row, generator in zip(candidates, generators)])
    return input_ids.masked_fill(hidden, mask_token_id), input_ids.masked_fill(~hidden, -100)


def mask_patches(
    patch_labels: torch.Tensor, pixel_attention_mask: torch.Tensor, generators: list[torch.Generator]
) -> torch.Tensor:
    """Choose 40 % of the patches of each figure that hold a drawn element (layout-aware: blank ones are never hidden).

    Args:
        patch_labels: (B, patches, classes), 1 where an element touches the patch.
        pixel_attention_mask: (B, rows, columns), 0 on letterbox.

    Returns:
        (B, patches) bool.
    """
    candidates = (patch_labels == 1).any(dim=-1) & pixel_attention_mask.flatten(1).bool()
    return torch.stack([choose(row, PATCH_SHARE, generator) for row, generator in zip(candidates, generators)])
