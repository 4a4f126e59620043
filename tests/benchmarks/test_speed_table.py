"""The speed table: what is met and what is not, in README.md between its markers and nowhere else."""

import json
import sys

import pytest

from benchmarks import speed_table

CLAIM = {"claim": "Ours against theirs", "measured": 0.7, "goal": 0.8, "at_most": True, "reason": None}
MACHINE = {"device": "a machine", "threads": 2, "versions": {"torch": "2.6", "transformers": "5.18"}}


@pytest.fixture
def make(monkeypatch, tmp_path):
    """Write results and a README, make the table, and give the README."""

    def made(text: str = "a\n<!-- speed -->\nold\n<!-- /speed -->\nb\n", **results) -> str:
        readme = tmp_path / "README.md"
        readme.write_text(text)
        for name, content in results.items():
            (tmp_path / f"{name}.json").write_text(content if isinstance(content, str) else json.dumps(content))
        monkeypatch.setattr(sys, "argv", ["speed_table", "--results", str(tmp_path), "--readme", str(readme)])
        speed_table.main()
        return readme.read_text()

    return made


def result(*claims: dict) -> dict:
    return {"claims": [CLAIM | claim for claim in claims], **MACHINE}


def test_every_claim_has_a_line_met_or_with_its_reason(make):
    text = make(
        one=result({}, {"at_most": False, "reason": "slow |\n pipes"}),
        two=result({"measured": 12.345, "goal": 10, "reason": "not yet"}),
        other={"score": 1},
    )
    assert text.splitlines() == [
        *("a", "<!-- speed -->", "| claim | measured | goal | met |", "|---|---|---|---|"),
        "| Ours against theirs | 0.7 | at most 0.8 | yes |",
        "| Ours against theirs | 0.7 | at least 0.8 | no: slow \\| pipes |",
        "| Ours against theirs | 12.3 | at most 10 | no: not yet |",
        *(
            "",
            "Measured by `make bench` on: a machine, threads 2, torch 2.6 transformers 5.18.",
            "<!-- /speed -->",
            "b",
        ),
    ]


def test_made_again_it_is_the_same(make):
    once = make(one=result({}))
    assert make(once) == once


def test_a_claim_at_its_goal_is_met():
    assert speed_table.is_met(CLAIM | {"goal": 0.7}) and speed_table.is_met(CLAIM | {"goal": 0.7, "at_most": False})


def test_a_miss_without_a_reason_is_said(make, capsys):
    assert "no: reason not known" in make(one=result({"goal": 0.1}))
    assert "one.json: not met, and no reason given: Ours against theirs" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("results", "sentence"),
    [
        ({"one": "{"}, "one.json: is no JSON"),
        ({"one": result({"measured": "0.7"})}, "one.json: a claim's measured is missing or of the wrong type"),
        ({"one": {"claims": [{"claim": "x"}]}}, "measured, goal, at_most, reason is missing"),
        ({"one": {"score": 1}}, "holds no result with claims"),
    ],
)
def test_results_that_cannot_be_shown(make, results, sentence):
    with pytest.raises(SystemExit, match=sentence):
        make(**results)


@pytest.mark.parametrize("text", ["a", "<!-- speed -->", "<!-- /speed --><!-- speed -->"])
def test_a_readme_without_markers(make, text):
    with pytest.raises(SystemExit, match=r"README.md: needs one <!-- speed -->"):
        make(text, one=result({}))


def test_the_readme_has_the_markers():
    text = (speed_table.ROOT / "README.md").read_text()
    assert speed_table.insert(text, "table").count("table") >= 1
