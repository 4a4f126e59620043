"""Descriptions one by one and in a batch: their shares of time, and that the texts must be equal."""

from dataclasses import replace

import pytest

from benchmarks import describe_speed
from modeling_patentlmm import describe_patentlmm
from modeling_patentlmm.describe_patentlmm import load_checkpoint
from modeling_patentlmm.ocr_patentlmm import FigureReading, Word
from tests.tiny import draw_figure


@pytest.fixture
def images(tmp_path, monkeypatch):
    def read(image, engine, rotation, threads):
        return FigureReading((Word("102", (100, 100, 200, 130), 0.9),), 0, image.size, "stub")

    monkeypatch.setattr(describe_patentlmm, "read_figure", read)
    monkeypatch.setattr(describe_patentlmm, "MAX_NEW_TOKENS", {"brief": 4, "detailed": 4})
    draw_figure().save(tmp_path / "a.png")
    return [str(tmp_path / "a.png")] * 2


def test_single_calls_and_a_batch_are_compared(checkpoint, images):
    found = describe_speed.compare(*load_checkpoint(checkpoint), images)
    assert set(found["shares_single"]) == {"ocr", "encode", "generate", "rest"}
    assert sum(found["shares_single"].values()) == pytest.approx(1, abs=0.01)
    assert found["times_faster"] > 0 and set(found["seconds"]) == {"single", "batch"}


def test_other_texts_in_a_batch_end_the_run(checkpoint, images):
    description = describe_patentlmm.describe(*load_checkpoint(checkpoint), images[0], figure="here")
    with pytest.raises(SystemExit, match="for here"):
        describe_speed.check_equal([description], [replace(description, brief="Something else.")])
    describe_speed.check_equal([description], [description])
