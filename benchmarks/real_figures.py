"""What the checkpoint writes about real patent figures that no training saw, against what an eye reads in them.

    python -m benchmarks.real_figures --data FOLDER --checkpoint checkpoints/patentlmm-tiny --workdir out/real

Prints one line of JSON. The figures and their labels are those of `benchmarks/reading_labels.jsonl`; reference texts
come from figures.jsonl in FOLDER (or in the variable PATENTLMM_DATA). The patents are held apart from training by
publication number (train/texts.py).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from PIL import Image

from modeling_patentlmm.describe_patentlmm import load_checkpoint
from train.metrics import bleu4, characters, figure_labels, invented, mean, recall
from train.texts import read_jsonl

from .runs import LABELS, Describer, parse_with_data, read_all, rounded


def reference_briefs(data: Path) -> dict[str, str]:
    """The patent's own brief description by image, where the image holds one figure and has one."""
    rows = read_jsonl(data / "figures.jsonl")
    return {row["image"]: row["brief_description"] for row in rows if row["tier"] == "A" and row["brief_description"]}


def score_figure(truth: dict, text: dict) -> dict:
    """Everything measured on one figure; None where it does not apply."""
    drawn = set(truth["characters"]) | set(truth["unsure"])
    said = characters(text["brief"]) | characters(text["detailed"])
    inventory = {numeral["text"] for numeral in text["numerals"]}
    named = figure_labels(text["brief"])
    return {
        "figure_number": float(named[:1] == truth["labels"][:1]) if len(truth["labels"]) < 2 else None,
        "figure_number_on_sheet": float(bool(named) and named[0] in truth["labels"]) if truth["labels"] else None,
        "invented": len(invented(text["brief"], inventory) | invented(text["detailed"], inventory)),
        "not_drawn": len(said - drawn),
        "said": len(said),
        "numeral_recall": recall(characters(text["detailed"]), truth["characters"]),
        "numeral_reading_recall": recall(inventory, truth["characters"]),
    }


def summarise(labels: dict[str, dict], texts: dict[str, dict], briefs: dict[str, str]) -> dict:
    """Means over the figures, sums of invented characters, BLEU-4 against the patents' own brief descriptions."""
    rows = [score_figure(labels[key], texts[key]) for key in labels]
    sums = ("invented", "not_drawn", "said")
    scores = {name: mean(row[name] for row in rows) for name in rows[0] if name not in sums}
    scores |= {name: sum(row[name] for row in rows) for name in sums}
    compared = [key for key in labels if key in briefs]
    scores["brief_bleu4"] = bleu4([texts[key]["brief"] for key in compared], [briefs[key] for key in compared])
    return rounded(scores | {"brief_references": len(compared)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", default="checkpoints/patentlmm-tiny")
    parser.add_argument("--workdir", type=Path, default=Path("out/real"))
    parser.add_argument("--texts", default="texts", help="name of the file of generated texts")
    args = parse_with_data(parser)

    args.workdir.mkdir(parents=True, exist_ok=True)
    labels = {row["image"]: row for row in read_jsonl(LABELS)}
    images = ((key, Image.open(args.data / key)) for key in labels)
    readings = read_all(images, len(labels), args.workdir / "readings.jsonl")
    describer = Describer(
        *load_checkpoint(args.checkpoint), readings, args.workdir / f"{args.texts}.jsonl", batch_size=8
    )
    for key in labels:
        describer.add(key, Image.open(args.data / key))
    scores = summarise(labels, describer.finish(), reference_briefs(args.data))
    print(json.dumps({"benchmark": "real_figures", "figures": len(labels), **scores}))


if __name__ == "__main__":
    main()
