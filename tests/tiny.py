"""Tiny tokenizers, a tiny processor and a tiny random model, built on the spot; and figures drawn for them."""

import functools
import json
import string

import tokenizers
from PIL import Image, ImageDraw
from tokenizers import decoders, models, pre_tokenizers, trainers

TEXTS = [
    "FIG. 1 is a block diagram of a sensor housing 102 according to an embodiment.",
    "FIG. 2 is a perspective view of the lid 104 and the shaft 106.",
    "Write a brief description for this patent image. Write a detailed description for this patent image.",
    string.ascii_letters + string.digits + string.punctuation,
] * 3
WORDS = ["FIG.", "1", "sensor", "102", "housing", "104"]
BOXES = [
    [400, 900, 460, 940],
    [465, 900, 480, 940],
    [100, 100, 200, 130],
    [210, 100, 240, 130],
    [500, 300, 640, 330],
    [650, 300, 690, 330],
]


def byte_bpe(*special: str) -> tokenizers.Tokenizer:
    """A small byte-level BPE tokenizer trained on `TEXTS`, the special tokens first."""
    return tokenizers.Tokenizer.from_str(_trained(special))


@functools.cache
def _trained(special: tuple[str, ...]) -> str:
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=340, special_tokens=list(special), initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    return tokenizer.to_str()


def language_tokenizer():
    """A causal language model's fast tokenizer: bos, eos, pad, `<image>` and the role tokens, no cls, sep or mask."""
    from transformers import PreTrainedTokenizerFast

    special = ["<pad>", "<bos>", "<eos>", "<image>", "<|system|>", "<|user|>", "<|assistant|>"]
    return PreTrainedTokenizerFast(
        tokenizer_object=byte_bpe(*special),
        bos_token="<bos>",
        eos_token="<eos>",
        pad_token="<pad>",
        additional_special_tokens=special[3:],
    )


def layoutlmv3_tokenizer():
    """A stock `LayoutLMv3Tokenizer` over a small vocabulary."""
    from transformers import LayoutLMv3Tokenizer

    model = json.loads(byte_bpe("<s>", "<pad>", "</s>", "<unk>", "<mask>").to_str())["model"]
    return LayoutLMv3Tokenizer(vocab=model["vocab"], merges=[tuple(pair) for pair in model["merges"]])


def generic_ocr_tokenizer():
    """Any fast tokenizer with the tokens an OCR tokenizer needs."""
    from transformers import PreTrainedTokenizerFast

    names = {
        "cls_token": "<s>",
        "pad_token": "<pad>",
        "sep_token": "</s>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
    }
    return PreTrainedTokenizerFast(tokenizer_object=byte_bpe(*names.values()), **names)


def draw_figure(size: tuple[int, int] = (300, 400), seed: int = 0) -> Image.Image:
    """Two boxes and a line, black on white, 1-bit."""
    image = Image.new("1", size, 1)
    draw = ImageDraw.Draw(image)
    x, y = size[0] // 10 + 7 * seed, size[1] // 10 + 5 * seed
    draw.rectangle((x, y, x + size[0] // 3, y + size[1] // 5), outline=0, width=3)
    draw.rectangle((x, y + size[1] // 2, x + size[0] // 3, y + size[1] * 7 // 10), outline=0, width=3)
    draw.line((x + 20, y + size[1] // 5, x + 20, y + size[1] // 2), fill=0, width=2)
    return image


def make_processor(ocr_tokenizer=None, feature_mode: str = "default", size: int = 64, **options):
    """A processor over the tiny tokenizers; 64-pixel figures are 16 patches."""
    from modeling_patentlmm.image_processing_patentlmm import PatentLMMImageProcessor
    from modeling_patentlmm.processing_patentlmm import PatentLMMProcessor

    image_processor = PatentLMMImageProcessor(size={"height": size, "width": size}, feature_mode=feature_mode)
    return PatentLMMProcessor(
        image_processor,
        language_tokenizer(),
        ocr_tokenizer or layoutlmv3_tokenizer(),
        feature_mode=feature_mode,
        **options,
    )


def make_model(tokenizer, ocr_tokenizer, size: int = 64, **options):
    """A random PatentLMM of a few ten thousand parameters."""
    from transformers import LlamaConfig, set_seed

    from modeling_patentlmm.configuration_patentlmm import PatentLMMConfig, PatentMMEConfig
    from modeling_patentlmm.modeling_patentlmm import PatentLMMForConditionalGeneration

    vision = PatentMMEConfig(
        vocab_size=len(ocr_tokenizer),
        hidden_size=36,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=48,
        coordinate_size=6,
        shape_size=6,
        input_size=size,
        pad_token_id=ocr_tokenizer.pad_token_id,
        bos_token_id=ocr_tokenizer.cls_token_id,
        eos_token_id=ocr_tokenizer.sep_token_id,
    )
    text = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    set_seed(0)
    image_token_id = tokenizer.convert_tokens_to_ids("<image>")
    config = PatentLMMConfig(vision_config=vision, text_config=text, image_token_id=image_token_id, **options)
    return PatentLMMForConditionalGeneration(config).eval()
