"""The source repository that model and Space are taken from."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from train.publish import PublishError

ROOT = Path(__file__).resolve().parents[2]
BUNDLED_CHECKPOINT = "checkpoints/patentlmm-tiny"
MODEL_CARD = "model_card.md"


def source_commit(parts: Sequence[str], root: Path = ROOT) -> str | None:
    """The commit that the files and folders `parts` are at; None without parts, or where `root` is no git checkout.

    Raises:
        PublishError: one of them differs from that commit, so that nobody could make the same again.
    """
    if not parts:
        return None
    try:
        if Path(_git(root, "rev-parse", "--show-toplevel")).resolve() != root.resolve():
            return None
        changed = _git(root, "status", "--porcelain", "--", *parts).splitlines()
    except (OSError, subprocess.CalledProcessError):
        return None
    if changed:
        raise PublishError(f"{changed[0][3:]}: is not committed as it is; commit it, then publish")
    return _git(root, "rev-parse", "HEAD")


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, check=True, text=True, timeout=60).stdout.rstrip("\n")
