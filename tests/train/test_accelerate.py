"""Every Accelerate configuration loads, holds known keys only, and shards our layers."""

from pathlib import Path

import pytest
from accelerate import FullyShardedDataParallelPlugin
from accelerate.commands.config.config_args import load_config_from_file
from accelerate.commands.launch import launch_command_parser
from accelerate.utils.fsdp_utils import fsdp2_prepare_auto_wrap_policy

import train
from tests.tiny import make_model, make_processor

FOLDER = Path(train.__file__).with_name("accelerate")
TYPES = {"single": "NO", "ddp": "MULTI_GPU", "fsdp2": "FSDP", "zero2": "DEEPSPEED", "zero3": "DEEPSPEED"}


def test_there_is_one_for_each_way_to_launch():
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(TYPES)


@pytest.mark.parametrize("name", TYPES)
def test_accelerate_loads_it(name):
    """Unknown keys at the top are refused by the loader; those of a plugin would be ignored, so they are held here."""
    config = load_config_from_file(str(FOLDER / f"{name}.yaml"))
    assert config.distributed_type.value == TYPES[name]
    assert config.mixed_precision == "no"  # the recipe's bf16 decides
    known = set(vars(launch_command_parser().parse_args(["script.py"])))
    assert {**(config.fsdp_config or {}), **(config.deepspeed_config or {})}.keys() <= known


def fsdp_plugin() -> FullyShardedDataParallelPlugin:
    """The plugin, with its own names of what `accelerate launch` hands over in the environment."""
    config = load_config_from_file(str(FOLDER / "fsdp2.yaml")).fsdp_config
    names = {"fsdp_version": "fsdp_version", "fsdp_offload_params": "cpu_offload"}
    options = {names.get(key, key.removeprefix("fsdp_")): value for key, value in config.items()}
    return FullyShardedDataParallelPlugin(**options)


@pytest.mark.parametrize("adapted", [False, True])
def test_fsdp2_shards_the_layers_of_encoder_and_language_model(adapted):
    from peft import LoraConfig, get_peft_model

    processor = make_processor()
    model = make_model(processor.tokenizer, processor.ocr_tokenizer)
    if adapted:
        model = get_peft_model(model, LoraConfig(r=2, target_modules=r".*language_model.*q_proj"))
    policy = fsdp2_prepare_auto_wrap_policy(fsdp_plugin(), model)
    sharded = [type(module).__name__ for module in model.modules() if policy(module)]
    assert sharded == ["PatentMMELayer"] * 2 + ["LlamaDecoderLayer"] * 2
