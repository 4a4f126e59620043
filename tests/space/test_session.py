"""A visit: its own figures only, its work ended by the next, all of it forgotten."""

import time

from PIL import Image

from modeling_patentlmm import Description, FigureReading, Numeral, Word
from space.session import Figure, Session, Sessions, pack, unpack
from space.uploads import FoundFigure, ReadPage


def found(label: str | None = "2", characters=("102",), pages: int = 4) -> FoundFigure:
    words = [Word(text, (100, 100 * i, 150, 100 * i + 30), 0.9) for i, text in enumerate(characters, 1)]
    sheet = Image.new("L", (400, 800), 255)
    reading = FigureReading(tuple(words), 0, (200, 400), "stub")
    return FoundFigure(3, pages, sheet, 90, (100, 200, 300, 600), sheet.crop((100, 200, 300, 600)), label, reading)


def described(figure: Figure, *numerals: Numeral) -> Figure:
    figure.description = Description("a", figure.label, 0, "A.", "B.", numerals, (), (), {})
    return figure


def test_a_figure_is_kept_packed_and_given_back_whole():
    one = found()
    figure = Figure.of(one, pack(one.sheet), 1.5)
    assert figure.name == "FIG. 2" and figure.sides == (25.0, 25.0, 75.0, 75.0)
    again = figure.found
    assert (again.page, again.rotation, again.box, again.reading) == (3, 90, one.box, one.reading)
    assert again.image.tobytes() == one.image.tobytes() and again.sheet.size == (400, 800)
    assert Figure.of(found(None), b"", 0).name == "Figure on page 3"


def test_figures_of_a_page_share_its_sheet():
    session = Session()
    session.add(ReadPage(3, 4, (found("1"), found("2"))), 2.0)
    session.add(ReadPage(4, 4, (), "Page 4 is blank."), 0.1)
    one, two = session.figures
    assert one.sheet is two.sheet and unpack(one.sheet).size == (400, 800)


def test_an_upload_replaces_the_last_but_not_the_list_of_parts():
    session = Session(parts={"10": "lid"})
    session.add(ReadPage(1, 1, (found(),)), 1)
    session.open("next.png")
    assert (session.name, session.figures, session.parts) == ("next.png", [], {"10": "lid"})


def test_work_is_ended_by_the_next_of_its_kind_only():
    session = Session()
    opening, writing = session.begin("open"), session.begin("write")
    again = session.begin("write")
    assert opening() and not writing() and again()
    session.halt()
    assert not opening() and not again()


def test_a_figure_gets_the_parts_it_shows():
    session = Session(parts={"102": "lid", "210": "shaft", "300": "valve"})
    session.figures = [Figure.of(found("1", ("102",), pages=1), b"", 0)]
    assert session.parts_of(session.figures[0]) == session.parts, "a list for one figure is about that figure"
    session.figures = [one := Figure.of(found("1", ("102",)), b"", 0)]
    assert session.parts_of(one) == {"102": "lid"}, "the other pages are not read yet"
    session.figures.append(two := Figure.of(found("2", ("210",)), b"", 0))
    assert session.parts_of(one) == {"102": "lid"} and session.parts_of(two) == {"210": "shaft"}
    one.added = {"300"}
    assert session.parts_of(one) == {"102": "lid", "300": "valve"}


def test_what_is_filed():
    session = Session("sheets.pdf", parts={"102": "lid"})
    read, sure = Numeral("102", (1, 2, 3, 4), 0.7, False), Numeral("102", (5, 6, 7, 8), 1.0, True)
    session.figures = [described(Figure.of(found(), b"", 0), read, sure), Figure.of(found("3"), b"", 0)]
    (filed,) = session.described()
    assert (filed.label, filed.brief, filed.source) == ("2", "A.", "sheets.pdf, page 3")
    (character,) = filed.characters
    assert (character.text, character.name, character.confidence, character.read) == ("102", "lid", None, True)


def test_nobody_gets_anothers_session():
    sessions = Sessions()
    mine, yours = sessions.of("a"), sessions.of("b")
    assert mine is sessions.of("a") and mine is not yours
    wanted = mine.begin("write")
    sessions.close("a")
    assert not wanted() and len(sessions) == 1 and sessions.of("a") is not mine
    sessions.close("never seen")


def test_an_idle_session_is_forgotten():
    sessions = Sessions(idle_seconds=0.05)
    wanted = sessions.of("a").begin("write")
    time.sleep(0.1)
    sessions.of("b")
    assert len(sessions) == 1 and not wanted()
