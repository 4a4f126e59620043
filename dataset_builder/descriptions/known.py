"""The figures of a patent, and which of them a label in the text means."""

from __future__ import annotations

import re
from collections.abc import Iterable

Label = str | None  # None is the only figure, without a number


def label_key(label: Label) -> str:
    """What labels are matched by: "2A" and "2a" are one figure, and so are "5(b)" and "5b"."""
    return "" if label is None else label.lower().replace("(", "").replace(")", "")


class KnownFigures:
    """The figures of a patent in order, found by any way to write their label."""

    def __init__(self, labels: Iterable[Label]):
        self.labels: list[Label] = []
        self._by_key: dict[str, Label] = {}
        self._by_number: dict[str, list[Label]] = {}
        for label in labels:
            self.add(label)

    def add(self, label: Label) -> None:
        """Add a figure if it is a new one."""
        key = label_key(label)
        if key in self._by_key:
            return
        self.labels.append(label)
        self._by_key[key] = label
        self._by_number.setdefault(_number(key), []).append(label)

    def resolve(self, labels: Iterable[Label]) -> list[Label]:
        """The figures meant: FIG. 2 is 2A and 2B where only these are known, FIG. 6A is FIG. 6 where only that is."""
        return list(dict.fromkeys(label for each in labels for label in self._meant(label_key(each))))

    def _meant(self, key: str) -> list[Label]:
        if key in self._by_key:
            return [self._by_key[key]]
        number = _number(key)
        if key == number:
            return self._by_number.get(number, [])
        return [self._by_key[number]] if number in self._by_key else []

    @property
    def only(self) -> tuple[Label] | None:
        """The figure of a patent that has one."""
        return (self.labels[0],) if len(self.labels) == 1 else None


def _number(key: str) -> str:
    found = re.match(r"\d+", key)
    return found.group() if found else key
