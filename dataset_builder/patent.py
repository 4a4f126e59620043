"""A patent as its sources give it: its text by paragraphs, its drawing sheets, and what the markup says of both.

Every reader of raw sources makes these; nothing here is worked out, only read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from PIL import Image

BRIEF = "brief description of the drawings"


class Mark(NamedTuple):  # a tuple, as Paragraph: a patent has thousands, and they take half the time to make
    """What a source marks up in a paragraph: a mention of figures or of a reference character.

    `start` and `end` are places in the paragraph's text. A character may come with the `term` that the source gives it
    and the file names of the `sheets` on which the source has seen it.
    """

    kind: str  # "figure" or "character"
    text: str
    start: int
    end: int
    term: str | None = None
    sheets: tuple[str, ...] = ()


class Paragraph(NamedTuple):
    """A paragraph or a heading of a description, its text on one line.

    `id` is the source's own, else its place ("p-0012"); `number` the printed one ("0012"). `section` is `BRIEF` where
    the markup says so, None where it is silent.
    """

    id: str
    text: str
    number: str | None = None
    is_heading: bool = False
    section: str | None = None
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Callout:
    """A reference character that a source has seen on a sheet; `box` in pixels of the full image, where it is known."""

    text: str
    term: str | None = None
    box: tuple[int, int, int, int] | None = None


@dataclass(frozen=True)
class Sheet:
    """A drawing sheet. `name` is its file name, or its page in a PDF ("page 4").

    `is_front_page` tells the copy that the front page shows from the sheets proper; `orientation` is "portrait",
    "landscape" or None; `size_mm` width and height as printed. `open` gives its image, and raises OSError or
    ValueError with one line that names the file where there is none; None where the source comes without images.
    """

    name: str
    number: int | None = None
    is_front_page: bool = False
    orientation: str | None = None
    size_mm: tuple[float, float] | None = None
    url: str | None = None
    callouts: tuple[Callout, ...] = ()
    open: Callable[[], Image.Image] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Patent:
    """A patent or a published application.

    `patent_id` is country, number and kind ("US8930553B2"); dates are "YYYY-MM-DD". `related` holds the numbers of the
    applications it goes back to, foreign priorities included, the earliest last; `priority_date` is the day on which
    that one was filed.
    """

    patent_id: str
    title: str
    kind: str = "utility"  # utility, design, plant, reissue, other
    publication_date: str | None = None
    filing_date: str | None = None
    priority_date: str | None = None
    application: str | None = None
    related: tuple[str, ...] = ()
    cpc: tuple[str, ...] = ()
    ipc: tuple[str, ...] = ()
    abstract: str = ""
    claims: tuple[str, ...] = ()
    paragraphs: tuple[Paragraph, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    figure_count: int | None = None
    sheet_count: int | None = None
    source: str = ""
