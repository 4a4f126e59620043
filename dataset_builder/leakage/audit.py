"""What the splits of a dataset share: figures, patents, families, drawings that look alike, texts that read alike.

    python -m dataset_builder.leakage FOLDER --out report.json [--workers N]

FOLDER is the official release, a built dataset (Parquet) or a saved `DatasetDict`. Beside report.json are written
report.md to read, report.pairs.jsonl with the pairs that were found, report.png with pairs of drawings to look at, and
report.rejects.jsonl with the images that could not be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import combinations, islice, starmap
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import datasets
import numpy as np
from PIL import Image
from tqdm import tqdm

from dataset_builder.leakage.rows import AuditedRow, Part, open_row, parts_of
from dataset_builder.likeness import images as image_likeness
from dataset_builder.likeness import texts as text_likeness
from dataset_builder.likeness.hamming import find_near
from dataset_builder.likeness.images import fingerprint
from dataset_builder.likeness.texts import text_fingerprint
from dataset_builder.rejects import Reject, Rejects

_ORDER = ("train", "validation", "test")


class Trace(NamedTuple):
    """What an audit keeps of a row: who it is, where it stands, and the fingerprints that it has."""

    split: str
    image_id: str
    patent_id: str
    family_id: str | None
    part: int
    place: int
    image: bytes | None
    brief: bytes | None
    detailed: bytes | None


class Pair(NamedTuple):
    """Two figures of different splits that share something; `distance` in bits of 512 where they are only alike."""

    kind: str
    a: Trace
    b: Trace
    distance: int | None = None


@dataclass(frozen=True)
class Leak:
    """What two splits share of one kind: how much, and how many figures of each split are concerned.

    `shared` counts figures, patents or families that are in both splits, or pairs of figures that are alike.
    """

    kind: str
    splits: tuple[str, str]
    shared: int
    figures: tuple[int, int]


@dataclass(frozen=True)
class LeakReport:
    """The findings of an audit.

    `splits` counts the rows of each split, and its figures, patents, families, images and texts that could be compared.
    `pairs` holds the nearest five of each figure that is like others, and one pair for each shared patent or family.
    """

    source: str
    splits: dict[str, dict[str, int]]
    leaks: list[Leak]
    pairs: list[Pair]
    rejects: dict[str, int]
    parts: list[Part]

    @property
    def total(self) -> int:
        """How many figures, patents, families and pairs the splits share in all."""
        return sum(leak.shared for leak in self.leaks)

    def open_image(self, trace: Trace) -> Image.Image:
        """The image of a row, read again from its source."""
        return open_row(next(islice(self.parts[trace.part].read(), trace.place, None)))


def audit_splits(source: Path | datasets.DatasetDict, rejects: Rejects | None = None, workers: int = 1) -> LeakReport:
    """Find what the splits of `source` share (see `rows.parts_of` for what it may be).

    Images that cannot be opened go to `rejects`; their texts are compared all the same. Raises ValueError with one line
    that names the file for a source that cannot be read.
    """
    rejects = Rejects() if rejects is None else rejects
    parts = parts_of(source)
    by_split: dict[str, list[Trace]] = {}
    for trace, reject in _trace_all(parts, workers):
        by_split.setdefault(trace.split, []).append(trace)
        if reject is not None:
            rejects.add(*reject)
    ordered = dict(sorted(by_split.items(), key=lambda item: (_rank(item[0]), item[0])))
    leaks, pairs = [], []
    for first, second in combinations(ordered, 2):
        for leak, some in _between(first, ordered[first], second, ordered[second]):
            leaks.append(leak)
            pairs += some
    name = "DatasetDict" if isinstance(source, datasets.DatasetDict) else str(source)
    counts = {split: _counts(traces) for split, traces in ordered.items()}
    return LeakReport(name, counts, leaks, pairs, rejects.counts, parts)


def _rank(split: str) -> int:
    return _ORDER.index(split) if split in _ORDER else len(_ORDER)


# --- fingerprints ----------------------------------------------------------------------------------------------------

Traced = tuple[Trace, "Reject | None"]


def _trace_all(parts: Sequence[Part], workers: int) -> Iterator[Traced]:
    with tqdm(total=sum(part.rows for part in parts), desc="fingerprints", unit="figure") as bar:
        for traced in _map(parts, workers):
            bar.update(len(traced))
            yield from traced


def _map(parts: Sequence[Part], workers: int) -> Iterable[list[Traced]]:
    """The traces of each part, in order."""
    if workers == 1:
        yield from starmap(_trace_part, enumerate(parts))
        return
    # forked workers would inherit the locks of Arrow's threads
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_trace_part, range(len(parts)), parts)


def _trace_part(number: int, part: Part) -> list[Traced]:
    return [_trace(row, number, place) for place, row in enumerate(part.read())]


def _trace(row: AuditedRow, part: int, place: int) -> Traced:
    reject = look = None
    try:
        look = fingerprint(open_row(row))
        if look is None:
            reject = Reject(row.split, row.image_id, "blank_image", "there is nothing on the image to compare")
    except (OSError, ValueError) as error:
        reject = Reject(row.split, row.image_id, "unreadable_image", str(error))
    looks = [
        None if each is None else each.tobytes()
        for each in (look, text_fingerprint(row.brief), text_fingerprint(row.detailed))
    ]
    return Trace(row.split, row.image_id, row.patent_id, row.family_id, part, place, *looks), reject


# --- comparison ------------------------------------------------------------------------------------------------------

_KEYS: Mapping[str, Callable[[Trace], str | None]] = {
    "figure": lambda trace: trace.image_id,
    "patent": lambda trace: trace.patent_id,
    "family": lambda trace: trace.family_id,
}
_LOOKS: Mapping[str, tuple[Callable[[Trace], bytes | None], int]] = {
    "image": (lambda trace: trace.image, image_likeness.MAX_DISTANCE),
    "brief": (lambda trace: trace.brief, text_likeness.MAX_DISTANCE),
    "detailed": (lambda trace: trace.detailed, text_likeness.MAX_DISTANCE),
}
KINDS = (*_KEYS, *_LOOKS)


def _counts(traces: Sequence[Trace]) -> dict[str, int]:
    """How much of each kind a split has."""
    keys = {kind: len({key(trace) for trace in traces} - {None}) for kind, key in _KEYS.items()}
    looks = {kind: sum(look(trace) is not None for trace in traces) for kind, (look, _) in _LOOKS.items()}
    return {"rows": len(traces), **keys, **looks}


def _between(first: str, a: Sequence[Trace], second: str, b: Sequence[Trace]) -> Iterator[tuple[Leak, list[Pair]]]:
    for kind, key in _KEYS.items():
        yield _same(kind, key, (first, second), a, b)
    for kind, (look, limit) in _LOOKS.items():
        yield _alike(kind, look, limit, (first, second), a, b)


def _same(
    kind: str, key: Callable, splits: tuple[str, str], a: Sequence[Trace], b: Sequence[Trace]
) -> tuple[Leak, list[Pair]]:
    """What has the same key in both splits; a key that is not known is like no other."""
    first_a, first_b = ({key(trace): trace for trace in reversed(traces)} for traces in (a, b))
    shared = (first_a.keys() & first_b.keys()) - {None}
    figures = tuple(sum(key(trace) in shared for trace in traces) for traces in (a, b))
    return Leak(kind, splits, len(shared), figures), [Pair(kind, first_a[k], first_b[k]) for k in sorted(shared)]


def _alike(
    kind: str, look: Callable, limit: int, splits: tuple[str, str], a: Sequence[Trace], b: Sequence[Trace]
) -> tuple[Leak, list[Pair]]:
    """What looks or reads alike; the nearest are kept of the second split, which is the one held out."""
    seen_a, seen_b = ([trace for trace in traces if look(trace) is not None] for traces in (a, b))
    near = find_near(_stack([look(trace) for trace in seen_b]), _stack([look(trace) for trace in seen_a]), limit)
    figures = int(near.has_near_columns.sum()), int(near.has_near_rows.sum())
    pairs = [Pair(kind, seen_a[j], seen_b[i], distance) for i, j, distance in near.nearest]
    return Leak(kind, splits, near.pairs, figures), pairs


def _stack(fingerprints: Sequence[bytes]) -> np.ndarray:
    """Fingerprints as (N, K, 64) uint8."""
    strings = len(fingerprints[0]) // 64 if fingerprints else 1
    return np.frombuffer(b"".join(fingerprints), dtype=np.uint8).reshape(-1, strings, 64)
