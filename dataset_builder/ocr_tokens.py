"""The words behind the release's OCR, which holds LayoutLMv3's tokens of them (RoBERTa's byte-level BPE)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

try:
    from tokenizers import Tokenizer
except ImportError:  # the loading script does without, where nobody asks for words
    Tokenizer = None

_SPECIAL = {"<s>": 0, "<pad>": 1, "</s>": 2}
_WORD_START = "Ġ"  # the reader's words were tokenised with a space before each


class TokensError(ValueError):
    """Tokens or a tokenizer that cannot be used; the message is one line."""


class WordDecoder:
    """Token ids of the release to words.

    `tokenizer` is the folder or the `tokenizer.json` of LayoutLMv3 or RoBERTa, whose vocabularies are one.

    Raises:
        TokensError: there is no such tokenizer, or it is another.
    """

    def __init__(self, tokenizer: Path):
        if Tokenizer is None:
            raise TokensError(
                "words need the package tokenizers: pip install tokenizers, or load without ocr_tokenizer"
            )
        path = tokenizer / "tokenizer.json" if tokenizer.is_dir() else tokenizer
        remedy = 'save it with AutoTokenizer.from_pretrained("microsoft/layoutlmv3-large").save_pretrained(FOLDER)'
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises a bare Exception
            raise TokensError(f"{path}: is no tokenizer ({error}); {remedy}") from None
        if any(self._tokenizer.token_to_id(token) != number for token, number in _SPECIAL.items()):
            raise TokensError(f"{path}: is not the tokenizer of the release's OCR; {remedy}")

    def words(self, entry: Any) -> tuple[list[str], list[list[int]]]:
        """The words of an entry of `ocr.json` and their boxes, 0..1000 of the image as it is.

        Raises:
            TokensError: the entry has another form, an unknown token, or a box outside of the image.
        """
        try:
            (tokens,), (boxes,) = entry["input_ids"], entry["bbox"]
            pairs = list(zip(tokens, boxes, strict=True))
        except (KeyError, TypeError, ValueError):
            raise TokensError("needs input_ids and bbox of one image, of equal lengths") from None
        words: list[list[int]] = []
        places: list[list[int]] = []
        for token, box in pairs:
            if self._starts_word(token) or not words and token not in _SPECIAL.values():
                words.append([])
                places.append(_checked(box))
            if token not in _SPECIAL.values():
                words[-1].append(token)
        return [self._tokenizer.decode(word).strip() for word in words], places

    def _starts_word(self, token: Any) -> bool:
        text = self._tokenizer.id_to_token(token) if type(token) is int and 0 <= token < 2**32 else None
        if text is None:
            raise TokensError(f"has the unknown token {token!r}")
        return text.startswith(_WORD_START)


def _checked(box: Any) -> list[int]:
    if not isinstance(box, list) or len(box) != 4 or not all(type(x) is int and 0 <= x <= 1000 for x in box):
        raise TokensError(f"has the box {box!r}, not four whole numbers 0..1000")
    return box
