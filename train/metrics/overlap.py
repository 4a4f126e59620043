"""Overlap with the reference text, 0..100: BLEU, ROUGE, METEOR and chrF, each by a public implementation."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from importlib.metadata import version

import numpy as np
import sacrebleu
from sacrebleu.metrics import BLEU, CHRF

from .form import tokens
from .ratio import NOTHING, Ratio

ORDERS = (1, 2, 3, 4)
BLEU_STATISTICS = 2 + 2 * len(ORDERS)
ROUGE = ("rouge1", "rouge2", "rougeL")


def bleu4(predictions: Sequence[str], references: Sequence[str]) -> float:
    """Corpus BLEU-4 of sacrebleu (13a tokens, case kept), 0..100."""
    return sacrebleu.corpus_bleu(list(predictions), [list(references)]).score


def bleu_statistics(prediction: str, reference: str | None) -> np.ndarray:
    """What corpus BLEU sums over figures: both lengths, then matching and all n-grams for n = 1..4; shape (10,).

    >>> bleu_statistics("a lid 10", "the lid 10").tolist()
    [3.0, 3.0, 2.0, 1.0, 0.0, 0.0, 3.0, 2.0, 1.0, 0.0]
    """
    if reference is None:
        return np.zeros(BLEU_STATISTICS)
    score = _bleu().sentence_score(prediction, [reference])
    return np.array([score.sys_len, score.ref_len, *score.counts, *score.totals], dtype=float)


def bleu(statistics: np.ndarray) -> dict[str, np.ndarray]:
    """BLEU-1 to BLEU-4 and `bleu`, their mean (the paper's "Avg. B"), from summed `bleu_statistics`.

    BLEU-n is the geometric mean of the precisions up to n with the brevity penalty, on sacrebleu's 13a tokens with
    the case kept and exponential smoothing, so `bleu4` here is `sacrebleu.corpus_bleu`'s. `statistics` is (..., 10),
    each score (...); NaN where there is no reference.

    >>> text = "FIG. 1 is a view of a lid 10."
    >>> {name: round(float(value)) for name, value in bleu(bleu_statistics(text, text)).items()}
    {'bleu1': 100, 'bleu2': 100, 'bleu3': 100, 'bleu4': 100, 'bleu': 100}
    """
    prediction, reference = statistics[..., 0], statistics[..., 1]
    found, grams = np.split(statistics[..., 2:], 2, axis=-1)
    unmatched = (found == 0) & (grams > 0)
    smoothed = np.where(unmatched, 0.5 ** np.cumsum(unmatched, axis=-1), found)
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithms = np.log(np.where(grams > 0, smoothed / grams, 0.0))
        brevity = np.minimum(1.0, np.exp(1 - reference / prediction))
        precision = np.exp(np.cumsum(logarithms, axis=-1) / np.array(ORDERS))
        scores = 100 * brevity[..., None] * precision
    scores = np.where((found[..., :1] > 0) & (reference[..., None] > 0), scores, 0.0)
    scores = np.where(reference[..., None] > 0, scores, np.nan)
    return {f"bleu{n}": scores[..., n - 1] for n in ORDERS} | {"bleu": scores.mean(axis=-1)}


def score_overlap(prediction: str, reference: str | None) -> dict[str, Ratio]:
    """ROUGE-1/2/L, METEOR and chrF of one figure, 0..100; pooled, they are means over the figures.

    ROUGE is the F-measure of rouge_score without stemming (its tokens: lower case, letters and digits). METEOR is
    nltk's on lower-case words and signs, see `meteor_name`. chrF is sacrebleu's chrF2 of the one text.

    >>> {name: round(ratio.value) for name, ratio in score_overlap("A lid 10.", "a lid 10.").items()}
    {'rouge1': 100, 'rouge2': 100, 'rougeL': 100, 'meteor': 99, 'chrf': 73}
    """
    if reference is None:
        return dict.fromkeys([*ROUGE, "meteor", "chrf"], NOTHING)
    rouge = _rouge().score(reference, prediction)
    scores = {name: 100 * rouge[name].fmeasure for name in ROUGE}
    scores["meteor"] = 100 * _meteor(prediction, reference)
    scores["chrf"] = _chrf().sentence_score(prediction, [reference]).score
    return {name: Ratio.of(score) for name, score in scores.items()}


def implementations() -> dict[str, str]:
    """What computed each score, for the report."""
    return {
        "bleu": f"sacrebleu {version('sacrebleu')}, corpus level, 13a tokens, case kept, exp smoothing",
        "rouge": f"rouge_score {version('rouge-score')}, F-measure, no stemming, mean over figures",
        "meteor": meteor_name(),
        "chrf": f"sacrebleu {version('sacrebleu')}, chrF2, mean over figures",
    }


def meteor_name() -> str:
    """The METEOR that is computed here: with WordNet's synonyms where its data is installed, else without."""
    synonyms = "exact, stem and WordNet matches" if _wordnet() is not None else "exact and stem matches, no WordNet"
    return f"nltk {version('nltk')}, {synonyms}, lower-case words and signs, mean over figures"


def _meteor(prediction: str, reference: str) -> float:
    from nltk.translate.meteor_score import single_meteor_score

    return single_meteor_score(tokens(reference), tokens(prediction), wordnet=_wordnet() or _NoSynonyms())


class _NoSynonyms:
    """Stands in for WordNet where its data is absent."""

    def synsets(self, word: str) -> list:
        return []


@functools.cache
def _wordnet():
    """WordNet's reader, None where the data is not installed (`python -m nltk.downloader wordnet`)."""
    from nltk.corpus import wordnet

    try:
        wordnet.ensure_loaded()
    except LookupError:
        return None
    return wordnet


@functools.cache
def _bleu() -> BLEU:
    return BLEU(effective_order=True)


@functools.cache
def _chrf() -> CHRF:
    return CHRF()


@functools.cache
def _rouge():
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(list(ROUGE), use_stemmer=False)
