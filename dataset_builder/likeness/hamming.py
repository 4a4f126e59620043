"""Near pairs of strings of bits between two sets: every one of them, in bounded memory.

A product of matrices compares all: for 355,000 figures split 90/5/5 that is 12 thousand million pairs, minutes on two
cores. Tables of bands would be faster on random strings, but line drawings agree in most places where there is nothing
drawn, so that their buckets run over.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce

import numpy as np
from tqdm import tqdm

_ROWS, _COLUMNS = 4096, 4096  # of a block of distances: 64 MB


@dataclass
class Near:
    """What is near between `rows` and `columns`.

    `pairs` counts all; `has_near_rows` and `has_near_columns` tell who is in a pair; `nearest` has (row, column,
    distance) of the nearest columns of each row, at most `keep`.
    """

    has_near_rows: np.ndarray
    has_near_columns: np.ndarray
    pairs: int = 0
    nearest: list[tuple[int, int, int]] = field(default_factory=list)


def find_near(rows: np.ndarray, columns: np.ndarray, limit: int, keep: int = 5) -> Near:
    """Pairs of a row and a column that differ in `limit` bits at most.

    `rows` (N, K, B) and `columns` (M, K, B) are packed bits, uint8: K strings each, of which the nearest counts.
    """
    near = Near(np.zeros(len(rows), bool), np.zeros(len(columns), bool))
    for start in tqdm(range(0, len(rows), _ROWS), desc="comparing", unit="block", leave=False, delay=2):
        near.nearest += _near_in_block(near, rows, columns, start, limit, keep)
    return near


def _near_in_block(
    near: Near, rows: np.ndarray, columns: np.ndarray, start: int, limit: int, keep: int
) -> list[tuple[int, int, int]]:
    """Adds the pairs of `_ROWS` rows to the counts of `near`; returns the nearest."""
    best = np.empty((0, 3), np.int64)
    bits = rows.shape[-1] * 8
    left = _signs(rows[start : start + _ROWS])
    for first in range(0, len(columns), _COLUMNS):
        right = _signs(columns[first : first + _COLUMNS])
        agreement = reduce(np.maximum, (a @ b.T for a, b in zip(left, right, strict=True)))
        i, j = np.nonzero(agreement >= bits - 2 * limit)
        near.pairs += len(i)
        near.has_near_rows[start + i] = True
        near.has_near_columns[first + j] = True
        distances = (bits - agreement[i, j].astype(np.int64)) // 2
        best = _nearest(np.concatenate([best, np.stack([start + i, first + j, distances], axis=1)]), keep)
    return [tuple(map(int, pair)) for pair in best]


def _signs(packed: np.ndarray) -> np.ndarray:
    """Bits as -1 and 1, (K, N, bits): the product of two strings is their length less twice their distance."""
    return np.unpackbits(packed, axis=2).transpose(1, 0, 2).astype(np.float32) * 2 - 1


def _nearest(pairs: np.ndarray, keep: int) -> np.ndarray:
    """The first `keep` pairs of each row, by distance."""
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 2], pairs[:, 0]))]
    starts = np.searchsorted(pairs[:, 0], pairs[:, 0])
    return pairs[np.arange(len(pairs)) - starts < keep]
