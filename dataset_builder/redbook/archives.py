"""The XML files in a file, a folder or an archive, each with the images beside it.

Nothing is ever written under a name that an archive gives. Names, links, sizes, numbers and depth of members are
checked before one is opened, and what all members together may unpack to is bounded by the size of the outermost file.
"""

from __future__ import annotations

import gzip
import io
import lzma
import os
import re
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

from dataset_builder.rejects import Rejects, Unusable
from modeling_patentlmm.image_processing_patentlmm import first_line

MAX_DEPTH = 3  # archives within archives: a week's TAR of one ZIP per patent has two
MAX_MEMBERS = 1_000_000
MAX_HELD = 1 << 29  # bytes of a member that is held in memory: an archive in an archive, an image
MAX_HEADER = 1 << 24  # bytes, of a member of a TAR
MIN_UNPACKED = 1 << 30  # what any file may unpack to,
MAX_RATIO = 100  # and how many times its size; text packs to a tenth

SUFFIXES = {
    ".xml": "xml",
    ".zip": "zip",
    ".tar": "tar",
    ".tar.gz": "tar.gz",
    ".tgz": "tar.gz",
    ".tif": "image",
    ".tiff": "image",
    ".nb": "formula",  # formulas and structures as their editors keep them; no text is in them
    ".cdx": "formula",
    ".mol": "formula",
}
READABLE = ("xml", "zip", "tar", "tar.gz")
_BESIDE = ("image", "formula")  # what is no document of its own
NOT_RED_BOOK = (
    "is no Red Book XML (.xml, or .zip, .tar, .tar.gz with it); the texts of before 2002 are in other formats, "
    "take grants of 2002 or later, applications of 2001 or later"
)
READ_ERRORS = (OSError, EOFError, RuntimeError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError)

Opener = Callable[[], BinaryIO]  # gives a file afresh, at its start


class XmlFile(NamedTuple):
    """An XML file, open until the next is asked for, and the images beside it by their names in small letters."""

    name: str
    file: BinaryIO
    images: Mapping[str, Opener]


class ArchiveError(Unusable):
    """A file that is not opened."""


def kind_of(name: str) -> str | None:
    """What a file is by its suffix, None for what has no place in the Red Book."""
    name = name.lower()
    return next((kind for suffix, kind in SUFFIXES.items() if name.endswith(suffix)), None)


def xml_files(path: Path, rejects: Rejects) -> Iterator[XmlFile]:
    """The XML files in a file, an archive or a folder, by name or as they are stored; the others are rejected."""
    if not path.is_dir():
        yield from _Unpacker(path, path.name, rejects).files(_images(path.parent))
        return
    for folder, folders, names in os.walk(path):
        folders.sort()
        images = _images(Path(folder))
        for each in [Path(folder, name) for name in [*folders, *sorted(names)]]:
            label = each.relative_to(path).as_posix()
            if each.is_dir():
                if each.is_symlink():
                    rejects.add(label, "", "link", f"{label}: is a link to a folder; name that folder itself")
            elif kind_of(each.name) not in _BESIDE:
                yield from _Unpacker(each, label, rejects).files(images)


def _images(folder: Path) -> Mapping[str, Opener]:
    return _images_at(folder, os.stat(folder).st_mtime_ns)


@lru_cache(maxsize=1)  # a folder of thousands of documents is not listed again for each of them
def _images_at(folder: Path, changed: int) -> Mapping[str, Opener]:
    with os.scandir(folder) as entries:
        return {
            entry.name.lower(): partial(open, entry.path, "rb") for entry in entries if kind_of(entry.name) == "image"
        }


def check_name(name: str) -> None:
    """Refuse what leads out of an archive; such an archive was made to harm, or by a broken tool.

    Raises:
        ArchiveError: an absolute name, or one with "..".
    """
    if name.startswith(("/", "\\")) or re.match("[A-Za-z]:", name) or ".." in re.split(r"[\\/]", name):
        raise ArchiveError("unsafe_name", "leads out of its archive; pack it again without absolute names and '..'")


def shown(name: str) -> str:
    """A name from an archive as it can stand in one line of a message."""
    return "".join(letter if letter.isprintable() else "?" for letter in name[:200])


def folder_of(name: str) -> str:
    return name.rpartition("/")[0]


def _by_folder(members: Iterable[tuple[str, Opener]]) -> Mapping[str, dict[str, Opener]]:
    """The openers of the images among (name, opener) by their folder, then by their names in small letters."""
    images: Mapping[str, dict[str, Opener]] = defaultdict(dict)
    for name, opener in members:
        if kind_of(name) == "image":
            images[folder_of(name)][name.rpartition("/")[2].lower()] = opener
    return images


def _images_in_tar(opener: Opener) -> Mapping[str, dict[str, Opener]]:
    found: list[tuple[str, Opener]] = []
    with opener() as file, suppress(ArchiveError, *READ_ERRORS):  # which the walk through the members comes upon again
        for info in _members(tarfile.open(fileobj=_Guarded(file), mode="r:")):
            if info.isreg() and kind_of(info.name) == "image":
                found.append((info.name, _tar_member(opener, info)))
    return _by_folder(found)


def _members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The members of a TAR, one at a time.

    Raises:
        tarfile.TarError: it does not end as a TAR does, which `tarfile` passes over.
        ArchiveError: more than `MAX_MEMBERS`.
    """
    count = 0
    while info := archive.next():
        archive.members = []  # it would keep all
        count += 1
        if count > MAX_MEMBERS:
            raise ArchiveError("too_many_members", f"has more than {MAX_MEMBERS} members; split it")
        yield info
    archive.fileobj.seek(archive.offset)
    if archive.fileobj.read(tarfile.BLOCKSIZE).strip(b"\0"):
        raise tarfile.ReadError(f"no member at byte {archive.offset}")


def _tar_member(opener: Opener, info: tarfile.TarInfo) -> TarMember:
    return TarMember(opener, info.offset_data, info.size)


# --- members, as openers ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ZipMember:
    """A member of a ZIP; opened, all of it is in memory."""

    archive: Opener
    info: zipfile.ZipInfo

    def __call__(self) -> BinaryIO:
        with self.archive() as file, zipfile.ZipFile(file) as archive, archive.open(self.info) as member:
            return _held(member, self.info.file_size)


@dataclass(frozen=True)
class TarMember:
    """A member of a TAR; opened, all of it is in memory."""

    archive: Opener
    start: int
    size: int

    def __call__(self) -> BinaryIO:
        with self.archive() as file:
            file.seek(self.start)
            return _held(file, self.size)


def _held(file: BinaryIO, size: int) -> BinaryIO:
    if size > MAX_HELD:
        raise ArchiveError("too_large", f"is larger than {MAX_HELD} bytes; take it out of its archive")
    return io.BytesIO(file.read(size))


class _Kept:
    """A copy on disk under a name of its own, there as long as something may open it."""

    def __init__(self):
        self.file = tempfile.NamedTemporaryFile(prefix="redbook-")

    def __call__(self) -> BinaryIO:
        return open(self.file.name, "rb")


class _Guarded:
    """A file for `tarfile`, which believes a header that claims to be long and would read all of it into memory."""

    def __init__(self, file: BinaryIO):
        self.seek, self.tell, self._read = file.seek, file.tell, file.read

    def read(self, size: int) -> bytes:
        if size > MAX_HEADER:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return self._read(size)


# --- walking ---------------------------------------------------------------------------------------------------------


class _Unpacker:
    """Walks through one file and the archives in it; knows what it may still unpack."""

    def __init__(self, path: Path, name: str, rejects: Rejects):
        self.path, self.name, self.rejects = path, name, rejects
        self.left = 0

    def files(self, images: Mapping[str, Opener]) -> Iterator[XmlFile]:
        """The XML files in it, or the file itself with the `images` beside it."""
        with self._rejecting(self.name):
            status = os.stat(self.path)
            if not stat.S_ISREG(status.st_mode):
                raise ArchiveError("not_a_file", "is no regular file; leave it out")
            self.left = max(MIN_UNPACKED, MAX_RATIO * status.st_size)
            yield from self._open(self.name, partial(open, self.path, "rb"), 0, images)

    @contextmanager
    def _rejecting(self, name: str) -> Iterator[None]:
        """What goes wrong with a file is written down, and the next has its turn."""
        try:
            yield
        except ArchiveError as error:
            self.rejects.add(name, "", error.reason, f"{name}: {error}")
        except READ_ERRORS as error:
            self.rejects.add(name, "", "damaged", f"{name}: cannot be read ({first_line(error)}); fetch it again")

    def _open(self, name: str, opener: Opener, depth: int, images: Mapping[str, Opener]) -> Iterator[XmlFile]:
        kind = kind_of(name)
        if kind == "xml":
            with opener() as file:
                yield XmlFile(name, file, images)
        elif kind is None or kind in _BESIDE:
            raise ArchiveError("unsupported", NOT_RED_BOOK)
        elif depth == MAX_DEPTH:
            raise ArchiveError("too_deep", f"is an archive within {MAX_DEPTH} others; take it out of them")
        elif kind == "zip":
            yield from self._zip(name, opener, depth)
        elif kind == "tar":
            yield from self._tar(name, opener, depth)
        else:
            yield from self._tar(name, self._gunzipped(name, opener), depth)

    def _zip(self, name: str, opener: Opener, depth: int) -> Iterator[XmlFile]:
        with opener() as file, zipfile.ZipFile(file) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
            if len(members) > MAX_MEMBERS:
                raise ArchiveError("too_many_members", f"has more than {MAX_MEMBERS} members; split it")
            images = _by_folder((info.filename, ZipMember(opener, info)) for info in members)
            for info in members:
                member = f"{name}!{shown(info.filename)}"
                with self._rejecting(member):
                    check_name(info.filename)
                    if kind_of(info.filename) in _BESIDE:
                        continue
                    self._check_zipped(info)
                    streamed = kind_of(info.filename) == "xml"
                    inside = partial(archive.open, info) if streamed else ZipMember(opener, info)
                    yield from self._open(member, inside, depth + 1, images[folder_of(info.filename)])

    def _check_zipped(self, info: zipfile.ZipInfo) -> None:
        if info.flag_bits & 1:
            raise ArchiveError("encrypted", "is encrypted; save it without a password")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise ArchiveError("link", "is a link; only what an archive itself holds is read")
        self._take(info.file_size)

    def _take(self, size: int) -> None:
        """Count what is about to be unpacked."""
        if size > self.left:
            raise ArchiveError(
                "bomb", f"unpacks to more than {MAX_RATIO} times the size of {self.name}; leave it out or unpack it"
            )
        self.left -= size

    def _tar(self, name: str, opener: Opener, depth: int) -> Iterator[XmlFile]:
        images = _images_in_tar(opener)
        with opener() as file, tarfile.open(fileobj=_Guarded(file), mode="r:") as archive:
            for info in _members(archive):
                member = f"{name}!{shown(info.name)}"
                with self._rejecting(member):
                    check_name(info.name)
                    if info.isdir() or info.isreg() and kind_of(info.name) in _BESIDE:
                        continue
                    if not info.isreg() or info.issparse():
                        raise ArchiveError("link", "is a link or a device; only what an archive itself holds is read")
                    streamed = kind_of(info.name) == "xml"
                    inside = partial(archive.extractfile, info) if streamed else _tar_member(opener, info)
                    yield from self._open(member, inside, depth + 1, images[folder_of(info.name)])

    def _gunzipped(self, name: str, opener: Opener) -> Opener:
        """A TAR on disk; of one that breaks off, what there is."""
        kept = _Kept()
        with self._rejecting(name), opener() as packed, gzip.open(packed) as stream:
            while chunk := stream.read1(1 << 20):  # of a stream that breaks off, `read` drops more
                self._take(len(chunk))
                kept.file.write(chunk)
        kept.file.flush()
        return kept
