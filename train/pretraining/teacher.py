"""Pseudo-labels of patches from the patch head of an earlier encoder, where the truth is not known."""

from __future__ import annotations

import torch

from dataset_builder.figure import ELEMENT_CLASSES
from modeling_patentlmm import PatentMMEForPreTraining

from .figure_processor import check_words
from .patch_labels import UNKNOWN

CONFIDENCE = 0.9
ENCODER_INPUTS = ("input_ids", "bbox", "attention_mask", "pixel_values", "pixel_attention_mask")


class PatchTeacher:
    """An earlier `PatentMMEForPreTraining` that labels what is `UNKNOWN`, only where it is sure.

    A label becomes 1 where the teacher's probability reaches the class's confidence c, 0 where it is at most 1 - c,
    and stays unknown in between.
    """

    def __init__(self, model: PatentMMEForPreTraining, confidence: dict[str, float]):
        self.model = model.eval().requires_grad_(False)
        self.confidence = torch.tensor([confidence.get(name, CONFIDENCE) for name in ELEMENT_CLASSES])

    @torch.no_grad()
    def label(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """`patch_labels` (B, patches, classes) of an unmasked batch with the unknown ones filled in."""
        labels = batch["patch_labels"]
        rows = (labels == UNKNOWN).flatten(1).any(dim=1)
        if not rows.any():
            return labels
        inputs = {name: batch[name][rows] for name in ENCODER_INPUTS}
        sure = self.confidence.to(labels.device)
        chances = self.model.to(labels.device)(**inputs).patch_cls_logits.float().sigmoid()
        guesses = torch.where(chances >= sure, 1, torch.where(chances <= 1 - sure, 0, UNKNOWN))
        labels = labels.clone()
        labels[rows] = torch.where(labels[rows] == UNKNOWN, guesses, labels[rows])
        return labels


def load_teacher(folder: str, patch_size: int, ocr_tokenizer, options: dict, confidence: dict | None) -> PatchTeacher:
    """The teacher in a folder; the other arguments are those of the encoder in training.

    Raises:
        ValueError: it was not trained on patches, has others or reads other words; an unknown class or a confidence
            out of range.
    """
    for name, value in (confidence or {}).items():
        if name not in ELEMENT_CLASSES or not 0.5 < value <= 1:
            raise ValueError(
                f"teacher_confidence has {name}: {value}; give classes of {', '.join(ELEMENT_CLASSES)}, above 0.5 to 1"
            )
    model, loading = PatentMMEForPreTraining.from_pretrained(folder, output_loading_info=True)
    if loading["missing_keys"] or "pc" not in getattr(model.config, "objectives", ["pc"]):
        raise ValueError(f"teacher {folder} was not trained on patches; name a run of this command with pc")
    if model.config.patch_size != patch_size:
        raise ValueError(f"teacher {folder} has patches of {model.config.patch_size} pixels, the encoder {patch_size}")
    check_words(folder, model.config.vocab_size, ocr_tokenizer, options)
    return PatchTeacher(model, confidence or {})
