"""Cuts through the map: parts that share nobody, and between them the posts near a cut."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from marketplace.matching.problem import Ints

Array = np.ndarray[Any, Any]
#: cuts inside cuts: enough parts to keep two threads at work until the end, and few posts near a cut
DEPTH = 4
#: posts that a side has at least; fewer are placed sooner than cut off
SMALLEST = 1000
#: posts by which a cut is chosen
SAMPLE = 8000
#: what a cut leaves on either hand, as a share of posts, and the most that may be near to it
SIDE = 0.4
ROOT = 1
_NONE = np.empty(0, dtype=np.int64)
#: of the normals of cuts: along edges, faces and diagonals of a cube, each once
DIRECTIONS = [
    np.array(vector) / np.linalg.norm(vector) for vector in product((-1, 0, 1), repeat=3) if vector > (0, 0, 0)
]


class Parts(NamedTuple):
    """Parts of the map as nodes of a binary tree with root 1.

    A post whose circle lies on one side of the cut of node n is in node 2n or 2n + 1, or below; one whose circle the cut
    touches is in n. Nodes of which neither is above the other share nobody.
    """

    #: of each post
    node: Ints
    #: nodes without a cut, ascending
    leaves: Ints

    def first_leaf(self) -> Ints:
        """For each post, which of the leaves is the first below its node: no two nodes that share nobody have the same."""
        found = np.zeros(2 * int(self.leaves.max()), dtype=np.int64)
        for index, leaf in enumerate(self.leaves.tolist()):
            node = leaf
            found[node] = index
            while node > ROOT and node % 2 == 0:
                node //= 2
                found[node] = index
        return found[self.node]


def uncut(posts: int) -> Parts:
    return Parts(np.full(posts, ROOT, dtype=np.int64), np.array([ROOT]))


def cut_map(places: Array, reach: Array) -> Parts:
    """The parts of posts at ``places`` (3 × posts, on the unit sphere) that look as far as ``reach`` (a chord each)."""
    node = np.full(len(reach), ROOT, dtype=np.int64)
    leaves = sorted(_cut(node, ROOT, np.arange(len(reach)), places, reach))
    return Parts(node, np.array(leaves))


def _cut(node: Ints, here: int, rows: Ints, places: Array, reach: Array) -> Iterator[int]:
    node[rows] = here
    sides = _sides(places[:, rows], reach[rows]) if here >> DEPTH == 0 else _NONE
    if not len(sides):
        yield here
        return
    for side in (0, 1):
        yield from _cut(node, 2 * here + side, rows[sides == side], places, reach)


def _sides(places: Array, reach: Array) -> Ints:
    """The side of each post (2: too near to the cut) of the straight cut that is near to the fewest posts, among those that
    leave ``SIDE`` of them on either hand; empty where there is none worth it."""
    some, far = places[:, :: max(1, len(reach) // SAMPLE)], reach[:: max(1, len(reach) // SAMPLE)]
    fewest, found = SIDE * len(far), None
    for direction in DIRECTIONS:
        along = direction @ some
        low, high = np.sort(along + far), np.sort(along - far)
        for where in np.quantile(along, np.linspace(SIDE, 1 - SIDE, 41)):
            near = int(np.searchsorted(high, where, side="right")) - int(np.searchsorted(low, where))
            if near < fewest:
                fewest, found = near, (direction, where)
    if found is None:
        return _NONE
    along = found[0] @ places
    sides = np.where(along + reach < found[1], 0, np.where(along - reach > found[1], 1, 2))
    return sides if min((sides == 0).sum(), (sides == 1).sum()) >= SMALLEST else _NONE
