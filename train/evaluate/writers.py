"""Models as writers of descriptions. A writer knows how to ask its model and how to read the answer, nothing else."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor, ProcessorMixin

from modeling_patentlmm.describe_patentlmm import CUT_OFF, describe_batch, is_blank, load_checkpoint
from modeling_patentlmm.image_processing_patentlmm import as_figure
from modeling_patentlmm.ocr_patentlmm import FigureReading, Word
from modeling_patentlmm.processing_patentlmm import PROMPTS

# For models that never saw a patent's figure: our prompts, with what such a description looks like.
QUESTIONS = {
    "brief": PROMPTS["brief"] + ' Answer with one sentence as in a list of drawings, such as "FIG. 3 is a side view of '
    'a pump according to an embodiment."',
    "detailed": PROMPTS["detailed"] + " Answer as in a patent's detailed description: say what the figure shows, name "
    "each part with its reference numeral, and say how the parts are connected.",
}
FLORENCE_TASKS = {"brief": "<CAPTION>", "detailed": "<MORE_DETAILED_CAPTION>"}
VARIANTS = ("model", "no_ocr", "no_rules", "words_only")


@dataclass(frozen=True)
class Written:
    """A text, and whether it stopped at the limit of tokens before its end; None where nobody knows."""

    text: str
    truncated: bool | None = None


class Writer(Protocol):
    """What `predict` needs: rows (columns of `dataset_builder.figure`) to a text for each, in a batch."""

    needs_image: bool

    def write(self, rows: Sequence[dict], task: str) -> list[Written]: ...


class PatentLMMWriter:
    """PatentLMM, given the words and boxes of the dataset.

    `ocr` False withholds them, and with them the rules, which would otherwise forbid every numeral; `rules` False lets
    the model write any numeral. A blank figure gets an empty text.
    """

    needs_image = True

    def __init__(self, model, processor, limit: int, ocr: bool = True, rules: bool = True):
        self.model, self.processor, self.limit = model, processor, limit
        self.ocr, self.rules = ocr, rules and ocr

    def write(self, rows: Sequence[dict], task: str) -> list[Written]:
        images = [as_figure(row["image"]) for row in rows]
        drawn = [index for index, image in enumerate(images) if not is_blank(image)]
        written = [Written("", False)] * len(rows)
        if drawn:
            descriptions = describe_batch(
                self.model,
                self.processor,
                [images[index] for index in drawn],
                kinds=(task,),
                max_new_tokens=self.limit,
                readings=[self._reading(rows[index], images[index].size) for index in drawn],
                figures=[rows[index]["image_id"] for index in drawn],
                grounded=self.rules,
            )
            for index, description in zip(drawn, descriptions, strict=True):
                text = getattr(description, task)
                written[index] = Written(text.removesuffix(CUT_OFF), text.endswith(CUT_OFF))
        return written

    def _reading(self, row: dict, size: tuple[int, int]) -> FigureReading:
        confidences = row["confidences"] or [1.0] * len(row["words"])
        columns = zip(row["words"], row["boxes"], confidences, strict=True)
        words = tuple(Word(text, tuple(box), confidence) for text, box, confidence in columns) if self.ocr else ()
        return FigureReading(words=words, rotation=0, size=size, engine=row["ocr_engine"] or "dataset", left_out=())


class ChatWriter:
    """Any model with a chat template: LLaVA, Qwen-VL, SmolVLM, Idefics and their like."""

    needs_image = True

    def __init__(self, model, processor, limit: int):
        self.model, self.processor, self.limit = model, processor, limit
        processor.tokenizer.padding_side = "left"

    def write(self, rows: Sequence[dict], task: str) -> list[Written]:
        question = {"type": "text", "text": QUESTIONS[task]}
        contents = [[{"type": "image", "image": row["image"].convert("RGB")}, question] for row in rows]
        return generate(self.model, self.processor, chat_batch(self.processor, contents), self.limit)


class FlorenceWriter:
    """Florence-2: an encoder-decoder that knows tasks instead of questions, and reads no chat."""

    needs_image = True

    def __init__(self, model, processor, limit: int):
        self.model, self.processor, self.limit = model, processor, limit

    def write(self, rows: Sequence[dict], task: str) -> list[Written]:
        images = [row["image"].convert("RGB") for row in rows]
        batch = self.processor(
            images=images, text=[FLORENCE_TASKS[task]] * len(rows), return_tensors="pt", padding=True
        )
        return generate(self.model, self.processor, batch, self.limit)


class WordsWriter:
    """The language model of a chat model alone: the figure's words as text, and no image."""

    needs_image = False

    def __init__(self, model, processor, limit: int):
        self.model, self.processor, self.limit = model, processor, limit
        processor.tokenizer.padding_side = "left"

    def write(self, rows: Sequence[dict], task: str) -> list[Written]:
        contents = [[{"type": "text", "text": f"{' '.join(row['words'])}\n{PROMPTS[task]}"}] for row in rows]
        return generate(self.model, self.processor, chat_batch(self.processor, contents), self.limit)


def chat_batch(processor, contents: Sequence[list[dict]]):
    """One user turn for each content, left-padded tensors.

    Raises:
        ValueError: the processor has no chat template.
    """
    if not processor.chat_template:
        name = type(processor).__name__
        raise ValueError(f"{name} has no chat template; save one beside the model as chat_template.jinja")
    return processor.apply_chat_template(
        [[{"role": "user", "content": content}] for content in contents],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        processor_kwargs={"padding": True, "return_tensors": "pt"},
    )


@torch.no_grad()
def generate(model, processor, batch, limit: int) -> list[Written]:
    """Greedy texts for a batch, without what the model's output begins with: the prompt, or a decoder's first token."""
    batch = batch.to(model.device)
    inputs = {name: value.to(model.dtype) if value.is_floating_point() else value for name, value in batch.items()}
    tokens = model.generate(**inputs, max_new_tokens=limit, do_sample=False, num_beams=1)
    prompt = 1 if model.config.is_encoder_decoder else inputs["input_ids"].shape[1]
    ends = model.generation_config.eos_token_id
    ends = {ends} if isinstance(ends, int) else set(ends or ())
    return [
        Written(processor.tokenizer.decode(row, skip_special_tokens=True).strip(), not ends & set(row))
        for row in tokens[:, prompt:].tolist()
    ]


def load_model(name: str, device: torch.device | str = "cpu"):
    """The model, ready to generate on `device`, and the processor of a checkpoint folder or a hub id.

    Raises:
        ValueError: the processor is not whole; transformers falls back to the tokenizer where a part cannot be loaded.
    """
    kind = AutoConfig.from_pretrained(name).model_type
    if kind == "patentlmm" and os.path.isdir(name):
        model, processor = load_checkpoint(name)
    else:
        processor = AutoProcessor.from_pretrained(name)
        if not isinstance(processor, ProcessorMixin):
            raise ValueError(
                f"{name}: only the {type(processor).__name__} of its processor can be loaded; save the whole processor "
                "beside the model, and install torchvision if it also reads videos"
            )
        model = AutoModelForImageTextToText.from_pretrained(name, dtype="auto")
    return model.to(device).eval(), processor


def make_writer(model, processor, limit: int, variant: str = "model") -> Writer:
    """The writer for a model, or a handicapped variant of it.

    Args:
        variant: `model` as it is; `no_ocr` without the figure's words and `no_rules` without the numeral constraint
            (PatentLMM only); `words_only` its language model with the words and no image.

    Raises:
        ValueError: a variant that this model does not have.
    """
    kind = model.config.model_type
    if variant == "words_only" and kind != "florence2":
        return WordsWriter(model, processor, limit)
    if kind == "patentlmm":
        return PatentLMMWriter(model, processor, limit, ocr=variant != "no_ocr", rules=variant != "no_rules")
    if variant != "model":
        raise ValueError(f"a {kind} model has no variant {variant}; leave it out of --baselines")
    return FlorenceWriter(model, processor, limit) if kind == "florence2" else ChatWriter(model, processor, limit)
