"""PatentMME: parity with LayoutLMv3, masks, resolutions, training behaviour, pre-training losses."""

import pytest
import torch
from transformers import LayoutLMv3Config, LayoutLMv3ForTokenClassification, LayoutLMv3Model

from modeling_patentlmm.configuration_patentlmm import PatentMMEConfig
from modeling_patentlmm.modeling_patentmme import (
    PatentMMEForPreTraining,
    PatentMMEModel,
    Places,
    patch_grid_boxes,
    relative_position_bucket,
)

SIZES = {
    "vocab_size": 99,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "coordinate_size": 6,
    "shape_size": 4,
    "input_size": 64,
    "max_position_embeddings": 514,
    "type_vocab_size": 1,
}
PAD = 1


def shake(model: torch.nn.Module, seed: int = 0) -> torch.nn.Module:
    """Give every parameter a value large enough that a forgotten one changes the output."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.2)
    return model


def make_encoder(attention: str = "sdpa", **changes) -> PatentMMEModel:
    config = PatentMMEConfig(**{**SIZES, **changes})
    return shake(PatentMMEModel._from_config(config, attn_implementation=attention)).eval()


def make_inputs(batch: int = 2, length: int = 20, size: tuple[int, int] = (64, 64), seed: int = 0) -> dict:
    generator = torch.Generator().manual_seed(seed)
    corner = torch.randint(0, 500, (batch, length, 2), generator=generator)
    extent = torch.randint(0, 400, (batch, length, 2), generator=generator)
    return {
        "input_ids": torch.randint(2, 99, (batch, length), generator=generator),
        "bbox": torch.cat([corner, corner + extent], dim=-1),
        "attention_mask": torch.ones(batch, length, dtype=torch.long),
        "pixel_values": torch.randn(batch, 3, *size, generator=generator),
    }


def pad_last_row(inputs: dict, kept: int) -> dict:
    inputs["input_ids"][-1, kept:] = PAD
    inputs["bbox"][-1, kept:] = 0
    inputs["attention_mask"][-1, kept:] = 0
    return inputs


@pytest.fixture
def layoutlmv3() -> LayoutLMv3Model:
    return shake(LayoutLMv3Model(LayoutLMv3Config(**SIZES))).eval()


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("without", ["nothing", "pixel_values", "input_ids"])
def test_equals_layoutlmv3_at_equal_weights(layoutlmv3, attention, without):
    encoder = make_encoder(attention)
    encoder.load_state_dict(layoutlmv3.state_dict())
    inputs = pad_last_row(make_inputs(), 15)
    valid = torch.ones(2, 20 + 17, dtype=torch.bool)
    valid[-1, 15:20] = False
    if without == "pixel_values":
        del inputs["pixel_values"]
        valid = valid[:, :20]
    if without == "input_ids":
        inputs = {"pixel_values": inputs["pixel_values"]}
        valid = valid[:, 20:]
    with torch.no_grad():
        theirs = layoutlmv3(**inputs).last_hidden_state
        ours = encoder(**inputs).last_hidden_state
    assert (theirs - ours)[valid].abs().max() < 1e-5


@pytest.mark.parametrize("head", [False, True])
def test_loads_a_layoutlmv3_checkpoint_folder(layoutlmv3, tmp_path, head):
    source = LayoutLMv3ForTokenClassification(LayoutLMv3Config(**SIZES)) if head else layoutlmv3
    source.save_pretrained(tmp_path)
    config = PatentMMEConfig.from_pretrained(tmp_path)
    encoder, info = PatentMMEModel.from_pretrained(tmp_path, config=config, output_loading_info=True)
    assert not info["missing_keys"] and not info["mismatched_keys"]
    expected = (source.layoutlmv3 if head else source).state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in encoder.state_dict().items())


def test_pretraining_model_starts_from_a_layoutlmv3_checkpoint(layoutlmv3, tmp_path):
    layoutlmv3.save_pretrained(tmp_path)
    config = PatentMMEConfig.from_pretrained(tmp_path, codebook_size=10)
    model, info = PatentMMEForPreTraining.from_pretrained(tmp_path, config=config, output_loading_info=True)
    assert all("head" in name or "vis_mask_token" in name for name in info["missing_keys"])
    assert torch.equal(model.layoutlmv3.cls_token, layoutlmv3.cls_token)


def test_default_size_is_layoutlmv3_large():
    with torch.device("meta"):
        encoder = PatentMMEModel(PatentMMEConfig())
    assert sum(parameter.numel() for parameter in encoder.parameters()) == 356_394_496
    assert not list(encoder.buffers())


def test_eager_equals_sdpa():
    inputs = pad_last_row(make_inputs(), 12)
    fused, written_out = make_encoder("sdpa"), make_encoder("eager")
    assert (fused(**inputs)[0] - written_out(**inputs)[0])[:, 20:].abs().max() < 1e-5
    fused.set_attn_implementation("eager")
    outputs = fused(**inputs, output_attentions=True, output_hidden_states=True)
    assert len(outputs.attentions) == 3 and len(outputs.hidden_states) == 4
    assert outputs.attentions[0].shape == (2, 4, 37, 37)


def test_bias_is_trained():
    encoder = make_encoder().train()
    encoder(**make_inputs())[0].square().mean().backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("flags", [(False, False), (True, False), (False, True)])
def test_bias_can_be_switched_off(flags):
    one, two = flags
    encoder = make_encoder(has_relative_attention_bias=one, has_spatial_attention_bias=two)
    assert torch.isfinite(encoder(**pad_last_row(make_inputs(), 9))[0]).all()


@pytest.mark.parametrize("without", ["nothing", "has_relative_attention_bias", "has_spatial_attention_bias"])
@pytest.mark.parametrize("grid", [(1, 1), (4, 4), (3, 7), (12, 5)])
def test_the_bias_is_that_of_all_pairs(grid, without):
    """Values and gradients, between words, between patches, and both ways."""
    encoder = make_encoder(**({} if without == "nothing" else {without: False})).encoder
    boxes = make_inputs()["bbox"], patch_grid_boxes(*grid, "cpu")[None]
    text, image = Places.of(boxes[0]), Places.of(boxes[1], grid[1])
    length = boxes[0].shape[1] + boxes[1].shape[1]
    found, weights = [], torch.randn(2, 4, length, length)
    for bias in (encoder.position_bias(text, image), bias_of_all_pairs(encoder, *boxes)):
        encoder.zero_grad()
        (bias * weights).sum().backward()
        found.append([bias, *(table.weight.grad for name, table in encoder.named_children() if "bias" in name)])
    assert len(found[0]) == {"nothing": 4, "has_relative_attention_bias": 3, "has_spatial_attention_bias": 2}[without]
    assert all(torch.allclose(one, other, atol=1e-4, rtol=1e-5) for one, other in zip(*found))


def bias_of_all_pairs(encoder, text, image) -> torch.Tensor:
    """Every pair's buckets looked up, as LayoutLMv3 does."""
    boxes = torch.cat([text, image.expand(len(text), -1, -1)], dim=1)
    order = torch.cat([torch.arange(text.shape[1]), torch.arange(image.shape[1])]).expand(len(text), -1)
    total = 0.0
    for table, places, distance in (
        ("rel_pos_bias", order, encoder.config.max_rel_pos),
        ("rel_pos_x_bias", boxes[..., 0], encoder.config.max_rel_2d_pos),
        ("rel_pos_y_bias", boxes[..., 3], encoder.config.max_rel_2d_pos),
    ):
        if table := dict(encoder.named_children()).get(table):
            relative = places[:, None] - places[:, :, None]
            buckets = relative_position_bucket(relative, table.in_features, distance)
            total = total + table(torch.nn.functional.one_hot(buckets, table.in_features).float())
    return total.permute(0, 3, 1, 2) * (32 // 4) ** -0.5


@pytest.mark.parametrize("size", [(64, 64), (96, 32), (32, 128), (16, 16)])
def test_any_resolution(size):
    height, width = size[0] // 16, size[1] // 16
    encoder = make_encoder()
    states = encoder(**make_inputs(size=size))[0]
    assert states.shape == (2, 20 + 1 + height * width, 32)
    assert encoder.patch_positions(height, width).shape == (1, height * width, 32)


def test_positions_are_resized_bicubically():
    encoder = make_encoder()
    square = encoder.pos_embed[0, 1:].reshape(4, 4, 32).permute(2, 0, 1)[None]
    expected = torch.nn.functional.interpolate(square, size=(6, 2), mode="bicubic", align_corners=False)
    assert torch.allclose(encoder.patch_positions(6, 2)[0].t().reshape(32, 6, 2), expected[0], atol=1e-6)
    assert torch.equal(encoder.patch_positions(4, 4)[0], encoder.pos_embed[0, 1:])


def test_size_that_patches_do_not_tile_is_refused():
    with pytest.raises(ValueError, match="70 x 64.*16"):
        make_encoder()(**make_inputs(size=(64, 70)))


def test_too_many_tokens_are_refused():
    assert make_encoder()(**make_inputs(batch=1, length=512))[0].shape[1] == 512 + 17
    with pytest.raises(ValueError, match="513 OCR tokens exceed the encoder's 512"):
        make_encoder()(**make_inputs(batch=1, length=513))


def test_mask_of_another_shape_is_refused():
    inputs = make_inputs() | {"pixel_attention_mask": torch.ones(2, 3, 4)}
    with pytest.raises(ValueError, match=r"\(2, 3, 4\).*\(2, 4, 4\)"):
        make_encoder()(**inputs)


def test_grid_boxes():
    boxes = patch_grid_boxes(2, 3, torch.device("cpu"))
    assert boxes[:2].tolist() == [[1, 1, 999, 999], [0, 0, 333, 500]]
    assert boxes[-1].tolist() == [666, 500, 1000, 1000] and len(boxes) == 7


def test_padding_text_changes_nothing():
    encoder, inputs = make_encoder(), pad_last_row(make_inputs(), 12)
    together = encoder(**inputs)[0][-1]
    alone = {name: value[-1:] if name == "pixel_values" else value[-1:, :12] for name, value in inputs.items()}
    assert torch.allclose(encoder(**alone)[0][0], torch.cat([together[:12], together[20:]]), atol=1e-5)


def test_masked_patches_are_not_seen():
    encoder, inputs = make_encoder(), make_inputs()
    mask = torch.ones(2, 4, 4, dtype=torch.long)
    mask[:, :, 3] = 0
    other = dict(inputs, pixel_values=inputs["pixel_values"].clone())
    other["pixel_values"][..., 48:] = 1.0
    seen = torch.cat([torch.ones(2, 21, dtype=torch.bool), mask.bool().flatten(1)], dim=1)
    first, second = (encoder(**case, pixel_attention_mask=mask)[0][seen] for case in (inputs, other))
    assert torch.allclose(first, second, atol=1e-6)
    assert not torch.allclose(encoder(**inputs)[0][seen], encoder(**other)[0][seen], atol=1e-3)


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpointing_gives_the_same_gradients(reentrant):
    encoder, inputs = make_encoder(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0).train(), make_inputs()
    encoder(**inputs)[0].square().mean().backward()
    plain = {name: parameter.grad.clone() for name, parameter in encoder.named_parameters()}
    encoder.zero_grad()
    encoder.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": reentrant})
    encoder(**inputs)[0].square().mean().backward()
    for name, parameter in encoder.named_parameters():
        assert torch.allclose(parameter.grad, plain[name], atol=1e-6), name


def test_other_argument_forms():
    encoder, inputs = make_encoder(), make_inputs()
    expected = encoder(**inputs)[0]
    embeds = encoder.get_input_embeddings()(inputs["input_ids"])
    by_embeds = dict(inputs, input_ids=None, inputs_embeds=embeds)
    assert torch.allclose(encoder(**by_embeds)[0], expected, atol=1e-6)
    assert isinstance(encoder(**inputs, return_dict=False), tuple)
    with pytest.raises(ValueError, match="needs input_ids"):
        encoder()


def test_half_precision():
    encoder, inputs = make_encoder(), pad_last_row(make_inputs(), 12)
    exact = encoder(**inputs)[0]
    rough = encoder.to(torch.bfloat16)(**inputs)[0]
    assert rough.dtype == torch.bfloat16 and (rough.float() - exact)[:, 20:].abs().mean() < 0.05


def test_round_trip_keeps_every_tensor(tmp_path):
    encoder, inputs = make_encoder(), make_inputs()
    encoder.save_pretrained(tmp_path)
    again = PatentMMEModel.from_pretrained(tmp_path)
    assert torch.equal(again(**inputs)[0], encoder(**inputs)[0])
    assert {name for name, _ in again.named_buffers()} == {name for name, _ in encoder.named_buffers()}
    assert again.config.auto_map["AutoModel"] == "modeling_patentmme.PatentMMEModel"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_attention_heads": 5}, "not a multiple of num_attention_heads 5"),
        ({"shape_size": 5}, "4 \\* coordinate_size"),
        ({"input_size": 70}, "input_size 70"),
    ],
)
def test_impossible_sizes_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        PatentMMEConfig(**{**SIZES, **changes})


def make_pretraining(**changes) -> PatentMMEForPreTraining:
    return shake(PatentMMEForPreTraining._from_config(PatentMMEConfig(**SIZES, codebook_size=50, **changes))).eval()


def make_masked() -> dict:
    inputs = make_inputs()
    labels = torch.full((2, 20), -100)
    labels[:, 3:7] = inputs["input_ids"][:, 3:7]
    inputs["input_ids"][:, 3:7] = 98
    patch_mask = torch.zeros(2, 16, dtype=torch.bool)
    patch_mask[0, :5] = True
    codes = torch.where(patch_mask, torch.arange(16), -100)
    return inputs | {
        "labels": labels,
        "patch_mask": patch_mask,
        "codebook_labels": codes,
        "patch_labels": (torch.arange(2 * 16 * 5).view(2, 16, 5) % 3 == 0).float(),
    }


def test_pretraining_losses_are_means_over_what_was_masked():
    model, inputs = make_pretraining(), make_masked()
    kept = {name: value.clone() for name, value in inputs.items()}
    outputs = model(**inputs)
    unlabelled = model(**{name: value for name, value in inputs.items() if "labels" not in name})
    assert unlabelled.loss is None and unlabelled.mlm_logits.shape == (2, 20, 99)
    words, codes = inputs["labels"] != -100, inputs["codebook_labels"] != -100
    mlm = torch.nn.functional.cross_entropy(unlabelled.mlm_logits[words], inputs["labels"][words])
    mim = torch.nn.functional.cross_entropy(unlabelled.mim_logits[codes], inputs["codebook_labels"][codes])
    assert torch.allclose(outputs.mlm_loss, mlm) and torch.allclose(outputs.mim_loss, mim)
    assert torch.allclose(outputs.loss, outputs.mlm_loss + outputs.mim_loss + outputs.patch_cls_loss)
    assert outputs.patch_cls_logits.shape == (2, 16, 5)
    assert all(torch.equal(inputs[name], kept[name]) for name in inputs)


def test_diluted_losses_divide_by_every_position():
    plain, diluted = make_pretraining()(**make_masked()), make_pretraining(dilute_losses=True)(**make_masked())
    assert torch.allclose(diluted.mlm_loss, plain.mlm_loss * 8 / 40)
    assert torch.allclose(diluted.mim_loss, plain.mim_loss * 5 / 32)
    assert torch.allclose(diluted.patch_cls_loss, plain.patch_cls_loss)


def test_letterbox_patches_do_not_count_in_patch_classification():
    model, inputs = make_pretraining(), make_masked()
    inputs["pixel_attention_mask"] = torch.ones(2, 4, 4)
    inputs["pixel_attention_mask"][:, 3] = 0
    outputs = model(**inputs)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        outputs.patch_cls_logits[:, :12], inputs["patch_labels"][:, :12]
    )
    assert torch.allclose(outputs.patch_cls_loss, expected)


def test_hidden_patches_are_not_seen():
    model, inputs = make_pretraining(), make_masked()
    other = dict(inputs, pixel_values=inputs["pixel_values"].clone())
    other["pixel_values"][0, :, :16] = 3.0  # the four patches of the first row, all hidden
    assert torch.allclose(model(**inputs).last_hidden_state, model(**other).last_hidden_state, atol=1e-6)
    other["patch_mask"] = None
    assert not torch.allclose(model(**inputs).last_hidden_state, model(**other).last_hidden_state, atol=1e-3)


def test_nothing_masked_gives_no_loss():
    model, inputs = make_pretraining().train(), make_masked()
    inputs["labels"] = torch.full_like(inputs["labels"], -100)
    inputs["codebook_labels"] = torch.full_like(inputs["codebook_labels"], -100)
    outputs = model(**inputs)
    assert outputs.mlm_loss == 0 and outputs.mim_loss == 0
    outputs.loss.backward()


def test_unknown_patch_labels_do_not_count():
    model, inputs = make_pretraining(), make_masked()
    labels = inputs["patch_labels"].clone()
    labels[0, :, 3] = labels[1, 7] = -100
    known = labels != -100
    outputs = model(**inputs | {"patch_labels": labels})
    expected = torch.nn.functional.binary_cross_entropy_with_logits(outputs.patch_cls_logits[known], labels[known])
    assert torch.allclose(outputs.patch_cls_loss, expected)
    assert model(**inputs | {"patch_labels": torch.full_like(labels, -100)}).patch_cls_loss == 0


def test_a_new_model_has_gradients_of_a_sane_size():
    """Zero vectors before a LayerNorm, the visual CLS and hidden patches, had gradients of 10 ** 5."""
    model = PatentMMEForPreTraining._from_config(PatentMMEConfig(**SIZES, codebook_size=50))
    model(**make_masked()).loss.backward()
    assert max(parameter.grad.norm() for parameter in model.parameters()) < 100


def test_every_pretraining_parameter_is_trained():
    model = make_pretraining().train()
    model(**make_masked()).loss.backward()
    assert not [name for name, value in model.named_parameters() if value.grad is None or not value.grad.any()]


@pytest.mark.slow
def test_compiles_as_one_graph():
    encoder, inputs = make_encoder(), pad_last_row(make_inputs(), 12)
    compiled = torch.compile(encoder, fullgraph=True, backend="aot_eager")
    assert torch.allclose(compiled(**inputs)[0], encoder(**inputs)[0], atol=1e-5)
