"""Graphs and waveforms: curves over axes, bars, and timing diagrams."""

from __future__ import annotations

import math

from dataset_builder.synthetic.canvas import Mark
from dataset_builder.synthetic.sketch import Sketch, draw_lead
from dataset_builder.synthetic.vocabulary import with_article
from dataset_builder.synthetic.words import Words


def draw_graph(sketch: Sketch, words: Words) -> None:
    """A graph: curves, bars or a timing diagram."""
    kind = sketch.rng.choices((_curves, _bars, _timing), weights=(62, 14, 24))[0]
    kind(sketch, words)


def _axes(sketch: Sketch, words: Words, width: float, height: float, ticks_across: bool = True) -> tuple[str, str]:
    """Draws two axes with names and ticks, origin at (0, 0), upwards negative; returns the names of both quantities."""
    rng, canvas = sketch.rng, sketch.canvas
    across, up = words.axis(True), words.axis(False)
    style = rng.choice(("arrows", "arrows", "frame", "plain"))
    if style == "frame":
        canvas.rect((0, -height, width, 0))
    else:
        canvas.line([(0, 0), (width, 0)])
        canvas.line([(0, 0), (0, -height)])
        if style == "arrows":
            canvas.arrowhead((width - 10, 0), (width + 8, 0))
            canvas.arrowhead((0, -height + 10), (0, -height - 8))
    size = sketch.style.size
    below = size * 0.95
    if rng.random() < 0.6:
        left = _ticks(sketch, width, height, ticks_across)
        below = size * 2.15 if ticks_across else below
    else:
        left = 0.0
    index = sketch.part(across.term, across.printed, None, "axis")
    canvas.text(width / 2, below + 6, across.printed, Mark("name", index), size, "center", element="text")
    index = sketch.part(up.term, up.printed, None, "axis")
    if rng.random() < 0.75:
        box = canvas.vertical_text(-left - size * 0.8 - 8, -height / 2, up.printed, Mark("name", index), size)
        canvas.elements.append(("text", box))
    else:
        canvas.text(-6, -height - 16, up.printed, Mark("name", index), size, "left", element="text")
    return up.term, across.term


def _ticks(sketch: Sketch, width: float, height: float, across: bool) -> float:
    """Ticks with figures on both axes; returns the width the figures take on the left."""
    rng, canvas = sketch.rng, sketch.canvas
    size = sketch.style.size * 0.85
    step = rng.choice((0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100))
    count = rng.randint(4, 6)
    left = 0.0
    for i in range(1, count):
        y = -height * i / count
        text = f"{step * i:g}"
        canvas.line([(0, y), (5, y)])
        canvas.text(-5, y + size * 0.36, text, size=size, anchor="right")
        left = max(left, canvas.width(text, size) + 6)
    step, count = rng.choice((0.5, 1, 2, 5, 10, 20, 50, 100)), rng.randint(4, 7)
    for i in range(1, count) if across else ():
        x = width * i / count
        canvas.line([(x, 0), (x, -5)])
        canvas.text(x, size * 1.1 + 2, f"{step * i:g}", size=size, anchor="center")
    return left


def _curve_shape(rng, kind: str):
    """A function from 0..1 to 0..1 of one of the usual forms."""
    a, b = rng.uniform(0.15, 0.85), rng.uniform(2.0, 7.0)
    return {
        "rise": lambda t: 0.06 + 0.8 * (1 - math.exp(-b * t)),
        "decay": lambda t: 0.08 + 0.8 * math.exp(-b * t),
        "bell": lambda t: 0.08 + 0.75 * math.exp(-(((t - a) * b) ** 2) * 2),
        "line": lambda t: 0.1 + (0.3 + 0.5 * a) * t,
        "fall": lambda t: 0.9 - (0.3 + 0.45 * a) * t,
        "step": lambda t: 0.12 + 0.65 / (1 + math.exp(-(t - a) * b * 6)),
        "sine": lambda t: 0.5 + 0.3 * math.sin(b * 2 * t + a * 6),
        "ring": lambda t: 0.5 - 0.42 * math.exp(-3.2 * t) * math.cos(b * 5 * t),
        "knee": lambda t: 0.08 + 0.1 * t + 0.75 * max(0.0, t - a * 0.7),
    }[kind]


def _curves(sketch: Sketch, words: Words) -> None:
    rng, canvas = sketch.rng, sketch.canvas
    width, height = rng.uniform(280, 420), rng.uniform(200, 320)
    up, across = _axes(sketch, words, width, height)
    count = rng.choice((1, 2, 2, 3, 3))
    kind = rng.choice(("rise", "decay", "bell", "line", "fall", "step", "sine", "ring", "knee"))
    lead_ends = []
    named = rng.random() < 0.35
    dashes = rng.sample((None, "dashed", "center", "short"), count) if rng.random() < 0.6 else [None] * count
    dashes[0] = None
    scales = sorted(rng.uniform(0.45, 1.0) for _ in range(count))
    lifts = [i * 0.12 for i in range(count)] if count > 1 else [0.0]
    for i in range(count):
        shape = _curve_shape(rng, kind)
        points = []
        for n in range(61):
            t = n / 60
            value = min(0.94, shape(t) * (0.45 + 0.4 * scales[i]) + lifts[i])
            points.append((t * width * 0.94 + 2, -value * height))
        canvas.line(points, sketch.style.heavy, dashes[i])
        lead_ends.append(points)
    for i, points in enumerate(lead_ends):
        name = words.curve()
        index = sketch.part(name.term, name.printed if named else None, sketch.numbering.next(), "curve")
        if named:
            _legend(sketch, index, name.printed, dashes[i], i, width, height)
        else:
            _curve_lead(sketch, index, points, i, count)
    if rng.random() < 0.2:
        _marker(sketch, words, width, height)
    _graph_subject(sketch, words, up, across)


def _curve_lead(sketch: Sketch, index: int, points: list, place: int, count: int) -> None:
    at = points[int(60 * (0.28 + 0.5 * (place + 0.5) / count))]
    size = sketch.style.numeral_size
    up = place == count - 1
    draw_lead(sketch, index, at, (at[0] + size * (0.9 if up else 1.1), at[1] + (-size if up else size) * 1.3))


def _legend(
    sketch: Sketch, index: int, printed: str, dash: str | None, place: int, width: float, height: float
) -> None:
    """A line of the legend right of the graph: a sample of the curve, its name and its numeral."""
    canvas = sketch.canvas
    y = -height * 0.9 + place * sketch.style.size * 2.4
    canvas.line([(width + 16, y), (width + 46, y)], sketch.style.heavy, dash)
    box = canvas.text(width + 52, y + sketch.style.size * 0.36, printed, Mark("name", index), element="text")
    numeral = sketch.parts[index].numeral
    canvas.text(
        box[2] + 6,
        y + sketch.style.size * 0.36,
        numeral,
        Mark("numeral", index),
        lettering=sketch.style.numerals,
        underline=sketch.style.underline,
    )


def _marker(sketch: Sketch, words: Words, width: float, height: float) -> None:
    """A dashed line at a point of the abscissa, named t1, T0 or the like."""
    canvas, rng = sketch.canvas, sketch.rng
    x = width * rng.uniform(0.2, 0.8)
    canvas.line([(x, 0), (x, -height * 0.97)], dash="short", pen=sketch.style.pen * 0.8)


def _graph_subject(sketch: Sketch, words: Words, up: str, across: str) -> None:
    """What the graph plots, from its printed axes."""
    rng = sketch.rng
    sketch.view = rng.choice(("graph", "graph", "plot", "diagram", "chart"))
    if rng.random() < 0.85:
        joint = rng.choice(("versus", "versus", "as a function of", "over", "against"))
        sketch.subject, sketch.subject_known = f"{up} {joint} {across}", True
    else:
        sketch.subject, sketch.subject_known = words.subject("graph"), False


def _bars(sketch: Sketch, words: Words) -> None:
    rng, canvas = sketch.rng, sketch.canvas
    width, height = rng.uniform(260, 380), rng.uniform(180, 260)
    up, across = _axes(sketch, words, width, height, ticks_across=False)
    count = rng.randint(3, 6)
    pitch = width / (count + 0.4)
    fills = rng.choice(("hatch", "white", "mixed"))
    numbered = set(rng.sample(range(count), rng.randint(1, min(3, count))))
    for i in range(count):
        x0, x1 = pitch * (i + 0.4), pitch * (i + 1.0)
        top = -height * rng.uniform(0.2, 0.8)
        box = [(x0, 0), (x1, 0), (x1, top), (x0, top)]
        canvas.line(box, closed=True)
        if fills == "hatch" or (fills == "mixed" and i % 2):
            canvas.hatch(box, rng.choice((45, 135)), 6.0)
        if i in numbered:
            term = words.curve().term.rsplit(" ", 1)[0] + " bar"
            index = sketch.part(term, None, sketch.numbering.next(), "curve")
            draw_lead(
                sketch, index, (x1 - pitch * 0.15, top), (x1 - pitch * 0.05, top - sketch.style.numeral_size * 0.9)
            )
    _graph_subject(sketch, words, up, across)
    sketch.view = rng.choice(("bar graph", "bar chart", "graph", "histogram"))


def _timing(sketch: Sketch, words: Words) -> None:
    rng, canvas = sketch.rng, sketch.canvas
    count, width = rng.randint(2, 5), rng.uniform(300, 420)
    names = [words.curve() for _ in range(count)]
    slots = rng.randint(8, 14)
    slot = width / slots
    size = sketch.style.size
    numbered = rng.random() < 0.6
    for row, name in enumerate(names):
        y = row * 62.0
        index = sketch.part(name.term, name.printed, sketch.numbering.next() if numbered else None, "curve")
        canvas.text(-12, y - 8, name.printed, Mark("name", index), size, "right", element="text")
        points = _wave(
            rng,
            "clock" if row == 0 and rng.random() < 0.5 else rng.choice(("pulse", "pulse", "ramp", "sine")),
            slots,
            slot,
            y,
        )
        canvas.line(points, sketch.style.heavy if rng.random() < 0.3 else None)
        if numbered:
            end = points[-1]
            draw_lead(sketch, index, (end[0] - 3, end[1]), (end[0] + size, end[1] - size * 0.9))
    if rng.random() < 0.6:
        canvas.line([(0, count * 62 - 36), (width + 20, count * 62 - 36)])
        canvas.arrowhead((width, count * 62 - 36), (width + 24, count * 62 - 36))
        index = sketch.part("time", words.cased("time"), None, "axis")
        canvas.text(
            width / 2,
            count * 62 - 36 + size * 1.25,
            words.cased("time"),
            Mark("name", index),
            size,
            "center",
            element="text",
        )
    if rng.random() < 0.5:
        for x in rng.sample(range(2, slots - 1), 2):
            canvas.line([(x * slot, -44), (x * slot, count * 62 - 40)], sketch.style.pen * 0.7, "short")
    sketch.view = rng.choice(("timing diagram", "timing diagram", "waveform diagram"))
    terms = [with_article(name.term) for name in names[:2]]
    sketch.subject, sketch.subject_known = f"{terms[0]} and {terms[1]}", True


def _wave(rng, kind: str, slots: int, slot: float, y: float) -> list:
    low, high = y, y - 28.0
    if kind == "sine":
        turns = rng.uniform(1.5, 4.0)
        return [
            (i * slots * slot / 90, (low + high) / 2 - 14 * math.sin(turns * 2 * math.pi * i / 90)) for i in range(91)
        ]
    if kind == "ramp":
        period = rng.choice((2, 3))
        points = [(0.0, low)]
        for i in range(0, slots - period + 1, period):
            points += [((i + period) * slot, high), ((i + period) * slot, low)]
        return [*points, (slots * slot, low)]
    points, level = [(0.0, low)], low
    for i in range(1, slots):
        if kind == "clock" or rng.random() < 0.4:
            points += [(i * slot, level), (i * slot, low + high - level)]
            level = low + high - level
    return [*points, (slots * slot, level)]
