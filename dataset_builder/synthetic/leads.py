"""Finds room for numerals around a drawing and leads lines from them to the parts."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from dataset_builder.synthetic.canvas import Bounds, Point
from dataset_builder.synthetic.sketch import Sketch, draw_lead

_SCALE = 0.5
_MARGIN = 140.0


class Room:
    """A coarse map of what is drawn, to ask where a numeral can stand."""

    def __init__(self, sketch: Sketch):
        x0, y0, x1, y1 = sketch.canvas.bounds()
        self.origin = (x0 - _MARGIN, y0 - _MARGIN)
        self.bounds = (x0, y0, x1, y1)
        self.map = np.zeros((int((y1 - y0 + 2 * _MARGIN) * _SCALE), int((x1 - x0 + 2 * _MARGIN) * _SCALE)), np.uint8)
        for stroke in sketch.canvas.strokes:
            if stroke.fill == 255:
                continue
            cv2.polylines(self.map, [self._pixels(stroke.points)], stroke.closed, 1, 2)
        for word in sketch.canvas.words:
            self.take(word.box)
        self.leads: list[tuple[Point, Point]] = []

    def _pixels(self, points) -> np.ndarray:
        return np.round((np.asarray(points) - self.origin) * _SCALE).astype(np.int32)

    def take(self, box: Bounds) -> None:
        (x0, y0), (x1, y1) = self._pixels([(box[0], box[1]), (box[2], box[3])])
        self.map[max(0, y0) : y1 + 1, max(0, x0) : x1 + 1] = 1

    def free(self, box: Bounds) -> bool:
        (x0, y0), (x1, y1) = self._pixels([(box[0], box[1]), (box[2], box[3])])
        if x0 < 1 or y0 < 1 or x1 >= self.map.shape[1] - 1 or y1 >= self.map.shape[0] - 1:
            return False
        return not self.map[y0 : y1 + 1, x0 : x1 + 1].any()

    def crosses(self, start: Point, end: Point) -> bool:
        """Whether a lead line would cross one that is there already."""
        return any(_segments_meet(start, end, *lead) for lead in self.leads)

    def add_lead(self, start: Point, end: Point) -> None:
        self.leads.append((start, end))
        cv2.line(self.map, self._pixels([start])[0].tolist(), self._pixels([end])[0].tolist(), 1, 1)


def place_leads(
    sketch: Sketch, anchors: Sequence[tuple[int, Point]], center: Point | None = None, lead: str | None = None
) -> None:
    """Gives every part of `anchors` (part index, point on it) its numeral and a lead line, away from `center`."""
    room = Room(sketch)
    x0, y0, x1, y1 = room.bounds
    center = center or ((x0 + x1) / 2, (y0 + y1) / 2)
    order = sorted(anchors, key=lambda item: -math.hypot(item[1][0] - center[0], item[1][1] - center[1]))
    for index, point in order:
        end = _find_end(sketch, room, index, point, center)
        drawn = draw_lead(sketch, index, point, end, lead)
        room.take((drawn[0] - 5, drawn[1] - 5, drawn[2] + 5, drawn[3] + 5))
        room.add_lead(point, end)


def _find_end(sketch: Sketch, room: Room, index: int, point: Point, center: Point) -> Point:
    """The nearest end of a lead line beside which the numeral of a part has room."""
    size = sketch.style.numeral_size
    width, height = sketch.style.numerals.width(sketch.parts[index].numeral, size), size * 0.72
    away = math.atan2(point[1] - center[1], point[0] - center[0]) + sketch.rng.uniform(-0.4, 0.4)
    best = None
    for distance in (24, 34, 46, 60, 78, 98, 120, 150, 185, 225, 270):
        for turn in (0.0, 0.3, -0.3, 0.6, -0.6, 0.95, -0.95, 1.35, -1.35):
            if abs(turn) > 0.7 and distance > 130:
                continue
            angle = away + turn
            end = (point[0] + distance * math.cos(angle), point[1] + distance * math.sin(angle))
            box = numeral_box(point, end, width, height)
            if not room.free((box[0] - 4, box[1] - 4, box[2] + 4, box[3] + 4)):
                continue
            best = best or end
            if not room.crosses(point, end):
                return end
    return best or (point[0] + 40 * math.cos(away), point[1] + 40 * math.sin(away))


def numeral_box(target: Point, end: Point, width: float, height: float) -> Bounds:
    """Where `place_numeral` puts a numeral of this size, roughly."""
    dx, dy = end[0] - target[0], end[1] - target[1]
    if abs(dx) >= abs(dy) * 0.55:
        x = end[0] + 3.5 if dx >= 0 else end[0] - 3.5 - width
        return x, end[1] - height * 0.75, x + width, end[1] + height * 0.85
    y = end[1] + 3.5 if dy >= 0 else end[1] - 3.5 - height
    return end[0] - width / 2, y, end[0] + width / 2, y + height


def _segments_meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    def side(p: Point, q: Point, r: Point) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0
