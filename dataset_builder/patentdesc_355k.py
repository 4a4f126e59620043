"""The official PatentDesc-355K release as rows: a builder for datasets 5, and a loading script for datasets 3.

On datasets 3, `load_dataset("dataset_builder/patentdesc_355k.py", "brief", data_dir=DATASET, trust_remote_code=True)`
copies this file and those that it imports relatively, and nothing else; hence the guarded import of the model's files.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import tempfile
from collections import Counter
from collections.abc import Container, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import datasets
import fsspec
from PIL import Image

from .figure import FEATURES, Figure
from .json_members import Members
from .ocr_tokens import TokensError, WordDecoder
from .rejects import Rejects, told
from .release import SPLITS, SUFFIX, Release, ReleaseError, is_image_id, patent_of, published_on, sheet_of

try:
    from modeling_patentlmm.image_processing_patentlmm import open_figure
    from modeling_patentlmm.references_patentlmm import find_references
except ImportError:  # as a script, in an environment without the model

    def open_figure(path: Path) -> list[Image.Image]:
        """Decode an image within Pillow's own bounds, to know that it can be."""
        try:
            with Image.open(path) as image:
                image.load()
        except Exception as error:  # damaged files make Pillow's decoders raise nearly anything
            raise ValueError(f"{path}: damaged or no image ({error})") from None
        return [image]

    def find_references(text: str) -> list:
        """Nothing: which figure a text speaks of stays open."""
        return []


TEXTS = {
    "brief": ("brief_description",),
    "detailed": ("detailed_description",),
    "both": ("brief_description", "detailed_description"),
}
ROWS_A_SHARD = 500  # what one worker takes at a time
REJECTS = "rejects.jsonl"

_HELD_OUT_FIRST = ("test", "validation", "train")
_OPENING = re.compile(r"\W*FIG(?:URE)?S?\.?\s*", re.IGNORECASE)
_JOINED = re.compile(r"[\s,;&/–—-]*(?:(?:and|or|to|through)\b)?\s*(?:FIG(?:URE)?S?\.?)?\s*", re.IGNORECASE)
_log = logging.getLogger(__name__)


@dataclass
class PatentDesc355KConfig(datasets.BuilderConfig):
    """`data_dir` is the folder of the release. With `ocr_tokenizer`, the words of its `ocr.json` come along.

    `only` names one split to make; `state` tells one state of the folder from another, for the cache's sake.
    """

    ocr_tokenizer: str | None = None
    only: str | None = None
    state: str | None = None


class Row(NamedTuple):
    """A row to make: its image, and where its entry and its OCR lie in their files (bytes; end 0 for no OCR)."""

    image_id: str
    start: int
    end: int
    ocr_start: int = 0
    ocr_end: int = 0


class Shard(NamedTuple):
    """Rows that are made together."""

    split: str
    number: int
    rows: list[Row]


class PatentDesc355K(datasets.GeneratorBasedBuilder):
    """PatentDesc-355K: patent figures with their brief and detailed descriptions, as `FEATURES` has them.

    What is left out is listed with its reason: in `rejects.jsonl` beside the prepared data, and while streaming, which
    has no end to write it at, in a file for each shard under `rejects_folder`.
    """

    VERSION = datasets.Version("1.0.0")
    BUILDER_CONFIG_CLASS = PatentDesc355KConfig
    BUILDER_CONFIGS = [
        PatentDesc355KConfig(
            name=name, version=datasets.Version("1.0.0"), description=f"rows with {' and '.join(texts)}"
        )
        for name, texts in TEXTS.items()
    ]
    DEFAULT_CONFIG_NAME = "brief"
    _preparing: Path | None = None  # where rejects are collected during `download_and_prepare`

    @property
    def rejects_folder(self) -> Path:
        """Where the lists of what is left out are written while rows are made."""
        return self._preparing or Path(f"{self.cache_dir}.rejects")

    @property
    def release(self) -> Release:
        """The release to read.

        Raises:
            ReleaseError: no folder is given.
        """
        if not self.config.data_dir or not os.path.isdir(self.config.data_dir):
            raise ReleaseError(
                f"data_dir {self.config.data_dir!r} is no folder; name the one with PatentDesc-355k.json"
            )
        return Release(Path(os.path.abspath(self.config.data_dir)))

    def download_and_prepare(self, output_dir: str | None = None, **options) -> None:
        """As in datasets, then `rejects.jsonl` is written beside the data and one line tells what is left out."""
        with tempfile.TemporaryDirectory() as folder:
            self._preparing = Path(folder)
            try:
                super().download_and_prepare(output_dir, **options)
            finally:
                self._preparing = None
            lists = [path.read_text(encoding="utf-8") for path in sorted(Path(folder).glob("*.jsonl"))]
        self._tell(f"{output_dir or self.cache_dir}/{REJECTS}", lists, options.get("storage_options") or {})

    def _tell(self, path: str, lists: list[str], storage: Mapping) -> None:
        """Write the lists of rejects as one; without any the rows were there already, and so is their list."""
        if lists:
            with fsspec.open(path, "w", encoding="utf-8", **storage) as merged:
                merged.writelines(lists)
        try:
            with fsspec.open(path, "r", encoding="utf-8", **storage) as lines:
                counts = Counter(json.loads(line)["reason"] for line in lines)
        except FileNotFoundError:  # somebody took it away since
            return
        rows = sum(split.num_examples for split in self.info.splits.values())
        _log.warning("%s: %d rows, %s (%s)", self.config.data_dir, rows, told(dict(counts.most_common())), path)

    def _info(self) -> datasets.DatasetInfo:
        return datasets.DatasetInfo(features=FEATURES, description=__doc__)

    def _split_generators(self, dl_manager) -> list[datasets.SplitGenerator]:
        splits = list(SPLITS) if self.config.only is None else [self.config.only]
        for stale in self.rejects_folder.glob("*.jsonl"):  # of an earlier streaming
            stale.unlink()
        rejects = Rejects(self.rejects_folder / "release.jsonl")
        rows = plan(self.release, splits, TEXTS[self.config.name], self.config.ocr_tokenizer is not None, rejects)
        if empty := [split for split in splits if not rows[split]]:
            raise ReleaseError(
                f"{self.release.folder}: no figure of the split {empty[0]} can be used ({told(rejects.counts)}); "
                "fetch its images, or load another split only (split=, of the builder only=)"
            )
        if not self._preparing:
            _log.warning("%s: %s (%s)", self.config.data_dir, told(rejects.counts), self.rejects_folder)
        return [
            datasets.SplitGenerator(name=split, gen_kwargs={"shards": _shards(split, rows[split])}) for split in splits
        ]

    def _generate_examples(self, shards: list[Shard]) -> Iterator[tuple[str, dict]]:
        decoder = WordDecoder(Path(self.config.ocr_tokenizer)) if self.config.ocr_tokenizer else None
        for shard in shards:
            rejects = Rejects(self.rejects_folder / f"{shard.split}-{shard.number:05d}.jsonl")
            for row in make_rows(self.release, shard.rows, TEXTS[self.config.name], decoder, rejects):
                yield row["image_id"], row
            if rejects.items and not self._preparing:
                _log.warning("%s, shard %d: %s", shard.split, shard.number, told(rejects.counts))


def load_patentdesc(
    data_dir: str | os.PathLike,
    task: str = "brief",
    split: str | None = None,
    *,
    ocr_tokenizer: str | os.PathLike | None = None,
    streaming: bool = False,
    num_proc: int | None = None,
    cache_dir: str | os.PathLike | None = None,
) -> datasets.Dataset | datasets.DatasetDict | datasets.IterableDataset | datasets.IterableDatasetDict:
    """The release in `data_dir` with the descriptions of a `task` ("brief", "detailed", "both"), all splits or one.

    Rows that cannot be used are left out, listed and told. Made once and cached, anew when the release's files change.
    `ocr_tokenizer`, the folder of LayoutLMv3's tokenizer, decodes the words of `ocr.json`; without, rows have none.

    Raises:
        ReleaseError, MembersError: the release is not as it should be.
        TokensError: `ocr_tokenizer` is not LayoutLMv3's.
        ValueError: an unknown task or split.
    """
    builder = builder_of(data_dir, task, split, ocr_tokenizer, cache_dir)
    if streaming:
        return builder.as_streaming_dataset(split)
    builder.download_and_prepare(num_proc=num_proc)
    return builder.as_dataset(split)


def builder_of(
    data_dir: str | os.PathLike,
    task: str,
    split: str | None = None,
    ocr_tokenizer: str | os.PathLike | None = None,
    cache_dir: str | os.PathLike | None = None,
) -> PatentDesc355K:
    """The builder behind `load_patentdesc`, with the same arguments and errors."""
    if task not in TEXTS:
        raise ValueError(f"there is no task {task!r}; choose one of {', '.join(TEXTS)}")
    if split not in (None, *SPLITS):
        raise ValueError(f"there is no split {split!r}; choose one of {', '.join(SPLITS)}")
    if ocr_tokenizer is not None:
        ocr_tokenizer = os.path.abspath(ocr_tokenizer)
        WordDecoder(Path(ocr_tokenizer))  # complains now rather than in a worker
    release = Release(Path(os.path.abspath(data_dir)))
    return PatentDesc355K(
        cache_dir=cache_dir and os.fspath(cache_dir),
        config_name=task,
        data_dir=str(release.folder),
        ocr_tokenizer=ocr_tokenizer,
        only=split,
        state=state_of(release),
    )


def state_of(release: Release) -> str:
    """A name for the present state of a release's files: another when one is replaced or an image comes or goes."""
    paths = [release.index, release.images, release.ocr, *map(release.split_list, SPLITS)]
    facts = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in paths if path.exists()]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


# --- what to make ----------------------------------------------------------------------------------------------------


def plan(
    release: Release, splits: list[str], texts: tuple[str, ...], with_ocr: bool, rejects: Rejects
) -> dict[str, list[Row]]:
    """The rows of each split in the order of its list, found in one pass over the index; what is amiss in `rejects`.

    Raises:
        ReleaseError, MembersError: a file is missing or damaged.
    """
    listed = _listed(release, rejects)
    wanted = {image_id for image_id, split in listed.items() if split in splits}
    places = _find_entries(release, listed, wanted, texts, rejects)
    read = _find_ocr(release, places, rejects) if with_ocr else {}
    rows: dict[str, list[Row]] = {split: [] for split in splits}
    for image_id, split in listed.items():
        if image_id in places:
            rows[split].append(Row(image_id, *places[image_id], *read.get(image_id, ())))
    return rows


def _listed(release: Release, rejects: Rejects) -> dict[str, str]:
    """The split of every image id. Of several splits that list one, the one furthest from training has it."""
    listed: dict[str, str] = {}
    for split in _HELD_OUT_FIRST:
        name = release.split_list(split).name
        for image_id in release.read_split(split):
            if not is_image_id(image_id):
                rejects.add(name, image_id, "malformed_id", "is not an image id such as US11036663B2__2")
            elif image_id not in listed:
                listed[image_id] = split
            elif listed[image_id] == split:
                rejects.add(name, image_id, "listed_twice", "is listed twice; kept once")
            else:
                rejects.add(name, image_id, "in_two_splits", f"is listed for {listed[image_id]} too; kept there only")
    return listed


def _find_entries(
    release: Release, listed: Mapping[str, str], wanted: set[str], texts: tuple[str, ...], rejects: Rejects
) -> dict[str, tuple[int, int]]:
    """Where the entries lie that can become rows."""
    images = _image_names(release)
    places: dict[str, tuple[int, int]] = {}
    seen: set[str] = set()
    with Members(release.index) as index:
        for image_id, start, end in index:
            if image_id in seen:
                fault = ("twice_in_index", "has two entries; the first is kept")
            elif image_id not in listed:
                fault = ("in_no_split", "is listed for no split")
            elif image_id not in wanted:
                continue
            else:
                fault = _fault(index.read(start, end), texts, f"{image_id}{SUFFIX}" in images)
            seen.add(image_id)
            if fault:
                rejects.add(release.index.name, image_id, *fault)
            else:
                places[image_id] = (start, end)
    for image_id in listed:
        if image_id in wanted and image_id not in seen:
            rejects.add(release.index.name, image_id, "not_in_index", f"is listed for {listed[image_id]} only")
    return places


def _image_names(release: Release) -> set[str]:
    try:
        with os.scandir(release.images) as entries:
            return {entry.name for entry in entries}
    except OSError as error:
        raise ReleaseError(
            f"{release.images}: cannot be read ({error.strerror}); "
            f"fetch the images with python -m dataset_builder.fetch {release.index}"
        ) from None


def _fault(entry: dict | None, texts: tuple[str, ...], has_image: bool) -> tuple[str, str] | None:
    """Why an entry cannot become a row: a reason to count by and a sentence."""
    if entry is None or not all(_is_text(entry.get(name) or "") for name in ("image_url", *TEXTS["both"])):
        return "malformed_entry", "has something other than texts as image_url and descriptions"
    for text in texts:
        if not (entry.get(text) or "").strip():
            return f"no_{text}", f"has no {text}"
    return None if has_image else ("no_image", "has no file in images")


def _is_text(value: Any) -> bool:
    """Whether it is a string that a file can hold; JSON may have half of a surrogate pair."""
    return isinstance(value, str) and not re.search(r"[\ud800-\udfff]", value)


def _find_ocr(release: Release, wanted: Container[str], rejects: Rejects) -> dict[str, tuple[int, int]]:
    """Where the OCR of the rows lies; rows without stay, and are told."""
    places: dict[str, tuple[int, int]] = {}
    with Members(release.ocr) as members:
        for name, start, end in members:
            image_id = name.removesuffix(SUFFIX)
            if image_id in wanted:
                places.setdefault(image_id, (start, end))
    for image_id in wanted:
        if image_id not in places:
            rejects.add(release.ocr.name, image_id, "no_ocr", "has no OCR; its row has no words")
    return places


def _shards(split: str, rows: list[Row]) -> list[Shard]:
    starts = range(0, len(rows), ROWS_A_SHARD)
    return [Shard(split, number, rows[start : start + ROWS_A_SHARD]) for number, start in enumerate(starts)]


# --- the rows --------------------------------------------------------------------------------------------------------


def make_rows(
    release: Release, rows: list[Row], texts: tuple[str, ...], decoder: WordDecoder | None, rejects: Rejects
) -> Iterator[dict]:
    """The rows (columns of `FEATURES`) whose images can be read; the image is given by its path."""
    with Members(release.index) as index, Members(release.ocr) if decoder else nullcontext() as ocr:
        for row in rows:
            path = release.image(row.image_id)
            try:
                image = open_figure(path)[0]
            except ValueError as error:
                rejects.add(path.name, row.image_id, "unreadable_image", str(error))
                continue
            words, boxes = [], []
            if decoder and row.ocr_end:
                try:
                    words, boxes = decoder.words(ocr.read(row.ocr_start, row.ocr_end))
                except TokensError as error:
                    rejects.add(release.ocr.name, row.image_id, "malformed_ocr", f"{error}; its row has no words")
            figure = figure_of(row.image_id, image, index.read(row.start, row.end), texts, words, boxes)
            yield {**figure.as_row(), "image": str(path)}


def figure_of(
    image_id: str, image: Image.Image, entry: dict, texts: tuple[str, ...], words: list[str], boxes: list[list[int]]
) -> Figure:
    """An entry of the index as a figure, with what its texts, its id and its address say, and no more."""
    number = figure_named(entry.get("brief_description") or "")
    sheet = sheet_of(entry.get("image_url") or "")
    return Figure(
        image_id=image_id,
        image=image,
        patent_id=patent_of(image_id),
        figure=number,
        label_source="text" if number else None,
        kind=None,
        **{text: entry[text].strip() if text in texts else None for text in TEXTS["both"]},
        words=words,
        boxes=boxes,
        ocr_engine="tesseract" if words else None,
        source="PatentDesc-355K",
        publication_date=sheet and published_on(sheet),
        sheets=[sheet] if sheet else [],
    )


def figure_named(brief: str) -> str | None:
    """The figure that a brief description opens with ("FIG. 2A is ..."), None where it opens with several or none."""
    figures = [found for found in find_references(brief) if found.kind == "figure"]
    if not figures or not _OPENING.fullmatch(brief[: figures[0].start]):
        return None
    if len(figures) > 1 and _JOINED.fullmatch(brief[figures[0].end : figures[1].start]):
        return None
    return figures[0].text
