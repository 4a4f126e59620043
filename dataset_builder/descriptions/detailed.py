"""Which paragraphs of the detailed description speak of which figure.

A paragraph speaks of the figures that it names ("Referring to FIG. 3", "FIG. 3 shows", "as shown in FIGS. 2-4"), not of
those that it names in passing (`passing`). A paragraph that names none goes on about the figures in force if it speaks
of what they show: of a reference character that has been met with the figure or, for the one named last, nowhere yet;
of a curve, where the figure is a graph. In force are the figures that the last naming paragraph opens a sentence with,
else all that it names. A heading and the announcement of another matter end that, a general remark is left out
(`remarks`). A step of a flow chart not met before goes back to the chart that has the steps next to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from dataset_builder.descriptions.known import KnownFigures, Label
from dataset_builder.descriptions.layout import find_entries
from dataset_builder.descriptions.namings import (
    Naming,
    find_drawings,
    find_namings,
    find_unnumbered,
    references_in,
)
from dataset_builder.descriptions.passing import is_aside, opens_with, speaks_of
from dataset_builder.descriptions.remarks import announces, is_general, is_unfinished, looks_like_heading
from dataset_builder.patent import Paragraph
from modeling_patentlmm.references_patentlmm import Item, parse_character, plain_character
from modeling_patentlmm.specification_patentlmm import split_sentences
from modeling_patentlmm.terms_patentlmm import singular, term_at

MAX_STEP = 20  # how far the numbers of two neighbouring steps may lie apart
GRAPH = re.compile(r"\b(?:graphs?|plots?|plotted|curves?|charts?|histograms?)\b", re.IGNORECASE)
_STEP = re.compile(r"\b(?:steps?|operations?|acts?|blocks?|process(?:es)?)\s+\(?([A-Z]{0,2}\d+)(?![\w.%])", re.I)
_BY_REFERENCE = re.compile(r"\b(?:understood|appreciated|described|explained|discussed)\s+(?:with|by|in|on)\b", re.I)
# "a view of THE PLUG AND RECEPTACLE taken along line 2-2"
_SHOWN = re.compile(
    r"\b(?:of|showing|shows|illustrating|illustrates|depicting|depicts)\s+((?:(?!of\b|used\b|taken\b|viewed\b|fitted\b|"
    r"when\b|which\b|with\b|in\b|from\b|according\b|for\b|along\b|[,;.]).){1,80})",
    re.IGNORECASE,
)


def paragraphs_of_each(
    paragraphs: Sequence[Paragraph],
    detailed: Sequence[int],
    figures: KnownFigures,
    parts: frozenset[str],
    graphs: frozenset[Label],
) -> dict[Label, list[int]]:
    """The places of the paragraphs that speak of each figure.

    `detailed` are the places to look at, `parts` the reference characters, `graphs` the figures that show curves.
    """
    found: dict[Label, list[int]] = {label: [] for label in figures.labels}
    reader = _Reader(figures, parts, graphs)
    last, labels = -1, []
    for at in detailed:
        if any(_is_heading(paragraphs[between]) for between in range(last + 1 if last >= 0 else at, at + 1)):
            reader.current, labels = [], []
        within = labels if last >= 0 and is_unfinished(paragraphs[last].text) else []
        labels = reader.read(paragraphs[at].text) or within
        last = at
        for label in labels:
            found[label].append(at)
    return found


def _is_heading(paragraph: Paragraph) -> bool:
    return paragraph.is_heading or looks_like_heading(paragraph.text)


def find_subjects(paragraphs: Sequence[Paragraph], detailed: Sequence[int], figures: KnownFigures) -> list[str]:
    """Figures that no list names and that open a sentence of the details ("FIG. 13 shows", "Referring to FIG. 13")."""
    found: dict[str, None] = {}
    for at in detailed:
        text = paragraphs[at].text
        for start, end in split_sentences(text):
            for naming in find_namings(text[start:end]):
                if opens_with(text[start:end], naming.start):
                    found |= dict.fromkeys(label for label in naming.labels if not figures.resolve([label]))
    return list(found)


@dataclass(frozen=True)
class _Sentence:
    """A sentence: the figures it speaks of, those of them it opens with, those beside a part, its characters."""

    spoken: list[Label]
    opened: list[Label]
    beside: list[Label]
    characters: frozenset[str]


@dataclass
class _Reader:
    """Follows the figures that a text is about from paragraph to paragraph."""

    figures: KnownFigures
    parts: frozenset[str]
    graphs: frozenset[Label]
    current: list[Label] = field(default_factory=list)
    last: list[Label] = field(default_factory=list)
    shown: dict[Label, set[str]] = field(default_factory=dict)  # the characters met with each figure
    met: set[str] = field(default_factory=set)
    charts: dict[Item, list[Label]] = field(default_factory=dict)  # the figures of each step
    listing: dict[Label, set[str]] = field(default_factory=dict)

    def read(self, text: str) -> list[Label]:
        """The figures that the next paragraph speaks of."""
        sentences = [self._sentence(text[start:end]) for start, end in split_sentences(text)]
        spoken = _distinct(label for each in sentences for label in each.spoken)
        beside = _distinct(label for each in sentences for label in each.beside)
        if spoken:
            self._turn_to(spoken, sentences, text)
            return spoken
        if shown := self._listed_with(text):
            self.current = self.last = shown
            self._learn(sentences, text)
            return shown
        if announces(text):
            self.current = []
        if is_general(text):
            return beside
        return _distinct([*self._go_on(sentences, text), *beside])

    def _sentence(self, sentence: str) -> _Sentence:
        characters = self.parts & {each.text for each in references_in(sentence) if each.kind == "character"}
        spoken: list[Label] = []
        opened: list[Label] = []
        beside: list[Label] = []
        for naming in _namings(sentence, self.figures):
            labels = self.figures.resolve(naming.labels)
            if is_aside(sentence, naming.start):
                beside += labels
            elif speaks_of(sentence, naming.start) and (characters or not self._refers_to_most(labels, sentence)):
                spoken += labels
                opened += labels if opens_with(sentence, naming.start) else []
        return _Sentence(spoken, opened, beside, characters)

    def _refers_to_most(self, labels: Sequence[Label], sentence: str) -> bool:
        """Whether a sentence refers to most figures at once: "best understood by reference to FIGS. 1-6"."""
        most = len(labels) >= 3 and 4 * len(labels) >= 3 * len(self.figures.labels)
        return most and bool(_BY_REFERENCE.search(sentence))

    def _turn_to(self, spoken: list[Label], sentences: Sequence[_Sentence], text: str) -> None:
        """Put the figures in force that a paragraph leaves so; none after a listing of them without parts."""
        opened = [each.opened for each in sentences if each.opened]
        named = [each.spoken for each in sentences if each.spoken]
        self.current = _distinct(label for labels in opened for label in labels) or spoken
        self.last = (opened or named)[-1]
        self._learn(sentences, text)
        self.listing = {} if any(each.characters for each in sentences) else _read_listing(text, self.figures)
        if self.listing:
            self.current = []

    def _listed_with(self, text: str) -> list[Label]:
        """The figures of the last listing that show the first part a paragraph speaks of."""
        if not self.listing:
            return []
        first = next((each for each in references_in(text) if each.text in self.parts), None)
        term = term_at(text[max(0, first.start - 120) : first.start]) if first else None
        return [label for label, words in self.listing.items() if term and words.issuperset(term.words)]

    def _go_on(self, sentences: Sequence[_Sentence], text: str) -> list[Label]:
        """Those of the figures in force that a paragraph which names none goes on about; they alone stay in force."""
        if charted := self._charts_of(text):
            self.current = self.last = charted
        characters = frozenset().union(*(each.characters for each in sentences))
        new = characters - self.met
        going_on = [
            label for label in self.current if characters & self.shown.get(label, set()) or new and label in self.last
        ]
        if not going_on and GRAPH.search(text):
            going_on = [label for label in self.current if label in self.graphs]
        if going_on:
            self.current = going_on
            self._learn(sentences, text)
        return going_on

    def _charts_of(self, text: str) -> list[Label]:
        """The flow charts that a text goes back to by its first step not met before."""
        steps = [step for step in _steps(text) if step.text in self.parts - self.met]
        for distance in range(1, MAX_STEP + 1) if steps else ():
            for number in (steps[0].number - distance, steps[0].number + distance):
                if labels := self.charts.get(Item(steps[0].prefix, number)):
                    return labels
        return []

    def _learn(self, sentences: Sequence[_Sentence], text: str) -> None:
        """Put the characters of each sentence to the figures it is about: its own, else those of the one before."""
        about = self.current
        steps = {step.text: step for step in _steps(text)}
        for sentence in sentences:
            about = sentence.spoken or about
            for label in _distinct([*about, *sentence.beside]):
                self.shown.setdefault(label, set()).update(sentence.characters)
            for character in sentence.characters & steps.keys():
                self.charts.setdefault(steps[character], _distinct(about))
            self.met |= sentence.characters


def _steps(text: str) -> list[Item]:
    """The steps that a text names, "step 204", "block S12"."""
    items = (parse_character(plain_character(found[1])) for found in _STEP.finditer(text))
    return [item for item in items if item is not None]


def _distinct(labels: Iterable[Label]) -> list[Label]:
    return list(dict.fromkeys(labels))


def _namings(sentence: str, figures: KnownFigures) -> list[Naming]:
    """The namings of a sentence; where there is one figure, "the drawing" is one too, and so is any number."""
    namings = list(find_namings(sentence))
    if figures.only is None:
        return namings
    if figures.only != (None,):
        drawings = [*find_unnumbered(sentence), *find_drawings(sentence)]
    else:
        drawings, namings = [*namings, *find_unnumbered(sentence), *find_drawings(sentence)], []
    return namings + [Naming(figures.only, each.start, each.end) for each in drawings]


def _read_listing(text: str, figures: KnownFigures) -> dict[Label, set[str]]:
    """What each figure shows by a paragraph that lists at least three once more: the words of "the plug"."""
    entries = find_entries(text, numbered=True)
    listing: dict[Label, set[str]] = {}
    for (start, labels), end in zip(entries, [*(start for start, _ in entries[1:]), len(text)]):
        shown = _SHOWN.search(text, start, end)
        words = {singular(word) for word in re.findall(r"[\w'-]+", shown[1].lower())} if shown else set()
        listing |= dict.fromkeys(figures.resolve(labels), words)
    return listing if len(entries) >= 3 else {}
