"""The fields of an SFT recipe: our own, and those of TRL's SFTConfig with what figures need as defaults."""

from __future__ import annotations

from dataclasses import dataclass, field

from trl import SFTConfig

from .collate import TASKS

STAGES = ("projector", "lora", "full")
DTYPES = ("float32", "bfloat16")


@dataclass
class PatentLMMArguments:
    """What is trained, on what."""

    model_name_or_path: str = field(metadata={"help": "PatentLMM checkpoint folder or hub id"})
    train_data: list[str] = field(metadata={"help": "one or several folders of Parquet shards"})
    train_split: str = field(default="train", metadata={"help": "which shards: train-*.parquet, train/*.parquet"})
    eval_data: list[str] | None = field(default=None, metadata={"help": "folders with the held-out figures"})
    eval_split: str = field(default="validation", metadata={"help": "which shards of eval_data"})
    streaming: bool = field(default=False, metadata={"help": "read train_data from disk as it goes; needs max_steps"})
    tasks: list[str] = field(default_factory=lambda: list(TASKS), metadata={"help": "brief, detailed, or both"})
    stage: str = field(default="lora", metadata={"help": f"one of {', '.join(STAGES)}"})
    dtype: str = field(default="float32", metadata={"help": f"of what is frozen, one of {', '.join(DTYPES)}"})
    ink_only: bool = field(default=False, metadata={"help": "no visual tokens for blank paper; kept in the checkpoint"})
    load_in_4bit: bool = field(default=False, metadata={"help": "QLoRA: the language model in NF4 (stage lora)"})
    tower_learning_rate: float | None = field(
        default=None, metadata={"help": "PatentMME's own; a post-LN encoder collapses at rates a decoder likes"}
    )
    projector_learning_rate: float | None = field(default=None, metadata={"help": "the projector's own (paper: 2e-5)"})
    lora_r: int = field(default=128, metadata={"help": "LoRA rank (paper: 128)"})
    lora_alpha: int = field(default=256, metadata={"help": "LoRA alpha (paper: 256)"})
    lora_dropout: float = field(default=0.05, metadata={"help": "LoRA dropout (paper: 0.05)"})
    generate_figures: int = field(
        default=0, metadata={"help": "held-out figures to describe and score at every evaluation"}
    )
    generate_max_new_tokens: int | None = field(default=None, metadata={"help": "per text; None: as in describing"})

    def __post_init__(self):
        self.train_data, self.eval_data, self.tasks = map(_as_list, (self.train_data, self.eval_data, self.tasks))


@dataclass
class FigureSFTConfig(SFTConfig):
    """TRL's SFTConfig for figures: rows go to our own collator as they are, and nothing is ever cut."""

    max_length: int | None = field(
        default=None, metadata={"help": "leave out figures whose conversation needs more tokens; nothing is cut"}
    )
    remove_unused_columns: bool = field(default=False, metadata={"help": "the collator reads every column"})
    use_cache: bool = field(default=True, metadata={"help": "of the saved checkpoints; training itself never caches"})


def _as_list(value: str | list[str] | None) -> list[str] | None:
    """A recipe may name one folder or task without a list around it."""
    return [value] if isinstance(value, str) else value
