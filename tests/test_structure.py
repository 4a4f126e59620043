"""The rooms: imports run one way, the model's files can be copied one by one, nothing names a machine."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from modeling_patentlmm.export_patentlmm import NOT_EXPORTED

REPOSITORY = Path(__file__).resolve().parent.parent
ROOMS = {"modeling_patentlmm", "dataset_builder", "train", "space", "benchmarks", "tests"}
MAY_IMPORT = {
    "modeling_patentlmm": set(),
    "dataset_builder": {
        f"modeling_patentlmm.{name}_patentlmm"
        for name in ("image_processing", "numerals", "ocr", "references", "sheet", "specification", "terms")
    },
    "train": {"modeling_patentlmm", "dataset_builder.figure", "dataset_builder.synthetic"},
    "space": {"modeling_patentlmm", "dataset_builder.pdf", "dataset_builder.sheets"},
    "benchmarks": {"modeling_patentlmm", "dataset_builder", "train"},
}
ALWAYS_THERE = {"torch", "transformers", "PIL", "numpy"} | set(sys.stdlib_module_names)


def tracked(*patterns: str) -> list[Path]:
    """Files under version control that match, or, in a tree without git, all that are there."""
    command = ["git", "-C", str(REPOSITORY), "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns]
    try:
        names = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        names = [str(path.relative_to(REPOSITORY)) for pattern in patterns for path in REPOSITORY.rglob(pattern)]
        names = [name for name in names if not name.startswith((".venv", "out/", "runs/", "build/"))]
    return [REPOSITORY / name for name in sorted(names) if name and (REPOSITORY / name).is_file()]


def sources(room: str) -> list[Path]:
    return [path for path in tracked("*.py") if path.relative_to(REPOSITORY).parts[0] == room]


def absolute_imports(path: Path) -> set[str]:
    """Dotted names of the modules a file imports, relative ones resolved."""
    package = list(path.relative_to(REPOSITORY).parts[:-1])
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join(base + ([node.module] if node.module else []))
            names.add(module)
            names.update(f"{module}.{alias.name}" for alias in node.names)
    return names


def within(name: str, allowed: set[str]) -> bool:
    return any(name == root or name.startswith(f"{root}.") for root in allowed)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_run_one_way(room):
    wrong = []
    for path in sources(room):
        for name in absolute_imports(path):
            other = name.split(".")[0]
            parents = {
                ".".join(root.split(".")[:n]) for root in MAY_IMPORT[room] for n in range(1, root.count(".") + 1)
            }
            if other in ROOMS - {room} and not within(name, MAY_IMPORT[room]) and name not in parents:
                wrong.append(f"{path.relative_to(REPOSITORY)} imports {name}")
    assert not wrong


def model_files() -> list[Path]:
    return [path for path in sources("modeling_patentlmm") if path.name not in NOT_EXPORTED]


@pytest.mark.parametrize("path", model_files(), ids=lambda path: path.name)
def test_model_files_import_only_what_remote_code_may(path):
    """Flat files, `from .x import Y` only; anything beyond torch, transformers, PIL and numpy inside a try."""
    tree = ast.parse(path.read_text())
    guarded = {id(node) for block in ast.walk(tree) if isinstance(block, ast.Try) for node in ast.walk(block)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            assert node.level == 1 and node.module and "." not in node.module, ast.unparse(node)
            assert (path.parent / f"{node.module}.py").is_file(), ast.unparse(node)
        elif isinstance(node, (ast.Import, ast.ImportFrom)) and id(node) not in guarded:
            names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            assert {name.split(".")[0] for name in names} <= ALWAYS_THERE, ast.unparse(node)


def test_modeling_room_is_flat():
    assert all(path.parent.name == "modeling_patentlmm" for path in sources("modeling_patentlmm"))


@pytest.mark.parametrize("path", sources("modeling_patentlmm"), ids=lambda path: path.name)
def test_docstrings_do_not_look_like_imports(path):
    """The scanner of remote code reads text, not syntax: such a line in a docstring would be taken for an import."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and (text := ast.get_docstring(node)):
            assert not re.search(r"^\s*(?:from\s+\S+\s+import|import\s+\w+\s*$)", text, re.MULTILINE), text


TEXT_FILES = ("*.py", "*.md", "*.toml", "*.yaml", "*.yml", "*.txt", "*.cff", "Makefile", ".ci/run", "*.jinja", "*.json")


def own_texts() -> list[Path]:
    return [path for path in tracked(*TEXT_FILES) if path.name not in ("tokenizer.json", "test_structure.py")]


def test_no_machine_paths():
    """Nothing committed knows where it was written."""
    machine = re.compile(r"(?<![\w.~])/(?:work|farm|home|root|Users|opt/(?:wheels|pypi))/")
    assert not [str(path.relative_to(REPOSITORY)) for path in own_texts() if machine.search(path.read_text())]


def test_nothing_is_left_undone():
    """What is missing is said in the README or an issue, not in a stray comment."""
    undone = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b|raise NotImplementedError")
    assert not [str(path.relative_to(REPOSITORY)) for path in own_texts() if undone.search(path.read_text())]


def test_help_comes_without_torch():
    """`python -m modeling_patentlmm --help` imports nothing heavy."""
    command = [sys.executable, "-X", "importtime", "-m", "modeling_patentlmm", "describe", "--help"]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    imported = set(re.findall(r"\|\s*([\w.]+)$", result.stderr, re.MULTILINE))
    assert "argparse" in imported and not imported & {"torch", "transformers", "numpy", "cv2", "onnxruntime"}


def test_versions_agree():
    """pyproject and CITATION.cff name one version, and the changelog knows it."""
    version = re.search(r'^version = "(.+)"', (REPOSITORY / "pyproject.toml").read_text(), re.MULTILINE).group(1)
    assert f"version: {version}" in (REPOSITORY / "CITATION.cff").read_text()
    assert f"## {version}" in (REPOSITORY / "CHANGELOG.md").read_text()


def test_constraints_pin_every_dependency():
    """`pip install -c constraints.txt` leaves nothing that we name to chance."""
    normal = lambda name: re.sub(r"[-_.]+", "-", name).lower()  # noqa: E731
    pinned = {normal(name) for name in re.findall(r"^([\w.-]+)==", (REPOSITORY / "constraints.txt").read_text(), re.M)}
    project = (REPOSITORY / "pyproject.toml").read_text().split("[project.scripts]")[0].split("\ndependencies", 1)[1]
    named = {normal(name) for name in re.findall(r'"([A-Za-z][\w.-]*)[>=\[]', project)}
    assert named - {"patentlmm", "pre-commit"} <= pinned
