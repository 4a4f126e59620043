"""The table of what is claimed of speed and memory, from the results in benchmarks/results into README.md.

    python -m benchmarks.speed_table [--results FOLDER] [--readme FILE]

A result may have a field `claims`: [{"claim": str, "measured": float, "goal": float, "at_most": bool, "reason": str or
null}]. A claim that is not met stays in the table, with its reason. Results without claims are passed over.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable
from pathlib import Path

BEGIN, END = "<!-- speed -->", "<!-- /speed -->"
FIELDS = {"claim": str, "measured": (int, float), "goal": (int, float), "at_most": bool, "reason": (str, type(None))}
ROOT = Path(__file__).resolve().parent.parent


def read_results(folder: Path) -> list[dict]:
    """The results in a folder that claim something, by name of their file.

    Raises:
        SystemExit: a file is no JSON, or a claim in it is not what it should be.
    """
    results = []
    for path in sorted(folder.glob("*.json")):
        try:
            result = json.loads(path.read_text())
        except ValueError as error:
            raise SystemExit(f"{path}: is no JSON ({error}); run python -m benchmarks.{path.stem} again") from None
        if isinstance(result, dict) and "claims" in result:
            check_claims(path, result["claims"])
            results.append(result)
    return results


def check_claims(path: Path, claims: list[dict]) -> None:
    for claim in claims:
        wrong = [name for name, kind in FIELDS.items() if not isinstance(claim.get(name, ...), kind)]
        if wrong:
            raise SystemExit(
                f"{path}: a claim's {', '.join(wrong)} is missing or of the wrong type; mend {path.stem}.py"
            )
        if not is_met(claim) and not claim["reason"]:
            print(f"{path}: not met, and no reason given: {claim['claim']}")


def is_met(claim: dict) -> bool:
    return claim["measured"] <= claim["goal"] if claim["at_most"] else claim["measured"] >= claim["goal"]


def row(claim: dict) -> str:
    """One line of the table."""
    bound = "at most" if claim["at_most"] else "at least"
    outcome = "yes" if is_met(claim) else f"no: {claim['reason'] or 'reason not known'}"
    cells = (claim["claim"], f"{claim['measured']:.3g}", f"{bound} {claim['goal']:g}", outcome)
    return "| " + " | ".join(re.sub(r"\s+", " ", cell).replace("|", "\\|") for cell in cells) + " |"


def machine(result: dict) -> str:
    """What a result was measured on."""
    versions = " ".join(f"{name} {result['versions'][name]}" for name in ("torch", "transformers"))
    return f"{result['device']}, threads {result['threads']}, {versions}"


def make_table(results: Iterable[dict]) -> str:
    """The claims of all results, and below them the machines."""
    results = list(results)
    rows = [row(claim) for result in results for claim in result["claims"]]
    machines = "; ".join(dict.fromkeys(map(machine, results)))
    head = ["| claim | measured | goal | met |", "|---|---|---|---|"]
    return "\n".join([*head, *rows, "", f"Measured by `make bench` on: {machines}."])


def insert(text: str, table: str) -> str:
    """The text with the table between its markers.

    Raises:
        ValueError: the markers are not there once each, in order.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"needs one {BEGIN} and behind it one {END}; put them where the table belongs")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{table}\n{END}{rest.split(END)[1]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results")
    parser.add_argument("--readme", type=Path, default=ROOT / "README.md")
    args = parser.parse_args()
    results = read_results(args.results)
    if not results:
        raise SystemExit(f"{args.results}: holds no result with claims; run make bench first")
    try:
        text = insert(args.readme.read_text(), make_table(results))
    except ValueError as error:
        raise SystemExit(f"{args.readme}: {error}") from None
    args.readme.write_text(text)
    claims = [claim for result in results for claim in result["claims"]]
    print(f"{args.readme}: {len(claims)} claims, {sum(map(is_met, claims))} met")


if __name__ == "__main__":
    main()
