"""How surely copies of drawings are told from other drawings by their fingerprints.

    python -m benchmarks.near_duplicates --data FOLDER

FOLDER (or the variable PATENTLMM_DATA) holds figures.jsonl, whose `dup_group` names near-identical images. It misses
copies that were drawn or scanned again, or lost the header of their sheet: `near_duplicates_by_eye.jsonl` says of all
pairs of two groups within 64 bits whether they show one drawing, apart from its numbers. Prints one line of JSON: at
several distances, that of `dataset_builder/image_likeness.py` among them, precision and recall by the groups, and
precision by the groups and the eye.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from tqdm import tqdm

from dataset_builder.likeness.hamming import find_near
from dataset_builder.likeness.images import MAX_DISTANCE, fingerprint
from modeling_patentlmm.image_processing_patentlmm import open_figure
from train.texts import read_jsonl

from .runs import parse_with_data, rounded

BY_EYE = Path(__file__).with_name("near_duplicates_by_eye.jsonl")
DISTANCES = (24, 32, 40, 48, MAX_DISTANCE, 64)


def near_pairs(names: list[str], fingerprints: np.ndarray) -> dict[frozenset[str], int]:
    """The distance of each pair of images within the farthest of `DISTANCES`."""
    near = find_near(fingerprints, fingerprints, max(DISTANCES), keep=len(names))
    return {frozenset((names[i], names[j])): distance for i, j, distance in near.nearest if i < j}


def score(pairs: dict[frozenset[str], int], groups: dict[str, str], same: set[frozenset[str]], limit: int) -> dict:
    """Precision by the groups, precision by the groups and the eye, recall by the groups."""
    found = [pair for pair, distance in pairs.items() if distance <= limit]
    grouped = [pair for pair in found if len({groups[name] for name in pair}) == 1]
    seen = [pair for pair in found if pair in same]
    sizes = np.unique(list(groups.values()), return_counts=True)[1]
    return {
        "pairs": len(found),
        "precision": len(grouped) / len(found),
        "precision_by_eye": (len(grouped) + len(seen)) / len(found),
        "recall": len(grouped) / int((sizes * (sizes - 1) // 2).sum()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args = parse_with_data(parser)

    groups = {row["image"]: row["dup_group"] for row in read_jsonl(args.data / "figures.jsonl")}
    prints = {name: fingerprint(open_figure(args.data / name)[0]) for name in tqdm(groups, unit="image")}
    pairs = near_pairs(list(prints), np.stack(list(prints.values())))
    same = {frozenset(row["images"]) for row in read_jsonl(BY_EYE) if row["same"]}
    scores = {str(limit): score(pairs, groups, same, limit) for limit in DISTANCES}
    print(json.dumps({"benchmark": "near_duplicates", "images": len(groups), "by_distance": rounded(scores)}))


if __name__ == "__main__":
    main()
