"""What a text says, in 64 bytes: the same for texts that differ in numerals, figure numbers and a few words.

One bit each of 512 MinHashes (Li and König, b-Bit Minwise Hashing, WWW 2010, with b = 1) of the runs of three words:
two texts agree in half of the bits by chance, and in as much of the other half as their runs overlap (Jaccard). The
overlap is thus estimated to 0.03 (one standard deviation, at 0.8).
"""

from __future__ import annotations

import re
import zlib

import numpy as np

BITS = 512
MIN_SIMILARITY = 0.8  # the usual bound of near-duplicates (GPT-3, RefinedWeb): four of five runs of words are shared
MIN_WORDS = 8  # fewer are a stock phrase, "is a block diagram of the system", and no sign of a copy
_RUN = 3  # words
_AT_ONCE = 2048  # runs, which take 8 MB
_WORD = re.compile(r"\w+")
_NO_WORD = re.compile(r".*\d|figs?$|figures?$")

_draw = np.random.default_rng(1792)  # fixed for ever: fingerprints of two runs can be compared
_FACTORS = _draw.integers(1, 2**63, BITS, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
_TERMS = _draw.integers(0, 2**63, BITS, dtype=np.uint64)


def plain_words(text: str) -> list[str]:
    """The words of a text in lower case, without figure numbers, reference characters and signs."""
    return [word for word in _WORD.findall(text.lower()) if not _NO_WORD.match(word)]


def text_fingerprint(text: str | None) -> np.ndarray | None:
    """A string of 512 bits, (1, 64) uint8; None for a text of fewer than `MIN_WORDS` words of its own."""
    words = plain_words(text or "")
    if len(words) < MIN_WORDS:
        return None
    runs = {" ".join(words[i : i + _RUN]) for i in range(len(words) - _RUN + 1)}
    codes = np.array([zlib.crc32(run.encode()) for run in runs], dtype=np.uint64)
    lowest = np.full(BITS, 2**64 - 1, np.uint64)
    for start in range(0, len(codes), _AT_ONCE):
        hashes = codes[start : start + _AT_ONCE, None] * _FACTORS + _TERMS
        lowest = np.minimum(lowest, hashes.min(axis=0))
    return np.packbits((lowest >> np.uint64(20) & np.uint64(1)).astype(np.uint8))[None]


def similarity(distance: int) -> float:
    """The estimated overlap of two texts whose fingerprints differ in `distance` bits."""
    return max(0.0, 1 - 2 * distance / BITS)


MAX_DISTANCE = int((1 - MIN_SIMILARITY) * BITS / 2 + 1e-9)
