"""The shards of all workers into one dataset: duplicates left out, splits assigned, kinds of rows told by file."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from tqdm import tqdm

from dataset_builder.rejects import Rejects
from dataset_builder.shards import ShardWriter, tables_of
from dataset_builder.split import assign_split

ROWS_PER_FILE = 2000
LEFT_OUT = ""
_PLACED_BY = ["image_id", "patent_id", "family_id", "family_date", "brief_description", "detailed_description"]


def gather(shards: Sequence[Path], data: Path, rejects: Rejects) -> Counter[str]:
    """Write `data`/{split}-{kind}-00000-of-000NN.parquet from the shards; returns the rows by "split-kind".

    Kinds are "both", "brief" and "detailed", by the texts that a row has. Of rows with one `image_id` the first stays.
    The folder appears when it is whole and replaces the one before.
    """
    seen: set[str] = set()
    places = [_places(shard, seen, rejects) for shard in shards]
    counts = Counter(place for shard in places for place in shard if place)
    partial = data.with_name(f"{data.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    files = {place: _Files(partial, place, count) for place, count in counts.items()}
    with tqdm(total=sum(counts.values()), desc="gathering", unit="figure") as bar:
        for shard, shard_places in zip(shards, places, strict=True):
            bar.update(_deal_out(shard, shard_places, files))
    shutil.rmtree(data, ignore_errors=True)
    partial.rename(data)
    return counts


def _places(shard: Path, seen: set[str], rejects: Rejects) -> list[str]:
    """Where each row of a shard belongs, "train-both"; `LEFT_OUT` for an image_id met before."""
    places = []
    for table in tables_of(shard, _PLACED_BY):
        for row in table.to_pylist():
            if row["image_id"] in seen:
                rejects.add(row["patent_id"], row["image_id"], "duplicate_id", "the source holds this figure twice")
                places.append(LEFT_OUT)
                continue
            seen.add(row["image_id"])
            places.append(f"{assign_split(row['family_id'], row['family_date'])}-{_kind(row)}")
    return places


def _kind(row: dict) -> str:
    if row["brief_description"] and row["detailed_description"]:
        return "both"
    return "brief" if row["brief_description"] else "detailed"


def _deal_out(shard: Path, places: Sequence[str], files: dict[str, _Files]) -> int:
    """Write the rows of a shard to where they belong; returns how many."""
    start = 0
    for table in tables_of(shard):
        own = pa.array(places[start : start + table.num_rows])
        for place in pc.unique(own).to_pylist():
            if place != LEFT_OUT:
                files[place].add(table.filter(pc.equal(own, place)))
        start += table.num_rows
    return sum(place != LEFT_OUT for place in places)


class _Files:
    """The files of one split and kind, of at most `ROWS_PER_FILE` rows each; the last closes itself."""

    def __init__(self, folder: Path, name: str, rows: int):
        self._pattern = str(folder / f"{name}-{{:05d}}-of-{-(-rows // ROWS_PER_FILE):05d}.parquet")
        self._rows, self._written = rows, 0
        self._writer: ShardWriter | None = None

    def add(self, table: pa.Table) -> None:
        while table.num_rows:
            index, within = divmod(self._written, ROWS_PER_FILE)
            if self._writer is None:
                self._writer = ShardWriter(Path(self._pattern.format(index)))
            part, table = table.slice(0, ROWS_PER_FILE - within), table.slice(ROWS_PER_FILE - within)
            self._writer.add_table(part)
            self._written += part.num_rows
            if self._written % ROWS_PER_FILE == 0 or self._written == self._rows:
                self._writer.close()
                self._writer = None
