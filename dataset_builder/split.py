"""Which split a patent belongs to: by family and by age, and the same however far the dataset grows.

Three things are asked of a split: no family in two splits, nothing young in training, and no patent that ever moves.
So the split is a function of one fact of the family that no later member can change: the number and the date of the
earliest application it goes back to.

* Where that application was filed before `SplitRule.test_from`, a hash of its number decides.
* Where it was filed on that day or later, the family is held out: never in training, however it is hashed. All that
  such a family publishes is younger still.

A family as old as that may publish long after `test_from` and stays in training: it tells what was known before.
A patent that goes back to several first applications (a continuation in part that joins two lines) is filed under the
earliest. The transitive closure over a corpus would be more complete, but would join two families, and so move patents
from one split to another, on the day on which the patent that joins them turns up. What is shared across such lines is
found by its look and wording instead (`leakage.py`).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date

from dataset_builder.patent import Patent

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class SplitRule:
    """The shares of the families held out, and the day from which on new families are not trained on.

    The default day is later than the texts that LLaMA-2, the language model of the paper, was trained on (2022, in part
    July 2023): what is tested cannot have been read before. It is a constant, as a day taken from the data would move.
    None: families of any age are trained on. Raises ValueError for shares that leave nothing to train on.
    """

    validation: float = 0.05
    test: float = 0.05
    test_from: date | None = date(2024, 1, 1)

    def __post_init__(self) -> None:
        if min(self.validation, self.test) < 0 or not 0 < self.validation + self.test < 1:
            raise ValueError(
                f"shares of {self.validation} for validation and {self.test} for test: neither may be negative, and "
                "together they must be more than 0 and less than 1"
            )

    def __str__(self) -> str:
        """The rule as a sentence for the dataset card."""
        train = 1 - self.validation - self.test
        by_hash = (
            f"A hash of the number of a family's earliest application puts it into train ({train:.0%}), "
            f"validation ({self.validation:.0%}) or test ({self.test:.0%})"
        )
        if self.test_from is None:
            return f"{by_hash}."
        return f"{by_hash}; families first filed on {self.test_from} or later are in validation or test only."


DEFAULT_RULE = SplitRule()


def assign_split(family_id: str, priority_date: str | None = None, rule: SplitRule = DEFAULT_RULE) -> str:
    """The split of a family, "train", "validation" or "test", whatever else is in the dataset.

    `priority_date` ("YYYY-MM-DD") is the day its earliest application was filed. An earlier `test_from` only ever takes
    families out of training; none changes between validation and test. Raises ValueError without a family, or without a
    date where the rule asks for the age.
    """
    if not family_id:
        raise ValueError("a split is by family, and the family id is empty: give the number of its first application")
    if rule.test_from is not None and priority_date is None:
        raise ValueError(f"family {family_id}: say when it was first filed, or use a rule without test_from")
    place = _place(family_id)
    if place < rule.validation:
        return "validation"
    if place >= 1 - rule.test:
        return "test"
    if rule.test_from is None or date.fromisoformat(priority_date) < rule.test_from:
        return "train"
    return "validation" if place < rule.validation / (rule.validation + rule.test) else "test"


def _place(family_id: str) -> float:
    """Where a family falls in 0..1, 1 excluded, evenly spread."""
    return (int.from_bytes(hashlib.sha256(family_id.encode()).digest()[:8], "big") >> 11) / 2**53


def split_of(patent: Patent, rule: SplitRule = DEFAULT_RULE) -> str | None:
    """The split of the family of `patent`; None where the family's age is not known and decides.

    Of a family without a known date, each date of a member is later: one before `test_from` tells that it is old.
    """
    family, day = family_of(patent), family_date(patent)
    if rule.test_from is None or day is not None:
        return assign_split(family, day, rule)
    own = [each for each in (patent.filing_date, patent.publication_date) if each]
    is_old = bool(own) and date.fromisoformat(min(own)) < rule.test_from
    return assign_split(family, min(own), rule) if is_old else None


def family_date(patent: Patent) -> str | None:
    """The day on which the earliest application of the family was filed; None where the source does not tell."""
    if patent.priority_date is not None:
        return patent.priority_date
    return None if patent.related else patent.filing_date


def family_of(patent: Patent) -> str:
    """The number of the earliest application that `patent` goes back to, its own where there is none, in plain form.

    A continuation, a divisional, an application and its grant all get the same; a source without numbers of
    applications gives the patent its own id. Known limit: a member that does not claim the earliest application of the
    others stands alone.
    """
    first = patent.related[-1] if patent.related else patent.application
    return plain_number(first, patent.patent_id[:2]) if first else patent.patent_id


_PCT = re.compile(r"PCT/?([A-Z]{2})/?(\d{4}|\d{2})/?(\d{5,6})")
_PCT_OF_DOCDB = re.compile(r"([A-Z]{2})(\d{4})(\d{6})W")
_US_OF_DOCDB = re.compile(r"US(?:19|20)\d{2}(\d{8})")
_US = re.compile(r"US(\d{7,8})")
_JAPANESE = re.compile(r"JPP?((?:19|20)\d{2})-?(\d{1,6})")


def plain_number(number: str, country: str = "US") -> str:
    """An application's number in the one form for all ways it is written, `country` before a bare one.

    10/339,710, US10339710 and US200310339710A are US10339710; PCT/US12/34567 and PCT/US2012/034567 are
    PCTUS2012034567; JP 2011-15204 and JP2011015204 are JP2011015204. Kind codes and check digits are left out.
    """
    text = re.sub(r"[^A-Z0-9/.-]", "", number.upper())
    if match := _PCT.match(text) or _PCT_OF_DOCDB.fullmatch(text):
        receiving, year, serial = match.groups()
        century = "" if len(year) == 4 else "19" if int(year) >= 78 else "20"  # the treaty is of 1978
        return f"PCT{receiving}{century}{year}{serial:0>6}"
    text = text if re.match(r"[A-Z]{2}", text) else country + text
    text = re.sub(r"(?<=\d)\.\d$", "", text)  # the check digit of European, German and British numbers
    text = re.sub(r"(?<=\d)[A-Z]\d?$", "", text)
    if match := _JAPANESE.fullmatch(text.replace(".", "")):
        return f"JP{match[1]}{match[2]:0>6}"
    text = re.sub(r"[^A-Z0-9]", "", text)
    if match := _US_OF_DOCDB.fullmatch(text) or _US.fullmatch(text):
        return f"US{match[1]:0>8}"
    return text
