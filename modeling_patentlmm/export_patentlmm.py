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


_STRANGER = """
import sys
import torch
from PIL import Image
from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor
folder = sys.argv[1]
config = AutoConfig.from_pretrained(folder, trust_remote_code=True)
processor = AutoProcessor.from_pretrained(folder, trust_remote_code=True)
model, loading = AutoModelForImageTextToText.from_pretrained(
    folder, trust_remote_code=True, dtype="auto", output_loading_info=True
)
assert not loading["missing_keys"] and not loading["unexpected_keys"], loading
blank = Image.new("L", (200, 300), "white")
inputs = processor(images=[blank], text=processor.image_token, words=[["102"]], boxes=[[[10, 10, 60, 40]]])
assert int((inputs["input_ids"] == config.image_token_id).sum()) > 0, "no image tokens"
print("loaded", type(model).__name__, type(processor).__name__)
"""


def check_as_stranger(folder: str | os.PathLike) -> None:
    """Load a model repository offline in a fresh process in which nothing of ours has been imported.

    Raises:
        ExportError: it does not load.
    """
    with tempfile.TemporaryDirectory() as modules:
        # An own module cache, so that no code of an earlier load is taken for the folder's.
        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_MODULES_CACHE": modules}
        command = [sys.executable, "-I", "-c", _STRANGER, os.path.abspath(folder)]
        result = subprocess.run(command, cwd=modules, env=environment, capture_output=True, text=True, timeout=600)
    if result.returncode:
        reason = (result.stderr.strip() or "no message").splitlines()[-1]
        raise ExportError(f"{folder}: written, but does not load by itself ({reason}); do not publish it")
