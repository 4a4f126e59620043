"""A vector canvas in hundredths of an inch that remembers the truth of what is drawn on it."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dataset_builder.synthetic.lettering import Lettering, choose_lettering, font

Point = tuple[float, float]
Bounds = tuple[float, float, float, float]

DASHES = {
    "dashed": (8.0, 5.0),
    "short": (4.0, 4.0),
    "center": (18.0, 4.0, 4.0, 4.0),
    "phantom": (16.0, 4.0, 4.0, 4.0, 4.0, 4.0),
    "dotted": (1.5, 4.5),
}


@dataclass(frozen=True)
class Style:
    """How one sheet is drawn: its lettering, pens, arrowheads and lead lines."""

    lettering: Lettering
    numerals: Lettering
    size: float
    numeral_size: float
    pen: float
    heavy: float
    arrow: str
    lead: str
    inside: str
    underline: bool
    wobble: float


def choose_style(rng: random.Random) -> Style:
    """A style for one sheet. Sizes and pens are in hundredths of an inch."""
    lettering = choose_lettering(rng)
    numerals = lettering if rng.random() < 0.75 else choose_lettering(rng)
    size = rng.uniform(12.0, 16.5)
    pen = rng.choice((0.8, 1.0, 1.2, 1.5, 2.0))
    return Style(
        lettering=lettering,
        numerals=numerals,
        size=size,
        numeral_size=size * rng.uniform(1.0, 1.25),
        pen=pen,
        heavy=pen * rng.uniform(1.3, 2.2),
        arrow=rng.choice(("filled", "filled", "filled", "slim", "open")),
        lead=rng.choice(("straight", "curved", "curved", "squiggle", "arrow", "hook")),
        inside=rng.choice(("none", "none", "after", "below", "parenthesis")),
        underline=rng.random() < 0.45,
        wobble=rng.choice((0.0,) * 9 + (0.35,)) if not lettering.is_stroke else rng.choice((0.0, 0.25, 0.45)),
    )


@dataclass(frozen=True)
class Mark:
    """What a drawn word belongs to: `field` is name, numeral, link, figure or other, `index` the part or link."""

    field: str
    index: int | None = None


@dataclass(frozen=True)
class Run:
    """A stretch of a line that belongs to one owner."""

    text: str
    mark: Mark
    underline: bool = False


@dataclass(frozen=True)
class DrawnWord:
    """One word with its ink box in canvas units and the mark of its owner."""

    text: str
    box: Bounds
    mark: Mark


@dataclass(frozen=True)
class _Stroke:
    points: np.ndarray
    pen: float
    closed: bool
    fill: int | None


@dataclass(frozen=True)
class _Text:
    text: str
    x: float
    y: float
    size: float
    lettering: Lettering
    turn: int


OTHER = Mark("other")


@dataclass
class Canvas:
    """Collects strokes, words and element boxes; nothing is rasterised before `render`."""

    style: Style
    rng: random.Random
    strokes: list[_Stroke] = field(default_factory=list)
    texts: list[_Text] = field(default_factory=list)
    overlay: list[_Stroke] = field(default_factory=list)
    words: list[DrawnWord] = field(default_factory=list)
    elements: list[tuple[str, Bounds]] = field(default_factory=list)

    # ---- lines -------------------------------------------------------------------------------------------------

    def line(
        self, points: Iterable[Point], pen: float | None = None, dash: str | None = None, closed: bool = False
    ) -> None:
        """A polyline; `dash` is a key of `DASHES`."""
        array = np.asarray(points if isinstance(points, (list, np.ndarray)) else list(points), dtype=np.float64)
        pen = self.style.pen if pen is None else pen
        if dash is None:
            self.strokes.append(_Stroke(array, pen, closed, None))
            return
        if closed:
            array = np.vstack([array, array[:1]])
        for piece in dash_pieces(array, DASHES[dash]):
            self.strokes.append(_Stroke(piece, pen, False, None))

    def area(self, points: Iterable[Point], fill: str = "white", pen: float | None = None) -> None:
        """A closed shape filled white or black; pen 0 leaves out its outline."""
        array = np.asarray(list(points), dtype=np.float64)
        self.strokes.append(_Stroke(array, 0.0, True, 255 if fill == "white" else 0))
        if pen is None or pen > 0:
            self.strokes.append(_Stroke(array, self.style.pen if pen is None else pen, True, None))

    def rect(self, box: Bounds, pen: float | None = None, dash: str | None = None, fill: str | None = None) -> None:
        points = box_points(box)
        if fill:
            self.area(points, fill, 0.0)
        self.line(points, pen, dash, closed=True)

    def round_rect(
        self, box: Bounds, radius: float, pen: float | None = None, dash: str | None = None, fill: str | None = None
    ) -> None:
        points = round_rect_points(box, radius)
        if fill:
            self.area(points, fill, 0.0)
        self.line(points, pen, dash, closed=True)

    def ellipse(
        self,
        cx: float,
        cy: float,
        rx: float,
        ry: float,
        pen: float | None = None,
        dash: str | None = None,
        fill: str | None = None,
    ) -> None:
        points = arc_points(cx, cy, rx, ry, 0, 360)[:-1]
        if fill:
            self.area(points, fill, 0.0)
        self.line(points, pen, dash, closed=True)

    def arc(
        self,
        cx: float,
        cy: float,
        rx: float,
        ry: float,
        start: float,
        end: float,
        pen: float | None = None,
        dash: str | None = None,
    ) -> None:
        """An elliptic arc; angles in degrees, clockwise on the sheet from the right."""
        self.line(arc_points(cx, cy, rx, ry, start, end), pen, dash)

    def arrow(
        self,
        points: Sequence[Point],
        both: bool = False,
        head: bool = True,
        pen: float | None = None,
        dash: str | None = None,
    ) -> None:
        """A connector with an arrowhead at its last point; recorded as an element of class arrow."""
        points = [tuple(map(float, point)) for point in points]
        self.line(points, pen, dash)
        if head:
            self.arrowhead(points[-2], points[-1])
        if both:
            self.arrowhead(points[1], points[0])
        xs, ys = zip(*points)
        self.elements.append(("arrow", (min(xs) - 3, min(ys) - 3, max(xs) + 3, max(ys) + 3)))

    def arrowhead(self, start: Point, tip: Point, size: float | None = None) -> None:
        length = size or 6.5 + 1.8 * self.style.pen
        half = length * (0.24 if self.style.arrow == "slim" else 0.38)
        angle = math.atan2(tip[1] - start[1], tip[0] - start[0])
        cos, sin = math.cos(angle), math.sin(angle)
        left = (tip[0] - length * cos - half * sin, tip[1] - length * sin + half * cos)
        right = (tip[0] - length * cos + half * sin, tip[1] - length * sin - half * cos)
        if self.style.arrow == "open":
            self.line([left, tip, right])
        else:
            self.area([left, tip, right], "black", 0.4)

    def hatch(
        self,
        outline: Sequence[Point],
        angle: float = 45.0,
        gap: float = 7.0,
        pen: float | None = None,
        dash: str | None = None,
    ) -> None:
        """Section lining inside a polygon: parallel lines at `angle` degrees, `gap` units apart."""
        for line in hatch_lines(outline, angle, gap):
            self.line(line, self.style.pen * 0.7 if pen is None else pen, dash)

    # ---- words -------------------------------------------------------------------------------------------------

    def width(self, text: str, size: float | None = None) -> float:
        return self.style.lettering.width(text, size or self.style.size)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        mark: Mark = OTHER,
        size: float | None = None,
        anchor: str = "left",
        lettering: Lettering | None = None,
        underline: bool = False,
        element: str | None = None,
    ) -> Bounds:
        """One line of text with its baseline at y; returns and records the ink boxes of its words."""
        lettering = lettering or self.style.lettering
        size = size or self.style.size
        total = lettering.width(text, size)
        x -= {"left": 0.0, "center": total / 2, "right": total}[anchor]
        boxes, at = [], x
        space = word_space(lettering, size)
        for word in text.split(" "):
            boxes.append(self._word(at, y, word, mark, size, lettering))
            at += lettering.width(word, size) + space
        box = union(boxes)
        if underline:
            below = y + max(2.2, size * 0.14)
            self.overlay.append(
                _Stroke(np.array([(box[0], below), (box[2], below)]), self.style.pen * 0.8, False, None)
            )
        if element:
            self.elements.append((element, box))
        return box

    def _word(self, x: float, y: float, word: str, mark: Mark, size: float, lettering: Lettering) -> Bounds:
        x0, y0, x1, y1 = lettering.ink(word, size)
        box = (x + x0, y + y0, x + x1, y + y1)
        if lettering.is_stroke:
            jitter = size * 0.018
            for line in lettering.strokes(word, size):
                noise = [(self.rng.gauss(0, jitter), self.rng.gauss(0, jitter)) for _ in line]
                points = np.array([(x + px + nx, y + py + ny) for (px, py), (nx, ny) in zip(line, noise)])
                self.overlay.append(_Stroke(points, max(0.9, size * 0.075), False, None))
        else:
            self.texts.append(_Text(word, x, y, size, lettering, 0))
        self.words.append(DrawnWord(word, box, mark))
        return box

    def vertical_text(self, x: float, y: float, text: str, mark: Mark = OTHER, size: float | None = None) -> Bounds:
        """A line of text running upwards, centred at (x, y); used for the name of a vertical axis."""
        lettering, size = self.style.lettering, size or self.style.size
        if lettering.is_stroke:
            lettering = Lettering("pillow")
        at, boxes = y + lettering.width(text, size) / 2, []
        for word in text.split(" "):
            x0, y0, x1, y1 = lettering.ink(word, size)
            box = (x + y0 + size * 0.35, at - x1, x + y1 + size * 0.35, at - x0)
            self.texts.append(_Text(word, x + size * 0.35, at, size, lettering, 90))
            self.words.append(DrawnWord(word, box, mark))
            boxes.append(box)
            at -= lettering.width(word, size) + word_space(lettering, size)
        return union(boxes)

    def block(
        self,
        cx: float,
        cy: float,
        lines: Sequence[Sequence[Run]],
        size: float | None = None,
        element: str | None = None,
        anchor: str = "center",
    ) -> Bounds:
        """Lines of runs around the centre (cx, cy), or beside it with another anchor; returns the ink box."""
        size = size or self.style.size
        step = line_step(size)
        y = cy - step * (len(lines) - 1) / 2 + size * 0.36
        boxes = []
        for number, line in enumerate(lines):
            x = cx - self.line_width(line, size) * {"left": 0.0, "center": 0.5, "right": 1.0}[anchor]
            for run in line:
                boxes.append(
                    self.text(x, y + number * step, run.text, run.mark, size, "left", self._hand(run), run.underline)
                )
                x += self._hand(run).width(run.text, size) + word_space(self._hand(run), size)
        box = union(boxes)
        if element:
            self.elements.append((element, box))
        return box

    def line_width(self, line: Sequence[Run], size: float | None = None) -> float:
        """Width of a line of runs."""
        size = size or self.style.size
        return sum(self._hand(run).width(run.text, size) for run in line) + word_space(self.style.lettering, size) * (
            len(line) - 1
        )

    def _hand(self, run: Run) -> Lettering:
        return self.style.numerals if run.mark.field == "numeral" else self.style.lettering

    # ---- result ------------------------------------------------------------------------------------------------

    def bounds(self) -> Bounds:
        """Bounds of everything drawn so far."""
        boxes = [word.box for word in self.words]
        if self.strokes:
            points = np.concatenate([stroke.points for stroke in self.strokes])
            half = max(stroke.pen for stroke in self.strokes) / 2
            (x0, y0), (x1, y1) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
            boxes.append((x0 - half, y0 - half, x1 + half, y1 + half))
        return union(boxes)

    def render(self, window: Bounds, scale: float) -> tuple[Image.Image, bool]:
        """The window as a grey image at `scale` pixels per unit, and whether every word is clear of lines."""
        width = max(8, round((window[2] - window[0]) * scale))
        height = max(8, round((window[3] - window[1]) * scale))
        pixels = np.full((height, width), 255, np.uint8)
        generator = np.random.default_rng(self.rng.getrandbits(32))
        for stroke in self.strokes:
            _paint(pixels, stroke, window, scale, self.style.wobble, generator)
        clear = not any(_crossed(pixels, word.box, window, scale) for word in self.words)
        for stroke in self.overlay:
            _paint(pixels, stroke, window, scale, 0.0, generator)
        image = Image.fromarray(pixels)
        _write(image, self.texts, window, scale)
        return image, clear

    def words_clear(self) -> bool:
        """Whether no two words overlap."""
        if len(self.words) < 2:
            return True
        boxes = np.array([word.box for word in self.words])
        low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
        high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
        overlap = (high - low > 0.5).all(axis=2)
        return bool(overlap.sum() == len(boxes))


def word_space(lettering: Lettering, size: float) -> float:
    return lettering.width("a b", size) - lettering.width("ab", size)


def line_step(size: float) -> float:
    return size * 1.22


def union(boxes: Sequence[Bounds]) -> Bounds:
    """The smallest box that holds all boxes."""
    x0, y0, x1, y1 = zip(*boxes)
    return min(x0), min(y0), max(x1), max(y1)


def box_points(box: Bounds) -> list[Point]:
    x0, y0, x1, y1 = box
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def arc_points(cx: float, cy: float, rx: float, ry: float, start: float, end: float) -> list[Point]:
    """Points of an elliptic arc from `start` to `end` degrees (y downwards, so clockwise)."""
    steps = max(6, int(abs(end - start) / 360 * (16 + 1.2 * max(rx, ry) ** 0.75)))
    first, span = math.radians(start), math.radians(end - start)
    angles = [first + span * i / steps for i in range(steps + 1)]
    return [(cx + rx * math.cos(a), cy + ry * math.sin(a)) for a in angles]


def round_rect_points(box: Bounds, radius: float) -> list[Point]:
    x0, y0, x1, y1 = box
    r = max(0.1, min(radius, (x1 - x0) / 2, (y1 - y0) / 2))
    points = arc_points(x1 - r, y0 + r, r, r, -90, 0) + arc_points(x1 - r, y1 - r, r, r, 0, 90)
    return points + arc_points(x0 + r, y1 - r, r, r, 90, 180) + arc_points(x0 + r, y0 + r, r, r, 180, 270)


def spline(points: Sequence[Point], steps: int = 8, closed: bool = False) -> list[Point]:
    """A Catmull-Rom curve through the points."""
    p = np.asarray(points, dtype=np.float64)
    p = np.vstack([p[-1:], p, p[:2]]) if closed else np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    a, b, c, d = p[:-3, None], p[1:-2, None], p[2:-1, None], p[3:, None]
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    flat = curve.reshape(-1, 2)
    if not closed:
        flat = np.vstack([flat, p[-2:-1]])
    return [tuple(point) for point in flat.tolist()]


def dash_pieces(points: np.ndarray, pattern: Sequence[float]) -> list[np.ndarray]:
    """The drawn pieces of a dashed polyline."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    repeats = int(along[-1] / sum(pattern)) + 1
    edges = np.cumsum(np.tile(pattern, repeats))
    edges = np.concatenate([[0.0], edges[edges < along[-1]], along[-1:]])
    stops = np.union1d(edges, along)
    xs, ys = np.interp(stops, along, points[:, 0]), np.interp(stops, along, points[:, 1])
    dense = np.column_stack([xs, ys])
    at = np.searchsorted(stops, edges)
    return [dense[i : j + 1] for i, j in zip(at[:-1:2], at[1::2])]


def hatch_lines(outline: Sequence[Point], angle: float, gap: float) -> list[list[Point]]:
    """Parallel lines clipped to a polygon (even-odd rule)."""
    a = math.radians(angle)
    turn = np.array([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]])
    points = np.asarray(outline, dtype=np.float64) @ turn
    following = np.roll(points, -1, axis=0)
    lines = []
    y = math.ceil(points[:, 1].min() / gap) * gap + 0.013
    while y < points[:, 1].max():
        crosses = (points[:, 1] > y) != (following[:, 1] > y)
        p, q = points[crosses], following[crosses]
        xs = np.sort(p[:, 0] + (y - p[:, 1]) / (q[:, 1] - p[:, 1]) * (q[:, 0] - p[:, 0]))
        for x0, x1 in zip(xs[::2], xs[1::2]):
            lines.append([tuple(point) for point in (np.array([(x0, y), (x1, y)]) @ turn.T)])
        y += gap
    return lines


_SHIFT = 4


def _paint(
    pixels: np.ndarray, stroke: _Stroke, window: Bounds, scale: float, wobble: float, generator: np.random.Generator
) -> None:
    points = stroke.points
    if wobble and len(points) < 400:
        points = _hand_drawn(points, stroke.closed, wobble, generator)
    at = np.round((points - (window[0], window[1])) * (scale * (1 << _SHIFT))).astype(np.int32)
    if stroke.fill is not None:
        cv2.fillPoly(pixels, [at], stroke.fill, cv2.LINE_AA, _SHIFT)
        return
    thickness = max(1, round(stroke.pen * scale))
    cv2.polylines(pixels, [at], stroke.closed, 0, thickness, cv2.LINE_AA, _SHIFT)


def _hand_drawn(points: np.ndarray, closed: bool, wobble: float, generator: np.random.Generator) -> np.ndarray:
    if closed:
        points = np.vstack([points, points[:1]])
    steps = np.hypot(*np.diff(points, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    stops = np.union1d(np.arange(0, along[-1], 14.0), along)
    dense = np.column_stack([np.interp(stops, along, points[:, k]) for k in (0, 1)])
    noise = generator.normal(0, wobble, dense.shape)
    if closed:
        noise[-1] = noise[0]
    return dense + noise


def _crossed(pixels: np.ndarray, box: Bounds, window: Bounds, scale: float) -> bool:
    x0, y0 = (box[0] - window[0]) * scale, (box[1] - window[1]) * scale
    x1, y1 = (box[2] - window[0]) * scale, (box[3] - window[1]) * scale
    if x0 < 0 or y0 < 0 or x1 > pixels.shape[1] or y1 > pixels.shape[0]:
        return True
    patch = pixels[int(y0) : int(y1) + 1, int(x0) : int(x1) + 1]
    return bool(patch.size and patch.min() < 120)


def _write(image: Image.Image, texts: Sequence[_Text], window: Bounds, scale: float) -> None:
    draw = ImageDraw.Draw(image)
    for text in texts:
        x, y = (text.x - window[0]) * scale, (text.y - window[1]) * scale
        face = _fitting(text, scale)
        bold = text.lettering.weight * text.size * scale
        if text.turn:
            _write_turned(image, text, face, x, y)
        else:
            draw.text((x, y), text.text, 0, face, anchor="ls", stroke_width=bold if bold >= 0.3 else 0)


def _fitting(text: _Text, scale: float) -> ImageFont.FreeTypeFont:
    """The font at the pixel size in which the word is no wider than laid out; hinting widens small letters."""
    pixels = round(text.size * scale * 2) / 2
    face = font(text.lettering.name, pixels)
    if pixels < 24 and face.getlength(text.text) > text.lettering.width(text.text, text.size) * scale * 1.03 + 0.5:
        return font(text.lettering.name, pixels - 0.5)
    return face


def _write_turned(image: Image.Image, text: _Text, face, x: float, y: float) -> None:
    x0, y0, x1, y1 = (round(value) for value in face.getbbox(text.text, anchor="ls"))
    patch = Image.new("L", (x1 - x0 + 2, y1 - y0 + 2), 255)
    ImageDraw.Draw(patch).text((1 - x0, 1 - y0), text.text, 0, face, anchor="ls")
    image.paste(patch.transpose(Image.Transpose.ROTATE_90), (round(x + y0) - 1, round(y - x1) - 1))
