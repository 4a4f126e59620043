"""Numbers, dates and classes of patents in one form, however a vintage writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dataset_builder.redbook.parsing import DocumentError

_NUMBER = re.compile(r"([A-Z]{0,2})0*([1-9]\d{0,12})", re.ASCII)
_DATE = re.compile(r"(\d{4})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", re.ASCII)
_PCT = re.compile(r"PCT/?([A-Z]{2})(\d{4}|\d{2})/?0*(\d+)", re.ASCII)
_CLASS = re.compile(r"([A-HY]\d\d[A-Z])\s*0*(\d{1,4})\s*/\s*(\d{1,6})", re.ASCII)
_CLASS_IN_COLUMNS = re.compile(r"([A-HY]\d\d[A-Z])([ \d]{2}\d)(\d{2,6})", re.ASCII)  # G06F 1516
_KINDS = {"D": "design", "S": "design", "P": "plant", "R": "reissue", "E": "reissue", "H": "other", "T": "other"}


def patent_number(number: str) -> str | None:
    """The number without the zeros that fill it up: 08930553 -> 8930553, D0456588 -> D456588; None for no number."""
    match = _NUMBER.fullmatch(re.sub(r"[\s,/.-]", "", number.upper()))
    return match[1] + match[2] if match else None


def patent_kind(number: str, kind_code: str) -> str:
    """utility, design, plant, reissue or other, by the letter of the number ("D456588"), else of the kind ("P1")."""
    letter = number[:1] if number[:1].isalpha() else kind_code[:1]
    return _KINDS.get(letter.upper(), "utility")


def kind_of(patent_id: str) -> str:
    """The kind of patent that an id tells: USD456588S1 a design, US8930553B2 a utility patent."""
    match = re.fullmatch(r"[A-Z]{2}([A-Z]{0,2}\d+)([A-Z]\d?)?", patent_id)
    return patent_kind(match[1], match[2] or "") if match else "other"


def iso_date(digits: str | None) -> str | None:
    """20150106 -> 2015-01-06; None for what is no day ("20101100")."""
    match = _DATE.fullmatch((digits or "").strip())
    return "-".join(match.groups()) if match else None


def application_number(country: str | None, number: str | None) -> str | None:
    """An application's number with its country, letters and digits alone: US09156060, JP2011015204.

    International applications are written as WIPO does, PCT/GB1999/001730, whichever form they come in.
    """
    written = re.sub(r"\s", "", number or "").upper()
    if pct := _PCT.fullmatch(written):
        office, year, serial = pct.groups()
        century = "" if len(year) == 4 else "19" if year >= "78" else "20"  # the treaty came into force in 1978
        return f"PCT/{office}{century}{year}/{serial:0>6}"
    bare = re.sub(r"[\W_]", "", written)
    return f"{(country or 'US').strip().upper()}{bare}" if bare else None


def earliest_last(dated: Iterable[tuple[str | None, str | None]]) -> tuple[str, ...]:
    """The numbers of (number, "YYYYMMDD") pairs once each, latest first; those without a date come before all."""
    known = {number: date or "" for number, date in dated if number}
    undated = [number for number, date in known.items() if not date]
    return (*undated, *sorted(known.keys() - set(undated), key=lambda number: (known[number], number), reverse=True))


def earliest_date(dated: Iterable[tuple[str | None, str | None]]) -> str | None:
    """The date ("YYYY-MM-DD") of the last of `earliest_last`; None where none is known to the day."""
    return iso_date(min((date for number, date in dated if number and date), default=None))


def class_symbol(written: str | None) -> str | None:
    """G06F017/60, "G06F 1516" and "G06F 15/16" -> "G06F 15/16"; None for other schemes."""
    written = (written or "").strip()
    match = _CLASS.fullmatch(written) or _CLASS_IN_COLUMNS.fullmatch(written)
    return f"{match[1]} {int(match[2])}/{match[3]}" if match else None


def class_symbols(written: Iterable[str | None]) -> tuple[str, ...]:
    """The symbols once each, in their order."""
    return tuple(dict.fromkeys(symbol for symbol in map(class_symbol, written) if symbol))


def count(written: str | None) -> int | None:
    """A count as a document gives it; None where it gives none."""
    return int(written) if written and re.fullmatch(r"\s*\d{1,6}\s*", written, re.ASCII) else None


def identify(country: str, number: str, kind_code: str) -> tuple[str, str]:
    """The id ("US8930553B2", "USD456588S1") and the kind of patent.

    Raises:
        DocumentError: no number.
    """
    bare = patent_number(number)
    if bare is None:
        raise DocumentError("no_number", f"has no number of a patent ({number[:40]!r}); fetch it again")
    return f"{country or 'US'}{bare}{kind_code}", patent_kind(bare, kind_code)
