"""Mechanical views in perspective: cases, assemblies of blocks and cylinders, and parts exploded along an axis."""

from __future__ import annotations

import math

from dataset_builder.synthetic.canvas import Canvas, Point, arc_points, round_rect_points, spline
from dataset_builder.synthetic.outlines import View, fillet

SOLID_VIEWS = (
    "perspective view",
    "perspective view",
    "isometric view",
    "front perspective view",
    "top perspective view",
)

_COS, _SIN = math.cos(math.radians(30)), 0.5
_RX, _RY = 1.2247, 0.7071


def iso(x: float, y: float, z: float) -> Point:
    """Isometric projection: x to the lower right, y to the lower left, z up."""
    return (x - y) * _COS, (x + y) * _SIN - z


def block(canvas: Canvas, x: float, y: float, z: float, w: float, d: float, h: float) -> None:
    """A block with its three visible faces; it covers what was drawn before."""
    top = [iso(x, y, z + h), iso(x + w, y, z + h), iso(x + w, y + d, z + h), iso(x, y + d, z + h)]
    right = [iso(x + w, y, z + h), iso(x + w, y + d, z + h), iso(x + w, y + d, z), iso(x + w, y, z)]
    left = [iso(x, y + d, z + h), iso(x + w, y + d, z + h), iso(x + w, y + d, z), iso(x, y + d, z)]
    for face in (top, right, left):
        canvas.area(face)


def post(canvas: Canvas, x: float, y: float, z: float, r: float, h: float) -> None:
    """An upright cylinder that covers what was drawn before."""
    (bx, by), (tx, ty) = iso(x, y, z), iso(x, y, z + h)
    rx, ry = r * _RX, r * _RY
    canvas.area(arc_points(bx, by, rx, ry, 0, 180) + arc_points(tx, ty, rx, ry, 180, 360))
    canvas.ellipse(tx, ty, rx, ry)


def ring_on_top(canvas: Canvas, x: float, y: float, z: float, r: float, pen: float | None = None) -> None:
    cx, cy = iso(x, y, z)
    canvas.ellipse(cx, cy, r * _RX, r * _RY, pen)


def case(canvas: Canvas, rng) -> View:
    """A case in oblique perspective with a lid, a latch, hinges, feet, vents and a handle."""
    w, h, d = rng.uniform(190, 280), rng.uniform(100, 160), rng.uniform(70, 120)
    ux, uy = d * rng.uniform(0.6, 0.8), -d * rng.uniform(0.38, 0.55)
    lid = h * rng.uniform(0.18, 0.3)
    canvas.line(round_rect_points((0, 0, w, h), 7), closed=True)
    canvas.line([(7, 0), (ux + 5, uy), (w + ux - 4, uy), (w - 3, 1)])
    canvas.line(spline([(w + ux - 4, uy), (w + ux, uy + 3), (w + ux, uy + 9)], 4))
    canvas.line([(w + ux, uy + 9), (w + ux, h + uy - 8), (w - 1, h - 4)])
    for gap in (0, 4):
        canvas.line([(0, lid + gap), (w, lid + gap), (w + ux, lid + uy + gap)])
    anchors = [(w * 0.2, lid * 0.5), (w * 0.2, h * 0.7), (w + ux * 0.8, lid + 2 + uy * 0.8), (ux * 0.6 + 20, uy * 0.6)]
    latches = (0.25, 0.75) if rng.random() < 0.4 else (rng.uniform(0.4, 0.6),)
    for share in latches:
        cx = w * share
        canvas.area(round_rect_points((cx - 14, lid - 10, cx + 14, lid + 18), 4))
        canvas.line(round_rect_points((cx - 8, lid + 3, cx + 8, lid + 13), 3), closed=True)
    anchors.append((cx + 4, lid + 15))
    for x in (w * 0.12, w * 0.82):
        canvas.line([(x, h), (x + 3, h + 10), (x + 22, h + 10), (x + 25, h)])
    anchors.append((w * 0.16, h + 9))
    anchors += _handle(canvas, rng, w, ux, uy) + _side_detail(canvas, rng, w, h, ux, uy)
    if rng.random() < 0.5:
        canvas.line(round_rect_points((w * 0.3, h * 0.55, w * 0.75, h * 0.86), 5), closed=True)
        canvas.line([(w * 0.34, h * 0.63), (w * 0.71, h * 0.63)], canvas.style.pen * 0.7)
        anchors.append((w * 0.6, h * 0.86))
    canvas.line([(0, h - 6), (w - 2, h - 6)], canvas.style.pen * 0.7)
    return SOLID_VIEWS, anchors


def _handle(canvas: Canvas, rng, w: float, ux: float, uy: float) -> list[Point]:
    if rng.random() < 0.3:
        return []
    y, left, right = uy / 2, w * 0.3 + ux / 2, w * 0.7 + ux / 2
    for inset, lift in ((0, 34), (8, 26)):
        a, b = left + inset, right - inset
        canvas.line(
            spline(
                [(a, y), (a + 4, y - lift + 7), (a + 18, y - lift), (b - 18, y - lift), (b - 4, y - lift + 7), (b, y)],
                6,
            )
        )
    return [((left + right) / 2, y - 33), (left + 4, y - 4)]


def _side_detail(canvas: Canvas, rng, w: float, h: float, ux: float, uy: float) -> list[Point]:
    """Vents or a round opening in the side wall."""
    if rng.random() < 0.6:
        for i in range(rng.randint(3, 6)):
            t = 0.25 + i * 0.1
            canvas.line([(w + ux * t, h * 0.5 + uy * t), (w + ux * t, h * 0.78 + uy * t)])
        return [(w + ux * 0.45, h * 0.6 + uy * 0.45)]
    cx, cy = w + ux * 0.5, h * 0.62 + uy * 0.5
    for r in (17, 11):
        canvas.ellipse(cx, cy, r * 0.7, r)
    return [(cx + 6, cy + 12)]


def machine(canvas: Canvas, rng) -> View:
    """A machine of a base, a table, a column, a head and a motor, in isometric view."""
    w, d = rng.uniform(170, 230), rng.uniform(110, 150)
    legs = rng.random() < 0.5
    z = 0.0
    anchors: list[Point] = []
    if legs:
        height = rng.uniform(40, 70)
        for x, y in ((4, 4), (w - 18, 4), (4, d - 18), (w - 18, d - 18)):
            block(canvas, x, y, 0, 14, 14, height)
        anchors.append(iso(w - 4, d - 10, height * 0.4))
        z = height
    base = rng.uniform(18, 34)
    block(canvas, 0, 0, z, w, d, base)
    anchors.append(iso(w * 0.55, d, z + base * 0.5))
    z += base
    cw = rng.uniform(34, 50)
    ch = rng.uniform(110, 160)
    tall = rng.random() < 0.5
    if tall:
        post(canvas, w * 0.25, d * 0.3, z, cw * 0.4, ch)
        anchors.append(iso(w * 0.25 + cw * 0.2, d * 0.3 + cw * 0.2, z + ch * 0.4))
    else:
        block(canvas, 12, 14, z, cw, cw, ch)
        anchors.append(iso(12 + cw * 0.5, 14 + cw, z + ch * 0.45))
    arm = rng.uniform(70, 110)
    block(canvas, 8, 10, z + ch, arm, cw + 10, 30)
    anchors.append(iso(arm * 0.8, cw + 20, z + ch + 15))
    post(canvas, 26, cw * 0.6, z + ch + 30, 16, rng.uniform(26, 46))
    anchors.append(iso(30, cw * 0.6 + 8, z + ch + 50))
    return SOLID_VIEWS, anchors + _table(canvas, rng, w, d, z) + _head(canvas, rng, arm, cw, z + ch)


def _table(canvas: Canvas, rng, w: float, d: float, z: float) -> list[Point]:
    """A work table with slots or a turntable in front on the base."""
    if rng.random() < 0.5:
        block(canvas, w * 0.5, d * 0.35, z, w * 0.42, d * 0.55, 14)
        for share in (0.45, 0.6, 0.75):
            canvas.line([iso(w * 0.5, d * share, z + 14), iso(w * 0.92, d * share, z + 14)])
        return [iso(w * 0.92, d * 0.6, z + 7), iso(w * 0.62, d * 0.6, z + 14)]
    post(canvas, w * 0.7, d * 0.6, z, 30, 12)
    ring_on_top(canvas, w * 0.7, d * 0.6, z + 12, 20, canvas.style.pen * 0.7)
    ring_on_top(canvas, w * 0.7, d * 0.6, z + 12, 6)
    return [iso(w * 0.7 + 18, d * 0.6 + 20, z + 6), iso(w * 0.7, d * 0.6 + 6, z + 12)]


def _head(canvas: Canvas, rng, arm: float, cw: float, z: float) -> list[Point]:
    """A spindle below the arm, or knobs and a display on its face."""
    anchors = []
    for i in range(rng.randint(1, 3)):
        cx, cy = iso(arm * (0.3 + 0.22 * i), cw + 20, z + 15)
        canvas.ellipse(cx, cy, 5.5, 7)
        canvas.ellipse(cx, cy, 2, 2.6)
        if i == 0:
            anchors.append((cx + 2, cy + 6))
    x, y = iso(arm, (cw + 10) * 0.6 + 6, z + 15)
    canvas.area(fillet([(x - 3, y - 6), (x + 26, y + 6), (x + 26, y + 14), (x - 3, y + 4)], 3))
    canvas.ellipse(x + 30, y + 12, 7, 8, fill="white")
    return [*anchors, (x + 32, y + 18), (x + 12, y + 4)]


def exploded(canvas: Canvas, rng) -> View:
    """Parts pulled apart along an inclined or upright axis: caps, rings, springs of discs, bodies, screws."""
    count = rng.randint(4, 7)
    upright = rng.random() < 0.6
    place = 0.0
    anchors: list[Point] = []
    shapes = [rng.choice(("disc", "ring", "body", "cup", "hexagon", "plate")) for _ in range(count)]
    shapes[0] = rng.choice(("screw", "cap", "cap"))
    shapes[-1] = "body"
    tilt = (0.0, 1.0) if upright else (0.86, 0.5)
    radius = rng.uniform(38, 52)
    for i, shape in enumerate(shapes):
        r = radius * rng.uniform(0.6, 1.1) if shape != "screw" else 15.0
        depth = {
            "disc": 8,
            "ring": 10,
            "body": rng.uniform(50, 80),
            "cup": 36,
            "hexagon": 16,
            "plate": 6,
            "screw": 44,
            "cap": 26,
        }[shape]
        center = (tilt[0] * place, tilt[1] * place)
        if i:
            canvas.line([(tilt[0] * (place - 34), tilt[1] * (place - 34)), center], canvas.style.pen * 0.6, "center")
        anchors += _turned(canvas, rng, shape, center, r, depth, upright)
        place += depth + 44 + (0 if upright else r * 0.5)
    return ("exploded perspective view", "exploded view", "exploded perspective view"), anchors


def _turned(canvas: Canvas, rng, shape: str, center: Point, r: float, depth: float, upright: bool) -> list[Point]:
    """One round part whose near face is centred at `center` and that extends along the axis by `depth`."""
    flat = 0.38

    def at(angle: float, along: float, share: float = 1.0) -> Point:
        a = math.radians(angle)
        if upright:
            return center[0] + r * share * math.cos(a), center[1] + along + r * share * flat * math.sin(a)
        return center[0] + 0.86 * along + r * share * flat * math.cos(a), center[
            1
        ] + 0.5 * along + r * share * math.sin(a)

    def face(along: float, share: float = 1.0) -> list[Point]:
        return [at(angle, along, share) for angle in range(0, 360, 8)]

    if shape in ("hexagon", "plate"):
        return _prism(canvas, at, shape, depth)
    if upright:
        body = [at(a, depth) for a in range(0, 181, 6)] + [at(a, 0) for a in range(180, 361, 6)]
    else:
        body = [at(a, depth) for a in range(-75, 106, 6)] + [at(a, 0) for a in range(105, 286, 6)]
    canvas.area(body)
    canvas.area(face(0))
    rim = at(40, depth * 0.6) if upright else at(60, depth * 0.5)
    anchors = [rim]
    if shape in ("ring", "cup"):
        canvas.line(face(0, 0.68), closed=True)
        anchors.append(at(100, 0, 0.68))
        if shape == "ring":
            canvas.line(
                [at(a, depth, 0.68) for a in (range(190, 351, 8) if upright else range(100, 261, 8))],
                canvas.style.pen * 0.7,
            )
    elif shape == "disc":
        canvas.line(face(0, 0.25), closed=True)
        for angle in range(20, 380, 72):
            x, y = at(angle, 0, 0.66)
            canvas.ellipse(x, y, r * 0.1, r * 0.1 * flat if upright else r * 0.1)
    elif shape == "cap":
        for a in range(20, 165, 14) if upright else range(-60, 100, 14):
            canvas.line([at(a, 3), at(a, depth - 2)], canvas.style.pen * 0.7)
    elif shape == "screw":
        canvas.line([at(200, 0, 0.6), at(20, 0, 0.6)], canvas.style.heavy)
        for k in range(1, 6):
            canvas.line(
                [at(a, 8 + k * (depth - 12) / 6) for a in (range(0, 181, 12) if upright else range(-75, 106, 12))],
                canvas.style.pen * 0.7,
            )
    else:
        canvas.line(face(0, 0.55), closed=True)
        canvas.line(
            [at(a, depth * 0.75) for a in (range(0, 181, 6) if upright else range(-75, 106, 6))], canvas.style.pen * 0.7
        )
        anchors.append(at(80, 0, 0.55))
    return anchors


def _prism(canvas: Canvas, at, shape: str, depth: float) -> list[Point]:
    """A hexagonal nut or a square plate with a hole."""
    step, start = (60, 0) if shape == "hexagon" else (90, 45)
    share = 1.0 if shape == "hexagon" else 1.25
    corners = list(range(start, start + 360, step))
    front = [at(a, 0, share) for a in corners]
    back = [at(a, depth, share) for a in corners]
    for i in range(len(corners)):
        j = (i + 1) % len(corners)
        canvas.area([front[i], front[j], back[j], back[i]])
    canvas.area(front)
    canvas.line([at(a, 0, 0.5) for a in range(0, 360, 8)], closed=True)
    edge = front[1]
    return [(edge[0] * 0.9 + front[0][0] * 0.1, edge[1] * 0.9 + front[0][1] * 0.1 + 1)]


def bracket(canvas: Canvas, rng) -> View:
    """An angle bracket with holes, a gusset and fastened posts, in isometric view."""
    w, d, t, h = rng.uniform(120, 170), rng.uniform(90, 130), rng.uniform(12, 18), rng.uniform(90, 140)
    block(canvas, 0, 0, 0, w, d, t)
    block(canvas, 0, 0, t, w, t, h)
    anchors = [iso(w * 0.5, d, t * 0.5), iso(w * 0.75, t, h * 0.85)]
    gusset = w * rng.uniform(0.4, 0.6)
    thick = 12.0
    foot, peak = d * 0.7, h * 0.75
    canvas.area([iso(gusset + thick, t, t + peak), iso(gusset + thick, t, t), iso(gusset + thick, foot, t)])
    canvas.area(
        [iso(gusset, t, t + peak), iso(gusset + thick, t, t + peak), iso(gusset + thick, foot, t), iso(gusset, foot, t)]
    )
    anchors.append(iso(gusset + thick, t + foot * 0.3, t + peak * 0.3))
    for x, y in ((w * 0.2, d * 0.65), (w * 0.84, d * 0.7)):
        ring_on_top(canvas, x, y, t, 9)
        ring_on_top(canvas, x, y, t, 14, canvas.style.pen * 0.7)
        anchors.append(iso(x + 6, y + 5, t))
    cx, cy = iso(w * 0.2, t, t + h * 0.6)
    wall = [
        (cx + 13 * math.cos(a) * _COS, cy + 13 * math.cos(a) * 0.5 + 13 * math.sin(a))
        for a in (i * math.pi / 18 for i in range(36))
    ]
    canvas.area(wall)
    canvas.line([(cx + (x - cx) * 0.85 + 2, cy + (y - cy) * 0.85 - 1) for x, y in wall[20:36]], canvas.style.pen * 0.7)
    anchors.append(wall[4])
    if rng.random() < 0.7:
        post(canvas, w * 0.84, d * 0.7, t, 9, rng.uniform(34, 60))
        post(canvas, w * 0.84, d * 0.7, t + 26, 15, 9)
        anchors.append(iso(w * 0.84 + 9, d * 0.7 + 9, t + 28))
    return SOLID_VIEWS, anchors


def canister(canvas: Canvas, rng) -> View:
    """An upright vessel of stacked cylinders with a band, a knob, a spout and hidden inner parts."""
    r, z = rng.uniform(48, 62), 0.0
    anchors: list[Point] = []
    parts = [
        (1.15, rng.uniform(12, 20)),
        (1.0, rng.uniform(110, 160)),
        (1.08, rng.uniform(16, 24)),
        (0.8, rng.uniform(18, 30)),
        (0.28, rng.uniform(16, 26)),
        (0.42, 14.0),
    ]
    for i, (share, height) in enumerate(parts):
        post(canvas, 0, 0, z, r * share, height)
        angle = rng.uniform(20, 150)
        x, y = iso(0, 0, z + height * 0.45)
        anchors.append(
            (x + r * share * _RX * math.cos(math.radians(angle)), y + r * share * _RY * math.sin(math.radians(angle)))
        )
        if i == 1:
            anchors += _vessel_details(canvas, rng, r, z, height)
        z += height
    return SOLID_VIEWS, anchors


def _vessel_details(canvas: Canvas, rng, r: float, z: float, height: float) -> list[Point]:
    x, y = iso(0, 0, z)
    rx, ry = r * _RX, r * _RY
    anchors = []
    for share in (0.25, 0.32):
        canvas.line(arc_points(x, y - height * share, rx, ry, 0, 180), canvas.style.pen * 0.8)
    if rng.random() < 0.6:
        top = y - height * 0.62
        for radius in (0.62, 0.56):
            canvas.line(arc_points(x, top, rx * radius, ry * radius, 0, 360), canvas.style.pen * 0.7, "dashed")
        for sign in (-1, 1):
            canvas.line([(x + sign * rx * 0.62, top), (x + sign * rx * 0.62, y - 8)], canvas.style.pen * 0.7, "dashed")
        anchors.append((x + rx * 0.3, top + ry * 0.54))
    sx, sy = x + rx * 0.92, y - height * 0.55
    canvas.area(fillet([(sx, sy - 12), (sx + 44, sy - 34), (sx + 54, sy - 24), (sx + 8, sy + 12)], 5))
    canvas.ellipse(sx + 50, sy - 30, 6, 9, fill="white")
    return [*anchors, (sx + 28, sy - 16), (x + rx * 0.1, y - height * 0.285 + ry)]


SOLIDS = (case, machine, exploded, bracket, canister)
