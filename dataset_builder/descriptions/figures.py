"""The brief and the detailed description of each figure out of a patent's text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dataset_builder.descriptions.brief import Brief, brief_of_each, read_entries
from dataset_builder.descriptions.detailed import GRAPH, find_subjects, paragraphs_of_each
from dataset_builder.descriptions.known import KnownFigures, Label
from dataset_builder.descriptions.layout import lay_out
from dataset_builder.descriptions.terms import PartName, name_parts
from dataset_builder.patent import Paragraph, Patent


@dataclass(frozen=True)
class FigureText:
    """What a patent's text says of one figure.

    `figure` is the plain label ("2A", "IV", "5(b)"), None for a single figure without a number. `brief` is its entry in
    the list of drawings as worded, with a full stop for a trailing "; and"; `detailed` the paragraphs that speak of it,
    joined by a space. Each comes with the ids of its paragraphs, and is None where the text has none.
    """

    figure: str | None
    brief: str | None = None
    brief_paragraphs: tuple[str, ...] = ()
    detailed: str | None = None
    detailed_paragraphs: tuple[str, ...] = ()


def describe_figures(patent: Patent, names: Sequence[PartName] | None = None) -> tuple[FigureText, ...]:
    """Every figure that the text lists, in the order of the list, then those that only the details speak of.

    `names` is what `name_parts` gives for the patent, where it is known already.
    """
    paragraphs = patent.paragraphs
    layout = lay_out(paragraphs)
    entries = read_entries(paragraphs, layout)
    briefs = brief_of_each(entries)
    figures = KnownFigures(briefs)
    if None not in briefs:
        for label in find_subjects(paragraphs, layout.detailed, figures):
            figures.add(label)
    parts = frozenset(part.text for part in (name_parts(patent) if names is None else names))
    graphs = frozenset(label for entry in entries if GRAPH.search(entry.text) for label in entry.labels)
    details = paragraphs_of_each(paragraphs, layout.detailed, figures, parts, graphs)
    return tuple(_text(label, briefs.get(label), [paragraphs[at] for at in details[label]]) for label in figures.labels)


def _text(label: Label, brief: Brief | None, details: Sequence[Paragraph]) -> FigureText:
    return FigureText(
        label,
        brief.text if brief else None,
        brief.paragraphs if brief else (),
        " ".join(paragraph.text for paragraph in details) or None,
        tuple(paragraph.id for paragraph in details),
    )
