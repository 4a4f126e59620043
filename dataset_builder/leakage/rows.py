"""The rows of a dataset with splits, in parts read one by one: our Parquet, a DatasetDict, the official release."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from dataset_builder.json_members import Members
from dataset_builder.release import SPLITS, Release, is_image_id, patent_of
from modeling_patentlmm.image_processing_patentlmm import open_figure, open_figure_file

COLUMNS = ("image", "image_id", "patent_id", "family_id", "brief_description", "detailed_description")
_IN_NAME = re.compile(r"(?<![a-z])(train|validation|valid|val|test)(?![a-z])")
_SPLIT = {"valid": "validation", "val": "validation"}
_PART = 128  # rows of a part, where the source has no parts of its own


class AuditError(ValueError):
    """A source that is none of those above, or damaged; the message is one line with its name and the remedy."""


class AuditedRow(NamedTuple):
    """A row as far as an audit needs it; `image` is an encoded image, the path of one, or None."""

    split: str
    image_id: str
    patent_id: str
    family_id: str | None
    brief: str | None
    detailed: str | None
    image: bytes | Path | None


class Part(NamedTuple):
    """Some rows of a source, and how many; `read` can be sent to another process."""

    read: Callable[[], Iterator[AuditedRow]]
    rows: int


def parts_of(source: Path | datasets.DatasetDict) -> list[Part]:
    """The parts of a folder of Parquet files with the split in their names, of a `DatasetDict` in memory or as saved by
    `save_to_disk`, or of the folder of the official release.

    Raises:
        AuditError: anything else.
    """
    if isinstance(source, datasets.DatasetDict):
        return _dataset_parts(source, "the DatasetDict")
    if Release(source).index.is_file():
        return list(_release_parts(Release(source)))
    if (source / "dataset_dict.json").is_file():
        return _dataset_parts(_load_saved(source), str(source))
    files = sorted(source.rglob("*.parquet"))
    if not files:
        raise AuditError(
            f"{source}: holds neither {Release(source).index.name} nor Parquet files nor a saved DatasetDict; "
            "name the folder of a dataset"
        )
    return [part for file in files for part in _parquet_parts(file, _split_in(file.relative_to(source)))]


def open_row(row: AuditedRow) -> Image.Image:
    """The image of a row, 8-bit L or RGB on white.

    Raises:
        ValueError: no image, or none that `open_figure` reads; the message is one line.
    """
    if row.image is None:
        raise ValueError("there is no image")
    if isinstance(row.image, Path):
        return open_figure(row.image)[0]
    return open_figure_file(BytesIO(row.image), row.image_id)[0]


# --- Parquet ---------------------------------------------------------------------------------------------------------


def _split_in(file: Path) -> str:
    """The split that a file's name tells, or else its folder's; the last that is named counts."""
    named = _IN_NAME.findall(file.as_posix().lower())
    if not named:
        raise AuditError(f"{file}: its name tells no split; name it like train-00000-of-00001.parquet")
    return _SPLIT.get(named[-1], named[-1])


def _parquet_parts(file: Path, split: str) -> Iterator[Part]:
    try:
        with pq.ParquetFile(file) as parquet:
            missing = sorted(set(COLUMNS) - set(parquet.schema_arrow.names))
            groups = [parquet.metadata.row_group(index).num_rows for index in range(parquet.num_row_groups)]
    except (OSError, pa.ArrowException) as error:
        raise AuditError(f"{file}: damaged Parquet ({error}); write or fetch it again") from None
    if missing:
        raise AuditError(f"{file}: lacks the columns {', '.join(missing)} of dataset_builder/figure.py")
    for index, rows in enumerate(groups):
        yield Part(partial(_read_group, file, index, split), rows)


def _read_group(file: Path, group: int, split: str) -> Iterator[AuditedRow]:
    try:
        with pq.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(batch_size=16, row_groups=[group], columns=list(COLUMNS)):
                yield from (_row(split, row) for row in batch.to_pylist())
    except (OSError, pa.ArrowException) as error:
        raise AuditError(f"{file}: damaged Parquet ({error}); write or fetch it again") from None


def _row(split: str, row: dict) -> AuditedRow:
    image = (row["image"] or {}).get("bytes") or None
    texts = row["brief_description"], row["detailed_description"]
    return AuditedRow(split, row["image_id"], row["patent_id"], row["family_id"], *texts, image)


# --- a DatasetDict ---------------------------------------------------------------------------------------------------


def _dataset_parts(source: datasets.DatasetDict, name: str) -> list[Part]:
    parts = []
    for split, dataset in source.items():
        missing = sorted(set(COLUMNS) - set(dataset.column_names))
        if missing:
            raise AuditError(f"{name}: {split} lacks the columns {', '.join(missing)} of dataset_builder/figure.py")
        encoded = dataset.select_columns(list(COLUMNS)).cast_column("image", datasets.Image(decode=False))
        for start in range(0, len(encoded), _PART):
            rows = encoded.select(range(start, min(start + _PART, len(encoded))))
            parts.append(Part(partial(_read_dataset, rows, split), len(rows)))
    return parts


def _load_saved(folder: Path) -> datasets.DatasetDict:
    try:
        return datasets.load_from_disk(str(folder))
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise AuditError(f"{folder}: damaged DatasetDict ({error}); save it again") from None


def _read_dataset(rows: datasets.Dataset, split: str) -> Iterator[AuditedRow]:
    return (_row(split, row) for row in rows)


# --- the official release --------------------------------------------------------------------------------------------


class _Entry(NamedTuple):
    split: str
    image_id: str
    start: int
    end: int


def _release_parts(release: Release) -> Iterator[Part]:
    """An image that several lists name is a row of each."""
    splits: dict[str, list[str]] = {}
    for split in SPLITS:
        for image_id in dict.fromkeys(release.read_split(split)):
            splits.setdefault(image_id, []).append(split)
    with Members(release.index) as members:
        entries = [_Entry(split, *member) for member in members for split in splits.pop(member.key, ())]
    entries += [_Entry(split, image_id, 0, 0) for image_id, named in splits.items() for split in named]
    for start in range(0, len(entries), _PART):
        some = entries[start : start + _PART]
        yield Part(partial(_read_release, release, some), len(some))


def _read_release(release: Release, entries: Sequence[_Entry]) -> Iterator[AuditedRow]:
    with Members(release.index) as members:
        for split, image_id, start, end in entries:
            texts = _texts(members, start, end)
            image = release.image(image_id) if is_image_id(image_id) else None
            yield AuditedRow(split, image_id, patent_of(image_id), None, *texts, image)


def _texts(members: Members, start: int, end: int) -> list[str | None]:
    """The brief and the detailed description of an entry; None for what it lacks, and for an id without an entry."""
    entry = (members.read(start, end) if end else None) or {}
    texts = [entry.get(name) for name in ("brief_description", "detailed_description")]
    return [text if isinstance(text, str) else None for text in texts]
