"""Which printed words name which reference character, by the layout."""

import random
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeling_patentlmm.names_patentlmm import REACH, _nearest_pairs, find_printed_names, order_by_character
from modeling_patentlmm.numerals_patentlmm import add_parts_list

SIZE = (800, 1000)
LABEL = (["FIG.", "3"], [(400, 950, 450, 970), (460, 950, 470, 970)])


def block(text, x, y, advance=10, height=14, pitch=20):
    """Words and boxes of a name in lines of two words."""
    words, boxes = text.split(), []
    for i, word in enumerate(words):
        left = x if i % 2 == 0 else boxes[-1][2] + 6
        top = y + pitch * (i // 2)
        boxes.append((left, top, left + advance * len(word), top + height))
    return words, boxes


def sheet(*blocks):
    return [word for words, _ in blocks for word in words], [box for _, boxes in blocks for box in boxes]


def names(words, boxes):
    return {one.text: " ".join(words[i] for i in name) for one, name in find_printed_names(words, boxes, SIZE)}


def test_names_in_one_and_two_lines_beside_and_below():
    words, boxes = sheet(
        block("signal detector", 100, 100),
        block("104", 150, 122),
        block("air feed dryer unit", 500, 100),
        block("7", 480, 90),
        block("bus", 100, 600),
        LABEL,
    )
    assert names(words, boxes) == {"7": "air feed dryer unit", "104": "signal detector"}


def test_a_block_names_the_nearest_character_only():
    words, boxes = sheet(block("lid", 100, 100), block("102", 140, 100), block("104", 200, 100), LABEL)
    assert names(words, boxes) == {"102": "lid", "104": ""}


def test_figure_label_and_far_words_name_nothing():
    words, boxes = sheet(block("102", 480, 930), LABEL, block("housing", 100, 100))
    assert names(words, boxes) == {"102": ""}


@pytest.mark.parametrize("read", [True, False])
def test_a_list_of_parts_names_its_characters_first(read):
    words, boxes = sheet(block("lid", 100, 100), block("102", 140, 100), block("104", 300, 500), LABEL)
    words, boxes = (words, boxes) if read else (words[:1] + words[3:], boxes[:1] + boxes[3:])
    words, boxes, _ = add_parts_list(words, boxes, None, {"104": "drive shaft", "102": "bearing"})
    assert names(words, boxes) == {"102": "bearing", "104": "drive shaft"}


def test_order_keeps_every_word_once_and_corrects_the_character():
    words, boxes = sheet(block("lid", 100, 100), block("1O4", 140, 100), block("bus", 600, 600), LABEL)
    ordered, places, listed = order_by_character(words, boxes, SIZE)
    assert ordered == ["bus", "FIG.", "3", "lid", "104"] and listed == 2
    assert places[-1] == boxes[1] and places[0] == boxes[2]


def test_any_words_keep_their_boxes():
    rng = random.Random(0)
    for _ in range(50):
        words = rng.choices(["housing", "102", "104,106", "FIG.", "2", "S12", "-", "10A"], k=rng.randrange(12))
        boxes = [(x, y, x + 40, y + 15) for x, y in ((rng.randrange(900), rng.randrange(900)) for _ in words)]
        ordered, places, listed = order_by_character(words, boxes, SIZE)
        assert len(ordered) == len(places) >= listed
        assert {box for box in places} <= set(boxes)
        assert [w for w in sorted(ordered) if w.isalpha()] == [w for w in sorted(words) if w.isalpha()]


def test_numerals_above_their_boxes_name_what_lies_below():
    """Each numeral but the first lies nearer to the name above it; all together fit only one way."""
    words, boxes = sheet(
        block("22", 200, 100),
        block("garment shuttle", 100, 130),
        block("26", 200, 160),
        block("knitting winder", 100, 190),
        block("30", 200, 220),
        block("sewing treadle", 100, 250),
        LABEL,
    )
    assert names(words, boxes) == {"22": "garment shuttle", "26": "knitting winder", "30": "sewing treadle"}


@given(
    st.integers(1, 4).flatmap(
        lambda columns: st.lists(st.lists(st.floats(0, 9), min_size=columns, max_size=columns), min_size=1, max_size=4)
    )
)
def test_pairs_have_the_least_sum_of_distances(rows):
    distances = np.array(rows)

    def total(columns):
        alone = [i for i, j in enumerate(columns) if j < 0 or distances[i, j] >= REACH]
        return REACH * len(alone) + sum(distances[i, j] for i, j in enumerate(columns) if i not in alone)

    ways = product(range(-1, distances.shape[1]), repeat=len(rows))
    apart = [way for way in ways if len({j for j in way if j >= 0}) == sum(j >= 0 for j in way)]
    pairs = dict(_nearest_pairs(distances))
    assert total([pairs.get(i, -1) for i in range(len(rows))]) == pytest.approx(min(map(total, apart)))
