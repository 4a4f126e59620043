"""Writing a model folder, one shard in memory at a time."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import torch
from huggingface_hub import split_torch_state_dict_into_shards
from safetensors.torch import save_file
from tqdm import tqdm

from modeling_patentlmm.export_patentlmm import is_free

from .checkpoint import ConvertError
from .plan import Shapes

MAX_SHARD_SIZE = "2GB"
ENCODER_CODE = ("configuration_patentlmm.py", "modeling_patentmme.py")


def check_new_folder(out: Path) -> None:
    """Refuse to write among other files.

    Raises:
        ConvertError: `out` exists and is not an empty folder.
    """
    if not is_free(out):
        raise ConvertError(f"{out}: exists and is not an empty folder; name a new one")


def one_dtype(tensors: Iterable[torch.Tensor], asked: str | None, file: Path) -> torch.dtype:
    """The dtype to write: the one asked for, else the one all tensors have.

    Raises:
        ConvertError: none was asked for and the tensors have several.
    """
    if asked is not None:
        return getattr(torch, asked)
    dtypes = {tensor.dtype for tensor in tensors}
    if len(dtypes) > 1:
        raise ConvertError(f"{file}: mixes {', '.join(sorted(map(str, dtypes)))}; choose one with --dtype")
    return dtypes.pop()


def write_weights(
    out: Path,
    places: Shapes,
    dtype: torch.dtype,
    make: Callable[[str], torch.Tensor],
    max_shard_size: int | str = MAX_SHARD_SIZE,
) -> None:
    """Write `make(name)` for every place as sharded safetensors with an index, in transformers' form."""
    like = {name: torch.empty(shape, dtype=dtype, device="meta") for name, shape in places.items()}
    shards = split_torch_state_dict_into_shards(like, max_shard_size=max_shard_size)
    with tqdm(total=len(like), unit="tensor", file=sys.stderr) as bar:
        for file, names in shards.filename_to_tensors.items():
            _write_shard(out / file, names, dtype, make, bar)
    if shards.is_sharded:
        index = {"metadata": shards.metadata, "weight_map": shards.tensor_to_filename}
        write_json(out / "model.safetensors.index.json", index)


def _write_shard(path: Path, names: list[str], dtype: torch.dtype, make, bar) -> None:
    shard = {}
    for name in names:
        shard[name] = make(name).to(dtype).contiguous()
        bar.update()
    save_file(shard, path, metadata={"format": "pt"})


def write_json(path: Path, content: Mapping) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
