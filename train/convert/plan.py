"""Which key of a file goes where in a model, checked before anything is written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import NamedTuple

from .checkpoint import ConvertError, list_names
from .keymaps import LORA_A, LORA_B, WHOLE, Row

Shapes = Mapping[str, tuple[int, ...]]


class Plan(NamedTuple):
    """`sources`: place in the model -> part -> key of the file; `left_out`: what it is -> keys of the file."""

    sources: dict[str, dict[str, str]]
    left_out: dict[str, list[str]]

    def keys(self, *parts: str) -> list[str]:
        """The file's keys that have a place, those of the named parts only if any are named."""
        return [key for place in self.sources.values() for part, key in place.items() if not parts or part in parts]

    def left_out_as_text(self) -> str:
        """`32 rotary buffers, ...`, or `nothing`."""
        return ", ".join(f"{len(keys)} {what}" for what, keys in self.left_out.items()) or "nothing"


def make_plan(table: Sequence[Row], shapes: Shapes, places: Shapes, file: Path) -> Plan:
    """Give every key of the file, `shapes`, its place in the model, `places`.

    Raises:
        ConvertError: keys without a place, places without a key, or shapes that differ; lists them.
    """
    plan, strays = _sort_keys(table, shapes)
    strays += [key for place, parts in plan.sources.items() if place not in places for key in parts.values()]
    _refuse(file, strays, "keys have no place in the model")
    _refuse(file, [p for p in places if WHOLE not in plan.sources.get(p, {})], "weights of the model are not in it")
    _refuse(file, [p for p, parts in plan.sources.items() if len(parts) == 2], "weights have one half of a LoRA only")
    _refuse(file, list(_wrong_shapes(plan, shapes, places)), "shapes differ from the configuration's")
    return plan


def count(keys: Iterable[str], shapes: Shapes) -> int:
    """Number of parameters under these keys."""
    return sum(prod(shapes[key]) for key in keys)


def _sort_keys(table: Sequence[Row], keys: Iterable[str]) -> tuple[Plan, list[str]]:
    """The plan by the table alone, and the keys that no row or two keys claim."""
    plan, strays = Plan({}, {}), []
    for key in keys:
        row, match = _find_row(table, key)
        if row is None:
            strays.append(key)
        elif row.target is None:
            plan.left_out.setdefault(row.part, []).append(key)
        elif plan.sources.setdefault(match.expand(row.target), {}).setdefault(row.part, key) != key:
            strays.append(key)
    return plan, strays


def _find_row(table: Sequence[Row], key: str) -> tuple[Row | None, re.Match | None]:
    for row in table:
        if match := re.fullmatch(row.source, key):
            return row, match
    return None, None


def _wrong_shapes(plan: Plan, shapes: Shapes, places: Shapes) -> Iterable[str]:
    for place, parts in plan.sources.items():
        found = {part: shapes[key] for part, key in parts.items()}
        if found[WHOLE] != places[place]:
            yield f"{parts[WHOLE]} {_size(found[WHOLE])} for {_size(places[place])}"
        elif LORA_A in found and not _fits(found[LORA_A], found[LORA_B], places[place]):
            yield f"{parts[LORA_A]} {_size(found[LORA_A])} and B {_size(found[LORA_B])} for {_size(places[place])}"


def _fits(a: tuple[int, ...], b: tuple[int, ...], whole: tuple[int, ...]) -> bool:
    """Whether (r, in) and (out, r) make (out, in)."""
    return len(a) == len(b) == 2 and b[1] == a[0] and (b[0], a[1]) == whole


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "scalar"


def _refuse(file: Path, names: list[str], problem: str) -> None:
    if names:
        raise ConvertError(
            f"{file}: {len(names)} {problem} ({list_names(names)}); pass the --config of this checkpoint, or the file "
            "this command is for"
        )
