"""Which figure each mark of a sheet belongs to: the labels are the seeds, the white gaps the borders.

A figure grows from its label over the smallest gaps first, and never joins one that has a label already (a minimum
spanning forest). Where a label stands is not known: above, below or beside its drawing, often nearer to another.
So every way of tying labels to drawings is weighed, and the one taken whose figures overlap least, whose labels stand
alike, and which cuts through the widest gaps.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np

from dataset_builder.sheets.ink import SPECK, Marks, Sets, group_marks

CLOSE = 5  # cells; marks no farther apart than this are never parted
REMOTE = 0.045  # of the sheet's side: parts that far from each other may be two figures
LEAST_PART = 0.15  # of a figure's area, in each of its parts
MOST_BRIDGES = 6  # of a figure, the widest, where it may fall apart
MOST_GROUPS = 4000  # of marks, to be weighed apart
MOST_LABELS = 20  # on a sheet whose ties are mended one by one; real sheets have up to a dozen
SIDES = ("above", "below", "left", "right")  # where the drawing is, seen from its label
SIDE_COSTS = {"above": 0.0, "below": 0.02, "left": 0.04, "right": 0.04}
UNLIKE = 0.06  # for each label that stands otherwise than most on the sheet
OVERLAP = 1.0  # for figures that lie wholly in one another
EMPTY = 1.0  # for a label that keeps no drawing


@dataclass(frozen=True)
class Tie:
    """A label tied to a drawing: the group of marks nearest to it on one side, and how far that is in cells."""

    side: str
    group: int
    gap: float


def assign_marks(marks: Marks, whole_page: bool) -> np.ndarray:
    """For each of the marks (N,) its figure: the number of its label, or a number after those for one without.

    On a sheet without labels figure 0 has none. Figures whose label was not read are looked for on a `whole_page`
    only: in a picture cut to its ink the parts of a small figure lie as far apart.
    """
    if len(marks) < 2:
        return np.zeros(len(marks), int)
    forest = _Forest(marks)
    ties = _best_ties(forest) if marks.labels > 1 else [min(ties, key=lambda tie: tie.gap) for ties in forest.ties]
    owners = forest.owners(ties) if ties else np.zeros(forest.count, int)
    if whole_page:
        owners = _part_remote(forest, owners, [tie.group for tie in ties])
    return owners[forest.groups]


class _Forest:
    """The marks of a sheet in groups never parted, and how they fall apart into figures; a label is a group."""

    def __init__(self, marks: Marks):
        labels = self.labels = marks.labels
        self.side = max(marks.nearest.shape)
        between = (marks.gaps[:, :2] >= labels).all(axis=1)
        gaps = marks.gaps[between]
        self.groups = _close_groups(len(marks), gaps)
        self.count = int(self.groups.max()) + 1
        self.corners = _corners(marks, self.groups, self.count)
        dots = np.array([len(hull) == 0 or np.ptp(hull, axis=0).max() < SPECK for hull in self.corners])
        self.bridges = self._tree(gaps)
        self.to_labels = [(int(self.groups[int(a)]), int(self.groups[int(b)])) for a, b, _ in marks.gaps[~between]]
        self.ties = [_ties(marks, self.groups, ~dots[self.groups], label) for label in range(labels)]

    def _tree(self, gaps: np.ndarray) -> list[tuple[int, int, float]]:
        """The gaps of the minimum spanning tree between groups, ascending."""
        sets, tree = Sets(self.count), []
        for a, b, gap in gaps.tolist():
            a, b = int(self.groups[int(a)]), int(self.groups[int(b)])
            if sets.join(a, b):
                tree.append((a, b, gap))
        return tree

    def owners(self, ties: list[Tie]) -> np.ndarray:
        """The label of each group, when the labels are tied like that."""
        return self._grown(ties)[0]

    def _grown(self, ties: list[Tie]) -> tuple[np.ndarray, float]:
        """The label of each group, and the width of the gaps that part the figures, in shares of the sheet's side."""
        sets = Sets(self.count)
        label = np.full(self.count, -1)
        label[: self.labels] = range(self.labels)
        bound = [(i, tie.group, 0.0) for i, tie in enumerate(ties)]
        cut = 0.0
        for a, b, gap in [*bound, *self.bridges]:
            a, b = sets.root(a), sets.root(b)
            if a == b:
                continue
            if label[a] >= 0 and label[b] >= 0:
                cut += min(gap, 0.1 * self.side)
                continue
            owner = max(label[a], label[b])
            sets.join(a, b)
            label[sets.root(a)] = owner
        for a, b in self.to_labels:  # what is shut in by a label
            a, b = sets.root(a), sets.root(b)
            if min(label[a], label[b]) < 0:
                owner = max(label[a], label[b])
                sets.join(a, b)
                label[sets.root(a)] = owner
        return label[[sets.root(i) for i in range(self.count)]], cut / self.side

    def cost(self, ties: list[Tie]) -> float:
        """How unlikely the figures are that these ties give."""
        owners, cut = self._grown(ties)
        hulls = [self.hull(np.flatnonzero(owners == label)) for label in range(self.labels)]
        drawn = owners[self.labels :]
        empty = sum(
            _area(self.hull(np.flatnonzero(drawn == label) + self.labels)) < _area(self.corners[label])
            for label in range(self.labels)
        )
        sides = [tie.side for tie in ties]
        usual = max(SIDES, key=sides.count)
        stand = sum(SIDE_COSTS[side] + UNLIKE * (side != usual) for side in sides)
        distance = sum(min(tie.gap / self.side, 0.2) for tie in ties)
        return EMPTY * empty + OVERLAP * _overlap(hulls) + stand + distance - cut

    def hull(self, members: np.ndarray) -> np.ndarray:
        """The convex outline of some groups, an array of corners (N, 1, 2)."""
        corners = [self.corners[i] for i in members if len(self.corners[i])]
        return cv2.convexHull(np.concatenate(corners)) if corners else np.zeros((0, 1, 2), np.float32)


def _part_remote(forest: _Forest, owners: np.ndarray, homes: list[int]) -> np.ndarray:
    """The owners with those parts made figures of their own that lie far from the part a label is tied to.

    `homes` are the groups that the labels are tied to. Such a part is a figure whose label was not read.
    """
    owners = owners.copy()
    for figure in range(owners.max(initial=0) + 1):
        home = homes[figure] if figure < len(homes) else int(np.flatnonzero(owners == figure)[0])
        remote = _remote_part(forest, np.flatnonzero(owners == figure), home)
        if len(remote):
            owners[remote] = owners.max() + 1
    return owners


def _remote_part(forest: _Forest, members: np.ndarray, home: int) -> np.ndarray:
    """The groups of a figure beyond its one gap that is wide and has much on both sides; none if there is no such."""
    own = set(members.tolist())
    inside = [bridge for bridge in forest.bridges if bridge[0] in own and bridge[1] in own]
    whole = _area(forest.hull(members))
    parted = []
    for bridge in inside[: -MOST_BRIDGES - 1 : -1]:
        near = _reached(home, [other for other in inside if other is not bridge])
        far = np.array([group for group in members if group not in near and group >= forest.labels], int)
        here = np.array([group for group in members if group in near], int)
        if min(_area(forest.hull(far)), _area(forest.hull(here))) >= LEAST_PART * whole > 0:
            parted.append((bridge[2], far))
    if not parted or parted[0][0] < REMOTE * forest.side or any(2 * gap > parted[0][0] for gap, _ in parted[1:]):
        return np.zeros(0, int)
    return parted[0][1]


def _reached(start: int, bridges: list[tuple[int, int, float]]) -> set[int]:
    """The groups that bridges lead to from one."""
    beside: dict[int, list[int]] = {}
    for a, b, _ in bridges:
        beside.setdefault(a, []).append(b)
        beside.setdefault(b, []).append(a)
    reached, waiting = {start}, [start]
    while waiting:
        fresh = [group for group in beside.get(waiting.pop(), ()) if group not in reached]
        reached.update(fresh)
        waiting += fresh
    return reached


def _close_groups(count: int, gaps: np.ndarray) -> np.ndarray:
    """The group of each of `count` marks, from 0 in the order of their first marks; at most `MOST_GROUPS` if it can be.

    A sheet strewn with dots has its groups drawn wider until they are few enough.
    """
    close = CLOSE
    while True:
        names, groups = np.unique(group_marks(count, gaps[gaps[:, 2] <= close]), return_inverse=True)
        if len(names) <= MOST_GROUPS or close > gaps[-1:, 2].max(initial=0):
            return groups
        close *= 2


def _best_ties(forest: _Forest) -> list[Tie]:
    """The ties of least cost: first all labels alike or each to what is nearest, then one after the other mended."""
    nearest = [min(ties, key=lambda tie: tie.gap) for ties in forest.ties]
    starts = [nearest]
    for side in SIDES:
        alike = [[tie for tie in ties if tie.side == side] for ties in forest.ties]
        starts.append([one[0] if one else near for one, near in zip(alike, nearest)])
    best = min(starts, key=forest.cost)
    cost = forest.cost(best)
    while forest.labels <= MOST_LABELS:
        changed = [
            [*best[:i], tie, *best[i + 1 :]] for i, ties in enumerate(forest.ties) for tie in ties if tie != best[i]
        ]
        other = min(changed, key=forest.cost, default=best)
        if forest.cost(other) >= cost:
            return best
        best, cost = other, forest.cost(other)
    return best


def _ties(marks: Marks, groups: np.ndarray, large: np.ndarray, label: int) -> list[Tie]:
    """What a label may be tied to: the nearest group of `large` marks on each side; itself where there is none."""
    x0, y0, x1, y1 = marks.boxes[label]
    height = min(x1 - x0, y1 - y0)
    columns, rows = slice(max(x0 - height, 0), x1 + height), slice(max(y0 - height, 0), y1 + height)
    windows = {
        "above": (slice(0, y0), columns),
        "below": (slice(y1, None), columns),
        "left": (rows, slice(0, x0)),
        "right": (rows, slice(x1, None)),
    }
    drawn = large.copy()
    drawn[: marks.labels] = False
    found = [_nearest_in(marks, drawn, label, *window) for window in windows.values()]
    ties = [Tie(side, int(groups[mark]), gap) for side, (mark, gap) in zip(windows, found) if mark >= 0]
    return ties or [Tie("above", int(groups[label]), 0.0)]


def _nearest_in(marks: Marks, drawn: np.ndarray, label: int, rows: slice, columns: slice) -> tuple[int, float]:
    """The drawn mark nearest to a label in a window beside it, and its distance; -1 where there is none."""
    nearest = marks.nearest[rows, columns]
    y, x = np.nonzero(marks.inked[rows, columns] & drawn[nearest])
    if not len(y):
        return -1, 0.0
    x0, y0, x1, y1 = marks.boxes[label] - np.array([columns.start, rows.start] * 2)
    across, down = np.maximum(x0 - x, x - x1 + 1).clip(0), np.maximum(y0 - y, y - y1 + 1).clip(0)
    distance = np.hypot(across, down)
    closest = int(distance.argmin())
    return int(nearest[y[closest], x[closest]]), float(distance[closest])


def _corners(marks: Marks, groups: np.ndarray, count: int) -> list[np.ndarray]:
    """The convex outline of each group, an array of corners (N, 1, 2) in cells."""
    rows, columns = np.nonzero(marks.inked)
    owners = groups[marks.nearest[rows, columns]]
    order = np.argsort(owners, kind="stable")
    points = np.stack([columns, rows], axis=1).astype(np.float32)[order]
    ends = np.searchsorted(owners[order], np.arange(1, count))
    return [cv2.convexHull(part) if len(part) else part[:, None] for part in np.split(points, ends)]


def _area(hull: np.ndarray) -> float:
    return cv2.contourArea(hull) if len(hull) > 2 else 0.0


def _overlap(hulls: list[np.ndarray]) -> float:
    """The area that each two outlines share, as a share of the smaller one, summed over all pairs."""
    total = 0.0
    for one, other in combinations([hull for hull in hulls if _area(hull)], 2):
        total += cv2.intersectConvexConvex(one, other)[0] / min(_area(one), _area(other))
    return total
