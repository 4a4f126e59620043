"""Figures to pre-train on: folders of Parquet shards with the columns of `dataset_builder.figure`."""

from __future__ import annotations

from pathlib import Path

from datasets import Dataset, concatenate_datasets, load_dataset

from dataset_builder.figure import FEATURES

COLUMNS = ("image_id", "image", "words", "boxes", "elements")


def load_figures(folders: list[str]) -> Dataset:
    """All figures of several folders as one dataset, with what the encoder is trained on.

    Raises:
        FileNotFoundError: a folder holds no Parquet file.
        ValueError: a column is missing, or a folder holds no figure.
    """
    return concatenate_datasets([_load_folder(Path(folder)) for folder in folders])


def _load_folder(folder: Path) -> Dataset:
    shards = sorted(str(path) for path in folder.glob("**/*.parquet"))
    if not shards:
        raise FileNotFoundError(
            f"{folder} holds no Parquet files; draw figures with python -m dataset_builder.synthetic"
        )
    figures = load_dataset("parquet", data_files=shards, split="train")
    absent = [name for name in COLUMNS if name not in figures.column_names]
    if absent:
        raise ValueError(f"{folder} lacks the columns {', '.join(absent)}; write it with dataset_builder")
    if not len(figures):
        raise ValueError(f"{folder} holds Parquet files without a figure; name another folder")
    figures = figures.select_columns(list(COLUMNS))
    return figures.cast(figures.features.__class__({name: FEATURES[name] for name in COLUMNS}))


def check_held_out(training: Dataset, held_out: Dataset) -> None:
    """Refuse figures that are both trained on and evaluated.

    Raises:
        ValueError: names one of them.
    """
    both = set(training["image_id"]) & set(held_out["image_id"])
    if both:
        raise ValueError(
            f"{len(both)} figures of eval_data are in train_data too, {min(both)} among them; hold other figures out"
        )


def any_elements(figures: Dataset) -> bool:
    """Whether any figure has elements recorded."""
    return any(map(len, figures.select_columns("elements").with_format("numpy")["elements"]))
