"""A file of one large JSON object, read member by member in constant memory.

PatentDesc-355K's index is 0.8 GB and takes 2.4 GB as Python objects, its OCR several times that. Here the file stays
where it is, and each member is parsed when its turn comes.
"""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

MAX_MEMBER = 16 * 2**20  # bytes; a sheet full of words has 0.3 million in ocr.json

_STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_MEMBER = re.compile(
    rb"\s*(?P<key>" + _STRING + rb")\s*:\s*"
    rb'(?P<value>\{[^"{}]*(?:' + _STRING + rb'[^"{}]*){0,64}\})\s*(?P<next>[,}])',
    re.DOTALL,
)
_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{\s*(?P<empty>\})?")


class MembersError(ValueError):
    """A file that is not one object of flat objects; the message is one line that names the file and the remedy."""


class Member(NamedTuple):
    """A member's key, and where its value lies in the file (bytes)."""

    key: str
    start: int
    end: int


class Members:
    """The members of the one object in the file `path`: each value an object without objects in it.

    Raises:
        MembersError: the file cannot be read, or is empty.
    """

    def __init__(self, path: Path):
        self._path = path
        try:
            with open(path, "rb") as file:
                self._content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise MembersError(f"{path}: cannot be read ({error.strerror}); check the path") from None
        except ValueError:  # nothing to map
            raise MembersError(f"{path}: is empty; fetch it again") from None

    def __enter__(self) -> Members:
        return self

    def __exit__(self, *_) -> None:
        self._content.close()

    def __iter__(self) -> Iterator[Member]:
        """The members in the order of the file, their values not parsed; a key may come twice. A bar shows how far.

        Raises:
            MembersError: not such a file, cut short, or a member of more than `MAX_MEMBER` bytes.
        """
        name = self._path.name
        with tqdm(total=len(self._content), desc=name, unit="B", unit_scale=True, delay=2) as bar:
            for member in self._find():
                bar.update(member.end - bar.n)
                yield member

    def _find(self) -> Iterator[Member]:
        content, path = self._content, self._path
        opening = _START.match(content, 0, MAX_MEMBER)
        if opening is None:
            raise MembersError(f"{path}: is no JSON object of image ids; fetch it again")
        at, more = opening.end(), opening["empty"] is None
        while more:
            # the window bounds what a hostile file can make us hold
            found = _MEMBER.match(content, at, at + MAX_MEMBER)
            key = found and _key(found["key"])
            if key is None:
                raise MembersError(
                    f'{path}: damaged or cut short at byte {at}, where "image id": {{...}} should be; fetch it again'
                )
            yield Member(key, *found.span("value"))
            at, more = found.end(), found["next"] == b","
        if content[at : at + 4096].strip():
            raise MembersError(f"{path}: goes on at byte {at} after its last member; fetch it again")

    def read(self, start: int, end: int) -> dict | None:
        """The object between two bytes, None where it is damaged."""
        try:
            return json.loads(self._content[start:end])
        except (RecursionError, ValueError):
            return None


def _key(written: bytes) -> str | None:
    try:
        key = json.loads(written)
        key.encode()  # half of a surrogate pair is no text
    except ValueError:
        return None
    return key
