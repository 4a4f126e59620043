"""Red Book files of every vintage, cut from real ones (tests/data/redbook), and the markup that they hold."""

import tarfile
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dataset_builder.patent import BRIEF
from dataset_builder.redbook import RedbookError, read_redbook
from dataset_builder.rejects import Rejects

DATA = Path(__file__).parents[2] / "data" / "redbook"
GRANT = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE us-patent-grant SYSTEM "us-patent-grant-v45-2014-04-03.dtd" [ ]>
<us-patent-grant lang="EN" file="US{number}-20150106.XML" country="US">
<us-bibliographic-data-grant>
<publication-reference><document-id><country>US</country><doc-number>{number}</doc-number><kind>{kind}</kind>
<date>20150106</date></document-id></publication-reference>
{data}<invention-title>A lid</invention-title>
</us-bibliographic-data-grant>
<drawings id="DRAWINGS"><figure num="00001"><img file="US{number}-20150106-D00001.TIF"/></figure></drawings>
<description>{description}</description>
</us-patent-grant>
"""


def grant(description="", number="08930553", kind="B2", data="") -> bytes:
    return GRANT.format(number=number, kind=kind, data=data, description=description).encode()


def read(path):
    rejects = Rejects()
    patents = list(read_redbook(path, rejects))
    assert not rejects.items
    return patents


@pytest.fixture
def read_bytes(tmp_path):
    def read_it(data: bytes):
        (tmp_path / "one.xml").write_bytes(data)
        return read(tmp_path / "one.xml")[0]

    return read_it


def marks(paragraph, kind=None) -> list[str]:
    assert all(paragraph.text[mark.start : mark.end].replace("′", "'") == mark.text for mark in paragraph.marks)
    return [mark.text for mark in paragraph.marks if kind in (None, mark.kind)]


# --- vintages --------------------------------------------------------------------------------------------------------


def test_grant_of_today():
    (patent,) = read(DATA / "US08930553.xml")
    assert (patent.patent_id, patent.kind, patent.source) == ("US8930553B2", "utility", "US08930553.xml")
    assert patent.title == "Managing mid-dialog session initiation protocol (SIP) messages"
    assert (patent.publication_date, patent.filing_date) == ("2015-01-06", "2012-10-09")
    assert (patent.application, patent.related, patent.ipc) == ("US13648029", (), ("G06F 15/16",))
    assert (patent.figure_count, patent.sheet_count) == (5, 5)
    assert patent.abstract.startswith("Processing mid-dialog SIP messages by receiving")
    assert patent.claims[0].startswith("1. A system for processing mid-dialog SIP messages, the system comprising: an")
    brief = [each for each in patent.paragraphs if each.section == BRIEF]
    assert brief[0].is_heading and brief[0].text == "BRIEF DESCRIPTION OF THE DRAWINGS"
    assert [marks(each)[0] for each in brief[2:]] == ["FIG. 1", "FIG. 2A", "FIG. 2B", "FIG. 3", "FIG. 4"]
    assert (brief[2].id, brief[2].number) == ("p-0009", "0008")
    detailed = next(each for each in patent.paragraphs if each.id == "p-0027")
    assert detailed.section is None and marks(detailed)[:4] == ["FIG. 2A", "102", "FIG. 1", "FIG. 2A"]


def test_sheets_as_the_markup_has_them():
    (patent,) = read(DATA / "US08930553.xml")
    front, first, second = patent.sheets[:3]
    assert front.is_front_page and front.number is None
    assert (first.name, first.number, first.is_front_page) == ("US08930553-20150106-D00001.TIF", 1, False)
    assert (first.orientation, first.size_mm, second.orientation) == ("landscape", (170.6, 199.98), None)
    assert sum(not sheet.is_front_page for sheet in patent.sheets) == patent.sheet_count
    assert first.open is None


def test_application_of_2005():
    (patent,) = read(DATA / "US20050004437A1.xml")
    assert (patent.patent_id, patent.application) == ("US20050004437A1", "US10830857")
    assert patent.related == ("PCT/CH2002/000573", "CH197401")
    assert patent.priority_date == "2001-10-26"
    assert patent.ipc == ("A61B 5/00",)
    brief = [each for each in patent.paragraphs if each.section == BRIEF]  # told by processing instructions alone
    assert [mark for each in brief for mark in marks(each)] == ["FIG. 1", "FIG. 2a", "FIG. 2b", "FIG. 3"]
    assert brief[3].text.startswith("FIG. 2a is a schematic representation")


def test_grant_of_2002():
    (patent,) = read(DATA / "US06336130.xml")
    assert (patent.patent_id, patent.kind, patent.application) == ("US6336130B1", "utility", "US09413215")
    assert (patent.publication_date, patent.filing_date) == ("2002-01-01", "1999-10-05")
    assert (patent.related, patent.ipc) == (("PCT/NO1998/000107", "NO971605"), ("G06F 15/16", "G06F 13/00"))
    assert (patent.figure_count, patent.sheet_count, len(patent.sheets)) == (5, 3, 4)
    assert len(patent.claims) == 2 and patent.claims[0].endswith("representing the fixed network node.")
    paragraph = next(each for each in patent.paragraphs if each.id == "P-00009")
    assert (
        "In FIG. 1, the objects CO1 and CO2 are located on two different machines or nodes, N1 and N2" in paragraph.text
    )
    assert marks(paragraph)[:5] == ["FIG. 1", "CO1", "CO2", "N1", "N2"]
    brief = next(each for each in patent.paragraphs if each.section == BRIEF)
    assert brief.text == "BRIEF DESCRIPTION OF THE DRAWINGS"


def test_application_of_2001():
    (patent,) = read(DATA / "US20010009014A1.xml")
    assert (patent.patent_id, patent.publication_date) == ("US20010009014A1", "2001-07-19")
    assert patent.related[-1].startswith("US") and "US09432885" in patent.related
    assert [claim[:12] for claim in patent.claims] == ["1. A method ", "2. The metho"]
    assert len(patent.sheets) == 14 and not any(sheet.is_front_page for sheet in patent.sheets)
    brief = [each for each in patent.paragraphs if each.section == BRIEF]
    assert (brief[1].number, brief[1].text[:21]) == ("0029", "FIG. 7 illustrates th")
    chip = next(each for each in patent.paragraphs if each.number == "0091")
    assert marks(chip) == ["506", "FIG. 6b", "600", "602"] and "“chip.”" in chip.text


def test_designs_of_a_week():
    patents = read(DATA / "ipg070102-three.xml")
    assert [patent.patent_id[:3] for patent in patents] == ["USD", "USD", "USD"]
    assert all(patent.kind == "design" and patent.patent_id.endswith("S1") for patent in patents)
    assert "KR302005" in "".join(patents[2].related)


# --- numbers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "code", "expected", "kind"),
    [
        ("07158161", "B2", "US7158161B2", "utility"),
        ("11000000", "B1", "US11000000B1", "utility"),
        ("D0534504", "S1", "USD534504S1", "design"),
        ("RE039000", "E1", "USRE39000E1", "reissue"),
        ("PP017234", "P3", "USPP17234P3", "plant"),
        ("H0002170", "H1", "USH2170H1", "other"),
        ("20200022300", "A1", "US20200022300A1", "utility"),
        ("20200022300", "P1", "US20200022300P1", "plant"),
    ],
)
def test_ids(read_bytes, number, code, expected, kind):
    patent = read_bytes(grant(number=number, kind=code))
    assert (patent.patent_id, patent.kind) == (expected, kind)


def test_family_earliest_last(read_bytes):
    def document(country, number, date):
        return f"<country>{country}</country><doc-number>{number}</doc-number><date>{date}</date>"

    data = (
        "<application-reference><document-id>" + document("US", "13/648029", "20121009") + "</document-id>"
        "</application-reference><priority-claims><priority-claim>"
        + document("JP", "2011-015204", "20110704")
        + "</priority-claim></priority-claims><us-related-documents><continuation><relation><parent-doc><document-id>"
        + document("US", "12/000123", "20111224")
        + "</document-id><parent-grant-document><document-id><doc-number>8000000</doc-number></document-id>"
        "</parent-grant-document></parent-doc></relation></continuation><us-provisional-application><document-id>"
        + document("US", "61/500000", "20110601")
        + "</document-id></us-provisional-application></us-related-documents><pct-or-regional-filing-data><document-id>"
        + document("WO", "PCT/JP99/01234", "19990301")
        + "</document-id></pct-or-regional-filing-data>"
    )
    patent = read_bytes(grant(data=data))
    assert patent.application == "US13648029"
    assert patent.related == ("US12000123", "JP2011015204", "US61500000", "PCT/JP1999/001234")
    assert patent.priority_date == "1999-03-01"


def test_cpc_main_class_first(read_bytes):
    def cpc(section, klass, subclass, main, sub):
        return (
            f"<classification-cpc><section>{section}</section><class>{klass}</class><subclass>{subclass}</subclass>"
            f"<main-group>{main}</main-group><subgroup>{sub}</subgroup></classification-cpc>"
        )

    main, further = cpc("F", "02", "C", "7", "16"), cpc("Y", "02", "T", "50", "60")
    classes = f"<main-cpc>{main}</main-cpc><further-cpc>{further}{main}</further-cpc>"
    assert read_bytes(grant(data=f"<classifications-cpc>{classes}</classifications-cpc>")).cpc == (
        "F02C 7/16",
        "Y02T 50/60",
    )


# --- markup ----------------------------------------------------------------------------------------------------------


def paragraphs(read_bytes, description):
    return read_bytes(grant(description)).paragraphs


@pytest.mark.parametrize(
    ("markup", "text", "figures", "characters"),
    [
        ("the lid <b>12</b> and", "the lid 12 and", [], ["12"]),
        ("lids <b>22</b><i>a </i>and <b>22</b><i>b</i>.", "lids 22a and 22b.", [], ["22a", "22b"]),
        ("lids <b>22</b>A, <b>22</b>′ and S<b>302</b>", "lids 22A, 22′ and S302", [], ["22A", "22'", "S302"]),
        ("units <b>110</b>-<b>1</b> to <b>110</b>-<b>4</b>", "units 110-1 to 110-4", [], ["110-1", "110-4"]),
        ("steps <b>302</b>-<b>306</b>", "steps 302-306", [], ["302", "306"]),
        ("pins <b>7, 8</b>", "pins 7, 8", [], ["7", "8"]),
        ("a <b>16</b>-bit bus of <b>0</b>.<b>5</b> mm", "a 16-bit bus of 0.5 mm", [], []),
        ("<b>G</b> and IL-<b>12</b>", "G and IL-12", [], ["12"]),
        ('in <figref idref="DRAWINGS">FIG. <b>1</b></figref>', "in FIG. 1", ["FIG. 1"], []),
        ("<figref>FIGS. 3</figref><i>a</i>, <b>3</b><i>b</i>, a <b>4</b>", "FIGS. 3a, 3b, a 4", ["FIGS. 3a"], ["4"]),
        ("<figref>FIGS. 27</figref>, <b>28</b>A show", "FIGS. 27, 28A show", ["FIGS. 27"], []),
        ("<figref>FIG. 3(</figref><i>a</i>) shows", "FIG. 3(a) shows", ["FIG. 3(a)"], []),
        ("<figref>FIG. 4</figref>(b) shows", "FIG. 4(b) shows", ["FIG. 4(b)"], []),
        ("In <figref>FIG. 1</figref>, <b>12</b> is a lid", "In FIG. 1, 12 is a lid", ["FIG. 1"], ["12"]),
        ("FIGS. <b>3</b>, <b>4</b> and <b>5</b> show <b>6</b>", "FIGS. 3, 4 and 5 show 6", [], ["6"]),
        ("H<sub>2</sub>O, 10<sup>-6</sup> <b>10</b><sub>1</sub>, R<sup>1</sup>", "H2O, 10^-6 10_1, R1", [], ["10"]),
        ("A&amp;B &lt;5 &#8220;x&#8221; &rsquo;&agr;", "A&B <5 “x” ’α", [], []),
        ("the sum<maths><math><mi>x</mi><b>7</b></math></maths>of <b> 12 </b>it", "the sum of 12 it", [], ["12"]),
        ("a\n lid <b>1\n</b>\xa0of<br/><u>it</u> ", "a lid 1 of it", [], ["1"]),
    ],
)  # fmt: skip
def test_marks(read_bytes, markup, text, figures, characters):
    (paragraph,) = paragraphs(read_bytes, f'<p id="p-0001" num="0007">{markup}</p>')
    assert (paragraph.id, paragraph.number, paragraph.text) == ("p-0001", "0007", text)
    assert marks(paragraph, "figure") == figures and marks(paragraph, "character") == characters


def test_lists_are_paragraphs_of_their_own(read_bytes):
    description = (
        '<p id="p-0001" num="0001">It has:<ul id="ul1"><li id="ul1-1" num="0002">a lid <b>12</b><ul><li>of tin;</li>'
        "<li>or glass;</li></ul></li></ul>and a box.</p><heading>PARTS</heading><p>none</p>"
    )
    found = [(each.id, each.number, each.text) for each in paragraphs(read_bytes, description)]
    assert found == [
        ("p-0001", "0001", "It has:"),
        ("ul1-1", "0002", "a lid 12"),
        ("ul1-1.2", "0002", "of tin;"),
        ("ul1-1.3", "0002", "or glass;"),
        ("p-0001.2", "0001", "and a box."),
        ("p-0006", None, "PARTS"),
        ("p-0007", None, "none"),
    ]


def test_cells_of_a_table_stand_apart(read_bytes):
    table = (
        "<tables><table><tgroup><tbody><row><entry>12</entry><entry>lid</entry></row></tbody></tgroup></table></tables>"
    )
    assert [each.text for each in paragraphs(read_bytes, f'<p id="p-1">Parts:{table}</p>')] == ["Parts: 12 lid"]


def test_drawings_end_where_the_instruction_says(read_bytes):
    instruction = '<?brief-description-of-drawings description="Brief" end="{}"?>'
    description = f"{instruction.format('lead')}<p>FIG. 1 is a lid.</p>{instruction.format('tail')}<p>A lid.</p>"
    assert [each.section for each in paragraphs(read_bytes, description)] == [BRIEF, None]


@given(st.lists(st.tuples(st.sampled_from(["", "b", "i", "figref", "sub", "u"]), st.text("a1 \n\xa0.-(", max_size=6))))
def test_any_markup_keeps_its_text(tmp_path_factory, pieces):
    """Whatever is marked up, the text on one line is that of the source, and every mark stands where it says."""
    markup = "".join(f"<{tag}>{text}</{tag}>" if tag else text for tag, text in pieces)
    path = tmp_path_factory.mktemp("any") / "one.xml"
    path.write_bytes(grant(f"<p>{markup}</p>"))
    (patent,) = read(path)
    text = " ".join(paragraph.text for paragraph in patent.paragraphs)
    assert text.replace("_", "") == " ".join("".join(text for _, text in pieces).split())
    assert all(marks(paragraph) is not None for paragraph in patent.paragraphs)


# --- images ----------------------------------------------------------------------------------------------------------


def tiff(width=40) -> bytes:
    file = BytesIO()
    Image.new("1", (width, 30), 1).save(file, "TIFF", compression="group4")
    return file.getvalue()


def test_sheets_beside_the_xml_are_opened(tmp_path):
    (tmp_path / "US08930553.XML").write_bytes(grant())
    (tmp_path / "us08930553-20150106-D00001.tif").write_bytes(tiff())
    (patent,) = read(tmp_path)
    assert patent.sheets[0].open().size == (40, 30)
    assert read(tmp_path / "US08930553.XML") == [patent]


def zipped(**files: bytes) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def one_zip(number: str, width: int) -> bytes:
    stem = f"US{number}-20150106"
    return zipped(**{f"{stem}/{stem}-D00001.TIF": tiff(width), f"{stem}/{stem}.XML": grant(number=number)})


def test_zip_of_a_patent(tmp_path):
    (tmp_path / "one.ZIP").write_bytes(one_zip("08930553", 50))
    (patent,) = read(tmp_path / "one.ZIP")
    assert patent.source == "one.ZIP!US08930553-20150106/US08930553-20150106.XML"
    assert patent.sheets[0].open().size == (50, 30)


def test_zip_of_a_week(tmp_path):
    (tmp_path / "week.zip").write_bytes(zipped(**{"ipg.xml": grant(number="1") + grant(number="2")}))
    assert [patent.patent_id for patent in read(tmp_path)] == ["US1B2", "US2B2"]


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tgz"])
def test_tar_of_a_week(tmp_path, suffix):
    with tarfile.open(tmp_path / f"I20150106{suffix}", "w:" if suffix == ".tar" else "w:gz") as archive:
        for number, width in (("08930553", 50), ("08930554", 60)):
            data = one_zip(number, width)
            info = tarfile.TarInfo(f"I20150106/UTIL0893/US{number}-20150106.ZIP")
            info.size = len(data)
            archive.addfile(info, BytesIO(data))
        for name, data in (("loose/a.xml", grant(number="3")), ("loose/US3-20150106-D00001.TIF", tiff(70))):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, BytesIO(data))
    patents = read(tmp_path / f"I20150106{suffix}")
    assert [patent.sheets[0].open().width for patent in patents] == [50, 60, 70]


def test_a_damaged_sheet_is_named(tmp_path):
    (tmp_path / "one.zip").write_bytes(
        zipped(**{"US08930553.XML": grant(), "US08930553-20150106-D00001.TIF": tiff()[:60]})
    )
    (patent,) = read(tmp_path)
    with pytest.raises(ValueError, match=r"^US08930553-20150106-D00001.TIF: .*damaged"):
        patent.sheets[0].open()


@pytest.mark.parametrize("name", ["pftaps.txt", "US03932709.greenbook", "a.pdf"])
def test_other_formats_are_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"PATN\nWKU  039327096")
    with pytest.raises(RedbookError, match=f"{name}: is no Red Book XML"):
        read_redbook(tmp_path / name, Rejects())


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(RedbookError, match="is not there"):
        read_redbook(tmp_path / "none.xml", Rejects())
