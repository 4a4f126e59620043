"""Held-out figures described while a model trains: what is scored, and what goes to the tracker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from accelerate import Accelerator
from accelerate.utils import gather_object
from datasets import Dataset
from transformers import PreTrainedModel, ProcessorMixin

from modeling_patentlmm.describe_patentlmm import MAX_NEW_TOKENS

from .arguments import PatentLMMArguments
from .evaluate.writers import PatentLMMWriter

MEASURES = (
    "bleu4",
    "rougeL",
    "figure_number",
    "invented",
    "character_precision",
    "character_recall",
    "binding_f1",
    "truncated",
)
SHOWN = 8
SHOWN_SIDE = 512  # pixels


@dataclass(frozen=True)
class Sample:
    """A text written for a figure, and what a score and a picture need of the row."""

    row: dict
    task: str
    text: str
    truncated: bool


@dataclass
class SampleFigures:
    """Figures that are described at every evaluation, `batch_size` at a time, and shared out among processes."""

    figures: Dataset
    tasks: Sequence[str]
    processor: ProcessorMixin
    batch_size: int
    max_new_tokens: int | None = None

    def write(self, model: PreTrainedModel, accelerator: Accelerator) -> list[Sample]:
        """A text for every figure that has the reference, by every task; the same on all processes."""
        own = []
        for task in self.tasks:
            known = [index for index, text in enumerate(self.figures[f"{task}_description"]) if text]
            share = known[accelerator.process_index :: accelerator.num_processes]
            writer = PatentLMMWriter(model, self.processor, self.max_new_tokens or MAX_NEW_TOKENS[task])
            for start in range(0, len(share), self.batch_size):
                indices = share[start : start + self.batch_size]
                written = writer.write([self.figures[index] for index in indices], task)
                own += [(task, index, one.text, one.truncated) for index, one in zip(indices, written, strict=True)]
        texts = sorted(gather_object(own))
        return [Sample(self.figures[index], task, text, truncated) for task, index, text, truncated in texts]


def sample_figures(
    figures: Dataset | None, arguments: PatentLMMArguments, processor: ProcessorMixin, batch_size: int
) -> SampleFigures | None:
    """The recipe's `generate_figures` out of the held-out ones, the same in every run; None if it asks for none."""
    if not arguments.generate_figures:
        return None
    some = figures.shuffle(seed=0).select(range(min(arguments.generate_figures, len(figures))))
    return SampleFigures(some, arguments.tasks, processor, batch_size, arguments.generate_max_new_tokens)


def score(samples: Sequence[Sample]) -> dict[str, float]:
    """The `MEASURES` of `train.metrics` over each task's samples, as `brief_bleu4`; those without a value left out."""
    from . import metrics

    scores = {}
    for task in sorted({sample.task for sample in samples}):
        some = [
            metrics.score_figure(sample.text, metrics.FigureTruth.from_row(sample.row, task), sample.truncated)
            for sample in samples
            if sample.task == task
        ]
        pooled = metrics.summarise(some, samples=1)
        scores |= {f"{task}_{name}": pooled[name]["value"] for name in MEASURES}
    return {name: value for name, value in scores.items() if value is not None}


def show(samples: Sequence[Sample], writer, step: int) -> None:
    """Put the first figures with their texts into a TensorBoard `SummaryWriter`."""
    for sample in samples:
        tag = f"{sample.task}/{sample.row['image_id']}"
        image = sample.row["image"].convert("L")
        image.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
        writer.add_image(tag, np.asarray(image), step, dataformats="HW")
        reference = sample.row[f"{sample.task}_description"]
        writer.add_text(tag, f"**written:** {sample.text}\n\n**reference:** {reference}", step)


def first_of_each_task(samples: Sequence[Sample]) -> list[Sample]:
    """`SHOWN` samples, as many of each task."""
    tasks = sorted({sample.task for sample in samples})
    return [sample for task in tasks for sample in [one for one in samples if one.task == task][: SHOWN // len(tasks)]]
