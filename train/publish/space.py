"""The Space repository: a cut of the source repository that runs by itself.

README.md requirements.txt packages.txt   of space/, where the hub looks for them
app.py                                    starts space/app.py
space/ examples/                          as they are
modeling_patentlmm/ dataset_builder/      the package; of the other what space/ imports
checkpoints/patentlmm-tiny/               unless a model repository is named in its place
"""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

from huggingface_hub import SpaceCard
from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import Version

from modeling_patentlmm.export_patentlmm import run_as_stranger
from train.publish import PublishError
from train.publish.card import read_card, take_links_along
from train.publish.imports import packages, reachable
from train.publish.source import BUNDLED_CHECKPOINT, ROOT
from train.publish.tree import place

PARTS = ("space", "examples", "modeling_patentlmm", "dataset_builder", BUNDLED_CHECKPOINT)
AT_THE_ROOT = ("README.md", "requirements.txt", "packages.txt")
STARTED = "app.py"
# Imported where they are there, and done without where not: the other reading engine; what ZeroGPU machines bring.
OPTIONAL = {"pytesseract", "spaces"}

_START = '''"""Starts the Space."""

import runpy

runpy.run_module("space.app", run_name="__main__", alter_sys=True)
'''
_START_WITH_MODEL = '''"""Starts the Space on {model}."""

import os
import runpy

from huggingface_hub import snapshot_download

if "PATENTLMM_CHECKPOINT" not in os.environ:
    os.environ["PATENTLMM_CHECKPOINT"] = snapshot_download("{model}", revision="{tag}")
runpy.run_module("space.app", run_name="__main__", alter_sys=True)
'''


def assemble_space(out: Path, tag: str, model: str | None = None, root: Path = ROOT) -> None:
    """Write the Space's repository into the folder `out`, new or empty, and prove it.

    `model` names a model repository whose `tag` the Space fetches; without one it carries the bundled checkpoint.

    Raises:
        PublishError: a part is missing, the card must not be published, or requirements.txt does not cover an import.
        ExportError: the app does not start by itself.
    """
    if not (root / "space" / STARTED).is_file():
        raise PublishError(f"{root / 'space' / STARTED}: is missing; publish from a checkout of the source repository")
    for path in space_files(root):
        name = path.relative_to(root / "space").as_posix()
        place(path, out / (name if name in AT_THE_ROOT else f"space/{name}"))
    folders = ["examples"] if model else ["examples", BUNDLED_CHECKPOINT]
    modules = code_of(root)
    for path in [*modules, *(path for folder in folders for path in sorted((root / folder).rglob("*")))]:
        if path.is_file():
            place(path, out / path.relative_to(root))
    start = _START_WITH_MODEL.format(model=model, tag=tag) if model else _START
    (out / STARTED).write_text(start, encoding="utf-8")
    _write_card(root / "space" / "README.md", out, model)
    check_requirements(out)
    check_starting(out, root / BUNDLED_CHECKPOINT if model else None)


def space_files(root: Path) -> list[Path]:
    """The files of `space/` itself, without what Python left there."""
    paths = sorted((root / "space").rglob("*"))
    return [path for path in paths if path.is_file() and "__pycache__" not in path.parts]


def code_of(root: Path) -> list[Path]:
    """The modules outside `space/` that it needs: all of `modeling_patentlmm`, whose names are imported on demand, and
    what of the others is imported."""
    starts = [
        *(root / "modeling_patentlmm").glob("*.py"),
        *(path for path in space_files(root) if path.suffix == ".py"),
    ]
    return [path for path in reachable(root, starts) if path.relative_to(root).parts[0] != "space"]


def _write_card(path: Path, out: Path, model: str | None) -> None:
    card = read_card(path, "space")
    card.data.app_file = STARTED
    if model:
        card.data.models = [model]
        card.data.preload_from_hub = [model]
    card.save(out / "README.md")
    take_links_along(path, read_card(out / "README.md", "space").text, out)


# --- requirements ----------------------------------------------------------------------------------------------------


def read_requirements(path: Path) -> dict[str, Version]:
    """The packages that a requirements file pins, by their normalised names.

    Raises:
        PublishError: there is no such file, or a line pins no version.
    """
    if not path.is_file():
        raise PublishError(f"{path}: is missing; list the Space's packages there")
    pins = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if not text or text.startswith("-"):  # an index to install from
            continue
        try:
            requirement = Requirement(text)
            (pin,) = requirement.specifier
            if pin.operator != "==":
                raise ValueError
            pins[_normal(requirement.name)] = Version(pin.version)
        except (InvalidRequirement, ValueError):
            raise PublishError(f"{path}: {text!r} pins no version; write name==version") from None
    return pins


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def check_requirements(folder: Path) -> None:
    """Refuse a Space that imports a package it does not pin, or pins another version than it was proved with.

    The card's `sdk_version` pins Gradio. Raises PublishError.
    """
    path = folder / "requirements.txt"
    gradio = Version(str(SpaceCard.load(folder / "README.md").data.sdk_version))
    pins = {"gradio": gradio, **read_requirements(path)}
    if pins["gradio"] != gradio:
        raise PublishError(f"{path}: pins gradio {pins['gradio']}, but sdk_version is {gradio}; pin one")
    needed = distributions(packages(folder, folder.rglob("*.py")))
    for name, (file, choices) in needed.items():
        if name not in OPTIONAL and not pins.keys() & choices:
            raise PublishError(f"{path}: pins nothing that gives {name}, which {file.name} imports; add it")
    for name, version in pins.items():
        try:
            here = Version(importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            raise PublishError(f"{path}: pins {name}, which is not installed here; install it, or remove it") from None
        if here.public != version.public:
            raise PublishError(f"{path}: pins {name} {version}, but {here} is what the Space is tried with; pin that")


def distributions(imported: dict[str, Path]) -> dict[str, tuple[Path, set[str]]]:
    """For imported packages, the file that imports each and the normalised names of the distributions that give it."""
    given = importlib.metadata.packages_distributions()
    return {name: (file, set(map(_normal, given.get(name, [name])))) for name, file in imported.items()}


# --- proof -----------------------------------------------------------------------------------------------------------

# The app is run as the Space's machine runs it, up to the moment when it would serve.
_RUN = """
import os
import runpy
import gradio
class Launched(BaseException):
    pass
def launch(self, *arguments, **options):
    raise Launched(f"{len(self.fns)} events")
gradio.Blocks.launch = launch
os.chdir(sys.argv[1])
sys.path.insert(0, sys.argv[1])
if len(sys.argv) > 2:
    os.environ["PATENTLMM_CHECKPOINT"] = sys.argv[2]
sys.argv = ["app.py"]
try:
    runpy.run_path("app.py", run_name="__main__")
except Launched as launched:
    print("LAUNCHED", launched)
else:
    raise SystemExit("app.py ended without launching")
"""


def check_starting(folder: Path, checkpoint: Path | None = None) -> None:
    """Start the app as a stranger's machine does, to where it would serve; raises ExportError if it does not get there.

    `checkpoint` stands in for the model repository that the Space would fetch.
    """
    run_as_stranger(_RUN, folder, *([str(checkpoint.resolve())] if checkpoint else []))
