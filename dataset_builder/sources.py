"""Raw patents of any kind, told by their files: Red Book XML and archives, Google Patents pages, PDFs, or a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dataset_builder.google_patents import SUFFIXES, read_google_patents
from dataset_builder.patent import Patent
from dataset_builder.pdf import read_pdf
from dataset_builder.redbook import read_redbook
from dataset_builder.rejects import Rejects
from dataset_builder.share import WHOLE, Share

RED_BOOK = frozenset((".xml", ".zip", ".tar", ".tgz", ".gz"))
PDF = ".pdf"
READABLE = RED_BOOK | {*SUFFIXES, PDF}
# What comes with patents and is read with them, or is not about figures: sheets, maths, chemistry, sequences.
COMPANIONS = frozenset(".tif .tiff .png .jpg .jpeg .nb .cdx .mol .dtd .ent .seq".split())


class SourceError(ValueError):
    """A source without patents that we can read; the message is one line that names it and the remedy."""


def source_files(source: Path) -> list[Path]:
    """The files of a source that a reader exists for, in order.

    Raises:
        SourceError: there is none.
    """
    if not source.exists():
        raise SourceError(f"{source}: does not exist; check the path")
    files = [path for path in _files(source) if path.suffix.lower() in READABLE]
    if not files:
        raise SourceError(
            f"{source}: holds no file that can be read; give {', '.join(sorted(READABLE))} or a folder of them"
        )
    return files


def read_patents(source: Path, rejects: Rejects, share: Share = WHOLE, read_text: bool = False) -> Iterator[Patent]:
    """The patents of one share of a source, file by file; files that cannot be read are written down.

    `read_text` has the scanned text pages of PDFs read by OCR, about half a minute each.
    """
    for path in source_files(source):
        try:
            yield from _read(path, rejects, share, read_text)
        except ValueError as error:  # the readers' own, one line that names the file; the same in every share
            if share.takes(path.name):
                rejects.add(path.name, "", "unreadable_file", str(error))
    if share.speaks:
        for path in _files(source):
            if path.suffix.lower() not in READABLE | COMPANIONS:
                detail = f"{path.name}: no reader for {path.suffix or 'a file without a suffix'}; leave it out"
                rejects.add(path.name, "", "no_reader", detail)


def _read(path: Path, rejects: Rejects, share: Share, read_text: bool) -> Iterator[Patent]:
    """The patents of a file; a share of one that holds one patent is all of it or nothing."""
    if path.suffix.lower() in RED_BOOK:
        return read_redbook(path, rejects, share)
    if not share.takes(path.name):
        return iter(())
    if path.suffix.lower() == PDF:
        return read_pdf(path, rejects, read_text)
    return read_google_patents(path, rejects)


def _files(source: Path) -> list[Path]:
    return [source] if source.is_file() else sorted(path for path in source.rglob("*") if path.is_file())
