"""Which name a text gives a numeral, against the patent's own table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping

from modeling_patentlmm.numerals_patentlmm import find_references

from .form import sentences
from .ratio import Ratio, precision_recall
from .truth import normalise

# Nouns that point at a numeral instead of naming its part: "at step 20, ...", "curve 301 represents ...".
_STEPS = "steps?|blocks?|operations?|acts?|stages?|box|boxes|decisions?"
_CURVES = "curves?|waveforms?|lines?|traces?|plots?|bars?"
_POINTER = re.compile(rf"\b(?:{_STEPS}|{_CURVES})\s*\(?$", re.IGNORECASE)
_JUMP = re.compile(r"\b(?:to|(?:ends|terminates|concludes) at)\s+(?:the\s+)?(?:decision\s+)?\w+\s*\(?$", re.IGNORECASE)
_ARTICLE = re.compile(r"\b(?:an?|the|said|each|another)\s+((?:[A-Za-z][\w/-]*\s+){1,6})\(?$", re.IGNORECASE)
TERMINALS = frozenset("start begin end exit stop return done finish".split())  # of a flowchart, as it prints them
# What a flowchart's table holds for its terminals and as a whole: no name that a text would give.
_NO_TERM = TERMINALS | {"method", "process"}
_NO_NAME = frozenset(
    "of in at to by with from for on into and or is are was were be that which as via when step steps block operation "
    "element elements figure reference numeral embodiment embodiments invention".split()
)


class Mention:
    """A reference character in a sentence.

    `before` is the sentence up to it, `pointed` says that a pointer ("step", "curve") stands before it instead of a
    name, and `jump` that it is only where a flow goes on or ends ("proceeds to step 20").
    """

    def __init__(self, sentence: str, text: str, start: int, end: int):
        self.text, self.start, self.end = text, start, end
        self.before = sentence[:start]
        self.pointed = bool(_POINTER.search(self.before))
        self.jump = self.pointed and bool(_JUMP.search(self.before))


def mentions(sentence: str) -> list[Mention]:
    """The reference characters of a sentence, in its order."""
    found = [reference for reference in find_references(sentence) if reference.kind == "character"]
    return [Mention(sentence, reference.text, reference.start, reference.end) for reference in found]


def terms_of(text: str) -> dict[str, str]:
    """The numeral-to-term table of a patent's text: the name that most often stands between an article and a numeral.

    >>> terms_of("A storage lid 10 covers the housing 12. The storage lid 10 is open at step 30.")
    {'10': 'storage lid', '12': 'housing'}
    """
    names: dict[str, Counter] = {}
    for sentence in sentences(text):
        for mention in mentions(sentence):
            match = _ARTICLE.search(mention.before)
            words = match.group(1).split() if match and not mention.pointed else []
            if words and not _NO_NAME & {word.lower() for word in words}:
                names.setdefault(mention.text, Counter())[" ".join(words)] += 1
    return {numeral: counts.most_common(1)[0][0] for numeral, counts in names.items()}


def bound_terms(text: str, table: Mapping[str, str]) -> tuple[set[str], set[str]]:
    """The numerals of a text that it binds to their own term of `table`, and those it binds to something else.

    A term is bound to the numeral right behind it; where a pointer stands before the numeral ("At step 20, the method
    includes receiving a request"), to the pointed numeral nearest to the term in the sentence. A numeral that carries
    another term of the table is bound wrongly, even if elsewhere it carries its own. A numeral that only a jump names
    ("proceeds to step 20") is bound to nothing.

    >>> table = {"10": "lid", "12": "outer housing", "20": "receiving a request"}
    >>> right, wrong = bound_terms("The lid 10 closes the lid 12. At step 20, it includes receiving a request.", table)
    >>> sorted(right), sorted(wrong)
    (['10', '20'], ['12'])
    """
    terms = {numeral: normalise(term) for numeral, term in table.items()}
    right, named, contradicted = set(), set(), set()
    for sentence in sentences(text):
        found = mentions(sentence)
        for mention in found:
            term = terms.get(mention.text)
            before = normalise(mention.before)
            if mention.pointed:
                right |= {mention.text} if term and _nearest(sentence, term, found) is mention else set()
                named |= set() if mention.jump else {mention.text}
                continue
            named.add(mention.text)
            longest = max((other for other in terms.values() if _ends_with(before, other)), key=len, default=None)
            right |= {mention.text} if longest and longest == term else set()
            contradicted |= {mention.text} if longest and longest != term and term else set()
    wrong = (named - right) | contradicted
    return right - wrong, wrong


def _ends_with(text: str, term: str) -> bool:
    return f" {text}".endswith(f" {term}") or f" {text}".endswith(f" {term}s")


def _nearest(sentence: str, term: str, found: list[Mention]) -> Mention | None:
    """The mention nearest to the term in a sentence, None if the term is not in it."""
    match = re.search(r"\b" + r"\W+".join(map(re.escape, term.split())) + r"\b", sentence, re.IGNORECASE)
    if match is None:
        return None
    return min(found, key=lambda mention: max(match.start() - mention.end, mention.start - match.end()))


def score_binding(prediction: str, table: Mapping[str, str], drawn: Collection[str] | None) -> dict[str, Ratio]:
    """Precision, recall and F1 of the numeral-to-term pairs of a text against the patent's own table.

    Judged are the numerals that the table holds, and those that the drawing does not; a drawn numeral without a term
    in the table, or with one that says no more than "start" or "method", is left out. Nothing is scored where the
    table is empty.

    >>> table = {"10": "lid", "12": "housing"}
    >>> scores = score_binding("FIG. 1 shows a lid 10, a shaft 12 and a rod 99.", table, {"10", "12"})
    >>> {name: round(ratio.value, 2) for name, ratio in scores.items()}
    {'binding_precision': 0.33, 'binding_recall': 0.5, 'binding_f1': 0.4}
    """
    unnamed = {numeral for numeral, term in table.items() if term.lower() in _NO_TERM}
    table = {numeral: term for numeral, term in table.items() if numeral not in unnamed}
    if not table:
        return precision_recall("binding", 0, 0, 0)
    right, wrong = bound_terms(prediction, table)
    unjudged = unnamed | ((wrong if drawn is None else set(drawn)) - set(table))
    return precision_recall("binding", len(right), len(right | (wrong - unjudged)), len(table))
