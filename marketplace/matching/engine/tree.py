"""A tree over points on the sphere: halves of equal number, split across the longest side (Bentley 1975).

The order of its leaves is a space-filling order: rows near in number are near in place. Node 1 is the root, ``2i`` and ``2i + 1``
are the halves of node ``i``; on ``levels`` levels below the root stand the leaves. Leaf ``j`` holds the rows
``j · n >> levels`` to ``(j + 1) · n >> levels``.
"""

# Numba infers the types of compiled functions.
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import numpy as np

from marketplace.matching.compiled import compiled

#: rows of a leaf, at most: few enough to prune well, enough to fill vector registers
LEAF = 32


def levels_for(count: int) -> int:
    """Levels below the root so that no leaf holds more than ``LEAF`` rows."""
    levels = 0
    while count > LEAF << levels:
        levels += 1
    return levels


@compiled
def order_by_place(points, levels):
    """Rows of ``points`` (3 × n) in the order of the leaves."""
    count = points.shape[1]
    order = np.arange(count)
    for level in range(levels):
        for node in range(1 << level):
            first = (node << (levels - level)) * count >> levels
            last = ((node + 1) << (levels - level)) * count >> levels
            middle = ((2 * node + 1) << (levels - level - 1)) * count >> levels
            widest, axis = -1.0, 0
            for candidate in range(3):
                low, high = np.inf, -np.inf
                for row in range(first, last):
                    value = points[candidate, order[row]]
                    low, high = min(low, value), max(high, value)
                if high - low > widest:
                    widest, axis = high - low, candidate
            _split(points[axis], order, first, last, middle)
    return order


@compiled
def _split(values, order, first, last, middle):
    """Bring the ``middle - first`` smallest of a stretch to its front (Hoare's selection; ties by row)."""
    low, high = first, last - 1
    while low < high:
        pivot_row = order[(low + high) >> 1]
        pivot = values[pivot_row]
        i, j = low, high
        while i <= j:
            while values[order[i]] < pivot or (values[order[i]] == pivot and order[i] < pivot_row):
                i += 1
            while values[order[j]] > pivot or (values[order[j]] == pivot and order[j] > pivot_row):
                j -= 1
            if i <= j:
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        if middle <= j:
            high = j
        elif middle >= i:
            low = i
        else:
            return


@compiled
def boxes(points, count, levels):
    """Least and greatest coordinates of each node: (2 << levels) × 6. ``points`` are in the order of the leaves."""
    leaves = 1 << levels
    box = np.empty((2 * leaves, 6))
    box[:, :3] = np.inf
    box[:, 3:] = -np.inf
    for leaf in range(leaves):
        for row in range(leaf * count >> levels, (leaf + 1) * count >> levels):
            for axis in range(3):
                value = points[axis, row]
                box[leaves + leaf, axis] = min(box[leaves + leaf, axis], value)
                box[leaves + leaf, 3 + axis] = max(box[leaves + leaf, 3 + axis], value)
    for node in range(leaves - 1, 0, -1):
        for axis in range(3):
            box[node, axis] = min(box[2 * node, axis], box[2 * node + 1, axis])
            box[node, 3 + axis] = max(box[2 * node, 3 + axis], box[2 * node + 1, 3 + axis])
    return box


@compiled
def least_of(values, count, levels):
    """The least value below each node."""
    leaves = 1 << levels
    least = np.full(2 * leaves, np.int64(1) << 61)
    for leaf in range(leaves):
        for row in range(leaf * count >> levels, (leaf + 1) * count >> levels):
            least[leaves + leaf] = min(least[leaves + leaf], values[row])
    for node in range(leaves - 1, 0, -1):
        least[node] = min(least[2 * node], least[2 * node + 1])
    return least


@compiled
def leaf_of(row, count, levels):
    """The leaf that holds a row: the last one that starts at or before it."""
    leaf = ((row + 1) << levels) // count if count else 0
    while leaf * count >> levels > row:
        leaf -= 1
    while leaf + 1 < 1 << levels and (leaf + 1) * count >> levels <= row:
        leaf += 1
    return leaf
