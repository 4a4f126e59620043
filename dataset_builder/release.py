"""The layout of the official PatentDesc-355K release: its files, its splits, what its image ids say.

```
DATASET/PatentDesc-355k.json          {"US11036663B2__2": {"image_url", "brief_description", ...}, ...}
DATASET/splits/{train,val,test}.txt   one image id a line
DATASET/images/<image id>.png
DATASET/ocr.json                      {"US11036663B2__2.png": {"input_ids", "attention_mask", "bbox"}, ...}; optional
```
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

SPLITS = {"train": "train", "validation": "val", "test": "test"}  # the split, and the name of its list
SUFFIX = ".png"

_IMAGE_ID = re.compile(r"(?P<patent>[A-Za-z0-9-]{2,40})__\d{1,6}")
_SHEET_NAME = re.compile(r"[A-Z]{2}[A-Z0-9]+-(\d{4})(\d\d)(\d\d)-D\d{5}")


class ReleaseError(ValueError):
    """A release that lacks what it must have; the message is one line that names the file and the remedy."""


@dataclass(frozen=True)
class Release:
    """Where the files of a release lie."""

    folder: Path

    @property
    def index(self) -> Path:
        return self.folder / "PatentDesc-355k.json"

    @property
    def images(self) -> Path:
        return self.folder / "images"

    @property
    def ocr(self) -> Path:
        return self.folder / "ocr.json"

    def split_list(self, split: str) -> Path:
        """The list of a split (a key of `SPLITS`)."""
        return self.folder / "splits" / f"{SPLITS[split]}.txt"

    def image(self, image_id: str) -> Path:
        """The file of an image; `image_id` must be one (`is_image_id`)."""
        return self.images / f"{image_id}{SUFFIX}"

    def read_split(self, split: str) -> list[str]:
        """The image ids of a split, blank lines and a written-out ".png" dropped.

        Raises:
            ReleaseError: there is no such list, or it is no text.
        """
        path = self.split_list(split)
        try:
            lines = path.read_text(encoding="utf-8").split("\n")
        except OSError as error:
            raise ReleaseError(
                f"{path}: cannot be read ({error.strerror}); the release has splits/{{train,val,test}}.txt"
            ) from None
        except UnicodeDecodeError:
            raise ReleaseError(f"{path}: is no text; it should hold one image id a line") from None
        return [line.strip().removesuffix(SUFFIX) for line in lines if line.strip()]


def is_image_id(text: str) -> bool:
    """Whether `text` is an image id ("US11036663B2__2"), safe as a file name too."""
    return _IMAGE_ID.fullmatch(text) is not None


def patent_of(image_id: str) -> str:
    """The publication number of an image id. What follows it counts the patent's images; it is not the FIG. number."""
    return image_id.rpartition("__")[0]


def sheet_of(image_url: str) -> str | None:
    """The file name of the sheet that an image comes from ("US11036663-20210615-D00002.png"), by its address."""
    return image_url.split("?")[0].rpartition("/")[2] or None


def published_on(sheet: str) -> str | None:
    """The day of publication (YYYY-MM-DD) in a sheet's name as the USPTO and Google Patents write it."""
    found = _SHEET_NAME.match(sheet)
    return "-".join(found.groups()) if found else None
