"""PatentLLaMA's adapter loads on a LLaMA backbone; projector files become ours."""

import json

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import LlamaForCausalLM

from modeling_patentlmm import PatentLMMForConditionalGeneration
from tests.published import CONFIG_FILE, LMM_FILE, full_size, lmm_tensors
from train.convert.__main__ import main
from train.convert.checkpoint import ConvertError
from train.convert.keymaps import PATENTLLAMA
from train.convert.lmm import convert_lmm
from train.convert.patentllama import adapter_places, convert_patentllama
from train.convert.plan import count, make_plan
from train.convert.sizes import Sizes, read_sizes

TARGETS = ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"]
QUERY = "base_model.model.model.layers.0.self_attn.q_proj.lora_A"


@pytest.fixture(scope="module")
def sizes() -> Sizes:
    return read_sizes(CONFIG_FILE)


def adapter() -> dict[str, torch.Tensor]:
    """The parity case's LoRA under the names of an adapter file."""
    return {key.replace(".default", ""): value for key, value in lmm_tensors().items() if ".lora_" in key}


def backbone(sizes) -> LlamaForCausalLM:
    """The parity case's language model, as a LLaMA of transformers."""
    prefix, model = "base_model.model.", LlamaForCausalLM(sizes.text).eval()
    tensors = {key.removeprefix(prefix): value for key, value in lmm_tensors().items()}
    model.load_state_dict({key: tensors[key] for key in model.state_dict()})
    return model


@pytest.mark.parametrize("names", ["peft's", "old"])
def test_the_adapter_loads_on_a_llama(tmp_path, sizes, names):
    """Merged by PEFT it gives the language model that `lmm` merges."""
    tensors = adapter() if names == "peft's" else {k: v for k, v in lmm_tensors().items() if ".lora_" in k}
    save_file(tensors, tmp_path / "adapter_model.safetensors")
    sentence = convert_patentllama(
        tmp_path / "out", sizes, tmp_path / "adapter_model.safetensors", base="liuhaotian/llava-v1.5-7b"
    )
    assert sentence == f"28 matrices of rank 4 on {', '.join(TARGETS)}, alpha 8."
    config = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    assert (config["r"], config["lora_alpha"], sorted(config["target_modules"])) == (4, 8, TARGETS)
    assert config["base_model_name_or_path"] == "liuhaotian/llava-v1.5-7b"
    merged = PeftModel.from_pretrained(backbone(sizes), tmp_path / "out").merge_and_unload().state_dict()
    convert_lmm(LMM_FILE, tmp_path / "lmm", sizes)
    whole = load_file(tmp_path / "lmm" / "model.safetensors")
    for name, value in merged.items():
        ours = name if name == "lm_head.weight" else name.replace("model.", "model.language_model.", 1)
        assert torch.allclose(value, whole[ours], atol=1e-6), name


def test_alpha_is_an_option(tmp_path, sizes):
    save_file(adapter(), tmp_path / "adapter_model.safetensors")
    without = Sizes(sizes.vision, sizes.text)
    for alpha, expected in ((None, 8), (16, 16)):
        out = tmp_path / str(alpha)
        convert_patentllama(out, without, tmp_path / "adapter_model.safetensors", alpha=alpha)
        assert json.loads((out / "adapter_config.json").read_text())["lora_alpha"] == expected


def test_every_key_of_the_full_size_finds_its_place():
    lora = {key: shape for key, shape in full_size("patentlmm_module").items() if ".lora_" in key}
    plan = make_plan(PATENTLLAMA, lora, adapter_places(read_sizes(None).text, TARGETS, 128), LMM_FILE)
    assert len(plan.keys()) == 448 and count(plan.keys(), lora) == 319_815_680


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"base_model.model.lm_head.lora_A.weight": torch.ones(4, 32)}, r"keys have no place in the model \(.*lm_head"),
        ({f"{QUERY}.weight": None}, rf"1 weights of the model are not in it \({QUERY}.weight\)"),
        ({f"{QUERY}.weight": torch.ones(4, 30)}, "shapes differ from the configuration's .*4x30 for 4x32"),
        ({f"{QUERY}.weight": torch.ones(2, 32)}, r"LoRA matrices of ranks \[2, 4\]"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(tmp_path, sizes, changes, message):
    tensors = {key: value for key, value in {**adapter(), **changes}.items() if value is not None}
    save_file(tensors, tmp_path / "adapter_model.safetensors")
    with pytest.raises(ConvertError, match=message):
        convert_patentllama(tmp_path / "out", sizes, tmp_path / "adapter_model.safetensors")
    assert not (tmp_path / "out").exists()


def test_what_is_no_adapter_is_refused(tmp_path, sizes):
    with pytest.raises(ConvertError, match="has no LoRA matrices where one rank is expected"):
        convert_patentllama(tmp_path / "out", sizes, projector_file(tmp_path, "model."))
    with pytest.raises(ConvertError, match="nothing to write; name an adapter"):
        convert_patentllama(tmp_path / "out", sizes, base="liuhaotian/llava-v1.5-7b")


def projector_file(folder, prefix: str):
    tensors = {key: value for key, value in lmm_tensors().items() if "mm_projector" in key}
    renamed = {prefix + key[key.index("mm_projector") :]: value for key, value in tensors.items()}
    torch.save(renamed, folder / "mm_projector.bin")
    return folder / "mm_projector.bin"


@pytest.mark.parametrize("prefix", ["model.", "base_model.model.model.", ""])
def test_projector_files_load_in_our_projector(tmp_path, sizes, prefix, capsys):
    """LLaVA's, stage 1's; by itself, or out of the backbone's folder."""
    file = projector_file(tmp_path, prefix)
    arguments = ["patentllama", "--config", str(CONFIG_FILE)]
    assert main([*arguments, "--out", str(tmp_path / "one"), "--projector", str(file)]) == 0
    assert main([*arguments, "--out", str(tmp_path / "two"), "--base", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "4 projector weights of mm_projector.bin renamed.\n" * 2
    model = PatentLMMForConditionalGeneration(sizes.lmm_config())
    for folder in ("one", "two"):
        weights = load_file(tmp_path / folder / "multi_modal_projector.safetensors")
        model.model.multi_modal_projector.load_state_dict(weights)
    expected = lmm_tensors()["base_model.model.model.mm_projector.2.weight"]
    assert torch.equal(model.model.multi_modal_projector.linear_2.weight, expected)
