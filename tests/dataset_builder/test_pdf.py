"""Patent PDFs: which pages are sheets, text in reading order, the front page, scans, and files that mean harm."""

import gzip
import json
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from dataset_builder.patent import Patent
from dataset_builder.pdf import kind_of_scan, looks_of, page_count, read_pdf
from dataset_builder.pdf import pages as pdf_pages
from dataset_builder.pdf.claims import split_claims
from dataset_builder.pdf.columns import read_columns
from dataset_builder.pdf.front_page import read_front_page, read_old_opening
from dataset_builder.pdf.kinds import PageKind
from dataset_builder.pdf.pages import PdfError, PdfPage, PdfWord, page_image
from dataset_builder.pdf.paragraphs import Vocabulary, join_lines, to_blocks, vocabulary
from dataset_builder.pdf.reader import patent_number
from dataset_builder.rejects import Rejects
from tests.tiny_pdf import HEIGHT, WIDTH, assembled, column, drawing, text, write_pdf

WORDS = Path(__file__).parent.parent / "data" / "pdf"
HEADER = "U.S. Patent   Sep. 2, 1997   Sheet {} of 2   5,662,999"
FRONT = (
    text(54, 40, "United States Patent [19]")
    + text(330, 40, "[11] Patent Number: 5,662,999")
    + text(54, 55, "Smith")
    + text(330, 55, "[45] Date of Patent: Sep. 2, 1997")
    + column(0, ["[54] ROTARY VALVE WITH A SPRING", "     LOADED SEAL", "[75] Inventor: John Smith, Ohio"], 120)
    + column(0, ["[21] Appl. No.: 08/123,456", "[22] Filed: Sep. 17, 1993", "[51] Int. Cl. F16K 5/06"], 150)
    + column(0, ["[52] U.S. Cl. 251/314", "[58] Field of Search 251/314"], 180)
    + column(
        1, [">ABSTRACT", "", "A rotary valve has a body, a ball and a", "seal that a spring holds to the ball."], 120
    )
    + column(1, ["", "8 Claims, 2 Drawing Sheets"], 160)
)
FIRST = [
    ">ROTARY VALVE WITH A SPRING",
    ">LOADED SEAL",
    "",
    ">BACKGROUND",
    "",
    "  The invention relates to rotary valves",
    "and in particular to valves with a spring",
    "loaded seal, whose spring is often diffi-",
    "cult to mount.",
    "  Such valves have a body, a ball, and two",
    "seals which a spring holds to the ball.",
    "",
    ">BRIEF DESCRIPTION OF THE DRAWINGS",
    "",
    "  FIG. 1 is a view of a valve.",
    "  FIG. 2 is a section along line 2-2.",
    "  The valve 10 of FIG. 1 has a body 12 and",
]
SECOND = [
    "a ball 14 which turns in the body 12 when",
    "the stem 16 is turned.",
    "  What is claimed is:",
    "  1. A valve comprising:",
    "    a body;",
    "    a ball in the body; and",
    "    a spring.",
    "  2. The valve of claim 1, wherein the",
    "spring is a disc.",
    "         * * * * *",
]
TEXT = (
    text(290, 40, "5,662,999")
    + text(150, 60, "1")
    + text(430, 60, "2")
    + column(0, FIRST)
    + column(1, SECOND)
    + text(299, 140, "5")
    + text(297, 190, "10")
)


def read(path: Path, **options) -> tuple[list[Patent], Rejects]:
    rejects = Rejects()
    return list(read_pdf(path, rejects, **options)), rejects


@pytest.fixture(scope="module")
def grant(tmp_path_factory) -> Patent:
    path = tmp_path_factory.mktemp("pdf") / "grant.pdf"
    sheets = [drawing(HEADER.format(1)), drawing(HEADER.format(2), "FIG. 2")]
    (patent,), rejects = read(write_pdf(path, [FRONT, *sheets, TEXT]))
    assert not rejects.items
    return patent


def test_the_front_page(grant):
    assert (grant.patent_id, grant.kind, grant.application) == ("US5662999A", "utility", "US08123456")
    assert grant.title == "ROTARY VALVE WITH A SPRING LOADED SEAL"
    assert (grant.publication_date, grant.filing_date) == ("1997-09-02", "1993-09-17")
    assert grant.abstract == "A rotary valve has a body, a ball and a seal that a spring holds to the ball."
    assert grant.sheet_count == 2 and grant.source == "grant.pdf"


def test_the_sheets(grant):
    assert [(sheet.name, sheet.number) for sheet in grant.sheets] == [("page 2", 1), ("page 3", 2)]
    assert grant.sheets[0].size_mm == (215.9, 279.4)
    image = grant.sheets[1].open()
    assert image.mode == "L" and image.size == (2550, 3300)  # no scan: 300 dpi
    assert np.asarray(image)[1200:1700].min() == 0


def test_paragraphs_in_reading_order(grant):
    texts = [paragraph.text for paragraph in grant.paragraphs]
    assert texts == [
        "ROTARY VALVE WITH A SPRING LOADED SEAL",
        "BACKGROUND",
        "The invention relates to rotary valves and in particular to valves with a spring loaded seal, whose spring is "
        "often difficult to mount.",
        "Such valves have a body, a ball, and two seals which a spring holds to the ball.",
        "BRIEF DESCRIPTION OF THE DRAWINGS",
        "FIG. 1 is a view of a valve.",
        "FIG. 2 is a section along line 2-2.",
        "The valve 10 of FIG. 1 has a body 12 and a ball 14 which turns in the body 12 when the stem 16 is turned.",
    ]
    assert [each.id for each in grant.paragraphs if each.is_heading] == ["p-0001", "p-0002", "p-0005"]


def test_claims(grant):
    assert grant.claims == (
        "1. A valve comprising: a body; a ball in the body; and a spring.",
        "2. The valve of claim 1, wherein the spring is a disc.",
    )


def test_the_printed_numbers_of_an_application(tmp_path):
    front = text(54, 30, "(19) United States") + text(54, 45, "(12) Patent Application Publication")
    front += text(330, 45, "(10) Pub. No.: US 2016/0148332 A1") + text(330, 60, "(43) Pub. Date: May 26, 2016")
    front += column(
        0, ["(54) VALVE", "(60) Provisional application No.", "     62/082,377, filed on Nov. 20, 2014."], 130
    )
    front += column(
        1, ["(57) ABSTRACT", "A rotary valve has a body, a ball and a", "seal that a spring holds to the ball."], 130
    )
    lines = ["  [0001] The invention relates to rotary", "valves of", "0.022 inches.", "  [0002] A valve has a body."]
    body = text(54, 40, "US 2016/0148332 A1") + text(450, 40, "May 26, 2016") + column(0, lines + ["Text goes on."] * 4)
    body += column(1, ["and so on to the end of this column."] * 9)
    sheet = drawing("Patent Application Publication   May 26, 2016  Sheet 1 of 1   US 2016/0148332 A1")
    (patent,), _ = read(write_pdf(tmp_path / "a.pdf", [front, sheet, body]))
    assert (patent.patent_id, patent.publication_date) == ("US20160148332A1", "2016-05-26")
    assert patent.title == "VALVE" and patent.related == ("US62082377",) and len(patent.sheets) == 1
    assert patent.priority_date == "2014-11-20"
    assert [each.number for each in patent.paragraphs] == ["0001", "0002"]
    assert patent.paragraphs[0].text == "The invention relates to rotary valves of 0.022 inches."


def test_sheets_come_first_in_old_patents(tmp_path):
    header = "April 8, 1969        R. W. REACH ET AL        3,438,011"
    sheets = [drawing(header) + text(380, 80, f"Sheet {mark} of 3") for mark in ("_", "2", "1")]
    opening = text(54, 60, "United States Patent Office") + text(400, 60, "3,438,011")
    (patent,), _ = read(write_pdf(tmp_path / "old.pdf", [*sheets, opening + column(0, FIRST) + column(1, SECOND)]))
    assert patent.patent_id == "US3438011A" and patent.publication_date == "1969-04-08"
    assert [sheet.number for sheet in patent.sheets] == [1, 2, 3] and patent.sheet_count == 3  # not what was misread


def page(name: str) -> PdfPage:
    fields = json.loads(gzip.decompress((WORDS / f"{name}.json.gz").read_bytes()))
    return PdfPage(**{**fields, "words": tuple(PdfWord(*word) for word in fields["words"])})


def columns_of(page: PdfPage):
    return read_columns(page.words, page.width, page.height)


def test_the_first_text_page_of_1969():
    columns = columns_of(page("US3438011-page6"))
    words = vocabulary(columns)
    front, blocks = read_old_opening(to_blocks(columns, words))
    assert (front.application, front.filing_date) == ("US382435", "1964-06-26")
    assert front.title == "SHIFT REGISTER HAVING MAN AND AUXLARY SHIFT WINDINGS"  # as the scan's text layer has it
    assert front.abstract.startswith("A magnetic core shift register has main and auxiliary shift pulse windings, an")
    assert front.abstract.endswith("establish the set state in the following core stage.")
    starts = [" ".join(block.text.split()[:4]) for block in blocks]
    assert starts == [
        "The present invention relates",
        "One type of conventional",
        "While there exist single-bit-per-core",
        "The present invention has",
        "It is another object",
        "It is still another",
        "It is still a",
        "Still another object of",
        "According to the invention,",
    ]
    assert "substituting a delay furnished by lumped parameter delay networks for the delay" in blocks[2].text


def test_the_last_page_of_1988():
    columns = columns_of(page("US4747081-page18"))
    assert [len(column) for column in columns] == [14, 12]
    assert columns[1][0].text == "said memory cells in said register after said sensing"


def test_the_front_page_of_1988():
    scanned = page("US4747081-page1")
    front = read_front_page(scanned, vocabulary(columns_of(scanned)))
    assert front.title.startswith("VIDEO DISPLAY SYSTEMUSING MEMORY WITH PARALLEL AND SERIAL ACCESS")
    assert (front.publication_date, front.filing_date, front.application) == ("1988-05-24", "1983-12-30", "US567110")
    assert front.sheet_count == 8 and front.abstract.startswith("In a video-type computer system and the like, an")


def test_divided_words_are_mended():
    words = vocabulary([])
    words.counts.update({"provisional": 2, "information": 3, ("data", "base"): 1, "database": 1, "self-aligned": 1})
    assert join_lines(["a provi", "sional infor-", "mation"], words) == "a provisional information"
    assert join_lines(["a data", "base is self-", "aligned"], words) == "a data base is self-aligned"
    assert join_lines(["rare avail", "ability"], words) == "rare avail ability"  # too few words are known
    words = Vocabulary(words.counts + Counter({"the": 5_000}))
    assert join_lines(["rare avail", "ability of liquid", "crystal"], words) == "rare availability of liquid crystal"


def test_the_only_claim_of_a_design():
    lines = [">CLAIM", "The ornamental design for a bottle, as", "shown and described.", ">DESCRIPTION"]
    lines += ["  FIG. 1 is a perspective view of it.", "  FIG. 2 is a top view of the bottle."]
    words = [
        PdfWord(word, x, 100 + 10 * row, x + 6 * len(word), 108 + 10 * row)
        for row, line in enumerate(lines)
        for word, x in placed(line)
    ]
    columns = read_columns(words, WIDTH, HEIGHT)
    left, claims = split_claims(columns, vocabulary(columns))
    assert claims == ("The ornamental design for a bottle, as shown and described.",)
    assert [line.text for line in left[0]][-2:] == [line.strip() for line in lines[-2:]]


def placed(line: str):
    at = 0
    for word in line.split():
        at = line.index(word, at)
        yield word.strip(">"), 54 + 6 * at
        at += len(word)


@pytest.mark.parametrize(
    "headers, number",
    [
        (["US 2016/O148332 A1", "US 2016/0148332 A1"], "US20160148332A1"),
        (["U.S. Patent Feb. 2, 2010 Sheet 1 of 8 US 7,654,321 B2"], "US7654321B2"),
        (["4,747,081", "4,747,081", "U.S. Pat. No. 4,639,890"], "US4747081A"),
        (["U.S. Patent Aug. 5, 2008 Sheet 1 of 7 US D574,123 S"], "USD574123S"),
        (["U.S. Patent Jul. 6, 1999 Re. 36,264"], "USRE36264E"),
        ([], "US1234567B1"),
    ],
)
def test_the_number_that_most_headers_print(headers, number):
    assert patent_number(headers, Path("a-US1234567B1-scan.pdf")) == number


# --- scans -----------------------------------------------------------------------------------------------------------


def scan(lines: list[tuple[int, int, str]], size: int = 30) -> Image.Image:
    """A 1-bit page at 150 dpi."""
    image = Image.new("L", (1275, 1650), 255)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size)
    for x, y, line in lines:
        pen.text((x, y), line, 0, font)
    return image.convert("1", dither=Image.Dither.NONE)


def scanned_sheet(number: int) -> Image.Image:
    image = scan([(120, 90, f"U.S. Patent      Sep. 2, 1997      Sheet {number} of 2      5,662,999")])
    ImageDraw.Draw(image).rectangle((300, 400, 900, 1200), outline=0, width=4)
    return image


@pytest.fixture(scope="module")
def scanned(tmp_path_factory) -> tuple[Path, list[Image.Image]]:
    path = tmp_path_factory.mktemp("scan") / "scan.pdf"
    sentence = "The valve has a body and a ball which is turned"
    lines = [(120, 300 + 36 * row, sentence) for row in range(6)]
    pages = [scanned_sheet(2), scan(lines, 24), Image.new("1", (1275, 1650), 1)]
    pages[0].save(path, save_all=True, append_images=pages[1:], resolution=150)
    return path, pages


def test_a_scan_without_text(scanned):
    path, pages = scanned
    (patent,), rejects = read(path)
    assert patent.patent_id == "US5662999A" and not patent.paragraphs
    assert [sheet.number for sheet in patent.sheets] == [2] and patent.sheet_count == 2
    assert rejects.counts == {"no_text_layer": 1, "blank_page": 1}
    assert {(each.item, each.source) for each in rejects.items} == {("page 2", str(path)), ("page 3", str(path))}
    opened = patent.sheets[0].open()
    assert opened.size == (1275, 1650) and np.array_equal(np.asarray(opened) > 127, np.asarray(pages[0]))


def test_a_scan_that_is_written_upon_is_drawn_anew(tmp_path):
    pixels = zlib.compress(b"\xff" * 850 * 1100).decode("latin-1")
    place = "/Type /XObject /Subtype /Image /Width 850 /Height 1100 /ColorSpace /DeviceGray /BitsPerComponent 8"
    content = "q 612 0 0 792 0 0 cm /Im Do Q 200 700 180 30 re f"
    resources = "<< /Font << /F1 3 0 R >> /XObject << /Im 6 0 R >> >>"
    path = tmp_path / "stamped.pdf"
    path.write_bytes(
        assembled(
            [
                "<< /Type /Catalog /Pages 2 0 R >>",
                "<< /Type /Pages /Count 1 /Kids [4 0 R] >>",
                "<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>",
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources {resources} /Contents 5 0 R >>",
                f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
                f"<< {place} /Filter /FlateDecode /Length {len(pixels)} >>\nstream\n{pixels}\nendstream",
            ]
        )
    )
    image = page_image(path, 1)
    assert image.size == (850, 1100) and np.asarray(image).min() == 0


def test_a_scan_is_read_where_that_is_wanted(scanned):
    (patent,), rejects = read(scanned[0], read_text=True)
    assert "valve has a body and a ball" in patent.paragraphs[0].text
    assert "read by rapidocr" in patent.source and patent.source.endswith("page 2)")
    assert rejects.counts == {"blank_page": 1}


def test_what_the_image_of_a_page_shows(scanned):
    path, (sheet, prose, blank) = scanned
    assert page_count(path) == 3
    assert kind_of_scan(sheet) == PageKind("sheet", 2, 2)
    assert kind_of_scan(scan([(60, 90, "United States Patent [19]"), (60, 140, "[45] Date of Patent")])).name == "front"
    assert [looks_of(page) for page in (sheet, prose, blank)] == ["drawing", "text", "blank"]


# --- files that mean harm --------------------------------------------------------------------------------------------


def refused(path: Path) -> tuple[str, str]:
    patents, rejects = read(path)
    assert not patents and len(rejects.items) == 1 and "\n" not in rejects.items[0].detail
    assert path.name in rejects.items[0].detail
    return rejects.items[0].reason, rejects.items[0].detail


def test_an_encrypted_file(tmp_path):
    secret = "<" + "00" * 32 + ">"
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Count 0 /Kids [] >>"]
    objects.append(f"<< /Filter /Standard /V 1 /R 2 /O {secret} /U {secret} /P -4 >>")
    path = tmp_path / "secret.pdf"
    path.write_bytes(assembled(objects, f"/Encrypt 3 0 R /ID [{secret} {secret}]"))
    assert refused(path)[0] == "encrypted"


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"%PDF-1.7\n" + b"\0" * 500], ids=["empty", "gif", "head"])
def test_a_file_that_is_no_pdf(tmp_path, data):
    path = tmp_path / "not.pdf"
    path.write_bytes(data)
    assert refused(path)[0] in ("no_pdf", "damaged")
    with pytest.raises(PdfError, match="not.pdf"):
        page_count(path)


def test_a_letter_is_no_patent(tmp_path):
    assert refused(
        write_pdf(tmp_path / "letter.pdf", [column(0, ["Dear Sir,", "it rains here, and how is it with you"])])
    )


def test_a_page_as_large_as_a_house_is_not_drawn(tmp_path):
    path = write_pdf(tmp_path / "huge.pdf", [drawing(HEADER.format(1)), TEXT], size="14400 14400")
    with pytest.raises(PdfError, match="huge.pdf: page 1 has 60000x60000 pixels"):
        page_image(path, 1)


def test_a_file_that_takes_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr(pdf_pages, "SECONDS_OF_TEXT", 0.01)
    assert refused(write_pdf(tmp_path / "slow.pdf", [TEXT]))[0] == "too_slow"


def test_scripts_files_and_links_are_not_followed(tmp_path):
    harm = "/OpenAction << /S /JavaScript /JS (app.launchURL\\('http://localhost:9/'\\)) >> "
    harm += "/Names << /EmbeddedFiles << /Names [(a.exe) << /Type /Filespec /F (a.exe) >>] >> >> "
    harm += "/AcroForm << /XFA (<x/>) /Fields [] >>"
    (patent,), rejects = read(write_pdf(tmp_path / "harm.pdf", [drawing(HEADER.format(1)), TEXT], catalog=harm))
    assert len(patent.sheets) == 1 and len(patent.claims) == 2 and not rejects.items


def test_a_torn_file_gives_its_pages_or_a_reason(tmp_path):
    whole = write_pdf(tmp_path / "whole.pdf", [FRONT, drawing(HEADER.format(1)), TEXT]).read_bytes()
    torn = tmp_path / "torn.pdf"
    for share in (0.3, 0.6, 0.9):
        torn.write_bytes(whole[: int(share * len(whole))])
        patents, rejects = read(torn)
        assert patents or rejects.items


def test_the_files_of_a_folder(tmp_path):
    write_pdf(tmp_path / "b.pdf", [drawing(HEADER.format(1)), TEXT])
    write_pdf(tmp_path / "a.PDF", [drawing(HEADER.format(1)), TEXT])
    (tmp_path / "c.pdf").write_text("no PDF")
    patents, rejects = read(tmp_path)
    assert [patent.source for patent in patents] == ["a.PDF", "b.pdf"] and rejects.counts == {"no_pdf": 1}


def test_a_missing_file_is_said_at_once(tmp_path):
    with pytest.raises(FileNotFoundError, match="no PDF is here"):
        read(tmp_path / "none.pdf")
