"""Sheets taken apart: the figures are those drawn, nothing is lost, and labels are inferred only where one can be."""

from __future__ import annotations

import random
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from dataset_builder.sheets import (
    DrawnFigure,
    SheetSplit,
    is_front_page_copy,
    map_figures,
    split_sheet,
    upright_sheet,
)
from dataset_builder.synthetic import generate
from modeling_patentlmm.ocr_patentlmm import FigureReading, Word

PAPER = (1700, 2200)
LABEL_HEIGHT = 10  # pixels at least: the labels of one sheet are lettered alike


@cache
def drawings(count: int = 8) -> tuple[tuple[str, Image.Image, tuple[Word, ...]], ...]:
    """Drawn figures with a label as large as the others': label, picture cut to its ink, its words in pixels."""
    found, seed = [], 0
    while len(found) < count:
        figure = generate(seed, "test", ("flowchart", "block_diagram", "network")[seed % 3], dpi=60)
        seed += 1
        if figure.figure and figure.figure not in [label for label, *_ in found]:
            picture, words = cut_to_ink(figure)
            heights = [word.box[3] - word.box[1] for word in words if word.text == figure.figure]
            if heights and min(heights) >= LABEL_HEIGHT:
                found.append((figure.figure, picture, words))
    return tuple(found)


def cut_to_ink(figure) -> tuple[Image.Image, tuple[Word, ...]]:
    picture = figure.image.convert("L")
    x0, y0, x1, y1 = ink_box(np.asarray(picture) < 160)
    words = []
    for text, box in zip(figure.words, figure.boxes):
        left, top, right, bottom = (side * length / 1000 for side, length in zip(box, picture.size * 2))
        words.append(Word(text, (left - x0, top - y0, right - x0, bottom - y0), 0.99))
    return picture.crop((x0, y0, x1, y1)), tuple(words)


def ink_box(ink: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


class Drawing:
    """A sheet that a test draws, with what a reader would read there."""

    def __init__(self, size: tuple[int, int] = PAPER):
        self.image = Image.new("L", size, 255)
        self.draw = ImageDraw.Draw(self.image)
        self.words: list[Word] = []
        self.header: list[Word] = []
        self.boxes: dict[str | None, tuple[int, int, int, int]] = {}

    def box(self, pixels) -> tuple[int, ...]:
        return tuple(round(1000 * side / length) for side, length in zip(pixels, self.image.size * 2))

    def write(self, x: int, y: int, text: str, size: int = 30, header: bool = False) -> None:
        for word in text.split():
            self.draw.text((x, y), word, 0, font_size=size)
            box = self.draw.textbbox((x, y), word, font_size=size)
            (self.header if header else self.words).append(Word(word, self.box(box), 0.99))
            x = box[2] + size // 3

    def paste(self, x: int, y: int, drawing: tuple[str, Image.Image, tuple[Word, ...]]) -> None:
        label, picture, words = drawing
        self.image.paste(picture, (x, y))
        for word in words:
            moved = (word.box[0] + x, word.box[1] + y, word.box[2] + x, word.box[3] + y)
            self.words.append(Word(word.text, self.box(moved), word.confidence))
        self.boxes[label] = (x, y, x + picture.width, y + picture.height)

    @property
    def reading(self) -> FigureReading:
        return FigureReading(tuple(self.words), 0, self.image.size, "by hand", tuple(self.header))

    def split(self) -> SheetSplit:
        return split_sheet(self.image, self.reading)


def overlap(a, b) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def stacked(chosen: list[int], gap: int = 90) -> Drawing:
    """Some of the drawings below each other, the paper as large as they need."""
    figures = [drawings()[i] for i in chosen]
    width = max(picture.width for _, picture, _ in figures) + 200
    height = sum(picture.height + gap for _, picture, _ in figures) + 200
    sheet, y = Drawing((width, height)), 100
    for figure in figures:
        sheet.paste((width - figure[1].width) // 2, y, figure)
        y += figure[1].height + gap
    return sheet


def check_sound(sheet: Drawing, split: SheetSplit) -> None:
    """What holds of every split: boxes on the sheet, words in their box, all ink in a figure and in one only."""
    width, height = split.size
    ink = np.zeros((height, width), int)
    for figure in split.figures:
        x0, y0, x1, y1 = figure.box
        assert 0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height
        assert figure.image.size == figure.reading.size == (x1 - x0, y1 - y0)
        assert ink_box(np.asarray(figure.image) < 200) == pytest.approx((0, 0, x1 - x0, y1 - y0), abs=2)
        for word in figure.reading.words:
            assert 0 <= word.box[0] <= word.box[2] <= 1000 and 0 <= word.box[1] <= word.box[3] <= 1000
        ink[y0:y1, x0:x1] += np.asarray(figure.image) < 128
    assert ink.max(initial=0) <= 1
    assert sum(len(figure.reading.words) for figure in split.figures) == len(sheet.words)
    drawn = np.asarray(sheet.image) < 128
    for word in sheet.header:
        x0, y0, x1, y1 = (side * length // 1000 for side, length in zip(word.box, (width, height) * 2))
        drawn = drawn.copy()
        drawn[max(y0 - 3, 0) : y1 + 4, max(x0 - 3, 0) : x1 + 4] = False
    assert (drawn & (ink == 0)).sum() <= 0.001 * drawn.sum()


# --- separation ------------------------------------------------------------------------------------------------------


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(0, 7), min_size=1, max_size=3, unique=True), st.integers(60, 200))
def test_stacked_figures_come_apart(chosen, gap):
    sheet = stacked(chosen, gap)
    split = sheet.split()
    check_sound(sheet, split)
    assert [figure.label for figure in split.figures] == [drawings()[i][0] for i in chosen]
    for figure in split.figures:
        assert overlap(figure.box, sheet.boxes[figure.label]) > 0.95
        assert figure.confidence == 0.99


def shape(sheet: Drawing, x: int, y: int, width: int, height: int) -> None:
    sheet.draw.rectangle((x, y, x + width, y + height), outline=0, width=4)
    sheet.draw.line((x, y, x + width, y + height), 0, 4)


@pytest.mark.parametrize("above", (True, False))
def test_a_label_nearer_to_the_other_drawing_stays_with_its_own(above):
    sheet = Drawing()
    for i, y in enumerate((300, 800, 1300)):
        shape(sheet, 500, y, 600, 300)
        sheet.write(700, y - 110 if above else y + 360, f"FIG. {i + 1}", 60)
    split = sheet.split()
    check_sound(sheet, split)
    assert [figure.label for figure in split.figures] == ["1", "2", "3"]
    for figure, y in zip(split.figures, (300, 800, 1300)):
        assert figure.box[1] == pytest.approx(y - 95 if above else y, abs=12)
        assert figure.box[3] == pytest.approx(y + 301 if above else y + 410, abs=12)


def test_side_by_side_with_parts_apart_and_numerals():
    sheet = Drawing()
    for label, x in (("4A", 150), ("4B", 1000)):
        shape(sheet, x, 400, 400, 300)
        shape(sheet, x + 60, 800, 250, 200)  # an exploded part, nearer to its own figure than to the other
        sheet.write(x + 430, 450, "102")
        sheet.write(x + 100, 1100, f"FIG. {label}", 60)
    split = sheet.split()
    check_sound(sheet, split)
    assert [figure.label for figure in split.figures] == ["4A", "4B"]
    assert all([word.text for word in figure.reading.words][:1] == ["102"] for figure in split.figures)


def test_a_neighbour_in_the_box_is_blanked():
    sheet = Drawing((1000, 1000))
    sheet.draw.line((100, 100, 100, 800, 800, 800), 0, 6, joint="curve")  # an L around the other figure
    sheet.write(400, 850, "FIG. 1", 60)
    shape(sheet, 400, 200, 300, 300)
    sheet.write(450, 560, "FIG. 2", 60)
    split = sheet.split()
    check_sound(sheet, split)
    large = next(figure for figure in split.figures if figure.label == "1")
    assert overlap(large.box, (97, 97, 804, 910)) > 0.95
    assert [word.text for word in large.reading.words] == ["FIG.", "1"]
    assert (np.asarray(large.image)[100:500, 280:620] > 200).all()


def test_a_figure_whose_label_was_not_read_is_a_figure_on_a_whole_page_only():
    sheet = Drawing()
    for y, label in ((300, "FIG. 1"), (1200, "")):
        shape(sheet, 500, y, 600, 400)
        shape(sheet, 500, y + 440, 600, 100)  # a part apart, but not far
        sheet.write(700, y + 580, label, 60)
    assert [figure.label for figure in sheet.split().figures] == ["1"]
    sheet.write(60, 40, "U.S. Patent Jun. 3, 1997 Sheet 2 of 70", 30, header=True)
    split = sheet.split()
    check_sound(sheet, split)
    assert [figure.label for figure in split.figures] == ["1", None]
    assert split.figures[1].box == pytest.approx((498, 1198, 1103, 1743), abs=3)


def test_mentions_are_no_labels():
    sheet = Drawing()
    shape(sheet, 300, 300, 900, 900)
    sheet.write(900, 230, "TO FIG. 20B")
    sheet.write(600, 1250, "FIG. 20A", 60)
    sheet.write(1300, 500, "(FIG. 7)")
    sheet.write(220, 600, "FROM")
    sheet.write(215, 635, "FIG. 21B")  # a connector of two lines
    sheet.words.append(Word("FIG.20C", (900, 300, 920, 380), 0.9))  # sideways, read bottom up
    sheet.words.append(Word("FROM", (900, 385, 920, 430), 0.9))
    assert [figure.label for figure in sheet.split().figures] == ["20A"]


# --- what belongs to the sheet ---------------------------------------------------------------------------------------


def test_header_and_page_number_and_dust_belong_to_no_figure():
    sheet = stacked([0, 1])
    (width, height), boxes = sheet.image.size, dict(sheet.boxes)
    sheet.write(60, 20, "U.S. Patent Jun. 3, 1997 Sheet 2 of 70", 22, header=True)
    sheet.draw.text((width - 80, 24), "B1", 0, font_size=22)  # of the header, not read
    sheet.write(width // 2, height - 40, "2/70", 22)
    number = sheet.words.pop()
    sheet.draw.ellipse((20, height // 2, 23, height // 2 + 3), 0)
    split = split_sheet(sheet.image, FigureReading((*sheet.words, number), 0, (width, height), "", tuple(sheet.header)))
    assert len(split.figures) == 2
    for figure in split.figures:
        assert overlap(figure.box, boxes[figure.label]) > 0.95
        assert not {"2/70", "Patent"} & {word.text for word in figure.reading.words}


def test_signatures_at_the_foot_of_an_old_sheet_belong_to_no_figure():
    sheet = Drawing()
    sheet.write(60, 40, "Dec. 9, 1969 3,438,011", header=True)
    shape(sheet, 300, 300, 900, 900)
    sheet.write(600, 1250, "FIG. 1", 60)
    expected = sheet.split().figures[0].box
    sheet.write(900, 1700, "INVENTOR", 24)
    sheet.write(860, 1750, "JOHN DOE", 24)
    sheet.draw.line((840, 1830, 900, 1800, 960, 1835, 1010, 1805), 0, 3)  # his hand
    sheet.write(900, 1880, "ATTORNEY", 24)
    (figure,) = sheet.split().figures
    assert figure.box == expected
    assert not {"INVENTOR", "DOE"} & {word.text for word in figure.reading.words}


def test_a_fraction_in_the_drawing_is_no_page_number():
    sheet = Drawing()
    shape(sheet, 300, 300, 900, 900)
    sheet.write(700, 1000, "1/2")
    (figure,) = sheet.split().figures
    assert [word.text for word in figure.reading.words] == ["1/2"]


# --- ways up, colours, odd sheets ------------------------------------------------------------------------------------


@pytest.mark.parametrize("rotation", (90, 180, 270))
def test_the_sheet_is_turned_upright(rotation):
    sheet = stacked([2])
    turned = sheet.image.rotate(-rotation, expand=True)
    reading = FigureReading(tuple(sheet.words), rotation, sheet.image.size, "by hand")
    split = split_sheet(turned, reading)
    assert (split.size, split.rotation) == (sheet.image.size, rotation)
    assert split.figures[0].image.tobytes() == sheet.split().figures[0].image.tobytes()
    assert split.figures[0].reading.rotation == 0


def test_white_on_black_comes_out_black_on_white():
    sheet = stacked([3])
    expected = sheet.split().figures[0]
    sheet.image = Image.eval(sheet.image, lambda grey: 255 - grey)
    figure = sheet.split().figures[0]
    assert figure.box == expected.box
    assert np.median(figure.image) > 200
    assert np.median(upright_sheet(sheet.image, 90)) > 200


def test_colour_stays():
    sheet = stacked([0])
    coloured = Image.merge("RGB", [sheet.image, sheet.image, sheet.image.point(lambda grey: min(255, grey + 60))])
    assert split_sheet(coloured, sheet.reading).figures[0].image.mode == "RGB"


@pytest.mark.parametrize("size", ((1, 1), (1, 900), (900, 1), (40, 40), (3000, 2)))
@pytest.mark.parametrize("dot", (False, True))
def test_odd_sizes_end_well(size, dot):
    image = Image.new("L", size, 255)
    if dot:
        image.putpixel((0, size[1] // 2), 0)
    split = split_sheet(image, FigureReading((), 0, size, ""))
    assert len(split.figures) == (1 if dot and max(size) > 1 else 0) or size == (1, 1)


def test_ten_thousand_dots_and_many_labels_end_soon():
    rng = random.Random(5)
    sheet = Drawing((2000, 2000))
    for _ in range(10_000):
        sheet.draw.point((rng.randrange(2000), rng.randrange(2000)), 0)
    for i in range(120):
        sheet.write(20 + 160 * (i % 12), 20 + 190 * (i // 12), f"FIG. {i + 1}", 24)
    split = sheet.split()
    assert len(split.figures) == 120


def test_a_label_without_a_drawing_and_a_label_on_white_paper():
    sheet = Drawing((800, 800))
    sheet.write(300, 300, "FIG. 1", 60)
    assert [figure.label for figure in sheet.split().figures] == ["1"]
    sheet.words.append(Word("FIG.", (800, 800, 850, 830), 0.9))  # read where nothing is
    assert [figure.label for figure in sheet.split().figures] == ["1"]


def test_a_reading_of_another_image_is_refused():
    with pytest.raises(ValueError, match="read this one with read_figure"):
        split_sheet(Image.new("L", (100, 100), 255), FigureReading((), 90, (100, 120), ""))


# --- the map of a patent ---------------------------------------------------------------------------------------------


def drawn(label: str | None, confidence: float = 0.9) -> DrawnFigure:
    image = Image.new("L", (10, 10), 0)
    return DrawnFigure(label, confidence, (0, 0, 10, 10), image, FigureReading((), 0, (10, 10), ""))


def mapped(*sheets: list[str | None], expected=None, count=None) -> tuple[dict, list]:
    """The map of sheets with these labels: label -> (source, sheets); and what was not placed."""
    found = map_figures([SheetSplit(tuple(map(drawn, labels)), (10, 10), 0) for labels in sheets], expected, count)
    figures = {figure.label: (figure.label_source, [part.sheet for part in figure.parts]) for figure in found.figures}
    return figures, [(item.sheet, item.label, item.reason) for item in found.unplaced]


def test_labels_as_read():
    figures, unplaced = mapped(["2", "1"], ["3A"], expected=["1", "2", "3a"], count=3)
    assert figures == {"1": ("read", [0]), "2": ("read", [0]), "3a": ("read", [1])}
    assert list(figures) == ["1", "2", "3a"] and not unplaced


def test_an_unread_label_between_two_is_inferred_with_and_without_a_text():
    for expected in (None, ["3", "4", "5"]):
        figures, unplaced = mapped(["3"], [None], ["5"], expected=expected)
        assert figures["4"] == ("inferred", [1])
        assert not [item for item in unplaced if item[0] is not None]
    assert mapped(["3A"], [None], ["3C"])[0]["3B"] == ("inferred", [1])


def test_unread_labels_in_a_row_are_inferred_in_order():
    figures, _ = mapped(["1"], [None], [None], ["4"], expected=["1", "2", "3", "4"])
    assert (figures["2"], figures["3"]) == (("inferred", [1]), ("inferred", [2]))


def test_nothing_is_guessed_between_two_possibilities():
    figures, unplaced = mapped(["1"], [None], ["4"], expected=["1", "2", "3", "4"])
    assert list(figures) == ["1", "4"]
    assert unplaced == [(1, None, "no_label"), (None, "2", "not_drawn"), (None, "3", "not_drawn")]
    figures, unplaced = mapped(["1"], [None, None], ["4"], expected=["1", "2", "3", "4"])  # their order is not known
    assert list(figures) == ["1", "4"] and (1, None, "no_label") in unplaced


def test_a_misread_label_is_mended_by_what_the_text_names():
    figures, unplaced = mapped(["24A"], ["5B"], ["26"], expected=["24A", "25A", "25B", "26"])
    assert figures["25B"] == ("inferred", [1])
    assert unplaced == [(None, "25A", "not_drawn")]
    figures, unplaced = mapped(["1"], ["7"], ["3"], ["7"], expected=["1", "2", "3", "7"])  # the first 7 cannot be
    assert figures["2"] == ("inferred", [1]) and figures["7"] == ("read", [3]) and not unplaced


def test_a_label_that_the_text_does_not_name_is_reported():
    figures, unplaced = mapped(["1"], ["2"], ["99"], expected=["1", "2"])
    assert list(figures) == ["1", "2"] and unplaced == [(2, "99", "label_not_in_text")]


def test_one_figure_over_several_sheets_and_a_duplicate():
    assert mapped(["1"], ["3"], ["3"], ["4"], expected=["1", "3", "4"])[0]["3"] == ("read", [1, 2])
    figures, unplaced = mapped(["1", "1"], ["2"])
    assert figures["1"] == ("read", [0]) and unplaced == [(0, "1", "duplicate_label")]


def test_the_only_figure_needs_no_label():
    assert mapped([None]) == ({None: ("only_figure", [0])}, [])
    assert mapped([None], expected=["1"], count=1) == ({"1": ("only_figure", [0])}, [])
    assert mapped([None], expected=["1", "2"])[0] == {}


def test_counts_are_held_against_the_source():
    assert mapped(["1"], [None], count=2) == ({"1": ("read", [0]), "2": ("inferred", [1])}, [])
    assert mapped(["1"], ["2"], count=5)[1] == [(None, None, "count_differs")]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from([None, "1", "2", "3", "4", "11", "IV"]), max_size=3), max_size=5), st.booleans()
)
def test_every_drawing_is_placed_once_or_reported(sheets, with_text):
    splits = [SheetSplit(tuple(map(drawn, labels)), (10, 10), 0) for labels in sheets]
    found = map_figures(splits, ["1", "2", "3", "4"] if with_text else None)
    placed = [(part.sheet, id(part.figure)) for figure in found.figures for part in figure.parts]
    reported = [item for item in found.unplaced if item.sheet is not None]
    assert len(set(placed)) == len(placed)
    assert len(placed) + len(reported) == sum(map(len, sheets))
    labels = [figure.label for figure in found.figures]
    assert len(set(labels)) == len(labels)


# --- the copy on the front page --------------------------------------------------------------------------------------


def test_the_front_page_copy_is_known_by_its_picture():
    sheets = [stacked([i]).split() for i in (0, 1, 2)]
    label, picture, words = drawings()[1]
    copy = Drawing((900, 900))
    small = picture.resize((picture.width * 3 // 4, picture.height * 3 // 4), Image.LANCZOS)
    for word in words:  # the front page leaves the label out
        if word.text == label or word.text.upper().startswith("FIG"):
            box = [round(side * 3 / 4) for side in word.box]
            small.paste(255, (box[0] - 4, box[1] - 4, box[2] + 4, box[3] + 4))
    copy.image.paste(small, (50, 50))
    assert is_front_page_copy(copy.split(), sheets)
    assert not is_front_page_copy(copy.split(), [sheets[0], sheets[2]])
    assert not is_front_page_copy(sheets[0], sheets[1:])
    assert not is_front_page_copy(stacked([0, 1]).split(), sheets)
