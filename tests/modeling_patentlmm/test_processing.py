"""The processor: OCR tokens and boxes, placeholder count, padding, chats, refusals, saving, and vLLM's contract."""

import json

import numpy as np
import pytest
import torch

from modeling_patentlmm import processing_patentlmm
from modeling_patentlmm.image_processing_patentlmm import PatentLMMImageProcessor
from modeling_patentlmm.ocr_patentlmm import FigureReading, Word
from modeling_patentlmm.processing_patentlmm import (
    DEFAULT_CHAT_TEMPLATE,
    PROMPTS,
    PatentLMMProcessor,
    encode_words,
    prompt_messages,
)
from tests.tiny import (
    BOXES,
    WORDS,
    draw_figure,
    generic_ocr_tokenizer,
    language_tokenizer,
    layoutlmv3_tokenizer,
    make_model,
    make_processor,
)

PATCHES = 16  # of the tests' 64-pixel figures


def answered(kind: str = "brief", **given) -> list[dict]:
    answer = {"role": "assistant", "content": [{"type": "text", "text": "FIG. 1 is a block diagram."}]}
    return [*prompt_messages(kind, **given), answer]


def call(processor, count: int = 1, text: str = "<image>Write.", **options):
    figures = [draw_figure(seed=index) for index in range(count)]
    given = {"words": [WORDS] * count, "boxes": [BOXES] * count, **options}
    return processor(images=figures, text=[text] * count, **given)


# --- tensors ---


def test_shapes_and_types(processor):
    out = call(processor, 2)
    tokens = len(encode_words(processor.ocr_tokenizer, WORDS)[0]) + 2
    assert out["pixel_values"].shape == (2, 3, 64, 64) and out["pixel_attention_mask"].shape == (2, 4, 4)
    assert out["ocr_input_ids"].shape == out["ocr_attention_mask"].shape == (2, tokens)
    assert out["ocr_bbox"].shape == (2, tokens, 4)
    assert out["input_ids"].shape == out["attention_mask"].shape
    assert all(out[name].dtype == torch.int64 for name in out if name != "pixel_values")
    assert set(out) == set(processor.model_input_names)


@pytest.mark.parametrize("pool", [1, 2])
def test_ink_only_hands_no_blank_paper_over(pool):
    """A placeholder for the visual CLS and every square of patches that the figure touches."""
    processor, plain = (make_processor(visual_pool=pool, ink_only=given) for given in (True, False))
    figure = draw_figure((64, 64), 0)
    blank = np.asarray(figure.convert("L")).reshape(4 // pool, 16 * pool, 4 // pool, 16 * pool).min(axis=(1, 3)) == 255
    given = {"images": [figure], "text": ["<image>Write."], "words": [WORDS], "boxes": [BOXES]}
    out, full = processor(**given), plain(**given)
    assert out["visual_token_mask"][0].tolist() == [1, *(~blank).flatten().astype(int).tolist()]
    assert 0 < blank.sum() < blank.size
    assert full["input_ids"].shape[1] - out["input_ids"].shape[1] == blank.sum()
    assert torch.equal(out["pixel_attention_mask"], full["pixel_attention_mask"])
    assert set(out) == set(processor.model_input_names) and "visual_token_mask" not in full


def test_an_ink_only_batch_fits_its_model():
    processor = make_processor(ink_only=True)
    model = make_model(processor.tokenizer, processor.ocr_tokenizer)
    figures = [draw_figure((300, 400)), draw_figure((400, 100))]
    given = {"text": "<image>Write.", "words": WORDS, "boxes": BOXES}
    batch = processor(figures, **{name: [value] * 2 for name, value in given.items()})
    assert len(set(batch["visual_token_mask"].sum(dim=1).tolist())) == 2
    alone = [processor([figure], **{name: [value] for name, value in given.items()}) for figure in figures]
    logits = torch.cat([model(**inputs).logits[:, -1] for inputs in alone])
    assert torch.allclose(model(**batch).logits[:, -1], logits, atol=1e-5)


def test_ink_only_is_not_for_the_published_model():
    with pytest.raises(ValueError, match="ink_only needs feature_mode 'default'"):
        make_processor(feature_mode="reference", ink_only=True)


def test_words_come_by_character_and_keep_their_boxes():
    words = ["lid", "104", "FIG.", "1", "housing", "102"]
    boxes = [[100, 100, 160, 130], [170, 100, 210, 130], [400, 900, 460, 940], [465, 900, 480, 940]]
    boxes += [[500, 500, 640, 530], [650, 500, 690, 530]]
    plain, ordering = make_processor(), make_processor(words_by_character=True)
    order = [2, 3, 4, 5, 0, 1]
    expected = call(plain, words=[[words[i] for i in order]], boxes=[[boxes[i] for i in order]])
    got = call(ordering, words=[words], boxes=[boxes])
    assert all(torch.equal(got[name], expected[name]) for name in expected)


def test_the_list_of_characters_is_cut_last():
    words = ["housing"] * 30 + ["102", "104"]
    boxes = [[10, 30 * y, 90, 30 * y + 20] for y in range(30)] + [[700, 100, 740, 120], [700, 500, 740, 520]]
    processor = make_processor(words_by_character=True, max_ocr_tokens=40)
    ids, _ = encode_words(processor.ocr_tokenizer, ["102", "104"])
    row = call(processor, words=[words], boxes=[boxes])["ocr_input_ids"][0].tolist()
    assert len(row) == 40 and row[-len(ids) - 1 : -1] == ids


@pytest.mark.parametrize("build", [layoutlmv3_tokenizer, generic_ocr_tokenizer])
def test_ocr_tokens_carry_their_words_boxes(build):
    tokenizer = build()
    processor = make_processor(tokenizer, feature_mode="reference")
    out = call(processor)
    ids, boxes = out["ocr_input_ids"][0].tolist(), out["ocr_bbox"][0].tolist()
    assert ids[0] == tokenizer.cls_token_id and ids[-1] == tokenizer.sep_token_id
    assert boxes[0] == boxes[-1] == [0, 0, 0, 0]
    position = 1
    for word, box in zip(WORDS, BOXES, strict=True):
        word_ids, _ = encode_words(tokenizer, [word])
        assert ids[position : position + len(word_ids)] == word_ids
        assert boxes[position : position + len(word_ids)] == [box] * len(word_ids)
        position += len(word_ids)
    assert position == len(ids) - 1


def test_a_stock_layoutlmv3_tokenizer_gives_the_same_tokens():
    """What transformers' own call returns for the same words and boxes."""
    tokenizer = layoutlmv3_tokenizer()
    out = call(make_processor(tokenizer, feature_mode="reference"))
    stock = tokenizer(WORDS, boxes=BOXES)
    assert out["ocr_input_ids"][0].tolist() == stock["input_ids"]
    assert out["ocr_bbox"][0].tolist() == stock["bbox"]


def test_tokens_do_not_depend_on_earlier_calls_of_the_tokenizer(processor):
    expected = encode_words(processor.ocr_tokenizer, WORDS)
    processor.ocr_tokenizer(WORDS, boxes=BOXES, truncation=True, max_length=4, padding="max_length")
    assert encode_words(processor.ocr_tokenizer, WORDS) == expected


def test_boxes_move_along_with_the_letterbox(processor):
    """300x400 into 64x64 is 48x64: x shrinks to three quarters, y stays."""
    moved = call(processor)["ocr_bbox"][0]
    assert moved[1].tolist() == [300, 900, 345, 940]


def test_the_reference_mode_squashes_and_leaves_the_boxes():
    processor = make_processor(feature_mode="reference")
    out = call(processor)
    assert "pixel_attention_mask" not in out and out["ocr_bbox"][0, 1].tolist() == BOXES[0]
    assert set(out) == set(processor.model_input_names)


def test_truncation_keeps_the_end_token():
    processor = make_processor(max_ocr_tokens=8)
    out = call(processor)
    assert out["ocr_input_ids"].shape == (1, 8)
    assert out["ocr_input_ids"][0, -1] == processor.ocr_tokenizer.sep_token_id
    assert (out["input_ids"] == processor.image_token_id).sum() == 8 + 1 + PATCHES


def test_a_figure_without_words(processor):
    out = processor(images=draw_figure(), text="<image>", words=[], boxes=[])
    assert (
        out["ocr_input_ids"].shape == (1, 2) and (out["input_ids"] == processor.image_token_id).sum() == 2 + 1 + PATCHES
    )


def test_lower_casing_spares_words_with_a_digit():
    processor = make_processor(lowercase_words=True)
    given = {"boxes": [BOXES[:3]]}
    upper = processor(images=draw_figure(), words=[["SENSOR", "10A", "Lid"]], **given)["ocr_input_ids"]
    lower = processor(images=draw_figure(), words=[["sensor", "10A", "lid"]], **given)["ocr_input_ids"]
    other = processor(images=draw_figure(), words=[["sensor", "10a", "lid"]], **given)["ocr_input_ids"]
    assert torch.equal(upper, lower) and not torch.equal(lower, other)


MIXED = ["Central", "Memory", "Display", "Network", "CPU", "LAN", "DATA", "LED", "led", "102", "FIG.", "TFN"]


@pytest.mark.parametrize(
    ("words", "drawn"),
    [
        (MIXED, "A CPU 102, CPUs and a TFN-based LAN-like data display, the led light scpu."),
        (
            [word.upper() for word in MIXED],
            "A cpu 102, cpus and a tfn-based lan-like data display, the led light scpu.",
        ),
        (["CPU"], "A cpu 102, cpus and a tfn-based lan-like data display, the led light scpu."),
    ],
)
def test_acronyms_get_their_capitals_back(words, drawn):
    """Where most words of a drawing are not in capitals anyway, and in whole words."""
    text = "A cpu 102, cpus and a tfn-based lan-like data display, the led light scpu."
    processor = make_processor(lowercase_words=True)
    assert processor.as_drawn(text, words) == drawn
    assert make_processor().as_drawn(text, words) == text


def test_the_copy_head_sees_words_only():
    out = call(make_processor(copy_head=True), 2, words=[WORDS, WORDS[:2]], boxes=[BOXES, BOXES[:2]])
    words = out["copy_input_ids"] != -100
    assert torch.equal(out["copy_input_ids"][words], out["ocr_input_ids"][words])
    assert words[:, 0].sum() == 0 and (words.sum(1) == out["ocr_attention_mask"].sum(1) - 2).all()
    assert torch.equal(out["copy_bbox"], out["ocr_bbox"])


def test_without_text_only_the_figures(processor):
    out = processor(images=draw_figure(), words=WORDS, boxes=BOXES)
    assert "input_ids" not in out and "pixel_values" in out and "ocr_input_ids" in out


def test_without_figures_only_the_text(processor):
    out = processor(text=["hello there", "hi"])
    assert set(out) == {"input_ids", "attention_mask"} and out["input_ids"].shape[0] == 2


# --- placeholders ---


@pytest.mark.parametrize("feature_mode, visual_pool", [("default", 1), ("default", 2), ("reference", 1)])
def test_the_placeholder_count_of_each_image(feature_mode, visual_pool):
    processor = make_processor(feature_mode=feature_mode, visual_pool=visual_pool)
    out = call(processor, 2, words=[WORDS, WORDS[:1]], boxes=[BOXES, BOXES[:1]])
    tokens = out["ocr_attention_mask"].sum(1)
    if feature_mode == "reference":  # without <s>, with the padding
        tokens = torch.full_like(tokens, out["ocr_attention_mask"].shape[1] - 1)
    expected = tokens + 1 + PATCHES // visual_pool**2
    assert torch.equal((out["input_ids"] == processor.image_token_id).sum(1), expected)


def test_several_images_in_one_text(processor):
    figures = [draw_figure(seed=0), draw_figure(seed=1)]
    given = {"words": [WORDS, WORDS[:1]], "boxes": [BOXES, BOXES[:1]]}
    out = processor(images=[figures], text="<image> and <image>", **given)
    assert (out["input_ids"] == processor.image_token_id).sum() == out["ocr_attention_mask"].sum() + 2 * (1 + PATCHES)


def test_a_max_length_that_cuts_placeholders_is_refused(processor):
    with pytest.raises(ValueError, match=r"max_length=20 cuts the image of text 0: \d+ of its 38 image tokens"):
        call(processor, truncation=True, max_length=20)
    long = call(processor, truncation=True, max_length=39)
    assert long["input_ids"].shape[1] == 39, "text after the image may be cut"


def test_images_and_placeholders_must_match(processor):
    with pytest.raises(ValueError, match="2 <image> and 1 images"):
        processor(images=draw_figure(), text="<image><image>", words=[WORDS], boxes=[BOXES])
    with pytest.raises(ValueError, match="1 <image> and 0 images"):
        processor(text="<image>")
    with pytest.raises(ValueError, match="nothing to process"):
        processor()


@pytest.mark.parametrize(
    "words, boxes, message",
    [
        ([WORDS], None, "6 words and no boxes"),
        ([WORDS], [BOXES[:2]], "6 words and 2 boxes"),
        ([WORDS, WORDS], [BOXES, BOXES], "2 entries for 1 images"),
        ([["a"]], [[[0, 0, 1200, 10]]], "0..1000"),
        ([["a"]], [[[500, 0, 100, 10]]], "x0 <= x1"),
        ([["a"]], [[[0, 0, 10]]], "0..1000"),
    ],
)
def test_words_and_boxes_that_do_not_fit(processor, words, boxes, message):
    with pytest.raises(ValueError, match=message):
        processor(images=draw_figure(), text="<image>", words=words, boxes=boxes)


# --- padding ---


def test_generation_pads_left_and_a_collator_may_pad_right(processor):
    texts = ["<image>a much longer text than the other", "<image>b"]
    figures = [draw_figure(), draw_figure(seed=1)]
    given = {"words": [WORDS] * 2, "boxes": [BOXES] * 2}
    left = processor(images=figures, text=texts, **given)
    right = processor(images=figures, text=texts, padding_side="right", **given)
    assert processor.tokenizer.padding_side == "left"
    assert left["attention_mask"][1, 0] == 0 and left["attention_mask"][1, -1] == 1
    assert right["attention_mask"][1, 0] == 1 and right["attention_mask"][1, -1] == 0


def test_ocr_padding_to_the_longest_or_to_the_limit():
    processor = make_processor(max_ocr_tokens=40)
    short = {"words": [WORDS, WORDS[:1]], "boxes": [BOXES, BOXES[:1]]}
    longest, limit = call(processor, 2, **short), call(processor, 2, ocr_padding="max_length", **short)
    width = longest["ocr_input_ids"].shape[1]
    assert width < 40 and limit["ocr_input_ids"].shape == (2, 40)
    assert torch.equal(limit["ocr_input_ids"][:, :width], longest["ocr_input_ids"])
    assert (limit["ocr_input_ids"][:, width:] == processor.ocr_tokenizer.pad_token_id).all()
    assert (longest["ocr_input_ids"][1][longest["ocr_attention_mask"][1] == 0] == 1).all()
    assert torch.equal(limit["input_ids"], longest["input_ids"])
    with pytest.raises(ValueError, match="longest or max_length"):
        call(processor, ocr_padding="left")


# --- chats ---


def test_the_prompt_of_inference_begins_that_of_training(processor):
    for kind, question in PROMPTS.items():
        prompt = processor.apply_chat_template(prompt_messages(kind), add_generation_prompt=True)
        assert prompt == f"<bos><|user|><image>{question}<|assistant|>"
        trained = processor.apply_chat_template(answered(kind))
        assert trained == prompt + "FIG. 1 is a block diagram.<eos>"
    with pytest.raises(ValueError, match="brief, detailed"):
        prompt_messages("long")


def test_the_published_prompt_in_the_reference_mode():
    processor = make_processor(feature_mode="reference")
    prompt = processor.apply_chat_template(prompt_messages("brief"), add_generation_prompt=True)
    assert prompt == "<image>\nUSER: Write a brief description for this patent image.\nASSISTANT:"
    assert processor.apply_chat_template(answered()) == prompt + " FIG. 1 is a block diagram.<eos>"


def test_the_template_takes_plain_strings_and_a_system_turn(processor):
    messages = [{"role": "system", "content": "Be exact."}, {"role": "user", "content": "Hello"}]
    assert processor.apply_chat_template(messages) == "<bos><|system|>Be exact.<|user|>Hello"


@pytest.mark.parametrize("given_as", ["words", "read"])
def test_a_chat_sees_its_words(processor, monkeypatch, given_as):
    reading = FigureReading(
        tuple(Word(w, tuple(b), 1.0) for w, b in zip(WORDS, BOXES, strict=True)), 0, (300, 400), "x 1"
    )
    monkeypatch.setattr(processing_patentlmm, "read_figure", lambda image, engine: reading)
    given = {"words": WORDS, "boxes": BOXES} if given_as == "words" else {}
    messages = prompt_messages("brief", image=draw_figure(), **given)
    out = processor.apply_chat_template(messages, tokenize=True, return_dict=True, add_generation_prompt=True)
    direct = call(processor, text=f"<bos><|user|><image>{PROMPTS['brief']}<|assistant|>")
    assert all(torch.equal(out[name], direct[name]) for name in direct)
    assert (out["input_ids"] == processor.tokenizer.bos_token_id).sum() == 1
    options = {"tokenize": True, "return_dict": True, "ocr_padding": "max_length"}
    loose = processor.apply_chat_template(messages, tone="dry", **options)
    assert loose["ocr_input_ids"].shape[1] == 512
    assert loose["ocr_attention_mask"].sum() == out["ocr_attention_mask"].sum()


def test_a_batch_of_chats_keeps_words_and_figures_together(processor):
    chats = [
        prompt_messages("brief", draw_figure(seed=0), WORDS, BOXES),
        prompt_messages("detailed", draw_figure(seed=1), WORDS[:2], BOXES[:2]),
    ]
    out = processor.apply_chat_template(chats, tokenize=True, return_dict=True, add_generation_prompt=True)
    expected = [len(encode_words(processor.ocr_tokenizer, words)[0]) + 2 for words in (WORDS, WORDS[:2])]
    assert out["ocr_attention_mask"].sum(1).tolist() == expected


def test_the_answer_and_its_end_are_supervised(processor):
    messages = [
        answered(image=draw_figure(), words=WORDS, boxes=BOXES),
        answered("detailed", image=draw_figure(), words=["a"], boxes=BOXES[:1]),
    ]
    options = {"tokenize": True, "return_dict": True, "return_tensors": "pt", "return_assistant_tokens_mask": True}
    out = processor.apply_chat_template(messages, processor_kwargs={"padding_side": "right"}, **options)
    for ids, mask in zip(out["input_ids"], out["assistant_masks"], strict=True):
        assert processor.decode(ids[mask.bool()]) == "FIG. 1 is a block diagram.<eos>"


def test_the_stock_collator_of_trl_sees_the_words():
    sft = pytest.importorskip("trl.trainer.sft_trainer")
    processor = make_processor()
    collate = sft.DataCollatorForVisionLanguageModeling(processor, assistant_only_loss=True)
    # As Arrow hands it over: every block has every field, and images come in a column of their own.
    block = {"type": "image", "text": None, "words": WORDS, "boxes": BOXES}
    question = {"type": "text", "text": PROMPTS["brief"], "words": None, "boxes": None}
    answer = {"type": "text", "text": "FIG. 1.", "words": None, "boxes": None}
    messages = [{"role": "user", "content": [block, question]}, {"role": "assistant", "content": [answer]}]
    out = collate([{"messages": messages, "images": [draw_figure()]}] * 2)
    assert torch.equal(out["ocr_input_ids"], call(processor, 2)["ocr_input_ids"])
    assert processor.decode(out["labels"][0][out["labels"][0] != -100]) == "FIG. 1.<eos>"
    with pytest.raises(ValueError, match="max_length=30 cuts the image"):
        sft.DataCollatorForVisionLanguageModeling(processor, max_length=30)(
            [{"messages": messages, "images": [draw_figure()]}]
        )


def test_decoding_is_the_tokenizers(processor):
    ids = processor.tokenizer("FIG. 1")["input_ids"]
    assert processor.decode(ids) == "FIG. 1" and processor.batch_decode([ids, ids]) == ["FIG. 1"] * 2


# --- reading ---


def test_a_figure_lying_on_its_side_is_turned_with_its_words(processor, monkeypatch):
    """The reading's boxes are of the upright figure, so the pixels must be too."""
    upright = draw_figure((300, 400))
    reading = FigureReading((Word("10", (500, 0, 600, 100), 0.9),), 90, (300, 400), "rapidocr 0")
    monkeypatch.setattr(processing_patentlmm, "read_figure", lambda image, engine: reading)
    out = processor(images=upright.rotate(-90, expand=True), text="<image>")
    expected = processor(images=upright, text="<image>", words=[["10"]], boxes=[[(500, 0, 600, 100)]])
    assert all(torch.equal(out[name], expected[name]) for name in expected)


def test_only_figures_without_words_are_read(processor, monkeypatch):
    read = []
    reading = FigureReading((Word("10", (0, 0, 9, 9), 1.0),), 0, (1, 1), "rapidocr 0")
    monkeypatch.setattr(processing_patentlmm, "read_figure", lambda image, engine: read.append(engine) or reading)
    figures = [draw_figure(seed=index) for index in range(3)]
    out = processor(images=figures, text=["<image>"] * 3, words=[WORDS, None, []], boxes=[BOXES, None, []])
    assert read == ["rapidocr"]
    assert out["ocr_attention_mask"].sum(1).tolist()[2] == 2


# --- refusals ---


def test_a_missing_or_wrong_ocr_tokenizer_is_refused():
    image_processor = PatentLMMImageProcessor()
    with pytest.raises(ValueError, match="ocr_tokenizer is missing"):
        PatentLMMProcessor(image_processor, language_tokenizer(), None)
    with pytest.raises(ValueError, match="has no cls, sep, mask token, so it is not the encoder's"):
        PatentLMMProcessor(image_processor, language_tokenizer(), language_tokenizer())
    with pytest.raises(ValueError, match="340 entries, the checkpoint's has 50265"):
        PatentLMMProcessor(image_processor, language_tokenizer(), layoutlmv3_tokenizer(), ocr_vocab_size=50265)


def test_an_ocr_tokenizer_that_lost_its_vocabulary_is_refused():
    """transformers 5 builds one of five entries, silently, from `vocab_file=` and `merges_file=`."""
    from transformers import LayoutLMv3Tokenizer

    with pytest.raises(ValueError, match="its vocabulary is lost"):
        PatentLMMProcessor(PatentLMMImageProcessor(), language_tokenizer(), LayoutLMv3Tokenizer())


def test_a_tokenizer_without_the_image_token_is_refused():
    with pytest.raises(ValueError, match="does not know <picture> as one token.*add_special_tokens"):
        make_processor(image_token="<picture>")


def test_settings_that_contradict_are_refused():
    with pytest.raises(ValueError, match="image processor's is 'default'"):
        PatentLMMProcessor(
            PatentLMMImageProcessor(), language_tokenizer(), layoutlmv3_tokenizer(), feature_mode="reference"
        )
    with pytest.raises(ValueError, match="visual_pool=3 does not divide"):
        make_processor(visual_pool=3)
    with pytest.raises(ValueError, match="max_ocr_tokens=1"):
        make_processor(max_ocr_tokens=1)


# --- saving ---


@pytest.mark.parametrize("feature_mode", ["default", "reference"])
def test_saving_keeps_everything_in_its_place(tmp_path, feature_mode):
    import modeling_patentlmm

    modeling_patentlmm.register()
    processor = make_processor(
        feature_mode=feature_mode, max_ocr_tokens=77, lowercase_words=True, ocr_engine_version="9.9"
    )
    processor.tokenizer.padding_side = "right"  # as a trainer may leave it
    processor.save_pretrained(tmp_path / "one")
    once = PatentLMMProcessor.from_pretrained(tmp_path / "one")
    once.save_pretrained(tmp_path / "two")
    again = PatentLMMProcessor.from_pretrained(tmp_path / "two")
    assert again.ocr_tokenizer.get_vocab() == processor.ocr_tokenizer.get_vocab()
    assert again.tokenizer.get_vocab() == processor.tokenizer.get_vocab() != again.ocr_tokenizer.get_vocab()
    assert again.tokenizer.padding_side == "left"
    assert again.chat_template == processor.chat_template
    assert (again.max_ocr_tokens, again.feature_mode, again.lowercase_words) == (77, feature_mode, True)
    for name in ("processor_config.json", "ocr_tokenizer/config.json", "chat_template.jinja"):
        assert (tmp_path / "one" / name).read_text() == (tmp_path / "two" / name).read_text()
    config = json.loads((tmp_path / "two" / "processor_config.json").read_text())
    assert (config["ocr_engine"], config["ocr_engine_version"]) == ("rapidocr", "9.9")
    assert all(torch.equal(call(again)[name], call(processor)[name]) for name in processor.model_input_names)


def test_an_own_template_is_kept(tmp_path):
    template = DEFAULT_CHAT_TEMPLATE.replace("<|user|>", "Q:")
    make_processor(chat_template=template).save_pretrained(tmp_path)
    assert (tmp_path / "chat_template.jinja").read_text() == template


# --- vLLM's Transformers backend ---


def test_the_placeholder_bound_holds_for_any_reading():
    processor = make_processor(max_ocr_tokens=30)
    bound = processor._get_num_multimodal_tokens(image_sizes=[(64, 64), (10_000, 10_000)])
    assert bound["num_image_tokens"] == [30 + 1 + PATCHES] * 2 and bound["num_image_patches"] == [1, 1]
    full = call(processor, words=[["abcdefghij"] * 50], boxes=[[BOXES[0]] * 50])
    assert (full["input_ids"] == processor.image_token_id).sum() == 30 + 1 + PATCHES


def test_what_vllm_asks_of_the_processor(processor, monkeypatch):
    """The calls of vllm/model_executor/models/transformers/multimodal.py (OffsetsMultiModalProcessor)."""
    readings = {
        seed: FigureReading(tuple(Word(w, (0, 0, 9, 9), 1.0) for w in WORDS[: 2 + seed]), 0, (300, 400), "rapidocr 0")
        for seed in (0, 1)
    }
    figures = [draw_figure(seed=seed) for seed in (0, 1)]
    arrays = [np.asarray(figure.convert("L")) for figure in figures]
    seed_of = lambda image: next(s for s, array in enumerate(arrays) if np.array_equal(np.asarray(image), array))  # noqa: E731
    monkeypatch.setattr(processing_patentlmm, "read_figure", lambda image, engine: readings[seed_of(image)])
    # Images with a dummy text, no words; the replacements of each image come back as text.
    options = {"truncation": False, "add_special_tokens": False, "return_tensors": "pt", "ocr_padding": "max_length"}
    out = processor(text=processor.image_token * 2, images=figures, return_text_replacement_offsets=True, **options)
    offsets = out.pop("text_replacement_offsets")
    assert [entry["type"] for entry in offsets[0]] == ["image", "image"]
    sizes = [len(processor.tokenizer.encode(entry["replacement"], add_special_tokens=False)) for entry in offsets[0]]
    assert sum(sizes) == out["input_ids"].shape[1] == (out["input_ids"] == processor.image_token_id).sum()
    # Each field has one row an image, and a row does not depend on the other image.
    fields = {name: value for name, value in out.items() if name not in ("input_ids", "attention_mask")}
    assert all(len(value) == 2 for value in fields.values())
    for index, figure in enumerate(figures):
        alone = processor(text=processor.image_token, images=[figure], **options)
        assert all(torch.equal(alone[name][0], fields[name][index]) for name in fields)
        assert alone["input_ids"].shape[1] == sizes[index]
    # The older path marks the tokens of the images in the expanded prompt.
    marked = processor(text="a<image>b", images=figures[:1], return_mm_token_type_ids=True, **options)
    assert torch.equal(marked["mm_token_type_ids"] == 1, marked["input_ids"] == processor.image_token_id)
    assert processor.image_token_ids == [processor.image_token_id]
    # The image fields go to get_image_features by name; its features fill the placeholders of the expanded prompt.
    model = make_model(processor.tokenizer, processor.ocr_tokenizer).model
    with torch.no_grad():
        features = model.get_image_features(**fields, return_dict=True).pooler_output
        assert [len(each) for each in features] == sizes
        embeds = model.get_input_embeddings()(out["input_ids"])
        embeds[out["input_ids"] == processor.image_token_id] = torch.cat(list(features))
        merged = model.language_model(inputs_embeds=embeds).last_hidden_state
        whole = model(input_ids=out["input_ids"], **fields).last_hidden_state
    assert torch.allclose(merged, whole, atol=1e-5)


def test_replacement_offsets_point_into_both_texts(processor):
    text = "one <image> two <image>"
    expanded, offsets = processor.get_text_with_replacements([text, "none"], ["<image>" * 3, "<image>"])
    assert expanded[0] == "one <image><image><image> two <image>" and offsets[1] == []
    for entry in offsets[0]:
        assert text[slice(*entry["span"])] == "<image>"
        assert expanded[0][slice(*entry["new_span"])] == entry["replacement"]
