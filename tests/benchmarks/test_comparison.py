"""The comparison page: complete, made of the committed results, and honest about every column."""

import json
import re
import sys
from pathlib import Path

import pytest

from benchmarks import comparison
from train.evaluate.report import FORM, OVERLAP, TRUTH

BENCHMARKS = Path(comparison.__file__).parent
PAPER = json.loads((BENCHMARKS / "paper.json").read_text())


@pytest.fixture
def results():
    return json.loads((BENCHMARKS / "results" / "table.json").read_text())


def test_the_page_is_made_of_the_committed_results(results):
    made = comparison.page(results, PAPER)
    assert (BENCHMARKS / "comparison.md").read_text() == made, "run python -m benchmarks.comparison"


def test_every_column_has_its_sentence():
    assert list(comparison.COLUMNS) == [*OVERLAP.values(), *TRUTH.values(), *FORM.values()]
    assert all(
        text.endswith(".") and ". " not in text.replace("FIG. ", "").replace("Fig. ", "")
        for text in comparison.COLUMNS.values()
    )


def test_the_paper_is_beside_ours(results):
    page = comparison.page(results, PAPER)
    scores = "46.40 | 36.66 | 44.59 | 56.68 | 42.63 | 54.18 | 56.44 | - |"
    assert f"| PatentDesc-355K | PatentLMM, 7.4B (341M), fine-tuned | {scores}" in page
    assert page.count("| this checkpoint |") == 2 * 4
    assert len(PAPER["table_2"]) == 14 and all(len(row["brief"]) == len(PAPER["columns"]) for row in PAPER["table_2"])
    widths = {line.count("|") for line in page.splitlines() if line.startswith("| ")}
    assert widths == {len(OVERLAP) + 3, len(TRUTH) + len(FORM) + 2}
    assert not re.search(r"\bNone\b|\bnan\b", page)


def test_without_results_it_says_how_to_make_them(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sys, "argv", ["comparison", "--results", str(tmp_path / "none.json")])
    with pytest.raises(SystemExit):
        comparison.main()
    assert "none.json does not exist; write it with python -m benchmarks.table" in capsys.readouterr().err
