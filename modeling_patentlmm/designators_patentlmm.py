"""What the letters of a circuit's designators say of its elements.

The class letters of IEEE Std 315-1975, clause 22.4: R1 is a resistor whatever a small model calls it. Only letters and
nouns that mean nothing else are held to it: a switch may be S1, but also SW1, K1 or Q1.
"""

import re

from .references_patentlmm import Reference, find_references

ELEMENTS = {"R": "resistor", "C": "capacitor", "L": "inductor", "D": "diode", "Q": "transistor"}
# The letters that each noun stands with in patents.
LETTERS = {
    "resistor": frozenset({"R"}),
    "capacitor": frozenset({"C"}),
    "inductor": frozenset({"L"}),
    "coil": frozenset({"L"}),
    "diode": frozenset({"D", "C"}),  # CR1, too
    "transistor": frozenset({"Q", "T", "M"}),
    "battery": frozenset({"B", "V", "E"}),
    "fuse": frozenset({"F"}),
    "lamp": frozenset({"L", "D"}),
}
_DESIGNATOR = re.compile(rf"[{''.join(ELEMENTS)}]\d+[a-z]?")
_NOUN = re.compile(rf"(?P<noun>(?:(?:Zener|zener|Schottky|light-emitting) )?\b(?:{'|'.join(LETTERS)})) $")


def elements_as_designated(text: str) -> str:
    """`text` with the noun before each designator of one letter made one that the letter allows.

    >>> elements_as_designated("a Zener diode R1, a battery C2, and a lamp L3")
    'a resistor R1, a capacitor C2, and a lamp L3'
    """
    for reference in reversed(find_references(text)):
        if element := _contradicted(text, reference):
            noun, wanted = element
            start = reference.start - 1 - len(noun)
            text = f"{text[:start]}{wanted} {text[reference.start :]}"
    return text


def _contradicted(text: str, reference: Reference) -> tuple[str, str] | None:
    """The noun before a designator that is another element's, and what to call it."""
    letter, said = reference.text[0], _NOUN.search(text[: reference.start])
    if reference.kind != "character" or not _DESIGNATOR.fullmatch(reference.text) or said is None:
        return None
    return None if letter in LETTERS[said["noun"].split()[-1]] else (said["noun"], ELEMENTS[letter])


__all__ = ["elements_as_designated"]
