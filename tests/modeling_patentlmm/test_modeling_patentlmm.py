"""PatentLMM: figures merged into a language model, generation, training by ordinary tools, the copy head."""

import json

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model

from modeling_patentlmm import modeling_patentlmm
from modeling_patentlmm.configuration_patentlmm import PatentLMMConfig, PatentMMEConfig
from modeling_patentlmm.modeling_patentlmm import (
    PatentLMMCopyHead,
    PatentLMMForConditionalGeneration,
    PatentLMMModel,
)

ENCODER = {
    "vocab_size": 99,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "coordinate_size": 6,
    "shape_size": 4,
    "input_size": 64,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}
LLAMA = {
    "model_type": "llama",
    "vocab_size": 120,
    "hidden_size": 48,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
GPT2 = {"model_type": "gpt2", "vocab_size": 120, "n_embd": 48, "n_layer": 2, "n_head": 4, "n_positions": 256}
QWEN = {**LLAMA, "model_type": "qwen2", "tie_word_embeddings": True}
IMAGE, PAD = 5, 0
LENGTHS = (20, 12)  # OCR tokens of the two figures


def make_model(text: dict = LLAMA, dropout: float = 0.0, seed: int = 0, **changes) -> PatentLMMForConditionalGeneration:
    encoder = PatentMMEConfig(**{**ENCODER, "hidden_dropout_prob": dropout})
    config = PatentLMMConfig(vision_config=encoder, text_config=dict(text), image_token_id=IMAGE, **changes)
    generator = torch.Generator().manual_seed(seed)
    model = PatentLMMForConditionalGeneration._from_config(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator) * 0.15
            parameter.copy_(noise + ("norm" in name.lower() and name.endswith("weight")))
    model.generation_config.eos_token_id = None
    model.generation_config.pad_token_id = PAD
    return model


def make_figures(lengths: tuple[int, ...] = LENGTHS, seed: int = 0) -> dict:
    generator = torch.Generator().manual_seed(seed)
    batch, longest = len(lengths), max(lengths)
    corner = torch.randint(0, 500, (batch, longest, 2), generator=generator)
    mask = (torch.arange(longest) < torch.tensor(lengths)[:, None]).long()
    words = torch.randint(6, 99, (batch, longest), generator=generator)
    return {
        "pixel_values": torch.randn(batch, 3, 64, 64, generator=generator),
        "ocr_input_ids": words.masked_fill(mask == 0, 1),
        "ocr_bbox": torch.cat([corner, corner + 40], dim=-1) * mask[..., None],
        "ocr_attention_mask": mask,
    }


def make_prompts(counts: list[int], text_length: int = 6, seed: int = 1) -> dict:
    """Left-padded rows: one beginning token, the placeholders, then text."""
    generator = torch.Generator().manual_seed(seed)
    text = torch.randint(6, 120, (len(counts), text_length), generator=generator)
    rows = [torch.cat([torch.tensor([1] + [IMAGE] * count), row]) for count, row in zip(counts, text)]
    longest = max(map(len, rows))
    ids = torch.stack([torch.nn.functional.pad(row, (longest - len(row), 0), value=PAD) for row in rows])
    return {"input_ids": ids, "attention_mask": (ids != PAD).long()}


def make_inputs(visual: int = 17, copy: bool = False) -> dict:
    figures = make_figures()
    inputs = figures | make_prompts([length + visual for length in LENGTHS])
    if copy:
        inputs["copy_input_ids"] = figures["ocr_input_ids"].masked_fill(figures["ocr_attention_mask"] == 0, -100)
        inputs["copy_bbox"] = figures["ocr_bbox"]
    return inputs


def row_of(inputs: dict, row: int) -> dict:
    """One row of a batch with every padding removed."""
    alone = {name: value[row : row + 1] for name, value in inputs.items()}
    kept = alone["attention_mask"][0].bool()
    for name in alone:
        if name in ("input_ids", "attention_mask", "labels"):
            alone[name] = alone[name][:, kept]
        elif name.startswith(("ocr", "copy")):
            alone[name] = alone[name][:, : LENGTHS[row]]
    return alone


def with_labels(inputs: dict) -> dict:
    ids = inputs["input_ids"]
    return inputs | {"labels": ids.masked_fill(ids <= IMAGE, -100)}


def greedy(model, inputs: dict, tokens: int = 6, **options) -> torch.Tensor:
    settings = {"max_new_tokens": tokens, "do_sample": False} | options
    return model.generate(**inputs, **settings)[:, inputs["input_ids"].shape[1] :]


@pytest.mark.parametrize("copy", [False, True])
def test_batch_equals_single(copy):
    model, inputs = make_model(copy_head=copy), make_inputs(copy=copy)
    together = greedy(model, inputs)
    logits = model(**inputs).logits[:, -1]
    for row in range(2):
        alone = row_of(inputs, row)
        assert torch.equal(greedy(model, alone)[0], together[row])
        assert torch.allclose(model(**alone).logits[0, -1], logits[row], atol=1e-4)


@pytest.mark.parametrize("copy", [False, True])
def test_cache_static_cache_and_no_cache_agree(copy):
    model, inputs = make_model(copy_head=copy), make_inputs(copy=copy)
    expected = greedy(model, inputs)
    assert len(set(expected.flatten().tolist())) > 1
    assert torch.equal(greedy(model, inputs, use_cache=False), expected)
    assert torch.equal(greedy(model, inputs, cache_implementation="static"), expected)


@pytest.mark.parametrize("copy", [False, True])
def test_beams(copy):
    model, inputs = make_model(copy_head=copy), make_inputs(copy=copy)
    beams = greedy(model, inputs, num_beams=3, num_return_sequences=2)
    assert beams.shape[0] == 4
    for row in range(2):
        alone = greedy(model, row_of(inputs, row), num_beams=3, num_return_sequences=2)
        assert torch.equal(alone, beams[2 * row : 2 * row + 2])
    assert torch.equal(greedy(model, inputs, num_beams=3, num_return_sequences=2, use_cache=False), beams)


def test_decoding_with_cache_gives_the_logits_of_one_forward():
    model, inputs = make_model(copy_head=True), make_inputs(copy=True)
    cut = {name: inputs[name][:, :-2] for name in ("input_ids", "attention_mask")}
    first = model(**inputs | cut, use_cache=True)
    second = model(
        input_ids=inputs["input_ids"][:, -2:],
        attention_mask=inputs["attention_mask"],
        past_key_values=first.past_key_values,
        copy_input_ids=inputs["copy_input_ids"],
        copy_bbox=inputs["copy_bbox"],
    )
    whole = model(**row_of(inputs, 0)).logits[:, -2:]
    assert torch.allclose(second.logits[:1], whole, atol=1e-4)


def test_encoder_runs_once_per_generate():
    model, inputs, calls = make_model(), make_inputs(), []
    model.model.vision_tower.register_forward_hook(lambda *_: calls.append(1))
    greedy(model, inputs)
    assert len(calls) == 1
    greedy(model, inputs, num_beams=2)
    assert len(calls) == 2


def test_pixels_given_again_at_a_decoding_step_are_left_alone():
    model, inputs = make_model(), make_inputs()
    cache = model(**inputs, use_cache=True).past_key_values
    figures = {name: value for name, value in inputs.items() if name.startswith(("pixel", "ocr"))}
    for tokens in (torch.tensor([[7], [8]]), torch.tensor([[7, 9], [8, 9]])):
        assert model(input_ids=tokens, past_key_values=cache, **figures).logits.shape[:2] == tokens.shape


@pytest.mark.parametrize("name", ["pixel_values", "ocr_input_ids", "ocr_bbox"])
def test_the_figure_matters(name):
    model, inputs = make_model(), row_of(make_inputs(), 0)
    other = dict(inputs)
    other[name] = make_figures((20,), seed=7)[name]
    assert (model(**inputs).logits - model(**other).logits)[:, -1].abs().max() > 1e-3


@pytest.mark.parametrize("options", [{}, {"num_beams": 2, "num_return_sequences": 2}])
def test_two_figures_in_one_prompt(options):
    model, figures = make_model(), make_figures()
    inputs = figures | make_prompts([sum(LENGTHS) + 2 * 17])
    swapped = {name: value.flip(0) for name, value in figures.items()} | make_prompts([sum(LENGTHS) + 2 * 17])
    assert greedy(model, inputs, **options).shape[1] == 6
    assert (model(**inputs).logits - model(**swapped).logits)[:, -1].abs().max() > 1e-3


def test_text_only():
    model, inputs = make_model(), make_prompts([0, 0])
    assert greedy(model, inputs).shape == (2, 6)
    assert model(**inputs).image_hidden_states is None


def test_figure_without_words():
    model = make_model()
    inputs = make_prompts([17]) | {"pixel_values": make_figures((1,))["pixel_values"]}
    assert greedy(model, inputs).shape == (1, 6)


@pytest.mark.parametrize(("wrong", "tokens"), [(3, 69), (-1, 65), (None, 0)])
def test_mismatch_names_both_numbers(wrong, tokens):
    model, inputs = make_model(), make_inputs()
    counts = [0, 0] if wrong is None else [20 + 17 + wrong, 12 + 17]
    inputs |= make_prompts(counts)
    with pytest.raises(ValueError, match=f"do not match, tokens: {tokens}, features: 66.*processor"):
        model(**inputs)
    with pytest.raises(ValueError, match=f"tokens: {tokens}, features: 66"):
        greedy(model, inputs)


def test_default_features_are_every_real_token():
    model, figures = make_model(), make_figures()
    features = model.get_image_features(**figures)
    assert [len(rows) for rows in features.pooler_output] == [20 + 17, 12 + 17]
    states = model.model.vision_tower(*_ocr(figures), pixel_values=figures["pixel_values"])[0]
    expected = model.model.multi_modal_projector(torch.cat([states[1, :12], states[1, 20:]]))
    assert torch.allclose(features.pooler_output[1], expected, atol=1e-6)


def test_reference_features_drop_the_first_token_and_keep_padding():
    model, figures = make_model(feature_mode="reference"), make_figures()
    features = model.get_image_features(**figures).pooler_output
    assert [len(rows) for rows in features] == [19 + 17, 19 + 17]
    states = model.model.vision_tower(*_ocr(figures), pixel_values=figures["pixel_values"])[0]
    assert torch.allclose(torch.stack(features), model.model.multi_modal_projector(states[:, 1:]), atol=1e-6)
    inputs = figures | make_prompts([36, 36])
    assert greedy(model, inputs).shape == (2, 6)


def test_visual_pool_averages_squares():
    model, figures = make_model(visual_pool=2), make_figures((20,))
    features = model.get_image_features(**figures).pooler_output[0]
    states = model.model.vision_tower(
        figures["ocr_input_ids"], figures["ocr_bbox"], pixel_values=figures["pixel_values"]
    )[0][0]
    first_square = states[21:][[0, 1, 4, 5]].mean(dim=0)
    assert features.shape == (20 + 1 + 4, 48)
    assert torch.allclose(features[21], model.model.multi_modal_projector(first_square), atol=1e-5)
    with pytest.raises(ValueError, match="grid of 4 x 3 patches cannot be pooled by visual_pool=2"):
        model.get_image_features(pixel_values=torch.zeros(1, 3, 48, 64))


def test_letterbox_is_not_seen_by_the_rest():
    model, inputs = make_model(), row_of(make_inputs(), 0)
    mask = torch.ones(1, 4, 4, dtype=torch.long)
    mask[:, 2:] = 0
    other = dict(inputs, pixel_values=inputs["pixel_values"].clone())
    other["pixel_values"][:, :, 32:] = 1.0
    first, second = (
        model.get_image_features(case["pixel_values"], *_ocr(case), pixel_attention_mask=mask).pooler_output[0]
        for case in (inputs, other)
    )
    assert torch.allclose(first[: 20 + 1 + 8], second[: 20 + 1 + 8], atol=1e-5)


@pytest.mark.parametrize("pool", [1, 2])
def test_visual_tokens_left_out_change_none_of_the_others(pool):
    model, figures = make_model(visual_pool=pool), make_figures()
    visual = 1 + (4 // pool) ** 2
    mask = torch.ones(2, visual, dtype=torch.long)
    mask[0, 2:4] = mask[1, 1:] = 0
    whole = model.get_image_features(**figures).pooler_output
    parts = model.get_image_features(**figures, visual_token_mask=mask).pooler_output
    for index, (all_features, some) in enumerate(zip(whole, parts)):
        keep = torch.cat([torch.ones(LENGTHS[index]), mask[index]]).bool()
        assert torch.equal(some, all_features[keep])


def test_visual_tokens_left_out_with_words_or_without():
    model = make_model()
    figures = make_figures((20,))
    mask = torch.tensor([[1] * 5 + [0] * 12])
    alone = {"pixel_values": figures["pixel_values"], "visual_token_mask": mask}
    for inputs, count in ((alone, 5), (figures | alone, 20 + 5)):
        features = model.get_image_features(**inputs).pooler_output[0]
        out = model(**make_prompts([count]), **inputs)
        assert len(features) == count and torch.equal(out.image_hidden_states[:count], features[:count])
    with pytest.raises(ValueError, match="do not match, tokens: 37, features: 25"):
        model(**make_prompts([37]), **figures, visual_token_mask=mask)


def _ocr(inputs: dict) -> tuple:
    return inputs["ocr_input_ids"], inputs["ocr_bbox"], inputs["ocr_attention_mask"]


def test_features_may_be_computed_beforehand():
    model, inputs = make_model(), make_inputs()
    figures = {name: inputs[name] for name in make_figures()}
    text = {name: inputs[name] for name in ("input_ids", "attention_mask")}
    encoded = {"image": model.get_image_features(**figures)}
    assert torch.allclose(model(**text, mm_encoder_outputs=encoded).logits, model(**inputs).logits, atol=1e-6)
    embeds = model.get_input_embeddings()(text["input_ids"])
    by_embeds = model(inputs_embeds=embeds, attention_mask=text["attention_mask"], **figures)
    assert torch.allclose(by_embeds.logits, model(**inputs).logits, atol=1e-6)


def test_base_model_gives_the_states_the_head_reads():
    model, inputs = make_model(), make_inputs()
    states = model.base_model(**inputs).last_hidden_state
    assert torch.allclose(model.lm_head(states), model(**inputs).logits, atol=1e-6)
    with pytest.raises(ValueError, match="either input_ids or inputs_embeds"):
        model.base_model()


def test_logits_to_keep():
    model, inputs = make_model(copy_head=True), make_inputs(copy=True)
    whole = model(**inputs).logits
    assert torch.allclose(model(**inputs, logits_to_keep=3).logits, whole[:, -3:], atol=1e-5)
    picked = torch.tensor([4, -1])
    assert torch.allclose(model(**inputs, logits_to_keep=picked).logits, whole[:, picked], atol=1e-5)


def test_loss_of_the_kept_positions_is_the_loss():
    model, inputs = make_model(), with_labels(make_inputs())
    expected = model(**inputs).loss
    supervised = (inputs["labels"] != -100).any(dim=0).nonzero()[:, 0] - 1
    assert torch.allclose(model(**inputs, logits_to_keep=supervised.clamp(min=0).unique()).loss, expected, atol=1e-5)
    answer = dict(inputs, labels=inputs["labels"].clone())
    answer["labels"][:, :-5] = -100
    assert torch.allclose(model(**answer, logits_to_keep=6).loss, model(**answer).loss, atol=1e-5)
    shifted = {"shift_labels": torch.nn.functional.pad(inputs.pop("labels"), (0, 1), value=-100)[:, 1:]}
    assert torch.allclose(model(**inputs, **shifted).loss, expected, atol=1e-6)
    logits = model(**inputs).logits
    manual = torch.nn.functional.cross_entropy(logits.flatten(0, 1), shifted["shift_labels"].flatten())
    assert torch.allclose(expected, manual, atol=1e-5)


def test_accumulated_micro_batches_equal_one_batch():
    model, inputs = make_model().train(), with_labels(make_inputs())
    items = (inputs["labels"][:, 1:] != -100).sum()
    model(**inputs, num_items_in_batch=items).loss.backward()
    expected = [parameter.grad.clone() for parameter in model.parameters()]
    model.zero_grad()
    for row in range(2):
        model(**row_of(inputs, row), num_items_in_batch=items).loss.backward()
    assert all(torch.allclose(value.grad, whole, atol=1e-5) for value, whole in zip(model.parameters(), expected))


def test_every_parameter_is_trained():
    model = make_model(copy_head=True).train()
    model(**with_labels(make_inputs(copy=True))).loss.backward()
    assert not [name for name, value in model.named_parameters() if value.grad is None or not value.grad.any()]


def test_frozen_tower_is_deterministic_and_builds_no_graph():
    model, inputs = make_model(dropout=0.5), with_labels(make_inputs())
    model.model.vision_tower.requires_grad_(False)
    model.train()
    assert not model.model.vision_tower.training and model.model.language_model.training
    model.gradient_checkpointing_enable()
    model.enable_input_require_grads()
    seen = []
    model.model.vision_tower.register_forward_hook(lambda _, __, output: seen.append(output.last_hidden_state))
    model(**inputs).loss.backward()
    model(**inputs)
    assert torch.equal(*seen) and not seen[0].requires_grad
    assert model.model.multi_modal_projector.linear_1.weight.grad is not None


def test_tower_frozen_while_training_is_put_in_evaluation():
    model = make_model().train()
    model.model.vision_tower.requires_grad_(False)
    model(**make_inputs())
    assert not model.model.vision_tower.training


def test_features_take_the_projectors_dtype():
    model, inputs = make_model(), make_inputs()
    model.model.vision_tower.requires_grad_(False)
    for part in (model.model.multi_modal_projector, model.model.language_model, model.lm_head):
        part.to(torch.bfloat16)
    assert model(**inputs).logits.dtype == torch.bfloat16
    assert make_model().to(torch.bfloat16)(**inputs).logits.dtype == torch.bfloat16


def test_checkpointing_gives_the_same_gradients():
    gradients = []
    for checkpointing in (False, True):
        model = make_model().train()
        if checkpointing:
            model.gradient_checkpointing_enable()
        model(**with_labels(make_inputs()), use_cache=False).loss.backward()
        gradients.append(model.model.vision_tower.cls_token.grad)
    assert torch.allclose(*gradients, atol=1e-6)


def test_resize_keeps_old_logits_and_the_placeholder():
    model, inputs = make_model(), make_inputs()
    before = model(**inputs).logits
    model.resize_token_embeddings(130)
    after = model(**inputs).logits
    assert after.shape[-1] == 130 and torch.allclose(after[..., :120], before, atol=1e-5)
    assert model.config.text_config.vocab_size == 130 and model.config.image_token_id == IMAGE
    assert torch.isfinite(model(**with_labels(inputs)).loss)


def test_lora_trains_saves_and_merges(tmp_path):
    model, inputs = make_model(), with_labels(make_inputs())
    lora = LoraConfig(
        r=2,
        target_modules=r".*language_model.*\.(q_proj|v_proj)",
        modules_to_save=["multi_modal_projector"],
        task_type="CAUSAL_LM",
        init_lora_weights=False,
    )
    tuned = get_peft_model(model, lora).train()
    tuned.gradient_checkpointing_enable()
    tuned.enable_input_require_grads()
    tuned(**inputs).loss.backward()
    missing = [name for name, value in tuned.named_parameters() if value.requires_grad and value.grad is None]
    assert not missing
    tuned.eval()
    expected = tuned(**inputs).logits
    assert greedy(tuned, make_inputs()).shape == (2, 6)
    tuned.save_pretrained(tmp_path / "adapter")
    again = PeftModel.from_pretrained(make_model(), tmp_path / "adapter").eval()
    assert torch.allclose(again(**inputs).logits, expected, atol=1e-5)
    assert torch.allclose(again.merge_and_unload()(**inputs).logits, expected, atol=1e-4)


@pytest.mark.parametrize("text", [GPT2, QWEN])
def test_any_causal_language_model(text, tmp_path):
    model, inputs = make_model(text, copy_head=True), make_inputs(copy=True)
    expected = greedy(model, inputs)
    assert torch.equal(greedy(model, inputs, use_cache=False), expected)
    assert model.lm_head.weight is not model.get_input_embeddings().weight
    model.save_pretrained(tmp_path)
    again = PatentLMMForConditionalGeneration.from_pretrained(tmp_path)
    assert torch.equal(again(**inputs).logits, model(**inputs).logits)


def test_round_trip_keeps_every_tensor_and_the_map(tmp_path):
    model, inputs = make_model(copy_head=True, visual_pool=1), make_inputs(copy=True)
    model.save_pretrained(tmp_path / "one")
    again, info = PatentLMMForConditionalGeneration.from_pretrained(tmp_path / "one", output_loading_info=True)
    assert not any(info[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    ours, theirs = (dict(one.named_buffers()) | dict(one.named_parameters()) for one in (model, again))
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert torch.equal(again(**inputs).logits, model(**inputs).logits)
    again.config.auto_map = {"AutoModel": "somebody/else--modeling_patentlmm.PatentLMMModel"}
    again.save_pretrained(tmp_path / "two")
    maps = [json.loads((tmp_path / name / "config.json").read_text())["auto_map"] for name in ("one", "two")]
    head = "modeling_patentlmm.PatentLMMForConditionalGeneration"
    assert maps[0] == maps[1] and maps[0] == {
        "AutoConfig": "configuration_patentlmm.PatentLMMConfig",
        "AutoModel": "modeling_patentlmm.PatentLMMModel",
        "AutoModelForImageTextToText": head,
        "AutoModelForCausalLM": head,
        "AutoModelForMultimodalLM": head,
    }


def test_base_model_loads_a_checkpoint_with_head(tmp_path):
    model, inputs = make_model(), make_inputs()
    model.save_pretrained(tmp_path)
    base = PatentLMMModel.from_pretrained(tmp_path)
    assert torch.equal(base(**inputs).last_hidden_state, model.base_model(**inputs).last_hidden_state)


def test_parts_are_found_by_their_usual_names():
    model = make_model()
    assert model.get_decoder() is model.model.language_model
    assert model.base_model is model.model
    assert model.get_output_embeddings() is model.lm_head
    assert "PatentMMELayer" in model._no_split_modules
    assert "lm_head" in model._tp_plan and any("q_proj" in name for name in model._tp_plan)
    with torch.device("meta"):
        PatentLMMForConditionalGeneration(model.config)


def test_attention_of_the_parts_can_differ():
    model, inputs = make_model(), make_inputs()
    expected = model(**inputs).logits[:, -1]
    model.set_attn_implementation({"text_config": "eager", "vision_config": "sdpa"})
    assert model.config.vision_config._attn_implementation == "sdpa"
    assert torch.allclose(model(**inputs).logits[:, -1], expected, atol=1e-4)
    model.set_attn_implementation("eager")
    assert torch.allclose(model(**inputs).logits[:, -1], expected, atol=1e-4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tie_word_embeddings": True}, "untied"),
        ({"feature_mode": "other"}, "'other', but must be one of default, reference"),
        ({"visual_pool": 0}, "visual_pool is 0"),
    ],
)
def test_impossible_configurations_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        PatentLMMConfig(**changes)


def make_copy_head(seed: int = 0) -> tuple[PatentLMMCopyHead, torch.nn.Embedding]:
    torch.manual_seed(seed)
    config = PatentLMMConfig(vision_config=dict(ENCODER), text_config=dict(LLAMA), copy_head=True)
    return PatentLMMCopyHead(config), torch.nn.Embedding(120, 48)


@pytest.mark.parametrize("scale", [1.0, 300.0])
def test_copying_is_a_distribution_and_favours_what_is_there(scale):
    head, embedding = make_copy_head()
    tokens = torch.tensor([[7, 8, 7, -100], [-100, -100, -100, -100]])
    states, logits = torch.randn(2, 3, 48) * scale, torch.randn(2, 3, 120) * scale
    mixed = head(states, logits, None, tokens, torch.zeros(2, 4, 4, dtype=torch.long), embedding)
    assert torch.isfinite(mixed).all()
    assert torch.allclose(mixed.exp().sum(dim=-1), torch.ones(2, 3), atol=1e-5)
    assert torch.allclose(mixed[1], logits[1].log_softmax(dim=-1), atol=1e-5)
    gate = head.gate(states[0]).sigmoid()
    there = torch.zeros(120, dtype=torch.bool)
    there[[7, 8]] = True
    plain = logits[0].softmax(dim=-1)
    expected = (1 - gate) * plain[:, there].sum(dim=-1, keepdim=True) + gate
    assert torch.allclose(mixed[0].exp()[:, there].sum(dim=-1, keepdim=True), expected, atol=1e-5)
    assert torch.allclose(mixed[0].exp()[:, ~there], (1 - gate) * plain[:, ~there], atol=1e-5)


def test_copy_gradients_equal_those_of_the_written_out_mixture():
    head, embedding = make_copy_head()
    tokens = torch.tensor([[7, 8, 7, 9, -100]])
    boxes = torch.randint(0, 1000, (1, 5, 4))
    states, logits = torch.randn(1, 3, 48), torch.randn(1, 3, 120, requires_grad=True)
    targets, read = torch.tensor([[7, 50, 9]]), torch.tensor([[60, 7, 8]])

    def written_out():
        valid = tokens != -100
        near = head.nearness(boxes, valid)
        keys = head.keys(embedding(tokens.clamp(min=0)) * valid[..., None], boxes, near)
        ways = head.ways(states, keys, near, tokens[:, None] == read[..., None], valid)
        scores = head.query(states) @ keys.transpose(1, 2) / 48**0.5 + (ways * head.follow(states)[:, :, None]).sum(-1)
        scores = scores.masked_fill(~valid[:, None], -1e30)
        gate = head.gate(states).sigmoid()
        one_hot = torch.nn.functional.one_hot(tokens.clamp(min=0), 120) * valid[..., None]
        return ((1 - gate) * logits.softmax(-1) + gate * (scores.softmax(-1) @ one_hot.float())).log()

    gradients, values = [], []
    for function in (written_out, lambda: head(states, logits, read, tokens, boxes, embedding)):
        head.zero_grad()
        logits.grad = None
        loss = torch.nn.functional.nll_loss(function().flatten(0, 1), targets.flatten())
        loss.backward()
        values.append(loss)
        gradients.append([logits.grad.clone(), *(parameter.grad.clone() for parameter in head.parameters())])
    assert torch.allclose(*values, atol=1e-6)
    assert all(torch.allclose(ours, theirs, atol=1e-6) for ours, theirs in zip(*gradients))


@pytest.mark.parametrize("chunk", [512, 3], ids=["whole", "in chunks"])
@pytest.mark.parametrize("copy", [False, True])
@pytest.mark.parametrize("items", [None, 7])
def test_loss_and_gradients_without_logits_equal_those_with(monkeypatch, copy, items, chunk):
    monkeypatch.setattr(modeling_patentlmm, "LOSS_CHUNK", chunk)
    model, inputs = make_model(copy_head=copy).train(), with_labels(make_inputs(copy=copy))
    inputs["labels"][0, -1] = inputs["labels"][1, -3] = -100
    gradients, losses = [], []
    for skip in (False, True):
        model.zero_grad()
        out = model(**inputs, skip_logits=skip, num_items_in_batch=items)
        out.loss.backward()
        losses.append(out.loss.item())
        gradients.append({name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None})
    assert out.logits is None and losses[0] == pytest.approx(losses[1], abs=1e-5)
    supervised = torch.nn.functional.pad(inputs["labels"], (0, 1), value=-100)[:, 1:] != -100
    assert torch.equal(out.token_losses > 0, supervised)
    assert gradients[0].keys() == gradients[1].keys() and len(gradients[0]) > 20
    assert all(torch.allclose(gradients[0][name], gradients[1][name], atol=1e-5) for name in gradients[0])


def test_no_more_logits_are_held_than_a_chunk_has(monkeypatch):
    """Neither forward nor between it and backward."""
    monkeypatch.setattr(modeling_patentlmm, "LOSS_CHUNK", 4)
    model, inputs, saved, made = make_model().train(), with_labels(make_inputs()), [], []
    model.lm_head.register_forward_hook(lambda module, given, logits: made.append(len(logits)))
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: saved.append(tensor.shape) or tensor, lambda it: it):
        loss = model(**inputs, skip_logits=True).loss
    rows, vocabulary = sum(made), model.config.text_config.vocab_size
    assert rows > 8 and max(made) == 4
    assert not [shape for shape in saved if shape[-1:] == (vocabulary,) and len(shape) == 2]
    loss.backward()
    assert sum(made) == 2 * rows


def test_copy_head_learns_to_copy_a_word_the_vocabulary_head_never_says():
    head, embedding = make_copy_head()
    optimizer = torch.optim.Adam(head.parameters(), lr=1e-2)
    boxes, states = torch.zeros(8, 3, 4, dtype=torch.long), torch.randn(1, 1, 48).expand(8, 1, 48)
    logits = torch.full((8, 1, 120), 0.0).index_fill(2, torch.arange(60, 120), -50.0)
    for _ in range(30):
        name = torch.randint(60, 120, (8, 1))
        tokens = torch.cat([torch.full((8, 1), 7), name, torch.full((8, 1), 8)], dim=1)
        loss = -head(states, logits, None, tokens, boxes, embedding).gather(-1, name[:, None]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.5


def test_copying_goes_on_to_the_next_token_and_to_what_is_near():
    head, embedding = make_copy_head()
    tokens = torch.tensor([[7, 8, 9, 10, -100]])
    boxes = torch.tensor([[[0, 0, 9, 9], [10, 0, 19, 9], [500, 0, 509, 9], [12, 10, 21, 19], [0, 0, 0, 0]]])
    with torch.no_grad():
        for linear in (head.place, head.follow, head.match):
            linear.weight.zero_()
            linear.bias.zero_()
        head.match.bias.fill_(9.0)  # certain of where copying stands
        valid = tokens != -100
        near = head.nearness(boxes, valid)
        keys = head.keys(embedding(tokens.clamp(min=0)), boxes, near)
        weights = head.ways(torch.zeros(1, 1, 48), keys, near, tokens[:, None] == 8, valid).exp()[0, 0]
        followed = []
        for way in range(weights.shape[-1]):
            head.follow.bias.zero_()[way] = 50.0
            source = head.source(tokens, boxes, embedding)
            pointed, _ = head.pointer(torch.zeros(1, 1, 48), torch.tensor([[8]]), tokens, source)
            followed.append(int(pointed[0, 0].argmax()))
    assert weights[2, 0] == pytest.approx(1, abs=0.01) and weights[4].max() < 0.01
    assert followed[0] == 2 and set(followed[1:3]) <= {0, 3}  # both are one thousandth away
    assert weights[:, 3].argmax() == weights[:, 4].argmax() == 3  # nearest to the next token, far right


def test_a_copy_source_made_once_changes_nothing():
    model, inputs = make_model(copy_head=True).eval(), make_inputs(copy=True)
    source = model.copy_source(inputs["copy_input_ids"], inputs["copy_bbox"])
    assert torch.equal(model(**inputs, copy_source=source).logits, model(**inputs).logits)
    options = {"max_new_tokens": 6, "do_sample": False}
    assert torch.equal(model.generate(**inputs, copy_source=source, **options), model.generate(**inputs, **options))


def test_copy_head_is_built_and_used_only_on_request():
    inputs = make_inputs(copy=True)
    plain = make_model()
    assert not hasattr(plain, "copy_head")
    without = {name: value for name, value in inputs.items() if not name.startswith("copy")}
    assert torch.equal(plain(**inputs).logits, plain(**without).logits)
    copying = make_model(copy_head=True)
    assert torch.equal(copying(**without).logits, copying.lm_head(copying.base_model(**without).last_hidden_state))


def test_no_words_to_copy():
    model, inputs = make_model(copy_head=True), make_inputs(copy=True)
    expected = model(**inputs | {"copy_input_ids": None, "copy_bbox": None}).logits.log_softmax(dim=-1)
    for width in (0, 4):
        none = {
            "copy_input_ids": torch.full((2, width), -100),
            "copy_bbox": torch.zeros(2, width, 4, dtype=torch.long),
        }
        assert torch.allclose(model(**inputs | none).logits, expected, atol=1e-5)


def test_training_past_the_copy_head_is_refused():
    model, inputs = make_model(copy_head=True).train(), make_inputs(copy=True)
    with pytest.raises(ValueError, match="a head that skips it"):
        model.base_model(**inputs)


@pytest.mark.slow
@pytest.mark.parametrize("copy", [False, True])
def test_compiles_as_one_graph(copy):
    model, inputs = make_model(copy_head=copy), make_inputs(copy=copy)
    expected = model(**inputs).logits
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    assert torch.allclose(compiled(**inputs, use_cache=False).logits, expected, atol=1e-4)
