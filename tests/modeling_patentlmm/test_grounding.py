"""Generation grounded in a figure: every reference in a text that the rules let through is in its inventory.

Two links make the chain: a text that the checker holds true names nothing else, whatever the text; and what the
rules let a tokenizer write is held true, whatever the scores.
"""

import random
import re

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from modeling_patentlmm import grounding_patentlmm
from modeling_patentlmm.describe_patentlmm import decoding_rules
from modeling_patentlmm.grounding_patentlmm import GroundedNumeralsLogitsProcessor, mark_ungrounded, refuse
from modeling_patentlmm.references_patentlmm import find_references, plain_character

CORPUS = [
    "FIG. 1 shows a housing 102, a lid 104 and 106. FIGS. 2A-2C show steps S302 to S306 through 12; Figure 3(a), 3(b).",
    "arms 10A, B of FIG. IV, ports 110-1 and 7' or 7\" to 88, as in FIGS. 5, 6 and 7A, B or (8) 90/95 ² ٣ Ⅷ é",
] * 40
SPECIAL = ["<pad>", "<s>", "</s>", "<extra_7>"]


def byte_level(per_digit=False, size=520):
    tokenizer = Tokenizer(models.BPE())
    steps = [pre_tokenizers.Digits(individual_digits=True)] if per_digit else []
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*steps, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        CORPUS,
        trainers.BpeTrainer(vocab_size=size, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False),
    )
    return tokenizer


def sentencepiece():
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    pieces = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    tokenizer.decoder = decoders.Sequence(pieces)
    special = [*SPECIAL, "<unk>"]
    fallback = [f"<0x{byte:02X}>" for byte in range(256)]
    tokenizer.train_from_iterator(
        CORPUS, trainers.BpeTrainer(vocab_size=700, special_tokens=special + fallback, show_progress=False)
    )
    spec = tokenizer.to_str()
    return Tokenizer.from_str(re.sub(r'("content":"<0x[0-9A-F]{2}>".*?"special":)true', r"\1false", spec))


def unigram():
    pieces = [("<unk>", 0.0)] + [(chr(n), -8.0) for n in range(33, 127)] + [("▁", -3.0)]
    words = ["▁FIG", "▁FIGS", "▁the", "▁housing", "▁and", "▁to", "▁10", "▁S3", "02", "A,", "-1", ").", "▁through"]
    tokenizer = Tokenizer(models.Unigram(pieces + [(word, -4.0) for word in words], unk_id=0))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer


def integers():
    """Whole words, and one token for each integer below 1000."""
    letters = [chr(n) for n in range(33, 127) if not chr(n).isdigit()]
    words = letters + ["Ġ", "ĠFIG", "ĠFIGS", "Ġthe", "Ġhousing", "Ġand", "Ġto", "Ġstep", "ĠS"]
    words += [str(n) for n in range(1000)] + [f"Ġ{n}" for n in range(1000)]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate([*SPECIAL, *words])}, unk_token="<pad>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


@pytest.fixture(
    scope="module",
    params=[byte_level, lambda: byte_level(per_digit=True), sentencepiece, unigram, integers],
    ids=["bytes", "bytes-per-digit", "sentencepiece", "unigram", "integers"],
)
def tokenizer(request):
    fast = PreTrainedTokenizerFast(
        tokenizer_object=request.param(), eos_token="</s>", pad_token="<pad>", bos_token="<s>"
    )
    fast.add_special_tokens({"additional_special_tokens": ["<extra_7>"]})
    return fast


CHARACTERS = ["102", "104", "106", "S302", "S304", "S306", "10A", "10B", "7'", "110-1", "110-2", "88", "5", "R1"]
LABELS = ["1", "2A", "2B", "2C", "3(a)", "IV", "12"]


def pick(rng):
    return rng.sample(CHARACTERS, rng.randint(0, 8)), rng.sample(LABELS, rng.randint(0, 4))


def holds(text, characters, labels):
    """Every numeral of a finished text is the figure's."""
    allowed = {plain_character(c) for c in characters} | set(labels)
    for reference in find_references(text):
        assert reference.text in (labels if reference.kind == "figure" else map(plain_character, characters)), (
            reference,
            text[max(0, reference.start - 60) : reference.end + 20],
        )
    figures = {label.split("(")[0] for label in labels}
    for run in re.findall(r"[A-Za-z0-9'\"-]*[0-9][A-Za-z0-9'\"-]*", plain_character(text)):
        ranged = any(run.startswith(one + "-") for one in allowed)
        assert run in allowed | figures or ranged, (run, text)


def tempted(tokenizer):
    """A bias over the vocabulary towards numerals and what joins them."""
    bias = torch.zeros(len(tokenizer))
    for token in range(len(tokenizer)):
        text = tokenizer.decode([token])
        if re.search(r"\d", text):
            bias[token] = 2.5
        if re.search(r"FIG|Fig|^ ?(,|and|to|through|-|\(|B|C|V|I)$", text) or text == " ":
            bias[token] = 2.5
    return bias


def write(tokenizer, processor, bias, seed, most=50):
    """A text drawn from random scores under the processor, ended where it may end."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.zeros(1, 0, dtype=torch.long)
    for step in range(most + 400):
        scores = processor(ids, (torch.randn(len(tokenizer), generator=generator) + bias)[None])
        assert torch.isfinite(scores).any()
        token = torch.multinomial(scores[0].softmax(-1), 1, generator=generator) if step < most else None
        if step >= most:
            token = torch.tensor(tokenizer.eos_token_id)
            if not torch.isfinite(scores[0, token]):
                token = scores[0].argmax()
        ids = torch.cat([ids, token.view(1, 1)], 1)
        if token == tokenizer.eos_token_id:
            break
    assert ids[0, -1] == tokenizer.eos_token_id, "no way to an end was found"
    return tokenizer.decode(ids[0], skip_special_tokens=True, clean_up_tokenization_spaces=False)


def test_random_scores_write_only_what_the_figure_holds(tokenizer):
    rng, bias = random.Random(0), tempted(tokenizer)
    numerals_written = 0
    for seed in range(12):
        characters, labels = pick(rng)
        text = write(tokenizer, GroundedNumeralsLogitsProcessor(tokenizer, [(characters, labels)], 0), bias, seed)
        holds(text, characters, labels)
        numerals_written += len(re.findall(r"\d+", text))
    assert numerals_written > 5


# --- a text that the checker holds true names only what the figure holds ---

ALL_CHARACTERS = [
    *CHARACTERS,
    "112",
    "112a",
    "112b",
    "112-a",
    "12-14",
    "12",
    "14",
    "4",
    "4A",
    "402",
    "A",
    "VIII",
    "7''",
]
ALL_LABELS = [*LABELS, "3", "3(b)", "3-1", "1-3", "4A", "4B", "II"]
JOINTS = (
    [" ", ", ", " ,", ",", ";", ".", ". ", "/", "-", "–", " - ", "'", "’", "′", '"', "‐", "(", ")", " (", "_", ":", "°"]
    + [" and ", " or ", " to ", " through ", " & ", "FIG. ", "FIGS. ", "FIG", "Fig. ", "Figure ", "the lid", "the lids"]
    + ["B", "c", "(a)", "(8", "I", " V", " mm", " is", " of", "é", "²", "claim ", "No. ", "%", "$", "=", "[...]", "9"]
)
pieces = st.lists(st.sampled_from(JOINTS + 2 * ALL_CHARACTERS + ALL_LABELS), min_size=1, max_size=14).map("".join)


class AnySpelling:
    """A tokenizer's vocabulary that can write everything."""

    def spells(self, text, known):
        return True


def checker(characters, labels):
    return grounding_patentlmm._Checker(grounding_patentlmm._Figure(characters, labels, AnySpelling()))


def wrong(text, characters, labels):
    """The references of a text that are not in the inventory."""
    known = {"character": {plain_character(c) for c in characters}, "figure": {plain_character(c) for c in labels}}
    return [(found.kind, found.text) for found in find_references(text) if found.text not in known[found.kind]]


@given(pieces, st.sets(st.sampled_from(ALL_CHARACTERS), max_size=9), st.sets(st.sampled_from(ALL_LABELS), max_size=5))
@example("110-1.110-1 and", {"110-1"}, set())  # a decimal was seen inside, and the rest of the run read as 110
@example("steps 12-14", {"12-14", "12"}, set())
@example("the part 112-a", {"112-a"}, set())
@example("FIGS. 3(a)S304", {"S304"}, {"3(a)"})
@example("FIG.IIé", set(), {"IV"})
@example("FIG. 12(8", {"8"}, {"12"})
@settings(max_examples=1000, deadline=None)
def test_a_text_held_true_names_only_what_the_figure_holds(text, characters, labels):
    if checker(characters, labels).holds(text.translate(grounding_patentlmm.PLAIN) + " ", 0):
        assert wrong(text, characters, labels) == []


# --- what the rules let a tokenizer write is held true ---


@pytest.mark.parametrize("kind", ["brief", "detailed"])
def test_greedy_decoding_never_comes_to_a_dead_end(tokenizer, kind):
    """All rules of `describe` together, under scores that want numerals, loops and special tokens in turn."""
    rng, bias = random.Random(1), tempted(tokenizer)
    for seed in range(3):
        characters, labels = rng.sample(ALL_CHARACTERS, 7), rng.sample(ALL_LABELS, 3)
        rules = decoding_rules(tokenizer, [(characters, labels)], 0, kind)
        truth = checker(characters, labels)
        generator = torch.Generator().manual_seed(seed)
        ids = torch.zeros(1, 0, dtype=torch.long)
        for step in range(90):
            scores = (torch.randn(len(tokenizer), generator=generator) + bias)[None]
            if step % 30 < 6 and ids.shape[1] > 1:
                scores[0, ids[0, -2]] += 9  # go round and round
            scores[0, tokenizer.all_special_ids] += 9 if step % 10 == 0 else -9
            so_far = rules[0].vocabulary.text(ids[0].tolist())
            assert not rules[0].refused(so_far, 0, scores[0]).all(), so_far
            scores = rules(ids, scores)
            assert torch.isfinite(scores).any(), so_far
            ids = torch.cat([ids, scores.argmax(-1, keepdim=True)], 1)
            text = tokenizer.decode(ids[0], skip_special_tokens=True, clean_up_tokenization_spaces=False)
            assert truth.holds(text.translate(grounding_patentlmm.PLAIN), 0), text
            if torch.isfinite(rules[0](ids, torch.zeros_like(scores))[0, tokenizer.eos_token_id]):
                assert wrong(text, characters, labels) == [], text


def test_special_tokens_do_not_hide_a_numeral(tokenizer):
    """However many tokens that read as nothing stand between, "-a" goes on with the 112 before them."""
    rule = GroundedNumeralsLogitsProcessor(tokenizer, [(["112", "112a"], [])], 0)
    ids = tokenizer("the lid 112", add_special_tokens=False)["input_ids"] + [tokenizer.bos_token_id] * 300
    scores = rule(torch.tensor([ids]), torch.zeros(1, len(tokenizer)))[0]
    for token in tokenizer("-", add_special_tokens=False)["input_ids"][-1:]:
        assert not torch.isfinite(scores[token])


def test_other_rules_never_have_the_last_word(tokenizer):
    """Where all that grounding allows was refused before it, it allows it still."""
    rule = GroundedNumeralsLogitsProcessor(tokenizer, [(["112"], [])], 0)
    ids = torch.tensor([tokenizer("the lid 112", add_special_tokens=False)["input_ids"]])
    open_ = torch.isfinite(rule(ids, torch.zeros(1, len(tokenizer))))
    scores = rule(ids, torch.zeros(1, len(tokenizer)).masked_fill(open_, -float("inf")))
    assert torch.equal(torch.isfinite(scores), open_)
    assert torch.equal(refuse(scores, torch.ones_like(open_)), scores)


def test_what_was_not_grounded_is_marked():
    text = "FIGS. 1 and 2 show lids 10a-10c, a rod 14 and a pin 99."
    assert mark_ungrounded(text, ["10a", "10b", "10c", "14", "99"], ["1", "2"]) == text
    assert mark_ungrounded(text, ["10a", "10c", "14"], ["1"]) == (
        "FIGS. 1 and [?] show lids [?], a rod 14 and a pin [?]."
    )


def test_empty_inventory_writes_no_digit(tokenizer):
    processor = GroundedNumeralsLogitsProcessor(tokenizer, [([], [])], 0)
    bias = tempted(tokenizer)
    for seed in range(3):
        text = write(tokenizer, processor, bias, seed)
        assert not any(letter.isnumeric() for letter in text)


def test_everything_allowed_can_be_written(tokenizer):
    text = "the housing 102 and S302 to 104, 10A of FIG. 12"
    characters, labels = ["102", "S302", "104", "10A"], ["12"]
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    processor = GroundedNumeralsLogitsProcessor(tokenizer, [(characters, labels)], 0)
    for n in range(len(ids)):
        scores = processor(torch.tensor([ids[:n]], dtype=torch.long), torch.zeros(1, len(tokenizer)))
        assert torch.isfinite(scores[0, ids[n]]), (tokenizer.decode(ids[:n]), tokenizer.decode(ids[n]))


@pytest.mark.parametrize(
    "written, refused, allowed",
    [
        ("the lid", " 103", " 104"),
        ("the lid 1", "03", "04"),
        ("in FIG.", " 102", " 1"),
        ("FIGS. 2A and", " 104", " 2B"),
        ("the lid 104 and", " 2A", " 106"),
        ("the steps S302 through", " S310", " S306"),
        ("the lid 104", "A", " "),
        ("the lid 10", "4x", "4 "),
        ("the lid 10", ".", "4"),
        ("the arms 10A,", " C.", " B."),
        ("see FIG.", " II.", " IV."),
        ("see FIG. 12", "(88)", " (88)"),
        ("see FIG. 3", "(b)", "(a)"),
        ("the lid", " ²", " é"),
        ("the lid", " ٣", " é"),
        ("the lid", " Ⅷ", " é"),
    ],
)
def test_next_text(written, refused, allowed):
    """A vocabulary in which each of the three is one token."""
    words = [*SPECIAL, written, refused, allowed, "z"]
    core = Tokenizer(models.WordLevel({word: i for i, word in enumerate(dict.fromkeys(words + list("0123456789A a")))}))
    core.decoder = decoders.Fuse()
    fast = PreTrainedTokenizerFast(tokenizer_object=core, eos_token="</s>", pad_token="<pad>", unk_token="z")
    ids = fast.convert_tokens_to_ids([written])
    processor = GroundedNumeralsLogitsProcessor(fast, [([*CHARACTERS, "S310"], LABELS)], 0)
    scores = processor(torch.tensor([ids]), torch.zeros(1, len(fast)))[0]
    assert not torch.isfinite(scores[fast.convert_tokens_to_ids(refused)])
    assert torch.isfinite(scores[fast.convert_tokens_to_ids(allowed)])


def test_a_numeral_the_tokenizer_cannot_finish_is_not_begun():
    words = ["<pad>", "<s>", "</s>", "1", "10", " ", "a", "7"]
    core = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}))
    core.decoder = decoders.Fuse()
    fast = PreTrainedTokenizerFast(tokenizer_object=core, eos_token="</s>", pad_token="<pad>", unk_token="a")
    scores = GroundedNumeralsLogitsProcessor(fast, [(["102", "7"], [])], 0)(
        torch.zeros(1, 0, dtype=torch.long), torch.zeros(1, len(fast))
    )[0]
    finite = {word for i, word in enumerate(words) if torch.isfinite(scores[i])}
    assert finite == {"<pad>", "<s>", "</s>", " ", "a", "7"}


def test_after_a_text_that_was_wrong_there_is_a_way_out(tokenizer):
    ids = tokenizer("the lid 99", add_special_tokens=False)["input_ids"]
    scores = GroundedNumeralsLogitsProcessor(tokenizer, [(["102"], [])], 0)(
        torch.tensor([ids]), torch.zeros(1, len(tokenizer))
    )
    assert torch.isfinite(scores[0, tokenizer.eos_token_id])


def test_rows_must_fit_the_inventories(tokenizer):
    processor = GroundedNumeralsLogitsProcessor(tokenizer, [([], []), ([], [])], 0)
    with pytest.raises(ValueError, match="3 rows of scores for 2 inventories"):
        processor(torch.zeros(3, 1, dtype=torch.long), torch.zeros(3, len(tokenizer)))
    with pytest.raises(ValueError, match="inventories is empty"):
        GroundedNumeralsLogitsProcessor(tokenizer, [], 0)


@pytest.mark.parametrize(
    "options",
    [
        {"do_sample": False},
        {"do_sample": True, "temperature": 3.0},
        {"num_beams": 3},
        {"num_beams": 2, "do_sample": True},
    ],
    ids=["greedy", "sampling", "beams", "beam-sampling"],
)
def test_generate_with_a_left_padded_batch(tokenizer, options):
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer) + 5,
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=tokenizer.bos_token_id,
    )
    model = LlamaForCausalLM(config).eval()
    bias = torch.nn.functional.pad(tempted(tokenizer), (0, 5))
    model.register_forward_hook(lambda module, args, out: setattr(out, "logits", 4 * out.logits + bias))
    tokenizer.padding_side = "left"
    batch = tokenizer(["the housing 999 of FIG. 77", "the"], return_tensors="pt", padding=True)
    inventories = [(CHARACTERS, LABELS), (["88"], ["1"])]
    length = batch["input_ids"].shape[1]
    processor = GroundedNumeralsLogitsProcessor(tokenizer, inventories, length)
    out = model.generate(
        input_ids=batch["input_ids"],
        attention_mask=batch["attention_mask"],
        max_new_tokens=40,
        logits_processor=[processor],
        **options,
    )
    for row, (characters, labels) in zip(out, inventories):
        ids = row[length:].tolist()
        text = tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        ended = tokenizer.eos_token_id in ids
        holds(text if ended else re.sub(r"(?:FIG\S*)?[^\s]*$", "", text), characters, labels)
