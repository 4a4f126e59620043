"""Writes drawn figures: `python -m dataset_builder.synthetic --out DIR --count N --split train`."""

from __future__ import annotations

import argparse
import math
import os
from pathlib import Path

import cv2
import datasets
from PIL import Image
from tqdm import tqdm

from dataset_builder.synthetic import FAMILIES, SPLITS, generate
from dataset_builder.synthetic.shards import Plan, write_shards

_TILE = 420


def contact_sheet(path: Path, split: str, seed: int, family: str | None, count: int, columns: int = 6) -> None:
    """An image of many figures side by side, to look at."""
    rows = math.ceil(count / columns)
    sheet = Image.new("L", (columns * _TILE, rows * _TILE), 170)
    for i in tqdm(range(count), unit="figure"):
        image = generate(seed + i, split, family).image
        image.thumbnail((_TILE - 8, _TILE - 8), Image.Resampling.LANCZOS)
        sheet.paste(image, (i % columns * _TILE + 4, i // columns * _TILE + 4))
    sheet.save(path)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m dataset_builder.synthetic", description=__doc__)
    parser.add_argument("--out", type=Path, help="folder for the Parquet shards")
    parser.add_argument("--contact-sheet", type=Path, help="write an image of 24 figures instead")
    parser.add_argument("--count", type=int, default=1000, help="number of figures (default 1000)")
    parser.add_argument("--split", choices=SPLITS, default="train")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first figure; figure i has seed + i")
    parser.add_argument("--family", choices=FAMILIES)
    parser.add_argument(
        "--max-side", type=int, help="longer side in pixels (default 448 for train, full size otherwise; 0 is full)"
    )
    parser.add_argument(
        "--noisy-share",
        type=float,
        help="share of figures with words as a reader gives them (default 0.7 for train, else 0)",
    )
    parser.add_argument("--shard-size", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args(arguments)
    if options.contact_sheet:
        contact_sheet(options.contact_sheet, options.split, options.seed, options.family, 24)
        return 0
    if options.out is None:
        parser.error("give --out DIR for the shards, or --contact-sheet FILE")
    training = options.split == "train"
    max_side = (448 if training else None) if options.max_side is None else options.max_side or None
    noisy = (0.7 if training else 0.0) if options.noisy_share is None else options.noisy_share
    plan = Plan(
        options.out, options.count, options.split, options.seed, options.family, max_side, noisy, options.shard_size
    )
    with tqdm(total=plan.count, unit="figure") as bar:
        for done in write_shards(plan, options.workers):
            bar.update(done)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    cv2.setNumThreads(1)
    datasets.disable_progress_bars()
    raise SystemExit(main())
