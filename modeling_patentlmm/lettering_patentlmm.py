"""Finding and recognising lettering in a drawing with the models that ship in RapidOCR's wheel."""

import itertools
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

try:
    import cv2
except ImportError:
    cv2 = None
try:
    import onnxruntime
except ImportError:
    onnxruntime = None


LETTER_HEIGHT = 48  # pixels, the recogniser's input height
NARROWEST = 96  # pixels: narrower crops are filled up to it
BATCH = 8
SYMBOLS = "°′″’“”Ω±×µΔαβθφλ"


class EngineError(RuntimeError):
    """A reading engine is not there or not usable; the message says how to get it."""


@dataclass(frozen=True)
class Line:
    """A recognised crop: its text, a confidence per character, and each character's centre as a share of the width."""

    text: str
    confidences: np.ndarray
    centres: np.ndarray

    @property
    def confidence(self) -> float:
        return float(self.confidences.mean()) if len(self.text) else 0.0


NOTHING = Line("", np.zeros(0), np.zeros(0))


class Lettering:
    """Detection and recognition models; `detect` finds lines of lettering, `recognise` reads crops of them.

    Several threads may use one at the same time. What is read does not depend on the number of `threads`.
    """

    def __init__(self, detector: Path, recogniser: Path, threads: int):
        self.detector = _session(detector, threads, arena=True)  # large tensors: a fifth of its time went to new pages
        self.recogniser = _session(recogniser, 1)  # crops are small: whole batches share the cores better
        self.threads = threads
        alphabet = ["", *self.recogniser.get_modelmeta().custom_metadata_map["character"].splitlines(), " "]
        self.classes = np.array([0, *(i for i, c in enumerate(alphabet) if c and (" " <= c <= "~" or c in SYMBOLS))])
        self.alphabet = [alphabet[i] for i in self.classes]

    def detect(self, gray: np.ndarray, scale: float, keep: float = 0.45) -> np.ndarray:
        """Rectangles (N, 6) of lines in `gray` (H, W) seen in `scale`: centre x, y, width, height, angle, score."""
        height, width = (max(32, int(round(side * scale / 32)) * 32) for side in gray.shape)
        small = cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        pixels = np.repeat((small.astype(np.float32) / 127.5 - 1.0)[None, None], 3, axis=1)
        heat = self.detector.run(None, {self.detector.get_inputs()[0].name: pixels})[0][0, 0]
        return _rectangles(heat, keep) * [gray.shape[1] / width, gray.shape[0] / height, 1 / scale, 1 / scale, 1, 1]

    def recognise(self, crops: Sequence[np.ndarray]) -> list[Line]:
        """Read each upright grey crop (H, W); crops of similar width share a batch."""
        scaled = [_to_letter_height(crop) for crop in crops]
        batches = list(_batches([crop.shape[1] for crop in scaled]))
        jobs = [(width, [scaled[i] for i in members]) for width, members in batches]
        read = itertools.chain.from_iterable(self._read_all(jobs))
        lines = dict(zip(itertools.chain.from_iterable(members for _, members in batches), read, strict=True))
        return [lines[i] for i in range(len(crops))]

    def _read_all(self, jobs: Sequence[tuple[int, list[np.ndarray]]]) -> list[list[Line]]:
        if self.threads == 1 or len(jobs) < 2:
            return [self._read(*job) for job in jobs]
        with ThreadPoolExecutor(self.threads) as pool:
            return list(pool.map(self._read, *zip(*jobs, strict=True)))

    def _read(self, width: int, crops: Sequence[np.ndarray]) -> list[Line]:
        """The lines of a batch of crops at the recogniser's height, filled up to `width`."""
        pixels = np.zeros((len(crops), 3, LETTER_HEIGHT, width), np.float32)
        for row, crop in zip(pixels, crops, strict=True):
            row[:, :, : crop.shape[1]] = crop.astype(np.float32) / 127.5 - 1.0
        probabilities = self.recogniser.run(None, {self.recogniser.get_inputs()[0].name: pixels})[0]
        return [
            self._decode(row[:, self.classes], width / crop.shape[1])
            for row, crop in zip(probabilities, crops, strict=True)
        ]

    def _decode(self, probabilities: np.ndarray, excess: float) -> Line:
        """Best path through (T, classes), restricted to the letters that drawings use."""
        best = probabilities.argmax(1)
        starts = np.flatnonzero((best > 0) & (best != np.concatenate([[-1], best[:-1]])))
        text, confidences, centres = "", [], []
        for start in starts:
            stop = start + 1
            while stop < len(best) and best[stop] == best[start]:
                stop += 1
            text += self.alphabet[best[start]]
            confidences.append(probabilities[start:stop, best[start]].max())
            centres.append(min(1.0, (start + stop) / 2 / len(best) * excess))
        return Line(text, np.array(confidences), np.array(centres))


def _session(model: Path, threads: int, arena: bool = False) -> "onnxruntime.InferenceSession":
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.enable_cpu_mem_arena = arena
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # a waiting thread leaves its core alone
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _batches(widths: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
    """Crops of similar width together, each batch with the width that its crops are filled up to."""
    order = sorted(range(len(widths)), key=widths.__getitem__)
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        yield max(NARROWEST, *(widths[i] for i in batch)), batch


def _to_letter_height(crop: np.ndarray) -> np.ndarray:
    """The crop at the recogniser's height; long lines a little narrower, which reads as well in less time."""
    aspect = crop.shape[1] / crop.shape[0]
    width = int(np.clip(round(LETTER_HEIGHT * aspect * (0.82 if aspect > 4 else 1.0)), 16, 2000))
    shrink = crop.shape[0] > LETTER_HEIGHT
    return cv2.resize(crop, (width, LETTER_HEIGHT), interpolation=cv2.INTER_AREA if shrink else cv2.INTER_CUBIC)


def _rectangles(heat: np.ndarray, keep: float, threshold: float = 0.3, grow: float = 1.6) -> np.ndarray:
    """Rectangles around the warm regions of a heat map (H, W), grown to the size of the lettering they stand for."""
    mask = cv2.dilate((heat > threshold).astype(np.uint8), np.ones((2, 2), np.uint8))
    found = []
    for contour in cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)[0]:
        (x, y), (w, h), angle = cv2.minAreaRect(contour)
        if min(w, h) < 3:
            continue
        left, top, width, height = cv2.boundingRect(contour)
        inside = np.zeros((height, width), np.uint8)
        cv2.drawContours(inside, [contour - (left, top)], -1, 1, -1)
        score = cv2.mean(heat[top : top + height, left : left + width], inside)[0]
        margin = w * h * grow / (w + h)
        found.append((x, y, w + margin, h + margin, angle, score))
    found = np.array(found).reshape(-1, 6)
    return found[found[:, 5] >= keep]


@lru_cache(maxsize=2)
def load_lettering(threads: int) -> Lettering:
    """The models of the installed RapidOCR, once per process and number of threads."""
    missing = [name for name in ("rapidocr", "onnxruntime", "cv2") if find_spec(name) is None]
    if missing:
        raise EngineError(
            f"Reading figures needs {' and '.join(missing).replace('cv2', 'opencv')}: "
            "pip install rapidocr onnxruntime opencv-python-headless (or give the words and their boxes yourself)."
        )
    folder = Path(find_spec("rapidocr").origin).parent / "models"
    models = [sorted(folder.glob(f"*_{part}_*.onnx")) for part in ("det", "rec")]
    if not all(models):
        raise EngineError("The installed rapidocr carries no models: pip install 'rapidocr>=3.10'.")
    return Lettering(models[0][-1], models[1][-1], threads)


def reading_threads() -> int:
    """How many threads read: OMP_NUM_THREADS, or one a core and at most four."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdigit() and int(asked) else min(4, os.cpu_count() or 1)
