"""The official release: its rows, what is left out of them, and the errors of a folder that is none."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import datasets
import pytest
from datasets import load_dataset
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from dataset_builder import patentdesc_355k
from dataset_builder.figure import FEATURES
from dataset_builder.patentdesc_355k import PatentDesc355K, figure_named, load_patentdesc
from dataset_builder.release_to_parquet import main
from tests.dataset_builder.release_folder import IDS, LISTS, entry, write_index, write_release
from train.evaluate.figures import load_figures
from train.figures import load_figures as load_training_figures
from train.shards import open_shards

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def quiet():
    datasets.disable_progress_bars()
    yield
    datasets.enable_progress_bars()


@pytest.fixture
def release(tmp_path) -> Path:
    return write_release(tmp_path / "DATASET")


@pytest.fixture
def load(release, tmp_path, caplog):
    """Load the release with a cache of its own."""
    return lambda task="brief", split=None, **options: load_patentdesc(
        release, task, split, cache_dir=tmp_path / "cache", **options
    )


@pytest.fixture
def rejects(tmp_path):
    """The rejects written so far: image ids and reasons."""

    def read() -> list[tuple[str, str]]:
        lines = [line for path in (tmp_path / "cache").glob("**/*.jsonl") for line in path.read_text().splitlines()]
        return sorted((reject["item"], reject["reason"]) for reject in map(json.loads, lines))

    return read


def plain(rows) -> list[dict]:
    return [{name: value for name, value in row.items() if name != "image"} for row in rows]


def test_rows(load, caplog):
    figures = load()
    assert {split: rows["image_id"][:] for split, rows in figures.items()} == {
        "train": LISTS["train"],
        "validation": LISTS["val"],
        "test": LISTS["test"],
    }
    assert figures["train"].features == FEATURES
    row = figures["test"][1]
    assert row.pop("image").size == (110, 80)
    told = {name: value for name, value in row.items() if value not in (None, [])}
    assert told == {
        "image_id": "US10000003B2__1",
        "patent_id": "US10000003B2",
        "figure": "2",
        "label_source": "text",
        "brief_description": "FIG. 2 is a block diagram of a device of US10000003;",
        "source": "PatentDesc-355K",
        "publication_date": "2018-06-19",
        "sheets": ["US10000003-20180619-D00001.png"],
    }
    assert "12 rows, nothing left out" in caplog.text


def test_each_task_has_its_texts(load):
    brief, detailed, both = (load(task, "test")[0] for task in ("brief", "detailed", "both"))
    assert both["brief_description"] == brief["brief_description"] == entry(IDS[9])["brief_description"]
    assert both["detailed_description"] == detailed["detailed_description"] == entry(IDS[9])["detailed_description"]
    assert brief["detailed_description"] is None and detailed["brief_description"] is None


def test_one_split_alone(load, caplog):
    assert load(split="validation")["image_id"][:] == LISTS["val"]
    assert "3 rows, nothing left out" in caplog.text


DAMAGES = {
    "no_image": lambda folder: image(folder).unlink(),
    "unreadable_image": lambda folder: image(folder).write_bytes(b"<html>Sorry</html>"),
    "no_brief_description": lambda folder: change(folder, {"brief_description": " \n"}),
    "malformed_entry": lambda folder: change(folder, {"detailed_description": ["half", "an", "hour"]}),
    "malformed_entry: surrogates": lambda folder: change(folder, {"brief_description": "\ud800"}),
    "malformed_entry: damaged": lambda folder: (folder / "PatentDesc-355k.json").write_text(
        (folder / "PatentDesc-355k.json").read_text().replace('"FIG. 1 is', '"FIG. \\q1 is', 1)
    ),
    "not_in_index": lambda folder: write_index(folder, {image_id: entry(image_id) for image_id in IDS[1:]}),
    "in_no_split": lambda folder: relist(folder, "train", IDS[1:6]),
}


def image(folder: Path) -> Path:
    return folder / "images" / f"{IDS[0]}.png"


def change(folder: Path, texts: dict) -> None:
    write_index(folder, {image_id: entry(image_id) | (texts if image_id == IDS[0] else {}) for image_id in IDS})


def relist(folder: Path, name: str, image_ids: list[str]) -> None:
    (folder / "splits" / f"{name}.txt").write_text("\n".join(image_ids))


@pytest.mark.parametrize("case", DAMAGES)
def test_what_cannot_be_a_row_is_left_out_with_its_reason(case, release, load, rejects, caplog):
    DAMAGES[case](release)
    reason = case.split(":")[0]
    assert load(split="train")["image_id"][:] == IDS[1:6]
    assert rejects() == [(IDS[0], reason)]
    assert f"5 rows, 1 left out: 1 {reason}" in caplog.text


LISTINGS = {
    "listed_twice": ("train", IDS[:6] + IDS[:1], IDS[0]),
    "in_two_splits": ("train", IDS[:6] + IDS[9:10], IDS[9]),
    "malformed_id": ("train", IDS[:6] + ["../../x"], "../../x"),
}


@pytest.mark.parametrize("reason", LISTINGS)
def test_lists_that_do_not_agree(reason, release, load, rejects):
    """Whatever is listed for test is not trained on."""
    name, image_ids, item = LISTINGS[reason]
    relist(release, name, image_ids)
    figures = load()
    assert figures["train"]["image_id"][:] == IDS[:6] and figures["test"]["image_id"][:] == IDS[9:]
    assert rejects() == [(item, reason)]


def test_an_id_twice_in_the_index_is_told(release, load, rejects):
    text = json.dumps({image_id: entry(image_id) for image_id in IDS})
    twice = json.dumps({IDS[3]: entry(IDS[3]) | {"brief_description": "another"}})
    (release / "PatentDesc-355k.json").write_text(f"{text[:-1]}, {twice[1:]}")
    assert load()["train"][3]["brief_description"] == entry(IDS[3])["brief_description"]
    assert rejects() == [(IDS[3], "twice_in_index")]


def test_a_split_without_images(release, load):
    """Who has the images of one split only loads that one."""
    for image_id in LISTS["train"]:
        (release / "images" / f"{image_id}.png").unlink()
    with pytest.raises(ValueError, match="no figure of the split train can be used .6 left out: 6 no_image."):
        load()
    assert load(split="test")["image_id"][:] == LISTS["test"]


@pytest.fixture
def damaged(release, monkeypatch) -> Path:
    """The release with three things amiss, in shards of two rows."""
    monkeypatch.setattr(patentdesc_355k, "ROWS_A_SHARD", 2)
    for image_id in (IDS[1], IDS[4]):
        (release / "images" / f"{image_id}.png").write_bytes(b"\x89PNG\r\n\x1a\n, or so")
    (release / "images" / f"{IDS[10]}.png").unlink()
    return release


FAULTS = [(IDS[10], "no_image"), (IDS[1], "unreadable_image"), (IDS[4], "unreadable_image")]


def test_workers_make_the_same_rows(damaged, load, rejects, caplog):
    rows = load("both", "train")
    assert rows["image_id"][:] == [IDS[0], IDS[2], IDS[3], IDS[5]]
    load("both", num_proc=2)
    assert plain(load("both", num_proc=2)["train"]) == plain(rows)
    assert set(rejects()) == set(FAULTS) and "9 rows, 3 left out: 2 unreadable_image, 1 no_image" in caplog.text


def test_streaming_gives_the_same_rows(damaged, load, rejects, caplog):
    streamed = load("both", streaming=True)
    assert streamed["train"].num_shards == 3 and "1 left out: 1 no_image" in caplog.text
    rows = {split: list(rows) for split, rows in streamed.items()}
    assert rejects() == sorted(FAULTS) and "train, shard 0: 1 left out: 1 unreadable_image" in caplog.text
    assert list(streamed["train"])[0]["image"].size == (100, 80)
    assert rejects() == sorted(FAULTS)  # a second pass does not tell twice
    assert {split: plain(made) for split, made in rows.items()} == {
        split: plain(made) for split, made in load("both").items()
    }


def test_parquet_holds_the_images(damaged, tmp_path):
    """`download_and_prepare(..., file_format="parquet")` gives a folder that needs the release no longer."""
    out = tmp_path / "out"
    builder = PatentDesc355K(config_name="brief", data_dir=str(damaged), cache_dir=str(tmp_path / "cache"))
    builder.download_and_prepare(str(out), file_format="parquet")
    builder.download_and_prepare(str(out), file_format="parquet")  # is there already
    reasons = Counter(json.loads(line)["reason"] for line in (out / "rejects.jsonl").read_text().splitlines())
    assert reasons == {"unreadable_image": 2, "no_image": 1}
    damaged.rename(tmp_path / "elsewhere")
    figures = load_dataset(str(out), cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in figures.items()} == {"train": 4, "validation": 3, "test": 2}
    assert figures["train"].features == FEATURES and figures["train"][3]["image"].size == (105, 80)


def test_training_and_evaluation_take_what_the_command_writes(damaged, tmp_path, caplog, capsys):
    out = tmp_path / "out"
    assert main([str(damaged), "--task", "both", "--out", str(out), "--num-proc", "2"]) == 0
    damaged.rename(tmp_path / "elsewhere")
    figures = load_figures(out, "train")
    assert figures["image_id"][:] == [IDS[0], IDS[2], IDS[3], IDS[5]] and figures[3]["image"].size == (105, 80)
    assert load_training_figures(open_shards([str(out / "train")], "train", ["brief", "detailed"])).num_rows == 4
    assert load_dataset(str(out), cache_dir=str(tmp_path / "cache"))["test"]["image_id"][:] == [IDS[9], IDS[11]]
    assert "2 unreadable_image" in caplog.text and "1 no_image" in caplog.text
    assert main([str(tmp_path / "none"), "--out", str(out / "none")]) == 1
    assert "none" in capsys.readouterr().err


def test_the_command_makes_anew_what_has_changed(release, tmp_path):
    command = [str(release), "--task", "brief", "--split", "test", "--out", str(tmp_path / "out")]
    shard = tmp_path / "out" / "test" / "patentdesc_355k-test.parquet"
    assert main(command) == 0
    made = shard.stat().st_mtime_ns
    assert main(command) == 0 and shard.stat().st_mtime_ns == made
    change(release, {"brief_description": "FIG. 9"})
    assert main(command) == 0 and shard.stat().st_mtime_ns != made


def test_the_cache_follows_the_release(release, load):
    missing = (release / "images" / f"{IDS[0]}.png").rename(release / "kept.png")
    assert load(split="train").num_rows == 5
    missing.rename(release / "images" / f"{IDS[0]}.png")
    assert load(split="train").num_rows == 6


def unlist(folder: Path) -> None:
    (folder / "splits" / "val.txt").unlink()


def spoil(folder: Path, text: str) -> None:
    (folder / "PatentDesc-355k.json").write_text(text)


ERRORS = {
    "PatentDesc-355k.json: cannot be read": lambda folder: (folder / "PatentDesc-355k.json").unlink(),
    "PatentDesc-355k.json: is empty": lambda folder: spoil(folder, ""),
    "PatentDesc-355k.json: is no JSON object": lambda folder: spoil(folder, "[]"),
    "PatentDesc-355k.json: damaged or cut short at byte": lambda folder: spoil(folder, json.dumps({"x": {}})[:-1]),
    "PatentDesc-355k.json: goes on at byte": lambda folder: spoil(folder, json.dumps({"x": {}}) * 2),
    "val.txt: cannot be read": unlist,
    "val.txt: is no text": lambda folder: (folder / "splits" / "val.txt").write_bytes(b"\xff\xfe"),
    "images: cannot be read.*dataset_builder.fetch": lambda folder: (folder / "images").rename(folder / "pictures"),
    "is no folder": lambda folder: folder.rename(folder.parent / "elsewhere"),
}


@pytest.mark.parametrize("message", ERRORS)
@pytest.mark.parametrize("streaming", [False, True])
def test_a_folder_that_is_no_release(message, streaming, release, load):
    ERRORS[message](release)
    with pytest.raises(ValueError, match=message):
        load(streaming=streaming)


def test_tasks_and_splits_that_are_none(load):
    with pytest.raises(ValueError, match="no task 'short'; choose one of brief, detailed, both"):
        load("short")
    with pytest.raises(ValueError, match="no split 'val'; choose one of train, validation, test"):
        load(split="val")
    with pytest.raises(ValueError, match="data_dir None is no folder"):
        PatentDesc355K(config_name="brief").download_and_prepare()


@pytest.mark.parametrize(
    ("brief", "figure"),
    [
        ("FIG. 2A is a view of the housing 12;", "2A"),
        ("Figure 3 shows a device.", "3"),
        ("FIG. 7 is a flow chart of a step of FIG. 6 and FIG. 5.", "7"),
        ("FIG. 4 is a section along line 4-4 of FIG. 3;", "4"),
        ("FIGS. 2A-2C are views;", None),
        ("FIGS. 1 and 2 are views;", None),
        ("FIG. 1 and FIG. 2 are views;", None),
        ("A view of the housing of FIG. 1;", None),
        ("A view;", None),
        ("", None),
    ],
)
def test_the_figure_that_a_brief_description_names(brief, figure):
    assert figure_named(brief) == figure


# --- words -----------------------------------------------------------------------------------------------------------

WORDS = ["FIG.", "2A", "touch-screen", "µ-controller", "S300:", "(180)"]
BOXES = [[10 * n, 20, 10 * n + 9, 30] for n in range(len(WORDS))]


@pytest.fixture
def tokenizer(tmp_path) -> Path:
    """A byte-level BPE whose special tokens stand where RoBERTa's do."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(["FIG. 2A touch screen controller"], trainer)
    (tmp_path / "tokenizer").mkdir()
    tokenizer.save(str(tmp_path / "tokenizer" / "tokenizer.json"))
    return tmp_path / "tokenizer"


@pytest.fixture
def read(tokenizer):
    """What the release's OCR holds for words and boxes: `<s>`, each word's tokens with its box, `</s>`, padding."""
    encoder = Tokenizer.from_file(str(tokenizer / "tokenizer.json"))

    def read(words: list[str] = WORDS, boxes: list[list[int]] = BOXES) -> dict:
        tokens = [(token, box) for word, box in zip(words, boxes) for token in encoder.encode(word).ids]
        nothing = [0, 0, 0, 0]
        ids, places = zip((0, nothing), *tokens, (2, nothing), (1, nothing))
        return {"input_ids": [list(ids)], "attention_mask": [[1] * (len(ids) - 1) + [0]], "bbox": [list(places)]}

    return read


def test_words_of_the_ocr(release, load, tokenizer, read, rejects):
    reading = {f"{image_id}.png": read() for image_id in IDS[1:]} | {f"{IDS[2]}.png": read([], [])}
    (release / "ocr.json").write_text(json.dumps(reading))
    rows = load(split="train", ocr_tokenizer=tokenizer)
    assert [row["words"] for row in rows.remove_columns("image")] == [[], WORDS, [], WORDS, WORDS, WORDS]
    assert rows[1]["boxes"] == BOXES and rows[1]["ocr_engine"] == "tesseract" and rows[2]["ocr_engine"] is None
    assert rejects() == [(IDS[0], "no_ocr")]
    assert load(split="train")[1]["words"] == []


BAD_READINGS = {
    "lengths": lambda reading: reading["bbox"][0].pop(),
    "unknown token": lambda reading: reading["input_ids"][0].__setitem__(3, 10**6),
    "token that is no number": lambda reading: reading["input_ids"][0].__setitem__(3, "12"),
    "box outside": lambda reading: reading["bbox"].__setitem__(0, [[0, 0, 2000, 5]] * len(reading["bbox"][0])),
    "no boxes": lambda reading: reading.pop("bbox"),
    "two images": lambda reading: reading["input_ids"].append([0, 2]),
}


@pytest.mark.parametrize("case", BAD_READINGS)
def test_malformed_ocr_costs_the_words_only(case, release, load, tokenizer, read, rejects):
    bad = read()
    BAD_READINGS[case](bad)
    reading = {f"{image_id}.png": read() for image_id in IDS} | {f"{IDS[9]}.png": bad}
    (release / "ocr.json").write_text(json.dumps(reading))
    rows = load(split="test", ocr_tokenizer=tokenizer)
    assert [row["words"] for row in rows.remove_columns("image")] == [[], WORDS, WORDS]
    assert rejects() == [(IDS[9], "malformed_ocr")]


def test_another_tokenizer_is_refused(load, tokenizer, release):
    with pytest.raises(ValueError, match="is no tokenizer .*microsoft/layoutlmv3-large"):
        load(ocr_tokenizer=release)
    text = (tokenizer / "tokenizer.json").read_text().replace("<s>", "<begin>")
    (tokenizer / "tokenizer.json").write_text(text)
    with pytest.raises(ValueError, match="is not the tokenizer of the release's OCR"):
        load(ocr_tokenizer=tokenizer)
    with pytest.raises(ValueError, match="ocr.json: cannot be read"):
        (tokenizer / "tokenizer.json").write_text(text.replace("<begin>", "<s>"))
        load(ocr_tokenizer=tokenizer)


# --- datasets 3 ------------------------------------------------------------------------------------------------------

DATASETS_3 = "datasets==3.6.0"
SCRIPT = """
import json, sys, datasets
path, folder, cache = sys.argv[1:]
datasets.disable_progress_bars()
options = dict(data_dir=folder, cache_dir=cache, trust_remote_code=True)
def plain(rows):
    return [{**row, "image": row["image"].size} for row in rows]
made = {"version": datasets.__version__}
for name in ("brief", "detailed", "both"):
    made[name] = {split: plain(rows) for split, rows in datasets.load_dataset(path, name, **options).items()}
streamed = datasets.load_dataset(path, "both", streaming=True, **options)
made["streamed"] = {split: plain(rows) for split, rows in streamed.items()}
options["cache_dir"] = cache + "-workers"
by_two = datasets.load_dataset(path, "both", num_proc=2, **options)
made["workers"] = {split: plain(rows) for split, rows in by_two.items()}
print(json.dumps(made))
"""


@pytest.fixture(scope="module")
def python_with_datasets_3() -> Path:
    """An environment with datasets 3 and Pillow and nothing of ours, kept for the next time."""
    environment = REPOSITORY / ".venv-datasets3"
    python = environment / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", DATASETS_3, "pillow"]
    subprocess.run(command, check=True)
    return python


@pytest.mark.slow
def test_the_same_file_is_a_script_for_datasets_3(python_with_datasets_3, damaged, load, tmp_path):
    """The same rows, but for the figure's number, which only the model's files find in a text."""
    script = REPOSITORY / "dataset_builder" / "patentdesc_355k.py"
    command = [python_with_datasets_3, "-I", "-c", SCRIPT, script, damaged, tmp_path / "cache3"]
    environment = {"HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1", "PATH": ""}
    result = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "9 rows, 3 left out: 2 unreadable_image, 1 no_image" in result.stderr
    made = json.loads(result.stdout.splitlines()[-1])
    assert made.pop("version") == DATASETS_3.split("==")[1]
    assert made["streamed"] == made["workers"] == made["both"]
    for task in ("brief", "detailed", "both"):
        ours = {split: [{**row, "image": row["image"].size} for row in rows] for split, rows in load(task).items()}
        for row in (row for rows in ours.values() for row in rows):
            row |= {"figure": None, "label_source": None}
        assert made[task] == json.loads(json.dumps(ours))
