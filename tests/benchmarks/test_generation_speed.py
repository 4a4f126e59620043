"""The generation benchmark's made-up tokenizer and model do what the real ones would."""

import torch

from benchmarks.generation_speed import TEXT, claims, large_inputs, large_model, large_tokenizer, measure

SIZE = 2000


def test_the_tokenizer_reads_and_writes_any_text():
    tokenizer = large_tokenizer(SIZE)
    assert len(tokenizer) == SIZE
    assert tokenizer.decode(tokenizer(TEXT)["input_ids"]) == TEXT


@torch.no_grad()
def test_a_row_is_measured_and_its_tokens_are_those_of_the_plain_backbone():
    model = large_model(64, 1, SIZE)
    row = measure("small", model, large_inputs(model, 2, 4, 4), large_tokenizer(SIZE), 2, 1)
    assert row["batch"] == 2 and row["rules_over_token"] > 0 and row["over_plain_generate"] > 0
    assert [one["goal"] for one in claims([row], 1)] == [1, 0.05, 1.02]
