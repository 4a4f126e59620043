"""Labels of patches: every patch an element touches, none it does not."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset_builder.figure import ELEMENT_CLASSES
from modeling_patentlmm.image_processing_patentlmm import Letterbox
from train.pretraining.patch_labels import TEXT_CLASSES, UNKNOWN, label_elements, label_words

NODE, FIGURE_LABEL = ELEMENT_CLASSES.index("node"), ELEMENT_CLASSES.index("figure_label")
coordinates = st.tuples(st.integers(0, 1000), st.integers(0, 1000)).map(sorted)


def overlaps(low, high, length, patch, size):
    """Whether low..high, thousandths of `length` pixels, shares more than a border with a patch, in exact fractions."""
    start, end = Fraction(low * length, 1000), Fraction(high * length, 1000)
    if start == end:  # a line belongs to the patch that starts at it or holds it; the figure's end to the last one
        start = min(start, length - Fraction(1, 10**9))
        return patch * size <= start < (patch + 1) * size
    return max(start, patch * size) < min(end, (patch + 1) * size)


@given(x=coordinates, y=coordinates, figure=st.tuples(st.integers(16, 3000), st.integers(16, 3000)))
def test_a_box_labels_exactly_the_patches_it_touches(x, y, figure):
    box, size = [x[0], y[0], x[1], y[1]], 16
    letterbox = Letterbox.fit(figure, (96, 64))
    labels = label_elements([{"class": NODE, "box": box}], letterbox, size)
    expected = [
        overlaps(*x, letterbox.placed[0], column, size) and overlaps(*y, letterbox.placed[1], row, size)
        for row in range(4)
        for column in range(6)
    ]
    assert labels[:, NODE].tolist() == expected
    assert labels.sum() == sum(expected) >= 1


def test_a_box_narrower_than_a_patch_that_crosses_a_border_touches_both_columns():
    """Width // 16 + 1, as in the reference, would find one column only (B9)."""
    labels = label_elements([{"class": NODE, "box": [240, 0, 260, 10]}], Letterbox((64, 64), (64, 64)), 16)
    assert labels[:, NODE].nonzero()[0].tolist() == [0, 1]


def test_labels_stay_inside_the_figure_of_a_letterbox():
    """A figure half as wide as its canvas leaves the right half of the patches without labels."""
    labels = label_elements([{"class": NODE, "box": [0, 0, 1000, 1000]}], Letterbox.fit((100, 200), (64, 64)), 16)
    assert labels[:, NODE].reshape(4, 4).tolist() == [[1, 1, 0, 0]] * 4


def test_a_patch_may_hold_several_classes():
    elements = [{"class": index, "box": [0, 0, 100, 100]} for index in range(5)]
    assert label_elements(elements, Letterbox((64, 64), (64, 64)), 16)[0].tolist() == [1] * 5


@pytest.mark.parametrize("element", [{"class": 5}, {"class": -1}, {"box": [0, 0, 1001, 9]}, {"box": [9, 0, 8, 9]}])
def test_elements_of_no_class_or_out_of_the_figure_are_refused(element):
    with pytest.raises(ValueError, match="mend the figure"):
        label_elements([{"class": 0, "box": [0, 0, 9, 9]} | element], Letterbox((64, 64), (64, 64)), 16)


def test_words_tell_where_no_text_is_and_where_the_figure_label_is():
    words, boxes = ["FIG.", "2", "pump"], [[0, 760, 120, 800], [130, 760, 150, 800], [510, 10, 700, 60]]
    labels = label_words(words, boxes, Letterbox((64, 64), (64, 64)), 16).reshape(4, 4, 5)
    assert labels[..., FIGURE_LABEL].sum() == labels[3, 0, FIGURE_LABEL] == 1
    assert (labels[1, :, [ELEMENT_CLASSES.index(name) for name in TEXT_CLASSES]] == 0).all()
    for name in ("node_label", "text"):
        assert labels[0, 2, ELEMENT_CLASSES.index(name)] == UNKNOWN
    for name in ("node", "arrow"):
        assert (labels[..., ELEMENT_CLASSES.index(name)] == UNKNOWN).all()


@pytest.mark.parametrize("words", [[], ["102"]])
def test_without_a_figure_label_no_patch_has_one(words):
    labels = label_words(words, [[0, 0, 90, 90]] * len(words), Letterbox((64, 64), (64, 64)), 16)
    assert (labels[:, FIGURE_LABEL] == 0).all()
    assert labels.dtype == np.int64
