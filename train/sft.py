"""Train PatentLMM on figures and their descriptions with TRL's SFTTrainer.

    accelerate launch -m train.sft --config train/recipes/tiny/sft_1.yaml

`stage` says what is trained: "projector" (stage 1 of the paper: the projector alone), "lora" (stage 2: LoRA on the
language model plus the projector) or "full" (everything, for models small enough). Data is one or several folders of
Parquet shards with the columns of `dataset_builder.figure`. With `resume_from_checkpoint: true` the same command begins
a run and goes on with one that was killed.
"""

from __future__ import annotations

import sys

from transformers.utils import logging
from trl import SFTConfig

from modeling_patentlmm import register

from .arguments import FigureSFTConfig, PatentLMMArguments
from .checks import check_max_length, check_model, check_recipe
from .collate import FigureCollator, conversation_mix
from .figure_trainer import FigureTrainer
from .figures import load_eval_figures, load_train_figures
from .models import load_model, load_processor
from .recipe import RecipeError, read_recipe
from .resume import checkpoint_to_resume
from .samples import sample_figures
from .stages import freeze, learning_rates, lora_config

logger = logging.get_logger(__name__)


def prepare(arguments: PatentLMMArguments, training: SFTConfig) -> FigureTrainer:
    """The trainer of a recipe, ready for its first step.

    Raises:
        RecipeError: the recipe cannot be followed.
    """
    check_recipe(arguments, training)

    # Processor and data
    processor = load_processor(arguments.model_name_or_path, arguments.ink_only)
    check_max_length(processor, training.max_length)
    collator = FigureCollator(processor, conversation_mix(arguments.tasks, processor.copy_head), training.seed)
    train_figures = load_train_figures(arguments, collator, training)
    eval_figures = load_eval_figures(arguments, collator, training)

    # Model
    model = load_model(arguments)
    check_model(model, processor, arguments)
    freeze(model, arguments.stage)

    # Training: our own collator reads the rows as they are
    training.dataset_kwargs = {"skip_prepare_dataset": True}
    training.max_length = None
    return FigureTrainer(
        model=model,
        args=training,
        train_dataset=train_figures,
        eval_dataset=eval_figures,
        processing_class=processor,
        data_collator=collator,
        peft_config=lora_config(arguments, model.config.copy_head) if arguments.stage == "lora" else None,
        rates=learning_rates(arguments),
        samples=sample_figures(eval_figures, arguments, processor, training.per_device_eval_batch_size),
    )


def main() -> None:
    register()
    try:
        arguments, training = read_recipe(PatentLMMArguments, FigureSFTConfig)
        checkpoint = checkpoint_to_resume(training)
        trainer = prepare(arguments, training)
    except RecipeError as error:
        sys.exit(f"sft: {error}")
    trainer.announce()
    trainer.train(resume_from_checkpoint=checkpoint)
    trainer.save_model()
    trainer.save_state()


if __name__ == "__main__":
    main()
