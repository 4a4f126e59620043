"""Special tokens, truncation, repetition, length."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from train.metrics.form import clean, is_truncated, repetition, score_form, sentences, tokens


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("FIG. 1 is a view.</s>", "FIG. 1 is a view."),
        ("<s> FIG. 1 is\na view.</s><unk><unk>", "FIG. 1 is a view."),
        ("USER: Describe this patent image.\nASSISTANT: FIG. 1 is a view.</s>", "FIG. 1 is a view."),
        ("FIG. 1 is a view. [...]", "FIG. 1 is a view."),
        ("", ""),
    ],
)
def test_clean(raw, text):
    assert clean(raw) == text


@settings(deadline=None, max_examples=40)
@given(st.text())
def test_cleaning_twice_changes_nothing_more(text):
    once = clean(text)
    assert "</s>" not in once and clean(f"{once}</s>") == clean(once)


@pytest.mark.parametrize(
    ("text", "truncated"),
    [
        ("FIG. 1 is a view.", False),
        ("FIG. 1 is a view; and", False),
        ('He said "no."', False),
        ("FIG. 1 is a", True),
        ("FIG. 1 is a view. [...]", True),
        ("FIG. 1 is a view.</s>", False),
    ],
)
def test_truncated(text, truncated):
    assert is_truncated(text) is truncated


def test_sentences_do_not_end_at_fig():
    assert [sentence.strip() for sentence in sentences("FIG. 1 shows a lid. FIGS. 2 and 3 too.")] == [
        "FIG. 1 shows a lid",
        "FIGS. 2 and 3 too.",
    ]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from("abc"), min_size=4).map(" ".join))
@example("a b b b b b b b b b")
def test_repetition_is_a_share_that_saying_it_twice_raises(text):
    """Twice has at most three new 4-grams, over the seam: too many only for a text of one or two (abbb, bbbb)."""
    once, twice = repetition(text), repetition(f"{text} {text}")
    grams = len(text.split()) - 3
    distinct = round((1 - once) * grams)
    assert 0 <= once and twice < 1
    assert twice >= 1 - (distinct + 3) / (2 * grams + 3) - 1e-9
    assert once <= twice or distinct < 3


def test_a_text_that_never_repeats_has_none():
    assert repetition("one two three four five six") == 0
    assert repetition("one two") is None


def test_lengths_are_pooled_over_all_words():
    assert score_form("a b", "a b c d", False)["length_ratio"] == (2, 4)
    assert score_form("a b", None, True)["length_ratio"].value is None
    assert score_form("a b", None, True)["truncated"].value == 1
    assert tokens("FIG. 1") == ["fig", ".", "1"]
