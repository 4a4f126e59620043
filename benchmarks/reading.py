"""How well the reader finds the lettering of real patent drawings, taken as they are, beside RapidOCR's defaults.

    python -m benchmarks.reading --data FOLDER [--engine rapidocr] [--images N] [--misses]

FOLDER (or the variable PATENTLMM_DATA) holds the images that `reading_labels.jsonl` names; `reading_labels.md` tells
how they were labelled. Prints one JSON line. The peer's words go through the same inventory of reference characters,
with the image turned upright beforehand, which the reader has to find out for itself.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from modeling_patentlmm.numerals_patentlmm import take_inventory
from modeling_patentlmm.ocr_patentlmm import engine_version, read_figure
from train.texts import read_jsonl

from .runs import LABELS, parse_with_data

Reading = tuple[list[str], list[tuple[int, int, int, int]], list[float], int]  # words, boxes, confidences, rotation


def read_ours(engine: str, threads: int | None = None) -> Callable[[Image.Image, dict], Reading]:
    def read(image: Image.Image, row: dict) -> Reading:
        reading = read_figure(image, engine, threads=threads)
        return *reading.columns, reading.rotation

    return read


def read_peer(threads: int = -1) -> Callable[[Image.Image, dict], Reading]:
    """RapidOCR with its defaults on the upright image; its lines split at spaces. As it comes, it takes all cores."""
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"Global.log_level": "critical", "EngineConfig.onnxruntime.intra_op_num_threads": threads})

    def read(image: Image.Image, row: dict) -> Reading:
        upright = image.convert("RGB").rotate(row["rotation"], expand=True)
        found = engine(np.asarray(upright)[:, :, ::-1].copy(), return_word_box=False)
        words, boxes, confidences = [], [], []
        for quad, text, score in zip(found.boxes, found.txts, found.scores, strict=True) if found.txts else ():
            (x0, y0), (x1, y1) = quad.min(0), quad.max(0)
            for start, word in _split(text):
                left = x0 + (x1 - x0) * start / len(text)
                right = left + (x1 - x0) * len(word) / len(text)
                sides = (left / upright.width, y0 / upright.height, right / upright.width, y1 / upright.height)
                words.append(word)
                boxes.append(tuple(round(1000 * float(side)) for side in sides))
                confidences.append(float(score))
        return words, boxes, confidences, row["rotation"]

    return read


def _split(text: str) -> list[tuple[int, str]]:
    start, words = 0, []
    for word in text.split():
        start = text.index(word, start)
        words.append((start, word))
        start += len(word)
    return words


def score(rows: list[dict], data: Path, read: Callable[[Image.Image, dict], Reading], misses: bool = False) -> dict:
    """Recall and precision of distinct reference characters over all images, figure labels, rotation, seconds."""
    wanted = found = wrong = labelled = label_right = upright = 0
    seconds = 0.0
    for row in rows:
        with Image.open(data / row["image"]) as image:
            image.load()
        start = time.perf_counter()
        words, boxes, confidences, rotation = read(image, row)
        seconds += time.perf_counter() - start
        inventory = take_inventory(words, boxes, confidences)
        truth, read_here = set(row["characters"]), set(inventory.texts)
        false = read_here - truth - set(row["unsure"])
        wanted, found, wrong = wanted + len(truth), found + len(truth & read_here), wrong + len(false)
        upright += rotation == row["rotation"]
        if row["labels"]:
            labelled += 1
            label_right += inventory.label in row["labels"]
        if misses:
            told = {"missed": sorted(truth - read_here), "false": sorted(false), "label": inventory.label}
            print(row["image"], json.dumps(told | {"labels": row["labels"], "rotation": rotation}), file=sys.stderr)
    return {
        "character_recall": round(found / wanted, 4) if wanted else None,
        "character_precision": round(found / (found + wrong), 4) if found + wrong else None,
        "figure_label": round(label_right / labelled, 4) if labelled else None,
        "rotation": round(upright / len(rows), 4),
        "seconds_per_image": round(seconds / len(rows), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reading", description=__doc__.splitlines()[0])
    parser.add_argument("--engine", default="rapidocr")
    parser.add_argument("--images", type=int, help="score the first N images only")
    parser.add_argument("--no-peer", action="store_true", help="leave RapidOCR's defaults out")
    parser.add_argument("--misses", action="store_true", help="tell on stderr what was missed on each image")
    arguments = parse_with_data(parser)
    rows = list(read_jsonl(LABELS))[: arguments.images]
    result = {"benchmark": "reading", "engine": engine_version(arguments.engine), "images": len(rows)}
    result |= {"characters": sum(len(row["characters"]) for row in rows)}
    result |= score(rows, arguments.data, read_ours(arguments.engine), arguments.misses)
    if not arguments.no_peer:
        result["peer"] = {"engine": engine_version("rapidocr") + " defaults, image turned upright beforehand"}
        peer = score(rows, arguments.data, read_peer())
        result["peer"] |= {key: value for key, value in peer.items() if key != "rotation"}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
