"""Sections of a patent application as a Word document, on the paper and in the type that 37 CFR 1.52 asks for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from docx import Document
from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Inches, Pt, RGBColor

FONT, SIZE = "Times New Roman", Pt(12)
SPACING = 1.5  # lines
MARGIN = Inches(1)  # at least 2.5 cm on the left and 2.0 on the other sides
PAPER = Inches(8.5), Inches(11)


@dataclass(frozen=True)
class Section:
    """A heading, and below it paragraphs (number, text) and the rows of a table, the first its header."""

    heading: str
    paragraphs: tuple[tuple[str, str], ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def write_document(sections: Iterable[Section], path: str | os.PathLike) -> None:
    """Write the sections one after the other; texts must hold only what XML can.

    Raises:
        OSError: the file cannot be written.
    """
    document = Document()
    _lay_out(document)
    for section in sections:
        document.add_heading(section.heading, level=1)
        for number, text in section.paragraphs:
            _add_paragraph(document, number, text)
        if section.rows:
            _add_table(document, section.rows)
    document.save(os.fspath(path))


def _lay_out(document: WordDocument) -> None:
    for name in ("Normal", "Heading 1"):
        _set_type(document.styles[name])
    document.styles["Heading 1"].font.bold = False  # 37 CFR 1.77(c): upper case, without underlining or bold type
    page = document.sections[0]
    page.page_width, page.page_height = PAPER
    page.top_margin = page.left_margin = page.right_margin = page.bottom_margin = MARGIN
    _number_pages(page.footer.paragraphs[0])
    document.core_properties.author = document.core_properties.comments = ""  # those of the template


def _set_type(style) -> None:
    style.font.name, style.font.size, style.font.color.rgb = FONT, SIZE, RGBColor(0, 0, 0)
    fonts = style.element.rPr.rFonts
    for attribute in list(fonts.attrib):  # the template names fonts of its theme, which go before FONT
        del fonts.attrib[attribute]
    for script in ("ascii", "hAnsi", "eastAsia", "cs"):
        fonts.set(qn(f"w:{script}"), FONT)
    style.paragraph_format.line_spacing = SPACING


def _number_pages(paragraph) -> None:
    """Pages numbered from 1, in the middle below the text (37 CFR 1.52(b)(5))."""
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    paragraph._p.append(field)


def _add_paragraph(document: WordDocument, number: str, text: str) -> None:
    """A paragraph that opens with its number in bold and a gap (37 CFR 1.52(b)(6))."""
    paragraph = document.add_paragraph()
    paragraph.add_run(number).bold = True
    paragraph.add_run(f"\t{text}")


def _add_table(document: WordDocument, rows: Sequence[Sequence[str]]) -> None:
    table = document.add_table(0, len(rows[0]), style="Table Grid")
    for place, row in enumerate(rows):
        added = table.add_row()
        for cell, text in zip(added.cells, row):
            cell.paragraphs[0].add_run(text).bold = place == 0
        if place == 0:
            added._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))  # again at the top of every page
