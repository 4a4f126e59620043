"""The figure side of PatentLMM's processor, as the encoder meets it in inference, and its record beside the encoder."""

from __future__ import annotations

import json
from pathlib import Path

from tokenizers import Tokenizer, models
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from modeling_patentlmm import PatentLMMImageProcessor, PatentLMMProcessor, PatentMMEConfig

OPTIONS_FILE = "figure_processing.json"
TOKENIZER_FOLDER = "ocr_tokenizer"
# What changes the encoder's inputs; max_ocr_tokens and visual_pool may differ from pre-training.
LASTING = {"lowercase_words": False, "words_by_character": False, "feature_mode": "default"}


def make_figure_processor(config: PatentMMEConfig, ocr_tokenizer, options: dict) -> PatentLMMProcessor:
    """A processor for figures alone: PatentLMM's, with a language tokenizer that knows only the image token.

    Args:
        options: as `processor` in the recipe of `train.assemble`.
    """
    size = {"height": config.input_size, "width": config.input_size}
    mode = options.get("feature_mode", "default")
    image_processor = PatentLMMImageProcessor(size=size, patch_size=config.patch_size, feature_mode=mode)
    image_token = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"<image>": 0}, "<image>")))
    return PatentLMMProcessor(
        image_processor=image_processor,
        tokenizer=image_token,
        ocr_tokenizer=ocr_tokenizer,
        **{**options, "copy_head": False, "visual_pool": 1},
    )


def save_figure_processor(processor: PatentLMMProcessor, folder: str | Path) -> None:
    """Write the OCR tokenizer and the options beside an encoder, for `load_figure_processor` and `train.assemble`."""
    folder = Path(folder)
    options = {name: getattr(processor, name) for name in (*LASTING, "max_ocr_tokens", "ocr_engine")}
    processor.ocr_tokenizer.save_pretrained(folder / TOKENIZER_FOLDER)
    (folder / OPTIONS_FILE).write_text(json.dumps(options, indent=2) + "\n", encoding="utf-8")


def load_figure_processor(folder: str | Path) -> PatentLMMProcessor:
    """The processor of figures that `train.pretrain_patentmme` saved beside its encoder.

    Raises:
        ValueError: the folder was not written by it.
    """
    folder = Path(folder)
    if not (folder / OPTIONS_FILE).is_file():
        raise ValueError(f"{folder} holds no {OPTIONS_FILE}; name the output folder of train.pretrain_patentmme")
    options = json.loads((folder / OPTIONS_FILE).read_text(encoding="utf-8"))
    tokenizer = AutoTokenizer.from_pretrained(folder / TOKENIZER_FOLDER)
    return make_figure_processor(PatentMMEConfig.from_pretrained(folder), tokenizer, options)


def check_words(folder: str | Path, vocab_size: int, ocr_tokenizer, options: dict) -> None:
    """Refuse to give an encoder words in another form than it was pre-trained on.

    An encoder folder of another origin records neither tokenizer nor options: then only the size is compared.

    Raises:
        ValueError: another vocabulary, or another treatment of the words.
    """
    if len(ocr_tokenizer) != vocab_size:
        raise ValueError(
            f"{folder} has embeddings of {vocab_size} words, ocr_tokenizer has {len(ocr_tokenizer)} entries; "
            "name the tokenizer the encoder was trained with"
        )
    if not (Path(folder) / OPTIONS_FILE).is_file():
        return
    trained = AutoTokenizer.from_pretrained(Path(folder) / TOKENIZER_FOLDER)
    if trained.get_vocab() != ocr_tokenizer.get_vocab():
        raise ValueError(
            f"ocr_tokenizer numbers its words otherwise than {folder}/{TOKENIZER_FOLDER}, which the encoder was "
            "trained with; name that one"
        )
    kept = json.loads((Path(folder) / OPTIONS_FILE).read_text(encoding="utf-8"))
    for name, default in LASTING.items():
        if options.get(name, default) != kept[name]:
            raise ValueError(
                f"processor.{name} is {options.get(name, default)!r}, but the encoder in {folder} was trained with "
                f"{kept[name]!r}; set it so"
            )
