"""From a finished sketch to an upright figure: its label, its margins, its pixels, its truth."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import cv2
import numpy as np
from PIL import Image

from dataset_builder.figure import Figure
from dataset_builder.synthetic.canvas import Bounds, Mark
from dataset_builder.synthetic.numbering import printed_label
from dataset_builder.synthetic.phrasing import describe
from dataset_builder.synthetic.reader_noise import NoisyWords, reader_noise
from dataset_builder.synthetic.scene import Link, Part, Scene
from dataset_builder.synthetic.sketch import Sketch
from modeling_patentlmm.numerals_patentlmm import add_parts_list
from modeling_patentlmm.ocr_patentlmm import reading_order

FIGURE = Mark("figure")


@dataclass(frozen=True)
class Drawn:
    """A sketch in pixels: `window` is the part of the canvas that the image shows."""

    sketch: Sketch
    image: Image.Image
    window: Bounds


def add_label(sketch: Sketch) -> None:
    """Writes the figure label below, above or beside the drawing."""
    if sketch.label is None:
        return
    rng, canvas, style = sketch.rng, sketch.canvas, sketch.style
    text = printed_label(sketch.label, rng)
    size = style.size * rng.uniform(1.15, 1.9)
    lettering = style.lettering if rng.random() < 0.7 else style.numerals
    width = lettering.width(text, size)
    x0, y0, x1, y1 = canvas.bounds()
    place = rng.choices(("below", "left", "right", "above", "beside"), weights=(62, 8, 8, 12, 10))[0]
    gap = rng.uniform(18, 48)
    x, y = {
        "below": ((x0 + x1) / 2, y1 + gap + size * 0.72),
        "left": (x0 + width / 2, y1 + gap + size * 0.72),
        "right": (x1 - width / 2, y1 + gap + size * 0.72),
        "above": ((x0 + x1) / 2, y0 - gap),
        "beside": (x1 + gap + width / 2, y0 + (y1 - y0) * rng.uniform(0.15, 0.85)),
    }[place]
    canvas.text(x, y, text, FIGURE, size, "center", lettering, rng.random() < 0.14, element="figure_label")


def cut_out(sketch: Sketch) -> Bounds:
    """The part of the canvas that holds the whole drawing, with small margins."""
    x0, y0, x1, y1 = sketch.canvas.bounds()
    left, top, right, bottom = (sketch.rng.choice((6.0, 15.0, 30.0, 50.0)) for _ in range(4))
    return x0 - left, y0 - top, x1 + right, y1 + bottom


def draw(sketch: Sketch, window: Bounds, scale: float, max_side: int | None = None) -> tuple[Drawn, bool]:
    """Renders a window of the sketch; also whether no word touches another word or a line.

    `scale` is in pixels per hundredth of an inch; with `max_side` the image is made to that longer side instead.
    """
    if max_side:
        scale = 2 * max_side / max(window[2] - window[0], window[3] - window[1])
    image, clear = sketch.canvas.render(window, scale)
    if max_side:
        size = (max(1, image.width // 2), max(1, image.height // 2))
        image = Image.fromarray(cv2.resize(np.asarray(image), size, interpolation=cv2.INTER_AREA))
    return Drawn(sketch, image, window), clear and sketch.canvas.words_clear()


# ---- truth -----------------------------------------------------------------------------------------------------


def make_figure(drawn: Drawn, image_id: str, noisy: bool, rng: random.Random) -> Figure:
    """The figure with its words, truth and descriptions; `noisy` words come as a reader would give them."""
    sketch, canvas = drawn.sketch, drawn.sketch.canvas
    boxes = [box_in(word.box, drawn.window) for word in canvas.words]
    texts = [word.text for word in canvas.words]
    scene = sketch.scene()
    if noisy:
        read = reader_noise(texts, boxes, rng)
        seen = as_read(scene, sketch, read)
    else:
        read = NoisyWords(texts, boxes, [1.0] * len(texts), [(i,) for i in range(len(texts))])
        seen = scene
    order = _order(read.boxes, drawn)
    words, word_boxes, confidences = (
        [column[i] for i in order] for column in (read.words, read.boxes, read.confidences)
    )
    parts_list = {part.numeral: part.term for part in scene.parts if part.listed and part.numeral}
    if parts_list:
        words, word_boxes, confidences = add_parts_list(words, word_boxes, confidences, parts_list)
    brief, detailed = describe(seen, rng)
    return Figure(
        image_id=image_id,
        image=drawn.image,
        patent_id=image_id,
        figure=scene.label,
        kind=scene.family,
        brief_description=brief,
        detailed_description=detailed,
        words=list(words),
        boxes=[list(box) for box in word_boxes],
        confidences=list(confidences),
        ocr_engine="drawn",
        numerals=_numerals(scene, sketch, drawn),
        elements=[{"class": name, "box": box_in(box, drawn.window)} for name, box in canvas.elements],
        edges=[_edge(scene.parts, link) for link in scene.links],
        source="synthetic",
    )


def box_in(box: Bounds, window: Bounds) -> list[int]:
    """A canvas box in 0..1000 of the window, never empty."""
    width, height = window[2] - window[0], window[3] - window[1]
    x0, x1 = ((x - window[0]) / width * 1000 for x in (box[0], box[2]))
    y0, y1 = ((y - window[1]) / height * 1000 for y in (box[1], box[3]))
    left, top = min(max(int(x0), 0), 999), min(max(int(y0), 0), 999)
    return [left, top, min(max(round(x1 + 0.5), left + 1), 1000), min(max(round(y1 + 0.5), top + 1), 1000)]


def _order(boxes: list[list[int]], drawn: Drawn) -> list[int]:
    x0, y0, x1, y1 = drawn.window
    return reading_order(boxes, (x1 - x0) / (y1 - y0))


def _numerals(scene: Scene, sketch: Sketch, drawn: Drawn) -> list[dict]:
    """The numeral-to-term table: one row per drawn numeral."""
    rows = []
    for word in sketch.canvas.words:
        if word.mark.field == "numeral":
            part = scene.parts[word.mark.index]
            rows.append(
                {"text": part.numeral, "term": part.term if part.known else None, "box": box_in(word.box, drawn.window)}
            )
    return rows


def _edge(parts: tuple[Part, ...], link: Link) -> dict:
    def name(index: int) -> str:
        return parts[index].numeral or parts[index].printed or parts[index].term

    return {"source": name(link.source), "target": name(link.target), "label": link.label}


# ---- what the words as read still tell -------------------------------------------------------------------------


def as_read(scene: Scene, sketch: Sketch, read: NoisyWords) -> Scene:
    """The scene as far as the words that were read tell it: unread numerals, names and labels are taken out."""
    got: dict[int, str] = {}
    for text, origin in zip(read.words, read.origins):
        for i in origin:
            got[i] = got.get(i, "") + text
    numerals, names, links, label = _unread(sketch, got)
    parts = []
    for index, part in enumerate(scene.parts):
        changes = {}
        if index in numerals and not part.listed:
            changes["numeral"] = None
        if index in names:
            changes["printed"] = None
        parts.append(replace(part, **changes))
    kept = tuple(replace(link, label=None) if i in links else link for i, link in enumerate(scene.links))
    known = scene.subject_known and not _subject_lost(scene, names)
    return replace(scene, parts=tuple(parts), links=kept, label=None if label else scene.label, subject_known=known)


def _unread(sketch: Sketch, got: dict[int, str]) -> tuple[set[int], set[int], set[int], bool]:
    """Indices of parts without a read numeral or name, of links without a read label, and if the figure's is unread."""
    lost: dict[str, set] = {"numeral": set(), "name": set(), "link": set(), "figure": set(), "other": set()}
    letters: dict[int, list[int]] = {}
    for i, word in enumerate(sketch.canvas.words):
        field, index, text = word.mark.field, word.mark.index, got.get(i, "")
        if field == "name":
            right, total = letters.setdefault(index, [0, 0])
            letters[index] = [right + _agreeing(word.text, text), total + len(word.text)]
        elif field == "numeral" and text != word.text:
            lost[field].add(index)
        elif field == "link" and not text:
            lost[field].add(index)
        elif field == "figure" and any(c.isdigit() for c in word.text) and text != word.text:
            lost[field].add(0)
    lost["name"] = {index for index, (right, total) in letters.items() if right < 0.8 * total}
    return lost["numeral"], lost["name"], lost["link"], bool(lost["figure"])


def _agreeing(true: str, read: str) -> int:
    if true in read:
        return len(true)
    return sum(a == b for a, b in zip(true, read)) if len(true) == len(read) else 0


def _subject_lost(scene: Scene, names: set[int]) -> bool:
    return any(scene.parts[index].term in scene.subject for index in names)
