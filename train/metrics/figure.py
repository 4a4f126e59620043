"""Everything that is measured on one figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from modeling_patentlmm.numerals_patentlmm import take_inventory
from modeling_patentlmm.references_patentlmm import parse_character

from .binding import score_binding
from .connections import score_connections
from .form import clean, is_truncated, score_form
from .overlap import bleu_statistics, score_overlap
from .ratio import Ratio
from .truth import characters, figure_number_exact, score_characters, score_kind


@dataclass(frozen=True)
class FigureTruth:
    """What is known of a figure, apart from any prediction.

    `drawn` holds the reference characters of the drawing, None where nobody knows them; `confidences` what was read
    with the confidence of each, the caller's list of parts included; `table` the patent's own names for numerals.
    """

    image_id: str
    reference: str | None
    label: str | None
    kind: str | None
    source: str | None
    drawn: frozenset[str] | None
    confidences: Mapping[str, float]
    table: Mapping[str, str]
    edges: tuple[Mapping[str, str], ...]

    @classmethod
    def from_row(cls, row: Mapping, task: str) -> FigureTruth:
        """The truth of a dataset row (columns of `dataset_builder.figure`) for a `brief` or `detailed` description.

        The drawing's characters are known where the row has numerals, elements or edges.
        """
        known = any(row[column] for column in ("numerals", "elements", "edges"))
        ends = {edge[end] for edge in row["edges"] for end in ("source", "target")}
        drawn = {numeral["text"] for numeral in row["numerals"]} | set(filter(parse_character, ends))
        inventory = take_inventory(row["words"], row["boxes"], row["confidences"] or None)
        return cls(
            image_id=row["image_id"],
            reference=row[f"{task}_description"] or None,
            label=row["figure"],
            kind=row["kind"],
            source=row["source"],
            drawn=frozenset(drawn) if known else None,
            confidences={character.text: character.confidence for character in reversed(inventory.characters)},
            table={numeral["text"]: numeral["term"] for numeral in row["numerals"] if numeral["term"]},
            edges=tuple(row["edges"]),
        )


@dataclass(frozen=True)
class FigureScore:
    """The scores of one figure: a ratio for each measure, what BLEU sums, and the confidences to calibrate.

    `calibration` has, for every character the text uses that was read, its confidence and whether it is drawn.
    """

    image_id: str
    kind: str | None
    source: str | None
    reference_length: int
    ratios: dict[str, Ratio]
    bleu: np.ndarray
    calibration: tuple[tuple[float, bool], ...]

    def as_dict(self) -> dict:
        """A row of JSON: the value of each measure, null where it does not apply."""
        return {"id": self.image_id, "kind": self.kind} | {name: ratio.value for name, ratio in self.ratios.items()}


def score_figure(prediction: str, truth: FigureTruth, truncated: bool | None = None) -> FigureScore:
    """Score the text written for a figure; `truncated` None judges by how the text ends.

    >>> edges = ({"source": "10", "target": "12"},)
    >>> truth = FigureTruth("1", "FIG. 1 is a side view of a lid 10.", "1", "mechanical", None, frozenset({"10", "12"}),
    ...                     {"10": 0.9}, {"10": "lid"}, edges)
    >>> score = score_figure("FIG. 1 is a side view of a lid 10.</s>", truth)
    >>> {name: score.ratios[name].value for name in ("figure_number", "coverage", "invented", "binding_f1", "kind")}
    {'figure_number': 1.0, 'coverage': 0.5, 'invented': 0.0, 'binding_f1': 1.0, 'kind': 1.0}
    """
    text = clean(prediction)
    ratios = score_overlap(text, truth.reference)
    ratios |= score_characters(text, truth.drawn, set(truth.confidences))
    ratios["figure_number"] = Ratio.of(float(figure_number_exact(text, truth.label)))
    ratios |= score_binding(text, truth.table, truth.drawn)
    ratios |= score_connections(text, truth.edges)
    ratios["kind"] = score_kind(text, truth.reference, truth.kind)
    ratios |= score_form(text, truth.reference, is_truncated(prediction) if truncated is None else truncated)
    return FigureScore(
        image_id=truth.image_id,
        kind=truth.kind,
        source=truth.source,
        reference_length=len((truth.reference or "").split()),
        ratios=ratios,
        bleu=bleu_statistics(text, truth.reference),
        calibration=_calibration(text, truth),
    )


def _calibration(text: str, truth: FigureTruth) -> tuple[tuple[float, bool], ...]:
    if truth.drawn is None:
        return ()
    said = sorted(characters(text) & truth.confidences.keys())
    return tuple((truth.confidences[character], character in truth.drawn) for character in said)
