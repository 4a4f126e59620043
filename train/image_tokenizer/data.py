"""Figures of a Parquet folder as the pixels PatentMME gets, with what each pixel weighs in the loss."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import numpy as np
import torch
from datasets import Dataset, Image, load_dataset

from modeling_patentlmm import PatentLMMImageProcessor
from modeling_patentlmm.image_processing_patentlmm import Letterbox, open_figure_file

from ..shards import filled_shards

COLUMNS = ("image_id", "image", "words", "boxes")


def load_figures(folder: str, split: str) -> Dataset:
    """Images, still encoded, with words and boxes of every figure of a split.

    Raises:
        RecipeError: as `filled_shards`.
    """
    shards = filled_shards([folder], split, COLUMNS)
    figures = load_dataset("parquet", data_files=shards, split="train")
    return figures.select_columns(list(COLUMNS)).cast_column("image", Image(decode=False))


@dataclass
class PixelCollator:
    """Rows to `pixel_values` (B, 3, H, W) and the masks `inside` (the figure, not its letterbox) and `in_words`.

    Both masks are bool (B, H, W). Images are opened with the bounds of `open_figure`.
    """

    processor: PatentLMMImageProcessor

    def __call__(self, rows: list[dict]) -> dict[str, torch.Tensor]:
        images = [open_figure_file(BytesIO(row["image"]["bytes"]), row["image_id"])[0] for row in rows]
        placements = [self.processor.letterbox(image.size) for image in images]
        inside = [figure_mask(placement) for placement in placements]
        words = [word_mask(placement, row["boxes"]) for placement, row in zip(placements, rows)]
        return {
            "pixel_values": self.processor(images, return_tensors="pt")["pixel_values"],
            "inside": torch.from_numpy(np.stack(inside)),
            "in_words": torch.from_numpy(np.stack(words)),
        }


def figure_mask(placement: Letterbox) -> np.ndarray:
    """True where the canvas shows the figure, bool (H, W)."""
    width, height = placement.canvas
    columns, rows = placement.placed
    return (np.arange(height) < rows)[:, None] & (np.arange(width) < columns)


def word_mask(placement: Letterbox, boxes: list[list[int]]) -> np.ndarray:
    """True in every pixel that a word's box (0..1000 of the figure) touches, bool (H, W)."""
    width, height = placement.canvas
    mask = np.zeros((height, width), dtype=bool)
    scaled = placement.move_boxes(boxes) / 1000 * [width, height, width, height]
    for x0, y0, x1, y1 in np.clip(scaled, 0, [width, height, width, height]):
        mask[int(y0) : int(np.ceil(y1)), int(x0) : int(np.ceil(x1))] = True
    return mask & figure_mask(placement)
