"""A patent to its figures: what is drawn on its sheets, joined by figure number with what its text says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath

from PIL import Image

from dataset_builder.descriptions import FigureText, PartName, describe_figures, name_parts
from dataset_builder.figure import Figure
from dataset_builder.filters import check_patent, fit
from dataset_builder.ocr import Readings
from dataset_builder.patent import Patent, Sheet
from dataset_builder.rejects import Rejects
from dataset_builder.sheets import (
    DrawnFigure,
    FigureMap,
    PatentFigure,
    SheetSplit,
    is_front_page_copy,
    map_figures,
    split_sheet,
)
from dataset_builder.split import family_date, family_of, split_of
from modeling_patentlmm.numerals_patentlmm import take_inventory
from modeling_patentlmm.ocr_patentlmm import FigureReading, Word, reading_order
from modeling_patentlmm.references_patentlmm import named_characters

AIR = 40  # pixels of white around a figure, and between its parts on several sheets

Note = Callable[[str, str, str], None]  # item of the patent, reason, detail


def figures_of(patent: Patent, readings: Readings, rejects: Rejects) -> list[Figure]:
    """The figures of a patent that have a drawing and a text; what lacks one of them is written to `rejects`."""

    def note(item: str, reason: str, detail: str) -> None:
        rejects.add(patent.source, f"{patent.patent_id} {item}".rstrip(), reason, detail)

    if split_of(patent) is None:
        note("", "age_unknown", "the source does not tell when its family was first filed, which decides its split")
        return []
    names = name_parts(patent)
    texts = {text.figure: text for text in describe_figures(patent, names)}
    if not texts:
        note("", "no_text", "its text speaks of no figure")
        return []
    sheets = list(_without_copy(_split_sheets(patent, readings, note), note))
    if not sheets:
        return []
    expected = [label for label in texts if label is not None]
    mapped = map_figures([split for _, split in sheets], expected, patent.figure_count)
    _tell_unplaced(mapped, sheets, note)
    figures = [
        _joined(patent, figure, text, names, [sheets[part.sheet][0].name for part in figure.parts])
        for figure, text in _described(mapped, texts, note)
    ]
    return list(_fit_ones(figures, note))


# --- drawings --------------------------------------------------------------------------------------------------------


def _split_sheets(patent: Patent, readings: Readings, note: Note) -> Iterator[tuple[Sheet, SheetSplit]]:
    """The sheets of a patent with their figures, those that have an image."""
    without = [sheet for sheet in patent.sheets if sheet.open is None and not sheet.is_front_page]
    if without or not patent.sheets:
        note("", "no_image", f"{len(without) or 'all'} of its sheets come without an image; give the images beside it")
    for sheet in patent.sheets:
        if sheet.is_front_page:
            note(sheet.name, "front_page", "shows one of the figures again")
        elif sheet.open is not None:
            try:
                image = sheet.open()
            except (OSError, ValueError) as error:
                note(sheet.name, "unreadable_image", str(error))
            else:
                yield sheet, split_sheet(image, readings.read(image))


def _without_copy(sheets: Iterator[tuple[Sheet, SheetSplit]], note: Note) -> Iterator[tuple[Sheet, SheetSplit]]:
    """The sheets without a first one that only shows a figure of another again."""
    found = list(sheets)
    if len(found) > 1 and is_front_page_copy(found[0][1], [split for _, split in found[1:]]):
        note(found[0][0].name, "front_page", "shows one of the figures again")
        del found[0]
    return iter(found)


def _tell_unplaced(mapped: FigureMap, sheets: Sequence[tuple[Sheet, SheetSplit]], note: Note) -> None:
    for each in mapped.unplaced:
        places = [sheets[each.sheet][0].name] if each.sheet is not None else []
        note(" ".join([*places, *([f"FIG. {each.label}"] if each.label else [])]), each.reason, each.detail)


def _picture(parts: Sequence[DrawnFigure]) -> tuple[Image.Image, FigureReading]:
    """The picture of a figure with air around it, and its words; parts on several sheets stand below each other."""
    width = max(part.image.width for part in parts) + 2 * AIR
    height = sum(part.image.height + AIR for part in parts) + AIR
    picture, words, top = Image.new("L", (width, height), "white"), [], AIR
    for part in parts:
        picture.paste(part.image.convert("L"), (AIR, top))
        words += [_moved(word, part.image.size, top, picture.size) for word in part.reading.words]
        top += part.image.height + AIR
    order = reading_order([word.box for word in words], width / height)
    ordered = tuple(words[i] for i in order)
    return _plain(picture), FigureReading(ordered, 0, picture.size, parts[0].reading.engine)


def _moved(word: Word, own: tuple[int, int], top: int, size: tuple[int, int]) -> Word:
    """A word of a part of size `own`, in 0..1000 of the picture of `size` in which it starts at (`AIR`, `top`)."""
    starts, lengths, whole = (AIR, top) * 2, own * 2, size * 2
    box = (round((1000 * s + side * n) / w) for side, s, n, w in zip(word.box, starts, lengths, whole, strict=True))
    return replace(word, box=tuple(box))


def _plain(image: Image.Image) -> Image.Image:
    """The image in one bit a pixel where it is black and white, which packs ten times better."""
    grey = image.convert("L")
    levels = [level for level, count in enumerate(grey.histogram()) if count]
    return grey.convert("1", dither=Image.Dither.NONE) if set(levels) <= {0, 255} else image


def _described(
    mapped: FigureMap, texts: Mapping[str | None, FigureText], note: Note
) -> Iterator[tuple[PatentFigure, FigureText]]:
    """The drawn figures that the text speaks of, each with what it says."""
    for figure in mapped.figures:
        if figure.label in texts:
            yield figure, texts[figure.label]
        else:
            note(f"FIG. {figure.label}", "label_not_in_text", f"the text does not speak of FIG. {figure.label}")


# --- rows ------------------------------------------------------------------------------------------------------------


def _joined(
    patent: Patent, figure: PatentFigure, text: FigureText, names: Sequence[PartName], sheets: Sequence[str]
) -> Figure:
    image, reading = _picture([part.figure for part in figure.parts])
    words, boxes, confidences = reading.columns
    characters = take_inventory(words, boxes, confidences).characters
    known = {each.text for each in characters} | named_characters(f"{text.brief or ''} {text.detailed or ''}")
    own = [name for name in names if name.text in known]
    usual = _usual(own)
    return Figure(
        image_id=f"{patent.patent_id}__{_as_file_name(figure.label)}",
        image=image,
        patent_id=patent.patent_id,
        figure=figure.label,
        kind=None,
        brief_description=text.brief,
        detailed_description=text.detailed,
        words=words,
        boxes=[list(box) for box in boxes],
        confidences=confidences,
        ocr_engine=reading.engine,
        numerals=[
            {"text": each.text, "term": usual.get(each.text), "box": list(each.box) if each.box else None}
            for each in characters
        ],
        source=PurePath(patent.source).name,
        title=patent.title,
        publication_date=patent.publication_date,
        family_id=family_of(patent),
        family_date=family_date(patent) or min(filter(None, (patent.filing_date, patent.publication_date))),
        cpc=list(patent.cpc),
        sheets=list(dict.fromkeys(sheets)),
        label_source=figure.label_source,
        brief_paragraphs=list(text.brief_paragraphs),
        detailed_paragraphs=list(text.detailed_paragraphs),
        terms=[{"text": name.text, "term": name.term, "count": name.count} for name in own],
    )


def _usual(names: Sequence[PartName]) -> Mapping[str, str]:
    """The most frequent name of each character, which stands first."""
    return {name.text: name.term for name in reversed(names)}


def _as_file_name(label: str | None) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", label).strip("-") if label else "figure"


def _fit_ones(figures: Sequence[Figure], note: Note) -> Iterator[Figure]:
    """The figures with what is fit to train on."""
    for figure, reasons in zip(figures, check_patent(figures), strict=True):
        for reason in reasons:
            note(f"FIG. {figure.figure}" if figure.figure else "the figure", reason.name, reason.detail)
        if (fitting := fit(figure, reasons)) is not None:
            yield fitting
