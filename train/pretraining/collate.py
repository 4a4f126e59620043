"""Rows of figures to the encoder's inputs, exactly as in inference, with labels of their patches."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import torch

from modeling_patentlmm import PatentLMMProcessor
from modeling_patentlmm.image_processing_patentlmm import as_figure

from .patch_labels import label_elements, label_words

OCR = "ocr_"


@dataclass
class PretrainingCollator:
    """Turn dataset rows into unmasked inputs of `PatentMMEForPreTraining`.

    Besides them the batch holds `patch_labels` (B, patches, classes), from the elements of the row or, where it has
    none, from its words; and `figure_keys` (B,), a number for each `image_id`. Masking follows when the step is known.
    """

    processor: PatentLMMProcessor

    def __call__(self, rows: list[dict]) -> dict[str, torch.Tensor]:
        images = [as_figure(row["image"]) for row in rows]
        words, boxes = ([row[name] for row in rows] for name in ("words", "boxes"))
        inputs = self.processor(images=images, words=words, boxes=boxes)
        batch = {name.removeprefix(OCR): tensor for name, tensor in inputs.items()}
        if "pixel_attention_mask" not in batch:  # feature mode `reference`: the figure fills the canvas
            batch["pixel_attention_mask"] = torch.ones(
                len(rows), *self.processor.image_processor.grid, dtype=torch.long
            )
        batch["patch_labels"] = torch.stack([self._label(*pair) for pair in zip(rows, images, strict=True)])
        batch["figure_keys"] = torch.tensor([zlib.crc32(row["image_id"].encode()) for row in rows])
        return batch

    def _label(self, row: dict, image) -> torch.Tensor:
        processor = self.processor.image_processor
        letterbox = processor.letterbox(image.size)
        try:
            if row["elements"]:
                return torch.from_numpy(label_elements(row["elements"], letterbox, processor.patch_size))
        except ValueError as error:
            raise ValueError(f"figure {row['image_id']}: {error}") from error
        return torch.from_numpy(label_words(row["words"], row["boxes"], letterbox, processor.patch_size))
