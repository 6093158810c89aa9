"""From a frozen problem to what is stored: assignments with reasons, the result and its proof. No tables here.

The one place of this room that calls the engine. Everything but ``how`` (engine, versions, seconds) is whole numbers and text
that the problem alone decides, so a run can be replayed bit for bit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from time import perf_counter
from typing import Any

import numpy as np

from marketplace.matching.pairs import Bar, judge
from marketplace.matching.problem import Ints, Problem
from marketplace.matching.proof import NotOptimal, Verdict, verify
from marketplace.matching.reasons import Alternative, Barred, PostReason, post_reasons, why_not
from marketplace.matching.solver import Plan, solve

from . import measuring

Report = Callable[[int], None]
#: of a plan, whatever the machine has: prices are stored, and a replay must find the same
THREADS = 2


@dataclass(frozen=True, slots=True)
class Row:
    """One assignment to be: primary keys of post and person, cost, travel in minutes, and the reason as stored."""

    post: int
    person: int
    cost: int
    travel_minutes: int
    reason: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Empty:
    """One post left empty: its primary key, why (a value of ``reasons.Emptiness``), and the reason as stored."""

    post: int
    because: str
    reason: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Computed:
    """``summary`` is what pages show of ``result``; ``fairness`` see ``measuring.measure``."""

    rows: list[Row]
    empty: list[Empty]
    result: dict[str, Any]
    summary: dict[str, Any]
    fairness: dict[str, Any]


def seed_of(problem: Problem) -> int:
    """The lottery's seed: 48 bits of the digest of the problem without a seed, so that nobody chooses it."""
    unsown = replace(problem, parameters=replace(problem.parameters, seed=0))
    return int(hashlib.sha256(unsown.canonical_bytes()).hexdigest()[:12], 16)


def _quiet(percent: int) -> None:
    """Nobody listens."""


def compute(problem: Problem, *, report: Report = _quiet) -> Computed:
    """Solve, prove and explain. ``report`` hears how many percent are done.

    Raises:
        ProblemError: the problem's numbers cannot be ranked exactly.
        NotOptimal: the answer was not proved best; it must not be used.
    """
    begun = perf_counter()
    report(5)
    plan = solve(problem, threads=THREADS)
    solved = perf_counter()
    report(40)
    rows, empty = [], []
    for reason in post_reasons(problem, plan):
        if reason.person >= 0:
            rows.append(row_of(problem, reason))
        else:
            empty.append(empty_of(problem, reason))
    report(80)
    took = {"plan": round(1000 * (solved - begun)), "reasons": round(1000 * (perf_counter() - solved))}
    return conclude(problem, plan, rows, empty, took)


def conclude(
    problem: Problem, plan: Plan, rows: list[Row], empty: list[Empty], milliseconds: Mapping[str, int]
) -> Computed:
    """Prove a plan with its reasons and measure it. Raises ``NotOptimal`` if it was not proved best."""
    begun = perf_counter()
    verdict = _proved(problem, plan)
    took = {**milliseconds, "proof": round(1000 * (perf_counter() - begun))}
    result = {
        "objective": {**_objective(plan), "empty_by_rank": list(plan.objective.empty_by_rank)},
        "pairs": {"all": len(problem.posts) * len(problem.people), "eligible": verdict.pairs_read},
        "proof": {"primal": verdict.primal, "dual": verdict.dual, "pairs_read": verdict.pairs_read},
        "prices": plan.person_price.tolist(),
        "empty_posts": [entry.post for entry in empty],
        "travel": measuring.travel([row.travel_minutes for row in rows]),
        "load": _load(problem, plan),
        "how": {
            "engine": plan.engine,
            "versions": {name: version(name) for name in ("numba", "numpy")},
            "milliseconds": took,
        },
    }
    return Computed(
        rows=rows,
        empty=empty,
        result=result,
        summary={
            **{key: result[key] for key in ("objective", "pairs", "proof", "travel", "load", "how")},
            "weights": asdict(problem.parameters),
            "worth": _worth(problem, plan),
        },
        fairness=_fairness(problem, plan.person, [*(row.reason for row in rows), *(each.reason for each in empty)]),
    )


def comparable(result: dict[str, Any]) -> dict[str, Any]:
    """The part of a result that a replay must reproduce."""
    return {key: value for key, value in result.items() if key != "how"}


def _proved(problem: Problem, plan: Plan) -> Verdict:
    verdict = verify(problem, plan.person, plan.person_price)
    if not verdict.accepted:
        raise NotOptimal(f"the independent check refused the answer: {verdict.breach}")
    return verdict


def _objective(plan: Plan) -> dict[str, int]:
    found = plan.objective
    return {
        "posts": found.posts,
        "filled": found.posts - found.empty,
        "empty": found.empty,
        "pair_cost": found.pair_cost,
        "load_cost": found.load_cost,
    }


def _load(problem: Problem, plan: Plan) -> dict[str, int]:
    total = plan.load + problem.people.load
    return {
        "people": len(problem.people),
        "used": int((plan.load > 0).sum()),
        "most": int(total.max(initial=0)),
    }


def _worth(problem: Problem, plan: Plan) -> list[dict[str, Any]]:
    """Whose next place would save most, by the prices of the proof: at most ten people.

    The least price of a person is what one more place there is worth; taking it costs what the load of that place costs. The rest
    is saved, exactly when no other place becomes cheaper by it, else at least. A saving above the cost of the whole plan
    can only be the price of an empty post (``network``): one more post is served, or a needier one.
    """
    people, weights = problem.people, problem.parameters
    held = people.load + plan.load
    place = weights.load_cost * held + weights.load_share_cost * held // np.maximum(people.capacity, 1)
    # Whoever had no place free at the start was in no pair, so that the price says nothing.
    saving = np.where(problem.remaining() > 0, plan.person_price - place, 0)
    best = np.lexsort((people.key, -saving))[:10]
    whole = plan.objective.pair_cost + plan.objective.load_cost
    return [
        {"person": int(people.key[row]), "saving": int(saving[row]), "fills": bool(saving[row] > whole)}
        for row in best
        if saving[row] > 0
    ]


def _fairness(problem: Problem, person: Ints, reasons: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    filled = np.flatnonzero(person >= 0)
    hundredths = np.full(len(person), -1, dtype=np.int64)
    if len(filled):
        hundredths[filled] = judge(problem, filled, person[filled]).hundredths
    return measuring.measure(problem, person, hundredths) | {"lot": measuring.by_lot(reasons)}


def measure_stored(problem: Problem, plan: Mapping[int, int], reasons: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The fairness of a plan that was stored before it was measured; ``plan`` is post → person by primary keys."""
    return _fairness(problem, rows_of(problem, plan), reasons)


# Checking again


def rows_of(problem: Problem, plan: Mapping[int, int]) -> Ints:
    """A plan of primary keys as the engine's rows: for each post the row of its person, or -1."""
    row_of_person = {int(key): row for row, key in enumerate(problem.people.key)}
    # Somebody who is not in the problem is no eligible pair: the check will name the post.
    nobody = len(problem.people)
    return np.array(
        [row_of_person.get(plan[post], nobody) if post in plan else -1 for post in problem.posts.key.tolist()],
        dtype=np.int64,
    )


def check_proof(problem: Problem, plan: Mapping[int, int], prices: Sequence[int]) -> Verdict:
    """Read every pair again: do these ``prices`` of people (in the problem's order) prove this plan (post → person) best?"""
    return verify(problem, rows_of(problem, plan), np.array(prices, dtype=np.int64))


def best_plan(problem: Problem) -> dict[int, int]:
    """The best plan (post → person by primary keys), computed anew, lottery and all."""
    return _by_key(problem, solve(problem, threads=THREADS).person)


def _by_key(problem: Problem, person: Ints) -> dict[int, int]:
    posts, people = problem.posts.key, problem.people.key
    return {int(posts[row]): int(people[who]) for row, who in enumerate(person) if who >= 0}


# Why not


@dataclass(frozen=True, slots=True)
class WhyNotAnswer:
    """``chosen``: who serves the post (None: nobody). The rest as ``matching.reasons.WhyNot`` says; nothing if it is he."""

    chosen: int | None
    minutes: int = 0
    hundredths: int = 0
    bars: tuple[str, ...] = ()
    then_chosen: bool | None = None
    limit: str = ""
    added: int = 0
    own_limit: int = 0


def ask_why_not(problem: Problem, post: int, person: int) -> WhyNotAnswer:
    """Why ``person`` does not serve ``post`` (primary keys of the problem) in the best plan."""
    row, who = int((problem.posts.key == post).argmax()), int((problem.people.key == person).argmax())
    plan = solve(problem, threads=THREADS)
    serving = int(plan.person[row])
    chosen = int(problem.people.key[serving]) if serving >= 0 else None
    if serving == who:
        return WhyNotAnswer(chosen)
    found = why_not(problem, plan, row, who)
    return WhyNotAnswer(
        chosen=chosen,
        minutes=minutes(found.hundredths),
        hundredths=found.hundredths,
        bars=_bars(found.bar),
        then_chosen=found.then_chosen,
        limit=str(found.limit) if found.limit else "",
        added=found.added,
        own_limit=int(problem.people.max_minutes[who]),
    )


# Scenarios


@dataclass(frozen=True, slots=True)
class ScenarioPlan:
    """The best plan of a changed problem: [post, person, minutes by the true road] rows, and figures as a run's summary has."""

    rows: list[tuple[int, int, int]]
    figures: dict[str, Any]


def compute_scenario(problem: Problem, true_speeds: Ints, *, report: Report = _quiet) -> ScenarioPlan:
    """Solve and prove a changed problem. Ways are told by ``true_speeds`` (km/h of each post), whatever a subsidy makes of them.

    Raises:
        ProblemError, NotOptimal
    """
    report(5)
    plan = solve(problem, threads=THREADS)
    report(65)
    verdict = _proved(problem, plan)
    report(80)
    true = replace(problem, posts=replace(problem.posts, kmh=true_speeds))
    filled = np.flatnonzero(plan.person >= 0)
    counted = judge(problem, filled, plan.person[filled]).hundredths if len(filled) else filled
    driven = judge(true, filled, plan.person[filled]).hundredths if len(filled) else filled
    rows = [
        (int(problem.posts.key[post]), int(problem.people.key[plan.person[post]]), minutes(int(way)))
        for post, way in zip(filled, driven, strict=True)
    ]
    figures = {
        "objective": _objective(plan),
        "pairs": {"all": len(problem.posts) * len(problem.people), "eligible": verdict.pairs_read},
        "proof": {"primal": verdict.primal, "dual": verdict.dual, "pairs_read": verdict.pairs_read},
        "travel": measuring.travel([row[2] for row in rows]),
        "load": _load(problem, plan) | {"gini": measuring.loads(problem, plan.person)["gini"]},
        "paid_minutes": minutes(int((driven - counted).sum())),
        "worth": _worth(problem, plan),
    }
    return ScenarioPlan(rows, figures)


# As stored


def minutes(hundredths: int) -> int:
    """Whole minutes, half up."""
    return (hundredths + 50) // 100


def row_of(problem: Problem, reason: PostReason) -> Row:
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


def empty_of(problem: Problem, reason: PostReason) -> Empty:
    return Empty(
        post=int(problem.posts.key[reason.post]),
        because=str(reason.empty),
        reason={
            "eligible": reason.eligible,
            "alternatives": [_alternative(problem, each) for each in reason.alternatives],
            "barred": [_barred(problem, each) for each in reason.barred],
        },
    )


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


def _bars(bar: Bar) -> tuple[str, ...]:
    return tuple(str(each.name).lower() for each in bar)


def _barred(problem: Problem, each: Barred) -> dict[str, Any]:
    return {
        "person": int(problem.people.key[each.person]),
        "minutes": minutes(each.hundredths),
        "bars": [*_bars(each.bar)],
    }
