"""Small applications with drawn sheets, as the Red Book publishes them: an XML with its TIFFs beside it."""

from collections.abc import Mapping
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

PARTS = {"102": "pump housing", "104": "rotor shaft", "106": "control valve"}
XML = """<?xml version="1.0" encoding="UTF-8"?>
<us-patent-application lang="EN" country="US" file="{name}.XML">
<us-bibliographic-data-application lang="EN" country="US">
<publication-reference><document-id><country>US</country><doc-number>{number}</doc-number><kind>A1</kind>
<date>20150108</date></document-id></publication-reference>
<application-reference appl-type="utility"><document-id><country>US</country><doc-number>14{serial:06d}</doc-number>
<date>20130702</date></document-id></application-reference>
<invention-title id="d0e1">PUMP</invention-title>
<figures><number-of-drawing-sheets>{count}</number-of-drawing-sheets><number-of-figures>{count}</number-of-figures></figures>
</us-bibliographic-data-application>
<abstract id="abstract"><p id="p-0001" num="0000">A pump.</p></abstract>
<drawings id="DRAWINGS">{sheets}</drawings>
<description id="description">
<?brief-description-of-drawings description="Brief Description of Drawings" end="lead"?>
<description-of-drawings>
<heading id="h-0001" level="1">BRIEF DESCRIPTION OF THE DRAWINGS</heading>
{briefs}
</description-of-drawings>
<heading id="h-0002" level="1">DETAILED DESCRIPTION</heading>
{details}
</description>
<us-claim-statement>What is claimed is:</us-claim-statement>
<claims id="claims"><claim id="CLM-00001" num="00001"><claim-text>A pump.</claim-text></claim></claims>
</us-patent-application>
"""
SHEET = '<figure id="Fig-EMI-D{index:05d}" num="{index:05d}"><img id="EMI-D{index:05d}" file="{file}"/></figure>'


def draw_sheet(label: str, parts: Mapping[str, str] = PARTS, lower: int = 0) -> Image.Image:
    """A block diagram over its label, which may stand `lower`, with the name and the numeral of every part."""
    sheet = Image.new("1", (1400, 1000), 1)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(44)
    for index, (numeral, name) in enumerate(parts.items()):
        left = 60 + 440 * index
        draw.rectangle([left, 300, left + 380, 480], outline=0, width=4)
        draw.text((left + 30, 360), name, font=font, fill=0)
        draw.text((left + 140, 200), numeral, font=font, fill=0)
        draw.line([left + 175, 255, left + 175, 300], fill=0, width=4)
    draw.text((560, 760 + lower), f"FIG. {label}", font=ImageFont.load_default(64), fill=0)
    return sheet


def describe(label: str, parts: Mapping[str, str] = PARTS) -> tuple[str, str]:
    """The brief and the detailed description of such a figure."""
    named = ", ".join(f"a {name} {numeral}" for numeral, name in parts.items())
    return (
        f"FIG. {label} is a block diagram of a pump according to an embodiment of the present disclosure.",
        f"Referring to FIG. {label}, the pump comprises {named}, which are joined to each other in a row by means of "
        f"pipes so that the {next(iter(parts.values()))} {next(iter(parts))} is supplied with water.",
    )


def write_patent(folder: Path, serial: int, labels: str = "12", images: bool = True) -> str:
    """Write an application with a sheet for each of `labels`; returns its id."""
    number = f"2015{serial:07d}"
    name = f"US{number}A1-20150108"
    files = [f"{name}-D{index:05d}.TIF" for index in range(1, len(labels) + 1)]
    folder.mkdir(parents=True, exist_ok=True)
    texts = [describe(label) for label in labels]
    if images:
        for file, label in zip(files, labels, strict=True):
            draw_sheet(label, lower=serial).save(folder / file, compression="group4", dpi=(300, 300))
    xml = XML.format(
        name=name,
        number=number,
        serial=serial,
        count=len(labels),
        sheets="".join(SHEET.format(index=index, file=file) for index, file in enumerate(files, 1)),
        briefs=_paragraphs((brief for brief, _ in texts), 2),
        details=_paragraphs((details for _, details in texts), 2 + len(labels)),
    )
    (folder / f"{name}.XML").write_text(xml)
    return f"US{number}A1"


def _paragraphs(texts, first: int) -> str:
    return "\n".join(f'<p id="p-{i:04d}" num="{i - 1:04d}">{text}</p>' for i, text in enumerate(texts, first))
