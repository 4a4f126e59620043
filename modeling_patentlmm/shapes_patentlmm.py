"""The closed shapes of a line drawing, and its ink without lettering.

A shape is what a line encloses: a box, a cylinder, a cloud, a frame around others. The space between wires is enclosed
too; it is told apart by how it fills its convex hull and by how much of its outline other shapes stand along.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

try:
    import cv2
except ImportError:
    cv2 = None

Box = tuple[int, int, int, int]

LONGEST_SIDE = 1800  # pixels; larger drawings are looked at in a reduced copy
INK_BELOW = 170  # grey level
THICKEST_PEN = 16  # pixels
WIDEST_BREAK = 7  # pixels, of a line that a speck of dust broke
MOST_SHAPES = 300
SURE_SOLID = 0.95  # of its convex hull, what a box, an ellipse or a diamond fills
SOLID = 0.78  # what a cloud fills; the space that a loop of lines encloses seldom does
HOLLOW_SOLID = 0.45  # what the arrow of a bus fills
WALLED = 0.15  # of its outline, the most that other shapes may stand along: more is the space between them


class Drawing:
    """The ink (H, W) of a drawing without its lettering, and the spaces that its lines enclose.

    `pen` is the usual width of its lines, `letter` the usual height of its letters, `words` (N, 4) the boxes of what is
    printed; all in pixels. `regions` (H, W) numbers the spaces, `region_stats` are OpenCV's of each, `word_region` the
    number of the space that each word stands in, 0 for none.
    """

    def __init__(self, image: Image.Image, words: Sequence[str], boxes: Sequence[Box]):
        grey = np.asarray(image.convert("L"))
        scale = min(1.0, LONGEST_SIDE / max(grey.shape))
        if scale < 1:
            grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        self.shape = grey.shape
        self.words = self.scaled(boxes)
        self.numbered = [any(map(str.isdigit, word)) for word in words]
        heights = (self.words[:, 3] - self.words[:, 1])[self.words[:, 2] > self.words[:, 0]]
        self.letter = float(np.median(heights)) if len(heights) else 12.0
        ink = _without_lettering((grey < INK_BELOW).astype(np.uint8), self.words)
        self.pen = _pen_width(ink)
        self.ink = _with_dashes_joined(_with_breaks_mended(ink, self.pen), self.pen)
        _, self.regions, self.region_stats, _ = cv2.connectedComponentsWithStats(1 - self.ink, connectivity=4)
        self.word_region = [region_of(self.regions, box) for box in self.words]

    def scaled(self, boxes) -> np.ndarray:
        """Boxes of 0..1000 in pixels."""
        height, width = self.shape
        return np.asarray(boxes, dtype=np.float64).reshape(-1, 4) * (width, height, width, height) / 1000


def _without_lettering(ink: np.ndarray, words: np.ndarray) -> np.ndarray:
    """The ink (H, W) without the connected pieces that lie within words."""
    mask = np.zeros_like(ink)
    for x0, y0, x1, y1 in words:
        margin = 1.5 + 0.12 * (y1 - y0)
        top, left = max(0, round(y0 - margin)), max(0, round(x0 - margin))
        mask[top : round(y1 + margin) + 1, left : round(x1 + margin) + 1] = 1
    count, labels = cv2.connectedComponents(ink, connectivity=8)
    areas = np.bincount(labels.ravel(), minlength=count)
    within = np.bincount(labels[mask > 0], minlength=count)
    gone = within >= 0.95 * areas
    gone[0] = False
    return np.where(gone[labels], 0, ink).astype(np.uint8)


def _pen_width(ink: np.ndarray) -> int:
    """The most frequent thickness of the lines."""
    counts = np.zeros(THICKEST_PEN + 1)
    for mask in (ink, ink.T):
        steps = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))).ravel())
        runs = np.flatnonzero(steps == -1) - np.flatnonzero(steps == 1)
        counts += np.bincount(runs[runs <= THICKEST_PEN], minlength=THICKEST_PEN + 1)
    return max(1, int(counts.argmax()))


def _with_breaks_mended(ink: np.ndarray, pen: int) -> np.ndarray:
    """The ink with small gaps in level and upright lines filled, as dust on a scanner leaves them."""
    length = max(9, 4 * pen)
    out = ink.copy()
    for long, wide in (((1, length), (1, WIDEST_BREAK)), ((length, 1), (WIDEST_BREAK, 1))):
        straight = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones(long, np.uint8))
        out |= cv2.morphologyEx(straight, cv2.MORPH_CLOSE, np.ones(wide, np.uint8))
    return out


def _with_dashes_joined(ink: np.ndarray, pen: int) -> np.ndarray:
    """The ink with gaps between the pieces of dashed lines filled."""
    longest, gap = max(24, 9 * pen), max(9, 5 * pen)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    extent = stats[:, 2:4]
    short = (extent.max(axis=1) <= longest) & (stats[:, 4] >= pen * pen)
    short[0] = False
    if short.sum() < 6:
        return ink
    pieces = short[labels].astype(np.uint8)
    near = ink & cv2.dilate(pieces, np.ones((gap + 2, gap + 2), np.uint8))
    joined = ink | cv2.morphologyEx(pieces, cv2.MORPH_CLOSE, np.ones((gap - 1, gap - 1), np.uint8))
    for size in ((gap, 1), (1, gap)):
        joined |= cv2.morphologyEx(near, cv2.MORPH_CLOSE, np.ones(size, np.uint8))
    return joined


# --- shapes ----------------------------------------------------------------------------------------------------------


@dataclass
class Shape:
    """A closed shape: its `outline` (N, 1, 2) in pixels, its region's number, and what is printed in it (`words`).

    `solid` is the share of its convex hull that it fills. `sure` is false for spaces that are a shape only if a lead
    line says so. `character` is the reference character it is known by, `rank` how that was found, 0 the surest.
    """

    outline: np.ndarray
    region: int
    area: float
    solid: float
    words: set[int] = field(default_factory=set)
    numbered: bool = False
    sure: bool = True
    character: str | None = None
    rank: int = 0

    def holds(self, point: tuple[float, float]) -> bool:
        return cv2.pointPolygonTest(self.outline, point, False) >= 0

    @property
    def bounds(self) -> tuple[int, int, int, int]:
        """Left, top, width and height."""
        return cv2.boundingRect(self.outline)

    @property
    def dent(self) -> float:
        """The depth of the deepest bay of its outline, in its shorter sides; a shape that lies over it cuts one."""
        hull = cv2.convexHull(self.outline, returnPoints=False)
        try:
            bays = cv2.convexityDefects(self.outline, hull)
        except cv2.error:  # an outline that crosses itself
            return 1.0
        depth = 0.0 if bays is None else bays.reshape(-1, 4)[:, 3].max() / 256
        return float(depth) / max(1, min(self.bounds[2:]))


def find_shapes(drawing: Drawing) -> list[Shape]:
    """The closed shapes of the drawing, large ones first."""
    sure, doubtful = [], []
    for shape in _enclosed(drawing):
        if shape.solid >= SURE_SOLID and shape.words:
            sure.append(shape)
        elif shape.solid >= HOLLOW_SOLID:
            doubtful.append(shape)
    near = cv2.dilate((outline_bands(drawing, sure) > 0).astype(np.uint8), np.ones((3, 3), np.uint8))
    walled = [_walled(shape, near) for shape in doubtful]
    between = [shape for shape, is_walled in zip(doubtful, walled) if is_walled]
    others = [shape for shape, is_walled in zip(doubtful, walled) if not is_walled]
    for shape in others:
        shape.sure = bool(shape.words) and shape.solid >= SOLID
    for shape in (*sure, *others):
        _take_in(shape, between, 2 * drawing.pen + 4)
    return sorted((*sure, *others), key=lambda shape: -shape.area)


def _enclosed(drawing: Drawing) -> list[Shape]:
    """The spaces that lines enclose, but for those too small to be a part."""
    height, width = drawing.shape
    x, y, w, h, area = drawing.region_stats.T
    inner = (x > 0) & (y > 0) & (x + w < width) & (y + h < height)
    large = (np.minimum(w, h) >= max(4, 0.5 * drawing.letter)) & (np.maximum(w, h) >= 1.2 * drawing.letter)
    found = sorted((i for i in np.flatnonzero(inner & large).tolist() if i > 0), key=lambda i: -area[i])
    written: dict[int, set[int]] = {}
    for i, region in enumerate(drawing.word_region):
        written.setdefault(region, set()).add(i)
    return [_shape(drawing, region, written.get(region, set())) for region in found[:MOST_SHAPES]]


def _shape(drawing: Drawing, region: int, words: set[int]) -> Shape:
    outline = _outline(drawing.regions, drawing.region_stats[region], region)
    area = cv2.contourArea(outline)
    solid = area / max(1.0, cv2.contourArea(cv2.convexHull(outline)))
    return Shape(outline, region, area, solid, words, any(drawing.numbered[i] for i in words))


def _walled(shape: Shape, near: np.ndarray) -> bool:
    """Whether much of an outline runs along other shapes."""
    rows, columns = _dense(shape.outline)
    return not len(rows) or near[rows, columns].mean() > WALLED


def region_of(labels: np.ndarray, box: np.ndarray) -> int:
    """The background region that most of a box lies in, 0 for none."""
    x0, y0, x1, y1 = (round(value) for value in box)
    inside = labels[max(0, y0) : y1 + 1, max(0, x0) : x1 + 1]
    inside = inside[inside > 0]
    return int(np.bincount(inside).argmax()) if inside.size else 0


def _outline(labels: np.ndarray, stats: np.ndarray, region: int) -> np.ndarray:
    x, y, w, h, _ = stats
    mask = (labels[y : y + h, x : x + w] == region).astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE, offset=(int(x), int(y)))
    return max(contours, key=cv2.contourArea)


def _dense(outline: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every pixel of an outline: rows, columns."""
    x, y, w, h = cv2.boundingRect(outline)
    mask = np.zeros((h, w), np.uint8)
    cv2.drawContours(mask, [outline - (x, y)], -1, 1, 1)
    rows, columns = np.nonzero(mask)
    return rows + y, columns + x


def _take_in(shape: Shape, between: Sequence[Shape], gap: int) -> None:
    """Add to a shape the spaces that belong to its drawing: the lid of a cylinder, the strips of a double frame."""
    if not shape.words:
        return
    x, y, w, h = shape.bounds
    hull = cv2.convexHull(shape.outline)
    for other in between:
        ox, oy, ow, oh = other.bounds
        apart = ox > x + w + gap or oy > y + h + gap or x > ox + ow + gap or y > oy + oh + gap
        if other.words or apart or other.area > 0.5 * shape.area:
            continue
        lid = abs(ow - w) <= gap and abs(ox - x) <= gap and oy < y and oh < 0.6 * h and _overlap(hull, other.outline)
        strip = abs(oh - h) <= gap and abs(oy - y) <= gap and ow < 0.2 * w
        if lid or strip:
            shape.outline = cv2.convexHull(np.concatenate([shape.outline, other.outline]))


def _overlap(hull: np.ndarray, outline: np.ndarray) -> bool:
    """Whether more than a quarter of an outline's points lie within a hull."""
    points = (tuple(map(float, point)) for point in outline[:, 0])
    return float(np.mean([cv2.pointPolygonTest(hull, point, False) >= 0 for point in points])) > 0.25


def outline_bands(drawing: Drawing, shapes: Sequence[Shape]) -> np.ndarray:
    """What the outline of each shape covers: its place in `shapes` and 1, 0 elsewhere (H, W)."""
    out = np.zeros(drawing.shape, np.uint16)
    for i, shape in enumerate(shapes):
        cv2.drawContours(out, [shape.outline], -1, i + 1, 2 * (drawing.pen + 2) + 1)
    return out


__all__ = ["Box", "Shape", "Drawing", "find_shapes", "outline_bands", "region_of"]
