"""Which parts a text connects."""

import pytest

from train.metrics.connections import drawn_pairs, said_pairs, score_connections


def pairs(*texts):
    return {frozenset(text.split("-")) for text in texts}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("The bus 10 is coupled to the CPU 12.", pairs("10-12")),
        ("The bus 10 is coupled to the CPU 12, which is in turn coupled to the fan 14.", pairs("10-12", "12-14")),
        ("An output of the bus 10 is supplied to the CPU 12 and the fan 14.", pairs("10-12", "10-14")),
        ("The CPU 12 and the fan 14 communicate with one another over the bus 10.", pairs("10-12", "10-14")),
        ("The resistor R1 is connected between the diode D1 and the lamp L1.", pairs("R1-D1", "R1-L1")),
        ("The bridge is coupled to the CPU 12.", pairs("bridge-12")),
        ("The device includes a bus 10 and a CPU 12.", set()),
        ("At step 20, A. At step 22, B. If so, it ends at step 26; if not, to step 20.", pairs("20-22", "22-26")),
    ],
)
def test_said_pairs(text, said):
    assert said_pairs(text, ["Bridge"]) == said


def test_terminals_without_a_numeral_and_loops_are_no_pairs():
    edges = [{"source": "Start", "target": "20"}, {"source": "20", "target": "20"}, {"source": "20", "target": "22"}]
    assert drawn_pairs(edges) == pairs("20-22")


def test_direction_does_not_matter_and_a_wrong_pair_costs_precision():
    edges = [{"source": "10", "target": "12"}, {"source": "12", "target": "14"}]
    scores = score_connections("The CPU 12 is coupled to the bus 10. The bus 10 is coupled to the fan 14.", edges)
    assert [ratio.value for ratio in scores.values()] == [0.5, 0.5, 0.5]


def test_nothing_is_scored_where_no_edge_is_known():
    assert not any(ratio.whole for ratio in score_connections("The bus 10 feeds the CPU 12.", []).values())
