"""Raw patents to a dataset: `python -m dataset_builder.build SOURCE --out DIR`.

    read          the patents of the source, each worker its share
    describe      brief and detailed description of every figure, and what the parts are called
    read sheets   words and boxes, by the reader of inference; kept, as this is what takes long
    split sheets  upright, separate figures with their labels
    join          the two by figure number
    filter        what is not fit to train on, with its reason
    gather        one dataset with splits, and its card

The first six are one task a share, which writes a shard, whole or not at all (`work.py`). Run again, the command goes
on where it stopped and skips what is complete; sheets that were read are not read again.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tqdm import tqdm

from dataset_builder.card import Making, write_card
from dataset_builder.engine import run_tasks
from dataset_builder.gather import gather
from dataset_builder.rejects import Rejects, told
from dataset_builder.sources import SourceError, source_files
from dataset_builder.split import DEFAULT_RULE
from dataset_builder.work import Plan, shares_of, so_far, work
from modeling_patentlmm.ocr_patentlmm import ENGINES, EngineError

SHARES_PER_WORKER = 4


def build(plan: Plan, workers: int, command: str = "") -> Counter[str]:
    """Make the dataset; returns its rows by split and kind, such as "train-both".

    Raises:
        SourceError: the source holds no file that can be read, the folder holds another build, or no figure came out.
        EngineError: the reading engine is not installed.
    """
    files = source_files(plan.source)
    plan.settle()
    with _progress(plan):
        run_tasks(partial(work, plan=plan), plan.shares, workers, plan.folder / "engine")
    rejects = Rejects(plan.out / "rejects.jsonl")
    for share in range(plan.shares):
        rejects.take(plan.file("rejects", share))
    shards = [plan.file("shards", share) for share in range(plan.shares)]
    counts = gather(shards, plan.out / "data", rejects)
    if not counts:
        raise SourceError(f"{plan.source}: no figure came out ({told(rejects.counts)}); see {plan.out}/rejects.jsonl")
    sources = sorted({path.name for path in files})
    write_card(plan.out, Making(plan.out.name, command, str(DEFAULT_RULE), sources, rejects.counts))
    print(told(rejects.counts), file=sys.stderr)
    return counts


@contextmanager
def _progress(plan: Plan, seconds: float = 1.0) -> Iterator[None]:
    """A bar over the patents that all workers have done, with the figures that came of them."""
    over = threading.Event()

    def show(bar: tqdm) -> None:
        while True:
            last = over.wait(seconds)
            patents, figures = so_far(plan)
            bar.set_postfix(figures=figures, refresh=False)
            bar.update(patents - bar.n)
            if last:
                return

    with tqdm(desc="building", unit="patent") as bar:
        thread = threading.Thread(target=show, args=[bar], daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 2 when there is nothing to build from, in one line that says why."""
    parser = argparse.ArgumentParser(prog="python -m dataset_builder.build", description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="Red Book XML, ZIP or TAR, Google Patents page, PDF, or a folder")
    parser.add_argument("--out", type=Path, required=True, help="folder of the dataset, also of an interrupted build")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)")
    parser.add_argument(
        "--shares", type=int, help=f"how finely to cut the work (default: {SHARES_PER_WORKER} a worker)"
    )
    parser.add_argument("--ocr-engine", choices=sorted(ENGINES), default="rapidocr")
    parser.add_argument("--read-text", action="store_true", help="read scanned text pages of PDFs by OCR, too (slow)")
    args = parser.parse_args(arguments)
    if args.workers < 1 or (args.shares is not None and args.shares < 1):
        parser.error("--workers and --shares must be 1 or more")
    shares = args.shares or shares_of(args.out) or SHARES_PER_WORKER * args.workers
    command = shlex.join(["python", "-m", "dataset_builder.build", args.source.name, "--out", args.out.name])
    plan = Plan(args.source, args.out, shares, args.ocr_engine, args.read_text)
    try:
        counts = build(plan, args.workers, command)
    except (SourceError, EngineError) as error:
        print(f"dataset_builder.build: {error}", file=sys.stderr)
        return 2
    print(json.dumps(dict(sorted(counts.items()))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
