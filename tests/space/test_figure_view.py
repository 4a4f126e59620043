"""What a visitor sees: everything escaped, every reference character linked, what is uncertain said to be so."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from modeling_patentlmm import Description, Numeral, Word
from space.figure_view import (
    alert_html,
    being_written,
    card_html,
    choices_html,
    crop_html,
    data_uri,
    description_html,
    figure_html,
    how_read,
    percent,
    set_html,
    status_html,
    text_html,
)

PAPER = Image.new("1", (90, 90), 1)
HOSTILE = "<img src=x onerror=alert(1)>"
READ = Numeral("102", (310, 200, 370, 230), 0.96, True)
UNSURE = Numeral("104", (600, 500, 660, 530), 0.45, False)
LISTED = Numeral("210", None, 0.0, True)


class Tags(HTMLParser):
    """The elements of a piece of HTML with their attributes, and its text."""

    def __init__(self, html: str):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def named(self, *tags: str) -> list[dict]:
        return [attrs for tag, attrs in self.elements if tag in tags]


def described(brief="A lid 102.", detailed="The lid 102 and the shaft 210.", numerals=(READ, UNSURE, LISTED)):
    timing = {"ocr": 0.5, "encode": 0.2, "generate": 1.1}
    return Description("a", "2", 0, brief, detailed, tuple(numerals), ("104",), (), timing)


@given(st.text(alphabet=st.sampled_from("<>&\"'`=/ abimgsrx102${}\n"), max_size=60))
def test_no_text_becomes_markup(text):
    """Whatever was read or written, the elements are ours."""
    html = "".join(
        [
            alert_html(text),
            status_html(text, 1, 2),
            text_html(text, text, [Numeral("102", None, 0.0, True)]),
            being_written({"brief": text}),
            choices_html(text, [("data:,", text, text)], 0),
            card_html(0, "data:,", text, [text], text),
            figure_html(
                Image.new("1", (9, 9)),
                text,
                text,
                [Word(text, (0, 0, 9, 9), 0.5)],
                [Numeral(text, (0, 0, 1, 1), 0.5, True)],
            ),
        ]
    )
    tags = Tags(html)
    ours = {"div", "span", "progress", "button", "section", "h3", "p", "ul", "li", "img", "small", "mark"}
    assert {tag for tag, _ in tags.elements} <= ours
    assert all(not name.startswith("on") for _, attrs in tags.elements for name in attrs)
    assert {attrs["src"].split(":")[0] for attrs in tags.named("img")} == {"data"}


def test_hostile_words_stay_words():
    tags = Tags(text_html(f"A {HOSTILE} lid 102 of FIG. 2.", "0", [READ]))
    assert [tag for tag, _ in tags.elements] == ["button"]
    assert tags.text == f"A {HOSTILE} lid 102 of FIG. 2."


def test_characters_of_the_text_lead_to_their_boxes():
    links = Tags(text_html("The lids 102 and 104 on shafts 102-210.", "7", [READ, UNSURE, LISTED])).named("button")
    boxes = Tags(figure_html(PAPER, "FIG. 2", "7", (), [READ, UNSURE, LISTED])).named("button")
    boxes = [each for each in boxes if "data-character" in each]
    assert [each["data-character"] for each in boxes] == ["102", "104"], "what was not read has no box"
    assert {each["data-figure"] for each in links + boxes} == {"7"}
    assert {each["data-character"] for each in links} <= {"102", "104", "210"}
    assert all(each["aria-pressed"] == "false" and each["aria-label"] for each in links + boxes)


def test_a_character_that_nobody_knows_is_no_link():
    assert Tags(text_html("A lid 999.", "0", [READ])).elements == []


@pytest.mark.parametrize(
    ("numeral", "state", "words"),
    [
        (READ, "mentioned", "read with 96 % confidence"),
        (UNSURE, "uncertain", "uncertain, check it on the drawing: read with 45 % confidence"),
        (LISTED, None, "from your list, not read in the figure"),
        (Numeral("7", (0, 0, 1, 1), 1.0, False), "unmentioned", "corrected by you"),
    ],
)
def test_how_sure_a_reading_is_can_be_seen_and_heard(numeral, state, words):
    assert how_read(numeral) == words
    boxes = [
        e for e in Tags(figure_html(Image.new("1", (9, 9)), "a", "0", (), [numeral])).named("button") if "style" in e
    ]
    assert [each["class"].split()[1] for each in boxes] == ([state] if state else [])
    assert all(words in each["aria-label"] for each in boxes)


def test_no_reader_is_ever_sure():
    assert percent(0.9999) == "99 %" and percent(0.0) == "0 %"


def test_a_description_says_what_is_doubtful_and_how_long_it_took():
    text = Tags(description_html(described("FIG. [?] is a lid 102. [...]"), "0", 2.5)).text
    assert "[?]" in text and "Uncertain readings, check them on the drawing: 104." in text
    assert "Page read in 2.5 s, written in 1.3 s." in text
    nothing = Description("a", None, 0, "A view.", "A view.", (), (), (), {"ocr": 0, "encode": 0, "generate": 0})
    text = Tags(description_html(nothing, "0", 0)).text
    assert "figure number could not be read" in text and "No reference characters could be read." in text


def test_marks_are_told_from_text():
    elements = Tags(text_html("FIG. [?] shows a lid. [...]", "0", [])).elements
    assert [(tag, attrs["class"]) for tag, attrs in elements] == [("mark", "unread"), ("span", "cut-off")]


def test_only_the_last_text_is_being_written():
    html = being_written({"brief": "A lid.", "detailed": "A"})
    assert [attrs.get("class") for attrs in Tags(html).named("p")] == [None, "writing"]


def test_progress_and_choice_are_told():
    assert Tags(status_html("Page 2", 2, 9)).named("progress")[0]["value"] == "2"
    assert not Tags(status_html("Opening", busy=True)).named("progress")
    buttons = Tags(choices_html("Figures", [("data:,", "FIG. 1", "page 1")] * 2, 1)).named("button")
    assert [(each["data-index"], each["aria-pressed"]) for each in buttons] == [("0", "false"), ("1", "true")]
    assert "aria-pressed" not in choices_html("Examples", [("data:,", "a", "b")])
    assert set_html([]) == "" and alert_html("") == ""


def test_a_picture_is_bounded(tmp_path):
    large = Image.new("L", (4000, 3000), 255)
    assert len(data_uri(large)) < 20_000
    assert "left:10%;top:20%;right:5%;bottom:0%" in crop_html(large, (10, 20, 95, 100))
