"""Figures to pre-train on: folders of Parquet shards with the columns of `dataset_builder.figure`."""

from __future__ import annotations

from datasets import Dataset, Features, concatenate_datasets, load_dataset

from dataset_builder.figure import FEATURES

from ..shards import filled_shards

COLUMNS = ("image_id", "image", "words", "boxes", "elements")


def load_figures(folders: list[str], split: str) -> Dataset:
    """All figures of a split of several folders as one dataset, with what the encoder is trained on.

    Raises:
        RecipeError: as `filled_shards`.
    """
    shards = filled_shards(folders, split, COLUMNS)
    figures = [load_dataset("parquet", data_files=shard, split="train", columns=list(COLUMNS)) for shard in shards]
    features = Features({name: FEATURES[name] for name in COLUMNS})
    return concatenate_datasets([some.select_columns(list(COLUMNS)).cast(features) for some in figures])


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
