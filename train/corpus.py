"""Patent texts to pre-train a language model on, of files and folders in three forms, whole or streamed.

| file | a text is, unless other fields are chosen |
|---|---|
| `.jsonl`, `.jsonl.gz` | `text` of a line |
| `.parquet` | `text` of a row |
| `.json` | HUPD_FIELDS of an application of the Harvard USPTO Patent Dataset (HUPD, arXiv 2207.04043), one a file |
"""

from __future__ import annotations

import functools
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset, Features, IterableDataset, Value
from datasets.exceptions import DatasetGenerationError

from . import texts

# As an application is published: front page, description (which holds HUPD's `background` and `summary`), claims.
HUPD_FIELDS = ("title", "abstract", "full_description", "claims")
PATENT_COLUMNS = ("patent_id", "patent_number", "publication_number")
SUFFIXES = (".jsonl", ".jsonl.gz", ".json", ".parquet")
FEATURES = Features({"text": Value("large_string"), "left_out": Value("string")})
MAX_FILE_BYTES = 64 * 2**20  # of one application
MAX_SHARDS = 1024  # HUPD has 4.5 million files


def load_corpus(
    paths: Sequence[str],
    fields: Sequence[str] | None = None,
    held_apart: str | None = None,
    streaming: bool = False,
) -> Dataset | IterableDataset:
    """The texts of files and folders as a dataset with the column `text`.

    Texts that are empty or of patents held apart are left out; how many is printed, unless they are streamed.

    Args:
        paths: files, or folders that are searched for all of their files.
        fields: columns of the rows, or of HUPD's applications, that make a text, in this order.
        held_apart: JSONL with `patent_id`; the texts of these patents must not be trained on. Texts then need one of
            PATENT_COLUMNS.
        streaming: read while training, for what does not fit on the disk a second time.

    Raises:
        FileNotFoundError: a path does not exist, or a folder holds none of the files.
        ValueError: a file cannot be read or lacks a column; no text is left.
    """
    files = [_version(path) for path in find_files(paths)]
    shards = min(len(files), MAX_SHARDS)
    sources = {
        "files": [tuple(files[shard::shards]) for shard in range(shards)],
        "fields": tuple(fields or ()),
        "held_apart": _version(_existing(held_apart)) if held_apart else None,
    }
    if not any(map(_is_kept, read_shard(**sources))):
        raise ValueError(f"{', '.join(paths)} holds no text that is not empty or held apart; name files that do")
    if streaming:
        data = IterableDataset.from_generator(read_shard, features=FEATURES, gen_kwargs=sources)
    else:
        data = _read_whole(sources)
    return data.filter(_is_kept).remove_columns("left_out")


def find_files(paths: Sequence[str]) -> list[Path]:
    """The files of `paths` that hold texts, folders searched to the bottom, in alphabetical order.

    Raises:
        FileNotFoundError: a path does not exist, or a folder holds none of them.
        ValueError: a file is of another kind.
    """
    files = []
    for path in map(_existing, paths):
        found = sorted(filter(_is_corpus, path.rglob("*"))) if path.is_dir() else [path]
        if not found:
            raise FileNotFoundError(f"{path} holds no {', '.join(SUFFIXES)} files; name the folder of the texts")
        if not _is_corpus(path) and not path.is_dir():
            raise ValueError(f"{path} is none of {', '.join(SUFFIXES)}; convert it to one of them")
        files += found
    return files


def read_shard(files: list[tuple], fields: tuple[str, ...], held_apart: tuple | None) -> Iterator[dict]:
    """Yield `text` and why it is `left_out` ("" if it is not) of every text in the files."""
    excluded = _excluded(held_apart) if held_apart else frozenset()
    for path in (Path(name) for shard in files for name, *_ in shard):
        chosen = fields or (HUPD_FIELDS if path.suffix == ".json" else ("text",))
        for number, row in enumerate(_read(path, chosen), 1):
            place = f"{path}:{number}"
            text = _text(row, chosen, place)
            reason = "held apart" if excluded and _is_of(row, excluded, place) else "" if text else "empty"
            yield {"text": text, "left_out": reason}


def _read_whole(sources: dict) -> Dataset:
    try:
        data = Dataset.from_generator(read_shard, features=FEATURES, gen_kwargs=sources)
    except DatasetGenerationError as error:
        raise error.__cause__ from None
    left_out = Counter(filter(None, data["left_out"]))
    if left_out:
        counts = ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items()))
        print(f"corpus: {len(data) - left_out.total()} texts; left out: {counts}", file=sys.stderr)
    return data


def _read(path: Path, fields: Sequence[str]) -> Iterator[dict]:
    if path.suffix == ".parquet":
        return _read_parquet(path, fields)
    return iter([_read_application(path)]) if path.suffix == ".json" else texts.read_jsonl(path)


def _read_parquet(path: Path, fields: Sequence[str]) -> Iterator[dict]:
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            _check_fields(names, fields, str(path))
            columns = [name for name in (*fields, *PATENT_COLUMNS) if name in names]
            for batch in file.iter_batches(batch_size=64, columns=columns):
                yield from batch.to_pylist()
    except pa.ArrowException as error:
        raise ValueError(f"{path} cannot be read as Parquet ({error}); write it again") from error


def _read_application(path: Path) -> dict:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ValueError(f"{path} is larger than an application can be; name a file of lines .jsonl")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON ({error}); fetch it again") from error


def _text(row: dict, fields: Sequence[str], place: str) -> str:
    """The row's fields one under the other, without those that are empty."""
    if not isinstance(row, dict):
        raise ValueError(f"{place} is not an object with {', '.join(fields)}; one application a .json file is read")
    _check_fields(row, fields, place)
    for field in fields:
        if not isinstance(row[field], str | None):
            raise ValueError(f"{place}: `{field}` is not text; write it as a string")
    return "\n\n".join(part for field in fields if (part := (row[field] or "").strip()))


def _check_fields(names: Iterable[str], fields: Sequence[str], place: str) -> None:
    for field in fields:
        if field not in names:
            known = ", ".join(name[:40] for name in list(names)[:40]) or "nothing"
            raise ValueError(f"{place} has no `{field}`, but {known}; choose the fields in the recipe")


def _is_of(row: dict, patents: frozenset[str], place: str) -> bool:
    known = [row[name] for name in PATENT_COLUMNS if row.get(name)]
    if not known:
        raise ValueError(f"{place} names no patent ({', '.join(PATENT_COLUMNS)}); held_apart needs one")
    return any(texts.patent_key(str(name)) in patents for name in known)


@functools.cache
def _excluded(version: tuple) -> frozenset[str]:
    return frozenset(texts.held_apart(Path(version[0])))


def _version(path: Path) -> tuple[str, int, int]:
    """Name, size and time of a file: datasets keeps what it read of the same version."""
    stat = path.stat()
    return str(path), stat.st_size, stat.st_mtime_ns


def _existing(path: str) -> Path:
    if not Path(path).exists():
        raise FileNotFoundError(f"{path} does not exist; name a file or folder of patent texts")
    return Path(path)


def _is_corpus(path: Path) -> bool:
    return path.name.endswith(SUFFIXES) and path.is_file()


def _is_kept(row: dict) -> bool:
    return not row["left_out"]
