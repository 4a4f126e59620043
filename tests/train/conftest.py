"""Checkpoints and figures to train on."""

from pathlib import Path

import pytest
import torch

from tests.tiny import make_model, make_processor
from tests.train.runs import figure_row, write_figures


def save_checkpoint(folder: Path, processor=None, **options) -> Path:
    """A tiny random model whose projector counts as trained, and its processor."""
    import modeling_patentlmm

    modeling_patentlmm.register()
    processor = processor or make_processor()
    model = make_model(processor.tokenizer, processor.ocr_tokenizer, **options)
    with torch.no_grad():
        model.model.multi_modal_projector.linear_1.bias.add_(0.01)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def stage_1(tmp_path_factory) -> Path:
    """A checkpoint to begin stage 2 with."""
    return save_checkpoint(tmp_path_factory.mktemp("stage-1") / "model")


@pytest.fixture(scope="session")
def figures(tmp_path_factory) -> Path:
    """A folder with eight figures in two shards for training and four in one for validation."""
    folder = tmp_path_factory.mktemp("data") / "figures"
    write_figures(folder, [figure_row(index) for index in range(8)], shards=2)
    return write_figures(folder, [figure_row(index) for index in range(20, 24)], split="validation")


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """What `datasets` keeps goes with the test."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("cache"))
