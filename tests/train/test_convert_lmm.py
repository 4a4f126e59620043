"""PatentLMM converted computes what the reference code computed, and only with every detail right."""

import json
import os
import subprocess
import sys
import weakref

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForImageTextToText

import modeling_patentlmm
from modeling_patentlmm import PatentLMMForConditionalGeneration
from tests.published import (
    CONFIG_FILE,
    FEATURES,
    LMM_FILE,
    PARITY,
    expanded,
    full_size,
    lmm_tensors,
    parity_figure,
    parity_io,
    save_lmm,
)
from train.convert import output
from train.convert.__main__ import main
from train.convert.checkpoint import ConvertError
from train.convert.keymaps import LMM
from train.convert.lmm import convert_lmm, lmm_places, scale_of
from train.convert.plan import count, make_plan
from train.convert.sizes import Sizes, read_sizes

LAYER = "base_model.model.model.layers.0.self_attn.q_proj"
OURS = "model.language_model.layers.0.self_attn.q_proj.weight"


@pytest.fixture(scope="module")
def sizes() -> Sizes:
    return read_sizes(CONFIG_FILE)


@pytest.fixture(scope="module")
def converted(tmp_path_factory, sizes):
    modeling_patentlmm.register()
    folder = tmp_path_factory.mktemp("converted") / "lmm"
    convert_lmm(LMM_FILE, folder, sizes)
    return folder


def load(folder, attention: str = "sdpa") -> PatentLMMForConditionalGeneration:
    return AutoModelForImageTextToText.from_pretrained(folder, attn_implementation=attention).eval()


def run(model, features: int = FEATURES) -> dict[str, torch.Tensor]:
    """What the model computes of the parity case, under the reference's names, with so many placeholders."""
    io, figure = parity_io(), parity_figure()
    ids = expanded(io["input_ids"], io["input_ids"], model.config.image_token_id, features)
    labels = expanded(io["labels"], io["input_ids"], -100, features)
    prompt = ids[:, : int((labels != -100).int().argmax())]
    seen = {}
    hook = model.model.multi_modal_projector.register_forward_pre_hook(lambda _, args: seen.update(features=args[0]))
    with torch.no_grad(), hook:
        states = model.get_image_features(**figure).last_hidden_state
        outputs = model(input_ids=ids, labels=labels, **figure)
        tokens = model.generate(input_ids=prompt, **figure, max_new_tokens=20, do_sample=False)
    text = io["greedy_ids"].shape[1] - 20
    return {
        "encoder_last_hidden_state": states,
        "features": seen["features"],
        "logits": outputs.logits,
        "loss": outputs.loss[None],
        "greedy_ids": torch.cat([io["greedy_ids"][:, :text], tokens[:, prompt.shape[1] :]], dim=1),
    }


BOUNDS = {"encoder_last_hidden_state": 1e-5, "features": 1e-5, "logits": 2e-5, "loss": 1e-5, "greedy_ids": 0}


def differences(found: dict[str, torch.Tensor]) -> dict[str, float]:
    """Largest difference from the reference of what has its shape; logits of fewer features compare at the text."""
    expected, found = parity_io(), dict(found)
    if found["logits"].shape != expected["logits"].shape:
        text = expected["input_ids"].shape[1] - 2  # all but <s> and the figure
        found["logits"], expected["logits"] = found["logits"][:, -text:], expected["logits"][:, -text:]
    comparable = [name for name in BOUNDS if found[name].shape == expected[name].shape]
    return {name: (found[name] - expected[name]).abs().max().item() for name in comparable}


def out_of_bounds(found: dict[str, torch.Tensor]) -> set[str]:
    return {name for name, difference in differences(found).items() if difference > BOUNDS[name]}


# --- parity ---


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_the_parity_case(converted, attention):
    model = load(converted, attention)
    assert model.config.feature_mode == "reference"
    assert model.model.vision_tower.config._attn_implementation == attention
    found = run(model)
    assert differences(found).keys() == BOUNDS.keys() and not out_of_bounds(found), differences(found)


STRANGER = """
import sys, torch, transformers
from safetensors.torch import load_file
folder, file = sys.argv[1:]
inputs = load_file(file)
expected = inputs.pop("expected")
names = ("AutoModelForImageTextToText", "AutoModelForCausalLM", "AutoModelForMultimodalLM", "AutoModel")
for name in names:
    model, loading = getattr(transformers, name).from_pretrained(
        folder, trust_remote_code=True, output_loading_info=True
    )
    assert not loading["missing_keys"] and not loading["mismatched_keys"], loading
    if name != "AutoModel":
        assert not loading["unexpected_keys"], loading
        with torch.no_grad():
            print((model.eval()(**inputs).logits - expected).abs().max().item())
assert "modeling_patentlmm" not in sys.modules
"""


def test_a_stranger_computes_the_same(converted, tmp_path):
    """A fresh process, nothing of ours importable, `trust_remote_code=True`."""
    from safetensors.torch import save_file

    io = parity_io()
    image_token_id = json.loads((converted / "config.json").read_text())["image_token_id"]
    ids = expanded(io["input_ids"], io["input_ids"], image_token_id)
    save_file({**parity_figure(), "input_ids": ids, "expected": io["logits"]}, tmp_path / "case.safetensors")
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_MODULES_CACHE": str(tmp_path / "modules")}
    command = [sys.executable, "-I", "-c", STRANGER, str(converted), str(tmp_path / "case.safetensors")]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr[-2000:]
    assert len(result.stdout.split()) == 3 and all(float(found) < 2e-5 for found in result.stdout.split())


# --- negative controls: each of these mistakes must show (spec section 9) ---


def test_control_lora_of_scale_1(tmp_path, sizes):
    convert_lmm(LMM_FILE, tmp_path / "out", sizes, alpha=sizes.lora_r)
    assert {"logits", "loss"} <= out_of_bounds(run(load(tmp_path / "out")))


def test_control_ocr_tokens_left_out(converted, monkeypatch):
    model = load(converted)
    monkeypatch.setattr(model.model, "select_features", lambda states, ocr_length, grid: states[:, ocr_length:])
    assert {"logits", "loss"} <= out_of_bounds(run(model, features=17))


@pytest.mark.parametrize("dropped", ["visual CLS, text <s> kept", "visual CLS too", "neither"])
def test_control_cls_mishandled(converted, monkeypatch, dropped):
    chosen = {
        "visual CLS, text <s> kept": lambda states, t, grid: torch.cat([states[:, :t], states[:, t + 1 :]], dim=1),
        "visual CLS too": lambda states, t, grid: torch.cat([states[:, 1:t], states[:, t + 1 :]], dim=1),
        "neither": lambda states, t, grid: states,
    }[dropped]
    count = {"visual CLS, text <s> kept": 27, "visual CLS too": 26, "neither": 28}[dropped]
    model = load(converted)
    monkeypatch.setattr(model.model, "select_features", chosen)
    assert {"logits", "loss"} <= out_of_bounds(run(model, features=count))


# --- full size, on the meta device ---


def test_every_key_of_the_full_size_finds_its_place():
    sizes, shapes = read_sizes(None), full_size("patentlmm_module")
    plan = make_plan(LMM, shapes, lmm_places(sizes.lmm_config()), LMM_FILE)
    assert len(shapes) == 1179 == len(plan.keys()) + sum(map(len, plan.left_out.values()))
    assert {what: len(keys) for what, keys in plan.left_out.items()} == {"rotary buffers": 32}
    assert len(plan.sources) == 404 + 291 + 4 and count(plan.keys(), shapes) == 7_435_605_504
    scale, sentence = scale_of(plan, shapes, sizes, None, LMM_FILE)
    assert scale == 2.0
    assert sentence == (
        "1,179 keys: 699 weights, LoRA of rank 128 and alpha 256 merged into 224 of them, 32 rotary buffers left out; "
        "7,435,605,504 parameters, 340,795,392 of them trained in stage 2"
    )


def test_stage_2_trains_as_many_parameters_as_the_paper_says():
    from peft import get_peft_model

    from train.sft import PatentLMMArguments, freeze, lora_config

    with torch.device("meta"):
        model = PatentLMMForConditionalGeneration(read_sizes(None).lmm_config())
        freeze(model, "lora")
        projector = sum(parameter.numel() for parameter in model.model.multi_modal_projector.parameters())
        model = get_peft_model(model, lora_config(PatentLMMArguments("", "")))
    trained = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    total = sum(parameter.numel() for parameter in model.parameters())
    # PEFT trains a copy of the projector and keeps the original beside it.
    assert (trained, total - projector) == (340_795_392, 7_435_605_504)


# --- LoRA, dtype, shards ---


def test_alpha_is_twice_the_rank_unless_given(tmp_path, converted, sizes):
    without = Sizes(sizes.vision, sizes.text)
    assert "rank 4 and alpha 8 merged into 14" in convert_lmm(LMM_FILE, tmp_path / "a", without)
    assert "rank 4 and alpha 6 merged" in convert_lmm(LMM_FILE, tmp_path / "b", without, alpha=6, dry_run=True)
    assert torch.equal(weights(tmp_path / "a")[OURS], weights(converted)[OURS])
    tensors = lmm_tensors()
    product = tensors[f"{LAYER}.lora_B.default.weight"] @ tensors[f"{LAYER}.lora_A.default.weight"]
    assert torch.allclose(weights(converted)[OURS], tensors[f"{LAYER}.weight"] + 2 * product, atol=1e-6)


def weights(folder) -> dict[str, torch.Tensor]:
    return {name: value for file in sorted(folder.glob("*.safetensors")) for name, value in load_file(file).items()}


def test_merging_is_in_float32_whatever_is_read_or_written(tmp_path, sizes):
    tensors = {name: value.bfloat16() for name, value in lmm_tensors().items()}
    file = save_lmm(tmp_path / "half.pt", tensors)
    convert_lmm(file, tmp_path / "half", sizes)
    convert_lmm(file, tmp_path / "full", sizes, dtype="float32")
    half, full = weights(tmp_path / "half"), weights(tmp_path / "full")
    assert {value.dtype for value in half.values()} == {torch.bfloat16}
    assert not torch.equal(full[OURS], full[OURS].bfloat16().float())
    assert all(torch.equal(value, full[name].bfloat16()) for name, value in half.items())
    assert load(tmp_path / "half").dtype == torch.bfloat16


def test_mixed_dtypes_ask_for_one(tmp_path, sizes):
    file = save_lmm(tmp_path / "mixed.pt", {**lmm_tensors(), f"{LAYER}.weight": torch.zeros(32, 32).half()})
    with pytest.raises(ConvertError, match=r"mixes torch.float16, torch.float32; choose one with --dtype"):
        convert_lmm(file, tmp_path / "out", sizes)


def test_shards_are_written_one_by_one_and_load_as_one(tmp_path, converted, sizes, monkeypatch):
    """When a shard is being written, the one before is gone from memory, and no shard is over the limit."""
    written, alive = [], []

    def spy(tensors, path, metadata):
        assert not [1 for shard in written if shard() is not None]
        merged = next((value for name, value in tensors.items() if "q_proj" in name), None)
        written.append(weakref.ref(merged) if merged is not None else lambda: None)
        alive.append(sum(value.nbytes for value in tensors.values()))
        save(tensors, path, metadata)

    save = output.save_file
    monkeypatch.setattr(output, "save_file", spy)
    convert_lmm(LMM_FILE, tmp_path / "out", sizes, max_shard_size=200_000)
    assert len(alive) > 3 and max(alive) <= 200_000
    index = json.loads((tmp_path / "out" / "model.safetensors.index.json").read_text())
    assert index["metadata"]["total_size"] == sum(alive) and len(set(index["weight_map"].values())) == len(alive)
    whole = weights(converted)
    assert all(torch.equal(value, whole[name]) for name, value in load(tmp_path / "out").state_dict().items())


# --- what does not fit is refused ---


def changed(**changes) -> dict[str, torch.Tensor]:
    """The case's tensors with some replaced; None takes one out."""
    tensors = {**lmm_tensors(), **changes}
    return {name: value for name, value in tensors.items() if value is not None}


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"base_model.stray": torch.ones(1)}, r"1 keys have no place in the model \(base_model.stray\)"),
        (
            {"base_model.model.model.vision_tower.vision_tower.stray": torch.ones(1)},
            r"1 keys have no place in the model \(base_model.model.model.vision_tower.vision_tower.stray\)",
        ),
        ({f"{LAYER}.weight": None}, rf"1 weights of the model are not in it \({OURS}\)"),
        ({f"{LAYER}.lora_B.default.weight": None}, rf"1 weights have one half of a LoRA only \({OURS}\)"),
        ({f"{LAYER}.weight": torch.ones(4, 32)}, rf"1 shapes differ .* \({LAYER}.weight 4x32 for 32x32\)"),
        ({f"{LAYER}.lora_B.default.weight": torch.ones(32, 3)}, r"shapes differ .* 4x32 and B 32x3 for 32x32"),
        (
            {f"{LAYER}.lora_A.default.weight": torch.ones(2, 32), f"{LAYER}.lora_B.default.weight": torch.ones(32, 2)},
            r"LoRA matrices of ranks \[2, 4\] where one rank is expected",
        ),
    ],
)
def test_leftovers_and_wrong_shapes_are_refused_by_name(tmp_path, sizes, changes, message):
    with pytest.raises(ConvertError, match=f"file.pt: .*{message}"):
        convert_lmm(save_lmm(tmp_path / "file.pt", changed(**changes)), tmp_path / "out", sizes)
    assert not (tmp_path / "out").exists()


def test_a_configuration_that_contradicts_the_file_is_refused(tmp_path, sizes):
    with pytest.raises(ConvertError, match="LoRA has rank 4, the configuration says 8"):
        convert_lmm(LMM_FILE, tmp_path / "out", Sizes(sizes.vision, sizes.text, lora_r=8))
    (tmp_path / "sizes.json").write_text('{"llama": {"hiden_size": 32}}')
    with pytest.raises(ConvertError, match=r"sizes.json: has unknown fields \(hiden_size\)"):
        read_sizes(tmp_path / "sizes.json")
    (tmp_path / "sizes.json").write_text("{")
    with pytest.raises(ConvertError, match="sizes.json: is no JSON file"):
        read_sizes(tmp_path / "sizes.json")


def test_a_file_without_lora_is_taken_as_merged(tmp_path, sizes):
    tensors = {name: value for name, value in lmm_tensors().items() if ".lora_" not in name}
    sentence = convert_lmm(save_lmm(tmp_path / "file.pt", tensors), tmp_path / "out", sizes)
    assert "93 weights, no LoRA, 2 rotary buffers left out" in sentence
    assert torch.equal(weights(tmp_path / "out")[OURS], tensors[f"{LAYER}.weight"])


# --- the command ---


def test_the_command(tmp_path, capsys, converted):
    arguments = ["lmm", "--checkpoint", str(LMM_FILE), "--config", str(CONFIG_FILE), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--dry-run"]) == 0 and not (tmp_path / "out").exists()
    assert main(arguments) == 0
    assert "123 keys: 93 weights, LoRA of rank 4 and alpha 8" in capsys.readouterr().out
    assert weights(tmp_path / "out").keys() == weights(converted).keys()
    assert main(arguments) == 1
    assert "out: exists and is not an empty folder; name a new one\n" in capsys.readouterr().err
    assert main(["lmm", "--checkpoint", str(PARITY / "last.ckpt"), "--out", str(tmp_path / "other")]) == 1
    assert capsys.readouterr().err.startswith("train.convert: ")
    with pytest.raises(SystemExit):
        main([*arguments, "--tokenizer", "one"])


def test_generation_is_greedy_by_default(converted):
    config = load(converted).generation_config
    assert (config.do_sample, config.max_new_tokens, config.pad_token_id, config.eos_token_id) == (False, 24, 0, 2)
