"""What each page of a patent PDF is: front page, drawing sheet or text.

Drawing sheets say so at their top: "U.S. Patent  May 24, 1988  Sheet 1 of 8  4,747,081", "Patent Application
Publication  May 26, 2016  Sheet 1 of 11  US 2016/0148332 A1", before 1970 "Sheet 1 of 5" or "5 Sheets-Sheet 1" under
inventor and title. Where a page has no text layer, its top is read by the project's reader.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from dataset_builder.pdf.columns import read_columns, rows_of
from dataset_builder.pdf.pages import PdfPage, PdfWord

TOP = 0.17  # of the height of a page: where its header is looked for

_SHEET = re.compile(r"(?i)\bsheets?\b\W*(?P<number>\d+|\S{0,3})?\s*o[fr]\s+(?P<count>\d+)")
_SHEETS = re.compile(r"(?i)(?P<count>\d+)\s*sheets?\W+sheet\s*(?P<number>\d+)")
_SINGLE_SHEET = re.compile(r"(?i)^\W*u\W?s\W{0,2}patent\b.*\d,\d{3},\d{3}")  # before 1980 one sheet was not counted
_FRONT = re.compile(r"(?i)united states patent|patent application publication")
_CODE = re.compile(r"(?i)[\[(](10|11|12|19|43|45)[\])]|patent n(o|umber)\b|pub\. no|date of patent")
_HEADING = re.compile(r"(?i)\bu\W?s\W{0,2}patent\b|patent application|filed|\b(18|19|20)\d\d\b|\d,\d{3},\d{3}")
MIN_WORDS = 20  # of a page of text


@dataclass(frozen=True)
class PageKind:
    """`name`: front, sheet, text, blank or other; `number` and `count` of "Sheet 2 of 8" as far as they can be read."""

    name: str
    number: int | None = None
    count: int | None = None


@dataclass(frozen=True)
class Glimpse:
    """What a look at a page without (enough of) a text layer shows: the words at its top, and what covers it."""

    words: tuple[PdfWord, ...]
    looks: str  # "text", "drawing" or "blank"


def header_of(words: Sequence[PdfWord], height: float) -> list[str]:
    """The rows at the top of a page, each as one text."""
    top = [word for word in words if (word.y0 + word.y1) / 2 < TOP * height]
    return [" ".join(word.text for word in row) for row in rows_of(top)]


def is_text(page: PdfPage) -> bool:
    """Whether the words of a page run on as sentences do, most lines with several."""
    lines = [line for column in read_columns(page.words, page.width, page.height) for line in column]
    full = sum(line.text.count(" ") >= 3 for line in lines)
    return len(page.words) >= MIN_WORDS and full >= 0.6 * len(lines)


def kinds_of(pages: Sequence[PdfPage], glimpse: Callable[[PdfPage], Glimpse]) -> Iterator[tuple[PageKind, list[str]]]:
    """What each page is, and the rows of its header; `glimpse` is asked where the text layer does not tell."""
    for page in pages:
        rows = header_of(page.words, page.height)
        kind = _by_header(rows) or (PageKind("text") if is_text(page) else None)
        if kind is None:
            seen = glimpse(page)
            read = header_of(seen.words, page.height)
            kind = _by_header(read) or PageKind({"drawing": "other"}.get(seen.looks, seen.looks))
            rows = rows + read
        yield kind, rows


def settled(kinds: Sequence[PageKind]) -> list[PageKind]:
    """The kinds with what the neighbours tell: a drawing before the text, or among sheets, is a sheet.

    Sheets are numbered through by their place; what was read off them tells only with what number they begin.
    """
    texts = [i for i, kind in enumerate(kinds) if kind.name == "text"]
    sheets = [i for i, kind in enumerate(kinds) if kind.name == "sheet"]
    until = max([*sheets, *texts[:1], -1])
    drawn = [i for i, kind in enumerate(kinds) if kind.name == "sheet" or kind.name == "other" and i < until]
    shifts = Counter(kinds[i].number - place for place, i in enumerate(drawn, 1) if kinds[i].number)
    counts = Counter(kind.count for kind in kinds if kind.count)
    shift = max(shifts, key=lambda each: (shifts[each], -abs(each)), default=0)
    count = counts.most_common(1)[0][0] if counts else None
    found = list(kinds)
    for place, i in enumerate(drawn, 1):
        found[i] = PageKind("sheet", place + shift, count)
    return found


def _by_header(rows: Sequence[str]) -> PageKind | None:
    for row in rows:
        mark = _SHEETS.search(row) or _SHEET.search(row)
        if mark and (_HEADING.search(row) or row.count(" ") < 5):  # not "a sheet of 3 mm" in a text
            number = mark["number"] or ""
            return PageKind("sheet", int(number) if number.isdecimal() else None, int(mark["count"][:3]))
    text = " ".join(rows)
    if _FRONT.search(text) and _CODE.search(text):
        return PageKind("front")
    return PageKind("sheet") if any(map(_SINGLE_SHEET.search, rows)) else None
