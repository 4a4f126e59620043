"""Keeping all codes in use: k-means on what the encoder puts out, then new places for codes nobody uses.

VQModel draws its codes within 1 / n and trains them by gradient alone. Trained so, nearly all patches fall to a part of
the codes, and codes that win nothing get no gradient, ever. Three things mend that: the encoder learns without
quantisation first; the codes begin as k-means of its latents (Lancucki et al. 2020, arXiv 2005.08520); and codes that a
sample of figures does not use start again elsewhere (Dhariwal et al. 2020, arXiv 2005.00341), at latents that are far
from their code.
"""

from __future__ import annotations

import torch
from accelerate.utils import broadcast
from datasets import Dataset
from torch.utils.data import DataLoader
from transformers import TrainerCallback

from .data import PixelCollator
from .objective import TokenizerObjective, as_patches

LATENTS_PER_CODE = 10
K_MEANS_ROUNDS = 10
CHUNK = 4096


class CodebookKeeper(TrainerCallback):
    """Sets the codebook after `warmup_steps` without one, and looks after it every `refresh_steps`.

    What it does in a step depends on the seed and the step alone, so a resumed run does the same. The main process
    does it, the others take its codebook.
    """

    def __init__(
        self,
        objective: TokenizerObjective,
        figures: Dataset,
        collate: PixelCollator,
        warmup_steps: int,
        refresh_steps: int,
        batch_size: int,
    ):
        self.objective, self.figures, self.collate = objective, figures, collate
        self.warmup_steps, self.refresh_steps, self.batch_size = warmup_steps, refresh_steps, batch_size

    def on_train_begin(self, args, state, control, **kwargs):
        if state.max_steps <= self.warmup_steps:
            raise ValueError(
                f"the recipe trains {state.max_steps} steps but uses codes after {self.warmup_steps} only; raise "
                "max_steps or lower codebook_warmup_steps"
            )

    def on_step_begin(self, args, state, control, **kwargs):
        since = state.global_step - self.warmup_steps
        if since < 0 or since % self.refresh_steps:
            return
        codebook = self.objective.vq.quantize.embedding.weight.data
        if state.is_world_process_zero:
            generator = torch.Generator().manual_seed(args.seed + state.global_step)
            latents = self.sample_latents(len(codebook) * LATENTS_PER_CODE, generator)
            if since == 0:
                codebook.copy_(k_means(latents, len(codebook), generator))
            else:
                replace_unused(codebook, latents, generator)
        broadcast(codebook)

    @torch.no_grad()
    def sample_latents(self, count: int, generator: torch.Generator) -> torch.Tensor:
        """At least `count` latents (N, C) of patches of figures drawn at random, fewer if all figures hold fewer."""
        order = torch.randperm(len(self.figures), generator=generator).tolist()
        loader = DataLoader(self.figures.select(order), self.batch_size, collate_fn=self.collate)
        device, found = self.objective.vq.device, []
        for batch in loader:
            latents = self.objective.vq.encode(batch["pixel_values"].to(device)).latents.float()
            kept = as_patches(batch["inside"].to(device), latents).bool()
            found.append(latents.permute(0, 2, 3, 1)[kept])
            if sum(map(len, found)) >= count:
                break
        return torch.cat(found)


def k_means(latents: torch.Tensor, count: int, generator: torch.Generator) -> torch.Tensor:
    """`count` means (count, C) of latents (N, C), by Lloyd's rounds; means that win nothing move to far latents."""
    codes = latents[torch.randint(len(latents), (count,), generator=generator)].clone()
    for _ in range(K_MEANS_ROUNDS):
        replace_unused(codes, latents, generator)
        nearest, _ = assign(latents, codes)
        sums = torch.zeros_like(codes).index_add_(0, nearest, latents)
        sizes = torch.bincount(nearest, minlength=count).to(sums)[:, None]
        codes = torch.where(sizes > 0, sums / sizes.clamp_min(1), codes)
    return codes


def replace_unused(codes: torch.Tensor, latents: torch.Tensor, generator: torch.Generator) -> int:
    """Move codes (n, C) that no latent (N, C) falls to, in place, onto latents drawn by squared distance to their code.

    Drawn so, as k-means++ does (Arthur and Vassilvitskii 2007), they never go to what a code says already, such as the
    many patches of blank paper. Returns how many were moved.
    """
    nearest, distances = assign(latents, codes)
    unused = (torch.bincount(nearest, minlength=len(codes)) == 0).nonzero()[:, 0]
    unused = unused[: int((distances > 0).sum())]
    if len(unused):
        chosen = torch.multinomial(distances.double().cpu() ** 2, len(unused), generator=generator)
        codes[unused] = latents[chosen.to(latents.device)]
    return len(unused)


def assign(latents: torch.Tensor, codes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The nearest code (N) of each latent, and its distance (N)."""
    found = [torch.cdist(chunk, codes).min(dim=1) for chunk in latents.split(CHUNK)]
    return torch.cat([chunk.indices for chunk in found]), torch.cat([chunk.values for chunk in found])
