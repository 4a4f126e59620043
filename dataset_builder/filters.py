"""What is fit to train on: the reasons against a figure, and what each of them rules out.

A reason rules out the brief description, the detailed one, or both. A figure that keeps one text is kept, for the
config of that text; one that keeps none is dropped. So a drawing that is itself at fault goes, and so does one without
a usable text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from PIL import Image

from dataset_builder.figure import Figure
from dataset_builder.likeness.images import BLANK, MAX_DISTANCE, distance, fingerprint, shades
from modeling_patentlmm.numerals_patentlmm import take_inventory
from modeling_patentlmm.references_patentlmm import named_characters, parse_character

BRIEF = frozenset({"brief"})
DETAILED = frozenset({"detailed"})
BOTH = BRIEF | DETAILED


@dataclass(frozen=True)
class Thresholds:
    """Where "too" begins. Measured on 5,886 briefs and 3,903 detailed texts of real figures and on 328 drawings."""

    min_brief_words: int = 5  # "FIG. 9 is a" says nothing; "FIG. 3 is rear view thereof" is of six and in use
    max_brief_words: int = 160  # 99 % have 150 at most; longer ones are captions as long as a page
    min_detailed_words: int = 20  # 99 % have 23 at least; shorter ones speak of something else
    min_side: int = 100  # pixels; a character of 1/8 inch (37 CFR 1.84(p)(3)) in a figure of 2 inches is then 6 high
    max_pixels: int = 40_000_000  # a whole sheet at 600 dpi has 34 million
    min_ink: float = BLANK  # share of dark pixels; the lightest drawing has 0.005
    max_ink: float = 0.4  # the darkest drawing has 0.25; above are photographs, negatives and solid screens
    max_grey: float = 0.5  # share of pixels neither dark nor light; the greyest drawing has 0.25
    min_words_to_tell: int = 20  # of a text, to know its language by
    min_english: float = 0.04  # share of English function words; 99.9 % of texts that long have 0.05, German ones 0
    # Half of 60 figures have 88 % of the characters read on them named in their text. One of the 60 texts is refused,
    # and 31 % of the texts of other figures of the same patent, 48 % of those of other patents (benchmarks/joins.py).
    min_characters: int = 5
    min_named: float = 0.1
    max_copy_distance: int = MAX_DISTANCE  # of two images of one patent, to be one drawing


DEFAULT = Thresholds()


class Reason(NamedTuple):
    """A reason against a figure: a short name to count by, a sentence for people, and the texts it rules out."""

    name: str
    detail: str
    rules_out: frozenset[str] = BOTH


def check(figure: Figure, thresholds: Thresholds = DEFAULT) -> list[Reason]:
    """Every reason against `figure` by itself; copies within a patent are found by `check_patent`."""
    return [
        *_label(figure),
        *_image(figure.image, thresholds),
        *_reading(figure, thresholds),
        *_brief(figure.brief_description, thresholds),
        *_detailed(figure.detailed_description, thresholds),
    ]


def check_patent(figures: Sequence[Figure], thresholds: Thresholds = DEFAULT) -> list[list[Reason]]:
    """The reasons against each of all the figures of one patent, copies among them included."""
    reasons = [check(figure, thresholds) for figure in figures]
    for index, original in _copies(figures, thresholds.max_copy_distance):
        copy = f"shows the same as {figures[original].image_id}, as the front page does"
        reasons[index].append(Reason("copy", copy))
    return reasons


def fit(figure: Figure, reasons: Iterable[Reason]) -> Figure | None:
    """The figure without the texts that are ruled out; None where nothing is left to train on."""
    out = frozenset().union(*(reason.rules_out for reason in reasons))
    brief = None if "brief" in out else figure.brief_description
    detailed = None if "detailed" in out else figure.detailed_description
    if not brief and not detailed:
        return None
    return replace(
        figure,
        brief_description=brief,
        detailed_description=detailed,
        brief_paragraphs=figure.brief_paragraphs if brief else [],
        detailed_paragraphs=figure.detailed_paragraphs if detailed else [],
    )


# --- the drawing -----------------------------------------------------------------------------------------------------


def _label(figure: Figure) -> Iterator[Reason]:
    """A drawing without a number has no text; one that comes with its text does not need the number."""
    if figure.figure is None and not figure.brief_description and not figure.detailed_description:
        yield Reason("no_label", "no figure number was found on the drawing, so no text could be joined to it")


def _image(image: Image.Image, thresholds: Thresholds) -> Iterator[Reason]:
    size = f"{image.width}x{image.height} pixels"
    if min(image.size) < thresholds.min_side:
        yield Reason("image_too_small", f"{size}, below {thresholds.min_side} at the shorter side")
    if image.width * image.height > thresholds.max_pixels:
        yield Reason("image_too_large", f"{size}, more than {thresholds.max_pixels}")
        return
    dark, grey = shades(image)
    if dark < thresholds.min_ink:
        yield Reason("image_blank", f"{dark:.2%} of the image is dark")
    if dark > thresholds.max_ink or grey > thresholds.max_grey:
        yield Reason("image_no_line_drawing", f"{dark:.0%} of the image is dark and {grey:.0%} grey")


def _copies(figures: Sequence[Figure], limit: int) -> Iterator[tuple[int, int]]:
    """Places of copies, each with the place of the figure it is a copy of: the numbered, described, larger one."""

    def worth(index: int) -> tuple:
        figure = figures[index]
        texts = bool(figure.brief_description) + bool(figure.detailed_description)
        return figure.figure is None, -texts, -figure.image.width * figure.image.height, index

    looks = [fingerprint(figure.image) for figure in figures]
    kept: list[int] = []
    for index in sorted(range(len(figures)), key=worth):
        original = next((k for k in kept if _is_copy(figures, looks, index, k, limit)), None)
        if original is None:
            kept.append(index)
        else:
            yield index, original


def _is_copy(figures: Sequence[Figure], looks: Sequence, one: int, other: int, limit: int) -> bool:
    """Alike and not numbered apart: the front and the rear of a plain box are two figures that look the same."""
    if looks[one] is None or looks[other] is None:
        return False
    numbers = {figures[one].figure, figures[other].figure} - {None}
    return len(numbers) < 2 and distance(looks[one], looks[other]) <= limit


# --- what is read on it ----------------------------------------------------------------------------------------------


def _reading(figure: Figure, thresholds: Thresholds) -> Iterator[Reason]:
    """A drawing without lettering names nothing that a detailed text could speak of; a figure not yet read passes."""
    if figure.ocr_engine and not figure.words:
        yield Reason("no_words", f"{figure.ocr_engine} read no word on the drawing", DETAILED)
    share = named_share(figure, thresholds)
    if share is not None and share < thresholds.min_named:
        told = f"the detailed text names {share:.0%} of the reference characters read on the drawing"
        yield Reason("other_figure", f"{told}: it may be of another figure")


def named_share(figure: Figure, thresholds: Thresholds = DEFAULT) -> float | None:
    """How many of the reference characters on the drawing the detailed text names; None where either has few."""
    drawn, told = drawn_characters(figure), _stems(named_characters(figure.detailed_description or ""))
    if min(len(drawn), len(told)) < thresholds.min_characters:
        return None
    return len(drawn & told) / len(drawn)


def drawn_characters(figure: Figure) -> set[str]:
    """The reference characters known or read on the drawing, without suffixes: texts write "108 a" and "1102 - 1"."""
    if figure.numerals:
        return _stems(numeral["text"] for numeral in figure.numerals)
    return _stems(take_inventory(figure.words, figure.boxes, figure.confidences or None).texts)


def _stems(characters: Iterable[str]) -> set[str]:
    items = (parse_character(character) for character in characters)
    return {f"{item.prefix}{item.number}" for item in items if item}


# --- its texts -------------------------------------------------------------------------------------------------------

_LETTERS = re.compile(r"[^\W\d_]+")
_ENGLISH = frozenset(
    "the of and is are with for to which by that from this shown as be it".split()
)  # and not so abroad


def _brief(text: str | None, thresholds: Thresholds) -> Iterator[Reason]:
    count = len((text or "").split())
    if not count:
        yield Reason("no_brief", "no brief description", BRIEF)
    elif count < thresholds.min_brief_words:
        yield Reason("brief_too_short", f"brief description of {count} words: {text!r}", BRIEF)
    elif count > thresholds.max_brief_words:
        yield Reason("brief_too_long", f"brief description of {count} words", BRIEF)
    if count and not is_english(text, thresholds):
        yield Reason("brief_not_english", f"brief description not in English: {text[:80]!r}", BRIEF)


def _detailed(text: str | None, thresholds: Thresholds) -> Iterator[Reason]:
    count = len((text or "").split())
    if not count:
        yield Reason("no_detailed", "no detailed description", DETAILED)
    elif count < thresholds.min_detailed_words:
        yield Reason("detailed_too_short", f"detailed description of {count} words", DETAILED)
    if count and not is_english(text, thresholds):
        yield Reason("detailed_not_english", f"detailed description not in English: {text[:80]!r}", DETAILED)


def is_english(text: str, thresholds: Thresholds = DEFAULT) -> bool:
    """Whether a text may be English: in Latin letters, and with function words where it is long enough to have some."""
    letters = [letter for letter in text if letter.isalpha()]
    if sum(letter.isascii() for letter in letters) < 0.8 * len(letters):
        return False
    words = _LETTERS.findall(text.lower())
    english = sum(word in _ENGLISH for word in words)
    return len(words) < thresholds.min_words_to_tell or english >= thresholds.min_english * len(words)
