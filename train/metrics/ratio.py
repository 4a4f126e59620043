"""Scores as part of a whole, so that one figure and a thousand are scored by the same sum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Ratio(NamedTuple):
    """A score of one figure: `part` of `whole`. A whole of 0 says that there is nothing to score.

    Pooled over figures, parts and wholes are summed, so that `Ratio(score, 1)` pools to a mean over figures and
    `Ratio(found, wanted)` to a share of everything wanted.

    >>> Ratio(1, 2).value
    0.5
    >>> Ratio.of(None).value is None
    True
    >>> pool([Ratio(1, 2), Ratio(3, 6), NOTHING])
    0.5
    """

    part: float
    whole: float

    @classmethod
    def of(cls, score: float | None) -> Ratio:
        """A score that counts once in a mean, `NOTHING` for None."""
        return NOTHING if score is None else cls(float(score), 1.0)

    @property
    def value(self) -> float | None:
        """Part over whole; None where there is nothing to score."""
        return self.part / self.whole if self.whole else None


NOTHING = Ratio(0.0, 0.0)


def f1(right: float, said: float, wanted: float) -> Ratio:
    """The harmonic mean of precision `right / said` and recall `right / wanted`, as a ratio that can be pooled.

    >>> f1(2, 4, 2).value  # precision 1/2, recall 1
    0.6666666666666666
    """
    return Ratio(2.0 * right, float(said + wanted))


def precision_recall(name: str, right: float, said: float, wanted: float) -> dict[str, Ratio]:
    """`name_precision`, `name_recall` and `name_f1` of `right` among what was `said` and what was `wanted`.

    >>> {name: ratio.value for name, ratio in precision_recall("edge", 1, 2, 2).items()}
    {'edge_precision': 0.5, 'edge_recall': 0.5, 'edge_f1': 0.5}
    """
    return {
        f"{name}_precision": Ratio(right, said),
        f"{name}_recall": Ratio(right, wanted),
        f"{name}_f1": f1(right, said, wanted),
    }


def pool(ratios: Iterable[Ratio]) -> float | None:
    """Sum of the parts over sum of the wholes; None where no figure has anything to score."""
    ratios = list(ratios)
    return Ratio(sum(ratio.part for ratio in ratios), sum(ratio.whole for ratio in ratios)).value


def mean(values: Iterable[float | None]) -> float | None:
    """Mean of the values that are not None.

    >>> mean([1.0, None, 0.0])
    0.5
    """
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
