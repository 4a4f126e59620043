"""The scores, on worked examples and on the references themselves."""

import pytest

from train import metrics


def test_the_reference_scores_full_marks():
    texts = ["FIG. 3A is a block diagram of a storage system 100.", "FIG. 4 is a flowchart of a method."]
    assert metrics.bleu4(texts, texts) == pytest.approx(100)
    assert all(metrics.figure_number_exact(text, label) for text, label in zip(texts, ["3A", "4"], strict=True))


@pytest.mark.parametrize(
    ("text", "label", "exact"),
    [
        ("FIG. 20 is a view.", "20", True),
        ("FIG. 2C is a view.", "20", False),
        ("The figure is a view.", None, True),
        ("FIG. 1 is a view.", None, False),
    ],
)
def test_figure_number(text, label, exact):
    assert metrics.figure_number_exact(text, label) is exact


def test_invented_characters_are_those_the_figure_lacks():
    text = "The housing 102 holds the shaft 104 of FIG. 1."
    assert metrics.invented(text, {"102"}) == {"104"}
    assert metrics.characters(text) == {"102", "104"}


def test_recall_counts_distinct_truth():
    assert metrics.recall({"10", "99"}, ["10", "10", "12"]) == 0.5
    assert metrics.recall({"10"}, []) is None


def test_names_are_found_as_whole_words_whatever_their_case():
    assert metrics.names_in("The Memory controller 10.", ["memory controller", "control", "memory"]) == {
        "memory controller",
        "memory",
    }
