"""A family's split depends on nothing but the family."""

import re
from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset_builder.patent import Patent
from dataset_builder.split import SPLITS, SplitRule, assign_split, family_date, family_of, plain_number, split_of

ids = st.integers(2_000_000, 99_999_999).map("US{:08}".format)
days = st.dates(date(1970, 1, 1), date(2040, 12, 31))
shares = st.floats(0.01, 0.45)
UNTIMED = SplitRule(test_from=None)


@given(ids, days, days, shares, shares)
def test_a_family_is_held_out_from_the_day_on(family, filed, test_from, validation, test):
    split = assign_split(family, filed.isoformat(), SplitRule(validation, test, test_from))
    assert split in SPLITS
    assert split != "train" or filed < test_from


@given(ids, days, days, days)
def test_an_earlier_day_only_takes_families_out_of_training(family, filed, one, other):
    early, late = sorted([one, other])
    before = assign_split(family, filed.isoformat(), SplitRule(test_from=late))
    after = assign_split(family, filed.isoformat(), SplitRule(test_from=early))
    assert after == before or before == "train"


def test_shares_are_those_of_the_rule():
    counts = Counter(assign_split(f"US{number}", None, UNTIMED) for number in range(10_000_000, 10_020_000))
    assert [round(counts[split] / 20_000, 2) for split in SPLITS] == [0.9, 0.05, 0.05]
    young = Counter(assign_split(f"US{number}", "2025-02-01") for number in range(18_000_000, 18_004_000))
    assert young["train"] == 0 and 0.47 < young["test"] / 4000 < 0.53


def test_the_assignment_never_changes():
    """Datasets out in the world rely on it: these may not be touched."""
    held_out = {"US10531903": "test", "US10531905": "test", "US10531937": "validation", "US10531946": "validation"}
    assert {family: assign_split(family, "2007-01-01") for family in held_out} == held_out
    assert {assign_split(family, "2007-01-01") for family in ("US60968023", "JP2011015204")} == {"train"}


@pytest.mark.parametrize("validation, test", [(-0.1, 0.2), (0.5, 0.5), (0.0, 0.0)])
def test_shares_must_leave_something_on_both_sides(validation, test):
    with pytest.raises(ValueError, match="shares of"):
        SplitRule(validation, test)


def test_what_decides_must_be_known():
    with pytest.raises(ValueError, match="family id is empty"):
        assign_split("", "2007-01-01")
    with pytest.raises(ValueError, match="US1: say when it was first filed"):
        assign_split("US1")


def member(patent_id: str = "US9999999B2", **fields) -> Patent:
    return Patent(patent_id=patent_id, title="Pump", **fields)


def test_application_grant_continuation_and_divisional_are_one_family():
    parent = {"related": ("US60/968,023",), "priority_date": "2007-08-24"}
    family = [
        member("US20090054737A1", application="12/197,123", filing_date="2008-08-22", **parent),
        member("US8926509B2", application="US12197123", filing_date="2008-08-22", **parent),
        member(
            "US9000001B2",
            application="14/590,001",
            filing_date="2025-01-06",
            related=("US12197123", "US200760968023P"),
            priority_date="2007-08-24",
        ),
    ]
    assert {family_of(each) for each in family} == {"US60968023"}
    assert len({split_of(each) for each in family}) == 1


def test_the_first_application_of_a_line_is_in_its_family():
    first = member("US7222497B2", application="10/531,982", filing_date="2005-04-20")
    divisional = member("US7500000B2", application="11641700", related=("US10531982",), priority_date="2005-04-20")
    assert family_of(first) == family_of(divisional) == "US10531982"
    assert family_date(first) == family_date(divisional)


def test_a_patent_without_numbers_of_applications_is_its_own_family():
    assert family_of(member("US3438011A")) == "US3438011A"


@given(st.lists(days, min_size=1, max_size=6), days, ids)
def test_members_with_and_without_known_dates_never_disagree(later, first, root):
    """Whatever a source leaves out, a definite answer is the one that the full facts give."""
    rule = SplitRule(test_from=date(2005, 1, 1))
    truth = assign_split(root, first.isoformat(), rule)
    for gap in later:
        filed = first + timedelta(days=gap.toordinal() % 4000)
        published = filed + timedelta(days=500)
        dates = {"filing_date": filed.isoformat(), "publication_date": published.isoformat()}
        known = member(related=(root,), priority_date=first.isoformat(), **dates)
        unknown = member(related=(root,), **dates)
        assert split_of(known, rule) == truth
        assert split_of(unknown, rule) in (truth, None)
        assert (split_of(unknown, rule) is None) == (filed >= rule.test_from)


WRITTEN = {
    "US10339710": ["10/339,710", "US10339710", "US200310339710A", "10339710", "US 10/339,710"],
    "US08123456": ["8/123,456", "08/123,456", "US08123456"],
    "US60968023": ["US60/968,023", "US60968023P", "US200760968023P"],
    "PCTUS2012034567": ["PCT/US12/34567", "PCT/US2012/034567", "US2012034567W"],
    "PCTJP1999000123": ["PCT/JP99/00123", "PCT/JP1999/000123"],
    "JP2011015204": ["JP 2011-015204", "JP2011-15204", "JPP2011-015204", "JP P. 2011-015204", "JP2011015204A"],
    "GB0712336": ["GB 0712336.3", "GB0712336A"],
    "DE10312345": ["DE 103 12 345", "DE 103 12 345.6", "DE10312345A1"],
    "KR3020050015572": ["KR30-2005-0015572"],
    "ITBG2002A000039": ["IT BG2002A000039"],
}


@pytest.mark.parametrize("plain, written", [(plain, form) for plain, forms in WRITTEN.items() for form in forms])
def test_a_number_has_one_form(plain, written):
    assert plain_number(written) == plain
    assert plain_number(plain) == plain


@given(st.text(max_size=30))
def test_any_number_has_a_plain_form(text):
    assert re.fullmatch("[A-Z0-9]{2,}", plain_number(text))


def test_the_rule_reads_as_a_sentence():
    assert str(SplitRule(test_from=None)).endswith("train (90%), validation (5%) or test (5%).")
    assert "first filed on 2024-01-01 or later" in str(SplitRule())
