"""Scores as pictures: by kind of figure, by length of the reference, and the calibration of confidences."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

SHOWN = {
    "rougeL": "ROUGE-L / 100",
    "figure_number": "figure number",
    "character_f1": "characters, F1",
    "binding_f1": "numeral-term F1",
    "kind": "kind",
}


def draw_plots(system: dict, folder: Path) -> None:
    """Write by_kind.png, by_length.png and calibration.png for one system of scores.json."""
    folder.mkdir(parents=True, exist_ok=True)
    kinds = {f"{name}\n{entry['figures']}": entry["scores"] for name, entry in system["by_kind"].items()}
    lengths = {"{}-{}".format(*entry["words"]): entry["scores"] for entry in system["by_length"]}
    _bars(kinds, "kind of figure, and figures", folder / "by_kind.png")
    _bars(lengths, "words of the reference", folder / "by_length.png")
    _calibration(system["calibration"], folder / "calibration.png")


def _bars(groups: dict[str, dict], label: str, path: Path) -> None:
    figure, axes = plt.subplots(figsize=(max(6, 1.3 * len(groups)), 4), layout="constrained")
    width = 0.8 / len(SHOWN)
    for number, (measure, name) in enumerate(SHOWN.items()):
        scale = 100 if measure == "rougeL" else 1
        entries = [group[measure] for group in groups.values()]
        values, low, high = (
            np.array([entry[key] if entry[key] is not None else np.nan for entry in entries]) / scale
            for key in ("value", "low", "high")
        )
        places = np.arange(len(groups)) + (number - len(SHOWN) / 2 + 0.5) * width
        errors = np.clip([values - low, high - values], 0, None)
        axes.bar(places, values, width, yerr=errors, label=name, error_kw={"linewidth": 0.8})
    axes.set_xticks(range(len(groups)), list(groups))
    axes.set(ylim=(0, 1.05), xlabel=label)
    axes.legend(fontsize="small", ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    _save(figure, path)


def _calibration(calibration: dict, path: Path) -> None:
    figure, axes = plt.subplots(figsize=(4.5, 4.5), layout="constrained")
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    bins = calibration["bins"]
    axes.plot([row["confidence"] for row in bins], [row["drawn"] for row in bins], marker="o")
    for row in bins:
        axes.annotate(f" {row['characters']}", (row["confidence"], row["drawn"]), fontsize="small")
    error = "-" if calibration["error"] is None else f"{calibration['error']:.3f}"
    axes.set(
        xlim=(0, 1.05),
        ylim=(0, 1.05),
        xlabel="confidence of the reading",
        ylabel="share of the characters that are drawn",
        title=f"{calibration['characters']} characters written, error {error}",
    )
    _save(figure, path)


def _save(figure, path: Path) -> None:
    figure.savefig(path, dpi=120, metadata={"Software": None})
    plt.close(figure)
