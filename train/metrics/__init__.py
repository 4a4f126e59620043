"""Scores of generated descriptions: overlap with the patent's text, and the truth of what is said.

    overlap.py       BLEU, ROUGE, METEOR, chrF                     0..100
    truth.py         reference characters, figure numbers, kind    0..1
    binding.py       numeral-to-term pairs                         0..1
    connections.py   which parts are connected                     0..1
    form.py          repetition, length, truncation                0..1, length_ratio above
    figure.py        all of them on one figure
    summary.py       over many figures: pooled, by group, with bootstrap intervals

Every measure has a worked example in its docstring.
"""

from .figure import FigureScore, FigureTruth, score_figure
from .form import clean
from .overlap import bleu4, implementations
from .ratio import mean
from .summary import by_length, calibration, group, summarise
from .truth import (
    characters,
    figure_labels,
    figure_number_exact,
    invented,
    names_in,
    normalise,
    recall,
)

__all__ = [
    "FigureScore",
    "FigureTruth",
    "bleu4",
    "by_length",
    "calibration",
    "characters",
    "clean",
    "figure_labels",
    "figure_number_exact",
    "group",
    "implementations",
    "invented",
    "mean",
    "names_in",
    "normalise",
    "recall",
    "score_figure",
    "summarise",
]
