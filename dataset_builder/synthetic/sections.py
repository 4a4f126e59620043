"""Mechanical views in section: shafts, cylinders, valves, flanged joints, turned parts, layers, with section lining."""

from __future__ import annotations

from dataset_builder.synthetic.canvas import Canvas, Point, arc_points
from dataset_builder.synthetic.outlines import View, coil, fillet, threads

SECTION_VIEWS = (
    "cross-sectional view",
    "sectional view",
    "longitudinal sectional view",
    "partial cross-sectional view",
)


def cut(canvas: Canvas, points: list[Point], angle: float = 45.0, gap: float = 6.5) -> None:
    """A cut face: its outline and section lining."""
    canvas.area(points)
    canvas.hatch(points, angle, gap)


def mirrored(points: list[Point], sign: int) -> list[Point]:
    return [(x, sign * y) for x, y in points]


def axis(canvas: Canvas, x0: float, x1: float) -> None:
    canvas.line([(x0, 0), (x1, 0)], canvas.style.pen * 0.6, "center")


def shaft(canvas: Canvas, rng) -> View:
    """A stepped shaft in a flanged housing, cut along its axis: bearings, seals and hatched walls."""
    anchors: list[Point] = []
    length = rng.uniform(320, 440)
    r = rng.uniform(18, 26)
    bore, outer, flange = r + rng.uniform(22, 34), r + rng.uniform(50, 66), r + rng.uniform(78, 110)
    x0, x1 = 60.0, length - 60
    steps = [(-20, r * 0.72), (x0 - 10, r), (length * 0.5, r * 1.25), (x1 + 14, r), (length + 20, r * 0.66)]
    _steps(canvas, steps, length + 24)
    anchors += [(-8, -r * 0.5), (length * 0.52, r * 0.7)]
    wall = rng.uniform(12, 17)
    second = rng.choice((flange * 0.9, outer))
    for sign in (-1, 1):
        profile = [
            *((x0, bore), (x1, bore), (x1, flange), (x1 - wall, flange), (x1 - wall, outer)),
            *((x0 + wall, outer), (x0 + wall, second), (x0, second)),
        ]
        cut(canvas, fillet(mirrored(profile, sign), 5.0), 45 if sign > 0 else 135, rng.choice((6.0, 7.5)))
        for x in (x0 + 8, x1 - 30):
            _bearing(canvas, (x, sign * (r * 1.02), x + 22, sign * bore), sign)
        bolt(canvas, x1, sign * (outer + flange) / 2, wall)
    middle = (bore + r) / 2
    anchors += [((x0 + x1) / 2, -outer), (x1 - wall / 2, -flange), (x0 + 19, middle), (x1 - 19, -middle)]
    anchors += [(x1 + 6, (outer + flange) / 2), (x0 + wall / 2, second - 4)]
    if rng.random() < 0.6:
        for sign in (-1, 1):
            cover = [(x1 + 0.5, bore), (x1 + 12, bore), (x1 + 12, r * 1.1), (x1 + 0.5, r * 1.1)]
            cut(canvas, fillet(mirrored(cover, sign), 2), 135 if sign > 0 else 45, 4.5)
        anchors += [(x1 + 12, -middle), (length + 16, r * 0.4)]
    axis(canvas, -40, length + 40)
    return SECTION_VIEWS, anchors


def _steps(canvas: Canvas, steps: list[tuple[float, float]], end: float) -> None:
    """A shaft of cylinders along x with a chamfered end: `steps` are (start, radius)."""
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
    for a, b in ((ya, ya + sign * race), (yb - sign * race, yb)):
        cut(canvas, [(x0, a), (x1, a), (x1, b), (x0, b)], 45, 4.0)
    radius = min((x1 - x0) * 0.36, abs(yb - ya) * 0.3)
    canvas.ellipse((x0 + x1) / 2, (ya + yb) / 2, radius, radius, fill="white")


def bolt(canvas: Canvas, x: float, y: float, wall: float) -> None:
    """A hexagon bolt with its head right of a flange face at x."""
    canvas.area([(x, y - 8), (x + 8, y - 8), (x + 9.5, y - 5), (x + 9.5, y + 5), (x + 8, y + 8), (x, y + 8)])
    for side in (-2.8, 2.8):
        canvas.line([(x, y + side), (x + 9, y + side)], canvas.style.pen * 0.7)
    canvas.area([(x - wall - 10, y - 4), (x, y - 4), (x, y + 4), (x - wall - 10, y + 4)])
    canvas.line([(x - wall - 14, y), (x + 14, y)], canvas.style.pen * 0.6, "center")


def cylinder(canvas: Canvas, rng) -> View:
    """A piston in a cylinder with end caps, ports, rings, a rod and perhaps a spring."""
    length, bore, wall = rng.uniform(260, 340), rng.uniform(42, 58), rng.uniform(11, 15)
    at, thick = length * rng.uniform(0.32, 0.6), rng.uniform(34, 46)
    rod = bore * rng.uniform(0.24, 0.34)
    head = rng.uniform(22, 30)
    for sign in (-1, 1):
        cut(
            canvas,
            mirrored([(0, bore), (length, bore), (length, bore + wall), (0, bore + wall)], sign),
            45 * sign % 180,
            7,
        )
        cap = [(-head, 0), (0, 0), (0, bore + wall), (-head, bore + wall)]
        cut(canvas, fillet(mirrored(cap, sign), 3), -45 * sign % 180, 7)
        gland = [
            (length, rod + 1),
            (length + head, rod + 1),
            (length + head, bore * 0.8),
            (length + head * 0.6, bore + wall),
            (length, bore + wall),
        ]
        cut(canvas, fillet(mirrored(gland, sign), 3), -45 * sign % 180, 7)
        canvas.area(
            mirrored(
                [(length + 8, rod + 1), (length + 15, rod + 1), (length + 15, rod + 8), (length + 8, rod + 8)], sign
            ),
            "black",
        )
    piston = [(at, -bore + 1), (at + thick, -bore + 1), (at + thick, bore - 1), (at, bore - 1)]
    cut(canvas, piston, 45, 9)
    for x in (at + 7, at + thick - 13):
        for sign in (-1, 1):
            canvas.area(mirrored([(x, bore - 8), (x + 6, bore - 8), (x + 6, bore), (x, bore)], sign), "black")
    end = length + head + rng.uniform(50, 80)
    canvas.area([(at + thick, -rod), (end, -rod), (end, rod), (at + thick, rod)])
    canvas.area(fillet([(end, -rod * 1.6), (end + 34, -rod * 1.6), (end + 34, rod * 1.6), (end, rod * 1.6)], 8))
    canvas.ellipse(end + 18, 0, 7, 7)
    anchors = [
        (length * 0.8, -bore - wall * 0.6),
        (at + thick / 2, -bore * 0.4),
        (at + 10, bore - 4),
        (end - 20, -rod),
        (-head / 2, -bore * 0.6),
        (length + head * 0.6, bore * 0.75),
        (end + 30, rod),
        (length + 11, -rod - 5),
    ]
    if rng.random() < 0.6:
        for sign in (-1, 1):
            y = sign * bore * 0.55
            coil(canvas, (at + thick, y), (length, y), bore * 0.24, 7)
        anchors.append((at + thick + (length - at - thick) * 0.55, bore * 0.6))
    for x in (22.0, length - 34.0):
        canvas.area([(x, -bore - wall - 16), (x + 18, -bore - wall - 16), (x + 18, -bore), (x, -bore)], pen=0)
        for edge in (x, x + 18):
            canvas.line([(edge, -bore - wall - 16), (edge, -bore)])
        canvas.line([(x - 6, -bore - wall - 16), (x + 24, -bore - wall - 16)])
        canvas.line([(x - 6, -bore - wall - 16), (x - 6, -bore - wall)])
        canvas.line([(x + 24, -bore - wall - 16), (x + 24, -bore - wall)])
    anchors += [(31, -bore - wall - 6), (length * 0.12, bore * 0.3)]
    axis(canvas, -head - 20, end + 50)
    return SECTION_VIEWS, anchors


def valve(canvas: Canvas, rng) -> View:
    """A valve body with inlet and outlet, a plug on a stem, a bonnet and a hand wheel."""
    w, r, wall = rng.uniform(120, 150), rng.uniform(26, 34), rng.uniform(11, 14)
    top = -rng.uniform(120, 150)
    for sign in (-1, 1):
        lower = [
            (sign * 0.0, r + wall + 20),
            (sign * w * 0.45, r + wall + 16),
            (sign * w * 0.6, r + wall),
            (sign * (w - 14), r + wall),
            (sign * (w - 14), r + wall + 20),
            (sign * w, r + wall + 20),
            (sign * w, r),
            (sign * w * 0.5, r),
            (sign * w * 0.3, r + 14),
            (sign * 0.0, r + 16),
        ]
        cut(canvas, lower, 45, 6.5)
        upper = [
            (sign * w, -r),
            (sign * w, -r - wall - 20),
            (sign * (w - 14), -r - wall - 20),
            (sign * (w - 14), -r - wall),
            (sign * w * 0.5, -r - wall),
            (sign * w * 0.4, -r - wall - 34),
            (sign * 22, -r - wall - 34),
            (sign * 22, -r - 6),
            (sign * w * 0.36, -r),
        ]
        cut(canvas, upper, 135, 6.5)
        bonnet = [
            (sign * 9, -r - wall - 34),
            (sign * w * 0.4, -r - wall - 34),
            (sign * w * 0.4, -r - wall - 46),
            (sign * 20, -r - wall - 48),
            (sign * 20, top + 26),
            (sign * 9, top + 26),
        ]
        cut(canvas, fillet(bonnet, 3), 45, 5)
        canvas.area([(sign * 9, top + 40), (sign * 17, top + 40), (sign * 17, top + 64), (sign * 9, top + 64)], "black")
    seat = [(-30, 8), (30, 8), (24, 18), (-24, 18)]
    canvas.line([(-w * 0.3, r * 0.3), (-34, r * 0.3), (-30, 8)])
    cut(canvas, seat, 135, 4.5)
    plug = [(-26, -6), (26, -6), (20, 8), (-20, 8)]
    cut(canvas, fillet(plug, 2), 45, 4)
    canvas.area([(-8, top), (8, top), (8, -6), (-8, -6)])
    threads(canvas, (0, top + 2), (0, top + 30), 8, 5)
    wheel = rng.uniform(52, 70)
    canvas.area(round_rect_points_(-wheel, top - 18, wheel, top - 4))
    for sign in (-1, 1):
        canvas.ellipse(sign * wheel, top - 11, 9, 9, fill="white")
    canvas.area([(-11, top - 24), (11, top - 24), (11, top), (-11, top)])
    anchors = [
        (w * 0.75, r + wall * 0.6),
        (8, -r - 4),
        (w * 0.3, -r - wall - 40),
        (wheel + 6, top - 14),
        (17, top + 50),
        (22, 12),
        (18, -2),
        (-w * 0.8, 0),
        (w - 5, -r - wall - 10),
    ]
    canvas.line([(0, top - 40), (0, r + wall + 34)], canvas.style.pen * 0.6, "center")
    axis(canvas, -w - 18, w + 18)
    return SECTION_VIEWS, anchors


def round_rect_points_(x0: float, y0: float, x1: float, y1: float) -> list[Point]:
    return fillet([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], 5)


def joint(canvas: Canvas, rng) -> View:
    """Two flanged pipes with a gasket between them and bolts, in half section."""
    length, r, wall = rng.uniform(130, 170), rng.uniform(36, 52), rng.uniform(9, 13)
    flange, thick, gasket = r + wall + rng.uniform(34, 46), rng.uniform(20, 28), rng.uniform(5, 8)
    half = gasket / 2
    for side in (-1, 1):
        for sign in (-1, 1):
            profile = [
                (half, r),
                (length, r),
                (length, r + wall),
                (half + thick + 14, r + wall),
                (half + thick, r + wall + 12),
                (half + thick, flange),
                (half, flange),
            ]
            cut(canvas, fillet([(side * x, sign * y) for x, y in profile], 3), 45 if side > 0 else 135, 7)
    for sign in (-1, 1):
        canvas.area(mirrored([(-half, r), (half, r), (half, flange - 4), (-half, flange - 4)], sign), "black")
        y = sign * (flange + r + wall + 8) / 2
        _through_bolt(canvas, y, half + thick)
    for x in (-length, length):
        wave = [(x + (3 if i % 2 else -3), -r - wall + (2 * r + 2 * wall) * i / 8) for i in range(9)]
        canvas.line(wave, canvas.style.pen * 0.8)
    canvas.line([(-half, -r), (-half, r)])
    canvas.line([(half, -r), (half, r)])
    axis(canvas, -length - 25, length + 25)
    level = (flange + r + wall + 8) / 2
    anchors = [
        (-length * 0.7, -r - wall * 0.5),
        (length * 0.7, r + wall * 0.6),
        (half + thick * 0.6, -flange + 4),
        (0, flange - 8),
        (-half - thick - 6, level),
        (half + thick + 8, -level),
        (length * 0.4, -r * 0.3),
        (-half - thick * 0.5, flange - 6),
    ]
    return SECTION_VIEWS, anchors


def _through_bolt(canvas: Canvas, y: float, reach: float) -> None:
    canvas.area([(-reach, y - 6), (reach + 16, y - 6), (reach + 16, y + 6), (-reach, y + 6)])
    canvas.area([(-reach - 11, y - 11), (-reach, y - 11), (-reach, y + 11), (-reach - 11, y + 11)])
    canvas.area([(reach, y - 11), (reach + 10, y - 11), (reach + 10, y + 11), (reach, y + 11)])
    canvas.line([(-reach - 18, y), (reach + 24, y)], canvas.style.pen * 0.6, "center")


def nozzle(canvas: Canvas, rng) -> View:
    """A turned part with a stepped bore, an inserted sleeve, a thread and a tapered tip."""
    length, r = rng.uniform(240, 320), rng.uniform(46, 62)
    neck, tip, bore = r * rng.uniform(0.6, 0.8), r * rng.uniform(0.22, 0.34), r * rng.uniform(0.34, 0.46)
    a, b, c = length * 0.3, length * 0.62, length * 0.86
    throat = tip * 0.4
    for sign in (-1, 1):
        body = [
            (0, bore),
            (b * 0.9, bore),
            (c, throat),
            (length, throat),
            (length, tip),
            (c, tip * 1.5),
            (b, neck),
            (a, neck),
            (a - 8, r),
            (12, r),
            (0, r - 10),
        ]
        cut(canvas, fillet(mirrored(body, sign), 3), 45 if sign > 0 else 135, 7)
        sleeve = [(8, bore * 0.62), (b * 0.7, bore * 0.62), (b * 0.7, bore - 0.5), (8, bore - 0.5)]
        cut(canvas, mirrored(sleeve, sign), 135 if sign > 0 else 45, 4.5)
        canvas.area(
            mirrored([(a * 0.45, r - 9), (a * 0.45 + 10, r - 9), (a * 0.45 + 10, r), (a * 0.45, r)], sign), pen=0
        )
        canvas.ellipse(a * 0.45 + 5, sign * (r - 4.5), 4.5, 4.5, fill="black")
        teeth = [(a + 14 + i * 4.0, sign * (neck + (4 if i % 2 else 0))) for i in range(int((b - a - 24) / 4))]
        canvas.line(teeth)
    canvas.line([(c, -throat), (c, throat)])
    canvas.line([(b * 0.9, -bore), (b * 0.9, bore)])
    canvas.line([(0, -bore), (0, bore)])
    axis(canvas, -30, length + 40)
    anchors = [
        (a * 0.8, -r + 3),
        ((a + b) / 2, neck),
        ((b + c) / 2, -(neck + tip * 1.5) / 2 + 3),
        (length - 4, tip * 0.8),
        (b * 0.4, bore * 0.8),
        (a * 0.45 + 5, -r + 5),
        (b * 0.5, -bore * 0.3),
        (c * 0.97, 0),
        (6, r - 12),
    ]
    if rng.random() < 0.5:
        for t in (-8, 0, 8):
            canvas.line([(length + 4, t * 0.4), (length + 40, t * 2.2)], canvas.style.pen * 0.7, "dashed")
        anchors.append((length + 34, 12))
    return SECTION_VIEWS, anchors


def layers(canvas: Canvas, rng) -> View:
    """A stack of layers in section, each with its own lining, with openings, plugs, a gate and a bump."""
    width = rng.uniform(280, 380)
    gap = rng.uniform(0.35, 0.6) * width
    y, anchors = 0.0, []
    count = rng.randint(3, 6)
    plug = rng.random() < 0.5
    for i in range(count):
        height = rng.uniform(18, 42) + (36 if i == 0 else 0)
        open_here = i >= count - 2 and i > 0 and rng.random() < 0.75
        spans = [(0.0, gap - 22), (gap + 22, width)] if open_here else [(0.0, width)]
        kind = rng.choice((None, (45, 7), (135, 7), (45, 12), (135, 10), (0, 6)))
        for x0, x1 in spans:
            points = [(x0, y), (x1, y), (x1, y - height), (x0, y - height)]
            canvas.line(points, closed=True)
            if kind and i:
                canvas.hatch(points, *kind)
        anchors.append((width - 6 if i % 2 else 8.0, y - height * rng.uniform(0.35, 0.65)))
        if open_here and plug:
            cut(canvas, [(gap - 22, y), (gap + 22, y), (gap + 22, y - height), (gap - 22, y - height)], 60, 4.5)
        if open_here:
            anchors.append((gap - 20 if plug else gap - 22, y - height * 0.5))
        if i == 0:
            anchors += _wells(canvas, rng, y - height, width)
        y -= height
    anchors += _on_top(canvas, rng, y, gap)
    return ("cross-sectional view", "cross-sectional view", "sectional view"), anchors


def _wells(canvas: Canvas, rng, y: float, width: float) -> list[Point]:
    """Doped regions at the surface of the substrate."""
    anchors = []
    for share in (0.14, 0.72) if rng.random() < 0.6 else ():
        x, w, depth = width * share, width * 0.16, rng.uniform(14, 24)
        points = [
            (x, y),
            *arc_points(x + 9, y + depth - 9, 9, 9, 180, 90),
            *arc_points(x + w - 9, y + depth - 9, 9, 9, 90, 0),
            (x + w, y),
        ]
        canvas.line(points, dash=rng.choice((None, "short")))
        anchors.append((x + w * 0.4, y + depth - 1))
    return anchors


def _on_top(canvas: Canvas, rng, y: float, gap: float) -> list[Point]:
    """A solder bump or a gate with side walls on the uppermost layer."""
    x = gap - 80
    if rng.random() < 0.5:
        canvas.line(arc_points(x, y - 8, 24, 22, 160, 380))
        return [(x + 10, y - 28)]
    cut(canvas, [(x - 22, y), (x + 22, y), (x + 22, y - 34), (x - 22, y - 34)], 45, 5)
    for sign in (-1, 1):
        canvas.line([(x + sign * 22, y - 34), (x + sign * 30, y - 24), (x + sign * 38, y)])
    return [(x + 5, y - 34), (x - 32, y - 16)]


SECTIONS = (shaft, cylinder, valve, joint, nozzle, layers, layers)
