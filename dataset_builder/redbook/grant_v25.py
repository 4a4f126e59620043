"""Grants of 2002 to 2004 (ST32-US-Grant-025xml: PATDOC with the tags of WIPO ST.32) as patents."""

from __future__ import annotations

from collections.abc import Iterator

from dataset_builder.patent import Patent
from dataset_builder.redbook import numbers
from dataset_builder.redbook.markup import markups
from dataset_builder.redbook.parsing import DocumentError
from dataset_builder.redbook.sheets import make_sheet

_MARKUP, _CLAIMS = markups(
    figure="FGREF",
    character="BOLD",
    raised="SP",
    lowered="SB",
    spaced="BR UL TABLE-US row entry",
    left_out="MATH-US CHEM-US math",
    block="PARA",
    heading="H",
    item="LI",
    drawings="DRWDESC",
    claim="CLM",
    in_claims="LI PARA CLMSTEP",
)


def read_grant_v25(root) -> Patent:
    """The patent of a `PATDOC`.

    Raises:
        DocumentError: it has no bibliography or no number.
    """
    data = root.find("SDOBI")
    if data is None:
        raise DocumentError("no_bibliography", "has no SDOBI; fetch it again")
    identity, kind = numbers.identify(
        _value(data, "B100/B190"), _value(data, "B100/B110/DNUM"), _value(data, "B100/B130")
    )
    related = list(_related(data))
    return Patent(
        patent_id=identity,
        title=_value(data, "B500/B540"),
        kind=kind,
        publication_date=numbers.iso_date(_value(data, "B100/B140/DATE")),
        filing_date=numbers.iso_date(_value(data, "B200/B220/DATE")),
        application=numbers.application_number("US", _value(data, "B200/B210/DNUM")),
        priority_date=numbers.earliest_date(related),
        related=numbers.earliest_last(related),
        ipc=numbers.class_symbols(_text(each) for each in data.iterfind("B500/B510/*")),
        abstract=_MARKUP.text(root.find("SDOAB")),
        claims=_CLAIMS.texts(root.find("SDOCL")),
        paragraphs=_MARKUP.paragraphs(root.find("SDODE")),
        sheets=tuple(make_sheet(each.get("FILE", "")) for each in root.iterfind("SDODR//EMI")),
        figure_count=numbers.count(_value(data, "B500/B590/B596")),
        sheet_count=numbers.count(_value(data, "B500/B590/B595")),
    )


def _text(element) -> str:
    return _MARKUP.text(element)


def _value(element, path: str) -> str:
    return _text(element.find(path))


def _related(data) -> Iterator[tuple[str | None, str]]:
    """Number and date of each application that this one goes back to."""
    documents = [*data.iterfind("B600//PDOC/DOC"), *data.iterfind("B600/B680US/DOC"), *data.iterfind("B860/B861/DOC")]
    for document in documents:
        number = numbers.application_number(_value(document, "CTRY"), _value(document, "DNUM"))
        yield number, _value(document, "DATE")
    for priorities in data.iterfind("B300"):  # numbers, dates and countries by turns
        for number, date, country in zip(*(priorities.findall(tag) for tag in ("B310", "B320", "B330"))):
            yield numbers.application_number(_text(country), _value(number, "DNUM")), _value(date, "DATE")
