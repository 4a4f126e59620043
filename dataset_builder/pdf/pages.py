"""The pages of a PDF: their words where it has a text layer, and their images.

PDFs come from anywhere, and PDFium can be neither interrupted nor kept small from within its process. So it runs in a
child (`child.py`) that has `SECONDS` and a bounded memory: a page of a million objects or a crash ends the child,
not the caller, and pages read before are kept. Scripts, forms, attached files and links are never looked at.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from dataset_builder.rejects import Unusable
from modeling_patentlmm.image_processing_patentlmm import MAX_PIXELS

MAX_BYTES = 500_000_000
CHILD = str(Path(__file__).with_name("child.py"))  # run by its file: its package imports what takes seconds
SECONDS_OF_TEXT = 120  # for the text of all pages; 25 pages take less than a second
SECONDS_OF_IMAGE = 60


class PdfError(Unusable):
    """A PDF or a page of it that cannot be read; the message is one line with its name."""


@dataclass(frozen=True)
class PdfWord:
    """A word; left, top, right and bottom in points (1/72 inch) from the top left of the page."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True)
class PdfPage:
    """A page: its number from 1, size in points, resolution in dots per inch, the words of its text layer."""

    number: int
    width: float
    height: float
    dpi: float
    words: tuple[PdfWord, ...]


def read_pages(path: Path) -> tuple[list[PdfPage], PdfError | None]:
    """The pages that could be read, in order, and what ended the reading before its end.

    Raises:
        PdfError: no file, too large, too many pages, encrypted, damaged from the start.
    """
    _check_file(path)
    output, error = _run(path, SECONDS_OF_TEXT, "text")
    pages = [_page(json.loads(line)) for line in output.decode().splitlines() if line.endswith("}")]
    if error is not None and not pages:
        raise error
    return pages, error


def page_count(path: Path) -> int:
    """How many pages a PDF has.

    Raises:
        PdfError: as `read_pages`.
    """
    _check_file(path)
    output, error = _run(path, SECONDS_OF_IMAGE, "count")
    if error is not None:
        raise error
    return int(output)


def page_image(path: Path, number: int) -> Image.Image:
    """A page as an image in mode L or RGB: the scan that fills it pixel by pixel, else drawn at 300 dpi.

    Raises:
        PdfError: the file is gone, the page is damaged, larger than `MAX_PIXELS`, or takes too long.
    """
    _check_file(path)
    output, error = _run(path, SECONDS_OF_IMAGE, "image", str(number), str(MAX_PIXELS))
    if error is not None:
        raise error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of images that are within our bounds
        with Image.open(io.BytesIO(output), formats=("PPM",)) as image:
            image.load()
            return image


def _page(fields: dict) -> PdfPage:
    words = tuple(PdfWord(*word) for word in fields["words"])
    return PdfPage(fields["number"], fields["width"], fields["height"], fields["dpi"], words)


def _check_file(path: Path) -> None:
    try:
        size = path.stat().st_size
        with open(path, "rb") as file:
            head = file.read(1024)
    except OSError as error:
        raise PdfError("unreadable", f"{path}: cannot be read ({error.strerror}); check it") from None
    if size > MAX_BYTES:
        raise PdfError("too_large", f"{path}: is larger than {MAX_BYTES} bytes; split it")
    if b"%PDF" not in head:
        raise PdfError("no_pdf", f"{path}: is no PDF; fetch or save it again")


def _run(path: Path, seconds: float, *arguments: str) -> tuple[bytes, PdfError | None]:
    """What a child wrote, and what stopped it."""
    code = f"import runpy, sys; sys.path[:] = {sys.path!r}; runpy.run_path({CHILD!r})['main'](*sys.argv[1:])"
    command, *rest = arguments
    try:
        child = subprocess.run(
            [sys.executable, "-c", code, command, str(path.resolve()), *rest],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as error:
        message = f"{path}: takes more than {seconds} s to read; print it to a new PDF"
        return error.stdout or b"", PdfError("too_slow", message)
    if child.returncode == 0:
        return child.stdout, None
    return child.stdout, _told(path, child.stderr)


def _told(path: Path, errors: bytes) -> PdfError:
    try:
        told = json.loads(errors.splitlines()[-1])
        return PdfError(told["reason"], f"{path}: {told['message']}")
    except (IndexError, KeyError, TypeError, ValueError):
        return PdfError("damaged", f"{path}: its reader broke down over it (crash or memory); print it to a new PDF")
