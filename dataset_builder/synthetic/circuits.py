"""Circuits: ladders of elements between two rails, with amplifiers, transistors and the blocks that control them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from dataset_builder.synthetic.canvas import Mark
from dataset_builder.synthetic.diagrams import draw_container, new_container, subject_from
from dataset_builder.synthetic.phrasing import VIEW_NOUNS
from dataset_builder.synthetic.sketch import Sketch, draw_lead, draw_node, label_lines, node_size
from dataset_builder.synthetic.symbols import (
    LENGTH,
    THREE_POLES,
    TWO_POLES,
    draw_ground,
    draw_joint,
    draw_pole,
    draw_symbol,
)
from dataset_builder.synthetic.vocabulary import CircuitElement, with_article
from dataset_builder.synthetic.words import Words


@dataclass
class _Ladder:
    """The circuit as it grows to the right: `x` is its end on the upper rail, `depth` the height of the lower rail."""

    depth: float
    pitch: float
    european: bool
    designators: bool
    x: float = 0.0
    counts: Counter = field(default_factory=Counter)
    last: int | None = None


def draw_circuit(sketch: Sketch, words: Words) -> None:
    """A circuit diagram of 4 to 10 elements."""
    rng, canvas = sketch.rng, sketch.canvas
    ladder = _Ladder(rng.uniform(120, 160), rng.uniform(90, 110), rng.random() < 0.5, rng.random() < 0.65)
    _input(sketch, words, ladder)
    controlled = []
    for _ in range(rng.randint(2, 4)):
        controlled += _series(sketch, words, ladder)
        if rng.random() < 0.7:
            _shunt(sketch, words, ladder)
    _output(sketch, words, ladder)
    canvas.line([(0, ladder.depth), (ladder.x, ladder.depth)])
    if rng.random() < 0.7:
        draw_ground(canvas, ladder.pitch * 0.5, ladder.depth)
    _control(sketch, words, ladder, controlled)
    sketch.view = rng.choice((*VIEW_NOUNS["circuit"], "circuit diagram", "schematic diagram"))
    _subject(sketch, words)


def _input(sketch: Sketch, words: Words, ladder: _Ladder) -> None:
    """A source at the left end, or two open terminals."""
    canvas, rng = sketch.canvas, sketch.rng
    if rng.random() < 0.6:
        element = _element(words, ("source", "battery"))
        if element:
            _between_rails(sketch, ladder, element)
            return
    for y in (0.0, ladder.depth):
        draw_pole(canvas, -3, y)
    name = rng.choice(("VIN", "Vin", "IN", "INPUT"))
    canvas.text(-12, sketch.style.size * 0.36, name, size=sketch.style.size, anchor="right", element="text")


def _output(sketch: Sketch, words: Words, ladder: _Ladder) -> None:
    canvas, rng = sketch.canvas, sketch.rng
    canvas.line([(ladder.x, 0), (ladder.x + 30, 0)])
    canvas.line([(ladder.x, ladder.depth), (ladder.x + 30, ladder.depth)])
    if rng.random() < 0.35:
        ladder.x += 30
        _between_rails(sketch, ladder, _element_or_other(words, ("resistor", "lamp", "resistor")))
        return
    for y in (0.0, ladder.depth):
        draw_pole(canvas, ladder.x + 33, y)
    name = rng.choice(("VOUT", "Vout", "OUT", "OUTPUT"))
    canvas.text(ladder.x + 42, sketch.style.size * 0.36, name, size=sketch.style.size, element="text")


def _element(words: Words, symbols: tuple[str, ...]) -> CircuitElement | None:
    """An element drawn with one of the symbols, None if the vocabulary gives none soon."""
    for _ in range(60):
        element = words.circuit_element()
        if element.symbol in symbols:
            return element
    return None


def _element_or_other(words: Words, symbols: tuple[str, ...]) -> CircuitElement:
    """An element drawn with one of the symbols, or with another one that stands in a wire."""
    element = _element(words, symbols) or words.circuit_element()
    while element.symbol not in (*TWO_POLES, *THREE_POLES):
        element = words.circuit_element()
    return element


def _new_part(sketch: Sketch, ladder: _Ladder, element: CircuitElement) -> int:
    if ladder.designators:
        ladder.counts[element.letter] += 1
        return sketch.part(element.kind, f"{element.letter}{ladder.counts[element.letter]}", None, "element")
    return sketch.part(element.term, None, sketch.numbering.next(), "element")


def _write(sketch: Sketch, index: int, x: float, y: float, down: bool, half: float) -> None:
    """The designator beside the symbol, or its numeral with a lead line."""
    style, part = sketch.style, sketch.parts[index]
    if part.printed:
        if down:
            at, anchor = (x + half + 5, y + style.size * 0.36), "left"
        else:
            at, anchor = (x, y - half - 6), "center"
        sketch.canvas.text(*at, part.printed, Mark("name", index), style.size, anchor, element="node_label")
    elif down:
        draw_lead(sketch, index, (x + half, y - 4), (x + half + style.numeral_size * 0.9, y - style.numeral_size * 0.8))
    else:
        draw_lead(sketch, index, (x + 7, y - half), (x + 7 + style.numeral_size * 0.8, y - half - style.numeral_size))


def _between_rails(sketch: Sketch, ladder: _Ladder, element: CircuitElement) -> None:
    """An element from the upper to the lower rail at the ladder's end."""
    canvas, x, y = sketch.canvas, ladder.x, ladder.depth / 2
    index = _new_part(sketch, ladder, element)
    draw_symbol(canvas, element.symbol, element.kind, x, y, True, ladder.european)
    canvas.line([(x, 0), (x, y - LENGTH / 2)])
    canvas.line([(x, y + LENGTH / 2), (x, ladder.depth)])
    _write(sketch, index, x, y, True, 16.0 if element.symbol in ("source", "lamp") else 11.0)
    if ladder.last is not None:
        sketch.link(ladder.last, index, None, False)
    ladder.last = index if ladder.last is None else ladder.last


def _series(sketch: Sketch, words: Words, ladder: _Ladder) -> list[tuple[int, float]]:
    """An element in the upper rail; returns it with the place of its control pole, if it has one."""
    canvas = sketch.canvas
    symbols = (*TWO_POLES[:5], *THREE_POLES) if sketch.rng.random() < 0.6 else TWO_POLES[:4]
    element = _element_or_other(words, symbols)
    index = _new_part(sketch, ladder, element)
    x = ladder.x + ladder.pitch / 2
    draw_symbol(canvas, element.symbol, element.kind, x, 0.0, False, ladder.european)
    canvas.line([(ladder.x, 0), (x - LENGTH / 2, 0)])
    canvas.line([(x + LENGTH / 2, 0), (ladder.x + ladder.pitch, 0)])
    half = {"amplifier": 15.0, "source": 16.0, "transistor": 16.0, "lamp": 13.0, "gate": 10.0}.get(element.symbol, 11.0)
    _write(sketch, index, x, 0.0, False, half)
    if ladder.last is not None:
        sketch.link(ladder.last, index, None, False)
    ladder.last = index
    ladder.x += ladder.pitch
    if element.symbol == "transistor":
        return [(index, x)]
    if element.kind in ("operational amplifier", "comparator"):
        return [(index, x - 30)]
    return []


def _shunt(sketch: Sketch, words: Words, ladder: _Ladder) -> None:
    element = _element(words, TWO_POLES[:5])
    if element is None:
        return
    draw_joint(sketch.canvas, ladder.x, 0)
    draw_joint(sketch.canvas, ladder.x, ladder.depth)
    _between_rails(sketch, ladder, element)
    ladder.x += 14 if sketch.parts[-1].printed is None else 24
    sketch.canvas.line([(ladder.x - 24, 0), (ladder.x, 0)])


def _control(sketch: Sketch, words: Words, ladder: _Ladder, controlled: list[tuple[int, float]]) -> None:
    """A named block below the rails whose lines go up to the control poles; without one the poles get a name."""
    if not controlled:
        return
    canvas, style = sketch.canvas, sketch.style
    if len(controlled) == 1 and sketch.rng.random() < 0.35:
        x = controlled[0][1]
        draw_pole(canvas, x, 37)
        canvas.text(
            x,
            42 + style.size,
            sketch.rng.choice(("VREF", "CTRL", "VB", "EN")),
            size=style.size,
            anchor="center",
            element="text",
        )
        return
    name = words.component()
    index = sketch.part(name.term, name.printed, sketch.numbering.next(), "component")
    lines = label_lines(sketch, index, 120, style.inside if style.inside != "none" else "below")
    width, height = node_size(sketch, lines, "box")
    x = sum(place for _, place in controlled) / len(controlled)
    left, right = min(place for _, place in controlled) - 10, max(place for _, place in controlled) + 10
    box = (min(x - width / 2, left), ladder.depth + 45, max(x + width / 2, right), ladder.depth + 45 + height)
    draw_node(sketch, index, box, lines)
    for part, place in controlled:
        canvas.line([(place, 34), (place, ladder.depth - 5)])
        canvas.arc(place, ladder.depth, 5, 5, -90, 90)
        canvas.line([(place, ladder.depth + 5), (place, box[1])])
        sketch.link(index, part)


def _subject(sketch: Sketch, words: Words) -> None:
    rng = sketch.rng
    if rng.random() < 0.3:
        container = new_container(sketch, words, 300)
        children = range(len(sketch.parts) - 1)
        draw_container(sketch, container, sketch.canvas.bounds(), padding=18.0)
        for child in children:
            sketch.change(child, parent=container.index)
        subject_from(sketch, container.index)
        return
    named = [
        with_article(part.term) + f" {part.printed}" * part.role.startswith("el")
        for part in sketch.parts
        if part.printed
    ]
    if len(named) > 1 and rng.random() < 0.75:
        noun = rng.choice(("a circuit", "an electronic circuit", "an electrical circuit"))
        sketch.subject = f"{noun} including {named[0]} and {named[1]}"
        sketch.subject_known = True
    else:
        sketch.subject, sketch.subject_known = words.subject("circuit"), False
