"""How many of the reference characters on a real figure its text names, beside the texts of other figures.

    python -m benchmarks.joins --data FOLDER --workdir out/joins [--figures 60]

FOLDER (or the variable PATENTLMM_DATA) holds figures.jsonl. What is measured is the sign by which
`dataset_builder/filters.py` knows that a text was joined to the wrong figure. Prints one line of JSON: for the texts of
the figure itself, of other figures of the same patent, and of other patents, how many could be compared, the median
share of the characters on the figure that those name, and the share of all that the filter takes for another figure's.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from statistics import median

from PIL import Image

from dataset_builder.figure import Figure
from dataset_builder.filters import Thresholds, named_share
from train.texts import read_jsonl

from .runs import parse_with_data, read_all, rounded

A_PATENT = 3  # figures at most, as one portfolio makes up most of the data
OTHERS = 12  # texts of other patents a figure is compared with


def sample(rows: list[dict], count: int, rng: Random) -> list[dict]:
    """`count` rows with one labelled figure on the image and both texts, spread over the patents."""
    rows = [row for row in rows if row["tier"] == "A" and row["detailed_text"]]
    rng.shuffle(rows)
    taken: Counter = Counter()
    for row in rows:
        taken[row["patent_id"]] += 1
        row["spare"] = taken[row["patent_id"]] > A_PATENT
    return [row for row in rows if not row["spare"]][:count]


def texts_for(row: dict, rows: list[dict], rng: Random) -> Iterator[tuple[str, str]]:
    """Texts to hold against a figure, each with whose it is."""
    yield "own", row["detailed_text"]
    for other in rows:
        same = other["patent_id"] == row["patent_id"]
        if same and other["detailed_text"] not in (None, row["detailed_text"]):
            yield "same_patent", other["detailed_text"]
    strangers = [other for other in rows if other["family"] != row["family"] and other["detailed_text"]]
    yield from (("other_patent", other["detailed_text"]) for other in rng.sample(strangers, OTHERS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workdir", type=Path, default=Path("out/joins"))
    parser.add_argument("--figures", type=int, default=60)
    args = parse_with_data(parser)

    args.workdir.mkdir(parents=True, exist_ok=True)
    rng, rows = Random(0), list(read_jsonl(args.data / "figures.jsonl"))
    chosen = sample(rows, args.figures, rng)
    images = ((row["id"], Image.open(args.data / row["image"])) for row in chosen)
    readings = read_all(images, len(chosen), args.workdir / "readings.jsonl")
    shares = defaultdict(list)
    for row in chosen:
        words, boxes, confidences = readings[row["id"]].columns
        figure = Figure(row["id"], None, row["patent_id"], row["figure"], None, None, None, words, boxes, confidences)
        for whose, text in texts_for(row, rows, rng):
            shares[whose].append(named_share(replace(figure, detailed_description=text)))
    print(json.dumps({"benchmark": "joins", "figures": len(chosen), **rounded(summarise(shares))}))


def summarise(shares: dict[str, list[float | None]]) -> dict:
    """Counts, medians and the share that the filter refuses."""
    limit = Thresholds().min_named
    out = {}
    for whose, values in shares.items():
        known = [value for value in values if value is not None]
        refused = sum(value < limit for value in known)
        out[whose] = {
            "texts": len(values),
            "compared": len(known),
            "median": median(known),
            "refused": refused / len(values),
        }
    return out


if __name__ == "__main__":
    main()
