"""Block diagrams: grids, nested systems, buses, signal chains and hubs of labelled boxes."""

from __future__ import annotations

from dataclasses import dataclass

from dataset_builder.synthetic.canvas import Bounds, Mark, union
from dataset_builder.synthetic.sketch import (
    Sketch,
    draw_lead,
    draw_node,
    draw_shape,
    draw_system_numeral,
    label_lines,
    lines_size,
    node_size,
)
from dataset_builder.synthetic.vocabulary import with_article
from dataset_builder.synthetic.words import Words

WHOLES = ("system", "system", "apparatus", "device", "arrangement")  # what a drawing without a title is of, as likely


@dataclass
class Node:
    """A part placed on the canvas."""

    index: int
    lines: list
    shape: str
    width: float
    height: float
    box: Bounds = (0.0, 0.0, 0.0, 0.0)

    def place(self, cx: float, cy: float) -> None:
        self.box = (cx - self.width / 2, cy - self.height / 2, cx + self.width / 2, cy + self.height / 2)


def draw_block_diagram(sketch: Sketch, words: Words) -> None:
    """A block diagram in one of several layouts."""
    layout = sketch.rng.choices((_grid, _nested, _bus, _stack, _chain, _hub), weights=(30, 24, 14, 10, 12, 10))[0]
    sketch.view = "block diagram"
    layout(sketch, words)


# ---- content ---------------------------------------------------------------------------------------------------


def inside_mode(sketch: Sketch) -> str:
    """Where the numerals of boxes stand on this sheet: "none" is outside with a lead line."""
    return sketch.style.inside


def new_nodes(sketch: Sketch, words: Words, count: int, width: float, parent: int | None = None) -> list[Node]:
    """`count` component nodes with names and numerals, not placed yet."""
    return [new_node(sketch, words, width, parent) for _ in range(count)]


def new_node(sketch: Sketch, words: Words, width: float, parent: int | None = None, shape: str | None = None) -> Node:
    """One component node with a name and, nearly always, a numeral."""
    rng = sketch.rng
    name = words.component()
    numeral = sketch.numbering.next() if rng.random() < 0.96 else None
    index = sketch.part(name.term, name.printed, numeral, "component", parent)
    lines = label_lines(sketch, index, width, inside_mode(sketch))
    if shape is None:
        shape = "cylinder" if _holds_data(name.term) and rng.random() < 0.6 else "box"
    return Node(index, lines, shape, *node_size(sketch, lines, shape))


def _holds_data(term: str) -> bool:
    return any(word in term for word in ("database", "repository", "storage", "store", "archive"))


def even_out(nodes: list[Node], width: bool = True, height: bool = True) -> None:
    """Gives all nodes the largest width and height among them."""
    for node in nodes:
        if width:
            node.width = max(other.width for other in nodes)
        if height:
            node.height = max(other.height for other in nodes)


def draw_nodes(sketch: Sketch, nodes: list[Node], pen: float | None = None, side: str = "top") -> None:
    for node in nodes:
        draw_node(sketch, node.index, node.box, node.lines, node.shape, pen)
        if inside_mode(sketch) == "none" and sketch.parts[node.index].numeral:
            lead_from_box(sketch, node.index, node.box, side)


def lead_from_box(sketch: Sketch, index: int, box: Bounds, side: str, reach: float = 1.0) -> None:
    """A lead line from the right part of a side of `box` to its numeral outside."""
    x0, y0, x1, y1 = box
    step = sketch.style.numeral_size * reach
    inset = min(16.0, (x1 - x0) * 0.16)
    target, end = {
        "top": ((x1 - inset, y0), (x1 - inset + step * 0.75, y0 - step * 0.85)),
        "bottom": ((x1 - inset, y1), (x1 - inset + step * 0.75, y1 + step * 0.85)),
        "right": ((x1, y0 + min(10.0, (y1 - y0) * 0.25)), (x1 + step * 1.1, y0 - step * 0.05)),
        "left": ((x0, y0 + min(10.0, (y1 - y0) * 0.25)), (x0 - step * 1.1, y0 - step * 0.05)),
    }[side]
    draw_lead(sketch, index, target, end)


def connect(
    sketch: Sketch, a: Node, b: Node, label: str | None = None, directed: bool | None = None, wide: bool = False
) -> None:
    """A straight connector between two boxes that share a row or a column; adds the link."""
    rng = sketch.rng
    kind = (
        rng.choices(("one", "both", "plain"), weights=(60, 25, 15))[0]
        if directed is None
        else ("one" if directed else "plain")
    )
    (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = a.box, b.box
    if min(ay1, by1) - max(ay0, by0) > 8:
        y = (max(ay0, by0) + min(ay1, by1)) / 2
        points = [(ax1, y), (bx0, y)] if ax1 <= bx0 else [(ax0, y), (bx1, y)]
    else:
        x = (max(ax0, bx0) + min(ax1, bx1)) / 2
        points = [(x, ay1), (x, by0)] if ay1 <= by0 else [(x, ay0), (x, by1)]
    link = sketch.link(a.index, b.index, label, kind == "one")
    if wide:
        block_arrow(sketch, *points, both=kind == "both")
    else:
        sketch.canvas.arrow(points, both=kind == "both", head=kind != "plain")
    if label:
        _label_connector(sketch, link, points, label)


def _label_connector(sketch: Sketch, link: int, points: list, label: str) -> None:
    (x0, y0), (x1, y1) = points
    size = sketch.style.size * 0.85
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    if abs(y1 - y0) < 1:
        sketch.canvas.text(x, y - 5, label, Mark("link", link), size, "center", element="text")
    else:
        sketch.canvas.text(x + 6, y + size * 0.35, label, Mark("link", link), size, element="text")


def block_arrow(sketch: Sketch, start: tuple, end: tuple, both: bool = False) -> None:
    """A wide hollow arrow as drawn for buses, along a row or a column."""
    canvas, half, head = sketch.canvas, 4.5, 11.0
    length = abs(end[0] - start[0]) + abs(end[1] - start[1])
    head = min(head, length * 0.4)
    ux, uy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    tail = (
        [(head, half), (head, half * 2), (0, 0), (head, -half * 2), (head, -half)] if both else [(0, half), (0, -half)]
    )
    shape = [
        *tail,
        (length - head, -half),
        (length - head, -half * 2),
        (length, 0),
        (length - head, half * 2),
        (length - head, half),
    ]
    points = [(start[0] + ux * a - uy * b, start[1] + uy * a + ux * b) for a, b in shape]
    if sketch.rng.random() < 0.2:
        canvas.area(points, "black", 0.5)
    else:
        canvas.line(points, closed=True)
    xs, ys = zip(*points)
    canvas.elements.append(("arrow", (min(xs), min(ys), max(xs), max(ys))))


# ---- containers ------------------------------------------------------------------------------------------------


@dataclass
class Container:
    """A container part: its title lines and how its frame is drawn."""

    index: int
    lines: list
    dash: str | None
    top: bool

    def title_height(self, sketch: Sketch) -> float:
        return lines_size(sketch, self.lines)[1] + (8.0 if self.lines else 0.0)

    def title_width(self, sketch: Sketch) -> float:
        return lines_size(sketch, self.lines)[0] + 16.0


def new_container(sketch: Sketch, words: Words, width: float, parent: int | None = None) -> Container:
    """A container part with a printed name and a numeral inside or outside."""
    rng = sketch.rng
    name = words.system()
    index = sketch.part(name.term, name.printed, sketch.numbering.next(), "container", parent)
    lines = label_lines(sketch, index, width, inside_mode(sketch))
    return Container(index, lines, rng.choice((None, None, "dashed", "short")), rng.random() < 0.75)


def draw_container(
    sketch: Sketch, container: Container, inner: Bounds, side: str = "top", padding: float = 18.0
) -> Bounds:
    """Draws a container around `inner`, makes room for its title, and returns its frame."""
    canvas = sketch.canvas
    box = container_box(sketch, container, inner, padding)
    title = container.title_height(sketch)
    pen = sketch.style.heavy if sketch.rng.random() < 0.3 else None
    draw_shape(canvas, "round" if sketch.rng.random() < 0.06 else "box", box, pen, container.dash)
    canvas.elements.append(("node", box))
    y = box[1] + 5 + title / 2 if container.top else box[3] - 5 - title / 2
    canvas.block((box[0] + box[2]) / 2, y, container.lines, element="node_label")
    if inside_mode(sketch) == "none":
        lead_from_box(sketch, container.index, box, side)
    return box


def container_box(sketch: Sketch, container: Container, inner: Bounds, padding: float = 18.0) -> Bounds:
    """The frame a container gets around `inner`."""
    title = container.title_height(sketch)
    widen = max(0.0, container.title_width(sketch) - (inner[2] - inner[0]) - 2 * padding) / 2
    x0, x1 = inner[0] - padding - widen, inner[2] + padding + widen
    y0 = inner[1] - padding - (title if container.top else 0.0)
    y1 = inner[3] + padding + (0.0 if container.top else title)
    return x0, y0, x1, y1


def subject_from(sketch: Sketch, index: int) -> None:
    """Lets the figure be of the named part."""
    term = sketch.parts[index].term
    sketch.subject = with_article(term)
    sketch.subject_known = sketch.parts[index].known


def add_system(sketch: Sketch, words: Words, chance: float = 0.6) -> None:
    """A numeral for the whole figure at its upper corner, or only an unprinted subject."""
    rng, canvas = sketch.rng, sketch.canvas
    if rng.random() < chance:
        term = rng.choice(WHOLES)
        index = sketch.part(term, "", sketch.numbering.next(), "container")
        x0, y0, x1, _ = canvas.bounds()
        if rng.random() < 0.5:
            draw_system_numeral(sketch, index, (x0 - 8, y0 - 42), (0.6, 0.8))
        else:
            draw_system_numeral(sketch, index, (x1 + 8, y0 - 42), (-0.6, 0.8))


def _subject_of_parts(sketch: Sketch, words: Words) -> None:
    """A subject composed of two printed parts ("a system including a sensor and a controller")."""
    rng = sketch.rng
    named = [part.term for part in sketch.parts if part.printed]
    if rng.random() < 0.7 and len(named) > 1:
        noun = rng.choice(("system", "apparatus", "device", "arrangement"))
        sketch.subject = f"{with_article(noun)} including {with_article(named[0])} and {with_article(named[1])}"
        sketch.subject_known = True
    else:
        sketch.subject = with_article(words.system().term)
        sketch.subject_known = False


# ---- layouts ---------------------------------------------------------------------------------------------------


def _gaps(sketch: Sketch) -> tuple[float, float]:
    outside = inside_mode(sketch) == "none"
    gap = sketch.rng.uniform(34, 58)
    return gap + (18 if outside else 0), gap + (6 if outside else -4)


def place_grid(
    nodes: list[Node | None], columns: int, gap_x: float, gap_y: float, origin: tuple[float, float] = (0.0, 0.0)
) -> None:
    """Places nodes row by row in `columns` columns as wide and rows as high as their largest node."""
    rows = [nodes[i : i + columns] for i in range(0, len(nodes), columns)]
    widths = [max((row[c].width for row in rows if c < len(row) and row[c]), default=40.0) for c in range(columns)]
    y = origin[1]
    for row in rows:
        height = max((node.height for node in row if node), default=30.0)
        x = origin[0]
        for node, width in zip(row, widths):
            if node:
                node.place(x + width / 2, y + height / 2)
            x += width + gap_x
        y += height + gap_y


def _link_grid(sketch: Sketch, words: Words, nodes: list[Node | None], columns: int, chance: float) -> None:
    labels = sketch.rng.random() < 0.15
    for i, node in enumerate(nodes):
        if node is None:
            continue
        right = nodes[i + 1] if (i + 1) % columns and i + 1 < len(nodes) else None
        below = nodes[i + columns] if i + columns < len(nodes) else None
        for other in (right, below):
            if other and sketch.rng.random() < chance:
                pair = (node, other) if sketch.rng.random() < 0.75 else (other, node)
                label = words.signal() if labels and sketch.rng.random() < 0.5 and other is below else None
                connect(sketch, *pair, label=label)


def _grid(sketch: Sketch, words: Words) -> None:
    rng = sketch.rng
    columns = rng.choice((2, 2, 3, 3, 4))
    rows = rng.choice((1, 2, 2, 3) if columns < 4 else (1, 2))
    container = new_container(sketch, words, 300) if rng.random() < 0.45 else None
    parent = container.index if container else None
    width = rng.uniform(85, 130)
    nodes: list[Node | None] = [new_node(sketch, words, width, parent) for _ in range(columns * rows)]
    if len(nodes) > 5 and container is None:
        _leave_a_hole(sketch, nodes)
    even_out([node for node in nodes if node], height=rng.random() < 0.7)
    place_grid(nodes, columns, *_gaps(sketch))
    placed = [node for node in nodes if node]
    draw_nodes(sketch, placed)
    _link_grid(sketch, words, nodes, columns, rng.choice((0.6, 0.8, 1.0)))
    if container:
        extra = 24.0 if inside_mode(sketch) == "none" else 18.0
        draw_container(sketch, container, union([node.box for node in placed]), padding=extra)
        subject_from(sketch, container.index)
    else:
        _subject_of_parts(sketch, words)
        add_system(sketch, words)


def _leave_a_hole(sketch: Sketch, nodes: list[Node | None]) -> None:
    """Takes the last part back and leaves some place of the grid empty instead."""
    sketch.parts.pop(nodes.pop().index)
    nodes.insert(sketch.rng.randint(0, len(nodes)), None)


def _nested(sketch: Sketch, words: Words) -> None:
    rng = sketch.rng
    count = rng.choice((1, 2, 2, 3))
    outside = inside_mode(sketch) == "none"
    gap = 38.0 if outside else rng.uniform(14, 24)
    frames: list[Node] = []
    x = 0.0
    for _ in range(count):
        container = new_container(sketch, words, rng.uniform(120, 190))
        children = new_nodes(
            sketch, words, rng.randint(2, 4 if count < 3 else 3), rng.uniform(85, 130), container.index
        )
        even_out(children)
        place_grid(children, 2 if count == 1 and len(children) > 2 else 1, 34.0 + 16 * outside, gap, (x + 30, 0))
        draw_nodes(sketch, children)
        if rng.random() < 0.35:
            _link_column(sketch, children if count > 1 else children[:1])
        box = draw_container(sketch, container, union([child.box for child in children]), padding=20.0 + 14 * outside)
        shift = x - box[0]
        frames.append(Node(container.index, [], "box", box[2] - box[0], box[3] - box[1], box))
        x = box[2] + abs(shift) * 0 + rng.uniform(75, 100)
    for a, b in zip(frames, frames[1:]):
        connect(sketch, a, b, wide=rng.random() < 0.2)
    if count == 1:
        subject_from(sketch, frames[0].index)
    else:
        _subject_of_containers(sketch, frames)
        add_system(sketch, words)


def _subject_of_containers(sketch: Sketch, frames: list[Node]) -> None:
    terms = [with_article(sketch.parts[frame.index].term) for frame in frames[:2]]
    noun = sketch.rng.choice(("system", "environment", "arrangement"))
    sketch.subject = f"{with_article(noun)} including {terms[0]} and {terms[1]}"
    sketch.subject_known = True


def _link_column(sketch: Sketch, children: list[Node]) -> None:
    for a, b in zip(children, children[1:]):
        connect(sketch, a, b)


def _bus(sketch: Sketch, words: Words) -> None:
    rng, canvas = sketch.rng, sketch.canvas
    container = new_container(sketch, words, 300) if rng.random() < 0.5 else None
    parent = container.index if container else None
    upper = new_nodes(sketch, words, rng.randint(2, 4), rng.uniform(75, 110), parent)
    lower = new_nodes(sketch, words, rng.randint(1, len(upper)), rng.uniform(75, 110), parent)
    even_out(upper + lower)
    gap = _gaps(sketch)[0]
    place_grid(upper, len(upper), gap, 0.0)
    bottom = upper[0].box[3]
    place_grid(lower, len(lower), gap, 0.0, (0.0, bottom + 130))
    y = bottom + 60
    bus = sketch.part("bus", "BUS" if rng.random() < 0.8 else None, sketch.numbering.next(), "component", parent)
    x0, x1 = upper[0].box[0] - 10, max(upper[-1].box[2], lower[-1].box[2]) + 10
    draw_nodes(sketch, upper)
    draw_nodes(sketch, lower, side="bottom")
    _draw_bus(sketch, bus, (x0, y - 7, x1, y + 7))
    for node in upper + lower:
        x = (node.box[0] + node.box[2]) / 2
        ends = [(x, node.box[3]), (x, y - 7)] if node in upper else [(x, node.box[1]), (x, y + 7)]
        canvas.arrow(ends, both=True)
        sketch.link(node.index, bus, None, False)
    if container:
        draw_container(sketch, container, union([canvas.bounds()]), padding=12.0)
        subject_from(sketch, container.index)
    else:
        _subject_of_parts(sketch, words)
        add_system(sketch, words)


def _draw_bus(sketch: Sketch, bus: int, box: Bounds) -> None:
    canvas = sketch.canvas
    x0, y0, x1, y1 = box
    cy = (y0 + y1) / 2
    canvas.line(
        [
            (x0, y0),
            (x1, y0),
            (x1 + 6, y0 - 5),
            (x1 + 17, cy),
            (x1 + 6, y1 + 5),
            (x1, y1),
            (x0, y1),
            (x0 - 6, y1 + 5),
            (x0 - 17, cy),
            (x0 - 6, y0 - 5),
        ],
        closed=True,
    )
    canvas.elements.append(("node", (x0 - 17, y0 - 5, x1 + 17, y1 + 5)))
    if sketch.parts[bus].printed:
        canvas.text(
            (x0 + x1) / 2,
            cy + sketch.style.size * 0.27,
            "BUS",
            Mark("name", bus),
            sketch.style.size * 0.75,
            "center",
            element="node_label",
        )
    draw_lead(sketch, bus, (x1 + 14, cy - 3), (x1 + 30, cy - 14))


def _stack(sketch: Sketch, words: Words) -> None:
    rng = sketch.rng
    container = new_container(sketch, words, 320)
    children = new_nodes(sketch, words, rng.randint(3, 7), rng.uniform(130, 260), container.index)
    for child in children:
        child.shape = "box"
    even_out(children)
    outside = inside_mode(sketch) == "none"
    place_grid(children, 1, 0.0, rng.uniform(16, 30) + 16 * outside)
    draw_nodes(sketch, children, side="right")
    pad = 22.0 + (50 if outside else 0)
    draw_container(sketch, container, union([child.box for child in children]), padding=pad)
    subject_from(sketch, container.index)


def _chain(sketch: Sketch, words: Words) -> None:
    rng, canvas = sketch.rng, sketch.canvas
    nodes = new_nodes(sketch, words, rng.randint(3, 5), rng.uniform(75, 105))
    even_out(nodes)
    gap, _ = _gaps(sketch)
    place_grid(nodes, len(nodes), gap, 0.0)
    draw_nodes(sketch, nodes)
    for a, b in zip(nodes, nodes[1:]):
        connect(sketch, a, b, directed=True)
    bottom = nodes[0].box[3]
    if rng.random() < 0.65:
        back = new_node(sketch, words, 110)
        back.place((nodes[0].box[0] + nodes[-1].box[2]) / 2, bottom + 55 + back.height / 2)
        draw_nodes(sketch, [back], side="bottom")
        cy = (back.box[1] + back.box[3]) / 2
        first, last = ((node.box[0] + node.box[2]) / 2 for node in (nodes[0], nodes[-1]))
        canvas.arrow([(last, bottom), (last, cy), (back.box[2], cy)])
        canvas.arrow([(back.box[0], cy), (first, cy), (first, bottom)])
        sketch.link(nodes[-1].index, back.index)
        sketch.link(back.index, nodes[0].index)
    y = (nodes[0].box[1] + nodes[0].box[3]) / 2
    if rng.random() < 0.6:
        canvas.arrow([(nodes[0].box[0] - 38, y), (nodes[0].box[0], y)])
        canvas.arrow([(nodes[-1].box[2], y), (nodes[-1].box[2] + 38, y)])
    _subject_of_parts(sketch, words)
    add_system(sketch, words)


def _hub(sketch: Sketch, words: Words) -> None:
    rng, canvas = sketch.rng, sketch.canvas
    hub = new_node(sketch, words, 120, shape="box")
    left = new_nodes(sketch, words, rng.randint(1, 3), rng.uniform(80, 110))
    right = new_nodes(sketch, words, rng.randint(1, 3), rng.uniform(80, 110))
    even_out(left + right)
    gap_x, gap_y = _gaps(sketch)
    gap_x += 20
    rows = max(len(left), len(right))
    pitch = left[0].height + gap_y
    hub.height = max(hub.height, pitch * (rows - 1) + left[0].height)
    hub.place(0, 0)
    for column, sign in ((left, -1), (right, 1)):
        for i, node in enumerate(column):
            x = sign * (hub.width / 2 + gap_x + node.width / 2)
            node.place(x, (i - (len(column) - 1) / 2) * pitch)
    draw_nodes(sketch, [*left, *right, hub])
    for node in left:
        connect(sketch, node, hub)
    for node in right:
        connect(sketch, hub, node)
    if rng.random() < 0.3:
        frame = canvas.bounds()
        container = new_container(sketch, words, 300)
        draw_container(sketch, container, frame, padding=14.0)
        for node in (*left, *right, hub):
            sketch.change(node.index, parent=container.index)
        subject_from(sketch, container.index)
    else:
        sketch.subject, sketch.subject_known = _hub_subject(sketch, hub), True
        add_system(sketch, words)


def _hub_subject(sketch: Sketch, hub: Node) -> str:
    return f"a system including {with_article(sketch.parts[hub.index].term)}"
