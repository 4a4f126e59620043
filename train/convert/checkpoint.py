"""Reading the authors' files: memory-mapped, tensors only."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file


class ConvertError(ValueError):
    """What cannot be converted; the message is one line that names the file and the remedy."""


def tensors_of(path: Path, inside: str | None = None) -> dict[str, torch.Tensor]:
    """The tensors of a file by key, memory-mapped: they are read from the disk when they are used.

    Args:
        inside: the entry that holds the state dict ("module" of DeepSpeed, "state_dict" of Lightning).

    Raises:
        ConvertError: no such file, a damaged one, a pickle that holds more than data, or other content.
    """
    if not path.is_file():
        raise ConvertError(f"{path}: is not a file; check the path")
    content = _read_safetensors(path) if path.suffix == ".safetensors" else _read_pickle(path)
    if inside is not None:
        content = _enter(content, inside, path)
    return _only_tensors(content, path)


def _read_safetensors(path: Path) -> dict:
    try:
        return load_file(path)
    except SafetensorError as error:
        raise ConvertError(f"{path}: is no safetensors file ({error}); fetch it again") from error


def _read_pickle(path: Path):
    try:
        return torch.load(path, map_location="cpu", mmap=True, weights_only=True)
    except pickle.UnpicklingError as error:
        raise ConvertError(
            f"{path}: refused, because its pickle asks for {_asked_for(error)} and to grant that could run any code; "
            "if you trust its origin, save a copy with the state dict alone"
        ) from None
    except (RuntimeError, ValueError, EOFError, OSError) as error:
        reason = "it is not in torch.save's zip format" if "mmap" in str(error) else str(error).strip().splitlines()[0]
        raise ConvertError(f"{path}: cannot be read ({reason}); fetch it again, or save it with torch 1.6+") from error


def _asked_for(error: Exception) -> str:
    """What a pickle wanted beyond tensors and plain containers, out of torch's long message."""
    text = str(error)
    found = re.search(r"GLOBAL (\S+)", text) or re.search(r"WeightsUnpickler error:\s*([^\n]+)", text)
    return found[1] if found else "what torch does not load"


def _enter(content, inside: str, path: Path) -> dict:
    if isinstance(content, dict) and isinstance(content.get(inside), dict):
        return content[inside]
    held = list_names(content) if isinstance(content, dict) else type(content).__name__
    raise ConvertError(f"{path}: has no {inside!r} with a state dict (it holds {held}); pass the file of this command")


def _only_tensors(content, path: Path) -> dict[str, torch.Tensor]:
    others = [name for name, value in content.items() if not isinstance(value, torch.Tensor)]
    if others:
        raise ConvertError(f"{path}: holds entries that are no tensors ({list_names(others)}); pass a state dict")
    return content


def list_names(names, most: int = 20) -> str:
    """`a, b, c`; of a longer list the first `most` and how many more there are."""
    names = list(map(str, names))
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def shapes_of(tensors: dict[str, torch.Tensor]) -> dict[str, tuple[int, ...]]:
    """Key -> shape; reads nothing from the disk."""
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}
