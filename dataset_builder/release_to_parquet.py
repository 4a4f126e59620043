"""The release as Parquet, images and all: `python -m dataset_builder.release_to_parquet DATASET --out DIR`.

Each split gets a folder of shards and a `rejects.jsonl`; training, evaluation and `load_dataset(DIR)` take them as they
are. A split that is complete is made again only when the release's files, or what is asked for, have changed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dataset_builder.json_members import MembersError
from dataset_builder.ocr_tokens import TokensError
from dataset_builder.patentdesc_355k import TEXTS, PatentDesc355K, builder_of
from dataset_builder.release import SPLITS, ReleaseError


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m dataset_builder.release_to_parquet",
        description="Write the official PatentDesc-355K release as Parquet shards with the images in them.",
    )
    parser.add_argument("release", type=Path, metavar="DATASET", help="folder of the release")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for train/, validation/, test/")
    parser.add_argument("--task", choices=TEXTS, default="both", help="the descriptions that a row must have")
    parser.add_argument("--split", choices=SPLITS, help="write this split only")
    parser.add_argument(
        "--ocr-tokenizer", type=Path, metavar="DIR", help="LayoutLMv3's tokenizer, for ocr.json's words"
    )
    parser.add_argument("--num-proc", type=int, help="worker processes")
    options = parser.parse_args(arguments)
    try:
        for split in [options.split] if options.split else SPLITS:
            builder = builder_of(options.release, options.task, split, options.ocr_tokenizer)
            write_split(builder, options.out / split, options.num_proc)
    except (MembersError, ReleaseError, TokensError) as error:
        print(f"release_to_parquet: {error}", file=sys.stderr)
        return 1
    return 0


def write_split(builder: PatentDesc355K, folder: Path, num_proc: int | None = None) -> None:
    """Write the rows of `builder` into `folder`, unless it holds just these."""
    made_from = folder / ".made-from"  # hidden, so that load_dataset takes it for no data
    wanted = repr((builder.config.name, builder.config.ocr_tokenizer, builder.config.state))
    fresh = made_from.exists() and made_from.read_text() == wanted
    mode = "reuse_dataset_if_exists" if fresh else "force_redownload"
    builder.download_and_prepare(str(folder), file_format="parquet", num_proc=num_proc, download_mode=mode)
    made_from.write_text(wanted)


if __name__ == "__main__":
    raise SystemExit(main())
