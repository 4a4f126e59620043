"""A text connects parts as the drawing does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeling_patentlmm.connections_patentlmm import Connection
from modeling_patentlmm.linking_patentlmm import connect_as_drawn, connected_pairs, is_wired
from modeling_patentlmm.references_patentlmm import named_characters

NAMES = {"10": "bus", "12": "CPU", "14": "fan", "16": "LED driver"}
OPENING = "FIG. 1 is a block diagram of a device."
DRAWN = [Connection("10", "12", False), Connection("14", "16", True)]


def test_what_is_drawn_stays_and_what_is_not_goes():
    text = f"{OPENING} The bus 10 is coupled to the CPU 12. The bus 10 feeds the fan 14."
    assert connect_as_drawn(text, DRAWN, NAMES) == (
        f"{OPENING} The bus 10 is coupled to the CPU 12. The fan 14 is connected by an arrow to the LED driver 16."
    )


def test_what_is_drawn_in_part_is_said_anew():
    text = f"{OPENING} The bus 10 is coupled to the CPU 12, which feeds the lid 18."
    assert connect_as_drawn(text, DRAWN[:1], NAMES) == f"{OPENING} The bus 10 is connected to the CPU 12."


def test_where_no_connection_was_read_the_text_stays():
    text = f"{OPENING} The lid 18 is connected to the bus 10."
    assert connect_as_drawn(text, [], NAMES) == text


@pytest.mark.parametrize("figure", ["flowchart of a method", "side view of a lid", "graph", "screen shot"])
def test_lines_of_other_drawings_connect_nothing(figure):
    assert is_wired(OPENING) and not is_wired(f"FIG. 1 is a {figure}. The bus 10 feeds the fan 14.")


def test_a_sentence_that_says_more_stays():
    text = f"{OPENING} The device 8 includes a bus 10 connected to a fan 14."
    assert text in connect_as_drawn(text, DRAWN, NAMES)


def test_one_part_is_connected_to_several_in_one_sentence():
    star = [Connection("10", "12", False), Connection("14", "10", False), Connection("10", "16", False)]
    assert connect_as_drawn(OPENING, star, NAMES) == (
        f"{OPENING} The bus 10 is connected to the CPU 12, the fan 14, and the LED driver 16."
    )


def test_a_part_without_a_printed_name_is_called_as_in_the_text():
    text = f"{OPENING} It has a small lid 18."
    found = connect_as_drawn(text, [Connection("18", "20", False)], {})
    assert found == f"{text} The small lid 18 is connected to the element 20."


@given(st.lists(st.tuples(st.sampled_from(range(10, 30)), st.sampled_from(range(10, 30)), st.booleans()), max_size=12))
def test_every_connection_is_said_and_no_other(edges):
    pairs = {frozenset((a, b)): (a, b, directed) for a, b, directed in edges if a != b}
    drawn = [Connection(str(a), str(b), directed) for a, b, directed in pairs.values()]
    text = connect_as_drawn(OPENING, drawn, {str(i): "part" for i in range(10, 30)})
    said = set().union(*(connected_pairs(sentence) for sentence in text.split(". ")))
    assert said == {frozenset((one.source, one.target)) for one in drawn}
    assert named_characters(text) == {end for pair in said for end in pair}
    assert connect_as_drawn(text, drawn, {}) == text
