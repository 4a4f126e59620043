"""The table of a figure's reference characters: what it shows, and what its edits mean for the next text."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from modeling_patentlmm import FigureReading, Numeral
from space.figure_view import percent
from space.session import Figure, distinct

HEADERS = ("Character", "Part name", "As read", "Confidence", "In text")
FIXED_COLUMNS = (2, 3, 4)  # only told, not edited
_CHARACTER = re.compile(r"[A-Za-z0-9][A-Za-z0-9'\"\-]{0,15}")


class CorrectionError(ValueError):
    """A cell that makes no sense; the message is a sentence that names it and the remedy."""


def as_rows(figure: Figure, parts: Mapping[str, str]) -> list[list[str]]:
    """A row for every distinct reference character: those the text does not mention first, then as they were read.

    The last row is empty, for one more.
    """
    names = figure.names(parts)
    numerals = sorted(distinct(figure.description.numerals), key=lambda numeral: numeral.mentioned)
    return [*(_row(numeral, names.get(numeral.text, "")) for numeral in numerals), [""] * len(HEADERS)]


def _row(numeral: Numeral, name: str) -> list[str]:
    read = numeral.text if numeral.box else ""
    confidence = percent(numeral.confidence) if numeral.box else "your list"
    if numeral.uncertain:
        confidence += ", uncertain"
    return [numeral.text, name, read, confidence, "yes" if numeral.mentioned else "no"]


def apply_rows(
    rows: Sequence[Sequence[str]], figure: Figure, shown: Mapping[str, str], listed: Mapping[str, str]
) -> tuple[dict[str, str], FigureReading]:
    """The list of parts and the reading of the figure as the edited table wants them.

    A changed character corrects the reading, an emptied one takes it out of it; a new row adds to the list of parts.
    Cells that were left alone change nothing.

    Args:
        rows: the table, edited, of `as_rows(figure, shown)`.
        listed: the list of parts, which may have changed since.

    Raises:
        CorrectionError: what stands for a character is none, has two names, or is new and has none.
    """
    before = {row[2] or row[0]: row[1] for row in as_rows(figure, shown)[:-1]}
    changes, named = {}, {}
    for row in rows:
        character, name, read = (str(cell or "").strip() for cell in row[:3])
        if character and not _CHARACTER.fullmatch(character):
            raise CorrectionError(f'"{character}" is not a reference character; write one such as 10, 12a or S302.')
        if read and character != read:
            changes[read] = character
        if character and (name != before.get(read or character) or character != (read or character)):
            if named.setdefault(character, name) != name:
                raise CorrectionError(f"{character} has two part names; give it one.")
        if character and not name and character not in before and not read:
            raise CorrectionError(f"{character} has no part name; give it one, or empty its row.")
    parts = {text: name for text, name in {**listed, **named}.items() if name and text not in changes}
    return parts, _corrected(figure.reading, figure.description.numerals, changes)


def _corrected(reading: FigureReading, numerals: Sequence[Numeral], changes: Mapping[str, str]) -> FigureReading:
    """The reading with some of its characters written otherwise, which are then certain, or left out."""
    places = {numeral.box: numeral.text for numeral in numerals if numeral.box and numeral.text in changes}
    words = []
    for word in reading.words:
        if word.box in places:
            read = places[word.box]
            text = word.text.replace(read, changes[read]) if read in word.text else changes[read]
            word = replace(word, text=text.strip(" ,;/"), confidence=1.0)
        if word.text:
            words.append(word)
    return replace(reading, words=tuple(words))
