"""Applications of 2001 to 2004 (pap-v15: patent-application-publication) as patents."""

from __future__ import annotations

from collections.abc import Iterator

from dataset_builder.patent import Patent
from dataset_builder.redbook import numbers
from dataset_builder.redbook.markup import markups
from dataset_builder.redbook.parsing import DocumentError
from dataset_builder.redbook.sheets import make_sheet

_MARKUP, _CLAIMS = markups(
    figure="cross-reference",
    character="bold",
    raised="superscript",
    lowered="subscript",
    spaced="row entry table-cwu",
    left_out="math-cwu chemistry-cwu math number",
    block="paragraph",
    heading="heading",
    item="list-item li",
    drawings="brief-description-of-drawings",
    claim="claim",
    in_claims="list-item li claim-text",
)


def read_application_v15(root) -> Patent:
    """The patent of a `patent-application-publication`.

    Raises:
        DocumentError: it has no bibliography or no number.
    """
    data = root.find("subdoc-bibliographic-information")
    if data is None:
        raise DocumentError("no_bibliography", "has no subdoc-bibliographic-information; fetch it again")
    _prepare(root.find("subdoc-description"))
    identity, kind = numbers.identify(
        _value(data, "document-id/country-code"),
        _value(data, "document-id/doc-number"),
        _value(data, "document-id/kind-code"),
    )
    related = list(_related(data))
    return Patent(
        patent_id=identity,
        title=_value(data, "technical-information/title-of-invention"),
        kind=kind,
        publication_date=numbers.iso_date(_value(data, "document-id/document-date")),
        filing_date=numbers.iso_date(_value(data, "domestic-filing-data/filing-date")),
        application=numbers.application_number(
            "US", _value(data, "domestic-filing-data/application-number/doc-number")
        ),
        priority_date=numbers.earliest_date(related),
        related=numbers.earliest_last(related),
        ipc=numbers.class_symbols(each.text for each in data.iterfind("technical-information/classification-ipc//ipc")),
        abstract=" ".join(_MARKUP.text(each) for each in root.iterfind("subdoc-abstract/paragraph")),
        claims=_CLAIMS.texts(root.find("subdoc-claims")),
        paragraphs=_MARKUP.paragraphs(root.find("subdoc-description")),
        sheets=tuple(make_sheet(each.get("file", "")) for each in root.iterfind("subdoc-drawings//image")),
    )


def _value(element, path: str) -> str:
    return _MARKUP.text(element.find(path))


def _related(data) -> Iterator[tuple[str | None, str]]:
    """Number and date of each application that this one goes back to."""
    parents = [
        *data.iterfind("continuity-data//parent/document-id"),
        *data.iterfind("continuity-data//non-provisional-of-provisional//document-id"),
    ]
    for parent in parents:
        number = numbers.application_number(_value(parent, "country-code"), _value(parent, "doc-number"))
        yield number, _value(parent, "document-date")
    for priority in data.iterfind("foreign-priority-data"):
        number = _value(priority, "priority-application-number/doc-number")
        yield numbers.application_number(_value(priority, "country-code"), number), _value(priority, "filing-date")


def _prepare(description) -> None:
    """Give paragraphs their numbers ("[0012]", "12.") as later vintages do, and tell what refers to no figure."""
    if description is None:
        return
    for paragraph in description.iter("paragraph"):
        number = "".join(paragraph.xpath("number//text()")).strip("[]. ")
        if number:
            paragraph.set("num", number)
    for reference in description.iter("cross-reference"):
        if reference.get("target") != "DRAWINGS":
            reference.tag = "reference"  # to a table or a formula
