"""What programs call, through gradio_client by name and as MCP tools. Each call is whole in itself, nothing is kept."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import gradio as gr

from space.exports import as_bytes
from space.figure_view import writing_seconds
from space.filing import as_json, parse_parts
from space.privacy import UPLOADS, taken
from space.session import Figure, Session
from space.steps import in_turn, written
from space.uploads import UploadError, read_upload
from space.writing import WritingError


def describe_figure(file: str, parts: str = "", figure: str = "") -> dict:
    """Describe one figure of a patent drawing: what it shows, in the words of a patent, and its reference characters.

    Args:
        file: The drawing: PNG, JPEG, WebP, GIF, BMP, TIFF or PDF. Over MCP a data URI: data:image/png;base64,...
        parts: A list of parts, one to a line, such as "10 = housing". The text may use them even if they are not read.
        figure: The number of the figure where the file has several, such as 3A; the first one if empty.

    Returns:
        The figure number, brief and detailed description, and every reference character with its name, its box in
        0..1000 of the upright figure (left, top, right, bottom), its confidence, and whether the text mentions it.
    """
    with _as_gradio_error(), taken(file):
        session = Session(Path(file).name, parts=parse_parts(parts))
        notes = []
        for page, seconds in in_turn(read_upload(file)):
            notes += [page.note] if page.note else []
            session.add(page, seconds)
            for found in session.figures:
                if not figure or found.label == figure:
                    found.added = set(session.parts)
                    for _ in written(found, session):
                        pass
                    return _as_json(found, session)
        raise UploadError(_nothing_found(session, notes, figure))


def describe_set(file: str, parts: str = "") -> Iterator[dict]:
    """Describe all figures of a patent's sheets, with one registry of their reference characters.

    Args:
        file: The sheets: a multi-page TIFF or PDF, or an image. Over MCP a data URI: data:application/pdf;base64,...
        parts: A list of parts, one to a line, such as "10 = housing". A text may use those that its figure shows.

    Returns:
        The figures in filing order with their texts and reference characters, the registry of the set with conflicts
        flagged, and what a person has to check before filing.
    """
    for session, notes in _written_set(file, parts):
        yield {**as_json(session.described()), "notes": notes}


def export_docx(file: str, parts: str = "") -> str:
    """Describe all figures of a patent's sheets as a Word document, in the order in which they are filed.

    Args:
        file: The sheets: a multi-page TIFF or PDF, or an image. Over MCP a data URI: data:application/pdf;base64,...
        parts: A list of parts, one to a line, such as "10 = housing". A text may use those that its figure shows.

    Returns:
        A document with the brief description of the drawings, the detailed description, the list of reference
        characters, and what has to be checked. It can be fetched for ten minutes.
    """
    for session, _ in _written_set(file, parts):  # noqa: B007
        pass
    folder = tempfile.mkdtemp(dir=UPLOADS)
    path = Path(folder) / "descriptions.docx"
    path.write_bytes(as_bytes(session.described(), "docx"))
    return str(path)


def _written_set(file: str, parts: str) -> Iterator[tuple[Session, list[str]]]:
    """The session and the notes on its pages, each time another figure has its texts."""
    with _as_gradio_error(), taken(file):
        session, notes = Session(Path(file).name, parts=parse_parts(parts)), []
        for page, seconds in in_turn(read_upload(file)):
            notes += [page.note] if page.note else []
            known = len(session.figures)
            session.add(page, seconds)
            for figure in session.figures[known:]:
                for _ in written(figure, session):
                    pass
                yield session, notes
        if not session.figures:
            raise UploadError(_nothing_found(session, notes))


@contextmanager
def _as_gradio_error() -> Iterator[None]:
    """What went wrong, told to whoever called."""
    try:
        yield
    except (ValueError, WritingError) as error:  # UploadError, FigureError, and a list of parts that is none
        raise gr.Error(str(error), print_exception=False) from None


def _nothing_found(session: Session, notes: list[str], figure: str = "") -> str:
    if session.figures:
        found = ", ".join(figure.name for figure in session.figures)
        return f"{session.name}: holds no FIG. {figure}; it holds {found}."
    return " ".join(notes) or f"{session.name}: no figure was found."


def _as_json(figure: Figure, session: Session) -> dict:
    description, names = figure.description, figure.names(session.parts)
    return {
        "figure": figure.label,
        "page": figure.page,
        "rotation": figure.rotation,
        "brief": description.brief,
        "detailed": description.detailed,
        "reference_characters": [
            {**asdict(numeral), "uncertain": numeral.uncertain, "name": names.get(numeral.text)}
            for numeral in description.numerals
        ],
        "uncertain": list(description.uncertain),
        "seconds": {"reading": round(figure.reading_seconds, 3), "writing": round(writing_seconds(description), 3)},
    }


def add_endpoints(options: dict) -> None:
    """The functions above as named endpoints, without anything to see on the page."""
    with gr.Group(visible=False):
        file = gr.File(label="file")
        parts, figure = gr.Textbox("", label="parts"), gr.Textbox("", label="figure")
        result, document = gr.JSON(label="result"), gr.File(label="document")
        for function, inputs, output in (
            (describe_figure, [file, parts, figure], result),
            (describe_set, [file, parts], result),
            (export_docx, [file, parts], document),
        ):
            gr.Button().click(function, inputs, output, api_name=function.__name__, **options)
