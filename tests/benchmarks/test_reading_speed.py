"""The reader and its peer in turn on labelled sheets, and the line that is printed."""

import json
import sys
from importlib.util import find_spec

import pytest
from PIL import Image, ImageDraw, ImageFont

from benchmarks import reading_speed

needs_rapidocr = pytest.mark.skipif(find_spec("rapidocr") is None, reason="rapidocr is missing")


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A folder of one small labelled sheet."""
    sheet = Image.new("L", (320, 240), 255)
    for text, place in (("102", (60, 40)), ("FIG. 2", (110, 190))):
        ImageDraw.Draw(sheet).text(place, text, fill=0, font=ImageFont.load_default(26))
    sheet.save(tmp_path / "a.png")
    labels = tmp_path / "labels.jsonl"
    row = {"image": "a.png", "rotation": 0, "labels": ["2"], "characters": ["102"], "unsure": []}
    labels.write_text(json.dumps(row) + "\n")
    monkeypatch.setattr(reading_speed, "LABELS", labels)
    return tmp_path


@needs_rapidocr
def test_both_read_and_the_line_has_its_claims(data, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["reading_speed", "--data", str(data), "--threads", "1"])
    reading_speed.main()
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["benchmark"] == "reading_speed" and result["images"] == 1 and result["threads"] == 1
    assert result["quality"]["ours"] == dict.fromkeys(reading_speed.QUALITIES, 1.0)
    assert set(result["seconds_per_image"]) == {"ours", "peer"} and result["ratio"] > 0
    time, recall = result["claims"]
    assert time["measured"] == result["ratio"] and time["at_most"] and not recall["at_most"]
    assert recall["measured"] == 1.0 and recall["goal"] == result["quality"]["peer"]["character_recall"]
    assert {"rapidocr", "onnxruntime"} <= set(result["versions"])


def test_the_first_reading_of_each_side_is_not_timed(data):
    calls = []

    def side(name):
        return lambda image, row: calls.append(name) or (["102"], [(0, 0, 9, 9)], [1.0], 0)

    rows = [json.loads((data / "labels.jsonl").read_text())]
    readings, seconds, processor = reading_speed.read_in_turn(rows, data, {"a": side("a"), "b": side("b")})
    assert calls == ["a", "b", "a", "b"]
    assert {name: len(some) for name, some in seconds.items()} == {"a": 1, "b": 1}
    assert set(readings["a"]) == {"a.png"}
