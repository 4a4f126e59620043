"""Figure + words + boxes + text -> tensors. The only owner of the placeholder count and of the prompt wording."""

import inspect
import json
import os
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image
from transformers.feature_extraction_utils import BatchFeature
from transformers.processing_utils import MultiModalData, ProcessingKwargs, ProcessorMixin
from transformers.utils import logging

from .image_processing_patentlmm import FEATURE_MODES, as_figure, flatten
from .names_patentlmm import order_by_character
from .ocr_patentlmm import engine_version, read_figure

logger = logging.get_logger(__name__)

PROMPTS = {
    "brief": "Write a brief description for this patent image.",
    "detailed": "Write a detailed description for this patent image.",
}
# Words that a drawing prints in capitals without being acronyms
COMMON_WORDS = frozenset(
    "a all an and are as at be by do for from if in is it no not of off on or out so than that the then this to up via "
    "with yes add back bus call clock close count cut data down end exit false fig figs file first flow front gate get "
    "go goto high host input key last left line list load loop low main map match max memo menu min mode more new next "
    "node off ok open pass path pin port power pump push put read ready reset right run save scan send set side start "
    "state stop store sub sum tap task test time top true turn type unit use user valve view wait write zero".split()
)
ROLE_TOKENS = ("<|system|>", "<|user|>", "<|assistant|>")

# One prompt for training and inference. The end of sequence lies inside the generation block, so that it is supervised.
DEFAULT_CHAT_TEMPLATE = """\
{{- bos_token -}}
{%- for message in messages -%}
{%- if message.content is string -%}{%- set text = message.content -%}
{%- else -%}
{%- set text = message.content | selectattr('type', 'equalto', 'text') | map(attribute='text') | join('') -%}
{%- endif -%}
{%- if message.role == 'assistant' -%}
{{- '<|assistant|>' -}}{%- generation -%}{{- text ~ eos_token -}}{%- endgeneration -%}
{%- else -%}
{{- '<|' ~ message.role ~ '|>' -}}
{%- if message.content is not string -%}
{%- for block in message.content if block.type == 'image' -%}{{- '<image>' -}}{%- endfor -%}
{%- endif -%}
{{- text -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}
"""

# The published inference prompt, character for character: `<image>\nUSER: {question}\nASSISTANT:`.
REFERENCE_CHAT_TEMPLATE = """\
{%- for message in messages -%}
{%- if message.content is string -%}{%- set text = message.content -%}
{%- else -%}
{%- set text = message.content | selectattr('type', 'equalto', 'text') | map(attribute='text') | join('') -%}
{%- endif -%}
{%- if message.role == 'assistant' -%}
{{- 'ASSISTANT:' -}}{%- generation -%}{{- ' ' ~ text ~ eos_token -}}{%- endgeneration -%}
{%- else -%}
{%- if message.content is not string -%}
{%- for block in message.content if block.type == 'image' -%}{{- '<image>\\n' -}}{%- endfor -%}
{%- endif -%}
{{- 'USER: ' ~ text ~ '\\n' -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- 'ASSISTANT:' -}}{%- endif -%}
"""


def prompt_messages(
    kind: str, image: Any = None, words: Sequence[str] | None = None, boxes: Sequence[Sequence[int]] | None = None
) -> list[dict]:
    """The user turn that asks for a `brief` or a `detailed` description, for `apply_chat_template`.

    Without `words` the figure is read when the processor is called.
    """
    if kind not in PROMPTS:
        raise ValueError(f"kind must be one of {', '.join(PROMPTS)}, not {kind!r}")
    block = {"type": "image"}
    given = {"image": image, "words": words, "boxes": boxes}
    block.update((name, value) for name, value in given.items() if value is not None)
    return [{"role": "user", "content": [block, {"type": "text", "text": PROMPTS[kind]}]}]


class PatentLMMProcessorKwargs(ProcessingKwargs, total=False):
    """Everything the tokenizer and the image processor take; a batch of texts is padded by default."""

    _defaults = {"text_kwargs": {"padding": True}}


class PatentLMMProcessor(ProcessorMixin):
    """An image processor, the language model's tokenizer and the encoder's OCR tokenizer as one.

    Args:
        image_processor: a `PatentLMMImageProcessor`.
        tokenizer: the language model's; must hold `image_token`. Its padding side is set to left, as generation needs.
        ocr_tokenizer: the encoder's; any fast tokenizer with cls, sep, pad and mask (`LayoutLMv3Tokenizer` drops in).
        chat_template: a Jinja template; by default the one of the feature mode.
        feature_mode: `default` or `reference` (the published behaviour, see the image processor).
        max_ocr_tokens: OCR tokens per figure, special tokens included; longer readings are cut, `</s>` is kept.
        visual_pool: side of the squares of patches the model averages into one feature.
        ocr_engine, ocr_engine_version: what reads the words when none are given; recorded in `processor_config.json`.
        ocr_vocab_size: size of `ocr_tokenizer`, recorded to notice a wrong one; filled in when absent.
        lowercase_words: lower-case the words without a digit before OCR tokenisation.
        words_by_character: give the words with each reference character behind the words that name it, in the order
            of a list of parts (see `order_by_character`), which a small model need not learn. The list is cut last.
        copy_head: also return `copy_input_ids` and `copy_bbox` for the model's copy head.
        ink_only: hand no visual token over for squares of blank paper; the encoder still sees them. Also returns
            `visual_token_mask`, which tells the model.
    """

    valid_processor_kwargs = PatentLMMProcessorKwargs

    def __init__(
        self,
        image_processor=None,
        tokenizer=None,
        ocr_tokenizer=None,
        chat_template=None,
        image_token="<image>",
        feature_mode="default",
        max_ocr_tokens=512,
        visual_pool=1,
        ocr_engine="rapidocr",
        ocr_engine_version=None,
        ocr_vocab_size=None,
        lowercase_words=False,
        copy_head=False,
        words_by_character=False,
        ink_only=False,
    ):
        _check_ocr_tokenizer(ocr_tokenizer, ocr_vocab_size)
        _check_image_token(tokenizer, image_token)
        _check_geometry(image_processor, feature_mode, visual_pool, max_ocr_tokens)
        _check_ink_only(ink_only, feature_mode)
        self.image_token = image_token
        self.image_token_id = tokenizer.convert_tokens_to_ids(image_token)
        self.feature_mode = feature_mode
        self.max_ocr_tokens = max_ocr_tokens
        self.visual_pool = visual_pool
        self.ocr_engine = ocr_engine
        self.ocr_engine_version = (
            ocr_engine_version or engine_version(ocr_engine).removeprefix(ocr_engine).strip() or None
        )
        self.ocr_vocab_size = len(ocr_tokenizer)
        self.lowercase_words = lowercase_words
        self.copy_head = copy_head
        self.words_by_character = words_by_character
        self.ink_only = ink_only
        tokenizer.padding_side = "left"
        if chat_template is None:
            chat_template = REFERENCE_CHAT_TEMPLATE if feature_mode == "reference" else DEFAULT_CHAT_TEMPLATE
            chat_template = chat_template.replace("<image>", image_token)
        super().__init__(image_processor, tokenizer, ocr_tokenizer, chat_template=chat_template)

    @property
    def model_input_names(self) -> list[str]:
        names = ["input_ids", "attention_mask", "pixel_values", "ocr_input_ids", "ocr_bbox", "ocr_attention_mask"]
        names += ["pixel_attention_mask"] if self.feature_mode == "default" else []
        names += ["visual_token_mask"] if self.ink_only else []
        return names + (["copy_input_ids", "copy_bbox"] if self.copy_head else [])

    @property
    def num_visual_tokens(self) -> int:
        """The visual CLS and the pooled patches of a figure; with `ink_only` the most there can be."""
        rows, columns = self.image_processor.grid
        return 1 + (rows // self.visual_pool) * (columns // self.visual_pool)

    def __call__(
        self,
        images=None,
        text: str | Sequence[str] | None = None,
        words: Sequence[Sequence[str] | None] | None = None,
        boxes: Sequence[Sequence[Sequence[int]] | None] | None = None,
        ocr_padding: str = "longest",
        return_tensors: str | None = "pt",
        return_mm_token_type_ids: bool = False,
        return_text_replacement_offsets: bool = False,
        **kwargs,
    ) -> BatchFeature:
        """Tensors for the model.

        Args:
            images: figures (PIL, path, array, or lists of them), in the order of their placeholders in `text`.
            text: prompts with one `image_token` a figure; without it only the figures' tensors are returned.
            words, boxes: per figure its words and their boxes x0, y0, x1, y1 in 0..1000 of the figure as given. A
                figure without words (None) is read by `ocr_engine`, and turned upright by what the reading says.
            ocr_padding: `longest` of the batch, or `max_length` (`max_ocr_tokens`) where a figure's tensors must not
                depend on its neighbours, as in vLLM's cache.
            kwargs: for the tokenizer (`padding`, `padding_side`, `max_length`, ...) and the image processor.

        Returns:
            `input_ids`, `attention_mask` (B, L); `pixel_values` (N, 3, H, W); `pixel_attention_mask` (N, H/patch,
            W/patch); `ocr_input_ids`, `ocr_attention_mask` (N, T); `ocr_bbox` (N, T, 4), in 0..1000 of the canvas;
            with `ink_only` `visual_token_mask` (N, num_visual_tokens), 0 where there is no ink.

        Raises:
            ValueError: no input; words and boxes that do not fit; placeholders that do not match the figures or
                would be cut by `max_length`.
        """
        if images is None and text is None:
            raise ValueError("nothing to process; pass images, text or both")
        merged = self._merge_kwargs(
            PatentLMMProcessorKwargs, tokenizer_init_kwargs=self.tokenizer.init_kwargs, **_without_none(kwargs)
        )
        text_kwargs, images_kwargs = merged["text_kwargs"], merged["images_kwargs"]
        return_tensors = _take(text_kwargs, images_kwargs, "return_tensors", return_tensors)
        return_mm_token_type_ids |= bool(text_kwargs.pop("return_mm_token_type_ids", False))
        return_text_replacement_offsets |= bool(text_kwargs.pop("return_text_replacement_offsets", False))

        figures = [] if images is None else flatten(self.image_processor.fetch_images(images))
        image_inputs = self._figures(figures, words, boxes, ocr_padding, images_kwargs) if figures else {}
        text_inputs, offsets = ({}, None) if text is None else self._text(text, image_inputs, len(figures), text_kwargs)
        if return_mm_token_type_ids and text is not None:
            text_inputs["mm_token_type_ids"] = self.create_mm_token_type_ids(text_inputs["input_ids"])
        batch = BatchFeature({**text_inputs, **image_inputs}, tensor_type=return_tensors)
        if return_text_replacement_offsets and text is not None:
            batch["text_replacement_offsets"] = offsets
        return batch

    # --- figures ---

    def _figures(self, figures: list, words, boxes, ocr_padding: str, images_kwargs: dict) -> dict:
        figures = [as_figure(figure) for figure in figures]
        words, boxes = _per_figure("words", words, len(figures)), _per_figure("boxes", boxes, len(figures))
        for index, (figure, some_words) in enumerate(zip(figures, words, strict=True)):
            if some_words is None:
                figures[index], words[index], boxes[index] = self._read(figure)
            _check_words(index, words[index], boxes[index])
        ordered = [self.order_words(*given) for given in zip(words, boxes, (f.size for f in figures), strict=True)]
        words, boxes, listed = (list(column) for column in zip(*ordered, strict=True))
        letterboxes = [self.image_processor.letterbox(figure.size) for figure in figures]
        boxes = [box.move_boxes(some) for box, some in zip(letterboxes, boxes, strict=True)]
        pixels = self.image_processor(figures, **{**images_kwargs, "mark_ink": self.ink_only})
        if self.ink_only:
            pixels["visual_token_mask"] = self._visual_token_mask(np.asarray(pixels.pop("ink_mask")))
        return {**pixels, **self._ocr(words, boxes, listed, ocr_padding)}

    def _visual_token_mask(self, ink: np.ndarray) -> np.ndarray:
        """(N, H/patch, W/patch) -> (N, num_visual_tokens): the visual CLS, and each square with any ink."""
        side, (count, rows, columns) = self.visual_pool, ink.shape
        squares = ink.reshape(count, rows // side, side, columns // side, side).max(axis=(2, 4))
        return np.pad(squares.reshape(count, -1), ((0, 0), (1, 0)), constant_values=1)

    def order_words(
        self, words: Sequence[str], boxes: Sequence[Sequence[int]], size: tuple[int, int]
    ) -> tuple[Sequence[str], Sequence[Sequence[int]], int]:
        """A figure's words and boxes in the order the encoder is given them, and how many of the last must stay."""
        return order_by_character(words, boxes, size) if self.words_by_character else (words, boxes, 0)

    def _read(self, figure: Image.Image) -> tuple[Image.Image, list[str], list]:
        """The upright figure, its words and their boxes."""
        reading = read_figure(figure, engine=self.ocr_engine)
        recorded = " ".join(filter(None, (self.ocr_engine, self.ocr_engine_version)))
        if reading.engine != recorded:
            logger.warning_once(
                f"the checkpoint was made for words read by {recorded}; here {reading.engine} reads them"
            )
        if reading.rotation:
            figure = figure.rotate(reading.rotation, expand=True, fillcolor="white")
        words, boxes, _ = reading.columns
        return figure, words, boxes

    def _ocr(
        self, words: list[Sequence[str]], boxes: list[np.ndarray], listed: list[int], ocr_padding: str
    ) -> dict[str, np.ndarray]:
        """Token ids, boxes and mask of each figure's words, padded on the right. (N, T), (N, T, 4), (N, T)."""
        rows = [self._ocr_row(*figure) for figure in zip(words, boxes, listed, strict=True)]
        if ocr_padding not in ("longest", "max_length"):
            raise ValueError(f"ocr_padding must be longest or max_length, not {ocr_padding!r}")
        length = self.max_ocr_tokens if ocr_padding == "max_length" else max(len(ids) for ids, _ in rows)
        ids = np.full((len(rows), length), self.ocr_tokenizer.pad_token_id, dtype=np.int64)
        bbox = np.zeros((len(rows), length, 4), dtype=np.int64)
        mask = np.zeros((len(rows), length), dtype=np.int64)
        for index, (row_ids, row_bbox) in enumerate(rows):
            ids[index, : len(row_ids)], bbox[index, : len(row_ids)], mask[index, : len(row_ids)] = row_ids, row_bbox, 1
        out = {"ocr_input_ids": ids, "ocr_bbox": bbox, "ocr_attention_mask": mask}
        if self.copy_head:
            special = (mask == 0) | np.isin(ids, (self.ocr_tokenizer.cls_token_id, self.ocr_tokenizer.sep_token_id))
            out |= {"copy_input_ids": np.where(special, -100, ids), "copy_bbox": bbox}
        return out

    def _ocr_row(self, words: Sequence[str], boxes: np.ndarray, listed: int = 0) -> tuple[list[int], np.ndarray]:
        """`<s> tokens </s>` and a box for each; the special tokens' box is 0, 0, 0, 0 as in LayoutLMv3.

        What is too long is cut before the last `listed` words.
        """
        ids, owners = encode_words(self.ocr_tokenizer, self.ocr_words(words))
        tail = sum(owner >= len(words) - listed for owner in owners)
        limit = self.max_ocr_tokens - 2
        cut = slice(max(limit - tail, 0), len(ids) - tail) if len(ids) > limit else slice(0, 0)
        del ids[cut], owners[cut]
        ids, owners = ids[:limit], owners[:limit]
        bbox = np.zeros((len(ids) + 2, 4), dtype=np.int64)
        bbox[1:-1] = boxes[owners]
        return [self.ocr_tokenizer.cls_token_id, *ids, self.ocr_tokenizer.sep_token_id], bbox

    def ocr_words(self, words: Sequence[str]) -> list[str]:
        """The words as the encoder is given them: with `lowercase_words`, those without a digit in lower case."""
        if not self.lowercase_words:
            return list(words)
        return [word if any(map(str.isdigit, word)) else word.lower() for word in words]

    def as_drawn(self, text: str, words: Sequence[str]) -> str:
        """A text written from `ocr_words(words)` with the drawing's acronyms in capitals again: cpu -> CPU."""
        for word in find_acronyms(words) if self.lowercase_words else ():
            text = re.sub(rf"\b{word.lower()}(?=s?\b)", word, text)
        return text

    # --- placeholders and text ---

    def replace_image_token(self, image_inputs: dict, image_idx: int, **kwargs) -> str:
        """The placeholders of one figure: its OCR tokens, then the visual CLS and the patches handed over.

        In the reference mode the OCR padding has its own, as the published model hands it over with the rest.
        """
        mask = np.asarray(image_inputs["ocr_attention_mask"][image_idx])
        ocr = len(mask) if self.feature_mode == "reference" else int(mask.sum())
        visual = int(image_inputs["visual_token_mask"][image_idx].sum()) if self.ink_only else self.num_visual_tokens
        return self.image_token * (ocr - self._dropped_ocr_tokens + visual)

    @property
    def _dropped_ocr_tokens(self) -> int:
        return 1 if self.feature_mode == "reference" else 0  # the published model drops the first text token, <s>

    def get_text_with_replacements(
        self, text: list[str], images_replacements: Sequence[str] = (), *unused, **kwargs
    ) -> tuple[list[str], list[list[dict]]]:
        """The texts with each image token expanded, and per text where: type, span, new_span, text, replacement."""
        replacements = iter(images_replacements)
        expanded, offsets = [], []
        for sample in text:
            pieces = sample.split(self.image_token) if images_replacements else [sample]
            found, old, out = [], 0, pieces[0]
            for before, after in zip(pieces, pieces[1:], strict=False):
                old += len(before)
                replacement = next(replacements)
                found.append(
                    {
                        "type": "image",
                        "span": (old, old + len(self.image_token)),
                        "new_span": (len(out), len(out) + len(replacement)),
                        "text": self.image_token,
                        "replacement": replacement,
                    }
                )
                old += len(self.image_token)
                out += replacement + after
            expanded.append(out)
            offsets.append(found)
        return expanded, offsets

    def _text(
        self, text: str | Sequence[str], image_inputs: dict, num_figures: int, text_kwargs: dict
    ) -> tuple[dict, list[list[dict]]]:
        text = [text] if isinstance(text, str) else list(text)
        found = sum(sample.count(self.image_token) for sample in text)
        if found != num_figures:
            raise ValueError(
                f"the text has {found} {self.image_token} and {num_figures} images were passed; one for each"
            )
        replacements = [self.replace_image_token(image_inputs, index) for index in range(num_figures)]
        expanded, offsets = self.get_text_with_replacements(text, replacements)
        bos = self.tokenizer.bos_token
        if bos is not None and all(sample.startswith(bos) for sample in expanded):
            text_kwargs.setdefault("add_special_tokens", False)
        encoded = dict(self.tokenizer(expanded, **text_kwargs))
        encoded.pop("token_type_ids", None)
        self._check_not_cut(encoded["input_ids"], expanded, text_kwargs.get("max_length"))
        return encoded, offsets

    def _check_not_cut(self, input_ids: list[list[int]], expanded: list[str], max_length: int | None) -> None:
        for index, (ids, sample) in enumerate(zip(input_ids, expanded, strict=True)):
            kept, needed = list(ids).count(self.image_token_id), sample.count(self.image_token)
            if kept != needed:
                raise ValueError(
                    f"max_length={max_length} cuts the image of text {index}: {kept} of its {needed} image tokens are "
                    f"left; raise max_length well above {needed}, or leave it out"
                )

    def create_mm_token_type_ids(self, input_ids: Sequence[Sequence[int]]) -> list[list[int]]:
        """1 where a token stands for an image, else 0."""
        return [[int(token == self.image_token_id) for token in row] for row in input_ids]

    def _get_num_multimodal_tokens(
        self, image_sizes: Sequence[Sequence[int]] | None = None, **kwargs
    ) -> MultiModalData:
        """The most placeholders an image can need, for vLLM's profiling; how many it does need depends on its words."""
        if image_sizes is None:
            return MultiModalData()
        bound = self.max_ocr_tokens - self._dropped_ocr_tokens + self.num_visual_tokens
        return MultiModalData(num_image_tokens=[bound] * len(image_sizes), num_image_patches=[1] * len(image_sizes))

    # --- chat ---

    def apply_chat_template(self, conversation, chat_template=None, *, processor_kwargs: dict | None = None, **kwargs):
        """As in transformers; image blocks may carry `words` and `boxes`, which then are not read from the figure."""
        if not kwargs.get("tokenize", False):
            return super().apply_chat_template(conversation, chat_template, **kwargs)
        processor_kwargs = {**words_of_conversations(conversation), **(processor_kwargs or {})}
        # transformers 5.18 drops processor_kwargs where other arguments (template variables) are passed loosely.
        if kwargs.keys() - inspect.signature(ProcessorMixin.apply_chat_template).parameters.keys():
            kwargs = {**processor_kwargs, **kwargs}
        return super().apply_chat_template(conversation, chat_template, processor_kwargs=processor_kwargs, **kwargs)

    # --- saving ---

    def save_pretrained(self, save_directory: str | os.PathLike, **kwargs) -> list[str]:
        """Save all parts.

        `ocr_tokenizer/config.json` is ours: without it, loading offline from the hub cache falls back, silently, to the
        language model's tokenizer.
        """
        files = super().save_pretrained(save_directory, **kwargs)
        path = os.path.join(save_directory, "ocr_tokenizer", "config.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"model_type": "layoutlmv3"}, file)
        return files


def words_of_conversations(conversation) -> dict[str, list]:
    """The `words` and `boxes` of every image block in order, None for blocks without; {} if no block has any."""
    conversations = [conversation] if conversation and isinstance(conversation[0], dict) else conversation
    blocks = [
        block
        for messages in conversations
        for message in messages
        if isinstance(message.get("content"), (list, tuple))
        for block in message["content"]
        if block.get("type") in ("image", "image_url")
    ]
    if all(block.get("words") is None for block in blocks):
        return {}
    return {"words": [block.get("words") for block in blocks], "boxes": [block.get("boxes") for block in blocks]}


def find_acronyms(words: Sequence[str]) -> list[str]:
    """The acronyms among the words of a drawing.

    They are words of two to five capitals in a drawing that writes most others differently; in one lettered in capitals
    throughout nothing tells CPU from DATA. Words that a text also needs in lower case are no acronyms.
    """
    names = [word for word in words if len(word) >= 4 and word.isalpha()]
    if len(names) < 4 or sum(word.isupper() for word in names) > len(names) / 2:
        return []
    capitals = {match[1] for word in words if (match := re.fullmatch(r"([A-Z]{2,5})s?", word))}
    small = {word.lower() for word in words if not word.isupper()} | COMMON_WORDS
    return sorted(word for word in capitals if word.lower() not in small)


def encode_words(tokenizer, words: Sequence[str]) -> tuple[list[int], list[int]]:
    """Token ids of the words without special tokens, and for each the index of its word."""
    if not words:
        return [], []
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    encoding = backend.encode(list(words), is_pretokenized=True, add_special_tokens=False)
    return encoding.ids, encoding.word_ids


def _check_ocr_tokenizer(tokenizer, vocab_size: int | None) -> None:
    remedy = (
        "the checkpoint's ocr_tokenizer/ folder must hold the encoder's tokenizer (a LayoutLMv3Tokenizer, for example)"
    )
    if tokenizer is None:
        raise ValueError(f"ocr_tokenizer is missing; {remedy}")
    if not getattr(tokenizer, "is_fast", False):
        raise ValueError(f"ocr_tokenizer {type(tokenizer).__name__} is not a fast tokenizer; {remedy}")
    absent = [name for name in ("cls", "sep", "pad", "mask") if getattr(tokenizer, f"{name}_token_id") is None]
    if absent:
        raise ValueError(f"ocr_tokenizer has no {', '.join(absent)} token, so it is not the encoder's; {remedy}")
    if vocab_size is not None and len(tokenizer) != vocab_size:
        raise ValueError(f"ocr_tokenizer has {len(tokenizer)} entries, the checkpoint's has {vocab_size}; {remedy}")
    ids, _ = encode_words(tokenizer, ["FIG.", "102"])
    if not set(ids) - {tokenizer.unk_token_id}:
        raise ValueError(
            f"ocr_tokenizer ({len(tokenizer)} entries) cannot spell 'FIG. 102', its vocabulary is lost; {remedy}"
        )


def _check_image_token(tokenizer, image_token: str) -> None:
    if tokenizer is None:
        raise ValueError("tokenizer is missing; pass the language model's")
    if tokenizer.encode(image_token, add_special_tokens=False) != [tokenizer.get_vocab().get(image_token)]:
        raise ValueError(
            f"the tokenizer does not know {image_token} as one token; call "
            f"tokenizer.add_special_tokens({{'additional_special_tokens': ['{image_token}']}}), resize the embeddings"
        )


def _check_geometry(image_processor, feature_mode: str, visual_pool: int, max_ocr_tokens: int) -> None:
    if feature_mode not in FEATURE_MODES:
        raise ValueError(f"feature_mode must be one of {', '.join(FEATURE_MODES)}, not {feature_mode!r}")
    if image_processor is None:
        raise ValueError("image_processor is missing; pass a PatentLMMImageProcessor")
    if image_processor.feature_mode != feature_mode:
        raise ValueError(
            f"feature_mode is {feature_mode!r} but the image processor's is {image_processor.feature_mode!r}; set one"
        )
    if any(side % visual_pool for side in image_processor.grid):
        raise ValueError(
            f"visual_pool={visual_pool} does not divide the patch grid {image_processor.grid}; choose a divisor"
        )
    if max_ocr_tokens < 2:
        raise ValueError(f"max_ocr_tokens={max_ocr_tokens} leaves no room for <s> and </s>; use at least 2")


def _check_ink_only(ink_only: bool, feature_mode: str) -> None:
    if ink_only and feature_mode == "reference":
        raise ValueError(
            "ink_only needs feature_mode 'default': the published model is handed every patch; leave it out"
        )


def _per_figure(name: str, values, count: int) -> list:
    """One entry per figure; None stands for all absent, and for a single figure its own list may be given bare."""
    if values is None:
        return [None] * count
    values = list(values)
    shape = () if name == "words" else (4,)  # of one word, of one box
    bare = count == 1 and (not values or (values[0] is not None and np.shape(values[0]) == shape))
    values = [values] if bare else values
    if len(values) != count:
        raise ValueError(f"{name} has {len(values)} entries for {count} images; give one list for each image")
    return values


def _check_words(index: int, words: Sequence[str], boxes: Sequence[Sequence[int]] | None) -> None:
    if boxes is None or len(words) != len(boxes):
        given = "no" if boxes is None else len(boxes)
        raise ValueError(f"image {index} has {len(words)} words and {given} boxes; give one box for each word")
    array = np.asarray([box if len(box) == 4 else (-1,) * 4 for box in boxes]).reshape(-1, 4)
    if (array < 0).any() or (array > 1000).any() or (array[:, :2] > array[:, 2:]).any():
        raise ValueError(f"image {index}: boxes must be x0, y0, x1, y1 in 0..1000 with x0 <= x1 and y0 <= y1")


def _without_none(kwargs: dict) -> dict:
    return {name: value for name, value in kwargs.items() if value is not None}


def _take(text_kwargs: dict, images_kwargs: dict, name: str, default):
    images_kwargs.pop(name, None)
    return text_kwargs.pop(name, default)
