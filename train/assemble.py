"""Put a new PatentLMM together from a language model, tokenizers and an encoder, pre-trained or new.

python -m train.assemble train/recipes/tiny/model.yaml
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
import yaml
from transformers import AutoModelForCausalLM, AutoTokenizer, set_seed

from modeling_patentlmm import (
    PatentLMMConfig,
    PatentLMMForConditionalGeneration,
    PatentLMMImageProcessor,
    PatentLMMProcessor,
    PatentMMEModel,
)

from .pretraining.encoder import read_encoder_config
from .pretraining.figure_processor import check_words

FIELDS = {
    *("language_model", "tokenizer", "ocr_tokenizer", "vision_model", "vision_config", "share_word_embeddings"),
    *("model", "processor", "seed", "output_dir"),
}
IMAGE_TOKEN = "<image>"


def assemble(recipe: dict) -> tuple[PatentLMMForConditionalGeneration, PatentLMMProcessor]:
    """Build the model and processor a recipe describes.

    The language model's weights are taken over. The encoder is the pre-trained one in the folder `vision_model` or a
    new one of the fields `vision_config`. With `share_word_embeddings` a new encoder's word embeddings start as the
    language model's, which is possible where both tokenizers have the same ids and both models the same width.

    Raises:
        ValueError: the recipe names both encoders or none; the pre-trained one lacks weights or reads its words
            otherwise; the word embeddings cannot be shared.
    """
    set_seed(recipe.get("seed", 0))
    tokenizer = AutoTokenizer.from_pretrained(recipe["tokenizer"])
    ocr_tokenizer = AutoTokenizer.from_pretrained(recipe["ocr_tokenizer"])
    language_model = AutoModelForCausalLM.from_pretrained(recipe["language_model"])
    image_token_id = add_image_token(tokenizer, language_model)
    encoder = load_vision_model(recipe, ocr_tokenizer) if _is_pretrained(recipe) else None
    model = PatentLMMForConditionalGeneration(
        PatentLMMConfig(
            vision_config=encoder.config if encoder else {**recipe["vision_config"], "vocab_size": len(ocr_tokenizer)},
            text_config=language_model.config.to_dict(),
            image_token_id=image_token_id,
            **recipe["model"],
        )
    )
    model.model.language_model.load_state_dict(language_model.model.state_dict())
    model.lm_head.load_state_dict(language_model.lm_head.state_dict())
    if encoder:
        model.model.vision_tower.load_state_dict(encoder.state_dict())
    if recipe.get("share_word_embeddings"):
        share_word_embeddings(model.model.vision_tower, language_model)
    model.generation_config.update(
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        do_sample=False,
        use_cache=True,
    )
    vision = model.config.vision_config
    size = {"height": vision.input_size, "width": vision.input_size}
    processor = PatentLMMProcessor(
        image_processor=PatentLMMImageProcessor(
            size=size,
            patch_size=vision.patch_size,
            feature_mode=recipe["processor"].get("feature_mode", "default"),
        ),
        tokenizer=tokenizer,
        ocr_tokenizer=ocr_tokenizer,
        **recipe["processor"],
    )
    return model, processor


def _is_pretrained(recipe: dict) -> bool:
    if ("vision_model" in recipe) == ("vision_config" in recipe):
        raise ValueError("give exactly one of vision_model, a pre-trained encoder, and vision_config in the recipe")
    return "vision_model" in recipe


def load_vision_model(recipe: dict, ocr_tokenizer) -> PatentMMEModel:
    """The pre-trained encoder of the folder `vision_model`, of `train.pretrain_patentmme` or `train.convert encoder`.

    Raises:
        ValueError: it lacks weights, reads its words otherwise, or its embeddings would be overwritten.
    """
    folder = recipe["vision_model"]
    if recipe.get("share_word_embeddings"):
        raise ValueError(
            f"share_word_embeddings would overwrite the word embeddings that {folder} was trained with; leave it out"
        )
    config = read_encoder_config(folder)
    check_words(folder, config.vocab_size, ocr_tokenizer, recipe["processor"])
    encoder, loading = PatentMMEModel.from_pretrained(
        folder, config=config, dtype=torch.float32, output_loading_info=True
    )
    if loading["missing_keys"]:
        absent = sorted(loading["missing_keys"])
        raise ValueError(
            f"{folder} lacks {len(absent)} weights of PatentMME, {absent[0]} first; name an encoder folder"
        )
    return encoder


@torch.no_grad()
def share_word_embeddings(encoder: PatentMMEModel, language_model) -> None:
    """Start the encoder's word embeddings as the language model's.

    Raises:
        ValueError: their shapes differ.
    """
    words, source = encoder.embeddings.word_embeddings.weight, language_model.get_input_embeddings().weight
    if words.shape != source.shape:
        raise ValueError(
            f"share_word_embeddings: the encoder has {tuple(words.shape)}, the language model {tuple(source.shape)}; "
            "leave it out"
        )
    words.copy_(source)


def main() -> None:
    try:
        recipe = read_recipe(sys.argv[1])
        model, processor = assemble(recipe)
    except (OSError, ValueError) as error:
        sys.exit(f"assemble: {' '.join(str(error).split())}")
    model.save_pretrained(recipe["output_dir"])
    processor.save_pretrained(recipe["output_dir"])
    print(f"{model.num_parameters() / 1e6:.1f}M parameters in {recipe['output_dir']}")


def add_image_token(tokenizer, language_model) -> int:
    """Make `<image>` one token, with a new embedding where the model has none to spare; the token's id."""
    if IMAGE_TOKEN not in tokenizer.get_vocab():
        tokenizer.add_special_tokens({"additional_special_tokens": [IMAGE_TOKEN]}, replace_extra_special_tokens=False)
    if len(tokenizer) > language_model.get_input_embeddings().num_embeddings:
        language_model.resize_token_embeddings(len(tokenizer))
    return tokenizer.convert_tokens_to_ids(IMAGE_TOKEN)


def read_recipe(path: str) -> dict:
    """The fields of a recipe file.

    Raises:
        ValueError: it has fields that are not known.
    """
    recipe = yaml.safe_load(Path(path).read_text())
    if unknown := sorted(recipe.keys() - FIELDS):
        raise ValueError(f"{path} has the unknown fields {', '.join(unknown)}; known are {', '.join(sorted(FIELDS))}")
    return recipe


if __name__ == "__main__":
    main()
