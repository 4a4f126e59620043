"""What runs in a process of its own to read a PDF with PDFium: words of pages as lines of JSON, their count,
or a page as an image.

Started by `pages.py`; imports little, so that it starts in a fraction of a second. What goes wrong is told in one
line of JSON on standard error: {"reason": ..., "message": ...}.
"""

from __future__ import annotations

import ctypes
import json
import math
import sys
from collections.abc import Iterator

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image, ImageChops

try:
    import resource
except ImportError:  # Windows has no limits of this kind
    resource = None

DPI = 300  # where a page is not one scan: what the patent office prints at
MAX_DPI = 1200
MAX_PAGES = 3_000
MAX_WORDS = 5_000  # of a page; a page of small print has 1,500
MAX_LETTERS = 200  # of a word; longer ones are cut
MAX_OBJECTS = 50_000  # of a page, among which a scan is looked for
MEMORY = 4_000_000_000  # bytes; the largest page that is drawn takes some 2 billion
HYPHEN = "\2"  # what PDFium makes of a hyphen that divides a word; the rest of the word follows without a space
BLOCK, MAX_DIFFERENCE = 32, 24  # pixels and grey levels; scans drawn as they are differ from themselves by up to 12
POINTS = 10  # of PDFium's device per point, whole numbers


class ChildError(ValueError):
    """What the caller is told."""

    def __init__(self, reason: str, message: str):
        super().__init__(message)
        self.reason = reason


def open_pdf(path: str) -> pypdfium2.PdfDocument:
    """The document, without its forms and scripts."""
    try:
        pdf = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise ChildError("encrypted", "is encrypted; save it without a password") from None
        raise ChildError("damaged", "is no whole PDF; fetch or save it again") from None
    if not 1 <= len(pdf) <= MAX_PAGES:
        raise ChildError("too_many_pages", f"has {len(pdf)} pages, and 1 to {MAX_PAGES} are read; split it")
    return pdf


def page_texts(path: str) -> Iterator[dict]:
    """Of each page: number, width and height in points, resolution in dots per inch, words with their boxes."""
    pdf = open_pdf(path)
    for index in range(len(pdf)):
        try:
            page = pdf[index]
            width, height = page.get_size()
            words = list(_words(page)) if width > 0 < height else []
            yield {"number": index + 1, "width": width, "height": height, "dpi": _resolution(page), "words": words}
            page.close()
        except (pypdfium2.PdfiumError, OverflowError, OSError):
            yield {"number": index + 1, "width": 0, "height": 0, "dpi": 0, "words": []}


def page_image(path: str, number: int, max_pixels: int) -> Image.Image:
    """A page at its resolution, grey where it has no colours; a scan that fills it as it is, not drawn anew."""
    pdf = open_pdf(path)
    try:
        page = pdf[number - 1]
        scale = _resolution(page) / 72 - 1e-6  # not one pixel more for what is left over of a point
        width, height = (math.ceil(side * scale) for side in page.get_size())
        if width * height > max_pixels:
            raise ChildError("too_large", f"page {number} has {width}x{height} pixels, more than {max_pixels}")
        drawn = _grey(page.render(scale=scale, may_draw_forms=False).to_pil())
        scan = _scan(page)
        embedded = _grey(scan.get_bitmap().to_pil()) if scan and scan.get_px_size() == drawn.size else drawn
    except (pypdfium2.PdfiumError, IndexError, OverflowError, MemoryError):
        raise ChildError("damaged", f"page {number} cannot be drawn; fetch or save the file again") from None
    return embedded if _is_same(embedded, drawn) else drawn


def _grey(image: Image.Image) -> Image.Image:
    """The image in mode L where it has no colours, else in RGB."""
    if image.mode in ("1", "L"):
        return image.convert("L")
    red, green, blue = image.convert("RGB").split()
    has_colour = ImageChops.difference(red, green).getbbox() or ImageChops.difference(red, blue).getbbox()
    return image.convert("RGB") if has_colour else red


def _is_same(scan: Image.Image, drawn: Image.Image) -> bool:
    """Whether a scan shows what the page shows: not masked, turned, inverted or written upon."""
    if scan.mode != drawn.mode or scan.size != drawn.size:
        return False
    differences = ImageChops.difference(scan.reduce(BLOCK), drawn.reduce(BLOCK)).convert("L")
    return differences.getextrema()[1] <= MAX_DIFFERENCE


def _resolution(page: pypdfium2.PdfPage) -> float:
    """The dots per inch of the scan that fills the page, else `DPI`."""
    scan = _scan(page)
    if scan is None:
        return DPI
    width, height = page.get_size()
    across, down = scan.get_px_size()
    if page.get_rotation() in (90, 270):
        across, down = down, across
    dpi = 72 * across / width
    return dpi if 72 <= dpi <= MAX_DPI and math.isclose(dpi, 72 * down / height, rel_tol=0.02) else DPI


def _scan(page: pypdfium2.PdfPage) -> pypdfium2.PdfImage | None:
    """The image that fills the page, None where there is none."""
    width, height = page.get_size()
    if pdfium.FPDFPage_CountObjects(page) > MAX_OBJECTS:
        return None
    for image in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=1):
        left, bottom, right, top = image.get_bounds()
        if (right - left) * (top - bottom) >= 0.9 * width * height and min(image.get_px_size()) > 0:
            return image
    return None


def _words(page: pypdfium2.PdfPage) -> Iterator[tuple[str, float, float, float, float]]:
    """The words of the text layer, left, top, right and bottom in points of the page as it is shown."""
    text = page.get_textpage()
    letters, box, count = "", (), 0
    for index in range(text.count_chars() + 1):
        letter = _letter(text, index)
        if letter:
            sides = text.get_charbox(index)
            box = (*map(min, box[:2], sides[:2]), *map(max, box[2:], sides[2:])) if letters else sides
            letters += letter.replace(HYPHEN, "-")
        if letters and (letter in ("", HYPHEN) or len(letters) >= MAX_LETTERS):
            yield letters, *_shown(page, box)
            letters, count = "", count + 1
            if count >= MAX_WORDS:
                return


def _letter(text: pypdfium2.PdfTextPage, index: int) -> str:
    """A character of the text layer, "" for one that parts words; `HYPHEN` stands for the one at a line's end."""
    code = pdfium.FPDFText_GetUnicode(text, index) if index < text.count_chars() else 0
    letter = chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else ""
    return letter if letter == HYPHEN or letter.isprintable() and not letter.isspace() else ""


def _shown(page: pypdfium2.PdfPage, box: tuple[float, float, float, float]) -> list[float]:
    """Left, top, right, bottom on the page as shown (turned, cropped) of a box in the page's own coordinates."""
    width, height = (round(side * POINTS) for side in page.get_size())
    x, y = ctypes.c_int(), ctypes.c_int()
    places = []
    for corner in (box[:2], box[2:]):
        pdfium.FPDF_PageToDevice(page, 0, 0, width, height, 0, *corner, x, y)
        places.append((x.value / POINTS, y.value / POINTS))
    (x0, y0), (x1, y1) = places
    return [min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)]


def main(command: str, path: str, *numbers: str) -> None:
    """`text FILE`, `count FILE` or `image FILE PAGE MAX_PIXELS`, to standard output."""
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        if command == "count":
            print(len(open_pdf(path)))
        elif command == "text":
            for page in page_texts(path):
                print(json.dumps(page), flush=True)
        else:
            page_image(path, *map(int, numbers)).save(sys.stdout.buffer, format="PPM")
    except ChildError as error:
        print(json.dumps({"reason": error.reason, "message": str(error)}), file=sys.stderr)
        sys.exit(1)
