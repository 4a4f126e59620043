"""Scores of generated descriptions: n-gram overlap, and the truth of numerals, names and figure numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import sacrebleu

from modeling_patentlmm.numerals_patentlmm import find_references


def bleu4(predictions: Sequence[str], references: Sequence[str]) -> float:
    """Corpus BLEU-4 of sacrebleu (13a tokens, case kept), 0..100."""
    return sacrebleu.corpus_bleu(list(predictions), [list(references)]).score


def figure_labels(text: str) -> list[str]:
    """The figure numbers a text names, in order: "FIGS. 2A and 3" -> ["2A", "3"]."""
    return [reference.text for reference in find_references(text) if reference.kind == "figure"]


def characters(text: str) -> set[str]:
    """The reference characters a text uses."""
    return {reference.text for reference in find_references(text) if reference.kind == "character"}


def figure_number_exact(prediction: str, label: str | None) -> bool:
    """Whether the first figure number of the text is the figure's, or none is named where the figure has none."""
    named = figure_labels(prediction)
    return named[:1] == ([label] if label else [])


def recall(found: Iterable[str], truth: Iterable[str]) -> float | None:
    """Share of the distinct `truth` in `found`; None where there is no truth to find."""
    truth = set(truth)
    return len(truth & set(found)) / len(truth) if truth else None


def normalise(text: str) -> str:
    """Lower case, letters and digits only, single spaces."""
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def names_in(text: str, names: Iterable[str]) -> set[str]:
    """The names a text contains as whole words, case and punctuation aside."""
    padded = f" {normalise(text)} "
    return {name for name in names if f" {normalise(name)} " in padded}


def invented(prediction: str, inventory: Iterable[str]) -> set[str]:
    """Reference characters of a text that the figure's inventory does not hold."""
    return characters(prediction) - set(inventory)


def mean(values: Iterable[float | None]) -> float | None:
    """Mean of the values that are not None."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
