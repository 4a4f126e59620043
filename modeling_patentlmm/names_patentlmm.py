"""Which printed words name which reference character, told by the layout alone."""

import re
from collections.abc import Sequence
from itertools import product, takewhile

import numpy as np

from .numerals_patentlmm import Inventory, ReferenceCharacter, in_order, take_inventory

Box = tuple[int, int, int, int]

WORD_GAP = 1.0  # words of a line are no further apart than this many times the height of the lower one
LINE_PITCH = 2.0  # lines of a name are no further apart, middle to middle, than this many times the lower height
HEIGHT_RATIO = 1.7  # words of a name differ in height by no more
REACH = 6.0  # a name is no further from its character than this many times the character's height
_HEAD = re.compile(r"(?i)f[i1l!|]g(?:s|ures?)?\b.*")


def find_printed_names(
    words: Sequence[str], boxes: Sequence[Box], size: tuple[int, int]
) -> list[tuple[ReferenceCharacter, list[int]]]:
    """The reference characters of a figure in the order of a list of parts, each with the words that name it.

    A name is a block of words near the character: words close together on a line, lines close together, of like
    height. A block names one character at most; of all ways to pair them that with the least sum of distances holds.
    Words in exactly the character's own box, as a caller's list of parts puts them, are its name before all others.

    Args:
        words, boxes: of an upright figure in reading order, boxes x0, y0, x1, y1 in 0..1000.
        size: width and height of the figure, in any unit.

    Returns:
        Pairs of a character and the indices of its words, which may be none.
    """
    inventory = take_inventory(words, boxes)
    characters = in_order(inventory.characters)
    taken = _not_names(words, boxes, inventory)
    names = {one.text: _listed_name(one, words, boxes, taken) for one in characters}
    taken = taken.union(*names.values())
    blocks = _blocks([i for i in range(len(words)) if i not in taken], boxes, size)
    unnamed = [one for one in inventory.characters if not names[one.text] and any(one.box)]
    for row, block in _nearest_pairs(_distances(unnamed, blocks, boxes, size)):
        names[unnamed[row].text] = names[unnamed[row].text] or blocks[block]
    return [(one, names[one.text]) for one in characters]


def order_by_character(
    words: Sequence[str], boxes: Sequence[Box], size: tuple[int, int]
) -> tuple[list[str], list[Box], int]:
    """The words of a figure with each reference character behind the words that name it, in the order of a parts list.

    What names no character comes first, in reading order. A character is written as it is understood ("1O2" as 102).

    Returns:
        Words, boxes, and how many of the last words belong to the list.
    """
    named = find_printed_names(words, boxes, size)
    moved = {index for _, name in named for index in name}
    first = {(one.raw, tuple(one.box)) for one, _ in named}
    kept = [i for i in range(len(words)) if i not in moved and (words[i], tuple(boxes[i])) not in first]
    out = [(words[i], boxes[i]) for i in kept]
    for one, name in named:
        out += [(words[i], boxes[i]) for i in name] + [(one.text, one.box)]
    return [word for word, _ in out], [box for _, box in out], len(out) - len(kept)


def _not_names(words: Sequence[str], boxes: Sequence[Box], inventory: Inventory) -> set[int]:
    """Indices of the characters, of the figure label, and of words without two letters."""
    read = {(one.raw, tuple(one.box)) for one in inventory.characters}
    out = {i for i, word in enumerate(words) if (word, tuple(boxes[i])) in read or not re.search(r"[^\W\d_]{2}", word)}
    for i, word in enumerate(words):
        if _HEAD.fullmatch(word):
            out |= {i, i + 1}
    return out


def _listed_name(
    character: ReferenceCharacter, words: Sequence[str], boxes: Sequence[Box], taken: set[int]
) -> list[int]:
    """Words directly behind the character in exactly its box, as `add_parts_list` puts them."""
    at = next(i for i, word in enumerate(words) if word == character.raw and tuple(boxes[i]) == tuple(character.box))
    behind = range(at + 1, len(words))
    return list(takewhile(lambda i: i not in taken and tuple(boxes[i]) == tuple(character.box), behind))


def _scaled(boxes: Sequence[Box], size: tuple[int, int]) -> np.ndarray:
    return np.asarray(boxes, dtype=np.float64).reshape(-1, 4) * (size[0], size[1], size[0], size[1])


def _blocks(indices: list[int], boxes: Sequence[Box], size: tuple[int, int]) -> list[list[int]]:
    """The words at `indices` in blocks, each in reading order."""
    if not indices:
        return []
    joined = _joined(_scaled([boxes[i] for i in indices], size))
    owner = list(range(len(indices)))
    for a, b in np.argwhere(joined):
        low, high = sorted((owner[a], owner[b]))
        owner = [low if group == high else group for group in owner]
    return [[indices[i] for i, group in enumerate(owner) if group == one] for one in dict.fromkeys(owner)]


def _joined(boxes: np.ndarray) -> np.ndarray:
    """Whether two words belong to one block; boxes (N, 4) in one unit -> (N, N) bool."""
    x0, y0, x1, y1 = boxes.T
    height = np.maximum(y1 - y0, 1e-6)
    low, high = np.minimum(height[:, None], height), np.maximum(height[:, None], height)
    across = np.maximum(x0[:, None], x0) - np.minimum(x1[:, None], x1)
    level = np.minimum(y1[:, None], y1) - np.maximum(y0[:, None], y0) > 0.5 * low
    middle = (y0 + y1) / 2
    stacked = (np.abs(middle[:, None] - middle) < LINE_PITCH * low) & (across < 0)
    return (high < HEIGHT_RATIO * low) & (level & (across < WORD_GAP * low) | stacked)


def _distances(characters: Sequence[ReferenceCharacter], blocks: list[list[int]], boxes: Sequence[Box], size):
    """How far each block lies from each character, in heights of the character: (characters, blocks)."""
    spots, places = _scaled([one.box for one in characters], size), _scaled(boxes, size)
    distances = np.zeros((len(characters), len(blocks)))
    for one, block in product(range(len(characters)), range(len(blocks))):
        spot, words = spots[one], places[blocks[block]]
        across = np.maximum(0, np.maximum(words[:, 0] - spot[2], spot[0] - words[:, 2]))
        down = np.maximum(0, np.maximum(words[:, 1] - spot[3], spot[1] - words[:, 3]))
        distances[one, block] = np.hypot(across, down).min() / max(spot[3] - spot[1], 1e-6)
    return distances


def _nearest_pairs(distances: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of rows and columns, each in one pair at most, with the least sum of distances; leaving a row alone costs
    `REACH`.

    The Hungarian algorithm with potentials (Kuhn 1955, Munkres 1957); each row has a column of its own to be alone in.
    """
    rows, columns = distances.shape
    costs = np.full((rows, columns + rows), np.inf)
    costs[:, :columns] = np.where(distances < REACH, distances, np.inf)
    costs[np.arange(rows), columns + np.arange(rows)] = REACH
    of_column = np.full(columns + rows, -1)
    high, low = np.zeros(rows), np.zeros(columns + rows)
    for row in range(rows):
        _place(row, costs, of_column, high, low)
    return [(int(of_column[column]), column) for column in range(columns) if of_column[column] >= 0]


def _place(row: int, costs: np.ndarray, of_column: np.ndarray, high: np.ndarray, low: np.ndarray) -> None:
    """Gives a row a column along the shortest augmenting path; changes `of_column` and the potentials."""
    width = costs.shape[1]
    shortest, reached_from, done = np.full(width, np.inf), np.full(width, -1), np.zeros(width, bool)
    at, here = row, -1
    while True:
        reduced = costs[at] - high[at] - low
        base = 0.0 if here < 0 else shortest[here]
        better = ~done & (base + reduced < shortest)
        shortest[better], reached_from[better] = base + reduced[better], here
        here = int(np.where(done, np.inf, shortest).argmin())
        done[here] = True
        if of_column[here] < 0:
            break
        at = of_column[here]
    end = shortest[here]
    high[row] += end
    for column in np.flatnonzero(done):
        if of_column[column] >= 0 and column != here:
            high[of_column[column]] += end - shortest[column]
        low[column] -= end - shortest[column]
    while here >= 0:
        before = reached_from[here]
        of_column[here] = row if before < 0 else of_column[before]
        here = before


__all__ = ["find_printed_names", "order_by_character"]
