"""A patent figure, from a file or from memory, to pixels.

Two feature modes. `default` keeps the aspect ratio: the figure is scaled to fit, set at the top left of a white canvas,
and the patches that hold nothing but canvas are masked. `reference` squashes the figure to the canvas as the published
model does (LayoutLMv3's image processor).
"""

import os
import re
import stat
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from transformers.image_processing_backends import PilBackend
from transformers.image_processing_utils import BatchFeature
from transformers.processing_utils import ImagesKwargs

FEATURE_MODES = ("default", "reference")

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP")
MAX_PIXELS = 150_000_000  # an A0 sheet at 300 dpi has 139 million
MAX_TOTAL_PIXELS = 600_000_000  # all pages of a file together
MAX_PAGES = 64
MIN_SIDE = 16  # pixels; smaller than one patch is not a figure
PAPER = 240  # of 255; from here on a pixel is blank paper, as it was scanned and resized


class FigureError(ValueError):
    """A file that is not a figure we can read; the message is one line that names the file and the remedy."""


def open_figure(path: str | os.PathLike) -> list[Image.Image]:
    """The pages of an image file, each upright by its EXIF tag, on white, in mode L or RGB.

    All pages of a TIFF are returned; of an animation (GIF, WebP, APNG) only the first frame. Files are refused before
    their pixels are decoded when they exceed `MAX_PIXELS` a page, `MAX_TOTAL_PIXELS` or `MAX_PAGES`.

    Raises:
        FigureError: missing, a directory, not one of `FORMATS`, damaged, too large or too small.
    """
    with _opened_path(path) as (name, image):
        return [_page(name, image, index) for index in range(_page_count(image))]


def open_figure_file(file: BinaryIO, name: str) -> list[Image.Image]:
    """The same for an open file, of an archive for example; `name` is what the errors call it."""
    with _opened(file, name) as image:
        return [_page(name, image, index) for index in range(_page_count(image))]


def count_pages(path: str | os.PathLike) -> int:
    """How many pages `open_figure` gives, without decoding any; refuses what it refuses before that."""
    with _opened_path(path) as (_, image):
        return _page_count(image)


def open_page(path: str | os.PathLike, index: int) -> Image.Image:
    """One of the pages that `open_figure` gives, from 0, without decoding the others."""
    with _opened_path(path) as (name, image):
        return _page(name, image, index)


@contextmanager
def _opened_path(path: str | os.PathLike) -> Iterator[tuple[str, Image.Image]]:
    name = os.fspath(path)
    _check_regular_file(name)
    with open(name, "rb") as file, _opened(file, name) as image:
        yield name, image


@contextmanager
def _opened(file: BinaryIO, name: str) -> Iterator[Image.Image]:
    """The file as an image whose pages are within the bounds; what goes wrong with it ends in a FigureError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what matters is refused below
            # Given the name, Pillow 13 maps uncompressed TIFFs into memory and scrambles those with a rotation tag.
            with Image.open(file, formats=FORMATS) as image:
                _check_page_count(name, image)
                yield image
    except FigureError:
        raise
    except Image.DecompressionBombError as error:
        size = re.search(r"\d+ pixels|$", str(error)).group()  # Pillow goes on to its own bound, which is not ours
        raise FigureError(f"{name}: too large ({size}); reduce it below {MAX_PIXELS} pixels") from None
    except UnidentifiedImageError:
        raise FigureError(f"{name}: {_what_it_is_instead(file)}") from None
    # A damaged file makes Pillow's decoders raise nearly anything (struct.error, SyntaxError, IndexError, zlib.error).
    except Exception as error:
        raise FigureError(
            f"{name}: damaged or truncated image ({first_line(error)}); fetch or export it again"
        ) from error


def _check_regular_file(name: str) -> None:
    try:
        status = os.stat(name)
    except (OSError, ValueError) as error:
        raise FigureError(f"{name}: cannot be read ({first_line(error)}); check the path") from None
    if stat.S_ISDIR(status.st_mode):
        raise FigureError(
            f"{name}: is a directory; name the image files in it, for example {os.path.join(name, '*.png')}"
        )
    if not stat.S_ISREG(status.st_mode):
        raise FigureError(f"{name}: is not a regular file; save the image to a file first")
    if status.st_size == 0:
        raise FigureError(f"{name}: is empty (0 bytes); fetch or export it again")
    if not os.access(name, os.R_OK):
        raise FigureError(f"{name}: may not be read; check its permissions")


def _page_count(image: Image.Image) -> int:
    """The number of pages, or `MAX_PAGES` + 1 where there are more: a small file can have millions."""
    if image.format != "TIFF":
        return 1
    for index in range(1, MAX_PAGES + 1):
        try:
            image.seek(index)
        except EOFError:
            return index
    return MAX_PAGES + 1


def _check_page_count(name: str, image: Image.Image) -> None:
    _check_size(name, image)  # before counting: a hostile first page is refused at once
    count, total = _page_count(image), 0
    if count > MAX_PAGES:
        raise FigureError(f"{name}: has more than {MAX_PAGES} pages; split it")
    for index in range(count):
        image.seek(index)
        total += image.width * image.height
    if total > MAX_TOTAL_PIXELS:
        raise FigureError(f"{name}: its pages hold {total} pixels, more than {MAX_TOTAL_PIXELS}; split it")
    image.seek(0)


def _check_size(name: str, image: Image.Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise FigureError(f"{name}: {width}x{height} is more than {MAX_PIXELS} pixels; reduce its resolution")
    if min(width, height) < MIN_SIDE:
        raise FigureError(f"{name}: {width}x{height} is too small to be a figure; sides of {MIN_SIDE} pixels at least")


def _page(name: str, image: Image.Image, index: int) -> Image.Image:
    image.seek(index)
    _check_size(name, image)
    image.load()
    return on_white(image)


def first_line(error: Exception) -> str:
    """What an error says, in one line."""
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).splitlines()[0]


def _what_it_is_instead(file: BinaryIO) -> str:
    file.seek(0)
    head = file.read(512).lstrip()
    if head.startswith(b"%PDF"):
        return "is a PDF; render its pages first, for example `pdftoppm -r 300 -png FILE page`"
    if head.startswith((b"%!PS", b"\xc5\xd0\xd3\xc6")):
        return "is PostScript (EPS); render it to PNG first, for example `gs -sDEVICE=pnggray -r300`"
    if b"<svg" in head.lower() or head.startswith(b"<?xml"):
        return "is SVG or XML; render it to PNG first, for example `rsvg-convert -w 2000`"
    return f"is not an image we read, or its header is damaged; formats: {', '.join(FORMATS)}"


def on_white(image: Image.Image) -> Image.Image:
    """The image as 8-bit L or RGB: turned by its EXIF tag, transparency set on white, 16-bit and float scaled to 8."""
    image = ImageOps.exif_transpose(image)
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _deep_to_8_bit(image)
    if "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _deep_to_8_bit(image: Image.Image) -> Image.Image:
    values = np.nan_to_num(np.asarray(image, dtype=np.float64))
    top = values.max(initial=0.0)
    if image.mode.startswith("I;16"):
        full = 65535.0
    else:  # 32-bit integer and float images carry no full scale: the least usual one that holds the values
        full = next((scale for scale in (1.0, 255.0, 65535.0) if top <= scale), top)
    return Image.fromarray(np.clip(np.rint(values * (255.0 / full)), 0, 255).astype(np.uint8))


def as_figure(image) -> Image.Image:
    """A PIL image, array or tensor ((H, W), (H, W, C) or (C, H, W); floats in 0..1) as 8-bit L or RGB on white.

    Raises:
        TypeError: anything else.
    """
    if isinstance(image, Image.Image):
        return on_white(image)
    if isinstance(image, torch.Tensor):
        image = image.detach().cpu().numpy()
    if not isinstance(image, np.ndarray) or image.ndim not in (2, 3):
        raise TypeError(f"an image must be a PIL image, a path, or a 2-D or 3-D array, not {type(image).__name__}")
    if image.ndim == 3 and image.shape[-1] not in (1, 3, 4) and image.shape[0] in (1, 3, 4):
        image = np.moveaxis(image, 0, -1)
    if image.ndim == 3 and image.shape[-1] == 1:
        image = image[..., 0]
    if image.dtype == bool or np.issubdtype(image.dtype, np.floating):
        image = np.clip(np.rint(image * 255.0), 0, 255).astype(np.uint8)
    return on_white(Image.fromarray(np.ascontiguousarray(image)))


@dataclass(frozen=True)
class Letterbox:
    """Where a figure lies on its canvas: scaled by one factor, at the top left. Sizes are (width, height) in pixels."""

    canvas: tuple[int, int]
    placed: tuple[int, int]

    @classmethod
    def fit(cls, figure: tuple[int, int], canvas: tuple[int, int]) -> "Letterbox":
        """The largest placement of a figure of this size."""
        scale = min(canvas[0] / figure[0], canvas[1] / figure[1])
        width, height = (min(side, max(1, round(length * scale))) for side, length in zip(canvas, figure, strict=True))
        return cls(canvas, (width, height))

    def move_boxes(self, boxes: Sequence[Sequence[int]]) -> np.ndarray:
        """Boxes x0, y0, x1, y1 in 0..1000 of the figure (N, 4) as boxes in 0..1000 of the canvas, int64 (N, 4)."""
        factor = np.array([self.placed[0] / self.canvas[0], self.placed[1] / self.canvas[1]] * 2)
        return np.rint(np.asarray(boxes, dtype=np.float64).reshape(-1, 4) * factor).astype(np.int64)

    def patch_mask(self, patch_size: int) -> np.ndarray:
        """1 for every patch that holds a pixel of the figure, int64 (canvas height / patch, canvas width / patch)."""
        columns, rows = (side // patch_size for side in self.canvas)
        inside_x = np.arange(columns) * patch_size < self.placed[0]
        inside_y = np.arange(rows) * patch_size < self.placed[1]
        return (inside_y[:, None] & inside_x[None, :]).astype(np.int64)


class PatentLMMImageProcessorKwargs(ImagesKwargs, total=False):
    """`feature_mode`: "default" or "reference"; `patch_size`: side of the encoder's patches in pixels.

    `mark_ink`: also return `ink_mask`.
    """

    feature_mode: str | None
    patch_size: int | None
    mark_ink: bool | None


class PatentLMMImageProcessor(PilBackend):
    """Figures to `pixel_values` (B, 3, H, W) in -1..1 and, in the default mode, a mask of the patches.

    `pixel_attention_mask` (B, H/patch, W/patch) is 0 where a patch holds nothing of the figure. With `mark_ink` (in the
    default mode) `ink_mask`, of the same shape, is 0 where a patch is blank paper. One class, PIL only, so that every
    machine sees the same pixels. `size` must be a multiple of `patch_size`.
    """

    valid_kwargs = PatentLMMImageProcessorKwargs
    model_input_names = ["pixel_values", "pixel_attention_mask"]
    size = {"height": 384, "width": 384}
    resample = Image.Resampling.LANCZOS
    image_mean = [0.5, 0.5, 0.5]
    image_std = [0.5, 0.5, 0.5]
    do_convert_rgb = True
    do_resize = True
    do_rescale = True
    do_normalize = True
    feature_mode = "default"
    patch_size = 16
    mark_ink = False

    def __init__(self, **kwargs):
        if kwargs.get("feature_mode") == "reference" and kwargs.get("resample") is None:
            kwargs["resample"] = Image.Resampling.BILINEAR
        super().__init__(**kwargs)
        _check_mode(self.feature_mode)
        _check_multiple(self.canvas, self.patch_size)

    @property
    def canvas(self) -> tuple[int, int]:
        """Width and height of every output in pixels."""
        return self.size["width"], self.size["height"]

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches of every output."""
        return self.size["height"] // self.patch_size, self.size["width"] // self.patch_size

    def letterbox(self, figure: tuple[int, int]) -> Letterbox:
        """Where a figure of (width, height) pixels lies in `pixel_values`; the whole canvas in the reference mode."""
        if self.feature_mode == "reference":
            return Letterbox(self.canvas, self.canvas)
        return Letterbox.fit(figure, self.canvas)

    def fetch_images(self, image_url_or_urls):
        """Paths and URLs as PIL images, anything else untouched; a multi-page TIFF stands for its first page.

        A string shorter than 4096 characters that is no URL is a path; longer ones are base64 data, as in chats.
        """
        if isinstance(image_url_or_urls, (list, tuple)):
            return [self.fetch_images(item) for item in image_url_or_urls]
        if _is_path(image_url_or_urls):
            return open_figure(image_url_or_urls)[0]
        return super().fetch_images(image_url_or_urls)

    def _prepare_image_like_inputs(self, images, **kwargs) -> list[Image.Image]:
        return [as_figure(image) for image in flatten(self.fetch_images(images))]

    def _preprocess(
        self,
        images: list[Image.Image],
        *,
        size,
        resample,
        patch_size,
        feature_mode,
        mark_ink=False,
        return_tensors=None,
        **kwargs,
    ) -> BatchFeature:
        _check_mode(feature_mode)
        canvas = (size["width"], size["height"])
        _check_multiple(canvas, patch_size)
        if not kwargs["do_resize"]:
            _check_resized(images, canvas)
        if feature_mode == "reference":
            pixels = [_rgb_array(image.convert("RGB").resize(canvas, resample)) for image in images]
            return BatchFeature({"pixel_values": self._scale(pixels, **kwargs)}, tensor_type=return_tensors)
        boxes = [Letterbox.fit(image.size, canvas) for image in images]
        pixels = [_rgb_array(_place(image, box, resample)) for image, box in zip(images, boxes, strict=True)]
        masks = [box.patch_mask(patch_size) for box in boxes]
        data = {"pixel_values": self._scale(pixels, **kwargs), "pixel_attention_mask": masks}
        if mark_ink:
            data["ink_mask"] = [_ink_mask(array, patch_size) for array in pixels]
        return BatchFeature(data, tensor_type=return_tensors)

    def _scale(
        self, pixels: list[np.ndarray], *, do_rescale, rescale_factor, do_normalize, image_mean, image_std, **kwargs
    ) -> list[np.ndarray]:
        """(3, H, W) 0..255 -> float32, rescaled and normalised as asked."""
        if do_rescale:
            pixels = [self.rescale(array, rescale_factor) for array in pixels]
        if do_normalize:
            pixels = [self.normalize(array, image_mean, image_std) for array in pixels]
        return [np.asarray(array, dtype=np.float32) for array in pixels]


def flatten(images) -> list:
    """One image, a list, or a list of lists of images as one list."""
    if not isinstance(images, (list, tuple)):
        return [images]
    return [image for item in images for image in flatten(item)]


def _is_path(image) -> bool:
    return isinstance(image, os.PathLike) or (
        isinstance(image, str) and not image.startswith(("http://", "https://", "data:")) and len(image) < 4096
    )


def _place(image: Image.Image, box: Letterbox, resample: int) -> Image.Image:
    # reducing_gap: whole-number box averaging first, then the filter; lines keep their grey and large scans stay cheap
    placed = image.resize(box.placed, resample, reducing_gap=3.0)
    canvas = Image.new(image.mode, box.canvas, "white")
    canvas.paste(placed, (0, 0))
    return canvas


def _rgb_array(image: Image.Image) -> np.ndarray:
    return np.moveaxis(np.asarray(image.convert("RGB")), -1, 0)


def _ink_mask(pixels: np.ndarray, patch_size: int) -> np.ndarray:
    """(3, H, W) 0..255 -> 1 for every patch with a pixel that is no blank paper, int64 (H / patch, W / patch)."""
    rows, columns = (side // patch_size for side in pixels.shape[1:])
    patches = pixels.reshape(-1, rows, patch_size, columns, patch_size)
    return (patches.min(axis=(0, 2, 4)) < PAPER).astype(np.int64)


def _check_mode(mode: str) -> None:
    if mode not in FEATURE_MODES:
        raise ValueError(f"feature_mode must be one of {', '.join(FEATURE_MODES)}, not {mode!r}")


def _check_multiple(canvas: tuple[int, int], patch_size: int) -> None:
    if any(side % patch_size for side in canvas):
        raise ValueError(f"size {canvas[0]}x{canvas[1]} must be a multiple of patch_size {patch_size}")


def _check_resized(images: list[Image.Image], canvas: tuple[int, int]) -> None:
    for image in images:
        if image.size != canvas:
            raise ValueError(f"do_resize=False needs images of {canvas} pixels, not {image.size}; let it resize")
