"""What could not be used, and why: counted by reason, written down line by line, lost never."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class Reject(NamedTuple):
    """One thing that could not be used: `reason` is a short name to count by, `detail` a sentence for people."""

    source: str  # the file
    item: str  # the document, patent, sheet or figure in it
    reason: str
    detail: str


class Unusable(ValueError):
    """Raised for what cannot be used: `reason` as of a `Reject`, the message says what is wrong and what helps."""

    def __init__(self, reason: str, message: str):
        super().__init__(message)
        self.reason = reason


class Rejects:
    """Collects what is left out; with a `path`, each is a line of JSON there as soon as it is known."""

    def __init__(self, path: Path | None = None):
        self.items: list[Reject] = []
        self._path = path
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")

    def add(self, source: str, item: str, reason: str, detail: str) -> None:
        """Write one down."""
        reject = Reject(source, item, reason, detail)
        self.items.append(reject)
        if self._path is not None:
            with open(self._path, "a", encoding="utf-8") as lines:
                lines.write(json.dumps(reject._asdict(), ensure_ascii=False) + "\n")

    def take(self, path: Path) -> None:
        """Take over what another job wrote down."""
        for line in path.read_text(encoding="utf-8").splitlines():
            self.add(**json.loads(line))

    @property
    def counts(self) -> dict[str, int]:
        """How many were left out for each reason, the most frequent first."""
        return dict(Counter(reject.reason for reject in self.items).most_common())


def told(counts: Mapping[str, int]) -> str:
    """The counts as a sentence: "12 left out: 10 no_image, 2 unreadable_image"."""
    reasons = ", ".join(f"{count} {reason}" for reason, count in counts.items())
    return f"{sum(counts.values())} left out: {reasons}" if counts else "nothing left out"
