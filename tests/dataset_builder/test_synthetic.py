"""Drawn figures: the same seed gives the same figure, and the truth agrees with the pixels and with the texts."""

import random

import datasets
import numpy as np
import pytest

from dataset_builder.synthetic import FAMILIES, SPLITS, generate, redescribe
from dataset_builder.synthetic.phrasing import kind_of
from dataset_builder.synthetic.reader_noise import reader_noise
from dataset_builder.synthetic.shards import Plan, write_shards
from dataset_builder.synthetic.sheets import render_sheet
from modeling_patentlmm.numerals_patentlmm import find_references, plain_character
from train.metrics import figure_number_exact, names_in


def ink(figure, box, margin=0):
    pixels = np.asarray(figure.image.convert("L"))
    height, width = pixels.shape
    x0, y0, x1, y1 = (value / 1000 for value in box)
    top, left = max(0, int(y0 * height) - margin), max(0, int(x0 * width) - margin)
    return pixels[top : int(y1 * height) + 1 + margin, left : int(x1 * width) + 1 + margin].min() < 128


@pytest.mark.parametrize("family", FAMILIES)
def test_same_seed_same_figure(family):
    a, b = (generate(7, "train", family, noisy=True) for _ in range(2))
    assert a.image.tobytes() == b.image.tobytes()
    assert a.as_row() | {"image": None} == b.as_row() | {"image": None}
    assert generate(8, "train", family).words != a.words


def test_a_transformer_is_not_drawn_in_a_wire():
    """Of a thousand circuits one asked for the symbol of an element that has none."""
    assert generate(430803, "train", "circuit").kind == "circuit"


@pytest.mark.parametrize("family", FAMILIES)
def test_a_figure_is_described_again_in_other_words(family):
    figure = generate(3, "test", family)
    texts = {redescribe(3, "test", random.Random(author), family) for author in range(4)}
    assert len(texts) > 1
    names = {numeral["term"] for numeral in figure.numerals if numeral["term"]}
    for brief, detailed in texts:
        assert kind_of(brief) == kind_of(figure.brief_description)
        assert figure_number_exact(brief, figure.figure)
        assert family == "flowchart" or names == names_in(detailed, names)


@pytest.mark.parametrize("family", FAMILIES)
def test_truth_agrees_with_the_drawing(family):
    for seed in range(4):
        figure = generate(seed, "validation", family)
        assert figure.kind == family
        assert len(figure.words) == len(figure.boxes) == len(figure.confidences)
        for word, box in zip(figure.words, figure.boxes):
            assert ink(figure, box, 1), word
        for numeral in figure.numerals:
            assert any(numeral["text"] in word for word in figure.words)
        names = {numeral["text"] for numeral in figure.numerals}
        for edge in figure.edges:
            for end in (edge["source"], edge["target"]):
                assert end in names or set(end.split()) <= set(figure.words), edge
        for element in figure.elements:
            x0, y0, x1, y1 = element["box"]
            assert 0 <= x0 < x1 <= 1000 and 0 <= y0 < y1 <= 1000


@pytest.mark.parametrize("family", FAMILIES)
def test_texts_claim_only_what_was_read(family):
    for seed in range(6):
        figure = generate(seed, "train", family, noisy=True)
        read = " ".join(plain_character(word) for word in figure.words)
        for reference in find_references(figure.brief_description + " " + figure.detailed_description):
            assert reference.text in read, (seed, reference)


def test_texts_name_no_part_that_is_not_drawn():
    for seed in range(80):
        figure = generate(seed, "train", "block_diagram")
        drawn = {numeral["text"] for numeral in figure.numerals}
        references = find_references(figure.detailed_description)
        told = {reference.text for reference in references if reference.kind == "character"}
        assert told <= drawn, (seed, told - drawn)


def test_figure_label_is_printed_and_told():
    figure = next(f for f in (generate(seed, "train", "flowchart") for seed in range(20)) if f.figure)
    assert any(figure.figure in word for word in figure.words)
    assert figure.figure in figure.brief_description


def test_splits_share_no_names():
    drawn = {split: [generate(seed, split, "block_diagram") for seed in range(12)] for split in SPLITS}
    terms = {
        split: {numeral["term"] for figure in figures for numeral in figure.numerals if " " in (numeral["term"] or "")}
        for split, figures in drawn.items()
    }
    for split in SPLITS:
        for other in SPLITS:
            assert split == other or not terms[split] & terms[other]


def test_wrong_split_and_family_are_refused():
    with pytest.raises(ValueError, match="There is no split 'dev'"):
        generate(0, "dev")
    with pytest.raises(ValueError, match="There is no family 'photo'"):
        generate(0, "train", "photo")


def test_reader_noise_keeps_track_of_its_words():
    import random

    words, boxes = ["MEMORY", "104"] * 40, [[10, 10, 60, 30], [70, 10, 90, 30]] * 40
    noisy = reader_noise(words, boxes, random.Random(3))
    assert noisy.words != words
    assert len(noisy.words) == len(noisy.boxes) == len(noisy.confidences) == len(noisy.origins)
    assert all(0 <= i < len(words) for origin in noisy.origins for i in origin)


@pytest.mark.parametrize("seed", range(4))
def test_sheet_turned_upright_shows_its_words(seed):
    sheet = render_sheet(seed, "test", dpi=100)
    upright = sheet.image.rotate(sheet.rotation, expand=True)
    assert upright.size == sheet.figure.image.size
    hits = [ink(sheet.figure, box, 2) for box in sheet.figure.boxes if any(box)]
    assert sum(hits) >= 0.95 * len(hits)


def test_shards_load_with_datasets_and_are_resumed(tmp_path):
    plan = Plan(tmp_path / "out", count=5, split="train", max_side=224, noisy_share=0.5, shard_size=3)
    assert sum(write_shards(plan)) == 5
    files = sorted(plan.out.glob("*.parquet"))
    written = [file.stat().st_mtime_ns for file in files]
    assert sum(write_shards(plan)) == 5
    assert [file.stat().st_mtime_ns for file in files] == written
    loaded = datasets.load_dataset(
        "parquet", data_files=[str(file) for file in files], cache_dir=str(tmp_path / "cache"), split="train"
    )
    assert len(loaded) == 5
    assert max(loaded[0]["image"].size) == 224
    assert loaded[0]["elements"][0]["class"] in range(5)
