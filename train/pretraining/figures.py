"""Figures to pre-train on: folders of Parquet shards with the columns of `dataset_builder.figure`."""

from __future__ import annotations

from pathlib import Path

from datasets import Dataset, Features, concatenate_datasets, load_dataset
from pyarrow import ArrowInvalid, parquet

from dataset_builder.figure import FEATURES

COLUMNS = ("image_id", "image", "words", "boxes", "elements")


def load_figures(folders: list[str]) -> Dataset:
    """All figures of several folders as one dataset, with what the encoder is trained on.

    Raises:
        FileNotFoundError: a folder holds no Parquet file.
        ValueError: a file is damaged or lacks a column, or a folder holds no figure.
    """
    shards = [shard for folder in folders for shard in find_shards(Path(folder))]
    figures = [load_dataset("parquet", data_files=str(shard), split="train", columns=list(COLUMNS)) for shard in shards]
    features = Features({name: FEATURES[name] for name in COLUMNS})
    return concatenate_datasets([some.select_columns(list(COLUMNS)).cast(features) for some in figures])


def find_shards(folder: Path) -> list[Path]:
    """The Parquet files of a folder that hold figures.

    Raises:
        FileNotFoundError, ValueError: as `load_figures`.
    """
    shards = sorted(folder.glob("**/*.parquet"))
    if not shards:
        raise FileNotFoundError(
            f"{folder} holds no Parquet files; draw figures with python -m dataset_builder.synthetic"
        )
    filled = [shard for shard in shards if count_figures(shard)]
    if not filled:
        raise ValueError(f"{folder} holds Parquet files without a figure; name another folder")
    return filled


def count_figures(shard: Path) -> int:
    """The rows of a shard, whose columns are checked.

    Raises:
        ValueError: the file is damaged or lacks a column.
    """
    try:
        footer = parquet.read_metadata(shard)
    except (OSError, ArrowInvalid) as error:
        raise ValueError(f"{shard} is no whole Parquet file ({error}); write it again") from error
    absent = [name for name in COLUMNS if name not in footer.schema.to_arrow_schema().names]
    if absent:
        raise ValueError(f"{shard} lacks the columns {', '.join(absent)}; write it with dataset_builder")
    return footer.num_rows


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
