"""A figure in the making: its canvas, its parts and links, and the drawing of labelled nodes and lead lines."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field, replace

from dataset_builder.synthetic.canvas import Bounds, Canvas, Mark, Point, Run, choose_style, line_step, spline
from dataset_builder.synthetic.numbering import Numbering, choose_label, choose_numbering
from dataset_builder.synthetic.scene import Link, Part, Scene


@dataclass
class Sketch:
    """Canvas and content of one figure while a family draws it."""

    family: str
    rng: random.Random
    canvas: Canvas
    label: str | None
    numbering: Numbering
    split: str
    view: str = ""
    subject: str = ""
    subject_known: bool = True
    parts: list[Part] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)

    @property
    def style(self):
        return self.canvas.style

    def part(
        self,
        term: str,
        printed: str | None = None,
        numeral: str | None = None,
        role: str = "component",
        parent: int | None = None,
    ) -> int:
        """Adds a part and returns its index."""
        self.parts.append(Part(term, numeral, printed, role, parent))
        return len(self.parts) - 1

    def change(self, index: int, **changes) -> None:
        self.parts[index] = replace(self.parts[index], **changes)

    def link(self, source: int, target: int, label: str | None = None, directed: bool = True) -> int:
        self.links.append(Link(source, target, label, directed))
        return len(self.links) - 1

    def scene(self) -> Scene:
        return Scene(
            self.family, self.view, self.label, self.subject, self.subject_known, tuple(self.parts), tuple(self.links)
        )


def start_sketch(family: str, split: str, rng: random.Random) -> Sketch:
    """An empty sketch with a style, a figure label and a numbering."""
    label = choose_label(rng)
    numbering = choose_numbering(rng, label, steps=family == "flowchart")
    return Sketch(family, rng, Canvas(choose_style(rng), rng), label, numbering, split)


# ---- nodes -----------------------------------------------------------------------------------------------------


def wrap(canvas: Canvas, text: str, width: float, size: float | None = None) -> list[str]:
    """The text in lines no wider than `width` where its words allow."""
    lines: list[str] = []
    for word in text.split():
        if lines and canvas.width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def label_lines(
    sketch: Sketch, index: int, width: float, inside: str = "none", size: float | None = None
) -> list[list[Run]]:
    """The lines of a node: its printed name, and its numeral if `inside` is "after", "below" or "parenthesis"."""
    part, canvas = sketch.parts[index], sketch.canvas
    lines = [[Run(text, Mark("name", index))] for text in wrap(canvas, part.printed or "", width, size)]
    if part.numeral is None or inside == "none":
        return lines
    text = f"({part.numeral})" if inside == "parenthesis" else part.numeral
    run = Run(text, Mark("numeral", index), sketch.style.underline and inside != "parenthesis")
    if lines and inside != "below" and canvas.line_width([*lines[-1], run], size) <= width:
        lines[-1].append(run)
    else:
        lines.append([run])
    return lines


def lines_size(sketch: Sketch, lines: list[list[Run]], size: float | None = None) -> tuple[float, float]:
    """Width and height a block of lines takes."""
    size = size or sketch.style.size
    if not lines:
        return 0.0, 0.0
    return max(sketch.canvas.line_width(line, size) for line in lines), line_step(size) * len(lines)


def draw_shape(canvas: Canvas, shape: str, box: Bounds, pen: float | None = None, dash: str | None = None) -> None:
    """The outline of a node: box, round, pill, diamond, ellipse, cylinder, cloud, parallelogram, document or double."""
    x0, y0, x1, y1 = box
    cx, cy, w, h = (x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0
    if shape == "round":
        canvas.round_rect(box, min(w, h) * 0.2, pen, dash)
    elif shape == "pill":
        canvas.round_rect(box, h / 2, pen, dash)
    elif shape == "diamond":
        canvas.line([(cx, y0), (x1, cy), (cx, y1), (x0, cy)], pen, dash, closed=True)
    elif shape == "ellipse":
        canvas.ellipse(cx, cy, w / 2, h / 2, pen, dash)
    elif shape == "cylinder":
        _cylinder(canvas, box, pen)
    elif shape == "cloud":
        canvas.line(cloud_points(box), pen, dash, closed=True)
    elif shape == "parallelogram":
        lean = h * 0.35
        canvas.line([(x0 + lean, y0), (x1, y0), (x1 - lean, y1), (x0, y1)], pen, dash, closed=True)
    elif shape == "document":
        wave = spline(
            [
                (x1, y1 - h * 0.08),
                (x0 + w * 0.75, y1 - h * 0.16),
                (cx, y1 - h * 0.06),
                (x0 + w * 0.25, y1),
                (x0, y1 - h * 0.06),
            ]
        )
        canvas.line([(x0, y0), (x1, y0), *wave], pen, dash, closed=True)
    else:
        canvas.rect(box, pen, dash)
        if shape == "double":
            canvas.line([(x0 + 7, y0), (x0 + 7, y1)], pen)
            canvas.line([(x1 - 7, y0), (x1 - 7, y1)], pen)


def _cylinder(canvas: Canvas, box: Bounds, pen: float | None) -> None:
    x0, y0, x1, y1 = box
    cx, rx = (x0 + x1) / 2, (x1 - x0) / 2
    ry = cap_height(box)
    canvas.ellipse(cx, y0 + ry, rx, ry, pen)
    canvas.line([(x0, y0 + ry), (x0, y1 - ry)], pen)
    canvas.line([(x1, y0 + ry), (x1, y1 - ry)], pen)
    canvas.arc(cx, y1 - ry, rx, ry, 0, 180, pen)


def cap_height(box: Bounds) -> float:
    """Half the height of a cylinder's cap."""
    return min((box[2] - box[0]) * 0.13, (box[3] - box[1]) * 0.2, 14.0)


def cloud_points(box: Bounds) -> list[Point]:
    """The outline of a cloud: bumps along an ellipse."""
    x0, y0, x1, y1 = box
    cx, cy, rx, ry = (x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) / 2, (y1 - y0) / 2
    points = []
    bumps = 9 if rx < 1.6 * ry else 11
    for i in range(bumps * 10):
        a = 2 * math.pi * i / (bumps * 10)
        swell = 0.88 + 0.12 * abs(math.sin(a * bumps / 2 + 0.4))
        points.append((cx + rx * swell * math.cos(a), cy + ry * swell * math.sin(a)))
    return points


def node_margins(shape: str, size: float) -> tuple[float, float]:
    """Factors by which a shape is wider and higher than the text in it."""
    return {"diamond": (1.85, 2.1), "ellipse": (1.4, 1.6), "cloud": (1.5, 1.9), "parallelogram": (1.25, 1.2)}.get(
        shape, (1.0, 1.0)
    )


def node_size(sketch: Sketch, lines: list[list[Run]], shape: str, padding: float | None = None) -> tuple[float, float]:
    """Width and height of a node around its lines."""
    size = sketch.style.size
    padding = size * 0.8 if padding is None else padding
    w, h = lines_size(sketch, lines)
    fx, fy = node_margins(shape, size)
    w, h = w * fx + 2 * padding, h * fy + 1.4 * padding
    if shape == "cylinder":
        h += 26.0
    return max(w, size * 3.2), max(h, size * 2.2)


def draw_node(
    sketch: Sketch,
    index: int,
    box: Bounds,
    lines: list[list[Run]],
    shape: str = "box",
    pen: float | None = None,
    dash: str | None = None,
) -> None:
    """A node with its label in the middle; records the elements node and node_label."""
    canvas = sketch.canvas
    draw_shape(canvas, shape, box, pen, dash)
    canvas.elements.append(("node", box))
    if lines:
        cy = (box[1] + box[3]) / 2 + (cap_height(box) if shape == "cylinder" else 0.0)
        canvas.block((box[0] + box[2]) / 2, cy, lines, element="node_label")


# ---- numerals with lead lines ----------------------------------------------------------------------------------


def draw_lead(
    sketch: Sketch, index: int, target: Point, end: Point, lead: str | None = None, dash: str | None = None
) -> Bounds:
    """The numeral of a part at `end`, with a lead line to `target` in the sheet's manner; returns the numeral's box."""
    canvas, style = sketch.canvas, sketch.style
    numeral = sketch.parts[index].numeral
    box = place_numeral(sketch, index, numeral, target, end)
    lead = lead or style.lead
    points = lead_points(target, end, lead, sketch.rng)
    canvas.line(points, style.pen * 0.85, dash)
    if lead == "arrow":
        canvas.arrowhead(points[1], points[0], 5.5 + style.pen)
    return box


def place_numeral(sketch: Sketch, index: int, numeral: str, target: Point, end: Point) -> Bounds:
    """Writes a numeral just beyond `end`, on the side away from `target`."""
    style, canvas = sketch.style, sketch.canvas
    size = style.numeral_size
    w, h = style.numerals.width(numeral, size), size * 0.72
    dx, dy = end[0] - target[0], end[1] - target[1]
    gap = 3.5
    if abs(dx) >= abs(dy) * 0.55:
        x = end[0] + gap if dx >= 0 else end[0] - gap - w
        y = end[1] + h / 2 + (0.3 * h if dy > 0 else -0.2 * h) * min(1.0, abs(dy) / (abs(dx) + 1))
    else:
        x = end[0] - w / 2
        y = end[1] + gap + h if dy >= 0 else end[1] - gap
    underline = style.underline and style.inside == "none" and sketch.rng.random() < 0.1
    return canvas.text(x, y, numeral, Mark("numeral", index), size, lettering=style.numerals, underline=underline)


def lead_points(target: Point, end: Point, lead: str, rng: random.Random) -> list[Point]:
    """Points of a lead line from its target to its numeral."""
    (tx, ty), (ex, ey) = target, end
    dx, dy = ex - tx, ey - ty
    length = math.hypot(dx, dy) or 1.0
    nx, ny = -dy / length, dx / length
    if lead in ("straight", "arrow") or length < 9:
        return [target, end]
    bend = min(length * 0.16, 8.0) * (1 if (int(tx) + int(ey)) % 2 else -1)
    if lead == "squiggle":
        a = (tx + dx * 0.3 + nx * bend, ty + dy * 0.3 + ny * bend)
        b = (tx + dx * 0.7 - nx * bend, ty + dy * 0.7 - ny * bend)
        return spline([target, a, b, end], 6)
    if lead == "hook":
        return spline([target, (tx + dx * 0.25, ty + dy * 0.75), (tx + dx * 0.6, ey), end], 6)
    return spline([target, (tx + dx * 0.5 + nx * bend, ty + dy * 0.5 + ny * bend), end], 8)


def draw_system_numeral(sketch: Sketch, index: int, corner: Point, inward: Point) -> None:
    """A numeral for the whole figure near `corner`, with an arrow, often a bolt, that points inwards."""
    canvas = sketch.canvas
    (x, y), (ux, uy) = corner, inward
    tip = (x + ux * 34, y + uy * 34)
    place_numeral(sketch, index, sketch.parts[index].numeral, tip, corner)
    kind = sketch.rng.choice(("bolt", "straight", "curved"))
    if kind == "bolt":
        points = [
            corner,
            (x + ux * 20 - uy * 4, y + uy * 20 + ux * 4),
            (x + ux * 14 + uy * 4, y + uy * 14 - ux * 4),
            tip,
        ]
    elif kind == "curved":
        points = spline([corner, (x + ux * 17 - uy * 4, y + uy * 17 + ux * 4), tip], 6)
    else:
        points = [corner, tip]
    canvas.line(points)
    canvas.arrowhead(points[-2], tip)
