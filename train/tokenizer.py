"""Train the tokenizers of a small PatentLMM: one byte-level BPE, saved for the language model and for the OCR words.

    python -m train.tokenizer --data DATA --out out/tiny/tokenizers

Both share their ids, which the copy head needs. Every integer 0-999 is one token, with and without a leading space.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from .texts import figure_texts, held_apart, patent_texts

SPECIAL_TOKENS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "<image>", "<|system|>", "<|user|>", "<|assistant|>"]
INTEGER_REPEATS = 400


def integers() -> Iterator[str]:
    """Yield text in which every integer 0-999 stands often enough to become one token."""
    for number in range(1000):
        yield " ".join([str(number)] * INTEGER_REPEATS)
        yield " ".join([f"S{number}"] * (INTEGER_REPEATS // 4))


def train_bpe(texts: Iterator[str], vocab_size: int) -> Tokenizer:
    """Train a byte-level BPE of `vocab_size` entries."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=SPECIAL_TOKENS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def language_tokenizer(bpe: Tokenizer) -> PreTrainedTokenizerFast:
    """The language model's tokenizer: own pad token, left padding, role and image tokens."""
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(bpe.to_str()),
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        additional_special_tokens=["<image>", "<|system|>", "<|user|>", "<|assistant|>"],
        padding_side="left",
        model_max_length=4096,
        clean_up_tokenization_spaces=False,
    )


def ocr_tokenizer(bpe: Tokenizer) -> PreTrainedTokenizerFast:
    """The OCR tokenizer in the form of LayoutLMv3's: `<s> words </s>`, a space before every word."""
    backend = Tokenizer.from_str(bpe.to_str())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[(token, backend.token_to_id(token)) for token in ("<s>", "</s>")],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token="<s>",
        cls_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token="<mask>",
        model_max_length=512,
        clean_up_tokenization_spaces=False,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with figures.jsonl and texts/")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--vocab-size", type=int, default=6144)
    args = parser.parse_args()

    excluded = held_apart(args.data / "figures.jsonl")
    corpus = itertools.chain(
        integers(),
        figure_texts(args.data / "texts/figure_texts.jsonl.gz", excluded),
        patent_texts(args.data / "texts/patent_texts.jsonl.gz", excluded, max_chars=8000),
    )
    bpe = train_bpe(corpus, args.vocab_size)
    language_tokenizer(bpe).save_pretrained(args.out / "language")
    ocr_tokenizer(bpe).save_pretrained(args.out / "ocr")
    whole = sum(len(bpe.encode(f" {number}").ids) == 1 for number in range(1000))
    print(f"{bpe.get_vocab_size()} tokens, {whole} of the integers 0-999 are one token; saved in {args.out}")


if __name__ == "__main__":
    main()
