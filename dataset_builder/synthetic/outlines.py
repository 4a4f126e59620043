"""Mechanical views from one side: gears, clamps, linkages, bottles, casters and plates, as outlines with fillets."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dataset_builder.synthetic.canvas import Canvas, Point, arc_points, round_rect_points, spline

View = tuple[tuple[str, ...], list[Point]]

SIDE_VIEWS = ("side view", "side elevational view", "front view", "front elevational view", "elevational view")


def fillet(points: Sequence[Point], radius: float) -> list[Point]:
    """The closed outline with its corners rounded."""
    points, result = list(points), []
    for before, corner, after in zip(points[-1:] + points[:-1], points, points[1:] + points[:1]):
        a, b = _towards(corner, before, radius), _towards(corner, after, radius)
        for t in (0.0, 0.25, 0.5, 0.75, 1.0):
            result.append(tuple((1 - t) ** 2 * p + 2 * t * (1 - t) * q + t**2 * s for p, q, s in zip(a, corner, b)))
    return result


def _towards(start: Point, end: Point, distance: float) -> Point:
    length = math.hypot(end[0] - start[0], end[1] - start[1]) or 1.0
    share = min(0.5, distance / length)
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


def polar(center: Point, radius: float, degrees: float) -> Point:
    a = math.radians(degrees)
    return center[0] + radius * math.cos(a), center[1] + radius * math.sin(a)


def cross_lines(canvas: Canvas, center: Point, reach: float) -> None:
    """The center lines of a round part."""
    x, y = center
    canvas.line([(x - reach, y), (x + reach, y)], canvas.style.pen * 0.6, "center")
    canvas.line([(x, y - reach), (x, y + reach)], canvas.style.pen * 0.6, "center")


def threads(canvas: Canvas, start: Point, end: Point, half: float, pitch: float) -> None:
    """The slanting lines of a screw thread along an axis, with its two outlines."""
    length = math.hypot(end[0] - start[0], end[1] - start[1])
    ux, uy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    nx, ny = -uy * half, ux * half
    for sign in (-1, 1):
        canvas.line([(start[0] + sign * nx, start[1] + sign * ny), (end[0] + sign * nx, end[1] + sign * ny)])
    at = pitch
    while at < length - pitch:
        a = (start[0] + ux * at - nx, start[1] + uy * at - ny)
        b = (start[0] + ux * (at + pitch * 0.6) + nx, start[1] + uy * (at + pitch * 0.6) + ny)
        canvas.line([a, b], canvas.style.pen * 0.7)
        at += pitch


def coil(canvas: Canvas, start: Point, end: Point, half: float, turns: int) -> None:
    """A helical spring between two points, seen from the side."""
    length = math.hypot(end[0] - start[0], end[1] - start[1])
    ux, uy = (end[0] - start[0]) / length, (end[1] - start[1]) / length

    def at(along: float, across: float) -> Point:
        return start[0] + ux * along - uy * across, start[1] + uy * along + ux * across

    pitch = length / turns
    for i in range(turns):
        canvas.line([at(i * pitch, -half), at((i + 0.5) * pitch, half)], canvas.style.pen)
        canvas.line([at(i * pitch + 3, -half), at((i + 0.5) * pitch + 3, half)], canvas.style.pen)
        canvas.line([at((i + 0.5) * pitch, half), at((i + 1) * pitch, -half)], canvas.style.pen * 0.6)


def bar(canvas: Canvas, a: Point, b: Point, half_a: float, half_b: float) -> None:
    """A lever with round ends of two radii around a and b, filled white so that it covers what is behind."""
    angle = math.degrees(math.atan2(b[1] - a[1], b[0] - a[0]))
    points = arc_points(*b, half_b, half_b, angle - 90, angle + 90) + arc_points(
        *a, half_a, half_a, angle + 90, angle + 270
    )
    canvas.area(points)


def pin(canvas: Canvas, center: Point, radius: float) -> None:
    canvas.ellipse(*center, radius, radius, fill="white")
    canvas.ellipse(*center, radius * 0.5, radius * 0.5)


# ---- views -----------------------------------------------------------------------------------------------------


def gears(canvas: Canvas, rng) -> View:
    """A train of two or three meshing gears with hubs, and a pawl on the first."""
    pitch = rng.uniform(11, 15)
    counts = [rng.randint(18, 30), rng.randint(10, 16)] + ([rng.randint(14, 22)] if rng.random() < 0.5 else [])
    radii = [count * pitch / (2 * math.pi) for count in counts]
    centers: list[Point] = [(0.0, 0.0)]
    for before, radius in zip(radii, radii[1:]):
        centers.append(polar(centers[-1], before + radius + 1.5, rng.uniform(-50, 40)))
    anchors: list[Point] = []
    for center, radius, count in zip(centers, radii, counts):
        anchors += _gear(canvas, rng, center, radius, count)
    if rng.random() < 0.6:
        tip = polar(centers[0], radii[0] + 3, 215)
        pivot = (tip[0] - rng.uniform(55, 80), tip[1] - rng.uniform(5, 30))
        canvas.area(
            fillet(
                [
                    (pivot[0] - 8, pivot[1] - 10),
                    (tip[0] - 4, tip[1] - 12),
                    tip,
                    (tip[0] - 16, tip[1] + 4),
                    (pivot[0] - 6, pivot[1] + 11),
                ],
                4,
            )
        )
        pin(canvas, pivot, 5)
        coil(canvas, (pivot[0] + 20, pivot[1] - 8), (pivot[0] + 20, pivot[1] - 58), 6, 6)
        canvas.line([(pivot[0] + 2, pivot[1] - 58), (pivot[0] + 38, pivot[1] - 58)])
        canvas.hatch(
            [
                (pivot[0] + 2, pivot[1] - 58),
                (pivot[0] + 38, pivot[1] - 58),
                (pivot[0] + 38, pivot[1] - 64),
                (pivot[0] + 2, pivot[1] - 64),
            ],
            45,
            5,
        )
        anchors += [(pivot[0] + 28, (pivot[1] + tip[1]) / 2), pivot, (pivot[0] + 27, pivot[1] - 34)]
    return SIDE_VIEWS, anchors


def _gear(canvas: Canvas, rng, center: Point, radius: float, count: int) -> list[Point]:
    step, shift = 360 / count, rng.uniform(0, 360)
    outline: list[Point] = []
    for i in range(count):
        for share, reach in ((0.0, -4.5), (0.2, -4.5), (0.32, 1.0), (0.4, 4.5), (0.62, 4.5), (0.7, 1.0), (0.82, -4.5)):
            outline.append(polar(center, radius + reach, shift + (i + share) * step))
    canvas.area(outline)
    hub, bore = radius * 0.3, radius * 0.16
    canvas.ellipse(*center, hub, hub)
    canvas.ellipse(*center, bore, bore)
    key = bore * 0.3
    canvas.area(
        [
            (center[0] - key, center[1] - bore - key),
            (center[0] + key, center[1] - bore - key),
            (center[0] + key, center[1] - bore * 0.8),
            (center[0] - key, center[1] - bore * 0.8),
        ]
    )
    anchors = [polar(center, radius + 3, rng.uniform(0, 360)), polar(center, hub * 0.85, rng.uniform(0, 360))]
    if radius > 30 and rng.random() < 0.7:
        canvas.ellipse(*center, radius * 0.86, radius * 0.86, canvas.style.pen * 0.7)
        holes = rng.choice((4, 5, 6))
        for i in range(holes):
            at = polar(center, radius * 0.58, shift + i * 360 / holes)
            canvas.ellipse(*at, radius * 0.13, radius * 0.13)
        anchors.append(polar(center, radius * 0.58, shift))
    cross_lines(canvas, center, radius * 0.24)
    return anchors


def bottle(canvas: Canvas, rng) -> View:
    """A bottle or dispenser with a neck, a cap or pump head, a label panel and a foot."""
    w, h = rng.uniform(48, 75), rng.uniform(190, 260)
    neck, shoulder = w * rng.uniform(0.3, 0.45), h * rng.uniform(0.16, 0.26)
    waist = w * rng.uniform(0.82, 1.0)
    side = spline(
        [
            (neck, 0),
            (neck + 1, shoulder * 0.3),
            (w * 0.8, shoulder * 0.85),
            (w, shoulder * 1.25),
            (waist, h * 0.55),
            (w, h * 0.85),
            (w, h - 8),
            (w - 7, h),
        ],
        8,
    )
    outline = side + [(-x, y) for x, y in reversed(side)]
    canvas.line(outline, closed=True)
    canvas.line([(-w + 4, h - 7), (w - 4, h - 7)], canvas.style.pen * 0.7)
    canvas.rect((-neck - 4, -7, neck + 4, 0), fill="white")
    anchors = [(w * 0.9, shoulder), (-w * 0.5, h - 3), (neck + 4, -3)]
    if rng.random() < 0.55:
        cap = rng.uniform(30, 46)
        canvas.line(round_rect_points((-neck - 6, -8 - cap, neck + 6, -8), 4), closed=True)
        ribs = 9
        for i in range(1, ribs):
            x = -(neck + 6) * math.cos(math.pi * i / ribs)
            canvas.line([(x, -cap), (x, -14)], canvas.style.pen * 0.7)
        anchors.append((neck * 0.6, -4 - cap))
    else:
        canvas.line(round_rect_points((-neck - 5, -32, neck + 5, -8), 3), closed=True)
        canvas.line([(-5, -32), (-5, -66), (5, -66), (5, -32)])
        canvas.area(fillet([(-16, -86), (24, -90), (64, -80), (62, -70), (24, -74), (-16, -66)], 6))
        canvas.line([(-4, 10), (-4, h - 24), (5, h - 12), (5, 10)], dash="dashed", pen=canvas.style.pen * 0.8)
        anchors += [(40, -80), (5, -50), (-neck - 5, -20), (-4, h * 0.6)]
    if rng.random() < 0.6:
        panel = round_rect_points((-w * 0.7, h * 0.36, w * 0.7, h * 0.74), 6)
        canvas.line(panel, closed=True)
        anchors.append((w * 0.7, h * 0.52))
    elif rng.random() < 0.6:
        for i in range(4):
            y = h * (0.42 + 0.07 * i)
            canvas.line(spline([(-waist * 0.96, y), (0, y + 7), (waist * 0.96, y)], 6), canvas.style.pen * 0.8)
        anchors.append((waist * 0.5, h * 0.49 + 5))
    if rng.random() < 0.4:
        level = h * 0.3
        canvas.line(
            spline([(-w * 0.95, level), (-w * 0.4, level + 2), (w * 0.3, level - 2), (w * 0.95, level)], 6),
            canvas.style.pen * 0.8,
        )
        anchors.append((-w * 0.6, level + 1))
    if rng.random() < 0.5:
        canvas.line([(0, -105), (0, h + 14)], canvas.style.pen * 0.6, "center")
    return SIDE_VIEWS, anchors


def clamp(canvas: Canvas, rng) -> View:
    """A C-shaped frame with a screw, a pad, a fixed jaw and a sliding handle."""
    w, h, t = rng.uniform(110, 160), rng.uniform(150, 220), rng.uniform(24, 34)
    inner = fillet([(w, 0), (0, 0), (0, h), (w, h), (w, h + t), (-t, h + t), (-t, -t), (w, -t)], 16)
    canvas.area(inner)
    rib = fillet(
        [
            (w - 14, -t * 0.62),
            (-t * 0.55, -t * 0.62),
            (-t * 0.55, h + t * 0.6),
            (w - 14, h + t * 0.6),
            (w - 14, h + t * 0.4),
            (-t * 0.3, h + t * 0.4),
            (-t * 0.3, -t * 0.36),
            (w - 14, -t * 0.36),
        ],
        6,
    )
    canvas.line(rib, canvas.style.pen * 0.7, closed=True)
    x = w - 20
    canvas.area(round_rect_points((x - 17, h - 6, x + 17, h + t + 10), 5))
    canvas.area(round_rect_points((x - 17, -14, x + 17, 4), 3))
    screw = 9.0
    bottom = h + t + rng.uniform(60, 95)
    canvas.area([(x - screw, h * 0.42), (x + screw, h * 0.42), (x + screw, h - 6), (x - screw, h - 6)])
    threads(canvas, (x, h * 0.42), (x, h - 6), screw, 6.5)
    canvas.area([(x - screw, h + t + 10), (x + screw, h + t + 10), (x + screw, bottom), (x - screw, bottom)])
    threads(canvas, (x, h + t + 10), (x, bottom), screw, 6.5)
    canvas.area(fillet([(x - 21, h * 0.42 - 12), (x + 21, h * 0.42 - 12), (x + 15, h * 0.42), (x - 15, h * 0.42)], 3))
    canvas.area(round_rect_points((x - 12, bottom, x + 12, bottom + 24), 5))
    canvas.area(round_rect_points((x - 62, bottom + 9, x + 62, bottom + 16), 3))
    for sign in (-1, 1):
        canvas.ellipse(x + sign * 65, bottom + 12.5, 7, 7, fill="white")
    canvas.line([(x, -28), (x, bottom + 36)], canvas.style.pen * 0.6, "center")
    anchors = [
        (-t * 0.8, h * 0.5),
        (x + 19, h * 0.42 - 8),
        (x + screw, h * 0.7),
        (x + 15, 0),
        (x + 17, h + t * 0.5),
        (x + 40, bottom + 10),
        (x - 65, bottom + 10),
        (x - screw, bottom - 20),
        (w * 0.3, -t * 0.8),
    ]
    if rng.random() < 0.6:
        work = (x - 60, 4, x + 44, h * 0.42 - 12)
        canvas.rect(work, canvas.style.pen * 0.8, "phantom")
        anchors.append((x - 60, h * 0.2))
    return SIDE_VIEWS, anchors


def linkage(canvas: Canvas, rng) -> View:
    """A lever on a base, driven through a link by a cylinder, with a return spring."""
    base_y = 130.0
    canvas.area(
        fillet(
            [
                (-70, base_y),
                (-52, base_y - 14),
                (-26, base_y - 14),
                (-14, 12),
                (14, 12),
                (26, base_y - 14),
                (200, base_y - 14),
                (215, base_y),
            ],
            6,
        )
    )
    canvas.line([(-100, base_y), (250, base_y)])
    for i in range(14):
        canvas.line([(-95 + i * 25, base_y), (-105 + i * 25, base_y + 12)], canvas.style.pen * 0.7)
    tilt = rng.uniform(-28, 12)
    tail, nose = polar((0, 0), rng.uniform(70, 100), 180 + tilt), polar((0, 0), rng.uniform(130, 190), tilt)
    foot = (rng.uniform(110, 160), base_y - 28)
    canvas.area(round_rect_points((foot[0] - 16, foot[1] - 12, foot[0] + 16, base_y - 12), 4))
    joint = ((nose[0] * 0.72), (nose[1] * 0.72))
    middle = (foot[0] + (joint[0] - foot[0]) * 0.58, foot[1] + (joint[1] - foot[1]) * 0.58)
    bar(canvas, middle, joint, 3.5, 3.5)
    bar(canvas, foot, middle, 11, 11)
    pin(canvas, foot, 5)
    bar(canvas, tail, (0, 0), 10, 16)
    bar(canvas, (0, 0), nose, 16, 9)
    pin(canvas, joint, 5)
    pin(canvas, (0, 0), 8)
    pin(canvas, tail, 4.5)
    coil(canvas, (tail[0], tail[1] + 10), (tail[0], base_y - 2), 9, 8)
    knob = polar(nose, 16, tilt)
    canvas.ellipse(*knob, 17, 17, fill="white")
    ghost = rng.random() < 0.4
    if ghost:
        other = polar((0, 0), math.hypot(*nose), tilt - 24)
        canvas.line([polar((0, 0), 18, tilt - 24), other], canvas.style.pen * 0.7, "phantom")
        canvas.arc(0, 0, math.hypot(*nose) + 14, math.hypot(*nose) + 14, tilt - 22, tilt - 6, canvas.style.pen * 0.7)
    anchors = [
        (nose[0] * 0.4, nose[1] * 0.4 - 8),
        (0, 0),
        joint,
        middle,
        (foot[0] + 12, base_y - 20),
        (tail[0] + 6, (tail[1] + base_y) / 2),
        (knob[0] + 10, knob[1] + 10),
        (-16, base_y - 40),
        tail,
        (180, base_y - 12),
    ]
    return SIDE_VIEWS, anchors


def caster(canvas: Canvas, rng) -> View:
    """A wheel in a fork under a mounting plate, with a brake lever."""
    r = rng.uniform(62, 85)
    top = -r - rng.uniform(38, 55)
    canvas.ellipse(0, 0, r, r)
    canvas.ellipse(0, 0, r * 0.8, r * 0.8)
    canvas.ellipse(0, 0, r * 0.74, r * 0.74, canvas.style.pen * 0.7)
    spokes = rng.choice((0, 5, 6))
    for i in range(spokes):
        a = i * 360 / spokes + 20
        for shift in (-5, 5):
            canvas.line([polar((0, 0), r * 0.3, a + shift * 2.2), polar((0, 0), r * 0.74, a + shift)])
    for i in range(28):
        a = i * 360 / 28
        canvas.line([polar((0, 0), r * 0.93, a), polar((0, 0), r, a + 3)], canvas.style.pen * 0.7)
    lean = rng.uniform(18, 40)
    fork = fillet(
        [(-16, 14), (16, 14), (lean + 34, top + 16), (lean + 30, top + 6), (lean - 34, top + 6), (lean - 38, top + 18)],
        9,
    )
    canvas.area(fork)
    canvas.ellipse(0, 0, 13, 13)
    canvas.area([polar((0, 0), 8, a) for a in range(0, 360, 60)])
    canvas.area(round_rect_points((lean - 22, top - 8, lean + 22, top + 6), 4))
    canvas.area(round_rect_points((lean - 62, top - 18, lean + 62, top - 8), 2))
    for x in (lean - 46, lean + 46):
        canvas.area(round_rect_points((x - 9, top - 27, x + 9, top - 18), 3))
        canvas.line([(x, top - 34), (x, top)], canvas.style.pen * 0.6, "center")
    anchors = [
        (r * 0.87, r * 0.2),
        (lean - 20, top + 40),
        (0, 6),
        (lean + 50, top - 13),
        (lean + 16, top - 1),
        (lean - 46, top - 25),
        (-r * 0.7, r * 0.66),
    ]
    if rng.random() < 0.6:
        canvas.area(
            fillet(
                [
                    (lean + 20, top + 22),
                    (lean + 76, top + 34),
                    (lean + 92, top + 24),
                    (lean + 96, top + 32),
                    (lean + 78, top + 46),
                    (lean + 14, top + 36),
                ],
                4,
            )
        )
        pin(canvas, (lean + 24, top + 30), 4.5)
        anchors += [(lean + 84, top + 34), (lean + 24, top + 30)]
    if rng.random() < 0.5:
        canvas.line([(-r - 30, r), (r + 30, r)])
    return SIDE_VIEWS, anchors


def plate(canvas: Canvas, rng) -> View:
    """A plate with holes, slots, a boss and hidden edges, seen from above."""
    w, h = rng.uniform(230, 330), rng.uniform(130, 190)
    notch = w * 0.3
    outline = [
        (0, 0),
        (w * 0.34, 0),
        (w * 0.34 + 10, 16),
        (w * 0.34 + notch - 10, 16),
        (w * 0.34 + notch, 0),
        (w, 0),
        (w, h * 0.7),
        (w - 34, h),
        (34, h),
        (0, h * 0.7),
    ]
    if rng.random() < 0.4:
        outline = [(0, 0), (w, 0), (w, h), (0, h)]
    canvas.line(fillet(outline, 14), canvas.style.heavy, closed=True)
    anchors: list[Point] = [(w, h * 0.35), (w * 0.34 + notch / 2, 16 if len(outline) > 4 else 0)]
    for x in (26, w - 26):
        hole = (x, 30)
        canvas.ellipse(*hole, 9, 9)
        canvas.ellipse(*hole, 14, 14, canvas.style.pen * 0.7)
        cross_lines(canvas, hole, 19)
        anchors.append((x + 6, 36))
    cx, cy, r = w / 2, h * 0.52, rng.uniform(26, 38)
    for radius in (r, r * 0.72, r * 0.4):
        canvas.ellipse(cx, cy, radius, radius)
    cross_lines(canvas, (cx, cy), r * 1.3)
    bolts = rng.choice((3, 4, 6))
    for i in range(bolts):
        canvas.ellipse(*polar((cx, cy), r * 0.86, i * 360 / bolts + 30), 2.5, 2.5)
    anchors += [(cx + r * 0.55, cy + r * 0.1), (cx - r * 0.9, cy - r * 0.4), (cx + r * 0.2, cy + r * 0.4)]
    for x in (w * 0.2, w * 0.8):
        canvas.line(round_rect_points((x - 9, h * 0.42, x + 9, h * 0.74), 9), closed=True)
        anchors.append((x + 6, h * 0.7))
    for y in (h * 0.34, h * 0.8):
        canvas.line([(w * 0.06, y), (w * 0.12, y)], dash="dashed")
    canvas.line([(w * 0.3, 24), (w * 0.3, h - 8)], canvas.style.pen * 0.8, "dashed")
    canvas.line([(w * 0.7, 24), (w * 0.7, h - 8)], canvas.style.pen * 0.8, "dashed")
    anchors.append((w * 0.7, h * 0.86))
    return ("top plan view", "top view", "plan view", "bottom plan view"), anchors


OUTLINES = (gears, bottle, clamp, linkage, caster, plate)
