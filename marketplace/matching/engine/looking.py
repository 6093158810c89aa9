"""Questions about a finished plan over all pairs, post by post, without writing the pairs down.

Posts are asked in the order of ``rows`` (rows of the ground), people are answered as rows of the problem: ``people`` says which.
Of equals the first in the problem comes first, so answers do not depend on the tree.
"""

# Numba infers the types of compiled functions.
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import numpy as np

from marketplace.matching.compiled import compiled

from .ground import CLOSED, FAR
from .near import SLACK, all_between, box_square, cheapest, hundredths_between, is_excluded


@compiled
def _paper(g):
    """Room for everybody: values, costs, people, and the stack of a search."""
    size = g.groups_from + 8
    return (
        np.empty(size, dtype=np.int64),
        np.empty(size, dtype=np.int64),
        np.empty(size, dtype=np.int32),
        np.empty(256, dtype=np.int64),
        np.empty(256),
    )


@compiled
def _root(above, at):
    while above[at] != at:
        above[at] = above[above[at]]
        at = above[at]
    return at


@compiled
def in_reach(g, rows):
    """How many people could serve each post."""
    values, costs, who, stack, squares = _paper(g)
    count = np.zeros(len(rows), dtype=np.int64)
    for at in range(len(rows)):
        count[at] = all_between(g, rows[at], -CLOSED, CLOSED, values, costs, who, 0, stack, squares)
    return count


@compiled
def connected(g, rows, people):
    """For each post, then for each person, a number of all that hang together: two posts do if somebody could serve both."""
    values, costs, who, stack, squares = _paper(g)
    posts = len(rows)
    above = np.arange(posts + len(people))
    for at in range(posts):
        mine = at
        for k in range(all_between(g, rows[at], -CLOSED, CLOSED, values, costs, who, 0, stack, squares)):
            other = _root(above, posts + people[who[k]])
            if other != mine:
                # The least number stands for all.
                low, high = min(mine, other), max(mine, other)
                above[high] = low
                mine = low
    for at in range(len(above)):
        above[at] = _root(above, at)
    return above


@compiled
def _place_in_line(keys, who, people, count, size, key, p):
    """Put ``p`` where it belongs among the ``size`` least by key, then by row; returns how many there are."""
    k = count
    while k > 0 and (keys[k - 1] > key or (keys[k - 1] == key and people[who[k - 1]] > people[p])):
        k -= 1
    if k >= size:
        return count
    for j in range(min(count, size - 1), k, -1):
        keys[j], who[j] = keys[j - 1], who[j - 1]
    keys[k], who[k] = key, p
    return min(count + 1, size)


@compiled
def next_best(g, rows, owner, people, size):
    """Of each post the ``size`` people other than ``owner`` (rows of the ground) who cost least, price included: people, costs
    and prices together; -1 where there are no more."""
    values, costs, who, stack, squares = _paper(g)
    best = np.full((len(rows), size), -1, dtype=np.int64)
    value = np.zeros((len(rows), size), dtype=np.int64)
    keys, line = np.empty(size + 1, dtype=np.int64), np.empty(size + 1, dtype=np.int32)
    for at in range(len(rows)):
        v = rows[at]
        found, bound = cheapest(g, v, size + 1, values, costs, who, 0, stack, squares)
        if found and bound <= values[found - 1]:
            # More of the same cost: they come by their row.
            found = all_between(g, v, -CLOSED, values[found - 1] + 1, values, costs, who, 0, stack, squares)
        count = 0
        for k in range(found):
            if who[k] != owner[at]:
                count = _place_in_line(keys, line, people, count, size, values[k], who[k])
        for k in range(count):
            best[at, k], value[at, k] = people[line[k]], keys[k]
    return best, value


@compiled
def nearest_barred(g, rows, within, people, size):
    """Of each post the ``size`` nearest people who may not serve it and have less than ``within`` hundredths to travel."""
    _values, _costs, _who, stack, squares = _paper(g)
    nearest = np.full((len(rows), size), -1, dtype=np.int64)
    keys, line = np.empty(size + 1, dtype=np.int64), np.empty(size + 1, dtype=np.int32)
    leaves = 1 << g.people_levels
    for at in range(len(rows)):
        v = rows[at]
        x, y, z, chord = g.posts_f[0, v], g.posts_f[1, v], g.posts_f[2, v], g.posts_f[3, v]
        required = g.posts_i[1, v]
        most = within[at] - 1  # nobody farther is of interest
        count = top = 0
        if g.people_count:
            stack[0], squares[0] = 1, 0.0
            top = 1
        while top:
            top -= 1
            node = stack[top]
            reach = (float(most) / 100.0 + SLACK - g.access) * chord
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
            for p in range(
                (node - leaves) * g.people_count >> g.people_levels,
                (node - leaves + 1) * g.people_count >> g.people_levels,
            ):
                dx, dy, dz = g.people_f[0, p] - x, g.people_f[1, p] - y, g.people_f[2, p] - z
                if dx * dx + dy * dy + dz * dz >= reach * reach:
                    continue
                way = hundredths_between(dx, dy, dz, g.access, g.detour, g.kmh[v])
                if way > most:
                    continue
                fit = way <= g.far[p] and not required & ~g.people_i[1, p]
                if fit and not is_excluded(g.excluded_start, g.excluded, v, p):
                    continue
                count = _place_in_line(keys, line, people, count, size, way, p)
                if count == size:
                    most = min(most, keys[size - 1])
        for k in range(count):
            nearest[at, k] = people[line[k]]
    return nearest


@compiled
def blocking(g, rows, people, now, free, dearest):
    """Pairs that both sides would rather have: cheaper than ``now`` for the post, and for a person who is ``free`` or whose
    ``dearest`` post costs more. Returns for each its place in ``rows``, the person and the cost."""
    values, costs, who, stack, squares = _paper(g)
    size = 4 * len(rows) + 16
    post, person = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
    cost = np.empty(size, dtype=np.int64)
    count = 0
    for at in range(len(rows)):
        for k in range(all_between(g, rows[at], -CLOSED, min(now[at], CLOSED), values, costs, who, 0, stack, squares)):
            p = people[who[k]]
            if not free[p] and costs[k] >= dearest[p]:
                continue
            if count == len(post):
                post = np.concatenate((post, np.empty_like(post)))
                person = np.concatenate((person, np.empty_like(person)))
                cost = np.concatenate((cost, np.empty_like(cost)))
            post[count], person[count], cost[count] = at, p, costs[k]
            count += 1
    return post[:count], person[:count], cost[:count]


#: more than any way in hundredths, and still exact as a float
ANYWHERE = FAR >> 16
