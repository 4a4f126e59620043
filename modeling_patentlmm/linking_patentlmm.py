"""The connections of a finished text held to the lines of the drawing.

What a small model says of who is connected to whom is plausible and often wrong; the lines of a block diagram tell it
(`connections_patentlmm.py`). Where they could be read, a sentence about a connection that was not is taken out, and
connections that the text leaves out are said.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from .connections_patentlmm import Connection
from .naming_patentlmm import ended, listing, phrase_before
from .references_patentlmm import find_references
from .sentence_patentlmm import SENTENCE_END

MOST_TARGETS = 6  # parts that one sentence connects another one to
_LINK = re.compile(
    r"(?i)\b(?:(?:inter)?connect(?:s|ed)|coupl(?:es|ed)|communicat(?:es|ion)|linked|links|attached|joined|provides|"
    r"suppl(?:ies|ied)|sends|transmits|receives|feeds|exchanges|passe[sd])\b"
)
# A sentence that says more than who is connected to whom.
_SAYS_MORE = re.compile(
    r"(?i)\b(?:shows?|illustrates?|depicts?|includes?|compris\w+|contains?|ha[sv]e?|having|is an?|are)\b(?! (?:coupled|"
    r"connected|linked|attached|joined))"
)

_BLOCKS = re.compile(
    r"(?i)\b(?:blocks?|network|system|functional|schematic|architecture|topology) diagram\b|\bschematic\b"
)

Pair = frozenset[str]


def connect_as_drawn(text: str, connections: Sequence[Connection], names: Mapping[str, str]) -> str:
    """`text` without the sentences that only connect parts otherwise than the drawing; what it leaves out is added.

    Where no connection was read, the text stays as it is. `names` gives the printed name of a reference character; one
    without is called what the text calls it.

    >>> drawn = [Connection("10", "12", False), Connection("12", "14", True)]
    >>> text = "FIG. 1 is a block diagram. The CPU 10 is coupled to the fan 12. The CPU 10 feeds the LED 14."
    >>> connect_as_drawn(text, drawn, {"12": "fan"})
    'FIG. 1 is a block diagram. The CPU 10 is coupled to the fan 12. The fan 12 is connected by an arrow to the LED 14.'
    """
    if not connections:
        return text
    drawn = {_pair(one) for one in connections}
    kept = [sentence for sentence in _sentences(text) if _may_stay(sentence, drawn)]
    said = set().union(*map(connected_pairs, kept))
    missing = [one for one in connections if _pair(one) not in said]
    called = {character: names.get(character) or _name_in(text, character) for character in set().union(*drawn)}
    told = [*kept[:-1], ended(kept[-1])] if kept and missing else kept
    return " ".join([*told, *_statements(missing, called)])


def is_wired(text: str) -> bool:
    """Whether a text calls its figure a block diagram, or one of that family: in others lines connect nothing."""
    return bool(_BLOCKS.search(text))


def connected_pairs(sentence: str) -> set[Pair]:
    """The pairs of reference characters that a sentence connects, those before a verb of connection with those behind.

    >>> sorted(map(sorted, connected_pairs("The bus 10 is coupled to the CPU 12, which feeds the fan 14.")))
    [['10', '12'], ['12', '14']]
    """
    characters = [(one.start, one.text) for one in find_references(sentence) if one.kind == "character"]
    bounds = [0, *(match.start() for match in _LINK.finditer(sentence)), len(sentence)]
    groups = [[text for at, text in characters if start <= at < end] for start, end in zip(bounds, bounds[1:])]
    groups = [group for group in groups if group]
    return {frozenset(pair) for left, right in zip(groups, groups[1:]) for pair in product(left, right)}


def _pair(connection: Connection) -> Pair:
    return frozenset((connection.source, connection.target))


def _sentences(text: str) -> list[str]:
    bounds = [0, *(match.end() for match in SENTENCE_END.finditer(text)), len(text)]
    return [text[start:end].strip() for start, end in zip(bounds, bounds[1:]) if text[start:end].strip()]


def _may_stay(sentence: str, drawn: set[Pair]) -> bool:
    return connected_pairs(sentence) <= drawn or bool(_SAYS_MORE.search(sentence))


def _statements(connections: Sequence[Connection], called: Mapping[str, str]) -> list[str]:
    """The connections as sentences, those of one part together."""
    return [_statement(*group, called) for group in _grouped(connections)]


def _grouped(connections: Sequence[Connection]) -> Iterable[tuple[str, list[str], bool]]:
    """A part, the parts it is connected to and whether arrows lead there; arrows keep the part that they come from."""
    left = list(connections)
    while left:
        ends = Counter(end for one in left for end in ((one.source,) if one.directed else (one.source, one.target)))
        hub = max(ends, key=ends.__getitem__)
        for directed in (True, False):
            own = [one for one in left if one.directed == directed and hub in _hubs(one)][:MOST_TARGETS]
            left = [one for one in left if one not in own]
            if own:
                yield hub, [one.target if one.source == hub else one.source for one in own], directed


def _hubs(connection: Connection) -> tuple[str, ...]:
    return (connection.source,) if connection.directed else (connection.source, connection.target)


def _statement(hub: str, others: Sequence[str], directed: bool, called: Mapping[str, str]) -> str:
    others = listing([f"the {called[other]} {other}" for other in others])
    return f"The {called[hub]} {hub} is connected {'by an arrow ' * directed}to {others}."


def _name_in(text: str, character: str) -> str:
    """What the text calls a part first."""
    for one in find_references(text):
        if one.text == character and one.kind == "character":
            return phrase_before(text[: one.start]).strip() or "element"
    return "element"


__all__ = ["connect_as_drawn", "connected_pairs", "is_wired"]
