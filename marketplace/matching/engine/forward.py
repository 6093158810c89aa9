"""Posts placed one by one, each over the shortest augmenting path in the complete graph.

Prices of people are such that every placed post costs least (cost + price) where it is, and each person's price lies
between the cost of the last place taken and that of the next. A new post looks for the cheapest way to a free place:
take it directly, or push another post on to where that one costs a little more, and so on (Dijkstra on reduced costs,
ended at the first free place; Jonker and Volgenant 1987, Tomizawa 1971). Prices of the people passed on the way rise
by what the way was longer.

The graph is never built. A post keeps a short list of its cheapest people and a bound below which nobody else is;
because prices only rise here, both stay true. Only when a search comes to the bound is the list drawn up afresh, and
only when it comes there again are all people in reach asked. So each search is exact over all eligible pairs.
"""

# Numba infers the types of compiled functions.
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.compiled import compiled

from .ground import FAR, Ground
from .near import all_between, cheapest

Array = NDArray[Any]

SEARCHES, SETTLED, SCANNED, LISTED, ASKED_ALL, PUSHED, RELEASED = range(7)


class State(NamedTuple):
    """A plan in the making, with its prices in ``ground.people_i[0]``.

    ``owner`` is the row of who serves a post (-1: not placed), ``paid`` that cost, ``worth`` cost and price. The posts
    of an owner are linked by ``first``, ``after``, ``before``. Lists of cheapest people have ``size + 1`` entries;
    behind them is room for everybody. ``total`` is the cost of the plan, emptiness included;
    ``unplaced`` counts the posts for which there was no way.

    ``moved_*`` and ``price_*`` remember what changed since ``logged`` was set to zero, so that it can be undone.
    """

    owner: Array
    paid: Array
    worth: Array
    after: Array
    before: Array
    first: Array
    load: Array
    next_cost: Array
    last_cost: Array
    values: Array
    costs: Array
    who: Array
    length: Array
    bound: Array
    second: Array
    distance: Array  # FAR, except within a search
    via: Array
    via_cost: Array
    touched: Array
    fell: Array  # rows whose price fell, and whether a row is among them
    has_fallen: Array
    kept_at: Array  # of each row: where its offers are kept within one event (-1: nowhere), how many, and from which price on
    kept_count: Array
    kept_from: Array
    kept: Array
    base: Array
    stage: Array
    keys: Array
    items: Array
    stack: Array
    squares: Array
    tally: Array
    total: Array
    unplaced: Array
    logged: Array  # moves and prices
    moved: Array
    moved_from: Array
    moved_cost: Array
    price_row: Array
    price_was: Array
    size: int
    behind: int  # where the room for everybody begins


def new_state(ground: Ground, size: int = 16, log: int = 0) -> State:
    """Nothing placed yet. Up to ``log`` changes will be remembered."""
    rows, nodes = len(ground.empty), len(ground.room)
    room_for_all = 0 if rows == 0 else ground.groups_from

    def ints(count: int, value: int = 0) -> Array:
        return np.full(count, value, dtype=np.int64) if value else np.zeros(count, dtype=np.int64)

    def short(count: int, value: int = 0) -> Array:
        return np.full(count, value, dtype=np.int32) if value else np.zeros(count, dtype=np.int32)

    # Twice: a second thread has its own.
    entries = rows * (size + 1) + 2 * (room_for_all + 1)
    state = State(
        owner=short(rows, -1),
        paid=ints(rows),
        worth=ints(rows, -FAR),
        after=short(rows, -1),
        before=short(rows, -1),
        first=short(nodes, -1),
        load=ints(nodes),
        next_cost=ints(nodes),
        last_cost=ints(nodes),
        values=np.empty(entries, dtype=np.int64),
        costs=np.empty(entries, dtype=np.int64),
        who=np.empty(entries, dtype=np.int32),
        length=short(rows, -1),
        bound=ints(rows, -FAR),
        second=ints(rows),
        distance=ints(nodes, FAR),
        via=short(nodes),
        via_cost=ints(nodes),
        touched=short(nodes + 1),
        fell=short(nodes + 1),
        has_fallen=np.zeros(nodes, dtype=np.bool_),
        kept_at=ints(nodes, -1),
        kept_count=ints(nodes),
        kept_from=ints(nodes),
        kept=short(nodes),
        base=ints(rows),
        stage=np.zeros(rows, dtype=np.int8),
        keys=np.empty(4096, dtype=np.int64),
        items=np.empty(4096, dtype=np.int32),
        stack=np.empty(256, dtype=np.int64),
        squares=np.empty(256, dtype=np.float64),
        tally=ints(8),
        total=ints(1),
        unplaced=ints(1),
        logged=ints(2),
        moved=short(log),
        moved_from=short(log),
        moved_cost=ints(log),
        price_row=short(log),
        price_was=ints(log),
        size=size,
        behind=rows * (size + 1),
    )
    price_places(ground, state)
    return state


@compiled
def place_cost(g, p, k):
    """What the place after ``k`` taken ones of row ``p`` costs; ``FAR`` where there is none."""
    if k >= g.room[p]:
        return np.int64(FAR)
    saved = g.must if k < g.least[p] else 0
    if p >= g.groups_from:
        return np.int64(-saved)
    if g.explicit:
        return g.unit_cost[g.unit_start[p] + k] - saved
    held = g.held[p] + k
    return g.load_cost * held + g.load_share_cost * held // g.share_of[p] - saved


@compiled
def price_places(g, s):
    for p in range(len(s.load)):
        s.next_cost[p] = place_cost(g, p, s.load[p])
        s.last_cost[p] = place_cost(g, p, s.load[p] - 1) if s.load[p] else -np.int64(FAR)


@compiled
def attach(g, s, v, p, cost):
    """Give post ``v`` to ``p``."""
    head = s.first[p]
    s.after[v], s.before[v] = head, -1
    if head >= 0:
        s.before[head] = v
    s.first[p] = v
    s.owner[v], s.paid[v], s.worth[v] = p, cost, cost + g.people_i[0, p]
    s.load[p] += 1
    s.total[0] += cost + s.next_cost[p]
    s.last_cost[p] = s.next_cost[p]
    s.next_cost[p] = place_cost(g, p, s.load[p])
    # Of a list's values none is less than the first; the new owner's may be among them.
    s.second[v] = s.values[v * (s.size + 1)] if s.length[v] > 0 else s.bound[v]


@compiled
def detach(g, s, v):
    """Take post ``v`` from whoever has it."""
    p, after, before = s.owner[v], s.after[v], s.before[v]
    if before >= 0:
        s.after[before] = after
    else:
        s.first[p] = after
    if after >= 0:
        s.before[after] = before
    s.owner[v] = -1
    s.load[p] -= 1
    s.total[0] -= s.paid[v] + s.last_cost[p]
    s.next_cost[p] = s.last_cost[p]
    s.last_cost[p] = place_cost(g, p, s.load[p] - 1) if s.load[p] else -np.int64(FAR)


@compiled
def note(s, row, price):
    """Remember a price as it was."""
    at = s.logged[1]
    if at < len(s.price_row):
        s.price_row[at], s.price_was[at] = row, price
    s.logged[1] += 1


@compiled
def move(g, s, v, p, cost):
    """Give a post to ``p`` (-1: take it from the plan), and remember who had it."""
    at = s.logged[0]
    if at < len(s.moved):
        s.moved[at], s.moved_from[at], s.moved_cost[at] = v, s.owner[v], s.paid[v]
    s.logged[0] += 1
    if s.owner[v] >= 0:
        detach(g, s, v)
    if p >= 0:
        attach(g, s, v, p, cost)


@compiled
def push(keys, items, size, key, item):
    """Onto a heap of four children a node; there must be room."""
    at = size
    while at > 0:
        above = (at - 1) >> 2
        if keys[above] <= key:
            break
        keys[at], items[at] = keys[above], items[above]
        at = above
    keys[at], items[at] = key, item
    return size + 1


@compiled
def pop(keys, items, size):
    """Remove the least; the caller has read it."""
    size -= 1
    key, item = keys[size], items[size]
    at = 0
    while True:
        child = 4 * at + 1
        if child >= size:
            break
        best = child
        for other in range(child + 1, min(child + 4, size)):
            if keys[other] < keys[best]:
                best = other
        if keys[best] >= key:
            break
        keys[at], items[at] = keys[best], items[best]
        at = best
    keys[at], items[at] = key, item
    return size


@compiled
def place(g, s, posts):
    """Place each of ``posts`` in turn; after each the plan is cheapest for the posts placed so far."""
    price, next_cost = g.people_i[0], s.next_cost
    owner, worth, after, first = s.owner, s.worth, s.after, s.first
    values, costs, who, length, bound, second = s.values, s.costs, s.who, s.length, s.bound, s.second
    distance, via, via_cost, touched = s.distance, s.via, s.via_cost, s.touched
    keys, items, empty, group = s.keys, s.items, g.empty, g.group
    width = s.size + 1
    behind = s.behind
    scanned = pushed = listed = asked = searched = all_settled = 0
    for start in posts:
        searched += 1
        heap = reached_rows = 0
        best, target = np.int64(FAR), -1
        v, base, stage, following, reached = start, np.int64(0), 0, False, np.int64(0)
        while v >= 0:
            scanned += 1
            own = owner[v]
            if stage == 0:
                p = group[v]
                d = base + empty[v] + price[p]
                if p != own and d < best and d < distance[p]:
                    if distance[p] == FAR:
                        touched[reached_rows] = p
                        reached_rows += 1
                    distance[p], via[p], via_cost[p] = d, v, empty[v]
                    if d + next_cost[p] - price[p] < best:
                        best, target = d + next_cost[p] - price[p], p
                    if d < best:
                        heap = push(keys, items, heap, d, p)
            if stage == 1 or length[v] < 0:
                length[v], bound[v] = cheapest(g, v, s.size, values, costs, who, v * width, s.stack, s.squares)
                listed += 1
                stage = 1
            if stage < 2:
                begin = v * width
                end = begin + length[v]
            else:
                begin = behind
                end = begin + all_between(g, v, bound[v], best - base, values, costs, who, begin, s.stack, s.squares)
                asked += 1
            if heap + end - begin + 2 > len(keys):
                keys = np.concatenate((keys, np.empty(len(keys) + end - begin, dtype=np.int64)))
                items = np.concatenate((items, np.empty(len(keys) - len(items), dtype=np.int32)))
            least = np.int64(FAR)
            through = True
            for k in range(begin, end):
                if base + values[k] >= best:
                    if stage < 2:
                        least = min(least, values[k])
                        through = False
                        break
                    continue
                p = who[k]
                value = costs[k] + price[p]
                if p != own:
                    least = min(least, value)
                d = base + value
                if d >= best or d >= distance[p]:
                    continue
                if distance[p] == FAR:
                    touched[reached_rows] = p
                    reached_rows += 1
                distance[p], via[p], via_cost[p] = d, v, costs[k]
                if d + next_cost[p] - price[p] < best:
                    best, target = d + next_cost[p] - price[p], p
                if d < best:
                    heap = push(keys, items, heap, d, p)
                    pushed += 1
            if stage < 2:
                if through:
                    least = min(least, bound[v])
                    if base + bound[v] < best:
                        heap = push(keys, items, heap, base + bound[v], ~v)
                        s.base[v], s.stage[v] = base, stage + 1
                second[v] = least
            # The next post: another one of the settled person, or what is next in the heap.
            v = after[v] if following else -1
            while True:
                if v >= 0:
                    base, stage = reached - worth[v], 0
                    if base + second[v] < best or base + empty[v] + price[group[v]] < best:
                        break
                    v = after[v]
                    continue
                if heap == 0 or keys[0] >= best:
                    break
                d, p = keys[0], items[0]
                heap = pop(keys, items, heap)
                if p < 0:
                    v = ~p
                    base, stage, following = s.base[v], s.stage[v], False
                    break
                if d == distance[p]:
                    all_settled += 1
                    v, reached, following = first[p], d, True
        if target < 0:
            # No way at all: somebody must leave a post empty and nobody may.
            s.unplaced[0] += 1
            for k in range(reached_rows):
                distance[touched[k]] = FAR
            continue
        # Prices rise by what the way was longer.
        for k in range(reached_rows):
            p = touched[k]
            if distance[p] < best:
                note(s, p, price[p])
                price[p] += best - distance[p]
                v = first[p]
                while v >= 0:
                    worth[v] += best - distance[p]
                    v = after[v]
            distance[p] = FAR
        # Everybody on the way takes the post that came to them and passes on the one that left.
        p = target
        while True:
            v = via[p]
            giver = owner[v]
            move(g, s, v, p, via_cost[p])
            if giver < 0:
                break
            p = giver
    s.tally[SEARCHES] += searched
    s.tally[SETTLED] += all_settled
    s.tally[SCANNED] += scanned
    s.tally[LISTED] += listed
    s.tally[ASKED_ALL] += asked
    s.tally[PUSHED] += pushed
