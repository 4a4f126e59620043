"""Flowcharts: columns of steps with decisions, loops, side steps and skips."""

from __future__ import annotations

from dataclasses import dataclass

from dataset_builder.synthetic import vocabulary
from dataset_builder.synthetic.canvas import Bounds, Mark
from dataset_builder.synthetic.sketch import (
    Sketch,
    draw_lead,
    draw_node,
    draw_system_numeral,
    label_lines,
    node_size,
    place_numeral,
)
from dataset_builder.synthetic.words import Words


@dataclass
class Step:
    """A node of the chart with its place."""

    index: int
    role: str
    lines: list
    shape: str
    width: float
    height: float
    box: Bounds = (0.0, 0.0, 0.0, 0.0)

    @property
    def cx(self) -> float:
        return (self.box[0] + self.box[2]) / 2

    @property
    def cy(self) -> float:
        return (self.box[1] + self.box[3]) / 2


@dataclass
class _Manner:
    """How this chart carries its numerals ("lead", "below", "corner") and on which side its loops run (-1 left)."""

    numerals: str
    loops: int
    width: float
    terminal_numerals: bool


def draw_flowchart(sketch: Sketch, words: Words) -> None:
    """A flowchart of 3 to 9 steps."""
    rng = sketch.rng
    sketch.view = rng.choices(("flowchart", "flow diagram", "flow chart"), weights=(6, 3, 2))[0]
    manner = _Manner(
        rng.choices(("lead", "below", "corner"), weights=(65, 20, 15))[0],
        rng.choice((-1, 1)),
        rng.uniform(140, 250),
        rng.random() < 0.4,
    )
    steps = _new_steps(sketch, words, manner)
    columns = 2 if len(steps) >= 7 and rng.random() < 0.5 and not any(step.role == "decision" for step in steps) else 1
    _place(sketch, steps, columns)
    for step in steps:
        _draw_step(sketch, step, manner)
    _connect_column(sketch, steps, columns)
    _branch(sketch, words, steps, manner)
    _subject(sketch, words, steps)
    if rng.random() < 0.4:
        index = sketch.part(rng.choice(("method", "method", "process")), "", sketch.numbering.next(), "container")
        x0, y0, x1, _ = sketch.canvas.bounds()
        x = x1 + 10 if rng.random() < 0.6 else x0 - 10
        draw_system_numeral(sketch, index, (x, y0 - 30), (-0.6 if x > x0 else 0.6, 0.8))


def _new_steps(sketch: Sketch, words: Words, manner: _Manner) -> list[Step]:
    rng = sketch.rng
    count = rng.choice((3, 4, 4, 5, 5, 6, 7, 8))
    decisions = 0 if rng.random() < 0.38 else rng.choice((1, 1, 2))
    places = set(rng.sample(range(1, count), min(decisions, count - 1)))
    if any(place + 1 in places for place in places):
        places = {min(places)}
    steps = []
    if rng.random() < 0.55:
        steps.append(_terminal(sketch, words, True, manner))
    for place in range(count):
        role = "decision" if place in places else "step"
        steps.append(_step(sketch, words, role, manner))
    if rng.random() < 0.5 or steps[-1].role == "decision":
        steps.append(_terminal(sketch, words, False, manner))
    return steps


def _terminal(sketch: Sketch, words: Words, first: bool, manner: _Manner) -> Step:
    word = vocabulary.terminal(sketch.rng, first)
    numeral = sketch.numbering.next() if manner.terminal_numerals else None
    index = sketch.part(word, words.cased(word, "upper" if words.case == "upper" else "title"), numeral, "terminal")
    lines = label_lines(sketch, index, 100)
    width, height = node_size(sketch, lines, "pill")
    return Step(
        index, "terminal", lines, sketch.rng.choice(("pill", "pill", "ellipse")), max(width, 78.0), max(height, 28.0)
    )


def _step(sketch: Sketch, words: Words, role: str, manner: _Manner) -> Step:
    name = words.decision() if role == "decision" else words.step()
    index = sketch.part(name.term, name.printed, sketch.numbering.next(), role)
    inside = manner.numerals if manner.numerals == "below" else "none"
    if role == "decision":
        lines = label_lines(sketch, index, 112, inside)
        return Step(index, role, lines, "diamond", *node_size(sketch, lines, "diamond", 4.0))
    lines = label_lines(sketch, index, manner.width, inside)
    height = node_size(sketch, lines, "box")[1]
    shape = sketch.rng.choices(("box", "round", "parallelogram"), weights=(90, 3, 4))[0]
    return Step(index, role, lines, shape, manner.width + (24 if shape != "parallelogram" else 48), height)


def _place(sketch: Sketch, steps: list[Step], columns: int) -> None:
    gap = sketch.rng.uniform(26, 40)
    half = (len(steps) + columns - 1) // columns
    y, x = 0.0, 0.0
    for number, step in enumerate(steps):
        if number == half and columns == 2:
            y, x = 0.0, max(step.width for step in steps) + 150
        step.box = (x - step.width / 2, y, x + step.width / 2, y + step.height)
        y += step.height + gap


def _draw_step(sketch: Sketch, step: Step, manner: _Manner) -> None:
    draw_node(sketch, step.index, step.box, step.lines, step.shape)
    part = sketch.parts[step.index]
    if part.numeral is None or (manner.numerals == "below" and step.role != "terminal"):
        return
    side = -manner.loops
    x0, y0, x1, y1 = step.box
    edge = x1 if side > 0 else x0
    reach = sketch.style.numeral_size
    if step.role == "decision":
        target = (step.cx + side * step.width * 0.3, step.cy - step.height * 0.2)
        end = (target[0] + side * reach * 1.1, target[1] - reach * 0.6)
    else:
        target = (
            edge - side * (step.height * 0.12 if step.shape in ("pill", "ellipse", "round") else 0),
            y0 + min(9.0, step.height * 0.3),
        )
        if step.shape == "parallelogram" and side < 0:
            target = (x0 + step.height * 0.25, target[1])
        end = (edge + side * reach * 1.1, y0 - 2.0)
    if manner.numerals == "corner" and step.role == "step" and step.shape == "box":
        place_numeral(sketch, step.index, part.numeral, (edge - side * 10, y0), (edge + side * 0.5, y0 - 1))
    else:
        draw_lead(sketch, step.index, target, end)


def _connect_column(sketch: Sketch, steps: list[Step], columns: int) -> None:
    half = (len(steps) + columns - 1) // columns
    for number, (a, b) in enumerate(zip(steps, steps[1:])):
        if columns == 2 and number == half - 1:
            x = (a.cx + b.cx) / 2 + (a.cx - b.cx) * 0.0
            low, high = a.box[3] + 16, b.box[1] - 18
            sketch.canvas.arrow([(a.cx, a.box[3]), (a.cx, low), (x, low), (x, high), (b.cx, high), (b.cx, b.box[1])])
        else:
            sketch.canvas.arrow([(a.cx, a.box[3]), (b.cx, b.box[1])])
        if a.role != "decision":
            sketch.link(a.index, b.index)


# ---- branches --------------------------------------------------------------------------------------------------


def _branch(sketch: Sketch, words: Words, steps: list[Step], manner: _Manner) -> None:
    """The second way out of every decision: back to an earlier step, over a side step, or forward past a step."""
    rng = sketch.rng
    lane = 0
    for place, step in enumerate(steps):
        if step.role != "decision":
            continue
        yes, no = vocabulary.yes_no(rng)
        down, aside = (yes, no) if rng.random() < 0.7 else (no, yes)
        _way(sketch, step, steps[place + 1], down, (step.cx + 5, step.box[3] + sketch.style.size * 0.95), "left")
        kind = rng.choices(("back", "side", "skip"), weights=(55, 30, 15))[0]
        earlier = [s for s in steps[max(0, place - 4) : place] if s.role == "step"]
        later = [s for s in steps[place + 2 :] if s.role != "decision"][:2]
        if kind == "side" and not _occupied(steps, step, manner):
            _side_step(sketch, words, step, steps[place + 1 :], aside, manner)
        elif kind == "skip" and later and lane == 0:
            _lane(sketch, step, later[-1], aside, manner.loops, lane, steps)
            lane += 1
        elif earlier:
            _lane(sketch, step, rng.choice(earlier), aside, manner.loops, lane, steps)
            lane += 1
        else:
            _side_step(sketch, words, step, steps[place + 1 :], aside, manner)


def _occupied(steps: list[Step], step: Step, manner: _Manner) -> bool:
    return sum(s.role == "decision" for s in steps) > 1


def _way(sketch: Sketch, a: Step, b: Step, label: str, at: tuple[float, float], anchor: str) -> None:
    link = sketch.link(a.index, b.index, label)
    sketch.canvas.text(*at, label, Mark("link", link), sketch.style.size * 0.92, anchor, element="text")


def _lane(sketch: Sketch, a: Step, b: Step, label: str, side: int, lane: int, steps: list[Step]) -> None:
    """A way along a lane beside the column, from a decision's corner into the side of another step."""
    widest = max(step.width for step in steps)
    x = side * (widest / 2 + 26 + 22 * lane)
    start = a.box[2] if side > 0 else a.box[0]
    edge = b.box[2] if side > 0 else b.box[0]
    if b.shape == "parallelogram":
        edge -= side * b.height * 0.175
    target = b.cy + (0.0 if lane == 0 else b.height * 0.22)
    sketch.canvas.arrow([(start, a.cy), (x, a.cy), (x, target), (edge, target)])
    anchor = "left" if side > 0 else "right"
    _way(sketch, a, b, label, (start + side * 5, a.cy - 5), anchor)


def _side_step(sketch: Sketch, words: Words, step: Step, following: list[Step], label: str, manner: _Manner) -> None:
    """A step beside a decision that leads on to a later node of the column."""
    side = manner.loops
    extra = _step(sketch, words, "step", manner)
    if extra.shape != "box":
        extra.shape = "box"
    extra.lines = label_lines(sketch, extra.index, 105, manner.numerals if manner.numerals == "below" else "none")
    extra.width, extra.height = 129.0, node_size(sketch, extra.lines, "box")[1]
    widest = max([s.width for s in following] + [step.width])
    x = side * (widest / 2 + 60 + extra.width / 2)
    extra.box = (x - extra.width / 2, step.cy - extra.height / 2, x + extra.width / 2, step.cy + extra.height / 2)
    turned = _Manner(manner.numerals, -side, manner.width, manner.terminal_numerals)
    _draw_step(sketch, extra, turned)
    start, edge = (step.box[2], extra.box[0]) if side > 0 else (step.box[0], extra.box[2])
    sketch.canvas.arrow([(start, step.cy), (edge, step.cy)])
    _way(sketch, step, extra, label, (start + side * 5, step.cy - 5), "left" if side > 0 else "right")
    targets = [s for s in following if s.role != "decision" and s.cy > extra.box[3] + 12] or following[-1:]
    target = targets[0] if sketch.rng.random() < 0.5 else targets[-1]
    into = target.box[2] if side > 0 else target.box[0]
    if target.shape == "parallelogram":
        into -= side * target.height * 0.175
    sketch.canvas.arrow([(extra.cx, extra.box[3]), (extra.cx, target.cy), (into, target.cy)])
    sketch.link(extra.index, target.index)


def _subject(sketch: Sketch, words: Words, steps: list[Step]) -> None:
    """A method of doing its first and last printed steps, or one that the drawing does not tell."""
    rng = sketch.rng
    told = [sketch.parts[step.index].term for step in steps if step.role == "step"]
    if rng.random() < 0.75:
        method = rng.choice(("a method of", "a method for", "a process of"))
        sketch.subject = f"{method} {told[0]}" if len(told) == 1 else f"{method} {told[0]} and {told[-1]}"
        sketch.subject_known = True
    else:
        sketch.subject, sketch.subject_known = words.subject("flowchart"), False
