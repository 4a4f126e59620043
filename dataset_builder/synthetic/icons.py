"""Small pictures of network equipment: phones, computers, servers, databases, masts, people."""

from __future__ import annotations

import re

from dataset_builder.synthetic.canvas import Bounds, Canvas, arc_points, round_rect_points, spline
from dataset_builder.synthetic.sketch import draw_shape

# words of a name that fix its picture, first match wins
_PICTURES = (
    (r"\b(database|repository|storage|store|disk|drive|array|cache|pool|archive|ledger)\b", "database"),
    (r"\b(server|host|balancer|exchange|mainframe)\b", "server"),
    (r"\b(handset|phone|mobile|terminal|transceiver|reader)\b", "phone"),
    (r"\b(base station|antenna|transmitter|relay|repeater|access point|tower|beacon)\b", "mast"),
    (r"\b(router|switch|hub|gateway|modem|firewall|bridge|concentrator)\b", "router"),
    (r"\b(camera)\b", "camera"),
    (r"\b(client|browser|editor|console|portal|kiosk|display|monitor|desk)\b", "computer"),
    (r"\b(printer|scanner)\b", "printer"),
    (r"\b(network|internet|cloud|subnetwork)\b", "cloud"),
)


def picture_of(term: str, rng) -> str:
    """The picture that suits a name; "box" where none does."""
    for pattern, picture in _PICTURES:
        if re.search(pattern, term.lower()):
            if picture == "computer":
                return rng.choice(("desktop", "laptop"))
            return picture
    return "box"


def draw_picture(canvas: Canvas, picture: str, cx: float, cy: float, size: float) -> Bounds:
    """Draws a picture about `size` units high around (cx, cy); returns its bounds."""
    w, h = (size * factor for factor in _PROPORTIONS.get(picture, (1.0, 0.8)))
    box = (cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)
    _DRAWERS[picture](canvas, box)
    canvas.elements.append(("node", box))
    return box


def _phone(canvas: Canvas, box: Bounds) -> None:
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    canvas.round_rect(box, w * 0.16)
    canvas.rect((x0 + w * 0.1, y0 + h * 0.13, x1 - w * 0.1, y1 - h * 0.16))
    canvas.ellipse((x0 + x1) / 2, y1 - h * 0.08, w * 0.07, w * 0.07)
    canvas.line([(x0 + w * 0.4, y0 + h * 0.065), (x1 - w * 0.4, y0 + h * 0.065)])


def _laptop(canvas: Canvas, box: Bounds) -> None:
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    canvas.round_rect((x0 + w * 0.14, y0, x1 - w * 0.14, y0 + h * 0.68), 3)
    canvas.rect((x0 + w * 0.19, y0 + h * 0.07, x1 - w * 0.19, y0 + h * 0.61))
    canvas.line([(x0 + w * 0.14, y0 + h * 0.68), (x1 - w * 0.14, y0 + h * 0.68), (x1, y1), (x0, y1)], closed=True)
    for t in (0.25, 0.5, 0.72):
        y, inset = y0 + h * (0.68 + 0.32 * t), w * 0.14 * (1 - t) + w * 0.06
        canvas.line([(x0 + inset, y), (x1 - inset, y)], canvas.style.pen * 0.6)


def _desktop(canvas: Canvas, box: Bounds) -> None:
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    canvas.round_rect((x0 + w * 0.08, y0, x1 - w * 0.08, y0 + h * 0.64), 3)
    canvas.rect((x0 + w * 0.14, y0 + h * 0.07, x1 - w * 0.14, y0 + h * 0.57))
    canvas.line(
        [
            (x0 + w * 0.42, y0 + h * 0.64),
            (x0 + w * 0.38, y0 + h * 0.76),
            (x1 - w * 0.38, y0 + h * 0.76),
            (x1 - w * 0.42, y0 + h * 0.64),
        ]
    )
    canvas.line([(x0 + w * 0.1, y0 + h * 0.82), (x1 - w * 0.1, y0 + h * 0.82), (x1, y1), (x0, y1)], closed=True)
    canvas.line([(x0 + w * 0.1, y0 + h * 0.91), (x1 - w * 0.1, y0 + h * 0.91)], canvas.style.pen * 0.6)


def _server(canvas: Canvas, box: Bounds) -> None:
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    dx, dy = w * 0.28, h * 0.14
    canvas.rect((x0, y0 + dy, x1 - dx, y1))
    canvas.line([(x0, y0 + dy), (x0 + dx, y0), (x1, y0), (x1, y1 - dy), (x1 - dx, y1)])
    canvas.line([(x1 - dx, y0 + dy), (x1, y0)])
    for t in (0.12, 0.24, 0.36):
        canvas.rect((x0 + w * 0.09, y0 + dy + h * t * 0.86, x1 - dx - w * 0.09, y0 + dy + h * (t + 0.08) * 0.86))
    canvas.ellipse(x0 + (w - dx) / 2, y1 - h * 0.16, w * 0.06, w * 0.06)
    for t in (0.5, 0.56, 0.62):
        canvas.line([(x0 + w * 0.12, y0 + h * t), (x1 - dx - w * 0.12, y0 + h * t)], canvas.style.pen * 0.6)


def _mast(canvas: Canvas, box: Bounds) -> None:
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    cx, top = (x0 + x1) / 2, y0 + h * 0.16
    canvas.line([(x0 + w * 0.18, y1), (cx, top), (x1 - w * 0.18, y1)])
    left, right = (lambda t: cx - (cx - x0 - w * 0.18) * t), (lambda t: cx + (cx - x0 - w * 0.18) * t)
    stops = (0.25, 0.5, 0.75, 1.0)
    for a, b in zip(stops, stops[1:]):
        canvas.line([(left(a), top + (y1 - top) * a), (right(a), top + (y1 - top) * a)])
        canvas.line([(left(a), top + (y1 - top) * a), (right(b), top + (y1 - top) * b)])
        canvas.line([(right(a), top + (y1 - top) * a), (left(b), top + (y1 - top) * b)])
    for radius in (w * 0.16, w * 0.3):
        canvas.arc(cx, top, radius, radius, -40, 40)
        canvas.arc(cx, top, radius, radius, 140, 220)


def _router(canvas: Canvas, box: Bounds) -> None:
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    canvas.round_rect((x0, y0 + h * 0.5, x1, y1), 4)
    for t in (0.12, 0.24, 0.36):
        canvas.ellipse(x0 + w * t, y0 + h * 0.76, w * 0.025, w * 0.025)
    canvas.rect((x0 + w * 0.6, y0 + h * 0.66, x0 + w * 0.88, y0 + h * 0.86))
    for t in (0.2, 0.8):
        canvas.line([(x0 + w * t, y0 + h * 0.5), (x0 + w * (t + (0.06 if t > 0.5 else -0.06)), y0)])


def _camera(canvas: Canvas, box: Bounds) -> None:
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    canvas.round_rect((x0, y0 + h * 0.2, x0 + w * 0.7, y1), 4)
    canvas.line(
        [(x0 + w * 0.7, y0 + h * 0.45), (x1, y0 + h * 0.28), (x1, y0 + h * 0.92), (x0 + w * 0.7, y0 + h * 0.75)]
    )
    canvas.ellipse(x0 + w * 0.35, y0 + h * 0.6, w * 0.16, w * 0.16)
    canvas.rect((x0 + w * 0.1, y0 + h * 0.06, x0 + w * 0.4, y0 + h * 0.2))


def _printer(canvas: Canvas, box: Bounds) -> None:
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    canvas.rect((x0 + w * 0.2, y0, x1 - w * 0.2, y0 + h * 0.35))
    canvas.round_rect((x0, y0 + h * 0.35, x1, y0 + h * 0.8), 3)
    canvas.line(
        [(x0 + w * 0.2, y0 + h * 0.65), (x1 - w * 0.2, y0 + h * 0.65), (x1 - w * 0.15, y1), (x0 + w * 0.15, y1)],
        closed=True,
    )
    canvas.ellipse(x1 - w * 0.1, y0 + h * 0.45, w * 0.025, w * 0.025)


def _person(canvas: Canvas, box: Bounds) -> None:
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    cx = (x0 + x1) / 2
    canvas.ellipse(cx, y0 + h * 0.2, w * 0.24, h * 0.18)
    body = arc_points(cx, y1, w * 0.5, h * 0.52, 180, 360)
    canvas.line(body, closed=True)


def _card(canvas: Canvas, box: Bounds) -> None:
    x0, y0, x1, y1 = box
    canvas.line(round_rect_points(box, 4), closed=True)
    canvas.line(spline([(x0 + 8, (y0 + y1) / 2), ((x0 + x1) / 2, y0 + 8), (x1 - 8, (y0 + y1) / 2)], 6))
    canvas.rect((x0 + (x1 - x0) * 0.3, (y0 + y1) / 2 + 3, x1 - (x1 - x0) * 0.3, y1 - 5))


_PROPORTIONS = {
    "phone": (0.52, 1.0), "laptop": (1.25, 0.85), "desktop": (1.15, 1.05), "server": (0.72, 1.15),
    "database": (0.95, 1.0), "mast": (0.8, 1.25), "router": (1.2, 0.75), "camera": (1.1, 0.75),
    "printer": (1.1, 0.9), "person": (0.8, 1.0), "box": (1.0, 0.75),
}  # fmt: skip
_DRAWERS = {
    "phone": _phone,
    "laptop": _laptop,
    "desktop": _desktop,
    "server": _server,
    "database": lambda canvas, box: draw_shape(canvas, "cylinder", box),
    "mast": _mast,
    "router": _router,
    "camera": _camera,
    "printer": _printer,
    "person": _person,
    "box": _card,
}
