"""The training benchmark at its smallest size: both sides see the same, and the line has what the table needs."""

import json
import sys

import pytest
import torch

from benchmarks import training_gpu, training_speed


@pytest.fixture(scope="module")
def rows():
    return [training_speed.generate(index, "train").as_row() for index in range(2)]


@pytest.fixture
def steps(rows):
    token = training_speed.make_processor(64).image_token_id
    models = training_speed.make_pair("tiny", token, "cpu")
    return training_speed.make_steps({name: training_speed.for_stage_2(m, 4) for name, m in models.items()}, rows, 64)


def test_both_sides_train_the_same_layers_on_the_same_tokens(steps):
    ours, llava = steps["patentlmm"], steps["llava"]
    training_speed.check_alike({"patentlmm": ours.model, "llava": llava.model}, steps)
    trained = [
        {name: weight.shape for name, weight in step.model.named_parameters() if "lora_" in name}
        for step in (ours, llava)
    ]
    assert trained[0] == trained[1] and len(trained[0]) == 2 * 7 * 2
    assert torch.equal(ours.inputs["labels"], llava.inputs["labels"])
    assert steps["patentlmm_ink_only"].tokens < ours.tokens == llava.tokens


def test_sides_that_differ_are_not_compared(steps):
    with torch.no_grad():
        steps["llava"].model.get_output_embeddings().weight.mul_(2)
    with pytest.raises(SystemExit, match="nothing to compare"):
        training_speed.check_alike({name: steps[name].model for name in ("patentlmm", "llava")}, steps)


def test_checkpointing_changes_no_gradient_and_is_turned_off_again(steps):
    step = steps["patentlmm"]
    step.optimizer.step = step.optimizer.zero_grad = lambda: None
    step.model.eval()  # no dropout
    gradients = []
    for run in (step, step.checkpointed, step):
        step.model.zero_grad()
        run()
        gradients.append({name: w.grad.clone() for name, w in step.model.named_parameters() if w.grad is not None})
    for again in gradients[1:]:
        assert again.keys() == gradients[0].keys()
        assert all(torch.allclose(again[name], gradients[0][name], atol=1e-6) for name in again)


def test_checkpointing_is_turned_off_where_memory_runs_out(steps):
    step = steps["patentlmm"]
    step.optimizer.step = lambda: (_ for _ in ()).throw(torch.OutOfMemoryError())
    with pytest.raises(torch.OutOfMemoryError):
        step.checkpointed()
    layers = step.model.base_model.model.model.language_model.layers
    assert not any(layer.gradient_checkpointing for layer in layers)
    assert all(weight.grad is None for weight in step.model.parameters())


def test_the_line(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["x", "--size", "tiny", "--figures", "9", "--repeats", "1", "--threads", "1"])
    training_speed.main()
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {"benchmark", "tokens_per_second", "peak_memory_gb", "padding", "versions", "device", "threads"} <= set(line)
    assert {"claim", "measured", "goal", "at_most", "reason"} == set(line["claims"][0])


def test_what_a_gpu_measures_runs_without_one(steps, rows):
    """The same functions on the CPU; the ratios to the card's peaks mean nothing here."""
    step = steps["patentlmm"]
    found = training_gpu.utilisation(step, 2)
    assert found["batch_size"] == 4 and len(step.inputs["input_ids"]) == 2
    token = training_speed.make_processor(64).image_token_id
    model = training_speed.build(training_speed.make_patentlmm, "tiny", token, "cpu").eval()
    assert set(training_gpu.decoding(model, prompt=8, new_tokens=16)) == {"seconds_per_token", "memory_bound_share"}
    layer = sum(weight.nbytes for weight in model.model.language_model.layers.parameters())
    assert training_gpu.bytes_read(model, 10) == layer + model.lm_head.weight.nbytes + 2 * 2 * 32 * 10 * 4


def test_the_qlora_step_has_four_bits(rows):
    import bitsandbytes

    processor, seen = training_speed.make_processor(64), []
    model = training_speed.build(training_speed.make_patentlmm, "tiny", processor.image_token_id, "cpu")

    def make_step(model):
        seen.append({type(m) for name, m in model.named_modules() if "language_model" in name and "_proj" in name})
        model = training_speed.for_stage_2(model, 4)
        batch = training_speed.as_trained(training_speed.collate(processor, rows[:1]))
        return training_speed.Step(model, training_speed.make_optimizer(model), batch)

    assert training_gpu.qlora_memory(model, make_step) > 0
    assert seen == [{bitsandbytes.nn.Linear4bit}]
