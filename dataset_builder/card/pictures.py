"""The pictures of a dataset card: how long its texts are, and which patents it is made of."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import matplotlib
import numpy as np

from dataset_builder.card.statistics import SECTIONS, Statistics

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.ticker import FuncFormatter, MaxNLocator  # noqa: E402

_COLOUR, _MARK = "#3b6ea5", "#c0392b"
_SHOWN = 99  # percent of the values; the longest are drawn together in the last bar


def draw_pictures(statistics: Statistics, folder: Path) -> dict[str, str]:
    """Write lengths.png and patents.png; returns what each shows by its name. What is not known is not drawn."""
    folder.mkdir(parents=True, exist_ok=True)
    lengths = {
        "words of the brief description": statistics.lengths["brief"],
        "words of the detailed description": statistics.lengths["detailed"],
        "words read on the drawing": statistics.lengths["read"],
    }
    drawn = {}
    known = {label: values for label, values in lengths.items() if values}
    if known:
        _draw_histograms(known, folder / "lengths.png")
        drawn["lengths.png"] = "Figures by the " + ", the ".join(known)
    if statistics.patents:
        _draw_patents(statistics, folder / "patents.png")
        drawn["patents.png"] = "Patents by year of publication, by CPC section, and by their number of figures"
    return drawn


def _draw_histograms(lengths: dict[str, list[int]], path: Path) -> None:
    figure, panels = _panels(len(lengths))
    for axes, (label, values) in zip(panels, lengths.items(), strict=True):
        _histogram(axes, np.array(values), label, "figures")
    _save(figure, path)


def _histogram(axes: Axes, values: np.ndarray, label: str, counted: str) -> None:
    """A histogram with its median; the values beyond `_SHOWN` percent stand in the last bar."""
    top = max(int(np.percentile(values, _SHOWN)), 1)
    width = max(1, -(-top // 40))
    edges = np.arange(0, top + 2 * width, width) - (0.5 if width == 1 else 0)
    clipped = np.minimum(values, edges[-1])
    heights, _, _ = axes.hist(clipped, bins=edges, color=_COLOUR, edgecolor="white", linewidth=0.4)
    median = float(np.median(values))
    axes.axvline(median, color=_MARK, linewidth=1.2)
    axes.annotate(f" median {median:,.0f}", (median, 1.1 * heights.max()), color=_MARK, va="center", fontsize=9)
    beyond = int((values > edges[-1]).sum())
    more = f"; {beyond:,} with more in the last bar" if beyond else ""
    axes.set(xlabel=f"{label}{more}", ylabel=counted, ylim=(0, 1.18 * heights.max()))


def _draw_patents(statistics: Statistics, path: Path) -> None:
    years, sections = statistics.years, statistics.sections
    figure, panels = _panels(1 + bool(years) + bool(sections))
    remaining = iter(panels)
    if years:
        _years(next(remaining), years)
    if sections:
        _sections(next(remaining), sections)
    _histogram(next(remaining), np.array(list(statistics.patent_figures.values())), "figures of a patent", "patents")
    _save(figure, path)


def _years(axes: Axes, years: Counter) -> None:
    first, last = min(map(int, years)), max(map(int, years))
    axes.bar(range(first, last + 1), [years[str(year)] for year in range(first, last + 1)], color=_COLOUR)
    axes.set(xlabel="year of publication", ylabel="patents")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))


def _sections(axes: Axes, sections: Counter) -> None:
    """Sideways bars, as the names of the sections are long."""
    letters = sorted(sections, reverse=True)
    bars = axes.barh(range(len(letters)), [sections[letter] for letter in letters], 0.6, color=_COLOUR)
    axes.bar_label(bars, fmt=lambda value: f" {value:,.0f}", fontsize=9)
    axes.set_yticks(range(len(letters)), [f"{letter}  {SECTIONS[letter]}" for letter in letters])
    axes.set(xlabel="patents, by CPC section")
    axes.margins(x=0.15)


def _panels(count: int) -> tuple[plt.Figure, list[Axes]]:
    figure, panels = plt.subplots(1, count, figsize=(5.2 * count, 3.6), layout="constrained", squeeze=False)
    for axes in panels[0]:
        axes.spines[["top", "right"]].set_visible(False)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(integer=True, nbins=7))
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    return figure, list(panels[0])


def _save(figure: plt.Figure, path: Path) -> None:
    figure.savefig(path, dpi=120, metadata={"Software": None})
    plt.close(figure)
