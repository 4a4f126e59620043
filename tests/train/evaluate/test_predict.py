"""Batches, runs that are killed and go on, and predictions made elsewhere."""

import json

import pytest

from train.evaluate.predict import batches, load_predictions, predict, read_predictions
from train.evaluate.writers import Written


class Echo:
    """Writes the id of a figure, and dies before the batch after `deaths` ones."""

    needs_image = False

    def __init__(self, deaths=None):
        self.asked, self.deaths = [], deaths

    def write(self, rows, task):
        if self.deaths is not None and len(self.asked) == self.deaths:
            raise KeyboardInterrupt
        self.asked.append([row["image_id"] for row in rows])
        return [Written(f"{task} {row['image_id']}", False) for row in rows]


def test_batches_hold_every_figure_once_the_longest_first(figures):
    made = batches(figures, 2)
    assert [len(batch) for batch in made] == [2, 2, 1]
    ids = [figure_id for batch in made for _, figure_id in batch]
    assert sorted(ids) == sorted(figures["image_id"])
    sizes = [sum(map(len, figures[index]["words"])) for batch in made for index, _ in batch]
    assert sizes == sorted(sizes, reverse=True)


def test_predictions_come_in_the_order_of_the_figures(figures, tmp_path):
    path = tmp_path / "model.jsonl"
    rows = predict(Echo(), figures, "brief", path, 2)
    assert list(rows) == figures["image_id"]
    assert [path.name for path in tmp_path.iterdir()] == ["model.jsonl"]
    assert rows[figures["image_id"][0]] == {
        "id": figures["image_id"][0],
        "text": f"brief {figures['image_id'][0]}",
        "truncated": False,
    }


def test_a_killed_run_goes_on_and_ends_the_same(figures, tmp_path):
    whole, killed = tmp_path / "whole.jsonl", tmp_path / "killed.jsonl"
    predict(Echo(), figures, "brief", whole, 2)
    with pytest.raises(KeyboardInterrupt):
        predict(Echo(deaths=1), figures, "brief", killed, 2)
    with open(tmp_path / "killed.0.jsonl", "a") as lines:
        lines.write('{"id": "half a li')
    second = Echo()
    predict(second, figures, "brief", killed, 2)
    assert second.asked == [[figure_id for _, figure_id in batch] for batch in batches(figures, 2)[1:]]
    assert killed.read_bytes() == whole.read_bytes()
    third = Echo()
    predict(third, figures, "brief", killed, 2)
    assert third.asked == []


def test_what_other_processes_left_is_used(figures, tmp_path):
    """A run that was killed on two processes goes on with one."""
    path = tmp_path / "model.jsonl"
    left = [{"id": figure_id, "text": "kept", "truncated": None} for _, figure_id in batches(figures, 2)[1]]
    (tmp_path / "model.1.jsonl").write_text("".join(json.dumps(row) + "\n" for row in left))
    rows = predict(Echo(), figures, "brief", path, 2)
    assert [row["text"] for row in rows.values()].count("kept") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["model.jsonl"]


def test_a_line_that_is_no_prediction_is_named(tmp_path):
    path = tmp_path / "model.jsonl"
    path.write_text('{"id": "1", "text": "a"}\n[1]\n{"id": "2", "text": "b"}\n')
    with pytest.raises(ValueError, match=r"model.jsonl:2 is no prediction"):
        load_predictions([path])


@pytest.mark.parametrize(
    "content",
    [
        '{"a": "FIG. 1 is a lid.</s>", "b": "FIG. 2 is a</s><unk>"}',
        '{"id": "a", "text": "FIG. 1 is a lid."}\n{"id": "b", "text": "FIG. 2 is a", "truncated": true}\n',
    ],
)
def test_both_forms_of_predictions_are_read(content, tmp_path):
    path = tmp_path / "file"
    path.write_text(content)
    assert set(read_predictions(path)) == {"a", "b"}


def test_in_the_authors_form_a_text_without_its_end_was_cut_off(tmp_path):
    path = tmp_path / "file.json"
    path.write_text(json.dumps({"a": "FIG. 1 is a lid</s>", "b": "FIG. 2 is a lid."}))
    assert [row["truncated"] for row in read_predictions(path).values()] == [False, True]
    path.write_text(json.dumps({"a": "FIG. 1 is a lid", "b": "FIG. 2 is a lid."}))
    assert [row["truncated"] for row in read_predictions(path).values()] == [None, None]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"a": 1}', '["a"]'])
def test_other_files_are_refused(content, tmp_path):
    path = tmp_path / "file"
    path.write_text(content)
    with pytest.raises(ValueError, match="file"):
        read_predictions(path)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        read_predictions(tmp_path / "absent")
