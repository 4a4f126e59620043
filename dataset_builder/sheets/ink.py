"""What is drawn on a sheet, in marks: connected strokes and whole words, with the white gaps between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from modeling_patentlmm.ocr_patentlmm import Box

MAP_SIDE = 1200  # cells along the longer side of the map, at most


SPECK = 6  # cells: the side of a mark that may be dirt
ALONE = 12  # cells: how far dirt is from all but other dirt
SPECKS = 40  # cells: the ink of specks that are near each other


@dataclass(frozen=True)
class Marks:
    """The marks of a sheet on a map in which a cell stands for some pixels each way.

    `inked` (rows, columns) says where there is ink, dirt left out, and `nearest` names for each cell the mark that is
    nearest to it, counted from 0; the first `labels` are the labels. `boxes` (N, 4) are theirs in cells, ends excluded.
    `gaps` (M, 3) has a row for neighbouring marks: one, other, and the least distance between them in cells, ascending
    by that.
    """

    inked: np.ndarray
    nearest: np.ndarray
    boxes: np.ndarray
    gaps: np.ndarray
    labels: int

    def __len__(self) -> int:
        return len(self.boxes)


def find_marks(ink: np.ndarray, words: Sequence[Box], labels: Sequence[Box]) -> Marks:
    """Take the ink of a sheet (H, W) apart into marks: connected strokes, and whole words.

    Each of `labels` is a mark of its own, with all ink in its box. `words` and `labels` are in 0..1000 of the sheet.
    """
    inked = _to_map(ink)
    drawn = inked.copy()
    for box in words:
        _strike_through(drawn, box)
    components = _components(drawn, [cell_box(box, inked.shape) for box in labels])
    nearest, distance = _nearest(components)
    boxes = _outlines(components)
    gaps = _gaps(nearest, distance, len(boxes))
    dirt = _is_dirt(inked, nearest, boxes, gaps, len(labels))
    return Marks(inked & ~np.append(dirt, False)[nearest], nearest, boxes, gaps, len(labels))


def _to_map(ink: np.ndarray) -> np.ndarray:
    """`ink` with its longer side at most `MAP_SIDE`: which cells hold any ink."""
    scale = pixels_per_cell(ink.shape)
    return cv2.dilate(ink.astype(np.uint8), np.ones((scale, scale), np.uint8), anchor=(0, 0))[::scale, ::scale] > 0


def pixels_per_cell(shape: tuple[int, int]) -> int:
    """The side of a cell in pixels on a sheet (H, W)."""
    return max(1, -(-max(shape) // MAP_SIDE))


def _components(drawn: np.ndarray, labels: Sequence[Box]) -> np.ndarray:
    """The connected strokes of a map, counted from 1; the labels come first, with what sticks out of their boxes."""
    for x0, y0, x1, y1 in labels:
        drawn[y0:y1, x0:x1] = False
    _, components, stats, _ = cv2.connectedComponentsWithStats(drawn.astype(np.uint8), connectivity=8)
    left, top, right, bottom = stats[:, 0], stats[:, 1], stats[:, 0] + stats[:, 2], stats[:, 1] + stats[:, 3]
    numbers = np.zeros(len(stats), np.int32)
    for number, (x0, y0, x1, y1) in enumerate(labels, start=1):
        air = -(-min(x1 - x0, y1 - y0) // 2)
        out = (left >= x0 - air) & (top >= y0 - air) & (right <= x1 + air) & (bottom <= y1 + air)
        numbers[out & (numbers == 0)] = number
    free = numbers == 0
    free[0] = False
    numbers[free] = np.arange(len(labels) + 1, len(labels) + 1 + free.sum())
    numbers[0] = 0
    components = numbers[components]
    for number, (x0, y0, x1, y1) in enumerate(labels, start=1):
        components[y0:y1, x0:x1] = number
    return components


def cell_box(box: Box, shape: tuple[int, int]) -> tuple[int, int, int, int]:
    """A box in 0..1000 as cells of a map (rows, columns), ends excluded; at least one cell."""
    rows, columns = shape
    x0, y0 = min(box[0] * columns // 1000, columns - 1), min(box[1] * rows // 1000, rows - 1)
    x1, y1 = -(-box[2] * columns // 1000), -(-box[3] * rows // 1000)
    return x0, y0, min(max(x1, x0 + 1), columns), min(max(y1, y0 + 1), rows)


def _strike_through(drawn: np.ndarray, box: Box) -> None:
    """Join the letters of a word by a line through their middle."""
    x0, y0, x1, y1 = cell_box(box, drawn.shape)
    if x1 - x0 >= y1 - y0:
        inside = np.flatnonzero(drawn[y0:y1, x0:x1].any(axis=0))
        if len(inside):
            drawn[(y0 + y1) // 2, x0 + inside[0] : x0 + inside[-1] + 1] = True
    else:
        inside = np.flatnonzero(drawn[y0:y1, x0:x1].any(axis=1))
        if len(inside):
            drawn[y0 + inside[0] : y0 + inside[-1] + 1, (x0 + x1) // 2] = True


def _nearest(components: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each cell the component nearest to it, counted from 0, and how far that is."""
    if not components.any():
        return np.full(components.shape, -1, np.int32), np.zeros(components.shape, np.float32)
    empty = (components == 0).astype(np.uint8)
    distance, seeds = cv2.distanceTransformWithLabels(empty, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    owners = np.zeros(int(seeds.max()) + 1, np.int32)
    taken = components > 0
    owners[seeds[taken]] = components[taken] - 1
    return owners[seeds], distance


def _outlines(components: np.ndarray) -> np.ndarray:
    """The boxes (N, 4) of the components."""
    rows, columns = np.nonzero(components)
    owners = components[rows, columns] - 1
    boxes = np.zeros((int(components.max(initial=0)), 4), int)
    boxes[:, 0], boxes[:, 1] = components.shape[1], components.shape[0]
    np.minimum.at(boxes[:, 0], owners, columns)
    np.minimum.at(boxes[:, 1], owners, rows)
    np.maximum.at(boxes[:, 2], owners, columns + 1)
    np.maximum.at(boxes[:, 3], owners, rows + 1)
    return boxes


def _is_dirt(inked: np.ndarray, nearest: np.ndarray, boxes: np.ndarray, gaps: np.ndarray, labels: int) -> np.ndarray:
    """Which marks (N,) are specks: tiny, and with no more than a few other specks about them."""
    groups = group_marks(len(boxes), gaps[gaps[:, 2] <= ALONE])
    sides, areas = np.zeros(len(boxes), int), np.bincount(nearest[inked], minlength=len(boxes))
    np.maximum.at(sides, groups, (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0))
    dirt = (sides <= SPECK) & (np.bincount(groups, areas, len(boxes)) <= SPECKS)
    dirt[groups[:labels]] = False
    return dirt[groups] if not dirt[groups].all() else np.zeros(len(boxes), bool)


def group_marks(count: int, gaps: np.ndarray) -> np.ndarray:
    """The group of each of `count` marks, named by its first, when the marks at each gap (M, 3) go together."""
    sets = Sets(count)
    for one, other in gaps[:, :2].astype(int).tolist():
        sets.join(one, other)
    return np.array([sets.root(i) for i in range(count)], int)


class Sets:
    """Disjoint sets of 0..count-1, each named by its least member."""

    def __init__(self, count: int):
        self._parent = list(range(count))

    def root(self, item: int) -> int:
        while self._parent[item] != item:
            self._parent[item] = self._parent[self._parent[item]]
            item = self._parent[item]
        return item

    def join(self, one: int, other: int) -> bool:
        """Make one set of two; whether they were two."""
        one, other = self.root(one), self.root(other)
        self._parent[max(one, other)] = min(one, other)
        return one != other


def _gaps(nearest: np.ndarray, distance: np.ndarray, count: int) -> np.ndarray:
    """The least distance between marks whose regions of nearest cells touch, ascending."""
    found = []
    for one, other in (((slice(None), slice(1, None)), (slice(None), slice(-1))), ((slice(1, None),), (slice(-1),))):
        a, b = nearest[one], nearest[other]
        touching = a != b
        pairs = np.minimum(a, b)[touching].astype(np.int64) * count + np.maximum(a, b)[touching]
        found.append((pairs, (distance[one] + distance[other])[touching] + 1))
    pairs, lengths = (np.concatenate(parts) for parts in zip(*found))
    order = np.lexsort((lengths, pairs))
    pairs, lengths = pairs[order], lengths[order]
    first = np.flatnonzero(np.diff(pairs, prepend=-1))
    gaps = np.stack([pairs[first] // max(count, 1), pairs[first] % max(count, 1), lengths[first]], axis=1)
    return gaps[np.argsort(gaps[:, 2], kind="stable")]
