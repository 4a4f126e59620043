"""The texts of a figure while they are written: streamed, stopped, bounded in time."""

import threading
from contextlib import closing

import pytest

from modeling_patentlmm import Description, FigureError, FigureReading, Word
from space import writing
from space.writing import WritingError, is_bundled, load, write
from tests.space.conftest import block_diagram

WORDS = (Word("LID", (400, 200, 500, 240), 0.9), Word("10", (450, 250, 490, 290), 0.9))
FIGURE = block_diagram("1", {"10": "lid"})
READING = FigureReading(WORDS, 0, FIGURE.size, "stub")


@pytest.fixture(autouse=True)
def loaded(checkpoint, monkeypatch):
    """The tiny random checkpoint in place of the bundled one."""
    monkeypatch.setenv("PATENTLMM_CHECKPOINT", str(checkpoint))
    monkeypatch.setattr("modeling_patentlmm.describe_patentlmm.MAX_NEW_TOKENS", {"brief": 24, "detailed": 24})
    load.cache_clear()
    yield
    load.cache_clear()


def test_a_text_grows_and_ends_in_a_description():
    *updates, last = write(FIGURE, READING, {"12": "rod"})
    assert isinstance(last, Description) and last.words == WORDS
    assert {numeral.text for numeral in last.numerals} == {"10", "12"}
    assert list(updates[0]) == ["brief"] and list(updates[-1]) == ["brief", "detailed"]
    assert updates[-1] == {"brief": last.brief, "detailed": last.detailed}
    briefs = [update["brief"] for update in updates if "detailed" not in update]
    assert len(briefs) > 2 and len(briefs[0]) < len(briefs[-2])


def test_a_given_label_replaces_the_one_read():
    assert list(write(FIGURE, READING, {}, label="7B"))[-1].label == "7B"
    with pytest.raises(ValueError, match="figure number"):
        list(write(FIGURE, READING, {}, label="left"))


def writers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "writing"]


def test_closing_ends_the_writing():
    with closing(write(FIGURE, READING, {})) as news:
        next(news)
        (writer,) = writers()
    writer.join(30)
    assert not writer.is_alive()


def test_who_does_not_ask_on_keeps_nobody_waiting():
    """A visitor whose connection hangs after the first word: the next one's text is written all the same."""
    hanging = write(FIGURE, READING, {})
    next(hanging)
    assert isinstance(list(write(FIGURE, READING, {}))[-1], Description)
    assert isinstance(list(hanging)[-1], Description)


def test_a_text_that_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(writing, "MOST_SECONDS", 0.0)
    with pytest.raises(WritingError, match="longer than 0 seconds"):
        list(write(FIGURE, READING, {}))


def test_a_blank_figure_is_refused():
    blank = FIGURE.point(lambda grey: 255)
    with pytest.raises(FigureError, match="blank page"):
        list(write(blank, READING, {}))


def test_the_bundled_checkpoint_is_known(monkeypatch):
    assert not is_bundled()
    monkeypatch.setenv("PATENTLMM_CHECKPOINT", "checkpoints/patentlmm-tiny")
    monkeypatch.chdir(writing.BUNDLED_CHECKPOINT.parents[1])
    assert is_bundled()
    monkeypatch.delenv("PATENTLMM_CHECKPOINT")
    assert is_bundled()
