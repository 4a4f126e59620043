"""The growth benchmark on small amounts: exponents of known curves, rows as training reads them, line and picture."""

import json
import sys

import numpy as np
import pytest
from PIL import Image

from benchmarks import growth
from train.shards import open_shards


def test_exponents_of_known_curves():
    amounts = [1, 2, 4, 8]
    curve = growth.Curve("square", "things", 2.1, amounts, [3 * amount**2 for amount in amounts])
    assert curve.exponent == pytest.approx(2) and curve.last_exponent == pytest.approx(2)
    bent = growth.Curve("bent", "things", 1.1, amounts, [1, 1, 1, 2])
    assert bent.last_exponent == pytest.approx(1) and bent.exponent < 1
    assert growth.Curve("from none", "things", 1.1, [0, 2, 4], [1, 2, 4]).exponent == pytest.approx(1)


def test_rows_repeat_the_figure_under_ids_of_their_own(monkeypatch, tmp_path):
    monkeypatch.setattr(growth, "ROWS_OF_SHARD", 4)
    monkeypatch.setattr(growth.datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    figure = growth.generate(7, "train", max_side=64)
    growth.write_rows(tmp_path / "rows", figure, 10)
    shards = open_shards([str(tmp_path / "rows")], "train", ["brief"])
    assert len(shards.files) == 3 and shards.count() == (10, 10)
    rows = growth.load_figures(shards)
    assert rows["image_id"] == [str(index) for index in range(10)]
    assert np.array_equal(np.asarray(rows[9]["image"]), np.asarray(figure.image))


def test_the_line_and_the_picture(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(growth.datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    picture = tmp_path / "growth.png"
    options = ["--plots", str(picture), "--rows", "20", "40", "--pixels", "64", "96", "--repeats", "1"]
    monkeypatch.setattr(sys, "argv", ["growth", *options, "--threads", "1"])
    growth.main()
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert len(line["curves"]) == len(line["claims"]) == 9
    assert {"claim", "measured", "goal", "at_most", "reason"} == set(line["claims"][0])
    assert {"versions", "device", "threads"} <= set(line)
    assert Image.open(picture).width > 100
