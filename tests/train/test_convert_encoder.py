"""PatentMME converted computes what the reference code computed; positions of another grid are baked exactly."""

import json

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from transformers import AutoModel

import modeling_patentlmm
from modeling_patentlmm import PatentMMEConfig, PatentMMEForPreTraining, PatentMMEModel
from tests.published import (
    CONFIG_FILE,
    ENCODER_FILE,
    encoder_tensors,
    full_size,
    larger_grid,
    parity_figure,
    parity_io,
    pretraining_tensors,
    save_encoder,
)
from train.convert.__main__ import main
from train.convert.checkpoint import ConvertError
from train.convert.encoder import bake_positions, convert_encoder, encoder_config, encoder_places, plan_encoder
from train.convert.image_tokenizer import CODEBOOK, verdict
from train.convert.plan import count
from train.convert.sizes import Sizes, read_sizes


@pytest.fixture(scope="module")
def sizes() -> Sizes:
    modeling_patentlmm.register()
    return read_sizes(CONFIG_FILE)


def difference(folder, attention: str = "sdpa") -> float:
    """Largest difference of the encoder's output from the reference's."""
    model = AutoModel.from_pretrained(folder, attn_implementation=attention).eval()
    figure = {name.removeprefix("ocr_"): value for name, value in parity_figure().items()}
    with torch.no_grad():
        states = model(**figure).last_hidden_state
    return (states - parity_io()["encoder_last_hidden_state"]).abs().max().item()


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_the_parity_case(tmp_path, sizes, attention):
    sentences = convert_encoder(ENCODER_FILE, tmp_path / "out", sizes)
    assert sentences == (
        "68 keys: 68 weights, 17 position rows as they are, nothing left out of the model\n"
        "The file holds no image tokenizer, so it does not tell whether one was trained."
    )
    assert difference(tmp_path / "out", attention) < 1e-5
    auto_map = json.loads((tmp_path / "out" / "config.json").read_text())["auto_map"]
    assert {f"{value.split('.')[0]}.py" for value in auto_map.values()} == {
        path.name for path in (tmp_path / "out").glob("*.py")
    }


# --- positions ---


def test_positions_of_another_grid_are_baked(tmp_path, sizes, monkeypatch):
    """6 x 6 positions whose bicubic reduction is the case's 4 x 4 give its numbers; bilinear ones must not."""
    file = save_encoder(tmp_path / "larger.ckpt", larger_grid(encoder_tensors(), side=6))
    assert "37 position rows baked to 17" in convert_encoder(file, tmp_path / "bicubic", sizes)
    assert difference(tmp_path / "bicubic") < 1e-5

    interpolate = F.interpolate
    monkeypatch.setattr(F, "interpolate", lambda grid, mode, **how: interpolate(grid, mode="bilinear", **how))
    convert_encoder(file, tmp_path / "bilinear", sizes)
    monkeypatch.undo()
    assert difference(tmp_path / "bilinear") > 1e-2


def test_baking_197_rows_is_what_pre_training_did_at_every_step():
    """The model's own interpolation from 14 x 14 to 24 x 24, bit for bit."""
    config = PatentMMEConfig(
        hidden_size=24, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8, coordinate_size=4,
        shape_size=4, input_size=224, vocab_size=10,
    )  # fmt: skip
    model = PatentMMEModel(config)
    torch.nn.init.normal_(model.pos_embed)
    baked = bake_positions(model.pos_embed, 24)
    assert baked.shape == (1, 577, 24) and torch.equal(baked[:, 1:], model.patch_positions(24, 24))
    assert torch.equal(baked[:, :1], model.pos_embed[:, :1])
    assert bake_positions(baked, 24) is baked


def test_positions_that_are_no_square_are_refused(tmp_path, sizes):
    file = save_encoder(tmp_path / "odd.ckpt", {**encoder_tensors(), "model.pos_embed": torch.ones(1, 16, 48)})
    with pytest.raises(ConvertError, match="odd.ckpt: model.pos_embed has 16 rows, which are no square grid"):
        convert_encoder(file, tmp_path / "out", sizes)


# --- heads and image tokenizer ---


def test_heads_and_image_tokenizer_are_left_out(tmp_path, sizes):
    file = save_encoder(tmp_path / "head.ckpt", pretraining_tensors())
    found, judged = convert_encoder(file, tmp_path / "out", sizes).split("\n")
    assert found.endswith(
        "13 pre-training head tensors, 12 heads outside the paper's objectives, 2 image-tokenizer tensors "
        "left out of the model"
    )
    assert "looks never trained" in judged and difference(tmp_path / "out") < 1e-5
    assert [path.name for path in (tmp_path / "out").glob("*.safetensors")] == ["model.safetensors"]


def test_heads_and_image_tokenizer_are_kept_on_request(tmp_path, sizes):
    tensors = pretraining_tensors()
    out = tmp_path / "out"
    convert_encoder(
        save_encoder(tmp_path / "head.ckpt", tensors), out, sizes, keep_heads=True, keep_image_tokenizer=True
    )
    model, loading = PatentMMEForPreTraining.from_pretrained(out, output_loading_info=True)
    assert not any(loading.values()), loading
    assert model.config.codebook_size == 33 and model.config.architectures == ["PatentMMEForPreTraining"]
    for name, value in model.state_dict().items():
        assert torch.equal(value, tensors[f"model.{name.removeprefix('layoutlmv3.')}"])
    kept = load_file(out / "image_tokenizer.safetensors")
    assert torch.equal(kept[CODEBOOK], tensors[f"model.vqgan.{CODEBOOK}"]) and len(kept) == 2
    assert difference(out) < 1e-5, "AutoModel takes the encoder out of it"


def test_what_is_not_there_cannot_be_kept(tmp_path, sizes):
    with pytest.raises(ConvertError, match="13 weights of the model are not in it .*vis_mask_token, mlm_head.proj"):
        convert_encoder(ENCODER_FILE, tmp_path / "out", sizes, keep_heads=True)
    with pytest.raises(ConvertError, match="holds no image tokenizer; leave out --keep-image-tokenizer"):
        convert_encoder(ENCODER_FILE, tmp_path / "out", sizes, keep_image_tokenizer=True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("keep_heads, placed", [(False, 404), (True, 404 + 13)])
@pytest.mark.parametrize("rows", [197, 577])
def test_every_key_of_the_full_size_finds_its_place(keep_heads, placed, rows):
    sizes, shapes = read_sizes(None), full_size("patentmme_pretrain")
    shapes["model.pos_embed"] = (1, rows, 1024)
    config = encoder_config(sizes, shapes, keep_heads)
    plan = plan_encoder(shapes, encoder_places(config, keep_heads), keep_heads, ENCODER_FILE)
    assert len(plan.keys()) == placed and len(shapes) == 772 == placed + sum(map(len, plan.left_out.values()))
    assert config.codebook_size == (16385 if keep_heads else 16384)
    tower = full_size("patentmme_tower")
    assert {key.removeprefix("model.") for key in plan.keys()} >= tower.keys()
    assert count(tower, tower) == 356_394_496


def judge(codes: torch.Tensor, norm: float = 1.0) -> str:
    return verdict({CODEBOOK: codes, "encoder.norm_out.weight": torch.full((8,), norm)})


def test_the_verdict_on_an_image_tokenizer():
    """B1: N(0, 0.02) where it was drawn anew; 1 / n where it was never touched; a trained one is neither."""
    draw = torch.Generator().manual_seed(0)
    noise = torch.randn(512, 32, generator=draw)
    assert judge(0.02 * noise) == (
        "The image tokenizer looks never trained: its codebook of 512 codes, "
        f"standard deviation {0.02 * noise.std():.4f}, is fresh noise and its norms are all ones (bug B1)."
    )
    assert "never trained" in judge(0.02 * noise, norm=0.5) and "though its norms" in judge(0.02 * noise, norm=0.5)
    assert "never trained" in judge((2 * torch.rand(512, 32, generator=draw) - 1) / 512)
    assert judge(0.3 * noise, 0.5) == (
        f"The image tokenizer looks trained (codebook of 512 codes, standard deviation {0.3 * noise.std():.4f})."
    )
    heavy = noise**3
    assert "looks trained" in judge(0.02 * heavy / heavy.std(), norm=0.5), "the same spread, but not Gaussian"


# --- what does not fit is refused ---


def test_leftovers_are_refused_by_name(tmp_path, sizes):
    file = save_encoder(tmp_path / "stray.ckpt", {**encoder_tensors(), "model.stray": torch.ones(1)})
    with pytest.raises(ConvertError, match=r"stray.ckpt: 1 keys have no place in the model \(model.stray\)"):
        convert_encoder(file, tmp_path / "out", sizes)
    with pytest.raises(ConvertError, match=r"shapes differ from .*word_embeddings.weight 300x48 for 50265x1024"):
        convert_encoder(
            ENCODER_FILE, tmp_path / "out", read_sizes(None).__class__(PatentMMEConfig(**THREE), sizes.text)
        )


THREE = {"num_hidden_layers": 3}


def test_the_command(tmp_path, capsys):
    arguments = ["encoder", "--checkpoint", str(ENCODER_FILE), "--config", str(CONFIG_FILE), "--dtype", "bfloat16"]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 0
    assert "68 keys" in capsys.readouterr().out
    assert AutoModel.from_pretrained(tmp_path / "out").dtype == torch.bfloat16
