"""Put a new PatentLMM together from a language model, tokenizers and an encoder shape.

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
)

FIELDS = {
    *("language_model", "tokenizer", "ocr_tokenizer", "vision_model", "vision_config", "share_word_embeddings"),
    *("model", "processor", "seed", "output_dir"),
}
IMAGE_TOKEN = "<image>"


def assemble(recipe: dict) -> tuple[PatentLMMForConditionalGeneration, PatentLMMProcessor]:
    """Build the model and processor a recipe describes.

    The language model's weights are taken over. With `share_word_embeddings` the encoder's word embeddings start as
    the language model's, which is possible where both tokenizers have the same ids and both models the same width.
    """
    set_seed(recipe.get("seed", 0))
    tokenizer = AutoTokenizer.from_pretrained(recipe["tokenizer"])
    ocr_tokenizer = AutoTokenizer.from_pretrained(recipe["ocr_tokenizer"])
    language_model = AutoModelForCausalLM.from_pretrained(recipe["language_model"])
    image_token_id = add_image_token(tokenizer, language_model)
    model = PatentLMMForConditionalGeneration(
        PatentLMMConfig(
            vision_config={**recipe["vision_config"], "vocab_size": len(ocr_tokenizer)},
            text_config=language_model.config.to_dict(),
            image_token_id=image_token_id,
            **recipe["model"],
        )
    )
    model.model.language_model.load_state_dict(language_model.model.state_dict())
    model.lm_head.load_state_dict(language_model.lm_head.state_dict())
    if recipe.get("share_word_embeddings"):
        with torch.no_grad():
            words = model.model.vision_tower.embeddings.word_embeddings.weight
            words.copy_(language_model.get_input_embeddings().weight)
    model.generation_config.update(
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        do_sample=False,
        use_cache=True,
    )
    side = recipe["vision_config"]["input_size"]
    processor = PatentLMMProcessor(
        image_processor=PatentLMMImageProcessor(size={"height": side, "width": side}),
        tokenizer=tokenizer,
        ocr_tokenizer=ocr_tokenizer,
        **recipe["processor"],
    )
    return model, processor


def main() -> None:
    recipe = read_recipe(sys.argv[1])
    model, processor = assemble(recipe)
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
