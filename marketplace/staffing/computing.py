"""From a frozen problem to what is stored: assignments with reasons, the result and its proof. No tables here.

Everything but ``how`` (engine, versions, seconds) is whole numbers and text that the problem alone decides, so a run can be
replayed bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from statistics import median_low
from time import perf_counter
from typing import Any

from marketplace.matching.pairs import eligible_pairs
from marketplace.matching.problem import Problem
from marketplace.matching.proof import NotOptimal, verify
from marketplace.matching.reasons import Alternative, Barred, PostReason, post_reasons
from marketplace.matching.solver import Plan, solve

#: upper ends of the bands of travel, minutes one way; the last band is open
BANDS = (15, 30, 45, 60, 90)


@dataclass(frozen=True, slots=True)
class Row:
    """One assignment to be: primary keys of post and person, cost, travel in minutes, and the reason as stored."""

    post: int
    person: int
    cost: int
    travel_minutes: int
    reason: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Computed:
    rows: list[Row]
    result: dict[str, Any]


def minutes(hundredths: int) -> int:
    """Whole minutes, half up."""
    return (hundredths + 50) // 100


def compute(problem: Problem, *, report: Callable[[int], None] = lambda percent: None) -> Computed:
    """Solve, prove and explain. ``report`` hears how many percent are done.

    Raises:
        ProblemError: the problem's numbers cannot be ranked exactly.
        NotOptimal: the answer was not proved best; it must not be used.
    """
    clock = [perf_counter()]
    report(5)
    pairs = eligible_pairs(problem)
    clock.append(perf_counter())
    report(25)
    plan = solve(problem, pairs)
    clock.append(perf_counter())
    report(60)
    verdict = verify(problem, pairs, plan.person, plan.person_price)
    if not verdict.accepted:
        raise NotOptimal(f"the independent check refused the answer: {verdict.breach}")
    clock.append(perf_counter())
    report(70)
    reasons = list(post_reasons(problem, pairs, plan))
    clock.append(perf_counter())
    report(90)

    rows = [_row(problem, reason) for reason in reasons if reason.person >= 0]
    unfilled = [_unfilled(problem, reason) for reason in reasons if reason.person < 0]
    result = {
        "objective": {
            "posts": plan.objective.posts,
            "filled": plan.objective.posts - plan.objective.empty,
            "empty": plan.objective.empty,
            "empty_by_rank": list(plan.objective.empty_by_rank),
            "pair_cost": plan.objective.pair_cost,
            "load_cost": plan.objective.load_cost,
        },
        "pairs": {"all": len(problem.posts) * len(problem.people), "eligible": len(pairs)},
        "proof": {"primal": verdict.primal, "dual": verdict.dual, "pairs_read": verdict.pairs_read},
        "prices": plan.person_price.tolist(),
        "empty_posts": [entry["post"] for entry in unfilled],
        "unfilled": unfilled,
        "travel": _travel([row.travel_minutes for row in rows]),
        "load": _load(problem, plan),
        "how": {
            "engine": plan.engine,
            "versions": {name: version(name) for name in ("ortools", "numpy")},
            "milliseconds": {
                name: round(1000 * (end - start))
                for name, start, end in zip(("pairs", "plan", "proof", "reasons"), clock, clock[1:], strict=False)
            },
        },
    }
    return Computed(rows, result)


def comparable(result: dict[str, Any]) -> dict[str, Any]:
    """The part of a result that a replay must reproduce."""
    return {key: value for key, value in result.items() if key != "how"}


def _row(problem: Problem, reason: PostReason) -> Row:
    assert reason.parts is not None  # noqa: S101  (a filled post has its cost)
    parts = reason.parts
    return Row(
        post=int(problem.posts.key[reason.post]),
        person=int(problem.people.key[reason.person]),
        cost=parts.travel + parts.language + parts.specialty,
        travel_minutes=minutes(parts.hundredths),
        reason={
            "parts": {
                "travel": parts.travel,
                "language": parts.language,
                "specialty": parts.specialty,
                "load": parts.load,
            },
            "eligible": reason.eligible,
            "post_price": reason.post_price,
            "person_price": reason.person_price,
            "alternatives": [_alternative(problem, each) for each in reason.alternatives],
            "barred": [_barred(problem, each) for each in reason.barred],
        },
    )


def _unfilled(problem: Problem, reason: PostReason) -> dict[str, Any]:
    return {
        "post": int(problem.posts.key[reason.post]),
        "because": str(reason.empty),
        "eligible": reason.eligible,
        "alternatives": [_alternative(problem, each) for each in reason.alternatives],
        "barred": [_barred(problem, each) for each in reason.barred],
    }


def _alternative(problem: Problem, each: Alternative) -> dict[str, Any]:
    people, posts = problem.people.key, problem.posts.key

    def key(row: int) -> int | None:
        return int(people[row]) if row >= 0 else None

    return {
        "person": int(people[each.person]),
        "minutes": minutes(each.hundredths),
        "cost": each.cost,
        "added": each.added,
        "exact": each.exact,
        "limit": str(each.limit),
        "moves": [{"post": int(posts[m.post]), "from": key(m.source), "to": key(m.target)} for m in each.moves],
    }


def _barred(problem: Problem, each: Barred) -> dict[str, Any]:
    return {
        "person": int(problem.people.key[each.person]),
        "minutes": minutes(each.hundredths),
        "bars": [str(bar.name).lower() for bar in each.bar],
    }


def _travel(times: list[int]) -> dict[str, Any]:
    if not times:
        return {"median": None, "longest": None, "bands": [0] * (len(BANDS) + 1)}
    bands = [0] * (len(BANDS) + 1)
    for time in times:
        bands[next((at for at, end in enumerate(BANDS) if time <= end), len(BANDS))] += 1
    return {"median": median_low(times), "longest": max(times), "bands": bands}


def _load(problem: Problem, plan: Plan) -> dict[str, Any]:
    total = plan.load + problem.people.load
    return {
        "people": len(problem.people),
        "used": int((plan.load > 0).sum()),
        "most": int(total.max(initial=0)),
    }
