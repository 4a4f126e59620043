"""How well real drawing sheets are turned upright, taken apart into figures, and mapped to the figures of their patent.

    python -m benchmarks.sheets --data FOLDER --workdir out/sheets [--set tune] [--overlays FOLDER] [--misses]

Prints one line of JSON, our separation beside two simple ones with the same words: the sheet as one figure, and cuts at
the widest white gaps (`sheet_peers.py`). `sheet_labels.md` tells how the sheets were labelled. Each sheet is read once;
the readings stay in the work folder.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pypdfium2
from PIL import Image, ImageDraw
from tqdm import tqdm

from dataset_builder.sheets import SheetSplit, is_front_page_copy, map_figures, split_sheet
from modeling_patentlmm.image_processing_patentlmm import open_figure
from modeling_patentlmm.ocr_patentlmm import FigureReading
from train.texts import read_jsonl

from .runs import parse_with_data, read_all, rounded
from .sheet_peers import Found, cut_at_gaps, whole_sheet

LABELS = Path(__file__).with_name("sheet_labels.jsonl")
PDF_DPI = 300
SEPARATED = 0.8  # least intersection over union of a figure found with the one labelled

Box = tuple[float, float, float, float]


def open_sheet(data: Path, name: str) -> Image.Image:
    """The image of a sheet: a file, or a page of a PDF ("file.pdf#4", counted from 1)."""
    file, _, page = name.partition("#")
    if not page:
        return open_figure(data / file)[0]
    with pypdfium2.PdfDocument(data / file) as pdf:
        return pdf[int(page) - 1].render(scale=PDF_DPI / 72).to_pil().convert("L")


def split_ours(image: Image.Image, reading: FigureReading) -> list[Found]:
    return [Found(figure.label, figure.box) for figure in split_sheet(image, reading).figures]


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def match(truth: list[dict], found: list[Found], size: tuple[int, int]) -> list[tuple[float, Found | None]]:
    """For each true figure its overlap with the figure found in its place, one to one, the best matches first."""
    scale = np.array(size * 2) / 1000
    overlaps = np.array([[overlap(row["box"], tuple(one.box / scale)) for one in found] for row in truth])
    matches: list[tuple[float, Found | None]] = [(0.0, None)] * len(truth)
    for _ in range(min(len(truth), len(found))):
        i, j = np.unravel_index(overlaps.argmax(), overlaps.shape)
        if overlaps[i, j] <= 0:
            break
        matches[i] = float(overlaps[i, j]), found[j]
        overlaps[i], overlaps[:, j] = -1, -1
    return matches


def score_sheet(row: dict, reading: FigureReading, found: list[Found]) -> dict:
    """What is right on one sheet."""
    matches = match(row["figures"], found, reading.size)
    true = Counter(figure["label"] for figure in row["figures"] if figure["label"])
    read = Counter(figure.label for figure in found if figure.label)
    return {
        "upright": reading.rotation == row["rotation"],
        "labelled": true.total(),
        "labels_right": (true & read).total(),
        "labels_false": (read - true).total(),
        "figures": len(matches),
        "found": len(found),
        "separated": sum(iou >= SEPARATED for iou, _ in matches),
        "iou": sum(iou for iou, _ in matches),
        "both": sum(
            iou >= SEPARATED and one.label == figure["label"]
            for (iou, one), figure in zip(matches, row["figures"], strict=True)
        ),
    }


def split_patents(data: Path, rows: list[dict], workdir: Path) -> dict[str, dict[str, SheetSplit]]:
    """All sheets of the labelled patents that come as sheets or have a labelled copy, taken apart, in order."""
    patents = {row["patent"]: False for row in rows}
    patents |= {row["patent"]: True for row in rows if row["front_page_copy"]}
    owners = {
        row["image"]: row["patent_id"]
        for row in read_jsonl(data / "figures.jsonl")
        if row["patent_id"] in patents and (row["kind"] != "single_figure" or patents[row["patent_id"]])
    }
    readings = read_all(((name, open_sheet(data, name)) for name in owners), len(owners), workdir / "readings.jsonl")
    splits: dict[str, dict[str, SheetSplit]] = {}
    for name in tqdm(sorted(owners), desc="map"):
        splits.setdefault(owners[name], {})[name] = split_sheet(open_sheet(data, name), readings[name])
    return splits


def expected_labels(data: Path) -> dict[str, list[str]]:
    """The labels that the brief description of the drawings names, by patent."""
    with gzip.open(data / "texts" / "patent_texts.jsonl.gz", "rt") as lines:
        texts = map(json.loads, lines)
        return {text["patent_id"]: list(text["brief_drawings"]) for text in texts if text["brief_drawings"]}


def score_map(rows: list[dict], splits: dict[str, dict[str, SheetSplit]], expected: dict[str, list[str]]) -> dict:
    """The labelled figures that the map of their patent puts on their sheet, what it puts there wrongly, the copies."""
    counts = Counter()
    for patent, sheets in splits.items():
        copies = {name for name in sheets if is_front_page_copy(sheets[name], _others(sheets, name))}
        mapped = labels_on_sheets({n: s for n, s in sheets.items() if n not in copies}, expected.get(patent))
        for row in (row for row in rows if row["patent"] == patent and in_figures(row["image"]) in sheets):
            name = in_figures(row["image"])
            labels = {figure["label"] for figure in row["figures"] if figure["label"]}
            counts["labelled"] += len(labels)
            counts["right"] += len(labels & mapped.get(name, set()))
            counts["wrong"] += len(mapped.get(name, set()) - labels)
            counts["copies"] += row["front_page_copy"]
            counts["copies_found"] += row["front_page_copy"] and name in copies
            counts["copies_false"] += name in copies and not row["front_page_copy"]
    return {"accuracy": counts["right"] / max(counts["labelled"], 1)} | dict(counts)


def _others(sheets: dict[str, SheetSplit], name: str) -> list[SheetSplit]:
    return [split for other, split in sheets.items() if other != name]


def labels_on_sheets(sheets: dict[str, SheetSplit], expected: list[str] | None) -> dict[str, set[str]]:
    """The labels that the map of a patent puts on each sheet."""
    names, found = list(sheets), map_figures(list(sheets.values()), expected)
    mapped: dict[str, set[str]] = {}
    for figure in found.figures:
        for part in figure.parts:
            mapped.setdefault(names[part.sheet], set()).add(figure.label)
    return mapped


def in_figures(image: str) -> str:
    """The name of a page of a PDF or of a TIFF among the single images of the same sheets."""
    path, _, page = image.partition("#")
    stem = Path(path).stem
    return f"figures/{stem}-p{int(page):03d}.png" if page else f"figures/{stem}.png" if "/raw/" in f"/{path}" else image


def summarise(scores: list[dict]) -> dict:
    """Shares over all sheets or figures."""
    total = {name: sum(score[name] for score in scores) for name in scores[0]}
    return {
        "sheets": len(scores),
        "figures": total["figures"],
        "orientation": total["upright"] / len(scores),
        "label_accuracy": total["labels_right"] / max(total["labelled"], 1),
        "label_precision": total["labels_right"] / max(total["labels_right"] + total["labels_false"], 1),
        "separated": total["separated"] / max(total["figures"], 1),
        "separated_precision": total["separated"] / max(total["found"], 1),
        "mean_iou": total["iou"] / max(total["figures"], 1),
        "separated_and_labelled": total["both"] / max(total["figures"], 1),
    }


def score(rows: list[dict], data: Path, readings: dict[str, FigureReading], split: Callable, misses: bool) -> dict:
    """The summary of one way to separate, by set and over all, and the seconds that it takes per sheet."""
    scores, seconds = [], 0.0
    for row in tqdm(rows, desc=split.__name__):
        image, reading = open_sheet(data, row["image"]), readings[row["image"]]
        start = time.perf_counter()
        found = split(image, reading)
        seconds += time.perf_counter() - start
        scores.append(score_sheet(row, reading, found))
        if misses and row["set"] == "tune":
            tell_misses(row, reading, found, scores[-1])
    sets = {name: [score for row, score in zip(rows, scores) if row["set"] == name] for name in ("tune", "held")}
    result = {name: summarise(chosen) for name, chosen in (*sets.items(), ("all", scores)) if chosen}
    return result | {"sheets_per_second": len(rows) / seconds}


def tell_misses(row: dict, reading: FigureReading, found: list[Found], score: dict) -> None:
    """What went wrong on a sheet, on stderr."""
    if score["both"] == len(row["figures"]) == len(found) and score["upright"]:
        return
    overlaps = [round(iou, 2) for iou, _ in match(row["figures"], found, reading.size)]
    labels = [figure["label"] for figure in row["figures"]]
    read = [figure.label for figure in found]
    print(row["image"], row["rotation"], reading.rotation, labels, read, overlaps, file=sys.stderr)


def draw_overlay(row: dict, data: Path, reading: FigureReading, folder: Path) -> None:
    """The upright sheet with the true boxes in green and those found in red."""
    image = open_sheet(data, row["image"]).rotate(reading.rotation, expand=True).convert("RGB")
    draw = ImageDraw.Draw(image)
    line, size = max(1, max(image.size) // 400), max(10, max(image.size) // 50)
    scale = np.array(image.size * 2) / 1000
    for figure in row["figures"]:
        box = np.array(figure["box"]) * scale
        draw.rectangle(box.tolist(), outline="green", width=line)
        draw.text((box[0], box[3]), str(figure["label"]), "green", font_size=size)
    for figure in split_sheet(open_sheet(data, row["image"]), reading).figures:
        draw.rectangle(figure.box, outline="red", width=line)
        draw.text(figure.box[:2], str(figure.label), "red", font_size=size)
    folder.mkdir(parents=True, exist_ok=True)
    image.save(folder / (row["image"].replace("/", "_").replace("#", "_") + ".png"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workdir", type=Path, default=Path("out/sheets"))
    parser.add_argument("--set", choices=("tune", "held"), help="one set of sheets only")
    parser.add_argument("--overlays", type=Path, help="folder to draw the sheets in")
    parser.add_argument("--misses", action="store_true", help="tell on stderr what went wrong on the tune sheets")
    args = parse_with_data(parser)

    args.workdir.mkdir(parents=True, exist_ok=True)
    rows = [row for row in read_jsonl(LABELS) if args.set in (None, row["set"])]
    images = ((row["image"], open_sheet(args.data, row["image"])) for row in rows)
    readings = read_all(images, len(rows), args.workdir / "readings.jsonl")
    result = {"benchmark": "sheets", **score(rows, args.data, readings, split_ours, args.misses)}
    result["peers"] = {
        peer.__name__: score(rows, args.data, readings, peer, False) for peer in (whole_sheet, cut_at_gaps)
    }
    splits, expected = split_patents(args.data, rows, args.workdir), expected_labels(args.data)
    result["map"] = {
        name: score_map([row for row in rows if name in ("all", row["set"])], splits, expected)
        for name in ("tune", "held", "all")
    }
    for row in rows if args.overlays else ():
        draw_overlay(row, args.data, readings[row["image"]], args.overlays)
    print(json.dumps(rounded(result)))


if __name__ == "__main__":
    main()
