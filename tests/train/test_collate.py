"""The collator: what is supervised, what is not, and that the figure's words arrive."""

import pytest
import torch
from PIL import Image

from train.collate import FigureCollator, conversation_mix, scramble

MIX = conversation_mix(["brief", "detailed"], copying=True)


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
        "length": 80,
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


def asked(collator, epochs, **changes):
    """The supervised ids of one row in each of some epochs."""
    out = []
    for epoch in epochs:
        collator.set_epoch(epoch)
        labels = collator([row(**changes)])["labels"]
        out.append(labels[labels != -100].tolist())
    return out


def test_what_a_figure_is_asked_depends_on_seed_and_epoch_alone(processor):
    first, second = (FigureCollator(processor, MIX, seed=3) for _ in range(2))
    forwards, backwards = asked(first, range(8)), asked(second, range(7, -1, -1))
    assert forwards == backwards[::-1], "not on what came before"
    assert len(set(map(tuple, forwards))) > 1, "but on the epoch"
    assert asked(FigureCollator(processor, MIX, seed=4), range(8)) != forwards


def test_a_row_may_bring_its_visit(processor):
    collator = FigureCollator(processor, MIX, seed=3)
    by_epoch = asked(collator, range(8))
    assert [asked(collator, [0], visit=visit)[0] for visit in range(8)] == by_epoch


def test_workers_that_outlive_an_epoch_see_the_next(processor):
    collator = FigureCollator(processor, MIX, seed=3)
    rows = [row(str(index)) for index in range(6)]
    loader = torch.utils.data.DataLoader(
        rows, batch_size=1, collate_fn=collator, num_workers=1, persistent_workers=True, multiprocessing_context="fork"
    )
    for epoch in range(2):
        collator.set_epoch(epoch)
        for given, batch in zip(rows, loader, strict=True):
            assert torch.equal(batch["labels"], collator([given])["labels"])


@pytest.mark.parametrize("copying", [False, True])
@pytest.mark.parametrize("tasks", [["brief"], ["detailed"], ["detailed", "brief"]])
def test_the_mix_asks_for_the_tasks_and_lets_copying_models_transcribe(tasks, copying):
    mix = conversation_mix(tasks, copying)
    assert {task for conversation in mix for task in conversation} == {*tasks} | ({"transcribe"} if copying else set())
    assert sum(mix.values()) == pytest.approx(1 if copying else 0.9)


@pytest.mark.parametrize("text", ["brief_description", "detailed_description"])
@pytest.mark.parametrize("nothing", ["", None])
def test_a_figure_with_one_of_two_texts_is_asked_for_that_one(processor, text, nothing):
    collator = FigureCollator(processor, conversation_mix(["brief", "detailed"], copying=False))
    for visit in range(5):
        batch = collator([row(**{text: nothing}, visit=visit)])
        other = ({"brief_description", "detailed_description"} - {text}).pop()
        assert answers(processor, batch) == row()[other] + processor.tokenizer.eos_token


def test_a_figure_without_text_is_refused(processor):
    collator = FigureCollator(processor, conversation_mix(["brief"], copying=False))
    with pytest.raises(ValueError, match="figure 1: has no text to train on"):
        collator([row(brief_description=None)])


def test_tokens_needed_are_those_of_the_longest_batch(processor):
    collator = FigureCollator(processor, conversation_mix(["brief", "detailed"], copying=False))
    longest = max(collator([row(visit=visit)])["input_ids"].shape[1] for visit in range(20))
    assert collator.tokens_needed(row()) == longest


def test_a_template_that_leaves_the_end_unsupervised_is_refused(processor):
    processor.chat_template = processor.chat_template.replace("text ~ eos_token", "text")
    with pytest.raises(ValueError, match="figure 1: no supervised end-of-sequence"):
        FigureCollator(processor, MIX)([row()])


def test_scrambling_keeps_length_and_digits():
    import random

    assert scramble("1402", random.Random(0)).isdigit()
    assert len(scramble("housing", random.Random(0))) == 7
