"""One share of a build: its patents in, one shard of figures out, with what was left out and why."""

from __future__ import annotations

import json
import traceback
from dataclasses import dataclass
from pathlib import Path

from dataset_builder.figure import Figure
from dataset_builder.join import figures_of
from dataset_builder.ocr import Readings
from dataset_builder.patent import Patent
from dataset_builder.rejects import Rejects
from dataset_builder.shards import ShardWriter
from dataset_builder.share import Share
from dataset_builder.sources import SourceError, read_patents
from modeling_patentlmm.ocr_patentlmm import EngineError


@dataclass(frozen=True)
class Plan:
    """What to build from what, in how many shares, with which reader; and where everything of a build lies."""

    source: Path
    out: Path
    shares: int
    ocr_engine: str = "rapidocr"
    read_text: bool = False  # of scanned text pages

    @property
    def folder(self) -> Path:
        """Of the work in progress; what is in `out` beside it is the dataset."""
        return self.out / "work"

    def file(self, kind: str, share: int) -> Path:
        """The file of one share: its "shards", "rejects", "readings" or "progress"."""
        suffix = ".parquet" if kind == "shards" else ".jsonl"
        return self.folder / kind / f"{share:05d}-of-{self.shares:05d}{suffix}"

    def settle(self) -> None:
        """Write the plan down, or hold it against the one that is there.

        Raises:
            SourceError: the folder holds a build of another source, or with other shares or another reader.
        """
        path = self.folder / "plan.json"
        own = {name: value for name, value in vars(self).items() if name != "out"} | {"source": str(self.source)}
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(own))
        elif (other := json.loads(path.read_text())) != own:
            differs = ", ".join(f"{name} {other.get(name)}" for name in own if other.get(name) != own[name])
            raise SourceError(f"{self.out}: holds a build of {differs}; go on with these, or name another folder")


def shares_of(out: Path) -> int | None:
    """The number of shares of the build in a folder, None where there is none."""
    path = out / "work" / "plan.json"
    return json.loads(path.read_text())["shares"] if path.exists() else None


def work(data: object, rank: int, world_size: int, plan: Plan) -> None:
    """Build share `rank` of `world_size`, unless its shard is there; a datatrove pipeline step (`data` is not used)."""
    if plan.file("shards", rank).exists():
        return
    rejects = Rejects(plan.file("rejects", rank))
    readings = Readings(plan.file("readings", rank), plan.ocr_engine)
    patents = read_patents(plan.source, rejects, Share(rank, world_size), plan.read_text)
    with ShardWriter(plan.file("shards", rank)) as shard:
        for done, patent in enumerate(patents, 1):
            for figure in _figures(patent, readings, rejects):
                shard.add(figure)
            _write_progress(plan.file("progress", rank), done, shard.count)


def so_far(plan: Plan) -> tuple[int, int]:
    """The patents that are done and the figures that came of them, all shares together."""
    progress = [json.loads(path.read_text()) for path in (plan.folder / "progress").glob("*.jsonl")]
    return sum(each["patents"] for each in progress), sum(each["figures"] for each in progress)


def _write_progress(path: Path, patents: int, figures: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps({"patents": patents, "figures": figures}))
    partial.replace(path)


def _figures(patent: Patent, readings: Readings, rejects: Rejects) -> list[Figure]:
    """The figures of a patent; one that trips over a defect of ours is written down and does not end a job of days."""
    try:
        return figures_of(patent, readings, rejects)
    except EngineError:
        raise
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        detail = f"{type(error).__name__}: {error} ({Path(where.filename).name}, line {where.lineno}); please report it"
        rejects.add(patent.source, patent.patent_id, "defect", detail)
        return []
