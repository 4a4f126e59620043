"""Folders of figures and runs of `train.sft` on them, for the tests of training."""

import json
import os
import subprocess
import sys
from pathlib import Path

import datasets
import yaml

from dataset_builder.figure import FEATURES, Figure
from tests.tiny import draw_figure
from train import sft

REPOSITORY = Path(sft.__file__).resolve().parent.parent


def figure_row(index: int, **changes) -> dict:
    """A drawn figure with texts of its own length, so that no two batches are alike."""
    figure = Figure(
        image_id=str(index),
        image=draw_figure((100, 80), index % 3),
        patent_id="none",
        figure=str(index),
        kind="block_diagram",
        brief_description=f"FIG. {index} is a view of a housing 102.",
        detailed_description="The housing 102 holds the shaft 104." * (1 + index % 3),
        words=["FIG.", str(index), "housing", "102"],
        boxes=[[0, 0, 90, 40], [100, 0, 190, 40], [0, 50, 190, 90], [200, 50, 390, 90]],
        confidences=[1.0] * 4,
        ocr_engine="none",
        numerals=[{"text": "102", "term": "housing", "box": [200, 50, 390, 90]}],
    )
    return {**figure.as_row(), **changes}


def write_figures(folder: Path, rows: list[dict], split: str = "train", shards: int = 1, features=FEATURES) -> Path:
    """A folder with the rows as Parquet shards of a split."""
    folder.mkdir(exist_ok=True)
    for shard in range(shards):
        some = datasets.Dataset.from_list(rows[shard::shards], features=features)
        some.to_parquet(str(folder / f"{split}-{shard:05d}-of-{shards:05d}.parquet"))
    return folder


def recipe(folder: Path, **fields) -> Path:
    """A recipe file for two steps on the CPU, with the fields changed; one that is None is left out."""
    content = {
        "output_dir": str(folder / "trained"),
        "max_steps": 2,
        "learning_rate": 0.01,
        "per_device_train_batch_size": 2,
        "per_device_eval_batch_size": 2,
        "logging_steps": 1,
        "gradient_checkpointing": False,
        "bf16": False,
        "use_cpu": True,
        "report_to": "none",
        "dataloader_pin_memory": False,
        **fields,
    }
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump({name: value for name, value in content.items() if value is not None}))
    return path


def train(monkeypatch, folder: Path, **fields) -> Path:
    """Run `train.sft` in this process as a person would; the folder of the trained model."""
    monkeypatch.setattr(sys, "argv", ["sft", "--config", str(recipe(folder, **fields))])
    sft.main()
    return Path(fields.get("output_dir", folder / "trained"))


def command(path: Path, processes: int = 1) -> list[str]:
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(processes)]
    return [*(start if processes > 1 else [sys.executable]), "-m", "train.sft", "--config", str(path)]


def environment() -> dict[str, str]:
    return {**os.environ, "ACCELERATE_USE_CPU": "1", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}


def launch(path: Path, processes: int = 1) -> str:
    """Run `train.sft` as a command of one or several processes; what it wrote to stderr."""
    result = subprocess.run(
        command(path, processes), cwd=REPOSITORY, env=environment(), capture_output=True, text=True, timeout=280
    )
    assert result.returncode == 0, result.stderr
    return result.stderr


def history(folder: Path) -> list[dict]:
    """What a run logged."""
    return json.loads((folder / "trainer_state.json").read_text())["log_history"]


def losses(folder: Path) -> dict[int, float]:
    """The loss of every step."""
    return {row["step"]: row["loss"] for row in history(folder) if "loss" in row}
