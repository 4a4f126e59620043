"""Tables and lists in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str | int]]) -> Iterator[str]:
    """The lines of a table; whole numbers get thousands separators, and a cell stays one line and one cell."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"


def bullets(items: Iterable[str]) -> Iterator[str]:
    """The lines of a list."""
    return (f"* {' '.join(item.split())}" for item in items)


def _cell(value: str | int) -> str:
    return f"{value:,}" if isinstance(value, int) else " ".join(value.split()).replace("|", "\\|")
