"""The processor of a converted PatentLMM, from public tokenizers: the authors' files hold none."""

from __future__ import annotations

import json
import os

from tokenizers import Tokenizer, processors
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from modeling_patentlmm import PatentLMMConfig, PatentLMMImageProcessor, PatentLMMProcessor, register

from .checkpoint import ConvertError

IMAGE_TOKEN = "<image>"
SPARE_ENTRY = "<0x00>"
PROBE = "\nUSER: Write.\nASSISTANT:"


def write_processor(folder: str | os.PathLike, tokenizer: str | os.PathLike, ocr_tokenizer: str | os.PathLike) -> None:
    """Add the processor to a folder that `lmm` wrote without one.

    Args:
        tokenizer: the language model's, such as lmsys/vicuna-7b-v1.5 or the folder of liuhaotian/llava-v1.5-7b.
        ocr_tokenizer: the encoder's, microsoft/layoutlmv3-large.

    Raises:
        ConvertError: one of them cannot be loaded or does not fit the model.
    """
    build_processor(PatentLMMConfig.from_pretrained(folder), tokenizer, ocr_tokenizer).save_pretrained(folder)


def build_processor(config: PatentLMMConfig, tokenizer, ocr_tokenizer) -> PatentLMMProcessor:
    """The published behaviour: figures squashed to a square, words by Tesseract, the published prompt."""
    register()
    language = load_tokenizer(tokenizer, config.text_config.vocab_size, "language model")
    side = config.vision_config.input_size
    return PatentLMMProcessor(
        image_processor=PatentLMMImageProcessor(
            size={"height": side, "width": side}, patch_size=config.vision_config.patch_size, feature_mode="reference"
        ),
        tokenizer=with_image_token(language, config.image_token_id, tokenizer),
        ocr_tokenizer=load_tokenizer(ocr_tokenizer, config.vision_config.vocab_size, "encoder"),
        feature_mode="reference",
        max_ocr_tokens=config.vision_config.max_position_embeddings - config.vision_config.pad_token_id - 1,
        ocr_engine="tesseract",
    )


def load_tokenizer(name, size: int, part: str):
    """A tokenizer of a folder or hub name with exactly the entries of the model's embedding.

    Raises:
        ConvertError: it cannot be loaded, or has another number of entries.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError, KeyError, ImportError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ConvertError(f"{name}: no tokenizer could be loaded ({reason}); name its folder") from error
    if len(tokenizer) != size:
        raise ConvertError(
            f"{name}: has {len(tokenizer)} entries where the {part} has {size}; name the tokenizer it was trained with"
        )
    return tokenizer


def with_image_token(tokenizer, image_token_id: int, name) -> PreTrainedTokenizerFast:
    """LLaMA's tokenizer with `<image>` as the name of its entry for the NUL byte, and text after it as published.

    The reference tokenises what follows the figure by itself, so it begins with LLaMA's space mark, as any text does.

    Raises:
        ConvertError: it is not LLaMA's.
    """
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    vocabulary = state["model"]["vocab"]
    if not isinstance(vocabulary, dict) or vocabulary.get(SPARE_ENTRY, vocabulary.get(IMAGE_TOKEN)) != image_token_id:
        raise ConvertError(f"{name}: has no {SPARE_ENTRY} at {image_token_id}; name a LLaMA-2 tokenizer")
    vocabulary[IMAGE_TOKEN] = vocabulary.pop(SPARE_ENTRY, image_token_id)
    if (state["pre_tokenizer"] or {}).get("type") == "Metaspace":
        state["pre_tokenizer"]["prepend_scheme"] = "always"
    named = _as_fast(Tokenizer.from_str(json.dumps(state)), tokenizer)
    published = [named.bos_token_id, image_token_id, *tokenizer.encode(PROBE, add_special_tokens=False)]
    if named.encode(IMAGE_TOKEN + PROBE) != published:
        raise ConvertError(f"{name}: does not tokenise the published prompt as LLaMA does; name a LLaMA-2 tokenizer")
    return named


def _as_fast(backend: Tokenizer, like) -> PreTrainedTokenizerFast:
    """Of the general class, which takes the file as it is; LLaMA's own sets space mark and `<s>` by its options."""
    bos = like.bos_token
    backend.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A", pair=f"{bos} $A {bos} $B", special_tokens=[(bos, like.bos_token_id)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token=bos,
        eos_token=like.eos_token,
        unk_token=like.unk_token,
        pad_token=like.unk_token,  # as published
        additional_special_tokens=[IMAGE_TOKEN],
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )
