"""Bytes of one document to its elements: nothing declared is expanded, nothing is looked up, sizes are bounded."""

from __future__ import annotations

import re

from lxml import etree

from dataset_builder.rejects import Unusable

# UTF-8 by the DTDs; the others are what files are saved as by hand. All write markup in ASCII, which the checks need.
ENCODINGS = ("utf-8", "us-ascii", "ascii", "iso-8859-1", "latin1", "windows-1252")

_ENCODING = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml\b[^>]{0,100}?encoding\s*=\s*[\"']([^\"']{0,60})")
_DECLARATION = re.compile(rb"<!(?:ENTITY|ELEMENT|ATTLIST)")
_DRAWING_FILE = re.compile(rb"<!ENTITY\s+[^\s%<>]+\s+SYSTEM\s+\"[^\"<>]*\"\s+NDATA\s+\w+\s*>")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")


class DocumentError(Unusable):
    """A document that cannot be used."""


def parse_document(data: bytes) -> etree._Element:
    """The root element of a document.

    Named entities stay in the tree as such. libxml2 bounds the depth (256 elements) and the length of a text
    (10 million characters); the size of the whole is bounded where it is cut out of its file.

    Raises:
        DocumentError: declarations of its own beyond the names of image files, another encoding, or no whole document.
    """
    _check_encoding(data)
    _check_declarations(data)
    # collect_ids=False would be faster, but makes libxml2 read the DTD that the document names, load_dtd or not.
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise _document_error(error.msg) from None


def _check_encoding(data: bytes) -> None:
    if data.startswith(_UTF_16):
        raise DocumentError("wrong_encoding", "is UTF-16; save it as UTF-8")
    declared = _ENCODING.match(data)
    name = declared[1].decode("ascii", "replace") if declared else "utf-8"
    if name.lower() not in ENCODINGS:
        raise DocumentError("wrong_encoding", f"declares the encoding {name!r}; save it as UTF-8")


def _check_declarations(data: bytes) -> None:
    declared = _DECLARATION.findall(data)
    if declared and len(declared) != len(_DRAWING_FILE.findall(data)):
        raise DocumentError(
            "own_declarations",
            "declares entities, elements or attributes of its own, which no Red Book document does; fetch it again",
        )


def _document_error(message: str) -> DocumentError:
    """The parser's message under the reason that fits."""
    if "XML_PARSE_HUGE" in message:  # the parser's advice to lift its bounds
        return DocumentError("too_large", f"goes beyond what is read ({message.split(',')[0]}); leave it out")
    if "encoding" in message:
        return DocumentError("wrong_encoding", f"is not in the encoding it declares ({message}); save it as UTF-8")
    return DocumentError("not_well_formed", f"is no whole XML document ({message}); fetch it again")
