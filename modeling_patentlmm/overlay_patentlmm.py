"""What was read from a figure and what its description mentions, drawn on the figure."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .describe_patentlmm import Description, upright
from .image_processing_patentlmm import as_figure
from .numerals_patentlmm import find_references
from .ocr_patentlmm import Box, Word

WORD_COLOUR = (150, 150, 150)
LABEL_COLOUR = (20, 80, 220)
MENTIONED_COLOUR = (0, 140, 60)
UNMENTIONED_COLOUR = (235, 120, 0)
OVERLAY_SIDE = (1400, 2400)  # the longer side of an overlay in pixels, least and most


def draw_overlay(image: Image.Image, description: Description) -> Image.Image:
    """The upright figure, paled, with everything that was read outlined in it, over a legend.

    Words are outlined thin in grey, the figure label in blue, reference characters in green where a description
    mentions them and in orange where none does, each with the reading beside it.
    """
    page = upright(as_figure(image), description.rotation).convert("RGB")
    least, most = OVERLAY_SIDE
    scale = min(max(1.0, least / max(page.size)), most / max(page.size))
    page = page.resize((round(page.width * scale), round(page.height * scale)), Image.Resampling.LANCZOS)
    page = Image.blend(page, Image.new("RGB", page.size, "white"), 0.45)
    unit = max(page.size) / 1000
    font = ImageFont.load_default(size=max(12, round(14 * unit)))
    draw = ImageDraw.Draw(page)
    for word in description.words:
        outline_box(draw, page.size, word.box, WORD_COLOUR, 1, 0)
    label_box = find_label_box(description.words, description.label)
    if label_box:
        outline_box(draw, page.size, label_box, LABEL_COLOUR, round(2.5 * unit), 3 * unit)
    for numeral in description.numerals:
        if numeral.box:
            colour = MENTIONED_COLOUR if numeral.mentioned else UNMENTIONED_COLOUR
            x, y = outline_box(draw, page.size, numeral.box, colour, round(2.5 * unit), 3 * unit)
            reading = f"{numeral.text}?" if numeral.uncertain else numeral.text
            draw_tag(draw, (x, y), reading, colour, font)
    return _with_legend(page, description, font)


def find_label_box(words: Sequence[Word], label: str | None) -> Box | None:
    """The box around the figure label's words ("FIG." and its number), None where they do not stand together."""
    if label is None:
        return None
    text = " ".join(word.text for word in words)
    ends = np.cumsum([len(word.text) + 1 for word in words])
    for found in find_references(text):
        if found.kind == "figure" and found.text == label:
            first, last = (int(np.searchsorted(ends, place, side="right")) for place in (found.start, found.end - 1))
            if first and words[first - 1].text.lower().startswith("fig"):
                first -= 1
            corners = np.array([word.box for word in words[first : last + 1]])
            return (*corners[:, :2].min(0).tolist(), *corners[:, 2:].max(0).tolist())
    return None


def outline_box(
    draw: ImageDraw.ImageDraw, size: tuple[int, int], box: Box, colour: tuple, width: int, margin: float
) -> tuple[float, float]:
    """Draw a box of 0..1000 on a page of `size`; returns its top right corner in pixels."""
    x0, x1 = (value * size[0] / 1000 for value in (box[0], box[2]))
    y0, y1 = (value * size[1] / 1000 for value in (box[1], box[3]))
    draw.rectangle((x0 - margin, y0 - margin, x1 + margin, y1 + margin), outline=colour, width=max(1, width))
    return x1 + margin, y0 - margin


def draw_tag(draw: ImageDraw.ImageDraw, corner: tuple[float, float], text: str, colour: tuple, font) -> None:
    """White on colour, standing on the box's top right corner, kept on the page."""
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    width, height = right - left + 6, bottom - top + 4
    page = draw.im.size
    x = min(max(0, corner[0] - width), page[0] - width)
    y = max(0, corner[1] - height)
    draw.rectangle((x, y, x + width, y + height), fill=colour)
    draw.text((x + 3 - left, y + 2 - top), text, fill="white", font=font)


def _with_legend(page: Image.Image, description: Description, font) -> Image.Image:
    mentioned = sum(numeral.mentioned for numeral in description.numerals if numeral.box)
    others = sum(not numeral.mentioned for numeral in description.numerals if numeral.box)
    label = f"figure label: FIG. {description.label}" if description.label else "figure label: unreadable"
    entries = [
        (MENTIONED_COLOUR, f"reference character, mentioned in the text ({mentioned})"),
        (UNMENTIONED_COLOUR, f"reference character, not mentioned ({others})"),
        (LABEL_COLOUR, label),
        (WORD_COLOUR, f"word ({len(description.words)}); a question mark: uncertain reading"),
    ]
    line = round(1.6 * font.size)
    sheet = Image.new("RGB", (page.width, page.height + line * len(entries) + line), "white")
    sheet.paste(page, (0, 0))
    draw = ImageDraw.Draw(sheet)
    draw.line((0, page.height, page.width, page.height), fill=WORD_COLOUR, width=2)
    for row, (colour, text) in enumerate(entries):
        y = page.height + line // 2 + row * line
        draw.rectangle((line // 2, y, line // 2 + font.size, y + font.size), outline=colour, width=max(2, line // 8))
        draw.text((2 * line, y), text, fill="black", font=font)
    return sheet
