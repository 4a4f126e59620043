"""Grants since 2005 (us-patent-grant 4.x) and applications since 2004 (us-patent-application 4.x) as patents."""

from __future__ import annotations

from collections.abc import Iterator

from dataset_builder.patent import Patent, Sheet
from dataset_builder.redbook import numbers
from dataset_builder.redbook.markup import markups
from dataset_builder.redbook.parsing import DocumentError
from dataset_builder.redbook.sheets import make_sheet

_MARKUP, _CLAIMS = markups(
    figure="figref",
    character="b",
    raised="sup",
    lowered="sub",
    spaced="br ul ol dl dd row entry pre program-listing tables",
    left_out="maths math chemistry",
    block="p",
    heading="heading",
    item="li dt",
    drawings="description-of-drawings",
    claim="claim",
    in_claims="li dt p claim-text",
)


def read_v4(root) -> Patent:
    """The patent of a `us-patent-grant` or `us-patent-application`.

    Raises:
        DocumentError: it has no bibliography or no number.
    """
    name = f"us-bibliographic-data-{root.tag.removeprefix('us-patent-')}"
    data = root.find(name)
    if data is None:
        raise DocumentError("no_bibliography", f"has no {name}; fetch it again")
    published = data.find("publication-reference/document-id")
    identity, kind = numbers.identify(*_document_id(published)[:2], _value(published, "kind"))
    country, number, filed = _document_id(data.find("application-reference/document-id"))
    application = numbers.application_number(country, number)
    related = [each for each in _related(data) if each[0] != application]
    return Patent(
        patent_id=identity,
        title=_MARKUP.text(data.find("invention-title")),
        kind=kind,
        publication_date=numbers.iso_date(_value(published, "date")),
        filing_date=numbers.iso_date(filed),
        application=application,
        priority_date=numbers.earliest_date(related),
        related=numbers.earliest_last(related),
        cpc=_classes(data.iterfind("classifications-cpc//classification-cpc")),
        ipc=_classes(data.iterfind("classifications-ipcr/classification-ipcr")) or _old_classes(data),
        abstract=_MARKUP.text(root.find("abstract")),
        claims=_CLAIMS.texts(root.find("claims")),
        paragraphs=_MARKUP.paragraphs(root.find("description")),
        sheets=tuple(_sheets(root)),
        figure_count=numbers.count(data.findtext("figures/number-of-figures")),
        sheet_count=numbers.count(data.findtext("figures/number-of-drawing-sheets")),
    )


def _value(element, name: str) -> str:
    return "" if element is None else (element.findtext(name) or "").strip()


def _document_id(element) -> tuple[str, str, str]:
    """Country, number and date."""
    return _value(element, "country"), _value(element, "doc-number"), _value(element, "date")


def _related(data) -> Iterator[tuple[str | None, str]]:
    """Number and date of each application that this one goes back to."""
    for path in (
        "us-related-documents//parent-doc/document-id",
        "us-related-documents/us-provisional-application/document-id",
        "pct-or-regional-filing-data/document-id",
        "priority-claims/priority-claim",
    ):
        for element in data.iterfind(path):
            country, number, date = _document_id(element)
            yield numbers.application_number(country, number), date


def _classes(elements) -> tuple[str, ...]:
    """The symbols of CPC or IPC classes, the main one first."""
    symbols = (
        f"{_value(each, 'section')}{_value(each, 'class')}{_value(each, 'subclass')} "
        f"{_value(each, 'main-group')}/{_value(each, 'subgroup')}"
        for each in elements
    )
    return numbers.class_symbols(symbols)


def _old_classes(data) -> tuple[str, ...]:
    """Those of 4.0, which are written in columns."""
    element = data.find("classification-ipc")
    if element is None:
        return ()
    return numbers.class_symbols(child.text for child in element.iter("main-classification", "further-classification"))


def _sheets(root) -> Iterator[Sheet]:
    for image in root.iterfind("drawings//img"):
        yield make_sheet(image.get("file", ""), image.get("wi", ""), image.get("he", ""), image.get("orientation"))
