"""A reference character once per sentence."""

import re

import pytest
import torch

from modeling_patentlmm.sentence_patentlmm import (
    FigureNumberLogitsProcessor,
    NoThirdCopyLogitsProcessor,
    OncePerSentenceLogitsProcessor,
)
from tests.tiny import language_tokenizer


@pytest.fixture(scope="module")
def tokenizer():
    return language_tokenizer()


def allowed(tokenizer, text: str, numeral: str, characters: tuple[str, ...] = ("102", "104")) -> bool:
    """Whether `numeral` may follow `text`, each of its tokens in turn."""
    rule = OncePerSentenceLogitsProcessor(tokenizer, [(characters, ("1",))], prompt_length=0)
    ids = tokenizer(text, add_special_tokens=False).input_ids
    for token in tokenizer(numeral, add_special_tokens=False).input_ids:
        if rule(torch.tensor([ids]), torch.zeros(1, len(tokenizer)))[0, token] != 0:
            return False
        ids = [*ids, token]
    return True


@pytest.mark.parametrize(
    ("text", "numeral", "may"),
    [
        ("The housing", " 102", True),
        ("The housing 102 and the lid", " 102", False),
        ("The housing 102 and the lid", " 104", True),
        ("The housing 102 is closed. The housing", " 102", True),
        ("In FIG. 1 the housing 102 of FIG.", " 1", True),
        ("The parts 102 and 1", "04", True),
        ("The part 102", " 102", False),  # the 102 at the end may still be lengthened, but is said for what comes next
        ("The parts 102 and 104", " 10", False),
    ],
)
def test_a_character_is_named_once_in_a_sentence(tokenizer, text, numeral, may):
    assert allowed(tokenizer, text, numeral) is may


def test_beams_share_their_rows_inventory(tokenizer):
    rule = OncePerSentenceLogitsProcessor(tokenizer, [(("102",), ()), (("104",), ())], prompt_length=0)
    ids = tokenizer(["The housing 102 and", "The housing 102 and"], add_special_tokens=False).input_ids
    scores = rule(torch.tensor(ids + ids), torch.zeros(4, len(tokenizer)))
    assert scores.shape == (4, len(tokenizer))
    assert torch.equal(scores[0], scores[1]) and torch.equal(scores[2], scores[3])


@pytest.mark.parametrize(("text", "number_only"), [("In FIG.", True), ("In FIG. 1", False), ("The fig", False)])
def test_a_number_follows_the_word_for_figure(tokenizer, text, number_only):
    rule = FigureNumberLogitsProcessor(tokenizer, [((), ("1", "5"))], prompt_length=0)
    ids = tokenizer([text], add_special_tokens=False, return_tensors="pt").input_ids
    scores = rule(ids, torch.zeros(1, len(tokenizer)))[0]
    word = tokenizer("housing", add_special_tokens=False).input_ids[0]
    assert bool(scores[word].isneginf()) is number_only
    assert any(score == 0 for score in scores)


def test_without_a_number_to_write_the_text_goes_on(tokenizer):
    rule = FigureNumberLogitsProcessor(tokenizer, [((), ("1", "5"))], prompt_length=0)
    ids = tokenizer(["In FIG."], add_special_tokens=False, return_tensors="pt").input_ids
    barred = torch.zeros(1, len(tokenizer)).masked_fill(rule.number, -float("inf"))
    assert torch.equal(rule(ids, barred), barred)


def test_without_a_figure_number_no_fig_is_begun(tokenizer):
    rule = FigureNumberLogitsProcessor(tokenizer, [((), ()), ((), ("1",))], prompt_length=0)
    for text in ("", "In ", "In F", "In FI", "of"):
        ids = torch.tensor([tokenizer(text, add_special_tokens=False).input_ids or [0]] * 2)
        scores = rule(ids, torch.zeros(2, len(tokenizer)))
        for token, surface in enumerate(rule.vocabulary.surfaces):
            refused = bool(scores[0, token].isneginf())
            assert refused or not re.search(r"(?<![A-Za-z])FIG", text + surface), (text, surface)
            assert not refused or "FIG" in text + surface, (text, surface)
        assert not scores[1].isneginf().any()
    word = tokenizer("figure", add_special_tokens=False).input_ids[0]
    assert scores[0, word] == 0


def test_a_space_stands_before_the_number(tokenizer):
    """Copied from a drawing that prints "FIG.5" without it, too."""
    rule = FigureNumberLogitsProcessor(tokenizer, [((), ("1", "5"))], prompt_length=0)
    (joined,), (spaced, *_) = (tokenizer(text, add_special_tokens=False).input_ids for text in ("5", " 5"))
    after = {}
    for text in ("In FIG.", "In FIG. "):
        ids = tokenizer([text], add_special_tokens=False, return_tensors="pt").input_ids
        scores = rule(ids, torch.zeros(1, len(tokenizer)))[0]
        after[text] = [bool(score == 0) for score in scores[[joined, spaced]]]
    assert after["In FIG."] == [False, True] and after["In FIG. "][0]


@pytest.mark.parametrize(
    ("text", "again", "may"),
    [
        ("an address address", " address", False),
        ("the address", " address", True),
        ("is coupled to the lid, coupled to the lid,", " coupled", False),
        ("the lid is coupled to the rod and the pin is coupled", " to", True),
        ("steps 11", "1", True),  # 111 is another numeral than 112
        ("parts 5 5", " 5", False),
    ],
)
def test_no_phrase_is_written_a_third_time_on_end(tokenizer, text, again, may):
    rule = NoThirdCopyLogitsProcessor(tokenizer, prompt_length=1)
    ids = tokenizer(text, add_special_tokens=False).input_ids
    token = tokenizer(again, add_special_tokens=False).input_ids[0]
    scores = rule(torch.tensor([[token, *ids, tokenizer.eos_token_id]]), torch.zeros(1, len(tokenizer) + 3))
    assert bool(scores[0, token] == 0) is may
    only = torch.full((1, len(tokenizer)), -float("inf"))
    only[0, token] = 0
    assert torch.equal(rule(torch.tensor([[token, *ids]]), only), only)


@pytest.mark.parametrize(
    ("text", "letter", "may"),
    [
        ("A diode D1 and a diode", " D", False),
        ("A diode D1 and a diode ", "D", False),
        ("A resistor", " R", True),
        ("A resistor R1 and a resistor", " R", True),  # R2 is left
        ("A resistor R1, a resistor R2 and a resistor", " R", False),
        ("A diode D1 is shown.", " D", True),
        ("A diode D1 is shown. A diode", " D", True),
        ("A diode D1 and a diode", " d", True),
        ("A part 12 and a part", " D", True),
    ],
)
def test_a_letter_is_not_begun_where_all_it_begins_are_named(tokenizer, text, letter, may):
    assert allowed(tokenizer, text, letter, ("D1", "R1", "R2", "12")) is may
