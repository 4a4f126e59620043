"""Mechanical figures: a view from `outlines`, `sections` or `solids` with numerals on its parts."""

from __future__ import annotations

from dataset_builder.synthetic.canvas import Point
from dataset_builder.synthetic.leads import place_leads
from dataset_builder.synthetic.outlines import OUTLINES
from dataset_builder.synthetic.sections import SECTIONS
from dataset_builder.synthetic.sketch import Sketch, draw_system_numeral
from dataset_builder.synthetic.solids import SOLIDS
from dataset_builder.synthetic.vocabulary import with_article
from dataset_builder.synthetic.words import Words


def draw_mechanical(sketch: Sketch, words: Words) -> None:
    """A mechanical view; parts carry numerals only, their names come from a parts list or stay unknown."""
    rng, canvas = sketch.rng, sketch.canvas
    builder = rng.choice(rng.choice((OUTLINES, SECTIONS, SOLIDS)))
    views, anchors = builder(canvas, rng)
    canvas.elements.append(("node", canvas.bounds()))
    sketch.view = rng.choice(views)
    assembly = words.assembly()
    sketch.subject, sketch.subject_known = with_article(assembly), False
    _name_parts(sketch, words, anchors)
    if rng.random() < 0.4:
        index = sketch.part(assembly, None, sketch.numbering.next(), "container")
        x0, y0, x1, _ = canvas.bounds()
        x = x1 + 12 if rng.random() < 0.5 else x0 - 12
        draw_system_numeral(sketch, index, (x, y0 - 26), (-0.6 if x > x0 else 0.6, 0.8))


def _name_parts(sketch: Sketch, words: Words, anchors: list[Point]) -> None:
    """Numbers a choice of the anchors and leads lines to them; some numerals have a letter (12a, 12b)."""
    rng, numbering = sketch.rng, sketch.numbering
    chosen = rng.sample(anchors, min(len(anchors), rng.randint(4, 11)))
    style = numbering.variant_style() if rng.random() < 0.2 else None
    placed, numeral, letter = [], None, 0
    for point in chosen:
        if style and numeral and letter < 3 and rng.random() < 0.5:
            text, letter = numbering.variant(numeral, letter, style), letter + 1
        else:
            text, letter = numbering.next(), 0
            numeral = text
        placed.append((sketch.part(words.mechanical_part(), None, text, "element"), point))
    place_leads(sketch, placed)
