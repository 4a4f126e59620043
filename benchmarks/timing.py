"""Side by side timing: interleaved repeats, median ratios, peak memory, and what everything ran on."""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

import torch

PACKAGES = ("torch", "transformers")
MMAP_THRESHOLD = -3  # glibc's M_MMAP_THRESHOLD


def add_threads(parser: argparse.ArgumentParser) -> None:
    """The option --threads, by default all cores this process may use."""
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))


def interleaved(sides: Mapping[str, Callable[[], object]], repeats: int, warmups: int = 1) -> dict[str, list[float]]:
    """Seconds of each side in each repeat; the sides take turns, so that what disturbs one disturbs all."""
    for _ in range(warmups):
        for run in sides.values():
            run()
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repeats):
        for name, run in sides.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def median_ratio(seconds: Mapping[str, list[float]], of: str, to: str) -> float:
    """Median over the repeats of the time of one side over that of another."""
    return statistics.median(one / other for one, other in zip(seconds[of], seconds[to], strict=True))


def _memory(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))


def peak_memory(run: Callable[[], object], device: str = "cpu") -> int:
    """Bytes a run takes at most beyond what is held before: resident memory (Linux only), or memory of a GPU."""
    gc.collect()
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        run()
        return torch.cuda.max_memory_allocated() - before
    libc = ctypes.CDLL("libc.so.6")
    libc.malloc_trim(0)
    libc.mallopt(MMAP_THRESHOLD, 2**16)  # tensors get pages of their own, which are given back at once
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark starts anew
    before = _memory("VmRSS")
    run()
    peak = _memory("VmHWM") - before
    libc.mallopt(MMAP_THRESHOLD, 2**25)  # what glibc itself arrives at
    return peak


def environment(*packages: str) -> dict:
    """Versions, device and threads, for the line a benchmark prints; further packages by name."""
    processor = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    return {
        "versions": {"python": platform.python_version()} | {name: version(name) for name in (*PACKAGES, *packages)},
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else processor,
        "threads": torch.get_num_threads(),
    }
