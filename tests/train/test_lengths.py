"""Lengths of conversations, and the order of batches that they make."""

import pytest
from datasets import Dataset

from dataset_builder.figure import FEATURES
from tests.tiny import generic_ocr_tokenizer, make_processor
from tests.train.runs import figure_row
from train.collate import FigureCollator, conversation_mix
from train.figure_trainer import EpochSampler
from train.lengths import ConversationLengths

COUNT = 40


def rows() -> list[dict]:
    texts = [{"brief_description": None}, {"detailed_description": ""}, {}, {"words": [], "boxes": []}]
    return [figure_row(index, **texts[index % len(texts)]) for index in range(COUNT)]


def make(tasks=("brief", "detailed"), copying=False, **options):
    processor = make_processor(generic_ocr_tokenizer(), copy_head=copying, **options)
    collator = FigureCollator(processor, conversation_mix(tasks, copying))
    return ConversationLengths(Dataset.from_list(rows(), features=FEATURES), collator), collator


def tokens(collator: FigureCollator, epoch: int) -> list[int]:
    collator.set_epoch(epoch)
    return [collator([row])["input_ids"].shape[1] for row in rows()]


@pytest.mark.parametrize("epoch", [0, 3])
@pytest.mark.parametrize("options", [{}, {"max_ocr_tokens": 5}], ids=["whole", "cut"])
def test_a_length_is_the_tokens_but_for_what_all_have(epoch, options):
    lengths, collator = make(**options)
    found = {many - length for many, length in zip(tokens(collator, epoch), lengths(epoch), strict=True)}
    assert len(lengths) == COUNT and found == {collator.processor.num_visual_tokens + 2 + 1}  # <s>, </s>, <bos>


def test_another_epoch_asks_for_other_lengths():
    lengths, _ = make()
    assert lengths(0) == lengths(0) != lengths(1)


def test_transcribing_is_counted_nearly():
    """What random letters come to, nobody knows before they are drawn."""
    lengths, collator = make(copying=True)
    off = [
        many - length - collator.processor.num_visual_tokens - 3
        for epoch in range(4)
        for many, length in zip(tokens(collator, epoch), lengths(epoch), strict=True)
    ]
    assert off.count(0) > 0.8 * len(off) and max(map(abs, off)) < 20


def test_batches_hold_like_lengths_and_every_figure_once():
    lengths, _ = make()
    order = list(EpochSampler(COUNT, 0, lengths, 4))
    known, spread = lengths(0), []
    for some in (order, list(EpochSampler(COUNT, 0))):
        assert sorted(some) == list(range(COUNT))
        batches = [[known[index] for index in some[start : start + 4]] for start in range(0, COUNT, 4)]
        spread.append(sum(max(batch) - min(batch) for batch in batches))
    assert spread[0] < spread[1] / 2
