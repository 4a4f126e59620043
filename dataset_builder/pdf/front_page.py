"""The front page of a US patent: its fields by their INID codes (WIPO ST.9), "(54) TITLE", "(22) Filed: ..."."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dataset_builder.pdf.columns import Line, read_columns
from dataset_builder.pdf.kinds import header_of
from dataset_builder.pdf.pages import PdfPage
from dataset_builder.pdf.paragraphs import Block, Vocabulary, join_lines
from dataset_builder.redbook.numbers import application_number, earliest_last

_LABELS = {
    "21": r"appl",
    "22": r"filed|pct fil",
    "30": r"foreign",
    "51": r"int",
    "52": r"u\W?\s?s",
    "56": r"ref",
    "57": r"abst",
    "58": r"field",
    "60": r"prov|cont|div|rel",
    "62": r"div",
    "63": r"cont",
    "65": r"prior",
    "71": r"appl",
    "72": r"inv",
    "73": r"ass",
    "75": r"inv",
    "76": r"inv",
}
_CODED = re.compile(r"(?P<open>[\[({]?)(?P<code>\d\d)(?P<close>[\])}]?)[.,]?\s+(?P<rest>\S.*)")
_DATE = re.compile(r"[A-Z][a-z]{2,8}\.?\s?\d{1,2},?\s?(?:18|19|20)\d\d")
_RELATED = re.compile(rf"\b(\d\d/\d{{3}},\d{{3}})(?:.{{0,20}}?filed\W+(?:on\W+)?({_DATE.pattern}))?")
_DATE_FORMS = ("%B %d %Y", "%b %d %Y")
BODY = 0.14  # of the height of the page: where the columns begin
OPENING = 12  # blocks among which an old patent's opening is looked for
DEPTHS = (1.0, 0.75, 0.6, 0.45, 0.35)  # of the page: the figure under the columns hides the gutter


@dataclass(frozen=True)
class FrontPage:
    """What a front page says, as far as it can be read."""

    title: str = ""
    abstract: str = ""
    publication_date: str | None = None
    filing_date: str | None = None
    priority_date: str | None = None
    application: str | None = None
    related: tuple[str, ...] = ()
    sheet_count: int | None = None
    figure_count: int | None = None


def read_front_page(page: PdfPage, words: Vocabulary) -> FrontPage:
    """The fields of a front page; `words` is the vocabulary of the whole text."""
    columns = _columns(page)
    fields = _fields(columns, words)
    text = " ".join(line.text for column in columns for line in column)
    dates = {
        application_number("US", number): find_date(filed)
        for code in ("60", "62", "63")
        for number, filed in _RELATED.findall(fields.get(code, ""))
    }
    application = re.search(r"(\d{2}/)?\d{3},\d{3}", fields.get("21", ""))
    return FrontPage(
        title=fields.get("54", ""),
        abstract=_abstract(columns, words),
        publication_date=find_date(" ".join(row for row in header_of(page.words, page.height) if "Date" in row)),
        filing_date=find_date(fields.get("22", "")),
        priority_date=min(filter(None, dates.values()), default=None),
        application=application_number("US", application.group()) if application else None,
        related=earliest_last(dates.items()),
        sheet_count=_count(r"(\d{1,3}) Drawing Sheet", text),
        figure_count=_count(r"(\d{1,3}) Drawing Fig", text),
    )


def find_date(text: str) -> str | None:
    """The first date in a text, as "YYYY-MM-DD"."""
    return next(filter(None, map(_plain_date, _DATE.findall(text))), None)


def _plain_date(text: str) -> str | None:
    words = " ".join(re.sub(r"[.,]", " ", text).split()).replace("Sept ", "Sep ")
    for form in _DATE_FORMS:
        try:
            return datetime.strptime(words, form).date().isoformat()
        except ValueError:
            continue
    return None


def _count(pattern: str, text: str) -> int | None:
    found = re.search(pattern, text)
    return int(found[1]) if found else None


def _columns(page: PdfPage) -> list[list[Line]]:
    """The columns above the figure."""
    for depth in DEPTHS:
        words = [word for word in page.words if word.y1 < depth * page.height]
        columns = read_columns(words, page.width, page.height, BODY * page.height)
        if len(columns) == 2:
            return columns
    return read_columns(page.words, page.width, page.height, BODY * page.height)


def _fields(columns: Sequence[Sequence[Line]], words: Vocabulary) -> dict[str, str]:
    """The texts by their codes; a field ends at the next code, at a heading, or with its column."""
    fields: dict[str, list[str]] = {}
    for column in columns:
        lines: list[str] = []
        for line in column:
            coded = _code(line.text)
            if coded:
                lines = fields.setdefault(coded[0], [])
                lines.append(coded[1])
            elif line.indent > 0.04 * (line.right - line.left):
                lines.append(line.text)
            else:
                lines = []
    return {code: join_lines(lines, words) for code, lines in fields.items()}


def _code(text: str) -> tuple[str, str] | None:
    """The code that a line begins with and what follows; a scan may lose the brackets, then the words must fit it."""
    found = _CODED.match(text)
    if found is None:
        return None
    code, rest = found["code"], found["rest"]
    if code == "54":
        return (code, rest) if found["open"] or found["close"] or rest.isupper() else None
    fits = code in _LABELS and re.match(rf"(?i){_LABELS[code]}", rest)
    return (code, rest) if fits else None


def _abstract(columns: Sequence[Sequence[Line]], words: Vocabulary) -> str:
    """The lines under ABSTRACT, up to a gap or the count of claims."""
    for column in columns:
        for place, line in enumerate(column):
            if re.search(r"\bABSTRACT$", line.text):
                return join_lines([each.text for each in _run(column[place + 1 :])], words)
    return ""


def _run(lines: Sequence[Line]) -> list[Line]:
    run: list[Line] = []
    for line in lines:
        gap = line.y0 - run[-1].y1 > 1.5 * (line.y1 - line.y0) if run else False
        if gap or re.match(r"\d+ Claims?\b", line.text):
            break
        run.append(line)
    return run


def read_old_opening(blocks: Sequence[Block]) -> tuple[FrontPage, list[Block]]:
    """What the first column of a patent from before front pages (1970) says, and the blocks after it.

    Title, inventors, "Filed June 26, 1964, Ser. No. 382,435", classes, and from 1967 an ABSTRACT OF THE DISCLOSURE.
    """
    opening = " ".join(block.text for block in blocks[:OPENING])
    filed = re.search(rf"Filed\W+({_DATE.pattern}).{{0,20}}?No\W+(\d{{1,3}},\d{{3}})", opening)
    if filed is None:
        return FrontPage(), list(blocks)
    title = next((block.text for block in blocks[:OPENING] if block.text.isupper() and len(block.text) > 9), "")
    start = next(i for i, block in enumerate(blocks, 1) if "Filed" in block.text)
    heading = next((i for i in range(start, OPENING) if re.match(r"ABSTRACT\b", blocks[i].text)), None)
    abstract: list[Block] = []
    if heading is not None:
        start = heading + 1
        while start < len(blocks) and not (abstract and blocks[start].space > 1):
            abstract.append(blocks[start])
            start += 1
    return FrontPage(
        title=re.sub(r"^\d,\d{3},\d{3}\s*", "", title),
        abstract=" ".join(block.text for block in abstract),
        filing_date=find_date(filed[1]),
        application=application_number("US", filed[2]),
    ), list(blocks[start:])
