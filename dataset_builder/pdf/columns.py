"""A printed text page: words with boxes to lines in reading order, column after column.

Patent texts stand in two columns; grants count every fifth line in the gutter between them. The running header (number,
date, page or column numbers) and the line numbers are left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from dataset_builder.pdf.pages import PdfWord

HEADER_DEPTH = 0.12  # of the height of a page
EDGE_REACH = 12  # lines up and down that tell where a column's edge is
MAX_ROWS = 400  # of a column; small print has 100
_HEADER_WORD = re.compile(
    r"(?i)(us|re|des|pp|[dro]?[\d,.;:/'o]+|[abcsp]\d?|sheets?|of|united|states|patents?|patented|office|no|et|al|"
    r"(jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*|[^a-z0-9]+)[.,]*"
)
_LINE_NUMBER = re.compile(r"[5S]|[1-7lI][05oO]")


@dataclass(frozen=True)
class Line:
    """A line of a column: its text, its box, and the column's left and right edges at its height, in points."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    left: float
    right: float

    @property
    def indent(self) -> float:
        return self.x0 - self.left

    @property
    def gap(self) -> float:
        """What is left free at the line's end."""
        return self.right - self.x1


def read_columns(words: Sequence[PdfWord], width: float, height: float, top: float = 0) -> list[list[Line]]:
    """The lines of each column of a page, left column first; a page without a gutter is one column.

    A header as deep as `top` is kept, and does not count for where the gutter is.
    """
    body = list(words) if top else _without_header(words, height)
    gutter = _gutter([word for word in body if word.y0 >= top], width)
    if gutter is None:
        return [_lines(body)] if body else []
    middle = sum(gutter) / 2
    body = [word for word in body if not _is_line_number(word, gutter)]
    left = [word for word in body if word.x0 + word.x1 < 2 * middle]
    right = [word for word in body if word.x0 + word.x1 >= 2 * middle]
    return [_lines(side) for side in (left, right) if side]


def rows_of(words: Sequence[PdfWord]) -> list[list[PdfWord]]:
    """Words in rows from top to bottom, each row from left to right; a row may climb or fall across a page.

    After `MAX_ROWS` rows no more are begun: these words are not print.
    """
    rows: list[_Row] = []
    for word in sorted(words, key=lambda word: word.x0):
        shared = [(row.shared_height(word), place) for place, row in enumerate(rows) if row.ends <= word.x0 + 2]
        most, place = max(shared, default=(0.0, 0))
        if most > 0.4:
            rows[place].add(word)
        elif len(rows) < MAX_ROWS:
            rows.append(_Row(word))
    return [row.words for row in sorted(rows, key=lambda row: row.middle)]


class _Row:
    """Words that follow each other on a line; `top` and `bottom` are of the last three, as rows climb and fall."""

    def __init__(self, word: PdfWord):
        self.words: list[PdfWord] = []
        self.add(word)

    def add(self, word: PdfWord) -> None:
        self.words.append(word)
        last = self.words[-3:]
        self.ends = word.x1
        self.top, self.bottom = median(each.y0 for each in last), median(each.y1 for each in last)

    def shared_height(self, word: PdfWord) -> float:
        """The share of the lower one's height that the row and a word have in common."""
        least = max(min(self.bottom - self.top, word.y1 - word.y0), 0.1)
        return (min(self.bottom, word.y1) - max(self.top, word.y0)) / least

    @property
    def middle(self) -> float:
        return sum(word.y0 + word.y1 for word in self.words) / len(self.words)


def _without_header(words: Sequence[PdfWord], height: float) -> list[PdfWord]:
    """The words of a page without the rows at its top that hold nothing but number, date and page numbers."""
    header: set[int] = set()
    for row in rows_of([word for word in words if word.y1 < HEADER_DEPTH * height]):
        if not all(_HEADER_WORD.fullmatch(word.text) for word in row):
            break
        header |= set(map(id, row))
    return [word for word in words if id(word) not in header]


def _gutter(words: Sequence[PdfWord], width: float) -> tuple[float, float] | None:
    """Left and right of the emptiest stretch around the middle of the text, None where it is not empty.

    Short numbers do not count, as they stand in it.
    """
    counted = [word for word in words if not _LINE_NUMBER.fullmatch(word.text)]
    if len(counted) < 20:
        return None
    covered = np.zeros(int(width) + 2)
    for word in counted:
        covered[max(int(word.x0), 0) : max(int(word.x1) + 1, 0)] += word.y1 - word.y0
    first, last = (int(side) for side in np.percentile([word.x0 for word in counted], (2, 98)))
    low, high = int(first + 0.35 * (last - first)), int(first + 0.7 * (last - first))
    empty = np.flatnonzero(covered[low:high] <= 0.08 * np.percentile(covered[first:last], 75)) + low
    runs = np.split(empty, np.flatnonzero(np.diff(empty) > 1) + 1)
    run = max(runs, key=len)
    return (float(run[0]), float(run[-1])) if len(run) >= 4 else None


def _is_line_number(word: PdfWord, gutter: tuple[float, float]) -> bool:
    inside = gutter[0] - 8 <= word.x0 and word.x1 <= gutter[1] + 8
    return inside and _LINE_NUMBER.fullmatch(word.text) is not None


def _lines(words: Sequence[PdfWord]) -> list[Line]:
    """The lines of one column, without what the scan of a line number has left at their beginning."""
    rows = rows_of(words)
    edges = zip(_edge([row[0].x0 for row in rows], 0.2), _edge([row[-1].x1 for row in rows], 0.8))
    lines = [_line(row, left, right) for row, (left, right) in zip(rows, edges) if row]
    return [line for line in lines if not _is_column_number(line)]


def _line(row: list[PdfWord], left: float, right: float) -> Line:
    while len(row) > 1 and row[0].x1 < left - 2 and re.fullmatch(r"[\dOoSlI]{1,2}", row[0].text):
        row = row[1:]
    top, bottom = (float(np.median([getattr(word, side) for word in row])) for side in ("y0", "y1"))
    return Line(" ".join(word.text for word in row), row[0].x0, top, row[-1].x1, bottom, left, right)


def _is_column_number(line: Line) -> bool:
    """Whether a line is the number that stands above a column."""
    middle = abs(line.indent - line.gap) < 0.1 * (line.right - line.left)
    return middle and re.fullmatch(r"\d{1,3}\.?", line.text) is not None


def _edge(sides: list[float], share: float) -> list[float]:
    """Where the edge of a column is at each line: a page is seldom scanned straight."""
    windows = (sorted(sides[max(i - EDGE_REACH, 0) : i + EDGE_REACH + 1]) for i in range(len(sides)))
    return [window[round(share * (len(window) - 1))] for window in windows]
