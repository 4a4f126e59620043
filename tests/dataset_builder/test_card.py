"""The card tells what is in the files, its metadata are valid, and its configs load."""

from collections.abc import Iterable
from pathlib import Path

import datasets
import pytest
from huggingface_hub import DatasetCard
from PIL import Image

from dataset_builder.card import Making, write_card
from dataset_builder.figure import FEATURES, Figure
from dataset_builder.rejects import Rejects
from dataset_builder.split import SplitRule

RULE = SplitRule(test_from=None)
LAYOUT = {
    ("train", "both"): (5, 4),
    ("train", "brief"): (2,),
    ("validation", "both"): (2,),
    ("validation", "detailed"): (3,),
    ("test", "detailed"): (1,),
}
ROWS = {"both": {"train": 9, "validation": 2}, "brief": {"train": 11, "validation": 2}}
ROWS["detailed"] = {"train": 9, "validation": 5, "test": 1}


def figures(split: str, kind: str, count: int, first: int = 0) -> Iterable[Figure]:
    for number in range(first, first + count):
        patent = f"US{split}{kind}{number // 2}B2"
        yield Figure(
            image_id=f"{patent}__{number}",
            image=Image.new("L", (40, 30), 255 - number),
            patent_id=patent,
            figure=str(number),
            kind="utility",
            brief_description=None if kind == "detailed" else "FIG. 1 is a view of the pump.",
            detailed_description=None if kind == "brief" else "word " * (20 + number),
            words=["10", "12"],
            ocr_engine="rapidocr 3.10.0",
            source="ipg130416.xml",
            publication_date=f"{2010 + number % 20}-04-16",
            family_id=f"US{number // 4}",
            cpc=["F04B 1/00", "G06F 3/06"] if number % 2 else ["F04B 1/00"],
            label_source="read",
        )


def write(folder: Path, layout: dict[tuple[str, str], tuple[int, ...]] = LAYOUT) -> Path:
    (folder / "data").mkdir(parents=True)
    for (split, kind), counts in layout.items():
        for part, count in enumerate(counts):
            rows = [figure.as_row() for figure in figures(split, kind, count, 100 * part)]
            name = f"{split}-{kind}-{part:05}-of-{len(counts):05}.parquet"
            datasets.Dataset.from_list(rows, features=FEATURES).to_parquet(str(folder / "data" / name))
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    folder = write(tmp_path_factory.mktemp("built") / "pumps")
    rejects = Rejects()
    for item in ("a", "b"):
        rejects.add("ipg130416.xml", item, "image_blank", "nothing is drawn")
    making = Making(
        "Pumps", "python -m dataset_builder.build ipg130416.xml --out pumps", str(RULE), ["Red Book"], rejects.counts
    )
    write_card(folder, making)
    return folder


@pytest.mark.parametrize("config", [*ROWS, None])
def test_plain_load_dataset_loads_each_config(built, config, tmp_path):
    """The default is "both"; a split without rows of a config is not there."""
    loaded = datasets.load_dataset(str(built), config, cache_dir=str(tmp_path))
    assert {split: len(rows) for split, rows in loaded.items()} == ROWS[config or "both"]
    assert loaded["train"].features == FEATURES
    for column in {"both": ("brief", "detailed")}.get(config or "both", (config,)):
        assert all(text for rows in loaded.values() for text in rows[f"{column}_description"])


def test_metadata_are_valid(built):
    data = DatasetCard.load(built / "README.md").data
    assert (data.license, data.size_categories, data.language) == ("other", ["n<1K"], ["en"])
    assert [config["config_name"] for config in data.configs if config.get("default")] == ["both"]
    patterns = [path for config in data.configs for entry in config["data_files"] for path in entry["path"]]
    assert all(list(built.glob(pattern)) for pattern in patterns)


def test_the_card_counts_what_is_there(built):
    card = (built / "README.md").read_text()
    said = [
        "17 figures of 10 US patents published from 2010 to 2014",
        "| train | 9 | 11 | 9 | 6 | 3 |",
        "| test | 0 | 0 | 1 | 1 | 1 |",
        "| brief description | 13 | 8 | 8 | 8 | 8 | 8 | 8 | 8 |",
        "| image_blank | 2 |",
        "| F mechanical engineering | 10 |",
        "* OCR engine rapidocr 3.10.0: 17 figures",
        "* source ipg130416.xml: 17 figures",
        "python -m dataset_builder.build ipg130416.xml --out pumps",
        str(RULE),
        "37 CFR 1.71(d)",
    ]
    assert [line for line in said if line not in card] == []


def test_pictures_are_drawn_and_shown(built):
    card = (built / "README.md").read_text()
    for name in ("lengths.png", "patents.png"):
        assert f"](pictures/{name})" in card
        with Image.open(built / "pictures" / name) as picture:
            assert picture.width > 800


def test_a_dataset_of_one_kind_has_its_configs_only(tmp_path):
    folder = write(tmp_path / "briefs", {("train", "brief"): (2,)})
    write_card(folder, Making("Briefs", "build", str(RULE)))
    assert datasets.get_dataset_config_names(str(folder)) == ["brief"]
    loaded = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 2}
    card = (folder / "README.md").read_text()
    assert 'load_dataset(FOLDER, "brief")' in card and 'load_dataset(FOLDER, "both")' not in card


def test_what_rows_do_not_tell_is_left_out(tmp_path):
    """The official release has neither families nor classes; its rows may not be read yet."""
    (tmp_path / "data").mkdir()
    rows = [Figure("US1__1", Image.new("L", (9, 9)), "US1", None, None, "FIG. 1 is | a view.", None).as_row()]
    datasets.Dataset.from_list(rows, features=FEATURES).to_parquet(
        str(tmp_path / "data" / "test-brief-00000-of-00001.parquet")
    )
    card = write_card(tmp_path, Making("Few", "build", str(RULE))).read_text()
    assert "| test | 0 | 1 | 0 | 1 | not known |" in card
    assert "CPC section |" not in card and "published in the" not in card


@pytest.mark.parametrize(
    "name, said",
    [
        (None, "holds no {split}-{kind}"),
        ("train-both-00000-of-00002.parquet", "has 1 of 2 train-both files; finish the build"),
        ("train-00000-of-00001.parquet", "is no {split}-{kind}-00000-of-000NN.parquet"),
        ("train-both-00000-of-00001.parquet", "damaged Parquet"),
    ],
)
def test_a_folder_that_is_no_built_dataset_ends_in_one_line(name, said, tmp_path):
    (tmp_path / "data").mkdir()
    if name is not None:
        (tmp_path / "data" / name).write_bytes(b"PAR1")
    with pytest.raises(ValueError) as caught:
        write_card(tmp_path, Making("None", "build", str(RULE)))
    assert said in str(caught.value) and str(tmp_path) in str(caught.value) and "\n" not in str(caught.value)


def test_parts_of_an_older_build_are_refused(tmp_path):
    write(tmp_path, {("train", "both"): (1,)})
    older = tmp_path / "data" / "train-both-00001-of-00003.parquet"
    older.write_bytes((tmp_path / "data" / "train-both-00000-of-00001.parquet").read_bytes())
    with pytest.raises(ValueError, match="another number of parts"):
        write_card(tmp_path, Making("Old", "build", str(RULE)))
