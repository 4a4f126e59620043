"""What a figure looks like, in 128 bytes: much the same for copies, other scans, other margins and other numbers."""

from __future__ import annotations

import cv2
import imagehash
import numpy as np
from PIL import Image

# Of 512 bits. Of 441 pairs of real drawings within it, 435 show the same to the eye (benchmarks/near_duplicates.py).
MAX_DISTANCE = 56
BLANK = 0.0005  # share of ink: a tenth of that of the lightest of 328 real drawings
_DARK = 128
_SIDE = 1024
_HASH = 16  # 64 bits, the usual size, tell flowcharts apart no better than by their boxes
_GAP = 0.03  # of the longer side: white that parts the drawing from its label and from the header of the sheet
_MAIN = 0.1  # of the box of the largest part: what is smaller is lettering beside the drawing

Box = tuple[int, int, int, int]  # left, top, right, bottom


def shades(image: Image.Image) -> tuple[float, float]:
    """The shares of the image that are dark, and grey; the edges of lines are grey where a large one is reduced."""
    small = np.asarray(_small(image))
    return float((small < _DARK).mean()), float(((small > 40) & (small < 215)).mean())


def fingerprint(image: Image.Image) -> np.ndarray | None:
    """Two strings of 512 bits, (2, 64) uint8; None for a blank image, which is like any other blank one.

    The first is of everything within the margins. The second leaves out what stands apart, such as the label and the
    header of the sheet, which the front page and an earlier publication do without; but how a loose drawing falls apart
    depends on the scan, so that neither does for both.
    """
    small = _small(image)
    dark = np.asarray(small) < _DARK
    if dark.mean() < BLANK:
        return None
    return np.stack([_hash(small.crop(_bounds(dark))), _hash(small.crop(_main_bounds(dark)))])


def distance(a: np.ndarray, b: np.ndarray) -> int:
    """In how many of 512 bits two fingerprints differ, by their nearer strings."""
    return int(np.unpackbits(a ^ b, axis=1).sum(axis=1).min())


def _hash(drawing: Image.Image) -> np.ndarray:
    """By gradients (dHash), which sees lettering, and by frequencies (pHash), which sees the composition."""
    hashes = imagehash.dhash(drawing, _HASH), imagehash.phash(drawing, _HASH)
    return np.packbits(np.concatenate([each.hash.ravel() for each in hashes]))


def _small(image: Image.Image) -> Image.Image:
    """Gray, and 1024 to 2047 pixels at the longer side where it was larger."""
    gray = image.convert("L")
    factor = max(image.size) // _SIDE
    return gray.reduce(factor) if factor > 1 else gray


def _bounds(dark: np.ndarray) -> Box:
    """The box around all that is dark."""
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _main_bounds(dark: np.ndarray) -> Box:
    """The box around the large parts, where parts are what white gaps part."""
    reach = max(3, int(_GAP * max(dark.shape))) | 1
    thick = cv2.dilate(dark.astype(np.uint8), np.ones((reach, reach), np.uint8))
    _, labels, parts, _ = cv2.connectedComponentsWithStats(thick)
    areas = parts[:, cv2.CC_STAT_WIDTH] * parts[:, cv2.CC_STAT_HEIGHT]
    areas[0] = 0  # the background
    return _bounds((areas >= _MAIN * areas.max())[labels] & dark)
