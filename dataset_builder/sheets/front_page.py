"""The copy of a figure that a patent's front page shows, told from the sheets proper by its picture."""

from __future__ import annotations

from collections.abc import Iterable

import imagehash
from PIL import Image, ImageDraw, ImageOps

from dataset_builder.sheets.split import DrawnFigure, SheetSplit
from modeling_patentlmm.numerals_patentlmm import find_labels

HASH_SIDE = 16  # a hash has the square of it in bits
AIR = 0.3  # of a label's height: what sticks out of its box
SAME = 0.2  # of the bits may differ
STRETCHED = 1.06  # how far the proportions may differ


def is_front_page_copy(candidate: SheetSplit, sheets: Iterable[SheetSplit]) -> bool:
    """Whether a sheet shows only a figure of one of the other `sheets` again, at any scale.

    The front page leaves the label out as a rule; where there is one, it has to be the same.
    """
    if len(candidate.figures) != 1:
        return False
    copy = candidate.figures[0]
    return any(
        copy.label in (None, figure.label) and _look_the_same(copy, figure)
        for sheet in sheets
        for figure in sheet.figures
    )


def _look_the_same(one: DrawnFigure, other: DrawnFigure) -> bool:
    a, b = _drawing(one), _drawing(other)
    ratio = (a.width * b.height) / (a.height * b.width)
    if not 1 / STRETCHED < ratio < STRETCHED:
        return False
    return (imagehash.phash(a, HASH_SIDE) - imagehash.phash(b, HASH_SIDE)) <= SAME * HASH_SIDE**2


def _drawing(figure: DrawnFigure) -> Image.Image:
    """The picture of a figure without its label, cut to its ink."""
    picture = figure.image.convert("L")
    draw = ImageDraw.Draw(picture)
    for label in find_labels(*figure.reading.columns):
        air = AIR * (label.box[3] - label.box[1])
        grown = (label.box[0] - air, label.box[1] - air, label.box[2] + air, label.box[3] + air)
        draw.rectangle([side * length / 1000 for side, length in zip(grown, picture.size * 2)], fill="white")
    box = ImageOps.invert(picture).point(lambda grey: 255 * (grey > 64)).getbbox()
    return picture.crop(box) if box else picture
