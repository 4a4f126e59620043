"""What the list of drawings says each figure shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dataset_builder.descriptions.known import Label, label_key
from dataset_builder.descriptions.layout import Entry, Layout
from dataset_builder.descriptions.remarks import is_unfinished
from dataset_builder.patent import Paragraph
from modeling_patentlmm.specification_patentlmm import split_sentences

_GENERAL = re.compile(
    r"\b(?:drawings|all (?:of )?the (?:figures|views)|the (?:several|various) (?:figures|views)|throughout|to scale|"
    r"like (?:reference|numerals|numbers|parts|elements)|(?:same|similar) (?:reference|numerals|parts)|"
    r"forms? no part|not (?:form )?(?:a )?part|not part|broken lines?|phantom lines?|dashed lines?|dotted lines?|"
    r"detailed description|embodiments? of the invention will|invention is not limited)\b",
    re.IGNORECASE,
)
_CONTINUES = re.compile(r"\s*(?:[a-z]|[(\[]\w{1,3}[)\]]|[a-zA-Z][.):]\s)")


@dataclass(frozen=True)
class Brief:
    """An entry of the list of drawings: its figures, its text, the ids of the paragraphs it stands in."""

    labels: tuple[Label, ...]
    text: str
    paragraphs: tuple[str, ...]


def read_entries(paragraphs: Sequence[Paragraph], layout: Layout) -> list[Brief]:
    """The entries of the list of drawings in their order, each to where the next one opens."""
    briefs = []
    for entry, following in zip(layout.entries, [*layout.entries[1:], None]):
        end = following.start if following and following.paragraph == entry.paragraph else None
        text = _own_sentences(paragraphs[entry.paragraph].text[entry.start : end])
        places = [entry.paragraph]
        if end is None:
            more = _continuation(paragraphs, layout, entry, following)
            places += more
            text = " ".join([text, *(paragraphs[at].text for at in more)])
        briefs.append(Brief(entry.labels, _ended(text), tuple(paragraphs[at].id for at in places)))
    return briefs


def _own_sentences(text: str) -> str:
    """The text up to the first later sentence that is about all drawings: scale, broken lines, like numerals."""
    for start, end in split_sentences(text)[1:]:
        if _GENERAL.search(text[start:end]):
            return text[:start]
    return text


def _continuation(paragraphs: Sequence[Paragraph], layout: Layout, entry: Entry, following: Entry | None) -> list[int]:
    """The paragraphs behind an entry that go on with it, as its last one is not finished or they open in its midst."""
    last = following.paragraph if following else layout.listed[-1] + 1
    places, before = [], paragraphs[entry.paragraph].text
    for at in range(entry.paragraph + 1, last):
        text = paragraphs[at].text
        if paragraphs[at].is_heading or not (is_unfinished(before) and _CONTINUES.match(text)):
            break
        places.append(at)
        before = text
    return places


def _ended(text: str) -> str:
    """The text on one line with a full stop in place of what leads on to the next entry: "; and", ";", ","."""
    words = text.split()
    while words and (not words[-1].strip(";,:.") or _leads_on(words)):
        words.pop()
    line = " ".join(words).rstrip(" ;,:.")
    return line if line.endswith(("?", "!")) else f"{line}."


def _leads_on(words: Sequence[str]) -> bool:
    return len(words) > 1 and words[-1].lower().strip(",") in ("and", "or") and words[-2].endswith((";", ",", ":", "."))


def brief_of_each(briefs: Sequence[Brief]) -> dict[Label, Brief]:
    """The figures, by the label they are first listed with, and the entry that says most of them alone.

    An entry of a figure's own goes before one that it shares; of several, the first.
    """
    found: dict[str, tuple[Label, Brief]] = {}
    for brief in briefs:
        for label in brief.labels:
            first, best = found.setdefault(label_key(label), (label, brief))
            if len(brief.labels) < len(best.labels):
                found[label_key(label)] = (first, brief)
    return dict(found.values())
