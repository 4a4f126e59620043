"""The examples: real sheets of published US patents, with their source."""

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from space.figure_view import data_uri

FOLDER = Path(__file__).resolve().parent.parent / "examples"
THUMBNAIL_SIDE = 200


@dataclass(frozen=True)
class Example:
    """A sheet of a patent: its file, what it shows, and the document it is of (`examples/README.md`)."""

    path: Path
    title: str
    source: str


EXAMPLES = (
    Example(FOLDER / "block_diagram.png", "Block diagram", "US 2026/0004347 A1, FIG. 2"),
    Example(FOLDER / "flowchart.png", "Flowchart", "US 6,285,999 B1, FIG. 3"),
    Example(FOLDER / "mechanical.png", "Sectional view", "US 2025/0250937 A1, FIG. 4"),
    Example(FOLDER / "old_scan.png", "Old scan", "US 4,718,024, FIG. 10"),
    Example(FOLDER / "rotated_sheet.png", "Sheet on its side", "US 5,636,335, FIG. 1"),
)


def example_choices() -> list[tuple[str, str, str]]:
    """The examples as pictures to choose from."""
    choices = []
    for example in EXAMPLES:
        with Image.open(example.path) as image:
            choices.append((data_uri(image, THUMBNAIL_SIDE), example.title, example.source))
    return choices
