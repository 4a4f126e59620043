"""A figure and its description as HTML: what was read is outlined, and a reference character leads to its box and back.

Everything that a file or a person gave is escaped: a word of a drawing stays text. `page.js` links the buttons of one
figure by `data-figure` and `data-character`, `page.css` gives them their looks.
"""

import base64
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from PIL import Image

from modeling_patentlmm import Description, Numeral, Word, find_references

KIND_TITLES = {"brief": "Brief description", "detailed": "Detailed description"}
UNREAD = "[?]"
CUT_OFF = "[...]"
FIGURE_SIDE = 1600  # pixels of the longer side of a figure on the page


def data_uri(image: Image.Image, side: int = FIGURE_SIDE) -> str:
    """The image as a data URI of at most `side` pixels, so that no file of it has to be kept or served."""
    image = image.convert("L")
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.quantize(16).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def percent(confidence: float) -> str:
    """A confidence as a person reads it; a reader's is never 100 %, what the person gave is certain."""
    return "given by you" if confidence == 1 else f"{min(int(100 * confidence), 99)} %"


def how_read(numeral: Numeral) -> str:
    """What is known of a reference character, in words."""
    if numeral.box is None:
        return "from your list, not read in the figure"
    if numeral.confidence == 1:
        return "corrected by you"
    doubt = "uncertain, check it on the drawing: " if numeral.uncertain else ""
    return f"{doubt}read with {percent(numeral.confidence)} confidence"


def alert_html(message: str) -> str:
    """A message that a screen reader says at once; nothing where there is no message."""
    return f'<div class="alert" role="alert">{escape(message)}</div>' if message else ""


def status_html(message: str, done: int = 0, of: int = 0, busy: bool = False) -> str:
    """What is under way (`busy`) or was done, with a progress bar where there are steps to count."""
    bar = f'<progress max="{of}" value="{done}" aria-label="{escape(message)}"></progress>' if of else ""
    return f'<div class="status{" busy" if busy else ""}" role="status"><span>{escape(message)}</span>{bar}</div>'


def choices_html(label: str, choices: Iterable[tuple[str, str, str]], chosen: int | None = None) -> str:
    """A row of pictures to choose from; each choice is a picture's URI, its title and a note.

    The buttons carry their number as `data-index`.
    """
    items = [
        f'<li><button type="button" data-index="{index}"{_pressed(chosen, index)}><img src="{uri}" alt="">'
        f'<span class="caption">{escape(title)}<small>{escape(note)}</small></span></button></li>'
        for index, (uri, title, note) in enumerate(choices)
    ]
    return f'<ul class="choices" aria-label="{escape(label)}">{"".join(items)}</ul>'


def _pressed(chosen: int | None, index: int) -> str:
    return "" if chosen is None else f' aria-pressed="{str(chosen == index).lower()}"'


def crop_html(page: Image.Image, sides: Sequence[float]) -> str:
    """A page and the frame that is cut out of it: left, top, right and bottom in percent. `page.js` moves the frame."""
    left, top, right, bottom = sides
    place = f"left:{left:g}%;top:{top:g}%;right:{100 - right:g}%;bottom:{100 - bottom:g}%"
    return (
        f'<div class="crop"><img src="{data_uri(page, 900)}" alt="The page; the frame shows what is cut out of it" '
        f'draggable="false"><div class="crop-frame" style="{place}"></div></div>'
    )


# --- the figure ------------------------------------------------------------------------------------------------------


def figure_html(
    image: Image.Image, name: str, figure: str, words: Sequence[Word] = (), numerals: Sequence[Numeral] = ()
) -> str:
    """The upright figure with its words and reference characters outlined.

    `name` is what the figure is called, `figure` the key that links it to its text.
    """
    boxes = {numeral.box for numeral in numerals}
    outlines = [_word_outline(word) for word in words if word.box not in boxes]
    buttons = [_character_box(numeral, figure) for numeral in numerals if numeral.box is not None]
    return (
        f'<div class="figure-tools">{_legend(numerals) if numerals else ""}'
        '<button type="button" class="enlarge" aria-pressed="false">Enlarge</button></div>'
        f'<div class="figure-frame" tabindex="0" role="group" aria-label="{escape(name)}">'
        f'<div class="figure-sheet"><img src="{data_uri(image)}" alt="Drawing of {escape(name)}">'
        f"{''.join(outlines)}{''.join(buttons)}</div></div>"
    )


def _place(box: Sequence[int], margin: int = 0) -> str:
    x0, y0, x1, y1 = box
    left, top = max(x0 - margin, 0) / 10, max(y0 - margin, 0) / 10
    return f"left:{left:g}%;top:{top:g}%;width:{(x1 - x0 + 2 * margin) / 10:g}%;height:{(y1 - y0 + 2 * margin) / 10:g}%"


def _word_outline(word: Word) -> str:
    said = escape(f"{word.text} ({percent(word.confidence)})")
    return f'<span class="word" style="{_place(word.box)}" title="{said}"></span>'


def _state(numeral: Numeral) -> str:
    if numeral.uncertain:
        return "uncertain"
    return "mentioned" if numeral.mentioned else "unmentioned"


def _character_box(numeral: Numeral, figure: str) -> str:
    mentioned = "in the text" if numeral.mentioned else "not in the text"
    said = escape(f"{numeral.text}: {how_read(numeral)}, {mentioned}")
    mark = '<span class="tag" aria-hidden="true">?</span>' if numeral.uncertain else ""
    return (
        f'<button type="button" class="box {_state(numeral)}" style="{_place(numeral.box, 4)}" aria-pressed="false" '
        f'data-figure="{escape(figure)}" data-character="{escape(numeral.text)}" aria-label="{said}" title="{said}">'
        f"{mark}</button>"
    )


def _legend(numerals: Sequence[Numeral]) -> str:
    seen = [_state(numeral) for numeral in numerals if numeral.box is not None]
    said = {"mentioned": "in the text", "unmentioned": "not in the text", "uncertain": "uncertain reading"}
    entries = [
        f'<li class="{state}"><span aria-hidden="true"></span>{seen.count(state)} {words}</li>'
        for state, words in said.items()
        if state in seen
    ]
    return f'<ul class="legend" aria-label="Reference characters">{"".join(entries)}</ul>'


# --- its text --------------------------------------------------------------------------------------------------------


def text_html(text: str, figure: str, numerals: Iterable[Numeral]) -> str:
    """A description with every reference character as a button that shows its box, and what is missing marked."""
    known = {numeral.text: numeral for numeral in numerals}
    pieces, at = [], 0
    for found in find_references(text):
        if found.kind == "character" and found.start >= at:
            pieces += [_prose(text[at : found.start]), _link(text[found.start : found.end], found.text, figure, known)]
            at = found.end
    return "".join([*pieces, _prose(text[at:])])


def _prose(text: str) -> str:
    text = escape(text).replace(
        UNREAD, f'<mark class="unread" title="A reference that was not read in the figure">{UNREAD}</mark>'
    )
    return re.sub(
        rf"{re.escape(CUT_OFF)}$", f'<span class="cut-off" title="The text was cut off here">{CUT_OFF}</span>', text
    )


def _link(written: str, character: str, figure: str, known: dict[str, Numeral]) -> str:
    numeral = known.get(character)
    if numeral is None:
        return escape(written)
    state = "listed" if numeral.box is None else _state(numeral)
    said = escape(f"{character}: {how_read(numeral)}")
    return (
        f'<button type="button" class="reference {state}" aria-pressed="false" data-figure="{escape(figure)}" '
        f'data-character="{escape(character)}" aria-label="{said}" title="{said}">{escape(written)}</button>'
    )


def being_written(texts: Mapping[str, str]) -> str:
    """The texts so far by kind, the last one still growing."""
    growing = list(texts)[-1]
    return "".join(_section(kind, _prose(text), writing=kind == growing) for kind, text in texts.items())


def description_html(description: Description, figure: str, reading_seconds: float) -> str:
    """The finished texts, what could not be read for certain, and how long it took."""
    texts = {"brief": description.brief, "detailed": description.detailed}
    sections = [_section(kind, text_html(text, figure, description.numerals)) for kind, text in texts.items() if text]
    return "".join([*sections, _doubts(description), _seconds(description, reading_seconds)])


def _section(kind: str, body: str, writing: bool = False) -> str:
    state = ' class="writing" aria-busy="true"' if writing else ""
    return f'<section class="description"><h3>{KIND_TITLES[kind]}</h3><p{state}>{body}</p></section>'


def _doubts(description: Description) -> str:
    lines = []
    if description.label is None:
        lines.append("The figure number could not be read: give it under Correct this figure.")
    if not description.numerals:
        lines.append("No reference characters could be read.")
    if description.uncertain:
        lines.append(f"Uncertain readings, check them on the drawing: {', '.join(description.uncertain)}.")
    return "".join(f'<p class="doubt">{escape(line)}</p>' for line in lines)


def writing_seconds(description: Description) -> float:
    """How long the texts took, the reading of the figure aside."""
    return description.timing_s["encode"] + description.timing_s["generate"]


def _seconds(description: Description, reading_seconds: float) -> str:
    seconds = f"Page read in {reading_seconds:.1f} s, written in {writing_seconds(description):.1f} s."
    return f'<p class="seconds">{seconds}</p>'


# --- the whole set ---------------------------------------------------------------------------------------------------


def card_html(index: int, picture: str, name: str, texts: Iterable[str], trouble: str = "") -> str:
    """A figure of a set: its picture's URI, its name, its texts, and a sentence where there are none."""
    prose = "".join(f"<p>{_prose(text)}</p>" for text in texts)
    return (
        f'<li class="card"><img src="{picture}" alt="Drawing of {escape(name)}"><div class="description">'
        f"<h3>{escape(name)}</h3>{prose}{alert_html(trouble)}"
        f'<button type="button" class="look" data-index="{index}">Look at {escape(name)}</button></div></li>'
    )


def set_html(cards: Iterable[str]) -> str:
    """The cards of a set, one below the other."""
    items = "".join(cards)
    return f'<h2 class="set-title">All figures</h2><ul class="set">{items}</ul>' if items else ""
