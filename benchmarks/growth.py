"""How the cost of encoding, collating and reading figures grows with how much there is of them.

    python -m benchmarks.growth [--plots benchmarks/results/growth.png]

Each curve is seconds against an amount on doubling scales, with the exponents of the whole curve (least squares) and of
its last step. The encoder's may reach 2, attention's; all others are held to 1 and a tenth for noise. Prints one line
of JSON and draws the curves. Rows of data repeat one small drawn figure.
"""

from __future__ import annotations

import argparse
import itertools
import json
import logging
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import datasets
import matplotlib
import numpy as np
import pyarrow
import pyarrow.parquet
import torch

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

from dataset_builder.figure import FEATURES, Figure  # noqa: E402
from dataset_builder.synthetic import generate  # noqa: E402
from modeling_patentlmm import PatentMMEConfig, PatentMMEModel  # noqa: E402
from train.collate import FigureCollator, conversation_mix  # noqa: E402
from train.figure_trainer import EpochSampler  # noqa: E402
from train.figures import load_figures, stream_figures  # noqa: E402
from train.lengths import ConversationLengths  # noqa: E402
from train.shards import open_shards  # noqa: E402

from .runs import rounded  # noqa: E402
from .timing import add_threads, environment, interleaved  # noqa: E402
from .training_speed import make_processor  # noqa: E402

OCR_TOKENS = (0, 64, 128, 256, 384, 512)
PIXELS = (384, 512, 768, 1024, 1536)
BATCHES = (1, 2, 4, 8, 16)
ROWS = (1_000, 10_000, 100_000)
ROWS_OF_SHARD = 10_000
COLLATED = 64  # rows taken from anywhere in the data
LINEAR, ATTENTION = 1.1, 2.1


@dataclass
class Curve:
    """Seconds against `amounts` of `unit`; `limit` is the exponent it may have."""

    name: str
    unit: str
    limit: float
    amounts: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def exponent(self) -> float:
        start = self.amounts[0] == 0  # what costs something without any has no place on such scales
        return float(np.polyfit(np.log(self.amounts[start:]), np.log(self.seconds[start:]), 1)[0])

    @property
    def last_exponent(self) -> float:
        (one, other), (first, second) = self.amounts[-2:], self.seconds[-2:]
        return float(np.log(second / first) / np.log(other / one))

    def as_dict(self) -> dict:
        return asdict(self) | {"exponent": self.exponent, "last_exponent": self.last_exponent}


# --- the encoder ---


def make_encoder(pixels: int) -> PatentMMEModel:
    """A small random encoder for figures of `pixels`."""
    fields = {"hidden_size": 96, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 384}
    boxes = {"coordinate_size": 16, "shape_size": 16}
    config = PatentMMEConfig(vocab_size=6144, input_size=pixels, **fields, **boxes)
    return PatentMMEModel._from_config(config, attn_implementation="sdpa").eval()


def encode(model: PatentMMEModel, tokens: int, batch: int = 1) -> Callable[[], object]:
    """One forward pass over figures with `tokens` words in random places."""
    side = model.config.input_size
    inputs = {"pixel_values": torch.randn(batch, 3, side, side)}
    if tokens:
        corners = torch.randint(0, 900, (batch, tokens, 2))
        inputs["bbox"] = torch.cat([corners, corners + 50], dim=-1)
        inputs["input_ids"] = torch.randint(8, 6144, (batch, tokens))
    return torch.no_grad()(lambda: model(**inputs))


def encoder_curves(repeats: int, tokens=OCR_TOKENS, pixels=PIXELS, batches=BATCHES) -> Iterator[Curve]:
    """The encoder by words, by resolution and by figures."""
    model = make_encoder(pixels[0])
    sides = {count: encode(model, count) for count in tokens}
    yield time_sides(Curve("encoder, by OCR tokens", "OCR tokens beside the patches", LINEAR), sides, repeats)
    sides = {(side // 16) ** 2 + 1 + 100: encode(make_encoder(side), 100) for side in pixels}
    yield time_sides(Curve("encoder, by resolution", "tokens, 100 of them words", ATTENTION), sides, repeats)
    sides = {batch: encode(model, 100, batch) for batch in batches}
    yield time_sides(Curve("encoder, by batch", "figures", LINEAR), sides, repeats)


def time_sides(curve: Curve, sides: dict[int, Callable[[], object]], repeats: int) -> Curve:
    """The curve with the least seconds of each amount, which other processes disturb least."""
    seconds = interleaved({str(amount): run for amount, run in sides.items()}, repeats)
    curve.amounts, curve.seconds = list(sides), [min(some) for some in seconds.values()]
    return curve


# --- figures on their way to the model ---


def pixel_curve(figure: Figure, repeats: int, pixels=PIXELS) -> Curve:
    """The processor by the pixels it makes."""
    given = {"images": [figure.image], "text": ["<image>"], "words": [figure.words], "boxes": [figure.boxes]}
    sides = {side**2: partial(make_processor(side), **given) for side in pixels}
    return time_sides(Curve("processor, by resolution", "pixels", LINEAR), sides, repeats)


def collator_curve(figure: Figure, repeats: int, batches=BATCHES) -> Curve:
    """The collator by the figures of a batch."""
    collator = FigureCollator(make_processor(384), conversation_mix(["brief", "detailed"], copying=False))
    sides = {batch: partial(collator, [figure.as_row()] * batch) for batch in batches}
    return time_sides(Curve("collator, by batch", "figures", LINEAR), sides, repeats)


# --- rows of data ---


def write_rows(folder: Path, figure: Figure, count: int) -> None:
    """Parquet shards of `count` rows that differ in their id."""
    folder.mkdir()
    table = datasets.Dataset.from_list([figure.as_row()], features=FEATURES).data.table
    for start in range(0, count, ROWS_OF_SHARD):
        ids = [str(index) for index in range(start, min(start + ROWS_OF_SHARD, count))]
        shard = table.take(pyarrow.array(np.zeros(len(ids), dtype=np.int64)))
        column = shard.column_names.index("image_id")
        shard = shard.set_column(column, "image_id", pyarrow.array(ids))
        path = folder / f"train-{start // ROWS_OF_SHARD:05d}.parquet"
        pyarrow.parquet.write_table(shard.cast(table.schema), path, row_group_size=100)


def row_seconds(folder: Path, collator: FigureCollator, count: int) -> dict[str, float]:
    """Seconds of each part of the data pipeline over a folder of `count` rows."""
    marks, rng = [time.perf_counter()], random.Random(0)
    shards = open_shards([str(folder)], "train", ["brief", "detailed"])
    figures = load_figures(shards)
    marks.append(time.perf_counter())
    list(EpochSampler(count, 0, ConversationLengths(figures, collator), 8))
    marks.append(time.perf_counter())
    for _ in range(COLLATED // 8):
        collator([figures[rng.randrange(count)] for _ in range(8)])
    marks.append(time.perf_counter())
    streamed = sum(1 for _ in itertools.islice(stream_figures(shards, seed=0), count))
    marks.append(time.perf_counter())
    if not len(figures) == streamed == count:
        raise SystemExit(f"growth: {count} rows were written, {len(figures)} loaded, {streamed} streamed")
    return dict(zip(("load", "order", "collate", "stream"), np.diff(marks).tolist(), strict=True))


def row_curves(figure: Figure, rows=ROWS) -> list[Curve]:
    """The data pipeline by rows; how long some rows take to collate must not depend on how many there are."""
    curves = {
        "load": Curve("load shards", "rows", LINEAR),
        "order": Curve("count tokens, order an epoch", "rows", LINEAR),
        "stream": Curve("stream shards", "rows", LINEAR),
        "collate": Curve(f"collate {COLLATED} rows, by all rows", "rows", LINEAR - 1),
    }
    collator = FigureCollator(make_processor(384), conversation_mix(["brief", "detailed"], copying=False))
    with tempfile.TemporaryDirectory() as folder:
        datasets.config.HF_DATASETS_CACHE = Path(folder) / "cache"
        for count in (rows[0], *rows):  # the first time warms up
            data = Path(folder) / f"{time.monotonic_ns()}"
            write_rows(data, figure, count)
            for name, seconds in row_seconds(data, collator, count).items():
                curves[name].amounts.append(count)
                curves[name].seconds.append(seconds)
    for curve in curves.values():
        del curve.amounts[0], curve.seconds[0]
    return list(curves.values())


# --- the benchmark ---


def draw(curves: list[Curve], path: Path) -> None:
    """Every curve on doubling scales, beside a line of its limit."""
    columns = 3
    shape = (-(-len(curves) // columns), columns)
    picture, grid = plt.subplots(*shape, figsize=(4 * columns, 3 * shape[0]), layout="constrained")
    for axes, curve in itertools.zip_longest(grid.flat, curves):
        if curve is None:
            axes.axis("off")
            continue
        amounts = np.array(curve.amounts, dtype=float)
        axes.loglog(amounts, curve.seconds, "o-")
        bound = round(curve.limit) if curve.limit >= 1 else 0
        axes.loglog(amounts, curve.seconds[-1] * (amounts / amounts[-1]) ** bound, ":", color="grey")
        axes.minorticks_off()
        axes.set(title=f"{curve.name}: {curve.exponent:.2f}", xlabel=curve.unit, ylabel="seconds")
        axes.set_ylim(min(curve.seconds) / 2, max(curve.seconds) * 2)
    picture.savefig(path, dpi=70)
    plt.close(picture)


def claim(curve: Curve) -> dict:
    """That the curve grows no faster than it may."""
    return {
        "claim": f"Growth, {curve.name}: exponent (CPU)",
        "measured": curve.exponent,
        "goal": curve.limit,
        "at_most": True,
        "reason": None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plots", type=Path, default=Path("benchmarks/results/growth.png"))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument("--pixels", type=int, nargs="+", default=PIXELS)
    add_threads(parser)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    datasets.disable_progress_bars()
    logging.getLogger("transformers").setLevel(logging.ERROR)

    figure = generate(7, "train", max_side=200)
    curves = [
        *encoder_curves(args.repeats, pixels=args.pixels),
        pixel_curve(figure, args.repeats, args.pixels),
        collator_curve(figure, args.repeats),
        *row_curves(figure, args.rows),
    ]
    draw(curves, args.plots)
    result = {"curves": [curve.as_dict() for curve in curves], "claims": [claim(curve) for curve in curves]}
    print(json.dumps(rounded({"benchmark": "growth", **result, **environment("datasets", "pyarrow")})))


if __name__ == "__main__":
    main()
