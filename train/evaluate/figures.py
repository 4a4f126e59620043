"""Figures to evaluate on: Parquet shards with the columns of `dataset_builder.figure`."""

from __future__ import annotations

from pathlib import Path

from datasets import Dataset, disable_progress_bars, load_dataset

from dataset_builder.figure import FEATURES

from ..shards import find_shards


def load_figures(folder: str | Path, split: str, count: int | None = None) -> Dataset:
    """The first `count` figures (all if None) of a split: `test-*.parquet`, `test.parquet` or `test/*.parquet`.

    Raises:
        FileNotFoundError: the folder holds no shard of the split.
        ValueError: a column is missing, or two figures have one id.
    """
    shards = find_shards(folder, split)
    disable_progress_bars()
    figures = load_dataset("parquet", data_files=shards, split="train")
    absent = sorted(set(FEATURES) - set(figures.column_names))
    if absent:
        raise ValueError(
            f"{shards[0]} lacks the columns {', '.join(absent)}; write it with FEATURES of dataset_builder/figure.py"
        )
    if count is not None:
        figures = figures.select(range(min(count, len(figures))))
    ids = figures["image_id"]
    if len(set(ids)) < len(figures):
        raise ValueError(f"{folder}: two figures of the split {split!r} have one image_id; give each its own")
    return figures
