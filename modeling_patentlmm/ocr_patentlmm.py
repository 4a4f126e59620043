"""Reading a patent figure: its words, where they stand on the upright image, and how sure the reader is."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from PIL import Image

try:
    import cv2
except ImportError:
    cv2 = None
try:
    import onnxruntime
except ImportError:
    onnxruntime = None
try:
    import rapidocr
except ImportError:
    rapidocr = None
try:
    import pytesseract
except ImportError:
    pytesseract = None


Box = tuple[int, int, int, int]

ENGINES = ("rapidocr", "tesseract")


class EngineError(RuntimeError):
    """A reading engine is not there or not usable; the message says how to get it."""


@dataclass(frozen=True)
class Word:
    """A word, its box in 0..1000 of the upright image (x0, y0, x1, y1), and a confidence in 0..1."""

    text: str
    box: Box
    confidence: float


@dataclass(frozen=True)
class FigureReading:
    """What was read from a figure.

    `image.rotate(rotation, expand=True)` makes the image upright; `size` is its width and height in pixels then.
    `left_out` holds the words of the page header, which belong to the sheet and not to the figure.
    """

    words: tuple[Word, ...]
    rotation: int
    size: tuple[int, int]
    engine: str
    left_out: tuple[Word, ...] = ()


def reading_order(boxes: Sequence[Box], aspect: float = 1.0) -> list[int]:
    """The order in which a reader takes `boxes`: blocks top to bottom, then left to right; lines inside a block in order.

    Words close together on a line, and lines close above each other, are one block, so that a node's name and the
    numeral under it stay together. Boxes are 0..1000 in each axis; `aspect` is width / height of the image.
    """
    if not len(boxes):
        return []
    spans = np.asarray(boxes, dtype=float).reshape(-1, 4) * (aspect, 1.0, aspect, 1.0)
    lines = _groups(spans, _on_one_line)
    outlines = np.stack([_outline(spans[line]) for line in lines])
    heights = np.array([np.median(spans[line, 3] - spans[line, 1]) for line in lines])
    blocks = _groups(outlines, _in_one_block)
    block_outlines = np.stack([_outline(outlines[block]) for block in blocks])
    block_heights = np.array([heights[block].min() for block in blocks])
    order = []
    for block in _rows(block_outlines, block_heights):
        members = blocks[block]
        for line in _rows(outlines[members], 0.5 * heights[members]):
            order += sorted(lines[members[line]], key=lambda word: tuple(spans[word]))
    return order


def _outline(spans: np.ndarray) -> np.ndarray:
    return np.concatenate([spans[:, :2].min(0), spans[:, 2:].max(0)])


def _rows(spans: np.ndarray, tolerances: np.ndarray) -> list[int]:
    """Indices of `spans` row by row, each row left to right: tops within a tolerance of the row's first top are a row."""
    order, row, limit = [], [], -1.0
    for i in np.lexsort(spans.T[[3, 2, 0, 1]]):
        if row and spans[i, 1] > limit:
            order += sorted(row, key=lambda j: tuple(spans[j]))
            row = []
        if not row:
            limit = spans[i, 1] + tolerances[i]
        row.append(int(i))
    return order + sorted(row, key=lambda j: tuple(spans[j]))


def _on_one_line(a: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Neighbours on a line: they share most of their height and stand less than a letter's height apart."""
    height, heights = a[3] - a[1], others[:, 3] - others[:, 1]
    smaller, larger = np.minimum(height, heights), np.maximum(height, heights)
    shared = np.minimum(a[3], others[:, 3]) - np.maximum(a[1], others[:, 1])
    gap = np.maximum(a[0], others[:, 0]) - np.minimum(a[2], others[:, 2])
    return (shared >= 0.5 * smaller) & (larger <= 2.5 * smaller + 1) & (gap <= 0.9 * larger)


def _in_one_block(a: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Lines of one text: one below the other with little air between them, and sharing a stretch of the width."""
    height = np.minimum(a[3] - a[1], others[:, 3] - others[:, 1])
    width = np.minimum(a[2] - a[0], others[:, 2] - others[:, 0])
    gap = np.maximum(a[1], others[:, 1]) - np.minimum(a[3], others[:, 3])
    shared = np.minimum(a[2], others[:, 2]) - np.maximum(a[0], others[:, 0])
    return (shared > 0.2 * width) & (gap < 0.8 * height)


def _groups(spans: np.ndarray, related: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> list[list[int]]:
    """Connected groups of `spans` (N, 4) under `related(one, others)`, found by a sweep down the page."""
    parent = list(range(len(spans)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    order = np.argsort(spans[:, 1], kind="stable")
    tops = spans[order, 1]
    reach = float((spans[:, 3] - spans[:, 1]).max())
    for place, i in enumerate(order):
        below = order[place + 1 : np.searchsorted(tops, spans[i, 3] + reach, side="right")]
        for j in below[related(spans[i], spans[below])]:
            parent[root(int(j))] = root(int(i))
    groups: dict[int, list[int]] = {}
    for i in range(len(spans)):
        groups.setdefault(root(i), []).append(i)
    return list(groups.values())


def read_figure(image: Image.Image, engine: str = "rapidocr", rotation: int | None = None) -> FigureReading:
    """Read `image` at its native resolution: words in reading order, turned upright, without the sheet's header.

    `rotation` (degrees counter-clockwise) says how to turn the image; None finds it out. Raises `EngineError` where the
    engine is not installed, ValueError for an engine or a rotation that does not exist.
    """
    if engine not in ENGINES:
        raise ValueError(f"There is no reading engine {engine!r}; choose one of {', '.join(ENGINES)}, or give words and boxes.")
    if rotation not in (None, 0, 90, 180, 270):
        raise ValueError(f"rotation is {rotation!r}; it must be 0, 90, 180 or 270 degrees counter-clockwise, or None.")
    page = image.convert("L").rotate(rotation or 0, expand=True)
    words = _rapid_words(page)
    order = reading_order([word.box for word in words], page.width / page.height)
    return FigureReading(tuple(words[i] for i in order), rotation or 0, page.size, engine_version(engine))


def engine_version(engine: str) -> str:
    """`engine` with its version, such as "rapidocr 3.10.0"; the name alone where it is not installed."""
    try:
        return f"{engine} {version({'tesseract': 'pytesseract'}.get(engine, engine))}"
    except PackageNotFoundError:
        return engine


@lru_cache(maxsize=1)
def _rapid_engine():
    if rapidocr is None or onnxruntime is None or cv2 is None:
        raise EngineError(
            "Reading figures needs RapidOCR: pip install rapidocr onnxruntime opencv-python-headless "
            "(or give the words and their boxes yourself)."
        )
    threads = min(4, len(os.sched_getaffinity(0)) if "sched_getaffinity" in dir(os) else os.cpu_count() or 1)
    return rapidocr.RapidOCR(
        params={"Global.log_level": "critical", "EngineConfig.onnxruntime.intra_op_num_threads": threads}
    )


def _rapid_words(page: Image.Image) -> list[Word]:
    result = _rapid_engine()(np.asarray(page.convert("RGB"))[:, :, ::-1].copy())
    words = []
    for text, score, quad in zip(result.txts or (), result.scores or (), result.boxes if result.boxes is not None else ()):
        x0, y0, x1, y1 = (*quad.min(0), *quad.max(0))
        start, letters = 0, max(len(text), 1)
        for word in text.split():
            begin = text.index(word, start)
            start = begin + len(word)
            left, right = x0 + (x1 - x0) * begin / letters, x0 + (x1 - x0) * start / letters
            box = (left / page.width, y0 / page.height, right / page.width, y1 / page.height)
            words.append(Word(word, tuple(int(np.clip(round(1000 * v), 0, 1000)) for v in box), float(score)))
    return words
