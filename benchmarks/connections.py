"""How many of the connections of a block diagram are read from its lines, and how many of those read are there.

    python -m benchmarks.connections --data FOLDER

Prints one line of JSON: precision and recall on drawn block diagrams with their true words; and of what is read on the
block diagrams and networks among the labelled real sheets, with the words of the default engine, how much is drawn by
eye (`connection_labels.jsonl`; what nobody has looked at is counted apart). The rules that doubt a part were chosen on
these real sheets: expect less on others. The peer needs no lines: each part is connected to the one nearest to it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from dataset_builder.ocr import Readings
from dataset_builder.synthetic import generate
from modeling_patentlmm.connections_patentlmm import find_connections
from modeling_patentlmm.describe_patentlmm import upright
from modeling_patentlmm.names_patentlmm import find_printed_names

from .runs import LABELS, parse_with_data, rounded

SEEN_BY_EYE = Path(__file__).with_name("connection_labels.jsonl")
KINDS = ("block_diagram", "network")
FIRST_SEED = 10_600_000
Pair = frozenset[str]


def read_pairs(image: Image.Image, words, boxes) -> set[Pair]:
    """The pairs of parts that the lines join."""
    named = find_printed_names(words, boxes, image.size)
    return {frozenset((one.source, one.target)) for one in find_connections(image, words, boxes, named)}


def nearest_pairs(image: Image.Image, words, boxes) -> set[Pair]:
    """Each part with the part whose reference character is nearest."""
    width, height = image.size
    named = [character for character, _ in find_printed_names(words, boxes, image.size) if any(character.box)]
    middles = {
        one.text: complex((one.box[0] + one.box[2]) * width, (one.box[1] + one.box[3]) * height) for one in named
    }
    return {
        frozenset(
            (text, min((other for other in middles if other != text), key=lambda other: abs(middles[other] - at)))
        )
        for text, at in middles.items()
        if len(middles) > 1
    }


def drawn_figures(count: int) -> Iterator[tuple[set[Pair], set[Pair], set[Pair]]]:
    """Of each drawn block diagram what is connected, what was read, and what the peer guesses."""
    for seed in tqdm(range(FIRST_SEED, FIRST_SEED + count), desc="drawn"):
        figure = generate(seed, "test", family="block_diagram")
        there = {frozenset((edge["source"], edge["target"])) for edge in figure.edges}
        there = {pair for pair in there if all(any(map(str.isdigit, end)) for end in pair)}
        seen = figure.image, figure.words, figure.boxes
        yield there, read_pairs(*seen), nearest_pairs(*seen)


def scores(rows: Iterable[tuple[set[Pair], set[Pair]]]) -> dict[str, float]:
    """Precision, recall and F1 of what was found against what is there."""
    rows = list(rows)
    right, found, there = (
        sum(map(len, counted)) for counted in zip(*((there & found, found, there) for there, found in rows))
    )
    return {
        "precision": right / max(1, found),
        "recall": right / max(1, there),
        "f1": 2 * right / max(1, found + there),
    }


def real_figures(data: Path, readings: Path) -> dict[str, int]:
    """What was read on real sheets, by what the eye says of it."""
    seen = {}
    for row in map(json.loads, SEEN_BY_EYE.read_text().splitlines()):
        seen[row["image"], frozenset((row["source"], row["target"]))] = row["drawn"]
    labelled = [row for row in map(json.loads, LABELS.read_text().splitlines()) if row["kind"] in KINDS]
    reader, verdicts = Readings(readings), []
    for row in tqdm(labelled, desc="real"):
        image = Image.open(data / row["image"])
        reading = reader.read(image)
        words, boxes, _ = reading.columns
        found = read_pairs(upright(image.convert("L"), reading.rotation), words, boxes)
        verdicts += [seen.get((row["image"], pair)) for pair in found]
    return {
        "sheets": len(labelled),
        "connections": len(verdicts),
        "drawn": verdicts.count(True),
        "not_drawn": verdicts.count(False),
        "not_looked_at": verdicts.count(None),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200, help="drawn figures")
    parser.add_argument("--workdir", type=Path, default=Path("out/connections"))
    args = parse_with_data(parser)
    args.workdir.mkdir(parents=True, exist_ok=True)
    drawn = list(drawn_figures(args.count))
    found = {
        "ours": scores((there, read) for there, read, _ in drawn),
        "nearest": scores((there, guess) for there, _, guess in drawn),
        "real": real_figures(args.data, args.workdir / "readings.jsonl"),
    }
    print(json.dumps({"benchmark": "connections", "figures": args.count, **rounded(found)}))


if __name__ == "__main__":
    main()
