"""Continue (or begin) the pre-training of a causal language model on patent text with TRL's SFTTrainer, packed.

    accelerate launch -m train.pretrain_patentllama train/recipes/tiny/llama.yaml

The recipe's `model_name_or_path` continues a model; `from_scratch` holds the fields of an AutoConfig instead.
Prints the held-out perplexity before and after.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from datasets import load_dataset
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from trl import SFTConfig, TrlParser

from .trainer import ModelLossSFTTrainer


@dataclass
class PatentLlamaArguments:
    """What is trained, on what."""

    train_file: str = field(metadata={"help": "JSONL with a `text` column"})
    validation_file: str = field(metadata={"help": "JSONL with a `text` column"})
    tokenizer: str = field(metadata={"help": "tokenizer folder or hub id"})
    model_name_or_path: str | None = field(default=None, metadata={"help": "causal language model to continue"})
    from_scratch: dict | None = field(default=None, metadata={"help": "AutoConfig fields of a new model"})


def load_model(arguments: PatentLlamaArguments, tokenizer) -> AutoModelForCausalLM:
    """Load the model to continue, or make the new one the recipe describes.

    Raises:
        ValueError: both or neither of `model_name_or_path` and `from_scratch` are given.
    """
    if (arguments.model_name_or_path is None) == (arguments.from_scratch is None):
        raise ValueError("give exactly one of model_name_or_path and from_scratch in the recipe")
    if arguments.model_name_or_path:
        return AutoModelForCausalLM.from_pretrained(arguments.model_name_or_path)
    ids = {name: getattr(tokenizer, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    config = AutoConfig.for_model(**{**arguments.from_scratch, "vocab_size": len(tokenizer), **ids})
    return AutoModelForCausalLM.from_config(config)


def main() -> None:
    arguments, training = TrlParser((PatentLlamaArguments, SFTConfig)).parse_args_and_config()
    tokenizer = AutoTokenizer.from_pretrained(arguments.tokenizer)
    data = load_dataset("json", data_files={"train": arguments.train_file, "validation": arguments.validation_file})
    trainer = ModelLossSFTTrainer(
        model=load_model(arguments, tokenizer),
        args=training,
        train_dataset=data["train"],
        eval_dataset=data["validation"],
        processing_class=tokenizer,
    )
    before = trainer.evaluate()["eval_loss"]
    trainer.train(resume_from_checkpoint=training.resume_from_checkpoint)
    after = trainer.evaluate()["eval_loss"]
    trainer.model.config.use_cache = True
    trainer.save_model()
    print(f"held-out perplexity: {math.exp(before):.1f} before, {math.exp(after):.1f} after")


if __name__ == "__main__":
    main()
