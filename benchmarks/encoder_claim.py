"""The paper's claim, at a size that runs here: what does pre-training PatentMME bring, and what its OCR input?

    python -m benchmarks.encoder_claim --workdir out/encoder_claim --seeds 3

Prints one line of JSON. Five encoders of the same size under the same language model, fine-tuned on the same drawn
figures in the same number of steps, everything trained, and measured on the same held-out figures:

    three_objectives   pre-trained with masked words, masked patches and patch classes
    words_only         pre-trained with masked words alone, for as many steps
    from_scratch       not pre-trained
    no_ocr             as three_objectives, but no figure's words are given in fine-tuning and in the test
    plain_vit          not pre-trained, no words, no relative position bias: a vision transformer

The words of the figures are the drawn ones with a reader's errors (`dataset_builder.synthetic`). Texts are written
without the rules of decoding, so an encoder that does not see the numerals shows it. Each seed draws the new weights
and orders the data anew, in pre-training and in fine-tuning; scores pool the figures of all seeds, with 95 % bootstrap
intervals over the figures, and give each seed's value. A killed run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml
from datasets import Dataset, load_dataset
from tqdm import tqdm

from dataset_builder.figure import FEATURES
from dataset_builder.synthetic.shards import Plan, write_shards
from modeling_patentlmm.describe_patentlmm import KINDS, MAX_NEW_TOKENS, load_checkpoint
from train.evaluate.writers import make_writer
from train.metrics import FigureScore, FigureTruth, score_figure, summarise

from .runs import rounded

RECIPES = Path(__file__).resolve().parent.parent / "train" / "recipes" / "tiny"
ARMS = {
    "three_objectives": {"objectives": ["mlm", "mim", "pc"], "words": True},
    "words_only": {"objectives": ["mlm"], "words": True},
    "from_scratch": {"objectives": [], "words": True},
    "no_ocr": {"objectives": ["mlm", "mim", "pc"], "words": False},
    "plain_vit": {
        "objectives": [],
        "words": False,
        "config": {"has_relative_attention_bias": False, "has_spatial_attention_bias": False},
    },
}
FIGURES = {"pretraining": ("train", 500_000), "training": ("train", 600_000), "test": ("test", 11_000_000)}
MEASURES = (
    "bleu4",
    "rougeL",
    "figure_number",
    "character_recall",
    "character_precision",
    "invented",
    "binding_f1",
    "connection_f1",
    "kind",
)
BATCH = 16


# --- data ------------------------------------------------------------------------------------------------------------


def draw_figures(name: str, count: int, workdir: Path) -> Path:
    """A folder of drawn figures with a reader's errors in their words."""
    split, seed = FIGURES[name]
    folder = workdir / "figures" / name
    for _ in write_shards(Plan(folder, count, split, seed=seed, noisy_share=1.0)):
        pass
    return folder


def without_words(folder: Path) -> Path:
    """The same figures without what was read in them."""
    silent = folder.with_name(f"{folder.name}-silent")
    if not silent.exists():
        rows = load_dataset(
            "parquet", data_files=[str(path) for path in sorted(folder.glob("*.parquet"))], split="train"
        )
        rows = rows.map(lambda row: {"words": [], "boxes": [], "confidences": []}, features=FEATURES)
        partial = silent.with_suffix(".partial")
        partial.mkdir(parents=True, exist_ok=True)
        rows.to_parquet(str(partial / "train.parquet"))
        partial.rename(silent)
    return silent


# --- training --------------------------------------------------------------------------------------------------------


def recipe(name: str, **changes) -> dict:
    """A recipe of the bundled checkpoint with other values."""
    return yaml.safe_load((RECIPES / f"{name}.yaml").read_text()) | changes


def launch(module: str, values: dict, workdir: Path) -> None:
    """Train by a recipe, unless its output folder is there; a step that fails shows the end of its log."""
    out = Path(values["output_dir"])
    if (out / "config.json").exists():
        return
    path = workdir / "recipes" / f"{out.name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(values))
    command = [sys.executable, "-m", module, *(["--config"] if module != "train.assemble" else []), str(path)]
    log = path.with_suffix(".log")
    with open(log, "w") as lines:
        done = subprocess.run(
            command, stdout=lines, stderr=subprocess.STDOUT, env={**os.environ, "ACCELERATE_USE_CPU": "true"}
        )
    if done.returncode:
        raise SystemExit(f"{module} {path} failed: {log.read_text()[-2000:]}")


def pretrain(arm: dict, seed: int, args: argparse.Namespace, figures: Path) -> Path | None:
    """The arm's pre-trained encoder, None for one that starts new; arms with the same objectives share it."""
    if not arm["objectives"]:
        return None
    out = args.workdir / f"encoder-{'-'.join(arm['objectives'])}-{seed}"
    values = recipe(
        "mme",
        train_data=[str(figures)],
        ocr_tokenizer=str(args.checkpoint / "ocr_tokenizer"),
        objectives=arm["objectives"],
        output_dir=str(out),
        max_steps=args.pretraining_steps,
        save_strategy="no",
        eval_strategy="no",
        seed=seed,
    )
    values = {name: value for name, value in values.items() if name not in ("eval_data", "pictures", "eval_steps")}
    if "mim" in arm["objectives"]:
        values["image_tokenizer"] = str(args.image_tokenizer)
    launch("train.pretrain_patentmme", values, args.workdir)
    return out


def assemble(name: str, arm: dict, seed: int, encoder: Path | None, args: argparse.Namespace) -> Path:
    """The model of an arm before fine-tuning."""
    out = args.workdir / f"initial-{name}-{seed}"
    values = recipe(
        "model",
        language_model=str(args.language_model),
        tokenizer=str(args.checkpoint),
        ocr_tokenizer=str(args.checkpoint / "ocr_tokenizer"),
        output_dir=str(out),
        seed=seed,
    )
    del values["share_word_embeddings"]
    if encoder:
        del values["vision_config"]
        values["vision_model"] = str(encoder)
    else:
        values["vision_config"] |= arm.get("config", {})
    launch("train.assemble", values, args.workdir)
    return out


def fine_tune(name: str, arm: dict, seed: int, args: argparse.Namespace, encoding: Path, training: Path) -> Path:
    """The model of an arm after fine-tuning on figures with or without words."""
    initial = assemble(name, arm, seed, pretrain(arm, seed, args, encoding), args)
    out = args.workdir / f"model-{name}-{seed}"
    values = recipe(
        "sft_3",
        model_name_or_path=str(initial),
        train_data=str(training if arm["words"] else without_words(training)),
        output_dir=str(out),
        max_steps=args.steps,
        save_strategy="no",
        seed=seed,
    )
    launch("train.sft", values, args.workdir)
    return out


# --- measuring -------------------------------------------------------------------------------------------------------


def write_texts(model: Path, rows: Dataset, words: bool, out: Path) -> dict[str, list[str]]:
    """Both descriptions of every figure, kept in `out`."""
    if out.exists():
        return json.loads(out.read_text())
    writer = make_writer(*load_checkpoint(model), MAX_NEW_TOKENS["detailed"] // 2, "no_rules" if words else "no_ocr")
    batches = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    batches = [[dict(zip(batch, values)) for values in zip(*batch.values())] for batch in batches]
    texts = {kind: [text.text for batch in batches for text in writer.write(batch, kind)] for kind in KINDS}
    out.write_text(json.dumps(texts))
    return texts


def scores_of(texts: Sequence[str], rows: Dataset, kind: str) -> list[FigureScore]:
    return [score_figure(text, FigureTruth.from_row(row, kind), False) for text, row in zip(texts, rows)]


def summary(by_seed: list[list[FigureScore]]) -> dict:
    """The measures over all seeds' figures with their interval, and the value of each seed."""
    pooled = summarise([score for scores in by_seed for score in scores])
    each = [summarise(scores, samples=1) for scores in by_seed]
    return {
        name: {**pooled[name], "seeds": [one[name]["value"] for one in each]} for name in MEASURES if name in pooled
    }


def run(args: argparse.Namespace) -> dict:
    """Train and measure every arm with every seed."""
    encoding = draw_figures("pretraining", args.pretraining_figures, args.workdir)
    training = draw_figures("training", args.figures, args.workdir)
    test = draw_figures("test", args.test_figures, args.workdir)
    rows = load_dataset("parquet", data_files=[str(path) for path in sorted(test.glob("*.parquet"))], split="train")
    arms = {}
    runs = [(name, seed) for seed in range(args.seeds) for name in ARMS]
    texts: dict[str, list[dict]] = {name: [] for name in ARMS}
    for name, seed in tqdm(runs, desc="models"):
        model = fine_tune(name, ARMS[name], seed, args, encoding, training)
        texts[name].append(write_texts(model, rows, ARMS[name]["words"], model / "texts.json"))
    for name in ARMS:
        arms[name] = {kind: summary([scores_of(one[kind], rows, kind) for one in texts[name]]) for kind in KINDS}
    return arms


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workdir", type=Path, default=Path("out/encoder_claim"))
    parser.add_argument("--checkpoint", type=Path, default=Path("checkpoints/patentlmm-tiny"), help="whose tokenizers")
    parser.add_argument("--language-model", type=Path, required=True, help="folder of train.pretrain_patentllama")
    parser.add_argument("--image-tokenizer", type=Path, required=True, help="folder of train.image_tokenizer")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--pretraining-figures", type=int, default=3000)
    parser.add_argument("--pretraining-steps", type=int, default=400)
    parser.add_argument("--figures", type=int, default=2000, help="figures to fine-tune on")
    parser.add_argument("--steps", type=int, default=250, help="steps of fine-tuning, 8 figures each")
    parser.add_argument("--test-figures", type=int, default=100)
    args = parser.parse_args()
    arms = run(args)
    budget = {
        name: getattr(args, name)
        for name in ("seeds", "pretraining_figures", "pretraining_steps", "figures", "steps", "test_figures")
    }
    print(json.dumps({"benchmark": "encoder_claim", **budget, "arms": rounded(arms)}))


if __name__ == "__main__":
    main()
