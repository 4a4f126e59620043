"""An uploaded file to upright, separate figures: pages opened one by one, turned, split and read.

Uploads come from strangers: what a file is, is told from its content; its bytes, pages and pixels are bounded before
anything is decoded; PDFs are drawn in a bounded process of their own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from dataset_builder.pdf import PdfError, kind_of_scan, looks_of, page_count, page_image, readable
from dataset_builder.sheets import split_sheet, upright_sheet
from modeling_patentlmm import FigureError, FigureReading, read_figure, take_inventory
from modeling_patentlmm.image_processing_patentlmm import MIN_SIDE, count_pages, open_page

ENGINE = "rapidocr"
HEADER = 0.07  # of a page's height, in which the header of a sheet stands
NOT_DRAWN = {
    "blank": "is blank",
    "text": "looks like a page of text, not like a drawing",
    "front": "is the front page of a patent, not a drawing sheet",
}

Box = tuple[int, int, int, int]


class UploadError(ValueError):
    """What a person is told of a file that cannot be used: one sentence with its name, what is wrong and the remedy."""


@dataclass(frozen=True)
class Limits:
    """What of an upload is taken; the bounds on pixels are those of `open_figure` and of the PDF reader."""

    max_bytes: int = 50_000_000
    max_pages: int = 60
    max_figures: int = 120


@dataclass(frozen=True)
class FoundFigure:
    """A figure on a page of an upload.

    `page` counts from 1 to `pages`. `sheet` is the page turned upright by `rotation` degrees counter-clockwise, dark on
    white; `box` (x0, y0, x1, y1) is where the figure lies on it, in pixels. `image` is the figure cut out, what belongs
    to its neighbours blanked; `reading` has its words in 0..1000 of `image`. `label` is None where none was read.
    """

    page: int
    pages: int
    sheet: Image.Image
    rotation: int
    box: Box
    image: Image.Image
    label: str | None
    reading: FigureReading


@dataclass(frozen=True)
class ReadPage:
    """What a page of an upload gave: its figures, and a sentence where it gave none or not all."""

    page: int
    pages: int
    figures: tuple[FoundFigure, ...]
    note: str | None = None


class Pages(Iterator[Image.Image]):
    """The pages of a file as images, each opened when it is asked for; `len` is how many the file has.

    A page larger than any print is made smaller. Asking for one that cannot be opened raises UploadError; the one after
    it can be asked for all the same.
    """

    def __init__(self, path: Path, count: int, is_pdf: bool):
        self.path, self.count, self.is_pdf = path, count, is_pdf
        self.number = 0  # of the page given last

    def __len__(self) -> int:
        return self.count

    def __next__(self) -> Image.Image:
        if self.number == self.count:
            raise StopIteration
        self.number += 1
        try:
            return readable(self._image())
        except (FigureError, PdfError) as error:
            raise _told(self.path, error) from None

    def _image(self) -> Image.Image:
        if not self.is_pdf:
            return open_page(self.path, self.number - 1)
        image = page_image(self.path, self.number)
        if min(image.size) < MIN_SIDE:
            raise FigureError(f"{self.path}: page {self.number} is too small to hold a figure; save it larger")
        return image


def open_pages(path: str | os.PathLike, limits: Limits = Limits()) -> Pages:
    """The pages of a PNG, JPEG, WebP, GIF, BMP, TIFF (all pages) or PDF, whatever its name ends in.

    Raises:
        UploadError: missing, empty, too large, too many pages, encrypted, damaged, or of another kind.
    """
    path = Path(path)
    try:
        is_pdf = _is_pdf(path, limits)
        count = page_count(path) if is_pdf else count_pages(path)
    except (FigureError, PdfError) as error:
        raise _told(path, error) from None
    if count > limits.max_pages:
        raise UploadError(f"{path.name}: has {count} pages, more than {limits.max_pages}; upload it in parts.")
    return Pages(path, count, is_pdf)


def _is_pdf(path: Path, limits: Limits) -> bool:
    """Whether a file is a PDF by its content; refuses a file that is too large to be looked into."""
    try:
        size = path.stat().st_size
        if size > limits.max_bytes:
            most = f"{limits.max_bytes / 1e6:.0f} MB"
            raise UploadError(f"{path.name}: has {size / 1e6:.0f} MB, more than {most}; split it or save it smaller.")
        with open(path, "rb") as file:
            return b"%PDF" in file.read(1024)
    except OSError as error:
        raise UploadError(f"{path.name}: cannot be read ({error.strerror}); upload it again.") from None


def _told(path: Path, error: Exception) -> UploadError:
    """The error as a sentence with the file's name in place of where it lies here."""
    return UploadError(f"{str(error).replace(str(path), path.name)}.")


def find_figures(page: Image.Image, number: int, pages: int, engine: str = ENGINE) -> list[FoundFigure]:
    """The figures of a page, `number` of `pages`, in reading order.

    A page among several that shows no drawing (blank, text, the front page of a patent) has none;
    `why_no_figure` says so. A single page is a figure whatever it shows, if it is not blank.
    """
    return [] if why_no_figure(page, number, pages) else _split(page, number, pages, engine)


def _split(page: Image.Image, number: int, pages: int, engine: str) -> list[FoundFigure]:
    reading = read_figure(page, engine)
    split = split_sheet(page, reading)
    sheet = upright_sheet(page, reading.rotation)
    return [
        FoundFigure(number, pages, sheet, reading.rotation, drawn.box, drawn.image, drawn.label, drawn.reading)
        for drawn in split.figures
    ]


def why_no_figure(page: Image.Image, number: int, pages: int) -> str | None:
    """A sentence that says why a page holds no figure, None where it may hold one."""
    looks = looks_of(page)
    if looks == "text" and (pages == 1 or kind_of_scan(page, HEADER).name == "sheet"):
        return None  # a table on a sheet, for example
    if pages > 1 and number == 1 and looks == "drawing":
        looks = kind_of_scan(page).name
    if looks not in NOT_DRAWN:
        return None
    return f"Page {number} of {pages} {NOT_DRAWN[looks]}; upload it alone as an image if it is a figure."


def cut_again(
    figure: FoundFigure, rotation: int | None = None, box: Box | None = None, engine: str = ENGINE
) -> FoundFigure:
    """The figure as a person wants it turned and cut, read again.

    Args:
        rotation: degrees counter-clockwise that turn the page as it was uploaded, as `FoundFigure.rotation`; None
            leaves it.
        box: in pixels of the page turned like that; None is the same part of the page as before.

    Raises:
        UploadError: the rotation is no multiple of 90, or less than a figure is left.
    """
    rotation = figure.rotation if rotation is None else rotation
    if rotation % 90:
        raise UploadError(f"The page cannot be turned by {rotation} degrees; choose 0, 90, 180 or 270.")
    turn = (rotation - figure.rotation) % 360
    box = _turned(figure.box, figure.sheet.size, turn) if box is None else box
    sheet = figure.sheet.rotate(turn, expand=True)
    return _cut(replace(figure, sheet=sheet, rotation=rotation % 360, box=_within(box, sheet.size)), engine)


def _cut(figure: FoundFigure, engine: str = ENGINE) -> FoundFigure:
    """The figure with what its box holds, read."""
    image = figure.sheet.crop(figure.box)
    reading = read_figure(image, engine, rotation=0)
    return replace(figure, image=image, reading=reading, label=take_inventory(*reading.columns).label)


def _turned(box: Box, size: tuple[int, int], turn: int) -> Box:
    """Where a box lies on a page of `size` after it is turned counter-clockwise."""
    for _ in range(turn // 90):
        box, size = (box[1], size[0] - box[2], box[3], size[0] - box[0]), size[::-1]
    return box


def _within(box: Box, size: tuple[int, int]) -> Box:
    """The part of a box that is on the page, its corners in order."""
    (x0, x1), (y0, y1) = (
        sorted(min(max(round(side), 0), length) for side in box[axis::2]) for axis, length in enumerate(size)
    )
    if min(x1 - x0, y1 - y0) < MIN_SIDE:
        raise UploadError(f"The crop holds {x1 - x0} by {y1 - y0} pixels; make it {MIN_SIDE} each way at least.")
    return x0, y0, x1, y1


def read_upload(path: str | os.PathLike, limits: Limits = Limits(), engine: str = ENGINE) -> Iterator[ReadPage]:
    """The pages of a file with their figures, one after the other as they are read; none is left out in silence.

    Raises:
        UploadError: as `open_pages`, before the first page; what is wrong with a single page is its note.
    """
    return _read_pages(open_pages(path, limits), limits, engine)


def _read_pages(pages: Pages, limits: Limits, engine: str) -> Iterator[ReadPage]:
    left = limits.max_figures
    for number in range(1, len(pages) + 1):
        read = _read_page(pages, number, engine)
        if len(read.figures) > left:
            most = f"more than {limits.max_figures} figures"
            note = f"{pages.path.name}: has {most}; upload the pages from {number} on in a file of their own."
            yield replace(read, figures=read.figures[:left], note=note)
            return
        left -= len(read.figures)
        yield read


def _read_page(pages: Pages, number: int, engine: str) -> ReadPage:
    count = len(pages)
    try:
        page = next(pages)
        why_not = why_no_figure(page, number, count)
        figures = () if why_not else tuple(_split(page, number, count, engine))
    except UploadError as error:
        return ReadPage(number, count, (), str(error))
    # One page that breaks something must not cost the others their figures.
    except Exception as error:
        why = f"Page {number} of {count} could not be read ({type(error).__name__}); please report this page."
        return ReadPage(number, count, (), why)
    note = None if figures else why_not or f"Page {number} of {count}: no figure was found on it."
    return ReadPage(number, count, figures, note)
