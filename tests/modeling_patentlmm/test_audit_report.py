"""The report of an audit: JSON, page, annotated sheets, the command and its exit codes."""

import json
import re
from html.parser import HTMLParser

import pytest
from PIL import Image, ImageDraw, ImageFont

import modeling_patentlmm.lettering_patentlmm as lettering
from modeling_patentlmm.__main__ import main
from modeling_patentlmm.audit_patentlmm import Finding, Place, Quote, Sheet
from modeling_patentlmm.audit_report_patentlmm import (
    AGREED_COLOUR,
    COLOURS,
    Audit,
    annotate,
    as_dict,
    as_html,
    as_text,
    write_report,
)
from modeling_patentlmm.ocr_patentlmm import FigureReading, Word

EVIL = '<script>alert("x")</script>\x1b[31m&'
WORDS = tuple(
    Word(text, (100 + i * 200, 300, 160 + i * 200, 330), 0.99) for i, text in enumerate(("102", "104", "106"))
)
SHEET = Sheet(f"a{EVIL}.png", FigureReading(WORDS, 90, (600, 400), "precomputed"))
FINDINGS = (
    Finding("not-described", "102", f"102 {EVIL}", 0.9, (Place(0, WORDS[0].box, EVIL, 0.99),)),
    Finding("not-described", "104", "104 too", 0.3, (Place(0, WORDS[1].box, "104", 0.4),)),
    Finding(
        "not-drawn", "108", "108", 0.9, (Place(0, None, "108", 0.1),), (Quote(3, EVIL, f"{EVIL} 108.", 31, 34),), EVIL
    ),
)
AUDIT = Audit(f"spec{EVIL}.txt", (SHEET,), FINDINGS, (f"not-drawn {EVIL}",))


class Tags(HTMLParser):
    def __init__(self, page: str):
        super().__init__()
        self.tags, self.sources = set(), []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.sources += [value for name, value in attributes if name in ("src", "href")]


def test_everything_from_outside_is_escaped_and_nothing_is_fetched():
    page = Tags(as_html(AUDIT))
    assert "script" not in page.tags and {"article", "mark", "img"} <= page.tags
    assert all(re.fullmatch(r"(crops/finding-\d+-\d+|sheet-\d+)\.png", source) for source in page.sources)
    assert "&lt;script&gt;" in as_html(AUDIT) and "not-drawn 108  # &lt;script" in as_html(AUDIT)
    assert "\x1b" not in as_text(AUDIT)


def test_states_are_counted_and_told_apart():
    row = as_dict(AUDIT)
    assert row["summary"] == {"open": 1, "less_certain": 1, "waived": 1}
    assert [finding["state"] for finding in row["findings"]] == ["open", "less certain", "waived"]
    assert row["findings"][0]["places"] == [
        {"sheet": SHEET.name, "box": WORDS[0].box, "text": EVIL, "confidence": 0.99, "crop": None}
    ]
    assert row["findings"][2]["quotes"][0]["sentence"].endswith("108.") and row["findings"][2]["waived"] == EVIL
    lines = as_text(AUDIT).splitlines()
    assert "1 open, 1 less certain, 1 waived" in lines[0] and any(
        line.startswith("waived: not-drawn 108") for line in lines
    )


def test_the_folder_has_all_that_the_json_names(tmp_path):
    image = Image.new("L", (400, 600), "white")
    write_report(AUDIT, [image], tmp_path / "out")
    row = json.loads((tmp_path / "out" / "audit.json").read_text())
    names = {sheet["annotated"] for sheet in row["sheets"]}
    names |= {place["crop"] for finding in row["findings"] for place in finding["places"] if place["crop"]}
    assert len(names) == 3 and all((tmp_path / "out" / name).is_file() for name in names)
    crop = Image.open(tmp_path / "out" / row["findings"][0]["places"][0]["crop"])
    assert crop.width > 36 and crop.height > 12, "the sheet is turned, the box of 60 x 30 thousandths has a margin"


def test_colours_on_the_sheet_stand_for_the_state():
    page = annotate(Image.new("L", (600, 400), "white"), 0, AUDIT)
    seen = []
    for word in WORDS:
        left, top, right, bottom = (round(v * s / 1000) for v, s in zip(word.box, page.size * 2, strict=True))
        region = page.crop((left - 9, top - 9, right + 9, bottom + 9))
        seen.append({colour for _, colour in region.getcolors(1 << 20)} & {*COLOURS.values(), AGREED_COLOUR})
    assert seen == [{COLOURS["open"]}, {COLOURS["less certain"]}, {AGREED_COLOUR}]


needs_rapidocr = pytest.mark.skipif(
    any(lettering.find_spec(name) is None for name in ("rapidocr", "onnxruntime", "cv2")), reason="rapidocr is missing"
)


@pytest.fixture
def drawing(tmp_path):
    sheet = Image.new("L", (900, 500), 255)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(30)
    for text, x, y in (("102", 100, 80), ("104", 600, 80), ("106", 330, 250), ("FIG. 1", 400, 430)):
        draw.text((x, y), text, fill=0, font=font)
    sheet.save(tmp_path / "sheet.png")
    return tmp_path / "sheet.png"


@needs_rapidocr
def test_the_command_from_pixels_to_report(tmp_path, drawing, capsys):
    spec, waivers, out = tmp_path / "spec.txt", tmp_path / "waivers.txt", tmp_path / "out"
    spec.write_text("FIG. 1 shows the housing 102 with the lid 104. The spring 108 presses the lid 104.")
    command = ["audit", "--drawings", str(drawing), "--text", str(spec)]
    assert main([*command, "--json", "--out", str(out)]) == 1
    row = json.loads(capsys.readouterr().out)
    assert [finding["key"] for finding in row["findings"]] == ["not-described 106", "not-drawn 108"]
    assert (out / row["findings"][0]["places"][0]["crop"]).is_file() and (out / "report.html").is_file()
    waivers.write_text("not-described 106  # legend\nnot-drawn 108\nnot-drawn 7  # gone\n")
    assert main([*command, "--waivers", str(waivers)]) == 0
    said = capsys.readouterr().out
    assert "0 open, 0 less certain, 2 waived" in said and "waiver without a finding: not-drawn 7" in said


def test_what_cannot_be_used_costs_one_line_and_code_2(tmp_path, drawing, capsys):
    spec = tmp_path / "spec.txt"
    spec.write_text("The housing 102.")
    for drawings, text, more in (
        (drawing, tmp_path / "none.txt", []),
        (spec, spec, []),
        (drawing, spec, ["--waivers", str(tmp_path / "none")]),
    ):
        assert main(["audit", "--drawings", str(drawings), "--text", str(text), *more]) == 2
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert line.startswith(f"patentlmm: {tmp_path}")
