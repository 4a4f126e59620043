"""A patent's drawings and texts find each other by figure number, and what finds nothing is written down."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from dataset_builder.join import figures_of
from dataset_builder.ocr import Readings
from dataset_builder.patent import Patent
from dataset_builder.redbook import read_redbook
from dataset_builder.rejects import Rejects
from modeling_patentlmm.ocr_patentlmm import FigureReading, Word
from tests.dataset_builder.drawn_patents import PARTS, describe, draw_sheet, write_patent


@pytest.fixture
def patent(tmp_path) -> Patent:
    write_patent(tmp_path / "source", 1)
    (patent,) = read_redbook(tmp_path / "source", Rejects())
    return patent


@pytest.fixture
def rejects() -> Rejects:
    return Rejects()


class Read(Readings):
    """What a perfect reader sees on drawn sheets, told by the number of calls."""

    def __init__(self, folder: Path, labels: str):
        super().__init__(folder / "readings.jsonl")
        self._labels = iter(labels)

    def read(self, image: Image.Image) -> FigureReading:
        label, (width, height) = next(self._labels), image.size
        places = [("FIG.", (560, 770, 670, 820)), (label, (700, 770, 740, 820))] if label != "-" else []
        for index, numeral in enumerate(PARTS):
            places.append((numeral, (200 + 440 * index, 210, 280 + 440 * index, 245)))
        words = [
            Word(text, (x0 * 1000 // width, y0 * 1000 // height, x1 * 1000 // width, y1 * 1000 // height), 0.99)
            for text, (x0, y0, x1, y1) in places
        ]
        return FigureReading(tuple(words), 0, image.size, "perfect 1")


def test_every_figure_has_its_texts_and_where_they_come_from(patent, rejects, tmp_path):
    first, second = figures_of(patent, Read(tmp_path, "12"), rejects)
    assert (first.figure, second.figure) == ("1", "2")
    for figure, label in ((first, "1"), (second, "2")):
        assert (figure.brief_description, figure.detailed_description) == describe(label)
        assert figure.label_source == "read" and figure.sheets == [f"US20150000001A1-20150108-D0000{label}.TIF"]
    assert first.brief_paragraphs == ["p-0002"] and second.detailed_paragraphs == ["p-0005"]
    assert first.image_id == "US20150000001A1__1" and first.ocr_engine == "perfect 1"
    assert (first.family_id, first.family_date, first.publication_date) == ("US14000001", "2013-07-02", "2015-01-08")
    assert not rejects.items


def test_characters_are_named_by_the_text(patent, rejects, tmp_path):
    figure = figures_of(patent, Read(tmp_path, "12"), rejects)[0]
    assert {each["text"]: each["term"] for each in figure.numerals} == PARTS
    assert {(each["text"], each["term"]) for each in figure.terms} == set(PARTS.items())


def test_words_lie_where_they_are_printed(patent, rejects, tmp_path):
    """The ink of every word lies in its box on the cropped picture, and none is cut off at its edge."""
    figure = figures_of(patent, Read(tmp_path, "12"), rejects)[0]
    assert figure.image.mode == "1"
    width, height = figure.image.size
    for word, (x0, y0, x1, y1) in zip(figure.words, figure.boxes, strict=True):
        crop = figure.image.crop((x0 * width // 1000, y0 * height // 1000, x1 * width // 1000, y1 * height // 1000))
        assert crop.convert("L").getextrema()[0] == 0, word
    edge = figure.image.convert("L")
    assert min(edge.crop(box).getextrema()[0] for box in ((0, 0, width, 20), (0, 0, 20, height))) == 255


def test_a_figure_over_two_sheets_is_one_picture(patent, rejects, tmp_path):
    def other_part():
        return draw_sheet("1", {"102": "", "104": "", "106": "with other names"})

    first, second = patent.sheets
    patent = replace(patent, figure_count=1, sheets=(first, replace(second, open=other_part)))
    figure = figures_of(patent, Read(tmp_path, "11"), rejects)[0]
    assert figure.figure == "1" and len(figure.sheets) == 2
    assert sorted(each["text"] for each in figure.numerals) == sorted([*PARTS, *PARTS])
    tops = [box[1] for word, box in zip(figure.words, figure.boxes, strict=True) if word == "102"]
    assert max(tops) - min(tops) > 400


def test_a_text_without_drawing_and_a_drawing_without_text_are_written_down(patent, rejects, tmp_path):
    figures = figures_of(patent, Read(tmp_path, "17"), rejects)
    assert [figure.figure for figure in figures] in (["1"], ["1", "2"])
    if len(figures) == 1:
        assert {"not_drawn", "label_not_in_text"} <= set(rejects.counts)
        assert {item.item for item in rejects.items} >= {"US20150000001A1 FIG. 2"}
    else:  # the only label that is left
        assert figures[1].label_source == "inferred"


def test_sheets_without_or_with_damaged_images_are_written_down(patent, rejects, tmp_path):
    def broken():
        raise ValueError("D00002.TIF: damaged or truncated image; fetch or export it again")

    first, second = patent.sheets
    half = replace(patent, sheets=(first, replace(second, open=broken)))
    assert [figure.figure for figure in figures_of(half, Read(tmp_path, "1"), rejects)] == ["1"]
    assert {"unreadable_image", "not_drawn"} <= set(rejects.counts)
    without = replace(patent, sheets=tuple(replace(sheet, open=None) for sheet in patent.sheets))
    assert figures_of(without, Read(tmp_path, ""), rejects) == []
    assert "no_image" in rejects.counts


def test_the_front_page_is_no_figure_of_its_own(patent, rejects, tmp_path):
    copy = replace(patent.sheets[0], name="D00000.TIF", open=lambda: draw_sheet("1"))
    for front in (replace(copy, is_front_page=True), copy):
        shown = replace(patent, sheets=(front, *patent.sheets))
        labels = "12" if front.is_front_page else "112"
        assert len(figures_of(shown, Read(tmp_path, labels), rejects)) == 2
        assert [item.item for item in rejects.items if item.reason == "front_page"] == ["US20150000001A1 D00000.TIF"]
        rejects.items.clear()


def test_a_patent_that_speaks_of_no_figure_is_written_down(patent, rejects, tmp_path):
    silent = replace(patent, paragraphs=patent.paragraphs[:0])
    assert figures_of(silent, Read(tmp_path, ""), rejects) == []
    assert rejects.counts == {"no_text": 1}


def test_a_family_of_unknown_age_has_no_split(patent, rejects, tmp_path):
    unknown = replace(
        patent, application=None, filing_date=None, priority_date=None, related=("US1",), publication_date="2025-01-01"
    )
    assert figures_of(unknown, Read(tmp_path, ""), rejects) == []
    assert rejects.counts == {"age_unknown": 1}
