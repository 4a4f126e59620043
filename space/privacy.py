"""What keeps a visitor's files to the visitor: set before Gradio is imported, so import this first.

No telemetry, no requests to the Hub or to addresses that visitors give; uploads go to a folder of this process, each
under a name of its own, and are deleted as soon as they are read.
"""

import atexit
import os
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

UPLOADS = Path(tempfile.mkdtemp(prefix="patentlmm-space-"))
atexit.register(shutil.rmtree, UPLOADS, ignore_errors=True)
os.environ.update(GRADIO_TEMP_DIR=str(UPLOADS), GRADIO_ANALYTICS_ENABLED="False", HF_HUB_OFFLINE="1")

import gradio as gr  # noqa: E402
import gradio.processing_utils  # noqa: E402
import gradio.route_utils  # noqa: E402

KEEP_SECONDS = 600.0  # for files that are handed out through the API, and uploads that no call ever took


class _OwnFolderUpload(gradio.route_utils.GradioUploadFile):
    """An upload in a folder with a random name.

    Gradio names the folder by the content: two visitors with the same file would share it, and who deletes it first
    would take it from the other.
    """

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.sha.update(secrets.token_bytes(32))


async def _fetch_nothing(url: str) -> None:
    """In place of Gradio's download of files that are given by their address, which knows no bound on their size."""
    raise gr.Error("Give the file itself, not an address: this server fetches nothing.", print_exception=False)


def _path_only(self: gr.File, payload: gr.FileData | None) -> str | None:
    """An uploaded file as its path; Gradio's own way leaves an empty file behind for each."""
    return payload.path if payload else None


gr.File.preprocess = _path_only
gradio.route_utils.GradioUploadFile = _OwnFolderUpload
gradio.processing_utils.async_ssrf_protected_get = _fetch_nothing


@contextmanager
def taken(path: str) -> Iterator[str]:
    """An uploaded file while it is being opened; deleted with its folder at the end, whatever happens."""
    try:
        yield path
    finally:
        folder = Path(path).resolve().parent
        if UPLOADS.resolve() in folder.parents:
            shutil.rmtree(folder, ignore_errors=True)


def sweep(older_than: float = KEEP_SECONDS) -> None:
    """Delete what has been in the folder of uploads for longer than some seconds."""
    oldest = time.time() - older_than
    for path in UPLOADS.iterdir():
        if path.lstat().st_mtime <= oldest:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def keep_swept(every: float = KEEP_SECONDS / 10) -> None:
    """Sweep time and again, until the process ends."""

    def run() -> None:
        while True:
            time.sleep(every)
            with suppress(OSError):  # it was deleted meanwhile
                sweep()

    threading.Thread(target=run, daemon=True, name="sweep").start()
