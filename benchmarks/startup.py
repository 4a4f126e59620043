"""How long a user waits before anything happens: imports, the command's help, the first description.

    python -m benchmarks.startup

Each side runs in a fresh process, in turn, with files in the disk cache. Prints one line of JSON. `import
modeling_patentlmm` makes the Auto classes know ours, for which it needs the base classes of transformers; transformers
imports these only when they are asked for. So it is held against two peers: `import transformers, torch` alone, and the
same with the base classes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from .runs import rounded
from .timing import environment, interleaved, median_ratio

FIGURE = Path(__file__).resolve().parent.parent / "examples" / "block_diagram.png"
BASES = "PreTrainedModel, ProcessorMixin, PreTrainedConfig, TextStreamer, LogitsProcessor"
SIDES = {
    "ours": ["-c", "import modeling_patentlmm"],
    "peer": ["-c", "import transformers, torch"],
    "peer_with_base_classes": ["-c", f"import torch; from transformers import {BASES}"],
    "help": ["-m", "modeling_patentlmm", "--help"],
    "python": ["-c", ""],
}


def fresh(arguments: list[str]) -> str:
    """What a fresh process prints."""
    return subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True).stdout


def first_description(figure: Path) -> dict[str, float]:
    """Seconds of `patentlmm describe` on one figure, by what they go into."""
    started = time.perf_counter()
    printed = fresh(["-m", "modeling_patentlmm", "describe", str(figure), "--json"])
    total = time.perf_counter() - started
    steps = json.loads(printed)["timing_s"]
    return {"total": total, **steps, "imports_and_loading": total - sum(steps.values())}


def claims(seconds: dict[str, list[float]]) -> list[dict]:
    ratio = median_ratio(seconds, "ours", "peer")
    reason = "the Auto classes are told of our classes, whose base classes the peer does not import"
    return [
        {
            "claim": "import modeling_patentlmm over import transformers, torch",
            "measured": ratio,
            "goal": 1.1,
            "at_most": True,
            "reason": reason if ratio > 1.1 else None,
        },
        {
            "claim": "import modeling_patentlmm over import torch and the base classes of transformers it builds on",
            "measured": median_ratio(seconds, "ours", "peer_with_base_classes"),
            "goal": 1.1,
            "at_most": True,
            "reason": None,
        },
        {
            "claim": "patentlmm --help, seconds",
            "measured": median(seconds["help"]),
            "goal": 0.5,
            "at_most": True,
            "reason": None,
        },
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7)
    args = parser.parse_args()
    seconds = interleaved(
        {name: (lambda arguments=arguments: fresh(arguments)) for name, arguments in SIDES.items()}, args.repeats
    )
    found = {
        "seconds": {name: median(times) for name, times in seconds.items()},
        "first_description_s": first_description(FIGURE),
        "claims": claims(seconds),
    }
    print(json.dumps({"benchmark": "startup", **rounded(found), **environment()}))


if __name__ == "__main__":
    main()
