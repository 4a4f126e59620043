"""Continue (or begin) the pre-training of a causal language model on patent text with TRL's SFTTrainer, packed.

    accelerate launch -m train.pretrain_patentllama --config train/recipes/tiny/llama.yaml

The recipe's `model_name_or_path` continues a model, whole or with `lora`; `from_scratch` holds the fields of an
AutoConfig instead. Every document ends with the end-of-sequence token, which is supervised; packed documents do not see
each other. The held-out perplexity before and after is printed, and written to `perplexity.json` of `output_dir`.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.compute as pc
import torch
from accelerate.utils import gather_object
from datasets import Dataset, IterableDataset, concatenate_datasets
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    set_seed,
)
from trl import SFTConfig, SFTTrainer

from .corpus import HUPD_FIELDS, find_files, load_corpus
from .recipe import read_recipe
from .resume import checkpoint_to_resume


@dataclass
class PatentLlamaArguments:
    """What is trained, on what."""

    train_data: list[str] = field(
        metadata={"help": "files or folders: JSONL or Parquet with a `text` column, HUPD's JSON per application"}
    )
    eval_data: list[str] = field(metadata={"help": "the same, held out; read whole"})
    tokenizer: str = field(metadata={"help": "tokenizer folder or hub id"})
    model_name_or_path: str | None = field(default=None, metadata={"help": "causal language model to continue"})
    from_scratch: dict | None = field(default=None, metadata={"help": "AutoConfig fields of a new model"})
    fields: list[str] | None = field(
        default=None,
        metadata={"help": f"columns that make a text, in this order (default: text; of HUPD {', '.join(HUPD_FIELDS)})"},
    )
    held_apart: str | None = field(
        default=None, metadata={"help": "JSONL with `patent_id`: patents of evaluation figures, not to be trained on"}
    )
    streaming: bool = field(default=False, metadata={"help": "read train_data while training; needs max_steps"})
    lora: bool = field(default=False, metadata={"help": "train LoRA on all linear layers in place of all weights"})
    lora_r: int = field(default=128, metadata={"help": "LoRA rank (paper: 128)"})
    lora_alpha: int = field(default=256, metadata={"help": "LoRA alpha (paper: 256)"})
    lora_dropout: float = field(default=0.05, metadata={"help": "LoRA dropout (paper: 0.05)"})
    merge: bool = field(default=False, metadata={"help": "also write base model and LoRA as one to output_dir/merged"})
    load_in_4bit: bool = field(default=False, metadata={"help": "hold the base model of `lora` in 4 bits (QLoRA)"})
    attn_implementation: str | None = field(
        default=None, metadata={"help": "flash attention reads packed rows without a mask of their length squared"}
    )

    def __post_init__(self):
        self.train_data, self.eval_data = _as_list(self.train_data), _as_list(self.eval_data)
        if (self.model_name_or_path is None) == (self.from_scratch is None):
            raise ValueError("give exactly one of model_name_or_path and from_scratch in the recipe")
        if self.from_scratch is not None and "model_type" not in self.from_scratch:
            raise ValueError("from_scratch has no model_type; name an architecture, such as model_type: llama")
        if self.lora and self.from_scratch:
            raise ValueError("lora adapts a trained model; name it with model_name_or_path, or leave lora out")
        if (self.merge or self.load_in_4bit) and not self.lora:
            raise ValueError("merge and load_in_4bit are for lora; set lora: true, or leave them out")


@dataclass
class PatentLlamaConfig(SFTConfig):
    """TRL's options, by default for long documents: those over `max_length` are split, not cut."""

    max_length: int | None = field(default=2048, metadata={"help": "tokens of a packed row"})
    packing: bool = field(default=True, metadata={"help": "put several documents into a row"})
    packing_strategy: str = field(
        default="bfd_split",
        metadata={"help": "bfd_split; bfd (leaves out what is over max_length); wrapped (documents see each other)"},
    )


class PerplexityTrainer(SFTTrainer):
    """SFTTrainer whose held-out loss is a mean over tokens.

    The mean of the batches' means that Trainer reports weighs a token by how few others are in its batch.
    """

    def evaluation_loop(self, *args, metric_key_prefix: str = "eval", **kwargs):
        self._held_out = [0.0, 0]
        output = super().evaluation_loop(*args, metric_key_prefix=metric_key_prefix, **kwargs)
        sums = gather_object([self._held_out])
        tokens = sum(count for _, count in sums)
        loss = sum(nats for nats, _ in sums) / tokens
        perplexity = torch.tensor(loss, dtype=torch.float64).exp().item()
        scores = {"loss": loss, "perplexity": perplexity, "predicted_tokens": tokens}
        output.metrics.update({f"{metric_key_prefix}_{name}": score for name, score in scores.items()})
        return output

    def prediction_step(self, model, inputs, *args, **kwargs):
        loss, logits, labels = super().prediction_step(model, inputs, *args, **kwargs)
        tokens = int((inputs["labels"][:, 1:] != -100).sum())
        if tokens:
            self._held_out[0] += loss.item() * tokens
            self._held_out[1] += tokens
        return loss, logits, labels


def load_tokenizer(name: str) -> PreTrainedTokenizerBase:
    """Load a tokenizer that can end a document.

    Raises:
        OSError: there is none of this name.
        ValueError: it has no end-of-sequence token.
    """
    tokenizer = AutoTokenizer.from_pretrained(name)
    if tokenizer.eos_token_id is None:
        raise ValueError(f"{name} has no end-of-sequence token, which every document ends with; set its eos_token")
    return tokenizer


def load_model(arguments: PatentLlamaArguments, tokenizer, bf16: bool) -> PreTrainedModel:
    """Load the model to continue, or make the new one the recipe describes.

    Weights that are trained are float32, which `bf16` computes with in bfloat16; frozen ones are held as they are
    computed with.

    Raises:
        OSError: there is no model of this name.
        ValueError: the tokenizer has tokens that the model has no embedding for.
    """
    if arguments.from_scratch:
        ids = {name: getattr(tokenizer, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
        config = AutoConfig.for_model(**{**arguments.from_scratch, "vocab_size": len(tokenizer), **ids})
        return AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    dtype = torch.bfloat16 if bf16 and arguments.lora else torch.float32
    model = AutoModelForCausalLM.from_pretrained(
        arguments.model_name_or_path,
        dtype=dtype,
        attn_implementation=arguments.attn_implementation,
        quantization_config=four_bits(dtype) if arguments.load_in_4bit else None,
    )
    known = model.get_input_embeddings().num_embeddings
    if len(tokenizer) > known:
        raise ValueError(
            f"{arguments.tokenizer} has {len(tokenizer)} tokens, {arguments.model_name_or_path} embeddings for {known} "
            "only; name the tokenizer that the model was trained with"
        )
    return model


def four_bits(dtype: torch.dtype) -> BitsAndBytesConfig:
    """QLoRA's storage of frozen weights (arXiv 2305.14314): 4-bit NormalFloat, its constants quantised too."""
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
        bnb_4bit_quant_storage=dtype,  # FSDP shards only what looks like the other weights
    )


def lora_config(arguments: PatentLlamaArguments):
    """LoRA on all linear layers but the head, for LLaMA the seven that PatentLMM's stage 2 adapts."""
    from peft import LoraConfig

    return LoraConfig(
        r=arguments.lora_r,
        lora_alpha=arguments.lora_alpha,
        lora_dropout=arguments.lora_dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )


def tokenize(data: Dataset | IterableDataset, tokenizer, **options) -> Dataset | IterableDataset:
    """Turn `text` into `input_ids`, ended by the end-of-sequence token; special tokens spelt in a text stay text."""
    end = tokenizer.eos_token_id

    def to_ids(rows: dict) -> dict:
        documents = tokenizer(rows["text"], split_special_tokens=True, verbose=False)["input_ids"]
        return {"input_ids": [ids if ids[-1:] == [end] else [*ids, end] for ids in documents]}

    return data.map(to_ids, batched=True, remove_columns=["text"], **options)


def fill_up(rows: Dataset, size: int) -> Dataset:
    """Add rows without labels until `size` divides their number, or some would be evaluated twice to fill a batch."""
    missing = -len(rows) % size
    blank = {"input_ids": [0], "labels": [-100], "seq_lengths": [1]}
    columns = {name: [blank[name]] * missing for name in rows.column_names}
    return concatenate_datasets([rows, Dataset.from_dict(columns, features=rows.features)])


def token_count(rows: Dataset) -> int:
    """Tokens of all rows, from the Arrow table's offsets: the tokens themselves are not read."""
    return pc.sum(pc.list_value_length(rows.data.column("input_ids"))).as_py()


def say_what_is_cut(tokens: int) -> None:
    if tokens:
        print(f"pretrain_patentllama: {tokens} tokens are over max_length and left out", file=sys.stderr)


def prepare(arguments: PatentLlamaArguments, training: PatentLlamaConfig) -> PerplexityTrainer:
    """Check and load everything, up to the first step.

    Raises:
        OSError, ValueError: something is missing or does not fit; in one sentence.
    """
    if arguments.streaming and training.max_steps <= 0:
        raise ValueError("streamed texts have no known number; set max_steps in the recipe")
    find_files([*arguments.train_data, *arguments.eval_data, *filter(None, [arguments.held_apart])])
    set_seed(training.seed)  # for a model from scratch
    tokenizer = load_tokenizer(arguments.tokenizer)
    model = load_model(arguments, tokenizer, training.bf16)
    with training.main_process_first(desc="reading the texts"):
        chosen = (arguments.fields, arguments.held_apart)
        train_texts = load_corpus(arguments.train_data, *chosen, streaming=arguments.streaming)
        eval_texts = load_corpus(arguments.eval_data, arguments.fields)
        workers = {"num_proc": training.dataset_num_proc}
        train_rows = tokenize(train_texts, tokenizer, **({} if arguments.streaming else workers))
        eval_rows = tokenize(eval_texts, tokenizer, **workers)
    trainer = PerplexityTrainer(
        model=model,
        args=training,
        train_dataset=train_rows,
        eval_dataset=eval_rows,
        processing_class=tokenizer,
        peft_config=lora_config(arguments) if arguments.lora else None,
    )
    if not arguments.streaming and training.process_index == 0:
        say_what_is_cut(token_count(train_rows) - token_count(trainer.train_dataset))
    trainer.eval_dataset = fill_up(trainer.eval_dataset, training.eval_batch_size * training.world_size)
    return trainer


def write_merged(arguments: PatentLlamaArguments, output_dir: str) -> None:
    """Write `output_dir/merged`: base model and LoRA as one, added in float32, kept in the base model's own type."""
    from peft import PeftModel

    base = AutoModelForCausalLM.from_pretrained(arguments.model_name_or_path, dtype=torch.float32)
    merged = PeftModel.from_pretrained(base, output_dir).merge_and_unload()
    stored = AutoConfig.from_pretrained(arguments.model_name_or_path).dtype or torch.float32
    merged.to(stored).save_pretrained(Path(output_dir) / "merged")
    AutoTokenizer.from_pretrained(output_dir).save_pretrained(Path(output_dir) / "merged")


def held_out(metrics: dict) -> dict[str, float]:
    """Loss in nats, perplexity and number of predicted tokens of the held-out texts."""
    return {name: metrics[f"eval_{name}"] for name in ("loss", "perplexity", "predicted_tokens")}


def run(trainer: PerplexityTrainer, checkpoint: str | None) -> tuple[dict, dict]:
    """Train, save, and return the held-out scores before and after.

    The former are taken in the training loop, where every kind of sharding is set up, and kept in checkpoints.
    """
    trainer.args.eval_on_start = checkpoint is None
    trainer.train(resume_from_checkpoint=checkpoint)
    before = next(entry for entry in trainer.state.log_history if "eval_perplexity" in entry)
    trainer.model.config.use_cache = True
    trainer.save_model()
    after = trainer.evaluate()
    return held_out(before), held_out(after)


def main() -> None:
    try:
        arguments, training = read_recipe(PatentLlamaArguments, PatentLlamaConfig)
        checkpoint = checkpoint_to_resume(training)
        trainer = prepare(arguments, training)
    except (ImportError, OSError, ValueError) as error:
        sys.exit(f"pretrain_patentllama: {' '.join(str(error).split())}")
    before, after = run(trainer, checkpoint)
    if training.process_index == 0:
        print(f"held-out perplexity: {before['perplexity']:.1f} before, {after['perplexity']:.1f} after")
        result = {"before": before, "after": after, "processes": training.world_size}
        (Path(training.output_dir) / "perplexity.json").write_text(json.dumps(result, indent=1) + "\n")
        if arguments.merge:
            write_merged(arguments, training.output_dir)


def _as_list(paths: str | list[str]) -> list[str]:
    return [paths] if isinstance(paths, str) else list(paths)


if __name__ == "__main__":
    main()
