"""From a frozen problem of shifts to what is stored. No tables here; imported by the worker alone: it loads the solvers.

First as many places are filled as can be, the waiting order kept. Then nobody is given more than he must: the fewest hours that
anybody can be limited to are sought with which as many places are filled. What is proven is how far the plan within this
limit may be from the best within it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from math import gcd
from time import perf_counter
from typing import Any

import numpy as np

from marketplace.matching.problem import Ints
from marketplace.matching.proof import NotOptimal
from marketplace.matching.shifts.blocks import are_blocks, solve_blocks
from marketplace.matching.shifts.documents import sown
from marketplace.matching.shifts.offers import Choices, choices, judge
from marketplace.matching.shifts.problem import ShiftProblem
from marketplace.matching.shifts.proof import ShiftVerdict, verify
from marketplace.matching.shifts.reasons import Absence, absences
from marketplace.matching.shifts.solver import Effort, ShiftPlan, solve

Report = Callable[[int], None]
#: the search ends here at the latest; the same on every machine
EFFORT = Effort(gap=0.0, rounds=20)
#: how often the share of those who have room is lowered
EVENINGS = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One place to be proposed: primary keys, way, and the reason as stored."""

    shift: int
    person: int
    travel_minutes: int
    reason: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Computed:
    rows: list[Row]
    result: dict[str, Any]
    summary: dict[str, Any]


def _quiet(percent: int) -> None:
    """Nobody listens."""


def compute(problem: ShiftProblem, kept: Mapping[int, int], *, report: Report = _quiet) -> Computed:
    """Solve, even out, prove and explain. ``kept``: minutes that people (by key) keep from before, counted into their share.

    Raises:
        ProblemError: the problem's numbers cannot be computed exactly.
        NotOptimal: the check refused the plan; it must not be used.
    """
    began = perf_counter()
    report(5)
    able = choices(problem)
    plan, engine = _best(problem, able)
    report(40)
    evened = _evened(problem, plan, engine, kept)
    problem_within, plan, engine = evened.problem, evened.plan, evened.engine
    share = max(evened.shares.values(), default=0)
    report(70)
    verdict = proved(problem_within, plan)
    report(80)
    judged = judge(problem_within)
    offers = problem.offers
    rows = []
    ahead = _ahead(problem_within, judged.position, plan)
    for row in np.flatnonzero(plan.chosen).tolist():
        shift = int(offers.shift[row])
        rows.append(
            Row(
                shift=int(problem.shifts.key[shift]),
                person=int(problem.volunteers.key[offers.volunteer[row]]),
                travel_minutes=int(judged.minutes[row]),
                reason={
                    "position": int(judged.position[row]),
                    "offers": int((offers.shift == shift).sum()),
                    "passed": ahead[row],
                },
            )
        )
    absent = [_absent(problem_within, each) for each in absences(problem_within, plan)]
    report(95)
    filled = np.bincount(offers.shift[plan.chosen], minlength=len(problem.shifts))
    free = problem.shifts.places - filled
    load = np.zeros(len(problem.volunteers), dtype=np.int64)
    length = problem.shifts.end - problem.shifts.start
    np.add.at(load, offers.volunteer[plan.chosen], length[offers.shift[plan.chosen]])
    result = {
        "worth": verdict.worth,
        "bound": verdict.bound,
        "prices": plan.price.tolist(),
        "shares": [[key, minutes] for key, minutes in sorted(evened.shares.items())],
        "empty": [
            [int(key), int(n)] for key, n in zip(problem.shifts.key.tolist(), free.tolist(), strict=True) if n > 0
        ],
        "absent": absent,
        "load": [[int(key), int(n)] for key, n in zip(problem.volunteers.key.tolist(), load.tolist(), strict=True)],
        "how": {
            "engine": engine,
            "versions": {name: version(name) for name in ("numba", "numpy")},
            "milliseconds": round(1000 * (perf_counter() - began)),
        },
    }
    summary = {
        "places": int(problem.shifts.places.sum()),
        "filled": int(filled.sum()),
        "shifts": len(problem.shifts),
        "people": len(problem.volunteers),
        "used": int((load > 0).sum()),
        "offers": len(offers),
        "share": share,
        "most": int(load.max(initial=0)),
        "exact": verdict.worth == verdict.bound,
        # In millionths, upwards: what is not proven must not look so.
        "gap": -(-(verdict.bound - verdict.worth) * 1_000_000 // verdict.bound) if verdict.bound else 0,
        "engine": engine,
    }
    return Computed(rows, result, summary)


def comparable(result: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a result that a replay must reproduce."""
    return {key: value for key, value in result.items() if key != "how"}


def _best(problem: ShiftProblem, able: Choices) -> tuple[ShiftPlan, str]:
    if len(able) and are_blocks(able):
        plan = solve_blocks(problem, able)
        # A flow knows no waiting order among plans of one worth; the check does.
        if verify(problem, plan).accepted:
            return plan, "flow"
    return solve(problem, able, effort=EFFORT), "search"


def within(problem: ShiftProblem, shares: Mapping[int, int], kept: Mapping[int, int]) -> ShiftProblem:
    """The problem in which nobody serves more than his share of minutes (by key), what he keeps counted in."""
    volunteers = problem.volunteers
    keys = volunteers.key.tolist()
    room = np.array([max(shares[key] - kept.get(key, 0), 0) for key in keys], dtype=np.int64)
    return sown(replace(problem, volunteers=replace(volunteers, minutes=np.minimum(volunteers.minutes, room))))


@dataclass(frozen=True, slots=True)
class _Found:
    """A plan with as many places filled, and the problem within the shares for which it was found."""

    shares: dict[int, int]
    problem: ShiftProblem
    plan: ShiftPlan
    engine: str


def _evened(problem: ShiftProblem, plan: ShiftPlan, engine: str, kept: Mapping[int, int]) -> _Found:
    """The least share for all, in steps of the shifts' common measure, with which as many places are filled; then, whoever has
    all of that share left with it, the least for the others, and so on (as long as it gets less, at most ``EVENINGS`` times)."""
    length = problem.shifts.end - problem.shifts.start
    full = int(plan.chosen.sum())
    if not full:
        return _Found({}, problem, plan, engine)
    step = gcd(*length.tolist())
    keys = problem.volunteers.key.tolist()
    loads = _loads(problem, plan, kept)
    top = -(-max(loads.values()) // step) * step
    best = _Found(dict.fromkeys(keys, top), problem, plan, engine)
    settled: set[int] = set()
    for _evening in range(EVENINGS):
        loads = _loads(best.problem, best.plan, kept)
        lowered = [key for key in keys if key not in settled]
        low, high = 0, -(-max((loads[key] for key in lowered), default=0) // step)
        if high == 0:
            break
        found: _Found | None = None
        while found is None or high - low > 1:
            # The share that they have now is tried if no smaller one did.
            middle = (low + high) // 2 if high - low > 1 else high
            shares = best.shares | dict.fromkeys(lowered, middle * step)
            narrow = within(problem, shares, kept)
            tried, how = _best(narrow, choices(narrow))
            if int(tried.chosen.sum()) >= full:
                high, found = middle, _Found(shares, narrow, tried, how)
            elif middle == high:
                break
            else:
                low = middle
        if found is None:
            # The search did not find again what it had found with more room.
            break
        best = found
        loads = _loads(best.problem, best.plan, kept)
        tight = {key for key in lowered if loads[key] + step > high * step}
        if not tight or tight == set(lowered):
            break
        settled |= tight
    return best


def _loads(problem: ShiftProblem, plan: ShiftPlan, kept: Mapping[int, int]) -> dict[int, int]:
    """Person → minutes, kept and by the plan; what somebody keeps who is given nothing more cannot be evened out."""
    offers, length = problem.offers, problem.shifts.end - problem.shifts.start
    load = np.zeros(len(problem.volunteers), dtype=np.int64)
    np.add.at(load, offers.volunteer[plan.chosen], length[offers.shift[plan.chosen]])
    keys = problem.volunteers.key.tolist()
    return {key: int(n) + kept.get(key, 0) if n else 0 for key, n in zip(keys, load.tolist(), strict=True)}


def proved(problem: ShiftProblem, plan: ShiftPlan) -> ShiftVerdict:
    """The independent check of the plan and its bound.

    Raises:
        NotOptimal: it was refused.
    """
    verdict = verify(problem, plan)
    if not verdict.accepted:
        raise NotOptimal(f"the independent check refused the plan: {verdict.breach}")
    return verdict


def check_stored(
    problem: ShiftProblem,
    kept: Mapping[int, int],
    shares: Mapping[int, int],
    rows: set[tuple[int, int]],
    prices: Sequence[int],
) -> ShiftVerdict:
    """Read a stored plan ((shift, person) pairs of keys) again, with the stored prices."""
    narrow = within(problem, shares, kept) if shares else problem
    offers = problem.offers
    pairs = zip(
        problem.shifts.key[offers.shift].tolist(), problem.volunteers.key[offers.volunteer].tolist(), strict=True
    )
    chosen = np.array([pair in rows for pair in pairs], dtype=np.bool_)
    worth = int(judge(narrow).worth[chosen].sum())
    # The largest bound there is: the check then says what the prices prove.
    return verify(narrow, ShiftPlan(chosen, np.array(prices, dtype=np.int64), worth, 1 << 60, ""))


def _ahead(problem: ShiftProblem, position: Ints, plan: ShiftPlan) -> dict[int, int]:
    """For each chosen offer: how many who could come stood before it in the shift's waiting order and do not come."""
    offers, bar = problem.offers, judge(problem).bar
    found = {}
    for row in np.flatnonzero(plan.chosen).tolist():
        before = (offers.shift == offers.shift[row]) & (bar == 0) & ~plan.chosen & (position < position[row])
        found[row] = int(before.sum())
    return found


def _absent(problem: ShiftProblem, each: Absence) -> list[Any]:
    """[shift, person, position, [[rule, amount, other shift or 0], …]]"""
    keys = problem.shifts.key
    facts = [[str(f.rule), int(f.amount), int(keys[f.shift]) if f.shift >= 0 else 0] for f in each.facts]
    return [int(keys[each.shift]), int(problem.volunteers.key[each.volunteer]), each.position, facts]
