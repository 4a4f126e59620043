"""Simulates what a reader of words gets wrong, so that training sees words as they come from a real one."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

_CONFUSED = {
    "0": "O", "O": "0", "1": "lI", "l": "1I", "I": "1l", "5": "S", "S": "5", "8": "B", "B": "8", "6": "G", "2": "Z",
    "Z": "2", "G": "6", "c": "e", "e": "c", "a": "o", "o": "a", "u": "v", "n": "h", "D": "O", "Q": "O", "7": "1",
    "4": "A", "9": "g", "g": "9", "i": "j", "t": "f",
}  # fmt: skip
_SPURIOUS = ("-", "|", "/", "I", "l", "1", "o", "O", "=", "~", "L", "T", "r", "II", "^", "_")

_DROP_WORD, _DROP_NUMERAL = 0.03, 0.07
_CONFUSE, _CONFUSE_NUMERAL = 0.012, 0.006
_SPLIT, _MERGE, _SPURIOUS_WORDS = 0.006, 0.012, 0.5


@dataclass
class NoisyWords:
    """Words as read; `origins` holds, per word, the indices of the true words it stems from (none if spurious)."""

    words: list[str] = field(default_factory=list)
    boxes: list[list[int]] = field(default_factory=list)
    confidences: list[float] = field(default_factory=list)
    origins: list[tuple[int, ...]] = field(default_factory=list)

    def add(self, word: str, box: Sequence[int], confidence: float, origins: tuple[int, ...]) -> None:
        self.words.append(word)
        self.boxes.append(list(box))
        self.confidences.append(confidence)
        self.origins.append(origins)


def reader_noise(words: Sequence[str], boxes: Sequence[Sequence[int]], rng: random.Random) -> NoisyWords:
    """The words and boxes (0..1000) as a real reader might give them: lost, confused, split, merged or invented."""
    noisy = NoisyWords()
    quality = rng.choice((0.3, 0.7, 1.0, 1.0, 1.8))
    skip = False
    for i, (word, box) in enumerate(zip(words, boxes)):
        if skip:
            skip = False
            continue
        numeral = any(character.isdigit() for character in word) and len(word) <= 6
        if rng.random() < (_DROP_NUMERAL if numeral else _DROP_WORD) * quality:
            continue
        if not numeral and i + 1 < len(words) and _beside(box, boxes[i + 1]) and rng.random() < _MERGE * quality:
            joined = [box[0], min(box[1], boxes[i + 1][1]), boxes[i + 1][2], max(box[3], boxes[i + 1][3])]
            noisy.add(word + words[i + 1], joined, rng.uniform(0.7, 0.95), (i, i + 1))
            skip = True
            continue
        text = _confuse(word, (_CONFUSE_NUMERAL if numeral else _CONFUSE) * quality, rng)
        confidence = rng.uniform(0.86, 1.0) if text == word else rng.uniform(0.5, 0.93)
        if len(text) > 4 and not numeral and rng.random() < _SPLIT * quality:
            cut = rng.randint(2, len(text) - 2)
            x = round(box[0] + (box[2] - box[0]) * cut / len(text))
            noisy.add(text[:cut], [box[0], box[1], x, box[3]], confidence, (i,))
            noisy.add(text[cut:], [x, box[1], box[2], box[3]], confidence, (i,))
        else:
            noisy.add(text, _jitter(box, rng), confidence, (i,))
    _add_spurious(noisy, quality, rng)
    return noisy


def _beside(a: Sequence[int], b: Sequence[int]) -> bool:
    height = a[3] - a[1]
    return abs(a[1] - b[1]) < 0.5 * height and 0 <= b[0] - a[2] < height


def _confuse(word: str, chance: float, rng: random.Random) -> str:
    return "".join(
        rng.choice(_CONFUSED[character]) if character in _CONFUSED and rng.random() < chance else character
        for character in word
    )


def _jitter(box: Sequence[int], rng: random.Random) -> list[int]:
    x0, y0, x1, y1 = (value + rng.choice((-3, -2, -1, -1, 0, 0, 1, 1, 2, 3)) for value in box)
    x0, y0 = min(max(x0, 0), 999), min(max(y0, 0), 999)
    return [x0, y0, min(max(x1, x0 + 1), 1000), min(max(y1, y0 + 1), 1000)]


def _add_spurious(noisy: NoisyWords, quality: float, rng: random.Random) -> None:
    while rng.random() < _SPURIOUS_WORDS * quality * 0.5:
        x, y = rng.randrange(960), rng.randrange(960)
        size = rng.randint(6, 30)
        noisy.add(rng.choice(_SPURIOUS), [x, y, min(1000, x + size), min(1000, y + size)], rng.uniform(0.3, 0.8), ())
