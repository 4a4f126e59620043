"""The findings of an audit of splits: JSON and JSON lines for programs, Markdown and a picture for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from dataset_builder.leakage.audit import Leak, LeakReport, Pair, Trace
from dataset_builder.likeness.texts import similarity
from dataset_builder.markdown import table
from dataset_builder.rejects import told

MAX_SHOWN = 8  # pairs of drawings
_TEXTS = ("brief", "detailed")
_MEANING = {
    "figure": "one image id",
    "patent": "one patent",
    "family": "one patent family",
    "image": "drawings that look alike",
    "brief": "brief descriptions that read alike",
    "detailed": "detailed descriptions that read alike",
}
_CELL, _CAPTION, _GAP = (560, 460), 56, 24  # pixels


def write_report(report: LeakReport, out: Path) -> None:
    """Write `out` (JSON), and beside it .md, .pairs.jsonl and, where drawings look alike, .png."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(as_dict(report), indent=2) + "\n", encoding="utf-8")
    with open(out.with_suffix(".pairs.jsonl"), "w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(pair_as_dict(pair), ensure_ascii=False) + "\n" for pair in report.pairs)
    picture = out.with_suffix(".png")
    shown = pairs_to_show(report.pairs)
    if shown:
        montage(report, shown).save(picture)
    out.with_suffix(".md").write_text(as_markdown(report, picture.name if shown else None), encoding="utf-8")


def as_dict(report: LeakReport) -> dict:
    """Counts and shares; the pairs are too many for one object."""
    return {
        "source": report.source,
        "splits": report.splits,
        "leaks": [_leak_as_dict(report, leak) for leak in report.leaks],
        "not_compared": report.rejects,
    }


def _leak_as_dict(report: LeakReport, leak: Leak) -> dict:
    concerned = {
        split: {"figures": count, "share": round(count / report.splits[split]["rows"], 6)}
        for split, count in zip(leak.splits, leak.figures, strict=True)
    }
    return {"kind": leak.kind, "shared": leak.shared, "concerned": concerned}


def pair_as_dict(pair: Pair) -> dict:
    """A line of .pairs.jsonl: the kind, both figures, and how near they are."""
    row: dict = {"kind": pair.kind, "a": _figure_as_dict(pair.a), "b": _figure_as_dict(pair.b)}
    if pair.kind in _TEXTS:
        row["similarity"] = round(similarity(pair.distance), 3)
    elif pair.distance is not None:
        row["distance"] = pair.distance
    return row


def _figure_as_dict(trace: Trace) -> dict:
    return {name: getattr(trace, name) for name in ("split", "image_id", "patent_id", "family_id")}


# --- Markdown --------------------------------------------------------------------------------------------------------


def as_markdown(report: LeakReport, picture: str | None) -> str:
    """A page with the splits, what they share, and what could not be compared."""
    return "\n".join(_lines(report, picture)) + "\n"


def _lines(report: LeakReport, picture: str | None) -> Iterator[str]:
    yield from [f"# What the splits share: {Path(report.source).name}", ""]
    names = list(next(iter(report.splits.values()), {}))
    yield from table(["split", *names], [[split, *counts.values()] for split, counts in report.splits.items()])
    yield from [
        "",
        "Images and texts count where they can be compared: not blank, not shorter than a stock phrase.",
        "",
    ]
    rows = [_leak_row(report, leak) for leak in report.leaks]
    yield from table(["between", "what", "shared", "figures concerned"], rows)
    yield from ["", f"Not compared: {told(report.rejects)}.", ""]
    if picture:
        yield from ["## Drawings that look alike", "", f"![pairs of drawings that look alike]({picture})"]


def _leak_row(report: LeakReport, leak: Leak) -> list[str]:
    figures = ", ".join(
        f"{count:,} of {split} ({count / report.splits[split]['rows']:.2%})"
        for split, count in zip(leak.splits, leak.figures, strict=True)
    )
    return [" and ".join(leak.splits), _MEANING[leak.kind], f"{leak.shared:,}", figures if leak.shared else "none"]


# --- picture ---------------------------------------------------------------------------------------------------------


def pairs_to_show(pairs: Sequence[Pair]) -> list[Pair]:
    """Pairs of drawings, of two patents if there are any, from the nearest to those that just count as alike."""
    alike = sorted((pair for pair in pairs if pair.kind == "image"), key=lambda pair: pair.distance)
    alike = [pair for pair in alike if pair.a.patent_id != pair.b.patent_id] or alike
    if len(alike) <= MAX_SHOWN:
        return alike
    return [alike[round(i * (len(alike) - 1) / (MAX_SHOWN - 1))] for i in range(MAX_SHOWN)]


def montage(report: LeakReport, pairs: Sequence[Pair]) -> Image.Image:
    """The pairs, two in a row, with their ids, splits and distance under them."""
    width, height = 2 * _CELL[0] + _GAP, _CELL[1] + _CAPTION
    rows = (len(pairs) + 1) // 2
    sheet = Image.new("RGB", (2 * width + 3 * _GAP, rows * (height + _GAP) + _GAP), "#e8e8e8")
    for place, pair in enumerate(pairs):
        corner = _GAP + place % 2 * (width + _GAP), _GAP + place // 2 * (height + _GAP)
        sheet.paste(_side_by_side(report, pair, width, height), corner)
    return sheet


def _side_by_side(report: LeakReport, pair: Pair, width: int, height: int) -> Image.Image:
    tile = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(tile)
    font = ImageFont.load_default(size=19)
    for left, trace in ((0, pair.a), (_CELL[0] + _GAP, pair.b)):
        image = ImageOps.contain(report.open_image(trace).convert("RGB"), (_CELL[0] - 16, _CELL[1] - 16))
        tile.paste(image, (left + (_CELL[0] - image.width) // 2, (_CELL[1] - image.height) // 2))
        draw.text((left + 10, _CELL[1] + 4), f"{trace.split}: {trace.image_id[:44]}", fill="black", font=font)
    draw.text((10, _CELL[1] + 28), f"{pair.distance} of 512 bits differ", fill="#666666", font=font)
    draw.line([(_CELL[0] + _GAP // 2, 0), (_CELL[0] + _GAP // 2, _CELL[1])], fill="#cccccc")
    return tile
