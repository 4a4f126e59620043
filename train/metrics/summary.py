"""Scores of many figures: pooled, with bootstrap intervals, by group, and the calibration of confidences."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .figure import FigureScore
from .overlap import BLEU_STATISTICS, bleu

SAMPLES, SEED = 1000, 0
LEVEL = 0.95
BINS = 10
LENGTHS = 4


def summarise(scores: Sequence[FigureScore], samples: int = SAMPLES, seed: int = SEED) -> dict[str, dict]:
    """Every measure pooled over figures: `value`, the 95 % bootstrap interval `low`..`high`, and `figures` measured.

    Figures are drawn with replacement `samples` times from a generator with `seed`; the interval holds the middle
    95 % of the pooled scores (percentile bootstrap). All of a measure is None where no figure has anything to score.
    """
    if not scores:
        return {}
    weights = _weights(len(scores), samples, seed)
    out = _summarise_bleu(np.array([score.bleu for score in scores]).reshape(-1, BLEU_STATISTICS), weights)
    for name in scores[0].ratios:
        ratios = np.array([score.ratios[name] for score in scores], dtype=float)
        sums = weights @ ratios
        drawn = sums[:, 0] / np.where(sums[:, 1], sums[:, 1], np.nan)
        part, whole = ratios.sum(axis=0)
        out[name] = _entry(part / whole if whole else None, drawn, int((ratios[:, 1] > 0).sum()))
    return out


def group(
    scores: Sequence[FigureScore], key: Callable[[FigureScore], str | None], samples: int = SAMPLES, seed: int = SEED
) -> dict[str, dict]:
    """`summarise` of each group that `key` makes, in the order of their names, with the number of its figures."""
    groups: dict[str, list[FigureScore]] = {}
    for score in scores:
        groups.setdefault(key(score) or "unknown", []).append(score)
    return {
        name: {"figures": len(some), "scores": summarise(some, samples, seed)} for name, some in sorted(groups.items())
    }


def by_length(scores: Sequence[FigureScore], samples: int = SAMPLES, seed: int = SEED) -> list[dict]:
    """The figures with a reference in quarters from the shortest to the longest reference, `words` its range."""
    known = sorted((score for score in scores if score.reference_length), key=lambda score: score.reference_length)
    parts = [known[part[0] : part[-1] + 1] for part in np.array_split(np.arange(len(known)), LENGTHS) if len(part)]
    return [
        {
            "words": [some[0].reference_length, some[-1].reference_length],
            "figures": len(some),
            "scores": summarise(some, samples, seed),
        }
        for some in parts
    ]


def calibration(scores: Sequence[FigureScore]) -> dict:
    """How often characters written with a confidence are drawn, in ten bins, and the expected calibration error.

    `error` is the mean distance between confidence and share drawn, weighted by the bins' characters; None if there
    are none.
    """
    pairs = np.array([pair for score in scores for pair in score.calibration], dtype=float).reshape(-1, 2)
    bins = np.minimum((pairs[:, 0] * BINS).astype(int), BINS - 1)
    rows = []
    for index in range(BINS):
        some = pairs[bins == index]
        if len(some):
            confidence, drawn = some.mean(axis=0)
            rows.append({"confidence": float(confidence), "drawn": float(drawn), "characters": len(some)})
    error = sum(row["characters"] * abs(row["confidence"] - row["drawn"]) for row in rows)
    return {"characters": len(pairs), "error": error / len(pairs) if len(pairs) else None, "bins": rows}


def _weights(figures: int, samples: int, seed: int) -> np.ndarray:
    """How often each figure is drawn in each sample; (samples, figures)."""
    rng = np.random.default_rng(seed)
    drawn = rng.integers(figures, size=(samples, figures))
    return np.stack([np.bincount(row, minlength=figures) for row in drawn]).astype(float)


def _summarise_bleu(statistics: np.ndarray, weights: np.ndarray) -> dict[str, dict]:
    pooled, drawn = bleu(statistics.sum(axis=0)), bleu(weights @ statistics)
    figures = int((statistics[:, 1] > 0).sum())
    return {name: _entry(pooled[name] if figures else None, drawn[name], figures) for name in pooled}


def _entry(value: float | None, drawn: np.ndarray, figures: int) -> dict:
    drawn = drawn[~np.isnan(drawn)]
    if value is None or not len(drawn):
        return {"value": value, "low": None, "high": None, "figures": figures}
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {"value": float(value), "low": float(low), "high": float(high), "figures": figures}
