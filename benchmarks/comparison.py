"""The comparison page: the paper's Table 2 beside ours, and what of it can be compared.

    python -m benchmarks.table --data FOLDER > benchmarks/results/table.json
    python -m benchmarks.comparison

Writes benchmarks/comparison.md from benchmarks/results/table.json and benchmarks/paper.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from train.evaluate.report import FORM, OVERLAP, TRUTH, table

HERE = Path(__file__).parent
SETS = {"drawn": "drawn figures", "real": "real figures"}
SYSTEMS = {
    "model": "this checkpoint",
    "no_ocr": "the same without OCR",
    "no_rules": "the same without the numeral rules",
    "words_only": "its language model on the OCR words, no image",
    "nearest": "nearest training figure's text",
    "template": "template sentence",
    "reference": "the reference itself",
}
COLUMNS = {
    "B-2": "Same formula (geometric mean of 1- and 2-gram precisions, brevity penalty), but the paper names neither "
    "its library nor its tokens nor whether it pools over the corpus, so a few points of difference mean nothing.",
    "B-4": "As B-2, and more sensitive still: smoothing alone moves low values, so only orders of magnitude compare.",
    "Avg. B": "Taken to be the mean of BLEU-1 to BLEU-4, which fits the paper's numbers but is not said there.",
    "R-1": "ROUGE's implementations agree well, but the paper may stem words and we do not.",
    "R-2": "As R-1.",
    "R-L": "As R-1; on detailed texts it rewards set phrases: GPT-4V, untrained, has three quarters of the best value.",
    "METEOR": "Not comparable without care: implementations differ in weights and synonyms; ours is named below, the "
    "paper's is not known.",
    "chrF": "Not in the paper.",
    "figure number": "Not in the paper, whose own examples show it going wrong (FIG. 2C for FIG. 20).",
    "characters, precision": "Not in the paper; measured against what is drawn, so a misread character costs it.",
    "recall": "Not in the paper; over all characters of all drawings.",
    "F1": "Not in the paper; of that precision and recall.",
    "coverage": "Not in the paper; the recall of each figure, averaged over figures.",
    "invented": "Not in the paper, whose Fig. 17 shows a detailed text with every numeral invented.",
    "numeral-term F1": "Not in the paper; what a text that only lists numerals cannot have.",
    "connection F1": "Not in the paper; known for drawn figures only.",
    "kind": "Not in the paper.",
    "repetition": "Not in the paper; set phrases repeat too, so compare with the reference's own.",
    "length ratio": "Not in the paper; detailed references are clipped at about 500 tokens there and in our real set.",
    "truncated": "Not in the paper, whose decoding stops at about 490 tokens.",
}
INTRODUCTION = """\
Made by `python -m benchmarks.comparison` from the output of `python -m benchmarks.table`; do not edit.

The paper's rows are its Table 2 and the two handicapped rows of its Table 4, read from the publication. Ours are the
checkpoint `{checkpoint}`. **The test sets are not the same.** The paper's is PatentDesc-355K, about 17,000 figures of
real patents. Ours are figures drawn by `dataset_builder.synthetic`, whose texts follow the phrasing the checkpoint was
trained on, which makes overlap easy; and a few real figures of patents that no training saw, which makes it hard. So no
number of ours is above or below one of the paper's in any sense that counts; rows of one test set can be compared.
In brackets the 95 % bootstrap interval; "-" was not measured.
"""


def page(results: dict, paper: dict) -> str:
    """The page as Markdown; `results` is the line that benchmarks.table printed."""
    parts = ["# The paper's Table 2 beside ours\n", INTRODUCTION.format(checkpoint=results["checkpoint"])]
    for task in ("brief", "detailed"):
        parts.append(f"## {task.capitalize()} descriptions\n")
        parts.append(_overlap(task, results, paper))
        for name, title in SETS.items():
            parts.append(f"{title.capitalize()}, truth (0 to 1) and form; the paper has no such numbers:\n")
            parts.append(table(_named(results[name][task]), {**TRUTH, **FORM}, 3))
    parts.append("## What can be compared, column by column\n")
    parts.append("\n".join(f"* **{name}**: {text}" for name, text in COLUMNS.items()) + "\n")
    parts.append("## How ours was computed\n")
    parts.append("\n".join(f"* {name}: {text}" for name, text in results["implementations"].items()) + "\n")
    return "\n".join(parts)


def _overlap(task: str, results: dict, paper: dict) -> str:
    lines = ["| test set | system | " + " | ".join(OVERLAP.values()) + " |", "|---|---|" + "---|" * len(OVERLAP)]
    for row in paper["table_2"] + paper["table_4"]:
        if task in row:
            values = dict(zip(paper["columns"], row[task], strict=True))
            size = f", {row['parameters']}" if "parameters" in row else ""
            cells = [f"{values[measure]:.2f}" if measure in values else "-" for measure in OVERLAP]
            lines.append(f"| PatentDesc-355K | {row['model']}{size}, {row['setup']} | " + " | ".join(cells) + " |")
    for name, title in SETS.items():
        ours = results[name][task]
        measured = next(iter(ours["systems"].values()))["rougeL"]["figures"]
        rows = table(_named(ours), OVERLAP, 1).splitlines()[2:]
        lines += [f"| {measured} {title} {row}" for row in rows]
    return "\n".join(lines) + "\n"


def _named(result: dict) -> dict[str, dict]:
    return {SYSTEMS[name]: scores for name, scores in result["systems"].items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=HERE / "results" / "table.json")
    parser.add_argument("--out", type=Path, default=HERE / "comparison.md")
    args = parser.parse_args()
    if not args.results.is_file():
        parser.error(f"{args.results} does not exist; write it with python -m benchmarks.table")
    paper = json.loads((HERE / "paper.json").read_text())
    args.out.write_text(page(json.loads(args.results.read_text()), paper))


if __name__ == "__main__":
    main()
