"""Uploads: pages one by one, figures upright and separate, what a person corrects, and files that mean harm."""

import struct
import time
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from modeling_patentlmm import FigureReading
from space import uploads
from space.uploads import (
    FoundFigure,
    Limits,
    UploadError,
    cut_again,
    find_figures,
    open_pages,
    read_upload,
    why_no_figure,
)
from tests.tiny_pdf import assembled, text, write_pdf

HEADER = "U.S. Patent   Sep. 2, 1997   Sheet 1 of 2   5,662,999"


def page(size=(900, 700), lines=(), frame=True) -> Image.Image:
    """A 1-bit page with a box in its middle and lines of text (x, y, height, text)."""
    image = Image.new("L", size, 255)
    pen = ImageDraw.Draw(image)
    if frame:
        pen.rectangle([side * length // 10 for side, length in zip((3, 3, 7, 7), size * 2)], outline=0, width=4)
    for x, y, height, line in lines:
        pen.text((x, y), line, 0, font_size=height)
    return image.point(lambda grey: 255 * (grey > 127), "1")


FIGURE = page(lines=[(380, 600, 48, "FIG. 7"), (420, 320, 36, "102")])
SHEET = page((1275, 1650), [(120, 90, 30, HEADER.replace("   ", "      ")), (560, 1350, 40, "FIG. 1")])
FRONT = page((1275, 1650), [(60, 90, 30, "United States Patent [19]"), (60, 140, 30, "[45] Date of Patent")])
PROSE = page(
    (1275, 1650), [(120, 300 + 36 * i, 24, "The valve has a body and a ball which is turned") for i in range(9)], False
)
BLANK = page((1275, 1650), frame=False)


@pytest.fixture
def unread(monkeypatch):
    """No page is read: words are not what these tests are about."""
    nothing = lambda image, engine, rotation=None: FigureReading((), rotation or 0, image.size, engine)  # noqa: E731
    monkeypatch.setattr(uploads, "read_figure", nothing)


def save_tiff(path: Path, pages: list[Image.Image], compression: str = "group4") -> Path:
    pages[0].save(path, save_all=True, append_images=pages[1:], compression=compression)
    return path


# --- pages -----------------------------------------------------------------------------------------------------------


def test_the_pages_of_a_group4_tiff(tmp_path):
    sizes = [(100, 120), (110, 120), (120, 120)]
    pages = open_pages(save_tiff(tmp_path / "a.tif", [page(size) for size in sizes]))
    assert len(pages) == 3 and [each.size for each in pages] == sizes


def test_pages_are_opened_one_by_one(tmp_path):
    path = save_tiff(tmp_path / "a.tif", [page((100, 120)), page((110, 120))], "tiff_deflate")
    with Image.open(path) as image:
        strip = image.tag_v2[273][0]  # StripOffsets of the first page
    data = bytearray(path.read_bytes())
    data[strip : strip + 20] = b"\xff" * 20
    path.write_bytes(data)
    pages = open_pages(path)
    with pytest.raises(UploadError, match=r"^a\.tif: damaged"):
        next(pages)
    assert next(pages).size == (110, 120)
    with pytest.raises(StopIteration):
        next(pages)


def test_content_counts_and_not_the_name(tmp_path):
    FIGURE.save(tmp_path / "a.pdf", format="PNG")
    write_pdf(tmp_path / "b.png", ["150 300 300 200 re S"], size="144 72")
    assert next(open_pages(tmp_path / "a.pdf")).size == FIGURE.size
    assert next(open_pages(tmp_path / "b.png")).size == (600, 300)


def test_a_page_larger_than_any_print_is_made_smaller(tmp_path):
    page((8000, 800)).save(tmp_path / "a.png")
    assert next(open_pages(tmp_path / "a.png")).size == (7000, 700)


# --- figures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("turn", [0, 270])
def test_a_single_figure_without_a_header(turn):
    (figure,) = find_figures(FIGURE.rotate(turn, expand=True), 1, 1)
    assert (figure.label, figure.rotation, figure.sheet.size) == ("7", (360 - turn) % 360, FIGURE.size)
    assert "102" in [word.text for word in figure.reading.words]
    x0, y0, x1, y1 = figure.box
    assert figure.image.size == (x1 - x0, y1 - y0) == figure.reading.size
    assert x0 <= 270 and y0 <= 210 and x1 >= 630 and y1 >= 630


def test_the_figures_of_a_sheet_of_a_pdf(tmp_path):
    strokes = "40 150 100 80 re S 220 150 100 80 re S "
    labels = "".join(text(x, 792 - 90, label, 16) for x, label in ((60, "FIG. 2A"), (240, "FIG. 2B")))
    (read,) = read_upload(write_pdf(tmp_path / "a.pdf", [strokes + labels], size="360 260"))
    assert read.note is None and [figure.label for figure in read.figures] == ["2A", "2B"]
    assert all(figure.page == figure.pages == 1 for figure in read.figures)


def test_of_a_whole_patent_only_the_sheets(tmp_path):
    pages = list(read_upload(save_tiff(tmp_path / "patent.tif", [FRONT, SHEET, PROSE, BLANK])))
    assert [[figure.label for figure in read.figures] for read in pages] == [[], ["1"], [], []]
    assert [read.page for read in pages] == [1, 2, 3, 4] and {read.pages for read in pages} == {4}
    assert pages[1].note is None
    for read, why in zip([pages[0], *pages[2:]], ["front page", "text", "blank"]):
        assert why in read.note and f"Page {read.page} of 4" in read.note
    assert "Sheet" not in [word.text for word in pages[1].figures[0].reading.words]


def test_a_table_on_a_sheet_is_a_figure(unread):
    table = PROSE.copy()
    ImageDraw.Draw(table).text((120, 60), HEADER, 0, font_size=30)
    assert why_no_figure(table, 3, 4) is None and "text" in why_no_figure(PROSE, 3, 4)


def test_a_single_page_is_a_figure_whatever_it_shows(unread):
    assert len(find_figures(PROSE, 1, 1)) == 1
    assert find_figures(BLANK, 1, 1) == [] and "blank" in why_no_figure(BLANK, 1, 1)


def test_white_on_black_is_shown_black_on_white(unread):
    negative = FIGURE.convert("L").point(lambda grey: 255 - grey)
    (figure,) = find_figures(negative, 1, 1)
    assert np.median(figure.sheet) == np.median(figure.image) == np.median(cut_again(figure).image) == 255


# --- corrections -----------------------------------------------------------------------------------------------------


def found(box=(100, 50, 400, 350)) -> FoundFigure:
    reading = FigureReading((), 0, (300, 300), "by hand")
    noise = np.random.default_rng(0).integers(0, 255, (700, 900), dtype=np.uint8)
    sheet = Image.fromarray(noise)
    return FoundFigure(2, 5, sheet, 90, box, sheet.crop(box), "3", reading)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(
    rotation=st.sampled_from([-90, 0, 90, 180, 270, 450]),
    corner=st.tuples(st.integers(0, 800), st.integers(0, 600)),
    size=st.tuples(st.integers(20, 100), st.integers(20, 100)),
)
def test_a_turned_figure_is_the_same_part_of_the_page(unread, rotation, corner, size):
    figure = found((*corner, corner[0] + size[0], corner[1] + size[1]))
    turned = cut_again(figure, rotation)
    assert turned.rotation == rotation % 360
    assert turned.image.tobytes() == figure.image.rotate(rotation - figure.rotation, expand=True).tobytes()
    back = cut_again(turned, figure.rotation)
    assert back.box == figure.box and back.sheet.tobytes() == figure.sheet.tobytes()
    assert (turned.page, turned.pages, turned.reading.size) == (2, 5, turned.image.size)


def test_a_crop_is_cut_to_the_page_and_its_corners_put_in_order(unread):
    assert cut_again(found(), box=(1200, 300, -20.4, 100)).box == (0, 100, 900, 300)


def test_a_crop_is_read_again():
    figure = FoundFigure(1, 1, FIGURE, 0, (0, 0, 90, 90), FIGURE.crop((0, 0, 90, 90)), None, found().reading)
    cut = cut_again(figure, box=(200, 150, 700, 690))
    assert cut.label == "7" and "102" in [word.text for word in cut.reading.words]


@pytest.mark.parametrize("rotation, box, why", [(45, None, "cannot be turned by 45"), (90, (5, 5, 9, 90), "crop")])
def test_what_cannot_be_cut(unread, rotation, box, why):
    with pytest.raises(UploadError, match=why):
        cut_again(found(), rotation, box)


# --- limits ----------------------------------------------------------------------------------------------------------


def refused(path: Path, **limits: int) -> str:
    started = time.perf_counter()
    with pytest.raises(UploadError) as caught:
        open_pages(path, Limits(**limits))
    assert time.perf_counter() - started < 10
    message = str(caught.value)
    assert message.startswith(f"{path.name}: ") and message.endswith(".") and "\n" not in message
    assert str(path.parent) not in message
    return message


def test_no_more_than_the_limits(tmp_path, unread):
    path = save_tiff(tmp_path / "a.tif", [page()] * 3)
    assert "has 3 pages, more than 2" in refused(path, max_pages=2)
    assert "more than 0 MB" in refused(path, max_bytes=100)
    pages = list(read_upload(path, Limits(max_figures=1)))
    assert [len(read.figures) for read in pages] == [1, 0] and "more than 1 figures" in pages[1].note


def test_a_pdf_of_many_pages(tmp_path):
    assert "has 61 pages, more than 60" in refused(write_pdf(tmp_path / "a.pdf", [""] * 61))
    assert "3001 pages" in refused(write_pdf(tmp_path / "b.pdf", [""] * 3001))


def test_a_page_as_large_as_a_house_is_told_and_the_next_is_read(tmp_path, unread):
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Count 3 /Kids [3 0 R 4 0 R 6 0 R] >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 14400 14400] >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 5 0 R >>",
        "<< /Length 20 >>\nstream\n40 50 100 80 re S   \nendstream",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 2 200] >>",
    ]
    (tmp_path / "a.pdf").write_bytes(assembled(objects))
    large, figure, narrow = read_upload(tmp_path / "a.pdf")
    assert large.note.startswith("a.pdf: page 1 has 60000x60000 pixels") and not large.figures
    assert len(figure.figures) == 1 and "page 3 is too small" in narrow.note


def test_a_page_that_breaks_the_reader_does_not_cost_the_others(tmp_path, unread, monkeypatch):
    split = uploads.split_sheet

    def breaks_once(image, reading):
        monkeypatch.setattr(uploads, "split_sheet", split)
        raise MemoryError

    monkeypatch.setattr(uploads, "split_sheet", breaks_once)
    first, second = read_upload(save_tiff(tmp_path / "a.tif", [page((900, 701)), page()]))
    assert first.note == "Page 1 of 2 could not be read (MemoryError); please report this page."
    assert len(second.figures) == 1 and second.note is None


# --- files that mean harm --------------------------------------------------------------------------------------------


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


def tiff_of_many_pages(count: int) -> bytes:
    """Each page is a directory of its width, its height, where its strip is, and where the next directory is."""
    pages = [
        struct.pack("<HHHIIHHIIHHIII", 3, 256, 3, 1, 20, 257, 3, 1, 20, 273, 4, 1, 8, 8 + 42 * (index + 1))
        for index in range(count)
    ]
    return struct.pack("<2sHI", b"II", 42, 8) + b"".join(pages)


def encrypted_pdf() -> bytes:
    secret = "<" + "00" * 32 + ">"
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Count 0 /Kids [] >>"]
    objects.append(f"<< /Filter /Standard /V 1 /R 2 /O {secret} /U {secret} /P -4 >>")
    return assembled(objects, f"/Encrypt 3 0 R /ID [{secret} {secret}]")


HOSTILE = {
    "empty.png": (b"", "is empty"),
    "svg.png": (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "is SVG or XML"),
    "page.png": (b"<!DOCTYPE html><html><img src=http://localhost:9/></html>", "is not an image"),
    "noise.tif": (bytes(range(256)) * 20, "is not an image"),
    "bomb.png": (png(60_000, 60_000), "150000000 pixels"),
    "thin.png": (png(3, 5_000), "too small"),
    "pages.tif": (tiff_of_many_pages(10_000), "more than 64 pages"),
    "secret.pdf": (encrypted_pdf(), "encrypted"),
    "torn.pdf": (b"%PDF-1.7\n" + b"\0" * 500, "no whole PDF"),
    "script.ps": (b"%!PS\n(secret) (r) file", "is PostScript"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_means_harm(tmp_path, name):
    data, why = HOSTILE[name]
    (tmp_path / name).write_bytes(data)
    assert why in refused(tmp_path / name)


def test_a_zip_bomb_is_no_figure(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.png", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("zeros", bytes(20_000_000))
    assert "is not an image" in refused(tmp_path / "bomb.png")


def test_what_is_no_file(tmp_path):
    assert "upload it again" in refused(tmp_path / "gone.png")
    (tmp_path / "folder.png").mkdir()
    assert "folder.png: " in refused(tmp_path / "folder.png")
