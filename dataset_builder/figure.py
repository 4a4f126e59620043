"""The row of every dataset of this project, and the only owner of its column names."""

from __future__ import annotations

from dataclasses import dataclass, field

import datasets
from PIL import Image

ELEMENT_CLASSES = ("node", "node_label", "figure_label", "text", "arrow")


@dataclass(frozen=True)
class Figure:
    """One patent figure with its texts and, where known, what is drawn in it.

    Boxes are `(x0, y0, x1, y1)`, integers 0..1000 relative to the upright image. Of a figure out of a real patent also
    known: `sheets`, the sheets it is drawn on; `label_source`, how its number was found; the ids of the paragraphs that
    its texts come from; and `terms`, what the whole patent calls each reference character, with every variant counted.
    """

    image_id: str
    image: Image.Image
    patent_id: str
    figure: str | None
    kind: str | None
    brief_description: str | None
    detailed_description: str | None
    words: list[str] = field(default_factory=list)
    boxes: list[list[int]] = field(default_factory=list)
    confidences: list[float] = field(default_factory=list)
    ocr_engine: str | None = None
    numerals: list[dict] = field(default_factory=list)
    elements: list[dict] = field(default_factory=list)
    edges: list[dict] = field(default_factory=list)
    source: str | None = None
    title: str | None = None
    publication_date: str | None = None
    family_id: str | None = None
    family_date: str | None = None
    cpc: list[str] = field(default_factory=list)
    sheets: list[str] = field(default_factory=list)
    label_source: str | None = None
    brief_paragraphs: list[str] = field(default_factory=list)
    detailed_paragraphs: list[str] = field(default_factory=list)
    terms: list[dict] = field(default_factory=list)

    def as_row(self) -> dict:
        """The figure as one example of a `datasets.Dataset` with `FEATURES`."""
        row = {name: value for name, value in vars(self).items() if name != "image"}
        return {"image": self.image, **row}


# Lists are written as Python lists: datasets 3, on which the loading script runs too, has no List.
_BOX = datasets.Sequence(datasets.Value("int32"), length=4)

FEATURES = datasets.Features(
    {
        "image": datasets.Image(),
        "image_id": datasets.Value("string"),
        "patent_id": datasets.Value("string"),
        "figure": datasets.Value("string"),
        "kind": datasets.Value("string"),
        "brief_description": datasets.Value("string"),
        "detailed_description": datasets.Value("string"),
        "words": [datasets.Value("string")],
        "boxes": [_BOX],
        "confidences": [datasets.Value("float32")],
        "ocr_engine": datasets.Value("string"),
        # term: the name the drawing prints or the caller lists for the numeral, null when neither does
        "numerals": [{"text": datasets.Value("string"), "term": datasets.Value("string"), "box": _BOX}],
        "elements": [{"class": datasets.ClassLabel(names=list(ELEMENT_CLASSES)), "box": _BOX}],
        # source and target: numerals where the parts have one, otherwise printed names
        "edges": [
            {
                "source": datasets.Value("string"),
                "target": datasets.Value("string"),
                "label": datasets.Value("string"),
            }
        ],
        "source": datasets.Value("string"),
        "title": datasets.Value("string"),
        "publication_date": datasets.Value("string"),  # YYYY-MM-DD
        "family_id": datasets.Value("string"),
        "family_date": datasets.Value("string"),  # when the family was first filed, as far as known
        "cpc": [datasets.Value("string")],
        "sheets": [datasets.Value("string")],
        "label_source": datasets.Value("string"),  # read, inferred, only_figure, text
        "brief_paragraphs": [datasets.Value("string")],
        "detailed_paragraphs": [datasets.Value("string")],
        "terms": [
            {"text": datasets.Value("string"), "term": datasets.Value("string"), "count": datasets.Value("int32")}
        ],
    }
)
