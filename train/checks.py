"""Whether a recipe can be followed, asked before anything long begins. Every check raises a `RecipeError`."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

from transformers import PreTrainedModel, ProcessorMixin
from trl import SFTConfig

from .arguments import DTYPES, STAGES, PatentLMMArguments
from .collate import TASKS
from .recipe import RecipeError
from .stages import is_untrained

PROBE = "FIG. 1 shows."


def check_recipe(arguments: PatentLMMArguments, training: SFTConfig) -> None:
    """Look for fields that are wrong by themselves or contradict each other; reads no file."""
    _check_choice("stage", [arguments.stage], STAGES)
    _check_choice("dtype", [arguments.dtype], DTYPES)
    _check_choice("tasks", arguments.tasks, TASKS)
    if not arguments.tasks:
        raise RecipeError(f"tasks is empty; give some of {', '.join(TASKS)}")
    if arguments.load_in_4bit and arguments.stage != "lora":
        raise RecipeError(f"load_in_4bit needs stage: lora, not {arguments.stage}: quantised weights do not train")
    _check_streaming(arguments, training)
    _check_evaluation(arguments, training)
    for wanted, module, package in (
        (arguments.stage == "lora", "peft", "patentlmm[train]"),
        (arguments.load_in_4bit, "bitsandbytes", "patentlmm[qlora]"),
        (arguments.generate_figures, "sacrebleu", "patentlmm[evaluate]"),
        ("tensorboard" in training.report_to, "tensorboard", "patentlmm[train]"),
    ):
        if wanted and importlib.util.find_spec(module) is None:
            raise RecipeError(f"this recipe needs {module}; pip install '{package}'")


def _check_choice(field: str, values: list[str], choices: tuple[str, ...]) -> None:
    for value in values:
        if value not in choices:
            raise RecipeError(f"{field} is {value!r}; choose of {', '.join(choices)}")


def _check_streaming(arguments: PatentLMMArguments, training: SFTConfig) -> None:
    if not arguments.streaming:
        return
    if training.max_steps <= 0:
        raise RecipeError("streaming needs max_steps: a stream has no end; set it in the recipe")
    if training.max_length is not None:
        raise RecipeError("max_length needs streaming: false, to count what is left out; drop one of the two")
    if training.train_sampling_strategy != "random":
        raise RecipeError(
            f"train_sampling_strategy {training.train_sampling_strategy} needs streaming: false; drop one of the two"
        )


def _check_evaluation(arguments: PatentLMMArguments, training: SFTConfig) -> None:
    evaluates = training.eval_strategy != "no" or training.eval_on_start
    if evaluates and not arguments.eval_data:
        raise RecipeError("eval_strategy needs eval_data: name the folders of held-out figures, or set it to no")
    if arguments.generate_figures and not evaluates:
        raise RecipeError("generate_figures needs eval_strategy and eval_steps: say when to evaluate")
    if arguments.generate_figures < 0:
        raise RecipeError(f"generate_figures is {arguments.generate_figures}; give the number of figures, or 0")
    if arguments.generate_figures and (training.fsdp or "stage3" in _zero(training.deepspeed)):
        raise RecipeError(
            "generate_figures cannot describe figures with a model in pieces (FSDP, ZeRO-3); set it to 0 and evaluate "
            "a checkpoint with python -m train.evaluate"
        )


def _zero(deepspeed: str | dict | None) -> str:
    """'stage3' if a DeepSpeed configuration cuts the weights in pieces, else ''."""
    if isinstance(deepspeed, str):
        deepspeed = json.loads(Path(deepspeed).read_text())
    return f"stage{(deepspeed or {}).get('zero_optimization', {}).get('stage')}" if deepspeed else ""


def check_model(model: PreTrainedModel, processor: ProcessorMixin, arguments: PatentLMMArguments) -> None:
    """Look whether model and processor fit each other, and whether the stage may begin with them."""
    name = arguments.model_name_or_path
    tokenizer, entries = processor.tokenizer, model.get_input_embeddings().num_embeddings
    if processor.image_token_id != model.config.image_token_id:
        raise RecipeError(
            f"{name}: the tokenizer's {processor.image_token} is {processor.image_token_id}, the model's "
            f"{model.config.image_token_id}; use the tokenizer that the model was saved with"
        )
    if len(tokenizer) > entries:
        raise RecipeError(
            f"{name}: the tokenizer has {len(tokenizer)} entries, the model {entries}; use the one it was saved with"
        )
    if processor.copy_head != model.config.copy_head:
        raise RecipeError(
            f"{name}: copy_head is {processor.copy_head} in processor_config.json and {model.config.copy_head} in "
            "config.json; set both alike"
        )
    check_template(processor, name)
    if arguments.stage == "lora" and is_untrained(model.model.multi_modal_projector):
        raise RecipeError(
            f"{name}: its projector was never trained, so the language model would learn from noise; "
            "train it first with stage: projector"
        )


def check_template(processor: ProcessorMixin, name: str) -> None:
    """Look whether the chat template marks the answer and its end for supervision."""
    messages = [{"role": "user", "content": "Write."}, {"role": "assistant", "content": PROBE}]
    encoded = processor.tokenizer.apply_chat_template(
        messages,
        chat_template=processor.chat_template,
        return_dict=True,
        return_assistant_tokens_mask=True,
    )
    ids = [token for token, answer in zip(encoded["input_ids"], encoded["assistant_masks"], strict=True) if answer]
    if processor.tokenizer.eos_token_id not in ids:
        raise RecipeError(
            f"{name}: its chat template supervises no answer with its end; put both the text and eos_token inside "
            "{% generation %} ... {% endgeneration %}"
        )


def check_max_length(processor: ProcessorMixin, max_length: int | None) -> None:
    """Look whether any figure at all can fit into `max_length` tokens."""
    visual = 1 if processor.ink_only else processor.num_visual_tokens
    least = visual + 2  # without words, <s> and </s> are handed over
    if max_length is not None and max_length <= least:
        raise RecipeError(
            f"max_length {max_length} would cut the placeholders of every figure, which has {least} and more; raise it "
            "well above, or leave it out"
        )
