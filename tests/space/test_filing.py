"""What is filed: the order of figures, the registry of reference characters, lists of parts, text, JSON and DOCX."""

import csv
import io
import json
import random
import zipfile

import pytest
from docx import Document
from docx.shared import Cm, Pt
from hypothesis import given, settings
from hypothesis import strategies as st

from space.filing import (
    CHECK_HEADING,
    COLUMNS,
    NOT_READABLE,
    Character,
    Described,
    as_json,
    as_text,
    brief_paragraphs,
    in_filing_order,
    parse_parts,
    registry,
    to_be_checked,
    write_docx,
)

NUMERALS = st.from_regex(r"[1-9][0-9]{0,3}[A-H]?'?", fullmatch=True)
NAMES = st.lists(st.from_regex(r"[a-z]{2,8}", fullmatch=True), min_size=1, max_size=3).map(" ".join)


def character(text: str, name: str | None = None, confidence: float | None = 0.99, read=True, mentioned=True):
    return Character(text, name, confidence, read, mentioned)


def figure(
    label: str | None, *characters: Character, brief: str | None = None, detailed="It has parts.", source="a.pdf"
):
    brief = f"FIG. {label} is a view." if brief is None else brief
    return Described(label, brief, detailed, characters, source)


def labels(figures) -> list[str | None]:
    return [each.label for each in figures]


# --- order -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ordered",
    [
        ["1", "2", "2A", "2B", "3", "10", "10A", "11", None, None],
        ["I", "II", "IV", "V", "IX", "X", "XIV", "XXIA"],
        ["3(a)", "3(b)", "4"],
        ["3-1", "3-2", "3-10"],
        ["5", "5'", "5A", "5AA"],
        ["12", "exploded view", None],
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_figures_are_filed_by_number(ordered, seed):
    figures = [figure(label) for label in ordered]
    random.Random(seed).shuffle(figures)
    assert labels(in_filing_order(figures)) == ordered


@given(st.lists(st.none() | st.tuples(st.integers(1, 999), st.sampled_from(["", "A", "B", "c"]))))
def test_every_figure_is_filed_once(numbers):
    figures = [
        figure(None if each is None else f"{each[0]}{each[1]}", source=str(place)) for place, each in enumerate(numbers)
    ]
    ordered = in_filing_order(figures)
    assert sorted(ordered, key=lambda one: int(one.source)) == figures
    read = [one for one in numbers if one]
    assert labels(ordered) == [f"{number}{letter}" for number, letter in sorted(read, key=by_number)] + [None] * (
        len(numbers) - len(read)
    )
    assert in_filing_order(ordered) == ordered


def by_number(each: tuple[int, str]) -> tuple:
    return each[0], len(each[1]), each[1].upper()


def test_a_typed_label_is_taken_as_its_number():
    assert labels(in_filing_order([figure("FIG. 10"), figure("Figure 9")])) == ["Figure 9", "FIG. 10"]
    assert brief_paragraphs([figure("fig 3a", brief="A view.")]) == ["FIG. 3a: A view."]


# --- the registry ----------------------------------------------------------------------------------------------------


def test_one_registry_over_all_figures():
    found = registry(
        [
            figure("2", character("20", "lid"), character("10", "sensor housing", 0.3)),
            figure("1", character("10", "Housing"), character("30", confidence=0.5)),
        ]
    )
    assert [(each.text, each.figures, each.sure, each.conflict) for each in found] == [
        ("10", ("FIG. 1", "FIG. 2"), True, False),
        ("20", ("FIG. 2",), True, False),
        ("30", ("FIG. 1",), False, False),
    ]
    assert found[0].names == {"Housing": ("FIG. 1",), "sensor housing": ("FIG. 2",)} and found[2].names == {}


def test_a_character_with_two_names():
    figures = [figure("1", character("10", "housing")), figure("2", character("10", "drive shaft"))]
    (entry,) = registry(figures)
    assert entry.conflicts == ('10 has different names: "housing" (FIG. 1) and "drive shaft" (FIG. 2)',)
    assert f"{entry.conflicts[0]} (37 CFR 1.84(p)(4))." in to_be_checked(figures)


def test_a_name_with_two_characters_is_told_once():
    figures = [figure("1", character("10", "housing")), figure("2", character("12", "HOUSING"))]
    assert [entry.conflicts for entry in registry(figures)] == [('10 and 12 have one name: "housing"',)] * 2
    assert sum("10 and 12" in each for each in to_be_checked(figures)) == 1


def test_forms_of_a_part_and_general_names_are_no_conflict():
    forms = [character(text, "housing") for text in ("10", "10A", "10'", "10-1")]
    steps = [character(text, "step") for text in ("102", "104")]
    assert not any(entry.conflict for entry in registry([figure("1", *forms, *steps)]))


@given(st.dictionaries(NUMERALS, st.sampled_from(["lid", "lids", "LID", "drive shaft"]), max_size=6), st.integers(1, 4))
def test_a_list_told_of_every_figure_clashes_where_a_name_is_of_two_numbers(parts, copies):
    shown = [character(text, name) for text, name in parts.items()]
    found = registry([figure(str(1 + i), *shown) for i in range(copies)])
    assert {entry.text for entry in found} == set(parts)
    assert all(len(entry.figures) == copies for entry in found)
    owners = {(number(text), name == "drive shaft") for text, name in parts.items()}
    for entry in found:
        own = number(entry.text), parts[entry.text] == "drive shaft"
        assert entry.conflict == any(other[1] == own[1] for other in owners - {own})


def number(text: str) -> str:
    return "".join(sign for sign in text if sign.isdigit())


# --- a person's list -------------------------------------------------------------------------------------------------


LISTED = {"10": "housing", "12'": "lid, upper", "S302": "read value", "14A": 'shaft (2" long)'}


def as_csv(parts: dict[str, str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(parts.items())
    return out.getvalue()


@pytest.mark.parametrize("sign", [" = ", "=", ": ", ":", " ", "\t", " - ", ", ", ";"])
def test_the_ways_to_write_a_list(sign):
    text = "\r\n".join(f"{character}{sign}{name}" for character, name in LISTED.items())
    assert parse_parts(f"\ufeff{text}\n\n") == LISTED


def test_a_list_as_csv_and_on_one_line():
    assert parse_parts(as_csv(LISTED)) == LISTED
    assert parse_parts("10=housing, 12=lid\n14: shaft") == {"10": "housing", "12": "lid", "14": "shaft"}
    assert parse_parts("7\u2032 = hook") == {"7'": "hook"} and parse_parts(" \n") == {}


@given(st.dictionaries(NUMERALS, NAMES), st.sampled_from([" = ", ": ", " ", "\t", ","]))
def test_a_list_comes_back_as_it_was_written(parts, sign):
    assert parse_parts("\n".join(f"{text}{sign}{name}" for text, name in parts.items())) == parts


@given(st.text(max_size=200))
def test_any_text_is_a_list_or_refused_in_one_sentence(text):
    try:
        parts = parse_parts(text)
    except ValueError as error:
        assert str(error).startswith("Line ") and str(error).endswith(".") and "\n" not in str(error)
    else:
        assert all(character and name == name.strip() for character, name in parts.items())


@pytest.mark.parametrize(
    "text, why",
    [
        ("10 = housing\nhousing 12", 'Line 2: "housing 12" names no part; write "10 = housing".'),
        ("10 =", "Line 1: '10 =' is not a part"),
        ("10", "Line 1: "),
        ("10 = housing\n\n10 = lid", 'Line 3: 10 is "lid" here and "housing" above; keep one of them.'),
        (f"10 = {'x' * 201}", "Line 1: the name is longer than 200 letters"),
        ("\n".join(f"{n} = part {n}" for n in range(1, 1002)), "Line 1001: the list has more than 1000 parts"),
    ],
)
def test_what_is_wrong_with_a_list(text, why):
    with pytest.raises(ValueError) as caught:
        parse_parts(text)
    assert str(caught.value).startswith(why)


# --- what is filed ---------------------------------------------------------------------------------------------------


def case() -> list[Described]:
    """Two figures that were read well but for a character, one without a number, all with what OCR may give."""
    lid = character("12", "lid", 0.5, mentioned=False)
    return [
        figure(None, brief="FIG. [?] is a chart.", detailed="", source="b.tif, page 2"),
        figure("2", character("10", "<b>cover</b>"), lid, brief="A plan of <script>alert(1)</script>."),
        figure(
            "1",
            character("10", "hous\x00ing"),
            character("14", "arm", 0.0, read=False),
            brief="FIG. 1 is a view\x0b of\u202e a \ud800housing & lid.",
            detailed="FIG. 1 shows the housing 10.\n\n\x1bIt has an arm 14. [...]",
        ),
    ]


TEXTS = [
    "FIG. 1 is a view of a housing & lid.",
    "FIG. 2: A plan of <script>alert(1)</script>.",
    f"{NOT_READABLE} is a chart.",
    "FIG. 1 shows the housing 10.",
    "It has an arm 14. [...]",
    "FIG. 2: It has parts.",
    f"{NOT_READABLE}: [not described]",
]
DOUBTS = [
    "FIG. 1: its detailed description was cut off.",
    "FIG. 1: 14: in the list of parts but not read in the figure.",
    "FIG. 2: 12: read with doubt, check them on the drawing.",
    "FIG. 2: 12: drawn but not mentioned (37 CFR 1.84(p)(5)).",
    f"{NOT_READABLE} (b.tif, page 2): it has no detailed description.",
    '10 has different names: "housing" (FIG. 1) and "<b>cover</b>" (FIG. 2) (37 CFR 1.84(p)(4)).',
]


def test_everything_to_be_checked_is_listed():
    doubts = to_be_checked(case())
    assert set(DOUBTS) <= set(doubts) and len(doubts) == len(DOUBTS) + 2
    assert any("number of the figure could not be read" in each for each in doubts)
    assert to_be_checked([figure("1", character("10", "housing"))]) == []


def test_a_figure_twice_and_a_text_of_another_figure():
    doubts = to_be_checked([figure("1"), figure("1"), figure("3", brief="FIG. 2 is a view.")])
    assert doubts == [
        "FIG. 1 occurs 2 times; number each view once, or join the parts of one.",
        "FIG. 3: its brief description is of FIG. 2; generate it again.",
    ]


def test_as_text():
    text = as_text(case())
    assert [line[10:] for line in text.splitlines() if line.startswith("[000")] == TEXTS
    assert "10\thousing / <b>cover</b>\tFIG. 1, FIG. 2\t10 has different names" in text
    assert all(f"-    {each}" in text for each in DOUBTS)
    assert CHECK_HEADING not in as_text([figure("1", character("10", "housing"))])


def test_as_json():
    told = json.loads(json.dumps(as_json(case())))
    assert (told["schema"], told["version"]) == ("patentlmm.filing", 1)
    assert [each["label"] for each in told["figures"]] == ["1", "2", None]
    assert told["figures"][0]["characters"][0]["name"] == "housing"
    assert [each["text"] for each in told["reference_characters"]] == ["10", "12", "14"]
    assert told["to_be_checked"] == to_be_checked(case())


def test_as_docx(tmp_path):
    write_docx(case(), tmp_path / "filing.docx")
    document = Document(tmp_path / "filing.docx")
    headings = [each.text for each in document.paragraphs if each.style.name == "Heading 1"]
    assert headings == [
        "BRIEF DESCRIPTION OF THE DRAWINGS",
        "DETAILED DESCRIPTION",
        "LIST OF REFERENCE CHARACTERS",
        "TO BE CHECKED BEFORE FILING",
    ]
    numbered = [each for each in document.paragraphs if each.text.startswith("[0")]
    assert [each.text for each in numbered] == [f"[{i:04d}]\t{text}" for i, text in enumerate(TEXTS, 1)]
    assert all(each.runs[0].bold and not each.runs[1].bold for each in numbered)
    assert [each.text[2:] for each in document.paragraphs if each.text.startswith("-\t")] == to_be_checked(case())
    rows = [tuple(cell.text for cell in row.cells) for row in document.tables[0].rows]
    assert rows[0] == COLUMNS and rows[2] == ("12", "lid", "FIG. 2", "not read for certain")


def test_the_paper_and_the_type_of_37_cfr_1_52(tmp_path):
    write_docx([figure("1")], tmp_path / "filing.docx")
    document = Document(tmp_path / "filing.docx")
    style, page = document.styles["Normal"], document.sections[0]
    assert (style.font.name, style.font.size, style.paragraph_format.line_spacing) == ("Times New Roman", Pt(12), 1.5)
    assert page.left_margin >= Cm(2.5) and min(page.top_margin, page.right_margin, page.bottom_margin) >= Cm(2)
    assert (round(page.page_width.cm, 1), round(page.page_height.cm, 1)) == (21.6, 27.9)
    assert not document.styles["Heading 1"].font.bold
    assert 'w:instr="PAGE"' in zipfile.ZipFile(tmp_path / "filing.docx").read("word/footer1.xml").decode()
    assert document.core_properties.author == ""


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=20))
def test_any_text_makes_a_document_that_opens(tmp_path_factory, brief, detailed, name):
    path = tmp_path_factory.mktemp("any") / "a.docx"
    write_docx([figure(name, character(name, name), brief=brief, detailed=detailed, source=name)], path)
    words = " ".join(paragraph.text for paragraph in Document(path).paragraphs)
    assert all(word in words for word in brief.split() if word.isascii() and word.isprintable())


def test_nothing_is_filed_of_nothing(tmp_path):
    write_docx([], tmp_path / "a.docx")
    assert as_json([])["figures"] == [] and to_be_checked([]) == []
    assert len(Document(tmp_path / "a.docx").tables[0].rows) == 1
