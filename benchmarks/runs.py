"""Readings and texts of a benchmark, kept in JSONL so that a run goes on where the last one stopped."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from dataset_builder.ocr import Readings
from modeling_patentlmm.describe_patentlmm import describe_batch
from modeling_patentlmm.ocr_patentlmm import FigureReading

LABELS = Path(__file__).with_name("reading_labels.jsonl")  # of real figures, read by eye


def parse_with_data(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """The command line with `data`, the folder of real figures, named by --data or the variable PATENTLMM_DATA."""
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("PATENTLMM_DATA"), help="folder of real figures, has figures.jsonl"
    )
    args = parser.parse_args()
    if args.data is None or not args.data.is_dir():
        parser.error("say where the real figures are: --data FOLDER, or the variable PATENTLMM_DATA")
    return args


def load_lines(path: Path) -> dict[str, dict]:
    """The rows of a JSONL file by their `id`; {} if there is none yet."""
    if not path.exists():
        return {}
    return {row["id"]: row for row in map(json.loads, path.read_text().splitlines())}


def read_all(images: Iterable[tuple[str, Image.Image]], total: int, path: Path) -> dict[str, FigureReading]:
    """Read every image once with the default engine."""
    readings = Readings(path)
    return {key: readings.read(image) for key, image in tqdm(images, total=total, desc="reading")}


class Describer:
    """Describes figures in batches of `batch_size` and keeps the texts in `path`."""

    def __init__(self, model, processor, readings: Mapping[str, FigureReading], path: Path, batch_size: int = 16):
        self.model, self.processor, self.readings = model, processor, readings
        self.path, self.batch_size = path, batch_size
        self.texts = load_lines(path)
        self._waiting: list[tuple[str, Image.Image]] = []

    def add(self, key: str, image: Image.Image, parts: Mapping[str, str] | None = None) -> None:
        """Describe an image, now if it has its own list of parts, otherwise when a batch is full."""
        if key in self.texts:
            return
        if parts:
            self._describe([(key, image)], parts)
            return
        self._waiting.append((key, image))
        if len(self._waiting) == self.batch_size:
            self.finish()

    def finish(self) -> dict[str, dict]:
        """Describe what waits; returns all texts by key."""
        if self._waiting:
            self._describe(self._waiting, None)
            self._waiting = []
        return self.texts

    def _describe(self, items: list[tuple[str, Image.Image]], parts: Mapping[str, str] | None) -> None:
        described = describe_batch(
            self.model,
            self.processor,
            [image for _, image in items],
            parts=parts,
            readings=[self.readings[key] for key, _ in items],
        )
        with open(self.path, "a") as lines:
            for (key, _), description in zip(items, described, strict=True):
                self.texts[key] = {"id": key, **description.as_dict()}
                lines.write(json.dumps(self.texts[key]) + "\n")


def rounded(value):
    """Numbers to four places, through dictionaries and lists."""
    if isinstance(value, dict):
        return {name: rounded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return round(value, 4) if isinstance(value, float) else value


def report(result: dict) -> None:
    """What is known so far, as one line of JSON on stderr: a long run may be cut off before its end."""
    print(json.dumps(rounded(result)), file=sys.stderr, flush=True)
