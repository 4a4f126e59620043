"""Figures drawn for the Space, and a served page with the bundled checkpoint, as `make space` serves it."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

REPOSITORY = Path(__file__).resolve().parents[2]
SECONDS_TO_START = 180


def block_diagram(label: str, parts: dict[str, str]) -> Image.Image:
    """Blocks in a row below one another, each with a name and a reference character, and the figure's label."""
    image = Image.new("L", (760, 200 + 150 * len(parts)), "white")
    pen = ImageDraw.Draw(image)
    for row, (character, name) in enumerate(parts.items()):
        top = 50 + 150 * row
        pen.rectangle((220, top, 540, top + 90), outline=0, width=4)
        pen.text((380, top + 28), name.upper(), 0, font_size=28, anchor="mm")
        pen.text((380, top + 64), character, 0, font_size=28, anchor="mm")
        if row:
            pen.line((380, top - 60, 380, top), fill=0, width=4)
    pen.text((380, image.height - 50), f"FIG. {label}", 0, font_size=40, anchor="mm")
    return image


@dataclass(frozen=True)
class Server:
    """A served page; `folder` is where its process keeps temporary files."""

    url: str
    folder: Path

    def files(self) -> list[Path]:
        """What visitors have left on the disk."""
        return [path for path in self.folder.glob("patentlmm-*/**/*") if path.is_file()]


@pytest.fixture(scope="session")
def figures(tmp_path_factory) -> Path:
    """A folder with a figure, a file of two figures as TIFF and PDF, and a file that is none."""
    folder = tmp_path_factory.mktemp("figures")
    first = block_diagram("1", {"10": "sensor", "12": "filter unit", "14": "display"})
    second = block_diagram("2", {"20": "valve", "22": "pump"})
    first.copy().save(folder / "figure.png")  # copies: Pillow keeps the last encoder's settings on the image
    second.copy().save(folder / "other.png")
    first.copy().save(folder / "set.tif", save_all=True, append_images=[second], compression="tiff_deflate")
    first.copy().save(folder / "set.pdf", save_all=True, append_images=[second])
    (folder / "letter.png").write_text("Dear Sir or Madam, please find the drawing enclosed.")
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The page in a process of its own, one for each file of tests: what programs are handed out stays ten minutes."""
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "TMPDIR": str(folder), "GRADIO_SERVER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    for name in ("PATENTLMM_CHECKPOINT", "GRADIO_TEMP_DIR"):
        environment.pop(name, None)
    log = folder / "log.txt"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "space.app"], cwd=REPOSITORY, env=environment, stdout=output, stderr=output
        )
    try:
        yield Server(_wait(f"http://127.0.0.1:{port}", process, log), folder)
    finally:
        process.terminate()
        process.wait(30)


def _wait(url: str, process: subprocess.Popen, log: Path) -> str:
    for _ in range(SECONDS_TO_START):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/config", timeout=5):
                return url
        except OSError:
            time.sleep(1)
    raise RuntimeError(f"the page was not served: {log.read_text()[-2000:]}")
