"""Every reason is given where it applies, rules out what it must, and no more."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from dataset_builder.figure import Figure
from dataset_builder.filters import Thresholds, check, check_patent, fit, is_english

BRIEF = "FIG. 2 is a sectional view of the pump of FIG. 1."
DETAILED = (
    "As shown in FIG. 2, the pump 10 has a housing 12 in which a rotor 14 turns on a shaft 16. A spring 18 holds the "
    "valve 20 against its seat 22 until the pressure in the duct 24 a opens it."
)


def drawing(shift: int = 0) -> Image.Image:
    image = Image.new("L", (800, 600), 255)
    draw = ImageDraw.Draw(image)
    for n in range(6):
        draw.rectangle((40 + 110 * n, 60 + (37 * n + shift) % 300, 120 + 110 * n, 260 + 40 * n), outline=0, width=5)
    return image


def words(*texts: str) -> dict:
    """Words of a reading, spread over the sheet."""
    boxes = [[100 + 150 * (n % 5), 100 + 150 * (n // 5), 140 + 150 * (n % 5), 120 + 150 * (n // 5)] for n in range(40)]
    return {"words": list(texts), "boxes": boxes[: len(texts)], "confidences": [0.99] * len(texts)}


GOOD = Figure(
    image_id="US1__2",
    image=drawing(),
    patent_id="US1",
    figure="2",
    kind="utility",
    brief_description=BRIEF,
    detailed_description=DETAILED,
    ocr_engine="rapidocr 3.10.0",
    brief_paragraphs=["p-0010"],
    detailed_paragraphs=["p-0020"],
    **words("10", "12", "14", "16", "18", "20", "FIG.2"),
)


def names(figure: Figure) -> list[str]:
    return [reason.name for reason in check(figure)]


def test_a_good_figure_has_nothing_against_it():
    assert check(GOOD) == []
    assert fit(GOOD, []) == GOOD


NOISE = Image.fromarray(np.random.default_rng(0).normal(128, 40, (600, 800)).clip(0, 255).astype(np.uint8))
GERMAN = (
    "In der Fig. 2 ist eine Pumpe 10 mit einem Gehäuse 12 dargestellt, in dem sich ein Rotor 14 auf einer Welle 16 "
    "dreht und eine Feder 18 das Ventil 20 gegen seinen Sitz drückt."
)
CASES = {
    "no_brief": ({"brief_description": None}, {"detailed"}),
    "no_detailed": ({"detailed_description": ""}, {"brief"}),
    "brief_too_short": ({"brief_description": "FIG. 2 is a"}, {"detailed"}),
    "brief_too_long": ({"brief_description": BRIEF * 20}, {"detailed"}),
    "brief_not_english": ({"brief_description": GERMAN}, {"detailed"}),
    "detailed_too_short": ({"detailed_description": "The lines in FIG. 2 are dashed."}, {"brief"}),
    "detailed_not_english": ({"detailed_description": GERMAN}, {"brief"}),
    "image_too_small": ({"image": drawing().resize((300, 99))}, set()),
    "image_too_large": ({"image": drawing().resize((8000, 6000)).convert("1")}, set()),
    "image_blank": ({"image": Image.new("RGB", (800, 600), "white")}, set()),
    "image_no_line_drawing": ({"image": NOISE}, set()),
    "no_words": (words(), {"brief"}),
    "other_figure": (words("310", "312", "314", "316", "318", "320"), set()),
}


@pytest.mark.parametrize("name", CASES)
def test_a_reason_rules_out_what_it_must(name):
    change, left = CASES[name]
    figure = replace(GOOD, **change)
    assert names(figure) == [name]
    assert texts_of(fit(figure, check(figure))) == left


def texts_of(figure: Figure | None) -> set[str]:
    if figure is None:
        return set()
    texts = {"brief": figure.brief_description, "detailed": figure.detailed_description}
    return {name for name, text in texts.items() if text}


def test_paragraphs_go_with_their_text():
    figure = replace(GOOD, brief_description=None)
    kept = fit(figure, check(figure))
    assert kept.brief_paragraphs == [] and kept.detailed_paragraphs == ["p-0020"]


def test_two_texts_ruled_out_drop_the_figure_for_two_reasons():
    figure = replace(GOOD, brief_description=None, detailed_description="See FIG. 2.")
    assert names(figure) == ["no_brief", "detailed_too_short"]
    assert fit(figure, check(figure)) is None


def test_a_drawing_without_number_and_texts_says_so_first():
    figure = replace(GOOD, figure=None, brief_description=None, detailed_description=None)
    assert names(figure) == ["no_label", "no_brief", "no_detailed"]
    assert names(replace(GOOD, figure=None)) == []  # comes with its texts, as in the official release


def test_a_figure_not_yet_read_is_not_blamed_for_it():
    assert names(replace(GOOD, ocr_engine=None, **words())) == []


def test_a_character_with_a_letter_is_the_one_that_the_text_parts_from_it():
    drawn = words("108a", "108b", "1102-1", "1102-2", "202", "204", "206")
    text = DETAILED + " The devices 108 a and 108 b do the task 1102 - 1 in the units 202, 204 and 206."
    assert names(replace(GOOD, detailed_description=text, **drawn)) == []


def test_known_numerals_count_instead_of_read_ones():
    numerals = [{"text": str(n), "term": None, "box": [0, 0, 9, 9]} for n in range(510, 530, 2)]
    assert names(replace(GOOD, numerals=numerals)) == ["other_figure"]


def test_few_characters_are_no_sign():
    assert names(replace(GOOD, **words("310", "312", "314", "316"))) == []


def test_thresholds_can_be_set():
    assert [reason.name for reason in check(GOOD, Thresholds(min_brief_words=40))] == ["brief_too_short"]


# --- copies in a patent ----------------------------------------------------------------------------------------------


def reasons_of(*figures: Figure) -> list[list[str]]:
    return [[reason.name for reason in reasons] for reasons in check_patent(figures)]


def test_the_front_page_copy_goes_and_the_figure_stays():
    front = replace(GOOD, image_id="US1__0", figure=None, image=drawing().resize((600, 450)))
    assert reasons_of(front, GOOD) == [["copy"], []]
    assert reasons_of(GOOD, front) == [[], ["copy"]]


def test_the_front_page_with_the_number_of_its_figure_is_a_copy_too():
    front = replace(GOOD, image_id="US1__0", brief_description=None, detailed_description=None)
    assert reasons_of(front, GOOD) == [["no_brief", "no_detailed", "copy"], []]


def test_two_figures_may_look_the_same():
    rear = replace(GOOD, image_id="US1__3", figure="3")
    assert reasons_of(GOOD, rear) == [[], []]


def test_other_drawings_are_no_copies():
    other = replace(GOOD, image_id="US1__3", figure=None, image=drawing(shift=130))
    blank = replace(GOOD, image_id="US1__4", figure=None, image=Image.new("L", (800, 600), 255))
    assert reasons_of(GOOD, other, blank, blank) == [[], [], ["image_blank"], ["image_blank"]]


# --- properties ------------------------------------------------------------------------------------------------------


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_is_judged_and_what_is_left_has_a_text(brief, detailed):
    figure = replace(GOOD, brief_description=brief, detailed_description=detailed)
    reasons = check(figure)
    kept = fit(figure, reasons)
    assert all(reason.name and reason.detail and "\n" not in reason.detail for reason in reasons)
    if kept is None:
        assert {"brief", "detailed"} <= frozenset().union(*(reason.rules_out for reason in reasons))
    else:
        assert texts_of(kept)


@pytest.mark.parametrize("text", [BRIEF, DETAILED, "FIG. 1 zeigt ein Ventil", "FIG. 4 shows stress α in µm."])
def test_short_texts_and_english_pass(text):
    assert is_english(text)


@pytest.mark.parametrize("text", [GERMAN, "図1は本発明のポンプの断面図である。", "Фиг. 1 - общий вид насоса."])
def test_other_languages_do_not(text):
    assert not is_english(text)
