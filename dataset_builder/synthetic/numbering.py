"""Figure labels and reference numerals: how they are chosen and how they are written."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

_LABEL_FORMS = (
    ("FIG. {}", 62),
    ("Fig. {}", 11),
    ("FIGURE {}", 8),
    ("Figure {}", 3),
    ("FIG.{}", 5),
    ("FIG {}", 4),
    ("Fig.{}", 2),
    ("FIG. {} (PRIOR ART)", 3),
    ("Prior Art FIG. {}", 1),
)


def choose_label(rng: random.Random) -> str | None:
    """A figure number such as "3" or "12B"; None for the single unnumbered view of a patent."""
    if rng.random() < 0.03:
        return None
    number = min(rng.choice((rng.randint(1, 5), rng.randint(1, 12), rng.randint(1, 30))), 30)
    letter = rng.choice("AABBCDEF") if rng.random() < 0.24 else ""
    return f"{number}{letter.lower() if rng.random() < 0.12 else letter}"


def printed_label(label: str, rng: random.Random) -> str:
    """The words printed for a figure number."""
    forms, weights = zip(*_LABEL_FORMS)
    return rng.choices(forms, weights=weights)[0].format(label)


@dataclass
class Numbering:
    """Hands out the reference numerals of one sheet in its numbering style."""

    rng: random.Random
    label: str | None
    prefix: str = ""
    number: int = 10
    step: int = 2
    used: set[str] = field(default_factory=set)

    def next(self) -> str:
        """The next numeral, such as "102", "S14" or "12'"."""
        while True:
            text = f"{self.prefix}{self.number}"
            self.number += self.step if self.rng.random() < 0.93 else self.step * 2
            if text not in self.used:
                self.used.add(text)
                return text

    def variant(self, numeral: str, index: int, style: str) -> str:
        """The numeral of the index-th of several like parts: 110a, 110B, 110-1 or 110'."""
        suffix = {
            "lower": chr(97 + index),
            "upper": chr(65 + index),
            "dash": f"-{index + 1}",
            "prime": "'" * (index + 1),
        }[style]
        self.used.add(numeral + suffix)
        return numeral + suffix

    def variant_style(self) -> str:
        return self.rng.choices(("lower", "upper", "dash", "prime"), weights=(6, 3, 3, 1))[0]


def choose_numbering(rng: random.Random, label: str | None, steps: bool = False) -> Numbering:
    """A numbering style; often it follows the figure number (FIG. 3: 302, 304). `steps` allows S101, S102"""
    figure = int("".join(c for c in label if c.isdigit())) if label else 1
    style = rng.choices(("figure", "hundred", "ten", "one", "wide", "any"), weights=(38, 16, 20, 6, 6, 14))[0]
    step = rng.choice((2, 2, 2, 2, 1, 4, 5, 10))
    if style == "figure":
        number = figure * 100 + rng.choice((0, 2, 1, 10, 5, 4, 20))
    elif style == "hundred":
        number = rng.choice((100, 102, 101, 110, 200, 202, 210, 300))
    elif style == "ten":
        number, step = rng.choice((10, 12, 11, 20, 14, 15, 22, 30)), min(step, 4)
    elif style == "one":
        number, step = rng.choice((1, 1, 2, 3, 5)), 1
    elif style == "wide":
        number = figure * 1000 + rng.choice((0, 2, 10, 100, 5))
    else:
        number = rng.randint(10, 1900)
    prefix = rng.choice(("S", "S", "S", "B", "A", "ST")) if steps and rng.random() < 0.28 else ""
    if prefix and number < 10:
        number = number * 10
    return Numbering(rng, label, prefix, number, step)
