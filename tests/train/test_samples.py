"""Held-out figures described while a model trains: the scores in the log, the pictures in the tracker."""

import json

import pytest
from tensorboard.backend.event_processing import event_accumulator

from tests.train.runs import figure_row, history, train
from train.samples import SHOWN, Sample, first_of_each_task, score

FIELDS = {"stage": "projector", "eval_strategy": "steps", "eval_steps": 1, "generate_max_new_tokens": 6}


def test_scores_come_at_every_evaluation_and_a_checkpoint_can_be_chosen_by_them(
    monkeypatch, tmp_path, stage_1, figures
):
    fields = {**FIELDS, "model_name_or_path": str(stage_1), "train_data": str(figures), "eval_data": str(figures)}
    chosen = {"metric_for_best_model": "eval_brief_bleu4", "load_best_model_at_end": True, "save_steps": 1}
    trained = train(monkeypatch, tmp_path, **fields, **chosen, generate_figures=3, save_strategy="steps")
    rows = [row for row in history(trained) if "eval_brief_bleu4" in row]
    assert [row["step"] for row in rows] == [1, 2]
    assert all(0 <= row[f"eval_{task}_figure_number"] <= 1 for row in rows for task in ("brief", "detailed"))
    assert json.loads((trained / "trainer_state.json").read_text())["best_metric"] is not None


def test_evaluation_asks_the_same_in_every_epoch(monkeypatch, tmp_path, stage_1, figures):
    fields = {**FIELDS, "model_name_or_path": str(stage_1), "train_data": str(figures), "eval_data": str(figures)}
    fields |= {"learning_rate": 0.0, "max_steps": 9, "eval_steps": 4}
    found = [row["eval_loss"] for row in history(train(monkeypatch, tmp_path, **fields)) if "eval_loss" in row]
    assert found == pytest.approx(found[:1] * 3, abs=1e-6), "after steps 4, 8 and 9, in epochs 0, 1 and 2"


def test_lora_describes_and_figures_go_to_tensorboard(monkeypatch, tmp_path, stage_1, figures):
    monkeypatch.setenv("TENSORBOARD_LOGGING_DIR", str(tmp_path / "board"))
    fields = {**FIELDS, "model_name_or_path": str(stage_1), "train_data": str(figures), "eval_data": str(figures)}
    fields |= {"stage": "lora", "lora_r": 4, "eval_steps": 2, "tasks": "brief", "report_to": "tensorboard"}
    train(monkeypatch, tmp_path, generate_figures=2, **fields)
    [folder] = {path.parent for path in tmp_path.rglob("events.out.tfevents*")}
    board = event_accumulator.EventAccumulator(str(folder)).Reload()
    tags = board.Tags()
    assert len(tags["images"]) == 2 and all(tag.startswith("brief/") for tag in tags["images"])
    image = board.Images(tags["images"][0])[0]
    assert (image.width, image.height, image.step) == (100, 80, 2)
    text = board.Tensors(f"{tags['images'][0]}/text_summary")[0].tensor_proto.string_val[0].decode()
    assert "**written:**" in text and "is a view of a housing 102." in text
    assert "eval/brief_bleu4" in tags["scalars"]


def sample(task: str, index: int, text: str) -> Sample:
    return Sample(figure_row(index), task, text, False)


def test_what_was_written_is_scored_by_task():
    samples = [sample("brief", 1, figure_row(1)["brief_description"]), sample("detailed", 1, "FIG. 7 shows a lid 99.")]
    scores = score(samples)
    assert scores["brief_bleu4"] == pytest.approx(100) and scores["brief_figure_number"] == 1
    assert scores["brief_invented"] == 0 and scores["brief_character_recall"] == 1
    assert scores["detailed_figure_number"] == 0 and scores["detailed_invented"] == 1


def test_as_many_are_shown_of_each_task():
    samples = [sample(task, index, "") for task in ("brief", "detailed") for index in range(SHOWN)]
    assert [one.task for one in first_of_each_task(samples)] == ["brief"] * 4 + ["detailed"] * 4
