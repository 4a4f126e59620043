"""Two simple ways to take a sheet apart, to hold the separation of `dataset_builder.sheets` against."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from PIL import Image

from modeling_patentlmm.numerals_patentlmm import FigureLabel, find_labels
from modeling_patentlmm.ocr_patentlmm import FigureReading
from modeling_patentlmm.sheet_patentlmm import Sheet

PixelBox = tuple[int, int, int, int]
SPECK = 0.004  # of the sheet's longer side


class Found(NamedTuple):
    """A figure found on a sheet: its label, and its box in pixels of the upright sheet."""

    label: str | None
    box: PixelBox


def whole_sheet(image: Image.Image, reading: FigureReading) -> list[Found]:
    """All ink of a sheet but the words of its header and specks, as one figure."""
    ink, labels = _ink(image, reading), _labels(reading)
    return [Found(labels[0].text if labels else None, part) for part in _outline(ink, (0, 0, *ink.shape[::-1]))]


def cut_at_gaps(image: Image.Image, reading: FigureReading) -> list[Found]:
    """Cuts along the widest white gap across or down a part, until there are as many parts as labels (XY-cut)."""
    ink, labels = _ink(image, reading), _labels(reading)
    parts = _outline(ink, (0, 0, *ink.shape[::-1]))
    while len(parts) < len(labels):
        cuts = [(*_widest_gap(ink, part, axis), axis, i) for i, part in enumerate(parts) for axis in (0, 1)]
        width, at, axis, i = max(cuts)
        if not width:
            break
        parts[i : i + 1] = [half for box in _halves(parts[i], axis, at) for half in _outline(ink, box)]
    return [Found(_label_within(labels, part, reading.size), part) for part in parts]


def _ink(image: Image.Image, reading: FigureReading) -> np.ndarray:
    """The ink of the upright sheet without the words of its header and without specks."""
    page = Sheet(np.array(image.rotate(reading.rotation, expand=True).convert("L")))
    large = page.stats[:, 2:4].max(axis=1) >= SPECK * max(page.gray.shape)
    large[0] = False
    ink = large[page.labels]
    height, width = ink.shape
    for word in reading.left_out:
        x0, y0, x1, y1 = word.box
        ink[y0 * height // 1000 : -(-y1 * height // 1000), x0 * width // 1000 : -(-x1 * width // 1000)] = False
    return ink


def _labels(reading: FigureReading) -> list[FigureLabel]:
    return [label for label in find_labels(*reading.columns) if label.text]


def _outline(ink: np.ndarray, box: PixelBox) -> list[PixelBox]:
    """The tight box of the ink in `box`, none where there is no ink."""
    x0, y0, x1, y1 = box
    rows, columns = np.flatnonzero(ink[y0:y1, x0:x1].any(axis=1)), np.flatnonzero(ink[y0:y1, x0:x1].any(axis=0))
    if not len(rows):
        return []
    return [(x0 + int(columns[0]), y0 + int(rows[0]), x0 + int(columns[-1]) + 1, y0 + int(rows[-1]) + 1)]


def _widest_gap(ink: np.ndarray, part: PixelBox, axis: int) -> tuple[int, int]:
    """Width and middle of the widest run of white columns (axis 0) or rows (axis 1) within a tight part."""
    x0, y0, x1, y1 = part
    inked = np.flatnonzero(ink[y0:y1, x0:x1].any(axis=axis))
    widths = np.diff(inked) - 1
    if not len(widths) or not widths.max():
        return 0, 0
    widest = int(widths.argmax())
    return int(widths[widest]), part[axis] + int(inked[widest]) + 1 + int(widths[widest]) // 2


def _halves(part: PixelBox, axis: int, at: int) -> tuple[PixelBox, PixelBox]:
    x0, y0, x1, y1 = part
    return ((x0, y0, at, y1), (at, y0, x1, y1)) if axis == 0 else ((x0, y0, x1, at), (x0, at, x1, y1))


def _label_within(labels: list[FigureLabel], part: PixelBox, size: tuple[int, int]) -> str | None:
    """The first label whose middle lies in the part."""
    for label in labels:
        x, y = ((label.box[i] + label.box[i + 2]) / 2000 * size[i] for i in (0, 1))
        if part[0] <= x < part[2] and part[1] <= y < part[3]:
            return label.text
    return None
