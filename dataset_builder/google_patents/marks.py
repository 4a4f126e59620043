"""A paragraph of a Google Patents page: its text on one line, and the figures and numerals that are tagged in it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

from dataset_builder.patent import Mark
from modeling_patentlmm.references_patentlmm import RUN, parse_character, plain_character
from modeling_patentlmm.terms_patentlmm import DETERMINERS

MARKING = frozenset(("figref", "figure-callout", "b"))
MAX_FIGURE = 200  # characters of a mention of figures; a longer tag was never closed
_QUANTIFIERS = DETERMINERS | {"or", "and", "of", "at", "least", "number", "set", "pair"}


def clean_term(label: str) -> str | None:
    """A tag's name for a part without the quantifier that it was cut out of.

    "one or more media systems" comes as "more media systems", "at least one sensor" as "least one sensor".
    """
    words = label.split()
    while len(words) > 1 and words[0].lower() in _QUANTIFIERS:
        words = words[1:]
    return " ".join(words) or None


@dataclass(frozen=True)
class _Tag:
    """A tag as it was met: what it stands around."""

    name: str
    attributes: Mapping[str, str]
    start: int
    end: int


class MarkedText:
    """Collects text on one line, single spaces between words, and remembers what the tags stand around."""

    def __init__(self):
        self._parts: list[str] = []
        self._length = 0
        self._gap = False
        self._open: list[tuple[str, Mapping[str, str], int]] = []
        self._tags: list[_Tag] = []

    def write(self, text: str) -> None:
        words = text.split()
        if words:
            gap = self._length and (self._gap or text[0].isspace())
            part = " " * bool(gap) + " ".join(words)
            self._parts.append(part)
            self._length += len(part)
            self._gap = text[-1].isspace()
        elif text:
            self._gap = True

    def join(self) -> None:
        """What is written next follows without a space."""
        self._gap = False

    def open(self, name: str, attributes: Mapping[str, str]) -> None:
        self._open.append((name, attributes, self._length))

    def close(self, name: str) -> None:
        if self._open and self._open[-1][0] == name:
            name, attributes, start = self._open.pop()
            self._tags.append(_Tag(name, attributes, start, self._length))

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def finish(self) -> tuple[str, tuple[Mark, ...]]:
        """The text, and its marks in their order.

        A `figure-callout` stands around a part's name and tells its numeral, which follows: the mark is at the
        numeral, or at the name where the numeral does not follow before the next such tag.
        """
        text = self.text
        figures = [_trimmed(text, tag) for tag in self._tags if tag.name == "figref"]
        marks = {
            (start, end): Mark("figure", text[start:end], start, end)
            for start, end in figures
            if 0 < end - start <= MAX_FIGURE
        }
        taken = {place for start, end in marks for place in range(start, end)}
        for mark in [*_called_out(text, self._tags), *_bold(text, self._tags)]:
            if mark.start not in taken:
                marks.setdefault((mark.start, mark.end), mark)
        return text, tuple(marks[place] for place in sorted(marks))


def _trimmed(text: str, tag: _Tag) -> tuple[int, int]:
    inside = text[tag.start : tag.end]
    start = tag.start + len(inside) - len(inside.lstrip())
    return start, start + len(inside.strip())


def _called_out(text: str, tags: list[_Tag]) -> list[Mark]:
    """The marks of the `figure-callout` tags."""
    places: dict[str, list[tuple[int, int]]] = {}
    for run in RUN.finditer(text):
        places.setdefault(plain_character(run.group()), []).append(run.span())
    callouts = [tag for tag in tags if tag.name == "figure-callout" and tag.attributes.get("id", "").strip()]
    marks, until = [], {}
    for tag in sorted(callouts, key=lambda tag: tag.start, reverse=True):
        numeral = plain_character(tag.attributes["id"].strip())
        spans = places.get(numeral, [])
        next_span = bisect_left(spans, (tag.end, 0))
        follows = next_span < len(spans) and spans[next_span][0] < until.get(numeral, len(text))
        start, end = spans[next_span] if follows else _trimmed(text, tag)
        until[numeral] = tag.start
        term = clean_term(tag.attributes.get("label", ""))
        sheets = tuple(filter(None, map(str.strip, tag.attributes.get("filenames", "").split(","))))
        marks.append(Mark("character", numeral, start, end, term, sheets))
    return marks


def _bold(text: str, tags: list[_Tag]) -> list[Mark]:
    """The numerals in bold print; a letter behind one belongs to it ("<b>54</b><i>a</i>")."""
    marks = []
    for tag in tags:
        start, _ = _trimmed(text, tag)
        run = RUN.match(text, start) if tag.name == "b" else None
        if run and parse_character(character := plain_character(run.group())):
            marks.append(Mark("character", character, *run.span()))
    return marks
