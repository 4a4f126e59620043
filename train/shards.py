"""Parquet shards of figures: which files a split is in, whether they can be trained on, and how much they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow
import pyarrow.dataset
import pyarrow.parquet
from transformers.utils import logging

from .recipe import RecipeError

logger = logging.get_logger(__name__)

COLUMNS = ("image", "image_id", "words", "boxes")


@dataclass(frozen=True)
class Shards:
    """Parquet files, and the columns of texts of which a row must have at least one."""

    files: tuple[str, ...]
    texts: tuple[str, ...]

    @property
    def filters(self) -> list[list[tuple[str, str, str]]]:
        """pyarrow's disjunction of the rows that have a text; null is not unequal to anything."""
        return [[(text, "!=", "")] for text in self.texts]

    def count(self) -> tuple[int, int]:
        """Rows to train on, and all rows; reads the texts' columns only."""
        rows = pyarrow.dataset.dataset(self.files)
        return rows.count_rows(filter=pyarrow.parquet.filters_to_expression(self.filters)), rows.count_rows()


def find_shards(folder: str | Path, split: str) -> list[str]:
    """The shards of a split, sorted: `train-*.parquet`, `train.parquet`, or any in a folder `train`.

    Raises:
        FileNotFoundError: there are none.
    """
    shards = sorted(
        str(path)
        for path in Path(folder).glob("**/*.parquet")
        if split in (path.parent.name, path.stem) or path.stem.startswith(f"{split}-")
    )
    if not shards:
        raise FileNotFoundError(
            f"{folder} holds no Parquet shard of the split {split!r} ({split}-*.parquet); name another split, or draw "
            "figures with python -m dataset_builder.synthetic"
        )
    return shards


def filled_shards(folders: Sequence[str], split: str, columns: Sequence[str]) -> list[str]:
    """The shards of a split of several folders that have rows, after a look at their footers.

    Raises:
        RecipeError: a folder without shards or rows, a file that is no Parquet, a missing column.
    """
    filled = []
    for folder in folders:
        try:
            files = find_shards(folder, split)
        except FileNotFoundError as error:
            raise RecipeError(str(error)) from error
        rows = {file: _count_rows(file, columns) for file in files}
        if not any(rows.values()):
            raise RecipeError(f"{folder} holds Parquet files without a figure; name another folder")
        filled += [file for file in files if rows[file]]
    return filled


def open_shards(folders: Sequence[str], split: str, tasks: Sequence[str], columns: Sequence[str] = ()) -> Shards:
    """The shards of several folders, after a look at how many rows have a text.

    Args:
        columns: needed besides those that training reads.

    Raises:
        RecipeError: as `filled_shards`, or no row with a text.
    """
    texts = tuple(f"{task}_description" for task in tasks)
    shards = Shards(tuple(filled_shards(folders, split, [*COLUMNS, *texts, *columns])), texts)
    kept, total = shards.count()
    if kept < total:
        logger.warning(f"{total - kept} of {total} figures of {', '.join(folders)} are left out: no {_either(texts)}")
    if not kept:
        raise RecipeError(f"{', '.join(folders)}: no figure has a {_either(texts)}; choose other data or other tasks")
    return shards


def _count_rows(file: str, columns: Sequence[str]) -> int:
    try:
        footer = pyarrow.parquet.read_metadata(file)
    except (pyarrow.ArrowException, OSError) as error:
        raise RecipeError(f"{file}: is no whole Parquet file ({error}); write it again") from error
    absent = sorted(set(columns) - set(footer.schema.to_arrow_schema().names))
    if absent:
        raise RecipeError(
            f"{file}: lacks the columns {', '.join(absent)}; write it with FEATURES of dataset_builder/figure.py"
        )
    return footer.num_rows


def _either(texts: Sequence[str]) -> str:
    return " or ".join(texts)
