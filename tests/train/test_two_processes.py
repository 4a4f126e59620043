"""Two processes train as one that accumulates two batches, on the same figures."""

import pytest
import torch
from safetensors.torch import load_file

from tests.train.runs import launch, losses, recipe


def trained_weights(folder):
    [file] = [*folder.glob("model.safetensors"), *folder.glob("adapter_model.safetensors")]
    return load_file(file)


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["projector", "lora", "full"])
def test_gradients_equal_those_of_one_process_with_accumulation(tmp_path, stage_1, figures, stage):
    """With plain SGD the change of a weight is its gradient; answers differ in length, so token counts matter."""
    fields = {"model_name_or_path": str(stage_1), "train_data": str(figures), "stage": stage, "optim": "sgd"}
    fields |= {"learning_rate": 1.0, "lr_scheduler_type": "constant", "max_grad_norm": 0.0, "lora_r": 4}
    fields |= {"lora_dropout": 0.0, "train_sampling_strategy": "sequential", "tasks": "detailed", "max_steps": 1}
    one, two = tmp_path / "one", tmp_path / "two"
    base = tmp_path / "base"
    fields["model_name_or_path"] = str(without_dropout(stage_1, base))
    said = launch(recipe(tmp_path, output_dir=str(one), gradient_accumulation_steps=2, **fields))
    assert "8 figures, 4 a step, 1 processes" in said
    said = launch(recipe(tmp_path, output_dir=str(two), **fields), processes=2)
    assert "8 figures, 4 a step, 2 processes" in said
    assert losses(two) == pytest.approx(losses(one), abs=1e-5)
    after = {folder: trained_weights(folder) for folder in (one, two)}
    for name, weight in after[one].items():
        assert torch.allclose(weight, after[two][name], atol=2e-6), name


def without_dropout(checkpoint, folder):
    """The same model with an encoder that drops nothing out when it is trained."""
    from modeling_patentlmm import PatentLMMForConditionalGeneration, PatentLMMProcessor

    model = PatentLMMForConditionalGeneration.from_pretrained(checkpoint)
    model.config.vision_config.hidden_dropout_prob = model.config.vision_config.attention_probs_dropout_prob = 0.0
    model.save_pretrained(folder)
    PatentLMMProcessor.from_pretrained(checkpoint).save_pretrained(folder)
    return folder
