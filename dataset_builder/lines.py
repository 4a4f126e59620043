"""Files of lines that are only ever added to: what a killed process leaves of the last one is cut off."""

from __future__ import annotations

import os
from pathlib import Path


def cut_torn_end(path: Path) -> None:
    """Drop a last line that has no end, which a process left that was killed while writing; no file is none."""
    if not path.exists():
        return
    with open(path, "rb+") as file:
        end = file.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - 2**16)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        file.truncate(end)
