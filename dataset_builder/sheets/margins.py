"""What on a sheet belongs to the sheet and not to its figures: header, page number, signatures of old sheets."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from modeling_patentlmm.ocr_patentlmm import FigureReading, Word
from modeling_patentlmm.sheet_patentlmm import Sheet

Box = tuple[float, float, float, float]  # x0, y0, x1, y1 in 0..1000 of the sheet

PAGE_NUMBER = re.compile(r"(\d{1,3})\s?/\s?(\d{1,3})")
MARGIN = 130  # of 1000: how far from the edge a header or a page number may reach
SIGNED = re.compile(r"(INVENTORS?|ATTORNEYS?|AGENTS?)[.,:;]?", re.I)
FOOT = 600  # of 1000: how far down signatures start
EDGES = ((0, 0, 12, 1000), (988, 0, 1000, 1000), (0, 0, 1000, 12), (0, 988, 1000, 1000))
AIR = 0.5  # of a word's height: ink so near to a word of the sheet is part of it


def split_sheets_own(reading: FigureReading) -> tuple[tuple[Word, ...], list[Box]]:
    """The words of the figures, and the areas of the sheet's own ink.

    The header takes up a strip along an edge. A page number is "3/12" near an edge. Whole pages, which have a header,
    may show a scan's dark edge, and old ones may be signed at their foot: names between "INVENTOR" and "ATTORNEY".
    """
    areas = [_grown(word.box) for word in (*reading.left_out, *filter(_is_page_number, reading.words))]
    if reading.left_out:
        areas += [_header_strip(reading.left_out), *EDGES, *_signatures(reading.words)]
    words = tuple(word for word in reading.words if not any(_lies_in(word.box, area) for area in areas))
    return words, areas


def _signatures(words: Sequence[Word]) -> list[Box]:
    """The area of the names and signatures that an inventor and an attorney put at the foot of a sheet."""
    signed = [word for word in words if word.box[1] > FOOT and SIGNED.fullmatch(word.text)]
    if len({word.text[:3].upper() for word in signed}) < 2:
        return []
    x0, y0, x1, y1 = _around([word.box for word in signed])
    line = min(word.box[3] - word.box[1] for word in signed)
    return [(x0 - (x1 - x0), y0 - line, x1 + (x1 - x0), y1 + line)]


def _is_page_number(word: Word) -> bool:
    match = PAGE_NUMBER.fullmatch(word.text)
    x0, y0, x1, y1 = word.box
    at_edge = min(x1, y1, 1000 - x0, 1000 - y0) < MARGIN
    return match is not None and 0 < int(match[1]) <= int(match[2]) and at_edge


def find_ink(gray: np.ndarray, areas: Sequence[Box]) -> tuple[np.ndarray, np.ndarray]:
    """The ink on an upright page (H, W), dark on white, as True; and what of it does not lie wholly in `areas`."""
    page = Sheet(gray)
    ink = page.labels > 0
    if not areas:
        return ink, ink
    height, width = gray.shape
    left, top = page.stats[:, 0], page.stats[:, 1]
    right, bottom = left + page.stats[:, 2], top + page.stats[:, 3]
    own = np.zeros(len(page.stats), bool)
    for area in areas:
        x0, y0, x1, y1 = np.array(area) * (width, height, width, height) / 1000
        own |= (left >= x0) & (top >= y0) & (right <= x1) & (bottom <= y1)
    return ink, ink & ~own[page.labels]


def _header_strip(header: Sequence[Word]) -> Box:
    """The strip along one edge of the sheet that the words of its header take up."""
    x0, y0, x1, y1 = _around([_grown(word.box) for word in header])
    reach = {"top": y1, "left": x1, "bottom": 1000 - y0, "right": 1000 - x0}
    side = min(reach, key=lambda side: reach[side])
    depth = reach[side]
    return {
        "top": (0, 0, 1000, depth),
        "left": (0, 0, depth, 1000),
        "bottom": (0, 1000 - depth, 1000, 1000),
        "right": (1000 - depth, 0, 1000, 1000),
    }[side]


def _around(boxes: Sequence[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _lies_in(box: Box, area: Box) -> bool:
    """Whether the middle of a box lies in an area."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return area[0] <= x <= area[2] and area[1] <= y <= area[3]


def _grown(box: Box) -> Box:
    air = AIR * min(box[2] - box[0], box[3] - box[1])
    return box[0] - air, box[1] - air, box[2] + air, box[3] + air
