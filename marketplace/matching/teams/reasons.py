"""Why these people sit together, who would come next, and why a contract has no team."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from marketplace.matching.pairs import Bar
from marketplace.matching.problem import Ints

from .pairs import TeamPairs, prospects, specialties
from .problem import MOST_MEMBERS, TeamProblem
from .search import SHIFT, best_peaceful_team
from .solver import TeamPlan, bits_of, quarrels_of


@dataclass(frozen=True, slots=True)
class Replacement:
    """Somebody who could take a member's seat, all else as it is, and what that would cost more (less, if negative).

    ``sits_with``: the contract that would lose this person, -1 for somebody who is free.
    """

    person: int
    added: int
    sits_with: int


@dataclass(frozen=True, slots=True)
class MemberReason:
    """What a member brings: masks of the specialties required that this person knows (``brings``) and nobody else in the team
    (``alone``); ``senior``, and whether the team would lack a senior without this one (``needed_senior``).

    ``free`` is the next best of those with a place left, ``seated`` of those without.
    """

    person: int
    cost: int
    hundredths: int
    brings: int
    alone: int
    senior: bool
    needed_senior: bool
    free: Replacement | None
    seated: Replacement | None


class TeamLimit(StrEnum):
    """The rule that leaves a contract without a team, the first of these that does."""

    PEOPLE = "people"  # fewer are eligible than seats
    SPECIALTY = "specialty"  # one required that nobody eligible knows
    SENIOR = "senior"  # too few eligible seniors
    SEATS = "seats"  # all is known, but not by so few
    QUARREL = "quarrel"  # only people who quarrel would do
    BUSY = "busy"  # who could complete a team sits elsewhere
    COST = "cost"  # emptiness costs less, as far as the search went


@dataclass(frozen=True, slots=True)
class Admission:
    """Somebody whose coming would help: the bars that would have to fall, or the contract that would have to give the person up
    (-1: none of these)."""

    person: int
    bar: Bar
    hundredths: int
    sits_with: int


@dataclass(frozen=True, slots=True)
class Missing:
    """Why there is no team. ``lacking`` is the mask of specialties that nobody eligible knows, ``eligible`` and
    ``seniors`` are counts.

    ``help`` are the fewest people whose coming would make a team possible: one is the one fact that would help, none that no
    person helps. ``seats``: so many seats would do with who is eligible, 0 if none do.
    """

    limit: TeamLimit
    eligible: int
    seniors: int
    lacking: int
    help: tuple[Admission, ...]
    seats: int


@dataclass(frozen=True, slots=True)
class TeamReason:
    contract: int
    members: tuple[MemberReason, ...]
    missing: Missing | None


def team_reasons(problem: TeamProblem, pairs: TeamPairs, plan: TeamPlan) -> Iterator[TeamReason]:
    """The reason of every contract, in order."""
    people = len(problem.counsel)
    seated = plan.member[plan.member >= 0]
    left = problem.counsel.remaining() - np.bincount(seated, minlength=people)
    owner = np.full(people, -1, dtype=np.int64)
    for k in range(len(plan.member) - 1, -1, -1):
        owner[plan.member[k][plan.member[k] >= 0]] = k
    foes = quarrels_of(problem)
    for k in range(len(plan.member)):
        team = plan.member[k][plan.member[k] >= 0]
        if len(team):
            yield TeamReason(k, _members(problem, pairs, k, team, left, owner, foes), None)
        else:
            yield TeamReason(k, (), _missing(problem, pairs, k, left, owner, foes))


def _members(
    problem: TeamProblem, pairs: TeamPairs, contract: int, team: Ints, left: Ints, owner: Ints, foes: tuple[Ints, Ints]
) -> tuple[MemberReason, ...]:
    counsel, weights = problem.counsel, problem.parameters
    required, asked = int(problem.contracts.required[contract]), int(problem.contracts.seniors[contract])
    low, high = int(pairs.start[contract]), int(pairs.start[contract + 1])
    person, cost = pairs.person[low:high].astype(np.int64), pairs.cost[low:high].astype(np.int64)
    senior = counsel.years >= weights.senior_years
    seen = prospects(problem, contract)
    reasons = []
    for member in team.tolist():
        others = team[team != member]
        covered = int(np.bitwise_or.reduce(counsel.specialties[others])) if len(others) else 0
        brings = required & int(counsel.specialties[member])
        elders = int(senior[others].sum())
        own = int(cost[np.searchsorted(person, member)])
        fits = ~np.isin(person, team) & (required & ~(covered | counsel.specialties[person]) == 0)
        fits &= elders + senior[person] >= asked
        for other in others.tolist():
            fits &= ~np.isin(person, foes[1][foes[0][other] : foes[0][other + 1]])

        def cheapest(among: Ints, own: int = own) -> Replacement | None:
            if not len(among):
                return None
            at = int(among[cost[among].argmin()])
            who = int(person[at])
            return Replacement(who, int(cost[at]) - own, -1 if left[who] > 0 else int(owner[who]))

        reasons.append(
            MemberReason(
                person=member,
                cost=own,
                hundredths=int(seen.hundredths[member]),
                brings=brings,
                alone=brings & ~covered,
                senior=bool(senior[member]),
                needed_senior=elders < asked,
                free=cheapest(np.flatnonzero(fits & (left[person] > 0))),
                seated=cheapest(np.flatnonzero(fits & (left[person] <= 0))),
            )
        )
    return tuple(reasons)


def _missing(
    problem: TeamProblem, pairs: TeamPairs, contract: int, left: Ints, owner: Ints, foes: tuple[Ints, Ints]
) -> Missing:
    size, asked = int(problem.contracts.size[contract]), int(problem.contracts.seniors[contract])
    seen = prospects(problem, contract)
    bits = int(bits_of(problem)[contract])
    eligible = np.zeros(len(seen.bar), dtype=bool)
    eligible[pairs.person[pairs.start[contract] : pairs.start[contract + 1]]] = True
    known = int(np.bitwise_or.reduce(seen.kind[eligible])) if eligible.any() else 0
    seniors = int((seen.kind[eligible] >> bits).sum()) if asked else 0

    def team(among: Ints, extra: Ints, size: int, peace: bool = True) -> Ints | None:
        """The team of ``among`` with the least sum of ``extra``."""
        people = np.ascontiguousarray(among)
        rows = np.full(MOST_MEMBERS, -1, dtype=np.int64)
        # Costs count only between equals: what must change comes first.
        price = extra << (SHIFT + 32)
        nobody = (np.zeros(len(price) + 1, dtype=np.int64), np.empty(0, dtype=np.int64))
        _least, value = best_peaceful_team(
            0, len(people), people.astype(np.int32), np.minimum(seen.cost[people], 1 << 27).astype(np.int32),
            seen.kind[people].astype(np.uint16), price, np.ones(len(price), dtype=np.int64), np.int64(-1),
            np.int64(size), np.int64(bits), np.int64(asked), *(foes if peace else nobody), rows,
        )  # fmt: skip
        return people[rows[:size]] if value < 1 << 60 else None

    everybody, none = np.arange(len(seen.bar)), np.zeros(len(seen.bar), dtype=np.int64)
    able = np.flatnonzero(eligible)
    lacking = sum(
        1 << bit
        for place, bit in enumerate(specialties(int(problem.contracts.required[contract])))
        if not known >> place & 1
    )
    free = able[left[able] > 0]
    limit = (
        TeamLimit.PEOPLE if len(able) < size
        else TeamLimit.SPECIALTY if lacking
        else TeamLimit.SENIOR if seniors < asked
        else TeamLimit.SEATS if team(able, none, size, peace=False) is None
        else TeamLimit.QUARREL if team(able, none, size) is None
        else TeamLimit.BUSY if team(free, none, size) is None
        else TeamLimit.COST
    )  # fmt: skip
    # Of the eligible, who sits elsewhere would have to come; if that is not enough, who is barred.
    away = (left <= 0).astype(np.int64)
    helped = team(able, away, size) if limit is TeamLimit.BUSY else None
    if limit not in (TeamLimit.BUSY, TeamLimit.COST):
        away = away | ~eligible
        helped = team(everybody, away, size)
    needed = [] if helped is None else sorted(int(p) for p in helped if away[p])
    wider = (more for more in range(size + 1, MOST_MEMBERS + 1) if team(able, none, more) is not None)
    return Missing(
        limit=limit,
        eligible=len(able),
        seniors=seniors,
        lacking=lacking,
        help=tuple(
            Admission(p, Bar(int(seen.bar[p])), int(seen.hundredths[p]), int(owner[p]) if left[p] <= 0 else -1)
            for p in needed
        ),
        seats=next(wider, 0) if limit is TeamLimit.SEATS else 0,
    )
