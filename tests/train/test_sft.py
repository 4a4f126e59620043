"""The recipe end to end on a tiny random checkpoint: what each stage changes, and that the result loads and speaks."""

import sys
from pathlib import Path

import datasets
import pytest
import torch
import yaml
from PIL import Image

from dataset_builder.figure import FEATURES, Figure
from train import sft

RECIPES = Path(sft.__file__).with_name("recipes")


@pytest.fixture
def figures(tmp_path):
    """A folder with one Parquet shard of four figures."""
    figure = Figure(
        image_id="0",
        image=Image.new("L", (100, 80), 255),
        patent_id="none",
        figure="1",
        kind="block_diagram",
        brief_description="FIG. 1 is a view of a housing 102.",
        detailed_description="The housing 102 holds the shaft 104.",
        words=["housing", "102"],
        boxes=[[0, 0, 90, 40], [0, 50, 40, 90]],
        confidences=[1.0, 1.0],
    )
    rows = [{**figure.as_row(), "image_id": str(index)} for index in range(4)]
    folder = tmp_path / "figures"
    folder.mkdir()
    datasets.Dataset.from_list(rows, features=FEATURES).to_parquet(str(folder / "train.parquet"))
    return folder


def run(monkeypatch, tmp_path, checkpoint, figures, **changes):
    """Run `train.sft` for two steps with a recipe file, as a person would."""
    recipe = {
        "model_name_or_path": str(checkpoint),
        "train_data": str(figures),
        "output_dir": str(tmp_path / "trained"),
        "max_steps": 2,
        "learning_rate": 0.01,
        "per_device_train_batch_size": 2,
        "logging_steps": 1,
        "gradient_checkpointing": False,
        "bf16": False,
        "use_cpu": True,
        "report_to": "none",
        **changes,
    }
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe))
    monkeypatch.setattr(sys, "argv", ["sft", "--config", str(path)])
    sft.main()
    return tmp_path / "trained"


def weights(folder):
    from modeling_patentlmm import PatentLMMForConditionalGeneration

    return PatentLMMForConditionalGeneration.from_pretrained(folder).state_dict()


def changed(before, after):
    assert before.keys() == after.keys()
    return {name for name, value in before.items() if not torch.equal(value, after[name])}


@pytest.mark.slow
def test_stage_projector_trains_the_projector_alone(monkeypatch, tmp_path, checkpoint, figures):
    trained = run(monkeypatch, tmp_path, checkpoint, figures, stage="projector")
    names = changed(weights(checkpoint), weights(trained))
    assert names and all("multi_modal_projector" in name for name in names)


@pytest.mark.slow
def test_stage_full_trains_everything_and_the_result_describes(monkeypatch, tmp_path, checkpoint, figures):
    from modeling_patentlmm import describe, load_checkpoint
    from modeling_patentlmm.ocr_patentlmm import FigureReading

    trained = run(monkeypatch, tmp_path, checkpoint, figures, stage="full")
    names = changed(weights(checkpoint), weights(trained))
    assert any("vision_tower" in name for name in names) and any("language_model" in name for name in names)
    image = Image.new("L", (100, 80), 255)
    image.paste(0, (10, 10, 60, 60))
    reading = FigureReading(words=(), rotation=0, size=image.size, engine="none", left_out=())
    model, processor = load_checkpoint(trained)
    assert isinstance(describe(model, processor, image, reading=reading, max_new_tokens=4).brief, str)


@pytest.mark.slow
def test_stage_lora_merges_into_a_model_with_other_weights_in_the_language_model_only(
    monkeypatch, tmp_path, checkpoint, figures
):
    from peft import PeftModel

    from modeling_patentlmm import PatentLMMForConditionalGeneration

    trained = run(monkeypatch, tmp_path, checkpoint, figures, stage="lora", lora_r=4, lora_alpha=8)
    model = PatentLMMForConditionalGeneration.from_pretrained(checkpoint)
    merged = PeftModel.from_pretrained(model, trained).merge_and_unload().state_dict()
    names = changed(weights(checkpoint), merged)
    assert any("language_model" in name for name in names)
    assert all("language_model" in name or "multi_modal_projector" in name for name in names)


def test_an_unknown_stage_is_refused():
    with pytest.raises(ValueError, match="stage is 'third'; choose one of"):
        sft.freeze(torch.nn.Linear(1, 1), "third")


def test_a_folder_without_parquet_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no Parquet"):
        sft.load_figures(str(tmp_path))


@pytest.mark.parametrize("path", sorted(RECIPES.rglob("sft*.yaml")), ids=lambda path: path.stem)
def test_recipes_have_only_known_fields(path):
    """An unknown key ends before the first step."""
    from trl import SFTConfig, TrlParser

    arguments, training = TrlParser((sft.PatentLMMArguments, SFTConfig)).parse_args_and_config(["--config", str(path)])
    assert arguments.stage in sft.STAGES
    assert training.learning_rate > 0
