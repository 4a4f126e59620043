"""Circuit symbols, drawn along a wire from left to right and turned where the wire runs down."""

from __future__ import annotations

from collections.abc import Callable

from dataset_builder.synthetic.canvas import Canvas, Point, arc_points

LENGTH = 46.0
_HALF = LENGTH / 2

TWO_POLES = ("resistor", "capacitor", "inductor", "diode", "switch", "source", "battery", "fuse", "lamp")
THREE_POLES = ("transistor", "amplifier", "gate")


class Place:
    """Maps the coordinates of a symbol (along the wire, across it) to the sheet."""

    def __init__(self, x: float, y: float, down: bool):
        self.x, self.y, self.down = x, y, down

    def __call__(self, along: float, across: float) -> Point:
        return (self.x - across, self.y + along) if self.down else (self.x + along, self.y + across)

    def many(self, points) -> list[Point]:
        return [self(a, b) for a, b in points]


def draw_symbol(canvas: Canvas, symbol: str, kind: str, x: float, y: float, down: bool, european: bool) -> None:
    """A symbol centred at (x, y) with its leads to `LENGTH` / 2 on both sides along the wire."""
    place = Place(x, y, down)
    reach = _DRAWERS[symbol](canvas, place, kind, european)
    canvas.line(place.many([(-_HALF, 0), (-reach, 0)]))
    canvas.line(place.many([(reach, 0), (_HALF, 0)]))
    half = 17.0 if symbol in THREE_POLES else 10.0
    (x0, y0), (x1, y1) = place(-_HALF, -half), place(_HALF, half)
    canvas.elements.append(("node", (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))))


def _resistor(canvas: Canvas, place: Place, kind: str, european: bool) -> float:
    if european:
        canvas.line(place.many([(-14, -5), (14, -5), (14, 5), (-14, 5)]), closed=True)
        return 14.0
    teeth = [(-15, 0), (-12.5, -6), (-7.5, 6), (-2.5, -6), (2.5, 6), (7.5, -6), (12.5, 6), (15, 0)]
    canvas.line(place.many(teeth))
    if kind in ("varistor", "thermistor"):
        canvas.line(place.many([(-14, 11), (9, -11), (14, -11)]))
    return 15.0


def _capacitor(canvas: Canvas, place: Place, kind: str, european: bool) -> float:
    canvas.line(place.many([(-3, -11), (-3, 11)]))
    if european:
        canvas.line(place.many([(3, -11), (3, 11)]))
    else:
        canvas.line(place.many([(6, -11), (3.6, -6), (3, 0), (3.6, 6), (6, 11)]))
    return 3.0


def _inductor(canvas: Canvas, place: Place, kind: str, european: bool) -> float:
    points: list[Point] = []
    for i in range(4):
        points += arc_points(-12 + 8 * i, 0, 4, 6, 180, 360)
    canvas.line(place.many(points))
    if european:
        canvas.line(place.many([(-15, -10), (15, -10)]))
    return 16.0


def _diode(canvas: Canvas, place: Place, kind: str, european: bool) -> float:
    triangle = place.many([(-8, -8), (8, 0), (-8, 8)])
    if european:
        canvas.line(triangle, closed=True)
    else:
        canvas.area(triangle, "black")
    bar = [(8, -8), (8, 8)] if kind != "Zener diode" else [(4, -10), (8, -8), (8, 8), (12, 10)]
    canvas.line(place.many(bar))
    if kind == "varactor":
        canvas.line(place.many([(12, -8), (12, 8)]))
        return 12.0
    return 8.0


def _switch(canvas: Canvas, place: Place, kind: str, european: bool) -> float:
    canvas.line(place.many([(-12, 0), (11, -11)]))
    for along in (-12, 12):
        x, y = place(along, 0)
        canvas.ellipse(x, y, 2, 2, fill="white")
    return 13.5


def _source(canvas: Canvas, place: Place, kind: str, european: bool) -> float:
    x, y = place(0, 0)
    canvas.ellipse(x, y, 15, 15)
    if kind.startswith("current"):
        canvas.line(place.many([(8, 0), (-8, 0)]))
        canvas.arrowhead(place(6, 0), place(-9, 0), 6.0)
    elif european:
        wave = arc_points(x - 4, y, 4, 5, 180, 360) + arc_points(x + 4, y, 4, 5, 180, 0)
        canvas.line(wave)
    else:
        canvas.line([(x - 3, y - 7), (x + 3, y - 7)])
        canvas.line([(x, y - 10), (x, y - 4)])
        canvas.line([(x - 3, y + 7), (x + 3, y + 7)])
    return 15.0


def _battery(canvas: Canvas, place: Place, kind: str, european: bool) -> float:
    for along, half in ((-8, 11), (-3, 5), (3, 11), (8, 5)):
        canvas.line(place.many([(along, -half), (along, half)]), canvas.style.heavy if half == 5 else None)
    return 8.0


def _fuse(canvas: Canvas, place: Place, kind: str, european: bool) -> float:
    canvas.line(place.many([(-13, -5), (13, -5), (13, 5), (-13, 5)]), closed=True)
    canvas.line(place.many([(-13, 0), (13, 0)]))
    return 13.0


def _lamp(canvas: Canvas, place: Place, kind: str, european: bool) -> float:
    x, y = place(0, 0)
    canvas.ellipse(x, y, 12, 12)
    for sign in (-1, 1):
        canvas.line([(x - 8.5, y - 8.5 * sign), (x + 8.5, y + 8.5 * sign)])
    return 12.0


def _transistor(canvas: Canvas, place: Place, kind: str, european: bool) -> float:
    """A bipolar or field-effect transistor with its control pole towards positive across, 34 units away."""
    if european:
        x, y = place(0, 2)
        canvas.ellipse(x, y, 17, 17)
        canvas.line(place.many([(-12, 9), (12, 9)]), canvas.style.heavy)
        canvas.line(place.many([(-14, 0), (-5, 9)]))
        canvas.line(place.many([(14, 0), (5, 9)]))
        canvas.arrowhead(place(5, 9), place(12, 2), 7.0)
        canvas.line(place.many([(0, 9), (0, 34)]))
        return 14.0
    canvas.line(place.many([(-11, 7), (-5, 7)]), canvas.style.heavy)
    canvas.line(place.many([(-3, 7), (3, 7)]), canvas.style.heavy)
    canvas.line(place.many([(5, 7), (11, 7)]), canvas.style.heavy)
    canvas.line(place.many([(-8, 7), (-8, 0), (-14, 0)]))
    canvas.line(place.many([(8, 7), (8, 0), (14, 0)]))
    canvas.line(place.many([(-11, 12), (11, 12)]))
    canvas.line(place.many([(0, 12), (0, 34)]))
    canvas.arrowhead(place(0, 0), place(0, 7), 5.0)
    canvas.line(place.many([(0, 0), (8, 0)]))
    return 14.0


def _amplifier(canvas: Canvas, place: Place, kind: str, european: bool) -> float:
    canvas.line(place.many([(-18, -20), (18, 0), (-18, 20)]), closed=True)
    if kind in ("operational amplifier", "comparator"):
        canvas.line(place.many([(-15, 0), (-10, 0)]), canvas.style.pen * 0.7)
        canvas.line(place.many([(-15, 10), (-10, 10)]), canvas.style.pen * 0.7)
        canvas.line(place.many([(-12.5, 7.5), (-12.5, 12.5)]), canvas.style.pen * 0.7)
        canvas.line(place.many([(-18, 10), (-30, 10), (-30, 34)]))
    return 18.0


def _gate(canvas: Canvas, place: Place, kind: str, european: bool) -> float:
    canvas.line(place.many([(-14, -13), (11, 0), (-14, 13)]), closed=True)
    if kind == "inverter":
        x, y = place(14, 0)
        canvas.ellipse(x, y, 3, 3)
        return 17.0
    canvas.line(place.many([(11, 0), (14, 0)]))
    return 14.0


def draw_ground(canvas: Canvas, x: float, y: float) -> None:
    """The earth symbol below (x, y)."""
    canvas.line([(x, y), (x, y + 8)])
    for i, half in enumerate((9.0, 6.0, 3.0)):
        canvas.line([(x - half, y + 8 + 4 * i), (x + half, y + 8 + 4 * i)])


def draw_pole(canvas: Canvas, x: float, y: float) -> None:
    """A terminal: a small circle."""
    canvas.ellipse(x, y, 3, 3, fill="white")


def draw_joint(canvas: Canvas, x: float, y: float) -> None:
    """A dot where wires are joined."""
    canvas.area(arc_points(x, y, 2.4, 2.4, 0, 360), "black", 0)


_DRAWERS: dict[str, Callable[[Canvas, Place, str, bool], float]] = {
    "resistor": _resistor,
    "capacitor": _capacitor,
    "inductor": _inductor,
    "diode": _diode,
    "switch": _switch,
    "source": _source,
    "battery": _battery,
    "fuse": _fuse,
    "lamp": _lamp,
    "transistor": _transistor,
    "amplifier": _amplifier,
    "gate": _gate,
}
