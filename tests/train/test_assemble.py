"""Putting a PatentLMM together: a pre-trained encoder is taken over whole, and only where it fits."""

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from modeling_patentlmm import PatentLMMForConditionalGeneration, PatentLMMProcessor, PatentMMEModel
from tests.tiny import byte_bpe, draw_figure, generic_ocr_tokenizer, language_tokenizer
from train.assemble import assemble
from train.pretraining.encoder import new_encoder
from train.pretraining.figure_processor import make_figure_processor, save_figure_processor

SHAPE = {
    "hidden_size": 36,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "coordinate_size": 6,
    "shape_size": 6,
    "input_size": 64,
}
OPTIONS = {"lowercase_words": True, "max_ocr_tokens": 32}


@pytest.fixture
def recipe(tmp_path):
    """A recipe for a pre-trained encoder, and the parts that it names."""
    tokenizer, ocr_tokenizer = language_tokenizer(), generic_ocr_tokenizer()
    tokenizer.save_pretrained(tmp_path / "language")
    ocr_tokenizer.save_pretrained(tmp_path / "ocr")
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=1,
        num_attention_heads=4,
        num_key_value_heads=2,
    )
    LlamaForCausalLM(config).save_pretrained(tmp_path / "llama")
    encoder = new_encoder(SHAPE, ocr_tokenizer, None)
    encoder.save_pretrained(tmp_path / "mme")
    save_figure_processor(make_figure_processor(encoder.config, ocr_tokenizer, OPTIONS), tmp_path / "mme")
    return {
        "language_model": str(tmp_path / "llama"),
        "tokenizer": str(tmp_path / "language"),
        "ocr_tokenizer": str(tmp_path / "ocr"),
        "vision_model": str(tmp_path / "mme"),
        "model": {},
        "processor": OPTIONS,
    }


def without(recipe, name):
    return {key: value for key, value in recipe.items() if key != name}


def test_a_pre_trained_encoder_is_taken_over_and_the_result_reads_a_figure(recipe, tmp_path):
    model, processor = assemble(recipe)
    model.save_pretrained(tmp_path / "out")
    processor.save_pretrained(tmp_path / "out")
    model = PatentLMMForConditionalGeneration.from_pretrained(tmp_path / "out")
    encoder = PatentMMEModel.from_pretrained(recipe["vision_model"])
    for name, value in encoder.state_dict().items():
        assert torch.equal(model.model.vision_tower.state_dict()[name], value), name
    processor = PatentLMMProcessor.from_pretrained(tmp_path / "out")
    inputs = processor(images=[draw_figure()], words=[["FIG."]], boxes=[[[0, 0, 9, 9]]], text="<image>")
    assert torch.isfinite(model(**inputs).logits).all()


def test_a_new_encoder_starts_with_the_language_models_words(recipe):
    shape = {**SHAPE, "hidden_size": 32, "coordinate_size": 5}
    recipe = {**without(recipe, "vision_model"), "vision_config": shape, "share_word_embeddings": True}
    model, _ = assemble(recipe)
    words = model.model.vision_tower.embeddings.word_embeddings.weight
    assert torch.equal(words, model.get_input_embeddings().weight)


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"vision_config": SHAPE}, "exactly one of vision_model"),
        ({"share_word_embeddings": True}, "would overwrite the word embeddings"),
        ({"processor": {"max_ocr_tokens": 32}}, "processor.lowercase_words is False, but the encoder in .* with True"),
    ],
)
def test_what_does_not_fit_is_refused(recipe, changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        assemble({**recipe, **changes})


def test_neither_encoder_is_refused(recipe):
    with pytest.raises(ValueError, match="exactly one of vision_model"):
        assemble(without(recipe, "vision_model"))


def test_words_of_unlike_width_are_not_shared(recipe):
    recipe = {**without(recipe, "vision_model"), "vision_config": SHAPE, "share_word_embeddings": True}
    with pytest.raises(ValueError, match=r"the encoder has \(\d+, 36\), the language model \(\d+, 32\)"):
        assemble(recipe)


def test_another_vocabulary_is_refused_though_it_is_as_large(recipe, tmp_path):
    from transformers import PreTrainedTokenizerFast

    names = {
        "cls_token": "<s>",
        "pad_token": "<pad>",
        "sep_token": "</s>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
    }
    shuffled = PreTrainedTokenizerFast(tokenizer_object=byte_bpe("<mask>", "<unk>", "</s>", "<pad>", "<s>"), **names)
    shuffled.save_pretrained(tmp_path / "other")
    with pytest.raises(ValueError, match="numbers its words otherwise than .*mme/ocr_tokenizer"):
        assemble({**recipe, "ocr_tokenizer": str(tmp_path / "other")})


def test_a_language_model_is_no_encoder(recipe):
    with pytest.raises(ValueError, match="holds a model of type llama, no LayoutLMv3 or PatentMME"):
        assemble({**recipe, "vision_model": recipe["language_model"]})
