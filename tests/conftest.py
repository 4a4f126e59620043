"""Fixtures of all tests; what they are made of is in `tests/tiny.py`."""

import os
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # before anything of Hugging Face is imported

import pytest
from PIL import Image

from tests.tiny import draw_figure, make_model, make_processor


@pytest.fixture
def figure() -> Image.Image:
    return draw_figure()


@pytest.fixture
def processor():
    return make_processor()


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory) -> Path:
    """A folder that a tiny random model and its processor were saved to by the installed package, code included."""
    import modeling_patentlmm

    modeling_patentlmm.register()
    folder = tmp_path_factory.mktemp("checkpoint") / "patentlmm-random_v1.0"
    processor = make_processor()
    make_model(processor.tokenizer, processor.ocr_tokenizer).save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
