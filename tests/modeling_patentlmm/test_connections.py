"""The connections of a block diagram are read from its lines, or not at all."""

import pytest
from PIL import Image, ImageDraw

from dataset_builder.synthetic import generate
from modeling_patentlmm.connections_patentlmm import Connection, find_connections
from modeling_patentlmm.names_patentlmm import find_printed_names

SIZE = (1000, 1000)


class Drawing:
    """A block diagram drawn by hand: boxes with a name and a numeral in them, lines between."""

    def __init__(self):
        self.image = Image.new("L", SIZE, "white")
        self.draw = ImageDraw.Draw(self.image)
        self.words, self.boxes = [], []

    def print(self, text: str, x: int, y: int) -> None:
        self.draw.text((x, y), text, 0, font_size=24)
        self.words.append(text)
        self.boxes.append(tuple(round(side) for side in self.draw.textbbox((x, y), text, font_size=24)))

    def box(self, name: str, numeral: str, x: int, y: int) -> None:
        self.draw.rectangle((x, y, x + 160, y + 100), outline=0, width=4)
        self.print(name, x + 30, y + 20)
        self.print(numeral, x + 30, y + 56)

    def line(self, *points: tuple[int, int]) -> None:
        self.draw.line(points, 0, width=4)

    def connections(self, turned: int = 0) -> list[Connection]:
        named = find_printed_names(self.words, self.boxes, SIZE)
        return find_connections(self.image.rotate(turned, expand=True), self.words, self.boxes, named)


def pairs(found: list[Connection]) -> set[frozenset[str]]:
    return {frozenset((one.source, one.target)) for one in found}


@pytest.fixture
def drawing() -> Drawing:
    drawing = Drawing()
    for name, numeral, x, y in (("BUS", "10", 100, 100), ("CPU", "12", 600, 100), ("FAN", "14", 100, 600)):
        drawing.box(name, numeral, x, y)
    return drawing


def test_a_line_joins_what_it_touches(drawing):
    drawing.line((260, 150), (600, 150))
    drawing.line((180, 200), (180, 600))
    assert pairs(drawing.connections()) == {frozenset(("10", "12")), frozenset(("10", "14"))}


def test_an_arrow_has_a_direction(drawing):
    drawing.line((260, 150), (596, 150))
    drawing.draw.polygon([(596, 150), (570, 136), (570, 164)], 0)
    assert drawing.connections() == [Connection("10", "12", True)]


def test_a_line_that_ends_before_a_part_joins_nothing(drawing):
    drawing.line((260, 150), (540, 150))
    assert drawing.connections() == []


def test_lines_that_cross_do_not_join(drawing):
    drawing.box("LED", "16", 600, 600)
    drawing.line((260, 150), (400, 150), (400, 660), (600, 660))  # 10 to 16
    drawing.line((680, 200), (680, 400), (180, 400), (180, 600))  # 12 to 14
    assert pairs(drawing.connections()) == {frozenset(("10", "16")), frozenset(("12", "14"))}


def test_a_line_with_branches_joins_all_that_it_ends_at(drawing):
    drawing.line((180, 200), (180, 600))
    drawing.line((180, 400), (680, 400), (680, 200))
    assert pairs(drawing.connections()) == {frozenset(pair) for pair in (("10", "12"), ("10", "14"), ("12", "14"))}


def test_a_part_that_another_lies_over_is_not_read(drawing):
    drawing.line((180, 200), (180, 600))
    drawing.draw.rectangle((150, 640, 240, 760), outline=0, fill=255, width=4)
    assert drawing.connections() == []


def test_a_frame_is_not_connected_to_what_it_holds(drawing):
    drawing.draw.rectangle((60, 60, 840, 240), outline=0, width=4)
    drawing.print("SYSTEM", 640, 64)
    drawing.line((260, 150), (600, 150))
    assert pairs(drawing.connections()) == {frozenset(("10", "12"))}


def test_nothing_is_read_in_a_blank_or_tiny_image(drawing):
    assert find_connections(Image.new("L", (300, 300), "white"), [], [], []) == []
    named = find_printed_names(drawing.words, drawing.boxes, SIZE)
    assert find_connections(Image.new("L", (8, 8), "white"), drawing.words, drawing.boxes, named) == []
    assert find_connections(Image.new("L", SIZE, "black"), drawing.words, drawing.boxes, named) == []


def test_of_drawn_block_diagrams_most_are_found_and_none_is_wrong():
    right = found = there = 0
    for seed in range(10_500_000, 10_500_024):
        figure = generate(seed, "test", family="block_diagram")
        named = find_printed_names(figure.words, figure.boxes, figure.image.size)
        read = pairs(find_connections(figure.image, figure.words, figure.boxes, named))
        drawn = {frozenset((edge["source"], edge["target"])) for edge in figure.edges}
        right, found, there = right + len(read & drawn), found + len(read), there + len(drawn)
    assert right == found and right > 0.6 * there
