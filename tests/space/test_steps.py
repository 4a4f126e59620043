"""The steps of a visit: what is shown after each, and what ends, fails or is left out. Nothing is read or written."""

import pytest
from PIL import Image

pytest.importorskip("gradio")
from modeling_patentlmm import Description, FigureReading, Numeral, Word  # noqa: E402
from space import steps, writing  # noqa: E402
from space.privacy import UPLOADS  # noqa: E402
from space.session import Session  # noqa: E402
from space.uploads import FoundFigure, ReadPage, UploadError  # noqa: E402
from space.writing import WritingError  # noqa: E402


def found(page: int, label: str | None, character: str) -> FoundFigure:
    words = (Word("LID", (100, 100, 200, 130), 0.9), Word(character, (100, 140, 200, 170), 0.9))
    sheet = Image.new("L", (400, 800), 255)
    return FoundFigure(page, 2, sheet, 0, (0, 0, 400, 800), sheet, label, FigureReading(words, 0, (400, 800), "stub"))


PAGES = [ReadPage(1, 2, (found(1, "1", "10"),)), ReadPage(2, 2, (found(2, None, "20"),), "Page 2 is dim.")]


@pytest.fixture
def stubbed(monkeypatch):
    """A file of two pages, and a model that writes two words of each figure; `asked` is what it was given."""
    asked = []

    def write(image, reading, parts, label=None):
        asked.append((dict(parts), label))
        text = f"A lid {reading.words[1].text}."
        yield {"brief": "A"}
        numerals = [Numeral(reading.words[1].text, reading.words[1].box, 0.9, True)]
        numerals += [Numeral(part, None, 0.0, False) for part in parts if part != reading.words[1].text]
        timing = {"ocr": 0.0, "encode": 0.1, "generate": 0.2}
        yield Description(None, label or "7", 0, text, text, tuple(numerals), (), reading.words, timing)

    monkeypatch.setattr(writing, "write", write)
    monkeypatch.setattr(steps, "read_upload", lambda path: iter(PAGES))
    return asked


def last(updates) -> dict:
    """What the page shows in the end."""
    shown = {}
    for update in updates:
        shown.update(update)
    return shown


@pytest.fixture
def opened(stubbed):
    session = Session()
    last(steps.open_upload(session, "sheets.tif"))
    stubbed.clear()
    return session


def test_an_upload_is_read_and_its_first_figure_described(stubbed):
    session = Session()
    file = UPLOADS / "abcd" / "sheets.tif"
    file.parent.mkdir()
    file.touch()
    updates = list(steps.open_upload(session, str(file)))
    assert not file.parent.exists()
    shown = last(updates)
    assert "sheets.tif: 2 figures" in shown["status"] and "Page 2 is dim." in shown["alert"]
    assert 'data-character="10"' in shown["figure"] and 'data-character="10"' in shown["text"]
    assert shown["strip"].count("<li>") == 2 and shown["table"][0][0] == "10"
    assert shown["write_all"]["visible"] and shown["workspace"]["visible"]
    order = [next(iter(update)) for update in updates]
    assert order.index("figure") < len(order) - 2, "the first figure is shown before the last page is read"
    assert [figure.description is not None for figure in session.figures] == [True, False]


def test_a_file_that_cannot_be_used_is_explained(stubbed, monkeypatch):
    def refuse(path):
        raise UploadError("a.png: is empty; upload it again")

    monkeypatch.setattr(steps, "read_upload", refuse)
    shown = last(steps.open_upload(Session(), "a.png"))
    assert "a.png: is empty" in shown["alert"] and "No figure was found" in shown["status"]


def test_the_next_upload_ends_the_one_before(stubbed):
    session = Session()
    first = steps.open_upload(session, "first.tif")
    next(first), next(first)
    shown = last(steps.open_upload(session, "second.tif"))
    assert list(first) == [] and session.name == "second.tif" and "second.tif" in shown["status"]


def test_another_figure_is_written_of_when_it_is_chosen(opened, stubbed):
    shown = last(steps.choose(opened, 1))
    assert 'data-character="20"' in shown["text"] and len(stubbed) == 1
    last(steps.choose(opened, 0))
    assert len(stubbed) == 1, "what is written is not written again"
    assert list(steps.choose(opened, 7)) == [] and opened.chosen == 0


def test_choosing_ends_the_writing(opened, stubbed):
    opened.figures[0].description = None
    writing_first = steps.write_chosen(opened)
    next(writing_first)
    last(steps.choose(opened, 1))
    assert list(writing_first) == []


def test_the_table_and_the_list_are_taken_up(opened, stubbed):
    rows = steps.as_rows(opened.figure, {})
    rows[0][:2] = "12", "cover"
    shown = last(steps.write_again(opened, rows, "99 = spring"))
    assert stubbed == [({"99": "spring", "12": "cover"}, None)]
    assert shown["parts"] == "99 = spring\n12 = cover" and 'data-character="12"' in shown["figure"]


def test_a_list_that_makes_no_sense_changes_nothing(opened, stubbed):
    shown = last(steps.write_again(opened, [], "nonsense"))
    assert "Line 1" in shown["alert"] and opened.parts == {} and stubbed == []


def test_nothing_can_be_written_or_saved_before_there_is_a_figure():
    for updates in (steps.write_again(Session(), [], ""), steps.write_all(Session())):
        assert "There is no figure yet" in last(updates)["alert"]
    assert steps.export(Session(), "txt")["file"] is None


def test_a_number_is_corrected_without_reading_again(opened, stubbed):
    shown = last(steps.correct(opened, "0", "3A", 0, 0, 100, 100))
    assert stubbed == [({}, "3A")] and opened.figure.name == "FIG. 3A" and 'alt="Drawing of FIG. 3A"' in shown["figure"]


def test_a_number_that_is_none_changes_nothing(opened, stubbed):
    shown = last(steps.correct(opened, "0", "left", 0, 0, 100, 100))
    assert "is not a figure number" in shown["alert"] and stubbed == [] and opened.figure.name == "FIG. 7"


def test_a_new_crop_gets_the_number_read_in_it(opened, stubbed, monkeypatch):
    """The number that stood in the field was the one read before, not one that the visitor gave."""
    monkeypatch.setattr(steps, "cut_again", lambda figure, rotation, box: found(1, "5", "11"))
    last(steps.correct(opened, "0", opened.figure.label, 0, 0, 50, 100))
    assert stubbed[-1] == ({}, None)
    last(steps.correct(opened, "0", "9", 0, 0, 50, 50))
    last(steps.correct(opened, "0", "9", 0, 0, 50, 90))
    assert [label for _, label in stubbed[-2:]] == ["9", "9"], "a number that was given stays"


def test_rotation_and_crop_are_read_again(opened, stubbed, monkeypatch):
    asked = []

    def cut_again(figure, rotation, box):
        asked.append((rotation, box))
        return found(1, "5", "11")

    monkeypatch.setattr(steps, "cut_again", cut_again)
    shown = last(steps.correct(opened, "90", "1", 0, 0, 50, 100))
    assert asked == [(90, (0, 0, 400, 400))], "the page lies on its side: 800 by 400 pixels"
    assert 'data-character="11"' in shown["figure"]
    assert steps.turn_preview(opened, "90")["right"] == 100

    def refuse(figure, rotation, box):
        raise UploadError("The crop holds 3 by 3 pixels; draw it larger.")

    monkeypatch.setattr(steps, "cut_again", refuse)
    before = opened.figure
    assert "draw it larger" in last(steps.correct(opened, "0", "5", 1, 1, 2, 2))["alert"] and opened.figure is before


def test_all_figures_are_written_under_one_list(opened, stubbed):
    opened.parts = {"10": "lid", "20": "rod"}
    updates = list(steps.write_all(opened))
    assert [parts for parts, _ in stubbed] == [{"10": "lid"}, {"20": "rod"}]
    cards = [update["set"].count('class="card"') for update in updates if "set" in update]
    assert cards == [0, 1, 2], "results as they come"
    assert 'value="1"' in updates[1]["status"] and "2 figures" in last(updates)["status"]


def test_a_figure_that_fails_costs_only_itself(opened, stubbed, monkeypatch):
    whole = writing.write

    def fragile(image, reading, parts, label=None):
        if reading.words[1].text == "10":
            raise WritingError("Writing took too long.")
        yield from whole(image, reading, parts, label)

    monkeypatch.setattr(writing, "write", fragile)
    shown = last(steps.write_all(opened))
    assert "Writing took too long." in shown["set"] and "A lid 20." in shown["set"]


def test_a_set_is_stopped(opened, stubbed):
    updates = steps.write_all(opened)
    next(updates), next(updates)
    steps.stop(opened)
    assert "Stopped after 1 of 2 figures" in last(updates)["status"]


@pytest.mark.parametrize("form", ["txt", "json", "docx"])
def test_what_is_written_is_saved(form, opened):
    saved = steps.export(opened, form)["file"]
    assert saved["name"] == f"sheets-descriptions.{form}" and len(saved["base64"]) > 100


def test_a_name_with_markup_stays_text(stubbed):
    assert "&lt;b&gt;x.tif" in last(steps.open_upload(Session(), "<b>x.tif"))["status"]
