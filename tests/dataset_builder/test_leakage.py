"""What splits share is found: the same patents and families, copies of drawings, copies of texts, and nothing else."""

import json
from io import BytesIO
from pathlib import Path
from random import Random

import datasets
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from dataset_builder.figure import FEATURES, Figure
from dataset_builder.leakage import audit_splits
from dataset_builder.leakage.__main__ import main
from dataset_builder.likeness.hamming import find_near
from dataset_builder.likeness.images import MAX_DISTANCE, distance, fingerprint
from dataset_builder.likeness.texts import similarity, text_fingerprint
from dataset_builder.rejects import Rejects

WORDS = "pump valve rotor shaft housing spring lever seal bearing piston duct flange sensor coil gear belt".split()


def drawing(seed: int, size: tuple[int, int] = (700, 900)) -> Image.Image:
    """A diagram of boxes and lines with numerals."""
    rng = Random(seed)
    image = Image.new("L", size, 255)
    draw = ImageDraw.Draw(image)
    for number in range(rng.randint(6, 10)):
        x, y = rng.randint(40, size[0] - 240), rng.randint(40, size[1] - 180)
        right, bottom = x + rng.randint(60, 180), y + rng.randint(30, 130)
        draw.rectangle((x, y, right, bottom), outline=0, width=4)
        draw.line((right, bottom, rng.randint(0, size[0]), rng.randint(0, size[1])), fill=0, width=4)
        draw.text((x + 8, y + 8), str(100 + 2 * number), fill=0, font_size=22)
    return image


def scanned_again(image: Image.Image) -> Image.Image:
    """The same drawing from another source: other size, other margins, another mode."""
    page = Image.new("L", (image.width + 140, image.height + 90), 255)
    page.paste(image, (90, 20))
    return page.resize((page.width * 2, page.height * 2), Image.Resampling.LANCZOS).convert("1")


def prose(seed: int, count: int = 60) -> str:
    rng = Random(seed)
    return " ".join(
        f"the {rng.choice(WORDS)} {rng.randint(10, 99)} drives the {rng.choice(WORDS)}" for _ in range(count)
    )


def row(patent: str, index: int, image: Image.Image | None, text: str | None = None, family: str | None = None) -> dict:
    figure = Figure(f"{patent}__{index}", image, patent, str(index), None, None, text, family_id=family)
    return figure.as_row()


def as_dataset(rows: list[dict]) -> datasets.Dataset:
    return datasets.Dataset.from_list(rows, features=FEATURES)


@pytest.fixture(scope="module")
def splits() -> datasets.DatasetDict:
    """Train and test share patent US3, family F2, two drawings and a text; validation shares nothing."""
    train = [row(f"US{n}", 1, drawing(n), prose(n), f"F{n}") for n in range(1, 5)]
    validation = [row("US20", 1, drawing(20), prose(20), "F20"), row("US21", 1, None, None)]
    test = [
        row("US10", 1, scanned_again(drawing(1)), prose(10), "F10"),
        row("US11", 1, drawing(11), prose(2).replace("11", "45"), "F2"),
        row("US3", 2, drawing(3), prose(13), "F3"),
        row("US12", 1, Image.new("L", (500, 500), 255), prose(12), None),
    ]
    return datasets.DatasetDict(test=as_dataset(test), validation=as_dataset(validation), train=as_dataset(train))


def shared(report) -> dict[str, int]:
    return {leak.kind: leak.shared for leak in report.leaks if leak.splits == ("train", "test")}


def test_what_is_shared_is_found_and_nothing_else(splits):
    rejects = Rejects()
    report = audit_splits(splits, rejects)
    assert shared(report) == {"figure": 0, "patent": 1, "family": 2, "image": 2, "brief": 0, "detailed": 1}
    assert all(leak.shared == 0 for leak in report.leaks if leak.splits != ("train", "test"))
    assert {(reject.item, reject.reason) for reject in rejects.items} == {
        ("US12__1", "blank_image"),
        ("US21__1", "unreadable_image"),
    }
    alike = {(pair.a.image_id, pair.b.image_id) for pair in report.pairs if pair.kind == "image"}
    assert alike == {("US1__1", "US10__1"), ("US3__1", "US3__2")}


def write_parquet(splits: datasets.DatasetDict, folder: Path) -> Path:
    (folder / "data").mkdir(parents=True)
    for name, dataset in splits.items():
        dataset.to_parquet(str(folder / "data" / f"{name}-both-00000-of-00001.parquet"))
    return folder


def write_release(folder: Path, lists: dict[str, dict[str, Image.Image]]) -> Path:
    (folder / "splits").mkdir(parents=True)
    (folder / "images").mkdir()
    index = {}
    for split, images in lists.items():
        (folder / "splits" / f"{split}.txt").write_text("\n".join(images) + "\n")
        for number, (image_id, image) in enumerate(images.items()):
            index[image_id] = {"image_url": "", "brief_description": "FIG. 1.", "detailed_description": prose(number)}
            image.save(folder / "images" / f"{image_id}.png")
    (folder / "PatentDesc-355k.json").write_text(json.dumps(index))
    return folder


def test_every_form_of_a_dataset_tells_the_same(splits, tmp_path):
    splits.save_to_disk(str(tmp_path / "saved"))
    of_memory = audit_splits(splits)
    for folder in (write_parquet(splits, tmp_path / "parquet"), tmp_path / "saved"):
        report = audit_splits(folder)
        assert (report.splits, report.leaks) == (of_memory.splits, of_memory.leaks)


def test_the_official_release_is_audited_as_it_lies(tmp_path):
    same = drawing(5)
    release = write_release(
        tmp_path,
        {
            "train": {"US1__1": drawing(1), "US2__1": same, "US7__0": drawing(7)},
            "val": {"US4__1": drawing(4)},
            "test": {"US3__9": scanned_again(same), "US1__2": drawing(9), "US7__0": drawing(7)},
        },
    )
    report = audit_splits(release)
    assert shared(report) == {"figure": 1, "patent": 2, "family": 0, "image": 2, "brief": 0, "detailed": 3}


def test_an_id_without_entry_or_image_is_told(tmp_path):
    release = write_release(tmp_path, {"train": {"US1__1": drawing(1)}, "val": {}, "test": {"US2__1": drawing(2)}})
    (release / "splits" / "test.txt").write_text("US2__1\nUS9__1\n../../etc/passwd\n")
    rejects = Rejects()
    report = audit_splits(release, rejects)
    assert report.splits["test"]["rows"] == 3
    assert [(reject.item, reject.reason) for reject in rejects.items] == [
        ("US9__1", "unreadable_image"),
        ("../../etc/passwd", "unreadable_image"),
    ]


def test_the_command_writes_what_programs_and_people_read(splits, tmp_path):
    folder = write_parquet(splits, tmp_path / "built")
    out = tmp_path / "reports" / "report.json"
    assert main([str(folder), "--out", str(out)]) == 0
    report = json.loads(out.read_text())
    patent = next(leak for leak in report["leaks"] if leak["kind"] == "patent" and "test" in leak["concerned"])
    assert patent["concerned"] == {"train": {"figures": 1, "share": 0.25}, "test": {"figures": 1, "share": 0.25}}
    pairs = [json.loads(line) for line in out.with_suffix(".pairs.jsonl").read_text().splitlines()]
    assert sorted({pair["kind"] for pair in pairs}) == ["detailed", "family", "image", "patent"]
    assert all(pair["a"]["split"] == "train" and pair["b"]["split"] == "test" for pair in pairs)
    assert (
        "| train and test | one patent | 1 | 1 of train (25.00%), 1 of test (25.00%) |"
        in out.with_suffix(".md").read_text()
    )
    with Image.open(out.with_suffix(".png")) as picture:
        assert picture.width > 2000
    assert len(out.with_suffix(".rejects.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    "name, content, said",
    [
        ("notes.txt", b"", "neither PatentDesc-355k.json nor Parquet"),
        ("rows.parquet", b"PAR1", "tells no split"),
        ("train.parquet", b"PAR1 not really", "damaged Parquet"),
    ],
)
def test_a_source_that_cannot_be_read_ends_in_one_line(name, content, said, tmp_path, capsys):
    (tmp_path / name).write_bytes(content)
    assert main([str(tmp_path), "--out", str(tmp_path / "out" / "report.json")]) == 1
    told = capsys.readouterr().err.strip()
    assert said in told and str(tmp_path if name == "notes.txt" else name) in told and "\n" not in told


def test_rows_of_another_kind_are_refused(tmp_path):
    datasets.Dataset.from_dict({"image_id": ["a"]}).to_parquet(str(tmp_path / "train.parquet"))
    with pytest.raises(ValueError, match="lacks the columns brief_description, detailed_description, family_id"):
        audit_splits(tmp_path)


# --- likeness --------------------------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_copies_look_alike_and_other_drawings_do_not(one, other):
    copy = distance(fingerprint(drawing(one)), fingerprint(scanned_again(drawing(one))))
    assert copy <= MAX_DISTANCE
    assert one == other or distance(fingerprint(drawing(one)), fingerprint(drawing(other))) > MAX_DISTANCE


def test_the_front_page_shows_the_drawing_without_its_label():
    sheet = Image.new("L", (900, 1300), 255)
    drawn = drawing(3)
    sheet.paste(drawn, (100, 200))
    draw = ImageDraw.Draw(sheet)
    draw.text((60, 30), "U.S. Patent      Aug. 20, 2013      Sheet 1 of 9", fill=0, font_size=34)
    draw.text((400, 1200), "FIG. 1", fill=0, font_size=60)
    assert distance(fingerprint(sheet), fingerprint(scanned_again(drawn))) <= MAX_DISTANCE


def test_a_blank_image_is_like_no_other():
    assert fingerprint(Image.new("RGB", (800, 800), "white")) is None


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 30))
def test_the_overlap_of_texts_is_estimated(seed, changed):
    words = [f"{a}{b}" for a in WORDS for b in WORDS]
    rng = Random(seed)
    text = [rng.choice(words) for _ in range(200)]
    edited = [*text]
    for place in rng.sample(range(200), changed):
        edited[place] = "replaced" + "x" * rng.randint(1, 9)
    runs, others = ({tuple(t[i : i + 3]) for i in range(198)} for t in (text, edited))
    estimate = similarity(distance(text_fingerprint(" ".join(text)), text_fingerprint(" ".join(edited))))
    assert estimate == pytest.approx(len(runs & others) / len(runs | others), abs=0.2)


def test_numerals_and_figure_numbers_make_no_difference():
    one = "FIG. 3A is a sectional view of the pump 10 taken along the line 3-3 of FIG. 2, with the valve 12a open."
    other = "FIG. 7B is a sectional view of the pump 210 taken along the line 7-7 of FIGS. 4-6, with the valve 2 open."
    assert (text_fingerprint(one) == text_fingerprint(other)).all()


def test_a_stock_phrase_is_like_no_other():
    assert text_fingerprint("FIG. 2 is a block diagram of the system 100.") is None
    assert text_fingerprint(None) is None


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 40), st.integers(0, 40), st.integers(0, 70), st.integers(1, 4))
def test_near_pairs_are_all_found(seed, rows, columns, limit, keep):
    rng = np.random.default_rng(seed)
    base = rng.integers(0, 256, (4, 2, 64), dtype=np.uint8)
    flips = [np.packbits(rng.random((count, 2, 512)) < 0.06, axis=2) for count in (rows, columns)]
    left, right = (base[rng.integers(0, 4, len(flip))] ^ flip for flip in flips)
    far = np.array([[distance(a, b) for b in right] for a in left]).reshape(rows, columns)
    near = find_near(left, right, limit, keep)
    assert near.pairs == (far <= limit).sum()
    assert (near.has_near_rows == (far <= limit).any(axis=1)).all()
    assert (near.has_near_columns == (far <= limit).any(axis=0)).all()
    for index in range(rows):
        nearest = [distance for row, _, distance in near.nearest if row == index]
        assert nearest == sorted(far[index][far[index] <= limit])[:keep]
    assert all(far[row, column] == distance for row, column, distance in near.nearest)


def test_an_image_in_parquet_is_opened_within_bounds():
    """A bomb of a PNG, of few bytes and many pixels, is left out and not decoded."""
    bomb = BytesIO()
    Image.new("1", (16_000, 10_000)).save(bomb, "PNG")
    rows = [{**row("US1", 1, None), "image": {"bytes": bomb.getvalue(), "path": None}}]
    rejects = Rejects()
    audit_splits(datasets.DatasetDict(train=as_dataset(rows)), rejects)
    assert "is more than 150000000 pixels" in rejects.items[0].detail
