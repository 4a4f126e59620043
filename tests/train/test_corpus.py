"""Texts of every kind of file arrive as they are, and what cannot be read is named."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train import corpus, texts
from train.corpus import load_corpus

APPLICATION = {
    "application_number": "15123456",
    "publication_number": "US20180123456A1-20180503",
    "patent_number": "10123456",
    "title": "Housing",
    "abstract": "A housing holds a lid.",
    "claims": "1. A housing, comprising a lid.",
    "background": "Lids fall off.",
    "summary": "This one does not.",
    "full_description": "Lids fall off. This one does not. FIG. 1 shows the housing 102.",
}


def write_jsonl(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def write_application(path, **changes):
    path.write_text(json.dumps({**APPLICATION, **changes}))
    return str(path)


def test_every_kind_of_file_of_a_folder_is_read(tmp_path):
    write_jsonl(tmp_path / "a.jsonl", {"text": "one"})
    with gzip.open(tmp_path / "b.jsonl.gz", "wt") as lines:
        lines.write('{"text": "two"}\n')
    (tmp_path / "2016").mkdir()
    pq.write_table(pa.table({"text": ["three", "four"], "other": [1, 2]}), tmp_path / "2016" / "c.parquet")
    write_application(tmp_path / "2016" / "15123456.json")
    (tmp_path / "README.md").write_text("not a text")
    data = load_corpus([str(tmp_path)])
    assert data.column_names == ["text"]
    hupd = "\n\n".join(APPLICATION[name] for name in ("title", "abstract", "full_description", "claims"))
    assert list(data["text"]) == [hupd, "three", "four", "one", "two"]


def test_hupd_fields_are_chosen_and_ordered_by_the_recipe(tmp_path):
    path = write_application(tmp_path / "1.json", abstract=None)
    data = load_corpus([path], fields=["claims", "abstract", "background"])
    assert list(data["text"]) == ["1. A housing, comprising a lid.\n\nLids fall off."]


def test_other_columns_than_text_can_be_chosen(tmp_path):
    """Such as those of the figures' own Parquet."""
    pq.write_table(pa.table({"brief": ["FIG. 1."], "image": [b""], "detailed": ["The lid."]}), tmp_path / "a.parquet")
    data = load_corpus([str(tmp_path)], fields=["detailed", "brief"])
    assert list(data["text"]) == ["The lid.\n\nFIG. 1."]


def test_streaming_gives_the_same_texts(tmp_path):
    write_jsonl(tmp_path / "a.jsonl", {"text": "one"}, {"text": " "})
    write_jsonl(tmp_path / "b.jsonl", {"text": "two"})
    streamed = load_corpus([str(tmp_path)], streaming=True)
    assert [row["text"] for row in streamed] == list(load_corpus([str(tmp_path)])["text"]) == ["one", "two"]


def test_many_files_share_shards(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "MAX_SHARDS", 3)
    for index in range(8):
        write_application(tmp_path / f"{index}.json", title=str(index))
    streamed = load_corpus([str(tmp_path)], fields=["title"], streaming=True)
    assert streamed.num_shards == 3
    assert sorted(row["text"] for row in streamed) == list("01234567")


def test_a_file_that_changed_is_read_again(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", {"text": "old"})
    assert list(load_corpus([path])["text"]) == ["old"]
    write_jsonl(tmp_path / "a.jsonl", {"text": "newer"})
    assert list(load_corpus([path])["text"]) == ["newer"]


@pytest.mark.parametrize("streaming", [False, True])
def test_patents_held_apart_are_left_out(tmp_path, streaming):
    """Whatever form the number has: HUPD gives those of the publication and of the grant."""
    write_application(tmp_path / "1.json", patent_number="10000001", title="granted")
    write_application(
        tmp_path / "2.json", patent_number=None, publication_number="US20160000002A1-20160101", title="no"
    )
    write_application(tmp_path / "3.json", title="kept")
    (tmp_path / "held").mkdir()
    held = write_jsonl(
        tmp_path / "held" / "figures.txt", {"patent_id": "US10000001B2"}, {"patent_id": "US20160000002A1"}
    )
    data = load_corpus([str(tmp_path)], fields=["title"], held_apart=held, streaming=streaming)
    assert [row["text"] for row in data] == ["kept"]


def test_what_is_left_out_is_counted(tmp_path, capsys):
    path = write_jsonl(tmp_path / "a.jsonl", {"text": "one"}, {"text": ""}, {"text": None})
    load_corpus([path])
    assert "corpus: 1 texts; left out: 2 empty" in capsys.readouterr().err


@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=4))
def test_any_text_comes_through_but_for_the_blanks_around_it(lines):
    rows = [{"text": line} for line in lines]
    assert [corpus._text(row, ("text",), "a:1") for row in rows] == [line.strip() for line in lines]


HOSTILE = {
    "a.jsonl": (b'{"text": "one"}\n{"text": ', "a.jsonl:2 is not JSON"),
    "deep.jsonl": (b"[" * 100_000 + b"\n", "deep.jsonl:1 is not JSON"),
    "bytes.jsonl": (b'{"text": "\xff"}\n', "bytes.jsonl:1 is not JSON"),
    "list.jsonl": (b"[1, 2]\n", "list.jsonl:1 is not an object with text"),
    "other.jsonl": (b'{"words": "one"}\n', "other.jsonl:1 has no `text`, but words"),
    "number.jsonl": (b'{"text": 3}\n', "number.jsonl:1: `text` is not text"),
    "deep.json": (b"[" * 100_000, "deep.json is not JSON"),
    "list.json": (b"[]", "list.json:1 is not an object with title"),
    "short.json": (b'{"title": "t"}', "short.json:1 has no `abstract`, but title"),
    "a.parquet": (b"PAR1 not really", "a.parquet cannot be read as Parquet"),
    "notes.txt": (b"text", "notes.txt is none of .jsonl"),
    "blank.jsonl": (b'{"text": ""}\n', "blank.jsonl holds no text"),
    "empty.jsonl": (b"", "empty.jsonl holds no text"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("streaming", [False, True])
def test_what_cannot_be_read_is_named(tmp_path, name, streaming):
    content, message = HOSTILE[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        for _ in load_corpus([str(tmp_path / name)], streaming=streaming):
            pass
    assert "\n" not in str(error.value)


def test_a_parquet_file_without_text_is_named(tmp_path):
    pq.write_table(pa.table({"words": ["one"]}), tmp_path / "a.parquet")
    with pytest.raises(ValueError, match="a.parquet has no `text`, but words"):
        load_corpus([str(tmp_path / "a.parquet")])


def test_missing_files_and_folders_without_texts_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere does not exist"):
        load_corpus([str(tmp_path / "nowhere")])
    with pytest.raises(FileNotFoundError, match="holds no .jsonl"):
        load_corpus([str(tmp_path)])
    path = write_jsonl(tmp_path / "a.jsonl", {"text": "one"})
    with pytest.raises(FileNotFoundError, match="held.jsonl does not exist"):
        load_corpus([path], held_apart=str(tmp_path / "held.jsonl"))


def test_texts_without_a_patent_cannot_be_held_apart(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", {"text": "one"})
    held = write_jsonl(tmp_path / "held.jsonl", {"patent_id": "US10000001B2"})
    with pytest.raises(ValueError, match="a.jsonl:1 names no patent"):
        load_corpus([path], held_apart=held)


def test_what_is_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "MAX_FILE_BYTES", 100)
    monkeypatch.setattr(texts, "MAX_LINE_BYTES", 100)
    with pytest.raises(ValueError, match="1.json is larger than an application can be"):
        load_corpus([write_application(tmp_path / "1.json")])
    with pytest.raises(ValueError, match="a.jsonl:1 is longer than a patent can be"):
        load_corpus([write_jsonl(tmp_path / "a.jsonl", {"text": "x" * 100})])
