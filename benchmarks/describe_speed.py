"""Where the time of a description goes, and what it saves to describe many figures in one batch.

    python -m benchmarks.describe_speed --data FOLDER [--images N] [--checkpoint FOLDER] [--threads N]

FOLDER (or the variable PATENTLMM_DATA) holds real figures. Describes each by itself, then all in one batch, checks that
the texts are equal, and prints one JSON line: the shares of reading, encoding and writing in the single calls, and how
many times faster the batch is.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import torch

from modeling_patentlmm.describe_patentlmm import Description, describe, describe_batch, load_checkpoint
from train.texts import read_jsonl

from .runs import LABELS, parse_with_data
from .timing import add_threads, environment

GOAL = 1.6
REASON = (
    "Reading is half of a single description and its work is the same in a batch: both cores are busy with it either "
    "way. Writing saves the model's steps, not the rules of decoding, which run for every row."
)
STEP = 3  # between the labelled figures described
STEPS = ("ocr", "encode", "generate")


def shares(descriptions: list[Description], seconds: float) -> dict[str, float]:
    """The share of each step in the seconds that the single calls took; `rest` is what no step counts."""
    parts = {step: sum(one.timing_s[step] for one in descriptions) / seconds for step in STEPS}
    parts["rest"] = 1 - sum(parts.values())
    return {step: round(share, 3) for step, share in parts.items()}


def check_equal(single: list[Description], batch: list[Description]) -> None:
    """Raises SystemExit naming the figures that a batch describes otherwise."""
    other = [a.figure for a, b in zip(single, batch, strict=True) if (a.brief, a.detailed) != (b.brief, b.detailed)]
    if other:
        raise SystemExit(f"describe_speed: in a batch other texts than alone for {', '.join(other)}")


def compare(model, processor, images: list[str]) -> dict:
    """Times the single calls and the batch, after one of each that does not count."""
    describe(model, processor, images[0], max_new_tokens=8)
    describe_batch(model, processor, images[:2], max_new_tokens=8)
    start, busy = time.perf_counter(), time.process_time()
    single = [describe(model, processor, image) for image in images]
    alone, busy_alone = time.perf_counter(), time.process_time()
    batch = describe_batch(model, processor, images)
    together, busy_together = time.perf_counter(), time.process_time()
    check_equal(single, batch)
    return {
        "seconds": {"single": round(alone - start, 2), "batch": round(together - alone, 2)},
        "processor_seconds": {"single": round(busy_alone - busy, 2), "batch": round(busy_together - busy_alone, 2)},
        "shares_single": shares(single, alone - start),
        "shares_batch": {
            step: round(sum(b.timing_s[step] for b in batch) / (together - alone), 3) for step in STEPS[1:]
        },
        "times_faster": round((alone - start) / (together - alone), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.describe_speed", description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=20)
    parser.add_argument("--checkpoint", type=Path, default=Path("checkpoints/patentlmm-tiny"))
    add_threads(parser)
    args = parse_with_data(parser)
    torch.set_num_threads(args.threads)
    os.environ["OMP_NUM_THREADS"] = str(args.threads)  # the reader's threads
    model, processor = load_checkpoint(args.checkpoint)
    rows = list(read_jsonl(LABELS))[::STEP][: args.images]
    found = compare(model, processor, [str(args.data / row["image"]) for row in rows])
    where = f"{args.checkpoint.name}, CPU, {args.threads} threads"
    claim = {
        "claim": f"One batch of {len(rows)} figures is 1.6 times faster than as many calls of describe ({where})",
        "measured": found["times_faster"],
        "goal": GOAL,
        "at_most": False,
        "reason": REASON,
    }
    result = {"benchmark": "describe_speed", "checkpoint": args.checkpoint.name, "images": len(rows), **found}
    print(json.dumps({**result, "claims": [claim], **environment("rapidocr", "onnxruntime")}))


if __name__ == "__main__":
    main()
