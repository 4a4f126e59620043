"""A drawing sheet in pixels: its ink, its lettering, which way up it stands, and its printed header."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

try:
    import cv2
except ImportError:
    cv2 = None


PixelBox = tuple[float, float, float, float]


@dataclass(frozen=True)
class Piece:
    """A word on a sheet: x0, y0, x1, y1 in pixels, and how far it was turned (counter-clockwise) to be read."""

    text: str
    confidence: float
    box: PixelBox
    turn: int = 0

    def turned(self, width: int, height: int, rotation: int) -> "Piece":
        """The same word on the page (width, height) after turning that counter-clockwise."""
        return replace(self, box=turned_box(self.box, width, height, rotation), turn=(self.turn - rotation) % 360)


class Sheet:
    """A grey page (H, W) with its ink taken apart into connected components."""

    def __init__(self, gray: np.ndarray):
        self.gray = gray

    @property
    def labels(self) -> np.ndarray:
        """Which component each pixel is of (H, W); 0 is paper."""
        return self._components[0]

    @property
    def stats(self) -> np.ndarray:
        """Left, top, width, height and area of each component (N, 5), the paper first."""
        return self._components[1]

    @cached_property
    def _components(self) -> tuple[np.ndarray, np.ndarray]:
        level, _ = cv2.threshold(self.gray, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
        ink = (self.gray <= np.clip(level, 64, 200)).astype(np.uint8)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
        return labels, stats

    def without(self, pieces: Sequence[Piece]) -> "Sheet":
        """The sheet with the boxes of `pieces` blank."""
        gray = self.gray.copy()
        for piece in pieces:
            x0, y0, x1, y1 = self.clip(piece.box)
            gray[y0:y1, x0:x1] = 255
        return Sheet(gray) if pieces else self

    def shrunk(self, side: int) -> "Sheet":
        """The sheet with its longer side at most `side` pixels."""
        ratio = side / max(self.gray.shape)
        if ratio >= 1:
            return self
        return Sheet(cv2.resize(self.gray, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA))

    def smoothed(self) -> "Sheet":
        """The sheet with dots run together into strokes."""
        return Sheet(cv2.GaussianBlur(self.gray, (0, 0), 2.0))

    def clip(self, box: Sequence[float]) -> tuple[int, int, int, int]:
        """The whole pixels of `box` that lie on the page; at least one."""
        height, width = self.gray.shape
        x0, y0 = min(max(int(box[0]), 0), width - 1), min(max(int(box[1]), 0), height - 1)
        return x0, y0, min(max(int(np.ceil(box[2])), x0 + 1), width), min(max(int(np.ceil(box[3])), y0 + 1), height)

    def cut(self, box: Sequence[float]) -> tuple[np.ndarray, PixelBox]:
        """The pixels of `box` as they are."""
        x0, y0, x1, y1 = self.clip(box)
        return self.gray[y0:y1, x0:x1], (x0, y0, x1, y1)

    def cut_slanted(self, rectangle: np.ndarray) -> np.ndarray:
        """The pixels of a rotated rectangle (centre x, y, width, height, angle), turned level."""
        x, y, width, height, angle = reading_rectangle(rectangle)
        turn = cv2.getRotationMatrix2D((x, y), angle, 1.0)
        turn[:, 2] += (width / 2 - x, height / 2 - y)
        return cv2.warpAffine(self.gray, turn, (round(width), round(height)), borderValue=255)

    def cut_lettering(self, box: Sequence[float], slack: float = 0.25) -> tuple[np.ndarray, PixelBox, bool] | None:
        """The ink of `box` that does not reach far out of it, its tight box, and whether lines were wiped off.

        Ink that reaches out are lead lines and frames. None where nothing of a letter's size is left.
        """
        x0, y0, x1, y1 = self.clip(box)
        present = np.unique(self.labels[y0:y1, x0:x1])
        present = present[present > 0]
        left, top, width, height = self.stats[present, :4].T
        margin = slack * min(x1 - x0, y1 - y0)
        inside = (left >= x0 - margin) & (left + width <= x1 + margin)
        inside &= (top >= y0 - margin) & (top + height <= y1 + margin)
        large = (height >= 0.25 * (y1 - y0)) | (width >= 0.25 * (x1 - x0))
        body = inside & large
        if not body.any():
            return None
        tight = (left[body].min(), top[body].min(), (left + width)[body].max(), (top + height)[body].max())
        return self._only(present[inside], tight), tuple(float(v) for v in tight), not inside.all()

    def _only(self, kept: np.ndarray, tight: Sequence[float]) -> np.ndarray:
        """The pixels of `tight` and a little air, with the ink of every component but `kept` wiped off."""
        air = max(2, round(0.12 * min(tight[2] - tight[0], tight[3] - tight[1])))
        x0, y0, x1, y1 = self.clip((tight[0] - air, tight[1] - air, tight[2] + air, tight[3] + air))
        labels = self.labels[y0:y1, x0:x1]
        ours = np.isin(labels, kept)
        foreign = cv2.dilate(((labels > 0) & ~ours).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
        return np.where(foreign & ~ours, 255, self.gray[y0:y1, x0:x1]).astype(np.uint8)


def reading_rectangle(rectangle: np.ndarray) -> tuple[float, float, float, float, float]:
    """Centre, length, height and angle (degrees clockwise in -90..90) of a rectangle, its longer side first."""
    x, y, width, height, angle = (float(v) for v in rectangle[:5])
    if height > width:
        width, height, angle = height, width, angle + 90
    return x, y, width, height, (angle + 90) % 180 - 90


FIGURE_HEAD = re.compile(r"(F[I1l]G(URE)?S?|.{0,3}i[gq9])[.,]*", re.I)  # drafting script reads as "kiq."
HEADER = (
    re.compile(r"\bU\.? ?S\.? ?Patent|Patent Application|Application Publication|United States", re.I),
    re.compile(r"\bSheets? ?-? ?(Sheet)? ?\d+|\bSheet \w+ of|\d+ ?of ?\d+$", re.I),
    re.compile(r"\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*[.,]? ?\d{1,2}[,.]? ?(18|19|20)\d\d", re.I),
    re.compile(r"\b(Des\.? ?)?D?\d{1,3}[,.]\d{3}([,.]\d{3})?\b|\b20\d\d ?/ ?\d{7}|\bUS ?D?[\d,]{7,}", re.I),
)
HEADER_DEPTH = 0.13  # of the height of the sheet, read the way the header is printed


def split_header(pieces: Sequence[Piece], width: int, height: int) -> tuple[list[Piece], list[Piece]]:
    """Part the words of a sheet from its printed header (office, date, sheet, number), which may stand on any side."""
    header: set[int] = set()
    for turn in (0, 90, 180, 270):
        depth = height if turn in (0, 180) else width
        spans = np.array([turned_box(piece.box, width, height, turn) for piece in pieces]).reshape(-1, 4)
        near = [i for i in range(len(pieces)) if pieces[i].turn == turn and spans[i, 3] < HEADER_DEPTH * depth]
        rows = [row for row in _rows_of(spans, near) if _is_header(" ".join(pieces[i].text for i in row))]
        if rows:
            bottom = max(spans[row, 3].max() for row in rows)
            header |= {i for i in range(len(pieces)) if (spans[i, 1] + spans[i, 3]) / 2 < bottom}
    kept = [piece for i, piece in enumerate(pieces) if i not in header]
    return kept, [pieces[i] for i in sorted(header)]


def turned_box(box: PixelBox, width: int, height: int, turn: int) -> PixelBox:
    """`box` on the page turned counter-clockwise by `turn`."""
    x0, y0, x1, y1 = box
    return {
        0: (x0, y0, x1, y1),
        90: (y0, width - x1, y1, width - x0),
        180: (width - x1, height - y1, width - x0, height - y0),
        270: (height - y1, x0, height - y0, x1),
    }[turn]


def _rows_of(spans: np.ndarray, members: Sequence[int]) -> list[list[int]]:
    """`members` in rows: words whose middles lie within the height of the row's first word, left to right."""
    rows: list[list[int]] = []
    for i in sorted(members, key=lambda i: spans[i, 1] + spans[i, 3]):
        middle = (spans[i, 1] + spans[i, 3]) / 2
        if rows and middle <= spans[rows[-1][0], 3]:
            rows[-1].append(i)
        else:
            rows.append([i])
    return [sorted(row, key=lambda i: spans[i, 0]) for row in rows]


def _is_header(text: str) -> bool:
    found = [bool(pattern.search(text)) for pattern in HEADER]
    return found[0] or found[1] or sum(found) > 1 or re.fullmatch(r"D?\d{1,3}(,\d{3}){1,2}", text) is not None


def find_turn(pieces: Sequence[Piece]) -> tuple[int, bool]:
    """The degrees counter-clockwise that make most of the lettering upright, and whether there is enough to be sure."""
    votes = dict.fromkeys((0, 90, 180, 270), 0.0)
    for piece in pieces:
        letters = sum(letter.isalnum() for letter in piece.text)
        if letters > 1 and piece.confidence > 0.6:
            votes[piece.turn] += piece.confidence * letters + 10 * is_label(piece)
    best = max(votes, key=lambda turn: (votes[turn], -turn))
    others = max(votes[turn] for turn in votes if turn != best)
    enough = votes[best] > 40 or any(piece.turn == best and is_label(piece) for piece in pieces)
    return best, enough and votes[best] > 2 * others


def is_label(piece: Piece) -> bool:
    """Whether the piece is the "FIG." of a figure's label, which reads as that only the right way up."""
    return FIGURE_HEAD.match(piece.text) is not None and piece.text[:1] in "fF" and piece.confidence > 0.9


def legibility(pieces: Sequence[Piece]) -> float:
    """How much level text was read: letters of words, weighted by confidence; a figure's label counts for more."""
    level = [piece for piece in pieces if piece.turn == 0 and piece.confidence > 0.6]
    words = sum(piece.confidence * len(piece.text) for piece in level if len(piece.text) > 1)
    return words + 10 * sum(map(is_label, level))


def is_faint(pieces: Sequence[Piece]) -> bool:
    """Whether most of what was found could not be read well, as on a dithered scan whose strokes are dots."""
    return len(pieces) > 3 and sum(piece.confidence > 0.9 for piece in pieces) < 0.4 * len(pieces)
