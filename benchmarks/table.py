"""Our table: the checkpoint and its baselines on drawn test figures and on real figures, for both descriptions.

    python -m benchmarks.table --data FOLDER --checkpoint checkpoints/patentlmm-tiny --workdir out

Prints one line of JSON; `python -m benchmarks.comparison` makes the comparison page of it. The drawn figures are those
of `benchmarks.drawn_figures`, read through the real OCR, mechanical views with their list of parts. The real ones are
those of `benchmarks/reading_labels.jsonl` that hold one figure at most: reference characters as read by eye, texts and
names of parts from the patents in FOLDER (or in the variable PATENTLMM_DATA), the detailed ones cut to 500 tokens as in
the paper. Readings are shared with the other benchmarks through WORKDIR, and a killed run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from datasets import Dataset
from PIL import Image

from dataset_builder.figure import FEATURES, Figure
from dataset_builder.synthetic.shards import Plan, write_shards
from modeling_patentlmm.describe_patentlmm import KINDS, upright
from modeling_patentlmm.numerals_patentlmm import add_parts_list
from modeling_patentlmm.ocr_patentlmm import FigureReading
from train.evaluate.__main__ import BASELINES, evaluate, parse_arguments
from train.metrics.binding import terms_of
from train.metrics.form import clip
from train.texts import read_jsonl

from .drawn_figures import figures as drawn_figures
from .drawn_figures import parts_list
from .runs import LABELS, parse_with_data, read_all, rounded

DETAILED_TOKENS = 500
NO_BOX = [0, 0, 0, 0]


def as_row(figure: Figure, reading: FigureReading, parts: dict[str, str] | None = None) -> dict:
    """A dataset row with the words as they were read instead of those of the truth, the image turned as it was read."""
    words, boxes, confidences = reading.columns
    if parts:
        words, boxes, confidences = add_parts_list(words, boxes, confidences, parts)
    row = figure.as_row() | {"words": words, "boxes": [list(box) for box in boxes], "confidences": confidences}
    return row | {"image": upright(figure.image, reading.rotation), "ocr_engine": reading.engine}


def drawn_rows(count: int, workdir: Path) -> Iterator[dict]:
    """The drawn test figures as read; their source is their split."""
    drawn = list(drawn_figures(count))
    workdir.mkdir(parents=True, exist_ok=True)
    readings = read_all(((key, figure.image) for key, _, figure in drawn), count, workdir / "readings.jsonl")
    for key, split, figure in drawn:
        yield as_row(figure, readings[key], parts_list(figure)) | {"image_id": key, "source": split}


def real_figure(label: dict, row: dict, image: Image.Image) -> Figure:
    """A real figure with what an eye read in it and what its patent says of it; `row` is its line in figures.jsonl."""
    whole = row["tier"] == "A"
    detailed = row["detailed_text"] if whole else None
    table = terms_of(detailed or "")
    return Figure(
        image_id=label["image"],
        image=image,
        patent_id=row["patent_id"],
        figure=next(iter(label["labels"]), None),
        kind=label["kind"],
        brief_description=row["brief_description"] if whole else None,
        detailed_description=clip(detailed, DETAILED_TOKENS) if detailed else None,
        numerals=[{"text": text, "term": table.get(text), "box": NO_BOX} for text in label["characters"]],
        source=row["portfolio"],
    )


def real_rows(data: Path, count: int | None, workdir: Path) -> Iterator[dict]:
    """The real figures as read; their source is their portfolio."""
    labels = [label for label in read_jsonl(LABELS) if len(label["labels"]) <= 1][:count]
    known = {row["image"]: row for row in read_jsonl(data / "figures.jsonl")}
    workdir.mkdir(parents=True, exist_ok=True)
    images = ((label["image"], Image.open(data / label["image"])) for label in labels)
    readings = read_all(images, len(labels), workdir / "readings.jsonl")
    for label in labels:
        figure = real_figure(label, known[label["image"]], Image.open(data / label["image"]))
        yield as_row(figure, readings[figure.image_id])


def write_rows(rows: Iterable[dict], folder: Path) -> Path:
    """One Parquet shard of the split `test`."""
    folder.mkdir(parents=True, exist_ok=True)
    Dataset.from_list(list(rows), features=FEATURES).to_parquet(str(folder / "test.parquet"))
    return folder


def run(checkpoint: str, data: Path, training: Path, out: Path, baselines: list[str]) -> dict:
    """Both descriptions of one test set: per system every measure with its interval and its number of figures."""
    result = {}
    for task in KINDS:
        options = ["--model", checkpoint, "--data", data, "--kind", task, "--out", out / task]
        options += ["--train-data", training, *(["--baselines", *baselines] if baselines else [])]
        scores = evaluate(parse_arguments(list(map(str, options))))
        systems = {name: system["scores"] for name, system in scores["systems"].items()}
        result[task] = {"figures": scores["run"]["figures"], "systems": systems}
        implementations = scores["implementations"]
    return {**result, "implementations": implementations}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", default="checkpoints/patentlmm-tiny")
    parser.add_argument("--workdir", type=Path, default=Path("out"))
    parser.add_argument("--name", default="table", help="folder of this run in the working directory")
    parser.add_argument("--drawn", type=int, default=100, help="drawn figures (default: 100)")
    parser.add_argument("--real", type=int, help="the first REAL real figures only")
    parser.add_argument("--training", type=int, default=2000, help="figures to look for the nearest in (default: 2000)")
    parser.add_argument("--baselines", nargs="*", choices=BASELINES, default=list(BASELINES), metavar="NAME")
    args = parse_with_data(parser)

    out, training = args.workdir / args.name, args.workdir / f"training-{args.training}"
    list(write_shards(Plan(training, args.training, "train", noisy_share=0.7)))
    sets = {
        "drawn": write_rows(drawn_rows(args.drawn, args.workdir / "drawn"), out / "drawn" / "figures"),
        "real": write_rows(real_rows(args.data, args.real, args.workdir / "real"), out / "real" / "figures"),
    }
    results = {name: run(args.checkpoint, data, training, out / name, args.baselines) for name, data in sets.items()}
    implementations = [result.pop("implementations") for result in results.values()][0]
    checkpoint = Path(args.checkpoint).name
    line = {"benchmark": "table", "checkpoint": checkpoint, **results, "implementations": implementations}
    print(json.dumps(rounded(line)))


if __name__ == "__main__":
    main()
