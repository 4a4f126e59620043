"""The model side: one checkpoint for all, and the texts of a figure while they are being written."""

import functools
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
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

    To stop, close the iterator: the model is free when that returns.

    Args:
        image: the figure as `reading` was made of it.
        parts: the list of parts.
        label: the figure number, in place of the one read.

    Raises:
        WritingError: it takes longer than `MOST_SECONDS`.
        FigureError: the figure is blank.
    """
    model, processor = load()
    told: SimpleQueue = SimpleQueue()
    stopped = threading.Event()
    texts: dict[str, str] = {}
    deadline = time.monotonic() + MOST_SECONDS

    def follow(kind: str, text: str) -> None:
        if stopped.is_set():
            raise _Stopped
        if time.monotonic() > deadline:
            raise WritingError(
                f"Writing took longer than {MOST_SECONDS:.0f} seconds; crop the figure or try again later."
            )
        texts[kind] = text
        told.put(dict(texts))

    def work() -> None:
        try:
            told.put(describe(model, processor, image, parts=parts, reading=reading, label=label, on_text=follow))
        except Exception as error:
            told.put(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            news = told.get()
            if isinstance(news, Exception):
                raise news
            yield news
            if isinstance(news, Description):
                return
    finally:
        stopped.set()
        thread.join()
