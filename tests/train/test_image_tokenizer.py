"""The image tokenizer: its data and loss, its codebook, its loader, and the recipe end to end."""

import json
import os
import subprocess
import sys
from pathlib import Path

import datasets
import numpy as np
import pytest
import torch
import yaml
from accelerate import Accelerator
from diffusers import VQModel
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch.nn import functional as F

from dataset_builder.figure import FEATURES, Figure
from modeling_patentlmm import PatentLMMImageProcessor
from modeling_patentlmm.image_processing_patentlmm import Letterbox
from tests.tiny import BOXES, WORDS, draw_figure
from train import image_tokenizer
from train.image_tokenizer import ImageTokenizer, load_image_tokenizer
from train.image_tokenizer.__main__ import ImageTokenizerArguments, build, main
from train.image_tokenizer.codebook import assign, k_means, replace_unused
from train.image_tokenizer.data import PixelCollator, load_figures, word_mask
from train.image_tokenizer.objective import TokenizerObjective, as_patches
from train.image_tokenizer.report import measure, picture, scores

REPOSITORY = Path(image_tokenizer.__file__).resolve().parents[2]
SMALL = {
    "image_size": 48,
    "codebook_size": 8,
    "code_size": 4,
    "channels": [4, 4, 4, 4, 8],
    "layers_per_block": 1,
    "norm_num_groups": 4,
    "codebook_warmup_steps": 1,
    "codebook_refresh_steps": 2,
}
WEIGHTS = "diffusion_pytorch_model.safetensors"


def draw_figures(folder: Path, count: int = 4) -> Path:
    """A folder with one Parquet shard of figures, each of its own width."""
    folder.mkdir()
    images = [draw_figure((300 - 30 * index, 400)) for index in range(count)]
    rows = [
        Figure(str(index), image, "none", "1", None, "FIG. 1 is a view.", None, WORDS, BOXES).as_row()
        for index, image in enumerate(images)
    ]
    datasets.Dataset.from_list(rows, features=FEATURES).to_parquet(str(folder / "train.parquet"))
    return folder


@pytest.fixture
def figures(tmp_path) -> Path:
    return draw_figures(tmp_path / "figures")


@pytest.fixture
def objective() -> TokenizerObjective:
    torch.manual_seed(0)
    return TokenizerObjective(build(ImageTokenizerArguments("", "", **SMALL)), word_weight=4.0)


@pytest.fixture
def collate() -> PixelCollator:
    return PixelCollator(PatentLMMImageProcessor(size={"height": 48, "width": 48}))


@pytest.fixture
def folder(objective, tmp_path) -> Path:
    """A tokenizer with a codebook that no fresh one looks like."""
    torch.nn.init.normal_(objective.vq.quantize.embedding.weight)
    ImageTokenizer(objective.vq).save_pretrained(tmp_path / "tokenizer")
    return tmp_path / "tokenizer"


def recipe(figures: Path, out: Path, **changes) -> dict:
    options = {
        "train_data": str(figures),
        "eval_data": str(figures),
        "eval_split": "train",
        "output_dir": str(out),
        "max_steps": 4,
    }
    options |= {"per_device_train_batch_size": 2, "learning_rate": 0.01, "logging_steps": 1, "save_strategy": "no"}
    return {**options, "use_cpu": True, "report_to": "none", "disable_tqdm": True, **SMALL, **changes}


def run(monkeypatch, tmp_path, options: dict) -> Path:
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(options))
    monkeypatch.setattr(sys, "argv", ["image_tokenizer", "--config", str(path)])
    main()
    return Path(options["output_dir"])


# --- data and loss ---


def boxes() -> st.SearchStrategy[list[int]]:
    side = st.tuples(st.integers(0, 1000), st.integers(0, 1000)).map(sorted)
    return st.tuples(side, side).map(lambda sides: [sides[0][0], sides[1][0], sides[0][1], sides[1][1]])


@given(size=st.tuples(st.integers(16, 400), st.integers(16, 400)), box=boxes())
def test_words_are_where_their_boxes_are_and_never_in_the_letterbox(size, box):
    placement = Letterbox.fit(size, (48, 48))
    mask = word_mask(placement, [box])
    assert not mask[placement.placed[1] :].any() and not mask[:, placement.placed[0] :].any()
    x0, y0, x1, y1 = np.array(box) / 1000 * np.tile(placement.placed, 2)
    rows, columns = mask.nonzero()
    if len(rows):
        assert np.abs([columns.min() - x0, columns.max() + 1 - x1, rows.min() - y0, rows.max() + 1 - y1]).max() < 1.1
    else:
        assert x1 - x0 < 1 or y1 - y0 < 1


def test_a_figure_without_words_has_none(collate, figures):
    row = load_figures(str(figures), "train")[0]
    batch = collate([row | {"words": [], "boxes": []}])
    assert not batch["in_words"].any() and batch["inside"].any()


def test_pixels_are_those_of_patentmme(figures, collate):
    batch = collate(list(load_figures(str(figures), "train"))[:1])
    expected = collate.processor(draw_figure(), return_tensors="pt")
    assert torch.equal(batch["pixel_values"], expected["pixel_values"])
    assert batch["in_words"].any() and not (batch["in_words"] & ~batch["inside"]).any()
    assert torch.equal(F.max_pool2d(batch["inside"].float(), 16).long(), expected["pixel_attention_mask"])


def test_words_count_more_and_the_letterbox_nothing(objective, collate, figures):
    batch = collate([list(load_figures(str(figures), "train"))[-1]])
    inside, words = batch["inside"][0], batch["in_words"][0]
    assert not inside.all() and words.any()
    logits = []

    def keep(module, inputs, output):
        output.retain_grad()
        logits.append(output)

    objective.vq.decoder.register_forward_hook(keep)
    objective.edge_weight = 0.0
    outputs = objective(**batch)
    outputs["loss"].backward()
    slope = (logits[0].detach().sigmoid() - (batch["pixel_values"] / 2 + 0.5)).abs()
    weight = (logits[0].grad.abs() / slope).mean(dim=1)[0]
    assert not weight[~inside].any()
    assert weight[words].mean() / weight[inside & ~words].mean() == pytest.approx(4, rel=1e-3)
    used = outputs["codes"][as_patches(batch["inside"], outputs["codes"]).bool()].unique().tolist()
    pulled = objective.vq.quantize.embedding.weight.grad.abs().sum(dim=1).nonzero()[:, 0].tolist()
    assert pulled == used


def test_a_sharp_edge_costs_less_than_a_blurred_one(objective):
    from train.image_tokenizer.objective import edge_loss

    target = torch.zeros(1, 3, 8, 8)
    target[..., 4:] = 1
    blurred = F.avg_pool2d(target, 3, stride=1, padding=1, count_include_pad=False)
    weights = torch.ones(1, 8, 8)
    assert edge_loss(target, target, weights) == 0 < edge_loss(blurred, target, weights)


def test_before_the_codebook_is_set_no_code_is_trained(objective, collate, figures):
    outputs = objective(**collate(list(load_figures(str(figures), "train"))), quantised=False)
    outputs["loss"].backward()
    assert outputs["commitment"] == 0
    assert not objective.vq.quantize.embedding.weight.grad.any()
    assert objective.vq.encoder.conv_in.weight.grad.any()


# --- codebook ---


def test_k_means_finds_every_cluster_though_nearly_all_is_blank_paper():
    """990 latents in one place, ten elsewhere: drawn at random, the codes would all be the blank one."""
    draw = torch.Generator().manual_seed(0)
    clusters = torch.eye(10) * 10
    latents = torch.cat([torch.zeros(990, 10), clusters])
    codes = k_means(latents, 11, draw)
    _, distances = assign(latents, codes)
    assert distances.max() < 1e-3


def test_only_unused_codes_move_and_then_they_are_used():
    draw = torch.Generator().manual_seed(0)
    latents = torch.randn(200, 4, generator=draw)
    codes = torch.cat([latents[:3], torch.full((5, 4), 100.0)])
    before = codes.clone()
    assert replace_unused(codes, latents, draw) == 5
    assert torch.equal(codes[:3], before[:3])
    assert len(assign(latents, codes)[0].unique()) == 8


def test_fewer_latents_than_codes_leave_the_rest_where_they_are():
    codes = torch.full((5, 2), 100.0)
    assert replace_unused(codes, torch.zeros(3, 2), torch.Generator().manual_seed(0)) == 3
    assert (codes == 0).all(dim=1).sum() == 3
    assert replace_unused(codes, torch.zeros(3, 2), torch.Generator().manual_seed(0)) == 0


# --- report ---


def test_the_scores_on_an_example():
    """Two pixels of ten are wrong by one, one of them in a word's two; three of four codes, one half the time."""
    found = scores(torch.tensor([2.0, 10, 1, 2, 2]), torch.tensor([2.0, 1, 1, 0]))
    assert found["l1"] == 0.2 and found["l1_in_words"] == 0.5 and found["codes_used"] == 0.75
    assert found["psnr"] == pytest.approx(6.9897, abs=1e-4) and found["perplexity"] == pytest.approx(2**1.5)


def test_a_faithful_tokenizer_has_no_error(objective, collate, figures, monkeypatch):
    def perfect(pixel_values, inside, in_words, quantised):
        return {"drawn": pixel_values / 2 + 0.5, "codes": torch.zeros(len(inside), 3, 3, dtype=torch.long)}

    monkeypatch.setattr(objective, "forward", perfect)
    found = measure(objective, load_figures(str(figures), "train"), collate, 3, Accelerator(cpu=True))
    assert found["l1"] == found["l1_in_words"] == 0 and found["psnr"] == pytest.approx(100)
    assert found["codes_used"] == 1 / 8 and found["perplexity"] == 1


def test_originals_are_above_what_comes_back(objective, collate, figures):
    image = picture(objective, load_figures(str(figures), "train"), collate, count=2, scale=1)
    assert image.size == (96, 96)
    above = torch.from_numpy(np.asarray(image.crop((0, 0, 48, 48))).copy()).permute(2, 0, 1)
    expected = collate.processor(draw_figure(), return_tensors="pt")["pixel_values"][0]
    assert (above / 127.5 - 1 - expected).abs().max() < 0.01


# --- loader ---


def test_a_folder_comes_back_the_same_and_names_patches_row_by_row(objective, tmp_path):
    """The codes are set to the latents of six patches, so these patches are called 0 to 5."""
    pixels = torch.randn(2, 3, 48, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        latents = objective.vq.encode(pixels[1:]).latents[0].flatten(1).T
        objective.vq.quantize.embedding.weight.copy_(torch.cat([latents, torch.full((2, 4), 9.0)]))
    ImageTokenizer(objective.vq).save_pretrained(tmp_path / "tokenizer")
    tokenizer = load_image_tokenizer(tmp_path / "tokenizer")
    assert isinstance(tokenizer, ImageTokenizer) and (tokenizer.codebook_size, tokenizer.patch_size) == (8, 16)
    codes = tokenizer.encode(pixels)
    assert codes.dtype == torch.int64 and codes.shape == (2, 6) and codes[1].tolist() == [0, 1, 2, 3, 4, 5]


def test_it_stays_frozen_inside_a_model_in_training(folder):
    model = torch.nn.ModuleDict({"tokenizer": load_image_tokenizer(folder)}).train()
    assert not model["tokenizer"].training and not any(value.requires_grad for value in model.parameters())


def test_pixels_that_do_not_divide_into_patches_are_refused(folder):
    with pytest.raises(ValueError, match="40x48 pixels do not divide into patches of 16"):
        load_image_tokenizer(folder).encode(torch.zeros(1, 3, 40, 48))


@pytest.mark.parametrize("drawn", ["as VQModel draws it", "as the reference draws it"])
def test_an_untrained_one_is_refused(objective, tmp_path, drawn):
    vq = VQModel(norm_num_groups=8, block_out_channels=(8,), latent_channels=64, num_vq_embeddings=256)
    if drawn == "as the reference draws it":
        torch.nn.init.normal_(vq.quantize.embedding.weight, std=0.02)
    ImageTokenizer(vq).save_pretrained(tmp_path / "fresh")
    with pytest.raises(ValueError, match=r"fresh: its image tokenizer was never trained .*; train one with python -m"):
        load_image_tokenizer(tmp_path / "fresh")


def damage(folder: Path, how: str) -> None:
    config, weights = folder / "config.json", folder / WEIGHTS
    if how == "no weights":
        weights.unlink()
    elif how == "weights cut":
        weights.write_bytes(weights.read_bytes()[:1000])
    elif how == "a weight missing":
        save_file({name: value for name, value in load_file(weights).items() if "conv_in" not in name}, weights)
    elif how == "config cut":
        config.write_text(config.read_text()[:50])
    elif how == "a list":
        config.write_text("[]")
    elif how == "huge sizes":
        config.write_text(json.dumps(json.loads(config.read_text()) | {"num_vq_embeddings": 10**12}))
    elif how == "nonsense sizes":
        config.write_text(json.dumps(json.loads(config.read_text()) | {"block_out_channels": "many"}))
    else:
        config.write_text(json.dumps({"_class_name": "AutoencoderKL"}))


@pytest.mark.parametrize(
    "how",
    [
        "no weights",
        "weights cut",
        "a weight missing",
        "config cut",
        "a list",
        "huge sizes",
        "nonsense sizes",
        "kl",
    ],
)
def test_a_damaged_folder_is_refused_by_name(folder, how):
    damage(folder, how)
    with pytest.raises(ValueError, match=r"tokenizer: .*; train one with python -m train.image_tokenizer"):
        load_image_tokenizer(folder)


def test_a_folder_that_is_not_there_is_refused_without_asking_a_hub(tmp_path):
    with pytest.raises(ValueError, match="absent: holds no readable config.json"):
        load_image_tokenizer(tmp_path / "absent")


# --- the recipe ---


def test_the_recipe_writes_a_tokenizer_its_scores_and_a_picture(monkeypatch, tmp_path, figures):
    out = run(monkeypatch, tmp_path, recipe(figures, tmp_path / "out"))
    report = json.loads((out / "report.json").read_text())
    assert report["steps"] == 4 and report["figures_trained_on_by_process"] == [8] and report["held_out_figures"] == 4
    assert 0 < report["l1"] < 1 and 0 < report["codes_used"] <= 1 <= report["perplexity"] <= 8
    assert (out / "reconstructions.png").stat().st_size > 100
    tokenizer = load_image_tokenizer(out)
    processor = PatentLMMImageProcessor.from_pretrained(out)
    assert tokenizer.encode(processor(draw_figure(), return_tensors="pt")["pixel_values"]).shape == (1, 9)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"max_steps": 1}, "trains 1 steps but uses codes after 1 only; raise max_steps"),
        ({"image_size": 50}, "size 50x50 must be a multiple of patch_size 16"),
        ({"channels": [4, 4, 4, 4, 6]}, r"channels \[6\] do not divide into norm_num_groups 4"),
        ({"train_data": "absent"}, "absent holds no Parquet shard of the split 'train'"),
        ({"colour": 1}, "colour"),
    ],
)
def test_a_bad_recipe_ends_before_the_first_step(monkeypatch, tmp_path, figures, changes, message):
    with pytest.raises((SystemExit, ValueError), match=message):
        run(monkeypatch, tmp_path, recipe(figures, tmp_path / "out", **changes))
    assert not (tmp_path / "out" / "config.json").exists()


def test_figures_without_boxes_are_refused(tmp_path):
    datasets.Dataset.from_dict({"image_id": ["1"], "image": [None]}).to_parquet(str(tmp_path / "train.parquet"))
    with pytest.raises(ValueError, match="lacks the columns boxes, words"):
        load_figures(str(tmp_path), "train")


@pytest.mark.slow
def test_a_resumed_run_ends_where_an_unbroken_one_does(monkeypatch, tmp_path, figures):
    saving = {"save_strategy": "steps", "save_steps": 3, "max_steps": 6}
    whole = run(monkeypatch, tmp_path, recipe(figures, tmp_path / "whole", **saving))
    checkpoint = str(whole / "checkpoint-3")
    resumed = run(
        monkeypatch, tmp_path, recipe(figures, tmp_path / "resumed", **saving, resume_from_checkpoint=checkpoint)
    )
    expected, found = load_file(whole / WEIGHTS), load_file(resumed / WEIGHTS)
    assert all(torch.equal(value, found[name]) for name, value in expected.items())


@pytest.mark.slow
def test_two_processes_learn_what_one_does_with_accumulation(monkeypatch, tmp_path, figures):
    """Plain gradient descent over three steps, the setting of the codebook among them."""
    plain = {"optim": "sgd", "max_grad_norm": 0.0, "max_steps": 3, "lr_scheduler_type": "constant"}
    one = run(monkeypatch, tmp_path, recipe(figures, tmp_path / "one", **plain, gradient_accumulation_steps=2))
    path = tmp_path / "two.yaml"
    path.write_text(yaml.safe_dump(recipe(figures, tmp_path / "two", **plain)))
    command = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
    result = subprocess.run(
        [*command, "-m", "train.image_tokenizer", "--config", str(path)],
        cwd=REPOSITORY,
        env=os.environ | {"ACCELERATE_USE_CPU": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    report, alone = (json.loads((tmp_path / name / "report.json").read_text()) for name in ("two", "one"))
    assert report["figures_trained_on_by_process"] == [6, 6] and alone["figures_trained_on_by_process"] == [12]
    expected, found = load_file(one / WEIGHTS), load_file(tmp_path / "two" / WEIGHTS)
    for name, value in expected.items():
        assert torch.allclose(value, found[name], atol=1e-5), name
    assert report["l1"] == pytest.approx(alone["l1"], abs=1e-4)
