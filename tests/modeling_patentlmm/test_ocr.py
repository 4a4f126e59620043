"""Reading a figure: order of words, words and boxes, the way up, the page header, engines that are missing."""

import os
import random
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

import modeling_patentlmm.lettering_patentlmm as lettering
import modeling_patentlmm.ocr_patentlmm as ocr
from modeling_patentlmm.lettering_patentlmm import Line
from modeling_patentlmm.numerals_patentlmm import find_labels
from modeling_patentlmm.ocr_patentlmm import EngineError, FigureReading, read_figure, reading_order
from modeling_patentlmm.sheet_patentlmm import Piece, Sheet, split_header

LABEL_CUTS = Path(__file__).parent.parent / "data" / "labels"
CORNER, SIDE = st.integers(0, 900), st.integers(1, 100)
BOX = st.builds(lambda x, y, width, height: (x, y, x + width, y + height), CORNER, CORNER, SIDE, SIDE)


@given(st.lists(BOX, max_size=40, unique=True), st.randoms(use_true_random=False), st.sampled_from([0.5, 1.0, 1.6]))
@settings(max_examples=60, deadline=None)
def test_order_does_not_depend_on_the_order_given(boxes, rng, aspect):
    shuffled = rng.sample(boxes, len(boxes))
    expected = [boxes[i] for i in reading_order(boxes, aspect)]
    assert [shuffled[i] for i in reading_order(shuffled, aspect)] == expected
    assert sorted(expected) == sorted(boxes)


def test_a_name_and_the_numeral_under_it_stay_together():
    left = {"CONTROL": (100, 100, 190, 120), "UNIT": (195, 101, 240, 121), "102": (150, 128, 190, 148)}
    right = {"POWER": (600, 97, 680, 117), "SUPPLY": (590, 125, 690, 145), "104": (620, 153, 660, 173)}
    words = {"204": (300, 400, 340, 420), **right, **left}
    order = reading_order(list(words.values()))
    assert [list(words)[i] for i in order] == ["CONTROL", "UNIT", "102", "POWER", "SUPPLY", "104", "204"]


def test_thousands_of_boxes_are_ordered_soon_and_none_has_an_order():
    rng = random.Random(1)
    corners = [(rng.randint(0, 950), rng.randint(0, 980)) for _ in range(2000)]
    boxes = [(x, y, x + rng.randint(5, 50), y + 12) for x, y in corners]
    assert sorted(reading_order(boxes)) == list(range(2000))
    assert reading_order([]) == []


def lettered(*lines: tuple[str, int, int], size: tuple[int, int] = (900, 600), height: int = 26) -> Image.Image:
    """A white sheet with lines of text at x, y."""
    sheet = Image.new("L", size, 255)
    font = ImageFont.load_default(height)
    for text, x, y in lines:
        ImageDraw.Draw(sheet).text((x, y), text, fill=0, font=font)
    return sheet


def figure() -> Image.Image:
    """A block diagram with numerals on lead lines."""
    names = ("CONTROL UNIT", 130, 140), ("POWER SUPPLY", 530, 140), ("MEMORY", 165, 400), ("FIG. 2", 400, 530)
    sheet = lettered(*names, ("102", 330, 60), ("104", 760, 60), ("106", 330, 330))
    draw = ImageDraw.Draw(sheet)
    for box in ((100, 110, 350, 200), (500, 110, 760, 200), (100, 370, 350, 460)):
        draw.rectangle(box, outline=0, width=3)
    leads = (325, 80, 290, 110), (755, 80, 700, 110), (325, 350, 290, 370)
    for line in (*leads, (350, 155, 500, 155), (220, 200, 220, 370)):
        draw.line(line, fill=0, width=3)
    return sheet


def texts(reading: FigureReading) -> list[str]:
    return [word.text for word in reading.words]


needs_rapidocr = pytest.mark.skipif(
    any(lettering.find_spec(name) is None for name in ("rapidocr", "onnxruntime", "cv2")), reason="rapidocr is missing"
)


@needs_rapidocr
def test_words_and_boxes_of_a_figure_are_read():
    reading = read_figure(figure())
    assert {"CONTROL", "UNIT", "POWER", "SUPPLY", "MEMORY", "102", "104", "106", "FIG.", "2"} <= set(texts(reading))
    assert (reading.rotation, reading.size, reading.left_out) == (0, (900, 600), ())
    assert reading.engine == f"rapidocr {ocr.version('rapidocr')}"
    assert all(0.5 <= word.confidence <= 1 for word in reading.words)
    x0, y0, x1, y1 = next(word.box for word in reading.words if word.text == "104")
    assert x0 < 1000 * 780 / 900 < x1 and y0 < 1000 * 75 / 600 < y1 and x1 - x0 < 90


@needs_rapidocr
def test_a_figure_reads_the_same_whatever_the_number_of_threads():
    one, three = (read_figure(figure(), threads=threads) for threads in (1, 3))
    assert one == three and one.words


@needs_rapidocr
def test_crops_are_read_in_the_order_given():
    read = [str(number) for number in (10, 204, 8, 31006, 77, 5, 112, 64, 2040, 9)]
    crops = [np.asarray(lettered((text, 6, 2), size=(12 + 20 * len(text), 34))) for text in read]
    reader = lettering.load_lettering(2)
    lines = [line.text for line in reader.recognise(crops)]
    assert sum(map(str.__eq__, lines, read)) >= 8 and reader.recognise([]) == []
    assert [line.text for line in reader.recognise(crops[::-1])][::-1] == lines


@needs_rapidocr
@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_turned_figure_is_found_upright(rotation):
    turned = figure().rotate(-rotation, expand=True, fillcolor=255)
    reading = read_figure(turned)
    assert reading.rotation == rotation
    assert reading.size == (900, 600)
    assert {"CONTROL", "102", "104", "106"} <= set(texts(reading))
    x0, y0, _, _ = next(word.box for word in reading.words if word.text == "104")
    assert x0 > 800 and y0 < 150


@needs_rapidocr
def test_white_on_black_and_transparent_figures_are_read():
    ink = Image.eval(figure(), lambda value: 255 - value)
    clear = Image.merge("RGBA", (Image.new("L", ink.size, 0),) * 3 + (ink,))
    for image in (ink, clear):
        assert {"CONTROL", "102", "104", "106"} <= set(texts(read_figure(image)))


@needs_rapidocr
def test_a_given_rotation_is_taken():
    reading = read_figure(figure().rotate(-90, expand=True, fillcolor=255), rotation=90)
    assert reading.rotation == 90 and "CONTROL" in texts(reading)


@needs_rapidocr
def test_the_header_of_the_sheet_is_left_out_also_beside_the_drawing():
    office, number = ("U.S. Patent", 30, 20), ("4,663,735", 750, 20)
    header = lettered(office, ("May 5, 1987", 300, 24), ("Sheet 3 of 8", 560, 24), number)
    page = Image.new("L", (900, 1300), 255)
    page.paste(header.crop((0, 0, 900, 70)), (0, 30))
    upright = page.copy()
    upright.paste(figure(), (0, 300))
    reading = read_figure(upright)
    assert {"102", "CONTROL"} <= set(texts(reading))
    assert not {"Patent", "Sheet", "4,663,735", "1987"} & set(texts(reading))
    assert {"Patent", "Sheet", "4,663,735"} <= {word.text for word in reading.left_out}
    page.paste(figure().rotate(90, expand=True), (200, 200))
    sideways = read_figure(page)
    assert sideways.rotation == 270 and {"102", "CONTROL"} <= set(texts(sideways))
    assert not {"Patent", "Sheet", "4,663,735", "1987"} & set(texts(sideways))
    assert all(word.box[0] > 850 for word in sideways.left_out)


@needs_rapidocr
@pytest.mark.parametrize(("mode", "size", "colour"), [("L", (640, 480), 255), ("1", (40, 30), 1), ("L", (1, 1), 0)])
def test_nothing_is_read_from_a_blank_page(mode, size, colour):
    image = Image.new(mode, size, colour)
    reading = read_figure(image)
    assert reading.words == () and reading.rotation == 0 and reading.size == image.size


@needs_rapidocr
def test_a_lead_line_beside_a_numeral_is_no_digit():
    sheet = lettered(("310", 300, 200), ("312", 300, 300), ("314", 300, 400), ("FIG. 3", 400, 520))
    draw = ImageDraw.Draw(sheet)
    for y in (218, 318, 418):
        draw.line((120, y + 60, 296, y), fill=0, width=2)
        draw.arc((355, y - 10, 385, y + 12), 180, 360, fill=0, width=2)
        draw.line((385, y, 560, y - 50), fill=0, width=2)
    assert {"310", "312", "314"} <= set(texts(read_figure(sheet)))


def test_ink_that_reaches_out_of_a_crop_is_wiped_off():
    sheet = lettered(("310", 300, 200))
    clean, tight, wiped = Sheet(np.asarray(sheet)).cut_lettering((290, 195, 355, 235))
    ImageDraw.Draw(sheet).line((294, 0, 294, 599), fill=0, width=2)
    again, same, wiped_now = Sheet(np.asarray(sheet)).cut_lettering((290, 195, 355, 235))
    assert (wiped, wiped_now) == (False, True)
    assert tight == same and np.array_equal(clean, again)


def test_a_line_is_split_at_spaces_and_between_a_name_and_its_numeral():
    from modeling_patentlmm.regions_patentlmm import Look, _words

    sheet = lettered(("UNIT", 10, 10), ("102", 80, 10), size=(160, 50))
    crop = np.asarray(sheet)[8:42, 5:135]
    centres = np.array([0.1, 0.24, 0.33, 0.42, 0.62, 0.74, 0.87])
    pieces = _words(Look(crop, (5, 8, 135, 42), 0), Line("UNIT102", np.full(7, 0.9), centres))
    assert [piece.text for piece in pieces] == ["UNIT", "102"]
    assert pieces[0].box[2] <= pieces[1].box[0] + 2 and pieces[1].box[2] <= 135


def test_only_the_header_is_left_out():
    words = {"U.S. Patent": (100, 50, 300, 80), "5,437,011": (1600, 48, 1800, 82), "Sheet 6 of 11": (900, 52, 1100, 79)}
    drawing = {"102": (500, 900, 560, 930), "5,000": (800, 1500, 900, 1530), "Sheet": (300, 2000, 400, 2030)}
    pieces = [Piece(text, 0.99, box) for text, box in {**words, **drawing}.items()]
    kept, header = split_header(pieces, 2000, 3000)
    assert {piece.text for piece in kept} == set(drawing)
    turned = [piece.turned(2000, 3000, 270) for piece in pieces]
    kept, header = split_header(turned, 3000, 2000)
    assert {piece.text for piece in header} == set(words)


def test_a_missing_engine_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(lettering, "find_spec", lambda name: None)
    lettering.load_lettering.cache_clear()
    with pytest.raises(EngineError, match="pip install rapidocr onnxruntime opencv-python-headless"):
        read_figure(figure())
    monkeypatch.setitem(sys.modules, "pytesseract", None)
    with pytest.raises(EngineError, match="apt-get install tesseract-ocr; pip install pytesseract"):
        read_figure(figure(), engine="tesseract")


# --- tesseract ---

TSV = """\
level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext
1\t1\t0\t0\t0\t0\t0\t0\t900\t600\t-1\t
5\t1\t1\t1\t1\t1\t130\t140\t90\t26\t96.063751\tCONTROL
5\t1\t1\t1\t1\t2\t230\t140\t60\t26\t95.5\tUNIT
5\t1\t2\t1\t1\t1\t330\t60\t48\t26\t91.25\t102
5\t1\t3\t1\t1\t1\t400\t530\t50\t26\t90\tFIG.
5\t1\t3\t1\t1\t2\t460\t530\t18\t26\t88\t2
5\t1\t4\t1\t1\t1\t100\t110\t250\t90\t95.0\t \n"""
FAKE = """\
#!{python}
import sys
from pathlib import Path
from PIL import Image
if "--version" in sys.argv:
    print("tesseract 5.3.0")
elif Path({broken!r}).exists():
    sys.exit("Error opening data file eng.traineddata")
else:
    width, height = Image.open(sys.argv[1]).size
    rows = {tsv!r}.splitlines(keepends=True)
    Path(sys.argv[2] + ".tsv").write_text("".join(rows if width > height else rows[:2]))
"""


@pytest.fixture
def fake_tesseract(monkeypatch, tmp_path):
    """A `tesseract` on the PATH that reads the words of `TSV` off every lying sheet, and nothing off a standing one."""
    pytest.importorskip("pytesseract")
    program = tmp_path / "bin" / "tesseract"
    program.parent.mkdir()
    program.write_text(FAKE.format(python=sys.executable, tsv=TSV, broken=str(tmp_path / "broken")))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def test_tesseract_words_boxes_and_confidences(fake_tesseract):
    reading = read_figure(figure(), engine="tesseract")
    assert reading.engine.startswith("tesseract ") and (reading.rotation, reading.size) == (0, (900, 600))
    assert {word.text: (word.box, word.confidence) for word in reading.words} == {
        "102": ((367, 100, 420, 143), 0.91),
        "CONTROL": ((144, 233, 244, 277), 0.96),
        "UNIT": ((256, 233, 322, 277), 0.95),
        "FIG.": ((444, 883, 500, 927), 0.9),
        "2": ((511, 883, 531, 927), 0.88),
    }
    assert read_figure(figure().rotate(90, expand=True), engine="tesseract").rotation in (90, 270)
    assert read_figure(figure(), engine="tesseract", rotation=90).words == ()


def test_a_broken_tesseract_is_no_traceback(fake_tesseract):
    (fake_tesseract / "broken").touch()
    with pytest.raises(EngineError, match="eng.traineddata.*apt-get install"):
        read_figure(figure(), engine="tesseract")


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="the program tesseract is not installed")
def test_the_real_tesseract_reads():
    pytest.importorskip("pytesseract")
    reading = read_figure(figure(), engine="tesseract")
    assert {"102", "104", "FIG.", "2"} <= set(texts(reading)) and reading.rotation == 0


def test_an_unknown_engine_or_rotation_is_refused():
    with pytest.raises(ValueError, match="no reading engine 'abbyy': choose rapidocr or tesseract"):
        read_figure(figure(), engine="abbyy")
    with pytest.raises(ValueError, match="rotation is 45"):
        read_figure(figure(), rotation=45)


def sheet_with_label(name: str, *more: tuple[int, int]) -> Image.Image:
    """A page with small numerals on lead lines and a real label, at (300, 900) and at `more` places."""
    page = lettered(*((str(100 + i), 200 + 260 * (i % 4), 150 + 120 * (i // 4)) for i in range(16)), size=(1400, 1700))
    with Image.open(LABEL_CUTS / name) as label:
        for place in ((300, 900), *more):
            page.paste(label.convert("L"), place)
    return page


@pytest.mark.parametrize("places", ((), ((800, 1300),)))
def test_labels_in_drafting_script_are_read(places):
    reading = read_figure(sheet_with_label("script.png", *places), rotation=0)
    assert [label.text for label in find_labels(*reading.columns)] == ["4"] * (1 + len(places))


def test_a_faint_sideways_label_alone_on_its_sheet_tells_the_way_up():
    page = Image.new("L", (3300, 2560), 255)
    with Image.open(LABEL_CUTS / "faint.png") as label:
        page.paste(label.convert("L"), (1700, 1850))
    ImageDraw.Draw(page).ellipse((800, 400, 2600, 1600), outline=0, width=5)
    reading = read_figure(page.rotate(90, expand=True))
    assert reading.rotation == 270
    assert [label.text for label in find_labels(*reading.columns)] == ["1"]
