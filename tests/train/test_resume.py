"""A run that is killed and taken up again trains as one that was not; losses are compared step by step."""

import signal
import subprocess
import time

import pytest
from transformers import TrainingArguments

from tests.train.runs import REPOSITORY, command, environment, launch, losses, recipe
from train.recipe import RecipeError
from train.resume import checkpoint_to_resume, last_whole_checkpoint

STEPS, KILLED_AFTER = 9, 5  # with batches of two of eight figures, in the second epoch


def kill_after_checkpoint(path, folder) -> None:
    """Start a run and end it with SIGKILL as soon as a later checkpoint is whole."""
    run = subprocess.Popen(command(path), cwd=REPOSITORY, env=environment(), stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 200
        while not (folder / f"checkpoint-{KILLED_AFTER}" / "trainer_state.json").exists():
            assert run.poll() is None and time.monotonic() < deadline, run.stderr.read()
            time.sleep(0.02)
    finally:
        run.send_signal(signal.SIGKILL)
        run.communicate()


@pytest.mark.slow
@pytest.mark.parametrize(
    "fields",
    [
        {"stage": "full", "train_sampling_strategy": "group_by_length", "dataloader_num_workers": 1},
        {"stage": "lora", "lora_r": 4, "lora_alpha": 8, "gradient_accumulation_steps": 2},
        {"stage": "projector", "streaming": True, "dataloader_num_workers": 2},
    ],
    ids=["full-by-length", "lora-accumulated", "projector-streamed"],
)
def test_a_killed_run_goes_on_with_the_same_losses(tmp_path, stage_1, figures, fields):
    fields = {"model_name_or_path": str(stage_1), "train_data": str(figures), "max_steps": STEPS, **fields}
    fields |= {"save_steps": 1, "resume_from_checkpoint": True, "save_total_limit": 3}
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    launch(recipe(tmp_path, output_dir=str(whole), **fields))
    path = recipe(tmp_path, output_dir=str(broken), **fields)
    kill_after_checkpoint(path, broken)
    begun = max(int(folder.name.split("-")[1]) for folder in broken.glob("checkpoint-*"))
    assert KILLED_AFTER <= begun < STEPS, "it was to be killed on the way"
    launch(path)
    assert losses(broken) == losses(whole) and len(losses(whole)) == STEPS


def test_the_last_whole_checkpoint_is_taken_up(tmp_path):
    """Its state is written last; a run may be killed while it writes."""
    for name, state in (("checkpoint-5", '{"global_step": 5}'), ("checkpoint-10", '{"global_step": 10}')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "trainer_state.json").write_text(state)
    assert last_whole_checkpoint(tmp_path) == str(tmp_path / "checkpoint-10")
    (tmp_path / "checkpoint-10" / "trainer_state.json").write_text('{"global_st')
    (tmp_path / "checkpoint-15").mkdir()
    assert last_whole_checkpoint(tmp_path) == str(tmp_path / "checkpoint-5")
    assert last_whole_checkpoint(tmp_path / "new") is None


@pytest.mark.parametrize(("asked", "name"), [("true", "checkpoint-5"), ("false", None), (None, None)])
def test_true_is_the_last_checkpoint_of_the_output_folder(tmp_path, asked, name):
    (tmp_path / "checkpoint-5").mkdir()
    (tmp_path / "checkpoint-5" / "trainer_state.json").write_text('{"global_step": 5}')
    training = TrainingArguments(str(tmp_path), resume_from_checkpoint=asked, report_to="none")
    assert checkpoint_to_resume(training) == (name and str(tmp_path / name))


def test_a_run_without_a_checkpoint_begins_and_one_that_is_named_must_be_there(tmp_path):
    assert checkpoint_to_resume(TrainingArguments(str(tmp_path / "new"), resume_from_checkpoint="true")) is None
    gone = str(tmp_path / "checkpoint-7")
    assert checkpoint_to_resume(TrainingArguments(str(tmp_path), resume_from_checkpoint=str(tmp_path))) == str(tmp_path)
    with pytest.raises(RecipeError, match=r"checkpoint-7 does not exist; name a checkpoint folder, or true"):
        checkpoint_to_resume(TrainingArguments(str(tmp_path), resume_from_checkpoint=gone))
