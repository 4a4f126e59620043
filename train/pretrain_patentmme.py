"""Pre-train PatentMME, the figure encoder, with the paper's three objectives.

    accelerate launch -m train.pretrain_patentmme --config train/recipes/tiny/mme.yaml

mlm: name the masked words. mim: name the image-tokenizer codes of masked patches that hold drawn elements. pc: tell
which of five classes of elements touch each patch. Data are folders of Parquet shards with the columns of
`dataset_builder.figure`. The output folder holds the encoder with its heads, its OCR tokenizer, `log.jsonl` and
`curves.png`; `train.assemble` takes it as `vision_model`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

from transformers import AutoTokenizer, TrainingArguments, set_seed

from modeling_patentlmm import PatentMMEForPreTraining

from .pretraining.collate import PretrainingCollator
from .pretraining.curves import CurvesCallback
from .pretraining.encoder import load_encoder, new_encoder, prepare
from .pretraining.figure_processor import check_words, make_figure_processor
from .pretraining.figures import any_elements, check_held_out, load_figures
from .pretraining.pictures import draw_pictures, image_files
from .pretraining.teacher import load_teacher
from .pretraining.trainer import PretrainingTrainer
from .recipe import read_recipe
from .resume import checkpoint_to_resume

OBJECTIVES = ("mlm", "mim", "pc")


@dataclass
class PatentMMEArguments:
    """What is trained, on what."""

    train_data: list[str] = field(metadata={"help": "folders of Parquet shards"})
    ocr_tokenizer: str = field(metadata={"help": "tokenizer folder or hub id of the figures' words"})
    train_split: str = field(default="train", metadata={"help": "which shards of train_data"})
    eval_data: list[str] | None = field(default=None, metadata={"help": "folders of Parquet shards, held out"})
    eval_split: str = field(default="validation", metadata={"help": "which shards of eval_data"})
    processor: dict = field(default_factory=dict, metadata={"help": "options of PatentLMMProcessor, as in model.yaml"})
    objectives: list[str] = field(
        default_factory=lambda: list(OBJECTIVES), metadata={"help": f"any of {', '.join(OBJECTIVES)} (paper: all)"}
    )
    model_name_or_path: str | None = field(default=None, metadata={"help": "LayoutLMv3 or PatentMME to start from"})
    from_scratch: dict | None = field(default=None, metadata={"help": "PatentMMEConfig fields of a new encoder"})
    input_size: int | None = field(
        default=None, metadata={"help": "side of the figures in pixels where the checkpoint's is another (paper: 384)"}
    )
    image_tokenizer: str | None = field(default=None, metadata={"help": "folder of train.image_tokenizer, for mim"})
    teacher: str | None = field(
        default=None, metadata={"help": "an earlier run with pc, which labels the patches of figures without elements"}
    )
    teacher_confidence: dict | None = field(
        default=None, metadata={"help": "per class the probability from which the teacher is believed (default 0.9)"}
    )
    dilute_losses: bool = field(
        default=False, metadata={"help": "divide losses by all positions, as the authors' code"}
    )
    pictures: str | None = field(default=None, metadata={"help": "folder of images to draw the predicted patches on"})


def check_objectives(arguments: PatentMMEArguments) -> None:
    """Refuse objectives that do not exist or lack what they need.

    Raises:
        ValueError: says what to change in the recipe.
    """
    chosen = arguments.objectives
    if not chosen or len(set(chosen)) < len(chosen) or not set(chosen) <= set(OBJECTIVES):
        raise ValueError(f"objectives is {chosen}; list each of {', '.join(OBJECTIVES)} once at most, one at least")
    if "mim" in chosen and arguments.image_tokenizer is None:
        rest = ", ".join(name for name in chosen if name != "mim")
        raise ValueError(
            f"the objective mim needs image_tokenizer, a folder of train.image_tokenizer; or set objectives: [{rest}]"
        )
    if (arguments.model_name_or_path is None) == (arguments.from_scratch is None):
        raise ValueError("give exactly one of model_name_or_path and from_scratch in the recipe")
    if arguments.from_scratch is not None and arguments.input_size is not None:
        raise ValueError("input_size is for a checkpoint; set from_scratch: {input_size: ...}")


def check_image_tokenizer(image_tokenizer, config) -> None:
    """Refuse an image tokenizer whose codes do not belong to the encoder's patches or head.

    Raises:
        ValueError: patch size or codebook differ.
    """
    if image_tokenizer.patch_size != config.patch_size:
        raise ValueError(
            f"the image tokenizer has patches of {image_tokenizer.patch_size} pixels, the encoder of "
            f"{config.patch_size}; train one with the encoder's"
        )
    if image_tokenizer.codebook_size != config.codebook_size:
        raise ValueError(
            f"the image tokenizer has {image_tokenizer.codebook_size} codes, the encoder's head "
            f"{config.codebook_size}; take the one the head was trained with, or leave codebook_size out"
        )


def load_tokenizer_of_images(arguments: PatentMMEArguments):
    """The frozen image tokenizer of the recipe, None where mim is no objective."""
    if "mim" not in arguments.objectives:
        return None
    from .image_tokenizer import load_image_tokenizer

    return load_image_tokenizer(arguments.image_tokenizer)


def make_encoder(arguments: PatentMMEArguments, ocr_tokenizer, image_tokenizer) -> PatentMMEForPreTraining:
    """The encoder to train, checked against both tokenizers."""
    codebook_size = image_tokenizer.codebook_size if image_tokenizer else None
    if arguments.from_scratch is not None:
        model = new_encoder(arguments.from_scratch, ocr_tokenizer, codebook_size)
    else:
        model = load_encoder(arguments.model_name_or_path, arguments.input_size, codebook_size)
    origin = arguments.model_name_or_path or "from_scratch"
    check_words(origin, model.config.vocab_size, ocr_tokenizer, arguments.processor)
    if image_tokenizer:
        check_image_tokenizer(image_tokenizer, model.config)
    prepare(model, arguments.objectives, arguments.dilute_losses)
    return model


def make_trainer(arguments: PatentMMEArguments, training: TrainingArguments) -> PretrainingTrainer:
    """Everything a recipe describes, checked and ready for the first step.

    Raises:
        ValueError, FileNotFoundError: the recipe or its data will not do; says what to change.
    """
    check_objectives(arguments)
    set_seed(training.seed)
    ocr_tokenizer = AutoTokenizer.from_pretrained(arguments.ocr_tokenizer)
    image_tokenizer = load_tokenizer_of_images(arguments)
    model = make_encoder(arguments, ocr_tokenizer, image_tokenizer)
    processor = make_figure_processor(model.config, ocr_tokenizer, arguments.processor)
    teacher = None
    if arguments.teacher:
        teacher = load_teacher(
            arguments.teacher, model.config.patch_size, ocr_tokenizer, arguments.processor, arguments.teacher_confidence
        )
    figures = load_figures(arguments.train_data, arguments.train_split)
    held_out = load_figures(arguments.eval_data, arguments.eval_split) if arguments.eval_data else None
    if held_out:
        check_held_out(figures, held_out)
    if set(arguments.objectives) & {"mim", "pc"} and teacher is None and not any_elements(figures):
        raise ValueError(
            f"no figure of {', '.join(arguments.train_data)} has elements, which mim and pc learn from; add drawn "
            "figures (python -m dataset_builder.synthetic) or name a teacher"
        )
    training.remove_unused_columns = False  # the collator reads the rows as they are
    trainer = PretrainingTrainer(
        model=model,
        args=training,
        train_dataset=figures,
        eval_dataset=held_out,
        data_collator=PretrainingCollator(processor),
        callbacks=[CurvesCallback()],
        objectives=arguments.objectives,
        mask_token_id=ocr_tokenizer.mask_token_id,
        image_tokenizer=image_tokenizer,
        teacher=teacher,
    )
    return trainer


def main() -> None:
    try:
        arguments, training = read_recipe(PatentMMEArguments, TrainingArguments)
        files = image_files(arguments.pictures) if arguments.pictures else []
        checkpoint = checkpoint_to_resume(training)
        trainer = make_trainer(arguments, training)
    except (OSError, ValueError) as error:
        sys.exit(f"pretrain_patentmme: {' '.join(str(error).split())}")
    trainer.train(resume_from_checkpoint=checkpoint)
    trainer.save_model()
    if files and trainer.is_world_process_zero():
        draw_pictures(trainer.model, trainer.data_collator.processor, files, Path(training.output_dir) / "pictures")


if __name__ == "__main__":
    main()
