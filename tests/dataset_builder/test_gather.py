"""Shards of several workers become one dataset: whole files, no figure twice, every family in one split."""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from datasets import load_dataset
from PIL import Image

import dataset_builder.gather
from dataset_builder.figure import FEATURES, Figure
from dataset_builder.gather import gather
from dataset_builder.rejects import Rejects
from dataset_builder.shards import ROWS_PER_GROUP, ShardWriter, tables_of

KINDS = {"both": ("brief", "details"), "brief": ("brief", None), "detailed": (None, "details")}


def a_figure(number: int, kind: str = "both", family: str = "US1") -> Figure:
    brief, detailed = KINDS[kind]
    image = Image.new("1", (40 + number % 7, 30), 1)
    image.putpixel((number % 30, 3), 0)
    return Figure(
        f"US{number}__1", image, f"US{number}", "1", None, brief, detailed, family_id=family, family_date="2010-01-01"
    )


def write(path: Path, *figures: Figure) -> Path:
    with ShardWriter(path) as shard:
        for figure in figures:
            shard.add(figure)
    return path


def rows_of(folder: Path) -> dict[str, list[dict]]:
    found = defaultdict(list)
    for path in sorted(folder.glob("*.parquet")):
        found["-".join(path.name.split("-")[:2])] += pq.read_table(path).to_pylist()
    return found


def test_a_shard_loads_with_plain_datasets(tmp_path):
    count = 2 * ROWS_PER_GROUP + 3
    shard = write(tmp_path / "shard.parquet", *map(a_figure, range(count)))
    loaded = load_dataset("parquet", data_files=str(shard), split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded.features == FEATURES and loaded["image_id"] == [f"US{i}__1" for i in range(count)]
    assert loaded[5]["image"].size == (45, 30) and loaded[5]["image"].getpixel((5, 3)) == 0
    assert sum(table.num_rows for table in tables_of(shard, ["figure"])) == count


def test_a_shard_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), ShardWriter(tmp_path / "shard.parquet") as shard:
        for number in range(ROWS_PER_GROUP + 1):
            shard.add(a_figure(number))
        raise RuntimeError("the lights go out")
    assert not list(tmp_path.iterdir())


def test_rows_go_to_their_split_and_kind(tmp_path):
    families = [f"US{number:08d}" for number in range(60)]
    figures = [
        a_figure(10 * i + j, kind, family) for i, family in enumerate(families) for j, kind in enumerate(sorted(KINDS))
    ]
    shards = [write(tmp_path / f"{i}.parquet", *figures[i::3]) for i in range(3)]
    counts = gather(shards, tmp_path / "data", Rejects())
    found = rows_of(tmp_path / "data")
    assert {place: len(rows) for place, rows in found.items()} == dict(counts)
    assert sum(counts.values()) == len(figures) and len(counts) == 9
    splits = defaultdict(set)
    for place, rows in found.items():
        split, kind = place.split("-")
        for row in rows:
            assert (row["brief_description"], row["detailed_description"]) == KINDS[kind]
            splits[row["family_id"]].add(split)
    assert all(len(each) == 1 for each in splits.values())


def test_files_are_cut_and_numbered(tmp_path, monkeypatch):
    monkeypatch.setattr(dataset_builder.gather, "ROWS_PER_FILE", 10)
    shards = [write(tmp_path / "a.parquet", *map(a_figure, range(7))), write(tmp_path / "b.parquet")]
    shards.append(write(tmp_path / "c.parquet", *map(a_figure, range(7, 23))))
    (place,) = gather(shards, tmp_path / "data", Rejects())
    names = sorted(path.name for path in (tmp_path / "data").iterdir())
    assert names == [f"{place}-0000{i}-of-00003.parquet" for i in range(3)]
    assert [pq.read_metadata(tmp_path / "data" / name).num_rows for name in names] == [10, 10, 3]
    assert [row["image_id"] for row in rows_of(tmp_path / "data")[place]] == [f"US{i}__1" for i in range(23)]


def test_a_figure_met_twice_stays_once_and_is_written_down(tmp_path):
    first, second = a_figure(1), replace(a_figure(1), brief_description="another")
    rejects = Rejects()
    shards = [write(tmp_path / "a.parquet", first, a_figure(2)), write(tmp_path / "b.parquet", second)]
    gather(shards, tmp_path / "data", rejects)
    (rows,) = rows_of(tmp_path / "data").values()
    assert [row["brief_description"] for row in rows] == ["brief", "brief"]
    assert rejects.counts == {"duplicate_id": 1} and rejects.items[0].item == "US1__1"


def test_a_new_dataset_replaces_the_one_before(tmp_path):
    gather([write(tmp_path / "a.parquet", a_figure(1))], tmp_path / "data", Rejects())
    (tmp_path / "data.partial").mkdir()
    (tmp_path / "data.partial" / "left.parquet").write_bytes(b"from a run that was killed")
    gather([write(tmp_path / "b.parquet", a_figure(2))], tmp_path / "data", Rejects())
    (rows,) = rows_of(tmp_path / "data").values()
    assert [row["image_id"] for row in rows] == ["US2__1"] and not (tmp_path / "data.partial").exists()
