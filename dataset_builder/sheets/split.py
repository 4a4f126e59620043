"""A drawing sheet to its separate figures: upright, without the sheet's header, each with its label and its words."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from PIL import Image, ImageOps, ImageStat

from dataset_builder.sheets.ink import Marks, cell_box, find_marks, pixels_per_cell
from dataset_builder.sheets.margins import find_ink, split_sheets_own
from dataset_builder.sheets.separation import assign_marks
from modeling_patentlmm.image_processing_patentlmm import as_figure
from modeling_patentlmm.numerals_patentlmm import FigureLabel, find_labels
from modeling_patentlmm.ocr_patentlmm import Box, FigureReading, Word, reading_order

DARK = 96  # grey: a page whose median is darker is white on black


@dataclass(frozen=True)
class DrawnFigure:
    """A figure cut out of its sheet.

    `label` is None where none was read, `confidence` the reader's in it (0..1). `box` (x0, y0, x1, y1) in pixels of
    the upright sheet holds the drawing, its numerals, lead lines and label. `image` is that box with everything blank
    that belongs to another figure or to the sheet; `reading` holds the figure's words in 0..1000 of `image`.
    """

    label: str | None
    confidence: float
    box: Box
    image: Image.Image
    reading: FigureReading


@dataclass(frozen=True)
class SheetSplit:
    """The figures of a sheet in reading order; `size` is that of the upright sheet, `rotation` the turn to it."""

    figures: tuple[DrawnFigure, ...]
    size: tuple[int, int]
    rotation: int


def split_sheet(image: Image.Image, reading: FigureReading) -> SheetSplit:
    """The separate figures of a whole sheet, of which `reading` is what `read_figure` gave; no figure if it is blank.

    Every label is the seed of a figure. On a page with a header a large part far from all labels is a figure, too, its
    label not read. All ink goes to a figure but what is the sheet's own: header, page number, signatures, specks.
    Raises ValueError if `reading` is of another image.
    """
    upright = upright_sheet(image, reading.rotation)
    if upright.size != reading.size:
        raise ValueError(
            f"the reading is of an image of {reading.size}, not {upright.size}; read this one with read_figure"
        )
    words, sheets_own = split_sheets_own(reading)
    reading = replace(reading, words=words)
    labels = _distinct(find_labels(*reading.columns))
    ink, drawn = find_ink(np.asarray(upright.convert("L")), sheets_own)
    marks = find_marks(drawn, [word.box for word in words], [label.box for label in labels])
    sheet = _Owned(upright, reading, ink, drawn, marks)
    figures = [sheet.cut_out(i, labels[i] if i < len(labels) else None) for i in range(sheet.count)]
    found = [figure for figure in figures if figure]
    order = reading_order([figure.box for figure in found])
    return SheetSplit(tuple(found[i] for i in order), upright.size, reading.rotation)


def upright_sheet(image: Image.Image, rotation: int) -> Image.Image:
    """The sheet turned upright by `rotation` degrees counter-clockwise (a multiple of 90), dark on white."""
    upright = as_figure(image).rotate(rotation, expand=True)
    return ImageOps.invert(upright) if ImageStat.Stat(upright.convert("L")).median[0] < DARK else upright


def _distinct(labels: list[FigureLabel]) -> list[FigureLabel]:
    """The labels without those that overlap one found before."""
    kept: list[FigureLabel] = []
    for label in labels:
        if not any(_touch(label.box, other.box) for other in kept):
            kept.append(label)
    return kept


def _touch(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


class _Owned:
    """A sheet whose every cell belongs to a figure, by the figure's index."""

    def __init__(self, upright: Image.Image, reading: FigureReading, ink: np.ndarray, drawn: np.ndarray, marks: Marks):
        self.upright, self.reading = upright, reading
        self.ink, self.drawn, self.inked = ink, drawn, marks.inked
        self.owners = assign_marks(marks, bool(reading.left_out))[marks.nearest] if len(marks) else marks.nearest
        self.count = int(self.owners.max()) + 1
        self.word_owners = [self._owner_of(word) for word in reading.words]

    def _owner_of(self, word: Word) -> int:
        """The figure that has most of a word's ink."""
        x0, y0, x1, y1 = cell_box(word.box, self.owners.shape)
        owners = self.owners[y0:y1, x0:x1]
        inked = owners[self.inked[y0:y1, x0:x1]]
        return int(np.bincount(inked).argmax()) if inked.size else int(owners[(y1 - y0) // 2, (x1 - x0) // 2])

    def cut_out(self, index: int, label: FigureLabel | None) -> DrawnFigure | None:
        """A figure by its index, None where no ink belongs to it."""
        cells = _outline(self.inked & (self.owners == index))
        if cells is None:
            return None
        scale = pixels_per_cell(self.ink.shape)
        around = tuple(side * scale for side in cells)
        near = _enlarged(_within(self.owners, cells) == index, scale)
        inked = _enlarged(_within(self.inked, cells), scale)
        drawn = _within(self.drawn, around)
        near, inked = (part[: drawn.shape[0], : drawn.shape[1]] for part in (near, inked))
        own = drawn & inked & near
        foreign = ~near | (_thick(_within(self.ink, around) & ~own) & ~own)
        tight = _outline(own)
        box = tuple(side + corner for side, corner in zip(tight, around[:2] * 2))
        words = [word for word, owner in zip(self.reading.words, self.word_owners, strict=True) if owner == index]
        picture = _blanked(self.upright.crop(box), _within(foreign, tight))
        name, confidence = (label.text, label.confidence) if label else (None, 0.0)
        return DrawnFigure(name, confidence, box, picture, self._reading_of(words, box))

    def _reading_of(self, words: list[Word], box: Box) -> FigureReading:
        """The words of a figure, in 0..1000 of its box."""
        size = box[2] - box[0], box[3] - box[1]
        sheet = np.array(self.upright.size * 2) / 1000
        moved = []
        for word in words:
            pixels = (np.array(word.box) * sheet - (box[:2] * 2)) / (size * 2) * 1000
            moved.append(replace(word, box=tuple(int(side) for side in np.clip(np.rint(pixels), 0, 1000))))
        order = reading_order([word.box for word in moved], size[0] / size[1])
        return FigureReading(tuple(moved[i] for i in order), 0, size, self.reading.engine)


def _outline(ink: np.ndarray) -> Box | None:
    """The tight box of True, ends excluded; None where there is none."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _within(page: np.ndarray, box: Box) -> np.ndarray:
    return page[box[1] : box[3], box[0] : box[2]]


def _enlarged(cells: np.ndarray, scale: int) -> np.ndarray:
    return cells.repeat(scale, axis=0).repeat(scale, axis=1)


def _thick(ink: np.ndarray) -> np.ndarray:
    """Ink with the grey fringe around it."""
    return cv2.dilate(ink.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)


def _blanked(picture: Image.Image, foreign: np.ndarray) -> Image.Image:
    return Image.composite(Image.new(picture.mode, picture.size, "white"), picture, Image.fromarray(foreign))
