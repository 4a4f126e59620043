"""A patent figure to a grounded description.

Read the figure, turn it upright, take the inventory of its reference characters, encode it once, and write each kind
of description under the rule that a reference character or a figure number may appear only if the inventory or the
caller's list of parts holds it. The finished text is read once more: what it should name all the same becomes "[?]".
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial

import torch
from PIL import Image
from transformers import LogitsProcessorList, TextStreamer

from .connections_patentlmm import find_connections
from .designators_patentlmm import elements_as_designated
from .grounding_patentlmm import GroundedNumeralsLogitsProcessor, mark_ungrounded
from .image_processing_patentlmm import FigureError, as_figure, open_figure
from .lettering_patentlmm import reading_threads
from .linking_patentlmm import connect_as_drawn, is_wired
from .modeling_patentlmm import PatentLMMForConditionalGeneration
from .names_patentlmm import find_printed_names
from .naming_patentlmm import items_once, mention_all, name_as_printed, name_bare, printed_names, shows_parts
from .numerals_patentlmm import Inventory, add_parts_list, in_order, plain_character, put_label, take_inventory
from .ocr_patentlmm import Box, FigureReading, Word, read_figure
from .processing_patentlmm import PatentLMMProcessor, prompt_messages
from .references_patentlmm import named_characters, run_start
from .sentence_patentlmm import (
    SENTENCE_END,
    FigureNumberLogitsProcessor,
    NoThirdCopyLogitsProcessor,
    OncePerSentenceLogitsProcessor,
)

KINDS = ("brief", "detailed")
MAX_NEW_TOKENS = {"brief": 96, "detailed": 512}
CUT_OFF = " [...]"  # what a text ends with that did not end by itself
UNCERTAIN_BELOW = 0.8  # of the labelled real figures, 1 % of the true and 29 % of the false readings lie below
BLANK_CONTRAST = 40  # grey levels between the darkest and the lightest 4x4 mean; less is an empty page

IMAGE_INPUTS = (
    *("pixel_values", "pixel_attention_mask", "ocr_input_ids", "ocr_bbox", "ocr_attention_mask"),
    "visual_token_mask",
)


class CheckpointError(ValueError):
    """A folder that is not a whole checkpoint; the message is one line that names the folder and the remedy."""


@dataclass(frozen=True)
class Numeral:
    """A reference character of the figure.

    `box` is x0, y0, x1, y1 in 0..1000 of the upright figure; None, with confidence 0, where only the caller's list has
    it. `mentioned` says that a description uses it.
    """

    text: str
    box: Box | None
    confidence: float
    mentioned: bool

    @property
    def uncertain(self) -> bool:
        """Whether it was read with a confidence below `UNCERTAIN_BELOW`."""
        return self.box is not None and self.confidence < UNCERTAIN_BELOW


@dataclass(frozen=True)
class Description:
    """What was read from a figure and what is said of it.

    `label` is the figure number without "FIG.", None where it cannot be read; `rotation` the degrees counter-clockwise
    that turn the figure upright; `uncertain` the readings below `UNCERTAIN_BELOW`, the label's written "FIG. 3";
    `words` everything read; `timing_s` the seconds of `ocr`, `encode` and `generate`.
    """

    figure: str | None
    label: str | None
    rotation: int
    brief: str | None
    detailed: str | None
    numerals: tuple[Numeral, ...]
    uncertain: tuple[str, ...]
    words: tuple[Word, ...]
    timing_s: dict[str, float]

    def as_dict(self) -> dict:
        """The row that `patentlmm describe --json` prints."""
        return {
            "figure": self.figure,
            "label": self.label,
            "rotation": self.rotation,
            "brief": self.brief,
            "detailed": self.detailed,
            "numerals": [asdict(numeral) for numeral in self.numerals],
            "timing_s": self.timing_s,
        }


@dataclass(frozen=True)
class _Sight:
    """A figure as the model gets it."""

    name: str | None
    image: Image.Image
    reading: FigureReading
    inventory: Inventory
    words: list[str]
    boxes: list[Box]
    listed: dict[str, str]  # the caller's names of characters
    names: dict[str, str]  # these and the drawing's
    seconds: float


def load_checkpoint(folder: str | os.PathLike) -> tuple[PatentLMMForConditionalGeneration, PatentLMMProcessor]:
    """The model, ready to describe, and the processor of a checkpoint folder.

    Raises:
        CheckpointError: the folder or a part of it is missing, or its parts do not fit together.
    """
    name = os.fspath(folder)
    _check_checkpoint(name)
    try:
        processor = PatentLMMProcessor.from_pretrained(name)
        model = PatentLMMForConditionalGeneration.from_pretrained(name)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise CheckpointError(f"{name}: cannot be loaded ({reason}); save or fetch the checkpoint again") from error
    return model.eval(), processor


def _check_checkpoint(name: str) -> None:
    if not os.path.isdir(name):
        raise CheckpointError(f"{name}: is not a folder; name a checkpoint folder with --checkpoint")
    files = set(os.listdir(name))
    if "config.json" not in files:
        raise CheckpointError(f"{name}: holds no model (config.json missing); name a folder that save_pretrained wrote")
    if not any(file.endswith((".safetensors", ".safetensors.index.json")) for file in files):
        raise CheckpointError(f"{name}: holds no weights (model.safetensors missing); fetch the checkpoint again")
    absent = [part for part in ("processor_config.json", "tokenizer.json", "ocr_tokenizer") if part not in files]
    if absent:
        missing = " and ".join(absent)
        raise CheckpointError(
            f"{name}: holds a model without its processor ({missing} missing); "
            f"add it with processor.save_pretrained({name!r})"
        )


def describe(
    model: PatentLMMForConditionalGeneration,
    processor: PatentLMMProcessor,
    image: Image.Image | str | os.PathLike,
    kinds: Sequence[str] = KINDS,
    parts: Mapping[str, str] | None = None,
    rotation: int | None = None,
    max_new_tokens: int | None = None,
    reading: FigureReading | None = None,
    engine: str | None = None,
    figure: str | None = None,
    label: str | None = None,
    on_text: Callable[[str, str], None] | None = None,
) -> Description:
    """Describe one figure; greedy, so the same figure always gives the same text.

    Args:
        image: the figure as it is, or the path of a file, of which the first page is taken.
        kinds: "brief", "detailed" or both; the figure is read and encoded once.
        parts: the caller's list of parts, `{"10": "housing"}`; these characters may be used even if not read.
        rotation: degrees counter-clockwise (0, 90, 180, 270) that turn the figure upright; None finds it out.
        max_new_tokens: per description, by default `MAX_NEW_TOKENS`; a text cut there ends at a sentence and " [...]".
        reading: what `read_figure` gave for this image, to not read it again; its words may have been corrected.
        engine: the reading engine, by default the one the checkpoint was made for.
        figure: what the figure is called in the result and in errors, by default its path.
        label: the figure number without "FIG.", in place of the one read.
        on_text: called as `on_text(kind, text)` with all that is written so far of a kind, a word at a time, and at its
            end with the finished text. An exception it raises ends the writing.

    Raises:
        FigureError: the file cannot be read, or the page is blank.
        EngineError: the reading engine is not installed.
        ValueError: an unknown kind or rotation, or a label that is no figure number.
    """
    _check_kinds(kinds)
    parts = _plain_parts(parts)
    sight = _see(image, reading, engine or processor.ocr_engine, rotation, parts, figure, label)
    return _described(model, processor, [sight], kinds, parts, max_new_tokens, on_text=on_text)[0]


def describe_batch(
    model: PatentLMMForConditionalGeneration,
    processor: PatentLMMProcessor,
    images: Sequence[Image.Image | str | os.PathLike],
    kinds: Sequence[str] = KINDS,
    parts: Mapping[str, str] | None = None,
    rotation: int | None = None,
    max_new_tokens: int | None = None,
    readings: Sequence[FigureReading | None] | None = None,
    engine: str | None = None,
    figures: Sequence[str | None] | None = None,
    grounded: bool = True,
) -> list[Description]:
    """As `describe`, for several figures in one batch: one call of the encoder, one of `generate` for each kind.

    The figures are read side by side, as many at a time as `reading_threads` says. The list of parts and the rotation
    are those of all figures; `readings` and `figures` have an entry for each. Without `grounded` the model writes under
    no rule, and its characters may be invented: for measuring what the rules are worth.
    """
    _check_kinds(kinds)
    engine = engine or processor.ocr_engine
    parts = _plain_parts(parts)
    nothing = [None] * len(images)
    sights = _see_all(
        [
            (image, reading, engine, rotation, parts, figure)
            for image, reading, figure in zip(images, readings or nothing, figures or nothing, strict=True)
        ]
    )
    return _described(model, processor, sights, kinds, parts, max_new_tokens, grounded)


def _check_kinds(kinds: Sequence[str]) -> None:
    for kind in kinds:
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")


def _plain_parts(parts: Mapping[str, str] | None) -> dict[str, str]:
    return {plain_character(numeral): term for numeral, term in (parts or {}).items()}


def is_blank(image: Image.Image) -> bool:
    """Whether nothing is drawn: specks of a scanner do not count, a line of one pixel does."""
    grey = image.convert("L")
    darkest, lightest = grey.reduce(max(1, min(4, *grey.size))).getextrema()
    return lightest - darkest < BLANK_CONTRAST


def _see(
    image: Image.Image | str | os.PathLike,
    reading: FigureReading | None,
    engine: str,
    rotation: int | None,
    parts: Mapping[str, str],
    figure: str | None,
    label: str | None = None,
    threads: int | None = None,
) -> _Sight:
    started = time.perf_counter()
    path = os.fspath(image) if isinstance(image, (str, os.PathLike)) else None
    name = figure or path
    image = open_figure(path)[0] if path else as_figure(image)
    if is_blank(image):
        raise FigureError(f"{name or 'figure'}: is a blank page; give a page with a drawing on it")
    reading = reading or read_figure(image, engine=engine, rotation=rotation, threads=threads)
    words, boxes, confidences = reading.columns
    if label is not None:
        words, boxes, confidences = put_label(words, boxes, confidences, label)
    inventory = take_inventory(words, boxes, confidences)
    if parts:
        words, boxes, confidences = add_parts_list(words, boxes, confidences, parts)
    image = upright(image, reading.rotation)
    names = printed_names(words, boxes, confidences, image.size, parts)
    seconds = time.perf_counter() - started
    return _Sight(name, image, reading, inventory, words, boxes, dict(parts), names, seconds)


def _see_all(figures: Sequence[tuple]) -> list[_Sight]:
    """`_see(*figure)` of each, in parallel if there are several; the first that fails ends it."""
    if len(figures) < 2:
        return [_see(*figure) for figure in figures]
    with ThreadPoolExecutor(reading_threads()) as pool:
        return list(pool.map(partial(_see, threads=1), *zip(*figures, strict=True)))


def upright(image: Image.Image, rotation: int) -> Image.Image:
    """The image turned by `rotation` degrees counter-clockwise."""
    return image.rotate(rotation, expand=True) if rotation else image


class _Follower(TextStreamer):
    """Tells of a description as it is written, a word at a time."""

    def __init__(self, tokenizer, tell: Callable[[str], None]):
        super().__init__(tokenizer, skip_prompt=True, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        self.text, self.tell = "", tell

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        """Called by `generate` with what came after the last call; empty within a word."""
        if text:
            self.text += text
            self.tell(self.text.strip())


def _described(
    model: PatentLMMForConditionalGeneration,
    processor: PatentLMMProcessor,
    sights: list[_Sight],
    kinds: Sequence[str],
    parts: Mapping[str, str],
    max_new_tokens: int | None,
    grounded: bool = True,
    on_text: Callable[[str, str], None] | None = None,
) -> list[Description]:
    texts, seconds = _write(model, processor, sights, kinds, tuple(parts), max_new_tokens, grounded, on_text)
    return [
        _report(sight, {kind: texts[kind][row] for kind in kinds}, seconds, parts) for row, sight in enumerate(sights)
    ]


@torch.no_grad()
def _write(
    model: PatentLMMForConditionalGeneration,
    processor: PatentLMMProcessor,
    sights: list[_Sight],
    kinds: Sequence[str],
    listed: tuple[str, ...],
    max_new_tokens: int | None,
    grounded: bool,
    on_text: Callable[[str, str], None] | None,
) -> tuple[dict[str, list[str]], dict[str, float]]:
    """A text for every figure and kind, and the seconds of each step, shared out evenly among the figures."""
    inventories = [((*sight.inventory.texts, *listed), sight.inventory.labels) for sight in sights]
    texts, features, encoding, generating = {}, None, 0.0, 0.0
    for kind in kinds:
        started = time.perf_counter()
        inputs = _inputs(model, processor, sights, kind)
        figures = {name: inputs.pop(name) for name in IMAGE_INPUTS if name in inputs}
        if features is None:
            features = model.base_model.get_image_features(**figures)
        if model.config.copy_head and "copy_input_ids" in inputs:
            inputs["copy_source"] = model.copy_source(inputs["copy_input_ids"], inputs["copy_bbox"])
        encoded = time.perf_counter()
        limit = max_new_tokens or MAX_NEW_TOKENS[kind]
        prompt = inputs["input_ids"].shape[1]
        rules = decoding_rules(processor.tokenizer, inventories, prompt, kind) if grounded else LogitsProcessorList()
        tokens = model.generate(
            **inputs,
            mm_encoder_outputs={"image": features},
            logits_processor=rules,
            max_new_tokens=limit,
            do_sample=False,
            num_beams=1,
            streamer=_Follower(processor.tokenizer, partial(on_text, kind)) if on_text else None,
        )
        written = [_text(processor, row) for row in tokens[:, prompt:].tolist()]
        written = [processor.as_drawn(text, sight.words) for text, sight in zip(written, sights, strict=True)]
        if grounded:
            briefs = texts.get("brief", written)
            named = [_named(*row, kind) for row in zip(written, briefs, sights, strict=True)]
            written = [mark_ungrounded(text, *known) for text, known in zip(named, inventories, strict=True)]
        texts[kind] = written
        if on_text:
            on_text(kind, written[0])
        encoding += encoded - started
        generating += time.perf_counter() - encoded
    return texts, {"encode": encoding / len(sights), "generate": generating / len(sights)}


def decoding_rules(
    tokenizer, inventories: Sequence[tuple[Sequence[str], Sequence[str]]], prompt_length: int, kind: str
) -> LogitsProcessorList:
    """What a description is written under: first that it is true to the figures' inventories, then that it reads well.

    `inventories`: for each figure its reference characters and its figure labels.
    """
    rules = [
        GroundedNumeralsLogitsProcessor(tokenizer, inventories, prompt_length),
        FigureNumberLogitsProcessor(tokenizer, inventories, prompt_length),
        NoThirdCopyLogitsProcessor(tokenizer, prompt_length),
    ]
    if kind == "detailed":
        rules.append(OncePerSentenceLogitsProcessor(tokenizer, inventories, prompt_length))
    return LogitsProcessorList(rules)


def _inputs(model, processor: PatentLMMProcessor, sights: list[_Sight], kind: str) -> dict[str, torch.Tensor]:
    prompt = processor.apply_chat_template(prompt_messages(kind), add_generation_prompt=True)
    batch = processor(
        images=[sight.image for sight in sights],
        text=[prompt] * len(sights),
        words=[sight.words for sight in sights],
        boxes=[sight.boxes for sight in sights],
    )
    batch["pixel_values"] = batch["pixel_values"].to(model.dtype)
    return dict(batch.to(model.device))


def _text(processor: PatentLMMProcessor, tokens: list[int]) -> str:
    """The text of generated tokens, each sentence once; one that was cut off ends at its last full sentence, and says
    so."""
    tokenizer = processor.tokenizer
    text = tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False).strip()
    if tokens and tokens[-1] in tokenizer.all_special_ids:
        return _once_each(text)
    return f"{_once_each(_whole_sentences(text))}{CUT_OFF}".lstrip()


def _named(text: str, brief: str, sight: _Sight, kind: str) -> str:
    """A text whose parts are named as drawn; a detailed one connects them as drawn, and mentions all surely read."""
    names = sight.names if shows_parts(text) else sight.listed
    text = name_bare(text, (*sight.inventory.texts, *sight.listed), names)
    text = items_once(name_as_printed(elements_as_designated(text), names))
    if kind != "detailed":
        return text
    if is_wired(text) or is_wired(brief):
        named = find_printed_names(sight.words, sight.boxes, sight.image.size)
        drawn = find_connections(sight.image, sight.words, sight.boxes, named)
        text = connect_as_drawn(text, drawn, names)
    sure = [one.text for one in in_order(sight.inventory.characters) if one.confidence >= UNCERTAIN_BELOW]
    return mention_all(text, sure, names, sight.inventory.label)


def _once_each(text: str) -> str:
    """`text` without the sentences it repeats word for word, as a small model does that has nothing more to say."""
    bounds = [0, *(match.end() for match in SENTENCE_END.finditer(text)), len(text)]
    sentences = [text[start:end].strip() for start, end in zip(bounds, bounds[1:])]
    return " ".join(dict.fromkeys(sentences))


def _whole_sentences(text: str) -> str:
    """`text` up to its last full sentence, or else to its last whole run: half a numeral is another numeral."""
    ends = [match.end() for match in SENTENCE_END.finditer(text)]
    return text[: ends[-1]] if ends else text[: run_start(text)].rstrip()


def _report(sight: _Sight, texts: dict[str, str], seconds: dict[str, float], parts: Mapping[str, str]) -> Description:
    inventory, used = sight.inventory, mentioned_characters(texts.values())
    numerals = [
        Numeral(character.text, character.box, character.confidence, character.text in used)
        for character in inventory.characters
    ]
    unread = [text for text in parts if text not in inventory.texts]
    numerals += [Numeral(text, None, 0.0, text in used) for text in unread]
    uncertain = [numeral.text for numeral in numerals if numeral.uncertain]
    if inventory.label and inventory.label_confidence < UNCERTAIN_BELOW:
        uncertain.insert(0, f"FIG. {inventory.label}")
    timing = {"ocr": sight.seconds, **seconds}
    return Description(
        figure=sight.name,
        label=inventory.label,
        rotation=sight.reading.rotation,
        brief=texts.get("brief"),
        detailed=texts.get("detailed"),
        numerals=tuple(numerals),
        uncertain=tuple(dict.fromkeys(uncertain)),
        words=sight.reading.words,
        timing_s={step: round(value, 3) for step, value in timing.items()},
    )


def mentioned_characters(texts: Sequence[str]) -> set[str]:
    """The reference characters that the texts use."""
    return set().union(*map(named_characters, texts))
