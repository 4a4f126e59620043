"""What a program imports: which modules of ours, to take them along, and which packages, to have them installed."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable
from pathlib import Path


def reachable(root: Path, starts: Iterable[Path]) -> list[Path]:
    """The modules below `root` that the files `starts` import, directly or not, themselves included.

    Modules that are imported inside functions count. So does what a string names whole, a module ("package.module") or
    a file beside ("child.py"): subprocesses are run by such names.
    """
    found, waiting = set(), list(starts)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            tree = parsed(path)
            texts = strings(tree)
            waiting += [file for name in {*imported(root, path, tree), *texts} for file in files_of(root, name)]
            waiting += [path.parent / text for text in texts if (path.parent / text).is_file() and text.endswith(".py")]
    return sorted(found)


def packages(root: Path, files: Iterable[Path]) -> dict[str, Path]:
    """The top-level packages that files need and that are neither ours nor Python's; each with a file that does.

    Packages that are imported, and those looked for by name with `find_spec`.
    """
    needed = {}
    for path in files:
        tree = parsed(path)
        for name in {*imported(root, path, tree), *looked_for(tree)}:
            top = name.partition(".")[0]
            if top not in sys.stdlib_module_names and not is_ours(root, top):
                needed[top] = path
    return needed


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def strings(tree: ast.Module) -> set[str]:
    """The short texts in a program that could name a module or a file."""
    values = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return {value for value in values if re.fullmatch(r"\w+(\.\w+)+", value)}


def looked_for(tree: ast.Module) -> set[str]:
    """The names that a program gives to `find_spec`."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    found = (call.args for call in calls if ast.unparse(call.func).split(".")[-1] == "find_spec")
    return {args[0].value for args in found if args and isinstance(args[0], ast.Constant)}


def imported(root: Path, path: Path, tree: ast.Module) -> set[str]:
    """The dotted names that a file may import, wherever it does; of `from a import b` both `a` and `a.b`."""
    package, names = path.relative_to(root).parts[:-1], set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            names.update([module, *(f"{module}.{alias.name}" for alias in node.names)])
    return names


def is_ours(root: Path, top: str) -> bool:
    """Whether a top-level name is a folder or a module of `root`."""
    return (root / top).is_dir() or (root / f"{top}.py").is_file()


def files_of(root: Path, name: str) -> list[Path]:
    """The files below `root` that importing a dotted name runs: the packages around it, and the module; none if it is
    not there."""
    parts = name.split(".")
    around = [root.joinpath(*parts[:count], "__init__.py") for count in range(1, len(parts) + 1)]
    module = root.joinpath(*parts[:-1], f"{parts[-1]}.py")
    return [path for path in (*around, module) if path.is_file()]
