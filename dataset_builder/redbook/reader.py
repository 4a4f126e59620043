"""Red Book files of any form to patents, one after the other."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path

from PIL import Image

from dataset_builder.patent import Patent
from dataset_builder.redbook.archives import (
    NOT_RED_BOOK,
    READ_ERRORS,
    READABLE,
    ArchiveError,
    Opener,
    XmlFile,
    kind_of,
    xml_files,
)
from dataset_builder.redbook.documents import MAX_BYTES, Document, split_documents
from dataset_builder.redbook.parsing import DocumentError
from dataset_builder.redbook.patents import document_name, read_patent
from dataset_builder.rejects import Rejects
from dataset_builder.share import WHOLE, Share
from modeling_patentlmm.image_processing_patentlmm import first_line, open_figure_file


class RedbookError(ValueError):
    """A path that no patent can be read from; the message is one line that names it and the remedy."""


def read_redbook(path: str | os.PathLike, rejects: Rejects, share: Share = WHOLE) -> Iterator[Patent]:
    """The patents of an XML file, of a week's, of a ZIP or TAR, or of all those in a folder; one in memory at a time.

    Grants of 2002 and later (ST.32 2.5, 4.x), applications of 2001 and later (pap 1.5, 4.x). Sheets whose image lies
    beside the XML can be opened. What cannot be read is written to `rejects`, with its file and document. Of several
    workers each reads its `share` of the documents.

    Raises:
        RedbookError: at once, when there is nothing at `path` or it is of another format.
    """
    path = Path(path)
    if not path.exists():
        raise RedbookError(f"{path}: is not there; name an XML file, an archive or a folder")
    if path.is_file() and kind_of(path.name) not in READABLE:
        raise RedbookError(f"{path}: {NOT_RED_BOOK}")
    return _patents(path, rejects, share)


def _patents(path: Path, rejects: Rejects, share: Share) -> Iterator[Patent]:
    of_files = rejects if share.speaks else Rejects()  # every share meets the files, one tells of them
    place = count()
    for xml in xml_files(path, of_files):
        found = 0
        try:
            for document in split_documents(xml.file):
                found += 1
                if share.takes(path.name, next(place)) and (patent := _patent(document, xml, rejects)):
                    yield patent
        except READ_ERRORS as error:
            of_files.add(xml.name, "", "damaged", f"{xml.name}: breaks off ({first_line(error)}); fetch it again")
        else:
            if not found:
                of_files.add(xml.name, "", "empty", f"{xml.name}: is empty; fetch it again")


def _patent(document: Document, xml: XmlFile, rejects: Rejects) -> Patent | None:
    try:
        if document.data is None:
            raise DocumentError("too_large", f"is larger than {MAX_BYTES} bytes; leave it out")
        patent = read_patent(document.data)
    except DocumentError as error:
        item = document_name(document.data or b"", document.offset)
        rejects.add(xml.name, item, error.reason, f"{xml.name}: {item} {error}")
        return None
    return replace(patent, source=xml.name, sheets=_with_images(patent, xml.images))


def _with_images(patent: Patent, images: Mapping[str, Opener]) -> tuple:
    if not images:
        return patent.sheets
    return tuple(
        replace(sheet, open=partial(_open_sheet, sheet.name, opener))
        if (opener := images.get(sheet.name.lower()))
        else sheet
        for sheet in patent.sheets
    )


def _open_sheet(name: str, opener: Opener) -> Image.Image:
    """The image of a sheet.

    Raises:
        RedbookError: its file or archive cannot be read.
        FigureError: it is no image we read.
    """
    try:
        with opener() as file:
            return open_figure_file(file, name)[0]
    except ArchiveError as error:
        raise RedbookError(f"{name}: {error}") from None
    except READ_ERRORS as error:
        raise RedbookError(f"{name}: cannot be read ({first_line(error)}); fetch it again") from None
