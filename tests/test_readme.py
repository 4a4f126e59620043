"""What the README promises: its snippet runs as printed, its files and commands exist."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
README = (REPOSITORY / "README.md").read_text()
CHECKPOINT = REPOSITORY / "checkpoints" / "patentlmm-tiny"

needs_checkpoint = pytest.mark.skipif(
    not (CHECKPOINT / "model.safetensors").is_file(), reason="checkpoints/patentlmm-tiny is not in this tree"
)


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language, in order; "" for those that name none."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [text for name, text in fenced if name == language]


def test_the_snippet_is_six_lines():
    (snippet,) = blocks("python")
    assert len([line for line in snippet.splitlines() if line.strip()]) <= 6


@needs_checkpoint
def test_the_snippet_runs_as_printed():
    (snippet,) = blocks("python")
    command = [sys.executable, "-c", snippet]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=500)
    assert result.returncode == 0, result.stderr
    assert "FIG. 2" in result.stdout


def test_the_file_map_is_true():
    """Every entry exists, and every room of the repository has one."""
    listing = next(block for block in blocks("") if "modeling_patentlmm/  " in block)
    entries = [line.split()[0] for line in listing.splitlines()]
    absent = [entry for entry in entries if not (REPOSITORY / entry).exists()]
    assert set(absent) <= {"checkpoints/"} and (not absent or not CHECKPOINT.exists())
    rooms = {path.parent.name for path in REPOSITORY.glob("*/__init__.py")}
    assert rooms <= {entry.rstrip("/") for entry in entries}


def test_the_commands_exist():
    """Options shown are options of the command; make targets shown are in the Makefile."""
    helped = subprocess.run(
        [sys.executable, "-m", "modeling_patentlmm", "describe", "--help"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    ).stdout
    shown = {
        option for line in README.splitlines() if "patentlmm describe" in line for option in re.findall(r"--\w+", line)
    }
    assert shown and all(option in helped for option in shown)
    targets = re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"^make ([a-z-]+)", README, re.MULTILINE)) <= set(targets)


def test_links_to_files_lead_somewhere():
    named = set(re.findall(r"`((?:[\w.-]+/)*[\w-]+\.(?:md|cff|toml|txt|png))`", README)) - {"model_card.md"}
    assert named and all((REPOSITORY / name).is_file() for name in named)
