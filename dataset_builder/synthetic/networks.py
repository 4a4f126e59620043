"""Networks: clouds with devices, servers and databases around them, and tiers of machines."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dataset_builder.synthetic.canvas import Bounds, Point, union
from dataset_builder.synthetic.diagrams import add_system, draw_container, new_container, subject_from
from dataset_builder.synthetic.icons import draw_picture, picture_of
from dataset_builder.synthetic.phrasing import VIEW_NOUNS
from dataset_builder.synthetic.sketch import Sketch, draw_lead, draw_node, label_lines, lines_size, node_size
from dataset_builder.synthetic.vocabulary import with_article
from dataset_builder.synthetic.words import Words


@dataclass
class Station:
    """A machine of the network: its part, its picture or box, and the space it takes."""

    index: int
    lines: list
    picture: str | None
    width: float
    height: float
    box: Bounds = (0.0, 0.0, 0.0, 0.0)

    @property
    def center(self) -> Point:
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2


@dataclass
class _Manner:
    """`boxed` draws machines as boxes; numerals stand under the names or at lead lines; links run as lines or bolts."""

    boxed: bool
    inside: str
    size: float
    link: str


def draw_network(sketch: Sketch, words: Words) -> None:
    """A network figure in one of three layouts."""
    rng = sketch.rng
    inside = rng.choice(("none", "below", "below", "parenthesis", "after"))
    manner = _Manner(
        rng.random() < 0.2, inside, rng.uniform(48, 66), rng.choice(("line", "line", "both", "both", "bolt"))
    )
    rng.choices((_around_cloud, _tiers, _nested_sites), weights=(55, 30, 15))[0](sketch, words, manner)
    sketch.view = rng.choice((*VIEW_NOUNS["network"], "block diagram", "schematic diagram"))
    if not sketch.subject:
        _subject(sketch, words)
        add_system(sketch, words)


def _station(sketch: Sketch, words: Words, manner: _Manner, parent: int | None = None) -> Station:
    name = words.component()
    for _ in range(0 if manner.boxed or sketch.rng.random() < 0.25 else 8):
        if picture_of(name.term, sketch.rng) not in ("box", "cloud"):
            break
        name = words.component()
    index = sketch.part(name.term, name.printed, sketch.numbering.next(), "component", parent)
    return _shape_station(sketch, index, manner)


def _shape_station(sketch: Sketch, index: int, manner: _Manner) -> Station:
    lines = label_lines(sketch, index, 105, manner.inside)
    picture = None if manner.boxed else picture_of(sketch.parts[index].term, sketch.rng)
    if picture in (None, "cloud", "box"):
        return Station(index, lines, None, *node_size(sketch, lines, "box"))
    width, height = lines_size(sketch, lines)
    return Station(index, lines, picture, max(width, manner.size * 1.25), manner.size * 1.25 + height)


def _draw_station(sketch: Sketch, station: Station, cx: float, cy: float, manner: _Manner) -> None:
    """The machine with its picture above its name; sets the box that connectors meet."""
    canvas, size = sketch.canvas, manner.size
    if station.picture is None:
        station.box = (cx - station.width / 2, cy - station.height / 2, cx + station.width / 2, cy + station.height / 2)
        draw_node(sketch, station.index, station.box, station.lines)
        corner = (station.box[2] - 12, station.box[1])
    else:
        height = lines_size(sketch, station.lines)[1]
        top = draw_picture(canvas, station.picture, cx, cy - height / 2, size)
        label = canvas.block(cx, top[3] + 5 + height / 2, station.lines, element="node_label")
        station.box = union([top, label])
        corner = (top[2] - (top[2] - top[0]) * 0.1, top[1] + (top[3] - top[1]) * 0.2)
    if manner.inside == "none" and sketch.parts[station.index].numeral:
        reach = sketch.style.numeral_size
        draw_lead(sketch, station.index, corner, (corner[0] + reach * 1.1, corner[1] - reach * 0.6))


def _cloud(sketch: Sketch, words: Words, manner: _Manner, cx: float, cy: float) -> Station:
    name = words.network()
    index = sketch.part(name.term, name.printed, sketch.numbering.next(), "component")
    lines = label_lines(sketch, index, 110, manner.inside)
    width, height = node_size(sketch, lines, "cloud")
    width, height = max(width, 140.0), max(height, 78.0)
    shape = "cloud" if sketch.rng.random() < 0.85 else "ellipse"
    box = (cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2)
    draw_node(sketch, index, box, lines, shape)
    if manner.inside == "none":
        x, y = cx + width * 0.36, cy - height * 0.33
        draw_lead(sketch, index, (x, y), (x + 22, y - 14))
    return Station(index, lines, shape, width, height, box)


def _meet(station: Station, towards: Point) -> Point:
    """Where a straight connector from `towards` meets the station's box or cloud, a little outside."""
    (cx, cy), (x0, y0, x1, y1) = station.center, station.box
    dx, dy = towards[0] - cx, towards[1] - cy
    if station.picture in ("cloud", "ellipse"):
        factor = 0.97 / (math.hypot(dx / (x1 - x0) * 2, dy / (y1 - y0) * 2) or 1.0)
        return cx + dx * factor, cy + dy * factor
    gap = 0.0 if station.picture is None else 5.0
    factor = min(((x1 - x0) / 2 + gap) / (abs(dx) or 1e-6), ((y1 - y0) / 2 + gap) / (abs(dy) or 1e-6), 1.0)
    return cx + dx * factor, cy + dy * factor


def _join(sketch: Sketch, a: Station, b: Station, manner: _Manner) -> None:
    """A connector between two stations in the sheet's manner, and its link."""
    canvas = sketch.canvas
    start, end = _meet(a, b.center), _meet(b, a.center)
    sketch.link(a.index, b.index, None, False)
    if manner.link == "bolt" and sketch.rng.random() < 0.6:
        (x0, y0), (x1, y1) = start, end
        mx, my, nx, ny = (x0 + x1) / 2, (y0 + y1) / 2, -(y1 - y0), x1 - x0
        length = math.hypot(nx, ny) or 1.0
        kink, along = 6.0 / length, 7.0 / length
        dx, dy = x1 - x0, y1 - y0
        points = [
            start,
            (mx + dx * along + nx * kink, my + dy * along + ny * kink),
            (mx - dx * along - nx * kink, my - dy * along - ny * kink),
            end,
        ]
        canvas.arrow(points, both=True)
    else:
        canvas.arrow([start, end], both=manner.link == "both", head=manner.link == "both")


def _row(stations: list[Station], gap: float) -> list[float]:
    """Centres of a row of stations around x = 0."""
    total = sum(station.width for station in stations) + gap * (len(stations) - 1)
    x, centers = -total / 2, []
    for station in stations:
        centers.append(x + station.width / 2)
        x += station.width + gap
    return centers


def _around_cloud(sketch: Sketch, words: Words, manner: _Manner) -> None:
    rng = sketch.rng
    cloud = _cloud(sketch, words, manner, 0.0, 0.0)
    above = [_station(sketch, words, manner) for _ in range(rng.randint(1, 3))]
    below = [_station(sketch, words, manner) for _ in range(rng.randint(1, 4))]
    gap, lift = rng.uniform(48, 70), rng.uniform(48, 75)
    for row, side in ((above, -1), (below, 1)):
        tallest = max(station.height for station in row)
        for station, x in zip(row, _row(row, gap)):
            _draw_station(sketch, station, x, side * (cloud.height / 2 + lift + tallest / 2), manner)
    sides = []
    if rng.random() < 0.35:
        station = _station(sketch, words, manner)
        _draw_station(sketch, station, rng.choice((-1, 1)) * (cloud.width / 2 + 75 + station.width / 2), 0.0, manner)
        sides.append(station)
    for station in (*above, *below, *sides):
        _join(sketch, station, cloud, manner)


def _tiers(sketch: Sketch, words: Words, manner: _Manner) -> None:
    """Machines in two or three rows, the rows joined as a tree or through a cloud."""
    rng = sketch.rng
    top = [_station(sketch, words, manner)]
    middle = [_station(sketch, words, manner) for _ in range(rng.randint(1, 3))]
    bottom = [_station(sketch, words, manner) for _ in range(rng.randint(len(middle), 4))]
    y, previous, gap = 0.0, [], rng.uniform(46, 66)
    for row in (top, middle, bottom):
        height = max(station.height for station in row)
        for station, x in zip(row, _row(row, gap)):
            _draw_station(sketch, station, x, y + height / 2, manner)
        for i, station in enumerate(row):
            if previous:
                _join(sketch, previous[i * len(previous) // len(row)], station, manner)
        y += height + rng.uniform(52, 70)
        previous = row


def _nested_sites(sketch: Sketch, words: Words, manner: _Manner) -> None:
    """Two or three sites, each with machines inside, around a cloud."""
    rng = sketch.rng
    cloud = _cloud(sketch, words, manner, 0.0, 0.0)
    style = sketch.style
    count, sites = 2, []
    for i in range(count):
        container = new_container(sketch, words, 170)
        stations = [_station(sketch, words, manner, container.index) for _ in range(rng.randint(1, 3))]
        widest = max(station.width for station in stations)
        x = (-1 if i == 0 else 1) * (cloud.width / 2 + 110 + widest / 2)
        total = sum(station.height for station in stations) + 44 * (len(stations) - 1)
        y = -total / 2
        for station in stations:
            _draw_station(sketch, station, x, y + station.height / 2, manner)
            y += station.height + 44
        inner = union([station.box for station in stations])
        padding = 42.0 if manner.inside == "none" or style.inside == "none" else 20.0
        box = draw_container(sketch, container, inner, padding=padding)
        sites.append(Station(container.index, [], None, box[2] - box[0], box[3] - box[1], box))
    for site in sites:
        level = Station(site.index, [], None, site.width, 10, (site.box[0], -5, site.box[2], 5))
        _join(sketch, level, cloud, manner)
    if rng.random() < 0.2:
        container = new_container(sketch, words, 320)
        draw_container(sketch, container, sketch.canvas.bounds(), padding=16.0)
        subject_from(sketch, container.index)


def _subject(sketch: Sketch, words: Words) -> None:
    rng = sketch.rng
    named = [part.term for part in sketch.parts if part.printed and part.role == "component"]
    if rng.random() < 0.75 and len(named) > 1:
        first, second = rng.sample(named[:4], 2)
        noun = rng.choice(("a network environment", "a system", "a communication system", "a computing environment"))
        sketch.subject = f"{noun} including {with_article(first)} and {with_article(second)}"
        sketch.subject_known = True
    else:
        sketch.subject, sketch.subject_known = words.subject("network"), False
