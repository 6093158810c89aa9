"""One change to a plan, and its repair: afterwards the plan is best again for the problem as it now is."""

# Numba infers the types of compiled functions.
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import numpy as np

from marketplace.matching.compiled import compiled

from .backward import ALL, posts_that_would, price_fell, release
from .forward import attach, detach, move, note, place, place_cost
from .ground import CLOSED, FAR


@compiled
def forget_list(s, v):
    s.length[v], s.bound[v], s.second[v] = -1, -FAR, -FAR


@compiled
def remove_post(g, s, v, found, costs, taker):
    """The post is no longer wanted."""
    p = s.owner[v]
    if p < 0:
        return
    move(g, s, v, -1, 0)
    s.worth[v] = -FAR
    forget_list(s, v)
    release(g, s, p, found, costs, taker)


@compiled
def add_post(g, s, v):
    """The post is wanted (again)."""
    if s.owner[v] < 0:
        forget_list(s, v)
        place(g, s, np.full(1, v))


@compiled
def _take_all(g, s, p):
    """The posts of ``p``, taken from the plan."""
    posts = np.empty(s.load[p], dtype=np.int64)
    v = s.first[p]
    for k in range(len(posts)):
        posts[k] = v
        v = s.after[v]
    for v in posts:
        move(g, s, v, -1, 0)
    return posts


@compiled
def close_person(g, s, p):
    """The person serves no longer: every post finds another place."""
    posts = _take_all(g, s, p)
    for v in posts:
        s.worth[v] = -FAR
    note(s, p, g.people_i[0, p])
    g.room[p], g.people_f[3, p], g.far[p] = 0, -1.0, -1
    g.people_i[0, p], s.next_cost[p] = CLOSED, FAR
    place(g, s, posts)


@compiled
def open_person(g, s, p, reach, far, room, found, costs, taker):
    """Somebody who was closed may be asked for ``room`` posts: enters at a price at which nobody would come, which then falls."""
    g.people_f[3, p], g.far[p], g.room[p] = reach, far, room
    s.next_cost[p] = place_cost(g, p, 0)
    s.last_cost[p] = -FAR
    if room <= 0:
        return
    price = s.next_cost[p]
    for k in range(posts_that_would(g, s, p, s.worth, price, found, costs, ALL)):
        price = max(price, s.worth[found[k]] - costs[k])
    note(s, p, g.people_i[0, p])
    g.people_i[0, p] = price
    price_fell(g, s, p, found, costs)
    release(g, s, p, found, costs, taker)


@compiled
def change_room(g, s, p, room, share_of, found, costs, taker):
    """Another number of places for somebody who stays open; ``share_of`` is what the share of load is counted by."""
    posts = _take_all(g, s, p)
    g.room[p], g.share_of[p] = room, share_of
    s.next_cost[p], s.last_cost[p] = place_cost(g, p, 0), -FAR
    kept = 0
    # Posts stay as long as the place costs no more than the price.
    while kept < len(posts) and s.next_cost[p] <= g.people_i[0, p]:
        move(g, s, posts[kept], p, s.paid[posts[kept]])
        kept += 1
    for v in posts[kept:]:
        s.worth[v] = -FAR
    release(g, s, p, found, costs, taker)
    place(g, s, posts[kept:])


@compiled
def force(g, s, v, p, cost):
    """Place an unplaced post at ``p`` and nowhere else, whatever that moves."""
    at = v * (s.size + 1)
    s.values[at], s.costs[at], s.who[at] = cost + g.people_i[0, p], cost, p
    s.length[v], s.bound[v] = 1, FAR
    empty = g.empty[v]
    g.empty[v] = CLOSED
    place(g, s, np.full(1, v))
    g.empty[v] = empty
    forget_list(s, v)


@compiled
def undo(g, s, found, costs):
    """Take back every change since ``logged`` was zero: moves, prices, and the lists that lower prices undercut."""
    price = g.people_i[0]
    prices, moves = s.logged[1], s.logged[0]
    if prices > len(s.price_row) or moves > len(s.moved):
        return False
    for k in range(prices - 1, -1, -1):
        row = s.price_row[k]
        price[row] = s.price_was[k]
    for k in range(moves - 1, -1, -1):
        v = s.moved[k]
        if s.owner[v] >= 0:
            detach(g, s, v)
        if s.moved_from[k] >= 0:
            attach(g, s, v, s.moved_from[k], s.moved_cost[k])
        else:
            s.worth[v] = -FAR
    for k in range(prices):
        row = s.price_row[k]
        v = s.first[row]
        while v >= 0:
            s.worth[v] = s.paid[v] + price[row]
            v = s.after[v]
        price_fell(g, s, row, found, costs)
    s.logged[:] = 0
    return True


@compiled
def price_again(g, s, p):
    """The places of ``p`` are what they were before; say again what they cost."""
    s.next_cost[p] = place_cost(g, p, s.load[p])
    s.last_cost[p] = place_cost(g, p, s.load[p] - 1) if s.load[p] else -np.int64(FAR)
