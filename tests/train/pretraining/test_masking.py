"""What is hidden: how much, never what may not be, and the same whoever asks."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from train.pretraining.masking import generator_of, mask_patches, mask_words

MASK = 99


def generators(count, step=0):
    return [generator_of(0, figure, step) for figure in range(count)]


def words_of(lengths):
    """Ids `<s>`=0, 5, 6, ..., `</s>`=2, padding=1 and their mask."""
    rows = [[0, *range(5, 3 + length), 2] + [1] * (max(lengths) - length) for length in lengths]
    ids = torch.tensor(rows)
    return ids, (ids != 1).long()


@given(st.lists(st.integers(2, 60), min_size=1, max_size=4))
def test_three_words_in_ten_are_hidden_and_only_words(lengths):
    ids, attention = words_of(lengths)
    before = ids.clone()
    masked, labels = mask_words(ids, attention, MASK, generators(len(lengths)))
    assert torch.equal(ids, before)  # the reference changes its caller's ids
    hidden = labels != -100
    assert hidden.sum(dim=1).tolist() == [int(0.3 * (length - 2)) for length in lengths]
    assert (masked[hidden] == MASK).all() and torch.equal(masked[~hidden], ids[~hidden])
    assert torch.equal(labels[hidden], ids[hidden])
    assert (ids[hidden] >= 5).all()


@given(st.integers(0, 16), st.integers(0, 2**32 - 1))
def test_four_in_ten_patches_with_elements_are_hidden_and_no_blank_one(count, seed):
    chooser = torch.Generator().manual_seed(seed)
    labels = torch.zeros(1, 16, 5, dtype=torch.long)
    labels[0, torch.randperm(16, generator=chooser)[:count], seed % 5] = 1
    labels[0, :, (seed + 1) % 5] = -100  # unknown is no element
    hidden = mask_patches(labels, torch.ones(1, 4, 4), [chooser])
    assert hidden.sum() == int(0.4 * count)
    assert (labels[hidden] == 1).any(dim=-1).all()


def test_letterbox_patches_are_never_hidden():
    shown = torch.zeros(1, 4, 4)
    shown[0, :2] = 1
    hidden = mask_patches(torch.ones(1, 16, 5), shown, generators(1))
    assert hidden[0, :8].sum() == 3 and hidden[0, 8:].sum() == 0


def test_masks_depend_on_figure_and_step_not_on_the_batch():
    ids, attention = words_of([50, 50])
    together = mask_words(ids, attention, MASK, generators(2))[0]
    alone = mask_words(ids[1:], attention[1:], MASK, generators(2)[1:])[0]
    later = mask_words(ids, attention, MASK, generators(2, step=1))[0]
    assert torch.equal(together[1:], alone)
    assert not torch.equal(together[0], together[1])
    assert not torch.equal(together, later)
