"""Fonts of drawn figures: outline fonts that come with Pillow and matplotlib, and a single-stroke drafting alphabet."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import matplotlib
from PIL import ImageFont

_FOLDER = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
_REFERENCE_SIZE = 100

# weights follow how often such lettering is seen on patent sheets; "pillow" is the sans serif inside Pillow
OUTLINE_FONTS = {
    "pillow": 30,
    "STIXGeneral.ttf": 18,
    "STIXGeneralBol.ttf": 12,
    "DejaVuSans.ttf": 8,
    "DejaVuSans-Bold.ttf": 4,
    "DejaVuSerif.ttf": 4,
    "DejaVuSansMono.ttf": 3,
    "cmr10.ttf": 4,
    "cmss10.ttf": 9,
    "cmtt10.ttf": 3,
    "DejaVuSans-Oblique.ttf": 2,
    "STIXGeneralItalic.ttf": 2,
}

# polylines on a grid 4 wide and 6 high, y upwards from the baseline: "xy xy xy;xy xy"
_GLYPHS = {
    "A": "00 26 40;12 32", "B": "00 06 26 35 34 23 03;23 33 42 41 30 00", "C": "45 36 16 05 01 10 30 41",
    "D": "00 06 26 44 42 20 00", "E": "40 00 06 46;03 33", "F": "00 06 46;03 33",
    "G": "45 36 16 05 01 10 30 41 43 23", "H": "00 06;40 46;03 43", "I": "20 26", "J": "01 10 20 31 36",
    "K": "00 06;46 02;13 40", "L": "06 00 40", "M": "00 06 22 46 40", "N": "00 06 40 46",
    "O": "10 01 05 16 36 45 41 30 10", "P": "00 06 36 45 44 33 03", "Q": "10 01 05 16 36 45 41 30 10;22 40",
    "R": "00 06 36 45 44 33 03;23 40", "S": "01 10 30 41 42 33 13 04 05 16 36 45", "T": "20 26;06 46",
    "U": "06 01 10 30 41 46", "V": "06 20 46", "W": "06 10 24 30 46", "X": "00 46;06 40", "Y": "06 23 46;23 20",
    "Z": "06 46 00 40", "0": "10 01 05 16 26 35 31 20 10", "1": "05 16 10", "2": "05 16 26 35 34 00 30",
    "3": "05 16 26 35 34 23 13;23 32 31 20 10 01", "4": "30 36 02 42", "5": "36 06 03 23 32 31 20 10 01",
    "6": "25 16 06 05 01 10 20 31 32 23 03", "7": "06 36 10", "8": "13 04 05 16 26 35 34 23 13 02 01 10 20 31 32 23",
    "9": "01 10 20 31 35 26 16 05 04 13 33", "a": "34 30;33 24 14 03 01 10 20 31",
    "b": "06 00;03 14 24 33 31 20 10 01", "c": "33 24 14 03 01 10 20 31", "d": "36 30;33 24 14 03 01 10 20 31",
    "e": "02 32 33 24 14 03 01 10 20 31", "f": "10 15 26 36;04 24", "g": "34 3b 2c 1c 0b;33 24 14 03 01 10 20 31",
    "h": "06 00;03 14 24 33 30", "i": "10 14;15 16", "j": "14 1b 0c;15 16", "k": "06 00;34 02;12 30", "l": "10 16",
    "m": "04 00;03 14 23 20;23 34 43 40", "n": "04 00;03 14 24 33 30", "o": "10 01 03 14 24 33 31 20 10",
    "p": "04 0c;03 14 24 33 31 20 10 01", "q": "34 3c;33 24 14 03 01 10 20 31", "r": "04 00;03 14 24",
    "s": "01 10 20 31 22 12 03 14 24 33", "t": "15 11 20 30;04 24", "u": "04 01 10 20 31;34 30", "v": "04 20 44",
    "w": "04 10 23 30 44", "x": "00 34;04 30", "y": "04 20;44 0c", "z": "04 34 00 30", ".": "00 10 11 01 00",
    ",": "11 0b", "-": "03 33", "/": "00 46", "'": "16 14", "(": "26 14 12 20", ")": "06 14 12 00",
    ":": "00 01;04 03", "?": "05 16 26 35 34 22 21;20 20", "+": "13 33;22 24", "=": "04 34;02 32",
    "&": "40 04 05 16 25 01 10 20 42", "%": "00 46;05 06 16 15 05;31 30 40 41 31", "#": "10 16;30 36;02 42;04 44",
    "_": "00 40", '"': "16 14;26 24", "<": "35 03 31", ">": "05 33 01", "!": "16 12;10 10", ";": "11 0b;04 03",
    "$": "01 10 30 41 42 33 13 04 05 16 36 45;20 26",
}  # fmt: skip
_BELOW = {"a": -1.0, "b": -1.0, "c": -2.0}
_UNKNOWN = "00 06 46 40 00"
_CAP_HEIGHT = 0.70
_UNIT = _CAP_HEIGHT / 6


@dataclass(frozen=True)
class Lettering:
    """One hand of lettering: an outline font by file name, or "stroke" for the drafting alphabet.

    `slant` leans the strokes, `weight` thickens outlines by a share of the size.
    """

    name: str
    slant: float = 0.0
    weight: float = 0.0

    @property
    def is_stroke(self) -> bool:
        return self.name == "stroke"

    def width(self, text: str, size: float) -> float:
        """Advance width of `text` at `size` units."""
        return _advance(self.name, text) * size

    def ink(self, text: str, size: float) -> tuple[float, float, float, float]:
        """Ink box of `text` relative to its baseline start, y downwards."""
        x0, y0, x1, y1 = _ink(self.name, text)
        lean = self.slant * _CAP_HEIGHT * size if self.is_stroke else 0.0
        return x0 * size, y0 * size, x1 * size + lean, y1 * size

    def strokes(self, text: str, size: float) -> list[list[tuple[float, float]]]:
        """Polylines of a text in the drafting alphabet, relative to its baseline start, y downwards."""
        lines, x = [], 0.0
        for character in text:
            for line in _polylines(character):
                lines.append(
                    [((x + px * _UNIT + self.slant * py * _UNIT) * size, -py * _UNIT * size) for px, py in line]
                )
            x += _character_advance(character)
        return lines


def choose_lettering(rng: random.Random) -> Lettering:
    """A hand of lettering, about one sheet in eight in drafting strokes."""
    if rng.random() < 0.13:
        return Lettering("stroke", slant=rng.choice((0.0, 0.0, 0.2, 0.3)))
    name = rng.choices(list(OUTLINE_FONTS), weights=list(OUTLINE_FONTS.values()))[0]
    return Lettering(name, weight=rng.choice((0.0, 0.0, 0.012)))


@lru_cache(maxsize=512)
def font(name: str, pixels: float) -> ImageFont.FreeTypeFont:
    """The outline font `name` at a size in pixels."""
    if name == "pillow":
        return ImageFont.load_default(pixels)
    return ImageFont.truetype(str(_FOLDER / name), pixels)


@lru_cache(maxsize=100_000)
def _advance(name: str, text: str) -> float:
    if name == "stroke":
        return sum(_character_advance(character) for character in text)
    if " " in text:
        return sum(_advance(name, word) for word in text.split(" ")) + 0.34 * text.count(" ")
    return font(name, _REFERENCE_SIZE).getlength(text) / _REFERENCE_SIZE


@lru_cache(maxsize=100_000)
def _ink(name: str, text: str) -> tuple[float, float, float, float]:
    if name == "stroke":
        points = [p for line in Lettering("stroke").strokes(text, 1.0) for p in line] or [(0.0, 0.0)]
        xs, ys = zip(*points)
        return min(xs), min(ys), max(xs), max(ys)
    box = font(name, _REFERENCE_SIZE).getbbox(text, anchor="ls")
    return tuple(value / _REFERENCE_SIZE for value in box)


@lru_cache(maxsize=256)
def _polylines(character: str) -> list[list[tuple[float, float]]]:
    text = _GLYPHS.get(character, "" if character == " " else _UNKNOWN)
    shape = [
        [(float(pair[0]), _BELOW.get(pair[1]) or float(pair[1])) for pair in line.split()] for line in text.split(";")
    ]
    if character.isdigit():
        shape = [[(x * 1.15, y) for x, y in line] for line in shape]
    return [line for line in shape if line]


@lru_cache(maxsize=256)
def _character_advance(character: str) -> float:
    if character == " ":
        return 4 * _UNIT
    reach = max((x for line in _polylines(character) for x, _ in line), default=2.0)
    return (reach + 1.6) * _UNIT
