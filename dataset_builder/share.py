"""Which share of a source one of several workers reads."""

from __future__ import annotations

import zlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """Share `index` of `count`: every `count`-th document of a file, the first one by the hash of the file's name."""

    index: int = 0
    count: int = 1

    def takes(self, name: str, place: int = 0) -> bool:
        """Whether the document at this place of the file of that name is in this share."""
        return (zlib.crc32(name.encode()) + place) % self.count == self.index

    @property
    def speaks(self) -> bool:
        """Whether this is the share that tells what all of them see, such as a damaged archive."""
        return self.index == 0


WHOLE = Share()
