"""Whole patent sheets as found: a drawing on Letter paper, often sideways, with a page header and scan noise."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from PIL import Image, ImageDraw

from dataset_builder.figure import Figure
from dataset_builder.synthetic import draw_clear, start_rng
from dataset_builder.synthetic.canvas import Bounds
from dataset_builder.synthetic.compose import make_figure
from dataset_builder.synthetic.degrade import scan, skew, skew_box
from dataset_builder.synthetic.lettering import font
from dataset_builder.synthetic.sketch import Sketch

_SHORT, _LONG = 850.0, 1100.0
_MARGIN = 90.0
_MONTHS = ("Jan.", "Feb.", "Mar.", "Apr.", "May", "Jun.", "Jul.", "Aug.", "Sep.", "Oct.", "Nov.", "Dec.")


@dataclass(frozen=True)
class Sheet:
    """A sheet as found. `image.rotate(rotation, expand=True)` is upright; `figure` is the truth of the upright image.

    `header` holds the words of the page header, which belong to the sheet and not to the figure.
    """

    image: Image.Image
    rotation: int
    figure: Figure
    header: tuple[str, ...]


def render_sheet(seed: int, split: str, family: str | None = None, dpi: int | None = None) -> Sheet:
    """One sheet as found, at 100 to 300 dpi. Raises ValueError for an unknown split or family."""
    rng = start_rng(seed, split, family)
    dpi = dpi or rng.choice((100, 150, 200, 200, 300))
    drawn = draw_clear(rng, split, family, dpi / 100, None, page_window)
    figure = make_figure(drawn, f"sheet-{split}-{family or 'any'}-{seed:08d}", False, rng)
    x0, y0, x1, y1 = drawn.window
    rotation = 0 if y1 - y0 > x1 - x0 else rng.choice((90, 270, 270))
    if rotation == 0 and rng.random() < 0.03:
        rotation = 180
    page = drawn.image.rotate(-rotation, expand=True)
    header = _write_header(page, rng) if rng.random() < 0.6 and rotation != 180 else ()
    degrees = rng.gauss(0, 0.25)
    page = scan(skew(page, degrees), rng)
    upright = page.rotate(rotation, expand=True)
    return Sheet(page, rotation, _skewed(replace(figure, image=upright), degrees), header)


def page_window(sketch: Sketch) -> Bounds:
    """A page of Letter proportions around the drawing: portrait, or landscape where the drawing is wide."""
    x0, y0, x1, y1 = sketch.canvas.bounds()
    width, height = x1 - x0, y1 - y0
    across, down = (_LONG, _SHORT) if width > 1.15 * height else (_SHORT, _LONG)
    factor = max(sketch.rng.uniform(0.75, 1.0), width / (across - 2 * _MARGIN), height / (down - 2 * _MARGIN))
    across, down = across * factor, down * factor
    slack = (across - width) / 2 - _MARGIN * factor, (down - height) / 2 - _MARGIN * factor
    cx = (x0 + x1) / 2 + sketch.rng.uniform(-0.6, 0.6) * max(0.0, slack[0])
    cy = (y0 + y1) / 2 + sketch.rng.uniform(-0.6, 0.9) * max(0.0, slack[1])
    return cx - across / 2, cy - down / 2, cx + across / 2, cy + down / 2


def _write_header(page: Image.Image, rng: random.Random) -> tuple[str, ...]:
    """The header of a printed patent along the short upper edge; returns its words."""
    unit = page.width / _SHORT
    total = rng.randint(1, 24)
    number = f"{rng.randint(4, 11)},{rng.randint(0, 999):03d},{rng.randint(0, 999):03d}"
    old = rng.random() < 0.4
    fields = (
        (0.09, "U.S. Patent", 17),
        (0.33, f"{rng.choice(_MONTHS)} {rng.randint(1, 28)}, {rng.randint(1985, 2024)}", 13),
        (0.54, f"Sheet {rng.randint(1, total)} of {total}", 13),
        (0.73, number if old else f"US {number} B{rng.choice((1, 2))}", 15),
    )
    draw = ImageDraw.Draw(page)
    for share, text, size in fields:
        draw.text((page.width * share, 62 * unit), text, 0, font("STIXGeneralBol.ttf", round(size * unit)), anchor="ls")
    return tuple(word for _, text, _ in fields for word in text.split())


def _skewed(figure: Figure, degrees: float) -> Figure:
    size = figure.image.size

    def moved(rows: list[dict]) -> list[dict]:
        return [{**row, "box": skew_box(row["box"], degrees, size)} for row in rows]

    boxes = [box if not any(box) else skew_box(box, degrees, size) for box in figure.boxes]
    return replace(figure, boxes=boxes, numerals=moved(figure.numerals), elements=moved(figure.elements))
