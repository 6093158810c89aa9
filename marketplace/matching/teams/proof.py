"""The check of a plan of teams and of its bound, without the solver's search.

Every rule is read off the tables again. The bound is computed anew from the prices: for each contract the people of one
kind (of use for the same specialties, senior or not) are interchangeable but for what they cost, so at most ``size`` of
each kind, the cheapest, can sit in a best team; over these a plain table of (members, covered, seniors) finds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.compiled import compiled
from marketplace.matching.problem import Ints

from .pairs import TeamPairs, specialties
from .problem import TeamProblem
from .solver import TeamPlan

#: prices are in this part of a unit of cost
PARTS = 256
#: above it sums of prices could leave 64 bits
LARGEST_PRICE = 1 << 50
#: teams looked at for one contract to keep quarrels out
MOST_BRANCHES = 2000
NEVER = 1 << 60


class TeamFlaw(StrEnum):
    SHAPE = "shape"
    SIZE = "size"  # neither empty nor as many members as the contract wants
    TWICE = "twice"  # one person in two seats
    NOT_ELIGIBLE = "not_eligible"
    SPECIALTY = "specialty"
    SENIOR = "senior"
    QUARREL = "quarrel"
    OVER_CAPACITY = "over_capacity"
    COST = "cost"  # not what the plan says
    PRICE = "price"  # negative, or beyond computing
    BOUND = "bound"  # the prices prove less than the plan says


@dataclass(frozen=True, slots=True)
class TeamBreach:
    """The flaw, and the rows of contract and person (-1: none)."""

    flaw: TeamFlaw
    contract: int = -1
    person: int = -1


@dataclass(frozen=True, slots=True)
class TeamVerdict:
    """Accepted: the plan keeps every rule, costs ``value``, and no plan over ``pairs_read`` pairs costs less than ``bound``."""

    accepted: bool
    value: int
    bound: int
    pairs_read: int
    breach: TeamBreach | None = None


def verify(problem: TeamProblem, pairs: TeamPairs, plan: TeamPlan) -> TeamVerdict:
    """Check ``plan`` against the problem and its pairs."""
    breach = _shape(problem, plan) or _rules(problem, pairs, plan)
    if breach:
        return TeamVerdict(False, 0, 0, len(pairs), breach)
    value = _value(problem, pairs, plan)
    breach = _stated(plan, value)
    if breach:
        return TeamVerdict(False, sum(value), 0, len(pairs), breach)
    bound = lower_bound(problem, pairs, plan.price)
    breach = TeamBreach(TeamFlaw.BOUND) if plan.bound > max(bound, 0) else None
    return TeamVerdict(breach is None, sum(value), bound, len(pairs), breach)


def _shape(problem: TeamProblem, plan: TeamPlan) -> TeamBreach | None:
    contracts, people = len(problem.contracts), len(problem.counsel)
    arrays = (plan.member, plan.cost, plan.price)
    if any(array.dtype.kind != "i" for array in arrays) or plan.member.ndim != 2:
        return TeamBreach(TeamFlaw.SHAPE)
    if len(plan.member) != contracts or plan.cost.shape != (contracts,) or plan.price.shape != (people,):
        return TeamBreach(TeamFlaw.SHAPE)
    wrong = np.flatnonzero((plan.price < 0) | (plan.price > LARGEST_PRICE))
    return TeamBreach(TeamFlaw.PRICE, -1, int(wrong[0])) if len(wrong) else None


def _rules(problem: TeamProblem, pairs: TeamPairs, plan: TeamPlan) -> TeamBreach | None:
    contracts, counsel, weights = problem.contracts, problem.counsel, problem.parameters
    apart = {
        frozenset(pair) for pair in zip(problem.quarrels.first.tolist(), problem.quarrels.second.tolist(), strict=True)
    }
    used = np.zeros(len(counsel), dtype=np.int64)
    for k, row in enumerate(plan.member.tolist()):
        team = [p for p in row if p != -1]
        if not team:
            continue
        for p in team:
            if not 0 <= p < len(counsel) or pairs.find(k, p) < 0:
                return TeamBreach(TeamFlaw.NOT_ELIGIBLE, k, p)
        if len(team) != contracts.size[k]:
            return TeamBreach(TeamFlaw.SIZE, k)
        for at, p in enumerate(team):
            if p in team[:at]:
                return TeamBreach(TeamFlaw.TWICE, k, p)
            if any(frozenset((p, q)) in apart for q in team[:at]):
                return TeamBreach(TeamFlaw.QUARREL, k, p)
        if int(contracts.required[k]) & ~int(np.bitwise_or.reduce(counsel.specialties[team])):
            return TeamBreach(TeamFlaw.SPECIALTY, k)
        if (counsel.years[team] >= weights.senior_years).sum() < contracts.seniors[k]:
            return TeamBreach(TeamFlaw.SENIOR, k)
        used[team] += 1
    over = np.flatnonzero(used > counsel.remaining())
    return TeamBreach(TeamFlaw.OVER_CAPACITY, -1, int(over[0])) if len(over) else None


def _value(problem: TeamProblem, pairs: TeamPairs, plan: TeamPlan) -> list[int]:
    """What each contract costs."""
    return [
        sum(int(pairs.cost[pairs.find(k, p)]) for p in row if p >= 0)
        if max(row, default=-1) >= 0
        else problem.parameters.empty_cost
        for k, row in enumerate(plan.member.tolist())
    ]


def _stated(plan: TeamPlan, value: list[int]) -> TeamBreach | None:
    wrong = np.flatnonzero(plan.cost != np.array(value, dtype=np.int64))
    if len(wrong):
        return TeamBreach(TeamFlaw.COST, int(wrong[0]))
    return TeamBreach(TeamFlaw.COST) if plan.value != sum(value) else None


def lower_bound(problem: TeamProblem, pairs: TeamPairs, price: Ints) -> int:
    """What no plan undercuts: for each contract its best team at ``cost + price``, less the price of all places."""
    weights = problem.parameters
    apart = {
        frozenset(pair) for pair in zip(problem.quarrels.first.tolist(), problem.quarrels.second.tolist(), strict=True)
    }
    # In Python's integers: no sum can leave 64 bits unseen.
    total = -sum(int(u) * int(n) for u, n in zip(price, problem.counsel.remaining(), strict=True) if u)
    for k in range(len(problem.contracts)):
        low, high = int(pairs.start[k]), int(pairs.start[k + 1])
        person = pairs.person[low:high]
        value = pairs.cost[low:high].astype(np.int64) * PARTS + price[person]
        wanted = specialties(int(problem.contracts.required[k]))
        kind = np.zeros(high - low, dtype=np.int64)
        for place, specialty in enumerate(wanted):
            kind |= (problem.counsel.specialties[person] >> specialty & 1) << place
        senior = problem.counsel.years[person] >= weights.senior_years
        size = int(problem.contracts.size[k])
        nothing = weights.empty_cost * PARTS
        seniors = int(problem.contracts.seniors[k])
        total += _least(person, value, kind, senior, size, len(wanted), seniors, apart, nothing)
    return -(-total // PARTS)


def _least(
    person: NDArray[np.int32],
    value: Ints,
    kind: Ints,
    senior: NDArray[np.bool_],
    size: int,
    bits: int,
    seniors: int,
    apart: set[frozenset[int]],
    nothing: int,
) -> int:
    """The least value of a team without quarrels, or ``nothing`` if that is less."""
    best, bound, branches = nothing, nothing, 0
    stack: list[tuple[int, frozenset[int]]] = [(-NEVER, frozenset())]
    while stack:
        above, absent = stack.pop()
        if branches >= MOST_BRANCHES:
            bound = min(bound, above)
            continue
        branches += 1
        here = ~np.isin(person, list(absent)) if absent else np.ones(len(person), dtype=bool)
        rows = np.flatnonzero(here)
        found, team = _table(value[rows], kind[rows], senior[rows], size, bits, seniors)
        if found >= best:
            continue
        quarrel = next(
            (
                (a, b)
                for a in (person[rows[team]] if apart else ())
                for b in person[rows[team]]
                if a < b and frozenset((int(a), int(b))) in apart
            ),
            None,
        )
        if quarrel is None:
            best = int(found)
        else:
            stack.extend((int(found), absent | {int(gone)}) for gone in quarrel)
    return min(best, bound)


@compiled
def _table(value, kind, senior, size, bits, seniors):  # type: ignore[no-untyped-def]
    """The least sum of a team, and its rows."""
    kinds = 1 << (bits + 1)
    kept = np.full((kinds, size), -1, np.int64)
    for i in range(len(value)):
        c = kind[i] << 1 | senior[i]
        j = size - 1
        if kept[c, j] >= 0 and value[kept[c, j]] <= value[i]:
            continue
        while j > 0 and (kept[c, j - 1] < 0 or value[kept[c, j - 1]] > value[i]):
            kept[c, j] = kept[c, j - 1]
            j -= 1
        kept[c, j] = i
    rows = kept.ravel()
    rows = rows[rows >= 0]
    covers, wide = 1 << bits, seniors + 1
    least = np.full((size + 1, covers, wide), NEVER, np.int64)
    least[0, 0, 0] = 0
    taken = np.zeros((len(rows), size + 1, covers, wide), np.bool_)
    came = np.zeros((len(rows), size + 1, covers, wide), np.int32)
    for r in range(len(rows)):
        i = rows[r]
        for members in range(size - 1, -1, -1):
            for covered in range(covers):
                for old in range(wide):
                    if least[members, covered, old] == NEVER:
                        continue
                    now, elders = covered | kind[i], min(seniors, old + senior[i])
                    total = least[members, covered, old] + value[i]
                    if total < least[members + 1, now, elders]:
                        least[members + 1, now, elders] = total
                        taken[r, members + 1, now, elders] = True
                        came[r, members + 1, now, elders] = covered * wide + old
    best = least[size, covers - 1, seniors]
    team = np.empty(size if best < NEVER else 0, np.int64)
    covered, old, r = covers - 1, seniors, len(rows)
    for members in range(len(team), 0, -1):
        r -= 1
        while not taken[r, members, covered, old]:
            r -= 1
        team[members - 1] = rows[r]
        state = came[r, members, covered, old]
        covered, old = state // wide, state % wide
    return best, team
