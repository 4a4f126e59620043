"""A checkpoint folder as a self-contained model repository: `patentlmm export SRC OUT`.

The result loads with transformers' Auto classes and `trust_remote_code=True` where nothing of ours is installed; this
is tried in a bare process before the export counts as done.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

from . import register
from .modeling_patentlmm import PatentLMMForConditionalGeneration
from .processing_patentlmm import PatentLMMProcessor

HERE = Path(__file__).resolve().parent
NOT_EXPORTED = {
    "__init__.py",
    "__main__.py",
    "audit_patentlmm.py",
    "audit_report_patentlmm.py",
    "describe_patentlmm.py",
    "export_patentlmm.py",
    "naming_patentlmm.py",
    "overlay_patentlmm.py",
    "specification_patentlmm.py",
    "terms_patentlmm.py",
}
CARDS = (HERE.parent / "model_card.md",)


class ExportError(ValueError):
    """A checkpoint that cannot be published; the message is one line that names the folder and the remedy."""


def export(src: str | os.PathLike, out: str | os.PathLike) -> list[str]:
    """Write weights, configurations, tokenizers, chat template, code and card to `out`; returns the files' names.

    Raises:
        ExportError: `src` is no complete checkpoint, `out` is not empty, or a stranger could not load the result.
    """
    register()
    src, out = Path(src), Path(out)
    _check_folders(src, out)
    model, processor = _load(src)
    out.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(out)
    processor.save_pretrained(out)
    write_code(out)
    _copy_card(src, out)
    del model
    check_as_stranger(out)
    return sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())


def code_files() -> list[Path]:
    """The flat files that travel with a checkpoint."""
    return sorted(path for path in HERE.glob("*.py") if path.name not in NOT_EXPORTED)


def write_code(out: Path, only: Collection[str] | None = None) -> None:
    """Put the files that travel with a checkpoint, or those of the names in `only`, into a folder."""
    for file in code_files():
        if only is None or file.name in only:
            shutil.copyfile(file, out / file.name)


def is_free(out: Path) -> bool:
    """Whether a folder can be written without mixing with other files: it is empty, or not there yet."""
    return not out.exists() or (out.is_dir() and not any(out.iterdir()))


def _check_folders(src: Path, out: Path) -> None:
    for name in ("config.json", "processor_config.json", "ocr_tokenizer"):
        if not (src / name).exists():
            raise ExportError(f"{src}: has no {name}; name a folder that model and processor were saved to")
    if not is_free(out):
        raise ExportError(f"{out}: exists and is not an empty folder; name a new one")


def _load(src: Path) -> tuple[PatentLMMForConditionalGeneration, PatentLMMProcessor]:
    try:
        processor = PatentLMMProcessor.from_pretrained(src)
        model, loading = PatentLMMForConditionalGeneration.from_pretrained(src, dtype="auto", output_loading_info=True)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ExportError(f"{src}: cannot be loaded ({reason}); save the checkpoint again") from error
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if names := sorted(map(str, loading[kind])):
            listed = ", ".join(names[:3])
            raise ExportError(
                f"{src}: the weights have {len(names)} {kind.replace('_', ' ')} ({listed}); save them again"
            )
    return model, processor


def _copy_card(src: Path, out: Path) -> None:
    card = next((path for path in (src / "README.md", *CARDS) if path.is_file()), None)
    if card:
        shutil.copyfile(card, out / "README.md")


# Before a stranger's program: no connection but to this machine, whatever a library would like to fetch.
_OFFLINE = """
import sys
def _refuse(event, arguments):
    local = ("127.0.0.1", "::1", "localhost", "0.0.0.0", "", None)
    if event == "socket.connect" and isinstance(arguments[1], tuple) and arguments[1][0] not in local:
        raise OSError(f"asks {arguments[1][0]}, but a stranger may be offline")
    if event == "socket.getaddrinfo" and arguments[0] not in local:
        raise OSError(f"asks {arguments[0]}, but a stranger may be offline")
sys.addaudithook(_refuse)
"""

_STRANGER = """
import importlib
import re
import torch
from PIL import Image
from transformers import AutoConfig, AutoModel, AutoModelForImageTextToText, AutoProcessor, LogitsProcessorList
folder = sys.argv[1]
config = AutoConfig.from_pretrained(folder, trust_remote_code=True)
processor = AutoProcessor.from_pretrained(folder, trust_remote_code=True)
with torch.device("meta"):
    AutoModel.from_config(config, trust_remote_code=True)
model, loading = AutoModelForImageTextToText.from_pretrained(
    folder, trust_remote_code=True, dtype="auto", output_loading_info=True
)
assert not loading["missing_keys"] and not loading["unexpected_keys"], loading
content = [{"type": "image"}, {"type": "text", "text": "Write a brief description."}]
text = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
blank = Image.new("L", (200, 300), "white")
inputs = processor(images=[blank], text=text, words=[["102"]], boxes=[[[10, 10, 60, 40]]])
assert int((inputs["input_ids"] == config.image_token_id).sum()) > 0, "no image tokens"
inputs["pixel_values"] = inputs["pixel_values"].to(model.dtype)
grounding = importlib.import_module(type(processor).__module__.rpartition(".")[0] + ".grounding_patentlmm")
prompt = inputs["input_ids"].shape[1]
rule = grounding.GroundedNumeralsLogitsProcessor(processor.tokenizer, [(["102"], [])], prompt)
rules = LogitsProcessorList([rule])
said = model.eval().generate(**inputs, logits_processor=rules, max_new_tokens=8, do_sample=False)
said = processor.decode(said[0, prompt:], skip_special_tokens=True)
assert all("102".startswith(run) for run in re.findall("[0-9]+", said)), f"invented a character: {said!r}"
"""


def check_as_stranger(folder: str | os.PathLike) -> None:
    """Load a model repository as a stranger does, and write some tokens about a figure with one reference character.

    Raises:
        ExportError: it does not load, or does not write.
    """
    run_as_stranger(_STRANGER, folder)


def run_as_stranger(program: str, folder: str | os.PathLike, *arguments: str, timeout: int = 600) -> str:
    """Run a Python program on a repository folder in a fresh process, offline, in which nothing of ours was imported.

    `sys.argv` holds the folder and the arguments; caches are new and empty, and no token is there. Returns what the
    program printed.

    Raises:
        ExportError: the program failed, or took longer than `timeout` seconds.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING", "PYTHON"))}
    # Own caches, so that no code of an earlier load is taken for the folder's.
    with tempfile.TemporaryDirectory() as home:
        environment = {**kept, "HF_HUB_OFFLINE": "1", "HF_HOME": home, "GRADIO_ANALYTICS_ENABLED": "False"}
        command = [sys.executable, "-I", "-B", "-c", _OFFLINE + program, os.path.abspath(folder), *arguments]
        try:
            result = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, timeout=timeout)
        except subprocess.TimeoutExpired:
            raise ExportError(f"{folder}: did not load within {timeout} seconds; do not publish it") from None
    if result.returncode:
        reason = (result.stderr.strip() or "no message").splitlines()[-1]
        raise ExportError(f"{folder}: written, but does not load by itself ({reason}); do not publish it")
    return result.stdout
