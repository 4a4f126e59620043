"""Which name a text gives a numeral."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from train.metrics.binding import bound_terms, score_binding, terms_of

TABLE = {"10": "lid", "12": "outer housing", "20": "receiving a request", "22": "the lid is open", "30": "noise curve"}


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        ("FIG. 1 shows a lid 10 and an outer housing 12.", {"10", "12"}, set()),
        ("FIG. 1 shows an outer housing 10 and a lid 12.", set(), {"10", "12"}),
        ("The housing 12 has a lid 10.", {"10"}, {"12"}),
        ("A first lid (10) is hinged.", {"10"}, set()),
        ("The lids 10 are hinged.", {"10"}, set()),
        ("The lid 10 is shut. The outer housing 10 is not.", set(), {"10"}),
        ("At step 20, the method includes receiving a request.", {"20"}, set()),
        ("The method then includes receiving a request at block 20.", {"20"}, set()),
        ("At step 22, it is determined whether the lid is open. If so, it goes on to step 20.", {"22"}, set()),
        ("At step 20, it is determined whether the lid is open.", set(), {"20"}),
        ("Curve 30 represents a noise curve.", {"30"}, set()),
        ("FIG. 1 shows nothing.", set(), set()),
    ],
)
def test_bound_terms(text, right, wrong):
    assert bound_terms(text, TABLE) == (right, wrong)


def test_a_swap_costs_precision_and_recall_though_every_character_is_drawn():
    table = {"10": "lid", "12": "housing"}
    swapped = score_binding("A housing 10 and a lid 12 are shown.", table, set(table))
    straight = score_binding("A lid 10 and a housing 12 are shown.", table, set(table))
    assert {ratio.value for ratio in swapped.values()} == {0.0}
    assert {ratio.value for ratio in straight.values()} == {1.0}


def test_numerals_without_a_term_in_the_table_are_not_judged():
    scores = score_binding("A lid 10 and a knob 14 are shown.", {"10": "lid", "16": "start"}, {"10", "14", "16"})
    assert {ratio.value for ratio in scores.values()} == {1.0}


def test_nothing_is_scored_without_a_table():
    assert not any(ratio.whole for ratio in score_binding("A lid 10.", {}, None).values())


@settings(deadline=None, max_examples=40)
@given(st.dictionaries(st.integers(100, 999).map(str), st.sampled_from(["valve", "rotor", "seal ring"]), min_size=1))
def test_a_text_that_lists_the_table_binds_all_of_it(table):
    text = "The device has " + ", ".join(f"a {term} {numeral}" for numeral, term in table.items()) + "."
    assert {ratio.value for ratio in score_binding(text, table, set(table)).values()} == {1.0}


def test_the_table_of_a_text_takes_the_name_used_most():
    text = "A storage lid 10 covers the housing 12. The lid 10 is open. The storage lid 10 of FIG. 2 is at step 30."
    assert terms_of(text) == {"10": "storage lid", "12": "housing"}
