"""Parquet shards of figures, written row group by row group, whole or not at all."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset

from dataset_builder.figure import FEATURES, Figure

ROWS_PER_GROUP = 32  # figures in memory at once; a sheet at 300 dpi has about 100 KB as PNG


class ShardWriter:
    """Collects figures into one Parquet file, which takes its name when the block ends without an error."""

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._partial = path.with_suffix(f".{os.getpid()}.partial")
        self._writer: pq.ParquetWriter | None = None
        self._rows: list[dict] = []
        self.count = 0

    def __enter__(self) -> ShardWriter:
        return self

    def add(self, figure: Figure) -> None:
        """Take one figure; its image is kept as PNG."""
        self._rows.append({**figure.as_row(), "image": {"bytes": _png(figure), "path": None}})
        self.count += 1
        if len(self._rows) == ROWS_PER_GROUP:
            self._flush()

    def add_table(self, table: pa.Table) -> None:
        """Take rows of another shard as they are."""
        self._write(table)
        self.count += table.num_rows

    def _flush(self) -> None:
        columns = {name: [row[name] for row in self._rows] for name in FEATURES}
        self._rows = []
        self._write(Dataset.from_dict(columns, features=FEATURES).data.table)

    def _write(self, table: pa.Table) -> None:
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._partial, table.schema)
        self._writer.write_table(table, row_group_size=ROWS_PER_GROUP)

    def close(self) -> None:
        """Write what is left and give the file its name."""
        if self._rows or self._writer is None:
            self._flush()
        self._writer.close()
        self._partial.replace(self._path)

    def discard(self) -> None:
        """Leave nothing behind."""
        if self._writer is not None:
            self._writer.close()
        self._partial.unlink(missing_ok=True)

    def __exit__(self, kind, error, trace) -> None:
        self.close() if kind is None else self.discard()


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.image.save(buffer, "PNG")
    return buffer.getvalue()


def tables_of(shard: Path, columns: list[str] | None = None) -> Iterator[pa.Table]:
    """The rows of a shard, a row group at a time."""
    with pq.ParquetFile(shard) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group, columns=columns)
