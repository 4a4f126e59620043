"""Which parts a text says are connected, against the lines of the drawing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from .binding import TERMINALS, mentions
from .form import sentences
from .ratio import Ratio, precision_recall
from .truth import normalise

Pair = frozenset[str]

_LINK = re.compile(
    r"\b(?:(?:inter)?connect(?:s|ed)?|coupled?|couples|communicates?|in communication|attached|joined|engages|linked|"
    r"provides|supplie[sd]|sends|transmits|receives|feeds|exchanges|passed|allows|disposed)\b",
    re.IGNORECASE,
)
_FLOWS = re.compile(r"\b(?:steps?|blocks?|operations?|acts?|stages?|decisions?)\s*\(?$", re.IGNORECASE)


def drawn_pairs(edges: Sequence[Mapping[str, str]]) -> set[Pair]:
    """The connected pairs of a drawing, without direction; terminals that carry no numeral ("Start") left out.

    >>> edges = [{"source": "Start", "target": "20"}, {"source": "20", "target": "Data bus"}]
    >>> [sorted(pair) for pair in drawn_pairs(edges)]
    [['20', 'data bus']]
    """
    ends = [(edge["source"], edge["target"]) for edge in edges]
    kept = [pair for pair in ends if not any(end.lower() in TERMINALS for end in pair)]
    return {frozenset(map(_key, pair)) for pair in kept if len(set(pair)) == 2}


def said_pairs(text: str, names: Iterable[str] = ()) -> set[Pair]:
    """The connected pairs a text claims, without direction.

    Parts before a word of connection go with those after it, up to the next such word. Steps follow each other in the
    order they are introduced, except where one says where it goes on ("proceeds to step 24"). `names` are printed
    names of parts without a numeral.

    >>> sorted(map(sorted, said_pairs("The bus 10 is coupled to the CPU 12 and the memory 14, which feeds the fan.",
    ...                               ["Fan"])))
    [['10', '12'], ['10', '14'], ['12', 'fan'], ['14', 'fan']]
    >>> sorted(map(sorted, said_pairs("At step 20, X. At step 22, Y. If so, it returns to step 20. At step 24, Z.")))
    [['20', '22']]
    """
    names = {normalise(name) for name in names}
    found: set[Pair] = set()
    for sentence in sentences(text):
        found |= _linked(sentence, names)
    return found | _flow(text)


def score_connections(prediction: str, edges: Sequence[Mapping[str, str]]) -> dict[str, Ratio]:
    """Precision, recall and F1 of the pairs of parts a text connects; nothing is scored where no edge is known.

    >>> edges = [{"source": "10", "target": "12"}, {"source": "12", "target": "14"}]
    >>> score_connections("The lid 10 is connected to the rod 12.", edges)["connection_recall"].value
    0.5
    """
    truth = drawn_pairs(edges)
    if not truth:
        return precision_recall("connection", 0, 0, 0)
    ends = set().union(*truth)
    said = said_pairs(prediction, {end for end in ends if " " in end or end.isalpha()})
    return precision_recall("connection", len(said & truth), len(said), len(truth))


def _key(end: str) -> str:
    """A numeral as it is, a printed name in its normal form."""
    return end if re.search(r"\d", end) and " " not in end else normalise(end)


def _linked(sentence: str, names: set[str]) -> set[Pair]:
    parts = [(mention.start, mention.text) for mention in mentions(sentence) if not _FLOWS.search(mention.before)]
    taken = [(mention.start, mention.end) for mention in mentions(sentence)]
    for name in names:
        pattern = r"\b" + r"\W+".join(map(re.escape, name.split())) + r"\b(?!\W{0,2}\d)"
        parts += [(match.start(), name) for match in re.finditer(pattern, sentence, re.IGNORECASE)]
    parts = [part for part in parts if part[1] not in names or not any(a <= part[0] < b for a, b in taken)]
    links = [match.start() for match in _LINK.finditer(sentence)]
    groups = [[key for at, key in sorted(parts) if a <= at < b] for a, b in zip([0, *links], [*links, len(sentence)])]
    groups = [group for group in groups if group]
    pairs = [pair for left, right in zip(groups, groups[1:]) for pair in product(left, right)]
    return {frozenset(pair) for pair in pairs if len(set(pair)) == 2}


def _flow(text: str) -> set[Pair]:
    """The pairs of a flow: each step with where it says it goes on, else with the step introduced next."""
    steps: list[str] = []
    goes_on: dict[str, set[str]] = {}
    for sentence in sentences(text):
        for mention in mentions(sentence):
            if not _FLOWS.search(mention.before):
                continue
            if mention.jump and steps:
                goes_on.setdefault(steps[-1], set()).add(mention.text)
            elif mention.text not in steps:
                steps.append(mention.text)
    pairs = {(step, target) for step, targets in goes_on.items() for target in targets}
    pairs |= {pair for pair in zip(steps, steps[1:]) if pair[0] not in goes_on}
    return {frozenset(pair) for pair in pairs if len(set(pair)) == 2}
