"""How fast the Red Book reader is beside a bare parse, and whether its memory grows with the file.

    python -m benchmarks.redbook --data FOLDER [--repeats N]

Reads every XML file under FOLDER/raw/redbook with all that is in it, and beside it, by turns on the same bytes, cuts
the same documents out and has lxml parse each, with nothing done to the tree. Times are of the processor, as both ways
use one; the ratio is the median over the repeats. Then reads a weekly file once, 10 times and 50 times as long, each in
a process of its own, and tells what its peak memory is above that of the imports. Prints one JSON line. Linux only.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from lxml import etree

from benchmarks.conversion import status
from benchmarks.runs import parse_with_data
from dataset_builder.redbook import read_redbook
from dataset_builder.redbook.documents import split_documents
from dataset_builder.rejects import Rejects

WEEK = "weekly/ipg130416.small.xml"
LENGTHS = (1, 10, 50)


def parse_bare(path: Path) -> int:
    """Parse each document of a file; returns how many there are."""
    parser = etree.XMLParser(resolve_entities=False)  # as named entities are not declared, the default gives up on 2.5
    with open(path, "rb") as file:
        return sum(etree.fromstring(document.data, parser) is not None for document in split_documents(file))


def read(path: Path) -> int:
    """Read each patent of a file with all that is in it; returns how many there are."""
    return sum(1 for _ in read_redbook(path, Rejects()))


def timed(function: Callable[[Path], int], paths: list[Path]) -> tuple[float, int]:
    start = time.process_time()
    count = sum(map(function, paths))
    return time.process_time() - start, count


def compare(paths: list[Path], repeats: int) -> dict:
    """Both ways by turns, after one round to warm up."""
    timed(parse_bare, paths), timed(read, paths)
    bare, ours = zip(*((timed(parse_bare, paths), timed(read, paths)) for _ in range(repeats)))
    seconds = statistics.median(time for time, _ in ours)
    return {
        "patents": ours[0][1],
        "documents": bare[0][1],
        "megabytes": round(sum(path.stat().st_size for path in paths) / 1e6, 1),
        "patents_per_second": round(ours[0][1] / seconds),
        "bare_documents_per_second": round(bare[0][1] / statistics.median(time for time, _ in bare)),
        "ratio": round(statistics.median(our / their for (our, _), (their, _) in zip(ours, bare)), 2),
        "ratio_lowest": round(min(our / their for (our, _), (their, _) in zip(ours, bare)), 2),
        "repeats": repeats,
    }


def peak_above_imports(function: Callable[[Path], int], path: Path) -> int:
    """Bytes; to be called in a fresh process."""
    before = status("VmRSS")
    function(path)
    return status("VmHWM") - before


def memory(week: Path) -> dict:
    """Peak memory in MB of both ways by the length of the file, each in a process of its own."""
    found: dict[str, dict[str, float]] = {"reader_mb": {}, "bare_mb": {}}
    with tempfile.TemporaryDirectory() as folder:
        for times in LENGTHS:
            path = Path(folder) / f"{times}.xml"
            path.write_bytes(week.read_bytes() * times)
            for way, name in (("read", "reader_mb"), ("bare", "bare_mb")):
                command = [sys.executable, "-m", "benchmarks.redbook", "--peak", way, str(path)]
                peak = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
                found[name][f"x{times}"] = round(int(peak) / 1e6, 1)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.redbook", description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--peak", nargs=2, metavar=("WAY", "FILE"), help=argparse.SUPPRESS)
    if "--peak" in sys.argv:
        way, path = parser.parse_args().peak
        print(peak_above_imports({"read": read, "bare": parse_bare}[way], Path(path)))
        return
    arguments = parse_with_data(parser)
    folder = arguments.data / "raw" / "redbook"
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".xml")
    result = {"benchmark": "redbook"} | compare(paths, arguments.repeats) | memory(folder / WEEK)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
