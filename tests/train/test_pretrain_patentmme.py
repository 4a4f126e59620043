"""Pre-training of PatentMME on a tiny encoder: losses, gradients, resuming, output, bad recipes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import datasets
import pytest
import torch
import yaml
from PIL import Image
from transformers import AutoModel, TrainerCallback, TrainingArguments
from trl import TrlParser

from dataset_builder.figure import ELEMENT_CLASSES, FEATURES, Figure
from modeling_patentlmm import PatentMMEForPreTraining, PatentMMEModel
from tests.tiny import draw_figure, generic_ocr_tokenizer, make_processor
from train import pretrain_patentmme
from train.pretraining.collate import PretrainingCollator
from train.pretraining.encoder import load_encoder, new_encoder, prepare
from train.pretraining.figure_processor import load_figure_processor

REPOSITORY = Path(__file__).parents[2]
SHAPE = {
    "hidden_size": 36,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "coordinate_size": 6,
    "shape_size": 6,
    "input_size": 64,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}


class BrightnessTokenizer(torch.nn.Module):
    """An image tokenizer whose code of a patch is its mean brightness; the interface of train.image_tokenizer."""

    def __init__(self, patch_size=16, codebook_size=8):
        super().__init__()
        self.patch_size, self.codebook_size = patch_size, codebook_size

    def encode(self, pixel_values):
        means = torch.nn.functional.avg_pool2d(pixel_values.mean(dim=1, keepdim=True), self.patch_size).flatten(1)
        return ((means + 1) / 2 * self.codebook_size).long().clamp(0, self.codebook_size - 1)


def make_rows(count, first=0, elements=True):
    words = ["FIG.", "1", "sensor", "102", "housing", "104", "lid", "shaft", "106", "a", "view", "of"]
    rows = []
    for index in range(first, first + count):
        kept = words[: 4 + 3 * (index % 3)]  # figures differ in words, so batches in masked positions
        figure = Figure(
            image_id=str(index),
            image=draw_figure(seed=index % 5).convert("L"),
            patent_id="none",
            figure="1",
            kind="block_diagram",
            brief_description=None,
            detailed_description=None,
            words=kept,
            boxes=[[70 * place, 800, 70 * place + 60, 840] for place in range(len(kept))],
            confidences=[1.0] * len(kept),
            elements=[
                {"class": index % 5, "box": [100, 100, 100 + 100 * (index % 4 + 1), 300]},
                {"class": (index + 1) % 5, "box": [100, 600, 500, 800]},
            ]
            if elements
            else [],
        )
        rows.append(figure.as_row())
    return rows


def write(folder, rows, columns=None, split="train"):
    folder.mkdir(parents=True, exist_ok=True)
    figures = datasets.Dataset.from_dict({name: [row[name] for row in rows] for name in FEATURES}, features=FEATURES)
    figures = figures.select_columns(columns) if columns else figures
    figures.to_parquet(str(folder / f"{split}.parquet"))
    return str(folder)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Folders of drawn figures, of held-out ones, of figures without elements, and a tokenizer."""
    folder = tmp_path_factory.mktemp("made")
    generic_ocr_tokenizer().save_pretrained(folder / "ocr")
    return {
        "train_data": [write(folder / "train", make_rows(8))],
        "eval_data": [write(folder / "held_out", make_rows(3, first=100), split="validation")],
        "real": write(folder / "real", make_rows(4, first=200, elements=False)),
        "ocr_tokenizer": str(folder / "ocr"),
    }


@pytest.fixture
def recipe(made, tmp_path):
    return {
        "train_data": made["train_data"],
        "ocr_tokenizer": made["ocr_tokenizer"],
        "objectives": ["mlm", "pc"],
        "from_scratch": SHAPE,
        "output_dir": str(tmp_path / "out"),
        "max_steps": 2,
        "per_device_train_batch_size": 2,
        "per_device_eval_batch_size": 2,
        "learning_rate": 0.01,
        "logging_steps": 1,
        "save_strategy": "no",
        "use_cpu": True,
        "report_to": "none",
        "disable_tqdm": True,
    }


def parse(recipe, path):
    path.write_text(yaml.safe_dump(recipe))
    parser = TrlParser((pretrain_patentmme.PatentMMEArguments, TrainingArguments))
    return parser.parse_args_and_config(["--config", str(path)])


def make_trainer(recipe, tmp_path, image_tokenizer=None):
    arguments, training = parse(recipe, tmp_path / "recipe.yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pretrain_patentmme, "load_tokenizer_of_images", lambda _: image_tokenizer)
        return pretrain_patentmme.make_trainer(arguments, training)


def make_full(recipe, tmp_path, **changes):
    """A trainer of all three objectives."""
    recipe = {**recipe, "objectives": ["mlm", "mim", "pc"], "image_tokenizer": "stand-in", **changes}
    return make_trainer(recipe, tmp_path, BrightnessTokenizer())


def run(monkeypatch, recipe, tmp_path):
    """Run the command with a recipe file, as a person would."""
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    monkeypatch.setattr(sys, "argv", ["pretrain_patentmme", "--config", str(tmp_path / "recipe.yaml")])
    pretrain_patentmme.main()
    return Path(recipe["output_dir"])


# --- inputs ---


def test_the_encoder_sees_what_it_sees_in_inference():
    processor = make_processor(lowercase_words=True, words_by_character=True)
    rows = make_rows(3)
    batch = PretrainingCollator(processor)(rows)
    words, boxes = ([row[name] for row in rows] for name in ("words", "boxes"))
    expected = processor(images=[row["image"] for row in rows], words=words, boxes=boxes)
    for name, tensor in expected.items():
        assert torch.equal(batch[name.removeprefix("ocr_")], tensor)


def test_rows_without_elements_have_unknown_patches_and_others_none():
    batch = PretrainingCollator(make_processor())(make_rows(1) + make_rows(1, elements=False))
    assert (batch["patch_labels"][0] != -100).all()
    assert (batch["patch_labels"][1] == -100).any()


# --- losses and gradients ---


def test_codes_are_predicted_where_patches_are_hidden_and_nowhere_else(recipe, tmp_path):
    trainer = make_full(recipe, tmp_path)
    batch = next(iter(trainer.get_train_dataloader()))
    masked = trainer.mask(batch, 0)
    hidden = masked["patch_mask"]
    assert hidden.any()
    assert torch.equal(masked["codebook_labels"] != -100, hidden)
    assert torch.equal(masked["codebook_labels"][hidden], BrightnessTokenizer().encode(batch["pixel_values"])[hidden])
    assert (batch["patch_labels"][hidden] == 1).any(dim=-1).all()


def weights_after_a_step(recipe, tmp_path, **changes):
    trainer = make_full(
        recipe, tmp_path, optim="sgd", learning_rate=0.5, max_grad_norm=0.0, max_steps=1, seed=3, **changes
    )
    trainer.train()
    return trainer.model.state_dict(), trainer.state.log_history[0]


@pytest.mark.parametrize("dilute", [False, True])
def test_accumulation_gives_the_gradients_of_one_large_batch(recipe, tmp_path, dilute):
    """Means over masked positions of the whole step: batches of unlike numbers of masked words must weigh unlike."""
    whole, log = weights_after_a_step(recipe, tmp_path, per_device_train_batch_size=4, dilute_losses=dilute)
    parts, parts_log = weights_after_a_step(
        recipe, tmp_path, per_device_train_batch_size=1, gradient_accumulation_steps=4, dilute_losses=dilute
    )
    if dilute:  # its mean counts the padding of each batch: the losses differ, and that is the reference's defect
        assert log["mlm_loss"] != pytest.approx(parts_log["mlm_loss"], rel=1e-4)
        return
    for name in ("loss", "mlm_loss", "mim_loss", "patch_cls_loss"):
        assert log[name] == pytest.approx(parts_log[name], rel=1e-4)
    assert log["loss"] == pytest.approx(log["mlm_loss"] + log["mim_loss"] + log["patch_cls_loss"], rel=1e-4)
    for name, value in whole.items():
        torch.testing.assert_close(value, parts[name], rtol=1e-4, atol=1e-6)


def test_the_counted_loss_is_the_mean_over_masked_positions(recipe, tmp_path):
    trainer = make_full(recipe, tmp_path)
    batches, counts = trainer.get_batch_samples(iter(trainer.get_train_dataloader()), 2, trainer.args.device)
    assert counts.tolist() == [
        sum((batch["labels"] != -100).sum().item() for batch in batches),
        sum(batch["patch_mask"].sum().item() for batch in batches),
        sum(batch["pixel_attention_mask"].sum().item() * len(ELEMENT_CLASSES) for batch in batches),
    ]


class RateCallback(TrainerCallback):
    """The learning rate that each optimiser step takes."""

    def __init__(self):
        self.rates = []

    def on_pre_optimizer_step(self, args, state, control, optimizer=None, **kwargs):
        self.rates.append(optimizer.param_groups[0]["lr"])


def test_the_learning_rate_warms_up_by_steps(recipe, tmp_path):
    """Not by epochs, as in the reference (B2): two epochs of four steps here."""
    recipe |= {"warmup_steps": 4, "max_steps": 8, "lr_scheduler_type": "constant_with_warmup", "learning_rate": 0.004}
    trainer = make_trainer(recipe, tmp_path)
    watch = RateCallback()
    trainer.add_callback(watch)
    trainer.train()
    assert watch.rates == pytest.approx([0, 0.001, 0.002, 0.003, 0.004, 0.004, 0.004, 0.004])


def test_a_head_without_an_objective_stays_as_it_is(recipe, tmp_path):
    trainer = make_trainer({**recipe, "objectives": ["mlm"]}, tmp_path)
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    trainer.train()
    changed = {name for name, value in trainer.model.state_dict().items() if not torch.equal(value, before[name])}
    assert any(name.startswith("mlm_head") for name in changed)
    assert not any(name.startswith(("mim_head", "patch_cls_linear_head", "vis_mask_token")) for name in changed)


def test_a_tiny_encoder_learns_to_see_where_a_node_is(recipe, tmp_path):
    """A black square in one of four places; the held-out figures have it in the same places, with other words."""
    parts = (("train", 0, "train"), ("held_out", 100, "validation"))
    folders = [write(tmp_path / name, squares(8, first), split=split) for name, first, split in parts]
    recipe |= {"max_steps": 60, "per_device_train_batch_size": 8, "learning_rate": 0.003, "objectives": ["pc"]}
    trainer = make_trainer({**recipe, "train_data": folders[:1], "eval_data": folders[1:]}, tmp_path)
    before, _, after = trainer.evaluate(), trainer.train(), trainer.evaluate()
    assert after["eval_patch_f1_node"] > 0.9
    assert after["eval_patch_cls_loss"] < 0.1 * before["eval_patch_cls_loss"]


def squares(count, first):
    rows = make_rows(count, first)
    for index, row in enumerate(rows):
        x, y = 500 * (index % 2), 500 * (index // 2 % 2)
        row["image"] = Image.new("L", (64, 64), 255)
        row["image"].paste(0, (x * 64 // 1000, y * 64 // 1000, x * 64 // 1000 + 32, y * 64 // 1000 + 32))
        row["elements"] = [{"class": 0, "box": [x, y, x + 500, y + 500]}]
    return rows


# --- evaluation, log, output ---


def test_an_evaluation_is_the_same_whatever_the_batch(recipe, made, tmp_path):
    recipe |= {"eval_data": made["eval_data"]}
    scores = [make_full(recipe, tmp_path, per_device_eval_batch_size=size).evaluate() for size in (1, 3)]
    assert scores[0] == pytest.approx(scores[1], rel=1e-4)
    assert {
        "eval_mlm_loss",
        "eval_mim_loss",
        "eval_patch_cls_loss",
        "eval_masked_word_accuracy",
        "eval_patch_f1",
    } <= set(scores[0])


def test_the_output_loads_with_every_class_and_has_its_log(monkeypatch, recipe, made, tmp_path):
    recipe |= {
        "eval_data": made["eval_data"],
        "eval_strategy": "steps",
        "eval_steps": 1,
        "save_strategy": "steps",
        "save_steps": 2,
        "processor": {"lowercase_words": True},
    }
    out = run(monkeypatch, recipe, tmp_path)
    whole, loading = PatentMMEForPreTraining.from_pretrained(out, output_loading_info=True)
    assert not loading["missing_keys"] and not loading["unexpected_keys"]
    for model in (PatentMMEModel.from_pretrained(out), AutoModel.from_pretrained(out)):
        assert type(model) is PatentMMEModel
        for name, value in model.state_dict().items():
            assert torch.equal(value, whole.layoutlmv3.state_dict()[name])
    assert whole.config.objectives == ["mlm", "pc"]
    assert whole.config.id2label == dict(enumerate(ELEMENT_CLASSES))
    assert load_figure_processor(out).lowercase_words and load_figure_processor(out / "checkpoint-2").lowercase_words
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "mlm_loss" in line] == [1, 2]
    assert all(
        {"patch_cls_loss", "masked_word_accuracy", "feature_spread"} <= set(line) for line in lines if "loss" in line
    )
    assert sum("eval_patch_f1" in line for line in lines) == 2
    assert Image.open(out / "curves.png").width > 500


def test_a_resumed_run_is_the_unbroken_one(recipe, tmp_path):
    recipe |= {"max_steps": 6, "save_strategy": "steps", "save_steps": 3}
    unbroken = make_full(recipe, tmp_path, output_dir=str(tmp_path / "unbroken"))
    unbroken.train()
    broken = {**recipe, "output_dir": str(tmp_path / "broken")}
    first = make_full(broken, tmp_path)
    first.add_callback(StopAfter(4))  # killed one step after the checkpoint
    first.train()
    second = make_full(broken, tmp_path)
    second.train(resume_from_checkpoint=str(tmp_path / "broken/checkpoint-3"))
    for name, value in unbroken.model.state_dict().items():
        assert torch.equal(value, second.model.state_dict()[name]), name
    logs = [(tmp_path / name / "log.jsonl").read_text().splitlines() for name in ("unbroken", "broken")]
    losses = [[json.loads(line).get("mim_loss") for line in lines] for lines in logs]
    assert losses[0] == losses[1] and len(losses[0]) == 7


class StopAfter(TrainerCallback):
    def __init__(self, step):
        self.step = step

    def on_step_end(self, args, state, control, **kwargs):
        control.should_training_stop = state.global_step >= self.step


def test_pictures_show_the_predicted_patches(monkeypatch, recipe, tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    draw_figure().save(images / "sheet.png")
    out = run(monkeypatch, {**recipe, "pictures": str(images)}, tmp_path)
    picture = Image.open(out / "pictures/sheet.png")
    assert max(picture.size) >= 1000 and picture.mode == "RGB"


# --- where it starts ---


def make_layoutlmv3(folder, input_size=224):
    from transformers import LayoutLMv3Config, LayoutLMv3Model

    shape = {name: value for name, value in SHAPE.items() if name != "input_size"}
    config = LayoutLMv3Config(vocab_size=len(generic_ocr_tokenizer()), input_size=input_size, **shape)
    model = LayoutLMv3Model(config)
    torch.nn.init.normal_(model.pos_embed)
    model.save_pretrained(folder)
    return model


def test_layoutlmv3_weights_are_taken_over_and_positions_baked(tmp_path):
    stock = make_layoutlmv3(tmp_path)
    model = load_encoder(str(tmp_path), 64, codebook_size=8)
    assert model.config.input_size == 64 and model.config.codebook_size == 8
    assert model.layoutlmv3.pos_embed.shape == (1, 17, 36)
    assert torch.equal(model.layoutlmv3.pos_embed[:, 0], stock.pos_embed[:, 0])
    words = model.layoutlmv3.embeddings.word_embeddings.weight
    assert torch.equal(words, stock.embeddings.word_embeddings.weight)


def test_a_layoutlmv3_trains(recipe, tmp_path):
    make_layoutlmv3(tmp_path / "layoutlmv3")
    recipe = {**recipe, "model_name_or_path": str(tmp_path / "layoutlmv3"), "input_size": 64}
    del recipe["from_scratch"]
    trainer = make_trainer(recipe, tmp_path)
    trainer.train()
    assert trainer.state.global_step == 2


# --- the teacher ---


def make_teacher(folder, logit):
    """An earlier run whose patch head answers `logit` everywhere but for arrows, where it is unsure."""
    model = new_encoder(SHAPE, generic_ocr_tokenizer(), None)
    prepare(model, ["pc"], dilute_losses=False)
    last = model.patch_cls_linear_head.proj[2]
    torch.nn.init.zeros_(last.weight)
    last.bias.data = torch.tensor([logit] * 4 + [0.0])
    model.save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize("logit, expected", [(9.0, 1), (-9.0, 0), (2.0, -100)])
def test_the_teacher_labels_what_is_unknown_where_it_is_sure(recipe, made, tmp_path, logit, expected):
    teacher = make_teacher(tmp_path / "teacher", logit)
    trainer = make_trainer({**recipe, "train_data": [made["real"], *made["train_data"]], "teacher": teacher}, tmp_path)
    real, drawn = (
        PretrainingCollator(trainer.data_collator.processor)(make_rows(2, elements=e)) for e in (False, True)
    )
    labels = trainer.mask(real, 0)["patch_labels"]
    unknown = real["patch_labels"] == -100
    assert (labels[..., 0] == expected).all()
    assert (labels[..., ELEMENT_CLASSES.index("arrow")] == -100).all()
    assert torch.equal(labels[~unknown], real["patch_labels"][~unknown])  # what the words tell stands
    assert torch.equal(trainer.mask(drawn, 0)["patch_labels"], drawn["patch_labels"])


def test_real_figures_alone_train_with_a_teacher(recipe, made, tmp_path):
    teacher = make_teacher(tmp_path / "teacher", 9.0)
    trainer = make_full({**recipe, "train_data": [made["real"]], "teacher": teacher}, tmp_path)
    trainer.train()
    assert trainer.state.log_history[0]["mim_loss"] > 0


# --- bad recipes ---


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"objectives": ["mlm", "mim", "pc"]}, r"mim needs image_tokenizer.*set objectives: \[mlm, pc\]"),
        ({"objectives": ["mlm", "tna"]}, "list each of mlm, mim, pc once"),
        ({"objectives": []}, "one at least"),
        ({"model_name_or_path": "x"}, "exactly one of model_name_or_path and from_scratch"),
        ({"from_scratch": {**SHAPE, "input_size": 60}}, "not a multiple of patch_size"),
        ({"from_scratch": {**SHAPE, "vocab_size": 77}}, "embeddings of 77 words"),
        ({"input_size": 64}, "input_size is for a checkpoint"),
        ({"learning_rat": 1.0}, "learning_rat"),
        ({"train_data": ["/nowhere"]}, "/nowhere holds no Parquet shard"),
    ],
)
def test_bad_recipes_end_with_a_sentence(recipe, tmp_path, changes, sentence):
    with pytest.raises((ValueError, FileNotFoundError), match=sentence):
        make_trainer({**recipe, **changes}, tmp_path)


def test_an_image_tokenizer_of_other_patches_or_codes_is_refused(recipe, tmp_path):
    recipe |= {"objectives": ["mim"], "image_tokenizer": "stand-in"}
    with pytest.raises(ValueError, match="patches of 32 pixels, the encoder of 16"):
        make_trainer(recipe, tmp_path, BrightnessTokenizer(patch_size=32))
    recipe["from_scratch"] = {**SHAPE, "codebook_size": 9}
    with pytest.raises(ValueError, match="8 codes, the encoder's head 9"):
        make_trainer(recipe, tmp_path, BrightnessTokenizer())


def test_figures_without_elements_or_columns_or_in_both_sets_are_refused(recipe, made, tmp_path):
    with pytest.raises(ValueError, match="no figure of .*real has elements"):
        make_trainer({**recipe, "train_data": [made["real"]]}, tmp_path)
    bare = write(tmp_path / "bare", make_rows(1), columns=["image_id", "image"])
    with pytest.raises(ValueError, match="bare/train.parquet: lacks the columns boxes, elements, words"):
        make_trainer({**recipe, "train_data": [bare]}, tmp_path)
    with pytest.raises(ValueError, match="empty holds Parquet files without a figure"):
        make_trainer({**recipe, "train_data": [write(tmp_path / "empty", [])]}, tmp_path)
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn/train.parquet").write_bytes(b"PAR1 torn")
    with pytest.raises(ValueError, match="torn/train.parquet: is no whole Parquet file"):
        make_trainer({**recipe, "train_data": [str(tmp_path / "torn")]}, tmp_path)
    with pytest.raises(ValueError, match="8 figures of eval_data are in train_data too, 0 among them"):
        make_trainer({**recipe, "eval_data": made["train_data"], "eval_split": "train"}, tmp_path)


def test_mlm_alone_needs_no_elements(recipe, made, tmp_path):
    trainer = make_trainer({**recipe, "train_data": [made["real"]], "objectives": ["mlm"]}, tmp_path)
    trainer.train()
    assert "patch_cls_loss" not in trainer.state.log_history[0]


def test_a_teacher_without_a_trained_patch_head_is_refused(recipe, tmp_path):
    make_layoutlmv3(tmp_path / "stock")
    for teacher, changes, sentence in (
        (str(tmp_path / "stock"), {}, "was not trained on patches"),
        (
            make_teacher(tmp_path / "teacher", 1.0),
            {"teacher_confidence": {"nodes": 0.9}},
            "teacher_confidence has nodes",
        ),
        (make_teacher(tmp_path / "teacher", 1.0), {"teacher_confidence": {"node": 0.2}}, "teacher_confidence has node"),
    ):
        with pytest.raises(ValueError, match=sentence):
            make_trainer({**recipe, "teacher": teacher, **changes}, tmp_path)


# --- several processes ---

TWO = """
import sys, torch
from tests.train.test_pretrain_patentmme import *
recipe = yaml.safe_load(open(sys.argv[1]))
trainer = make_full(recipe, Path(sys.argv[2]).parent, **yaml.safe_load(sys.argv[4]))
assert trainer.accelerator.num_processes == trainer.args.world_size == int(sys.argv[3])
scores = trainer.evaluate()
trainer.train()
if trainer.is_world_process_zero():
    torch.save({"weights": trainer.model.state_dict(), "log": trainer.state.log_history, "scores": scores}, sys.argv[2])
"""


@pytest.mark.slow
def test_two_processes_give_the_gradients_of_one_with_accumulation(recipe, made, tmp_path):
    """And the same losses and scores; three held-out figures do not divide by two processes."""
    recipe |= {"eval_data": made["eval_data"], "optim": "sgd", "learning_rate": 0.5, "max_grad_norm": 0.0}
    (tmp_path / "shared.yaml").write_text(yaml.safe_dump(recipe))
    (tmp_path / "two.py").write_text(TWO)
    results = []
    for processes, accumulation in ((1, 2), (2, 1)):
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(processes)]
        changes = yaml.safe_dump({"gradient_accumulation_steps": accumulation})
        folder = tmp_path / str(processes)
        folder.mkdir()
        arguments = [str(tmp_path / "shared.yaml"), str(folder / "result.pt"), str(processes), changes]
        subprocess.run([*command, str(tmp_path / "two.py"), *arguments], check=True, cwd=REPOSITORY, env=environment())
        results.append(torch.load(folder / "result.pt"))
    one, two = results
    assert one["scores"] == pytest.approx(two["scores"], rel=1e-4)
    for name in ("loss", "mlm_loss", "mim_loss", "patch_cls_loss", "masked_word_accuracy"):
        for step in (0, 1):
            assert one["log"][step][name] == pytest.approx(two["log"][step][name], rel=1e-3), name
    for name, value in one["weights"].items():
        torch.testing.assert_close(value, two["weights"][name], rtol=1e-3, atol=1e-5)


def environment():
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
