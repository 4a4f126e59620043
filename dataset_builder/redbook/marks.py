"""What is marked up in a line of text to marks: mentions of figures, and reference characters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from dataset_builder.patent import Mark
from modeling_patentlmm.references_patentlmm import (
    Item,
    figure_opening,
    parse_character,
    parse_label,
    plain_character,
)

FIGURE, CHARACTER = "figure", "character"
Span = tuple[str, int, int]  # what an element holds: FIGURE or CHARACTER (bold type), and its place in the text

# A reference character is written with letters and digits, and with these.
_JOINTS = frozenset("-‐‑'’′″`´")
_RUN = re.compile("(?:[^\\W_]|[-‐‑'’′″`´])+")
_FREE = frozenset(["", *" ()[],;:/"])  # what is surely of no run
_FIGURE_SUFFIX = re.compile(
    r"(?<=\d)(?:[A-Z]{1,2}|[a-z]|\([A-Za-z0-9]\)|['′’]{1,2})(?![^\W_])|(?<=\d\()[A-Za-z0-9]{1,3}\)"
)
_HYPHEN = re.compile("[-‐‑]")
_WORD = re.compile("[A-Za-z]{2}")
_FREE_ENDS = (".", ". ")
_REACH = len("FIGURES. ")  # how far before a number the list of figures may stand that it goes on

_LONGEST_LIST = 400  # characters of a list of figures; it is read again for each of its numbers


def read_marks(text: str, spans: Sequence[Span]) -> tuple[Mark, ...]:
    """The marks of a line, from the spans in it in their order.

    What stands outside a span but belongs to it is taken in: FIG. 4</figref><i>c</i>, S<b>302</b>, <b>22</b><i>a</i>.
    Numbers in bold that go on a list of figures are no marks, nor are words in bold.
    """
    marks: list[Mark] = []
    done, listed, listed_end = 0, 0, -_REACH  # the end of the last mark; the last list of figures
    for kind, start, end in spans:
        if text[end - 1 : end] == " ":
            end = start + len(text[start:end].rstrip())
        if start < done or start >= end:
            continue
        if kind == FIGURE:
            suffix = _FIGURE_SUFFIX.match(text, end)
            done = listed_end = suffix.end() if suffix else end
            listed = start
            marks.append(Mark(FIGURE, text[start:done], start, done))
            continue
        written = text[start:end]
        before = text[start - _REACH if start > _REACH else 0 : start]
        after_figure = start - listed_end < _REACH or "ig" in before or "IG" in before
        free = before[-1:] in _FREE and (text[end : end + 1] in _FREE or text[end : end + 2] in _FREE_ENDS)
        if free and not after_figure and written.isdecimal():
            done = end
            if written[0] != "0":
                marks.append(Mark(CHARACTER, written, start, end))
            continue
        start, end = _whole_run(text, start, end, done)
        done = end
        if start - listed_end >= _REACH:
            listed = max(start - _REACH, 0)
        if after_figure and _goes_on(text[max(listed, start - _LONGEST_LIST) : start], text[start:end]):
            listed_end = end
            continue
        listed_end = -_REACH
        if not _is_fraction(text, start, end):
            for character, first, last in _characters_in(text[start:end]):
                marks.append(Mark(CHARACTER, character, start + first, start + last))
    return tuple(marks)


def _whole_run(text: str, start: int, end: int, done: int) -> tuple[int, int]:
    """A span widened over the letters, digits, hyphens and primes that touch it."""
    while start > done and (text[start - 1].isalnum() or text[start - 1] in _JOINTS):
        start -= 1
    while end < len(text) and (text[end].isalnum() or text[end] in _JOINTS):
        end += 1
    return start, end


def _goes_on(before: str, written: str) -> bool:
    """Whether a number goes on a list of figures: FIG. <b>2</b>, <figref>FIGS. 3</figref>, <b>4</b>."""
    opening, label = figure_opening(before), parse_label(plain_character(written))
    return bool(opening and label and opening.takes(label))


def _is_fraction(text: str, start: int, end: int) -> bool:
    """Whether a point joins the number to another: 0.5."""
    after, before = text[end : end + 2], text[start - 2 : start]
    return after[:1] == "." and after[1:].isdecimal() or before[1:] == "." and before[:1].isdecimal()


@lru_cache(maxsize=1 << 14)
def _characters_in(written: str) -> tuple[tuple[str, int, int], ...]:
    """The reference characters of a stretch of text with their places in it: <b>7, 8</b> has two."""
    return tuple(
        (character, run.start() + first, run.start() + last)
        for run in _RUN.finditer(written)
        for character, first, last in _in_run(run[0])
    )


def _in_run(run: str) -> Iterator[tuple[str, int, int]]:
    """The reference character that a run is, or the two ends of a range, with their places in it."""
    plain = plain_character(run)
    item = parse_character(plain)
    if item is not None and not _is_range(item):
        if _counts(plain):
            yield plain, 0, len(run)
        return
    at = 0
    pieces = _HYPHEN.split(run)
    for piece, following in zip(pieces, [*pieces[1:], ""]):
        bare = plain_character(piece).removesuffix("'s")
        if parse_character(bare) and _counts(bare) and not _WORD.match(following):  # "16-bit" names no part
            yield bare, at, at + len(piece)
        at += len(piece) + 1


def _counts(character: str) -> bool:
    return character[0] != "0"


def _is_range(item: Item) -> bool:
    """Whether what reads as 302-306 is two characters, where 110-1 is one."""
    branch = re.match(r"-(\d+)", item.branch)
    return bool(branch) and int(branch[1]) > item.number
