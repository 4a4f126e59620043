"""The figures of a whole patent and the sheets they are drawn on, the labels read held against those the text names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from dataset_builder.sheets.split import DrawnFigure, SheetSplit
from modeling_patentlmm.references_patentlmm import expand, parse_label, plain_character

MOST_FIGURES = 999  # a count beyond that is no count
READ, INFERRED, ONLY_FIGURE = "read", "inferred", "only_figure"


@dataclass(frozen=True)
class Part:
    """A figure, or a part of one, as drawn on the sheet with that index."""

    sheet: int
    figure: DrawnFigure


@dataclass(frozen=True)
class PatentFigure:
    """A figure of a patent; one over several sheets has several parts.

    `label_source` is "read", "inferred" from the other labels where it was not read or misread, or "only_figure", whose
    label is None where the text gives it no number.
    """

    label: str | None
    label_source: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Unplaced:
    """What does not fit: a drawing without a place among the figures, a figure without a drawing, or a count."""

    sheet: int | None
    label: str | None
    reason: str  # no_label, label_not_in_text, duplicate_label, not_drawn, count_differs
    detail: str


@dataclass(frozen=True)
class FigureMap:
    """The figures of a patent in the order of their labels, and what could not be placed."""

    figures: tuple[PatentFigure, ...]
    unplaced: tuple[Unplaced, ...]


def map_figures(
    splits: Sequence[SheetSplit], expected: Sequence[str] | None = None, figure_count: int | None = None
) -> FigureMap:
    """The figures of a patent, from its sheets in order without the front page's copy.

    `expected` are the labels that the text names, in order, None where there is no text; `figure_count` is what the
    source says. A label that was not read, or is not one of the text's, is inferred only where the sheets before and
    behind leave one possibility. The same label on sheets in succession is one figure over several sheets.
    """
    parts = [Part(sheet, figure) for sheet, split in enumerate(splits) for figure in split.figures]
    expected = list(dict.fromkeys(map(plain_character, expected))) if expected is not None else None
    only = _only_figure(parts, expected, figure_count)
    if only:
        return FigureMap((only,), ())
    return _Puzzle(parts, expected, figure_count).solved()


def _only_figure(parts: list[Part], expected: list[str] | None, figure_count: int | None) -> PatentFigure | None:
    """The single figure of a patent, which needs no label."""
    if len(parts) != 1 or parts[0].figure.label or len(expected or ()) > 1 or figure_count not in (None, 1):
        return None
    return PatentFigure(expected[0] if expected else None, ONLY_FIGURE, tuple(parts))


class _Puzzle:
    """The drawn parts of a patent, each to be given one of the labels in `order`."""

    def __init__(self, parts: list[Part], expected: list[str] | None, figure_count: int | None):
        self.parts, self.expected, self.figure_count = parts, expected, figure_count
        read = [plain_character(part.figure.label) if part.figure.label else None for part in parts]
        self.order = expected or _likely_labels([label for label in read if label], figure_count)
        self.place = {label: i for i, label in enumerate(self.order)}
        self.read = [self._as_in_text(label) for label in read]
        self.labels = [label if label in self.place else None for label in self.read]
        self.sources = [READ if label else None for label in self.labels]

    def _as_in_text(self, label: str | None) -> str | None:
        """The label in the text's own spelling: FIG. 3a for the 3A of the drawing."""
        if label is None or label in self.place:
            return label
        return next((name for name in self.order if name.lower() == label.lower()), label)

    def solved(self) -> FigureMap:
        self._forget_duplicates()
        while self._mend() or self._infer():
            pass
        figures = [figure for label in self.order if (figure := self._figure(label))]
        return FigureMap(tuple(figures), (*self._left_over(), *self._not_drawn(), *self._count_differs(len(figures))))

    # --- what a part may be ---

    def _bounds(self, index: int) -> tuple[int, int]:
        """The first and last place in the order that a part may have, by the nearest sheets with labels around it."""
        sheet = self.parts[index].sheet
        known = [
            (part.sheet, self.place[label])
            for i, (part, label) in enumerate(zip(self.parts, self.labels, strict=True))
            if label and i != index
        ]
        before = [s for s, _ in known if s < sheet]
        behind = [s for s, _ in known if s > sheet]
        least = min((place for s, place in known if before and s == max(before)), default=-1)
        most = max((place for s, place in known if behind and s == min(behind)), default=len(self.order))
        return least, most

    def _candidates(self) -> dict[int, list[str]]:
        """For each part without a label those that no part has and that fit its sheet."""
        free = [label for label in self.order if label not in self.labels]
        found = {}
        for i in (i for i, label in enumerate(self.labels) if label is None):
            least, most = self._bounds(i)
            found[i] = [label for label in free if least < self.place[label] < most]
        return found

    # --- steps ---

    def _forget_duplicates(self) -> None:
        """Take a label away from parts that cannot have it, where another part of the same label can."""
        for label, count in Counter(label for label in self.labels if label).items():
            same = [i for i, other in enumerate(self.labels) if other == label] if count > 1 else []
            bounds = {i: self._bounds(i) for i in same}
            fitting = [i for i in same if bounds[i][0] <= self.place[label] <= bounds[i][1]]
            for i in same if fitting else ():
                if i not in fitting:
                    self.labels[i] = self.sources[i] = None

    def _mend(self) -> bool:
        """Give a misread part the one label it can have that looks like what was read; whether there was one."""
        alike = {
            i: [label for label in candidates if self.read[i] and _look_alike(self.read[i], label)]
            for i, candidates in self._candidates().items()
        }
        claims = Counter(label for candidates in alike.values() for label in candidates)
        for i, candidates in alike.items():
            if len(candidates) == 1 and claims[candidates[0]] == 1:
                self._infer_as(i, candidates[0])
                return True
        return False

    def _infer(self) -> bool:
        """Give parts, each on a sheet of its own, the labels that they alone can have, if there are as many."""
        claims = self._candidates()
        for candidates in claims.values():
            members = [i for i, others in claims.items() if set(others) & set(candidates)]
            alike = all(claims[i] == candidates for i in members)
            apart = len({self.parts[i].sheet for i in members}) == len(members)
            if candidates and alike and apart and len(members) == len(candidates):
                for i, label in zip(members, candidates, strict=True):
                    self._infer_as(i, label)
                return True
        return False

    def _infer_as(self, index: int, label: str) -> None:
        self.labels[index], self.sources[index] = label, INFERRED

    # --- what comes out ---

    def _figure(self, label: str) -> PatentFigure | None:
        """The figure of a label with its parts, on one sheet or on sheets in succession."""
        parts = self._parts_of(label)
        if not parts:
            return None
        source = INFERRED if all(self.sources[i] == INFERRED for i in parts) else READ
        return PatentFigure(label, source, tuple(self.parts[i] for i in parts))

    def _parts_of(self, label: str) -> list[int]:
        """The parts that have a label; of several those on sheets in succession, one on each, from the surest on."""
        same = [i for i, other in enumerate(self.labels) if other == label]
        chosen: dict[int, int] = {}
        for i in sorted(same, key=lambda i: -self.parts[i].figure.confidence):
            sheet = self.parts[i].sheet
            if sheet not in chosen and (not chosen or {sheet - 1, sheet + 1} & set(chosen)):
                chosen[sheet] = i
        return sorted(chosen.values())

    def _left_over(self) -> Iterator[Unplaced]:
        """The parts without a place."""
        placed = {i for label in self.order for i in self._parts_of(label)}
        for i, part in enumerate(self.parts):
            read = self.read[i]
            if i in placed:
                continue
            if read is None:
                yield Unplaced(
                    part.sheet, None, "no_label", "no label was read, and the others leave more than one choice or none"
                )
            elif read in self.place:
                yield Unplaced(part.sheet, read, "duplicate_label", f"FIG. {read} is drawn on another sheet, too")
            else:
                yield Unplaced(part.sheet, read, "label_not_in_text", f"the text names no FIG. {read}")

    def _not_drawn(self) -> Iterator[Unplaced]:
        """The labels of the text that no part has."""
        for label in self.expected or ():
            if label not in self.labels:
                yield Unplaced(None, label, "not_drawn", f"the text names FIG. {label}, no sheet shows it")

    def _count_differs(self, found: int) -> Iterator[Unplaced]:
        if self.figure_count is not None and found != self.figure_count:
            detail = f"the source counts {self.figure_count} figures, {found} were found"
            yield Unplaced(None, None, "count_differs", detail)


def _likely_labels(read: list[str], figure_count: int | None) -> list[str]:
    """The labels of a patent without a text: those read, in order, and those that are plainly missing between them.

    Plain numbers up to the count of figures are all there.
    """
    items = {label: parse_label(label) for label in dict.fromkeys(read)}
    numbered = sorted((item for item in items.values() if item), key=lambda item: (item.number, item.text))
    others = [label for label, item in items.items() if item is None]
    plain = all(label.isdigit() for label in items)
    if figure_count and items and plain and numbered[-1].number <= figure_count <= MOST_FIGURES:
        return [str(number) for number in range(1, figure_count + 1)]
    labels = [item.text for item in numbered[:1]]
    for first, last in pairwise(numbered):
        labels += expand(first, last, figure=True)[1:]
    if labels and labels[0].isdigit():
        labels = [*map(str, range(1, int(labels[0]))), *labels]
    return [*labels, *others]


def _look_alike(read: str, label: str) -> bool:
    """Whether a label may have been read like that: one sign wrong, or some at one end not seen."""
    if len(read) == len(label):
        return sum(a != b for a, b in zip(read.upper(), label.upper())) <= 1
    return len(read) < len(label) and (label.startswith(read) or label.endswith(read))
