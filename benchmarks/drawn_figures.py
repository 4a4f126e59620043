"""What the checkpoint writes about held-out drawn figures, read through the real OCR.

    python -m benchmarks.drawn_figures --count 500 --checkpoint checkpoints/patentlmm-tiny --workdir out/drawn

Prints one line of JSON. The figures are drawn with labels that training never drew, half of them with words that never
occur in training ("unseen"). Readings and texts are kept in the working directory, and a second run goes on where the
first stopped; a new checkpoint needs a new `--texts` name. The kind of a figure is what its own description calls it:
a network may be drawn and described as a block diagram. Part names are those that can be known: where a character
stands for the whole and no name is printed, the text may as well say "system" as "apparatus".
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from dataset_builder.figure import Figure
from dataset_builder.synthetic import generate
from dataset_builder.synthetic.diagrams import WHOLES
from dataset_builder.synthetic.phrasing import kind_of
from modeling_patentlmm.describe_patentlmm import load_checkpoint
from modeling_patentlmm.numerals_patentlmm import plain_character
from train.metrics import (
    bleu4,
    characters,
    figure_number_exact,
    invented,
    mean,
    names_in,
    recall,
)
from train.metrics.connections import score_connections
from train.metrics.ratio import pool

from .runs import Describer, read_all, rounded

FIRST_SEED = 10_000_000
CONNECTION = ("connection_precision", "connection_recall", "connection_f1")
SPLITS = ("test", "unseen")


def figures(count: int) -> Iterator[tuple[str, str, Figure]]:
    """Yield `count` figures with a key and their split, the splits in turn."""
    for index in range(count):
        split, seed = SPLITS[index % len(SPLITS)], FIRST_SEED + index
        yield f"{split}-{seed}", split, generate(seed, split)


def parts_list(figure: Figure) -> dict[str, str] | None:
    """The list of parts a caller gives for a mechanical view, whose names the drawing does not print."""
    if figure.kind != "mechanical":
        return None
    return {numeral["text"]: numeral["term"] for numeral in figure.numerals if numeral["term"]} or None


def score_figure(split: str, figure: Figure, text: dict) -> dict:
    """Everything measured on one figure; None where it does not apply."""
    numerals = {numeral["text"] for numeral in figure.numerals}
    terms = {numeral["term"] for numeral in figure.numerals if numeral["term"]}
    printed = numerals | {plain_character(word) for word in figure.words}  # a circuit's R1 is no reference character
    inventory = {numeral["text"] for numeral in text["numerals"]}
    parts = terms - set(WHOLES) if figure.kind != "flowchart" else set()
    named = names_in(text["detailed"], parts)
    seen = split == "test"
    return {
        "figure_number": float(figure_number_exact(text["brief"], figure.figure)),
        "label_read": float(text["label"] == figure.figure),
        "invented": len(invented(text["brief"], inventory) | invented(text["detailed"], inventory)),
        "not_drawn": len((characters(text["brief"]) | characters(text["detailed"])) - printed),
        "numeral_recall": recall(characters(text["detailed"]), numerals),
        "numeral_reading_recall": recall(inventory, numerals),
        "name_recall": recall(named, parts) if seen else None,
        "name_recall_unseen": None if seen else recall(named, parts),
        "kind": float(kind_of(text["brief"]) == kind_of(figure.brief_description)),
    }


def summarise(drawn_figures: list[tuple[str, str, Figure]], texts: dict[str, dict]) -> dict:
    """Means over the figures, sums of invented characters, and BLEU-4 of both descriptions."""
    rows, by_kind, connections = [], {}, []
    generated, drawn = {"brief": [], "detailed": []}, {"brief": [], "detailed": []}
    for key, split, figure in drawn_figures:
        rows.append(score_figure(split, figure, texts[key]))
        by_kind.setdefault(figure.kind, []).append(rows[-1])
        if figure.kind == "block_diagram":
            connections.append(score_connections(texts[key]["detailed"], figure.edges))
        for kind in generated:
            generated[kind].append(texts[key][kind])
            drawn[kind].append(getattr(figure, f"{kind}_description"))
    sums = ("invented", "not_drawn")
    scores = {name: mean(row[name] for row in rows) for name in rows[0] if name not in sums}
    scores |= {name: sum(row[name] for row in rows) for name in sums}
    scores |= {f"{kind}_bleu4": bleu4(generated[kind], drawn[kind]) for kind in generated}
    scores |= {f"block_diagram_{name}": pool(one[name] for one in connections) for name in CONNECTION}
    measured = ("figure_number", "numeral_recall", "name_recall", "kind")
    scores["by_kind"] = {
        kind: {"figures": len(some)} | {name: mean(row[name] for row in some) for name in measured}
        for kind, some in sorted(by_kind.items())
    }
    return rounded(scores)


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
    drawn = list(figures(args.count))
    images = ((key, figure.image) for key, _, figure in drawn)
    readings = read_all(images, len(drawn), args.workdir / "readings.jsonl")
    if args.read_only:
        return
    describer = Describer(
        *load_checkpoint(args.checkpoint), readings, args.workdir / f"{args.texts}.jsonl", args.batch_size
    )
    for key, _, figure in tqdm(drawn, desc="describing"):
        describer.add(key, figure.image, parts_list(figure))
    scores = summarise(drawn, describer.finish())
    print(json.dumps({"benchmark": "drawn_figures", "figures": args.count, **scores}))


if __name__ == "__main__":
    main()
