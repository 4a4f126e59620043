"""A file of one XML document, or of a week of them one after the other, to whole documents in constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

MAX_BYTES = 1 << 26  # of one document; the longest grants, with their tables, have some 20 million
_CHUNK = 1 << 20
_MARK = b"\xef\xbb\xbf"  # of UTF-8
_START = b"<?xml"
_FIRST = len(_MARK) + 1  # from here on another document can start, whether this one has a byte order mark or not
_OVERLAP = len(_MARK + _START + b" ") - 1


class Document(NamedTuple):
    """Where a document starts in its file, and its bytes; `data` is None where it is larger than `MAX_BYTES`."""

    offset: int
    data: bytes | None


def split_documents(file: BinaryIO) -> Iterator[Document]:
    """The documents of a file; what holds nothing but white space is none.

    What reading the file raises comes after the documents that were whole until then.
    """
    held, offset, dropped, searched = bytearray(), 0, 0, _FIRST
    while chunk := file.read(_CHUNK):
        held += chunk
        while (length := _next_start(held, searched)) >= 0:
            yield from _document(held[:length], offset, dropped)
            del held[:length]
            offset, dropped, searched = offset + dropped + length, 0, _FIRST
        if len(held) > MAX_BYTES:
            dropped += len(held) - _OVERLAP
            del held[:-_OVERLAP]
        searched = max(len(held) - _OVERLAP, 0 if dropped else _FIRST)
    yield from _document(held, offset, dropped)


def _next_start(held: bytearray, searched: int) -> int:
    """Where the next document starts, -1 if none does; whatever is still open in the one before it.

    So of a file with a hole only one document is lost.
    """
    while (start := held.find(_START, searched)) >= 0:
        if held[start + len(_START) : start + len(_START) + 1].isspace():
            return start - len(_MARK) if held.endswith(_MARK, 0, start) else start
        searched = start + 1
    return -1


def _document(held: bytearray, offset: int, dropped: int) -> Iterator[Document]:
    if dropped:
        yield Document(offset, None)
    elif held and not held.isspace():
        yield Document(offset, bytes(held))
