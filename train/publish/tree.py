"""What is in a repository folder: whether it may be published, and how large it is."""

from __future__ import annotations

import contextlib
import mmap
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from train.publish import PublishError

# Files of other kinds stay at home: what runs code when it is opened (pickles), archives, keys, leftovers.
TEXTS = {".css", ".html", ".jinja", ".js", ".json", ".jsonl", ".md", ".py", ".svg", ".txt", ".yaml", ".yml"}
BINARIES = {".jpeg", ".jpg", ".model", ".parquet", ".pdf", ".png", ".safetensors", ".tif", ".tiff", ".webp"}
BARE_NAMES = {"LICENSE"}

# The hub's own advice: huggingface.co/docs/hub/storage-limits
MAX_FILE_BYTES = 50 * 10**9
MAX_FILES = 100_000
MAX_FILES_A_FOLDER = 10_000

SECRETS = {
    "a Hugging Face token": rb"\bhf_[A-Za-z0-9]{30,}",
    "a GitHub token": rb"\b(?:gh[opsu]|github_pat)_[A-Za-z0-9_]{30,}",
    "an AWS key": rb"\bAKIA[0-9A-Z]{16}\b",
    "an API key": rb"\bsk-[A-Za-z0-9_-]{32,}",
    "a Slack token": rb"\bxox[abprs]-[A-Za-z0-9-]{20,}",
    "a private key": rb"-----BEGIN [A-Z ]*PRIVATE KEY-----",
}
_PICKLE = re.compile(rb"\x80[\x02-\x05]|PK\x03\x04")  # a pickle, or the ZIP that torch.save writes


class File(NamedTuple):
    """A file of a repository: its name from the root, with slashes, and its size in bytes."""

    name: str
    size: int


def check_tree(folder: Path) -> list[File]:
    """The files of a repository folder, by name.

    Raises:
        PublishError: one must not be published (a link, a hidden file, a kind that is not allowed, a pickle whatever
            its name, something that looks like a secret), or the files are more or larger than the hub takes.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    if not paths:
        raise PublishError(f"{folder}: holds no file; nothing to publish")
    names = [path.relative_to(folder).as_posix() for path in paths]
    for path, name in zip(paths, names):
        _check_name(path, name)
        _check_content(path, name)
    files = [File(name, path.stat().st_size) for path, name in zip(paths, names)]
    _check_limits(files)
    return files


def _check_name(path: Path, name: str) -> None:
    if path.is_symlink() or not path.is_file():
        raise PublishError(f"{name}: is a link or no plain file; put the file itself there")
    if any(part.startswith(".") for part in Path(name).parts):
        raise PublishError(f"{name}: is hidden, as files with secrets are; remove it")
    if path.suffix.lower() not in TEXTS | BINARIES and path.name not in BARE_NAMES:
        raise PublishError(f"{name}: is of a kind that is not published; remove it")


def _check_content(path: Path, name: str) -> None:
    with path.open("rb") as file:
        # The length that a .safetensors file opens with can look like a pickle; it has been loaded as what it is.
        if path.suffix != ".safetensors" and _PICKLE.match(file.read(4)):
            raise PublishError(f"{name}: is a pickle or an archive; save weights as safetensors")
        if path.suffix.lower() not in TEXTS | {""} or not path.stat().st_size:
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            for what, pattern in SECRETS.items():
                if re.search(pattern, content):
                    raise PublishError(f"{name}: holds what looks like {what}; take it out and revoke it")


def _check_limits(files: list[File]) -> None:
    for file in files:
        if file.size > MAX_FILE_BYTES:
            raise PublishError(
                f"{file.name}: has {shown(file.size)}, more than the hub takes ({shown(MAX_FILE_BYTES)}); write shards"
            )
    if len(files) > MAX_FILES:
        raise PublishError(f"{len(files)} files are more than the hub takes ({MAX_FILES}); write larger shards")
    parent, count = Counter(os.path.dirname(file.name) for file in files).most_common(1)[0]
    if count > MAX_FILES_A_FOLDER:
        raise PublishError(
            f"{parent or '.'}/: holds {count} files, more than {MAX_FILES_A_FOLDER}; write larger shards"
        )


def shown(size: int) -> str:
    """A number of bytes for people: `29.1 MB`."""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 999.95:
            return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def drawn(files: Iterable[File]) -> str:
    """The files as an indented tree with aligned sizes and their total."""
    lines, open_folders = [], []
    files = sorted(files, key=lambda file: file.name.split("/"))
    for file in files:
        *folders, name = file.name.split("/")
        shared = len(os.path.commonprefix([folders, open_folders]))
        lines += [("  " * depth + f"{folders[depth]}/", "") for depth in range(shared, len(folders))]
        lines.append(("  " * len(folders) + name, shown(file.size)))
        open_folders = folders
    lines.append((f"{len(files)} files", shown(sum(file.size for file in files))))
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"{name:<{width}}  {size:>9}".rstrip() for name, size in lines)


def place(source: Path, target: Path, link: bool = False) -> None:
    """Copy a file into a repository folder; with `link`, for large data that nobody writes to, share it if possible."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if link:
        with contextlib.suppress(OSError):  # another disk
            os.link(source.resolve(), target)
            return
    shutil.copyfile(source, target)
