"""Where a text names figures: "FIGS. 2A-2C", "FIG. 6A and FIG. 6B", "the drawing"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from modeling_patentlmm.references_patentlmm import Reference, expand, find_references, parse_label
from modeling_patentlmm.specification_patentlmm import MAX_PARAGRAPH

MAX_REFERENCES = 20_000  # in a paragraph; what follows is not read, as no text but a hostile one has so many
# What may stand between two labels of one list.
_JOINT = re.compile(
    r"\s*[.,;:&/–—-]{0,2}\s*(?P<word>and/or|and|or|to|through|thru)?\s*"
    r"(?P<head>(?:FIG(?:URE)?S?|[Ff]ig(?:ure)?s?)(?![A-Za-z])\.?\s{0,3})?"
)
_RANGED = re.compile(r"[-–—]|\b(?:to|through|thru)\b")
_LETTERED = re.compile(r"-[A-Z](?![^\W_]|[-'])")
_HEAD = re.compile(r"(?:FIG(?:URE)?S?|[Ff]ig(?:ure)?s?)\.?\s{0,3}$")
_OPENS_SENTENCE = re.compile(r"(?:^|[.;:]\s{0,2})(?:and\s)?FIG[A-Z]*\.?\s{0,3}$")
_ENCLOSED = r"(?:(?:sole|single|only|one|accompanying|attached|appended|annexed|enclosed)\s+){0,3}"
_UNNUMBERED = re.compile(
    rf"\b(?:the|this|a|in)\s+{_ENCLOSED}(?:FIGURE|FIG\.?|figure|drawing(?:\s+figure)?)(?![\w.]|\s+(?:\d|of\s+merit))",
    re.IGNORECASE,
)
_DRAWINGS = re.compile(rf"\b(?:the|these|all)\s+{_ENCLOSED}(?:FIGURES|FIGS\.?|figures|drawings)\b(?!\s*\d)", re.I)


@dataclass(frozen=True)
class Naming:
    """A place, "FIG." included, that names figures; a label is None where the only figure has no number."""

    labels: tuple[str | None, ...]
    start: int
    end: int


@lru_cache(maxsize=4096)
def references_in(text: str) -> tuple[Reference, ...]:
    """The references of a paragraph or sentence, in its order; kept, as several steps ask for them."""
    found: list[Reference] = []
    for start, piece in pieces(text):
        if len(found) > MAX_REFERENCES:
            break
        for reference in find_references(piece.replace("FIGs", "FIGS")):
            whole = _whole(piece, reference)
            found.append(replace(whole, start=whole.start + start, end=whole.end + start))
    return tuple(found)


def pieces(text: str) -> Iterator[tuple[int, str]]:
    """A text in pieces of at most `MAX_PARAGRAPH` characters, cut at spaces, with where each starts.

    Reading references takes time that grows faster than the length.
    """
    start = 0
    while len(text) - start > MAX_PARAGRAPH:
        space = text.rfind(" ", start + MAX_PARAGRAPH // 2, start + MAX_PARAGRAPH)
        end = space + 1 if space > 0 else start + MAX_PARAGRAPH
        yield start, text[start:end]
        start = end
    yield start, text[start:]


def _whole(text: str, reference: Reference) -> Reference:
    """A figure with the whole of its label: FIG. 2-A; "FIG. 1is" of the first published applications is FIG. 1."""
    if reference.kind != "figure":
        return reference
    if reference.text.endswith("is"):
        return replace(reference, text=reference.text[:-2], end=reference.end - 2)
    lettered = _LETTERED.match(text, reference.end) if reference.text[-1].isdigit() else None
    return replace(reference, text=reference.text + lettered[0], end=lettered.end()) if lettered else reference


@lru_cache(maxsize=4096)
def find_namings(text: str) -> tuple[Naming, ...]:
    """The places where a text names figures by number, lists and ranges in one."""
    groups: list[list[Reference]] = []
    for reference in references_in(text):
        if reference.kind != "figure":
            continue
        if groups and (reference.start < groups[-1][-1].end or _goes_on(text, groups[-1], reference)):
            groups[-1].append(reference)
        else:
            groups.append([reference])
    return tuple(_naming(text, group) for group in groups)


def _goes_on(text: str, group: Sequence[Reference], reference: Reference) -> bool:
    """Whether a reference goes on the list; behind ", and FIG." only where the list opens its sentence."""
    joint = _joint(text, group[-1], reference)
    if joint is None or ";" in joint.group():
        return False
    if not joint["head"] or "," not in joint.group():
        return True
    return bool(_OPENS_SENTENCE.search(text[max(0, group[0].start - 20) : group[0].start]))


def _joint(text: str, left: Reference, right: Reference) -> re.Match | None:
    return _JOINT.fullmatch(text, left.end, right.start) if right.start - left.end <= 40 else None


def _naming(text: str, group: Sequence[Reference]) -> Naming:
    labels: list[str] = []
    for left, right in zip([None, *group], group):
        if left is not None and left.end <= right.start:
            labels += _between(text, left, right)
        labels.append(right.text)
    head = _HEAD.search(text, max(0, group[0].start - 12), group[0].start)
    return Naming(tuple(dict.fromkeys(labels)), head.start() if head else group[0].start, group[-1].end)


def _between(text: str, left: Reference, right: Reference) -> list[str]:
    """What the range "FIG. 5 - FIG. 8" names between its ends."""
    joint, first, last = _joint(text, left, right), parse_label(left.text), parse_label(right.text)
    if not joint or not first or not last or not _RANGED.search(joint.group()):
        return []
    return expand(first, last, figure=True)[1:-1]


def find_unnumbered(text: str) -> list[Naming]:
    """The places where a text speaks of its only figure: "The sole FIGURE", "the drawing"."""
    return [Naming((None,), *found.span()) for found in _UNNUMBERED.finditer(text)]


def find_drawings(text: str) -> list[Naming]:
    """The places where a text with one figure speaks of it as of several: "the accompanying drawings"."""
    return [Naming((None,), *found.span()) for found in _DRAWINGS.finditer(text)]
