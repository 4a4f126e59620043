"""Every figure to a text, once: in batches of like length, over all processes, each text kept as soon as written."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from accelerate import PartialState
from accelerate.utils import parse_flag_from_env
from datasets import Dataset
from tqdm import tqdm

from .writers import Writer


def processes() -> PartialState:
    """This process among all that `accelerate launch` started.

    Raises:
        ValueError: several were started and do not know of each other, so that each would do all the work.
    """
    state = PartialState(cpu=parse_flag_from_env("ACCELERATE_USE_CPU"))
    started = int(os.environ.get("WORLD_SIZE", 1))
    if started != state.num_processes:
        raise ValueError(f"{started} processes were started but {state.num_processes} joined; set ACCELERATE_USE_CPU=1")
    return state


def predict(writer: Writer, figures: Dataset, task: str, path: Path, batch_size: int) -> dict[str, dict]:
    """The predictions `{"id", "text", "truncated"}` of all figures by id; written to `path` in the figures' order.

    While it runs, each process appends to a file of its own beside `path`; a run that was killed goes on from these.
    The batches depend on the figures and `batch_size` alone, so that neither the number of processes nor a restart
    changes a text.
    """
    state = processes()
    done = load_predictions([path, *_shards(path)])
    state.wait_for_everyone()
    own = path.with_suffix(f".{state.process_index}.jsonl")
    kept = load_predictions([own])
    with open(own, "w", encoding="utf-8") as lines:  # rewritten: a killed run may have left half a line
        _append(lines, kept.values())
        share = batches(figures, batch_size)[state.process_index :: state.num_processes]
        todo = [batch for batch in share if not all(figure_id in done for _, figure_id in batch)]
        rows = figures if writer.needs_image else figures.remove_columns("image")
        for batch in tqdm(todo, desc=path.stem, disable=not (state.is_main_process and sys.stderr.isatty())):
            written = writer.write([rows[index] for index, _ in batch], task)
            new = [
                {"id": figure_id, "text": one.text, "truncated": one.truncated}
                for (_, figure_id), one in zip(batch, written, strict=True)
                if figure_id not in done
            ]
            _append(lines, new)
    state.wait_for_everyone()
    if state.is_main_process:
        _merge(path, figures["image_id"])
    state.wait_for_everyone()
    return load_predictions([path])


def batches(figures: Dataset, batch_size: int) -> list[list[tuple[int, str]]]:
    """Indices and ids of the figures in batches, those with the most words first."""
    columns = figures.select_columns(["image_id", "words"])
    sizes = [(-sum(map(len, row["words"])), row["image_id"], index) for index, row in enumerate(columns)]
    ordered = [(index, figure_id) for _, figure_id, index in sorted(sizes)]
    return [ordered[start : start + batch_size] for start in range(0, len(ordered), batch_size)]


def load_predictions(paths: Iterable[Path]) -> dict[str, dict]:
    """The predictions of JSONL files by id; files that are not there and a last line that was cut off count nothing.

    Raises:
        ValueError: a line is no prediction; names the file and the line.
    """
    found = {}
    for path in paths:
        if not path.exists():
            continue
        lines = path.read_text(encoding="utf-8").split("\n")
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                found[row["id"]] = row
            except (ValueError, KeyError, TypeError) as error:
                if number < len(lines):
                    raise ValueError(f"{path}:{number} is no prediction ({error!r}); remove the line") from error
    return found


def read_predictions(path: Path) -> dict[str, dict]:
    """Predictions made elsewhere: JSON `{id: text}`, as the authors' code writes it, or JSONL with `id` and `text`.

    Where the file's texts keep their `</s>`, a text without it was cut off; otherwise `truncated` is not known.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is neither of the two forms.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; name a file of predictions with --predictions")
    text = path.read_text(encoding="utf-8")
    try:
        table = json.loads(text)
    except json.JSONDecodeError:
        table = load_predictions([path])
    if isinstance(table, dict) and {"id", "text"} <= table.keys():
        table = {table["id"]: table}
    if not isinstance(table, dict) or not table:
        raise ValueError(f'{path} holds no predictions; write {{"figure id": "text"}} or lines of {{"id", "text"}}')
    rows = {
        key: dict(row) if isinstance(row, dict) else {"id": key, "text": row, "truncated": None}
        for key, row in table.items()
    }
    if not all(isinstance(row.get("text"), str) for row in rows.values()):
        raise ValueError(f"{path}: a prediction has no text; give each figure a string")
    ended = any("</s>" in row["text"] for row in rows.values())
    for row in rows.values():
        row["truncated"] = "</s>" not in row["text"] if ended else row.get("truncated")
    return rows


def _append(lines, rows: Iterable[dict]) -> None:
    for row in rows:
        lines.write(json.dumps(row, ensure_ascii=False) + "\n")
    lines.flush()


def _shards(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.stem}.*.jsonl"))


def _merge(path: Path, ids: list[str]) -> None:
    """One file in the figures' order in place of the processes' own."""
    shards = _shards(path)
    found = load_predictions([path, *shards])
    partial = path.with_suffix(".partial")
    with open(partial, "w", encoding="utf-8") as lines:
        _append(lines, (found[figure_id] for figure_id in ids))
    partial.replace(path)
    for shard in shards:
        shard.unlink()
