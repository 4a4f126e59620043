"""`python -m dataset_builder.leakage FOLDER --out report.json`: what the splits of a dataset share."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dataset_builder.leakage import audit, audit_splits, write_report
from dataset_builder.rejects import Rejects


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m dataset_builder.leakage",
        description=audit.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", type=Path, metavar="FOLDER")
    parser.add_argument("--out", type=Path, required=True, help="the report, a .json file")
    parser.add_argument("--workers", type=int, default=1, help="processes that open the images (default 1)")
    options = parser.parse_args(arguments)
    try:
        report = audit_splits(options.source, Rejects(options.out.with_suffix(".rejects.jsonl")), options.workers)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    write_report(report, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
