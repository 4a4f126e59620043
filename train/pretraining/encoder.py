"""The encoder that pre-training starts from: new, LayoutLMv3's weights, or PatentMME's."""

from __future__ import annotations

import torch

from dataset_builder.figure import ELEMENT_CLASSES
from modeling_patentlmm import PatentMMEConfig, PatentMMEForPreTraining

from ..convert.encoder import bake_positions

TRAINED_BY = {"mlm_head": "mlm", "mim_head": "mim", "vis_mask_token": "mim", "patch_cls_linear_head": "pc"}


def new_encoder(fields: dict, ocr_tokenizer, codebook_size: int | None) -> PatentMMEForPreTraining:
    """An encoder of random weights.

    Args:
        fields: of `PatentMMEConfig`; sizes that follow from the tokenizers may be left out.
        codebook_size: of the image tokenizer, None where none is used: the unused head then has one code.
    """
    ids = {
        "vocab_size": len(ocr_tokenizer),
        "pad_token_id": ocr_tokenizer.pad_token_id,
        "bos_token_id": ocr_tokenizer.cls_token_id,
        "eos_token_id": ocr_tokenizer.sep_token_id,
    }
    config = PatentMMEConfig(**{**ids, "codebook_size": codebook_size or 1, **fields})
    return PatentMMEForPreTraining(config)


def read_encoder_config(folder: str) -> PatentMMEConfig:
    """The configuration of an encoder folder or hub id.

    Raises:
        ValueError: another kind of model is there.
    """
    fields, _ = PatentMMEConfig.get_config_dict(folder)
    if fields.get("model_type") not in ("layoutlmv3", "patentmme"):
        raise ValueError(
            f"{folder} holds a model of type {fields.get('model_type')}, no LayoutLMv3 or PatentMME; name an encoder's "
            "folder"
        )
    return PatentMMEConfig.from_dict(fields)


def load_encoder(folder: str, input_size: int | None, codebook_size: int | None) -> PatentMMEForPreTraining:
    """The encoder of a LayoutLMv3 or PatentMME folder; heads that the folder lacks are new.

    Args:
        input_size: side of the figures in pixels; the position embeddings are baked to its grid (bicubic). None keeps
            the folder's.
        codebook_size: of the image tokenizer, for a new head; a head in the folder keeps its own.

    Raises:
        ValueError: it is none or lacks weights, or `input_size` is no multiple of the patch size.
    """
    config = read_encoder_config(folder)
    if codebook_size and "PatentMMEForPreTraining" not in (config.architectures or []):
        config.codebook_size = codebook_size
    model, loading = PatentMMEForPreTraining.from_pretrained(
        folder, config=config, dtype=torch.float32, output_loading_info=True
    )
    absent = sorted(name for name in loading["missing_keys"] if name.startswith("layoutlmv3."))
    if absent:
        raise ValueError(f"{folder} lacks {len(absent)} weights of the encoder, {absent[0]} first; it is no LayoutLMv3")
    if input_size is not None and input_size != config.input_size:
        resize(model, input_size)
    return model


def resize(model: PatentMMEForPreTraining, input_size: int) -> None:
    """Bake the position embeddings to figures of `input_size` pixels."""
    config = model.config
    if input_size % config.patch_size:
        raise ValueError(f"input_size {input_size} is not a multiple of the encoder's patch_size {config.patch_size}")
    table = bake_positions(model.layoutlmv3.pos_embed.data, input_size // config.patch_size)
    model.layoutlmv3.pos_embed = torch.nn.Parameter(table)
    config.input_size = input_size


def prepare(model: PatentMMEForPreTraining, objectives: list[str], dilute_losses: bool) -> None:
    """Freeze the heads no objective trains, and record objectives and classes in the configuration."""
    for name, parameter in model.named_parameters():
        objective = TRAINED_BY.get(name.split(".")[0])
        parameter.requires_grad_(objective is None or objective in objectives)
    model.config.objectives = list(objectives)
    model.config.dilute_losses = dilute_losses
    model.config.id2label = dict(enumerate(ELEMENT_CLASSES))
