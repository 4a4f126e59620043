"""The truth of reference characters, figure numbers, names and kinds in a text (37 CFR 1.74, 1.84(p))."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from dataset_builder.synthetic.phrasing import kind_of
from modeling_patentlmm.references_patentlmm import find_references, named_characters

from .ratio import NOTHING, Ratio, precision_recall


def figure_labels(text: str) -> list[str]:
    """The figure numbers a text names, in order.

    >>> figure_labels("FIGS. 2A and 3 show a lid 10.")
    ['2A', '3']
    """
    return [reference.text for reference in find_references(text) if reference.kind == "figure"]


def characters(text: str) -> set[str]:
    """The reference characters a text uses.

    >>> sorted(characters("FIG. 1 shows the housing 102 and the shafts 104a-104c."))
    ['102', '104a', '104b', '104c']
    """
    return named_characters(text)


def figure_number_exact(prediction: str, label: str | None) -> bool:
    """Whether the first figure number of the text is the figure's, or none is named where the figure has none.

    >>> figure_number_exact("FIG. 2C is a view.", "20")
    False
    """
    named = figure_labels(prediction)
    return named[:1] == ([label] if label else [])


def recall(found: Iterable[str], truth: Iterable[str]) -> float | None:
    """Share of the distinct `truth` in `found`; None where there is no truth to find.

    >>> recall({"10", "99"}, ["10", "10", "12"])
    0.5
    """
    truth = set(truth)
    return len(truth & set(found)) / len(truth) if truth else None


def normalise(text: str) -> str:
    """Lower case, letters and digits only, single spaces.

    >>> normalise("Drop-down  Menu;")
    'drop down menu'
    """
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def names_in(text: str, names: Iterable[str]) -> set[str]:
    """The names a text contains as whole words, case and punctuation aside.

    >>> names_in("The Memory controller 10.", ["memory controller", "control"])
    {'memory controller'}
    """
    padded = f" {normalise(text)} "
    return {name for name in names if f" {normalise(name)} " in padded}


def invented(prediction: str, inventory: Iterable[str]) -> set[str]:
    """Reference characters of a text that the figure's inventory does not hold.

    >>> invented("The housing 102 holds the shaft 104 of FIG. 1.", {"102"})
    {'104'}
    """
    return characters(prediction) - set(inventory)


def score_characters(prediction: str, drawn: Collection[str] | None, read: Collection[str]) -> dict[str, Ratio]:
    """How the distinct reference characters of a text stand to the drawing.

    `drawn` is what the drawing truly holds, None where nobody knows; `read` what a reader made of it, with the
    caller's list of parts. `character_precision`, `character_recall` and `character_f1` are measured against `drawn`
    and pooled over all characters; `coverage` is the recall again, each figure counting once. `invented` is the
    share of characters that are neither drawn nor read: a misread character lowers precision but is not invented.

    >>> scores = score_characters("The lid 10 and the rod 1Z9, the pin 77.", {"10", "12", "14", "16"}, {"10", "77"})
    >>> {name: ratio.value for name, ratio in scores.items()}  # doctest: +NORMALIZE_WHITESPACE
    {'character_precision': 0.5, 'character_recall': 0.25, 'character_f1': 0.3333333333333333, 'coverage': 0.25,
     'invented': 0.0}
    """
    said = characters(prediction)
    made_up = Ratio(len(said - set(drawn or ()) - set(read)), len(said))
    if drawn is None:
        return precision_recall("character", 0, 0, 0) | {"coverage": NOTHING, "invented": made_up}
    against = precision_recall("character", len(said & set(drawn)), len(said), len(drawn))
    return against | {"coverage": Ratio.of(recall(said, drawn)), "invented": made_up}


def score_kind(prediction: str, reference: str | None, kind: str | None) -> Ratio:
    """Whether the text calls the figure what its own description calls it.

    The words for a view tell the kind: a network may be drawn and described as a block diagram. Without a description
    the data's `kind` is the truth; nothing is scored where a description tells none.

    >>> score_kind("FIG. 1 is a flow chart.", "FIG. 1 is a flow diagram of a method.", "flowchart").value
    1.0
    """
    truth = kind_of(reference) if reference else kind
    return Ratio.of(float(kind_of(prediction) == truth) if truth else None)
