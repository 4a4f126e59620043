"""The names one sheet draws from the vocabulary: one technology, one manner of lettering, no name twice."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from dataset_builder.synthetic import vocabulary

_NETWORKS = (
    "network", "communication network", "wide area network", "local area network", "wireless network", "Internet",
    "data network", "cellular network", "cloud", "public network", "private network", "packet network",
)  # fmt: skip
_TECHNOLOGIES = {
    "network": ("software", "networks", "storage", "wireless", "business", "home", "networks", "software"),
    "circuit": ("power", "power", "signal", "wireless"),
    "screen": ("software", "business", "networks", "home", "medical", "imaging", "vehicles"),
}


class Name(NamedTuple):
    """A name in prose and as printed on the sheet."""

    term: str
    printed: str


@dataclass
class Words:
    """Hands out names of one technology; `case` is a style of `vocabulary.cased`."""

    rng: random.Random
    split: str
    technology: str
    case: str
    taken: set[str] = field(default_factory=set)

    def component(self) -> Name:
        return self._plain(lambda: vocabulary.component(self.rng, self.split, self.technology))

    def system(self) -> Name:
        return self._plain(lambda: vocabulary.container(self.rng, self.split, self.technology))

    def network(self) -> Name:
        """The name of a network; the common names are a closed class that all splits of seen words share."""
        if self.split == "unseen" or self.rng.random() < 0.1:
            return self.system()
        return self._plain(lambda: self.rng.choice(_NETWORKS))

    def signal(self) -> str:
        return self.cased(vocabulary.message(self.rng, self.split, self.technology))

    def step(self) -> Name:
        step = self._fresh(lambda: vocabulary.step(self.rng, self.split, self.technology))
        return Name(step.gerund, self.cased(step.imperative, self.step_case))

    def decision(self) -> Name:
        decision = self._fresh(lambda: vocabulary.decision(self.rng, self.split, self.technology))
        return Name(decision.clause, self.cased(decision.question, self.step_case))

    def region(self) -> Name:
        return self._plain(lambda: vocabulary.region(self.rng, self.split, self.technology))

    def curve(self) -> Name:
        return self._plain(lambda: vocabulary.curve(self.rng, self.split))

    def axis(self, independent: bool) -> Name:
        axis = self._fresh(lambda: vocabulary.axis(self.rng, self.split, independent))
        return Name(
            axis.term, axis.printed if self.case == "plain" else self.cased(axis.term) + axis.printed[len(axis.term) :]
        )

    def circuit_element(self) -> vocabulary.CircuitElement:
        return self._fresh(lambda: vocabulary.circuit_element(self.rng, self.split))

    def control(self, widget: str | None = None) -> vocabulary.Control:
        return self._fresh(lambda: vocabulary.screen_control(self.rng, self.split, self.technology, widget))

    def window(self) -> vocabulary.Control:
        return self._fresh(lambda: vocabulary.window(self.rng, self.split, self.technology))

    def mechanical_part(self) -> str:
        return self._fresh(lambda: vocabulary.mechanical_part(self.rng, self.split))

    def assembly(self) -> str:
        return self._fresh(lambda: vocabulary.mechanical_assembly(self.rng, self.split))

    def subject(self, family: str) -> str:
        return vocabulary.subject(self.rng, self.split, family, self.technology)

    @property
    def step_case(self) -> str:
        return "upper" if self.case == "upper" else "plain" if self.case == "plain" else "sentence"

    def cased(self, text: str, style: str | None = None) -> str:
        return vocabulary.cased(text, style or self.case)

    def _plain(self, make: Callable[[], str]) -> Name:
        term = self._fresh(make)
        return Name(term, self.cased(term))

    def _fresh(self, make: Callable):
        for _ in range(200):
            item = make()
            key = (item if isinstance(item, str) else item[0]).lower()
            if key not in self.taken:
                self.taken.add(key)
                return item
        raise ValueError(f"the vocabulary of {self.technology!r} has run out of names")


def choose_words(rng: random.Random, split: str, family: str, capitals: bool) -> Words:
    """The words of one sheet; drafting letters (`capitals`) are capitals."""
    case = "upper" if capitals else rng.choices(("upper", "title", "sentence", "plain"), weights=(45, 30, 14, 11))[0]
    if family in _TECHNOLOGIES and split != "unseen":
        return Words(rng, split, rng.choice(_TECHNOLOGIES[family]), case)
    return Words(rng, split, vocabulary.technology(rng, split), case)
