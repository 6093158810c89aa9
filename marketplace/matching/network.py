"""The problem as a flow: what every engine solves and what the proof is about.

One unit leaves each post. It goes to a person over an eligible pair, and on through one of the person's places, each dearer
than the one before; or it leaves the post empty at that post's price.

**Prices of empty posts.** Let ``M`` exceed what any two plans can differ by in the cost of pairs and load, and let the posts'
(tier, priority) be ranked 1, 2, … . An empty post of rank ``r`` costs ``r · M``. Then the cheapest plan fills the most posts, of
those plans one that leaves the neediest empty least, and of those one of least cost, exactly: the sets of posts that can
be filled together are the independent sets of a transversal matroid, in which a set of greatest weight is a largest one for
any positive weights and fills the higher ranks first, whatever the weights are; and no saving in cost outweighs one ``M``.
(Edmonds 1971, Matroids and the greedy algorithm.)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from .pairs import Pairs
from .problem import Ints, Problem, ProblemError

#: the objective of any plan stays below it, so that sums fit 64 bits with room
LARGEST_OBJECTIVE = 1 << 61
#: price of a post that may not stay empty
NEVER = -1


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """``empty[v]`` is the price of leaving post ``v`` empty, or ``NEVER``.

    The places of person ``p`` are ``unit_start[p]:unit_start[p + 1]`` of ``unit_cost``, cheapest first. Of them the person takes
    at least ``least[p]``.
    """

    pairs: Pairs
    empty: Ints
    unit_start: Ints
    unit_cost: Ints
    least: Ints

    @property
    def posts(self) -> int:
        return len(self.empty)

    @property
    def people(self) -> int:
        return len(self.least)

    def units(self) -> Ints:
        """Places of each person."""
        return np.diff(self.unit_start)


class Engine(Protocol):
    """Finds a cheapest plan: for each post the row of its person, or -1. It need not prove anything.

    Raises ``ProblemError`` (``overflow``) when the prices exceed what it can compute with.
    """

    @property
    def name(self) -> str: ...

    def __call__(self, network: Network) -> Ints: ...


def ranks(problem: Problem) -> Ints:
    """1 for the posts that may wait longest, up by (tier, priority) without gaps."""
    posts = problem.posts
    if not len(posts):
        return np.empty(0, dtype=np.int64)
    _, place = np.unique(posts.tier * 1001 + posts.priority, return_inverse=True)
    return np.asarray(place + 1, dtype=np.int64)


def network_of(problem: Problem, pairs: Pairs) -> Network:
    """The flow whose cheapest plan is the answer.

    Raises:
        ProblemError: ``overflow``, when posts, costs and ranks together leave 64 bits.
    """
    weights, people = problem.parameters, problem.people
    # Nobody can serve more posts than are eligible for them.
    places = np.minimum(problem.remaining(), np.bincount(pairs.person, minlength=len(people)))
    start = np.concatenate([[0], np.cumsum(places)]).astype(np.int64)
    held = np.repeat(people.load - start[:-1], places) + np.arange(start[-1])
    capacity = np.repeat(people.capacity, places)
    unit_cost = weights.load_cost * held + weights.load_share_cost * held // np.maximum(capacity, 1)

    rank = ranks(problem)
    dearest = np.zeros(len(rank), dtype=np.int64)
    np.maximum.at(dearest, pairs.post(), pairs.cost)
    # In Python's integers: these sums are what must not overflow.
    apart = sum(map(int, dearest)) + len(rank) * int(unit_cost.max(initial=0)) + 1
    if apart * (int(rank.sum()) + 1) > LARGEST_OBJECTIVE:
        raise ProblemError("overflow", "costs, tiers and the number of posts are too large to be ranked exactly")
    return Network(pairs, rank * apart, start, unit_cost, np.zeros(len(people), dtype=np.int64))


def with_options(network: Network, *, pairs: Pairs, empty: Ints, least: Ints, most: Ints) -> Network:
    """The same posts and people with other pairs, and between ``least`` and ``most`` free places a person."""
    start = np.concatenate([[0], np.cumsum(most)]).astype(np.int64)
    return replace(
        network, pairs=pairs, empty=empty, least=least, unit_start=start, unit_cost=np.zeros(start[-1], dtype=np.int64)
    )
