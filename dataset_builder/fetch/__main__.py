"""`python -m dataset_builder.fetch DATASET/PatentDesc-355k.json`: fetches the images of the release."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dataset_builder.fetch import HOSTS, FetchError, fetch_images
from dataset_builder.json_members import MembersError


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m dataset_builder.fetch", description="Fetch the images of PatentDesc-355K; run again to go on."
    )
    parser.add_argument("index", type=Path, metavar="INDEX.json", help="the release's PatentDesc-355k.json")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the images (default: images beside INDEX)")
    parser.add_argument("--only", type=Path, metavar="FILE", help="fetch only the image ids in it, one a line")
    parser.add_argument("--rate", type=float, default=10.0, help="requests a second to a host (default 10)")
    parser.add_argument("--concurrency", type=int, default=8, help="downloads at a time (default 8)")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="HOST",
        help=f"also fetch from HOST or HOST:PORT; {', '.join(HOSTS)} is allowed as it is",
    )
    options = parser.parse_args(arguments)
    if options.rate <= 0 or options.concurrency < 1:
        parser.error("--rate and --concurrency must be positive")
    out_dir = options.out or options.index.parent / "images"
    try:
        only = None if options.only is None else set(options.only.read_text(encoding="utf-8").split())
        report = fetch_images(
            options.index,
            out_dir,
            only=only,
            hosts=(*HOSTS, *options.allow_host),
            concurrency=options.concurrency,
            rate=options.rate,
        )
    except (FetchError, MembersError, OSError) as error:
        print(f"fetch: {error}", file=sys.stderr)
        return 1
    print(f"{out_dir}: {report}; what failed is in {out_dir / 'manifest.jsonl'}", file=sys.stderr)
    return 1 if report.stopped else 0


if __name__ == "__main__":
    raise SystemExit(main())
