"""How much memory the conversion of a PatentLMM checkpoint takes, on a file of zeros in the authors' form.

    python -m benchmarks.conversion [--full-size] [--workdir DIR]

Writes a checkpoint of 1.6 GB (14 GB with --full-size, and as much again for the result), converts it in a process of
its own, deletes both and prints one JSON line. Anonymous memory is what a process really needs; resident memory counts
the pages of the mapped file too, which the system takes back when it needs them. Linux only.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import torch

from train.convert.lmm import convert_lmm, lmm_places
from train.convert.sizes import Sizes, read_sizes

RANK = 128
SMALL = {
    "patentmme": {"num_hidden_layers": 2},
    "llama": {"hidden_size": 2048, "intermediate_size": 5504, "num_hidden_layers": 10, "num_attention_heads": 16,
              "num_key_value_heads": 16},
}  # fmt: skip
RENAMED = (
    ("model.language_model.", "base_model.model.model."),
    ("model.vision_tower.", "base_model.model.model.vision_tower.vision_tower."),
    ("model.multi_modal_projector.linear_1.", "base_model.model.model.mm_projector.0."),
    ("model.multi_modal_projector.linear_2.", "base_model.model.model.mm_projector.2."),
    ("lm_head.", "base_model.model.lm_head."),
)


def published_name(name: str) -> str:
    """A weight's name in the authors' form."""
    ours, theirs = next((ours, theirs) for ours, theirs in RENAMED if name.startswith(ours))
    return theirs + name.removeprefix(ours)


def published_shapes(sizes: Sizes) -> dict[str, tuple[int, ...]]:
    """Key -> shape of a checkpoint with LoRA on every linear layer of the language model."""
    shapes = {published_name(name): shape for name, shape in lmm_places(sizes.lmm_config()).items()}
    for name, shape in list(shapes.items()):
        if name.endswith("_proj.weight"):
            stem = name.removesuffix(".weight")
            shapes[f"{stem}.lora_A.default.weight"] = (RANK, shape[1])
            shapes[f"{stem}.lora_B.default.weight"] = (shape[0], RANK)
    return shapes


def write_checkpoint(path: Path, sizes: Sizes) -> None:
    """A bfloat16 file of zeros; numpy's, which take no memory as long as they are only read."""
    zeros = {name: np.zeros(shape, dtype=np.int16) for name, shape in published_shapes(sizes).items()}
    torch.save({"module": {name: torch.from_numpy(zero).view(torch.bfloat16) for name, zero in zeros.items()}}, path)


def status(field: str) -> int:
    """A field of this process's status in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


class Watch(threading.Thread):
    """Notes the largest anonymous memory, a hundred times a second."""

    def __init__(self):
        super().__init__(daemon=True)
        self.peak = 0

    def run(self):
        while True:
            self.peak = max(self.peak, status("RssAnon"))
            time.sleep(0.01)


def measure(folder: Path, sizes: Sizes, max_shard_size: str) -> dict:
    """Convert and measure; to be called in a fresh process."""
    before, watch, start = status("RssAnon"), Watch(), time.perf_counter()
    watch.start()
    convert_lmm(folder / "model.pt", folder / "out", sizes, max_shard_size=max_shard_size)
    return {
        "seconds": round(time.perf_counter() - start, 1),
        "anonymous_before_gb": round(before / 1e9, 2),
        "anonymous_peak_gb": round(watch.peak / 1e9, 2),
        "resident_peak_gb": round(status("VmHWM") / 1e9, 2),
    }


def in_own_process(*arguments: str) -> str:
    command = [sys.executable, "-m", "benchmarks.conversion", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.conversion", description=__doc__.splitlines()[0])
    parser.add_argument("--full-size", action="store_true", help="the published sizes, 14 GB")
    parser.add_argument("--max-shard-size", default="200MB", help="of the result; the command's own is 2GB")
    parser.add_argument("--workdir", type=Path, help="default: the system's folder for temporary files")
    parser.add_argument("--step", choices=("write", "convert"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.workdir) as folder:
        folder = arguments.workdir if arguments.step else Path(folder)
        (folder / "sizes.json").write_text(json.dumps({} if arguments.full_size else SMALL))
        sizes = read_sizes(folder / "sizes.json")
        if arguments.step == "write":
            write_checkpoint(folder / "model.pt", sizes)
        elif arguments.step == "convert":
            print(json.dumps(measure(folder, sizes, arguments.max_shard_size)))
        else:
            given = ["--full-size"] * arguments.full_size + ["--max-shard-size", arguments.max_shard_size]
            given += ["--workdir", str(folder), "--step"]
            in_own_process(*given, "write")
            result = {"benchmark": "conversion", "file_gb": round((folder / "model.pt").stat().st_size / 1e9, 2)}
            measured = json.loads(in_own_process(*given, "convert").splitlines()[-1])
            print(json.dumps(result | {"max_shard_size": arguments.max_shard_size} | measured))


if __name__ == "__main__":
    main()
