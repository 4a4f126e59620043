"""The form of a text: special tokens, truncation, repetition, length."""

from __future__ import annotations

import re

from modeling_patentlmm.describe_patentlmm import CUT_OFF

from .ratio import NOTHING, Ratio

SPECIAL_TOKENS = re.compile(r"</?s>|<unk>|<pad>")
SENTENCE_END = re.compile(r"(?<!FIG)(?<!FIGS)[.!?;](?=\s)")
NGRAM = 4


def clean(text: str) -> str:
    """A prediction as it is scored: without special tokens, the prompt of the published model, and the cut-off mark.

    >>> clean("<s> FIG. 1 is a view.</s><unk><unk>")
    'FIG. 1 is a view.'
    """
    text = SPECIAL_TOKENS.sub("", text.rsplit("image.\nASSISTANT:", 1)[-1]).strip()
    return " ".join(text.removesuffix(CUT_OFF.strip()).split())


def is_truncated(text: str) -> bool:
    """Whether a text stops before its end, judged by its last sign; `describe` marks such texts itself.

    >>> is_truncated("The lid 10 is hinged to the [...]"), is_truncated("The lid 10 is hinged to"), is_truncated("Yes.")
    (True, True, False)
    """
    if text.rstrip().endswith(CUT_OFF.strip()):
        return True
    return not re.search(r"[.!?;:][\"')\]”’]*(?:\s+and)?\s*$", clean(text))


def sentences(text: str) -> list[str]:
    """The sentences of a text; "FIG." ends none.

    >>> sentences("FIG. 1 shows a lid 10. If so, the method ends; otherwise, it goes on.")
    ['FIG. 1 shows a lid 10', ' If so, the method ends', ' otherwise, it goes on.']
    """
    return [sentence for sentence in SENTENCE_END.split(text) if sentence.strip()]


def tokens(text: str) -> list[str]:
    """Words and numbers in lower case, each other sign by itself.

    >>> tokens("The lid 10a, hinged.")
    ['the', 'lid', '10a', ',', 'hinged', '.']
    """
    return re.findall(r"\w+|[^\w\s]", text.lower())


def clip(text: str, count: int) -> str:
    """The first `count` tokens of a text, as it is written.

    >>> clip("The lid 10a,  hinged.", 4)
    'The lid 10a,'
    """
    ends = [match.end() for match in re.finditer(r"\w+|[^\w\s]", text)]
    return text[: ends[count - 1]] if len(ends) > count else text


def repetition(text: str) -> float | None:
    """Share of the 4-grams that occurred in the text before; None for a text that has none.

    >>> repetition("a b c d e a b c d")
    0.16666666666666663
    """
    words = tokens(text)
    grams = [tuple(words[i : i + NGRAM]) for i in range(len(words) - NGRAM + 1)]
    return 1 - len(set(grams)) / len(grams) if grams else None


def score_form(prediction: str, reference: str | None, truncated: bool) -> dict[str, Ratio]:
    """Repetition, length over the reference's (pooled: all words over all words), and the share of truncated texts.

    >>> score_form("a b c.", "a b c d e f g.", False)["length_ratio"].value
    0.5
    """
    return {
        "repetition": Ratio.of(repetition(prediction)),
        "length_ratio": Ratio(len(tokens(prediction)), len(tokens(reference))) if reference else NOTHING,
        "truncated": Ratio.of(float(truncated)),
    }
