"""Patent PDFs, with a text layer or scanned, to patents: their sheets, front page, paragraphs and claims.

Text comes from the text layer where a page has one, else, if asked for, from the project's reader. All of a PDF is read
in a child process with bounds (`pages.py`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tqdm import tqdm

from dataset_builder.patent import Paragraph, Patent, Sheet
from dataset_builder.pdf.claims import split_claims
from dataset_builder.pdf.columns import read_columns
from dataset_builder.pdf.front_page import FrontPage, find_date, read_front_page, read_old_opening
from dataset_builder.pdf.kinds import Glimpse, PageKind, kinds_of, settled
from dataset_builder.pdf.pages import PdfError, PdfPage, PdfWord, page_image, read_pages
from dataset_builder.pdf.paragraphs import Block, to_blocks, vocabulary
from dataset_builder.pdf.scans import ENGINE, glimpse_of, read_words
from dataset_builder.redbook.numbers import kind_of
from dataset_builder.rejects import Rejects
from modeling_patentlmm.ocr_patentlmm import engine_version

MIN_WORDS = 40  # a text layer with fewer is none
MAX_GLIMPSES = 400  # pages of a file that are looked at; each takes a second


def read_pdf(path: str | Path, rejects: Rejects, read_text: bool = False) -> Iterator[Patent]:
    """The patents of one PDF, or of the .pdf files of a folder, in the order of their names.

    `read_text` has text pages without a text layer read by the project's reader (10 s and more a page; `source` says
    so), else they are left out. Files and pages that are left out go into `rejects`. The images of the sheets are made
    when they are asked for, at the resolution of the scan.

    Raises:
        FileNotFoundError: there is no such file or folder, or the folder holds no PDFs.
    """
    path = Path(path)
    files = sorted(each for each in path.iterdir() if each.suffix.lower() == ".pdf") if path.is_dir() else [path]
    if not files or not all(file.is_file() for file in files):
        raise FileNotFoundError(f"{path}: no PDF is here; name one, or the folder that holds them")
    for file in tqdm(files, desc="PDFs", unit="file", disable=None if len(files) > 1 else True):
        try:
            yield _Reading(file, rejects, read_text).patent()
        except PdfError as error:
            rejects.add(str(file), file.stem, error.reason, str(error))


class _Reading:
    """One PDF being read."""

    def __init__(self, path: Path, rejects: Rejects, read_text: bool):
        self.path, self.rejects, self.read_text = path, rejects, read_text
        self._glimpses = 0

    def patent(self) -> Patent:
        pages = self._pages()
        found = list(kinds_of(pages, self._glimpse))
        kinds = settled([kind for kind, _ in found])
        headers = [row for _, rows in found for row in rows]
        pages, read = self._with_text(pages, kinds)
        sheets, text = self._sheets(pages, kinds), _text(pages, kinds)
        if not sheets and not text.claims and not _named("front", pages, kinds):
            raise PdfError("no_patent", f"{self.path}: has no sheets, front page or claims; name a US patent")
        self._tell_left_out(pages, kinds)
        patent_id, front = patent_number(headers, self.path), text.front
        return Patent(
            patent_id=patent_id,
            title=front.title or next((block.text for block in text.blocks if block.is_heading), ""),
            kind=kind_of(patent_id),
            publication_date=front.publication_date or find_date(" ".join(headers)),
            filing_date=front.filing_date,
            priority_date=front.priority_date,
            application=front.application,
            related=front.related,
            abstract=front.abstract,
            claims=text.claims,
            paragraphs=tuple(_paragraph(place, block) for place, block in enumerate(text.blocks, 1)),
            sheets=sheets,
            figure_count=front.figure_count,
            sheet_count=front.sheet_count or next((kind.count for kind in kinds if kind.count), None),
            source=_source(self.path, read),
        )

    def _pages(self) -> list[PdfPage]:
        pages, error = read_pages(self.path)
        if error is not None:
            self._leave_out(f"pages after {pages[-1].number}", error)
        return pages

    def _leave_out(self, item: str, error: PdfError) -> None:
        self.rejects.add(str(self.path), item, error.reason, str(error))

    def _glimpse(self, page: PdfPage) -> Glimpse:
        """A look at the image of a page, as long as not too many were looked at."""
        self._glimpses += 1
        try:
            if self._glimpses > MAX_GLIMPSES:
                message = (
                    f"{self.path}: page {page.number} is after {MAX_GLIMPSES} pages without a text layer; split it"
                )
                raise PdfError("too_many_scans", message)
            image = page_image(self.path, page.number)
        except PdfError as error:
            self._leave_out(f"page {page.number}", error)
            return Glimpse((), "unreadable")
        return glimpse_of(image, page.width, page.height)

    def _with_text(self, pages: Sequence[PdfPage], kinds: Sequence[PageKind]) -> tuple[list[PdfPage], list[int]]:
        """The pages, those of text without a text layer read where that is wanted; and the numbers of these."""
        texts = [*_named("front", pages, kinds), *_named("text", pages, kinds)]
        silent = [page.number for page in texts if len(page.words) < MIN_WORDS]
        if not self.read_text:
            for number in silent:
                message = f"{self.path}: page {number} is text without a text layer; have it read (read_text)"
                self._leave_out(f"page {number}", PdfError("no_text_layer", message))
            return list(pages), []
        bar = tqdm(silent, desc=f"reading {self.path.name}", unit="page", disable=None if silent else True)
        words = {number: self._read_page(pages[number - 1]) for number in bar}
        found = [replace(page, words=words.get(page.number) or page.words) for page in pages]
        return found, [number for number in silent if words[number]]

    def _read_page(self, page: PdfPage) -> tuple[PdfWord, ...]:
        try:
            return read_words(page_image(self.path, page.number), page.width, page.height)
        except PdfError as error:
            self._leave_out(f"page {page.number}", error)
            return ()

    def _tell_left_out(self, pages: Sequence[PdfPage], kinds: Sequence[PageKind]) -> None:
        for page, kind in zip(pages, kinds):
            if kind.name in ("blank", "other"):
                what = "is blank" if kind.name == "blank" else "is neither a drawing sheet nor text"
                error = PdfError(f"{kind.name}_page", f"{self.path}: page {page.number} {what}")
                self._leave_out(f"page {page.number}", error)

    def _sheets(self, pages: Sequence[PdfPage], kinds: Sequence[PageKind]) -> tuple[Sheet, ...]:
        return tuple(
            Sheet(
                name=f"page {page.number}",
                number=kind.number,
                size_mm=(round(page.width / 72 * 25.4, 1), round(page.height / 72 * 25.4, 1)),
                open=partial(page_image, self.path, page.number),
            )
            for page, kind in zip(pages, kinds)
            if kind.name == "sheet"
        )


def _named(name: str, pages: Sequence[PdfPage], kinds: Sequence[PageKind]) -> list[PdfPage]:
    return [page for page, kind in zip(pages, kinds) if kind.name == name]


@dataclass(frozen=True)
class _Text:
    """The text of a PDF; `front` is what the front page says, or the opening of a text from before there were any."""

    front: FrontPage
    blocks: list[Block]
    claims: tuple[str, ...]


def _text(pages: Sequence[PdfPage], kinds: Sequence[PageKind]) -> _Text:
    columns = [
        column for page in _named("text", pages, kinds) for column in read_columns(page.words, page.width, page.height)
    ]
    words = vocabulary(columns)
    described, claims = split_claims(columns, words)
    blocks = to_blocks(described, words)
    fronts = _named("front", pages, kinds)
    front, blocks = (read_front_page(fronts[0], words), blocks) if fronts else read_old_opening(blocks)
    return _Text(front, blocks, claims)


# --- the patent ------------------------------------------------------------------------------------------------------

_PUBLICATION = re.compile(r"\bUS\s?(\d{4})\s?/\s?([\dO]{7})\s?(A\d)")
_GRANT = re.compile(
    r"(?<![\w/,])(?:US\s?)?(?P<series>RE|Re\.|PP|D|Des\.)?\s?(?P<number>\d{1,2}[,.]\d{3}[,.]\d{3}|\d{2,3}[,.]\d{3})"
    r"(?:\s(?P<code>[BSPEH]\d?))?(?![\w/,])"
)
_IN_NAME = re.compile(r"US(?:D|RE|PP)?\d{5,11}(?:[A-Z]\d?)?")
_CODES = {"D": "S", "RE": "E", "PP": "P"}  # of grants before 2001, which print none


def patent_number(headers: Sequence[str], path: Path) -> str:
    """The number that most headers print, as country, number and kind; else the one in the file's name."""
    votes: Counter = Counter()
    for row in headers:
        votes.update(f"US{year}{number.replace('O', '0')}{code}" for year, number, code in _PUBLICATION.findall(row))
        for found in _GRANT.finditer(row):
            series = {"RE.": "RE", "DES.": "D"}.get((found["series"] or "").upper(), found["series"] or "")
            if series or found["number"].count(",") + found["number"].count(".") == 2:
                code = found["code"] or _CODES.get(series, "A")
                votes[f"US{series}{re.sub(r'[,.]', '', found['number'])}{code}"] += 1
    named = _IN_NAME.search(path.stem)
    if votes:
        return votes.most_common(1)[0][0]
    if named:
        return named.group()
    raise PdfError("no_patent", f"{path}: prints no patent number; name a US patent or application")


def _paragraph(place: int, block: Block) -> Paragraph:
    return Paragraph(f"p-{place:04d}", block.text, block.number, block.is_heading)


def _source(path: Path, read: Sequence[int]) -> str:
    """The file, and which of its pages were read rather than taken from a text layer."""
    pages = ", ".join(map(str, read))
    return f"{path.name} (read by {engine_version(ENGINE)}: page {pages})" if read else path.name
