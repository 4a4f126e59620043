"""A language model of any origin learns the placeholder of figures."""

from transformers import AutoModelForCausalLM, LlamaConfig, PreTrainedTokenizerFast

from tests.tiny import byte_bpe, language_tokenizer
from train.assemble import add_image_token


def causal_model(vocab_size: int):
    shape = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    return AutoModelForCausalLM.from_config(LlamaConfig(vocab_size=vocab_size, tie_word_embeddings=True, **shape))


def foreign_tokenizer():
    special = {"eos_token": "<eos>", "pad_token": "<pad>", "additional_special_tokens": ["<tool>"]}
    return PreTrainedTokenizerFast(tokenizer_object=byte_bpe("<pad>", "<eos>", "<tool>"), **special)


def test_a_tokenizer_without_the_placeholder_gets_it_and_the_model_an_embedding():
    tokenizer = foreign_tokenizer()
    before = len(tokenizer)
    model = causal_model(before)
    assert add_image_token(tokenizer, model) == before
    assert tokenizer.encode("<image>") == [before]
    assert "<tool>" in tokenizer.all_special_tokens
    assert model.config.vocab_size == model.get_input_embeddings().num_embeddings == before + 1
    assert model.lm_head.weight.shape[0] == before + 1


def test_embeddings_to_spare_are_used():
    tokenizer = foreign_tokenizer()
    model = causal_model(len(tokenizer) + 10)
    add_image_token(tokenizer, model)
    assert model.get_input_embeddings().num_embeddings == len(tokenizer) + 9


def test_a_tokenizer_with_the_placeholder_stays_as_it_is():
    tokenizer = language_tokenizer()
    model = causal_model(len(tokenizer))
    assert add_image_token(tokenizer, model) == language_tokenizer().convert_tokens_to_ids("<image>")
    assert len(tokenizer) == len(language_tokenizer()) == model.config.vocab_size
