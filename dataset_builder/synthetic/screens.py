"""User-interface screens: windows, browser pages and phone screens with labelled controls."""

from __future__ import annotations

from dataclasses import dataclass, field

from dataset_builder.synthetic.canvas import Bounds, Mark, Point, union
from dataset_builder.synthetic.phrasing import VIEW_NOUNS
from dataset_builder.synthetic.sketch import Sketch, draw_lead
from dataset_builder.synthetic.vocabulary import with_article
from dataset_builder.synthetic.words import Words


@dataclass
class _Screen:
    """The screen as it fills from the top: `left` and `right` are its inner edges, `y` the next row."""

    window: int
    left: float
    right: float
    y: float
    numbered: float
    bottoms: list[tuple[int, Bounds]] = field(default_factory=list)


def draw_screen(sketch: Sketch, words: Words) -> None:
    """A screen of 3 to 12 controls with numerals outside it."""
    rng = sketch.rng
    phone = rng.random() < 0.3
    width = rng.uniform(190, 240) if phone else rng.uniform(320, 460)
    title = words.window()
    window = sketch.part(
        title.term, words.cased(title.printed), sketch.numbering.next() if rng.random() < 0.7 else None, "container"
    )
    screen = _Screen(window, 16.0, width - 16.0, 0.0, rng.uniform(0.6, 1.0))
    _title_bar(sketch, screen, width, phone)
    if rng.random() < (0.15 if phone else 0.35):
        _tabs(sketch, words, screen)
    for _ in range(rng.randint(2, 5)):
        _row(sketch, words, screen, phone)
    _buttons(sketch, words, screen)
    _frame(sketch, screen, width, phone)
    sketch.view = rng.choice((*VIEW_NOUNS["screen"], "screen shot", "graphical user interface", "diagram"))
    if sketch.view == "diagram":
        sketch.view = "user interface"
    sketch.subject, sketch.subject_known = with_article(title.term), True


def _title_bar(sketch: Sketch, screen: _Screen, width: float, phone: bool) -> None:
    """The title, with the boxes of a window or the address line of a browser."""
    canvas, rng, size = sketch.canvas, sketch.rng, sketch.style.size
    printed = sketch.parts[screen.window].printed
    height = size * 1.9
    mark = Mark("name", screen.window)
    if phone or rng.random() < 0.4:
        canvas.text(width / 2, height * 0.66, printed, mark, size, "center", element="node_label")
    else:
        canvas.text(10, height * 0.66, printed, mark, size, element="node_label")
    if not phone:
        for i in range(3):
            x = width - 12 - i * 17
            canvas.rect((x - 6, height / 2 - 6, x + 6, height / 2 + 6), sketch.style.pen * 0.8)
        canvas.line([(width - 16, height / 2 - 4), (width - 8, height / 2 + 4)], sketch.style.pen * 0.8)
        canvas.line([(width - 16, height / 2 + 4), (width - 8, height / 2 - 4)], sketch.style.pen * 0.8)
    canvas.line([(0, height), (width, height)])
    screen.y = height + 16


def _tabs(sketch: Sketch, words: Words, screen: _Screen) -> None:
    canvas, size = sketch.canvas, sketch.style.size * 0.9
    x, height, y = screen.left, sketch.style.size * 1.8, screen.y
    for _ in range(3):
        control = words.control("tab")
        printed = words.cased(control.printed)
        w = canvas.width(printed, size) + 20
        if x + w > screen.right:
            break
        index = sketch.part(control.term, printed, None, "control", screen.window)
        canvas.line([(x, y + height), (x + 4, y), (x + w - 4, y), (x + w, y + height)])
        _control_text(sketch, index, x + 10, y + height * 0.68, size)
        canvas.elements.append(("node", (x, y, x + w, y + height)))
        x += w
    canvas.line([(screen.left - 8, y + height), (screen.right + 8, y + height)])
    screen.y = y + height + 18


def _control_text(sketch: Sketch, index: int, x: float, y: float, size: float, anchor: str = "left") -> Bounds:
    return sketch.canvas.text(
        x, y, sketch.parts[index].printed, Mark("name", index), size, anchor, element="node_label"
    )


def _row(sketch: Sketch, words: Words, screen: _Screen, phone: bool) -> None:
    """One or two controls side by side; the left one has its numeral left of the window, the right one right of it."""
    rng = sketch.rng
    two = not phone and rng.random() < 0.35
    spans = [(screen.left, screen.right)]
    if two:
        middle = (screen.left + screen.right) / 2
        spans = [(screen.left, middle - 12), (middle + 12, screen.right)]
    bottoms = []
    widget = None
    for place, (left, right) in enumerate(spans):
        control = words.control(None if widget is None else widget)
        if control.widget in ("tab", "button"):
            control = words.control("field")
        widget = control.widget
        numeral = sketch.numbering.next() if rng.random() < screen.numbered else None
        index = sketch.part(control.term, words.cased(control.printed), numeral, "control", screen.window)
        box = _WIDGETS[control.widget](sketch, index, left, right, screen.y)
        sketch.canvas.elements.append(("node", box))
        bottoms.append(box[3])
        short = box[2] < screen.right - 90
        side = -1 if (two and place == 0) or (not two and (short or rng.random() < 0.25)) else 1
        _side_lead(sketch, screen, index, box, side, side < 0)
    screen.y = max(bottoms) + rng.uniform(16, 24)


def _side_lead(sketch: Sketch, screen: _Screen, index: int, box: Bounds, side: int, near_text: bool) -> None:
    """A lead line from a control to its numeral beside the window."""
    if sketch.parts[index].numeral is None:
        return
    edge = screen.right + 16 if side > 0 else screen.left - 16
    x = box[2] if side > 0 else box[0]
    y = (box[1] + box[3]) / 2
    if near_text:
        x -= 3
    end: Point = (edge + side * 20, y - sketch.rng.uniform(2, 9))
    draw_lead(sketch, index, (x, y), end, "curved" if sketch.style.lead in ("hook", "squiggle") else None)


def _field(sketch: Sketch, index: int, left: float, right: float, y: float) -> Bounds:
    """A caption with an entry box right of it, or below it where there is no room."""
    canvas, size = sketch.canvas, sketch.style.size * 0.9
    height = size * 1.5
    box = _control_text(sketch, index, left, y + height * 0.7, size)
    if right - box[2] < 70:
        top = y + height + 2
        canvas.rect((left, top, right, top + height))
        return left, y, right, top + height
    start = max(box[2] + 10, left + (right - left) * 0.4)
    canvas.rect((start, y, right, y + height))
    return min(left, box[0]), y, right, y + height


def _drop_down(sketch: Sketch, index: int, left: float, right: float, y: float) -> Bounds:
    box = _field(sketch, index, left, right, y)
    size = sketch.style.size * 0.9
    cx, cy = right - size * 0.75, box[3] - size * 0.75
    sketch.canvas.line([(right - size * 1.5, box[3] - size * 1.5), (right - size * 1.5, box[3])])
    sketch.canvas.area([(cx - 4, cy - 2.5), (cx + 4, cy - 2.5), (cx, cy + 4)], "black", 0)
    return box


def _check_box(sketch: Sketch, index: int, left: float, right: float, y: float) -> Bounds:
    canvas, size = sketch.canvas, sketch.style.size * 0.9
    canvas.rect((left, y, left + size, y + size))
    if sketch.rng.random() < 0.6:
        canvas.line(
            [(left + 3, y + size * 0.5), (left + size * 0.45, y + size * 0.8), (left + size - 2, y + size * 0.15)]
        )
    box = _control_text(sketch, index, left + size + 8, y + size * 0.85, size)
    return left, y, box[2], y + size


def _radio(sketch: Sketch, index: int, left: float, right: float, y: float) -> Bounds:
    canvas, size = sketch.canvas, sketch.style.size * 0.9
    canvas.ellipse(left + size / 2, y + size / 2, size / 2, size / 2)
    if sketch.rng.random() < 0.5:
        canvas.ellipse(left + size / 2, y + size / 2, size / 4, size / 4, fill="black")
    box = _control_text(sketch, index, left + size + 8, y + size * 0.85, size)
    return left, y, box[2], y + size


def _slider(sketch: Sketch, index: int, left: float, right: float, y: float) -> Bounds:
    canvas, size = sketch.canvas, sketch.style.size * 0.9
    box = _control_text(sketch, index, left, y + size * 0.9, size)
    start = min(max(box[2] + 14, left + (right - left) * 0.4), right - 40)
    if start < box[2] + 6:
        y += size * 1.2
        start = left
    cy = y + size * 0.55
    x = start + (right - start) * sketch.rng.uniform(0.2, 0.8)
    canvas.line([(start, cy), (right, cy)], sketch.style.heavy)
    canvas.area([(x - 4, cy - 8), (x + 4, cy - 8), (x + 4, cy + 8), (x - 4, cy + 8)])
    return min(left, box[0]), min(box[1], cy - 8), right, cy + 8


def _icon(sketch: Sketch, index: int, left: float, right: float, y: float) -> Bounds:
    """A square pictogram with its caption right of it."""
    canvas, size, rng = sketch.canvas, sketch.style.size, sketch.rng
    side = size * 1.9
    canvas.round_rect((left, y, left + side, y + side), 4)
    cx, cy, r = left + side / 2, y + side / 2, side * 0.28
    kind = rng.choice(("circle", "triangle", "plus", "bars"))
    if kind == "circle":
        canvas.ellipse(cx, cy, r, r)
        canvas.line([(cx + r * 0.7, cy + r * 0.7), (cx + r * 1.4, cy + r * 1.4)], sketch.style.heavy)
    elif kind == "triangle":
        canvas.area([(cx - r * 0.7, cy - r), (cx + r, cy), (cx - r * 0.7, cy + r)], "black", 0)
    elif kind == "plus":
        canvas.line([(cx - r, cy), (cx + r, cy)], sketch.style.heavy)
        canvas.line([(cx, cy - r), (cx, cy + r)], sketch.style.heavy)
    else:
        for i in (-1, 0, 1):
            canvas.line([(cx - r, cy + i * r * 0.8), (cx + r, cy + i * r * 0.8)], sketch.style.heavy)
    box = _control_text(sketch, index, left + side + 8, cy + size * 0.33, size * 0.9)
    return left, y, box[2], y + side


def _list(sketch: Sketch, index: int, left: float, right: float, y: float) -> Bounds:
    """A captioned list: rows of bars that stand for text, with a scroll bar."""
    canvas, size, rng = sketch.canvas, sketch.style.size * 0.9, sketch.rng
    caption = _control_text(sketch, index, left, y + size * 0.8, size)
    top, count = y + size * 1.3, rng.randint(3, 5)
    pitch = size * 1.25
    bottom = top + count * pitch
    canvas.rect((left, top, right, bottom))
    for i in range(count):
        cy = top + (i + 0.5) * pitch
        canvas.line(
            [(left + 8, cy), (left + 8 + (right - left - 40) * rng.uniform(0.35, 0.9), cy)],
            sketch.style.pen * 1.6,
            "dashed" if i % 2 else None,
        )
        if i:
            canvas.line([(left, top + i * pitch), (right - 12, top + i * pitch)], sketch.style.pen * 0.6)
    canvas.line([(right - 12, top), (right - 12, bottom)])
    canvas.rect((right - 10, top + 8, right - 2, top + 8 + pitch * 1.2), sketch.style.pen * 0.8)
    return min(left, caption[0]), top, right, bottom


_WIDGETS = {
    "field": _field,
    "drop-down menu": _drop_down,
    "checkbox": _check_box,
    "radio button": _radio,
    "slider": _slider,
    "icon": _icon,
    "list": _list,
}


def _buttons(sketch: Sketch, words: Words, screen: _Screen) -> None:
    """A row of buttons at the lower edge."""
    rng, canvas, size = sketch.rng, sketch.canvas, sketch.style.size * 0.9
    height = size * 1.9
    x = screen.left
    radius = rng.choice((2.0, 5.0, height / 2))
    for _ in range(rng.randint(1, 3)):
        control = words.control("button")
        printed = words.cased(control.printed)
        w = canvas.width(printed, size) + 2 * size
        if x + w > screen.right + 4:
            continue
        numeral = sketch.numbering.next() if rng.random() < screen.numbered else None
        index = sketch.part(control.term, printed, numeral, "control", screen.window)
        box = (x, screen.y, x + w, screen.y + height)
        canvas.round_rect(box, radius)
        canvas.elements.append(("node", box))
        _control_text(sketch, index, x + w / 2, screen.y + height * 0.66, size, "center")
        screen.bottoms.append((index, box))
        x += w + 18
    screen.y += height + 16


def _frame(sketch: Sketch, screen: _Screen, width: float, phone: bool) -> None:
    """The outline of the window or the phone, and the numerals of the window and of the lower buttons."""
    canvas, rng, style = sketch.canvas, sketch.rng, sketch.style
    box = (0.0, 0.0, width, screen.y)
    outer = box
    if phone:
        canvas.rect(box)
        outer = (-12.0, -34.0, width + 12.0, screen.y + 44.0)
        canvas.round_rect(outer, 22.0, style.heavy)
        canvas.ellipse(width / 2, screen.y + 22, 12, 12)
        canvas.line([(width / 2 - 22, -17), (width / 2 + 22, -17)], style.heavy)
    else:
        canvas.round_rect(box, rng.choice((0.5, 6.0)), style.heavy if rng.random() < 0.5 else None)
    canvas.elements.append(("node", union([box, outer])))
    for index, button in screen.bottoms:
        if sketch.parts[index].numeral:
            x = (button[0] + button[2]) / 2
            draw_lead(sketch, index, (x, button[3]), (x + 8, outer[3] + 18))
    if sketch.parts[screen.window].numeral:
        x = width * rng.uniform(0.62, 0.9)
        draw_lead(sketch, screen.window, (x, outer[1]), (x + 14, outer[1] - 18))
