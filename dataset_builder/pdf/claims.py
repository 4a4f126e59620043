"""Where the claims of a printed patent begin and end, and each of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dataset_builder.pdf.columns import Line
from dataset_builder.pdf.paragraphs import Vocabulary, join_lines

_FIRST = re.compile(r"\W{0,2}[1Il]\s?[.,]\s*[A-Z]")
_NUMBERED = re.compile(r"\W{0,2}(\d{1,3})\s?[.,]\s*[A-Z]")
_SAYS_CLAIM = re.compile(r"(?i)\bclaim(s|ed)?\b|\bas follows:$")
_INTRODUCES = re.compile(
    r"(?i)\W*(what\b|(i|we) claim|the (invention|embodiments?|subject)\b|claims?\b|having\b|that which)"
)
_SINGLE = re.compile(r"(?i)\W*(claim|(i|we) claim:?|what is claimed is:?)\W*$")
_ENDS = re.compile(
    r"(?i)\W*(references? cited|united states patents$|foreign patents$|description$|"
    r"united states patent and trademark office|certificate of correction)|[k*x\s]{5,}$"
)
INTRODUCTION = 4  # lines


def split_claims(columns: Sequence[Sequence[Line]], words: Vocabulary) -> tuple[list[list[Line]], tuple[str, ...]]:
    """The columns without the claims and what follows them, and the claims, each on one line.

    What follows the only claim of a design is its description, and stays.
    """
    lines = [(place, line) for place, column in enumerate(columns) for line in column]
    texts = [line.text for _, line in lines]
    start = _first_claim(texts)
    single = start is None
    if single:
        start = next((place + 1 for place, text in enumerate(texts) if _SINGLE.match(text)), None)
    if start is None:
        return [list(column) for column in columns], ()
    end = next((place for place in range(start, len(texts)) if _ENDS.match(texts[place])), len(texts))
    claims = [texts[start:end]] if single else _claims(texts[start:end])
    kept = lines[: _introduction(texts, start)] + (lines[end + 1 :] if single else [])
    left: dict[int, list[Line]] = {}
    for place, line in kept:
        left.setdefault(place, []).append(line)
    return list(left.values()), tuple(join_lines(claim, words) for claim in claims if claim)


def _first_claim(texts: Sequence[str]) -> int | None:
    """The line of claim 1: the last "1." that something on claims leads up to."""
    starts = [place for place, text in enumerate(texts) if _FIRST.match(text)]
    led = [place for place in starts if _SAYS_CLAIM.search(" ".join(texts[max(place - INTRODUCTION, 0) : place]))]
    return led[-1] if led else None


def _introduction(texts: Sequence[str], start: int) -> int:
    """The line where the words that lead up to the claims begin ("What is claimed is:")."""
    before = range(max(start - INTRODUCTION, 0), start)
    return next((place for place in before if _INTRODUCES.match(texts[place])), start)


def _claims(texts: Sequence[str]) -> list[list[str]]:
    """The lines of each claim; a line begins one where its number is the next, or the one after a number lost."""
    claims: list[list[str]] = [[]]
    last = 1
    for text in texts:
        number = _NUMBERED.match(text)
        if number and claims[-1] and last < int(number[1]) <= last + 2:
            claims.append([])
            last = int(number[1])
        claims[-1].append(text)
    return claims
