"""The card of a built dataset: its README.md, told from its Parquet files, with pictures.

The front matter names which files each config is made of, so that `load_dataset(FOLDER, "brief")` loads every row with
a brief description although no image is stored twice:

```
FOLDER/data/{train,validation,test}-{both,brief,detailed}-00000-of-000NN.parquet
```

Rows with both texts are in "both" files, rows with one in the files named after it. The config "both" is made of the
first alone, "brief" and "detailed" each of the first and their own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from huggingface_hub import DatasetCard, DatasetCardData

from dataset_builder.card.pictures import draw_pictures
from dataset_builder.card.statistics import SECTIONS, CardError, Statistics, quantiles, take_statistics
from dataset_builder.markdown import bullets, table
from dataset_builder.split import SPLITS

KINDS = ("both", "brief", "detailed")  # of files, by the texts that their rows have
CONFIGS = {"both": ("both",), "brief": ("both", "brief"), "detailed": ("both", "detailed")}
_LISTED = 12  # origins of a kind

LICENCE = (
    "Texts and drawings of US patents are in general not subject to copyright, unless a patent carries a notice under "
    "37 CFR 1.71(d) and (e) or 1.84(s); such notices stand in the texts as published. Sources may add terms of their "
    "own: what comes from Google Patents or from the EPO's services is not to be passed on without their leave."
)
LIMITS = (
    "Words, boxes and confidences come from an OCR engine, not from people: small, sideways and hand-drawn lettering "
    "is misread or missed.",
    "Descriptions are cut out of the patents' texts by rules. A detailed description is all paragraphs that speak of "
    "the figure; they may speak of others, too.",
    "Terms of reference characters are those the patent uses, its slips included.",
    "The drawings of one applicant resemble each other: a split by family keeps copies apart, not styles.",
)


@dataclass(frozen=True)
class Making:
    """How a dataset was made, as far as its rows do not tell: the command, its sources, and what was left out and why.

    `split_rule` is a sentence (`str(SplitRule())`); `rejects` counts by reason (`Rejects.counts`).
    """

    name: str
    command: str
    split_rule: str
    sources: Sequence[str] = ()
    rejects: Mapping[str, int] = field(default_factory=dict)
    licence: str = LICENCE
    limits: Sequence[str] = LIMITS


def write_card(folder: Path, making: Making) -> Path:
    """Write README.md and pictures/*.png of the dataset in `folder`; returns the path of README.md.

    Raises:
        CardError: `folder` holds no such files, some are missing or more than that, or one is damaged.
    """
    files = data_files(folder)
    statistics = take_statistics(files)
    pictures = draw_pictures(statistics, folder / "pictures")
    front = front_matter(files, sum(statistics.rows.values()), making.name)
    body = "\n".join(_body(statistics, making, pictures))
    path = folder / "README.md"
    DatasetCard(f"---\n{front.to_yaml()}\n---\n\n{body}\n").save(path)
    return path


# --- files and front matter ------------------------------------------------------------------------------------------

_NAME = re.compile(rf"({'|'.join(SPLITS)})-({'|'.join(KINDS)})-(\d{{5}})-of-(\d{{5}})\.parquet")


def data_files(folder: Path) -> dict[tuple[str, str], list[Path]]:
    """The Parquet files of a built dataset by their split and kind, all there and none besides.

    Raises:
        CardError: otherwise.
    """
    files: dict[tuple[str, str], list[Path]] = {(split, kind): [] for split in SPLITS for kind in KINDS}
    totals: dict[tuple[str, str], int] = {}
    for path in sorted((folder / "data").glob("*.parquet")):
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise CardError(f"{path}: is no {{split}}-{{kind}}-00000-of-000NN.parquet; move it elsewhere")
        key = match[1], match[2]
        files[key].append(path)
        if totals.setdefault(key, int(match[4])) != int(match[4]):
            raise CardError(f"{path}: stands beside files of another number of parts; remove those of the older build")
    for key, total in totals.items():
        if len(files[key]) != total:
            raise CardError(f"{folder}/data: has {len(files[key])} of {total} {'-'.join(key)} files; finish the build")
    if not totals:
        raise CardError(f"{folder}/data: holds no {{split}}-{{kind}}-00000-of-000NN.parquet; build the dataset first")
    return {key: paths for key, paths in files.items() if paths}


def front_matter(files: Mapping[tuple[str, str], object], rows: int, name: str) -> DatasetCardData:
    """The metadata of the card; a split or a config without files is left out, as an empty pattern cannot be loaded."""
    configs = []
    for config, kinds in CONFIGS.items():
        splits = {
            split: [f"data/{split}-{kind}-*.parquet" for kind in kinds if (split, kind) in files] for split in SPLITS
        }
        entries = [{"split": split, "path": paths} for split, paths in splits.items() if paths]
        if entries:
            configs.append({"config_name": config, "data_files": entries})
    configs[0]["default"] = True
    return DatasetCardData(
        pretty_name=name,
        language=["en"],
        license="other",
        license_name="us-patents",
        task_categories=["image-to-text"],
        size_categories=[_size_category(rows)],
        tags=["patents", "patent-figures", "technical-drawings"],
        configs=configs,
    )


def _size_category(rows: int) -> str:
    for limit, name in ((1e3, "n<1K"), (1e4, "1K<n<10K"), (1e5, "10K<n<100K"), (1e6, "100K<n<1M")):
        if rows < limit:
            return name
    return "1M<n<10M"


# --- text ------------------------------------------------------------------------------------------------------------


def _body(statistics: Statistics, making: Making, pictures: Mapping[str, str]) -> Iterator[str]:
    patents = {patent for _, patent in statistics.patents}
    yield from [f"# {making.name}", ""]
    yield (
        f"{sum(statistics.rows.values()):,} figures of {len(patents):,} US patents{_span(statistics)}, each with the "
        "sentence that its patent describes it by, the paragraphs that speak of it, or both, and with the words read "
        "on the drawing."
    )
    yield from ["", *_usage(statistics), "", "## Counts", "", *_counts(statistics), "", "## Lengths", ""]
    yield from [*_lengths(statistics), "", "Words are what is parted by spaces.", ""]
    for name, caption in pictures.items():
        yield from [f"![{caption}](pictures/{name})", "", f"*{caption}.*", ""]
    yield from [*_composition(statistics), "", "## Splits", "", making.split_rule, ""]
    yield from ["## What was left out", "", *_rejects(making.rejects), "", "## How it was made", ""]
    yield from ["```", making.command, "```", "", *bullets(making.sources), *_origins(statistics), ""]
    yield from ["## Limits", "", *bullets(making.limits), "", "## Licence", "", making.licence]


def _span(statistics: Statistics) -> str:
    years = sorted(statistics.years)
    if not years:
        return ""
    return f" published in {years[0]}" if years[0] == years[-1] else f" published from {years[0]} to {years[-1]}"


def _usage(statistics: Statistics) -> Iterator[str]:
    yield from ["```python", "from datasets import load_dataset", ""]
    yield from [f'load_dataset(FOLDER, "{config}")' for config in CONFIGS if _config_rows(statistics, config)]
    yield from ["```", "", "An image is stored once, whichever config it is loaded by."]


def _config_rows(statistics: Statistics, config: str, split: str | None = None) -> int:
    splits = SPLITS if split is None else (split,)
    return sum(statistics.rows[each, kind] for each in splits for kind in CONFIGS[config])


def _counts(statistics: Statistics) -> Iterator[str]:
    rows = []
    for split in SPLITS:
        patents = sum(where == split for where, _ in statistics.patents)
        families = sum(where == split for where, _ in statistics.families)
        counts = [_config_rows(statistics, config, split) for config in CONFIGS]
        if any(counts):
            rows.append([split, *counts, patents, families or "not known"])
    return table(["split", *(f"config {config}" for config in CONFIGS), "patents", "families"], rows)


def _lengths(statistics: Statistics) -> Iterator[str]:
    shares = (5, 25, 50, 75, 95, 99, 100)
    names = {"brief": "brief description", "detailed": "detailed description", "read": "words read on the drawing"}
    rows = [
        [names[name], len(values), *quantiles(values, shares)] for name, values in statistics.lengths.items() if values
    ]
    heads = [f"{share} %" for share in shares[:-1]]
    return table(["words of the", "figures", *heads, "longest"], rows)


def _composition(statistics: Statistics) -> Iterator[str]:
    """Tables of what the pictures show to the eye."""
    if statistics.years:
        decades = Counter()
        for year, count in statistics.years.items():
            decades[f"{year[:3]}0s"] += count
        yield from [*table(["published in the", "patents"], sorted(decades.items())), ""]
    if statistics.sections:
        sections = [(f"{key} {SECTIONS[key]}", count) for key, count in sorted(statistics.sections.items())]
        yield from [*table(["CPC section", "patents"], sections), ""]
    if set(statistics.tally["kind"]) - {"not told"}:
        yield from table(["kind", "figures"], statistics.tally["kind"].most_common())


def _rejects(rejects: Mapping[str, int]) -> Iterator[str]:
    if not rejects:
        return iter(["Nothing was left out."])
    return table(["reason", "left out"], list(rejects.items()))


def _origins(statistics: Statistics) -> Iterator[str]:
    for column, said in (("source", "source"), ("ocr_engine", "OCR engine"), ("label_source", "figure number")):
        counts = statistics.tally[column].most_common()
        yield from bullets(f"{said} {value[:200]}: {count:,} figures" for value, count in counts[:_LISTED])
        if len(counts) > _LISTED:
            rest = sum(count for _, count in counts[_LISTED:])
            yield from bullets([f"{said}, {len(counts) - _LISTED:,} more: {rest:,} figures"])
