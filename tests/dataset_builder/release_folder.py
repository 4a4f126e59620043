"""A small PatentDesc-355K release for tests: 4 patents with 3 images each, as the authors lay it out."""

import json
from pathlib import Path

from PIL import Image, ImageDraw

IDS = [f"US1000000{patent}B2__{image}" for patent in range(4) for image in range(3)]
LISTS = {"train": IDS[:6], "val": IDS[6:9], "test": IDS[9:]}


def entry(image_id: str) -> dict:
    patent, image = image_id.split("B2__")
    return {
        "image_url": f"https://patentimages.storage.googleapis.com/a4/{patent}-20180619-D0000{image}.png",
        "brief_description": f"FIG. {int(image) + 1} is a block diagram of a device of {patent};",
        "detailed_description": f"FIG. {int(image) + 1} shows a device ≥ 12.The device 12 has a screen 180.",
    }


def write_release(folder: Path) -> Path:
    """Write it into `folder`."""
    (folder / "splits").mkdir(parents=True)
    (folder / "images").mkdir()
    for number, image_id in enumerate(IDS):
        image = Image.new("L", (100 + number, 80), "white")
        ImageDraw.Draw(image).rectangle((20, 20, 70, 50), outline="black")
        image.save(folder / "images" / f"{image_id}.png")
    for name, image_ids in LISTS.items():
        (folder / "splits" / f"{name}.txt").write_text("\n".join(image_ids) + "\n")
    (folder / "splits" / "all.txt").write_text("\n".join(IDS) + "\n")
    write_index(folder, {image_id: entry(image_id) for image_id in IDS})
    return folder


def write_index(folder: Path, index: dict) -> None:
    (folder / "PatentDesc-355k.json").write_text(json.dumps(index), encoding="utf-8")
