"""Figures to train on: Parquet shards with the columns of `dataset_builder.figure`, loaded or streamed.

Rows without any of the asked texts are left out, and counted; so are rows longer than `max_length`.
"""

from __future__ import annotations

import itertools
import pickle
import random
from collections.abc import Iterator, Sequence
from typing import TypeVar

import pyarrow
import pyarrow.parquet
from datasets import Dataset, Features, IterableDataset, Value, load_dataset
from transformers.utils import logging
from trl import SFTConfig

from .arguments import PatentLMMArguments
from .collate import FigureCollator
from .recipe import RecipeError
from .shards import Shards, open_shards

logger = logging.get_logger(__name__)

# What scoring a description reads besides.
SCORED_COLUMNS = ("figure", "kind", "source", "confidences", "ocr_engine", "numerals", "elements", "edges")
T = TypeVar("T")
SHUFFLE_BUFFER = 1000  # rows of a stream that are mixed, images still compressed


def load_train_figures(
    arguments: PatentLMMArguments, collator: FigureCollator, training: SFTConfig
) -> Dataset | IterableDataset:
    """The figures a recipe trains on, loaded or as a stream.

    Raises:
        RecipeError: as `open_shards`; or none fits into `max_length`.
    """
    shards = open_shards(arguments.train_data, arguments.train_split, arguments.tasks)
    if arguments.streaming:
        return stream_figures(shards, training.seed, training.world_size, training.dataloader_num_workers)
    return leave_out_long(load_figures(shards), collator, training.max_length)


def load_eval_figures(arguments: PatentLMMArguments, collator: FigureCollator, training: SFTConfig) -> Dataset | None:
    """The held-out figures of a recipe, asked the same at every evaluation; None without `eval_data`.

    Raises:
        RecipeError: as `load_train_figures`.
    """
    if not arguments.eval_data:
        return None
    scored = SCORED_COLUMNS if arguments.generate_figures else ()
    figures = load_figures(open_shards(arguments.eval_data, arguments.eval_split, arguments.tasks, scored))
    return leave_out_long(figures.add_column("visit", [0] * len(figures)), collator, training.max_length)


def load_figures(shards: Shards) -> Dataset:
    """All rows that have a text."""
    return load_dataset("parquet", data_files=list(shards.files), split="train", filters=shards.filters)


def leave_out_long(figures: Dataset, collator: FigureCollator, max_length: int | None) -> Dataset:
    """The figures no conversation about which needs more than `max_length` tokens.

    Raises:
        RecipeError: there are none.
    """
    if max_length is None:
        return figures
    kept = figures.filter(
        lambda row: collator.tokens_needed(row) <= max_length, desc="counting tokens", load_from_cache_file=False
    )
    if len(kept) < len(figures):
        logger.warning(f"{len(figures) - len(kept)} of {len(figures)} figures are left out: over {max_length} tokens")
    if not len(kept):
        raise RecipeError(f"max_length {max_length} leaves out all {len(figures)} figures; raise it, or leave it out")
    return kept


def stream_figures(shards: Shards, seed: int, processes: int = 1, workers: int = 0) -> IterableDataset:
    """The rows again and again, in an order that `seed` and the number of readers decide.

    Every reader, a worker of a process, has files of its own as far as there are enough. It gives each row once before
    any comes again; the column `visit` says how often it has.
    """
    files = tuple(file for file in shards.files if Shards((file,), shards.texts).count()[0])  # none without a row
    readers = processes * max(workers, 1)
    if len(files) < readers:  # accelerate lets every process read everything then, and drop what is another's
        readers = max(1, min(workers, len(files)))
    features = Features.from_arrow_schema(pyarrow.parquet.read_schema(files[0]))
    return IterableDataset.from_generator(
        _stream,
        # datasets shares out what is a list, and reads the parts of one worker one after the other: one part for each
        gen_kwargs={
            "shares": [files[reader::readers] for reader in range(readers)],
            "texts": shards.texts,
            "seed": seed,
        },
        features=Features({**features, "visit": Value("int64")}),
    )


def _stream(shares: list[tuple[str, ...]], texts: tuple[str, ...], seed: int) -> Iterator[dict]:
    [files] = shares
    for visit in itertools.count():
        rng = random.Random(f"{seed} {visit}")
        # As bytes: garbage collection would walk a buffer of rows again and again, half of the time.
        rows = map(pickle.dumps, _read_rows(rng.sample(files, len(files)), texts))
        for row in mix_rows(rows, rng, SHUFFLE_BUFFER):
            yield {**pickle.loads(row), "visit": visit}


def _read_rows(files: Sequence[str], texts: tuple[str, ...]) -> Iterator[dict]:
    expression = pyarrow.parquet.filters_to_expression(Shards(tuple(files), texts).filters)
    for file in files:
        for batch in pyarrow.parquet.ParquetFile(file).iter_batches(batch_size=64):
            yield from pyarrow.Table.from_batches([batch]).filter(expression).to_pylist()


def mix_rows(rows: Iterator[T], rng: random.Random, size: int) -> Iterator[T]:
    """All rows in another order; each is drawn from the `size` that were read ahead."""
    buffer = list(itertools.islice(rows, size))
    for row in rows:
        index = rng.randrange(size)
        yield buffer[index]
        buffer[index] = row
    rng.shuffle(buffer)
    yield from buffer
