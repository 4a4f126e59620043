"""Reading a patent figure: its words, where they stand on the upright image, and how sure the reader is."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from PIL import Image

from .lettering_patentlmm import EngineError, Lettering, load_lettering, reading_threads
from .regions_patentlmm import SCOUT_SIDE, is_upside_down, read_sheet, scout_sheet
from .sheet_patentlmm import Piece, Sheet, find_turn, is_faint, is_label, legibility, split_header

Box = tuple[int, int, int, int]

ENGINES = {"rapidocr": "rapidocr", "tesseract": "pytesseract"}  # engine: the package whose version names it
TURNS = (0, 90, 180, 270)
_NO_TESSERACT = (
    "Reading with tesseract needs the program and its wrapper: apt-get install tesseract-ocr; pip install pytesseract "
    "(or use the engine rapidocr)."
)
FEW = 3  # words: on a sheet with fewer and no label, the label may have been too faint
# RapidOCR's confidence, and the share of the reference characters read with it that are right (benchmarks/reading.py)
CALIBRATION = (
    (0.0, 0.7, 0.8, 0.85, 0.92, 0.97, 0.985, 0.993, 0.998, 1.0),
    (0.0, 0.1, 0.3, 0.5, 0.6, 0.65, 0.75, 0.95, 0.97, 0.998),
)


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

    @property
    def columns(self) -> tuple[list[str], list[Box], list[float]]:
        """The texts, boxes and confidences of the words, as most functions take them."""
        words = self.words
        return [word.text for word in words], [word.box for word in words], [word.confidence for word in words]

    def as_dict(self) -> dict:
        """The reading in plain lists and dictionaries, to keep as JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, kept: Mapping) -> "FigureReading":
        """The reading that `as_dict` gave, also after a trip through JSON."""
        words, left_out = (
            tuple(Word(word["text"], tuple(word["box"]), word["confidence"]) for word in kept[name])
            for name in ("words", "left_out")
        )
        return cls(words, kept["rotation"], tuple(kept["size"]), kept["engine"], left_out)


def read_figure(
    image: Image.Image, engine: str = "rapidocr", rotation: int | None = None, threads: int | None = None
) -> FigureReading:
    """Read `image` at its native resolution: words in reading order on the upright image, without the sheet's header.

    `rotation` (degrees counter-clockwise) says how to turn the image; None finds it out. `threads` are RapidOCR's, by
    default OMP_NUM_THREADS or one a core and at most four; they change nothing but the time. Raises `EngineError` where
    the engine is not installed, ValueError for an engine or a rotation that does not exist.
    """
    if engine not in ENGINES:
        raise ValueError(f"There is no reading engine {engine!r}: choose {' or '.join(ENGINES)}, or give the words.")
    if rotation not in (None, 0, 90, 180, 270):
        raise ValueError(f"rotation is {rotation!r}; it must be 0, 90, 180 or 270 degrees counter-clockwise, or None.")
    gray = _gray(image)
    if engine == "rapidocr":
        pieces, header, rotation = _read_rapid(gray, rotation, load_lettering(threads or reading_threads()))
    else:
        pieces, header, rotation = _read_tesseract(gray, rotation)
    width, height = _turned_size(*image.size, rotation)
    words, left_out = _as_words(pieces, width, height), _as_words(header, width, height)
    return FigureReading(words, rotation, (width, height), engine_version(engine), left_out)


def engine_version(engine: str) -> str:
    """`engine` with its version, such as "rapidocr 3.10.0"; the name alone where it is not installed."""
    try:
        return f"{engine} {version(ENGINES[engine])}"
    except PackageNotFoundError:
        return engine


def _gray(image: Image.Image) -> np.ndarray:
    """Dark ink on white paper (H, W): transparency is white, and a mostly black page is inverted."""
    if image.has_transparency_data:
        colours = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), colours)
    gray = np.array(image.convert("L"))
    return 255 - gray if np.median(gray) < 96 else gray


def _turn(gray: np.ndarray, rotation: int) -> np.ndarray:
    return np.ascontiguousarray(np.rot90(gray, rotation // 90))


def _read_rapid(gray: np.ndarray, rotation: int | None, lettering: Lettering) -> tuple[list[Piece], list[Piece], int]:
    """Words, header words and rotation by RapidOCR's models; a first reading tells how to turn the sheet."""
    sheet = Sheet(_turn(gray, rotation or 0))
    height, width = sheet.gray.shape
    pieces, header = split_header(read_sheet(sheet, lettering), width, height)
    if len(pieces) < FEW and not any(map(is_label, pieces)):
        sheet, pieces = _with_faint_label(sheet.without(header), pieces, lettering)
    if rotation is None:
        sheet = sheet.without(header)
        pieces, rotation = _turned_upright(sheet, pieces, lettering)
        header = [piece.turned(width, height, rotation) for piece in header]
        sheet = Sheet(_turn(sheet.gray, rotation)) if rotation else sheet
    if is_faint(pieces):
        pieces = max(pieces, read_sheet(sheet.smoothed(), lettering), key=legibility)
    return _calibrated(pieces), _calibrated(header), rotation


def _with_faint_label(sheet: Sheet, pieces: list[Piece], lettering: Lettering) -> tuple[Sheet, list[Piece]]:
    """The sheet with its dots run together and what is read there, if that is a figure's label; else all as it was."""
    smoothed = sheet.smoothed()
    found = read_sheet(smoothed, lettering)
    return (smoothed, found) if any(map(is_label, found)) else (sheet, pieces)


def _calibrated(pieces: Sequence[Piece]) -> list[Piece]:
    """Pieces with the share of equally confident ones that are right, as measured on real figures, for confidence."""
    return [replace(piece, confidence=float(np.interp(piece.confidence, *CALIBRATION))) for piece in pieces]


def _turned_upright(sheet: Sheet, pieces: list[Piece], lettering: Lettering) -> tuple[list[Piece], int]:
    """The words of `sheet` turned upright, and how far it was turned; where words are scarce every way up is read."""
    if not pieces:
        return [], 0
    turn, sure = find_turn(pieces)
    if sure and turn == 0 and not any(map(is_label, pieces)):
        turn = 180 if is_upside_down(sheet, pieces, lettering) else 0
    if not sure:
        turn = _most_legible_turn(sheet, lettering)
    return (pieces if turn == 0 else read_sheet(Sheet(_turn(sheet.gray, turn)), lettering)), turn


def _most_legible_turn(sheet: Sheet, lettering: Lettering) -> int:
    """The way up with the most to read, judged on a small copy; the sheet as it is has a head start."""
    small = sheet.shrunk(SCOUT_SIDE)
    readings = {turn: scout_sheet(Sheet(_turn(small.gray, turn)), lettering) for turn in TURNS}
    return max(TURNS, key=lambda turn: legibility(readings[turn]) * (1.3 if turn == 0 else 1.0))


def _turned_size(width: int, height: int, rotation: int) -> tuple[int, int]:
    return (width, height) if rotation in (0, 180) else (height, width)


def _read_tesseract(gray: np.ndarray, rotation: int | None) -> tuple[list[Piece], list[Piece], int]:
    """Words, header words and rotation by Tesseract, which sees level words only: the way up with most to read wins."""
    if shutil.which("tesseract") is None:
        raise EngineError(_NO_TESSERACT)
    turns = TURNS if rotation is None else (rotation,)
    readings = {}
    for turn in turns:
        turned = _turn(gray, turn)
        readings[turn] = split_header(_tesseract_pieces(turned), *turned.shape[::-1])
    best = max(turns, key=lambda turn: legibility(readings[turn][0]))
    return *readings[best], best


def _tesseract_pieces(gray: np.ndarray) -> list[Piece]:
    try:
        import pytesseract  # here, as it brings pandas with it
    except ImportError:
        raise EngineError(_NO_TESSERACT) from None
    try:
        data = pytesseract.image_to_data(Image.fromarray(gray), config="--psm 11", output_type=pytesseract.Output.DICT)
    except pytesseract.TesseractError as error:
        raise EngineError(
            f"tesseract cannot read ({error.message}); mend its installation: apt-get install tesseract-ocr "
            "tesseract-ocr-eng (or use the engine rapidocr)."
        ) from error
    rows = zip(*(data[key] for key in ("text", "conf", "left", "top", "width", "height")), strict=True)
    return [
        Piece(text.strip(), float(confidence) / 100, (left, top, left + width, top + height))
        for text, confidence, left, top, width, height in rows
        if text.strip() and float(confidence) >= 0
    ]


def _as_words(pieces: Sequence[Piece], width: int, height: int) -> tuple[Word, ...]:
    """Pieces in pixels as words in 0..1000, in reading order."""
    scale = np.array([width, height, width, height]) / 1000
    boxes = [tuple(int(side) for side in np.clip(np.rint(piece.box / scale), 0, 1000)) for piece in pieces]
    words = [Word(p.text, box, round(p.confidence, 4)) for p, box in zip(pieces, boxes, strict=True)]
    return tuple(words[i] for i in reading_order([word.box for word in words], width / height))


def reading_order(boxes: Sequence[Box], aspect: float = 1.0) -> list[int]:
    """The order in which a reader takes `boxes`: blocks top to bottom, left to right; lines in order.

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
    """Indices of `spans` row by row, left to right: tops within a tolerance of the first top are a row."""
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
