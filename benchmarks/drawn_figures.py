"""What the checkpoint writes about held-out drawn figures, read through the real OCR.

    python -m benchmarks.drawn_figures --count 500 --checkpoint checkpoints/patentlmm-tiny --workdir out/drawn

Prints one line of JSON. The figures are drawn with labels that training never drew, half of them with words that never
occur in training ("unseen"). Readings and texts are kept in the working directory, and a second run goes on where the
first stopped; a new checkpoint needs a new `--texts` name.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from dataset_builder.figure import Figure
from dataset_builder.synthetic import generate
from dataset_builder.synthetic.phrasing import kind_of
from modeling_patentlmm.describe_patentlmm import describe_batch, load_checkpoint
from modeling_patentlmm.ocr_patentlmm import FigureReading, Word, read_figure
from train.metrics import (
    bleu4,
    characters,
    figure_number_exact,
    invented,
    mean,
    names_in,
    recall,
)

FIRST_SEED = 10_000_000
SPLITS = ("test", "unseen")


def figures(count: int) -> Iterator[tuple[str, int, Figure]]:
    """Yield `count` figures with their split and seed, the splits in turn."""
    for index in range(count):
        split = SPLITS[index % len(SPLITS)]
        yield split, FIRST_SEED + index, generate(FIRST_SEED + index, split)


def reading_from_dict(row: dict) -> FigureReading:
    """The inverse of `dataclasses.asdict` for a reading."""
    words = {
        name: tuple(Word(word["text"], tuple(word["box"]), word["confidence"]) for word in row[name])
        for name in ("words", "left_out")
    }
    return FigureReading(rotation=row["rotation"], size=tuple(row["size"]), engine=row["engine"], **words)


def load_lines(path: Path) -> dict[str, dict]:
    """The rows of a JSONL file by their `id`; {} if there is none yet."""
    if not path.exists():
        return {}
    return {row["id"]: row for row in map(json.loads, path.read_text().splitlines())}


def read_all(count: int, path: Path) -> dict[str, dict]:
    """Read every figure once, with the engine the checkpoint is used with."""
    done = load_lines(path)
    with open(path, "a") as lines:
        for split, seed, figure in tqdm(figures(count), total=count, desc="reading"):
            key = f"{split}-{seed}"
            if key not in done:
                done[key] = {"id": key, "reading": asdict(read_figure(figure.image))}
                lines.write(json.dumps(done[key]) + "\n")
                lines.flush()
    return done


def parts_list(figure: Figure) -> dict[str, str] | None:
    """The list of parts a caller gives for a mechanical view, whose names the drawing does not print."""
    if figure.kind != "mechanical":
        return None
    return {numeral["text"]: numeral["term"] for numeral in figure.numerals if numeral["term"]} or None


def describe_all(count: int, checkpoint: str, readings: dict[str, dict], path: Path, batch_size: int) -> dict[str, dict]:
    """Describe every figure once; figures without a list of parts in batches, sorted as they come."""
    model, processor = load_checkpoint(checkpoint)
    done = load_lines(path)
    waiting: list[tuple[str, Figure]] = []

    def flush(lines, items, parts=None):
        texts = describe_batch(
            model,
            processor,
            [figure.image for _, figure in items],
            parts=parts,
            readings=[reading_from_dict(readings[key]["reading"]) for key, _ in items],
        )
        for (key, _), text in zip(items, texts, strict=True):
            done[key] = {"id": key, **text.as_dict()}
            lines.write(json.dumps(done[key]) + "\n")
        lines.flush()

    with open(path, "a") as lines:
        for split, seed, figure in tqdm(figures(count), total=count, desc="describing"):
            key = f"{split}-{seed}"
            if key in done:
                continue
            if parts := parts_list(figure):
                flush(lines, [(key, figure)], parts)
                continue
            waiting.append((key, figure))
            if len(waiting) == batch_size:
                flush(lines, waiting)
                waiting = []
        if waiting:
            flush(lines, waiting)
    return done


def score_figure(split: str, figure: Figure, text: dict, read_words: list[str]) -> dict:
    """Everything measured on one figure; None where it does not apply."""
    numerals = {numeral["text"] for numeral in figure.numerals}
    terms = {numeral["term"] for numeral in figure.numerals if numeral["term"]}
    inventory = {numeral["text"] for numeral in text["numerals"]}
    parts = terms if figure.kind != "flowchart" else set()
    named = names_in(text["detailed"], parts)
    seen = split == "test"
    return {
        "figure_number": float(figure_number_exact(text["brief"], figure.figure)),
        "label_read": float(text["label"] == figure.figure),
        "invented": len(invented(text["brief"], inventory) | invented(text["detailed"], inventory)),
        "not_drawn": len((characters(text["brief"]) | characters(text["detailed"])) - numerals),
        "numeral_recall": recall(characters(text["detailed"]), numerals),
        "numeral_reading_recall": recall(inventory, numerals),
        "name_recall": recall(named, parts) if seen else None,
        "name_recall_unseen": None if seen else recall(named, parts),
        "kind": float(kind_of(text["brief"]) == figure.kind),
    }


def summarise(count: int, texts: dict[str, dict], readings: dict[str, dict]) -> dict:
    """Means over the figures, sums of invented characters, and BLEU-4 of both descriptions."""
    rows, by_kind = [], {}
    generated, drawn = {"brief": [], "detailed": []}, {"brief": [], "detailed": []}
    for split, seed, figure in figures(count):
        key = f"{split}-{seed}"
        words = [word["text"] for word in readings[key]["reading"]["words"]]
        rows.append(score_figure(split, figure, texts[key], words))
        by_kind.setdefault(figure.kind, []).append(rows[-1])
        for kind in generated:
            generated[kind].append(texts[key][kind])
            drawn[kind].append(getattr(figure, f"{kind}_description"))
    sums = ("invented", "not_drawn")
    scores = {name: mean(row[name] for row in rows) for name in rows[0] if name not in sums}
    scores |= {name: sum(row[name] for row in rows) for name in sums}
    scores |= {f"{kind}_bleu4": bleu4(generated[kind], drawn[kind]) for kind in generated}
    measured = ("figure_number", "numeral_recall", "name_recall", "kind")
    scores["by_kind"] = {
        kind: {"figures": len(some)} | {name: mean(row[name] for row in some) for name in measured}
        for kind, some in sorted(by_kind.items())
    }
    return rounded(scores)


def rounded(value):
    """Numbers to four places, through dictionaries."""
    if isinstance(value, dict):
        return {name: rounded(item) for name, item in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--checkpoint", default="checkpoints/patentlmm-tiny")
    parser.add_argument("--workdir", type=Path, default=Path("out/drawn"))
    parser.add_argument("--texts", default="texts", help="name of the file of generated texts")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--read-only", action="store_true", help="read the figures and stop")
    args = parser.parse_args()

    args.workdir.mkdir(parents=True, exist_ok=True)
    readings = read_all(args.count, args.workdir / "readings.jsonl")
    if args.read_only:
        return
    texts_path = args.workdir / f"{args.texts}.jsonl"
    texts = describe_all(args.count, args.checkpoint, readings, texts_path, args.batch_size)
    print(json.dumps({"benchmark": "drawn_figures", "figures": args.count, **summarise(args.count, texts, readings)}))


if __name__ == "__main__":
    main()
