"""Nothing of a visitor's file stays, nothing is fetched."""

import asyncio
import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("gradio")
import gradio as gr  # noqa: E402
import gradio.processing_utils  # noqa: E402
import gradio.route_utils  # noqa: E402

from space.privacy import UPLOADS, sweep, taken  # noqa: E402

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def uploaded():
    folder = UPLOADS / "0123"
    folder.mkdir()
    path = folder / "figure.png"
    path.write_bytes(b"a figure")
    yield path
    if folder.exists():
        path.unlink(missing_ok=True)
        folder.rmdir()


def test_an_upload_is_deleted_when_it_was_read(uploaded):
    with taken(str(uploaded)) as path:
        assert Path(path).read_bytes() == b"a figure"
    assert not uploaded.parent.exists()


def test_an_upload_is_deleted_when_reading_it_fails(uploaded):
    with pytest.raises(RuntimeError), taken(str(uploaded)):
        raise RuntimeError
    assert not uploaded.parent.exists()


def test_no_other_file_is_deleted(tmp_path):
    """An example, or whatever a path leads to outside the folder of uploads."""
    example = tmp_path / "example.png"
    example.touch()
    for path in (example, UPLOADS / ".." / tmp_path.name / "example.png", UPLOADS):
        with taken(str(path)):
            pass
    assert example.exists() and UPLOADS.exists()


def test_what_nobody_took_is_swept(uploaded):
    sweep(older_than=60)
    assert uploaded.exists()
    old = time.time() - 120
    os.utime(uploaded.parent, (old, old))
    sweep(older_than=60)
    assert not uploaded.parent.exists() and UPLOADS.exists()


def test_the_same_content_gets_another_name_each_time():
    """Gradio names the folder of an upload by this hash."""
    names = {gradio.route_utils.GradioUploadFile(io.BytesIO(b"same"), filename="a").sha.hexdigest() for _ in range(3)}
    assert len(names) == 3


def test_no_address_is_fetched(tmp_path):
    with pytest.raises(gr.Error, match="fetches nothing"):
        asyncio.run(gradio.processing_utils.async_ssrf_protected_download("https://example.com/a.png", str(tmp_path)))
    with pytest.raises(gr.Error, match="fetches nothing"):
        gradio.processing_utils.save_url_to_cache("https://example.com/a.png", str(tmp_path))


def test_an_uploaded_file_is_given_as_it_lies(uploaded):
    with gr.Blocks():
        field = gr.File(label="file")
    assert field.preprocess(gr.FileData(path=str(uploaded))) == str(uploaded) and field.preprocess(None) is None
    assert list(UPLOADS.iterdir()) == [uploaded.parent]


def test_gradio_is_told_before_it_is_imported():
    """In a fresh process: no telemetry, no hub, a folder of its own that is gone at the end."""
    code = (
        "import space.privacy as own, gradio.analytics, gradio.utils, huggingface_hub.constants as hub;"
        "assert not gradio.analytics.analytics_enabled() and hub.HF_HUB_OFFLINE;"
        "assert gradio.utils.get_upload_folder() == str(own.UPLOADS);"
        "print(own.UPLOADS)"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    folder = Path(result.stdout.strip())
    assert folder.name.startswith("patentlmm-space-") and not folder.exists()
