"""How long the reader takes on real patent drawings beside RapidOCR's defaults, with as many threads.

    python -m benchmarks.reading_speed --data FOLDER [--images N] [--threads N]

FOLDER (or the variable PATENTLMM_DATA) holds the images that `reading_labels.jsonl` names, of which every fourth is
read; the two sides take turns on each. Prints one JSON line: seconds, how well both read these sheets, and how they
compare. RapidOCR gets the sheet upright, which the reader has to find out for itself.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from modeling_patentlmm.ocr_patentlmm import engine_version
from train.texts import read_jsonl

from .reading import Reading, read_ours, read_peer, score
from .runs import LABELS, parse_with_data
from .timing import add_threads, environment

GOAL = 0.5
STEP = 4  # between the sheets read
QUALITIES = ("character_recall", "character_precision", "figure_label")
REASONS = {
    "time": "Crops are filled up to the widest of their batch: filled up to their own width they take less, but of 500 "
    "drawn figures 5 lose their number.",
    "character_recall": "Fewer characters are read than by RapidOCR.",
}


def read_in_turn(
    rows: list[dict], data: Path, sides: Mapping[str, Callable[[Image.Image, dict], Reading]]
) -> tuple[dict[str, dict[str, Reading]], dict[str, list[float]], dict[str, float]]:
    """For each side the readings by image, the seconds of each, and the processor's seconds of all.

    Every side reads the first sheet once before, so that no model is loaded within the time.
    """
    readings: dict[str, dict[str, Reading]] = {name: {} for name in sides}
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    processor = dict.fromkeys(sides, 0.0)
    for row in tqdm([rows[0], *rows], desc="reading"):
        with Image.open(data / row["image"]) as image:
            image.load()
        for name, read in sides.items():
            start, busy = time.perf_counter(), time.process_time()
            readings[name][row["image"]] = read(image, row)
            seconds[name].append(time.perf_counter() - start)
            processor[name] += time.process_time() - busy if len(seconds[name]) > 1 else 0.0
    return readings, {name: some[1:] for name, some in seconds.items()}, processor


def quality(rows: list[dict], data: Path, readings: Mapping[str, Reading]) -> dict:
    """Recall and precision of reference characters, and the share of right figure labels."""
    scores = score(rows, data, lambda image, row: readings[row["image"]])
    return {name: scores[name] for name in QUALITIES}


def claims(ratio: float, ours: dict, peer: dict, threads: int) -> list[dict]:
    """What is claimed of the reader and what came out, as `benchmarks.speed_table` reads it."""
    where = f"the same sheets, CPU, {threads} threads"
    recalls = ours["character_recall"], peer["character_recall"]
    return [
        {
            "claim": f"Reading a figure takes at most half of RapidOCR's default time ({where})",
            "measured": round(ratio, 3),
            "goal": GOAL,
            "at_most": True,
            "reason": REASONS["time"] if ratio > GOAL else None,
        },
        {
            "claim": f"Recall of reference characters at that speed is at least RapidOCR's ({where})",
            "measured": recalls[0],
            "goal": recalls[1],
            "at_most": False,
            "reason": REASONS["character_recall"] if recalls[0] < recalls[1] else None,
        },
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reading_speed", description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=16)
    add_threads(parser)
    args = parse_with_data(parser)
    rows = list(read_jsonl(LABELS))[::STEP][: args.images]
    sides = {"ours": read_ours("rapidocr", args.threads), "peer": read_peer(args.threads)}
    readings, seconds, processor = read_in_turn(rows, args.data, sides)
    found = {name: quality(rows, args.data, readings[name]) for name in sides}
    ratio = sum(seconds["ours"]) / sum(seconds["peer"])
    result = {
        "benchmark": "reading_speed",
        "peer": engine_version("rapidocr") + " defaults, image turned upright beforehand",
        "images": len(rows),
        "seconds_per_image": {name: round(sum(some) / len(some), 3) for name, some in seconds.items()},
        "ratio": round(ratio, 3),
        "processor_time_ratio": round(processor["ours"] / processor["peer"], 3),
        "quality": found,
        "claims": claims(ratio, found["ours"], found["peer"], args.threads),
        **environment("rapidocr", "onnxruntime"),
        "threads": args.threads,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
