"""Train PatentLMM on figures and their descriptions with TRL's SFTTrainer.

    accelerate launch -m train.sft --config train/recipes/tiny/sft_1.yaml

`stage` says what is trained: "projector" (stage 1 of the paper: the projector alone), "lora" (stage 2: LoRA on the
language model plus the projector) or "full" (everything, for models small enough). Data is a folder of Parquet shards
with the columns of `dataset_builder.figure`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch
from datasets import Dataset, load_dataset
from transformers import PreTrainedModel
from trl import SFTConfig, SFTTrainer, TrlParser

from modeling_patentlmm import PatentLMMForConditionalGeneration, PatentLMMProcessor

from .collate import FigureCollator
from .trainer import ModelLossSFTTrainer

STAGES = ("projector", "lora", "full")
LORA_TARGETS = r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"


@dataclass
class PatentLMMArguments:
    """What is trained, on what."""

    model_name_or_path: str = field(metadata={"help": "PatentLMM checkpoint folder or hub id"})
    train_data: str = field(metadata={"help": "folder of Parquet shards"})
    eval_data: str | None = field(default=None, metadata={"help": "folder of Parquet shards"})
    stage: str = field(default="lora", metadata={"help": f"one of {', '.join(STAGES)}"})
    tower_learning_rate: float | None = field(
        default=None, metadata={"help": "PatentMME's own; a post-LN encoder collapses at rates a decoder likes"}
    )
    projector_learning_rate: float | None = field(default=None, metadata={"help": "the projector's own (paper: 2e-5)"})
    lora_r: int = field(default=128, metadata={"help": "LoRA rank (paper: 128)"})
    lora_alpha: int = field(default=256, metadata={"help": "LoRA alpha (paper: 256)"})
    lora_dropout: float = field(default=0.05, metadata={"help": "LoRA dropout (paper: 0.05)"})


def load_figures(folder: str) -> Dataset:
    """Load every Parquet shard of a folder, with a `length` column to group figures of like length into batches.

    Raises:
        FileNotFoundError: the folder holds no Parquet file.
    """
    shards = sorted(str(path) for path in Path(folder).glob("**/*.parquet"))
    if not shards:
        raise FileNotFoundError(
            f"{folder} holds no Parquet files; draw figures with python -m dataset_builder.synthetic"
        )
    figures = load_dataset("parquet", data_files=shards, split="train")
    return figures.add_column("length", lengths(figures))


def lengths(figures: Dataset) -> list[int]:
    """Characters of each figure's words and descriptions, which tell how many tokens it will need."""
    columns = figures.select_columns(["words", "brief_description", "detailed_description"])
    return [
        sum(map(len, words)) + len(brief or "") + len(detailed or "")
        for words, brief, detailed in map(dict.values, columns)
    ]


def freeze(model: PreTrainedModel, stage: str) -> None:
    """Leave trainable what the stage trains; LoRA is added by the trainer.

    Raises:
        ValueError: an unknown stage.
    """
    if stage not in STAGES:
        raise ValueError(f"stage is {stage!r}; choose one of {', '.join(STAGES)}")
    model.requires_grad_(stage == "full")
    if stage == "projector":
        model.model.multi_modal_projector.requires_grad_(True)


def parameter_groups(model: torch.nn.Module, arguments: PatentLMMArguments, training: SFTConfig) -> list[dict]:
    """Trainable parameters by learning rate: encoder, projector, everything else."""
    rates = {
        "vision_tower": arguments.tower_learning_rate,
        "multi_modal_projector": arguments.projector_learning_rate,
        "": None,
    }
    groups = {part: [] for part in rates}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            groups[next(part for part in rates if part in name)].append(parameter)
    return [
        {"params": parameters, "lr": rates[part] or training.learning_rate}
        for part, parameters in groups.items()
        if parameters
    ]


def cache_again(model: PreTrainedModel) -> None:
    """Undo the trainer's `use_cache=False`: a checkpoint saved with it writes every token from the whole prefix."""
    for config in (model.config, model.config.text_config, model.generation_config):
        config.use_cache = True


def lora_config(arguments: PatentLMMArguments):
    """LoRA on all linear layers of the language model, with the projector trained whole (stage 2)."""
    from peft import LoraConfig

    return LoraConfig(
        r=arguments.lora_r,
        lora_alpha=arguments.lora_alpha,
        lora_dropout=arguments.lora_dropout,
        target_modules=LORA_TARGETS,
        modules_to_save=["multi_modal_projector"],
        task_type="CAUSAL_LM",
    )


def main() -> None:
    arguments, training = TrlParser((PatentLMMArguments, SFTConfig)).parse_args_and_config()

    # Model
    processor = PatentLMMProcessor.from_pretrained(arguments.model_name_or_path)
    model = PatentLMMForConditionalGeneration.from_pretrained(arguments.model_name_or_path)
    freeze(model, arguments.stage)

    # Data: our own collator reads the rows as they are
    training.remove_unused_columns = False
    training.dataset_kwargs = {"skip_prepare_dataset": True}
    training.max_length = None

    # Training
    trainer_class = ModelLossSFTTrainer if model.config.copy_head or arguments.stage == "full" else SFTTrainer
    trainer = trainer_class(
        model=model,
        args=training,
        train_dataset=load_figures(arguments.train_data),
        eval_dataset=load_figures(arguments.eval_data) if arguments.eval_data else None,
        processing_class=processor,
        data_collator=FigureCollator(processor, seed=training.seed),
        peft_config=lora_config(arguments) if arguments.stage == "lora" else None,
    )
    optimizer_class, options = trainer_class.get_optimizer_cls_and_kwargs(training)
    trainer.optimizer = optimizer_class(
        parameter_groups(trainer.model, arguments, training), **{"weight_decay": training.weight_decay, **options}
    )
    trainer.train(resume_from_checkpoint=training.resume_from_checkpoint)
    cache_again(model)
    trainer.save_model()
    processor.save_pretrained(training.output_dir)


if __name__ == "__main__":
    main()
