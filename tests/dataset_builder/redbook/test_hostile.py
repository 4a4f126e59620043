"""Files from strangers: each danger is bounded, named and counted, and what is good around it still comes through."""

import gzip
import io
import os
import tarfile
import time
import zipfile

import pytest

from dataset_builder.redbook import archives, documents, read_redbook
from dataset_builder.rejects import Rejects
from tests.dataset_builder.redbook.test_read_redbook import grant, tiff, zipped


def read(path):
    """The ids of the patents, the reasons of the rejects, and the rejects."""
    rejects = Rejects()
    ids = [patent.patent_id for patent in read_redbook(path, rejects)]
    assert all("\n" not in reject.detail and reject.source in reject.detail for reject in rejects.items)
    return ids, [reject.reason for reject in rejects.items], rejects.items


def weekly(tmp_path, *documents: bytes):
    (tmp_path / "week.xml").write_bytes(b"".join(documents))
    return read(tmp_path / "week.xml")


def with_subset(subset: str, text="") -> bytes:
    return grant(f"<p>{text}</p>").replace(b"[ ]>", f"[ {subset} ]>".encode())


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
SECRET = "a line that must not be read"


# --- documents -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (with_subset(f'<!ENTITY l0 "ha">{LAUGHS}', "&l9;"), "own_declarations"),
        (with_subset(f'<!ENTITY a "{"a" * 100_000}">', "&a;" * 1000), "own_declarations"),
        (with_subset('<!ENTITY x SYSTEM "file:///SECRET">', "&x;"), "own_declarations"),
        (with_subset('<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd"> %x;'), "own_declarations"),
        (with_subset('<!ENTITY x SYSTEM "a.tif" NDATA TIF><!ENTITY y "z">', "&y;"), "own_declarations"),
        (with_subset('<!ATTLIST p a CDATA "aaaa">'), "own_declarations"),
        (with_subset("<!-- <!ENTITY x 'in a comment'> -->"), "own_declarations"),
        (grant("<b>" * 300 + "</b>" * 300), "too_large"),
        (grant("<p>" + "a" * 11_000_000 + "</p>"), "too_large"),
        (grant("<p>caf\xe9</p>").decode().encode("latin1"), "wrong_encoding"),
        (grant().replace(b"UTF-8", b"UTF-7"), "wrong_encoding"),
        (grant().replace(b"UTF-8", b"klingon"), "wrong_encoding"),
        (grant()[:-200], "not_well_formed"),
        (grant("<p>&#1;</p>"), "not_well_formed"),
        (b'<?xml version="1.0"?><svg><script>x</script></svg>', "not_a_patent"),
        (b'<?xml version="1.0"?><us-patent-grant/>', "no_bibliography"),
        (b'<?xml version="1.0"?><PATDOC/>', "no_bibliography"),
        (b'<?xml version="1.0"?><patent-application-publication/>', "no_bibliography"),
        (grant(number="see above"), "no_number"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_document_between_good_ones(tmp_path, document, reason):
    (tmp_path / "SECRET").write_text(SECRET)
    document = document.replace(b"file:///SECRET", (tmp_path / "SECRET").as_uri().encode())
    started = time.monotonic()
    ids, reasons, items = weekly(tmp_path, grant(number="1"), document, grant(number="2"))
    assert (ids, reasons) == (["US1B2", "US2B2"], [reason])
    assert items[0].source == "week.xml" and f"byte {len(grant(number='1'))}" in items[0].item
    assert SECRET not in items[0].detail and time.monotonic() - started < 5


def test_names_of_image_files_are_no_danger(tmp_path):
    names = "".join(f'<!ENTITY US1-D0000{n}.TIF SYSTEM "US1-D0000{n}.TIF" NDATA TIF>\n' for n in range(3))
    assert weekly(tmp_path, with_subset(names))[:2] == (["US8930553B2"], [])


def test_the_dtd_is_not_read(tmp_path):
    (tmp_path / "own.dtd").write_text('<!ENTITY rsquo "FROM THE DTD">')
    document = grant("<p>a lid&rsquo;s</p>").replace(b"us-patent-grant-v45-2014-04-03.dtd", bytes(tmp_path / "own.dtd"))
    (tmp_path / "one.xml").write_bytes(document)
    (patent,) = read_redbook(tmp_path / "one.xml", Rejects())
    assert patent.paragraphs[0].text == "a lid’s"


@pytest.mark.parametrize("cut", [60, 300, 500])
def test_a_hole_in_a_week_costs_one_document(tmp_path, cut):
    assert weekly(tmp_path, grant(number="1"), grant(number="2")[:cut], grant(number="3"))[:2] == (
        ["US1B2", "US3B2"],
        ["not_well_formed"],
    )


def test_a_week_that_breaks_off(tmp_path):
    assert weekly(tmp_path, grant(number="1"), grant(number="2")[:-20])[:2] == (["US1B2"], ["not_well_formed"])


def test_documents_are_found_wherever_the_chunks_end(tmp_path, monkeypatch):
    for size in (1, 7, 64, 1000):
        monkeypatch.setattr(documents, "_CHUNK", size)
        week = (
            grant(number="1"),
            b"\n\n",
            b"\xef\xbb\xbf" + grant(number="2"),
            grant("<p>&lt;?xml ?&gt;</p>", number="3"),
        )
        assert weekly(tmp_path, *week)[:2] == (["US1B2", "US2B2", "US3B2"], [])


def test_a_document_too_large_to_be_held(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "MAX_BYTES", 4000)
    monkeypatch.setattr(documents, "_CHUNK", 500)
    ids, reasons, items = weekly(tmp_path, grant(number="1"), grant("<p>" + "a" * 9000), grant(number="2"))
    assert (ids, reasons) == (["US1B2", "US2B2"], ["too_large"])


@pytest.mark.parametrize("length", range(4495, 4520))
def test_what_follows_a_document_that_is_too_large_is_found(tmp_path, monkeypatch, length):
    monkeypatch.setattr(documents, "MAX_BYTES", 4000)
    monkeypatch.setattr(documents, "_CHUNK", 500)
    large = b'<?xml version="1.0"?>' + b"a" * (length - 21)
    assert weekly(tmp_path, large, grant(number="2"))[:2] == (["US2B2"], ["too_large"])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig"])
def test_byte_order_marks(tmp_path, encoding):
    ids, reasons, _ = weekly(tmp_path, grant().decode().encode(encoding))
    assert (ids, reasons) == ((["US8930553B2"], []) if encoding == "utf-8-sig" else ([], ["wrong_encoding"]))


def test_declared_latin1_is_read(tmp_path):
    document = grant("<p>caf\xe9</p>").decode().replace("UTF-8", "ISO-8859-1").encode("latin1")
    (tmp_path / "one.xml").write_bytes(document)
    assert next(read_redbook(tmp_path / "one.xml", Rejects())).paragraphs[0].text == "café"


@pytest.mark.parametrize("data", [b"", b"  \n "])
def test_an_empty_file(tmp_path, data):
    assert weekly(tmp_path, data)[:2] == ([], ["empty"])


@pytest.mark.parametrize(
    "markup",
    [
        "<b>1</b>  <b>FIG.</b> <figref>FIG. 2</figref>,\n<b>3</b>-<b>4</b>",
        "<figref>FIGS. 1</figref>",
        ", <b>2</b>",
        "<i>-</i>",
    ],
)
def test_a_long_paragraph_takes_no_square_of_time(tmp_path, markup):
    started = time.monotonic()
    assert weekly(tmp_path, grant(f"<p><figref>FIGS. 1</figref>{markup * 10_000}</p>"))[0] == ["US8930553B2"]
    assert time.monotonic() - started < 5


# --- archives --------------------------------------------------------------------------------------------------------


def archive(tmp_path, name: str, data: bytes):
    (tmp_path / name).write_bytes(data)
    return read(tmp_path / name)


def tarred(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as packed:
        for info, data in members:
            info.size = len(data)
            packed.addfile(info, io.BytesIO(data))
    return file.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize("name", ["../evil.xml", "/tmp/evil.xml", "a/../../evil.xml", "C:/evil.xml", "..\\evil.xml"])
def test_names_that_lead_out(tmp_path, name):
    packed = zipped(**{name: grant(number="1"), "good.xml": grant(number="2")})
    assert archive(tmp_path, "a.zip", packed)[:2] == (["US2B2"], ["unsafe_name"])
    packed = tarred((member(name), grant(number="1")), (member("good.xml"), grant(number="2")))
    assert archive(tmp_path, "a.tar", packed)[:2] == (["US2B2"], ["unsafe_name"])
    assert sorted(os.listdir(tmp_path)) == ["a.tar", "a.zip"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar(tmp_path, kind):
    packed = tarred((member("a.xml", kind, "/etc/hostname"), b""), (member("good.xml"), grant()))
    assert archive(tmp_path, "a.tar", packed)[:2] == (["US8930553B2"], ["link"])


def test_links_in_a_zip(tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        link = zipfile.ZipInfo("a.xml")
        link.external_attr = 0o120777 << 16
        packed.writestr(link, "/etc/hostname")
        packed.writestr("good.xml", grant())
    assert archive(tmp_path, "a.zip", file.getvalue())[:2] == (["US8930553B2"], ["link"])


def test_a_bomb(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MIN_UNPACKED", 1 << 20)
    bomb = b"0" * (1 << 22)
    packed = zipped(**{"good.xml": grant(), "bomb.xml": bomb})
    assert archive(tmp_path, "a.zip", packed)[:2] == (["US8930553B2"], ["bomb"])
    assert archive(tmp_path, "b.zip", zipped(**{"in.zip": packed}))[:2] == (["US8930553B2"], ["bomb"])
    packed = tarred((member("good.xml"), grant()), (member("b"), bomb))
    ids, reasons, _ = archive(tmp_path, "c.tar.gz", gzip.compress(packed))
    assert ids == ["US8930553B2"] and reasons[0] == "bomb"


def test_many_small_bombs_count_together(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MIN_UNPACKED", 1 << 20)
    packed = zipped(**{f"{n}.xml": grant(number=str(n)) + b" " * 400_000 for n in range(1, 9)})
    ids, reasons, _ = archive(tmp_path, "a.zip", packed)
    assert len(ids) + len(reasons) == 8 and set(reasons) == {"bomb"} and "US1B2" in ids


def test_archives_within_archives(tmp_path):
    data = grant()
    for depth in range(1, 6):
        data = zipped(**{"in.xml" if depth == 1 else "in.zip": data})
        ids, reasons, _ = archive(tmp_path, f"{depth}.zip", data)
        assert (ids, reasons) == ((["US8930553B2"], []) if depth <= archives.MAX_DEPTH else ([], ["too_deep"]))


def test_an_encrypted_member(tmp_path):
    packed = bytearray(zipped(**{"secret.xml": grant(), "good.xml": grant()}))
    for signature, place in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        packed[packed.index(signature) + place] |= 1
    assert archive(tmp_path, "a.zip", bytes(packed))[:2] == (["US8930553B2"], ["encrypted"])


def test_damaged_archives(tmp_path):
    packed = zipped(**{"a.xml": grant(number="1")})
    broken = bytearray(packed)
    broken[60] ^= 0xFF
    assert archive(tmp_path, "a.zip", bytes(broken))[1] == ["damaged"]
    assert archive(tmp_path, "b.zip", packed[:-30])[:2] == ([], ["damaged"])
    good, bad = (member("good.xml"), grant(number="1")), (member("bad.xml"), grant(number="2") * 9)
    ids, reasons, _ = archive(tmp_path, "a.tar", tarred(good, bad)[:5000])
    assert ids[0] == "US1B2" and "damaged" in reasons
    ids, reasons, _ = archive(tmp_path, "b.tar", tarred(good)[:1536] + b"no header" * 99)
    assert (ids, reasons) == (["US1B2"], ["damaged"])
    ids, reasons, _ = archive(tmp_path, "c.tar.gz", gzip.compress(tarred(good) + os.urandom(9000))[:-4000])
    assert ids == ["US1B2"] and "damaged" in reasons
    assert archive(tmp_path, "d.zip", zipped(**{"in.zip": b"no archive", "a.xml": grant(number="1")}))[:2] == (
        ["US1B2"],
        ["damaged"],
    )


def test_a_tar_header_that_claims_to_be_long(tmp_path):
    long = tarfile.TarInfo("x")
    long.type, long.size = tarfile.GNUTYPE_LONGNAME, 1 << 40
    assert archive(tmp_path, "a.tar", tarred((member("good.xml"), grant())).rstrip(b"\0") + bytes(900))[0]
    packed = long.tobuf(tarfile.GNU_FORMAT) + bytes(1024)
    assert archive(tmp_path, "b.tar", packed)[:2] == ([], ["damaged"])


def test_too_many_members(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_MEMBERS", 2)
    members = {f"{n}.xml": grant(number=str(n)) for n in (1, 2, 3)}
    assert archive(tmp_path, "a.zip", zipped(**members))[:2] == ([], ["too_many_members"])
    packed = tarred(*((member(name), data) for name, data in members.items()))
    assert archive(tmp_path, "a.tar", packed)[:2] == (["US1B2", "US2B2"], ["too_many_members"])


def test_an_image_too_large_to_be_held(tmp_path, monkeypatch):
    (tmp_path / "a.zip").write_bytes(zipped(**{"a.xml": grant(), "US08930553-20150106-D00001.TIF": tiff()}))
    (patent,) = read_redbook(tmp_path, Rejects())
    monkeypatch.setattr(archives, "MAX_HELD", 10)
    with pytest.raises(ValueError, match="US08930553-20150106-D00001.TIF: is larger than 10 bytes"):
        patent.sheets[0].open()


def test_a_sheet_name_leads_nowhere(tmp_path):
    (tmp_path / "secret.tif").write_bytes(tiff())
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.xml").write_bytes(grant().replace(b"US08930553-20150106-D00001.TIF", b"../secret.tif"))
    (patent,) = read_redbook(tmp_path / "in", Rejects())
    assert (patent.sheets[0].name, patent.sheets[0].open) == ("secret.tif", None)


def test_what_else_lies_in_a_folder(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "good.xml").write_bytes(grant())
    (tmp_path / "in" / "notes.txt").write_text("PATN")
    os.mkfifo(tmp_path / "in" / "pipe.xml")
    (tmp_path / "link").symlink_to(tmp_path / "in", target_is_directory=True)
    ids, reasons, _ = read(tmp_path)
    assert (ids, sorted(reasons)) == (["US8930553B2"], ["link", "not_a_file", "unsupported"])


def test_names_of_members_stay_in_one_line(tmp_path):
    _, reasons, items = archive(tmp_path, "a.zip", zipped(**{"a\nb\x1b[2J.txt": b"x", "good.xml": grant()}))
    assert reasons == ["unsupported"] and items[0].source == "a.zip!a?b?[2J.txt"
