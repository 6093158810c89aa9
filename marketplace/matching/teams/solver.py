"""From a problem to a plan of teams, and to prices of people that bound every plan from below.

**Bound.** Let ``u`` be any prices of people that are not negative. Whatever the plan, what its teams cost at ``cost +
u`` exceeds what they cost by at most the sum of ``u · places``, since nobody sits in more teams than places. So the
best teams at ``cost + u``, found for each contract on its own, less that sum, cost no more than any plan (Lagrange's
relaxation; Geoffrion 1974).

**Prices** rise where more contracts want a person than the person can serve (subgradients); between rounds the contracts
look at all pairs again, so that no shortlist of candidates limits the answer. **Plan:** chains of contracts that take the best
team at these prices, also people of others, who then do the same; kept if the whole costs no more.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from marketplace.matching.problem import Ints

from .pairs import TeamPairs
from .plans import auction, improve
from .problem import MOST_MEMBERS, TeamProblem
from .search import SHIFT, move_prices, price_everybody, shortlist

#: bids of the first auction rise by what a member costs on average over ``COARSE``, those of later ones by it over ``FINE``
COARSE, FINE = 20, 3000
#: rounds that begin with an auction anew, and with what part of the prices known by then, in percent
ANEW, KEEP = (4, 8, 12, 18, 36), 70
#: looks at all pairs in one auction; turns a contract between them
AUCTIONS, TURNS = 6, 20
#: rounds of prices, and chains a contract, between two looks at all pairs
ROUNDS, CHAINS = 25, 4
#: contracts of one chain
LONGEST = 12
#: candidates a seat; more while prices are not yet known
WIDE, WIDE_AT_FIRST = 5, 8


@dataclass(frozen=True, slots=True)
class Effort:
    """When to stop: at a proven gap of ``gap`` of the plan's value, or after ``rounds``. Both are the same on every machine.

    ``seconds`` (wall time) is a safety net: a plan it cut short may differ from run to run, and says so.
    """

    gap: float = 0.001
    rounds: int = 60
    seconds: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TeamPlan:
    """``member[k]`` are the rows of who sits in the team of contract ``k``, ascending, -1 behind them; all -1: no team.

    ``value`` is what the plan costs, emptiness included; no plan costs less than ``bound``, which ``price`` (of each person, in
    1/256 of a unit of cost) proves. ``cut`` says why the search ended early: ``time``, ``cancelled`` or nothing.
    """

    member: Ints
    cost: Ints
    price: Ints
    value: int
    bound: int
    cut: str

    @property
    def empty(self) -> int:
        return int((self.member[:, 0] < 0).sum()) if self.member.size else 0

    @property
    def gap(self) -> float:
        """How far above the bound the plan may be, as a part of its value."""
        return (self.value - self.bound) / self.value if self.value else 0.0


#: told after each round: the value of the plan so far, and the bound
Progress = Callable[[int, int], None]


def solve(
    problem: TeamProblem,
    pairs: TeamPairs,
    *,
    effort: Effort | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> TeamPlan:
    """A plan of least cost as far as ``effort`` goes, and the proof of how far it may be from the best. The same for
    the same seed."""
    effort = effort or Effort()
    began = time.monotonic()
    search = _Search(problem, pairs)
    cut = ""
    for number in range(effort.rounds):
        search.round(number)
        if progress:
            progress(search.value(), search.bound())
        if search.value() - search.bound() <= effort.gap * search.value():
            break
        if cancelled and cancelled():
            cut = "cancelled"
            break
        if effort.seconds is not None and time.monotonic() - began > effort.seconds:
            cut = "time"
            break
    return search.plan(cut)


def bits_of(problem: TeamProblem) -> Ints:
    """How many specialties each contract requires."""
    return np.bitwise_count(problem.contracts.required).astype(np.int64)


def quarrels_of(problem: TeamProblem) -> tuple[Ints, Ints]:
    """By person: those of ``p`` are ``start[p]:start[p + 1]`` of the second array."""
    one = np.concatenate([problem.quarrels.first, problem.quarrels.second])
    other = np.concatenate([problem.quarrels.second, problem.quarrels.first])
    order = np.lexsort((other, one))
    return np.searchsorted(one[order], np.arange(len(problem.counsel) + 1)), other[order]


class _Search:
    """The state between rounds. Costs and prices are scaled, as in ``search``, but for ``spent``."""

    def __init__(self, problem: TeamProblem, pairs: TeamPairs) -> None:
        self.problem, self.pairs = problem, pairs
        weights, people = problem.parameters, len(problem.counsel)
        self.size = np.array(problem.contracts.size)
        self.rules = (
            self.size,
            bits_of(problem),
            np.array(problem.contracts.seniors),
            np.int64(weights.empty_cost << SHIFT),
        )
        self.foes = quarrels_of(problem)
        self.room = problem.counsel.remaining()
        places = np.minimum(self.room, np.bincount(pairs.person, minlength=people))
        self.holder_start = np.concatenate([[0], np.cumsum(places)]).astype(np.int64)
        self.random = np.array([weights.seed * 2 + 1], dtype=np.uint64)
        self.used = np.zeros(people, dtype=np.int64)
        self.length = 1.0
        self.listed = np.arange(len(pairs))
        self._nobody()
        self.best_teams, self.best_spent = self.teams.copy(), self.spent.copy()
        self.price = np.zeros(people, dtype=np.int64)
        self.best_price, self.best_bound = self.price, np.int64(-1)
        self._bound()
        #: of one member
        self.usual = max(int(self.best_bound) // max(int(self.size.sum()), 1), 1 << SHIFT)

    def value(self) -> int:
        return int(self.best_spent.sum())

    def bound(self) -> int:
        # Any plan costs a whole number.
        return max(-(int(-self.best_bound) >> SHIFT), 0)

    def round(self, number: int) -> None:
        if not len(self.size):
            return
        if number == 0:
            self._auction(COARSE)
        elif number in ANEW:
            self._nobody()
            self.price = self.best_price * KEEP // 100
            self._auction(FINE)
            self.price = self.best_price.copy()
        self._list(WIDE)
        goal = np.int64(min(self.value() << SHIFT, 1 << 61))
        _bound, self.length = move_prices(
            *self.list, *self.rules, *self.foes, self.room, self.price, goal, np.int64(self.usual), self.length, ROUNDS
        )
        self._bound()
        improve(
            *self.list, *self.rules, *self.foes, self.price, self.teams, self.spent, self.left, self.holder_start,
            self.holder, self.random, LONGEST, CHAINS * len(self.size),
        )  # fmt: skip
        self._keep()

    def _nobody(self) -> None:
        """The plan without any team."""
        contracts = len(self.size)
        self.teams = np.full((contracts, MOST_MEMBERS), -1, dtype=np.int64)
        self.spent = np.full(contracts, self.problem.parameters.empty_cost, dtype=np.int64)
        self.left = self.room.copy()
        self.holder = np.full(self.holder_start[-1], -1, dtype=np.int64)

    def _keep(self) -> None:
        if self.spent.sum() < self.best_spent.sum():
            self.best_spent = self.spent.copy()
            self.best_teams = np.where(self.teams >= 0, self.listed[self.teams], -1)

    def _bound(self) -> None:
        """What the present prices prove over all pairs."""
        pairs = self.pairs
        bound = np.int64(
            price_everybody(
                pairs.start, pairs.person, pairs.cost, pairs.kind, self.price, *self.rules, *self.foes, self.used
            )
            - (self.price * self.room).sum()
        )
        if bound > self.best_bound:
            self.best_bound, self.best_price = bound, self.price.copy()

    def _list(self, wide: int) -> None:
        """The pairs that matter at the present prices, and those of the plan."""
        pairs, seated = self.pairs, self.teams >= 0
        kept = self.listed[self.teams[seated]]
        start, self.listed = shortlist(
            pairs.start, pairs.person, pairs.cost, pairs.kind, self.price, *self.rules[:2], wide, kept
        )
        self.teams[seated] = np.searchsorted(self.listed, kept)
        self.list = (start, pairs.person[self.listed], pairs.cost[self.listed], pairs.kind[self.listed])

    def _auction(self, fine: int) -> None:
        """A plan and prices at which it is nearly what each contract would choose."""
        bid = np.repeat(self.price, np.diff(self.holder_start))
        least, most = np.int64(max(1, self.usual // fine)), TURNS * len(self.size)
        for _turn in range(AUCTIONS):
            self._list(WIDE_AT_FIRST)
            turns = auction(
                *self.list, *self.rules, *self.foes, self.price, self.teams, self.spent, self.left, self.holder_start,
                self.holder, bid, least, most,
            )  # fmt: skip
            if turns < most:
                break
            # A war of prices over scarce people: larger steps end it.
            least *= 2
        self._keep()

    def plan(self, cut: str) -> TeamPlan:
        nobody = len(self.room)
        member = np.full(self.best_teams.shape, nobody, dtype=np.int64)
        seated = self.best_teams >= 0
        member[seated] = self.pairs.person[self.best_teams[seated]]
        member.sort(axis=1)
        member[member == nobody] = -1
        return TeamPlan(member, self.best_spent, self.best_price, self.value(), self.bound(), cut)
