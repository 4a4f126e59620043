"""A merged adapter says what the unmerged one says, loads as one whole checkpoint, and fits or is refused."""

import json
import shutil

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file

from modeling_patentlmm import PatentLMMForConditionalGeneration, PatentLMMProcessor
from tests.train.runs import figure_row, train
from train.collate import FigureCollator, conversation_mix
from train.merge import main


@pytest.fixture(scope="module")
def adapter(stage_1, figures, tmp_path_factory):
    """A folder that stage 2 wrote."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        fields = {"model_name_or_path": str(stage_1), "train_data": str(figures), "lora_r": 4, "lora_alpha": 8}
        return train(monkeypatch, tmp_path_factory.mktemp("stage-2"), stage="lora", learning_rate=0.05, **fields)


@torch.no_grad()
def logits(model, folder):
    collator = FigureCollator(PatentLMMProcessor.from_pretrained(folder), conversation_mix(["brief"], copying=False))
    batch = collator([figure_row(1), figure_row(2)])
    batch.pop("token_kinds")
    return model.eval()(**batch).logits


def test_merged_logits_equal_unmerged(adapter, stage_1, tmp_path, capsys):
    out = tmp_path / "merged"
    assert main(["--adapter", str(adapter / "checkpoint-2"), "--out", str(out)]) == 0
    assert "merged into" in capsys.readouterr().out
    base = PatentLMMForConditionalGeneration.from_pretrained(stage_1)
    before = logits(base, stage_1)
    unmerged = logits(PeftModel.from_pretrained(base, adapter / "checkpoint-2"), stage_1)
    merged = PatentLMMForConditionalGeneration.from_pretrained(out)
    assert torch.allclose(logits(merged, out), unmerged, atol=1e-5)
    assert not torch.allclose(before, unmerged, atol=1e-3), "the adapter does something"
    assert merged.generation_config.use_cache and merged.config.text_config.use_cache
    assert (out / "modeling_patentlmm.py").exists(), "code travels along"


def test_the_sum_is_taken_in_float32_whatever_is_written(adapter, tmp_path):
    whole, half = tmp_path / "whole", tmp_path / "half"
    assert main(["--adapter", str(adapter), "--out", str(whole)]) == 0
    assert main(["--adapter", str(adapter), "--out", str(half), "--dtype", "bfloat16"]) == 0
    written = load_file(half / "model.safetensors")
    for name, weight in load_file(whole / "model.safetensors").items():
        assert weight.dtype == torch.float32 and torch.equal(weight.bfloat16(), written[name])


def changed(adapter, folder, change):
    shutil.copytree(adapter, folder)
    tensors = load_file(folder / "adapter_model.safetensors")
    change(tensors)
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    return folder


def narrow(tensors):
    name = next(name for name in tensors if "q_proj.lora_A" in name)
    tensors[name] = tensors[name][:, :-1].contiguous()


def remove(tensors):
    del tensors[next(name for name in tensors if "v_proj.lora_B" in name)]


def rename(tensors):
    name = next(name for name in tensors if "layers.1.self_attn.q_proj.lora_A" in name)
    tensors[name.replace("layers.1", "layers.7")] = tensors[name].clone()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [(narrow, "does not fit"), (remove, "v_proj.lora_B"), (rename, "layers.7")],
    ids=["another shape", "a tensor less", "a tensor more"],
)
def test_an_adapter_that_does_not_fit_is_refused(adapter, tmp_path, capsys, change, sentence):
    folder = changed(adapter, tmp_path / "adapter", change)
    assert main(["--adapter", str(folder), "--out", str(tmp_path / "out")]) == 1
    error = capsys.readouterr().err
    assert error.splitlines()[-1].startswith("merge: ") and sentence in error
    assert not (tmp_path / "out").exists()


def test_folders_that_cannot_be_used(adapter, tmp_path, capsys):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    assert main(["--adapter", str(adapter), "--out", str(tmp_path / "full")]) == 1
    assert "exists and is not an empty folder" in capsys.readouterr().err
    assert main(["--adapter", str(tmp_path / "full"), "--out", str(tmp_path / "out")]) == 1
    assert "holds no adapter" in capsys.readouterr().err
    assert main(["--adapter", str(adapter), "--out", str(tmp_path / "out"), "--base", str(tmp_path / "none")]) == 1
    assert "cannot be loaded" in capsys.readouterr().err


def test_the_adapter_names_its_base(adapter, stage_1):
    assert json.loads((adapter / "adapter_config.json").read_text())["base_model_name_or_path"] == str(stage_1)
