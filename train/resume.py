"""Where a run goes on: the checkpoint that `resume_from_checkpoint` means, the same for every training script."""

from __future__ import annotations

import json
from pathlib import Path

from transformers import TrainingArguments

from .recipe import RecipeError


def checkpoint_to_resume(training: TrainingArguments) -> str | None:
    """The checkpoint to go on from, or None: a folder, or for `true` the last whole one of `output_dir`, if any.

    Raises:
        RecipeError: the folder does not exist.
    """
    asked = training.resume_from_checkpoint
    if str(asked).lower() in ("none", "false", ""):
        return None
    if str(asked).lower() == "true":
        return last_whole_checkpoint(training.output_dir)
    if not Path(asked).is_dir():
        raise RecipeError(f"{asked} does not exist; name a checkpoint folder, or true for the last one")
    return str(asked)


def last_whole_checkpoint(folder: str | Path) -> str | None:
    """The checkpoint with the most steps that was written to its end, or None; a run may be killed while it saves."""
    found = {}
    for path in Path(folder).glob("checkpoint-*/trainer_state.json"):  # written last
        try:
            found[json.loads(path.read_text())["global_step"]] = str(path.parent)
        except ValueError:
            continue
    return found[max(found)] if found else None
