"""Pooling, bootstrap intervals, groups and calibration; what the references themselves score."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_builder.synthetic import generate
from train import metrics
from train.metrics.ratio import NOTHING, Ratio, pool

TASKS = ("brief", "detailed")
FAMILIES = ("block_diagram", "flowchart", "network", "circuit", "mechanical", "graph", "screen")


@pytest.fixture(scope="module")
def rows():
    return [generate(seed, "test", family).as_row() for seed, family in enumerate(FAMILIES)]


def reference_scores(rows, task):
    return [metrics.score_figure(row[f"{task}_description"], metrics.FigureTruth.from_row(row, task)) for row in rows]


def values(summary):
    return {name: entry["value"] for name, entry in summary.items()}


@pytest.mark.parametrize("task", TASKS)
def test_the_references_score_as_they_must(rows, task):
    scores = values(metrics.summarise(reference_scores(rows, task), samples=10))
    full = ["bleu1", "bleu2", "bleu3", "bleu4", "bleu", "rouge1", "rouge2", "rougeL", "chrf"]
    assert {name: scores[name] for name in full} == pytest.approx(dict.fromkeys(full, 100))
    assert scores["meteor"] == pytest.approx(100, abs=0.1)
    assert scores["figure_number"] == scores["kind"] == scores["length_ratio"] == 1
    assert scores["invented"] in (0, None) and scores["truncated"] == 0
    if task == "detailed":
        truths = ("character_precision", "character_recall", "character_f1", "coverage", "binding_f1", "connection_f1")
        assert {name: scores[name] for name in truths} == pytest.approx(dict.fromkeys(truths, 1.0))


def test_scores_of_nothing_are_low(rows):
    truths = [metrics.FigureTruth.from_row(row, "detailed") for row in rows]
    scores = values(metrics.summarise([metrics.score_figure("", truth) for truth in truths], samples=10))
    assert scores["bleu4"] == scores["rougeL"] == scores["character_recall"] == scores["binding_f1"] == 0
    assert scores["invented"] is None and scores["repetition"] is None and scores["truncated"] == 1


def test_intervals_are_seeded_and_hold_the_value(rows):
    scores = reference_scores(rows, "detailed")
    scores[0] = metrics.score_figure("FIG. 99 is a lid 7.", metrics.FigureTruth.from_row(rows[0], "detailed"))
    first, again, other = (metrics.summarise(scores, samples=200, seed=seed) for seed in (0, 0, 1))
    assert first == again != other
    for entry in first.values():
        if entry["value"] is not None:
            assert entry["low"] - 1e-9 <= entry["value"] <= entry["high"] + 1e-9
    assert first["figure_number"]["low"] < first["figure_number"]["high"] == 1


def test_an_interval_narrows_with_more_figures(rows):
    scores = reference_scores(rows, "brief")
    scores[:3] = [metrics.score_figure("", metrics.FigureTruth.from_row(row, "brief")) for row in rows[:3]]
    few, many = (metrics.summarise(scores * times, samples=300)["rougeL"] for times in (1, 20))
    assert few["value"] == pytest.approx(many["value"])
    assert many["high"] - many["low"] < few["high"] - few["low"]


def test_groups_and_lengths_hold_every_figure_once(rows):
    scores = reference_scores(rows, "brief")
    by_kind = metrics.group(scores, lambda score: score.kind, samples=10)
    assert list(by_kind) == sorted(FAMILIES) and all(entry["figures"] == 1 for entry in by_kind.values())
    quarters = metrics.by_length(scores, samples=10)
    assert sum(entry["figures"] for entry in quarters) == len(rows)
    assert all(a["words"][1] <= b["words"][0] for a, b in zip(quarters, quarters[1:], strict=False))
    assert json.dumps([by_kind, quarters])


def test_nothing_to_summarise():
    assert metrics.summarise([]) == metrics.group([], lambda score: score.kind) == {}
    assert metrics.by_length([]) == [] and metrics.calibration([])["error"] is None


def test_calibration_compares_confidence_with_the_drawing(rows):
    row = rows[0] | {"words": ["102", "104"], "boxes": [[0, 0, 40, 30], [0, 500, 40, 530]], "confidences": [0.95, 0.35]}
    row |= {"numerals": [{"text": "102", "term": None, "box": [0, 0, 1, 1]}], "edges": []}
    truth = metrics.FigureTruth.from_row(row, "detailed")
    result = metrics.calibration([metrics.score_figure("The lid 102 and the rod 104 and the pin 106.", truth)])
    assert result["characters"] == 2
    assert [(round(one["confidence"], 2), one["drawn"]) for one in result["bins"]] == [(0.35, 0.0), (0.95, 1.0)]
    assert result["error"] == pytest.approx((0.35 + 0.05) / 2)


def test_what_is_not_known_is_not_measured(rows):
    row = rows[0] | {"numerals": [], "elements": [], "edges": [], "brief_description": None, "kind": None}
    score = metrics.score_figure("FIG. 1 shows a lid 10.", metrics.FigureTruth.from_row(row, "brief"))
    measured = {name for name, ratio in score.ratios.items() if ratio.whole}
    assert measured == {"figure_number", "invented", "repetition", "truncated"}
    assert score.as_dict()["rougeL"] is None


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1))
def test_pooling_is_the_ratio_of_sums(parts):
    ratios = [Ratio(min(pair), max(pair)) for pair in parts]
    whole = sum(ratio.whole for ratio in ratios)
    assert pool([*ratios, NOTHING]) == (sum(ratio.part for ratio in ratios) / whole if whole else None)
