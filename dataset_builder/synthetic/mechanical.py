"""Mechanical views: sections, side views, perspective and exploded views composed of profiles with fillets."""

from __future__ import annotations

import math

from dataset_builder.synthetic.canvas import Canvas, Point, arc_points, round_rect_points, spline
from dataset_builder.synthetic.leads import place_leads
from dataset_builder.synthetic.sketch import Sketch, draw_system_numeral
from dataset_builder.synthetic.vocabulary import with_article
from dataset_builder.synthetic.words import Words

Anchor = Point


def draw_mechanical(sketch: Sketch, words: Words) -> None:
    """A mechanical view; parts carry numerals only, their names come from a parts list or stay unknown."""
    builder = sketch.rng.choice(BUILDERS)
    views, anchors = builder(sketch.canvas, sketch.rng)
    sketch.view = sketch.rng.choice(views)
    _name_parts(sketch, words, anchors)
    if sketch.rng.random() < 0.35:
        index = sketch.part(words.assembly(), None, sketch.numbering.next(), "container")
        x0, y0, x1, _ = sketch.canvas.bounds()
        x = x1 + 12 if sketch.rng.random() < 0.5 else x0 - 12
        draw_system_numeral(sketch, index, (x, y0 - 26), (-0.6 if x > x0 else 0.6, 0.8))


def _name_parts(sketch: Sketch, words: Words, anchors: list[Anchor]) -> None:
    """Numbers a choice of the anchors and leads lines to them."""
    rng = sketch.rng
    chosen = rng.sample(anchors, min(len(anchors), rng.randint(3, 9)))
    placed = [
        (sketch.part(words.mechanical_part(), None, sketch.numbering.next(), "element"), point) for point in chosen
    ]
    place_leads(sketch, placed)
    assembly = words.assembly()
    sketch.subject, sketch.subject_known = with_article(assembly), False


# ---- shafts and housings in section ----------------------------------------------------------------------------


def _shaft_section(canvas: Canvas, rng) -> tuple[tuple[str, ...], list[Anchor]]:
    """A stepped shaft in a flanged housing, cut along its axis: bearings, seals and hatched walls."""
    anchors: list[Anchor] = []
    length = rng.uniform(320, 440)
    r = rng.uniform(18, 26)
    bore, outer, flange = r + rng.uniform(22, 34), r + rng.uniform(50, 66), r + rng.uniform(78, 110)
    x0, x1 = 60.0, length - 60
    canvas.line([(-40, 0), (length + 40, 0)], canvas.style.pen * 0.7, "center")
    steps = [(-20, r * 0.72), (x0 - 10, r), (length * 0.5, r * 1.25), (x1 + 14, r), (length + 20, r * 0.66)]
    _shaft(canvas, steps, length + 24)
    anchors += [(-8, -r * 0.5), (length * 0.52, r * 0.7)]
    wall = rng.uniform(12, 17)
    for sign in (-1, 1):
        profile = [
            (x0, bore),
            (x1, bore),
            (x1, flange),
            (x1 - wall, flange),
            (x1 - wall, outer),
            (x0 + wall, outer),
            (x0 + wall, flange * 0.9),
            (x0, flange * 0.9),
        ]
        points = fillet([(x, sign * y) for x, y in profile], 5.0)
        canvas.line(points, closed=True)
        canvas.hatch(points, 45 if sign > 0 else 135, rng.choice((6.0, 7.5)))
        for x in (x0 + 8, x1 - 30):
            _bearing(canvas, (x, sign * (r * 1.02), x + 22, sign * bore), sign)
        bolt_y = sign * (outer + flange) / 2
        _bolt(canvas, x1, bolt_y, wall)
    anchors += [
        ((x0 + x1) / 2, -outer),
        (x1 - wall / 2, -flange),
        (x0 + 19, (bore + r) / 2),
        (x1 - 19, -(bore + r) / 2),
        (x1 + 6, (outer + flange) / 2),
        (x0 + wall / 2, flange * 0.9),
    ]
    if rng.random() < 0.6:
        end = length + 24
        for sign in (-1, 1):
            cover = fillet(
                [
                    (x1 + 0.5, sign * bore * 0.98),
                    (x1 + 12, sign * bore * 0.98),
                    (x1 + 12, sign * r * 1.1),
                    (x1 + 0.5, sign * r * 1.1),
                ],
                2,
            )
            canvas.line(cover, closed=True)
            canvas.hatch(cover, 135 if sign > 0 else 45, 4.5)
        anchors.append((x1 + 12, -(bore + r) / 2))
        anchors.append((end - 8, r * 0.4))
    return ("cross-sectional view", "sectional view", "longitudinal sectional view"), anchors


def _shaft(canvas: Canvas, steps: list[tuple[float, float]], end: float) -> None:
    """A shaft of cylinders along x with chamfered ends: `steps` are (start, radius)."""
    stops = [*steps, (end, 0.0)]
    for (a, radius), (b, following) in zip(stops, stops[1:]):
        canvas.line([(a, -radius), (b, -radius)])
        canvas.line([(a, radius), (b, radius)])
        reach = max(radius, following)
        canvas.line([(b, -reach), (b, reach)])
    first, radius = steps[0]
    canvas.line([(first, -radius), (first - 4, -radius + 4), (first - 4, radius - 4), (first, radius)])
    canvas.line([(first, -radius), (first, radius)])


def _bearing(canvas: Canvas, box: tuple, sign: int) -> None:
    """A ball bearing in section between the radii box[1] and box[3]."""
    x0, ya, x1, yb = box
    race = abs(yb - ya) * 0.27
    middle = (ya + yb) / 2
    for a, b in ((ya, ya + sign * race), (yb - sign * race, yb)):
        points = [(x0, a), (x1, a), (x1, b), (x0, b)]
        canvas.line(points, closed=True)
        canvas.hatch(points, 45, 4.0)
    radius = min((x1 - x0) * 0.36, abs(yb - ya) * 0.3)
    canvas.ellipse((x0 + x1) / 2, middle, radius, radius, fill="white")


def _bolt(canvas: Canvas, x: float, y: float, wall: float) -> None:
    """A hexagon bolt with its head right of a flange face at x."""
    canvas.area([(x, y - 8), (x + 8, y - 8), (x + 9.5, y - 5), (x + 9.5, y + 5), (x + 8, y + 8), (x, y + 8)])
    canvas.line([(x, y - 2.8), (x + 9, y - 2.8)], canvas.style.pen * 0.7)
    canvas.line([(x, y + 2.8), (x + 9, y + 2.8)], canvas.style.pen * 0.7)
    canvas.area([(x - wall - 10, y - 4), (x, y - 4), (x, y + 4), (x - wall - 10, y + 4)])
    canvas.line([(x - wall - 14, y), (x + 14, y)], canvas.style.pen * 0.6, "center")


# ---- perspective -----------------------------------------------------------------------------------------------


def _box_view(canvas: Canvas, rng) -> tuple[tuple[str, ...], list[Anchor]]:
    """A case in oblique perspective with a lid, a latch, hinges, feet and an opening."""
    w, h, d = rng.uniform(190, 280), rng.uniform(100, 160), rng.uniform(70, 120)
    ux, uy = d * rng.uniform(0.6, 0.8), -d * rng.uniform(0.38, 0.55)
    lid = h * rng.uniform(0.18, 0.3)
    front = round_rect_points((0, 0, w, h), 7)
    canvas.line(front, closed=True)
    canvas.line([(7, 0), (ux + 5, uy), (w + ux - 4, uy), (w - 3, 1)])
    canvas.line(spline([(w + ux - 4, uy), (w + ux, uy + 3), (w + ux, uy + 9)], 4))
    canvas.line([(w + ux, uy + 9), (w + ux, h + uy - 8), (w - 1, h - 4)])
    canvas.line([(0, lid), (w, lid), (w + ux, lid + uy)])
    canvas.line([(0, lid + 4), (w, lid + 4), (w + ux, lid + uy + 4)])
    cx = w * rng.uniform(0.4, 0.6)
    canvas.area(round_rect_points((cx - 14, lid - 10, cx + 14, lid + 18), 4))
    canvas.line(round_rect_points((cx - 8, lid + 3, cx + 8, lid + 13), 3), closed=True)
    for x in (w * 0.12, w * 0.82):
        canvas.line([(x, h), (x + 3, h + 10), (x + 22, h + 10), (x + 25, h)])
    handle_y = uy / 2
    left, right = w * 0.3 + ux / 2, w * 0.7 + ux / 2
    canvas.line(
        spline(
            [
                (left, handle_y),
                (left + 4, handle_y - 26),
                (left + 20, handle_y - 34),
                (right - 20, handle_y - 34),
                (right - 4, handle_y - 26),
                (right, handle_y),
            ],
            6,
        )
    )
    canvas.line(
        spline(
            [
                (left + 8, handle_y),
                (left + 12, handle_y - 20),
                (left + 24, handle_y - 26),
                (right - 24, handle_y - 26),
                (right - 12, handle_y - 20),
                (right - 8, handle_y),
            ],
            6,
        )
    )
    for i in range(rng.randint(3, 6)):
        t = 0.25 + i * 0.1
        canvas.line([(w + ux * t, h * 0.5 + uy * t), (w + ux * t, h * 0.78 + uy * t)])
    canvas.line([(0, h - 6), (w - 2, h - 6)], canvas.style.pen * 0.7)
    anchors = [
        (w * 0.2, 0 + lid * 0.5),
        (w * 0.2, h * 0.7),
        (cx, lid + 15),
        (w * 0.16, h + 9),
        (w + ux * 0.45, h * 0.6 + uy * 0.45),
        ((left + right) / 2, handle_y - 33),
        (w + ux * 0.8, lid + 2 + uy * 0.8),
        (w * 0.85, lid + 4),
        (ux * 0.6 + 20, uy * 0.6),
    ]
    return ("perspective view", "isometric view", "front perspective view"), anchors


# ---- layers ----------------------------------------------------------------------------------------------------


def _layers(canvas: Canvas, rng) -> tuple[tuple[str, ...], list[Anchor]]:
    """A stack of layers in section, each with its own hatching, with an opening or a plug through the upper ones."""
    width = rng.uniform(280, 380)
    y, anchors = 0.0, []
    count = rng.randint(3, 6)
    gap = rng.uniform(0.35, 0.6) * width
    for i in range(count):
        height = rng.uniform(18, 46) + (30 if i == 0 else 0)
        cut = i >= count - 2 and rng.random() < 0.7
        spans = [(0.0, gap - 22), (gap + 22, width)] if cut else [(0.0, width)]
        kind = rng.choice((None, (45, 7), (135, 7), (45, 12), (135, 10)))
        for x0, x1 in spans:
            points = [(x0, y), (x1, y), (x1, y - height), (x0, y - height)]
            canvas.line(points, closed=True)
            if kind and i:
                canvas.hatch(points, *kind)
        anchors.append((width - 6 if i % 2 else 8.0, y - height * rng.uniform(0.35, 0.65)))
        if cut:
            anchors.append((gap - 22, y - height * 0.5))
        y -= height
    bump = [(gap - 46, y), *arc_points(gap - 75, y, 24, 22, 0, -180), (gap - 110, y)]
    canvas.line(bump)
    anchors.append((gap - 75, y - 22))
    return ("cross-sectional view", "cross-sectional view", "sectional view"), anchors


# ---- helpers ---------------------------------------------------------------------------------------------------


def fillet(points: list[Point], radius: float) -> list[Point]:
    """The closed outline with its corners rounded."""
    result: list[Point] = []
    for before, corner, after in zip(points[-1:] + points[:-1], points, points[1:] + points[:1]):
        a, b = _towards(corner, before, radius), _towards(corner, after, radius)
        for t in (0.0, 0.25, 0.5, 0.75, 1.0):
            result.append(tuple((1 - t) ** 2 * p + 2 * t * (1 - t) * q + t**2 * s for p, q, s in zip(a, corner, b)))
    return result


def _towards(start: Point, end: Point, distance: float) -> Point:
    length = math.hypot(end[0] - start[0], end[1] - start[1]) or 1.0
    share = min(0.5, distance / length)
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


BUILDERS = (_shaft_section, _box_view, _layers)
