"""Who is in reach of a post, at what cost and price; and which posts of a person.

A leaf is first tested with vectors: the chord is never longer than the way, so a pair whose chord alone makes it too dear is
too dear. What remains is computed exactly.
"""

# Numba infers the types of compiled functions.
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from marketplace.matching.compiled import compiled
from marketplace.matching.pairs import EARTH_RADIUS_KM

from .ground import FAR
from .tree import leaf_of

DIAMETER = 2 * EARTH_RADIUS_KM
U = np.uint64
#: what rounding and whole divisions can hide, in minutes of a cost of one a minute
SLACK = 0.006


def _popcount(context, mask):

    def generate(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return types.int64(types.int64), generate


#: bits set
popcount: Any = intrinsic(_popcount)


@compiled
def hundredths_between(dx, dy, dz, access, detour, kmh):
    """Travel in hundredths of a minute, operation by operation as ``pairs.judge`` computes it."""
    half = min(np.sqrt(dx * dx + dy * dy + dz * dz) / 2, 1.0)
    q = half * half
    if q <= 0.0025:
        arc = half * _series(q)
    else:
        x = half
        for _ in range(5):
            x = x / np.sqrt(2 * (1 + np.sqrt(max(1 - x * x, 0.0))))
        arc = 32 * (x * _series(x * x))
    minutes = access + detour * (DIAMETER * arc) / kmh
    return np.int64(np.rint(minutes * 100))


@compiled
def _series(q):
    """arcsin(√q)/√q for small q: the first seven terms."""
    return 1 + q * (1 / 6 + q * (3 / 40 + q * (15 / 336 + q * (105 / 3456 + q * (945 / 42240 + q * (10395 / 599040))))))


@compiled
def pair_cost(g, v, p):
    """The exact cost of a pair of ground rows, or ``FAR`` where it may not be."""
    if g.explicit:
        for at in range(g.pair_start[v], g.pair_start[v + 1]):
            if g.pair_person[at] == p:
                return g.pair_cost[at]
        return np.int64(FAR)
    if g.posts_i[1, v] & ~g.people_i[1, p]:
        return np.int64(FAR)
    hundredths = hundredths_between(
        g.people_f[0, p] - g.posts_f[0, v],
        g.people_f[1, p] - g.posts_f[1, v],
        g.people_f[2, p] - g.posts_f[2, v],
        g.access,
        g.detour,
        g.kmh[v],
    )
    if hundredths > g.far[p] or is_excluded(g.excluded_start, g.excluded, v, p):
        return np.int64(FAR)
    cost = hundredths * g.cost_per_minute // 100 + g.specialty_cost * popcount(g.posts_i[0, v] & ~g.people_i[1, p])
    if g.posts_i[2, v] != 0 and g.posts_i[2, v] & g.people_i[2, p] == 0:
        cost += g.language_cost
    if g.current[v] == p:
        cost -= g.bonus
    return cost


@compiled
def is_excluded(start, excluded, v, p):
    if len(start) > 1:
        for at in range(start[v], start[v + 1]):
            if excluded[at] == p:
                return True
    return False


@compiled
def box_square(box, node, x, y, z):
    """Square of the distance from a point to the box of a node."""
    dx = max(box[node, 0] - x, x - box[node, 3], 0.0)
    dy = max(box[node, 1] - y, y - box[node, 4], 0.0)
    dz = max(box[node, 2] - z, z - box[node, 5], 0.0)
    return dx * dx + dy * dy + dz * dz


@compiled
def _people_in_question(
    f, i, first, last, x, y, z, below, wanted, required, languages, specialty_cost, language_cost, each, offset, chord
):
    """How many people of these rows could cost less than ``below``, price included."""
    count = 0
    for k in range(U(first), U(last)):
        left = below - i[U(0), k] - specialty_cost * popcount(wanted & ~i[U(1), k])
        left -= language_cost if (languages & i[U(2), k]) == 0 else 0
        reach = min(float(left) * each + offset, f[U(3), k]) * chord
        reach = -1.0 if (required & ~i[U(1), k]) != 0 else reach
        dx, dy, dz = f[U(0), k] - x, f[U(1), k] - y, f[U(2), k] - z
        count += 1 if (reach > 0.0) & (dx * dx + dy * dy + dz * dz < reach * reach) else 0
    return count


@compiled
def cheapest(g, v, size, values, costs, who, at, stack, squares):
    """The ``size`` people who cost least for post ``v``, price included, cheapest first.

    Written to ``values``, ``costs`` and ``who`` from ``at`` on (``size + 1`` entries must be there). Returns their number and a
    bound: nobody else costs less.
    """
    count = 0
    if g.explicit:
        for k in range(g.pair_start[v], g.pair_start[v + 1]):
            p = g.pair_person[k]
            value = g.pair_cost[k] + g.people_i[0, p]
            count = _keep(values, costs, who, at, count, size, value, g.pair_cost[k], p)
        return _cut(values, at, count, size)
    f, i, price = g.people_f, g.people_i, g.people_i[0]
    x, y, z, chord = g.posts_f[0, v], g.posts_f[1, v], g.posts_f[2, v], g.posts_f[3, v]
    wanted, required, languages = g.posts_i[0, v], g.posts_i[1, v], g.posts_i[2, v]
    language_cost = g.language_cost if languages != 0 else 0
    each = 1.0 / g.cost_per_minute if g.cost_per_minute else 1e30
    offset = each + SLACK - g.access
    current = g.current[v] if g.bonus else -1
    below = np.int64(FAR)
    if current >= 0:
        cost = pair_cost(g, v, current)
        if cost < FAR:
            count = _keep(values, costs, who, at, count, size, cost + price[current], cost, current)
    leaves = 1 << g.people_levels
    top = 0
    if g.people_count:
        stack[0], squares[0] = 1, 0.0
        top = 1
    tail = g.used[0] > g.people_count
    while top or tail:
        if top:
            top -= 1
            node = stack[top]
            reach = min(float(below - g.people_least[node]) * each + offset, g.radius) * chord
            if reach <= 0 or squares[top] >= reach * reach:
                continue
            if node < leaves:
                left, right = 2 * node, 2 * node + 1
                near, far = box_square(g.people_box, left, x, y, z), box_square(g.people_box, right, x, y, z)
                if near > far:
                    left, right, near, far = right, left, far, near
                stack[top], squares[top] = right, far
                stack[top + 1], squares[top + 1] = left, near
                top += 2
                continue
            first = (node - leaves) * g.people_count >> g.people_levels
            last = (node - leaves + 1) * g.people_count >> g.people_levels
        else:
            tail = False
            node = 0
            first, last = g.people_count, g.used[0]
        if not _people_in_question(
            f, i, first, last, x, y, z, below, wanted, required, languages,
            g.specialty_cost, language_cost, each, offset, chord,
        ):  # fmt: skip
            if node:
                raise_least(g.people_least, price, first, last, node)
            continue
        for p in range(first, last):
            reach = min(float(below - price[p]) * each + offset, f[3, p]) * chord
            dx, dy, dz = f[0, p] - x, f[1, p] - y, f[2, p] - z
            if reach <= 0 or dx * dx + dy * dy + dz * dz >= reach * reach or required & ~i[1, p] or p == current:
                continue
            missing = g.specialty_cost * popcount(wanted & ~i[1, p])
            if languages & i[2, p] == 0:
                missing += language_cost
            hundredths = hundredths_between(dx, dy, dz, g.access, g.detour, g.kmh[v])
            cost = hundredths * g.cost_per_minute // 100 + missing
            value = cost + price[p]
            if hundredths > g.far[p] or value >= below or is_excluded(g.excluded_start, g.excluded, v, p):
                continue
            count = _keep(values, costs, who, at, count, size, value, cost, p)
            if count > size:
                below = values[at + size]
    return _cut(values, at, count, size)


@compiled
def _keep(values, costs, who, at, count, size, value, cost, p):
    """Put an entry in its place among the ``size + 1`` cheapest."""
    if count > size:
        if value >= values[at + size]:
            return count
        count = size
    k = at + count
    while k > at and values[k - 1] > value:
        values[k], costs[k], who[k] = values[k - 1], costs[k - 1], who[k - 1]
        k -= 1
    values[k], costs[k], who[k] = value, cost, p
    return count + 1


@compiled
def _cut(values, at, count, size):
    if count > size:
        return size, values[at + size]
    return count, np.int64(FAR)


@compiled
def raise_least(least, price, first, last, node):
    """Prices only rise while posts are placed: tighten the bound of a leaf and of the nodes above it."""
    lowest = np.int64(FAR)
    for p in range(first, last):
        lowest = min(lowest, price[p])
    while node and least[node] < lowest:
        least[node] = lowest
        node >>= 1
        if node:
            lowest = min(least[2 * node], least[2 * node + 1])


@compiled
def lower_least(least, p, price, count, levels):
    """A price fell."""
    if p >= count:
        return
    node = (1 << levels) + leaf_of(p, count, levels)
    while node and least[node] > price:
        least[node] = price
        node >>= 1


@compiled
def all_between(g, v, low, below, values, costs, who, at, stack, squares):
    """Everybody who costs at least ``low`` and less than ``below`` for post ``v``, price included, in no order."""
    count = 0
    if g.explicit:
        for k in range(g.pair_start[v], g.pair_start[v + 1]):
            value = g.pair_cost[k] + g.people_i[0, g.pair_person[k]]
            if low <= value < below:
                values[at + count], costs[at + count], who[at + count] = value, g.pair_cost[k], g.pair_person[k]
                count += 1
        return count
    f, i, price = g.people_f, g.people_i, g.people_i[0]
    x, y, z, chord = g.posts_f[0, v], g.posts_f[1, v], g.posts_f[2, v], g.posts_f[3, v]
    wanted, required, languages = g.posts_i[0, v], g.posts_i[1, v], g.posts_i[2, v]
    language_cost = g.language_cost if languages != 0 else 0
    each = 1.0 / g.cost_per_minute if g.cost_per_minute else 1e30
    offset = each + SLACK - g.access
    current = g.current[v] if g.bonus else -1
    if current >= 0:
        cost = pair_cost(g, v, current)
        if cost < FAR and low <= cost + price[current] < below:
            values[at], costs[at], who[at] = cost + price[current], cost, current
            count = 1
    leaves = 1 << g.people_levels
    top = 0
    if g.people_count:
        stack[0] = 1
        top = 1
    tail = g.used[0] > g.people_count
    while top or tail:
        if top:
            top -= 1
            node = stack[top]
            reach = min(float(below - g.people_least[node]) * each + offset, g.radius) * chord
            if reach <= 0 or box_square(g.people_box, node, x, y, z) >= reach * reach:
                continue
            if node < leaves:
                stack[top], stack[top + 1] = 2 * node + 1, 2 * node
                top += 2
                continue
            first = (node - leaves) * g.people_count >> g.people_levels
            last = (node - leaves + 1) * g.people_count >> g.people_levels
        else:
            tail = False
            node = 0
            first, last = g.people_count, g.used[0]
        if not _people_in_question(
            f, i, first, last, x, y, z, below, wanted, required, languages,
            g.specialty_cost, language_cost, each, offset, chord,
        ):  # fmt: skip
            if node:
                raise_least(g.people_least, price, first, last, node)
            continue
        for p in range(first, last):
            reach = min(float(below - price[p]) * each + offset, f[3, p]) * chord
            dx, dy, dz = f[0, p] - x, f[1, p] - y, f[2, p] - z
            if reach <= 0 or dx * dx + dy * dy + dz * dz >= reach * reach or required & ~i[1, p] or p == current:
                continue
            missing = g.specialty_cost * popcount(wanted & ~i[1, p])
            if languages & i[2, p] == 0:
                missing += language_cost
            hundredths = hundredths_between(dx, dy, dz, g.access, g.detour, g.kmh[v])
            cost = hundredths * g.cost_per_minute // 100 + missing
            value = cost + price[p]
            if hundredths > g.far[p] or not low <= value < below or is_excluded(g.excluded_start, g.excluded, v, p):
                continue
            values[at + count], costs[at + count], who[at + count] = value, cost, p
            count += 1
    return count
