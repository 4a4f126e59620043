"""Texts that no model writes: what every score must be held against."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from datasets import Dataset

from modeling_patentlmm.numerals_patentlmm import take_inventory

from .writers import Written


class TemplateWriter:
    """One sentence for every figure, with the figure number as read; the detailed text lists all that was read.

    It shows what the figure number and phrasing alone are worth, and, in the detailed text, that every character can
    be named by saying nothing: its numeral-to-term pairs are what it cannot have.
    """

    needs_image = False

    def write(self, rows: Sequence[dict], task: str) -> list[Written]:
        return [Written(self._text(row, task), False) for row in rows]

    def _text(self, row: dict, task: str) -> str:
        inventory = take_inventory(row["words"], row["boxes"], row["confidences"] or None)
        subject = f"FIG. {inventory.label}" if inventory.label else "The figure"
        text = f"{subject} is a diagram illustrating an embodiment of the invention."
        if task == "detailed" and inventory.texts:
            *first, last = inventory.texts
            listed = f"elements {', '.join(first)} and {last}" if first else f"an element {last}"
            text += f" The drawing shows {listed}."
        return text


class NearestWriter:
    """The description of the training figure whose words are most like this one's, as it stands.

    Likeness is the cosine of tf-idf vectors of the words of two letters and more, case aside; the first of equals is
    taken, also where no word is shared.
    """

    needs_image = False

    def __init__(self, training: Dataset, task: str):
        columns = training.select_columns(["words", f"{task}_description"])
        known = [(row["words"], row[f"{task}_description"]) for row in columns if row[f"{task}_description"]]
        if not known:
            raise ValueError(f"no training figure has a {task} description; name other figures with --train-data")
        self.texts = [text for _, text in known]
        documents = [terms(words) for words, _ in known]
        frequency = Counter(term for document in documents for term in document)
        self.idf = {term: math.log(len(known) / count) + 1 for term, count in frequency.items()}
        self.index: dict[str, tuple[np.ndarray, np.ndarray]] = self._index(documents)

    def write(self, rows: Sequence[dict], task: str) -> list[Written]:
        return [Written(self.texts[self._nearest(row["words"])], False) for row in rows]

    def _vector(self, document: Counter) -> dict[str, float]:
        weights = {term: count * self.idf[term] for term, count in document.items() if term in self.idf}
        norm = math.sqrt(sum(weight**2 for weight in weights.values()))
        return {term: weight / norm for term, weight in weights.items()}

    def _index(self, documents: list[Counter]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        postings: dict[str, list[tuple[int, float]]] = {}
        for number, document in enumerate(documents):
            for term, weight in self._vector(document).items():
                postings.setdefault(term, []).append((number, weight))
        return {
            term: (np.array([number for number, _ in found]), np.array([weight for _, weight in found]))
            for term, found in postings.items()
        }

    def _nearest(self, words: Iterable[str]) -> int:
        likeness = np.zeros(len(self.texts))
        for term, weight in sorted(self._vector(terms(words)).items()):
            numbers, weights = self.index[term]
            likeness[numbers] += weight * weights
        return int(likeness.argmax())


class ReferenceWriter:
    """The reference itself: the most that each measure allows, and how far the measures can be trusted."""

    needs_image = False

    def write(self, rows: Sequence[dict], task: str) -> list[Written]:
        return [Written(row[f"{task}_description"] or "", False) for row in rows]


def terms(words: Iterable[str]) -> Counter:
    """The words of a figure that may tell what it is about, in lower case, counted."""
    return Counter(term for word in words for term in re.findall(r"[a-z]{2,}", word.lower()))
