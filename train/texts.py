"""Real patent texts for the language side, with the patents of evaluation figures held apart."""

from __future__ import annotations

import argparse
import gzip
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

MAX_LINE_BYTES = 64 * 2**20  # a patent has a few megabytes at most


def patent_key(patent_id: str) -> str:
    """Reduce a publication number to country-free digits, so that US10000000 and US10000000B2 are one patent."""
    match = re.search(r"(?:US)?\s*(D|PP|RE|H)?0*(\d{4,})", patent_id.upper())
    return (match.group(1) or "") + match.group(2) if match else patent_id.upper()


def read_jsonl(path: Path) -> Iterator[dict]:
    """Yield the rows of a JSONL file, gzipped or not.

    Raises:
        ValueError: a line is not JSON, or longer than a patent can be; names the file and the line.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as lines:
        for number, line in enumerate(iter(lambda: lines.readline(MAX_LINE_BYTES), b""), 1):
            if len(line) == MAX_LINE_BYTES:
                raise ValueError(f"{path}:{number} is longer than a patent can be; put each text on a line of its own")
            try:
                yield json.loads(line)
            except (ValueError, RecursionError) as error:
                raise ValueError(f"{path}:{number} is not JSON ({error}); repair or remove the line") from error


def held_apart(figures: Path) -> set[str]:
    """Patents whose figures are evaluated; their texts must not be trained on."""
    return {patent_key(row["patent_id"]) for row in read_jsonl(figures)}


def figure_texts(path: Path, excluded: set[str]) -> Iterator[str]:
    """Yield `brief` and `detailed` texts of the figure records that are not excluded, whitespace normalised."""
    for row in read_jsonl(path):
        if patent_key(row["patent_id"]) in excluded:
            continue
        for column in ("brief_description", "detailed_text"):
            if row.get(column):
                yield " ".join(row[column].split())


def patent_texts(path: Path, excluded: set[str], max_chars: int) -> Iterator[str]:
    """Yield the first `max_chars` characters of every full description that is not excluded."""
    for row in read_jsonl(path):
        if patent_key(row["patent_id"]) not in excluded:
            yield " ".join(row["description"][:max_chars].split())


def main() -> None:
    """Write `train.jsonl` and `validation.jsonl` ({"text"}), split by patent, evaluation patents left out."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with figures.jsonl and texts/")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()

    excluded = held_apart(args.data / "figures.jsonl")
    args.out.mkdir(parents=True, exist_ok=True)
    source = args.data / "texts/figure_texts.jsonl.gz"
    validation = {
        key for row in read_jsonl(source) if zlib.crc32((key := patent_key(row["patent_id"])).encode()) % 20 == 0
    }
    everyone = {patent_key(row["patent_id"]) for row in read_jsonl(source)}
    for split, left_out in (("train", excluded | validation), ("validation", excluded | (everyone - validation))):
        with open(args.out / f"{split}.jsonl", "w", encoding="utf-8") as lines:
            for text in figure_texts(source, left_out):
                lines.write(json.dumps({"text": text}) + "\n")


if __name__ == "__main__":
    main()
