"""What the edits of the table mean."""

import pytest

from modeling_patentlmm import Description, FigureReading, Numeral, Word
from space.corrections import HEADERS, CorrectionError, apply_rows, as_rows
from space.session import Figure

WORDS = (
    Word("FIG.", (400, 900, 480, 930), 0.98),
    Word("2", (490, 900, 510, 930), 0.97),
    Word("HOUSING", (150, 200, 300, 230), 0.95),
    Word("102", (310, 200, 370, 230), 0.96),
    Word("1O4", (600, 500, 660, 530), 0.45),
)


@pytest.fixture
def figure():
    numerals = (
        Numeral("102", (310, 200, 370, 230), 0.96, True),
        Numeral("104", (600, 500, 660, 530), 0.45, False),
        Numeral("210", None, 0.0, True),
    )
    description = Description("a", "2", 0, "", "", numerals, ("104",), WORDS, {})
    reading = FigureReading(WORDS, 0, (240, 320), "stub")
    return Figure(1, 1, b"", (240, 320), 0, (0, 0, 240, 320), b"", reading, "2", description=description)


PARTS = {"210": "lid"}


def test_what_the_text_does_not_mention_comes_first(figure):
    assert as_rows(figure, PARTS) == [
        ["104", "", "104", "45 %, uncertain", "no"],
        ["102", "housing", "102", "96 %", "yes"],
        ["210", "lid", "", "your list", "yes"],
        [""] * len(HEADERS),
    ]


def test_a_table_left_alone_changes_nothing(figure):
    """Not even when the list of parts has changed beside it: its names stand."""
    rows = as_rows(figure, PARTS)
    assert apply_rows(rows, figure, PARTS, PARTS) == (PARTS, figure.reading)
    listed = {"210": "cover", "102": "case"}
    assert apply_rows(rows, figure, PARTS, listed)[0] == listed


def test_a_name_goes_to_the_list(figure):
    rows = as_rows(figure, PARTS)
    rows[0][1], rows[2][1] = "spring", ""
    rows[3][:2] = "300", "valve"
    assert apply_rows(rows, figure, PARTS, PARTS)[0] == {"104": "spring", "300": "valve"}


def test_a_misread_character_is_put_right(figure):
    rows = as_rows(figure, PARTS)
    rows[1][0] = "107"
    parts, reading = apply_rows(rows, figure, PARTS, {**PARTS, "102": "housing"})
    assert reading.words[3] == Word("107", (310, 200, 370, 230), 1.0)
    assert reading.words[:3] == WORDS[:3] and "102" not in parts and parts["107"] == "housing"


def test_what_is_no_character_is_taken_out(figure):
    rows = as_rows(figure, PARTS)
    rows[0][0] = ""
    parts, reading = apply_rows(rows, figure, PARTS, PARTS)
    assert reading.words == WORDS[:4] and parts == PARTS


def test_rows_may_be_sorted_moved_or_missing(figure):
    """The table can be sorted and its rows deleted: a row is known by what was read, not by its place."""
    rows = as_rows(figure, PARTS)
    rows[0][0] = "106"
    _, reading = apply_rows([rows[3], rows[0]], figure, PARTS, PARTS)
    assert [word.text for word in reading.words] == ["FIG.", "2", "HOUSING", "102", "106"]


def test_one_of_two_characters_in_a_word_is_corrected(figure):
    box = (310, 200, 370, 230)
    pair = (Numeral("102", box, 0.9, True), Numeral("104", box, 0.9, True))
    figure.reading = FigureReading((Word("102,104", box, 0.9),), 0, (240, 320), "stub")
    figure.description = Description("a", "2", 0, "", "", pair, (), (), {})
    rows = as_rows(figure, {})
    rows[0][0] = "103"
    assert apply_rows(rows, figure, {}, {})[1].words[0].text == "103,104"
    rows[0][0] = ""
    assert apply_rows(rows, figure, {}, {})[1].words[0].text == "104"


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (["<b>", "bold", "", "", ""], "is not a reference character"),
        (["300", "", "", "", ""], "300 has no part name"),
        ([None, None, None, None, None], None),
    ],
)
def test_a_cell_that_makes_no_sense_is_named(row, sentence, figure):
    rows = [*as_rows(figure, PARTS)[:-1], row]
    if sentence is None:
        assert apply_rows(rows, figure, PARTS, PARTS)[0] == PARTS
        return
    with pytest.raises(CorrectionError, match=sentence):
        apply_rows(rows, figure, PARTS, PARTS)


def test_two_names_are_refused(figure):
    rows = [*as_rows(figure, PARTS)[:-1], ["300", "valve", "", "", ""], ["300", "pump", "", "", ""]]
    with pytest.raises(CorrectionError, match="two part names"):
        apply_rows(rows, figure, PARTS, PARTS)
