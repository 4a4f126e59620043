"""Reading the regions of a sheet: each in several looks, with and without line art, and the most believable taken."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .lettering_patentlmm import Lettering, Line
from .sheet_patentlmm import FIGURE_HEAD, Piece, PixelBox, Sheet, is_label, reading_rectangle, turned_box

try:
    import cv2
except ImportError:
    cv2 = None


SIDE = 1280  # pixels: the longer side of what the detector looks at
SCOUT_SIDE = 960  # the same where only the way up is asked
ENLARGED = 3.0  # at most
LEAST_CONFIDENCE, LEAST_FOR_NUMERALS = 0.5, 0.75
LINE_MARKS = "-~_—–=|/\\<>^*`{}[]"
LABEL_LINE = re.compile(r" ?(F[I1l]GS?[.,]*|FIGURE) ?(\d{1,3}[A-Za-z]{0,2}'?)\.? ?", re.I)
SCRIPT_LABEL = re.compile(r".{0,4}i[gq9]\W{0,2} ?(\d{1,3}[A-Za-z]{0,2}'?)\W?", re.I)  # a "Fig." in drafting script
SCRIPT_TILTS = (0, -10, -20)  # degrees: how such a label is turned to be read, as it rises
MODEL_HEIGHT = 28  # pixels: of a "FIG." that others are compared with
ALIKE = 0.64  # correlation of two "FIG." lettered alike; what is none reaches 0.61
MOST_LIKE = 12  # on a sheet
LARGE = 1.25  # of the usual height: a number that may be a label's
FIGURE_NUMBER = re.compile(r"\d{1,3}[A-Za-z]{0,2}['.]?|[IVX]{1,5}")


def read_sheet(sheet: Sheet, lettering: Lettering) -> list[Piece]:
    """The words of an upright sheet, sideways and slanted ones among them."""
    scale = min(SIDE / max(sheet.gray.shape), ENLARGED)
    pieces = _read_regions(sheet, lettering, lettering.detect(sheet.gray, scale))
    return _with_label(sheet, lettering, pieces, scale)


def scout_sheet(sheet: Sheet, lettering: Lettering) -> list[Piece]:
    """The words of a sheet at a glance."""
    scale = min(SCOUT_SIDE / max(sheet.gray.shape), 1.0)
    return _read_regions(sheet, lettering, lettering.detect(sheet.gray, scale))


def _read_regions(sheet: Sheet, lettering: Lettering, rectangles: np.ndarray) -> list[Piece]:
    """Read every rectangle as it is, then without line art where that may matter, and take the more believable."""
    plain = _recognised(lettering, [_plain_looks(sheet, rectangle) for rectangle in rectangles])
    best = [max(found, key=_belief) for found in plain]
    wiped = _recognised(lettering, [_wiped_looks(sheet, found, top) for found, top in zip(plain, best, strict=True)])
    usual = Counter(
        len(_bare(line))
        for (_, line), others in zip(best, wiped, strict=True)
        if _bare(line).isdigit() and all(_bare(other) == _bare(line) for _, other in others)
    )
    for i, others in enumerate(wiped):
        if others:
            best[i] = _with_or_without_lines(best[i], max(others, key=_belief), usual)
    best = [(look, _without_stray_end(look.crop, line, usual)) for look, line in best]
    return [piece for look, line in best for piece in _words(look, line) if _is_credible(piece)]


def _is_credible(piece: Piece) -> bool:
    """Whether to keep a piece: line art passes for a numeral or a letter or two sooner than for a word."""
    letters = sum(letter.isalpha() for letter in piece.text)
    return piece.confidence >= (LEAST_CONFIDENCE if letters > 2 else LEAST_FOR_NUMERALS)


def _recognised(lettering: Lettering, groups: list[list["Look"]]) -> list[list[tuple["Look", Line]]]:
    lines = iter(lettering.recognise([look.crop for group in groups for look in group]))
    return [[(look, next(lines)) for look in group] for group in groups]


def _bare(line: Line) -> str:
    """The text without spaces, and without marks of line art at its ends."""
    return line.text.replace(" ", "").strip(LINE_MARKS)


def _belief(pair: tuple["Look", Line]) -> float:
    """How far a reading is believed: its confidence, and a little more for upright text."""
    return pair[1].confidence + (0.05 if pair[0].turn == 0 else 0.0)


@dataclass(frozen=True)
class Look:
    """One way to look at a region: its pixels as they are read, the box they fill, and how far they are turned."""

    crop: np.ndarray
    box: PixelBox
    turn: int
    slanted: bool = False


def _level_box(rectangle: np.ndarray) -> tuple[PixelBox, bool]:
    """The level box around a rectangle, and whether the text in it is slanted too much to be read in that box."""
    x, y, width, height, angle = reading_rectangle(rectangle)
    off = min(abs(angle), 90 - abs(angle))
    if off < 8 or (width < 1.6 * height and off < 25):
        if abs(angle) > 45:
            width, height = height, width
        return (x - width / 2, y - height / 2, x + width / 2, y + height / 2), False
    corners = cv2.boxPoints(((x, y), (width, height), angle))
    return (*corners.min(0).tolist(), *corners.max(0).tolist()), width >= 1.6 * height


def _plain_looks(sheet: Sheet, rectangle: np.ndarray) -> list[Look]:
    """A region as it is: a slanted one also turned level, a tall one turned both ways, or upright as one letter."""
    box, slanted = _level_box(rectangle)
    looks = [Look(sheet.cut_slanted(rectangle), box, 0, slanted=True)] if slanted else []
    crop, place = sheet.cut(box)
    ratio = (box[3] - box[1]) / (box[2] - box[0])
    turns = (0,) if ratio < 1.4 else (0, 90, 270) if ratio < 2.2 else (90, 270)
    return looks + [Look(np.ascontiguousarray(np.rot90(crop, turn // 90)), place, turn) for turn in turns]


def _wiped_looks(sheet: Sheet, plain: list[tuple[Look, Line]], best: tuple[Look, Line]) -> list[Look]:
    """The region without line art, turned as its best plain look, or in every way where that could not be read well."""
    look, line = best
    if look.slanted or (line.confidence > 0.95 and sum(letter.isalpha() for letter in line.text) > 2):
        return []
    lettering = sheet.cut_lettering(look.box)
    if lettering is None or not lettering[2]:
        return []
    crop, box, _ = lettering
    turns = [look.turn] if line.confidence > 0.8 else [other.turn for other, _ in plain if not other.slanted]
    return [Look(np.ascontiguousarray(np.rot90(crop, turn // 90)), box, turn) for turn in turns]


def _with_or_without_lines(plain: tuple[Look, Line], wiped: tuple[Look, Line], usual: Counter) -> tuple[Look, Line]:
    """Line art shows as letters at the ends of the plain text; letters touching line art are lost in the wiped one.

    A numeral that is longer in the one than in the other is taken in the length that is usual on the sheet.
    """
    a, b = _bare(plain[1]), _bare(wiped[1])
    if not b or a == b:
        return max(plain, wiped, key=lambda pair: (pair[1].text.count(" ") if b else 0, pair is plain))
    if not a or plain[1].confidence < 0.9:
        return max(wiped, plain, key=lambda pair: pair[1].confidence + 0.02 * (pair is wiped and b in a))
    if b in a:
        words = sum(letter.isalpha() for letter in b) > 2
        return plain if words or usual[len(a)] > 2 * usual[len(b)] + 1 else wiped
    return wiped if wiped[1].confidence > plain[1].confidence + 0.02 else plain


def _without_stray_end(crop: np.ndarray, line: Line, usual: Counter) -> Line:
    """A numeral one digit longer than is usual on the sheet, without an end out of line: a short lead line."""
    digits = [i for i, letter in enumerate(line.text) if letter not in LINE_MARKS + " "]
    length = len(digits)
    if length < 3 or not "".join(line.text[i] for i in digits).isdigit():
        return line
    if usual[length - 1] < 3 or usual[length - 1] <= 2 * usual[length]:
        return line
    strays = _out_of_line(crop, line.centres[digits])
    end = max((0, -1), key=lambda end: strays[end])
    if strays[end] < 0.35:
        return line
    kept = digits[1:] if end == 0 else digits[:-1]
    return Line("".join(line.text[i] for i in kept), line.confidences[kept], line.centres[kept])


def _out_of_line(crop: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """How far each letter's top or foot lies off the others', in heights of a letter."""
    inked = crop < 160
    places = np.clip(centres, 0, 1) * inked.shape[1]
    cuts = [0, *((places[1:] + places[:-1]) / 2), inked.shape[1]]
    rows = [np.flatnonzero(inked[:, int(left) : int(right) + 1].any(axis=1)) for left, right in zip(cuts, cuts[1:])]
    ends = np.array([(r[0], r[-1]) if len(r) else (0, 0) for r in rows], float)
    return np.abs(ends - np.median(ends, axis=0)).max(axis=1) / max(np.median(ends[:, 1] - ends[:, 0]), 1.0)


def _words(look: Look, line: Line) -> list[Piece]:
    """The words of a line, each with the stretch of the crop its letters stand on; marks of line art are taken off."""
    pieces = []
    label = LABEL_LINE.fullmatch(line.text)
    if label and look.turn:  # sideways, its two words would fall apart in reading order
        return [Piece("FIG." + label[2], line.confidence, look.box, look.turn)]
    half = 0.5 * float(np.median(np.diff(line.centres))) if len(line.text) > 1 else 0.5
    for first, last in _word_spans(look.crop, line):
        while last > first and line.text[first] in LINE_MARKS:
            first += 1
        while last > first and line.text[last] in LINE_MARKS:
            last -= 1
        start, stop = max(line.centres[first] - half, 0.0), min(line.centres[last] + half, 1.0)
        confidence = float(line.confidences[first : last + 1].mean())
        box = look.box if look.slanted else _stretch(look.box, start, stop, look.turn)
        pieces.append(Piece(line.text[first : last + 1], confidence, box, look.turn))
    return pieces


def _word_spans(crop: np.ndarray, line: Line) -> list[tuple[int, int]]:
    """First and last letter of each word: words end at spaces, and at wide gaps the recogniser overlooked."""
    letters = [i for i, letter in enumerate(line.text) if letter != " "]
    if not letters:
        return []
    label = LABEL_LINE.fullmatch(line.text)
    if label:
        return [(label.start(1), label.end(1) - 1), (label.start(2), label.end(2) - 1)]
    inked = (crop < 160).any(axis=0)
    gaps = [_gap(inked, line.centres[i], line.centres[j]) for i, j in zip(letters, letters[1:])]
    usual = np.median(gaps) if gaps else 0
    spans, first = [], letters[0]
    for i, j, gap in zip(letters, letters[1:], gaps):
        changes = line.text[i].isalpha() and line.text[j].isdigit()
        least = (0.15 if i > first else 0.28) * crop.shape[0]
        wide = gap > 0.9 * crop.shape[0] or (changes and gap >= max(least, 2 * usual + 1))
        if j > i + 1 or wide:
            spans.append((first, i))
            first = j
    return [*spans, (first, letters[-1])]


def _gap(inked: np.ndarray, left: float, right: float) -> int:
    """The longest run of empty columns between two places given as shares of the width."""
    stretch = np.flatnonzero(inked[int(left * len(inked)) : max(int(right * len(inked)), 1)])
    return int(np.diff(stretch).max()) - 1 if len(stretch) > 1 else 0


def _with_label(sheet: Sheet, lettering: Lettering, pieces: list[Piece], scale: float) -> list[Piece]:
    """Look again for the figure's label: beside a "FIG." without a number, and at half the size where there is none."""
    heads = _heads(pieces)
    if not heads and not any(re.match(r"FIG\D{0,5}\d", piece.text, re.I) for piece in pieces):
        rectangles = lettering.detect(sheet.gray, scale / 2)
        usual = np.median([_letter_size(piece) for piece in pieces]) if pieces else 0
        rectangles = rectangles[rectangles[:, 2:4].min(1) > 1.3 * usual]
        found = _read_regions(sheet, lettering, rectangles)
        heads = _heads(found)
        if heads:
            pieces = _replaced(pieces, found)
    for head in heads:
        pieces = _replaced(pieces, _numbered(sheet, lettering, head, pieces))
    if not any(map(is_label, pieces)):
        for number in _large_numbers(pieces):
            pieces = _replaced(pieces, _script_label(sheet, lettering, number, pieces))
    for head in _like_heads(sheet, pieces):
        pieces = _replaced(pieces, _numbered(sheet, lettering, head, pieces) or [head])
    return pieces


def _heads(pieces: list[Piece]) -> list[Piece]:
    """The "FIG." of labels; what is in brackets is a mention."""
    return [piece for piece in pieces if FIGURE_HEAD.fullmatch(piece.text) and not piece.text.startswith("(")]


def _like_heads(sheet: Sheet, pieces: list[Piece]) -> list[Piece]:
    """Places that look like the surest level "FIG." of the sheet, and where none was read: its labels look alike."""
    heads = [piece for piece in pieces if piece.text == "FIG." and piece.turn == 0]
    if not heads:
        return []
    model = max(heads, key=lambda piece: piece.confidence)
    lettering = sheet.cut_lettering(model.box)
    if lettering is None:
        return []
    ratio = min(MODEL_HEIGHT / lettering[0].shape[0], 1.0)
    small, template = (
        cv2.resize(pixels, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA)
        for pixels in (sheet.gray, lettering[0])
    )
    if min(template.shape) < 8:
        return []
    likeness = cv2.matchTemplate(small, template, cv2.TM_CCOEFF_NORMED)
    found: list[Piece] = []
    while len(found) < MOST_LIKE:
        _, best, _, (x, y) = cv2.minMaxLoc(likeness)
        if best < ALIKE:
            break
        height, width = template.shape
        box = (x / ratio, y / ratio, (x + width) / ratio, (y + height) / ratio)
        if not any(_covers(box, p.box) or _covers(p.box, box) for p in pieces):
            found.append(Piece("FIG.", best, box))
        likeness[max(y - height // 2, 0) : y + height // 2 + 1, max(x - width // 2, 0) : x + width // 2 + 1] = 0
    return found


def _large_numbers(pieces: list[Piece]) -> list[Piece]:
    """The level numbers that stand out by their size among those of a sheet, and have no "FIG." yet."""
    numbers = [p for p in pieces if p.turn == 0 and re.fullmatch(r"\d{1,3}[A-Za-z]?", p.text)]
    usual = np.median([_letter_size(piece) for piece in numbers]) if numbers else 0
    heads = [piece for piece in pieces if piece.text == "FIG."]
    large = [p for p in numbers if p.box[3] - p.box[1] > LARGE * usual and len(p.text) < 4]
    return [p for p in large if not any(_is_beside(head, p) for head in heads)]


def _is_beside(head: Piece, number: Piece) -> bool:
    size = head.box[3] - head.box[1]
    level = min(head.box[3], number.box[3]) > max(head.box[1], number.box[1])
    return level and -size < number.box[0] - head.box[2] < 3 * size


def _script_label(sheet: Sheet, lettering: Lettering, number: Piece, pieces: list[Piece]) -> list[Piece]:
    """The label that a number and the unread ink before it are together, where they read as one; else nothing."""
    x0, y0, x1, y1 = number.box
    size = y1 - y0
    before = sheet.cut_lettering((x0 - 4 * size, y0 - size, x0, y1 + size), slack=0.1)
    if before is None or any(_covers(before[1], p.box) for p in pieces if not FIGURE_HEAD.fullmatch(p.text)):
        return []
    crop = sheet.cut(_around(before[1], number.box))[0]
    script, confidence = _read_script(lettering, crop)
    return [Piece("FIG.", confidence, before[1]), number] if script == number.text else []


def _read_script(lettering: Lettering, crop: np.ndarray) -> tuple[str | None, float]:
    """The number of a label in drafting script as most ways to tilt it read, and how sure the best of these is."""
    lines = lettering.recognise([_tilted(crop, degrees) for degrees in SCRIPT_TILTS])
    read = [(label[1], line.confidence) for line in lines if (label := SCRIPT_LABEL.fullmatch(line.text))]
    if not read:
        return None, 0.0
    number = Counter(text for text, _ in read).most_common(1)[0][0]
    return number, max(confidence for text, confidence in read if text == number)


def _tilted(crop: np.ndarray, degrees: float) -> np.ndarray:
    """A crop turned counter-clockwise by a few degrees, cut to its ink."""
    height, width = crop.shape
    air = abs(int(width * np.sin(np.radians(degrees)))) + 2
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    turn[:, 2] += air
    turned = cv2.warpAffine(crop, turn, (width + 2 * air, height + 2 * air), borderValue=255)
    x, y, width, height = cv2.boundingRect((turned < 160).astype(np.uint8))
    return turned[max(y - 2, 0) : y + height + 2, max(x - 2, 0) : x + width + 2]


def _letter_size(piece: Piece) -> float:
    return min(piece.box[2] - piece.box[0], piece.box[3] - piece.box[1])


def _replaced(pieces: list[Piece], better: list[Piece]) -> list[Piece]:
    """`pieces` with `better` ones in place of those they cover."""
    return [piece for piece in pieces if not any(_covers(other.box, piece.box) for other in better)] + better


def _covers(box: PixelBox, other: PixelBox) -> bool:
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    return width > 0 and height > 0 and width * height > 0.5 * (other[2] - other[0]) * (other[3] - other[1])


def _numbered(sheet: Sheet, lettering: Lettering, head: Piece, pieces: list[Piece]) -> list[Piece]:
    """The label of a "FIG." with the number read beside it; nothing where the number is known, or there is none."""
    height, width = sheet.gray.shape
    beside = _beside(head, width, height)
    known = (p for p in pieces if p.turn == head.turn and FIGURE_NUMBER.fullmatch(p.text))
    numbers = [p for p in known if _covers(beside, p.box)]
    if head.turn or len(numbers) != 1:
        numbers = _read_beside(sheet, lettering, head, beside, numbers)
    if not numbers:
        return []
    if head.turn:
        return [Piece("FIG." + numbers[0].text, numbers[0].confidence, _around(head.box, numbers[0].box), head.turn)]
    return [replace(head, text="FIG."), numbers[0]]


def _read_beside(
    sheet: Sheet, lettering: Lettering, head: Piece, beside: PixelBox, numbers: list[Piece]
) -> list[Piece]:
    """The number in the place `beside` a "FIG.", by itself or, longer or where that fails, together with it."""
    crop = sheet.cut_lettering(beside, slack=0.1)
    if crop is None:
        return numbers
    look = Look(np.ascontiguousarray(np.rot90(crop[0], head.turn // 90)), crop[1], head.turn)
    whole = np.ascontiguousarray(np.rot90(sheet.cut(_around(head.box, crop[1]))[0], head.turn // 90))
    alone, together = lettering.recognise([look.crop, whole])
    numbers = numbers or [piece for piece in _words(look, alone) if FIGURE_NUMBER.fullmatch(piece.text)]
    label = LABEL_LINE.fullmatch(together.text)
    if label and together.confidence > 0.9 and (not numbers or numbers[0].text in label[2]):
        return [Piece(label[2], together.confidence, crop[1], head.turn)]
    if numbers or head.turn:
        return numbers
    script, confidence = _read_script(lettering, whole)
    return [Piece(script, confidence, crop[1])] if script else []


def _around(box: PixelBox, other: PixelBox) -> PixelBox:
    return min(box[0], other[0]), min(box[1], other[1]), max(box[2], other[2]), max(box[3], other[3])


def _beside(head: Piece, width: int, height: int) -> PixelBox:
    """The place where the number of a label stands: to the right of "FIG.", the way it is read."""
    x0, y0, x1, y1 = turned_box(head.box, width, height, head.turn)
    size = y1 - y0
    place = (x1 - 0.1 * size, y0 - 0.3 * size, x1 + 3.0 * size, y1 + 0.2 * size)
    sides = (width, height) if head.turn in (0, 180) else (height, width)
    return turned_box(place, *sides, (360 - head.turn) % 360)


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


def is_upside_down(sheet: Sheet, pieces: Sequence[Piece], lettering: Lettering, most: int = 8) -> bool:
    """Whether the level words read better with the sheet upside down; words of middling length are asked first."""
    level = sorted((p for p in pieces if p.turn == 0 and len(p.text) > 1), key=lambda p: abs(len(p.text) - 6))[:most]
    crops = [sheet.cut(piece.box)[0] for piece in level]
    lines = lettering.recognise([np.ascontiguousarray(crop[::-1, ::-1]) for crop in crops])
    upright = sum(piece.confidence * len(piece.text) for piece in level)
    return sum(line.confidence * len(line.text) for line in lines) > 1.2 * upright
