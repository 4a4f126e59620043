"""Texts of patents from files: what is read of each format, sections, sentences, and files that mean harm."""

import io
import random
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import modeling_patentlmm.specification_patentlmm as specification
from modeling_patentlmm.specification_patentlmm import (
    SpecificationError,
    read_specification,
    specification_from_text,
    split_sentences,
)

DRAFT = """BRIEF DESCRIPTION OF THE
SEVERAL VIEWS OF THE DRAWINGS

[0003] FIG. 1 is a perspective view.

DETAILED DESCRIPTION
The housing 102 holds
a lid 104.

LIST OF REFERENCE SIGNS
102 - housing
104: lid

What is claimed is:

1. A housing with a lid.
"""


def texts(path) -> list[str]:
    return [paragraph.text for paragraph in read_specification(path).paragraphs]


def test_plain_text_has_paragraphs_numbers_and_sections(tmp_path):
    path = tmp_path / "spec.txt"
    path.write_text("\ufeff" + DRAFT, encoding="utf-8")
    found = {p.text: (p.section, p.number) for p in read_specification(path).paragraphs}
    assert found["FIG. 1 is a perspective view."] == ("brief", "0003")
    assert found["The housing 102 holds a lid 104."] == ("detailed", None)
    assert (
        found["102 - housing"][0] == found["104: lid"][0] == "parts"
        and found["1. A housing with a lid."][0] == "claims"
    )
    path.write_text(DRAFT, encoding="utf-16")
    assert len(read_specification(path).paragraphs) == len(found)


WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:mc="m"'


def docx(path, body: str, part: str = "word/document.xml"):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(part, f"<w:document {WORD}><w:body>{body}</w:body></w:document>")
    return path


def test_word_text_is_read_with_tracked_changes_accepted(tmp_path):
    body = (
        "<w:p><w:r><w:t>The </w:t></w:r><w:ins><w:r><w:t>sensor</w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>detector</w:delText></w:r></w:del><w:r><w:tab/><w:t>110</w:t>"
        "<w:noBreakHyphen/><w:t>1</w:t></w:r></w:p><w:p><w:r><w:instrText>PAGE</w:instrText></w:r></w:p>"
        "<w:p><mc:Choice><w:r><w:t>once</w:t></w:r></mc:Choice><mc:Fallback><w:r><w:t>twice</w:t></w:r></mc:Fallback></w:p>"
    )
    assert texts(docx(tmp_path / "spec.docx", body)) == ["The sensor 110-1", "once"]


def test_red_book_text_is_read_without_its_bibliography(tmp_path):
    path = tmp_path / "US1.xml"
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE us-patent-grant SYSTEM "us-patent-grant-v45.dtd" '
        '[<!ENTITY D1 SYSTEM "D1.TIF" NDATA TIF>]><us-patent-grant>'
        "<us-bibliographic-data-grant><doc-number>8930553</doc-number></us-bibliographic-data-grant>"
        "<description><heading>BRIEF DESCRIPTION OF THE DRAWINGS</heading>"
        '<p num="0009"><figref>FIG. <b>1</b></figref> shows a pump <b>102</b><i>a</i>&nbsp;and A&amp;B;</p>'
        "</description><claims><claim><claim-text>1. A pump.</claim-text></claim></claims></us-patent-grant>"
    )
    found = read_specification(path).paragraphs
    assert [(p.text, p.number) for p in found][1] == ("FIG. 1 shows a pump 102a and A&B;", "0009")
    assert found[1].section == "brief" and found[-1].text == "1. A pump."


def test_of_a_patent_page_only_description_and_claims_are_read(tmp_path):
    path = tmp_path / "US1.html"
    path.write_text(
        '<html><head><meta charset="utf-8"><title>Pump 999</title><script>var a = "998"</script></head><body>'
        '<section itemprop="claims"><h2>Claims</h2><div class="claim-text">1. A pump.</div></section>'
        '<section itemprop="description"><h2>Description</h2><div class="description-paragraph" num="0012">A '
        '<figure-callout id="102" label="pump">pump</figure-callout> <b>102</b> &lt;hot&gt; runs.</div></section>'
        '<section itemprop="metadata">777 others</section></body></html>'
    )
    assert texts(path) == ["Claims", "1. A pump.", "Description", "A pump 102 <hot> runs."]
    path.write_text("<p>5123456 Jan. 1990<p>Description<p>The pump 102 runs.")
    assert texts(path)[-1] == "The pump 102 runs." and "5123456" not in " ".join(texts(path))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.txt", b"", "is empty"),
        ("a.txt", b"  \n\n", "is empty"),
        ("a.txt", "Der Geh\xe4use 12".encode("latin-1"), "is not utf-8.*save it as UTF-8"),
        ("a.txt", b"a\0b", "NUL"),
        ("a.rst", b"text", "give the text as .txt, .docx, .xml or .html"),
        ("a.docx", b"text", "is not a Word file"),
        ("a.docx", b"PK\x03\x04broken", "damaged Word file"),
        ("a.txt", b"%PDF-1.4", "pdftotext"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1", "save it as .docx"),
        ("a.rtf", b"{\\rtf1", "is RTF"),
        ("a.xml", b"<a><b></a>", "is no whole XML document"),
        ("a.xml", b'<?xml version="1.0" encoding="EBCDIC-9"?><a/>', "encoding"),
        ("a.xml", b"<a>" * 500, "nests more than 200"),
        ("a.xml", b"<a/>", "holds no text"),
        ("a.xml", b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "declares entities"),
        ("a.xml", b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://x/y"> %p;]><a/>', "declares entities"),
        ("a.html", b'<meta charset="klingon">text', "no such encoding"),
    ],
)
def test_what_cannot_be_read_costs_one_line(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SpecificationError, match=says) as caught:
        read_specification(path)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)


def test_missing_files_folders_and_large_files_are_refused(tmp_path, monkeypatch):
    with pytest.raises(SpecificationError, match="check the path"):
        read_specification(tmp_path / "none.txt")
    with pytest.raises(SpecificationError, match="is not a file"):
        read_specification(tmp_path)
    (tmp_path / "a.txt").write_text("x" * 100)
    monkeypatch.setattr(specification, "MAX_BYTES", 99)
    with pytest.raises(SpecificationError, match="larger than 99 bytes"):
        read_specification(tmp_path / "a.txt")


def test_a_billion_laughs_are_not_laughed(tmp_path):
    entities = '<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij")
    )
    bomb = f"<!DOCTYPE x [{entities}]><x>&j;</x>"
    (tmp_path / "bomb.xml").write_text(bomb)
    with zipfile.ZipFile(tmp_path / "bomb.docx", "w") as archive:
        archive.writestr("word/document.xml", bomb)
    for name in ("bomb.xml", "bomb.docx"):
        with pytest.raises(SpecificationError, match="declares entities of its own"):
            read_specification(tmp_path / name)


def test_a_zip_bomb_is_not_inflated(tmp_path):
    path = tmp_path / "bomb.docx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * (specification.MAX_BYTES + 1))
    assert path.stat().st_size < 100_000
    with pytest.raises(SpecificationError, match="its text is larger than"):
        read_specification(path)


def test_of_a_zip_nothing_but_the_text_is_touched(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecificationError, match="not a Word file"):
        read_specification(docx(tmp_path / "evil.docx", "", part="../../evil.xml"))
    assert [path.name for path in tmp_path.iterdir()] == ["evil.docx"]


@given(st.integers(0, 2**32), st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_damaged_word_files_end_in_our_error_or_in_text(tmp_path_factory, seed, changes):
    rng, buffer = random.Random(seed), io.BytesIO()
    docx(buffer, "<w:p><w:r><w:t>The housing 102.</w:t></w:r></w:p>" * 5)
    data = bytearray(buffer.getvalue())
    for _ in range(changes):
        data[rng.randrange(len(data))] = rng.randrange(256)
    path = tmp_path_factory.mktemp("damaged") / "a.docx"
    path.write_bytes(data)
    try:
        read_specification(path)
    except SpecificationError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("FIG. 2 shows it. FIG. 3 shows more.", 2),
        ("See U.S. Pat. No. 5,123,456. It is old.", 2),
        ("A part, e.g. A spring 12, or No. 5 bolt.", 1),
        ("The lid 12 (of FIG. 1.) Then it closes.", 2),
        ("", 0),
    ],
)
def test_sentences(text, count):
    assert len(split_sentences(text)) == count


@given(st.text(alphabet='ab .?!FIG12("A', max_size=60))
def test_sentences_lose_nothing_but_spaces(text):
    spans = split_sentences(text)
    kept = set().union(*(range(start, end) for start, end in spans)) if spans else set()
    lost = [text[i] for i in range(len(text)) if i not in kept]
    assert all(letter.isspace() or letter in '")' for letter in lost)
    assert all(start <= end for start, end in spans)


def test_texts_without_blank_lines_part_at_headings_and_numbers():
    found = specification_from_text("SUMMARY\n[0001] One.\n[0002] Two\nlines.")
    assert [p.text for p in found.paragraphs] == ["SUMMARY", "One.", "Two lines."]


@pytest.mark.parametrize("piece", ["<", "<!--", "<a b='", "&#", "<p>", "the lid 12 ", "1", "FIG. A "])
def test_the_time_grows_with_the_length_whatever_is_in_it(tmp_path, piece):
    path = tmp_path / "a.html"
    path.write_text("<p>It opens." + piece * 100_000)
    found = read_specification(path).paragraphs
    assert found[0].text.startswith("It opens.")
    assert max(len(paragraph.text) for paragraph in found) <= specification.MAX_PARAGRAPH
    assert sum(len(paragraph.sentences) for paragraph in found) > 0


def test_comments_and_signs_in_attributes_are_no_text(tmp_path):
    path = tmp_path / "a.html"
    path.write_text("<!DOCTYPE html><p title='a > b'>One<!-- <p>two</p> --> &lt;3&gt; a < b<br/>four<?x?></P>")
    assert texts(path) == ["One <3> a < b", "four"]
