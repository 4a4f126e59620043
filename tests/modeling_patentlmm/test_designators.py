"""A circuit's elements are called what their designators say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeling_patentlmm.designators_patentlmm import ELEMENTS, LETTERS, elements_as_designated
from modeling_patentlmm.references_patentlmm import named_characters


@pytest.mark.parametrize(
    ("written", "designated"),
    [
        ("a Zener diode R1 and a battery C2", "a resistor R1 and a capacitor C2"),
        ("The resistor Q1 is coupled to the diode L12a.", "The transistor Q1 is coupled to the inductor L12a."),
        ("a feedback resistor C1", "a feedback capacitor C1"),
    ],
)
def test_a_contradicted_noun_is_put_right(written, designated):
    assert elements_as_designated(written) == designated


@pytest.mark.parametrize(
    "text",
    [
        "a Zener diode D1, a transistor M2, a coil L3, a diode CR4 and a lamp L1",
        "a switch S1, a switch K1 and a driver R1",
        "a resistor 12 and a diode 14",
        "the diode bridge Q1",
        "FIG. 3 is a circuit with resistor",
        "",
    ],
)
def test_what_may_be_stays(text):
    assert elements_as_designated(text) == text


@given(
    st.lists(
        st.tuples(st.sampled_from([*LETTERS, "switch"]), st.sampled_from("RCLDQSU"), st.integers(1, 99)), max_size=9
    )
)
def test_no_designator_changes_and_none_is_contradicted(elements):
    written = ", ".join(f"a {noun} {letter}{number}" for noun, letter, number in elements)
    text = elements_as_designated(written)
    assert named_characters(text) == named_characters(written)
    for noun, letter, number in elements:
        if noun in LETTERS and letter in ELEMENTS:
            said = noun if letter in LETTERS[noun] else ELEMENTS[letter]
            assert f"a {said} {letter}{number}" in text
