"""What a patent calls each of its numbered parts, with every variant counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from dataset_builder.descriptions.namings import pieces
from dataset_builder.patent import Patent
from modeling_patentlmm.references_patentlmm import plain_character
from modeling_patentlmm.specification_patentlmm import Paragraph, Specification, heading_section
from modeling_patentlmm.terms_patentlmm import (
    DETERMINERS,
    STOPS,
    Mention,
    Term,
    find_mentions,
    term_at,
)

# Words in front of a name that are no part of it.
SAID_OF_NAMES = frozenset(
    "hereinafter particularly preferably especially namely inventive claimed present associated resulting disclosed "
    "illustrated described above-described above-mentioned later-described provided denoted typical".split()
)
NO_NAMES = frozenset("numeral number reference character sign numerals fig figure claim and/or".split())
MIN_MARKED = 8  # reference characters that a source must mark for its marks to decide what is one
_ORDINAL = "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|1st|2nd|3rd|4th"
_ORDINALS_BEFORE = re.compile(
    rf"(?P<before>(?:(?:{_ORDINAL}),?\s+)*)(?:(?P<joint>and|or|/)\s+)?(?P<last>{_ORDINAL})\s+$", re.IGNORECASE
)
_MODIFIERS_BEFORE = re.compile(r"(?P<before>(?:[\w-]+,\s+){0,4}[\w-]+),?\s+(?:and|or)\s+$")
_OFFICE = re.compile(r"\b(?:DE|EP|US|WO|JP|GB|FR)\s$")  # of a patent's number
_VERB_FOLLOWS = re.compile(r"(?:\d\w*'?|\b(?:to|will|can|may|must|not|could|should|would|then|thereby|and))\s+$")
# "12 (the arm support)"
_ASIDE = re.compile(r"\s\((?:the |an? )?([a-z][a-z -]{2,40})\)")


@dataclass(frozen=True)
class PartName:
    """A name of the reference character `text`, in lower case and the singular, and how often the text uses it."""

    text: str
    term: str
    count: int


@dataclass(frozen=True)
class _Found:
    """A name at a reference character; `doubtful` when its first word may be the verb in front of it."""

    character: str
    term: str
    doubtful: bool = False


def name_parts(patent: Patent) -> tuple[PartName, ...]:
    """Every name of every reference character, characters in order of appearance, names the most frequent first.

    Names shared by a list go to each ("rollers 12 and 14"), modifiers in step with it each to its own ("left and right
    doors 12 and 14"). Where the source marks its reference characters, only what it marks is one. A name that the
    source itself gives is taken where the text gives none.
    """
    found: dict[str, list[_Found]] = {}
    for each in _find_names(patent):
        found.setdefault(each.character, []).append(each)
    names = {character: _count(places) for character, places in found.items()}
    for character, terms in _terms_of_source(patent).items():
        if character not in names and terms:
            names[character] = Counter(dict(terms.most_common(1)))
    marked = _marked(patent)
    kept = {character: terms for character, terms in names.items() if _number(character) in marked}
    if len(marked) >= MIN_MARKED and 2 * len(kept) >= len(names):
        names = kept
    return tuple(
        PartName(character, term, count) for character, terms in names.items() for term, count in terms.most_common()
    )


def _count(places: Sequence[_Found]) -> Counter[str]:
    """The names of one character; a doubtful one counts as the name it ends in: "cuts film tube" as "film tube"."""
    sure = {each.term for each in places if not each.doubtful} or {each.term for each in places}
    return Counter(_without_verb(each.term, sure) if each.doubtful else each.term for each in places)


def _without_verb(term: str, names: set[str]) -> str:
    words = term.split()
    endings = (" ".join(words[at:]) for at in range(1, len(words)))
    return next((ending for ending in endings if ending in names), term)


def _find_names(patent: Patent) -> Iterator[_Found]:
    """The name at each reference character of the text, place by place."""
    specification = Specification(tuple(_with_sections(patent)))
    mentions, _ = find_mentions(specification)
    for (paragraph, _), group in groupby(mentions, key=lambda mention: (mention.paragraph, id(mention.term))):
        listed, text = list(group), specification.paragraphs[paragraph].text
        term = listed[0].term
        if term is None or _is_no_name(text, listed, term):
            continue
        while term.words[0] in SAID_OF_NAMES and len(term.words) > 1:
            term = replace(term, words=term.words[1:])
        doubtful = not term.anchored and _may_start_with_verb(
            text[max(0, listed[0].start - 200) : listed[0].start], term
        )
        for mention, name in zip(listed, _names_of(text, listed, term)):
            yield _Found(mention.character, name, doubtful)
        aside = _ASIDE.match(text, listed[-1].end)
        if aside and (name := term_at(aside[1])) and name.words == tuple(aside[1].split()):
            yield _Found(listed[-1].character, name.text)


def _is_no_name(text: str, listed: Sequence[Mention], term: Term) -> bool:
    """Whether what stands at a number makes it none of a part: "numeral 12", the lead in PbO3, "DE 40 17 138"."""
    before, after = text[max(0, listed[0].start - 40) : listed[0].start], text[listed[-1].end : listed[-1].end + 3]
    symbol = len(term.text) <= 2 and re.search(rf"\b{re.escape(term.text.capitalize())}(?![a-z])", before)
    return term.head in NO_NAMES or bool(symbol or _OFFICE.search(before) or re.match(r"\s\d", after))


def _may_start_with_verb(before: str, term: Term) -> bool:
    """Whether a name without an article starts with a verb or adverb: "rollers 12 hold film", "to cut film"."""
    first = term.words[0]
    start = before.lower().rfind(first)
    return first.endswith(("s", "ing", "ly", "inside")) or bool(
        _VERB_FOLLOWS.search(before[max(0, start - 24) : start])
    )


def _with_sections(patent: Patent) -> Iterator[Paragraph]:
    section = "other"
    for paragraph in patent.paragraphs:
        section = heading_section(paragraph.text) or section if paragraph.is_heading else section
        for _, piece in pieces(paragraph.text):
            yield Paragraph(piece, section=section)


def _names_of(text: str, listed: Sequence[Mention], term: Term) -> list[str]:
    """The name of each member of a list, ordinals and parallel modifiers put to their own."""
    before = text[max(0, listed[0].start - 160) : listed[0].start]
    words = r"\s+".join([*map(re.escape, term.words[:-1]), re.escape(term.head[:-1]) + r"[\w’']{0,4}"])
    found = re.search(rf"(?<![\w-]){words}[\s(\[\"'“]*$", before, re.IGNORECASE)
    if found is None:
        return [term.text] * len(listed)
    prefix = before[: found.start()]
    if ordinals := _ORDINALS_BEFORE.search(prefix):
        first = re.findall(r"\w+", ordinals["before"].lower()) if ordinals["joint"] else []
        return _in_step([*first, ordinals["last"].lower()], term.text, len(listed))
    modifiers = _MODIFIERS_BEFORE.search(prefix) if len(term.words) > 1 and term.plural else None
    if modifiers and len(listed) > 1:
        first = [word.lower() for word in re.findall(r"[\w-]+", modifiers["before"])]
        if len(first) == len(listed) - 1 and not any(_is_no_modifier(word) for word in first):
            return _in_step([*first, term.words[0]], " ".join(term.words[1:]), len(listed))
    return [term.text] * len(listed)


def _in_step(modifiers: Sequence[str], rest: str, count: int) -> list[str]:
    """As many names as there are characters: one modifier each, or all of the last one's."""
    if len(modifiers) != count:
        modifiers = [modifiers[-1]] * count if len(modifiers) == 1 else [""] * count
    return [f"{modifier} {rest}".strip() for modifier in modifiers]


def _is_no_modifier(word: str) -> bool:
    return word in DETERMINERS or word in STOPS or word.endswith("s") or not word[0].isalpha()


def _marked(patent: Patent) -> set[str]:
    """The numbers of the reference characters that the source marks in its text."""
    marked: set[str] = set()
    for paragraph in patent.paragraphs:
        figures = [mark for mark in paragraph.marks if mark.kind == "figure"]
        for mark in paragraph.marks:
            if mark.kind == "character" and not any(each.start <= mark.start < each.end for each in figures):
                marked.add(_number(mark.text))
    return marked


def _number(character: str) -> str:
    """The number in a character: sources mark it without the letter ("<b>40</b>a")."""
    found = re.search(r"\d+", character)
    return found.group() if found else character


def _terms_of_source(patent: Patent) -> dict[str, Counter[str]]:
    """The names that the source itself gives to characters, without what it cut wrongly off ("more media systems")."""
    terms: dict[str, Counter[str]] = {}
    for paragraph in patent.paragraphs:
        for mark in paragraph.marks:
            term = term_at(mark.term) if mark.kind == "character" and mark.term else None
            if term is not None:
                terms.setdefault(plain_character(mark.text), Counter())[term.text] += 1
    return terms
