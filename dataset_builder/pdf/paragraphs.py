"""Lines of columns to paragraphs and headings: where they begin, and words that were divided between lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dataset_builder.pdf.columns import Line

_WORD = re.compile(r"[A-Za-z]+(?:['’-][A-Za-z]+)*")
_NUMBER = re.compile(r"[\[({Il]?(0[\dOo.,]{3,5})[\])}]?[.,]?\s+")  # "[0012]", read as "0012", "0012.", "0.012", "I0012"
ENOUGH_WORDS = 4_000  # a vocabulary from which a word's absence tells something
MAX_STEP = 10  # from one printed number to the next that was read


@dataclass(frozen=True)
class Block:
    """A paragraph or a heading: its text on one line, its printed number, and the free space above, in lines."""

    text: str
    number: str | None
    is_heading: bool
    space: float


def to_blocks(columns: Sequence[Sequence[Line]], words: Vocabulary) -> list[Block]:
    """The blocks of columns in reading order; a paragraph may run on from one column to the next.

    A printed number counts where it goes on from the last one: other paragraphs begin with numbers, too. `words` is the
    vocabulary of the whole text.
    """
    blocks: list[Block] = []
    group: list[Line] = []
    space, heading, number, last = 0.0, False, None, 0

    def close() -> None:
        if group:
            text = join_lines([line.text for line in group], words)
            text = _NUMBER.sub("", text, count=1) if number else text
            blocks.append(Block(text, number, heading, space))
            group.clear()

    for line, free in _lines_with_space(columns):
        printed = _printed_number(line.text, last)
        is_heading = _is_heading(line)
        if printed or is_heading != heading or _begins(line, free, heading):
            close()
        if not group:
            space, heading, number = free, is_heading, f"{printed:04d}" if printed else None
            last = printed or last
        group.append(line)
    close()
    return blocks


def _lines_with_space(columns: Sequence[Sequence[Line]]) -> Iterator[tuple[Line, float]]:
    """Each line, and the free space above it in lines."""
    for column in columns:
        pitch = _pitch(column)
        for above, line in zip([None, *column], column):
            yield line, (line.y0 - above.y1) / pitch if above else 0.0


def _printed_number(text: str, last: int) -> int | None:
    """The paragraph number that a line begins with, None where it does not go on from the last."""
    found = _NUMBER.match(text)
    if found is None:
        return None
    digits = re.sub(r"\D", "", found[1].translate(str.maketrans("Oo", "00")))
    return int(digits) if last < int(digits) <= last + MAX_STEP else None


def _pitch(column: Sequence[Line]) -> float:
    """The distance between the lines of a column."""
    steps = np.diff([line.y0 for line in column])
    return max(float(np.median(steps)), 1.0) if len(steps) else 10.0


def _begins(line: Line, space: float, heading: bool) -> bool:
    """Whether a line begins a paragraph, or another heading."""
    if heading:
        return space > 0.6
    height = line.y1 - line.y0
    return line.indent > 0.6 * height or space > 1.2


def _is_heading(line: Line) -> bool:
    """Whether a line stands in the middle of its column, or is all capitals."""
    letters = [letter for letter in line.text if letter.isalpha()]
    width = line.right - line.left
    if len(letters) < 4 or line.text[-1] in ",;" or "FIG" in line.text:
        return False
    capital = sum(map(str.isupper, letters)) >= 0.85 * len(letters)
    centred = line.indent > 0.08 * width and abs(line.indent - line.gap) < 0.06 * width
    title = sum(word[0].isupper() for word in _WORD.findall(line.text) if len(word) > 3)
    return centred and (capital or title >= 1 and line.text[-1] != ".") or capital and len(letters) >= 8


# --- divided words ---------------------------------------------------------------------------------------------------

_PREFIXES = frozenset(
    "ab ac af al ap ar col com con cor de di dis ef em en ex im inter intro ir mis ob oc op per pre pro re sub suc suf "
    "sup sur syn tele trans un".split()
)
_ENDING = re.compile(
    r"[a-z]{0,2}(?:[ts]ion(?:s|al|ally|ed|ing)?|cations?|ings?|ments?|ity|ities|ability|able|ably|ible|ances?|"
    r"ences?|ency|ships?|tive(?:s|ly)?|iz(?:ed?|es|ing|ation)|ics?|ical(?:ly)?|ally|[tc]ial(?:ly)?|tures?|ous(?:ly)?|"
    r"ness|less|ful|at(?:es?|ed|ing|ely|ors?|ions?)|tors?|ary|ory|ble|bly|ents?|ants?|fie[ds]|fying)"
)


@dataclass(frozen=True)
class Vocabulary:
    """How often a text has each word, and each pair of words, within a line, where nothing is divided."""

    counts: Counter

    @cached_property
    def is_large(self) -> bool:
        """Whether the absence of a word tells something."""
        return sum(self.counts.values()) >= ENOUGH_WORDS


def vocabulary(columns: Sequence[Sequence[Line]]) -> Vocabulary:
    """The vocabulary of a text."""
    counts: Counter = Counter()
    for column in columns:
        for line in column:
            words = [word.lower() for word in _WORD.findall(line.text)]
            counts.update(words[1:-1])
            counts.update(zip(words, words[1:]))
    return Vocabulary(counts)


def join_lines(lines: Sequence[str], words: Vocabulary) -> str:
    """Lines as one text, divided words mended.

    Scans often lose the hyphen. Two parts are one word where the text has that word elsewhere and not the two side by
    side, or knows neither part and one of them is what English words begin or end with.
    """
    parts: list[str] = []
    for line in lines:
        last = parts[-1] if parts else ""
        before, after = re.search(r"[A-Za-z-]{1,40}$", last), re.match(r"[a-z]{1,40}", line)
        if re.search(r"\w-$", last):
            keeps = not after or before and words.counts[f"{before.group()}{after.group()}".lower()]
            parts[-1] = last if keeps else last[:-1]
        elif not (before and after and _is_divided(before.group().lower(), after.group(), words)):
            parts.append(" ")
        parts.append(line)
    return " ".join("".join(parts).split())


def _is_divided(first: str, second: str, words: Vocabulary) -> bool:
    counts = words.counts
    if counts[first + second]:
        return not counts[first, second]
    unknown = words.is_large and not counts[first] and not counts[second]
    return unknown and (first in _PREFIXES or _ENDING.fullmatch(second) is not None)
