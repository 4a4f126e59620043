"""Which patches the drawn elements of a figure touch, as labels of patch classification."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dataset_builder.figure import ELEMENT_CLASSES
from modeling_patentlmm.image_processing_patentlmm import Letterbox
from modeling_patentlmm.numerals_patentlmm import find_labels

UNKNOWN = -100
TEXT_CLASSES = ("node_label", "figure_label", "text")


def touched(box: Sequence[int], letterbox: Letterbox, patch_size: int) -> tuple[slice, slice]:
    """Rows and columns of the patches that a box touches, all of them (the reference misses columns: its bug B9).

    A box that ends where a patch begins does not touch it; a box without width or height touches as a line does.

    Args:
        box: x0, y0, x1, y1 in 0..1000 of the figure.
        letterbox: where the figure lies on the canvas.
    """
    columns = _span(box[0], box[2], letterbox.placed[0], patch_size)
    rows = _span(box[1], box[3], letterbox.placed[1], patch_size)
    return rows, columns


def _span(low: int, high: int, length: int, patch_size: int) -> slice:
    """Patches under low..high, thousandths of `length` pixels; in whole numbers, so exact."""
    unit = 1000 * patch_size
    last = (length - 1) // patch_size
    first = min(low * length // unit, last)
    return slice(first, min(max(-(-high * length // unit), first + 1), last + 1))


def label_elements(elements: Sequence[dict], letterbox: Letterbox, patch_size: int) -> np.ndarray:
    """Labels of a figure whose elements are known: 1 where an element of the class touches the patch, else 0.

    Args:
        elements: of the column `elements`: `class`, an index into `ELEMENT_CLASSES`, and `box`.

    Returns:
        (patches, classes) int64, patches of the canvas row by row.

    Raises:
        ValueError: an element of no class, or with a box out of the figure.
    """
    labels = _empty(letterbox, patch_size, 0)
    for element in elements:
        _check(element)
        labels[(*touched(element["box"], letterbox, patch_size), element["class"])] = 1
    return labels.reshape(-1, len(ELEMENT_CLASSES))


def _check(element: dict) -> None:
    x0, y0, x1, y1 = element["box"]
    if element["class"] not in range(len(ELEMENT_CLASSES)) or not (0 <= x0 <= x1 <= 1000 and 0 <= y0 <= y1 <= 1000):
        raise ValueError(
            f"element {element} is none: its class must be 0..{len(ELEMENT_CLASSES) - 1}, its box x0, y0, x1, y1 in "
            "0..1000 with x0 <= x1 and y0 <= y1; mend the figure"
        )


def label_words(
    words: Sequence[str], boxes: Sequence[Sequence[int]], letterbox: Letterbox, patch_size: int
) -> np.ndarray:
    """Labels of a figure of which only the words are known, `UNKNOWN` where they do not tell.

    Where no word stands there is no text of any kind. Figure labels are recognised by their wording. Whether another
    word is a node's label, other text or a reference character, and where nodes and arrows are, words do not tell.

    Returns:
        (patches, classes) int64, as `label_elements`.
    """
    labels = _empty(letterbox, patch_size, UNKNOWN)
    read = _empty(letterbox, patch_size, 0)[..., 0].astype(bool)
    for box in boxes:
        read[touched(box, letterbox, patch_size)] = True
    for name in TEXT_CLASSES:
        labels[~read, ELEMENT_CLASSES.index(name)] = 0
    figure_label = ELEMENT_CLASSES.index("figure_label")
    labels[..., figure_label] = 0
    for label in find_labels(words, boxes):
        labels[(*touched(label.box, letterbox, patch_size), figure_label)] = 1
    return labels.reshape(-1, len(ELEMENT_CLASSES))


def _empty(letterbox: Letterbox, patch_size: int, value: int) -> np.ndarray:
    columns, rows = (side // patch_size for side in letterbox.canvas)
    return np.full((rows, columns, len(ELEMENT_CLASSES)), value, dtype=np.int64)
