"""Paragraphs that speak of no figure: general remarks, announcements of another matter, headings without markup."""

from __future__ import annotations

import re

from modeling_patentlmm.specification_patentlmm import split_sentences

# What the invention is and brings, what words mean, closing words.
_OPENING = re.compile(
    r"\W{0,9}(?:(?:in addition|further|furthermore|moreover|also|thus|therefore|accordingly|finally),?\s+)?(?:"
    r"(?:the )?(?:present )?(?:invention|disclosure)\b|"
    r"(?:according to|in accordance with|with|by|in) (?:the|this) (?:present )?(?:invention|disclosure)\b|"
    r"(?:while|although|though|whilst)\b[^.]{0,120}\b(?:embodiments?|invention|disclosure|examples?)\b|"
    r"(?:the |from the )?(?:foregoing|above)\b[^.]{0,20}\b(?:description|embodiments?|discussion|disclosure)\b|"
    r"from the (?:foregoing|above)\b|having (?:thus |now )?described\b|as used herein\b|the terms?\b|to the extent\b|"
    r"(?:various|many|numerous|other|several) (?:other )?(?:modifications|changes|variations|alterations)\b|"
    r"(?:(?:an?|the|one|another|other|several|some|many) )?(?:\w+ )?(?:advantages?|benefits?|effects?)\b)",
    re.IGNORECASE,
)
_WORDS = re.compile(
    r"\b(?:prior art|scope of the|spirit (?:and|or)|skilled in the art|appended claims|following claims)\b",
    re.IGNORECASE,
)
_ANNOUNCED = re.compile(
    r"[^.]{0,200}\b(?:(?:will|shall) (?:\w+ )?be|is|are) (?:\w+ )?(?:described|explained|discussed|made|given)\b"
    r"[^.]{0,80}\.",
    re.IGNORECASE,
)
_HEADING = re.compile(r"\W{0,9}(?:\w+\s+){0,4}(?:embodiments?|examples?|modifications?)\W{0,3}\w{0,3}\W{0,3}", re.I)
_UNFINISHED = re.compile(r"[:,;–—]|[^\W_]")


def is_general(text: str) -> bool:
    """Whether a paragraph is a general remark by the way it opens: the invention, advantages, words, closing words."""
    first = text[slice(*split_sentences(text)[0])] if text else ""
    return bool(_OPENING.match(text) or _WORDS.search(first))


def announces(text: str) -> bool:
    """Whether a paragraph without a figure opens another matter: "Next, the operation will be described."."""
    return bool(_ANNOUNCED.match(text))


def looks_like_heading(text: str) -> bool:
    """Whether a paragraph is a heading that has no markup: "Embodiment 2"."""
    return len(text) < 100 and bool(_HEADING.fullmatch(text))


def is_unfinished(text: str) -> bool:
    """Whether a paragraph ends within a sentence: on ":", a comma, a word."""
    return bool(_UNFINISHED.fullmatch(text.rstrip()[-1:]))
