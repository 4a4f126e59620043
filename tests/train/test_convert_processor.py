"""The processor of a converted PatentLMM: which tokenizers it takes, and that prompts are tokenised as published."""

import json
import shutil
import string

import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoProcessor, LlamaTokenizer, PreTrainedTokenizerFast

import modeling_patentlmm
from modeling_patentlmm import PatentLMMConfig, PatentLMMProcessor, describe, load_checkpoint
from modeling_patentlmm.ocr_patentlmm import FigureReading
from modeling_patentlmm.processing_patentlmm import prompt_messages
from tests.published import CONFIG_FILE, lmm_tensors, save_lmm
from tests.tiny import BOXES, WORDS, draw_figure, generic_ocr_tokenizer, layoutlmv3_tokenizer
from train.convert.checkpoint import ConvertError
from train.convert.lmm import convert_lmm
from train.convert.processor import build_processor, write_processor
from train.convert.sizes import Sizes, read_sizes

QUESTION = "Write a brief description for this patent image."


def llama_tokenizer() -> LlamaTokenizer:
    """LLaMA's tokenizer in small: its special tokens and bytes at LLaMA's ids, then single characters."""
    entries = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    entries += ["▁", *string.ascii_letters, *string.digits, *string.punctuation, "▁W", "US", "ER", "USER"]
    merges = [("▁", "W"), ("U", "S"), ("E", "R"), ("US", "ER")]
    return LlamaTokenizer(vocab={entry: index for index, entry in enumerate(entries)}, merges=merges)


def in_form(form: str) -> PreTrainedTokenizerFast:
    """The same, with one of the ways in which LLaMA's tokenizer.json sets the space mark before a text."""
    state = json.loads(llama_tokenizer().backend_tokenizer.to_str())
    if form == "normalizer":
        replaced = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
        state["normalizer"] = {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, replaced]}
        state["pre_tokenizer"] = None
    else:
        state["pre_tokenizer"]["prepend_scheme"] = form
    names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(json.dumps(state)), **names)


@pytest.fixture(scope="module")
def tokenizers(tmp_path_factory):
    """Folders of both, and sizes of a model they fit."""
    folder = tmp_path_factory.mktemp("tokenizers")
    language, ocr = llama_tokenizer(), layoutlmv3_tokenizer()
    language.save_pretrained(folder / "llama")
    ocr.save_pretrained(folder / "layoutlmv3")
    return folder / "llama", folder / "layoutlmv3", len(language), len(ocr)


@pytest.fixture(scope="module")
def sizes(tokenizers) -> Sizes:
    given = read_sizes(CONFIG_FILE)
    given.text.vocab_size, given.vision.vocab_size = tokenizers[2:]
    return given


@pytest.fixture(scope="module")
def converted(tmp_path_factory, tokenizers, sizes):
    """The parity case with embeddings of the tokenizers' sizes, converted with its processor."""
    modeling_patentlmm.register()
    folder = tmp_path_factory.mktemp("converted")
    tensors, (language, ocr) = lmm_tensors(), tokenizers[2:]
    tower = "base_model.model.model.vision_tower.vision_tower.embeddings.word_embeddings.weight"
    for name, shape in (("model.embed_tokens", (language, 32)), ("lm_head", (language, 32))):
        tensors[f"base_model.model.{name}.weight"] = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    tensors[tower] = torch.randn(ocr, 48, generator=torch.Generator().manual_seed(1))
    file = save_lmm(folder / "model.pt", tensors)
    convert_lmm(file, folder / "out", sizes, tokenizers=tuple(map(str, tokenizers[:2])))
    return folder / "out"


def test_the_published_prompt_is_tokenised_as_published(converted):
    """The reference tokenises before and after the figure apart, and puts the figure's index between."""
    processor = AutoProcessor.from_pretrained(converted)
    prompt = processor.apply_chat_template(prompt_messages("brief"), add_generation_prompt=True)
    assert prompt == f"<image>\nUSER: {QUESTION}\nASSISTANT:"
    ids = processor(images=[draw_figure()], text=prompt, words=[WORDS], boxes=[BOXES])["input_ids"][0].tolist()
    count = ids.count(processor.image_token_id)
    after = llama_tokenizer().encode(f"\nUSER: {QUESTION}\nASSISTANT:", add_special_tokens=False)
    assert ids == [1] + [3] * count + after
    assert llama_tokenizer().convert_ids_to_tokens(after[:3]) == ["▁", "<0x0A>", "USER"]


def test_the_processor_is_the_published_one(converted):
    processor = PatentLMMProcessor.from_pretrained(converted)
    assert (processor.feature_mode, processor.ocr_engine, processor.max_ocr_tokens) == ("reference", "tesseract", 512)
    assert (processor.tokenizer.pad_token_id, processor.tokenizer.padding_side) == (0, "left")
    assert processor.image_token_id == PatentLMMConfig.from_pretrained(converted).image_token_id == 3
    figure = processor(images=[draw_figure()], words=[WORDS], boxes=[BOXES])
    assert figure["pixel_values"].shape == (1, 3, 64, 64) and "pixel_attention_mask" not in figure
    assert processor.tokenizer.decode(processor.tokenizer.encode("Write USER 12"), skip_special_tokens=True) == (
        "Write USER 12"
    )


def test_the_folder_describes(converted):
    model, processor = load_checkpoint(converted)
    reading = FigureReading(words=(), rotation=0, size=(300, 400), engine="none", left_out=())
    description = describe(model, processor, draw_figure(), reading=reading, max_new_tokens=4)
    assert isinstance(description.brief, str) and isinstance(description.detailed, str)


@pytest.mark.parametrize("form", ["first", "always", "normalizer"])
def test_the_space_mark_after_the_figure_does_not_depend_on_how_the_tokenizer_was_saved(tmp_path, sizes, form):
    in_form(form).save_pretrained(tmp_path / "llama")
    layoutlmv3_tokenizer().save_pretrained(tmp_path / "ocr")
    build_processor(sizes.lmm_config(), tmp_path / "llama", tmp_path / "ocr").save_pretrained(tmp_path / "out")
    tokenizer = PatentLMMProcessor.from_pretrained(tmp_path / "out").tokenizer
    assert tokenizer.convert_ids_to_tokens(tokenizer.encode("<image>\nUSER")) == [
        "<s>", "<image>", "▁", "<0x0A>", "USER",
    ]  # fmt: skip


def test_it_can_be_added_later(tmp_path, converted, tokenizers):
    ignored = shutil.ignore_patterns("processor_config.json", "tokenizer*", "ocr_tokenizer", "chat_template.jinja")
    shutil.copytree(converted, tmp_path / "bare", ignore=ignored)
    write_processor(tmp_path / "bare", *tokenizers[:2])
    names = [sorted(path.name for path in folder.rglob("*")) for folder in (tmp_path / "bare", converted)]
    assert names[0] == names[1]


def test_tokenizers_of_another_size_are_refused(tmp_path, tokenizers, sizes):
    language, ocr, entries, _ = tokenizers
    with pytest.raises(ConvertError, match=rf"layoutlmv3: has 340 entries where the language model has {entries}"):
        build_processor(sizes.lmm_config(), ocr, ocr)
    with pytest.raises(ConvertError, match=rf"llama: has {entries} entries where the encoder has 340"):
        build_processor(sizes.lmm_config(), language, language)
    with pytest.raises(ConvertError, match="nowhere: no tokenizer could be loaded"):
        build_processor(sizes.lmm_config(), tmp_path / "nowhere", ocr)


def test_a_tokenizer_of_the_right_size_that_is_not_llamas_is_refused(tmp_path, tokenizers, sizes):
    config = sizes.lmm_config()
    config.text_config.vocab_size = 340
    generic_ocr_tokenizer().save_pretrained(tmp_path / "other")
    with pytest.raises(ConvertError, match="other: has no <0x00> at 3; name a LLaMA-2 tokenizer"):
        build_processor(config, tmp_path / "other", tokenizers[1])


def test_a_tokenizer_that_was_converted_before_is_taken_again(tmp_path, converted, tokenizers, sizes):
    again = build_processor(PatentLMMConfig.from_pretrained(converted), converted, tokenizers[1])
    assert again.image_token_id == 3


def test_a_batch_of_figures_with_more_and_fewer_words(converted):
    """The published model hands the padding over too (bug B5), so there are placeholders for it."""
    model, processor = load_checkpoint(converted)
    prompt = processor.apply_chat_template(prompt_messages("brief"), add_generation_prompt=True)
    given = {"words": [WORDS, WORDS[:1]], "boxes": [BOXES, BOXES[:1]]}
    batch = processor(images=[draw_figure(seed=0), draw_figure(seed=1)], text=[prompt] * 2, **given)
    assert model.generate(**batch, max_new_tokens=2, do_sample=False).shape[0] == 2
