"""Reference characters, figure numbers, names and kinds, on worked examples and on generated texts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from train import metrics
from train.metrics.truth import score_characters, score_kind

numerals = st.sets(st.integers(100, 999).map(str), max_size=8)


def text_of(characters):
    return "FIG. 1 shows " + " and ".join(f"a lid {character}" for character in sorted(characters)) + "."


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


@settings(deadline=None, max_examples=40)
@given(said=numerals, drawn=numerals, read=numerals)
def test_characters_are_scored_as_sets(said, drawn, read):
    scores = {name: ratio.value for name, ratio in score_characters(text_of(said), drawn, read).items()}
    right = len(said & drawn)
    assert scores["character_precision"] == (right / len(said) if said else None)
    assert scores["character_recall"] == scores["coverage"] == (right / len(drawn) if drawn else None)
    assert scores["invented"] == (len(said - drawn - read) / len(said) if said else None)
    if right:
        precision, recall = scores["character_precision"], scores["character_recall"]
        assert scores["character_f1"] == pytest.approx(2 * precision * recall / (precision + recall))


@settings(deadline=None, max_examples=40)
@given(said=numerals)
def test_an_unknown_drawing_leaves_only_invention_to_be_measured(said):
    scores = score_characters(text_of(said), None, said)
    assert {name for name, ratio in scores.items() if ratio.whole} <= {"invented"}
    assert scores["invented"].value in (None, 0.0)


@pytest.mark.parametrize(
    ("prediction", "reference", "kind", "right"),
    [
        ("FIG. 1 is a flow chart.", "FIG. 1 is a flow diagram of a method.", "flowchart", 1.0),
        ("FIG. 1 is a block diagram.", "FIG. 1 is a block diagram of a network.", "network", 1.0),
        ("FIG. 1 is a lid.", "FIG. 1 is a graph.", "graph", 0.0),
        ("FIG. 1 is a graph.", "FIG. 1 shows results.", "graph", None),
        ("FIG. 1 is a graph.", None, "graph", 1.0),
    ],
)
def test_the_kind_is_what_the_figures_own_description_calls_it(prediction, reference, kind, right):
    assert score_kind(prediction, reference, kind).value == right
