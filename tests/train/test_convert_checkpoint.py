"""Reading strangers' files: nothing in them is run, and what they are not is said in one line."""

import argparse
import os
import pickle

import pytest
import torch
from safetensors.torch import save_file

from tests.published import ENCODER_FILE, LMM_FILE
from train.convert.checkpoint import ConvertError, list_names, tensors_of


class Trap:
    """Unpickled, it writes a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("dump", [torch.save, lambda trap, path: path.write_bytes(pickle.dumps(trap))])
def test_a_pickle_that_wants_more_than_tensors_is_refused(tmp_path, dump):
    file = tmp_path / "trap.pt"
    dump({"module": {"weight": Trap(tmp_path / "sprung")}}, file)
    with pytest.raises(ConvertError, match="trap.pt: (refused|cannot be read)"):
        tensors_of(file, "module")
    assert not (tmp_path / "sprung").exists()


def test_the_refusal_says_what_was_asked_for(tmp_path):
    torch.save(Trap(tmp_path / "sprung"), tmp_path / "trap.pt")
    with pytest.raises(ConvertError, match=r"asks for \w+\.system and to grant .* with the state dict alone$"):
        tensors_of(tmp_path / "trap.pt")
    torch.save(argparse.Namespace(), tmp_path / "lightning.ckpt")
    with pytest.raises(ConvertError, match="asks for argparse.Namespace and"):
        tensors_of(tmp_path / "lightning.ckpt")


def test_tensors_are_mapped_not_read():
    """Storages of a mapped file are slices of one mapping: they lie as far apart as in the file."""
    tensors = tensors_of(LMM_FILE, "module")
    addresses = sorted(tensor.data_ptr() for tensor in tensors.values())
    assert addresses[-1] - addresses[0] < LMM_FILE.stat().st_size


@pytest.mark.parametrize(
    "content, inside, message",
    [
        ({"state_dict": {}}, "module", r"has no 'module' with a state dict \(it holds state_dict\)"),
        ([1, 2], "module", r"has no 'module' with a state dict \(it holds list\)"),
        ({"module": {"weight": torch.ones(1), "step": 3}}, "module", r"entries that are no tensors \(step\)"),
    ],
)
def test_other_content_is_refused(tmp_path, content, inside, message):
    torch.save(content, tmp_path / "file.pt")
    with pytest.raises(ConvertError, match=message):
        tensors_of(tmp_path / "file.pt", inside)


def test_damaged_and_missing_files_are_refused(tmp_path):
    with pytest.raises(ConvertError, match="nothing.pt: is not a file; check the path"):
        tensors_of(tmp_path / "nothing.pt")
    (tmp_path / "cut.pt").write_bytes(ENCODER_FILE.read_bytes()[:5000])
    with pytest.raises(ConvertError, match="cut.pt: cannot be read .*; fetch it again"):
        tensors_of(tmp_path / "cut.pt", "state_dict")
    (tmp_path / "cut.safetensors").write_bytes(b"no header here")
    with pytest.raises(ConvertError, match="cut.safetensors: is no safetensors file .*; fetch it again"):
        tensors_of(tmp_path / "cut.safetensors")


def test_safetensors_are_read_too(tmp_path):
    save_file({"weight": torch.arange(3.0)}, tmp_path / "some.safetensors")
    assert tensors_of(tmp_path / "some.safetensors")["weight"].tolist() == [0, 1, 2]


def test_long_lists_are_cut():
    assert list_names(["a", "b"]) == "a, b"
    assert list_names(range(30), most=2) == "0, 1 and 28 more"
