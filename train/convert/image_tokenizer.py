"""Whether the image tokenizer in a PatentMME checkpoint was ever trained (bug B1 of the reference code)."""

from __future__ import annotations

import torch

CODEBOOK = "quantize.embedding.weight"
REINITIALISED_STD = 0.02


def verdict(tensors: dict[str, torch.Tensor]) -> str:
    """One sentence on the image tokenizer's tensors (keys without `model.vqgan.`).

    As released, the reference code never loads the tokenizer's checkpoint and draws all but the GroupNorms anew from
    N(0, 0.02): masked patches were then predicted from the codes of a random quantiser.
    """
    if CODEBOOK not in tensors:
        return "The file holds no image tokenizer, so it does not tell whether one was trained."
    codes = tensors[CODEBOOK].double()
    measured = f"codebook of {len(codes):,} codes, standard deviation {codes.std():.4f}"
    if is_trained(tensors):
        return f"The image tokenizer looks trained ({measured})."
    norms = [value for name, value in tensors.items() if ".norm" in name and name.endswith(".weight")]
    loaded = any((value != 1).any() for value in norms)
    norm = "though its norms were loaded" if loaded else "and its norms are all ones"
    return f"The image tokenizer looks never trained: its {measured}, is fresh noise {norm} (bug B1)."


def is_trained(tensors: dict[str, torch.Tensor]) -> bool:
    """Whether the codebook is other than a fresh one, be it the reference's or a new quantiser's."""
    codes = tensors[CODEBOOK].double()
    return not is_noise(codes) and not is_untouched(codes)


def is_noise(codes: torch.Tensor) -> bool:
    """Whether the codes look drawn from N(0, 0.02): mean, spread and fourth moment agree."""
    std, mean = codes.std(), codes.mean()
    kurtosis = (((codes - mean) / std) ** 4).mean()
    return bool(abs(mean) < 0.001 and abs(std / REINITIALISED_STD - 1) < 0.03 and abs(kurtosis - 3) < 0.3)


def is_untouched(codes: torch.Tensor) -> bool:
    """Whether all codes lie within 1 / n, where a quantiser of n codes draws them before training."""
    return bool(codes.abs().max() <= 1 / len(codes))
