"""What has been fetched and what could not be, a line of JSON each, only ever added to.

Lines rather than a database: they can be read, counted and mended with any tool, copied while they grow, and a
`kill -9` costs at most the end of the last one, which is cut off when the file is opened again.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NamedTuple

from dataset_builder.lines import cut_torn_end


class Entry(NamedTuple):
    """The latest about one image: fetched, with the `sha256` and `size` of its file, or else the `reason` why not.

    A failure whose `again` is true is worth another try. One with a `sha256` is of an image that was there before.
    """

    image_id: str
    url: str
    sha256: str | None = None
    size: int | None = None
    reason: str | None = None
    detail: str | None = None
    again: bool = False

    @property
    def is_fetched(self) -> bool:
        return self.reason is None


class Manifest:
    """The manifest in `path`, open to be added to; one process at a time."""

    def __init__(self, path: Path):
        self.entries: dict[str, Entry] = {}
        cut_torn_end(path)
        if path.exists():
            with open(path, encoding="utf-8", errors="replace") as lines:
                for entry in filter(None, map(_parse, lines)):
                    self.entries[entry.image_id] = entry
        self._lines = open(path, "a", encoding="utf-8")

    def __enter__(self) -> Manifest:
        return self

    def __exit__(self, *_) -> None:
        self._lines.flush()
        os.fsync(self._lines.fileno())
        self._lines.close()

    def add(self, entry: Entry) -> None:
        """Write one down; it is with the system before this returns."""
        self.entries[entry.image_id] = entry
        told = {name: value for name, value in entry._asdict().items() if value not in (None, False)}
        self._lines.write(json.dumps(told) + "\n")
        self._lines.flush()


def _parse(line: str) -> Entry | None:
    """The entry of a line; None for a damaged one, whose image is then looked at again."""
    try:
        entry = Entry(**json.loads(line))
    except (TypeError, ValueError):
        return None
    return entry if isinstance(entry.image_id, str) else None
