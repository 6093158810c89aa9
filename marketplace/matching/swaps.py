"""What one more post at a person costs the whole plan, and whom it would displace.

In the residual network of a cheapest plan, a person with one post too many can take it into a free place, leave a post empty,
or pass a post on to another person, who then has one too many. The shortest way is the exact cost of the change, because
the plan cannot be improved (no way round costs less than nothing). Distances between all people, by Floyd and Warshall.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .network import Network
from .problem import Ints, Problem

#: people up to which all ways are computed (cubic), from pairs written out; above either prices give a lower bound
EXACT_PEOPLE = 600
EXACT_PAIRS = 3_000_000
_FAR = 1 << 61


def are_exact(problem: Problem) -> bool:
    """Whether the costs of changes to this problem's plan are computed, not bounded."""
    people = len(problem.people)
    return people <= EXACT_PEOPLE and people * len(problem.posts) <= EXACT_PAIRS


@dataclass(frozen=True, slots=True)
class Move:
    """A post (row) that would go from one person to another; -1 is nobody."""

    post: int
    source: int
    target: int


@dataclass(frozen=True, slots=True, eq=False)
class Swaps:
    """``distance[a, b]``: the cost of a post too many at ``a`` and one too few at ``b``; row and column ``people`` is nobody."""

    people: int
    distance: Ints
    next_hop: list[list[int]]
    carried: list[list[int]]

    def moves(self, source: int, target: int) -> tuple[Move, ...]:
        """The posts that change hands when ``source`` gets one too many and ``target`` one too few."""
        steps = []
        while source != target:
            after = self.next_hop[source][target]
            post = self.carried[source][after]
            if post >= 0:
                steps.append(Move(post, source if source < self.people else -1, after if after < self.people else -1))
            source = after
        return tuple(steps)


def swaps(network: Network, person: Ints) -> Swaps:
    """All ways of a cheapest plan ``person``, for at most ``EXACT_PEOPLE`` people."""
    pairs, count = network.pairs, network.people
    nobody = count
    post = pairs.post()
    owner = person[post]
    load = np.bincount(person[person >= 0], minlength=count)

    # Pass a post on, or fill an empty one.
    filled = np.flatnonzero(person >= 0)
    own_cost = network.empty.copy()
    own_cost[filled] = pairs.cost[pairs.find(filled, person[filled])]
    elsewhere = owner != pairs.person
    source = np.where(owner >= 0, owner, nobody)[elsewhere]
    cells = source * (count + 1) + pairs.person[elsewhere]
    extra = (pairs.cost - own_cost[post])[elsewhere]
    # The cheapest post to pass on each way; of equals the first.
    order = np.lexsort((post[elsewhere], extra, cells))
    first = order[np.unique(cells[order], return_index=True)[1]]
    distance: Ints = np.full((count + 1, count + 1), _FAR, dtype=np.int64)
    carried: Ints = np.full((count + 1, count + 1), -1, dtype=np.int64)
    np.put(distance, cells[first], extra[first])
    np.put(carried, cells[first], post[elsewhere][first])

    # Leave a post empty: the cheapest of each person.
    emptied = (network.empty - own_cost)[filled]
    order = np.lexsort((filled, emptied, person[filled]))
    who, at = np.unique(person[filled][order], return_index=True)
    distance[who, nobody] = emptied[order[at]]
    carried[who, nobody] = filled[order[at]]
    # A free place, if that is cheaper; a place given back.
    next_place = network.unit_start[:-1] + load
    room = np.flatnonzero(load < network.units())
    cost = network.unit_cost[next_place[room]]
    better = cost < distance[room, nobody]
    distance[room[better], nobody] = cost[better]
    carried[room[better], nobody] = -1
    busy = np.flatnonzero(load)
    saved = -network.unit_cost[next_place[busy] - 1]
    better = saved < distance[nobody, busy]
    distance[nobody, busy[better]] = saved[better]
    carried[nobody, busy[better]] = -1

    np.fill_diagonal(distance, 0)
    next_hop = np.broadcast_to(np.arange(count + 1), distance.shape).copy()
    # Imported when something is computed: numba takes half a second that no web process should pay.
    from .engine.ways import shorten

    shorten(distance, next_hop)
    return Swaps(count, distance, next_hop.tolist(), carried.tolist())


def added_costs(network: Network, person: Ints, ways: Swaps) -> Ints:
    """For each pair, what the whole plan costs more if it must contain it; 0 for the pairs it contains."""
    pairs = network.pairs
    post = pairs.post()
    owner = person[post]
    filled = np.flatnonzero(person >= 0)
    own_cost = network.empty.copy()
    own_cost[filled] = pairs.cost[pairs.find(filled, person[filled])]
    target = np.where(owner >= 0, owner, ways.people)
    return pairs.cost - own_cost[post] + ways.distance[pairs.person, target]
