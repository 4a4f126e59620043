"""Predictions to scores: per figure, pooled, as a Markdown table and as plots."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from datasets import Dataset

from .. import metrics
from ..metrics import FigureScore, FigureTruth

OVERLAP = {
    "bleu2": "B-2",
    "bleu4": "B-4",
    "bleu": "Avg. B",
    "rouge1": "R-1",
    "rouge2": "R-2",
    "rougeL": "R-L",
    "meteor": "METEOR",
    "chrf": "chrF",
}
TRUTH = {
    "figure_number": "figure number",
    "character_precision": "characters, precision",
    "character_recall": "recall",
    "character_f1": "F1",
    "coverage": "coverage",
    "invented": "invented",
    "binding_f1": "numeral-term F1",
    "connection_f1": "connection F1",
    "kind": "kind",
}
FORM = {"repetition": "repetition", "length_ratio": "length ratio", "truncated": "truncated"}


def truths_of(figures: Dataset, task: str) -> list[FigureTruth]:
    """What is known of each figure; images are not opened.

    Raises:
        ValueError: no figure has a description of this kind.
    """
    truths = [FigureTruth.from_row(row, task) for row in figures.remove_columns("image")]
    if not any(truth.reference for truth in truths):
        raise ValueError(f"no figure has a {task} description to compare with; choose the other --kind")
    return truths


def score(predictions: Mapping[str, dict], truths: Sequence[FigureTruth]) -> list[FigureScore]:
    """A score for every figure; one without a prediction is scored as an empty text."""
    nothing = {"text": "", "truncated": None}
    rows = [predictions.get(truth.image_id, nothing) for truth in truths]
    return [metrics.score_figure(row["text"], truth, row["truncated"]) for row, truth in zip(rows, truths, strict=True)]


def report(scores: Sequence[FigureScore], missing: int) -> dict:
    """One system's part of scores.json; `missing` counts the figures without a prediction."""
    sources = {score.source for score in scores}
    result = {"figures": len(scores), "missing": missing, "scores": metrics.summarise(scores)}
    result["by_kind"] = metrics.group(scores, lambda score: score.kind)
    if len(sources) > 1:
        result["by_source"] = metrics.group(scores, lambda score: score.source)
    return result | {"by_length": metrics.by_length(scores), "calibration": metrics.calibration(scores)}


def write_report(result: dict, scores: Mapping[str, Sequence[FigureScore]], out: Path) -> None:
    """Write scores.json, table.md, figures/SYSTEM.jsonl and plots/; `result` has `run` and `systems`."""
    (out / "scores.json").write_text(json.dumps(result, indent=1) + "\n")
    (out / "table.md").write_text(as_markdown(result))
    (out / "figures").mkdir(exist_ok=True)
    for system, rows in scores.items():
        lines = [json.dumps(row.as_dict()) + "\n" for row in rows]
        (out / "figures" / f"{system}.jsonl").write_text("".join(lines))
    from .plots import draw_plots  # matplotlib takes a while to import

    draw_plots(next(iter(result["systems"].values())), out / "plots")


def as_markdown(result: dict) -> str:
    """The tables of a report: all systems, then the first one by kind (and by source where there are several)."""
    systems = {name: system["scores"] for name, system in result["systems"].items()}
    first = next(iter(result["systems"].values()))
    figures = ", ".join(f"{entry['figures']} {name}" for name, entry in first["by_kind"].items())
    parts = [f"# {result['run']['kind'].capitalize()} descriptions, {first['figures']} figures\n"]
    parts.append(f"In brackets the 95 % bootstrap interval. Figures: {figures}.\n")
    parts.append("Overlap with the reference, 0 to 100:\n\n" + table(systems, OVERLAP, 1))
    parts.append("Truth, 0 to 1:\n\n" + table(systems, TRUTH, 3))
    parts.append("Form:\n\n" + table(systems, FORM, 3))
    missing = {name: system["missing"] for name, system in result["systems"].items() if system["missing"]}
    parts += [
        f"{name}: {count} figures have no prediction and count as empty texts.\n" for name, count in missing.items()
    ]
    for group in ("by_kind", "by_source"):
        if group in first:
            rows = {name: entry["scores"] for name, entry in first[group].items()}
            parts.append(
                f"{next(iter(systems))} {group.replace('_', ' ')}:\n\n" + table(rows, {"rougeL": "R-L", **TRUTH}, 3)
            )
    parts += [f"* {name}: {what}\n" for name, what in result["implementations"].items()]
    return "\n".join(parts).replace("\n\n* ", "\n* ")


def table(rows: Mapping[str, dict], columns: Mapping[str, str], places: int) -> str:
    """A Markdown table: a row for each system, a column for each measure, "-" where nothing was measured."""
    lines = ["| | " + " | ".join(columns.values()) + " |", "|---|" + "---|" * len(columns)]
    for name, scores in rows.items():
        cells = [_cell(scores[measure], places) for measure in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(entry: Mapping, places: int) -> str:
    if entry["value"] is None:
        return "-"
    value, low, high = (f"{entry[name]:.{places}f}" for name in ("value", "low", "high"))
    return f"{value} ({low}-{high})"
