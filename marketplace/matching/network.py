"""The problem as a flow: what is solved and what the proof is about.

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

from dataclasses import dataclass

import numpy as np

from .pairs import Pairs
from .problem import Ints, Parameters, Posts, Problem, ProblemError

#: the objective of any plan stays below it, so that sums fit 64 bits with room
LARGEST_OBJECTIVE = 1 << 59
#: places that prices of emptiness allow a newcomer for
PLACES_OF_NEWCOMERS = 32


def ranks(problem: Problem) -> Ints:
    """1 for the posts that may wait longest, up by (tier, priority) without gaps."""
    posts = problem.posts
    if not len(posts):
        return np.empty(0, dtype=np.int64)
    _, place = np.unique(posts.tier * 1001 + posts.priority, return_inverse=True)
    return np.asarray(place + 1, dtype=np.int64)


def dearest_pairs(posts: Posts, weights: Parameters) -> Ints:
    """No eligible pair of a post costs more: the radius travelled, no language in common, every wanted field missing."""
    missing = np.bitwise_count(posts.wanted).astype(np.int64) * weights.specialty_cost
    return np.asarray(
        weights.radius_minutes * weights.cost_per_minute + missing + (posts.languages != 0) * weights.language_cost
    )


def most_places(problem: Problem, *, spare: int = 0) -> int:
    """Nobody serves more, earlier posts included; where ``spare`` may come, also none of them, nor who is given more places."""
    useful = np.minimum(problem.remaining(), len(problem.posts) + spare)
    return max(int((problem.people.load + useful).max(initial=0)), PLACES_OF_NEWCOMERS if spare else 0)


def apart(problem: Problem, *, bonus: int = 0, spare: int = 0) -> int:
    """``M``: more than any two plans can differ by, also with ``spare`` more posts and people.

    ``bonus`` is what a post can save by staying where it is.
    """
    posts, people, weights = len(problem.posts), problem.people, problem.parameters
    # In Python's integers: these sums are what must not overflow.
    held = most_places(problem, spare=spare)
    share = int((people.load // np.maximum(people.capacity, 1)).max(initial=0)) + 1
    dearest_place = weights.load_cost * held + weights.load_share_cost * share
    dearest = dearest_pairs(problem.posts, weights)
    values, counts = np.unique_counts(dearest)
    pairs = sum(int(value) * int(count) for value, count in zip(values, counts, strict=True))
    return pairs + spare * 2 * int(dearest.max(initial=0)) + (posts + spare) * (dearest_place + bonus) + 1


#: price of a post's emptiness by (tier, priority)
RankPrices = dict[tuple[int, int], int]


def rank_prices(problem: Problem, *, bonus: int = 0, spare: int = 0) -> RankPrices:
    """What emptiness costs in each rank.

    Raises:
        ProblemError: ``overflow``, when posts, costs and ranks together leave 64 bits.
    """
    rank, unit = ranks(problem), apart(problem, bonus=bonus, spare=spare)
    if unit * (int(rank.sum()) + spare * int(rank.max(initial=0)) + 1) > LARGEST_OBJECTIVE:
        raise ProblemError("overflow", "costs, tiers and the number of posts are too large to be ranked exactly")
    _rank, first = np.unique(rank, return_index=True)
    tier, priority = problem.posts.tier, problem.posts.priority
    return {(int(tier[row]), int(priority[row])): int(rank[row]) * unit for row in first}


def emptiness(problem: Problem, prices: RankPrices | None = None) -> Ints:
    """The price of each post's emptiness, by ``prices`` or those of the problem itself."""
    prices = rank_prices(problem) if prices is None else prices
    code, place = np.unique(problem.posts.tier * 1001 + problem.posts.priority, return_inverse=True)
    known = np.array([prices[int(each) // 1001, int(each) % 1001] for each in code], dtype=np.int64)
    return np.asarray(known[place] if len(known) else np.zeros(0, dtype=np.int64))


def place_costs(problem: Problem, person: Ints, taken: Ints) -> Ints:
    """What the place after ``taken`` new ones costs each ``person``."""
    people, weights = problem.people, problem.parameters
    held = people.load[person] + taken
    share = weights.load_share_cost * held // np.maximum(people.capacity[person], 1)
    return np.asarray(weights.load_cost * held + share)


def sum_of_places(problem: Problem, load: Ints) -> Ints:
    """What the first ``load`` new places of all people cost, one by one."""
    start = np.cumsum(load) - load
    order = np.arange(int(load.sum())) - np.repeat(start, load)
    return place_costs(problem, np.repeat(np.arange(len(load)), load), order)


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """Limits that a plan must keep: posts filled in each ``group`` (a county, say), and new posts of each person.

    ``group`` is the group of each post, 0 up; of group ``g`` at least ``least[g]`` and at most ``most[g]`` posts are filled.
    ``person_least`` is how many new posts each person takes at least. Under bounds the plan of least price of emptiness is
    found, which need not fill the most posts: sets of posts that keep bounds of groups are no matroid.
    """

    group: Ints
    least: Ints
    most: Ints
    person_least: Ints

    def empties(self) -> tuple[Ints, Ints]:
        """How many posts of each group stay empty at least and at most."""
        posts = np.bincount(self.group, minlength=len(self.least))
        return np.maximum(posts - self.most, 0), posts - self.least


@dataclass(frozen=True, slots=True, eq=False)
class Staying:
    """What keeps people where they are: a post that stays with the person of ``current`` (row, or -1) costs ``bonus`` less."""

    current: Ints
    bonus: int


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """All pairs and places written out, for a county.

    ``empty[v]`` is the price of leaving post ``v`` empty. The places of person ``p`` are ``unit_start[p]:unit_start[p + 1]`` of
    ``unit_cost``, cheapest first.
    """

    pairs: Pairs
    empty: Ints
    unit_start: Ints
    unit_cost: Ints

    @property
    def posts(self) -> int:
        return len(self.empty)

    @property
    def people(self) -> int:
        return len(self.unit_start) - 1

    def units(self) -> Ints:
        """Places of each person."""
        return np.diff(self.unit_start)


def network_of(problem: Problem, pairs: Pairs) -> Network:
    """The flow whose cheapest plan is the answer. Raises ``ProblemError`` as ``emptiness`` does."""
    # Nobody can serve more posts than are eligible for them.
    places = np.minimum(problem.remaining(), np.bincount(pairs.person, minlength=len(problem.people)))
    start = np.concatenate([[0], np.cumsum(places)]).astype(np.int64)
    return Network(pairs, emptiness(problem), start, sum_of_places(problem, places))
