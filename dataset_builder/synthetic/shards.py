"""Writes drawn figures as Parquet shards that `datasets.load_dataset("parquet")` reads."""

from __future__ import annotations

import io
import os
import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from datasets import Dataset
from PIL import Image

from dataset_builder.figure import FEATURES
from dataset_builder.synthetic import generate

_LEVELS = 16


@dataclass(frozen=True)
class Plan:
    """What to write: `count` figures of `split` from `seed` on, `shard_size` per file; the rest as for `generate`."""

    out: Path
    count: int
    split: str
    seed: int = 0
    family: str | None = None
    max_side: int | None = 448
    noisy_share: float = 0.0
    shard_size: int = 1000

    def shards(self) -> list[tuple[Path, range]]:
        """File and seeds of every shard."""
        starts = range(0, self.count, self.shard_size)
        name = f"{self.split}-{{:05d}}-of-{len(starts):05d}.parquet"
        return [
            (self.out / name.format(i), range(self.seed + start, self.seed + min(start + self.shard_size, self.count)))
            for i, start in enumerate(starts)
        ]


def compact_png(image: Image.Image) -> bytes:
    """The image as a grey PNG of 16 levels, which packs far better than 256."""
    grey = np.asarray(image.convert("L"), dtype=np.uint16)
    levels = (np.round(grey * (_LEVELS - 1) / 255) * (255 / (_LEVELS - 1))).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()


def row(plan: Plan, seed: int) -> dict:
    """One example of the shard."""
    noisy = random.Random(seed).random() < plan.noisy_share
    figure = generate(seed, plan.split, plan.family, noisy=noisy, max_side=plan.max_side)
    return {**figure.as_row(), "image": {"bytes": compact_png(figure.image), "path": None}}


def write_shard(plan: Plan, path: Path, seeds: range) -> int:
    """Writes one shard, whole or not at all; returns the number of its figures."""
    partial = path.with_suffix(f".{os.getpid()}.partial")
    Dataset.from_list([row(plan, seed) for seed in seeds], features=FEATURES).to_parquet(str(partial))
    partial.replace(path)
    return len(seeds)


def write_shards(plan: Plan, workers: int = 1) -> Iterator[int]:
    """Writes the shards that are not there yet; yields the number of figures as each one is done."""
    plan.out.mkdir(parents=True, exist_ok=True)
    todo = []
    for path, seeds in plan.shards():
        if path.exists():
            yield len(seeds)
        else:
            todo.append((path, seeds))
    if workers <= 1:
        for path, seeds in todo:
            yield write_shard(plan, path, seeds)
        return
    with ProcessPoolExecutor(workers) as pool:
        for future in as_completed([pool.submit(write_shard, plan, path, seeds) for path, seeds in todo]):
            yield future.result()
