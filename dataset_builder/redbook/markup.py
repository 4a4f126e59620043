"""The marked-up text of a vintage to paragraphs on one line, with what the markup says of figures and characters.

The elements are read from their serialised form: lxml has made sure that they are whole, and escapes what must be, so
that a regular expression can part tags and text, which takes a fifth of the time of a walk through the tree.

Left out are formulas (MathML without its layout is no text) and structural formulas. The cells of a table stand one
after the other, the items of a list are paragraphs of their own. Sub- and superscripts stand in the line, "H2O", and
behind a sign where they would make another number: "10^6", "10_2".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html.entities import html5
from itertools import accumulate

from lxml import etree

from dataset_builder.patent import BRIEF, Mark, Paragraph
from dataset_builder.redbook.marks import CHARACTER, FIGURE, Span, read_marks

# What else an element does to the text; those without a rule do nothing.
SPACED, LEFT_OUT, RAISED, LOWERED = "spaced", "left out", "raised", "lowered"
BLOCK, HEADING, ITEM, DRAWINGS = "block", "heading", "item", "drawings"

_TAG = re.compile(r"<(\?.*?\?|[^>]*)>", re.DOTALL)
_NAME = re.compile(r"/?([\w.:-]+)")
_ATTRIBUTES = re.compile(r"[^ ]*(?:.*? (?:id|ID)=\"([^\"]*)\")?(?:.*? num=\"([^\"]*)\")?", re.DOTALL)
_ENTITY = re.compile(r"&(\w+);")
_MAX_KNOWN = 4096
# Names of the ISO set of Greek letters, which HTML does not know.
_GREEK = dict(zip("a b g d e z ee th i k l m n x o p r s t u ph kh ps oh".split(), "αβγδεζηθικλμνξοπρστυφχψω"))
_LETTERS = {f"{name}gr": letter for name, letter in _GREEK.items()}
_LETTERS |= {f"{name.upper()}gr": letter.upper() for name, letter in _GREEK.items()}


class Markup:
    """How a vintage marks up its text; `names` has the elements of each rule, parted by spaces."""

    def __init__(self, names: Mapping[str, str]):
        rules = {name: rule for rule, elements in names.items() for name in elements.split()}
        self._starts = {name: _STEPS[rule][0] for name, rule in rules.items()}
        self._ends = {name: _STEPS[rule][1] for name, rule in rules.items()}
        self._empty = {name: _Page.space for name, rule in rules.items() if rule in (SPACED, LEFT_OUT)}
        self._known: dict[str, Step | None] = {}  # what a tag does, as it is written

    def text(self, element: etree._Element | None) -> str:
        """The text of an element on one line; "" for None."""
        return " ".join(self.texts(element))

    def texts(self, element: etree._Element | None) -> tuple[str, ...]:
        """The texts of its paragraphs."""
        return tuple(paragraph.text for paragraph in self.paragraphs(element))

    def paragraphs(self, element: etree._Element | None) -> tuple[Paragraph, ...]:
        """The paragraphs, headings and list items of an element, without the empty ones; () for None.

        They have the ids and numbers that the source gives them; what follows a list within its paragraph, and items
        without an id, are "p-0012.2", "p-0012.3".
        """
        if element is None:
            return ()
        pieces = _TAG.split(etree.tostring(element, encoding="unicode", with_tail=False))
        page, known = _Page(), self._known
        write = page.pieces.append
        for text, tag in zip(pieces[::2], pieces[1::2]):
            if text and not page.unseen:
                write(text)
            step = known.get(tag, tag)
            if step is tag:
                step = self._step(tag)
            if step is not None and (not page.unseen or step in _UNSEEN_STEPS):
                step(page, tag)
        page.flush()
        return tuple(page.paragraphs)

    def _step(self, tag: str) -> Step | None:
        """What a tag does to the page, by its name; kept for when it is written again, unless it has an id."""
        if tag.startswith("?"):
            return _instruction(tag)
        if tag.startswith("/"):
            step = self._ends.get(tag[1:])
        elif tag.endswith("/"):
            step = self._empty.get(tag[:-1].partition(" ")[0])
        else:
            step = self._starts.get(tag.partition(" ")[0])
        if len(self._known) < _MAX_KNOWN and ' id="' not in tag:
            self._known[tag] = step
        return step


def markups(
    *,
    figure: str,
    character: str,
    raised: str,
    lowered: str,
    spaced: str,
    left_out: str,
    block: str,
    heading: str,
    item: str,
    drawings: str,
    claim: str,
    in_claims: str,
) -> tuple[Markup, Markup]:
    """How a vintage marks up descriptions, and claims: by its elements for each rule, parted by spaces.

    In claims only a `claim` is a block, the elements `in_claims` are spaces, and headings are left out.
    """
    scripts = {RAISED: raised, LOWERED: lowered}
    marks = {FIGURE: figure, CHARACTER: character}
    blocks = {BLOCK: block, HEADING: heading, ITEM: item, DRAWINGS: drawings}
    descriptions = Markup(scripts | marks | {SPACED: spaced, LEFT_OUT: left_out} | blocks)
    claims = Markup(scripts | {SPACED: f"{spaced} {in_claims}", LEFT_OUT: f"{left_out} {heading}", BLOCK: claim})
    return descriptions, claims


def _instruction(tag: str) -> Step | None:
    """<?brief-description-of-drawings ... end="lead"?> opens the section, the one with "tail" closes it."""
    if not tag.startswith("?brief-description-of-drawings"):
        return None
    return _Page.open_drawings if 'end="lead"' in tag else _Page.close_drawings


@dataclass(slots=True)
class _Home:
    """The element that the text written belongs to; `used` counts the paragraphs it has become."""

    id: str = ""
    number: str | None = None
    is_heading: bool = False
    used: int = 0


class _Page:
    """The paragraphs of an element, as its tags and texts come; `pieces` is what has been written of the next."""

    def __init__(self):
        self.paragraphs: list[Paragraph] = []
        self.pieces: list[str] = []
        self.unseen = 0  # how many elements that are left out are open
        self._homes = [_Home()]
        self._section: str | None = None
        # Places in `pieces`: of marks that are open, of those that are closed, of sub- and superscripts.
        self._open: list[tuple[str, int]] = []
        self._spans: list[Span] = []
        self._signs: list[tuple[str, int]] = []

    def flush(self) -> None:
        """What has been written is a paragraph; most often it is the line feed between two of them, which is none."""
        pieces = self.pieces
        if len(pieces) > 1 or pieces and not pieces[0].isspace():
            text, spans = self._line()
            if text:
                self._add(text, read_marks(text, spans) if spans else ())
            if self._open or self._spans or self._signs:
                self._open, self._spans, self._signs = [], [], []
        pieces.clear()

    def _line(self) -> tuple[str, Sequence[Span]]:
        """What has been written on one line, and the spans in it."""
        pieces = self.pieces
        text = "".join(pieces)
        if "&" in text or self._signs:
            pieces = [_ENTITY.sub(_character, piece) if "&" in piece else piece for piece in pieces]
            for sign, place in self._signs:
                pieces[place] = _signed(sign, pieces[place - 1], pieces[place])
            text = "".join(pieces)
        if not self._spans:
            return one_line(text, ())
        places = [0, *accumulate(map(len, pieces))]
        return one_line(text, [(kind, places[start], places[end]) for kind, start, end in self._spans])

    def _add(self, text: str, marks: tuple[Mark, ...]) -> None:
        home = self._homes[-1]
        home.used += 1
        name = home.id or f"p-{len(self.paragraphs) + 1:04}"
        if home.id and home.used > 1:
            name += f".{home.used}"
        self.paragraphs.append(Paragraph(name, text, home.number, home.is_heading, self._section, marks))

    # Steps: what a tag does.

    def open_figure(self, tag: str) -> None:
        self._open.append((FIGURE, len(self.pieces)))

    def open_bold(self, tag: str) -> None:
        self._open.append((CHARACTER, len(self.pieces)))

    def close_mark(self, tag: str) -> None:
        """Only the outermost of nested marks counts: FIG. <b>1</b>."""
        if self._open:
            kind, start = self._open.pop()
            if not self._open:
                self._spans.append((kind, start, len(self.pieces)))

    def space(self, tag: str) -> None:
        self.pieces.append(" ")

    def leave_out(self, tag: str) -> None:
        self.unseen += 1

    def see_again(self, tag: str) -> None:
        self.unseen -= 1
        self.space(tag)

    def raise_text(self, tag: str) -> None:
        self._signs.append(("^", len(self.pieces)))

    def lower_text(self, tag: str) -> None:
        self._signs.append(("_", len(self.pieces)))

    def set_back(self, tag: str) -> None:
        """A sub- or superscript without text has no sign."""
        if self._signs and self._signs[-1][1] == len(self.pieces):
            self._signs.pop()

    def open_block(self, tag: str) -> None:
        self.flush()
        name, number = _ATTRIBUTES.match(tag).groups()
        self._homes.append(_Home(name or "", number))

    def open_heading(self, tag: str) -> None:
        self.open_block(tag)
        self._homes[-1].is_heading = True

    def open_item(self, tag: str) -> None:
        """An item without an id goes on what it stands in."""
        self.open_block(tag)
        if not self._homes[-1].id:
            self._homes[-1] = self._homes[-2]

    def close_block(self, tag: str) -> None:
        self.flush()
        self._homes.pop()

    def open_drawings(self, tag: str) -> None:
        self.flush()
        self._section = BRIEF

    def close_drawings(self, tag: str) -> None:
        self.flush()
        self._section = None


Step = Callable[[_Page, str], None]
_STEPS: dict[str, tuple[Step, Step]] = {  # at the start tag, at the end tag
    FIGURE: (_Page.open_figure, _Page.close_mark),
    CHARACTER: (_Page.open_bold, _Page.close_mark),
    SPACED: (_Page.space, _Page.space),
    LEFT_OUT: (_Page.leave_out, _Page.see_again),
    RAISED: (_Page.raise_text, _Page.set_back),
    LOWERED: (_Page.lower_text, _Page.set_back),
    BLOCK: (_Page.open_block, _Page.close_block),
    HEADING: (_Page.open_heading, _Page.close_block),
    ITEM: (_Page.open_item, _Page.close_block),
    DRAWINGS: (_Page.open_drawings, _Page.close_drawings),
}
_UNSEEN_STEPS = (_Page.leave_out, _Page.see_again)


def _signed(sign: str, before: str, text: str) -> str:
    """A digit after a digit has the sign of its sub- or superscript before it."""
    first = text.lstrip("+-−")[:1] if sign == "^" else text[:1]
    return sign + text if before[-1:].isdecimal() and first.isdecimal() else text


def _character(entity: re.Match) -> str:
    """The characters of a named entity, "&name;" itself where nobody knows the name."""
    name = entity[1]
    return html5.get(f"{name};") or _LETTERS.get(name) or entity[0]


def one_line(text: str, spans: Sequence[Span]) -> tuple[str, Sequence[Span]]:
    """A text with single spaces, without those at its ends, and the spans where they have got to."""
    if text.isascii() and not ("\n" in text or "  " in text or "\t" in text or "\r" in text) and text == text.strip():
        return text, spans  # most are as they should be
    clean = " ".join(text.split())
    if not spans or len(clean) == len(text):
        return clean, spans
    places = _places(text, sorted({place for _, start, end in spans for place in (start, end)}))
    moved = ((kind, places[start], places[end]) for kind, start, end in spans)
    return clean, [(kind, start + (clean[start : start + 1] == " "), end) for kind, start, end in moved]


def _places(text: str, marked: Sequence[int]) -> dict[int, int]:
    """Where places of a text, in their order, get to when its white space is made single."""
    places: dict[int, int] = {}
    length, done, spaced = 0, 0, False  # of the clean text; of the text; whether white space came last
    for place in marked:
        piece = text[done:place]
        if words := piece.split():
            length += (length > 0 and (spaced or piece[0].isspace())) + len(" ".join(words))
        spaced = piece[-1].isspace() if piece else spaced
        places[place], done = length, place
    return places
