"""A drawing sheet in pixels: its ink, its lettering, which way up it stands, and its printed header."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .lettering_patentlmm import Lettering, Line

try:
    import cv2
except ImportError:
    cv2 = None


NUMERAL = re.compile(r"[A-Za-z]{0,2}\d{1,4}[A-Za-z]?['′]{0,2}(-\d{1,2})?")
LINE_MARKS = "-~_—–=|/\\<>^*`{}[]"
PixelBox = tuple[float, float, float, float]


@dataclass(frozen=True)
class Piece:
    """A word on a sheet: x0, y0, x1, y1 in pixels, and how far it was turned (counter-clockwise) to be read."""

    text: str
    confidence: float
    box: PixelBox
    turn: int = 0


def _components(gray: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels (H, W) and statistics (N, 5: left, top, width, height, area) of the connected ink; row 0 is the paper."""
    level, _ = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    ink = (gray <= np.clip(level, 64, 200)).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    return labels, stats


class Sheet:
    """A grey page (H, W) with its ink taken apart into connected components."""

    def __init__(self, gray: np.ndarray):
        self.gray = gray
        self.labels, self.stats = _components(gray)
        specks = self.stats[1:, 4] <= 12
        if specks.sum() > 3000 and self.stats[1:][specks, 4].sum() > 0.1 * self.stats[1:, 4].sum():
            self.gray = cv2.GaussianBlur(gray, (0, 0), 2.0)  # a dithered scan: its strokes are dots
            self.labels, self.stats = _components(self.gray)

    def clip(self, box: Sequence[float]) -> tuple[int, int, int, int]:
        """The whole pixels of `box` that lie on the page; at least one."""
        height, width = self.gray.shape
        x0, y0 = min(max(int(box[0]), 0), width - 1), min(max(int(box[1]), 0), height - 1)
        return x0, y0, min(max(int(np.ceil(box[2])), x0 + 1), width), min(max(int(np.ceil(box[3])), y0 + 1), height)

    def cut(self, box: Sequence[float]) -> tuple[np.ndarray, PixelBox]:
        """The pixels of `box` as they are."""
        x0, y0, x1, y1 = self.clip(box)
        return self.gray[y0:y1, x0:x1], (x0, y0, x1, y1)

    def cut_lettering(self, box: Sequence[float], slack: float = 0.25) -> tuple[np.ndarray, PixelBox] | None:
        """The ink of `box` that does not reach far out of it, drawn in: lead lines and frames are wiped off.

        None where nothing of a letter's size is left.
        """
        x0, y0, x1, y1 = self.clip(box)
        present = np.unique(self.labels[y0:y1, x0:x1])
        present = present[present > 0]
        left, top, width, height = self.stats[present, :4].T
        margin = slack * min(x1 - x0, y1 - y0)
        inside = (left >= x0 - margin) & (left + width <= x1 + margin)
        inside &= (top >= y0 - margin) & (top + height <= y1 + margin)
        large = (height >= 0.25 * (y1 - y0)) | (width >= 0.25 * (x1 - x0))
        kept, body = present[inside], inside & large
        if not body.any():
            return None
        tight = (left[body].min(), top[body].min(), (left + width)[body].max(), (top + height)[body].max())
        return self._only(kept, tight), tuple(float(v) for v in tight)

    def _only(self, kept: np.ndarray, tight: Sequence[float]) -> np.ndarray:
        """The pixels of `tight` and a little air, with the ink of every component but `kept` wiped off."""
        air = max(2, round(0.12 * min(tight[2] - tight[0], tight[3] - tight[1])))
        x0, y0, x1, y1 = self.clip((tight[0] - air, tight[1] - air, tight[2] + air, tight[3] + air))
        labels = self.labels[y0:y1, x0:x1]
        ours = np.isin(labels, kept)
        foreign = cv2.dilate(((labels > 0) & ~ours).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
        return np.where(foreign & ~ours, 255, self.gray[y0:y1, x0:x1]).astype(np.uint8)


def read_sheet(sheet: Sheet, lettering: Lettering, side: int = 1280) -> list[Piece]:
    """The words of an upright sheet, sideways ones among them."""
    scale = min(side / max(sheet.gray.shape), 3.0)
    boxes = [_upright_box(rectangle) for rectangle in lettering.detect(sheet.gray, scale)]
    looks = [look for box in boxes for look in _looks(sheet, box)]
    lines = lettering.recognise([look.crop for look in looks])
    by_box: dict[PixelBox, list[tuple[Look, Line]]] = {}
    for look, line in zip(looks, lines, strict=True):
        by_box.setdefault(look.region, []).append((look, line))
    return [piece for found in by_box.values() for piece in _words(*_best(found))]


@dataclass(frozen=True)
class Look:
    """One way to look at a region of the sheet: its pixels, with lines wiped off or not, turned so many degrees."""

    region: PixelBox
    crop: np.ndarray
    box: PixelBox
    turn: int
    wiped: bool


def _upright_box(rectangle: np.ndarray) -> PixelBox:
    """The box around a rotated rectangle (centre, width, height, angle, score); nearly level ones stay tight."""
    x, y, width, height, angle = rectangle[:5]
    if min(angle % 90, 90 - angle % 90) < 12:
        if 45 < angle % 180 < 135:
            width, height = height, width
        return x - width / 2, y - height / 2, x + width / 2, y + height / 2
    corners = cv2.boxPoints(((x, y), (width, height), angle))
    return (*corners.min(0).tolist(), *corners.max(0).tolist())


def _looks(sheet: Sheet, box: PixelBox) -> list[Look]:
    """The crop as it is and without line art; a tall one turned both ways, and upright too if it may be one letter."""
    ratio = (box[3] - box[1]) / (box[2] - box[0])
    turns = (0,) if ratio < 1.4 else (90, 270, 0) if ratio < 2.2 else (90, 270)
    crops = [(*sheet.cut(box), False)]
    wiped = sheet.cut_lettering(box)
    if wiped is not None:
        crops.append((*wiped, True))
    return [
        Look(box, np.ascontiguousarray(np.rot90(crop, turn // 90)), place, turn, is_wiped)
        for turn in turns
        for crop, place, is_wiped in crops
    ]


def _best(found: list[tuple[Look, Line]]) -> tuple[Look, Line]:
    """The most believable of several looks at one region."""
    by_turn = []
    for turn in sorted({look.turn for look, _ in found}):
        pair = {look.wiped: (look, line) for look, line in found if look.turn == turn}
        by_turn.append(_with_or_without_lines(pair[False], pair.get(True, pair[False])))
    return max(by_turn, key=lambda pair: pair[1].confidence + (0.05 if pair[0].turn == 0 else 0.0))


def _with_or_without_lines(plain: tuple[Look, Line], wiped: tuple[Look, Line]) -> tuple[Look, Line]:
    """Line art shows as letters at the ends of the plain text; letters that touch line art are lost in the wiped one."""
    a, b = plain[1].text.replace(" ", ""), wiped[1].text.replace(" ", "")
    if not b or a == b:
        return plain
    if not a or b in a:
        return wiped
    return wiped if wiped[1].confidence > plain[1].confidence + 0.02 else plain


def _words(look: Look, line: Line) -> list[Piece]:
    """The words of a line, each with the stretch of the crop its letters stand on; marks of line art are taken off."""
    pieces = []
    half = 0.5 * float(np.median(np.diff(line.centres))) if len(line.text) > 1 else 0.5
    for first, last in _word_spans(look.crop, line):
        while last > first and line.text[first] in LINE_MARKS:
            first += 1
        while last > first and line.text[last] in LINE_MARKS:
            last -= 1
        start, stop = max(line.centres[first] - half, 0.0), min(line.centres[last] + half, 1.0)
        confidence = float(line.confidences[first : last + 1].mean())
        box = _stretch(look.box, start, stop, look.turn)
        pieces.append(Piece(line.text[first : last + 1], confidence, box, look.turn))
    return pieces


def _word_spans(crop: np.ndarray, line: Line) -> list[tuple[int, int]]:
    """First and last letter of each word: words end at spaces, and at wide gaps the recogniser overlooked."""
    letters = [i for i, letter in enumerate(line.text) if letter != " "]
    if not letters:
        return []
    inked = (crop < 160).any(axis=0)
    gaps = [_gap(inked, line.centres[i], line.centres[j]) for i, j in zip(letters, letters[1:])]
    usual = np.median(gaps) if gaps else 0
    spans, first = [], letters[0]
    for i, j, gap in zip(letters, letters[1:], gaps):
        changes = line.text[i].isalpha() and line.text[j].isdigit() and i > first
        wide = gap > 0.9 * crop.shape[0] or (changes and gap > max(0.25 * crop.shape[0], 2 * usual))
        if j > i + 1 or wide:
            spans.append((first, i))
            first = j
    return [*spans, (first, letters[-1])]


def _gap(inked: np.ndarray, left: float, right: float) -> int:
    """The longest run of empty columns between two places given as shares of the width."""
    stretch = np.flatnonzero(inked[int(left * len(inked)) : max(int(right * len(inked)), 1)])
    return int(np.diff(stretch).max()) - 1 if len(stretch) > 1 else 0


def _stretch(box: PixelBox, start: float, stop: float, turn: int) -> PixelBox:
    """The part of `box` between two shares of its reading direction."""
    x0, y0, x1, y1 = box
    if turn == 0:
        return x0 + start * (x1 - x0), y0, x0 + stop * (x1 - x0), y1
    if turn == 180:
        return x1 - stop * (x1 - x0), y0, x1 - start * (x1 - x0), y1
    if turn == 90:  # turned counter-clockwise to be read: the text runs down the page
        return x0, y0 + start * (y1 - y0), x1, y0 + stop * (y1 - y0)
    return x0, y1 - stop * (y1 - y0), x1, y1 - start * (y1 - y0)


# --- which way up, and the printed header ---


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
        spans = np.array([_turned(piece.box, width, height, turn) for piece in pieces]).reshape(-1, 4)
        near = [i for i in range(len(pieces)) if pieces[i].turn == turn and spans[i, 3] < HEADER_DEPTH * depth]
        rows = [row for row in _rows_of(spans, near) if _is_header(" ".join(pieces[i].text for i in row))]
        if rows:
            bottom = max(spans[row, 3].max() for row in rows)
            header |= {i for i in range(len(pieces)) if (spans[i, 1] + spans[i, 3]) / 2 < bottom}
    kept = [piece for i, piece in enumerate(pieces) if i not in header]
    return kept, [pieces[i] for i in sorted(header)]


def _turned(box: PixelBox, width: int, height: int, turn: int) -> PixelBox:
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


FIGURE_LABEL = re.compile(r"F[I1l]G(URE|S)?\.?,?", re.I)


def find_turn(pieces: Sequence[Piece]) -> int:
    """The degrees counter-clockwise that make most of the lettering upright; words count by their letters."""
    votes = dict.fromkeys((0, 90, 180, 270), 0.0)
    for piece in pieces:
        letters = sum(letter.isalnum() for letter in piece.text)
        if letters > 1 and piece.confidence > 0.6:
            votes[piece.turn] += piece.confidence * letters + 10 * bool(FIGURE_LABEL.match(piece.text))
    best = max(votes, key=lambda turn: votes[turn])
    return best if votes[best] > votes[0] else 0


def is_upside_down(sheet: Sheet, pieces: Sequence[Piece], lettering: Lettering, most: int = 12) -> bool:
    """Whether the longest level words read better with the sheet upside down."""
    level = sorted((p for p in pieces if p.turn == 0 and len(p.text) > 1), key=lambda p: -len(p.text))[:most]
    crops = [sheet.cut(piece.box)[0] for piece in level]
    lines = lettering.recognise([np.ascontiguousarray(crop[::-1, ::-1]) for crop in crops])
    upright = sum(piece.confidence * len(piece.text) for piece in level)
    return sum(line.confidence * len(line.text) for line in lines) > 1.2 * upright
