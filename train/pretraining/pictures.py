"""The patches an encoder takes for elements, in five colours over figures, for people to look at.

python -m train.pretraining.pictures --model out/tiny/mme --figures examples --out out/pictures
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from tqdm import tqdm

from dataset_builder.figure import ELEMENT_CLASSES
from modeling_patentlmm import PatentLMMProcessor, PatentMMEForPreTraining, open_figure, read_figure
from modeling_patentlmm.describe_patentlmm import upright
from modeling_patentlmm.image_processing_patentlmm import as_figure

from .figure_processor import load_figure_processor

COLOURS = ((31, 119, 180), (44, 160, 44), (214, 39, 40), (148, 103, 189), (255, 127, 14))
SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".gif", ".bmp")
SIDE = 1000  # pixels of a picture's longer side


def image_files(folder: str | Path) -> list[Path]:
    """The image files of a folder in order.

    Raises:
        FileNotFoundError: there is none.
    """
    files = sorted(path for path in Path(folder).glob("*") if path.suffix.lower() in SUFFIXES)
    if not files:
        raise FileNotFoundError(f"{folder} holds no image; name a folder of figures ({', '.join(SUFFIXES)})")
    return files


def draw_pictures(model: PatentMMEForPreTraining, processor: PatentLMMProcessor, files: list[Path], out: Path) -> None:
    """Read each figure, and write it with its predicted patches under its own name into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    for path in tqdm(files, unit="picture", disable=None):
        figure = as_figure(open_figure(path)[0])
        reading = read_figure(figure, engine=processor.ocr_engine)
        words, boxes, _ = reading.columns
        figure = upright(figure, reading.rotation)
        chances = predict_patches(model, processor, figure, words, boxes)
        draw_patches(figure, chances, processor).save(out / f"{path.stem}.png")


@torch.no_grad()
def predict_patches(model, processor: PatentLMMProcessor, figure: Image.Image, words, boxes) -> np.ndarray:
    """Probability of each class in each patch of an upright figure: (rows, columns, classes)."""
    inputs = processor(images=[figure], words=[words], boxes=[boxes]).to(model.device)
    named = {name.removeprefix("ocr_"): tensor for name, tensor in inputs.items()}
    model.eval()
    chances = model(**named).patch_cls_logits[0].float().sigmoid()
    return chances.view(*processor.image_processor.grid, -1).cpu().numpy()


def draw_patches(figure: Image.Image, chances: np.ndarray, processor: PatentLMMProcessor) -> Image.Image:
    """The figure, each patch of probability 0.5 or more washed in the colour of its class, over a legend.

    A patch of several classes is split into as many upright stripes.
    """
    letterbox = processor.image_processor.letterbox(figure.size)
    scale = SIDE / max(figure.size)
    page = figure.convert("RGB").resize([round(side * scale) for side in figure.size])
    wash = Image.new("RGBA", page.size)
    draw = ImageDraw.Draw(wash)
    width, height = (processor.image_processor.patch_size * page.size[i] / letterbox.placed[i] for i in (0, 1))
    for row, column in zip(*(chances >= 0.5).any(axis=-1).nonzero()):
        found = (chances[row, column] >= 0.5).nonzero()[0]
        stripe = width / len(found)
        for number, index in enumerate(found):
            left = column * width + number * stripe
            draw.rectangle((left, row * height, left + stripe - 1, (row + 1) * height - 1), (*COLOURS[index], 110))
    page.paste(wash, mask=wash)
    return _with_legend(page)


def _with_legend(page: Image.Image) -> Image.Image:
    sheet = Image.new("RGB", (max(page.width, 560), page.height + 28), "white")
    sheet.paste(page)
    draw, x = ImageDraw.Draw(sheet), 6
    font = ImageFont.load_default(size=15)
    for name, colour in zip(ELEMENT_CLASSES, COLOURS):
        draw.rectangle((x, page.height + 8, x + 12, page.height + 20), colour)
        draw.text((x + 17, page.height + 5), name, "black", font=font)
        x += 30 + round(draw.textlength(name, font=font))
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="output folder of train.pretrain_patentmme")
    parser.add_argument("--figures", required=True, help="folder of images")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    files = image_files(args.figures)
    processor = load_figure_processor(args.model)
    draw_pictures(PatentMMEForPreTraining.from_pretrained(args.model), processor, files, args.out)


if __name__ == "__main__":
    main()
