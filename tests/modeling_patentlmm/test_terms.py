"""What a text calls its parts: the phrase at a reference character, and which phrases mean the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeling_patentlmm.specification_patentlmm import specification_from_text
from modeling_patentlmm.terms_patentlmm import Term, find_mentions, mean_the_same, name_characters, singular, term_at


@pytest.mark.parametrize(
    ("before", "after", "term"),
    [
        ("The sensor housing ", "", "sensor housing"),
        ("attached to the housing (", ")", "housing"),
        ("A first housing ", "", "housing"),
        ("one or more lenses ", "", "lens"),
        ("the random access memory (RAM) ", "", "random access memory"),
        ("The system includes memory ", "", "memory"),
        ("In FIG. 2, ", " (housing) is", "housing"),
        ("as shown at ", "", None),
        ("the left-hand end of the ", "", None),
        ("", "", None),
        ("a vacuum supply hose ", "", "vacuum supply hose"),
        ("a drive ", "", "drive"),
        ("the motors drive wheels ", "", "wheel"),
        ("the V1cmd signal ", "", "v1cmd signal"),
        ("grippers 32b hold film ", "", "hold film"),
        ("the patient’s heart ", "", "heart"),
        ("the EPGS ", "", "epgs"),
        ("the display means ", "", "display means"),
    ],
)
def test_the_phrase_at_a_character(before, after, term):
    found = term_at(before, after)
    assert (found.text if found else None) == term


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("body", "bodies"),
        ("switch", "switches"),
        ("lens", "lenses"),
        ("valve", "valves"),
        ("box", "boxes"),
        ("gas", "gases"),
    ],
)
def test_singular(one, many):
    assert singular(many) == one == singular(one)


@given(st.text(st.characters(categories=("Ll",)), min_size=1, max_size=12))
def test_singular_of_anything_is_no_longer(word):
    assert 0 < len(singular(word)) <= len(word)


def term(text: str, alias: str = "") -> Term:
    return Term(tuple(text.split()), anchored=True, alias=alias)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("housing", "sensor housing", True),
        ("processor", "processing unit", True),
        ("central processing unit", "cpu", True),
        ("step", "comparison", True),
        ("subframe", "frame", True),
        ("housing", "lid", False),
        ("drive shaft", "output gear", False),
    ],
)
def test_terms_that_mean_the_same(a, b, same):
    assert mean_the_same(term(a), term(b)) is mean_the_same(term(b), term(a)) is same


def test_an_abbreviation_in_brackets_is_the_same():
    assert mean_the_same(term("healthcare facility", alias="hcp"), term("hcp"))


def test_mentions_of_lists_and_ranges_share_their_term():
    text = "The sensors 110a-110c and the lid 12 are shown. The first and second springs 14, 16 press."
    mentions, _ = find_mentions(specification_from_text(text))
    found = {m.character: (m.term.text, m.implied, m.listed) for m in mentions}
    assert found == {
        "110a": ("sensor", False, True),
        "110b": ("sensor", True, True),
        "110c": ("sensor", False, True),
        "12": ("lid", False, False),
        "14": ("spring", False, True),
        "16": ("spring", False, True),
    }


def test_a_list_of_reference_signs_names_its_parts():
    text = "LIST OF REFERENCE NUMERALS\n10 - housing\n12a: upper lid"
    mentions, figures = find_mentions(specification_from_text(text))
    assert [(m.character, m.term.text) for m in mentions] == [("10", "housing"), ("12a", "upper lid")] and not figures


@pytest.mark.parametrize(
    "text",
    [
        "It is 12 mm wide, 20% heavier, in 1998, and as in claim 1 of U.S. Pat. No. 5,123,456.",
        "[0012] The ratio is 3:1, x = 12, at 40 degrees, in 2D.",
    ],
)
def test_quantities_are_no_mentions(text):
    assert find_mentions(specification_from_text(text)) == ([], [])


def test_the_usual_term_is_the_commonest_of_the_commonest_head():
    text = "The housing 10 opens. The outer housing 10 shuts. The housing 10 rests. The lid 10 falls. Element 10 ends."
    naming = name_characters(find_mentions(specification_from_text(text))[0])["10"]
    assert (naming.main.text, naming.count) == ("housing", 3) and naming.counts["lid"] == 1
