"""The run that makes our table: rows of both test sets, and the line it prints."""

import json
import sys

import numpy as np
import pytest
from PIL import Image

from benchmarks import table
from dataset_builder.synthetic import generate
from modeling_patentlmm.ocr_patentlmm import FigureReading, Word
from train.metrics import FigureTruth
from train.metrics.form import tokens

WORDS = (
    Word("FIG.", (400, 900, 450, 930), 0.9),
    Word("1", (455, 900, 470, 930), 0.9),
    Word("9", (50, 50, 70, 90), 0.8),
)


@pytest.fixture
def label():
    return next(row for row in table.read_jsonl(table.LABELS) if len(row["labels"]) == 1 and len(row["characters"]) > 2)


@pytest.fixture
def row(label):
    first = label["characters"][0]
    texts = {"brief_description": "FIG. 1 is a view.", "detailed_text": f"A storage lid {first} is shown. " * 200}
    return {"image": label["image"], "patent_id": "US1", "portfolio": "somebody", "tier": "A", **texts}


def test_a_row_holds_what_was_read_and_the_truth_of_the_drawing():
    figure = generate(3, "test", "mechanical")
    reading = FigureReading(WORDS, 90, figure.image.size, "stub 1.0")
    row = table.as_row(figure, reading, {"9": "front pulley"})
    assert row["words"] == ["FIG.", "1", "9", "front", "pulley"]
    assert row["image"].size == figure.image.size[::-1]
    assert row["numerals"] == figure.numerals and row["ocr_engine"] == "stub 1.0"


def test_a_real_figure_has_the_names_of_its_patents_text(label, row):
    figure = table.real_figure(label, row, Image.new("L", (9, 9)))
    truth = FigureTruth.from_row(table.as_row(figure, FigureReading(WORDS, 0, (9, 9), "stub 1.0")), "detailed")
    assert truth.drawn == set(label["characters"]) and truth.label == label["labels"][0]
    assert truth.table == {label["characters"][0]: "storage lid"}
    assert len(tokens(truth.reference)) == 500


def test_texts_that_were_not_checked_are_not_used(label, row):
    figure = table.real_figure(label, row | {"tier": "B"}, Image.new("L", (9, 9)))
    assert figure.brief_description is figure.detailed_description is None


def test_one_line_for_both_sets_and_both_descriptions(monkeypatch, capsys, checkpoint, label, row, tmp_path):
    """Two drawn figures and one real one, with a reader that needs no engine."""
    (tmp_path / "labels.jsonl").write_text(json.dumps(label))
    (tmp_path / "figures.jsonl").write_text(json.dumps(row))
    (tmp_path / label["image"]).parent.mkdir()
    Image.fromarray(np.uint8(np.indices((90, 90)).sum(axis=0) % 30 * 8)).save(tmp_path / label["image"])
    reading = FigureReading(WORDS, 0, (9, 9), "stub 1.0")
    monkeypatch.setattr(table, "LABELS", tmp_path / "labels.jsonl")
    monkeypatch.setattr(table, "read_all", lambda images, total, path: {key: reading for key, _ in images})
    parse = table.parse_arguments
    monkeypatch.setattr(table, "parse_arguments", lambda options: parse([*options, "--max-new-tokens", "4"]))
    options = ["--data", tmp_path, "--checkpoint", checkpoint, "--workdir", tmp_path / "out", "--drawn", 2]
    options += ["--training", 2, "--baselines", "template", "nearest"]
    monkeypatch.setattr(sys, "argv", ["table", *map(str, options)])
    table.main()
    line = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert line["benchmark"] == "table" and line["checkpoint"] == checkpoint.name
    assert [line[name]["brief"]["figures"] for name in ("drawn", "real")] == [2, 1]
    assert set(line["real"]["detailed"]["systems"]) == {"model", "template", "nearest"}
    assert line["real"]["detailed"]["systems"]["template"]["figure_number"]["value"] in (0, 1)
    assert "meteor" in line["implementations"]
