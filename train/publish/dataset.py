"""The dataset repository: Parquet and card, out of a folder that `dataset_builder` wrote.

    build               README.md, data/*.parquet, pictures/*          published with its own card
    synthetic           {split}-00000-of-000NN.parquet                 with a card written here
    release_to_parquet  {train,validation,test}/*.parquet              with a card written here

Of PatentDesc-355K, too, Parquet is published and no loading script: datasets 4 and later run none.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from huggingface_hub import DatasetCard, DatasetCardData

from dataset_builder.figure import FEATURES
from modeling_patentlmm.export_patentlmm import run_as_stranger
from train.publish import PublishError
from train.publish.card import read_card, take_links_along
from train.publish.tree import place

SPLITS = ("train", "validation", "test")
_SHARD = re.compile(r"(?P<name>.+?)(?:-\d{5}-of-(?P<total>\d{5}))?\.parquet")
_UNNAMED = re.compile(r'load_dataset\(FOLDER, ("\w+")\)')


class Origin(NamedTuple):
    """What the card says of a dataset whose folder has none, by the `source` of its rows."""

    name: str
    licence: dict[str, str]
    text: str


ORIGINS = {
    "synthetic": Origin(
        "Drawn patent figures",
        {"license": "apache-2.0"},
        "Figures drawn by a program in the manner of patent drawings, with the exact truth of what is drawn: words and "
        "boxes, reference characters, elements and connections, a brief and a detailed description. No patent is "
        "copied. Written by `python -m dataset_builder.synthetic`.",
    ),
    "PatentDesc-355K": Origin(
        "PatentDesc-355K as Parquet",
        {"license": "other", "license_name": "us-patents"},
        "The official release of PatentDesc-355K (AAAI 2025, [arXiv 2501.15074](https://arxiv.org/abs/2501.15074)) "
        "with its images in Parquet, written by `python -m dataset_builder.release_to_parquet`. There is no loading "
        "script, as datasets 4 and later run none. Texts and drawings of US patents are in general not under copyright "
        "(37 CFR 1.71(d) has the exceptions); the images come from Google Patents, which does not license passing "
        "them on: clear that before you make such a repository public.",
    ),
}


def assemble_dataset(data: Path, out: Path, repo: str, tag: str) -> None:
    """Write the repository of the dataset in `data` into the folder `out`, new or empty, and prove it.

    Only what belongs to a dataset is taken: what else is in `data` (readings, rejects, logs) stays there.

    Raises:
        PublishError: `data` is no whole dataset, or its card must not be published.
        ExportError: a stranger could not load the result.
    """
    shards = whole_shards(data)
    check_columns(shards)
    for shard in shards:
        place(shard, out / shard.relative_to(data), link=True)
    if (data / "README.md").is_file():
        card = read_card(data / "README.md", "dataset")
        take_links_along(data / "README.md", card.text, out)
    else:
        card = write_card(data, shards)
    where = rf'load_dataset("{repo}", \1, revision="{tag}")'
    DatasetCard(_UNNAMED.sub(where, str(card))).save(out / "README.md")
    read_card(out / "README.md", "dataset")
    check_loading(out)


# --- files -----------------------------------------------------------------------------------------------------------


def whole_shards(data: Path) -> list[Path]:
    """The Parquet files of a dataset, in the places that the three commands write to.

    Raises:
        PublishError: there are none, or not as many as their names say.
    """
    paths = sorted(path for part in ("", "data", *SPLITS) for path in (data / part).glob("*.parquet"))
    if not paths:
        raise PublishError(f"{data}: holds no Parquet files; name a folder that dataset_builder wrote a dataset into")
    sets = defaultdict(list)  # of files by folder and name: how many their names say they are
    for path in paths:
        if split_of(path) not in SPLITS:
            raise PublishError(f"{path}: belongs to none of {', '.join(SPLITS)}; name it so or move it elsewhere")
        match = _SHARD.fullmatch(path.name)
        sets[path.parent, match["name"]].append(int(match["total"] or 1))
    for (parent, name), totals in sets.items():
        if set(totals) != {len(totals)}:
            said = " or ".join(map(str, sorted(set(totals))))
            raise PublishError(f"{parent}: has {len(totals)} of {said} files {name}-*.parquet; write the dataset again")
    return paths


def check_columns(shards: list[Path]) -> None:
    """Refuse Parquet files that are damaged, empty or have other columns than `dataset_builder/figure.py`."""
    for path in shards:
        try:
            columns, rows = pq.read_schema(path).names, count_rows([path])
        except (OSError, pa.ArrowInvalid) as error:
            raise PublishError(f"{path}: is no Parquet file ({error}); write it again") from None
        if odd := set(columns) ^ set(FEATURES):
            raise PublishError(f"{path}: has not the columns of figures ({', '.join(sorted(odd))}); write it again")
        if not rows:
            raise PublishError(f"{path}: holds no figure; remove it")


def count_rows(shards: list[Path]) -> int:
    """The rows of Parquet files, as their footers tell."""
    return sum(pq.read_metadata(path).num_rows for path in shards)


# --- card ------------------------------------------------------------------------------------------------------------


def write_card(data: Path, shards: list[Path]) -> DatasetCard:
    """The card of a dataset whose folder has none, by what its rows say they come from.

    Raises:
        PublishError: they come from nowhere that we know of.
    """
    source = next(pq.ParquetFile(shards[0]).iter_batches(1, columns=["source"])).column(0)[0].as_py()
    if source not in ORIGINS:
        raise PublishError(f"{data}: has no README.md, and figures of {source}; write its card")
    origin = ORIGINS[source]
    splits = {split: [path for path in shards if split_of(path) == split] for split in SPLITS}
    front = DatasetCardData(
        pretty_name=origin.name,
        language=["en"],
        task_categories=["image-to-text"],
        size_categories=[size_category(count_rows(shards))],
        tags=["patents", "patent-figures", "technical-drawings"],
        configs=[{"config_name": "both", "data_files": list(_entries(data, splits))}],
        **origin.licence,
    )
    body = "\n".join(_body(origin, splits))
    return DatasetCard(f"---\n{front.to_yaml()}\n---\n\n{body}\n")


def split_of(path: Path) -> str:
    """The split of a shard: the folder it is in, or else what its name begins with."""
    return path.parent.name if path.parent.name in SPLITS else re.split("[-.]", path.name)[0]


def _entries(data: Path, splits: dict[str, list[Path]]) -> Iterator[dict]:
    for split, paths in splits.items():
        if paths:
            yield {"split": split, "path": [path.relative_to(data).as_posix() for path in paths]}


def _body(origin: Origin, splits: dict[str, list[Path]]) -> Iterator[str]:
    yield from [f"# {origin.name}", "", origin.text, "", "## Load", ""]
    yield from ["```python", "from datasets import load_dataset", "", 'load_dataset(FOLDER, "both")', "```", ""]
    yield from ["## Counts", "", "| split | figures |", "|---|---|"]
    yield from [f"| {split} | {count_rows(paths):,} |" for split, paths in splits.items() if paths]
    yield from ["", "## Columns", "", ", ".join(f"`{name}`" for name in FEATURES) + "."]
    yield from ["", "Boxes are x0, y0, x1, y1 in 0..1000 of the image."]


def size_category(rows: int) -> str:
    """The hub's name of a size."""
    names = {1e3: "n<1K", 1e4: "1K<n<10K", 1e5: "10K<n<100K", 1e6: "100K<n<1M"}
    return next((name for limit, name in names.items() if rows < limit), "1M<n<10M")


# --- proof -----------------------------------------------------------------------------------------------------------

# Streamed, so that no second copy of the data is written; every row is read, the first image of a split decoded.
_LOAD = """
import json
from datasets import Image, get_dataset_config_names, load_dataset
counts = {}
for config in get_dataset_config_names(sys.argv[1]):
    for split, rows in load_dataset(sys.argv[1], config, streaming=True).items():
        next(iter(rows))["image"].load()
        counts[f"{config} {split}"] = sum(1 for row in rows.cast_column("image", Image(decode=False)))
print("COUNTS" + json.dumps(counts))
"""
_SECONDS = 6 * 3600  # 355,000 figures are read several times over


def check_loading(folder: Path) -> dict[str, int]:
    """Load every config as a stranger does; the rows of each split by "config split".

    Raises:
        ExportError: one does not load.
        PublishError: one has other rows than the files that the card names for it.
    """
    named = dict(files_of_splits(folder))
    counts = json.loads(run_as_stranger(_LOAD, folder, timeout=_SECONDS).split("COUNTS")[1])
    for name, shards in named.items():
        if counts.get(name) != count_rows(shards):
            raise PublishError(f"{folder}: {name} loads as {counts.get(name, 0)} of {count_rows(shards)} rows")
    return counts


def files_of_splits(folder: Path) -> Iterator[tuple[str, list[Path]]]:
    """Each "config split" with the files that the card of a repository names for it; raises PublishError for none."""
    for config in DatasetCard.load(folder / "README.md").data.configs:
        for entry in config.get("data_files") or [None]:
            if not isinstance(entry, dict) or not isinstance(entry.get("path"), list):
                raise PublishError(
                    f"{folder}/README.md: its configs name no files; list data_files with split and path"
                )
            shards = [path for pattern in entry["path"] for path in folder.glob(pattern)]
            yield f"{config['config_name']} {entry['split']}", shards
