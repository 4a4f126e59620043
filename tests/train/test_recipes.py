"""Every recipe is one that its script understands: a key that no dataclass has ends a run before its first step."""

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest
import torch
import yaml
from trl import TrlParser

import train.pretrain_patentmme
import train.sft
from modeling_patentlmm import PatentLMMConfig, PatentLMMProcessor, PatentMMEConfig
from train.assemble import read_recipe
from train.checks import check_recipe
from train.image_tokenizer import ImageTokenizer

RECIPES = sorted(Path(train.__file__).with_name("recipes").rglob("*.yaml"))
MODULES = {
    "image_tokenizer": "train.image_tokenizer.__main__",
    "mme": "train.pretrain_patentmme",
    "llama": "train.pretrain_patentllama",
    "stage1": "train.sft",
    "stage2": "train.sft",
    "stage2_brief": "train.sft",
    "stage2_detailed": "train.sft",
    "sft_1": "train.sft",
    "sft_2": "train.sft",
    "sft_3": "train.sft",
}
# A machine without a GPU refuses these, whatever the recipe.
WITHOUT_GPU = ["--bf16", "false", "--tf32", "false"]


def identify(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


TRAINED = [path for path in RECIPES if not path.stem.startswith("model")]
ASSEMBLED = [path for path in RECIPES if path.stem.startswith("model")]


def dataclasses_of(module) -> list[type]:
    """What the script gives its parser of recipes."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("TrlParser", "read_recipe"):
            names = node.args[0].elts if isinstance(node.args[0], ast.Tuple) else node.args
            return [getattr(module, name.id) for name in names]
    raise AssertionError(f"{module.__name__} parses no recipe")


@pytest.mark.parametrize("path", TRAINED, ids=identify)
def test_a_recipe_has_only_fields_of_its_script(path):
    parser = TrlParser(dataclasses_of(importlib.import_module(MODULES[path.stem])))
    *_, training = parser.parse_args_and_config(["--config", str(path), *WITHOUT_GPU])
    fields = yaml.safe_load(path.read_text())
    assert training.output_dir == fields["output_dir"]
    assert training.learning_rate == fields["learning_rate"]


@pytest.mark.parametrize("path", TRAINED, ids=identify)
def test_the_fields_of_a_recipe_go_together(path):
    module = importlib.import_module(MODULES[path.stem])
    arguments, training = TrlParser(dataclasses_of(module)).parse_args_and_config(["--config", str(path), *WITHOUT_GPU])
    if module is train.sft:
        check_recipe(arguments, training)
    elif module is train.pretrain_patentmme:
        module.check_objectives(arguments)
    elif path.stem == "image_tokenizer":
        with torch.device("meta"):
            assert ImageTokenizer(module.build(arguments)).patch_size == 16
        assert training.max_steps > arguments.codebook_warmup_steps


@pytest.mark.parametrize("path", ASSEMBLED, ids=identify)
def test_a_model_has_only_fields_of_its_parts(path):
    recipe = read_recipe(str(path))
    assert recipe["model"].keys() <= parameters(PatentLMMConfig)
    assert recipe["processor"].keys() <= parameters(PatentLMMProcessor)
    assert recipe.get("vision_config", {}).keys() <= parameters(PatentMMEConfig)
    shared = ("visual_pool", "feature_mode", "copy_head")
    assert all(recipe["model"].get(name) == recipe["processor"].get(name) for name in shared)


def parameters(kind: type) -> set[str]:
    return set(inspect.signature(kind.__init__).parameters)


@pytest.mark.parametrize("path", RECIPES, ids=identify)
def test_the_first_line_says_what_a_recipe_is_for(path):
    assert re.match(r"# \S+ \S+ \S+", path.read_text())


@pytest.mark.parametrize("path", [path for path in RECIPES if path.parent.name == "paper_7b"], ids=identify)
def test_the_paper_s_recipes_are_read_as_written(path):
    """YAML takes 1e-3 for a word."""
    for name, value in yaml.safe_load(path.read_text()).items():
        assert not (isinstance(value, str) and re.fullmatch(r"[\d.]+(e-?\d+)?", value)), name


def test_unknown_fields_of_a_model_are_named(tmp_path):
    path = tmp_path / "model.yaml"
    path.write_text("languag_model: x\nmodel: {}\n")
    with pytest.raises(ValueError, match="has the unknown fields languag_model; known are language_model"):
        read_recipe(str(path))
