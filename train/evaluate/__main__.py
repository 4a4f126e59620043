"""Evaluate a model, or predictions made elsewhere, on a dataset of figures.

    python -m train.evaluate --model DIR_OR_ID --data DIR --split test --kind brief --out RUN/
    python -m train.evaluate --predictions FILE --data DIR --split test --kind brief --out RUN/
    accelerate launch --multi_gpu --num_processes 4 -m train.evaluate --model ... --baselines template no_ocr

RUN holds predictions/SYSTEM.jsonl, figures/SYSTEM.jsonl (scores of each figure), scores.json, table.md and plots/. The
same command goes on where a killed run stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

from datasets import Dataset

from modeling_patentlmm.describe_patentlmm import KINDS, MAX_NEW_TOKENS

from .. import metrics
from .baselines import NearestWriter, ReferenceWriter, TemplateWriter
from .figures import load_figures
from .predict import predict, processes, read_predictions
from .report import report, score, truths_of, write_report
from .writers import VARIANTS, Writer, load_model, make_writer

BASELINES = ("template", "nearest", "words_only", "no_ocr", "no_rules", "reference")


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m train.evaluate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--model", help="checkpoint folder or hub id of any AutoModelForImageTextToText")
    what.add_argument("--predictions", type=Path, help="JSON {id: text} or JSONL of {id, text} to score")
    parser.add_argument("--data", type=Path, required=True, help="folder of Parquet shards")
    parser.add_argument("--split", default="test")
    parser.add_argument("--kind", choices=KINDS, default="brief", help="of description (default: brief)")
    parser.add_argument("--out", type=Path, required=True, help="folder for this run")
    parser.add_argument("--count", type=int, help="the first COUNT figures only")
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--max-new-tokens", type=int, help=f"default: {MAX_NEW_TOKENS}")
    parser.add_argument("--baselines", nargs="+", choices=BASELINES, default=[], metavar="NAME", help=str(BASELINES))
    parser.add_argument("--train-data", type=Path, help="training figures, for the baseline `nearest`")
    parser.add_argument("--train-split", default="train")
    args = parser.parse_args(arguments)
    if "nearest" in args.baselines and args.train_data is None:
        parser.error("the baseline `nearest` needs the training figures; name their folder with --train-data")
    if args.predictions and set(args.baselines) & set(VARIANTS):
        parser.error("the baselines words_only, no_ocr and no_rules need a model; name it with --model")
    args.max_new_tokens = args.max_new_tokens or MAX_NEW_TOKENS[args.kind]
    return args


def evaluate(args: argparse.Namespace) -> dict | None:
    """Predict, score and write everything; the content of scores.json on the main process, None on the others."""
    state = processes()
    figures = load_figures(args.data, args.split, args.count)
    run = settings(args, figures)
    (args.out / "predictions").mkdir(parents=True, exist_ok=True)
    state.wait_for_everyone()
    check_settings(args.out, run)
    state.wait_for_everyone()
    if state.is_main_process:
        print(f"evaluate: {len(figures)} figures, {state.num_processes} processes", file=sys.stderr)
    predictions = {}
    if args.predictions:
        predictions["predictions"] = read_predictions(args.predictions)
    for system, writer in writers(args):
        path = args.out / "predictions" / f"{system}.jsonl"
        predictions[system] = predict(writer, figures, args.kind, path, args.batch_size)
    if not state.is_main_process:
        return None
    truths = truths_of(figures, args.kind)
    known = [truth for truth in truths if truth.reference]
    scores = {system: score(rows, known if system == "reference" else truths) for system, rows in predictions.items()}
    result = {"run": run, "implementations": metrics.implementations(), "systems": {}}
    for system, rows in scores.items():
        missing = sum(truth.image_id not in predictions[system] for truth in truths)
        if missing:
            print(f"evaluate: {system} lacks {missing} of {len(truths)} figures; they count as empty", file=sys.stderr)
        result["systems"][system] = report(rows, missing)
    write_report(result, scores, args.out)
    return result


def writers(args: argparse.Namespace):
    """The systems to run, one after the other; the model is loaded once."""
    model = processor = None
    variants = [variant for variant in VARIANTS if variant in args.baselines]
    if args.model:
        model, processor = load_model(args.model, processes().device)
        for variant in ["model", *variants]:
            yield variant, make_writer(model, processor, args.max_new_tokens, variant)
    for baseline in args.baselines:
        if baseline not in VARIANTS:
            yield baseline, _plain_writer(args, baseline)


def _plain_writer(args: argparse.Namespace, baseline: str) -> Writer:
    if baseline == "nearest":
        return NearestWriter(load_figures(args.train_data, args.train_split), args.kind)
    return TemplateWriter() if baseline == "template" else ReferenceWriter()


def settings(args: argparse.Namespace, figures: Dataset) -> dict:
    """Everything that a prediction depends on, and the versions that made it."""
    ids = "\n".join(figures["image_id"]).encode()
    return {
        "model": args.model or str(args.predictions),
        "weights": weights(args.model) if args.model else None,
        "data": str(args.data),
        "split": args.split,
        "kind": args.kind,
        "figures": len(figures),
        "ids": f"{zlib.crc32(ids):08x}",
        "batch_size": args.batch_size,
        "max_new_tokens": args.max_new_tokens,
        "train_data": str(args.train_data) if args.train_data else None,
    }


def weights(folder: str) -> list[list]:
    """Names, sizes and times of the weight files of a local checkpoint, so that another one is not taken for it."""
    files = sorted(Path(folder).glob("*.safetensors")) if os.path.isdir(folder) else []
    return [[file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in files]


def check_settings(out: Path, run: dict) -> None:
    """Keep the settings of a run beside it, and refuse to mix it with another.

    Raises:
        ValueError: the folder holds a run with other settings.
    """
    path = out / "run.json"
    if path.exists():
        differing = [name for name, value in json.loads(path.read_text()).items() if run.get(name) != value]
        if differing:
            raise ValueError(f"{out} holds a run with another {', '.join(differing)}; name another folder with --out")
    elif processes().is_main_process:
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(run, indent=1) + "\n")
        partial.replace(path)


def main(arguments: Sequence[str] | None = None) -> int:
    args = parse_arguments(arguments)
    try:
        result = evaluate(args)
    except (ValueError, OSError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 1
    if result is not None:
        print((args.out / "table.md").read_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
