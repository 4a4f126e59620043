"""What the image tokenizer is trained on: reconstruction, edges and commitment, with words weighing more."""

from __future__ import annotations

import torch
from diffusers import VQModel
from torch import nn
from torch.nn import functional as F

COMMITMENT = 0.25  # weight of the encoder's side, van den Oord et al. 2017 (arXiv 1711.00937)


class TokenizerObjective(nn.Module):
    """A VQModel with its loss; the decoder's outputs are logits of the pixels scaled to 0..1.

    OCR-VQGAN (Rodriguez et al., WACV 2023, arXiv 2210.11248) makes text survive with a perceptual loss through an OCR
    detector. There is no such network to back-propagate through here, but there are the boxes of the words: their
    pixels weigh `word_weight` times as much, in the reconstruction and in the edges. Pixels and codes of the letterbox
    weigh nothing. Every loss is a mean over each figure, then over figures, so that gradients do not depend on how
    figures are spread over processes.
    """

    def __init__(self, vq: VQModel, word_weight: float = 1.0, edge_weight: float = 1.0):
        super().__init__()
        self.vq, self.word_weight, self.edge_weight = vq, word_weight, edge_weight

    def forward(
        self, pixel_values: torch.Tensor, inside: torch.Tensor, in_words: torch.Tensor, quantised: bool = True
    ) -> dict[str, torch.Tensor]:
        """Losses, the codes (B, h, w) and the reconstruction (B, 3, H, W) in 0..1.

        Args:
            pixel_values: (B, 3, H, W) in -1..1.
            inside, in_words: bool (B, H, W), see `PixelCollator`.
            quantised: False decodes the encoder's latents as they are and trains no code.
        """
        latents = self.vq.encode(pixel_values).latents.float()
        codes, embedded = self.look_up(latents)
        passed = latents + (embedded - latents).detach() if quantised else latents
        logits = self.vq.decode(passed, force_not_quantize=True).sample.float()
        target, drawn = pixel_values / 2 + 0.5, logits.sigmoid()
        weights = (inside * (1 + (self.word_weight - 1) * in_words)).float()
        losses = {
            "reconstruction": mean_in(F.binary_cross_entropy_with_logits(logits, target, reduction="none"), weights),
            "edges": edge_loss(drawn, target, weights),
            "commitment": mean_in(commitment(latents, embedded), as_patches(inside, latents)) * quantised,
        }
        loss = losses["reconstruction"] + self.edge_weight * losses["edges"] + losses["commitment"]
        return {"loss": loss, **losses, "codes": codes, "drawn": drawn}

    def look_up(self, latents: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The nearest codes (B, h, w) of latents (B, C, h, w), and their embeddings (B, C, h, w)."""
        _, _, (_, _, flat) = self.vq.quantize(latents)
        codes = flat.view(latents.shape[0], *latents.shape[-2:])
        return codes, self.vq.quantize.embedding(codes).permute(0, 3, 1, 2)


def commitment(latents: torch.Tensor, embedded: torch.Tensor) -> torch.Tensor:
    """Squared distance of latents and codes, drawing the codes and, more weakly, the encoder.

    VQModel's own has the weight on the wrong side (its `legacy` form) and counts the letterbox.
    """
    return (embedded - latents.detach()) ** 2 + COMMITMENT * (embedded.detach() - latents) ** 2


def edge_loss(drawn: torch.Tensor, target: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """L1 distance of the differences between neighbouring pixels, across and down."""
    across = mean_in((drawn.diff(dim=3) - target.diff(dim=3)).abs(), weights[:, :, 1:])
    down = mean_in((drawn.diff(dim=2) - target.diff(dim=2)).abs(), weights[:, 1:])
    return across + down


def mean_in(values: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Weighted mean of values (B, C, H, W) by weights (B, H, W) in each figure, then over figures."""
    total = (values.mean(dim=1) * weights).sum(dim=(1, 2))
    return (total / weights.sum(dim=(1, 2)).clamp_min(1)).mean()


def as_patches(inside: torch.Tensor, latents: torch.Tensor) -> torch.Tensor:
    """Which codes hold a pixel of the figure, float (B, h, w)."""
    return F.adaptive_max_pool2d(inside.float(), latents.shape[-2:])
