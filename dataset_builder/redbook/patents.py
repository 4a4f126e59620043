"""One document of any vintage to its patent."""

from __future__ import annotations

import re

from dataset_builder.patent import Patent
from dataset_builder.redbook.application_v15 import read_application_v15
from dataset_builder.redbook.grant_v25 import read_grant_v25
from dataset_builder.redbook.parsing import DocumentError, parse_document
from dataset_builder.redbook.v4 import read_v4

VINTAGES = {
    "us-patent-grant": read_v4,
    "us-patent-application": read_v4,
    "PATDOC": read_grant_v25,
    "patent-application-publication": read_application_v15,
}
_NAME = re.compile(rb"\bfile=\"([\w.-]{1,60})\"|<(?:doc-number|DNUM><PDAT)>([\w/.-]{1,30})<")


def read_patent(data: bytes) -> Patent:
    """The patent of a document.

    Raises:
        DocumentError: the document is of another kind, damaged, or dangerous.
    """
    root = parse_document(data)
    reader = VINTAGES.get(root.tag)
    if reader is None:
        raise DocumentError("not_a_patent", f"is a <{root.tag[:60]}>, not one of {', '.join(VINTAGES)}; leave it out")
    return reader(root)


def document_name(data: bytes, offset: int) -> str:
    """What people can find a document by: its file name or number, else its place in the file."""
    named = _NAME.search(data, 0, 20_000)
    place = f"byte {offset}"
    return f"{(named[1] or named[2]).decode()} ({place})" if named else place
