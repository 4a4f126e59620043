"""The drawing sheets that a document names."""

from __future__ import annotations

import re

from dataset_builder.patent import Sheet

_PLACE = re.compile(r"-D(\d{5})\.", re.ASCII)
_MILLIMETRES = re.compile(r"(\d{1,4}(?:\.\d{1,4})?)\s*mm", re.ASCII)


def make_sheet(file: str, width: str = "", height: str = "", orientation: str | None = None) -> Sheet:
    """A sheet without its image; `file` is US08930553-20150106-D00001.TIF, D00000 the copy that the front page shows.

    Only the last part of `file` counts, whatever path it may claim; width and height are written "170.60mm".
    """
    name = re.split(r"[\\/]", file)[-1]
    place = _PLACE.search(name)
    number = int(place[1]) if place else None
    sides = _MILLIMETRES.fullmatch(width.strip()), _MILLIMETRES.fullmatch(height.strip())
    return Sheet(
        name=name,
        number=number or None,
        is_front_page=number == 0,
        orientation=orientation if orientation in ("portrait", "landscape") else None,
        size_mm=(float(sides[0][1]), float(sides[1][1])) if all(sides) else None,
    )
