"""The recipe end to end on a tiny random checkpoint: what each stage changes, and that the result loads and speaks."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForImageTextToText

from modeling_patentlmm import PatentLMMForConditionalGeneration
from tests.tiny import draw_figure, generic_ocr_tokenizer, make_processor
from tests.train.conftest import save_checkpoint
from tests.train.runs import environment, figure_row, history, losses, train, write_figures
from train import sft

LORA = {"stage": "lora", "lora_r": 4, "lora_alpha": 8}


def weights(folder):
    return PatentLMMForConditionalGeneration.from_pretrained(folder).state_dict()


def changed(before, after):
    assert before.keys() == after.keys()
    return {name for name, value in before.items() if not torch.equal(value, after[name])}


def merged(base, adapter):
    from peft import PeftModel

    model = PatentLMMForConditionalGeneration.from_pretrained(base)
    return PeftModel.from_pretrained(model, adapter).merge_and_unload()


# --- stages ---


def test_stage_projector_trains_the_projector_alone(monkeypatch, tmp_path, checkpoint, figures):
    fields = {"model_name_or_path": str(checkpoint), "train_data": str(figures), "stage": "projector"}
    trained = train(monkeypatch, tmp_path, **fields)
    names = changed(weights(checkpoint), weights(trained))
    assert names == {name for name in weights(checkpoint) if "multi_modal_projector" in name}


def test_stage_full_trains_everything_and_the_result_describes(monkeypatch, tmp_path, checkpoint, figures):
    from modeling_patentlmm import describe, load_checkpoint
    from modeling_patentlmm.ocr_patentlmm import FigureReading

    fields = {"model_name_or_path": str(checkpoint), "train_data": str(figures), "stage": "full"}
    trained = train(monkeypatch, tmp_path, **fields)
    names = changed(weights(checkpoint), weights(trained))
    assert any("vision_tower" in name for name in names) and any("language_model" in name for name in names)
    image = draw_figure()
    reading = FigureReading(words=(), rotation=0, size=image.size, engine="none", left_out=())
    model, processor = load_checkpoint(trained)
    assert isinstance(describe(model, processor, image, reading=reading, max_new_tokens=4).brief, str)


def test_stage_lora_changes_the_language_model_and_the_projector_only(monkeypatch, tmp_path, stage_1, figures):
    fields = {"model_name_or_path": str(stage_1), "train_data": str(figures), **LORA}
    trained = train(monkeypatch, tmp_path, **fields)
    names = changed(weights(stage_1), merged(stage_1, trained).state_dict())
    projections = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
    assert {name.split(".")[-2] for name in names if "language_model" in name} == set(projections)
    assert all("language_model" in name or "multi_modal_projector" in name for name in names)
    assert any("multi_modal_projector" in name for name in names)


@pytest.mark.parametrize("stage", ["projector", "lora"])
def test_a_copy_head_is_trained_in_every_stage(monkeypatch, tmp_path, figures, stage):
    """It is as new as the projector, and no other stage would train it."""
    processor = make_processor(generic_ocr_tokenizer(), copy_head=True)
    base = save_checkpoint(tmp_path / "base", processor, copy_head=True)
    fields = {**LORA, "model_name_or_path": str(base), "train_data": str(figures), "stage": stage}
    trained = train(monkeypatch, tmp_path, **fields)
    after = weights(trained) if stage == "projector" else merged(base, trained).state_dict()
    names = changed(weights(base), after)
    assert any("copy_head" in name for name in names)
    assert not any("vision_tower" in name or "lm_head" in name for name in names)


@pytest.mark.parametrize("stage", ["projector", "lora", "full"])
def test_a_frozen_encoder_runs_without_dropout(monkeypatch, tmp_path, stage_1, figures, stage):
    """Bug B6 of the reference: its frozen encoder drops out a tenth of what it sees."""
    modes = []
    compute = sft.FigureTrainer.compute_loss

    def observed(trainer, model, *args, **kwargs):
        modules = [module for name, module in trainer.model.named_modules() if "vision_tower" in name]
        modes.append({module.training for module in modules if isinstance(module, torch.nn.Dropout)})
        return compute(trainer, model, *args, **kwargs)

    monkeypatch.setattr(sft.FigureTrainer, "compute_loss", observed)
    fields = {**LORA, "model_name_or_path": str(stage_1), "train_data": str(figures), "stage": stage}
    train(monkeypatch, tmp_path, **fields)
    assert modes == [{stage == "full"}] * 2


# --- learning rates ---


@pytest.mark.parametrize(
    ("stage", "parts"),
    [
        ("projector", {"multi_modal_projector": 0.02}),
        ("lora", {"multi_modal_projector": 0.02, "language_model": 0.01}),
        ("full", {"multi_modal_projector": 0.02, "language_model": 0.01, "vision_tower": 0.005}),
    ],
)
def test_every_part_has_its_learning_rate_and_the_schedule_scales_each(
    monkeypatch, tmp_path, stage_1, figures, stage, parts
):
    fields = {"projector_learning_rate": 0.02, "tower_learning_rate": 0.005, "lr_scheduler_type": "linear"}
    fields |= {**LORA, "stage": stage, "model_name_or_path": str(stage_1), "train_data": str(figures), "max_steps": 4}
    rows = [row for row in history(train(monkeypatch, tmp_path, **fields)) if "loss" in row]
    for step, row in enumerate(rows):
        logged = {name.removeprefix("learning_rate_"): row[name] for name in row if name.startswith("learning_rate_")}
        assert logged == pytest.approx({part: rate * (1 - step / 4) for part, rate in parts.items()})


def test_norms_and_biases_do_not_decay(monkeypatch, tmp_path, stage_1, figures):
    groups = []
    monkeypatch.setattr(sft.FigureTrainer, "train", lambda trainer, **_: groups.extend(named_groups(trainer)))
    fields = {"stage": "full", "weight_decay": 0.1, "model_name_or_path": str(stage_1), "train_data": str(figures)}
    train(monkeypatch, tmp_path, **fields)
    assert {decay for names, decay in groups} == {0.0, 0.1}
    kept = {name for names, decay in groups if decay == 0 for name in names}
    decayed = {name for names, decay in groups if decay for name in names}
    assert not any(name.endswith("bias") or "norm" in name.lower() for name in decayed)
    assert not any("proj.weight" in name or "dense.weight" in name for name in kept)


def named_groups(trainer):
    names = {id(parameter): name for name, parameter in trainer.model.named_parameters()}
    for group in trainer.create_optimizer().param_groups:
        yield [names[id(parameter)] for parameter in group["params"]], group["weight_decay"]


# --- data ---


@pytest.mark.parametrize("fields", [{}, {"streaming": True}], ids=["loaded", "streamed"])
def test_several_folders_and_one_line_about_what_is_left_out(monkeypatch, tmp_path, stage_1, caplog, fields):
    one = write_figures(tmp_path / "one", [figure_row(0), figure_row(1, brief_description=None)])
    two = write_figures(tmp_path / "two", [figure_row(2), figure_row(3, brief_description="")])
    seen = observe_rows(monkeypatch)
    fields = {**fields, "train_data": [str(one), str(two)], "tasks": "brief", "model_name_or_path": str(stage_1)}
    monkeypatch.setattr(logging.getLogger("train.shards"), "propagate", True)
    with caplog.at_level(logging.WARNING, "train.shards"):
        train(monkeypatch, tmp_path, stage="projector", **fields)
    assert set(seen) == {"0", "2"}
    [line] = [record.getMessage() for record in caplog.records if "left out" in record.getMessage()]
    assert line.startswith("2 of 4 figures") and line.endswith("no brief_description")


def observe_rows(monkeypatch) -> list[str]:
    """Ids of the rows that the collator is given, in order."""
    seen = []
    collate = sft.FigureCollator.__call__

    def observed(collator, rows):
        seen.extend(row["image_id"] for row in rows)
        return collate(collator, rows)

    monkeypatch.setattr(sft.FigureCollator, "__call__", observed)
    return seen


def test_a_stream_goes_round_and_trains(monkeypatch, tmp_path, stage_1, figures):
    seen = observe_rows(monkeypatch)
    fields = {"model_name_or_path": str(stage_1), "train_data": str(figures), "stage": "projector"}
    trained = train(monkeypatch, tmp_path, streaming=True, max_steps=12, **fields)
    assert len(losses(trained)) == 12
    assert sorted(seen[:8]) == sorted(map(str, range(8))), "each once before any comes again"
    assert sorted(seen[8:16]) == sorted(seen[:8]) and seen[8:16] != seen[:8]


def test_max_length_leaves_out_long_figures_and_cuts_none(monkeypatch, tmp_path, stage_1):
    rows = [figure_row(0), figure_row(1, brief_description="FIG. 1 shows " + "a housing 102 and " * 40)]
    folder = write_figures(tmp_path / "figures", rows)
    seen = observe_rows(monkeypatch)
    fields = {"model_name_or_path": str(stage_1), "train_data": str(folder), "stage": "projector"}
    train(monkeypatch, tmp_path, max_length=160, **fields)
    assert set(seen) == {"0"}


def test_ink_only_trains_on_fewer_tokens_and_stays_with_the_checkpoint(monkeypatch, tmp_path, stage_1, figures):
    counts = []
    compute = sft.FigureTrainer.compute_loss

    def observed(trainer, model, inputs, *args, **kwargs):
        counts.append(int((inputs["input_ids"] == model.config.image_token_id).sum()))
        return compute(trainer, model, inputs, *args, **kwargs)

    monkeypatch.setattr(sft.FigureTrainer, "compute_loss", observed)
    fields = {"model_name_or_path": str(stage_1), "train_data": str(figures), "stage": "projector", "max_steps": 1}
    trained = train(monkeypatch, tmp_path, ink_only=True, **fields)
    train(monkeypatch, tmp_path, **fields, output_dir=str(tmp_path / "plain"))
    assert 0 < counts[0] < counts[1]
    assert json.loads((trained / "processor_config.json").read_text())["ink_only"] is True


@pytest.mark.parametrize("stage", ["projector", "lora"])
def test_gradient_checkpointing_changes_no_loss(monkeypatch, tmp_path, stage_1, figures, stage):
    fields = {**LORA, "stage": stage, "lora_dropout": 0.0}
    fields |= {"model_name_or_path": str(stage_1), "train_data": str(figures), "max_steps": 3}
    plain = losses(train(monkeypatch, tmp_path, output_dir=str(tmp_path / "plain"), **fields))
    fields |= {"gradient_checkpointing": True, "output_dir": str(tmp_path / "checkpointed")}
    assert losses(train(monkeypatch, tmp_path, **fields)) == pytest.approx(plain, abs=1e-5)


# --- checkpoints ---

LOAD = """
import functools, json, sys
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor
name = sys.argv[1]
processor = AutoProcessor.from_pretrained(name, trust_remote_code=True)
model = AutoModelForImageTextToText.from_pretrained(name, trust_remote_code=True).eval()
block = {"type": "image", "image": Image.new("L", (100, 80)), "words": ["lid", "10"], "boxes": [[0, 0, 9, 9]] * 2}
messages = [{"role": "user", "content": [block, {"type": "text", "text": "Write."}]}]
batch = processor.apply_chat_template([messages], tokenize=True, return_dict=True, add_generation_prompt=True)
caches = []
forward = type(model).forward
@functools.wraps(forward)
def observed(self, *args, **kwargs):
    out = forward(self, *args, **kwargs)
    caches.append(out.logits.shape[1])
    return out
type(model).forward = observed
model.generate(**batch, max_new_tokens=4, min_new_tokens=4, do_sample=False)
flags = [model.config.text_config.use_cache, model.generation_config.use_cache]
print(json.dumps({"module": type(model).__module__, "flags": flags, "lengths": caches}))
"""


def load_elsewhere(folder: Path) -> dict:
    """What another process finds in a checkpoint, through the Auto classes and the code beside it."""
    env = {**environment(), "HF_MODULES_CACHE": str(folder.parent / "modules")}
    command = [sys.executable, "-c", LOAD, str(folder)]
    result = subprocess.run(command, cwd=folder.parent, env=env, capture_output=True, text=True, timeout=200)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("checkpoint_name", ["checkpoint-1", "."])
def test_checkpoints_load_with_the_auto_classes_in_another_process(
    monkeypatch, tmp_path, stage_1, figures, checkpoint_name
):
    fields = {"model_name_or_path": str(stage_1), "train_data": str(figures), "stage": "full", "save_steps": 1}
    found = load_elsewhere(train(monkeypatch, tmp_path, gradient_checkpointing=True, **fields) / checkpoint_name)
    assert "transformers_modules" in found["module"], "with the code beside the checkpoint"
    assert found["flags"] == [True, True]
    assert found["lengths"][1:] == [1, 1, 1], "one token a step"


def test_adapters_load_with_the_auto_classes(monkeypatch, tmp_path, stage_1, figures):
    fields = {"model_name_or_path": str(stage_1), "train_data": str(figures), "save_steps": 1, **LORA}
    folder = train(monkeypatch, tmp_path, **fields) / "checkpoint-1"
    model = AutoModelForImageTextToText.from_pretrained(folder)
    assert model.generation_config.use_cache and any("lora_A" in name for name, _ in model.named_parameters())
    names = dict(model.named_parameters())
    adapter = merged(stage_1, folder).model.multi_modal_projector.linear_1.weight
    loaded = names["model.multi_modal_projector.modules_to_save.default.linear_1.weight"]
    assert torch.equal(loaded, adapter)
    assert (folder / "processor_config.json").exists() and (folder / "ocr_tokenizer" / "tokenizer.json").exists()
