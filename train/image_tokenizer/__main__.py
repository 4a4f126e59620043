"""Train the image tokenizer on figures.

    accelerate launch -m train.image_tokenizer --config train/recipes/tiny/image_tokenizer.yaml

Data is a folder of Parquet shards with the columns of `dataset_builder.figure`, of which `image_id`, `image`, `words`
and `boxes` are read. The folder written is loaded by `load_image_tokenizer`; beside the weights it has `report.json`
(held-out scores) and `reconstructions.png` (figures above what their codes give back).
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import torch
from diffusers import VQModel
from torch import nn
from transformers import Trainer, TrainingArguments

from modeling_patentlmm import PatentLMMImageProcessor

from ..recipe import read_recipe
from ..resume import checkpoint_to_resume
from .codebook import CodebookKeeper
from .data import PixelCollator, load_figures
from .objective import TokenizerObjective
from .report import measure, picture
from .tokenizer import ImageTokenizer

PAPER = 3.0  # logit of a pixel that is white with 0.95, as most are: to learn it takes over a hundred steps
LOGGED = ("reconstruction", "edges", "commitment")


@dataclass
class ImageTokenizerArguments:
    """What is trained, on what."""

    train_data: str = field(metadata={"help": "folder of Parquet shards"})
    eval_data: str = field(metadata={"help": "folder of Parquet shards, held out"})
    train_split: str = field(default="train", metadata={"help": "which shards of train_data"})
    eval_split: str = field(default="validation", metadata={"help": "which shards of eval_data"})
    image_size: int = field(default=384, metadata={"help": "side of PatentMME's canvas in pixels"})
    codebook_size: int = field(default=16384, metadata={"help": "number of codes (OCR-VQGAN: 16384)"})
    code_size: int = field(default=256, metadata={"help": "numbers in a code (OCR-VQGAN: 256)"})
    channels: list[int] = field(
        default_factory=lambda: [128, 128, 256, 256, 512],
        metadata={
            "help": "of each resolution; one more than there are down-samplings (OCR-VQGAN: 128 128 256 256 512)"
        },
    )
    layers_per_block: int = field(default=2, metadata={"help": "residual blocks of a resolution (OCR-VQGAN: 2)"})
    norm_num_groups: int = field(default=32, metadata={"help": "of the group norms; divides all channels"})
    word_weight: float = field(default=4.0, metadata={"help": "weight of a pixel in a word's box, 1 elsewhere"})
    edge_weight: float = field(default=1.0, metadata={"help": "weight of the edges beside the reconstruction"})
    codebook_warmup_steps: int = field(default=1000, metadata={"help": "steps without quantisation at the start"})
    codebook_refresh_steps: int = field(default=500, metadata={"help": "steps between two looks for unused codes"})


class TokenizerTrainer(Trainer):
    """Trainer that starts without quantisation, logs each loss and evaluates by `measure`."""

    def __init__(self, *args, codebook_warmup_steps: int, **kwargs):
        super().__init__(*args, **kwargs)
        self.codebook_warmup_steps = codebook_warmup_steps
        self.figures_seen = 0
        self._losses = defaultdict(list)

    @property
    def quantised(self) -> bool:
        """Whether codes are in use yet."""
        return self.state.global_step >= self.codebook_warmup_steps

    def compute_loss(self, model, inputs, **kwargs):
        self.figures_seen += len(inputs["pixel_values"])
        outputs = model(**inputs, quantised=self.quantised)
        for name in LOGGED:
            self._losses[name].append(outputs[name].detach())
        return outputs["loss"]

    def log(self, logs: dict, *args, **kwargs) -> None:
        for name, values in self._losses.items():
            logs[name] = torch.stack(values).mean().item()
        self._losses.clear()
        super().log(logs, *args, **kwargs)

    def evaluate(self, *args, **kwargs) -> dict[str, float]:
        batch_size = self.args.per_device_eval_batch_size
        found = measure(self.model, self.eval_dataset, self.data_collator, batch_size, self.accelerator, self.quantised)
        metrics = {f"eval_{name}": value for name, value in found.items()}
        self.log(metrics)
        return metrics


def build(arguments: ImageTokenizerArguments) -> VQModel:
    """A fresh VQModel of the recipe's sizes that draws blank paper; its codes are set later, by `CodebookKeeper`.

    It has no attention, unlike OCR-VQGAN: a code tells of its patch and what is around it, not of the whole sheet.

    Raises:
        ValueError: sizes that do not go together, by the recipe's names.
    """
    odd = [count for count in arguments.channels if count % arguments.norm_num_groups]
    if odd:
        raise ValueError(
            f"channels {odd} do not divide into norm_num_groups {arguments.norm_num_groups}; change either"
        )
    levels = len(arguments.channels)
    vq = VQModel(
        block_out_channels=tuple(arguments.channels),
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        layers_per_block=arguments.layers_per_block,
        latent_channels=arguments.code_size,
        num_vq_embeddings=arguments.codebook_size,
        norm_num_groups=arguments.norm_num_groups,
        mid_block_add_attention=False,
    )
    nn.init.constant_(vq.decoder.conv_out.bias, PAPER)
    return vq


def build_trainer(arguments: ImageTokenizerArguments, training: TrainingArguments) -> TokenizerTrainer:
    """Everything that is needed, with the bad input refused before the first step."""
    processor = PatentLMMImageProcessor(
        size={"height": arguments.image_size, "width": arguments.image_size},
        patch_size=2 ** (len(arguments.channels) - 1),
    )
    collate = PixelCollator(processor)
    torch.manual_seed(training.seed)
    objective = TokenizerObjective(build(arguments), arguments.word_weight, arguments.edge_weight)
    figures = load_figures(arguments.train_data, arguments.train_split)
    training.remove_unused_columns = False
    keeper = CodebookKeeper(
        objective,
        figures,
        collate,
        arguments.codebook_warmup_steps,
        arguments.codebook_refresh_steps,
        training.per_device_eval_batch_size,
    )
    return TokenizerTrainer(
        model=objective,
        args=training,
        train_dataset=figures,
        eval_dataset=load_figures(arguments.eval_data, arguments.eval_split),
        data_collator=collate,
        callbacks=[keeper],
        codebook_warmup_steps=arguments.codebook_warmup_steps,
    )


def save(trainer: TokenizerTrainer) -> None:
    """Write the tokenizer, its processor, the scores on held-out figures and a picture of some of them."""
    found = {name.removeprefix("eval_"): value for name, value in trainer.evaluate().items()}
    seen = trainer.accelerator.gather(torch.tensor([trainer.figures_seen], device=trainer.accelerator.device))
    if not trainer.is_world_process_zero():
        return
    out = Path(trainer.args.output_dir)
    ImageTokenizer(trainer.model.vq).save_pretrained(out)
    trainer.data_collator.processor.save_pretrained(out)
    picture(trainer.model, trainer.eval_dataset, trainer.data_collator).save(out / "reconstructions.png")
    report = {
        **found,
        "held_out_figures": len(trainer.eval_dataset),
        "steps": trainer.state.global_step,
        "figures_trained_on_by_process": seen.tolist(),
    }
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    try:
        arguments, training = read_recipe(ImageTokenizerArguments, TrainingArguments)
        checkpoint = checkpoint_to_resume(training)
        trainer = build_trainer(arguments, training)
    except (OSError, ValueError) as error:
        sys.exit(f"image_tokenizer: {' '.join(str(error).split())}")
    trainer.train(resume_from_checkpoint=checkpoint)
    save(trainer)


if __name__ == "__main__":
    main()
