"""Which parts of a block diagram are connected, read from the lines of the drawing.

A part is a closed shape (`shapes_patentlmm.py`) that a reference character belongs to: one printed in it with its name,
or one outside at the end of a lead line. What is left of the ink without lettering and outlines are connectors: a line
joins the shapes that it touches, passes straight on where it crosses another, and where it enters a frame that holds
other shapes it goes on inside. Every rule gives up rather than guess: a wrong connection is worse than none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product

import numpy as np
from PIL import Image

from .numerals_patentlmm import ReferenceCharacter
from .shapes_patentlmm import Box, Drawing, Shape, find_shapes, outline_bands, region_of

try:
    import cv2
except ImportError:
    cv2 = None

MOST_ENDS = 12  # of one line with branches
LEAD_REACH = 14.0  # a lead line is no longer than this many times the height of its numeral
CLAIMED = 0.8  # of the characters, the least that belong to a shape where lead lines lead to shapes, and not to wires
DEEPEST_DENT = 0.3  # of a shape's shorter side, in a cloud or a cylinder; a shape that lies over it makes deeper ones
SMALLEST = 40  # pixels, of a drawing


@dataclass(frozen=True)
class Connection:
    """Two parts, by their reference characters, that a line joins; `directed`: only `target` has an arrow head."""

    source: str
    target: str
    directed: bool


def find_connections(
    image: Image.Image,
    words: Sequence[str],
    boxes: Sequence[Box],
    named: Sequence[tuple[ReferenceCharacter, Sequence[int]]],
) -> list[Connection]:
    """The connections between the parts of a drawing that carry a reference character, each pair once.

    Args:
        image: the upright figure.
        words, boxes: what is printed in it, boxes x0, y0, x1, y1 in 0..1000.
        named: its reference characters and the indices of the words that name each, as `find_printed_names` gives them.
    """
    if len(named) < 2 or min(image.size) < SMALLEST:
        return []
    drawing = Drawing(image, words, boxes)
    spots = [_Spot(one.text, drawing.scaled(one.box), list(indices)) for one, indices in named if any(one.box)]
    shapes = find_shapes(drawing)
    nets = _trace(drawing, shapes, spots)
    _name_shapes(drawing, shapes, spots, nets)
    kept = [shape for shape in shapes if shape.sure or shape.character]
    if len(kept) < len(shapes):
        nets = _trace(drawing, kept, spots)
    return _connections(kept, nets, drawing.pen, _placed(kept, len(spots)))


def _placed(shapes: Sequence[Shape], characters: int) -> frozenset[str]:
    """The characters that surely belong to the shape that is known by them, of a number of characters in all."""
    known = [shape for shape in shapes if shape.character is not None]
    leads_to_shapes = len(known) >= CLAIMED * characters
    sure = [shape for shape in known if shape.dent <= DEEPEST_DENT and (shape.rank == 0 or leads_to_shapes)]
    return frozenset(shape.character for shape in sure)


@dataclass
class _Spot:
    """A reference character where it is printed, `box` (1, 4) in pixels, and the indices of the words of its name."""

    text: str
    box: np.ndarray
    name: list[int]

    @property
    def height(self) -> float:
        return float(self.box[0, 3] - self.box[0, 1])


# --- lines -----------------------------------------------------------------------------------------------------------


@dataclass
class _End:
    """Where a line meets a shape."""

    net: int
    shape: int
    point: tuple[float, float]
    inside: bool
    head: bool


@dataclass
class _Net:
    """A line with all its branches: where it meets shapes, and the characters that it ends at."""

    ends: list[_End] = field(default_factory=list)
    characters: list[str] = field(default_factory=list)
    extent: tuple[int, int] = (0, 0)
    area: int = 0
    slanted: float = 0.0
    around_words: bool = False


class _Groups:
    """Disjoint sets of the numbers below `count`."""

    def __init__(self, count: int):
        self.parent = list(range(count))

    def find(self, one: int) -> int:
        while self.parent[one] != one:
            self.parent[one] = self.parent[self.parent[one]]
            one = self.parent[one]
        return one

    def join(self, one: int, other: int) -> None:
        self.parent[self.find(one)] = self.find(other)


def _trace(drawing: Drawing, shapes: Sequence[Shape], spots: Sequence[_Spot]) -> list[_Net]:
    band = outline_bands(drawing, shapes)
    strokes = np.where(band > 0, 0, drawing.ink).astype(np.uint8)
    nodes, slanted = _wires(strokes, drawing.pen)  # (H, W) -> net label
    ends = _ends(drawing, band, nodes, shapes)
    nets: dict[int, _Net] = {}
    ends = _pass_frames(drawing, shapes, ends)
    for end in ends:
        nets.setdefault(end.net, _Net()).ends.append(end)
    for spot in spots:
        for label in _ending_at(nodes, spot):
            net = nets.get(label)
            if net is not None:
                net.characters.append(spot.text)
    _measure(nodes, slanted, nets)
    regions = {shape.region for shape in shapes}
    for box, region in zip(drawing.words, drawing.word_region):
        for label in _around(nodes, box) if region not in regions else ():
            if label in nets:
                nets[label].around_words = True
    return list(nets.values())


def _measure(nodes: np.ndarray, slanted: np.ndarray, nets: dict[int, _Net]) -> None:
    rows, columns = np.nonzero(nodes)
    labels, tilted = nodes[rows, columns], slanted[rows, columns]
    order = np.argsort(labels, kind="stable")
    labels, rows, columns, tilted = labels[order], rows[order], columns[order], tilted[order]
    starts = np.flatnonzero(np.diff(labels, prepend=-1))
    for label, start, stop in zip(labels[starts], starts, [*starts[1:], len(labels)]):
        net = nets.get(int(label))
        if net is not None:
            net.extent = (int(np.ptp(columns[start:stop])) + 1, int(np.ptp(rows[start:stop])) + 1)
            net.area = int(stop - start)
            net.slanted = float(tilted[start:stop].mean())


def _wires(strokes: np.ndarray, pen: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels (H, W) of lines that hang together; two straight lines that cross are not one."""
    length = max(9, 4 * pen)
    level = cv2.morphologyEx(strokes, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    upright = cv2.morphologyEx(strokes, cv2.MORPH_OPEN, np.ones((length, 1), np.uint8))
    rest = strokes & (1 - level) & (1 - upright)
    counts, maps = [], []
    for mask in (level, upright, rest):
        count, labels = cv2.connectedComponents(mask, connectivity=8)
        counts.append(count)
        maps.append(labels)
    levels, uprights, rests = maps
    first = (0, counts[0], counts[0] + counts[1])
    groups = _Groups(sum(counts))
    meetings = _meetings(levels, uprights, length)
    for one in meetings:
        if not one.crossed:
            groups.join(first[0] + one.level, first[1] + one.upright)
    ignored = _fillets(rests, counts[2], [one for one in meetings if one.crossed], pen)
    for offset, other in ((first[0], levels), (first[1], uprights)):
        for a, b in _neighbours(rests, other):
            if a not in ignored:
                groups.join(first[2] + a, offset + b)
    roots = np.array([groups.find(i) for i in range(sum(counts))])
    out = np.zeros(strokes.shape, np.int32)
    for offset, labels in zip(reversed(first), reversed(maps)):
        found = labels > 0
        out[found] = roots[offset + labels[found]] + 1
    return out, rests > 0


@dataclass(frozen=True)
class _Meeting:
    """A level and an upright line that meet, by their labels; `crossed`: both go on; `box` is where (x, y, w, h)."""

    level: int
    upright: int
    crossed: bool
    box: tuple[int, int, int, int]


def _meetings(levels: np.ndarray, uprights: np.ndarray, length: int) -> list[_Meeting]:
    both = ((levels > 0) & (uprights > 0)).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(both, connectivity=8)
    out = []
    height, width = levels.shape
    for i in range(1, count):
        x, y, w, h, _ = stats[i]
        at = np.argwhere(labels[y : y + h, x : x + w] == i)[0]
        a, b = int(levels[y + at[0], x + at[1]]), int(uprights[y + at[0], x + at[1]])
        reach = length // 2 + 1
        rows, columns = slice(max(0, y - 1), y + h + 1), slice(max(0, x - 1), x + w + 1)
        left = (levels[rows, max(0, x - reach)] == a).any()
        right = (levels[rows, min(width - 1, x + w - 1 + reach)] == a).any()
        above = (uprights[max(0, y - reach), columns] == b).any()
        below = (uprights[min(height - 1, y + h - 1 + reach), columns] == b).any()
        out.append(_Meeting(a, b, bool(left and right and above and below), (x, y, w, h)))
    return out


def _fillets(rests: np.ndarray, count: int, crossings: Sequence[_Meeting], pen: int) -> set[int]:
    """The small specks in the corners of crossings; a dot that joins the lines is larger."""
    areas = np.bincount(rests.ravel(), minlength=count)
    out: set[int] = set()
    for crossing in crossings:
        x, y, w, h = crossing.box
        margin = pen + 2
        around = rests[max(0, y - margin) : y + h + margin, max(0, x - margin) : x + w + margin]
        near = np.unique(around[around > 0])
        if sum(areas[near]) <= 4 * max(2, pen):
            out |= set(near.tolist())
    return out


def _neighbours(some: np.ndarray, others: np.ndarray) -> Iterable[tuple[int, int]]:
    """Pairs of labels with pixels side by side."""
    ys, xs = np.nonzero(some)
    padded = np.pad(others, 1)
    pairs = [np.stack([some[ys, xs], padded[ys + dy, xs + dx]]) for dy, dx in product(range(3), range(3))]
    joined = np.concatenate(pairs, axis=1)
    joined = joined[:, joined[1] > 0]
    return map(tuple, np.unique(joined, axis=1).T.tolist())


def _ends(drawing: Drawing, band: np.ndarray, nodes: np.ndarray, shapes: Sequence[Shape]) -> list[_End]:
    reach = 2
    wide = cv2.dilate(band, np.ones((2 * reach + 1,) * 2, np.uint8))
    contact = ((nodes > 0) & (wide > 0)).astype(np.uint8)
    count, blobs, stats, centres = cv2.connectedComponentsWithStats(contact, connectivity=8)
    out = []
    for i in range(1, count):
        x, y, w, h, _ = stats[i]
        inside = blobs[y : y + h, x : x + w] == i
        net = np.bincount(nodes[y : y + h, x : x + w][inside]).argmax()
        shape = np.bincount(wide[y : y + h, x : x + w][inside]).argmax() - 1
        point = (float(centres[i][0]), float(centres[i][1]))
        out.append(
            _End(
                int(net), int(shape), point, shapes[shape].holds(point), _has_head(nodes, int(net), point, drawing.pen)
            )
        )
    return out


def _has_head(nodes: np.ndarray, net: int, point: tuple[float, float], pen: int) -> bool:
    """Whether a line is wider near where it ends than further on."""
    reach = 10 + 7 * pen
    x, y = round(point[0]), round(point[1])
    top, left = max(0, y - reach), max(0, x - reach)
    rows, columns = np.nonzero(nodes[top : y + reach + 1, left : x + reach + 1] == net)
    away = np.hypot(rows + top - point[1], columns + left - point[0])
    counts = np.bincount(away.astype(int), minlength=reach + 1)[: reach + 1].astype(float)
    near = counts[1 : 6 + 4 * pen]
    smooth = np.convolve(near, np.ones(3) / 3, "valid")
    far = counts[8 + 4 * pen :]
    far = far[far > 0]
    usual = min(float(np.median(far)), 2.0 * pen) if len(far) >= 3 else float(pen)
    return bool(smooth.max() >= 1.75 * max(usual, pen) + 0.5)


def _pass_frames(drawing: Drawing, shapes: Sequence[Shape], ends: list[_End]) -> list[_End]:
    """Lines that go on through the frame of a shape made one, and no ends at it."""
    groups: dict[int, int] = {}

    def find(net: int) -> int:
        while groups.get(net, net) != net:
            net = groups[net]
        return net

    passed: set[int] = set()
    reach = 2 * (drawing.pen + 2) + 3 * drawing.pen + 6
    by_shape: dict[int, list[int]] = {}
    for i, end in enumerate(ends):
        by_shape.setdefault(end.shape, []).append(i)
    for members in by_shape.values():
        inner = [i for i in members if ends[i].inside]
        outer = [i for i in members if not ends[i].inside]
        for i, j in product(inner, outer):
            (ax, ay), (bx, by) = ends[i].point, ends[j].point
            if i not in passed and j not in passed and np.hypot(ax - bx, ay - by) <= reach:
                passed |= {i, j}
                groups[find(ends[i].net)] = find(ends[j].net)
    out = []
    for i, end in enumerate(ends):
        end.net = find(end.net)
        if i not in passed:
            out.append(end)
    return out


def _around(nodes: np.ndarray, box: np.ndarray) -> set[int]:
    """The labels of the lines that are next on all four sides of a word: the outline of a shape with a gap in it."""
    height, width = nodes.shape
    x, y = (min(max(0, round((box[i] + box[i + 2]) / 2)), size - 1) for i, size in ((0, width), (1, height)))
    rays = (nodes[y, :x][::-1], nodes[y, x:], nodes[:y, x][::-1], nodes[y:, x])
    return set.intersection(*({int(ray[found[0]])} if len(found := np.flatnonzero(ray)) else set() for ray in rays))


def _ending_at(nodes: np.ndarray, spot: _Spot) -> list[int]:
    """The labels of the lines that end at a printed character."""
    x0, y0, x1, y1 = spot.box[0]
    margin = 0.6 * spot.height + 2
    top, left = max(0, round(y0 - margin)), max(0, round(x0 - margin))
    around = nodes[top : round(y1 + margin) + 1, left : round(x1 + margin) + 1]
    out = []
    for label in np.unique(around[around > 0]).tolist():
        mask = (around == label).astype(np.uint8)
        mask[1:-1, 1:-1] = 0
        if cv2.connectedComponents(mask, connectivity=8)[0] == 2:
            out.append(label)
    return out


# --- names -----------------------------------------------------------------------------------------------------------


def _name_shapes(drawing: Drawing, shapes: Sequence[Shape], spots: Sequence[_Spot], nets: Sequence[_Net]) -> None:
    """Give shapes the characters that belong to them; one that several claim stays without."""
    leads = _leads(spots, nets)
    at = {shape.region: i for i, shape in enumerate(shapes)}
    claims: dict[int, list[tuple[int, str]]] = {}
    for spot in spots:
        rank, shape = _shape_of(drawing, shapes, at, spot, leads.get(spot.text))
        if shape is not None:
            claims.setdefault(shape, []).append((rank, spot.text))
    for shape, claimed in claims.items():
        best = min(claimed)[0]
        first = [text for rank, text in claimed if rank == best]
        shapes[shape].character = first[0] if len(first) == 1 else None
        shapes[shape].rank = best


def _leads(spots: Sequence[_Spot], nets: Sequence[_Net]) -> dict[str, int]:
    """Characters with the shape that their lead line ends at."""
    heights = {spot.text: spot.height for spot in spots}
    found: dict[str, set[int]] = {}
    for net in nets:
        ends = {end.shape for end in net.ends if not end.inside}
        if len(ends) == 1 and len(net.characters) == 1 and max(net.extent) <= LEAD_REACH * heights[net.characters[0]]:
            found.setdefault(net.characters[0], set()).update(ends)
    return {text: ends.pop() for text, ends in found.items() if len(ends) == 1}


def _shape_of(
    drawing: Drawing, shapes: Sequence[Shape], at: dict[int, int], spot: _Spot, lead: int | None
) -> tuple[int, int | None]:
    """The shape a character belongs to, and how sure that is, 0 most."""
    around = at.get(region_of(drawing.regions, spot.box[0]))
    name = [at.get(drawing.word_region[i]) for i in spot.name]
    named = max(set(name), key=name.count) if name else None
    if around is not None and lead is None and shapes[around].sure:
        holder = any(_holds(shapes[around], other) for other in shapes)
        if (not holder or not name or named == around) and _fills(drawing, shapes[around], spot):
            return 0, around
    if lead is not None:
        return 1, lead
    if named is not None and named != around and shapes[named].sure and not shapes[named].numbered:
        x, y, w, h = cv2.boundingRect(shapes[named].outline)
        x0, y0, x1, y1 = spot.box[0]
        if max(x - x1, x0 - x - w, y - y1, y0 - y - h) <= 1.5 * spot.height:
            return 2, named
    return 3, None


def _fills(drawing: Drawing, shape: Shape, spot: _Spot) -> bool:
    """Whether a shape is not far too large for what is written in it, as the space between wires is."""
    if any(not drawing.numbered[i] for i in shape.words):
        return True
    return min(cv2.boundingRect(shape.outline)[2:]) <= 5 * spot.height


# --- connections -----------------------------------------------------------------------------------------------------


def _connections(shapes: Sequence[Shape], nets: Sequence[_Net], pen: int, placed: frozenset[str]) -> list[Connection]:
    found: dict[frozenset[str], list[Connection]] = {}
    for net in nets:
        for a, b, directed in _joined(net, pen):
            ends = shapes[a].character, shapes[b].character
            if len(placed.intersection(ends)) == 2 and not _one_holds_other(shapes[a], shapes[b]):
                found.setdefault(frozenset(ends), []).append(Connection(*ends, directed))
    return [_merged(some) for some in found.values()]


def _joined(net: _Net, pen: int) -> list[tuple[int, int, bool]]:
    """The pairs of shapes that a line joins, and whether it leads from the first to the second."""
    heads: dict[int, bool] = {}
    for end in net.ends:
        heads[end.shape] = heads.get(end.shape, False) or end.head
    if not 2 <= len(heads) <= MOST_ENDS or not _is_plain(net, len(heads), pen):
        return []
    tails = [one for one, head in heads.items() if not head]
    tips = [one for one, head in heads.items() if head]
    if tails and tips:
        return [(tail, tip, True) for tail, tip in product(tails, tips)]
    return [(a, b, False) for a, b in combinations(heads, 2)] if len(heads) <= 3 else []


def _is_plain(net: _Net, shapes: int, pen: int) -> bool:
    """Whether a line is a single one, or one with branches at right angles that meets each shape once."""
    if net.characters or net.around_words:
        return False
    if shapes > 2:
        return len(net.ends) == shapes and net.slanted <= 0.25
    return len(net.ends) <= 4 and net.area <= 1.5 * pen * 2 * sum(net.extent) + 40 * pen


def _merged(some: Sequence[Connection]) -> Connection:
    """One connection for several lines between the same parts."""
    same = all(one.directed and one.source == some[0].source for one in some)
    return Connection(some[0].source, some[0].target, same)


def _one_holds_other(one: Shape, other: Shape) -> bool:
    return _holds(one, other) or _holds(other, one)


def _holds(large: Shape, small: Shape) -> bool:
    x, y, w, h = cv2.boundingRect(small.outline)
    return large.area > small.area and large.holds((x + w / 2, y + h / 2))


__all__ = ["Connection", "find_connections"]
