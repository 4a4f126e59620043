"""The findings of an audit as JSON, as a page to read, and drawn on the sheets."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from .audit_patentlmm import RULES, Finding, Place, Quote, Sheet
from .describe_patentlmm import upright
from .image_processing_patentlmm import as_figure
from .ocr_patentlmm import Box
from .overlay_patentlmm import OVERLAY_SIDE, draw_tag, outline_box

AGREED_COLOUR = (0, 140, 60)
COLOURS = {"open": (205, 20, 30), "less certain": (235, 120, 0), "waived": (120, 120, 120)}
TITLES = {
    "not-described": "In the drawings but not in the text",
    "not-drawn": "In the text but not in the drawings",
    "two-terms": "One reference character, two terms",
    "two-characters": "One part, two reference characters",
    "swapped": "Reference characters that change places",
    "figure-not-described": "Figures drawn but not in the text",
    "figure-not-listed": "Figures missing from the brief description",
    "figure-not-drawn": "Figures in the text but not drawn",
}
CROP_MARGIN = 25  # thousandths of the page around what a crop shows


@dataclass(frozen=True)
class Audit:
    """Everything a report is made of; `unused_waivers` are those that no finding answers to."""

    text: str
    sheets: tuple[Sheet, ...]
    findings: tuple[Finding, ...]
    unused_waivers: tuple[str, ...] = ()

    def of_state(self, state: str) -> list[Finding]:
        return [finding for finding in self.findings if state_of(finding) == state]

    @property
    def characters(self) -> int:
        """How many distinct reference characters were read."""
        return len({text for sheet in self.sheets for text in sheet.inventory.texts})


def state_of(finding: Finding) -> str:
    """One of the names of `COLOURS`."""
    if finding.waived is not None:
        return "waived"
    return "open" if finding.sure else "less certain"


# --- JSON ------------------------------------------------------------------------------------------------------------


def as_dict(audit: Audit, crops: bool = False) -> dict:
    """What `patentlmm audit --json` prints; file names of crops and annotated sheets only where they are written."""
    sheets = [
        {
            "sheet": sheet.name,
            "rotation": sheet.reading.rotation,
            "figures": list(sheet.inventory.labels),
            "characters": list(sheet.inventory.texts),
            "annotated": _sheet_file(index) if crops else None,
        }
        for index, sheet in enumerate(audit.sheets)
    ]
    return {
        "text": audit.text,
        "sheets": sheets,
        "summary": {state.replace(" ", "_"): len(audit.of_state(state)) for state in COLOURS},
        "findings": [_finding_dict(audit, number, crops) for number in range(1, len(audit.findings) + 1)],
        "unused_waivers": list(audit.unused_waivers),
    }


def _finding_dict(audit: Audit, number: int, crops: bool) -> dict:
    finding = audit.findings[number - 1]
    fields = {name: getattr(finding, name) for name in ("kind", "subject", "key", "rule", "message", "confidence")}
    places = [
        {
            "sheet": audit.sheets[place.sheet].name,
            "box": place.box,
            "text": place.text,
            "confidence": round(place.confidence, 4),
            "crop": _crop_file(number, nth) if crops and place.box else None,
        }
        for nth, place in enumerate(finding.places, start=1)
    ]
    quotes = [asdict(quote) for quote in finding.quotes]
    return {**fields, "state": state_of(finding), "waived": finding.waived, "places": places, "quotes": quotes}


def _sheet_file(index: int) -> str:
    return f"sheet-{index + 1}.png"


def _crop_file(number: int, nth: int) -> str:
    return f"crops/finding-{number}-{nth}.png"


# --- for the terminal ------------------------------------------------------------------------------------------------


def as_text(audit: Audit) -> str:
    """A summary and a line or two for each open finding; how many there are of the others."""
    lines = [_summary(audit)]
    for kind, title in TITLES.items():
        open_ones = [finding for finding in audit.of_state("open") if finding.kind == kind]
        if open_ones:
            lines += ["", f"{title} ({RULES[kind]})"]
        for finding in open_ones:
            lines.append(f"  {finding.confidence:.2f}  {finding.message}")
            lines += [f"        {_where(audit, place)}" for place in finding.places[:2]]
            lines += [f"        {_excerpt(quote)}" for quote in finding.quotes[:2]]
    lines += [f"waived: {finding.key}  # {finding.waived}" for finding in audit.of_state("waived")]
    lines += [f"waiver without a finding: {key}" for key in audit.unused_waivers]
    return "\n".join(_printable(line) for line in lines)


def _summary(audit: Audit) -> str:
    counts = ", ".join(f"{len(audit.of_state(state))} {state}" for state in COLOURS)
    sheets = f"{len(audit.sheets)} sheet{'s' * (len(audit.sheets) != 1)}"
    return f"{audit.text} against {sheets} with {audit.characters} reference characters: {counts}"


def _where(audit: Audit, place: Place) -> str:
    box = f", box {' '.join(map(str, place.box))}" if place.box else ""
    return f"{audit.sheets[place.sheet].name}{box}, read as {place.text} ({place.confidence:.2f})"


def _excerpt(quote: Quote, around: int = 60) -> str:
    start, end = max(0, quote.start - around), quote.end + around
    number = f"[{quote.number}] " if quote.number else f"paragraph {quote.paragraph + 1}: "
    dots = "..." * (start > 0), "..." * (end < len(quote.sentence))
    return f"{number}{dots[0]}{quote.sentence[start:end]}{dots[1]}"


def _printable(line: str) -> str:
    """A line that cannot command a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in line)


# --- to read ---------------------------------------------------------------------------------------------------------

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
h2 { margin-top: 2.5rem; border-bottom: 1px solid #ccc } h2 small { font-weight: normal; color: #777 }
article { border-left: 4px solid; padding: .2rem 1rem; margin: 1rem 0 }
.open { border-color: #cd141e } .less-certain { border-color: #eb7800 } .waived { border-color: #787878; color: #666 }
figure { display: inline-block; margin: .4rem .8rem .4rem 0; vertical-align: top; max-width: 20rem }
figure img { max-width: 100%; max-height: 9rem; border: 1px solid #ddd }
figcaption, .key { font-size: 12px; color: #666 }
blockquote { margin: .3rem 0; font-family: Georgia, serif } mark { background: #ffe27a }
"""


def as_html(audit: Audit) -> str:
    """A page with every finding, what waives it, the crops and the sentences; all text from outside is escaped."""
    body = [f"<h1>Drawings against text</h1><p>{escape(_summary(audit))}.</p>", _LEGEND]
    for kind, title in TITLES.items():
        articles = [_article(audit, n, f) for n, f in enumerate(audit.findings, start=1) if f.kind == kind]
        if articles:
            body.append(f"<h2>{title} <small>{RULES[kind]}</small></h2>")
            body += [article for _, article in sorted(articles, key=lambda article: article[0])]
    if audit.unused_waivers:
        keys = "".join(f"<li><code>{escape(key)}</code></li>" for key in audit.unused_waivers)
        body.append(f"<h2>Waivers without a finding</h2><ul>{keys}</ul>")
    rows = "".join(_sheet_row(index, sheet) for index, sheet in enumerate(audit.sheets))
    body.append(f"<h2>Sheets</h2><ul>{rows}</ul>")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Drawings against text</title>'
        f"<style>{_STYLE}</style></head><body>\n" + "\n".join(body) + "\n</body></html>\n"
    )


_LEGEND = (
    "<p>Red: probably a fault. Orange: less certain, often the reader or the wording. Grey: waived. The number is the "
    "confidence that it is a fault. To waive a finding, put the line under it into a file and give it with "
    "<code>--waivers</code>.</p>"
)


def _article(audit: Audit, number: int, finding: Finding) -> tuple[int, str]:
    """A finding, and its place in the order of states."""
    state = state_of(finding)
    figures = "".join(
        f'<figure><img src="{_crop_file(number, nth)}" alt="">'
        f"<figcaption>{escape(_where(audit, place))}</figcaption></figure>"
        for nth, place in enumerate(finding.places, start=1)
        if place.box
    )
    reason = finding.waived if finding.waived is not None else "why it may stand"
    parts = [
        f'<article class="{state.replace(" ", "-")}"><p><b>{escape(finding.message)}</b> '
        f"({finding.confidence:.2f}, {state})</p>{figures}",
        *(f"<blockquote>{_marked(quote)}</blockquote>" for quote in finding.quotes),
        f'<p class="key"><code>{escape(finding.key)}  # {escape(reason)}</code></p></article>',
    ]
    return list(COLOURS).index(state), "".join(parts)


def _marked(quote: Quote) -> str:
    before, at, after = (
        escape(part)
        for part in (
            quote.sentence[: quote.start],
            quote.sentence[quote.start : quote.end],
            quote.sentence[quote.end :],
        )
    )
    number = f"[{escape(quote.number)}]" if quote.number else f"paragraph {quote.paragraph + 1}:"
    return f"<small>{number}</small> {before}<mark>{at}</mark>{after}"


def _sheet_row(index: int, sheet: Sheet) -> str:
    figures = ", ".join(f"FIG. {label}" for label in sheet.inventory.labels) or "no figure number read"
    link = f'<a href="{_sheet_file(index)}">{escape(sheet.name)}</a>'
    return f"<li>{link}: {escape(figures)}; {len(sheet.inventory.texts)} reference characters</li>"


# --- drawn -----------------------------------------------------------------------------------------------------------


def write_report(audit: Audit, images: Sequence[Image.Image], folder: Path) -> None:
    """`audit.json`, `report.html`, a `sheet-N.png` for every sheet and a crop for every place, into `folder`."""
    (folder / "crops").mkdir(parents=True, exist_ok=True)
    for index, (sheet, image) in enumerate(zip(audit.sheets, images, strict=True)):
        page = upright(as_figure(image), sheet.reading.rotation)
        for number, finding in enumerate(audit.findings, start=1):
            for nth, place in enumerate(finding.places, start=1):
                if place.sheet == index and place.box:
                    _crop(page, place.box).save(folder / _crop_file(number, nth))
        annotate(page, index, audit).save(folder / _sheet_file(index))
    (folder / "audit.json").write_text(json.dumps(as_dict(audit, crops=True), indent=1) + "\n", encoding="utf-8")
    (folder / "report.html").write_text(as_html(audit), encoding="utf-8")


def _crop(page: Image.Image, box: Box) -> Image.Image:
    """What stands in a box and a little around it."""
    margins = (-2 * CROP_MARGIN, -CROP_MARGIN, 2 * CROP_MARGIN, CROP_MARGIN)
    sides = (page.width, page.height) * 2
    left, top, right, bottom = (
        min(max(round((value + margin) * side / 1000), 0), side)
        for value, margin, side in zip(box, margins, sides, strict=True)
    )
    return page.crop((left, top, max(right, left + 1), max(bottom, top + 1)))


def annotate(page: Image.Image, index: int, audit: Audit) -> Image.Image:
    """An upright sheet, paled, with its reference characters outlined: green, or in the colour of their finding."""
    least, most = OVERLAY_SIDE
    scale = min(max(1.0, least / max(page.size)), most / max(page.size))
    page = page.convert("RGB").resize((round(page.width * scale), round(page.height * scale)), Image.Resampling.LANCZOS)
    page = Image.blend(page, Image.new("RGB", page.size, "white"), 0.35)
    unit = max(page.size) / 1000
    font = ImageFont.load_default(size=max(12, round(13 * unit)))
    draw = ImageDraw.Draw(page)
    marks = _marks(index, audit)
    for character in audit.sheets[index].inventory.characters:
        if character.box not in marks:
            outline_box(draw, page.size, character.box, AGREED_COLOUR, round(unit), 2 * unit)
    for box, (state, text) in marks.items():
        corner = outline_box(draw, page.size, box, COLOURS[state], round(2.5 * unit), 3 * unit)
        draw_tag(draw, corner, text, COLOURS[state], font)
    return page


def _tag(finding: Finding) -> str:
    """What is written at a box; at one that may be a misreading of a character missing in the drawings, that one."""
    return f"{finding.subject}?" if finding.kind == "not-drawn" else f"{finding.kind} {finding.subject}"


def _marks(index: int, audit: Audit) -> dict[Box, tuple[str, str]]:
    """The gravest state of the findings at each box of a sheet, and what is written there."""
    marks: dict[Box, tuple[str, list[str]]] = {}
    for state in COLOURS:
        for finding in audit.of_state(state):
            for place in finding.places:
                if place.sheet == index and place.box:
                    marks.setdefault(tuple(place.box), (state, []))[1].append(_tag(finding))
    return {
        box: (state, texts[0] + (f" +{len(texts) - 1}" if texts[1:] else "")) for box, (state, texts) in marks.items()
    }
