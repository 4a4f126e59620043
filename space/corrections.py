"""The table of a figure's reference characters: what it shows, and what its edits mean for the next text."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from modeling_patentlmm import Description, FigureReading, Numeral
from space.figure_view import percent

HEADERS = ("Character", "Part name", "As read", "Confidence", "In the text")
FIXED_COLUMNS = (2, 3, 4)  # only told, not edited
_CHARACTER = re.compile(r"[A-Za-z0-9][A-Za-z0-9'\"\-]{0,15}")


class CorrectionError(ValueError):
    """A cell that makes no sense; the message is a sentence that names it and the remedy."""


def as_rows(description: Description, parts: Mapping[str, str]) -> list[list[str]]:
    """A row for every distinct reference character: those the text does not mention first, then as they were read."""
    best: dict[str, Numeral] = {}
    for numeral in description.numerals:
        if numeral.text not in best or numeral.confidence > best[numeral.text].confidence:
            best[numeral.text] = numeral
    return [_row(numeral, parts) for numeral in sorted(best.values(), key=lambda numeral: numeral.mentioned)]


def _row(numeral: Numeral, parts: Mapping[str, str]) -> list[str]:
    read = numeral.text if numeral.box else ""
    confidence = percent(numeral.confidence) if numeral.box else "your list"
    if numeral.uncertain:
        confidence += ", uncertain"
    return [numeral.text, parts.get(numeral.text, ""), read, confidence, "yes" if numeral.mentioned else "no"]


def apply_rows(
    rows: Sequence[Sequence[str]], description: Description, parts: Mapping[str, str], reading: FigureReading
) -> tuple[dict[str, str], FigureReading]:
    """The list of parts and the reading as the edited table wants them.

    A changed character corrects the reading, an emptied one takes it out of it; a new row adds to the list of parts.
    Cells that were left alone change nothing, so that the list may have changed elsewhere meanwhile.

    Raises:
        CorrectionError: what stands for a character is none, or two rows name it differently.
    """
    shown = {row[2] or row[0]: row for row in as_rows(description, parts)}
    wanted, changes, named = dict(parts), {}, {}
    for row in rows:
        character, name, read = (str(cell or "").strip() for cell in row[:3])
        if character and not _CHARACTER.fullmatch(character):
            raise CorrectionError(f'"{character}" is not a reference character; write one such as 10, 12a or S302.')
        if named.get(character, name) != name:
            raise CorrectionError(f"{character} has two part names; give it one.")
        if read and character != read:
            changes[read] = character
            wanted.pop(read, None)
        before = shown.get(read or character, ["", ""])[1]
        if character and (name != before or character not in shown):
            named[character] = name
    for character, name in named.items():
        wanted.pop(character, None)
        if name or character not in shown:
            wanted[character] = name
    return wanted, _corrected(reading, description.numerals, changes)


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
