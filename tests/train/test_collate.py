"""The collator: what is supervised, what is not, and that the figure's words arrive."""

import pytest
import torch
from PIL import Image

from train.collate import FigureCollator, scramble


def row(image_id="1", **changes):
    words, boxes = (
        ["housing", "102", "shaft", "104"],
        [[0, 0, 90, 40], [0, 50, 40, 90], [300, 0, 390, 40], [300, 50, 340, 90]],
    )
    return {
        "image_id": image_id,
        "image": Image.new("L", (100, 80), 255),
        "words": words,
        "boxes": boxes,
        "brief_description": "FIG. 1 is a view of a housing 102.",
        "detailed_description": "The housing 102 holds the shaft 104.",
        **changes,
    }


def answers(processor, batch, index=0):
    labels = batch["labels"][index]
    return processor.tokenizer.decode(labels[labels != -100])


@pytest.mark.parametrize("tasks", [("brief",), ("detailed",), ("brief", "detailed")])
def test_only_the_answers_and_their_ends_are_supervised(processor, tasks):
    batch = FigureCollator(processor, conversations={tasks: 1.0})([row()])
    end = processor.tokenizer.eos_token
    assert answers(processor, batch) == "".join(row()[f"{task}_description"] + end for task in tasks)
    supervised = batch["labels"] != -100
    assert torch.equal(batch["labels"][supervised], batch["input_ids"][supervised])


def test_placeholders_and_padding_are_never_supervised(processor):
    rows = [row(), row("2", brief_description="FIG. 2.", words=[], boxes=[])]
    batch = FigureCollator(processor, conversations={("brief",): 1.0})(rows)
    ids, labels = batch["input_ids"], batch["labels"]
    assert (labels[ids == processor.image_token_id] == -100).all()
    assert (labels[batch["attention_mask"] == 0] == -100).all()
    assert batch["attention_mask"][:, 0].all(), "training pads on the right"


def test_transcribing_answers_with_the_words_that_are_given(processor):
    batch = FigureCollator(processor, conversations={("transcribe",): 1.0}, seed=5)([row()])
    assert answers(processor, batch).count(" ") == 3


def test_numerals_names_and_phrasing_are_told_apart(processor):
    batch = FigureCollator(processor, conversations={("brief",): 1.0})([row(brief_description="Z 102 housing")])
    text = [processor.tokenizer.decode([token]) for token in batch["input_ids"][0]]
    kinds = batch["token_kinds"][0]
    numerals = [piece for piece, kind in zip(text, kinds, strict=True) if kind == 2]
    assert "".join(numerals).strip() and all(any(map(str.isdigit, piece)) for piece in numerals)


def test_a_figure_is_asked_the_same_again_with_the_same_seed(processor):
    first, second = (FigureCollator(processor, seed=3) for _ in range(2))
    for _ in range(4):
        assert torch.equal(first([row()])["labels"], second([row()])["labels"])


def test_a_template_that_leaves_the_end_unsupervised_is_refused(processor):
    processor.chat_template = processor.chat_template.replace("text ~ eos_token", "text")
    with pytest.raises(ValueError, match="figure 1: no supervised end-of-sequence"):
        FigureCollator(processor)([row()])


def test_scrambling_keeps_length_and_digits():
    import random

    assert scramble("1402", random.Random(0)).isdigit()
    assert len(scramble("housing", random.Random(0))) == 7
