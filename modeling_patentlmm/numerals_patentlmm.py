"""Reference characters: what they are on a sheet and in prose, and the inventory of a figure (37 CFR 1.84(p), 1.74)."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .grounding_patentlmm import GroundedNumeralsLogitsProcessor
from .references_patentlmm import PLAIN, UNITS, Reference, find_references, plain_character

__all__ = [
    "FigureLabel",
    "GroundedNumeralsLogitsProcessor",
    "Inventory",
    "Reference",
    "ReferenceCharacter",
    "add_parts_list",
    "find_labels",
    "find_references",
    "in_order",
    "parse_parts_list",
    "plain_character",
    "put_label",
    "take_inventory",
]

Box = tuple[int, int, int, int]

_DESIGNATOR = "(?:LED|REG|MUX|AMP|INV|FET|BUF|CON|REF|[A-Z]{1,2})"
_CHARACTER = re.compile(
    rf"(?P<prefix>{_DESIGNATOR}-?|[a-z])?(?P<number>\d{{1,6}})(?P<suffix>[A-Z]{{1,2}}|[a-z]{{1,2}})?"
    r"(?P<branch>-\d{1,3}[A-Za-z]?)?(?P<prime>'{1,2}|\")?"
)
_LABEL = re.compile(r"\d{1,3}(?:[A-Z]{1,2}|[a-z]{1,2})?(?:\([A-Za-z0-9]{1,4}\))?(?:[-.]\d{1,2}[A-Za-z]?)?['\"]{0,2}")
_ROMAN = re.compile(r"(?=[IVX])X{0,3}(?:IX|IV|V?I{0,3})(?:[A-H])?")

_UNITS = frozenset(UNITS) | {"%", "°"}
_NO_SUFFIX = frozenset(("st", "nd", "rd", "th", "V", "v", "K", "x", "X"))
_NAMES_WITH_DIGITS = frozenset("CO2 H2 O2 N2 H2O NO2 SO2 MP3 MP4 I2C IPV4 IPV6 B1 B2 A1 A2 RS232 2G 3G 4G 5G".split())


@dataclass(frozen=True)
class ReferenceCharacter:
    """A reference character on a sheet: its repaired text, the box and confidence of its word, and the word as read."""

    text: str
    box: Box | None
    confidence: float
    raw: str = ""


@dataclass(frozen=True)
class FigureLabel:
    """A figure's label on a sheet: its number ("3A"), None where it could not be read, and where it stands.

    `box` holds "FIG." and the number, `words` says which words they are; `confidence` is the least of theirs.
    """

    text: str | None
    box: Box
    confidence: float
    words: tuple[int, ...]


@dataclass(frozen=True)
class Inventory:
    """What a figure holds to refer to: its label ("3A", first of `labels` in reading order) and its characters."""

    label: str | None
    label_confidence: float
    characters: tuple[ReferenceCharacter, ...]
    labels: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """Distinct characters in reading order."""
        return tuple(dict.fromkeys(character.text for character in self.characters))


# --- on a sheet ------------------------------------------------------------------------------------------------------

_HEAD = re.compile(
    r"\W*(?:FIGURES?|Figures?|F[I1l|!i][GCg6][Ss]?|FG(?=[.\W]|$)|[PET]IG(?=\W))(?![a-z]*[a-hj-km-np-z])(?P<rest>.*)"
)
_MENTION = frozenset("to from see of in on with per and".split())
_SMALL = 0.6  # of the height of the largest label on a sheet: a mention of a figure
_AS_DIGIT = str.maketrans("OoQDlI|!iS", "0000111115")
_LONE_DIGIT = {"S": "5", "s": "5", "B": "8", "Z": "2", "z": "2", "G": "6", "b": "6", "g": "9", "q": "9"}
_MONTH = re.compile(r"(?i)(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*[.,]?")
_SHEET = re.compile(r"(?i)sheets?|page|of|patent|pat\.?|no\.?|u\.?s\.?|us|filed")
_NUMBER = re.compile(r"[-+]?\d*[.,]?\d+%?")


def _label(text: str) -> str | None:
    """The figure number in `text`, the usual misreadings repaired in a place where a number must stand."""
    text = re.sub(r"^[^\w|!]+|[.,;:\-_~\s]+$", "", text.translate(PLAIN))
    if text.count(")") != text.count("("):
        text = text.rstrip(")")
    if _ROMAN.fullmatch(text) and set(text) & set("VX"):
        return text
    if text in _LONE_DIGIT:
        return _LONE_DIGIT[text]
    head = re.match(r"[0-9lI|!OoQiS]+", text)
    if head is None:
        return text if _LABEL.fullmatch(text) else None
    digits = head.group().translate(_AS_DIGIT)
    text = digits + text[head.end() :]
    return text if _LABEL.fullmatch(text) and not digits.startswith("0") else None


def _spaced_head(words: Sequence[str], start: int) -> tuple[str, int]:
    """`words[start]`, with the letters of a spaced "F I G ." drawn together, and how many words that took."""
    joined, count = words[start], 1
    if joined.strip() not in ("F", "f"):
        return joined, 1
    while count < 6 and start + count < len(words) and len(words[start + count].strip()) <= 1:
        joined += words[start + count].strip()
        count += 1
        if re.fullmatch(r"(?i)F[I1l]GS?\.?", joined) and words[start + count : start + count + 1] not in (["."], ["S"]):
            return joined, count
    return words[start], 1


def _bare(word: str) -> str:
    """A word without accents a reader invents (FIĆ), its primes and hyphens in one form."""
    letters = unicodedata.normalize("NFD", word)
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).translate(PLAIN).strip()


class _Sheet:
    """The words of a sheet as arrays, with their tight neighbours on the line."""

    def __init__(self, words: Sequence[str], boxes: Sequence[Box], confidences: Sequence[float] | None):
        self.words = [_bare(word) for word in words]
        self.boxes = [tuple(int(side) for side in box) for box in boxes]
        self.confidences = [1.0] * len(words) if confidences is None else [float(value) for value in confidences]
        if not len(self.words) == len(self.boxes) == len(self.confidences):
            raise ValueError(
                f"words, boxes and confidences must have one entry each per word, got {len(self.words)}, "
                f"{len(self.boxes)} and {len(self.confidences)}"
            )
        self.left, self.right = self._neighbours()

    def _neighbours(self) -> tuple[list[int], list[int]]:
        left, right = [-1] * len(self.words), [-1] * len(self.words)
        if not self.words:
            return left, right
        x0, y0, x1, y1 = np.asarray(self.boxes, dtype=np.float64).T
        advance = (x1 - x0) / np.maximum([len(word) for word in self.words], 1)
        for i in range(len(self.words)):
            overlap = np.minimum(y1, y1[i]) - np.maximum(y0, y0[i])
            level = overlap > 0.5 * np.minimum(y1 - y0, y1[i] - y0[i])
            gap = x0 - x1[i]
            near = level & (gap > -0.5 * advance[i]) & (gap < 1.6 * np.maximum(advance, advance[i]) + 2)
            near &= x0 > x0[i]
            if near.any():
                j = int(np.flatnonzero(near)[np.argmin(gap[near])])
                right[i], left[j] = j, i
        return left, right

    def word(self, index: int) -> str:
        return self.words[index] if index >= 0 else ""

    def after(self, index: int) -> list[int]:
        """Where the word after `index` may be: next on the line, next in the order given."""
        following = [self.right[index], index + 1 if index + 1 < len(self.words) else -1]
        return [j for j in dict.fromkeys(following) if j >= 0]


def _figure_labels(sheet: _Sheet) -> tuple[list[FigureLabel], set[int]]:
    """The labels of a sheet in reading order, and the words that belong to figure references."""
    labels: list[FigureLabel] = []
    used: set[int] = set()
    for start in range(len(sheet.words)):
        if start in used:
            continue
        text, count = _spaced_head(sheet.words, start)
        head = _HEAD.fullmatch(text)
        if head is None:
            continue
        spots = list(range(start, start + count))
        rest = head["rest"].strip()
        if _label(rest):
            found = _label(rest)
        elif re.search(r"\w", rest):
            continue
        else:
            found, spot = next(
                ((_label(sheet.word(j)), j) for j in sheet.after(spots[-1]) if _label(sheet.word(j))), (None, -1)
            )
            spots += [spot] if found else []
        used.update(spots if found else ())
        if _is_mention(sheet, start) or found is None and _is_tall(sheet, start):
            continue
        box = _around(sheet.boxes[spot] for spot in spots)
        labels.append(FigureLabel(found, box, min(sheet.confidences[spot] for spot in spots), tuple(spots)))
    return _settle_roman(_without_small(labels)), used


def _without_small(labels: list[FigureLabel]) -> list[FigureLabel]:
    """The labels without mentions of figures in the small lettering of a drawing; sideways ones stay."""
    heights = [box[3] - box[1] if box[2] - box[0] > box[3] - box[1] else 0 for box in (label.box for label in labels)]
    least = _SMALL * max(heights, default=0)
    return [label for label, height in zip(labels, heights) if height >= least or not height]


def _is_mention(sheet: _Sheet, start: int) -> bool:
    """Whether a reference stands in brackets, or follows a "to" or "from": on its line, above it, or in its column."""
    if sheet.words[start].startswith("("):
        return True
    before = {sheet.word(sheet.left[start]).lower(), sheet.word(start - 1).lower() if start else ""}
    if sheet.left[start] >= 0 and before & _MENTION:
        return True
    box = sheet.boxes[start]
    leading = [(sheet.boxes[i], word) for i, word in enumerate(sheet.words) if word.lower() in _MENTION]
    if _is_tall(sheet, start, 0.6):
        leading_in_column = (
            _leads_to(other, box, word, 1) or _leads_to(box, other, word, 1) for other, word in leading
        )
        if any(leading_in_column):
            return True
    return any(_leads_to(other, box, word, 0) or _is_right_above(other, box) for other, word in leading)


def _is_tall(sheet: _Sheet, index: int, least: float = 0.7) -> bool:
    """Whether a word of some letters is so tall that it may stand sideways, whatever the proportions of the sheet."""
    x0, y0, x1, y1 = sheet.boxes[index]
    return y1 - y0 > least * (x1 - x0) and len(sheet.words[index]) > 2


def _leads_to(box: Box, other: Box, word: str, axis: int) -> bool:
    """Whether one box stands close before another on a line (axis 0) or in a column (1), by the letters of `word`."""
    across = 1 - axis
    shared = min(box[across + 2], other[across + 2]) - max(box[across], other[across])
    if shared <= 0.5 * min(box[across + 2] - box[across], other[across + 2] - other[across]):
        return False
    near = 4 * min(box[axis + 2] - box[axis], other[axis + 2] - other[axis]) / len(word)
    return -near < other[axis] - box[axis + 2] < near


def _is_right_above(box: Box, other: Box) -> bool:
    """Whether a word of a box's own size stands close above it, as in a connector of two lines."""
    heights = sorted((box[3] - box[1], other[3] - other[1]))
    shared = min(box[2], other[2]) - max(box[0], other[0])
    gap = other[1] - box[3]
    return shared > 0 and -heights[0] < 2 * gap < 2 * heights[0] and heights[1] < 1.4 * heights[0]


def _around(boxes: Iterable[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _settle_roman(labels: list[FigureLabel]) -> list[FigureLabel]:
    """Beside FIG. IV, the 1, 11 and 111 read for I, II and III are Roman too."""
    if not any(_ROMAN.fullmatch(label.text or "") for label in labels):
        return labels
    return [replace(label, text="I" * len(label.text)) if set(label.text or "") == {"1"} else label for label in labels]


def find_labels(
    words: Sequence[str], boxes: Sequence[Box], confidences: Sequence[float] | None = None
) -> list[FigureLabel]:
    """The labels of all figures on a sheet in reading order, those without a legible number among them.

    Arguments as for `take_inventory`; mentions of figures inside text ("TO FIG. 20B") are no labels.
    """
    return _figure_labels(_Sheet(words, boxes, confidences))[0]


def _repair(text: str) -> str:
    """Letters read for digits put right where every other sign of the word is a digit: 1O2 -> 102, l04 -> 104."""
    text = re.sub(r"(?<=\d)O$", "0", text)  # O is no suffix: it would read as a zero
    if not re.fullmatch(r"[\dOolI|S]{2,6}[A-Za-z]?'?", text) or not re.search(r"\d", text):
        return text
    body = re.match(r"[\dOolI|S]+", text).group()
    letters = re.sub(r"\d", "", body)
    if len(letters) >= len(body) - len(letters) and len(body) > 2:
        return text
    if body[0] == "S" or re.fullmatch(r"[OolI|]\d", body) or re.fullmatch(r"\d+[olIOS]", body) and len(body) < 3:
        return text  # S302 is a step, I2 and 1O may be a designator and a suffix
    if re.fullmatch(r"\d{2,}[ilS]", body):
        return text  # 10i, 10l: a suffix
    return body.translate(_AS_DIGIT) + text[len(body) :]


def _character(word: str) -> str | None:
    """The reference character a word may be by its form alone, without what stands around it."""
    if re.match(r"[+$#€£<>=±~≈]\s*\d", word) and word[0] != "~" or word.endswith(("%", ":", "=")) and ":" not in word:
        return None
    text = re.sub(r"^[\s\-_~—–.,;:'\"/\\|()\[\]{}<>→←↑↓·•*]+", "", word)
    text = re.sub(r"[\s\-_~—–.,;:/\\()\[\]{}<>→←↑↓·•*]+$", "", text)
    text = _repair(text)
    match = _CHARACTER.fullmatch(text)
    if match is None or text.upper() in _NAMES_WITH_DIGITS:
        return None
    if match["number"].startswith("0") and not match["prefix"] or match["prefix"] in ("I", "O", "l", "o", "i"):
        return None
    if match["suffix"] in _UNITS or match["suffix"] in _NO_SUFFIX and len(text) < 5:
        return None
    return plain_character(text)


def _split(word: str) -> list[str]:
    """The members of "102,104" or "10/12" when a word lists characters, else the word."""
    parts = re.split(r"[,;/]", word)
    if len(parts) < 2 or not all(re.fullmatch(r"[A-Z]?\d{1,4}[A-Za-z]?'?", part) for part in parts):
        return [word]
    values = [int(re.search(r"\d+", part).group()) for part in parts]
    if "/" in word:
        return parts if all(len(part) >= 3 for part in parts) else [word]
    thousands = re.fullmatch(r"\d{1,3}(?:,\d{3})+", word)
    listed = len(parts) == 2 and len(parts[0]) == 3 and values[1] > values[0] >= 100
    return [word] if thousands and not listed else parts


def _is_word(text: str) -> bool:
    return len(re.findall(r"[A-Za-z]", text)) >= 2 and not re.search(r"\d", text)


def _header(sheet: _Sheet) -> set[int]:
    """Words of dates, sheet counts and patent numbers: Sep. 21, 1999; Sheet 2 of 7; US 9,123,456 B2."""
    found: set[int] = set()
    for i, word in enumerate(sheet.words):
        if _MONTH.fullmatch(word):
            found.update(j for j in (i + 1, i + 2) if j < len(sheet.words) and re.match(r"\d", sheet.words[j]))
        elif re.fullmatch(r"(?i)sheets?", word):
            after = range(i + 1, min(i + 4, len(sheet.words)))
            found.update(j for j in after if re.fullmatch(r"of|\d+", sheet.words[j]))
        elif re.fullmatch(r"\d{1,2}[,.]\d{3}[,.]\d{3}", word):
            found.update(j for j in (i - 1, i, i + 1) if 0 <= j < len(sheet.words))
    return found


def _ticks(sheet: _Sheet) -> set[int]:
    """Numbers along an axis: in one row or column, their value linear in their place.

    Flowcharts also number their boxes evenly, so a row or column counts only if it holds a zero, a decimal or a
    negative value, or has at least five members and starts at its own step (10, 20, 30, ...) and, in a column, rises
    upwards.
    """
    numbers = [i for i, word in enumerate(sheet.words) if _NUMBER.fullmatch(word)]
    if len(numbers) < 3:
        return set()
    values = {i: float(sheet.words[i].rstrip("%").replace(",", ".").replace("+", "")) for i in numbers}
    found: set[int] = set()
    for along, across in ((0, 1), (1, 0)):
        middles = {i: ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2) for i, box in enumerate(sheet.boxes)}
        for seed in numbers:
            depth = max(3.0, 0.6 * (sheet.boxes[seed][3] - sheet.boxes[seed][1]))
            line = [i for i in numbers if abs(middles[i][across] - middles[seed][across]) <= depth]
            line.sort(key=lambda i: middles[i][along])
            if _is_axis([values[i] for i in line], [middles[i][along] for i in line], along == 1):
                found.update(line)
    return found


def _is_axis(values: list[float], places: list[float], column: bool) -> bool:
    if len(values) < 3 or len(set(values)) < len(values) or len(set(places)) < len(places):
        return False
    slope, offset = np.polyfit(places, values, 1)
    error = np.abs(np.polyval((slope, offset), places) - values).max()
    if slope == 0 or error > 0.12 * abs(slope) * np.diff(places).min():
        return False
    if any(value <= 0 or value % 1 for value in values):
        return True
    step = round(abs(values[1] - values[0]), 6)
    return len(values) >= 5 and min(values) == step and (not column or slope < 0)


def _accept(sheet: _Sheet, index: int, text: str, lengths: set[int]) -> bool:
    """Whether a word of a character's form is one, by its neighbours on the line and the sheet's other numerals."""
    before, behind = sheet.word(sheet.left[index]), sheet.word(sheet.right[index])
    if behind in _UNITS or behind in ("V", "A", "W", "x", "=", "+") or before in ("=", "+", "$", "#", "<", ">"):
        return False
    if _MONTH.fullmatch(before) or re.fullmatch(r"(?i)no\.?|pat\.?|page|table|version|v\.?", before):
        return False
    digits = len(re.search(r"\d+", text).group())
    if _is_word(before) and _is_word(behind):
        return False
    if _is_word(before) or _is_word(behind):
        lettered = not text[0].isdigit()
        return digits >= 3 or digits in lengths or (digits == 2 and not lengths) or lettered and digits >= 2
    return True


def _weak(text: str, confidence: float, counts: Counter, zero: bool) -> bool:
    """A lone digit is often a speck, a bit or a bus index: doubt it when read unsurely, repeated, or beside zeros."""
    if confidence < 0.3:
        return True
    if len(text) > 1 or not text.isdigit():
        return False
    return confidence < 0.6 or counts[text] >= 4 or zero and text == "1"


def _letters(sheet: _Sheet, used: set[int]) -> list[int]:
    """Single capitals and Roman numerals that label parts: alone on their line and at least three in a series."""
    alone = [
        i
        for i, word in enumerate(sheet.words)
        if i not in used and sheet.left[i] < 0 and sheet.right[i] < 0 and sheet.confidences[i] >= 0.8
    ]
    capitals = [i for i in alone if re.fullmatch(r"[A-Z]", sheet.words[i])]
    roman = [i for i in alone if _ROMAN.fullmatch(sheet.words[i]) and re.search(r"[VX]", sheet.words[i])]
    roman = [i for i in roman if len(sheet.words[i]) > 1]
    series = sorted({sheet.words[i] for i in capitals})
    run = sum(chr(ord(letter) + 1) in series for letter in series)
    kept = capitals if run >= 2 and run >= len(series) - 1 else []
    return kept + (roman if len({sheet.words[i] for i in roman}) >= 3 else [])


def take_inventory(words: Sequence[str], boxes: Sequence[Box], confidences: Sequence[float] | None = None) -> Inventory:
    """The figure label and the reference characters among the words of an upright figure.

    `words` in reading order, `boxes` x0, y0, x1, y1 in 0..1000, `confidences` 0..1 (1 each when left out). Figure
    references, dates, sheet counts, patent numbers, axis ticks, quantities with a unit, decimals and numbers inside
    a sentence are no characters (37 CFR 1.84(p)). Raises ValueError when the lengths differ.
    """
    sheet = _Sheet(words, boxes, confidences)
    labels, used = _figure_labels(sheet)
    used = used | _header(sheet) | _ticks(sheet)
    forms = [
        (i, text)
        for i, word in enumerate(sheet.words)
        if i not in used
        for text in map(_character, _split(word))
        if text is not None
    ]
    counts = Counter(text for _, text in forms)
    alone = [text for i, text in forms if sheet.left[i] < 0 and sheet.right[i] < 0 and text.isdigit()]
    lengths = {length for length, count in Counter(map(len, alone)).items() if count >= max(2, len(alone) // 4)}
    zero = any(word in ("0", "O") for word in sheet.words)
    chosen = [
        (i, text)
        for i, text in forms
        if not _weak(text, sheet.confidences[i], counts, zero) and _accept(sheet, i, text, lengths)
    ]
    chosen += [(i, sheet.words[i]) for i in _letters(sheet, used)]
    characters = [
        ReferenceCharacter(text, sheet.boxes[i], sheet.confidences[i], str(words[i])) for i, text in sorted(chosen)
    ]
    numbered = [label for label in labels if label.text]
    first, confidence = (numbered[0].text, numbered[0].confidence) if numbered else (None, 0.0)
    return Inventory(first, confidence, tuple(characters), tuple(dict.fromkeys(label.text for label in numbered)))


def in_order(characters: Iterable[ReferenceCharacter]) -> list[ReferenceCharacter]:
    """One of each reference character, the first, in the order of a list of parts: 7, 10, 10A, S302, 1400, A, B."""
    distinct: dict[str, ReferenceCharacter] = {}
    for character in characters:
        distinct.setdefault(character.text, character)
    return sorted(distinct.values(), key=lambda character: _rank(character.text))


def _rank(text: str) -> tuple[float, str]:
    number = re.search(r"\d+", text)
    return (int(number.group()) if number else float("inf")), text


# --- a figure number and a parts list of the caller -------------------------------------------------------------------


def put_label(
    words: Sequence[str], boxes: Sequence[Box], confidences: Sequence[float] | None, label: str
) -> tuple[list[str], list[Box], list[float]]:
    """The words of a figure with the caller's figure number in place of that of its first label.

    Where no label was read, "FIG." and the number are appended in box 0, 0, 0, 0. What the caller gives has confidence
    1. Raises ValueError where `label` is no figure number.
    """
    head = _HEAD.fullmatch(label.strip())
    number = _label(head["rest"].strip() if head else label.strip())
    if number is None:
        raise ValueError(f'{label!r} is not a figure number; write it as "3" or "3A"')
    confidences = [1.0] * len(words) if confidences is None else list(confidences)
    rows = list(zip(words, boxes, confidences, strict=True))
    found = next(iter(find_labels(words, boxes, confidences)), None)
    if found is None:
        rows += [("FIG.", (0, 0, 0, 0), 1.0), (number, (0, 0, 0, 0), 1.0)]
    else:
        first = min(found.words)
        rows = [row for i, row in enumerate(rows) if i not in found.words]
        rows[first:first] = [("FIG.", found.box, 1.0), (number, found.box, 1.0)]
    return [word for word, _, _ in rows], [box for _, box, _ in rows], [confidence for _, _, confidence in rows]


def parse_parts_list(text: str) -> dict[str, str]:
    """`"10=housing, 12=lid"` as a mapping; raises ValueError with the remedy on anything else."""
    parts: dict[str, str] = {}
    for entry in re.split(r"[,;\n](?=\s*[^\s=,;]+\s*=)|[,;\n]\s*$", text):
        numeral, sign, term = (piece.strip() for piece in entry.partition("="))
        if not entry.strip():
            continue
        numeral = plain_character(numeral)
        if not sign or not term or "=" in term or not re.fullmatch(r"[A-Za-z0-9'\"\-]+", numeral):
            raise ValueError(f'{entry.strip()!r} is not a part; write the list as "10=housing, 12=lid"')
        if parts.get(numeral, term) != term:
            raise ValueError(f"{numeral} names two parts, {parts[numeral]!r} and {term!r}; give each numeral one part")
        parts[numeral] = term
    if not parts:
        raise ValueError('the parts list is empty; write it as "10=housing, 12=lid"')
    return parts


def add_parts_list(
    words: Sequence[str], boxes: Sequence[Box], confidences: Sequence[float] | None, parts: Mapping[str, str]
) -> tuple[list[str], list[Box], list[float]]:
    """The words of a figure with a caller's part names among them.

    The words of a term follow the first word that reads as its numeral, in the numeral's box; a numeral that was not
    read is appended with its term in box 0, 0, 0, 0. What the caller adds has confidence 1.
    """
    confidences = [1.0] * len(words) if confidences is None else list(confidences)
    wanted = {plain_character(numeral): term.split() for numeral, term in parts.items()}
    out: list[tuple[str, Box, float]] = []
    for word, box, confidence in zip(words, boxes, confidences, strict=True):
        out.append((word, box, confidence))
        term = wanted.pop(_character(word.translate(PLAIN).strip()) or plain_character(word.strip()), [])
        out += [(piece, box, 1.0) for piece in term]
    for numeral, term in wanted.items():
        out += [(piece, (0, 0, 0, 0), 1.0) for piece in (numeral, *term)]
    return [word for word, _, _ in out], [box for _, box, _ in out], [confidence for _, _, confidence in out]
