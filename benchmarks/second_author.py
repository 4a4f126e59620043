"""What a second author who knows everything about a drawn figure scores, for setting goals by.

    python -m benchmarks.second_author --count 500

Prints one line of JSON with the measures of `benchmarks.drawn_figures` on the same figures. The texts are not written
by a model: they are a second description of what was drawn, by the rules that made the first one, with other choices
among their phrases and the same word for the kind of view. No describer can be expected to come nearer to the first
text. What it says "invents" are designators such as R1, which are drawn but are no reference characters.
"""

from __future__ import annotations

import argparse
import json
from random import Random

from tqdm import tqdm

from dataset_builder.figure import Figure
from dataset_builder.synthetic import redescribe

from .drawn_figures import FIRST_SEED, figures, summarise


def text_of(figure: Figure, brief: str, detailed: str) -> dict:
    """A description as `summarise` takes it: all that is drawn was read."""
    numerals = [{"text": numeral["text"]} for numeral in figure.numerals]
    return {"brief": brief, "detailed": detailed, "label": figure.figure, "numerals": numerals}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500)
    args = parser.parse_args()
    drawn = list(tqdm(figures(args.count), total=args.count, desc="drawing"))
    texts = {
        key: text_of(figure, *redescribe(seed, split, Random(f"second author {key}")))
        for seed, (key, split, figure) in enumerate(tqdm(drawn, desc="describing"), FIRST_SEED)
    }
    print(json.dumps({"benchmark": "second_author", "figures": args.count, **summarise(drawn, texts)}))


if __name__ == "__main__":
    main()
