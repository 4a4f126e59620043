"""Overlap scores: equal to their public implementations, full marks for the reference, bounded for anything."""

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from train import metrics
from train.metrics.overlap import bleu, bleu_statistics, meteor_name, score_overlap

words = st.lists(st.sampled_from("FIG. 1 is a view of the lid 10 and housing 12 .".split()), min_size=1, max_size=20)
texts = words.map(" ".join)
TEXTS = ["FIG. 3A is a block diagram of a storage system 100.", "FIG. 4 is a flowchart of a method."]


def pooled(predictions, references):
    return bleu(sum(bleu_statistics(text, reference) for text, reference in zip(predictions, references, strict=True)))


def test_the_reference_scores_full_marks():
    assert metrics.bleu4(TEXTS, TEXTS) == pytest.approx(100)
    assert pooled(TEXTS, TEXTS) == pytest.approx(dict.fromkeys(["bleu1", "bleu2", "bleu3", "bleu4", "bleu"], 100))
    scores = {name: ratio.value for name, ratio in score_overlap(TEXTS[0], TEXTS[0]).items()}
    assert scores.pop("meteor") == pytest.approx(100, abs=0.1), "METEOR's penalty keeps one chunk a little below 100"
    assert scores == pytest.approx(dict.fromkeys(["rouge1", "rouge2", "rougeL", "chrf"], 100))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=4))
def test_bleu4_is_that_of_sacrebleu(pairs):
    predictions, references = zip(*pairs, strict=True)
    expected = sacrebleu.corpus_bleu(list(predictions), [list(references)]).score
    assert pooled(predictions, references)["bleu4"] == pytest.approx(expected)


def test_bleu_of_many_sums_is_bleu_of_each():
    rows = np.array([bleu_statistics(text, TEXTS[0]) for text in (TEXTS[0], TEXTS[1], "a lid", "")])
    for name, scores in bleu(rows).items():
        assert scores.tolist() == [bleu(row)[name] for row in rows]


@settings(deadline=None, max_examples=40)
@given(texts, texts)
def test_scores_lie_between_0_and_100(prediction, reference):
    scores = [ratio.value for ratio in score_overlap(prediction, reference).values()]
    scores += pooled([prediction], [reference]).values()
    assert all(0 <= score <= 100 + 1e-9 for score in scores)


@pytest.mark.parametrize("prediction", ["", "?", "ω"])
def test_nothing_in_common_scores_nothing(prediction):
    scores = [ratio.value for ratio in score_overlap(prediction, "FIG. 1 is a view").values()]
    assert [*scores, *pooled([prediction], ["FIG. 1 is a view"]).values()] == pytest.approx([0] * 10)


def test_a_figure_without_a_reference_counts_nowhere():
    assert not any(ratio.whole for ratio in score_overlap("FIG. 1 is a lid.", None).values())
    both = bleu(bleu_statistics(TEXTS[0], TEXTS[0]) + bleu_statistics("words", None))
    assert both == bleu(bleu_statistics(TEXTS[0], TEXTS[0]))
    assert all(np.isnan(score) for score in bleu(np.zeros(10)).values())


def test_the_mean_of_bleu_is_of_one_to_four():
    scores = pooled(["a lid 10 of a box"], ["the lid 10 of a box"])
    assert scores["bleu"] == pytest.approx(sum(scores[f"bleu{n}"] for n in (1, 2, 3, 4)) / 4)
    assert scores["bleu1"] > scores["bleu2"] > scores["bleu4"]


def test_meteor_says_which_it_is():
    assert meteor_name().startswith("nltk ") and ("WordNet matches" in meteor_name()) != ("no WordNet" in meteor_name())


def test_meteor_knows_stems_without_wordnet():
    near, far = (score_overlap(text, "the housings")["meteor"].value for text in ("the housing", "the lids"))
    assert near > far > 0
