"""A text's parts named as the drawing names them, and every character of the drawing mentioned."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeling_patentlmm.naming_patentlmm import (
    items_once,
    mention_all,
    name_as_printed,
    name_bare,
    printed_names,
    shows_parts,
)
from modeling_patentlmm.references_patentlmm import named_characters

WORDS = ["SENSOR", "HOUSING", "102", "CPU", "104", "Lid", "106"]
BOXES = [
    (100, 100, 180, 120),
    (186, 100, 270, 120),
    (160, 124, 200, 144),
    (500, 100, 540, 120),
    (505, 124, 535, 144),
    (100, 600, 140, 620),
    (105, 624, 135, 644),
]
NAMES = {"12": "sewing treadle", "14": "sensor housing", "16": "LED driver"}


def test_names_are_what_is_printed_or_listed():
    names = printed_names(WORDS, BOXES, [0.9] * 7, (1000, 1000), {"106": "cover"})
    assert names == {"102": "sensor housing", "104": "cpu", "106": "cover"}
    assert "102" not in printed_names(WORDS, BOXES, [0.5] + [0.9] * 6, (1000, 1000), {})


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("a garbled tredle 14 turns", "a sensor housing 14 turns"),
        ("A sensor housing 12 turns.", "A sewing treadle 12 turns."),
        ("It has a grip 16 and a grip 14.", "It has an LED driver 16 and a sensor housing 14."),
        ("Treadmill arm 14 turns.", "Sensor housing 14 turns."),
        ("a block diagram of a sensor housing 18", "a block diagram of an element 18"),
        (
            "the sewing treadle, the grip 14, and the lid 20",
            "the sewing treadle, the sensor housing 14, and the lid 20",
        ),
        ("the user presses a start button 14", "the user presses a sensor housing button 14"),
    ],
)
def test_a_wrong_name_becomes_the_printed_one(written, named):
    assert name_as_printed(written, NAMES) == named


def test_the_name_of_another_part_does_not_stay():
    """However alike the two are."""
    names = {"102": "user system", "104": "buyer system", "106": "system", "108": "USB system"}
    written = "a user system 104, the usr system 102, a system 104, and a usb system 102"
    assert name_as_printed(written, names) == (
        "a buyer system 104, the usr system 102, a buyer system 104, and a user system 102"
    )


@pytest.mark.parametrize(
    "text",
    [
        "the sensor housing 14 of FIG. 12",
        "the housing 14",
        "an outer sensor housing 14",
        "sensor housings 14",
        "the sew ing treadle 12",
        "in step 14, elements 12, 14 and 16",
        "reference numerals 12 and 14 designate parts",
        "a resistor R12",
        "12, 14",
        "",
    ],
)
def test_what_may_stand_stays(text):
    assert name_as_printed(text, NAMES) == text


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("a lid 12, and a 14.", "a lid 12, and a sensor housing 14."),
        ("An 18 is fixed to the 14", "An element 18 is fixed to the sensor housing 14"),
        ("a 14 degree bend", "a 14 degree bend"),
        ("a 20, the 14A", "a 20, the 14A"),
        ("in FIG. 14, the lid 14", "in FIG. 14, the lid 14"),
        ("a n-dimensional vector, an U-shaped arm, a u-bolt", "an n-dimensional vector, a U-shaped arm, a u-bolt"),
        ("a x-ray source, a input, an unit, a umbrella", "an x-ray source, an input, a unit, an umbrella"),
    ],
)
def test_a_bare_character_gets_a_noun_and_nouns_their_article(written, named):
    assert name_bare(written, ["12", "14", "18"], NAMES) == named


@pytest.mark.parametrize(
    ("written", "once"),
    [
        ("a system including a hub and a hub in accordance", "a system including a hub in accordance"),
        ("A lid, a lid, a lid, and an arm 14 are shown", "A lid, and an arm 14 are shown"),
        ("The hub 2 and the hub 2.", "The hub 2."),
        ("a lid 1, a hub and a hub.", "a lid 1 and a hub."),
        ("a lid 1, an arm 2, a hub, and a hub.", "a lid 1, an arm 2, and a hub."),
        ("a lid 12 and a lid 14, the lid and the lid 14", "a lid 12 and a lid 14, the lid and the lid 14"),
        ("the sensor and the sensor housing", "the sensor and the sensor housing"),
    ],
)
def test_an_item_is_not_said_twice_in_a_row(written, once):
    assert items_once(written) == once


def test_flowcharts_and_graphs_show_no_named_parts():
    assert shows_parts("FIG. 1 is a block diagram of a device 12.")
    assert not shows_parts("FIG. 1 is a flow chart of watering a plant.")
    assert not shows_parts("At step 12 the plant is watered.")
    assert not shows_parts("FIG. 2 is a graph of force over time.")


def test_what_is_left_out_is_mentioned_in_the_end():
    text = mention_all("FIG. 3 shows a sewing treadle 12.", ["12", "14", "16", "18", "20"], NAMES, "3")
    assert text == (
        "FIG. 3 shows a sewing treadle 12. FIG. 3 also shows a sensor housing 14 and an LED driver 16. "
        "Reference characters 18 and 20 designate further elements."
    )
    assert mention_all("It has no end", ["R1"], {"R1": "input"}, "3") == (
        "It has no end. Reference character R1 designates a further element."
    )
    assert mention_all("", ["14"], NAMES, None) == "The figure also shows a sensor housing 14."
    assert mention_all("At step 10 it ends.", ["10", "22"], {}, "3").endswith("22 designates a further step.")


CHARACTERS = st.lists(st.integers(1, 999).map(str), unique=True, max_size=12)
NOUNS = st.sampled_from(["lid", "drive shaft", "sensor", "oil pump", "step", "housing"])


@given(CHARACTERS, st.lists(NOUNS, max_size=30), st.randoms(use_true_random=False))
def test_naming_changes_no_character_and_mentions_all(characters, nouns, rng):
    numbered = [f"the {noun} {rng.choice(characters)}" if characters and rng.random() < 0.7 else noun for noun in nouns]
    named = [character for character in characters if rng.random() < 0.6]
    names = {character: rng.choice(["arm", "idle wheel", "upper lid"]) for character in named}
    written = rng.choice([", ", " and ", ". "]).join(numbered)
    text = items_once(name_as_printed(written, names))
    assert named_characters(text) == named_characters(written)
    assert set(characters) <= named_characters(mention_all(f"{text}.", characters, names, None))
