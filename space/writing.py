"""The model side: one checkpoint for all, and the texts of a figure while they are being written."""

import functools
import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from queue import SimpleQueue

if "SPACE_ID" in os.environ:  # on Hugging Face; must come before torch
    import spaces

    on_gpu = spaces.GPU(duration=60)
else:

    def on_gpu(function: Callable) -> Callable:
        """Leaves the function as it is: only ZeroGPU lends a GPU for the length of a call."""
        return function


import torch
from PIL import Image

from modeling_patentlmm import Description, FigureReading, describe, load_checkpoint

CHECKPOINT_VARIABLE = "PATENTLMM_CHECKPOINT"
BUNDLED_CHECKPOINT = Path(__file__).resolve().parent.parent / "checkpoints" / "patentlmm-tiny"
MOST_SECONDS = 120.0  # for the texts of one figure

turn = threading.Semaphore(1)  # pages are read and texts are written one at a time, whoever asks
# ZeroGPU runs `write` in a process of its own, where our turn would never come, and has a queue of its own.
_writers_turn = nullcontext() if "SPACES_ZERO_GPU" in os.environ else turn


class WritingError(Exception):
    """The texts could not be written; the message is a sentence for the person who waits for them."""


class _Stopped(Exception):
    """Nobody waits for the text any more."""


def checkpoint() -> Path:
    """The folder of $PATENTLMM_CHECKPOINT, or the bundled one."""
    return Path(os.environ.get(CHECKPOINT_VARIABLE) or BUNDLED_CHECKPOINT)


def is_bundled() -> bool:
    """Whether the checkpoint is the one that comes with the repository."""
    return checkpoint().resolve() == BUNDLED_CHECKPOINT


@functools.cache
def load() -> tuple:
    """The model of the checkpoint, on the GPU where there is one, and its processor.

    Raises `CheckpointError` where the folder is not a whole checkpoint.
    """
    model, processor = load_checkpoint(checkpoint())
    return (model.to("cuda") if torch.cuda.is_available() else model), processor


@on_gpu
def write(
    image: Image.Image, reading: FigureReading, parts: Mapping[str, str], label: str | None = None
) -> Iterator[dict[str, str] | Description]:
    """The texts of a figure so far by kind, the last one still growing, time and again; at last the description.

    The writing goes on whether or not the iterator is asked; it ends with its next word when the iterator is closed.

    Args:
        image: the figure as `reading` was made of it.
        parts: the list of parts.
        label: the figure number, in place of the one read.

    Raises:
        WritingError: it takes longer than `MOST_SECONDS`.
        ValueError: the figure is blank, or the label no figure number.
    """
    writer = _Writer()
    figure = {"image": image, "reading": reading, "parts": parts, "label": label}
    threading.Thread(target=writer.write, kwargs=figure, daemon=True, name="writing").start()
    try:
        while True:
            news = writer.told.get()
            if isinstance(news, Exception):
                raise news
            yield news
            if isinstance(news, Description):
                return
    finally:
        writer.stopped.set()


class _Writer:
    """What writes in a thread of its own, and tells of it."""

    def __init__(self):
        self.told: SimpleQueue = SimpleQueue()
        self.stopped = threading.Event()
        self.texts: dict[str, str] = {}
        self.deadline = math.inf

    def write(self, **figure) -> None:
        """Tell the texts of a figure so far, and at last its description, or what went wrong."""
        with _writers_turn:
            if self.stopped.is_set():
                return
            self.deadline = time.monotonic() + MOST_SECONDS
            try:
                self.told.put(describe(*load(), on_text=self.follow, **figure))
            except Exception as error:
                self.told.put(error)

    def follow(self, kind: str, text: str) -> None:
        """Tell a text so far, as long as somebody waits for it."""
        if self.stopped.is_set():
            raise _Stopped
        if time.monotonic() > self.deadline:
            raise WritingError(f"Writing took longer than {MOST_SECONDS:.0f} seconds; try again later.")
        self.texts[kind] = text
        self.told.put(dict(self.texts))
