"""What printing, photocopying and scanning do to a drawing."""

from __future__ import annotations

import random

import cv2
import numpy as np
from PIL import Image


def scan(image: Image.Image, rng: random.Random) -> Image.Image:
    """The grey drawing as a scanner returns it: worn or swollen lines, specks, often 1 bit. The geometry is kept."""
    generator = np.random.default_rng(rng.getrandbits(32))
    pixels = np.asarray(image.convert("L")).astype(np.float32)
    pixels = cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.3, 0.9))
    grain = generator.normal(0, rng.uniform(4, 26), pixels.shape).astype(np.float32)
    pixels += cv2.GaussianBlur(grain, (0, 0), 0.8)
    pixels = _specks(pixels, rng, generator)
    if rng.random() < 0.75:
        return Image.fromarray(np.where(pixels > rng.uniform(110, 190), 255, 0).astype(np.uint8)).convert("1")
    return Image.fromarray(np.clip(pixels * rng.uniform(0.92, 1.0), 0, 255).astype(np.uint8))


def _specks(pixels: np.ndarray, rng: random.Random, generator: np.random.Generator) -> np.ndarray:
    """Dust: a few dark dots, and light ones that break lines."""
    count = rng.choice((0, 0, 5, 20, 60))
    height, width = pixels.shape
    for x, y, dark in zip(
        generator.integers(0, width, count), generator.integers(0, height, count), generator.random(count)
    ):
        radius = 1 if rng.random() < 0.85 else 2
        cv2.circle(pixels, (int(x), int(y)), radius, 20 if dark < 0.7 else 255, -1)
    return pixels


def skew(image: Image.Image, degrees: float) -> Image.Image:
    """The page turned by a small angle around its centre, counter-clockwise, at the same size."""
    return image.convert("L").rotate(degrees, Image.Resampling.BICUBIC, fillcolor=255)


def skew_box(box: list[int], degrees: float, size: tuple[int, int]) -> list[int]:
    """A box in 0..1000 after `skew` of an image of that size: its centre moves, its extent stays."""
    width, height = size
    angle = np.deg2rad(degrees)
    cx, cy = (box[0] + box[2]) / 2000 * width - width / 2, (box[1] + box[3]) / 2000 * height - height / 2
    x = (cx * np.cos(angle) + cy * np.sin(angle) - cx) / width * 1000
    y = (-cx * np.sin(angle) + cy * np.cos(angle) - cy) / height * 1000
    return [int(np.clip(round(value + shift), 0, 1000)) for value, shift in zip(box, (x, y, x, y))]
