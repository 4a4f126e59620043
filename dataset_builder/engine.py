"""Tasks of one job on several workers of this machine, by datatrove; README.md shows the same job on a cluster."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from datatrove.executor import LocalPipelineExecutor
from loguru import logger

logger.disable("datatrove")  # its chatter would hide the progress bar; what fails is raised all the same


def run_tasks(task: Callable, count: int, workers: int, log: Path) -> None:
    """Run `task(None, rank, count)` for every rank that is not complete; what is complete is known from `log`.

    `task` must be picklable: a function of a module, or a partial of one.
    """
    LocalPipelineExecutor([task], tasks=count, workers=workers, logging_dir=str(log)).run()
