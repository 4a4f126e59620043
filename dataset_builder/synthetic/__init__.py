"""Drawn patent figures with exact truth, seeded: the same seed, split and family give the same figure."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from dataset_builder.figure import Figure
from dataset_builder.synthetic.canvas import Bounds
from dataset_builder.synthetic.circuits import draw_circuit
from dataset_builder.synthetic.compose import Drawn, add_label, cut_out, draw, make_figure
from dataset_builder.synthetic.diagrams import draw_block_diagram
from dataset_builder.synthetic.flowcharts import draw_flowchart
from dataset_builder.synthetic.graphs import draw_graph
from dataset_builder.synthetic.mechanical import draw_mechanical
from dataset_builder.synthetic.networks import draw_network
from dataset_builder.synthetic.phrasing import describe
from dataset_builder.synthetic.scene import FAMILIES
from dataset_builder.synthetic.screens import draw_screen
from dataset_builder.synthetic.sketch import Sketch, start_sketch
from dataset_builder.synthetic.vocabulary import SPLITS, with_article
from dataset_builder.synthetic.words import choose_words

DRAWERS = {
    "screen": draw_screen,
    "circuit": draw_circuit,
    "block_diagram": draw_block_diagram,
    "flowchart": draw_flowchart,
    "network": draw_network,
    "graph": draw_graph,
    "mechanical": draw_mechanical,
}
_WEIGHTS = {
    "block_diagram": 26,
    "flowchart": 24,
    "network": 10,
    "graph": 10,
    "circuit": 8,
    "screen": 7,
    "mechanical": 15,
}
_ATTEMPTS = 8
_LISTED_MECHANICAL, _LISTED_OTHER = 0.5, 0.06


def generate(
    seed: int,
    split: str,
    family: str | None = None,
    *,
    noisy: bool = False,
    max_side: int | None = None,
    dpi: int | None = None,
) -> Figure:
    """One upright figure with its truth.

    `split` is train, validation, test or unseen; `family` one of `FAMILIES`, None draws one by frequency. `noisy` gives
    the words as a reader would, with descriptions that claim only what was read. The image is drawn at `dpi` (None
    draws 100 to 150), or with its longer side reduced to `max_side` pixels. Raises ValueError for an unknown split or
    family.
    """
    drawn, rng = _drawn(seed, split, family, max_side, dpi)
    return make_figure(drawn, f"synthetic-{split}-{family or 'any'}-{seed:08d}", noisy, rng)


def redescribe(seed: int, split: str, rng: random.Random, family: str | None = None) -> tuple[str, str]:
    """A brief and a detailed description of what `generate(seed, split, family)` draws, in words that `rng` chooses."""
    return describe(_drawn(seed, split, family)[0].sketch.scene(), rng)


def _drawn(
    seed: int, split: str, family: str | None, max_side: int | None = None, dpi: int | None = None
) -> tuple[Drawn, random.Random]:
    """The drawing of a seed, and its random source as drawing left it."""
    rng = start_rng(seed, split, family)
    return draw_clear(rng, split, family, (dpi or rng.choice((100, 110, 120, 150))) / 100, max_side), rng


def start_rng(seed: int, split: str, family: str | None) -> random.Random:
    """The random source of one figure, after its split and family were checked."""
    if split not in SPLITS:
        raise ValueError(f"There is no split {split!r}; choose one of {', '.join(SPLITS)}.")
    if family is not None and family not in FAMILIES:
        raise ValueError(f"There is no family {family!r}; choose one of {', '.join(FAMILIES)}.")
    return random.Random(f"patent figure {split} {family} {seed}")


def draw_clear(
    rng: random.Random,
    split: str,
    family: str | None,
    scale: float,
    max_side: int | None,
    frame: Callable[[Sketch], Bounds] = cut_out,
) -> Drawn:
    """Draws until no word touches another word or a line; after some attempts the last drawing is taken as it is.

    `frame` says which part of the canvas the image shows.
    """
    if family is None:
        families = list(DRAWERS)
        family = rng.choices(families, weights=[_WEIGHTS[name] for name in families])[0]
    for _ in range(_ATTEMPTS):
        sketch = sketch_figure(rng, split, family)
        drawn, clear = draw(sketch, frame(sketch), scale, max_side)
        if clear:
            break
    return drawn


def sketch_figure(rng: random.Random, split: str, family: str) -> Sketch:
    """A complete sketch of one family, with its label and, sometimes, a caller's parts list."""
    sketch = start_sketch(family, split, rng)
    words = choose_words(rng, split, family, sketch.style.lettering.is_stroke)
    DRAWERS[family](sketch, words)
    if rng.random() < (_LISTED_MECHANICAL if family == "mechanical" else _LISTED_OTHER):
        share = 1.0 if rng.random() < 0.7 else 0.7
        sketch.parts = [
            replace(part, listed=part.numeral is not None and rng.random() < share) for part in sketch.parts
        ]
        named = {with_article(part.term) for part in sketch.parts if part.listed and part.role == "container"}
        sketch.subject_known = sketch.subject_known or sketch.subject in named
    add_label(sketch)
    return sketch
