"""Recipes that cannot be followed end before the first step, in one sentence, whoever wrote them."""

import shutil
import sys

import pytest
import torch
from datasets import Features

from dataset_builder.figure import FEATURES
from modeling_patentlmm import PatentLMMForConditionalGeneration
from tests.tiny import make_model, make_processor
from tests.train.runs import figure_row, recipe, write_figures
from train import sft


@pytest.fixture
def refusal(monkeypatch, tmp_path, stage_1, figures):
    """Follow a recipe that must be refused; the one sentence it ends with."""

    def follow(**fields):
        fields = {"model_name_or_path": str(stage_1), "train_data": str(figures), **fields}
        monkeypatch.setattr(sys, "argv", ["sft", "--config", str(recipe(tmp_path, **fields))])
        monkeypatch.setattr(sft.FigureTrainer, "train", lambda *args, **kwargs: pytest.fail("training began"))
        with pytest.raises(SystemExit) as end:
            sft.main()
        assert isinstance(end.value.code, str) and end.value.code.startswith("sft: ") and "\n" not in end.value.code
        return end.value.code

    return follow


FIELDS = [
    ({"learning_rat": 1.0}, "learning_rat"),
    ({"stage": "third"}, "stage is 'third'; choose of projector, lora, full"),
    ({"dtype": "float8"}, "dtype is 'float8'; choose of float32, bfloat16"),
    ({"tasks": ["short"]}, "tasks is 'short'; choose of brief, detailed"),
    ({"tasks": []}, "tasks is empty"),
    ({"streaming": True, "max_steps": None}, "streaming needs max_steps"),
    ({"streaming": True, "max_length": 4096}, "max_length needs streaming: false"),
    ({"streaming": True, "train_sampling_strategy": "group_by_length"}, "group_by_length needs streaming: false"),
    ({"eval_strategy": "steps", "eval_steps": 1}, "eval_strategy needs eval_data"),
    ({"generate_figures": 4}, "generate_figures needs eval_strategy"),
    ({"load_in_4bit": True, "stage": "full"}, "load_in_4bit needs stage: lora, not full"),
    ({"max_length": 19}, "max_length 19 would cut the placeholders of every figure, which has 19 and more"),
    (
        {"max_length": 3, "ink_only": True},
        "max_length 3 would cut the placeholders of every figure, which has 3 and more",
    ),
    ({"max_length": 30}, "max_length 30 leaves out all 8 figures"),
    ({"train_split": "test"}, "holds no Parquet shard of the split 'test'"),
    ({"train_data": "nowhere"}, "nowhere holds no Parquet shard of the split 'train'"),
    ({"model_name_or_path": "nowhere"}, "nowhere: cannot be loaded"),
]


@pytest.mark.parametrize(("fields", "sentence"), FIELDS, ids=[sentence for _, sentence in FIELDS])
def test_fields(refusal, fields, sentence):
    assert sentence in refusal(**fields)


def test_a_recipe_that_is_not_there(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["sft", "--config", "nowhere.yaml"])
    with pytest.raises(SystemExit, match="nowhere.yaml"):
        sft.main()


def test_a_recipe_that_is_no_yaml(monkeypatch, tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text("a: [1")
    monkeypatch.setattr(sys, "argv", ["sft", "--config", str(path)])
    with pytest.raises(SystemExit, match="recipe.yaml: while parsing"):
        sft.main()


def test_stage_2_without_stage_1(refusal, checkpoint):
    """A projector as it was initialised has biases of zero; nothing else has."""
    assert "its projector was never trained" in refusal(model_name_or_path=str(checkpoint), stage="lora")
    model = PatentLMMForConditionalGeneration.from_pretrained(checkpoint)
    assert not any(bias.any() for name, bias in model.model.multi_modal_projector.named_parameters() if "bias" in name)


def test_a_lora_adapter_in_the_place_of_a_model(refusal, tmp_path):
    folder = tmp_path / "adapter"
    folder.mkdir()
    (folder / "adapter_config.json").write_text("{}")
    assert "is a LoRA adapter; merge it first" in refusal(model_name_or_path=str(folder))


@pytest.mark.parametrize("column", ["words", "brief_description", "image_id"])
def test_missing_columns(refusal, tmp_path, column):
    features = Features({name: kind for name, kind in FEATURES.items() if name != column})
    rows = [{name: value for name, value in figure_row(0).items() if name != column}]
    folder = write_figures(tmp_path / "figures", rows, features=features)
    assert f"lacks the columns {column}" in refusal(train_data=[str(folder)], tasks="brief")


def test_columns_that_only_scoring_needs(refusal, tmp_path, figures):
    features = Features({name: kind for name, kind in FEATURES.items() if name != "numerals"})
    rows = [{name: value for name, value in figure_row(0).items() if name != "numerals"}]
    folder = write_figures(tmp_path / "figures", rows, "validation", features=features)
    fields = {"eval_data": str(folder), "eval_strategy": "steps", "eval_steps": 1}
    assert "lacks the columns numerals" in refusal(**fields, generate_figures=1)


def test_a_file_that_is_no_parquet(refusal, tmp_path):
    folder = write_figures(tmp_path / "figures", [figure_row(0)])
    (folder / "train-extra.parquet").write_bytes(b"PAR1")
    assert "train-extra.parquet: is no whole Parquet file" in refusal(train_data=str(folder))


def test_no_figure_with_the_text(refusal, tmp_path):
    rows = [figure_row(0, detailed_description=None), figure_row(1, detailed_description="")]
    folder = write_figures(tmp_path / "figures", rows)
    assert "no figure has a detailed_description" in refusal(train_data=str(folder), tasks="detailed")


# --- tokenizers ---


def spoilt(stage_1, tmp_path, change) -> str:
    """A copy of a checkpoint with its files changed."""
    folder = tmp_path / "model"
    shutil.copytree(stage_1, folder)
    change(folder)
    return str(folder)


def replace(file: str, old: str, new: str):
    def change(folder):
        path = folder / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return change


def test_a_tokenizer_without_the_image_token(refusal, stage_1, tmp_path):
    def change(folder):
        for file in ("tokenizer.json", "tokenizer_config.json"):
            replace(file, '"<image>"', '"<picture>"')(folder)

    assert "the tokenizer does not know <image>" in refusal(model_name_or_path=spoilt(stage_1, tmp_path, change))


def test_a_tokenizer_with_another_image_token(refusal, stage_1, tmp_path):
    folder = spoilt(stage_1, tmp_path, replace("config.json", '"image_token_id": 3', '"image_token_id": 4'))
    assert "the tokenizer's <image> is 3, the model's 4" in refusal(model_name_or_path=folder)


def test_a_tokenizer_with_more_entries_than_the_model(refusal, tmp_path):
    processor = make_processor()
    model = make_model(processor.tokenizer, processor.ocr_tokenizer)
    with torch.no_grad():
        model.model.multi_modal_projector.linear_1.bias.add_(0.01)
    model.save_pretrained(tmp_path / "model")
    processor.tokenizer.add_tokens(["more"])
    processor.save_pretrained(tmp_path / "model")
    assert "the tokenizer has 341 entries, the model 340" in refusal(model_name_or_path=str(tmp_path / "model"))


@pytest.mark.parametrize(
    ("old", "new"),
    [("{%- generation -%}", ""), ("{{- text ~ eos_token -}}", "{{- text -}}")],
    ids=["no generation block", "the end outside"],
)
def test_a_template_that_does_not_say_what_to_learn(refusal, stage_1, tmp_path, old, new):
    def change(folder):
        replace("chat_template.jinja", old, new)(folder)
        if not new:
            replace("chat_template.jinja", "{%- endgeneration -%}", "")(folder)

    folder = spoilt(stage_1, tmp_path, change)
    assert "its chat template supervises no answer with its end" in refusal(model_name_or_path=folder)


def test_a_copy_head_on_one_side_only(refusal, stage_1, tmp_path):
    folder = spoilt(stage_1, tmp_path, replace("processor_config.json", '"copy_head": false', '"copy_head": true'))
    assert "copy_head is True in processor_config.json and False in config.json" in refusal(model_name_or_path=folder)
