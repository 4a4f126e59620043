"""The overlay: what is drawn in which colour, on the upright figure."""

from PIL import Image, ImageDraw

from modeling_patentlmm.describe_patentlmm import Description, Numeral
from modeling_patentlmm.ocr_patentlmm import Word
from modeling_patentlmm.overlay_patentlmm import (
    LABEL_COLOUR,
    MENTIONED_COLOUR,
    OVERLAY_SIDE,
    UNMENTIONED_COLOUR,
    draw_overlay,
    find_label_box,
)

WORDS = (
    Word("FIG.", (400, 900, 480, 930), 0.98),
    Word("2", (490, 900, 510, 930), 0.97),
    Word("102", (310, 200, 370, 230), 0.96),
    Word("104", (600, 500, 660, 530), 0.45),
)
NUMERALS = (
    Numeral("102", WORDS[2].box, 0.96, mentioned=True),
    Numeral("104", WORDS[3].box, 0.45, mentioned=False),
    Numeral("210", None, 0.0, mentioned=True),
)
DESCRIPTION = Description(
    figure="mine",
    label="2",
    rotation=90,
    brief="FIG. 2 shows a housing 102 and a lid 210.",
    detailed=None,
    numerals=NUMERALS,
    uncertain=("104",),
    words=WORDS,
    timing_s={"ocr": 1.0, "encode": 1.0, "generate": 1.0},
)


def drawing(size=(320, 240), mode="L") -> Image.Image:
    image = Image.new(mode, size, "white")
    ImageDraw.Draw(image).rectangle((30, 30, size[0] - 30, size[1] // 2), outline="black", width=3)
    return image


def colours(page: Image.Image, box: tuple[int, int, int, int], margin: int = 15) -> set[tuple[int, int, int]]:
    """The colours in and around a box of 0..1000."""
    grown = (box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin)
    corners = [round(value * side / 1000) for value, side in zip(grown, page.size * 2, strict=True)]
    return {colour for _, colour in page.crop(corners).getcolors(1 << 20)}


def test_colours_stand_for_what_the_text_mentions():
    """On the upright page: the label blue, a mentioned character green, one that is not orange, a legend below."""
    overlay = draw_overlay(drawing(), DESCRIPTION)
    height = round(320 * overlay.width / 240)
    assert overlay.height > height > overlay.width, "upright, over a legend"
    page = overlay.crop((0, 0, overlay.width, height))
    assert MENTIONED_COLOUR in colours(page, WORDS[2].box) and UNMENTIONED_COLOUR not in colours(page, WORDS[2].box)
    assert UNMENTIONED_COLOUR in colours(page, WORDS[3].box) and MENTIONED_COLOUR not in colours(page, WORDS[3].box)
    assert LABEL_COLOUR in colours(page, (400, 900, 510, 930))


def test_small_figures_are_enlarged_and_large_ones_reduced():
    least, most = OVERLAY_SIDE
    assert max(draw_overlay(drawing((200, 100)), DESCRIPTION).size) >= least
    assert draw_overlay(drawing((5000, 3000)), DESCRIPTION).width == most * 3000 // 5000


def test_nothing_read_still_gives_a_page():
    nothing = Description("mine", None, 0, "A figure.", None, (), (), (), {"ocr": 1.0, "encode": 1.0, "generate": 1.0})
    assert draw_overlay(drawing(mode="RGB"), nothing).mode == "RGB"


def test_label_box():
    assert find_label_box(WORDS, "2") == (400, 900, 510, 930)
    assert find_label_box(WORDS, None) is None and find_label_box(WORDS[2:], "2") is None
    together = (Word("FIG.3A", (1, 2, 3, 4), 0.9),)
    assert find_label_box(together, "3A") == (1, 2, 3, 4)
