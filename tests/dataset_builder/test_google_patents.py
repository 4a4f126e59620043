"""Saved Google Patents pages: both generations of markup, what is tagged, and pages that are none."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from dataset_builder.google_patents import read_google_patents
from dataset_builder.google_patents.marks import clean_term
from dataset_builder.google_patents.reader import MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS
from dataset_builder.patent import BRIEF, Callout, Mark, Patent
from dataset_builder.rejects import Rejects

PAGE = Path(__file__).parent.parent / "data" / "google_patents" / "US7654321B2.html"


def read(path: Path) -> list[Patent]:
    rejects = Rejects()
    patents = list(read_google_patents(path, rejects))
    assert not rejects.items
    return patents


def read_text(tmp_path: Path, body: str | bytes) -> tuple[list[Patent], Rejects]:
    rejects = Rejects()
    (tmp_path / "page.html").write_bytes(body if isinstance(body, bytes) else body.encode())
    return list(read_google_patents(tmp_path / "page.html", rejects)), rejects


def page_of(description: str, number: str = "US1234567B2", more: str = "") -> str:
    return (
        f'<html><body><article><h1>A thing</h1><span itemprop="title">A thing</span><dd itemprop="publicationNumber">'
        f'{number}</dd>{more}<section itemprop="description" itemscope><h2>Description</h2>'
        f'<div itemprop="content" html>{description}</div></section></article></body></html>'
    )


@pytest.fixture(scope="module")
def patent() -> Patent:
    return read(PAGE)[0]


def test_what_the_page_says_of_the_patent(patent):
    assert (patent.patent_id, patent.kind, patent.application) == ("US7654321B2", "utility", "US11616583")
    assert patent.title == "Formation fluid sampling apparatus and methods"
    assert (patent.filing_date, patent.publication_date) == ("2006-12-27", "2010-02-02")
    assert patent.priority_date == "2006-12-27"
    assert patent.cpc == ("E21B 49/08", "E21B 49/10")
    assert patent.abstract.startswith("A fluid sampling system retrieves") and patent.abstract.endswith("virgin fluid.")
    assert patent.related == ()  # the other priorities that the page lists were filed later
    assert patent.source == PAGE.name


def test_claims_are_one_each(patent):
    assert [claim.split(".")[0] for claim in patent.claims] == ["1", "2", "3"]
    assert "comprising: a sample inlet provided" in patent.claims[0]
    assert patent.claims[1].startswith("2. The fluid sampling system of claim 1, in which")


def test_paragraphs_headings_and_the_list_of_drawings(patent):
    texts = {paragraph.id: paragraph for paragraph in patent.paragraphs}
    headings = [paragraph.text for paragraph in patent.paragraphs if paragraph.is_heading]
    assert headings[:3] == ["BACKGROUND", "SUMMARY OF THE DISCLOSURE", "BRIEF DESCRIPTION OF THE DRAWINGS"]
    brief = [paragraph.id for paragraph in patent.paragraphs if paragraph.section == BRIEF and not paragraph.is_heading]
    assert brief == ["p-0042", "p-0043", "p-0047", "p-0052"]
    assert texts["p-0047"].text.startswith("FIGS. 5 and 6 schematically illustrate alternative probe arrangements")
    assert texts["p-0003"].section is None and len(texts) == len(patent.paragraphs)


def test_marks_stand_where_they_say(patent):
    marks = [(paragraph, mark) for paragraph in patent.paragraphs for mark in paragraph.marks]
    assert all(paragraph.text[mark.start : mark.end] == mark.text for paragraph, mark in marks)
    assert len([mark for _, mark in marks if mark.kind == "figure"]) == 6
    for paragraph, _ in marks:
        places = [(mark.start, mark.end) for mark in paragraph.marks]
        assert places == sorted(places) and all(a[1] <= b[0] for a, b in zip(places, places[1:]))


def test_numerals_come_with_term_and_sheets(patent):
    paragraph = next(paragraph for paragraph in patent.paragraphs if paragraph.id == "p-0084")
    first = next(mark for mark in paragraph.marks if mark.text == "210")
    assert (first.term, first.sheets) == ("probe assembly", ("US07654321-20100202-D00006.png",))
    shared = [mark for mark in paragraph.marks if mark.term == "inlets"]
    assert [mark.text for mark in shared[:3]] == ["220", "222", "224"]
    assert "inlets 220, 222, 224" in paragraph.text


def test_a_letter_set_off_from_its_numeral_belongs_to_it(patent):
    paragraph = next(paragraph for paragraph in patent.paragraphs if paragraph.id == "p-0070")
    assert {"54a", "54b", "54c"} <= {mark.text for mark in paragraph.marks}
    assert "inlet flowline 54a." in paragraph.text


def test_sheets_and_what_is_seen_on_them(patent):
    front, sheet = patent.sheets
    assert (front.name, front.is_front_page, front.number) == ("US07654321-20100202-D00000.png", True, None)
    assert (sheet.name, sheet.is_front_page, sheet.number) == ("US07654321-20100202-D00006.png", False, 6)
    assert sheet.url.startswith("https://") and sheet.url.endswith(sheet.name)
    assert sheet.callouts[0] == Callout("200", "probe assembly", (69, 446, 135, 476))
    assert sheet.open is None


def test_images_beside_the_page_are_opened(tmp_path):
    (tmp_path / PAGE.name).write_bytes(PAGE.read_bytes())
    Image.new("L", (60, 80), 255).save(tmp_path / "US07654321-20100202-D00006.png")
    front, sheet = read(tmp_path / PAGE.name)[0].sheets
    assert front.open is None and sheet.open().size == (60, 80)


SECOND = """<ul mxw-id="PDES1" lang="EN" load-source="patent-office" class="description">
<heading id="h-0001">BACKGROUND</heading>
<li> <para-num num="[0002]"> </para-num> <div id="p-0003" num="0002" class="description-line">Media &amp; content, such
as a movie, is displayed.</div> </li>
<description-of-drawings><heading id="h-0002">BRIEF DESCRIPTION OF THE DRAWINGS</heading>
<li> <para-num num="[0012]"> </para-num> <div id="p-0013" num="0012" class="description-line"> <figref
idrefs="DRAWINGS">FIG. <b>1</b></figref> is a block diagram.</div> </li></description-of-drawings>
<li> <para-num num="[0024]"> </para-num> <div id="p-0025" num="0024" class="description-line">An environment
<b>102</b> may have one or <figure-callout id="104" label="more media systems" filenames="A-D00000.png,A-D00001.png"
state="{{state}}">more media systems</figure-callout> <b>104</b> in <figref idrefs="DRAWINGS">FIG. <b>1</b></figref>,
and a clock 7.</div> </li></ul>"""


def test_the_second_generation_of_markup(tmp_path):
    (patent,), rejects = read_text(tmp_path, page_of(SECOND, "US20230388589A1"))
    assert [(each.id, each.number, each.is_heading, each.section) for each in patent.paragraphs] == [
        ("h-0001", None, True, None),
        ("p-0003", "0002", False, None),
        ("h-0002", None, True, BRIEF),
        ("p-0013", "0012", False, BRIEF),
        ("p-0025", "0024", False, None),
    ]
    assert patent.paragraphs[1].text == "Media & content, such as a movie, is displayed."
    text, marks = patent.paragraphs[4].text, patent.paragraphs[4].marks
    assert [(mark.kind, mark.text, mark.term) for mark in marks] == [
        ("character", "102", None),
        ("character", "104", "media systems"),
        ("figure", "FIG. 1", None),
    ]
    assert marks[1] == Mark("character", "104", *place(text, "104"), "media systems", ("A-D00000.png", "A-D00001.png"))
    assert not rejects.items


def place(text: str, part: str) -> tuple[int, int]:
    return text.index(part), text.index(part) + len(part)


@pytest.mark.parametrize(
    "label, term",
    [
        ("more media systems", "media systems"),
        ("or more sensors", "sensors"),
        ("least one sensor", "sensor"),
        ("second guard inlet", "second guard inlet"),
        ("more", "more"),
        ("", None),
    ],
)
def test_a_term_loses_the_quantifier_it_was_cut_out_of(label, term):
    assert clean_term(label) == term


def test_a_callout_whose_numeral_is_missing_is_marked_at_its_name(tmp_path):
    tag = '<figure-callout id="9" label="rod" filenames="">rod</figure-callout>'
    text = f'<div class="description-paragraph">The {tag} turns; the {tag} 9 stops.</div>'
    (patent,), _ = read_text(tmp_path, page_of(text))
    assert [(mark.text, mark.start) for mark in patent.paragraphs[0].marks] == [("9", 4), ("9", 23)]


def test_of_a_translation_the_english_is_kept(tmp_path):
    original = '<span class="notranslate"> <span class="google-src-text">Ein Greifer (10)</span> A gripper (10)</span>'
    claim = f'<div class="claim-text">{original} with a<div class="claim-text">housing</div></div>'
    claims = (
        f'<div itemprop="content"><div class="claims" lang="EN"><div class="claim" num="1">{claim}</div></div></div>'
    )
    body = f'<div lang="EN" class="description"><div class="description-paragraph">{original} is shown.</div></div>'
    (patent,), _ = read_text(
        tmp_path, page_of(body, "DE102007036410A1", f'<section itemprop="claims">{claims}</section>')
    )
    assert patent.paragraphs[0].text == "A gripper (10) is shown."
    assert patent.claims == ("A gripper (10) with a housing",)


def test_earlier_applications_are_related_earliest_last(tmp_path):
    def row(name: str, number: str, filed: str) -> str:
        cells = f'<span itemprop="applicationNumber">{number}</span></td><td itemprop="filingDate">{filed}</td>'
        return f'<tr itemprop="{name}" itemscope><td>{cells}</tr>'

    rows = [
        row("priorityApps", "US61/111,111", "2008-01-02"),
        row("priorityApps", "US12/558,060", "2009-09-11"),
        row("priorityApps", "US13/999,999", "2011-01-01"),
        row("parentApps", "US12/000,001", "2009-01-01"),
        row("appsClaimingPriority", "US61/111,111", "2008-01-02"),
    ]
    own = '<dd itemprop="applicationNumber">US12/558,060</dd><time itemprop="filingDate" datetime="2009-09-11">x</time>'
    page = page_of('<div class="description-paragraph">Text.</div>', more=f"{own}<table>{''.join(rows)}</table>")
    (patent,), _ = read_text(tmp_path, page)
    assert patent.application == "US12558060" and patent.related == ("US12000001", "US61111111")


@pytest.mark.parametrize(
    "number, kind", [("USD778788S1", "design"), ("USRE40000E1", "reissue"), ("USPP12345P2", "plant")]
)
def test_the_number_tells_the_kind(tmp_path, number, kind):
    (patent,), _ = read_text(tmp_path, page_of('<div class="description-paragraph">Text.</div>', number))
    assert patent.kind == kind


@pytest.mark.parametrize(
    "page, reason",
    [
        ("<html><body><p>Recipes for bread</p></body></html>", "no_patent"),
        (page_of(""), "no_description"),
        (
            page_of('<div lang="DE" class="description"><div class="description-paragraph">Text.</div></div>'),
            "no_description",
        ),
        ("<HTML><HEAD><TITLE>United States Patent: 7654321</TITLE></HEAD><BODY>text", "uspto_full_text"),
        (b"<html><p>caf\xe9</p>", "wrong_encoding"),
        (b" \n ", "empty"),
        (b"\0\0\0", "broken_markup"),
        (page_of("<div>" * (MAX_DEPTH + 1)), "broken_markup"),
        (page_of("<p>" * (MAX_ELEMENTS + 1)), "broken_markup"),
        ("<p>" + "x" * MAX_BYTES, "too_large"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 20 else "page",
)
def test_a_page_without_a_patent_is_named_and_counted(tmp_path, page, reason):
    patents, rejects = read_text(tmp_path, page)
    assert not patents and rejects.counts == {reason: 1}
    assert "page.html" in rejects.items[0].detail and "\n" not in rejects.items[0].detail


def test_hostile_markup_takes_little_time(tmp_path):
    attributes = " ".join(f"a{i}=1" for i in range(100_000))
    body = f'<div class="description-paragraph" {attributes}>Text &undefined; &lol9; <o:p>here</o:p>.</div>'
    page = '<!DOCTYPE html [<!ENTITY lol9 SYSTEM "file:///etc/passwd">]>' + page_of(body)
    (patent,), _ = read_text(tmp_path, page)
    assert patent.paragraphs[0].text == "Text &undefined; &lol9; here."


def test_a_paragraph_of_nothing_but_tags_takes_little_time(tmp_path):
    tags = '<figure-callout id="1" label="a">b</figure-callout> <figref>FIG. 1</figref> <b>1</b> '
    (patent,), _ = read_text(tmp_path, page_of(f'<div class="description-paragraph">{tags * 20_000}</div>'))
    assert len(patent.paragraphs[0].marks) == 40_000


def test_the_pages_of_a_folder(tmp_path):
    for name in ("b.html", "a.htm"):
        (tmp_path / name).write_text(page_of('<div class="description-paragraph">Text.</div>'))
    (tmp_path / "c.html").write_text("nothing")
    (tmp_path / "notes.txt").write_text("not a page")
    rejects = Rejects()
    assert [patent.source for patent in read_google_patents(tmp_path, rejects)] == ["a.htm", "b.html"]
    assert rejects.counts == {"no_patent": 1}


def test_a_missing_page_is_said_at_once(tmp_path):
    with pytest.raises(FileNotFoundError, match="no saved page"):
        list(read_google_patents(tmp_path, Rejects()))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_torn_page_gives_a_patent_or_a_reason(tmp_path, data):
    page = PAGE.read_bytes()
    start = data.draw(st.integers(0, len(page)))
    end = data.draw(st.integers(start, len(page)))
    patents, rejects = read_text(tmp_path, page[:start] + data.draw(st.binary(max_size=20)) + page[end:])
    assert len(patents) + len(rejects.items) == 1
