"""The words of drawing sheets, read once and kept: the reader of inference, resumable after any interruption."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from PIL import Image

from dataset_builder.lines import cut_torn_end
from modeling_patentlmm.ocr_patentlmm import FigureReading, engine_version, read_figure


class Readings:
    """Readings kept as lines of JSON in `path`, by the pixels of the image and the version of the engine.

    A line is written as soon as a sheet is read; a last line that was cut off is dropped and its sheet read again.
    """

    def __init__(self, path: Path, engine: str = "rapidocr"):
        self.engine = engine
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._kept = _load(path)

    def __len__(self) -> int:
        return len(self._kept)

    def read(self, image: Image.Image) -> FigureReading:
        """The reading of `image`, kept or made now.

        Raises:
            EngineError: the engine is not installed.
        """
        key = self._key(image)
        if key not in self._kept:
            self._kept[key] = read_figure(image, engine=self.engine).as_dict()
            with open(self._path, "a", encoding="utf-8") as lines:
                lines.write(json.dumps({"key": key, "reading": self._kept[key]}, ensure_ascii=False) + "\n")
        return FigureReading.from_dict(self._kept[key])

    def _key(self, image: Image.Image) -> str:
        described = f"{engine_version(self.engine)} {image.mode} {image.size} ".encode()
        return hashlib.sha256(described + image.tobytes()).hexdigest()


def _load(path: Path) -> dict[str, dict]:
    """The kept readings; the file is cut after its last whole line."""
    cut_torn_end(path)
    if not path.exists():
        return {}
    with open(path, encoding="utf-8") as lines:
        return {row["key"]: row["reading"] for row in map(json.loads, lines)}
