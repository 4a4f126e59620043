"""What is counted of every figure, and the losses, accuracies and patch scores made of the counts."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from dataset_builder.figure import ELEMENT_CLASSES

# objective -> (loss of the model, its labels, its logits, what the log calls the share of right answers)
MASKED = {
    "mlm": ("mlm_loss", "labels", "mlm_logits", "masked_word_accuracy"),
    "mim": ("mim_loss", "codebook_labels", "mim_logits", "masked_code_accuracy"),
}
PATCH_LOSS = "patch_cls_loss"
COUNTS = ("true_positives", "false_positives", "false_negatives")


def count_masked(outputs, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Of each figure (B,) and masked objective: summed cross-entropy, right answers, masked positions."""
    counts = {}
    for name, (_, labels_name, logits_name, _) in MASKED.items():
        if labels_name not in batch:
            continue
        labels, logits = batch[labels_name], outputs[logits_name]
        figures, wanted = (labels != -100).nonzero()[:, 0], labels[labels != -100]
        losses = F.cross_entropy(logits.float(), wanted, reduction="none")
        for part, values in (
            ("summed", losses),
            ("right", (logits.argmax(dim=-1) == wanted).float()),
            ("masked", torch.ones_like(losses)),
        ):
            counts[f"{name}_{part}"] = torch.zeros(len(labels), device=labels.device).index_add_(0, figures, values)
    return counts


def count_patches(logits: torch.Tensor, labels: torch.Tensor, counted: torch.Tensor) -> dict[str, torch.Tensor]:
    """Of each figure (B, classes): summed loss, patches counted, and hits and misses at a probability of a half.

    Args:
        logits, labels, counted: (B, patches, classes).
    """
    found, there = logits > 0, labels == 1
    losses = F.binary_cross_entropy_with_logits(logits.float(), labels.clamp(min=0).float(), reduction="none")
    return {
        "pc_loss": (losses * counted).sum(dim=1),
        "pc_counted": counted.float().sum(dim=1),
        "true_positives": (found & there & counted).float().sum(dim=1),
        "false_positives": (found & ~there & counted).float().sum(dim=1),
        "false_negatives": (~found & there & counted).float().sum(dim=1),
    }


def summarise(counts: dict[str, torch.Tensor]) -> dict[str, float]:
    """Counts of all figures (N,) or (N, classes) as means per masked position and F1 of patches per class."""
    total = {name: values.double().sum(dim=0) for name, values in counts.items()}
    scores = {}
    for name, (loss, _, _, accuracy) in MASKED.items():
        if total.get(f"{name}_masked", 0) > 0:
            scores[loss] = (total[f"{name}_summed"] / total[f"{name}_masked"]).item()
            scores[accuracy] = (total[f"{name}_right"] / total[f"{name}_masked"]).item()
    if "pc_loss" in total:
        scores[PATCH_LOSS] = (total["pc_loss"].sum() / total["pc_counted"].sum().clamp(min=1)).item()
        scores |= patch_f1(*(total[name] for name in COUNTS))
    return scores


def patch_f1(hits: torch.Tensor, wrong: torch.Tensor, missed: torch.Tensor) -> dict[str, float]:
    """F1 of each class that occurs, from counts (classes,), and their mean."""
    scores = {
        f"patch_f1_{name}": (2 * hits[index] / (2 * hits[index] + wrong[index] + missed[index])).item()
        for index, name in enumerate(ELEMENT_CLASSES)
        if hits[index] + missed[index] > 0
    }
    return {**scores, "patch_f1": sum(scores.values()) / len(scores)} if scores else {}
