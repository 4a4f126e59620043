"""The whole path of training in one go, as `make smoke` runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import train

REPOSITORY = Path(train.__file__).resolve().parent.parent


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_every_script_runs_one_after_the_other(tmp_path):
    for name in ("train", "modeling_patentlmm", "dataset_builder", "checkpoints"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    result = subprocess.run(
        [REPOSITORY / "train/recipes/smoke/run.sh"],
        cwd=tmp_path,
        env={**os.environ, "PYTHON": sys.executable, "SMOKE_LIMIT": "300"},  # the cores may be shared
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert (tmp_path / "out/smoke/merged/model.safetensors").is_file()
    assert "| B-4 |" in result.stdout
