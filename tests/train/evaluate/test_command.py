"""`python -m train.evaluate` from end to end."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import tiny_library
from train.evaluate.__main__ import main
from train.evaluate.report import as_markdown

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def run(figures_folder, tmp_path):
    """`run("--model", DIR, out="a")` -> exit code and the folder of the run."""

    def run(*arguments, out="run", data=figures_folder):
        options = ["--data", data, "--out", tmp_path / out, "--max-new-tokens", 8, "--batch-size", 2]
        return main([*map(str, options), *map(str, arguments)]), tmp_path / out

    return run


def scores(folder):
    return json.loads((folder / "scores.json").read_text())["systems"]


def test_a_checkpoint_and_its_baselines_fill_the_folder(run, checkpoint, figures_folder, capsys):
    baselines = ["template", "nearest", "words_only", "no_ocr", "no_rules", "reference"]
    code, out = run(
        "--model", checkpoint, "--kind", "detailed", "--baselines", *baselines, "--train-data", figures_folder
    )
    assert code == 0
    systems = scores(out)
    assert set(systems) == {"model", *baselines}
    assert {path.stem for path in (out / "predictions").iterdir()} == set(systems)
    assert {path.stem for path in (out / "figures").iterdir()} == set(systems)
    assert {path.name for path in (out / "plots").iterdir()} == {"by_kind.png", "by_length.png", "calibration.png"}
    assert all((out / "plots" / name).stat().st_size > 5000 for name in ("by_kind.png", "calibration.png"))
    table = (out / "table.md").read_text()
    assert all(f"| {system} |" in table for system in systems) and "METEOR" in table and "nltk" in table
    assert table in capsys.readouterr().out

    value = lambda system, measure: systems[system]["scores"][measure]["value"]  # noqa: E731
    assert value("reference", "bleu4") == pytest.approx(100) and value("reference", "character_f1") == 1
    assert value("model", "bleu4") < 30
    assert value("template", "figure_number") == 1 and value("template", "binding_f1") == 0
    rows = [json.loads(line) for line in (out / "figures" / "model.jsonl").read_text().splitlines()]
    assert len(rows) == 5 and {"id", "kind", "rougeL", "character_f1"} <= rows[0].keys()


def test_the_same_run_twice_gives_the_same_files(run, checkpoint):
    (_, first), (_, second) = (run("--model", checkpoint, out=name) for name in "ab")
    for name in ("predictions/model.jsonl", "scores.json", "table.md", "figures/model.jsonl", "plots/by_kind.png"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


@pytest.mark.parametrize("make", [tiny_library.llava, tiny_library.idefics3, tiny_library.florence2])
def test_library_models_go_through_the_command(make, run, tmp_path):
    folder = tiny_library.save(make, tmp_path / "library")
    code, out = run("--model", folder)
    assert code == 0
    assert scores(out)["model"]["figures"] == 5 and scores(out)["model"]["scores"]["bleu4"]["value"] < 5


def test_predictions_of_the_authors_are_scored_with_their_special_tokens(run, figures, tmp_path, capsys):
    texts = {row["image_id"]: row["brief_description"] + "</s><unk>" for row in figures.select(range(4))}
    (tmp_path / "theirs.json").write_text(json.dumps(texts | {"another": "text</s>"}))
    code, out = run("--predictions", tmp_path / "theirs.json", "--baselines", "template")
    assert code == 0
    theirs = scores(out)["predictions"]
    assert theirs["missing"] == 1 and "predictions lacks 1 of 5 figures" in capsys.readouterr().err
    assert 60 < theirs["scores"]["bleu4"]["value"] < 100 and theirs["scores"]["figure_number"]["value"] == 0.8
    assert "1 figures have no prediction" in (out / "table.md").read_text()


def test_a_folder_with_another_run_is_not_mixed_up(run, figures, tmp_path, capsys):
    (tmp_path / "p.json").write_text(json.dumps({figures["image_id"][0]: "FIG. 1 is a lid."}))
    assert run("--predictions", tmp_path / "p.json")[0] == 0
    assert run("--predictions", tmp_path / "p.json", "--kind", "detailed")[0] == 1
    assert "holds a run with another kind; name another folder with --out" in capsys.readouterr().err


def test_errors_are_one_line(run, checkpoint, tmp_path, capsys):
    for arguments in (["--model", checkpoint, "--split", "none"], ["--predictions", tmp_path / "none.json"]):
        capsys.readouterr()
        assert run(*arguments)[0] == 1
        error = capsys.readouterr().err.strip().splitlines()[-1]
        assert error.startswith("evaluate: ") and "none" in error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "m", "--baselines", "nearest"], "name their folder with --train-data"),
        (["--predictions", "p", "--baselines", "no_ocr"], "need a model"),
        (["--model", "m", "--predictions", "p"], "not allowed with"),
        ([], "one of the arguments --model --predictions is required"),
    ],
)
def test_options_that_make_no_sense(run, arguments, said, capsys):
    with pytest.raises(SystemExit):
        run(*arguments)
    assert said in capsys.readouterr().err


def test_figures_of_several_sources_are_told_apart(run, figures, tmp_path):
    rows = figures.remove_columns("source").add_column("source", ["a", "a", "b", "b", "b"])
    (tmp_path / "data").mkdir()
    rows.to_parquet(tmp_path / "data" / "test.parquet")
    (tmp_path / "p.json").write_text(json.dumps(dict.fromkeys(figures["image_id"], "FIG. 1 is a lid.")))
    _, out = run("--predictions", tmp_path / "p.json", data=tmp_path / "data")
    result = json.loads((out / "scores.json").read_text())
    assert {name: entry["figures"] for name, entry in result["systems"]["predictions"]["by_source"].items()} == {
        "a": 2,
        "b": 3,
    }
    assert "predictions by source" in as_markdown(result)


def test_the_reference_is_measured_where_there_is_one(run, figures, tmp_path):
    texts = [None, *figures["brief_description"][1:]]
    rows = figures.remove_columns("brief_description").add_column("brief_description", texts)
    (tmp_path / "data").mkdir()
    rows.to_parquet(tmp_path / "data" / "test.parquet")
    (tmp_path / "p.json").write_text(json.dumps(dict.fromkeys(figures["image_id"], "FIG. 1 is a lid.")))
    options = ["--predictions", tmp_path / "p.json", "--baselines", "reference"]
    _, out = run(*options, data=tmp_path / "data")
    assert scores(out)["reference"]["figures"] == 4 and scores(out)["predictions"]["figures"] == 5
    assert scores(out)["reference"]["scores"]["figure_number"]["value"] == 1
    assert scores(out)["predictions"]["scores"]["rougeL"]["figures"] == 4


@pytest.mark.slow
def test_two_processes_share_the_figures_and_write_the_same(run, checkpoint, figures_folder, tmp_path):
    _, alone = run("--model", checkpoint, "--baselines", "template")
    command = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
    command += ["-m", "train.evaluate", "--model", checkpoint, "--data", figures_folder, "--out", tmp_path / "two"]
    command += ["--max-new-tokens", "8", "--batch-size", "2", "--baselines", "template"]
    environment = os.environ | {"ACCELERATE_USE_CPU": "1", "OMP_NUM_THREADS": "1"}
    result = subprocess.run(
        list(map(str, command)), cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr
    assert "5 figures, 2 processes" in result.stderr
    for name in ("predictions/model.jsonl", "predictions/template.jsonl", "scores.json"):
        assert (tmp_path / "two" / name).read_bytes() == (alone / name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "two" / "predictions").iterdir()) == [
        "model.jsonl",
        "template.jsonl",
    ]
