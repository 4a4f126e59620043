"""Where a description has its list of drawings, where the entries of the list open, and where its details stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dataset_builder.descriptions.known import Label, label_key
from dataset_builder.descriptions.namings import Naming, find_namings, find_unnumbered
from dataset_builder.patent import BRIEF, Paragraph

MAX_ENTRY = 500  # characters of an entry of a list that has neither markup nor heading
_LIST_HEADING = re.compile(
    r"(?!.*\bdetailed\b).{0,60}\b(?:drawings?|figures?|views)\b.{0,40}$|(?:brief|short) descriptions?\W*$",
    re.IGNORECASE,
)
_OTHER_HEADING = re.compile(
    r"\W*(?:[\dIVX]+\W+)?(?:brief summary|summary|background|technical field|field|related|prior art|description of "
    r"(?:the )?(?:related|prior|background)|cross[- ]reference|objects?|disclosure of|priority|statement|government|"
    r"federal|copyright|claims?|what is claimed|abstract)\b",
    re.IGNORECASE,
)
_NEVER_LISTED = re.compile(
    r"\W*(?:(?:now\s+)?(?:referring|turning)|(?:with\s+|by\s+|in\s+)?references?\s|as\s+(?:is\s+)?(?:best\s+)?"
    r"(?:shown|seen|illustrated|depicted)|in\s+(?:fig|the following|this)|detailed description)",
    re.IGNORECASE,
)
_INTRODUCES = re.compile(r"[:;]\s*$|\b(?:wherein|in which|where|drawings?)\W*$", re.IGNORECASE)
_VERB = (
    r"(?:is|are|was|shows?|illustrates?|depicts?|represents?|presents?|provides?|describes?|displays?|discloses?|"
    r"compares?|plots?|a|an)\b"
)
_ADVERBS = r"(?:(?:respectively|also|schematically|diagrammatically|each|both|graphically|further|collectively),?\s+)*"
_PREDICATE = re.compile(rf"\s*(?:\([^()]{{1,60}}\)\s*)?,?\s*{_ADVERBS}{_VERB}|\s*[:–—-]\s", re.IGNORECASE)
_MARK = r"(?:[(\[]?\w{1,3}[)\].]\s*|[•*·\"“-]\s*)?"  # "(a)", a bullet
_AT_START = re.compile(rf"\s*{_MARK}$")
_AT_SENTENCE = re.compile(rf"[.;:][\s\"”’)\]]*(?:and\b,?\s*)?{_MARK}$", re.IGNORECASE)
_AT_CLAUSE = re.compile(
    r"(?:,|\b(?:and|while|whereas|in which|wherein|where)|\b(?:drawings?|figures?)\W{0,3})\s*$", re.IGNORECASE
)


@dataclass(frozen=True)
class Entry:
    """Where an entry of the list of drawings opens: the place of its paragraph, the place in it, its figures."""

    paragraph: int
    start: int
    labels: tuple[Label, ...]


@dataclass(frozen=True)
class Layout:
    """The entries of the list of drawings, and the places of the paragraphs of the list and of the details."""

    entries: tuple[Entry, ...]
    listed: tuple[int, ...]
    detailed: tuple[int, ...]


def lay_out(paragraphs: Sequence[Paragraph]) -> Layout:
    """Tell the list of drawings from the details that follow it, by markup, by heading or by its form."""
    for candidates in (_by_markup(paragraphs), _by_heading(paragraphs), _by_form(paragraphs)):
        for numbered in (True, False):
            listed, entries = _read_list(paragraphs, candidates, numbered)
            if entries:
                return Layout(tuple(entries), tuple(listed), _details(paragraphs, listed[-1] + 1))
    return Layout((), (), _details(paragraphs, 0))


def _by_markup(paragraphs: Sequence[Paragraph]) -> list[int]:
    return [at for at, each in enumerate(paragraphs) if each.section == BRIEF and not each.is_heading]


def _by_heading(paragraphs: Sequence[Paragraph]) -> list[int]:
    """The paragraphs under the first heading of a list of drawings that has entries under it."""
    for at, heading in enumerate(paragraphs):
        if heading.is_heading and _LIST_HEADING.match(heading.text):
            under = _until_heading(paragraphs, at + 1)
            if any(_opens(paragraphs[place].text) for place in under):
                return under
    return []


def _until_heading(paragraphs: Sequence[Paragraph], start: int) -> list[int]:
    end = next((at for at in range(start, len(paragraphs)) if paragraphs[at].is_heading), len(paragraphs))
    return list(range(start, end))


def _by_form(paragraphs: Sequence[Paragraph]) -> list[int]:
    """The first run of short paragraphs that open like entries, of two at least or behind "in which:"."""
    for at in range(len(paragraphs)):
        run = _run(paragraphs, at)
        introduced = at > 0 and _INTRODUCES.search(paragraphs[at - 1].text[-60:])
        if run and (introduced or len(run) > 1 or len(find_entries(paragraphs[at].text, numbered=True)) > 1):
            return run
    return []


def _run(paragraphs: Sequence[Paragraph], start: int) -> list[int]:
    """The places from `start` on of neighbouring paragraphs that open like entries; one between them may not."""
    run: list[int] = []
    for at in range(start, len(paragraphs)):
        if paragraphs[at].is_heading or at - (run[-1] if run else start - 1) > 2:
            break
        if _is_short(paragraphs[at].text) and _opens(paragraphs[at].text):
            run += range(run[-1] + 1 if run else at, at + 1)
        elif not run:
            break
    return run


def _is_short(text: str) -> bool:
    """Whether a paragraph is no longer than entries of a list are."""
    return len(text) < MAX_ENTRY * max(len(find_entries(text, numbered=True)), 1)


def _opens(text: str) -> bool:
    """Whether a paragraph starts with an entry, or has one behind its introduction."""
    return bool(find_entries(text, numbered=True) or find_entries(text, numbered=False))


def _read_list(
    paragraphs: Sequence[Paragraph], candidates: Iterable[int], numbered: bool
) -> tuple[list[int], list[Entry]]:
    """The candidates that belong to the list, and its entries; the list ends where the text starts over."""
    listed: list[int] = []
    entries: list[Entry] = []
    done: dict[str, None] = {}
    for at in candidates:
        text = paragraphs[at].text
        found = find_entries(text, numbered)
        keys = [label_key(label) for _, labels in found for label in labels]
        if entries and (_NEVER_LISTED.match(text) or keys and _starts_over(keys, done)):
            break
        listed.append(at)
        entries += [Entry(at, start, labels) for start, labels in found]
        done |= {label_key(labels[0]): None for _, labels in found if len(labels) == 1}
    last = entries[-1].paragraph if entries else -1
    return [at for at in listed if at <= last or paragraphs[at].section == BRIEF], entries


def _starts_over(keys: Sequence[str], done: Mapping[str, None]) -> bool:
    """Whether figures that have had entries of their own come again, other than by a slip in numbering."""
    return all(key in done for key in keys) and keys[0] != next(reversed(done))


def _details(paragraphs: Sequence[Paragraph], start: int) -> tuple[int, ...]:
    """The paragraphs from `start` on, without background, summary and the like."""
    details, other = [], start == 0 and any(each.is_heading for each in paragraphs)
    for at in range(len(paragraphs)):
        if paragraphs[at].is_heading:
            other = bool(_OTHER_HEADING.match(paragraphs[at].text))
        elif at >= start and not other:
            details.append(at)
    return tuple(details)


def find_entries(text: str, numbered: bool) -> list[tuple[int, tuple[Label, ...]]]:
    """Where entries of a list of drawings open in a paragraph, with their figures.

    An entry opens with its figures at the start of the paragraph or of a sentence, or behind ";"; behind a comma,
    "and" or "in which" only before a verb ("FIG. 10A is a plan view, and FIG. 10B is a section"), and not for a figure
    of the entry that is open there ("FIGS. 5A and 5B show it, where FIG. 5A is a front view"). Several figures behind
    a comma share the sentence ("FIGS. 4A-12A are plan views and FIGS. 4B-12B are sections, showing a process").
    """
    found: list[tuple[int, dict[Label, None]]] = []
    for naming in find_namings(text) if numbered else find_unnumbered(text):
        labels = dict.fromkeys(naming.labels)
        if not _is_opening(text, naming) or found and labels.keys() <= found[-1][1].keys():
            continue
        if found and len(labels) > 1 and _AT_CLAUSE.search(text, max(0, naming.start - 40), naming.start):
            found[-1][1].update(labels)
        else:
            found.append((naming.start, labels))
    return [(start, tuple(labels)) for start, labels in found]


def _is_opening(text: str, naming: Naming) -> bool:
    """Whether an entry opens at a naming, by what stands before and behind it."""
    before = text[max(0, naming.start - 40) : naming.start]
    predicate = bool(_PREDICATE.match(text, naming.end))
    if naming.labels == (None,):
        return predicate and (naming.start == 0 or bool(_AT_SENTENCE.search(before)))
    if naming.start <= 8 and _AT_START.fullmatch(before):
        return True
    if _AT_SENTENCE.search(before) and text[naming.end : naming.end + 1] not in (")", "]"):
        return predicate or text[naming.end : naming.end + 1] in ".:,–—-" or before.rstrip().endswith((";", ":"))
    return predicate and bool(_AT_CLAUSE.search(before))
