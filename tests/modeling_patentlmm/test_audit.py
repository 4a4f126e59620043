"""Drawings against text: each kind of finding on a small case, what must not be found, waivers."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling_patentlmm.audit_patentlmm import RULES, Finding, Sheet, WaiverError, audit, parse_waivers, waive
from modeling_patentlmm.ocr_patentlmm import FigureReading, Word
from modeling_patentlmm.specification_patentlmm import specification_from_text

PARTS = {"102": "housing", "104": "lid", "106": "spring", "108": "valve", "110": "lever", "112": "pump"}


def sheet(*lines: str, name: str = "sheet.png", confidence: float = 0.99) -> Sheet:
    """A sheet with each line of words in its place, far from the others."""
    words = []
    for row, line in enumerate(lines):
        x, y = 60 + 250 * (row % 3), 60 + 90 * (row // 3)
        for text in line.split():
            words.append(Word(text, (x, y, x + 10 * len(text), y + 14), confidence))
            x += 10 * (len(text) + 1)
    return Sheet(name, FigureReading(tuple(words), 0, (1000, 1000), "precomputed"))


def prose(parts: dict[str, str] = PARTS, more: str = "", figures: str = "FIG. 1") -> str:
    brief = f"BRIEF DESCRIPTION OF THE DRAWINGS\n\n{figures} is a perspective view.\n\nDETAILED DESCRIPTION\n\n"
    sentences = " ".join(f"The {term} {text} is shown. A bolt holds the {term} {text}." for text, term in parts.items())
    return f"{brief}Referring to {figures}, it works. {sentences} {more}"


def find(sheets, text: str) -> dict[str, Finding]:
    return {finding.key: finding for finding in audit(sheets, specification_from_text(text))}


DRAWN = sheet(*PARTS, "FIG. 1")


def test_nothing_is_found_where_drawings_and_text_agree():
    assert find([DRAWN], prose()) == {}
    assert find([sheet("FIG. 1")], "FIG. 1 is a chair.") == {}, "a design has no characters"


def test_a_character_only_drawn():
    (finding,) = find([sheet(*PARTS, "114", "FIG. 1")], prose()).values()
    assert (finding.key, finding.rule, finding.sure) == ("not-described 114", "37 CFR 1.84(p)(5)", True)
    (place,) = finding.places
    assert (place.sheet, place.text, place.confidence) == (0, "114", 0.99)
    unsure = find([DRAWN, sheet("114", confidence=0.6)], prose())["not-described 114"]
    assert not unsure.sure and "little confidence" in unsure.message


def test_a_character_only_in_the_text():
    (finding,) = find([DRAWN], prose(more="The bracket 114 holds the pump 112.")).values()
    assert finding.key == "not-drawn 114" and finding.sure and "114 (bracket)" in finding.message
    (quote,) = finding.quotes
    assert quote.sentence == "The bracket 114 holds the pump 112." and quote.sentence[quote.start : quote.end] == "114"


@pytest.mark.parametrize(
    "more",
    [
        "It is 40 mm wide, 30% lighter, made in 1998, as in claim 3 of U.S. Pat. No. 5,123,456 or 3:1 at 80 degrees.",
        "Of [0012] and Table 4, Equation 5 follows; x = 12 with 3 bolts.",
        "The parts 102-112 are alike.",
    ],
)
def test_quantities_and_ranges_are_no_findings(more):
    assert not [finding for finding in find([DRAWN], prose(more=more)).values() if finding.sure]


def test_what_may_be_a_misreading_is_told_and_less_certain():
    shown = sheet(*(text for text in PARTS if text != "112"), "11", "FIG. 1")
    found = find([shown], prose())
    assert not found["not-drawn 112"].sure and "the drawings have 11, perhaps misread" in found["not-drawn 112"].message
    assert not found["not-described 11"].sure and "misread 112" in found["not-described 11"].message
    assert found["not-drawn 112"].places[0].text == "11"


def test_two_characters_read_as_one_are_both_there():
    shown = sheet(*(text for text in PARTS if text not in ("110", "112")), "110112", "FIG. 1")
    assert not [finding for finding in find([shown], prose()).values() if finding.sure]


@pytest.mark.parametrize(("drawn", "said"), [("112a", "pump 112 a"), ("112A", "pump 112a"), ("B", "line B")])
def test_a_character_may_be_written_in_another_way(drawn, said):
    more = ("A", "B", "C", "D") if drawn == "B" else (drawn,)
    text = prose(more=f"The {said} runs. Lines A, C and D meet.")
    assert not [key for key in find([sheet(*PARTS, *more, "FIG. 1")], text) if "not-d" in key]


def test_variants_of_the_drawn_character_are_less_certain():
    found = find([sheet(*PARTS, "112a", "112b", "FIG. 1")], prose())
    assert {"not-described 112a", "not-described 112b"} == set(found) and not any(f.sure for f in found.values())


def test_one_character_with_two_terms():
    extra = "The pump 112 runs. The pump 112 stops. The flange 112 turns."
    found = find([DRAWN], prose(more=extra))
    (finding,) = found.values()
    assert finding.key == "two-terms 112 pump|flange" and finding.sure
    assert [quote.sentence for quote in finding.quotes] == ["The flange 112 turns."]


@pytest.mark.parametrize(
    "variant", ["first pump", "pumps", "oil pump", "pumping unit", "element", "pump assembly", "said pump"]
)
def test_variants_of_a_term_are_the_same(variant):
    assert find([DRAWN], prose(more=f"The {variant} 112 turns.")) == {}


def test_one_part_with_two_characters():
    (finding,) = find([DRAWN], prose(more="Oil leaves the valve 110 then.")).values()
    assert finding.key == "two-characters 108|110" and finding.sure
    assert "the valve is 108 (2 times) but also 110, which is the lever (2 times)" in finding.message


def test_parts_of_one_name_are_no_finding():
    parts = {**PARTS, "114": "spring", "116": "spring"}
    assert find([sheet(*parts, "FIG. 1")], prose(parts)) == {}


def test_a_pair_swapped_in_the_text():
    (finding,) = find([DRAWN], prose(more="Oil leaves the valve 110 under the lever 108.")).values()
    assert finding.key == "swapped 108|110" and finding.sure and len(finding.quotes) == 2


def test_a_pair_swapped_on_a_sheet_that_prints_the_names():
    shown = [f"{term.upper()} {text}" for text, term in PARTS.items() if text not in ("108", "110")]
    assert find([sheet(*shown, "VALVE 108", "LEVER 110", "FIG. 1")], prose()) == {}
    (finding,) = find([sheet(*shown, "LEVER 108", "VALVE 110", "FIG. 1")], prose()).values()
    assert finding.key == "swapped 108|110" and "on the sheet 108 stands at the lever" in finding.message


def test_a_figure_that_is_drawn_only():
    (finding,) = find([DRAWN, sheet("FIG. 2")], prose()).values()
    assert finding.key == "figure-not-described FIG. 2" and finding.sure
    assert finding.places[0].sheet == 1 and finding.places[0].box[0] == 60


def test_a_figure_in_the_text_that_is_not_drawn_or_not_listed():
    found = find([DRAWN], prose(more="It is open in FIG. 4. FIG. 4 is a section."))
    assert set(found) == {"figure-not-drawn FIG. 4"} and found["figure-not-drawn FIG. 4"].sure
    found = find([DRAWN, sheet("FIG. 4")], prose(more="It is open in FIG. 4."))
    assert set(found) == {"figure-not-listed FIG. 4"}
    unlabelled = find([DRAWN, sheet("102")], prose(more="It is open in FIG. 4."))
    assert not unlabelled["figure-not-drawn FIG. 4"].sure
    assert find([sheet(*PARTS, "FIG. 1A"), sheet("FIG. 1B")], prose()) == {}, "FIG. 1 is drawn as 1A and 1B"


TEXTS = st.sampled_from(["102", "104", "A", "FIG.", "2", "1O4", "12'", "pump", "S302", "110-1", "99999", "%", "", "é"])


@given(st.lists(TEXTS, max_size=25), st.lists(TEXTS, max_size=25), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_anything_gives_findings_that_are_well_formed(drawn, written, seed):
    rng = random.Random(seed)
    shown = [sheet(*drawn[:12], confidence=rng.random()), sheet(*drawn[12:])]
    spec = specification_from_text(" ".join(rng.choice(("the ", "", "a ")) + word for word in written))
    for finding in audit(shown, spec):
        assert finding.kind in RULES and 0 <= finding.confidence <= 1 and "\n" not in finding.message
        assert finding.places or finding.quotes
        assert all(quote.sentence[quote.start : quote.end] for quote in finding.quotes)
        assert parse_waivers(f"{finding.key}  # why") == {finding.key: "why"}


@given(st.sets(st.integers(200, 299).map(str), min_size=1, max_size=8), st.data())
@settings(max_examples=30, deadline=None)
def test_what_is_taken_out_of_one_side_is_found(extra, data):
    dropped = data.draw(st.sets(st.sampled_from(sorted(extra)), min_size=1))
    parts = {**PARTS, **{text: f"part-{chr(97 + i) * 6}" for i, text in enumerate(sorted(extra))}}
    whole, less = parts, {text: term for text, term in parts.items() if text not in dropped}
    undrawn = find([sheet(*less, "FIG. 1")], prose(whole))
    undescribed = find([sheet(*whole, "FIG. 1")], prose(less))
    assert {f"not-drawn {text}" for text in dropped} <= set(undrawn)
    assert {f"not-described {text}" for text in dropped} <= set(undescribed)


def test_waivers_name_findings_and_unused_ones_are_told():
    findings = audit([sheet(*PARTS, "114", "FIG. 1")], specification_from_text(prose()))
    waivers = parse_waivers("# ours\n\nnot-described   114  # shown in the parent\nnot-drawn 300\n")
    assert waivers == {"not-described 114": "shown in the parent", "not-drawn 300": "no reason given"}
    (done,), unused = waive(findings, waivers)
    assert done.waived == "shown in the parent" and unused == ["not-drawn 300"]


@pytest.mark.parametrize("line", ["not-drawm 102", "not-drawn", "not-drawn # 102"])
def test_a_waiver_that_waives_nothing_is_refused(line):
    with pytest.raises(WaiverError, match="line 2: .* waives nothing"):
        parse_waivers(f"\n{line}")
