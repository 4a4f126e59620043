"""What a program imports: which modules of ours, to take them along, and which packages, to have them installed."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path


def reachable(root: Path, starts: Iterable[Path]) -> list[Path]:
    """The modules below `root` that the files `starts` import, directly or not, themselves included.

    Modules that are imported inside functions count; so do those that a string names whole ("package.module"), as
    subprocesses and lazy imports do.
    """
    found, waiting = set(), list(starts)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += [file for name in names(root, path) for file in files_of(root, name)]
    return sorted(found)


def packages(root: Path, files: Iterable[Path]) -> dict[str, Path]:
    """The top-level packages that files import and that are neither ours nor Python's; each with a file that does."""
    return {
        top: path
        for path in files
        for node in imports(path)
        for name in imported(root, path, node)
        if (top := name.partition(".")[0]) not in sys.stdlib_module_names and not is_ours(root, top)
    }


def is_ours(root: Path, top: str) -> bool:
    """Whether a top-level name is a folder or a module of `root`."""
    return (root / top).is_dir() or (root / f"{top}.py").is_file()


def imports(path: Path) -> Iterator[ast.Import | ast.ImportFrom]:
    """The import statements of a file, wherever they stand."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node


def imported(root: Path, path: Path, node: ast.Import | ast.ImportFrom) -> list[str]:
    """The dotted names that a statement may import; of `from a import b` both `a` and `a.b`."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    package = path.relative_to(root).parts[:-1]
    base = package[: len(package) - node.level + 1] if node.level else ()
    module = ".".join([*base, *([node.module] if node.module else [])])
    return [module, *(f"{module}.{alias.name}" for alias in node.names)]


def names(root: Path, path: Path) -> set[str]:
    """The dotted names that a file imports or names in a string."""
    named = {name for node in imports(path) for name in imported(root, path, node)}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if "." in node.value and all(part.isidentifier() for part in node.value.split(".")):
                named.add(node.value)
    return named


def files_of(root: Path, name: str) -> list[Path]:
    """The files below `root` that importing a dotted name runs: the packages around it, and the module; none if it is
    not there."""
    parts = name.split(".")
    around = [root.joinpath(*parts[:count], "__init__.py") for count in range(1, len(parts) + 1)]
    module = root.joinpath(*parts[:-1], f"{parts[-1]}.py")
    return [path for path in (*around, module) if path.is_file()]
