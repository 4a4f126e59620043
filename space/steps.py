"""What happens at each step of a visit: opening an upload, writing of a figure, correcting it, writing of all.

Every step is an iterator of updates, `{component name: value}`, which `app.py` hands to the page as they come. A step
that a later one makes needless ends by itself.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import gradio as gr

from modeling_patentlmm import Description, Numeral, take_inventory
from modeling_patentlmm.numerals_patentlmm import put_label
from space import writing
from space.corrections import apply_rows, as_rows
from space.exports import as_file
from space.figure_view import (
    alert_html,
    being_written,
    card_html,
    choices_html,
    crop_html,
    description_html,
    figure_html,
    set_html,
    status_html,
)
from space.filing import parse_parts
from space.privacy import taken
from space.session import Figure, Session, pack, unpack
from space.uploads import UploadError, cut_again, read_upload
from space.writing import WritingError, turn

Updates = Iterator[dict[str, object]]

NOTHING_OPEN = "There is no figure yet: upload a drawing, or choose one of the examples."
NOTHING_WRITTEN = "There is no description yet: upload a drawing, and wait for its text."


def open_upload(session: Session, path: str, name: str | None = None) -> Updates:
    """Find the figures of a file page by page, and write of the first one as soon as it is found.

    An uploaded file is deleted when its last page is read. `name` is what it is called, by default its file's name.
    """
    wanted = session.begin("open")
    session.begin("write")
    session.open(name or Path(path).name)
    yield {
        "upload": None,
        "alert": "",
        "status": status_html(f"Opening {session.name}", busy=True),
        "workspace": gr.update(visible=False),
        "set": "",
    }
    notes: list[str] = []
    try:
        with taken(path):
            for page, seconds in in_turn(read_upload(path)):
                if not wanted():
                    return
                first = not session.figures
                session.add(page, seconds)
                notes += [page.note] if page.note else []
                yield _found(session, page.page, page.pages, notes)
                if first and session.figures and wanted():
                    yield from write_chosen(session)
    except UploadError as error:
        notes.append(str(error))
    if wanted():
        yield {"status": _summary(session), "alert": alert_html(" ".join(notes))}


def in_turn(steps: Iterator) -> Iterator[tuple]:
    """Each step, made when it is our turn, and the seconds it took."""
    while True:
        with turn:
            started = time.perf_counter()
            step = next(steps, None)
        if step is None:
            return
        yield step, time.perf_counter() - started


def _found(session: Session, page: int, pages: int, notes: Sequence[str]) -> dict:
    count = len(session.figures)
    news = f"Page {page} of {pages} read, {_figures(count)} found"
    return {
        "status": status_html(news, page, pages if page < pages else 0),
        "alert": alert_html(" ".join(notes)),
        "workspace": gr.update(visible=count > 0),
        "write_all": gr.update(visible=count > 1),
        "strip": strip(session),
    }


def _figures(count: int) -> str:
    return "1 figure" if count == 1 else f"{count} figures"


def _summary(session: Session) -> str:
    if not session.figures:
        return status_html("No figure was found.")
    return status_html(f"{session.name}: {_figures(len(session.figures))}")


def strip(session: Session) -> str:
    """The figures found, to choose from; nothing where there is no choice."""
    if len(session.figures) < 2:
        return ""
    choices = [(figure.thumbnail, figure.name, _note(figure)) for figure in session.figures]
    return choices_html("Figures found", choices, session.chosen)


def _note(figure: Figure) -> str:
    return f"page {figure.page}{', described' if figure.description else ''}"


# --- one figure ------------------------------------------------------------------------------------------------------


def choose(session: Session, index: int) -> Updates:
    """Look at another figure; one that has no text yet is written of."""
    if not 0 <= index < len(session.figures):
        return
    session.chosen = index
    yield {"strip": strip(session), "alert": ""}
    if session.figure.description:
        session.begin("write")
        yield _shown(session)
    else:
        yield from write_chosen(session)


def write_chosen(session: Session) -> Updates:
    """Show the chosen figure with what was read, and its texts as they are written."""
    wanted = session.begin("write")
    figure = session.figure
    figure.description = None
    yield {**_drawing(session), "text": status_html("Waiting for its turn", busy=True), "table": []}
    try:
        for news in written(figure, session):
            if not wanted():
                return
            yield _shown(session) if figure.description else {"text": being_written(news)}
    except (ValueError, WritingError) as error:
        yield {"alert": alert_html(str(error)), "text": ""}


def written(figure: Figure, session: Session) -> Iterator[dict[str, str] | Description]:
    """The texts of a figure as they come; at last it has its description."""
    label = figure.label if figure.given else None
    with closing(writing.write(unpack(figure.picture), figure.reading, session.parts_of(figure), label)) as all_news:
        for news in all_news:
            if isinstance(news, Description):
                figure.description = news
                figure.label = news.label
            yield news


def _drawing(session: Session) -> dict:
    """The chosen figure and what can be corrected of it."""
    figure = session.figure
    left, top, right, bottom = figure.sides
    return {
        "figure": figure_html(unpack(figure.picture), figure.name, _key(session), figure.reading.words, _seen(figure)),
        "label": figure.label or "",
        "rotation": str(figure.rotation),
        "left": left,
        "top": top,
        "right": right,
        "bottom": bottom,
        "preview": crop_html(unpack(figure.sheet), figure.sides),
    }


def _seen(figure: Figure) -> Sequence[Numeral]:
    if figure.description:
        return figure.description.numerals
    characters = take_inventory(*figure.reading.columns).characters
    return [Numeral(character.text, character.box, character.confidence, False) for character in characters]


def _key(session: Session) -> str:
    """What links the boxes of the chosen figure with its text."""
    return str(session.chosen)


def _shown(session: Session) -> dict:
    """The chosen figure with its finished description."""
    figure = session.figure
    return {
        **_drawing(session),
        "strip": strip(session),
        "text": description_html(figure.description, _key(session), figure.reading_seconds),
        "table": as_rows(figure, session.parts),
    }


# --- corrections -----------------------------------------------------------------------------------------------------


def write_again(session: Session, rows: Sequence[Sequence[str]], listed: str) -> Updates:
    """Write of the chosen figure with the list of parts and the edited table."""
    if not session.figures:
        yield {"alert": alert_html(NOTHING_OPEN)}
        return
    figure = session.figure
    try:
        parts = parse_parts(listed)
        if figure.description:
            parts, figure.reading = apply_rows(rows, figure, session.parts, parts)
    except ValueError as error:
        yield {"alert": alert_html(str(error))}
        return
    figure.added |= set(parts) - set(session.parts)
    session.parts = parts
    yield {"alert": "", "parts": as_lines(session.parts)}
    yield from write_chosen(session)


def as_lines(parts: dict[str, str]) -> str:
    """A list of parts as it is typed."""
    return "\n".join(f"{character} = {name}" for character, name in parts.items())


def turn_preview(session: Session, rotation: str) -> dict:
    """The page turned otherwise, with all of it in the frame."""
    figure = session.figure
    if int(rotation) == figure.rotation:
        return {"preview": crop_html(unpack(figure.sheet), figure.sides)}
    page = unpack(figure.sheet).rotate(int(rotation) - figure.rotation, expand=True)
    return {"preview": crop_html(page, (0, 0, 100, 100)), "left": 0, "top": 0, "right": 100, "bottom": 100}


def correct(session: Session, rotation: str, label: str, *sides: float) -> Updates:
    """Turn and cut the chosen figure as the visitor wants it, take the figure number given, and write of it again."""
    chosen, figure, label = session.chosen, session.figure, label.strip()
    wanted = session.begin("write")
    given = bool(label) and (figure.given or label != figure.label)
    try:
        if given:
            put_label(*figure.reading.columns, label)
        if int(rotation) != figure.rotation or any(abs(a - b) > 0.5 for a, b in zip(sides, figure.sides, strict=True)):
            yield {"status": status_html("Reading the figure again", busy=True)}
            figure = _recut(figure, int(rotation), sides)
    except ValueError as error:  # UploadError, and a figure number that is none
        yield {"alert": alert_html(str(error)), "status": _summary(session)}
        return
    if not wanted():
        return
    figure.given, figure.label = given, label if given else figure.label
    session.figures[chosen] = figure
    yield {"alert": "", "strip": strip(session), "status": _summary(session)}
    yield from write_chosen(session)


def _recut(figure: Figure, rotation: int, sides: Sequence[float]) -> Figure:
    """The figure cut out of its turned page, `sides` in percent, and read again."""
    found = figure.found
    turned = found.sheet.rotate(rotation - figure.rotation, expand=True)
    box = tuple(round(side * turned.size[i % 2] / 100) for i, side in enumerate(sides))
    with turn:
        started = time.perf_counter()
        found = cut_again(found, rotation, box)
    return Figure.of(found, pack(found.sheet), time.perf_counter() - started)


# --- the whole set ---------------------------------------------------------------------------------------------------


def write_all(session: Session) -> Updates:
    """Write of every figure of the upload under one list of parts; each text is shown when it is finished."""
    if not session.figures:
        yield {"alert": alert_html(NOTHING_OPEN)}
        return
    wanted = session.begin("write")
    figures, failures = session.figures, {}
    for figure in figures:
        figure.description = None
    for done, figure in enumerate(figures):
        yield {
            "alert": "",
            "set": _cards(session, failures),
            "status": status_html(f"Writing {figure.name}, {done + 1} of {len(figures)}", done, len(figures)),
        }
        try:
            for _ in written(figure, session):
                if not wanted():
                    yield {"status": status_html(f"Stopped after {done} of {len(figures)} figures")}
                    return
        except (ValueError, WritingError) as error:
            failures[done] = str(error)
    shown = _shown(session) if session.figure.description else {}
    yield {**shown, "set": _cards(session, failures), "status": _summary(session)}


def _cards(session: Session, failures: dict[int, str]) -> str:
    cards = []
    for index, figure in enumerate(session.figures):
        if figure.description or index in failures:
            texts = (figure.description.brief, figure.description.detailed) if figure.description else ()
            cards.append(card_html(index, figure.thumbnail, figure.name, texts, failures.get(index, "")))
    return set_html(cards)


def stop(session: Session) -> dict:
    """End what is under way."""
    session.halt()
    return {"status": status_html("Stopped.")}


# --- taking it along -------------------------------------------------------------------------------------------------


def export(session: Session, form: str) -> dict:
    """What is written so far as a file of a form, "txt", "json" or "docx"."""
    described = session.described()
    if not described:
        return {
            "alert": alert_html("There is no description yet: upload a drawing, and wait for its text."),
            "file": None,
        }
    stem = Path(session.name).stem.replace(" ", "-").lower()
    return {"alert": "", "file": as_file(described, form, f"{stem}-descriptions.{form}")}
