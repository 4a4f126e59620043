"""What keeps a visitor's files to the visitor: set before Gradio is imported, so import this first.

No telemetry, no requests to the Hub; uploads go to a folder of this process, each under a name of its own, and are
deleted as soon as they are opened.
"""

import atexit
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UPLOADS = Path(tempfile.mkdtemp(prefix="patentlmm-space-"))
atexit.register(shutil.rmtree, UPLOADS, ignore_errors=True)
os.environ.update(GRADIO_TEMP_DIR=str(UPLOADS), GRADIO_ANALYTICS_ENABLED="False", HF_HUB_OFFLINE="1")

import gradio.route_utils  # noqa: E402

KEEP_SECONDS = 600  # for files that are handed out through the API, and uploads that no call ever took


class _OwnFolderUpload(gradio.route_utils.GradioUploadFile):
    """An upload in a folder with a random name.

    Gradio names the folder by the content: two visitors with the same file would share it, and who deletes it first
    would take it from the other.
    """

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.sha.update(secrets.token_bytes(32))


gradio.route_utils.GradioUploadFile = _OwnFolderUpload


@contextmanager
def taken(path: str) -> Iterator[str]:
    """An uploaded file while it is being opened; deleted with its folder at the end, whatever happens."""
    try:
        yield path
    finally:
        folder = Path(path).resolve().parent
        if UPLOADS.resolve() in folder.parents:
            shutil.rmtree(folder, ignore_errors=True)
