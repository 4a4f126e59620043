"""Raw patents become a dataset by one command, on several workers, through interruptions, and only once."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from datasets import load_dataset

from dataset_builder.build import build, main
from dataset_builder.figure import FEATURES
from dataset_builder.redbook import read_redbook
from dataset_builder.rejects import Rejects
from dataset_builder.share import Share
from dataset_builder.sources import SourceError, read_patents, source_files
from dataset_builder.work import Plan
from tests.dataset_builder.drawn_patents import PARTS, describe, write_patent

REPOSITORY = Path(__file__).resolve().parent.parent.parent


def run(source: Path, out: Path, *options: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "dataset_builder.build", str(source), "--out", str(out), *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=REPOSITORY, env=environment, start_new_session=True, **pipes)


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """Three applications with drawings, one of two sheets, and one without its images."""
    folder = tmp_path_factory.mktemp("source")
    for serial, labels in ((1, "12"), (2, "1"), (3, "1")):
        write_patent(folder / f"US{serial}", serial, labels)
    write_patent(folder / "US4", 4, "1", images=False)
    return folder


@pytest.fixture(scope="module")
def built(source, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("built") / "patents"
    process = run(source, out, "--workers", "2", "--shares", "3")
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert sum(json.loads(output).values()) == 4
    assert "1 no_image" in errors and "datatrove" not in errors
    return out


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of every shard and reading."""
    files = [path for kind in ("shards", "readings") for path in (folder / "work" / kind).iterdir()]
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


def keep_readings(built: Path, plan: Plan) -> None:
    """Give a new build what another has read, as reading takes long."""
    path = plan.file("readings", 0)
    path.parent.mkdir(parents=True)
    path.write_text("".join(each.read_text() for each in (built / "work" / "readings").iterdir()))


def rows(folder: Path, config: str, cache: Path) -> list[dict]:
    return [row for split in load_dataset(str(folder), config, cache_dir=str(cache)).values() for row in split]


@pytest.mark.parametrize("config", ["both", "brief", "detailed"])
def test_the_dataset_loads_with_plain_load_dataset(built, tmp_path, config):
    found = rows(built, config, tmp_path)
    expected = [f"US2015000000{patent}A1__{figure}" for patent, figure in ((1, 1), (1, 2), (2, 1), (3, 1))]
    assert sorted(row["image_id"] for row in found) == expected
    for row in found:
        assert (row["brief_description"], row["detailed_description"]) == describe(row["figure"])
        assert {each["text"] for each in row["numerals"]} == set(PARTS)


def test_training_and_evaluation_read_it(built):
    from train.evaluate.figures import load_figures

    (shard,) = {path.name.split("-")[0] for path in (built / "data").iterdir()}
    assert load_figures(built, shard).features == FEATURES


def test_nothing_is_lost(built):
    lines = [json.loads(line) for line in (built / "rejects.jsonl").read_text().splitlines()]
    assert {(line["item"].split()[0], line["reason"]) for line in lines} == {("US20150000004A1", "no_image")}
    card = (built / "README.md").read_text()
    assert "no_image" in card and "python -m dataset_builder.build" in card


def test_a_second_run_skips_what_is_complete(built, source, capsys):
    before = snapshot(built)
    assert main([str(source), "--out", str(built), "--workers", "1"]) == 0
    assert sum(json.loads(capsys.readouterr().out).values()) == 4
    assert snapshot(built) == before


def test_another_build_in_the_folder_is_refused(built, source, tmp_path, capsys):
    write_patent(tmp_path / "other", 9, "1")
    assert main([str(tmp_path / "other"), "--out", str(built)]) == 2
    assert main([str(source), "--out", str(built), "--shares", "7"]) == 2
    first, second = capsys.readouterr().err.strip().splitlines()
    assert "name another folder" in first and "shares 3" in second


def test_a_build_that_is_killed_goes_on_where_it_stopped(source, tmp_path):
    out = tmp_path / "out"
    process = run(source, out, "--workers", "1", "--shares", "1")
    readings = out / "work" / "readings" / "00000-of-00001.jsonl"
    until = time.monotonic() + 120
    while not (readings.exists() and "\n" in readings.read_text()) and time.monotonic() < until:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    kept = readings.read_text().splitlines()[0]
    assert not (out / "data").exists()
    output, errors = run(source, out, "--workers", "1").communicate(timeout=300)
    assert sum(json.loads(output).values()) == 4, errors
    lines = readings.read_text().splitlines()
    assert lines[0] == kept and len(lines) == 4


def test_a_source_without_figures_says_so(tmp_path, capsys):
    write_patent(tmp_path / "source", 1, "1", images=False)
    assert main([str(tmp_path / "source"), "--out", str(tmp_path / "out"), "--workers", "1", "--shares", "1"]) == 2
    assert "no figure came out (1 left out: 1 no_image)" in capsys.readouterr().err


def test_a_source_that_is_none_is_one_line(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    for source in (tmp_path / "missing", tmp_path / "empty"):
        assert main([str(source), "--out", str(tmp_path / "out")]) == 2
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == 2 and all(str(tmp_path) in line for line in errors)


def test_a_defect_of_ours_is_written_down_and_ends_nothing(built, source, tmp_path, monkeypatch):
    from dataset_builder import join

    def fail(patent):
        if patent.patent_id.endswith("2A1"):
            raise ZeroDivisionError("division by zero")
        return names(patent)

    names = join.name_parts
    monkeypatch.setattr(join, "name_parts", fail)
    plan = Plan(source, tmp_path / "out", 1)
    keep_readings(built, plan)
    assert sum(build(plan, workers=1).values()) == 3
    lines = [json.loads(line) for line in (plan.out / "rejects.jsonl").read_text().splitlines()]
    (defect,) = [line for line in lines if line["reason"] == "defect"]
    assert defect["item"] == "US20150000002A1"
    assert defect["detail"].startswith("ZeroDivisionError: division by zero (test_build.py")


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_shares_of_a_source_are_the_whole(source, count):
    week = source / "week.xml"
    week.write_bytes(b"".join(path.read_bytes() for path in sorted(source.rglob("*.XML")) for _ in range(2)))
    try:
        shares = [list(read_patents(source, Rejects(), Share(index, count))) for index in range(count)]
        ids = sorted(patent.patent_id for share in shares for patent in share)
        assert ids == sorted(patent.patent_id for patent in read_patents(source, Rejects())) and len(ids) == 12
        assert count == 1 or max(map(len, shares)) < 12
    finally:
        week.unlink()


def test_one_share_tells_of_a_damaged_file(tmp_path):
    (tmp_path / "week.xml").write_text("")
    rejects = Rejects()
    for index in range(3):
        list(read_redbook(tmp_path / "week.xml", rejects, Share(index, 3)))
    assert rejects.counts == {"empty": 1}


def test_files_that_cannot_be_read_are_written_down_once(source, tmp_path):
    (tmp_path / "pftaps.txt").write_text("PATN")
    (tmp_path / "page.html").write_text("<p>no patent")
    (tmp_path / "scan.pdf").write_text("%PDF-1.4 cut off")
    write_patent(tmp_path / "good", 1)
    rejects = Rejects()
    found = [patent for index in range(3) for patent in read_patents(tmp_path, rejects, Share(index, 3))]
    assert len(found) == 1
    assert sorted(Path(item.source).name for item in rejects.items) == ["page.html", "pftaps.txt", "scan.pdf"]


def test_source_files_are_those_with_a_reader(source):
    assert {path.suffix for path in source_files(source)} == {".XML"}
    with pytest.raises(SourceError, match="holds no file"):
        source_files(next(source.rglob("*.TIF")))
