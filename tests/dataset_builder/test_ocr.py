"""Readings are made once, survive interruptions, and are told apart by pixels and engine."""

import pytest

import dataset_builder.ocr
from dataset_builder.ocr import Readings
from modeling_patentlmm.ocr_patentlmm import FigureReading, Word

READING = FigureReading(
    (Word("102", (10, 20, 60, 40), 0.9), Word("“häuser”", (1, 2, 3, 4), 0.5)),
    rotation=90,
    size=(300, 200),
    engine="rapidocr 0",
    left_out=(Word("Sheet", (0, 0, 9, 9), 1.0),),
)


@pytest.fixture
def calls(monkeypatch) -> list:
    """Images that were really read."""
    made = []

    def read(image, engine):
        made.append(image)
        return READING

    monkeypatch.setattr(dataset_builder.ocr, "read_figure", read)
    return made


def test_a_sheet_is_read_once_and_kept(tmp_path, figure, calls):
    path = tmp_path / "new" / "readings.jsonl"
    assert Readings(path).read(figure) == READING
    again = Readings(path)
    assert len(again) == 1 and again.read(figure.copy()) == READING
    assert len(calls) == 1


def test_other_pixels_are_another_sheet(tmp_path, figure, calls):
    readings = Readings(tmp_path / "readings.jsonl")
    readings.read(figure)
    other = figure.copy()
    other.putpixel((3, 3), 0)
    readings.read(other)
    readings.read(figure.rotate(180))
    assert len(calls) == 3


def test_another_version_of_the_engine_reads_again(tmp_path, figure, calls, monkeypatch):
    path = tmp_path / "readings.jsonl"
    Readings(path).read(figure)
    monkeypatch.setattr(dataset_builder.ocr, "engine_version", lambda engine: f"{engine} newer")
    Readings(path).read(figure)
    assert len(calls) == 2


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_a_line_cut_off_is_dropped_and_read_again(tmp_path, figure, calls, cut):
    path = tmp_path / "readings.jsonl"
    Readings(path).read(figure)
    Readings(path).read(figure.rotate(180))
    path.write_bytes(path.read_bytes()[:-cut])
    readings = Readings(path)
    assert len(readings) == 1
    readings.read(figure.rotate(180))
    assert len(calls) == 3 and len(Readings(path)) == 2
