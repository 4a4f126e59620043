"""Merge a LoRA adapter into the model it was trained on, and write one whole checkpoint.

    python -m train.merge --adapter out/stage2/checkpoint-500 --out out/patentlmm

The sum is taken in float32, where bfloat16 would lose digits, whatever `--dtype` is written. A language model that was
trained in four bits is merged into its weights as they were before.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from peft import PeftModel, get_peft_model_state_dict
from safetensors import safe_open

from modeling_patentlmm import PatentLMMForConditionalGeneration, PatentLMMProcessor, register
from modeling_patentlmm.export_patentlmm import is_free

DTYPES = ("float32", "bfloat16", "float16")


class MergeError(ValueError):
    """An adapter that cannot be merged; the message is one sentence that names the folder and the remedy."""


def merge(adapter: Path, out: Path, base: str | None = None, dtype: str = "float32") -> None:
    """Write the merged model and the adapter's processor to `out`.

    Args:
        adapter: a folder that `train.sft` wrote with `stage: lora`, an intermediate `checkpoint-N` too.
        base: the model it was trained on; by default the one the adapter names.

    Raises:
        MergeError: `out` is in use, `adapter` is no adapter, or it does not fit `base`.
    """
    register()
    if not is_free(out):
        raise MergeError(f"{out}: exists and is not an empty folder; name a new one")
    base = base or base_of(adapter)
    try:
        model = PatentLMMForConditionalGeneration.from_pretrained(base, dtype=torch.float32)
        processor = PatentLMMProcessor.from_pretrained(adapter)
    except (OSError, ValueError) as error:
        raise MergeError(f"{base} and {adapter} cannot be loaded ({_first_line(error)}); name both whole") from error
    try:
        model = PeftModel.from_pretrained(model, adapter)
    except (RuntimeError, ValueError, KeyError) as error:
        raise MergeError(f"{adapter}: does not fit {base} ({_first_line(error)}); name its base with --base") from error
    check_all_used(model, adapter)
    merged = model.merge_and_unload(safe_merge=True)
    merged.to(getattr(torch, dtype)).save_pretrained(out)
    processor.save_pretrained(out)


def check_all_used(model: PeftModel, adapter: Path) -> None:
    """Refuse an adapter of which a tensor found no place, or which leaves a place empty; PEFT only warns.

    Raises:
        MergeError: names one of them.
    """
    with safe_open(adapter / "adapter_model.safetensors", "pt") as file:
        given = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}
    wanted = {name: tuple(value.shape) for name, value in get_peft_model_state_dict(model).items()}
    odd = sorted(given.items() ^ wanted.items())
    if odd:
        name, shape = odd[0]
        where = "the adapter alone" if given.get(name) == shape else "the model alone"
        raise MergeError(f"{adapter}: {name} {list(shape)} is in {where}; name the adapter's own model with --base")


def base_of(adapter: Path) -> str:
    """The model that an adapter says it was trained on.

    Raises:
        MergeError: the folder holds no adapter.
    """
    path = adapter / "adapter_config.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))["base_model_name_or_path"]
    except (OSError, ValueError, KeyError) as error:
        raise MergeError(f"{adapter}: holds no adapter ({path.name} missing or damaged); name its folder") from error


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m train.merge", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--adapter", type=Path, required=True, help="folder of the adapter")
    parser.add_argument("--out", type=Path, required=True, help="new folder for the whole checkpoint")
    parser.add_argument("--base", help="checkpoint it was trained on (default: what the adapter names)")
    parser.add_argument("--dtype", choices=DTYPES, default="float32", help="to write (default: float32)")
    args = parser.parse_args(arguments)
    try:
        merge(args.adapter, args.out, args.base, args.dtype)
    except MergeError as error:
        print(f"merge: {error}", file=sys.stderr)
        return 1
    print(f"{args.adapter} merged into {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
