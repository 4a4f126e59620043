"""The model repository: code, weights and card, out of a checkpoint folder."""

from __future__ import annotations

import json
from pathlib import Path

from huggingface_hub import EvalResult, ModelCard

from modeling_patentlmm.__main__ import quiet_libraries
from modeling_patentlmm.export_patentlmm import export
from train.publish import PublishError
from train.publish.card import read_card, take_links_along, with_section
from train.publish.source import BUNDLED_CHECKPOINT, MODEL_CARD, ROOT

PARTS = ("modeling_patentlmm", MODEL_CARD, "benchmarks/results", BUNDLED_CHECKPOINT)

# What is told of the bundled checkpoint: benchmark -> its figures, and measure -> (the hub's name of it, its own name).
RESULTS = {
    "drawn_figures": (
        "held-out drawn figures",
        {
            "figure_number": ("accuracy", "figure number exact"),
            "numeral_recall": ("recall", "reference characters in the detailed text, recall"),
            "name_recall": ("recall", "part names in the detailed text, recall"),
            "brief_bleu4": ("bleu", "BLEU-4 brief"),
            "detailed_bleu4": ("bleu", "BLEU-4 detailed"),
        },
    ),
    "real_figures": (
        "real figures of US patents held apart",
        {
            "figure_number": ("accuracy", "figure number exact"),
            "numeral_recall": ("recall", "reference characters in the detailed text, recall"),
            "brief_bleu4": ("bleu", "BLEU-4 brief"),
        },
    ),
}


def assemble_model(checkpoint: Path, out: Path, repo: str, tag: str, root: Path = ROOT) -> None:
    """Write the repository of `checkpoint` into the folder `out`, new or empty, and prove it.

    A checkpoint has its card beside it, as README.md; the bundled one has the source repository's, with the results
    that `benchmarks/results` holds of it.

    Raises:
        PublishError: the card is missing or must not be published.
        ExportError: the checkpoint is not whole, or a stranger could not load the result.
    """
    card_path = card_of(checkpoint, root)
    card = read_card(card_path, "model")
    if card_path == root / MODEL_CARD:
        card.data.model_name = repo.split("/")[-1]
        card.data.eval_results = measured(root / "benchmarks" / "results")
    quiet_libraries()
    export(checkpoint, out)
    take_links_along(card_path, card.text, out)
    ModelCard(with_section(str(card), loading(repo, tag))).save(out / "README.md")
    read_card(out / "README.md", "model")


def card_of(checkpoint: Path, root: Path = ROOT) -> Path:
    """Where the card of a checkpoint is; `model_card.md` speaks of the bundled one alone, and of no other."""
    if (checkpoint / "README.md").is_file():
        return checkpoint / "README.md"
    if checkpoint.resolve() == (root / BUNDLED_CHECKPOINT).resolve():
        return root / MODEL_CARD
    raise PublishError(f"{checkpoint}: has no README.md; write the card of this checkpoint, model_card.md shows how")


def measured(results: Path) -> list[EvalResult]:
    """The results of the bundled checkpoint as the hub shows them."""
    entries = []
    for benchmark, (figures, measures) in RESULTS.items():
        values = json.loads((results / f"{benchmark}.json").read_text(encoding="utf-8"))
        entries += [
            EvalResult(
                task_type="image-text-to-text",
                dataset_type=benchmark,
                dataset_name=f"{values['figures']} {figures}",
                metric_type=kind,
                metric_name=name,
                metric_value=values[measure],
            )
            for measure, (kind, name) in measures.items()
        ]
    return entries


def loading(repo: str, tag: str) -> str:
    """The section of the card on how this repository is loaded."""
    where = f'"{repo}", revision="{tag}", trust_remote_code=True'
    return f"""
## Load

```python
from transformers import AutoModelForImageTextToText, AutoProcessor

processor = AutoProcessor.from_pretrained({where})
model = AutoModelForImageTextToText.from_pretrained({where})
```
"""
