"""What is in the files of a built dataset, counted column by column; images are not read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

_COLUMNS = (
    "patent_id",
    "family_id",
    "kind",
    "publication_date",
    "cpc",
    "source",
    "ocr_engine",
    "label_source",
    "brief_description",
    "detailed_description",
    "words",
)

TALLIED = ("kind", "source", "ocr_engine", "label_source")
LENGTHS = {"brief": "brief_description", "detailed": "detailed_description", "read": "words"}
SECTIONS = {
    "A": "human necessities",
    "B": "operations, transport",
    "C": "chemistry, metallurgy",
    "D": "textiles, paper",
    "E": "fixed constructions",
    "F": "mechanical engineering",
    "G": "physics",
    "H": "electricity",
    "Y": "emerging, cross-sectional",
}


class CardError(ValueError):
    """A folder that is no built dataset; the message is one line that names the file and the remedy."""


@dataclass
class Statistics:
    """Counts of a dataset. Rows are counted by (split, kind of file); `tally` holds the values of some columns.

    `patents` has the year and the CPC sections of each patent by its split and id. Lengths are in words parted by
    spaces; `patent_figures` counts the figures of each patent.
    """

    rows: Counter = field(default_factory=Counter)
    patents: dict[tuple[str, str], tuple[str | None, tuple[str, ...]]] = field(default_factory=dict)
    families: set[tuple[str, str]] = field(default_factory=set)
    patent_figures: Counter = field(default_factory=Counter)
    tally: dict[str, Counter] = field(default_factory=lambda: {name: Counter() for name in TALLIED})
    lengths: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in LENGTHS})

    @property
    def years(self) -> Counter:
        """Patents by the year of their publication."""
        return Counter(year for year, _ in self.patents.values() if year)

    @property
    def sections(self) -> Counter:
        """Patents by CPC section; one may be in several."""
        return Counter(section for _, sections in self.patents.values() for section in sections)


def take_statistics(files: Mapping[tuple[str, str], Sequence[Path]]) -> Statistics:
    """Count what is in `files`, which are named by their split and their kind.

    Raises:
        CardError: a file is damaged or lacks a column.
    """
    statistics = Statistics()
    listed = [(split, kind, path) for (split, kind), paths in files.items() for path in paths]
    for split, kind, path in tqdm(listed, desc="counting", unit="file"):
        for batch in _batches(path):
            statistics.rows[split, kind] += len(batch["patent_id"])
            _count_patents(statistics, split, batch)
            _count_rows(statistics, batch)
    return statistics


def _batches(path: Path) -> Iterator[dict[str, list]]:
    try:
        with pq.ParquetFile(path) as parquet:
            missing = sorted(set(_COLUMNS) - set(parquet.schema_arrow.names))
            if missing:
                raise CardError(f"{path}: lacks the columns {', '.join(missing)} of dataset_builder/figure.py")
            for batch in parquet.iter_batches(batch_size=1000, columns=list(_COLUMNS)):
                yield batch.to_pydict()
    except (OSError, pa.ArrowException) as error:
        raise CardError(f"{path}: damaged Parquet ({error}); build it again") from None


def _count_patents(statistics: Statistics, split: str, batch: dict[str, list]) -> None:
    columns = (batch[name] for name in ("patent_id", "family_id", "publication_date", "cpc"))
    for patent, family, day, codes in zip(*columns, strict=True):
        sections = tuple(sorted({code[:1] for code in codes or ()} & SECTIONS.keys()))
        year = day[:4] if day and re.match("[0-9]{4}-", day) else None
        statistics.patents.setdefault((split, patent), (year, sections))
        statistics.patent_figures[patent] += 1
        if family:
            statistics.families.add((split, family))


def _count_rows(statistics: Statistics, batch: dict[str, list]) -> None:
    for name in TALLIED:
        statistics.tally[name].update(value or "not told" for value in batch[name])
    for name, column in LENGTHS.items():
        values = (value.split() if isinstance(value, str) else value for value in batch[column])
        statistics.lengths[name] += [len(value) for value in values if value]


def quantiles(lengths: Sequence[int], shares: Sequence[float]) -> list[int]:
    """The lengths that so many percent do not exceed."""
    return [int(value) for value in np.percentile(lengths, shares, method="inverted_cdf")]
