"""A run in parts: which posts have nothing to do with which, what one part gives, and all parts together. No tables here.

A part's outcome is a document: ``rows`` ([post, person, cost, minutes, reason]), ``empty`` ([post, because, reason]), ``prices``
of the part's people in their order, ``milliseconds``. Parts together give what the whole problem gives, bit for bit
(``matching.division``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from marketplace.matching.division import Share, divide, part_of
from marketplace.matching.network import rank_prices
from marketplace.matching.problem import Ints, Problem
from marketplace.matching.reasons import post_reasons
from marketplace.matching.solver import Plan, measure, solve
from marketplace.matching.swaps import are_exact

from .computing import THREADS, Computed, Empty, Row, conclude, empty_of, row_of, rows_of

#: posts from which a run is divided; below it is done before a second task would begin
WORTH_DIVIDING = 3000
#: parts of a run, about
MOST_PARTS = 8
#: posts that travel with another part sooner than alone
SMALL_PART = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """Primary keys of posts and people, in the problem's order."""

    posts: list[int]
    people: list[int]


def parts_of(problem: Problem) -> list[Part]:
    """The parts of a problem; none if it is better computed whole."""
    if len(problem.posts) < WORTH_DIVIDING or are_exact(problem):
        return []
    shares = divide(problem, most=MOST_PARTS, least=SMALL_PART)
    if len(shares) < 2:
        return []
    posts, people = problem.posts.key, problem.people.key
    return [Part(posts[share.posts].tolist(), people[share.people].tolist()) for share in shares]


def compute_part(problem: Problem, part: Part, *, go_on: Callable[[], None]) -> dict[str, Any]:
    """The outcome of one part. ``go_on`` is asked between the steps and raises if nobody wants the answer any more.

    Raises:
        ProblemError: the problem's numbers cannot be ranked exactly.
    """
    begun = perf_counter()
    share = Share(_rows(problem.posts.key, part.posts), _rows(problem.people.key, part.people))
    found = solve(part_of(problem, share), rank_prices=rank_prices(problem), threads=THREADS)
    go_on()
    person = np.full(len(problem.posts), -1, dtype=np.int64)
    person[share.posts] = np.append(share.people, -1)[found.person]
    price = np.zeros(len(problem.people), dtype=np.int64)
    price[share.people] = found.person_price
    worth = np.zeros(len(problem.posts), dtype=np.int64)
    worth[share.posts] = found.post_price
    plan = _plan(problem, person, price, worth)
    reasons = list(post_reasons(problem, plan, share.posts))
    rows = [row_of(problem, reason) for reason in reasons if reason.person >= 0]
    empty = [empty_of(problem, reason) for reason in reasons if reason.person < 0]
    return {
        "rows": [[row.post, row.person, row.cost, row.travel_minutes, row.reason] for row in rows],
        "empty": [[each.post, each.because, each.reason] for each in empty],
        "prices": found.person_price.tolist(),
        "milliseconds": round(1000 * (perf_counter() - begun)),
    }


def join(problem: Problem, parts: Sequence[tuple[Part, Mapping[str, Any]]]) -> Computed:
    """The answer of the whole from the outcomes of its parts, proved over the whole problem.

    Raises:
        NotOptimal: the parts together were not proved best; they must not be used.
    """
    rows = [Row(*values) for _part, outcome in parts for values in outcome["rows"]]
    empty = [Empty(*values) for _part, outcome in parts for values in outcome["empty"]]
    place = {int(key): at for at, key in enumerate(problem.posts.key)}
    rows.sort(key=lambda row: place[row.post])
    empty.sort(key=lambda each: place[each.post])
    price = np.zeros(len(problem.people), dtype=np.int64)
    for part, outcome in parts:
        price[_rows(problem.people.key, part.people)] = outcome["prices"]
    person = rows_of(problem, {row.post: row.person for row in rows})
    plan = _plan(problem, person, price, np.zeros(len(problem.posts), dtype=np.int64))
    milliseconds = {f"part {at}": outcome["milliseconds"] for at, (_part, outcome) in enumerate(parts, start=1)}
    return conclude(problem, plan, rows, empty, milliseconds)


def _rows(keys: Ints, wanted: Sequence[int]) -> Ints:
    """Where the wanted keys stand."""
    order = np.argsort(keys, kind="stable")
    return np.asarray(order[np.searchsorted(keys[order], np.array(wanted, dtype=np.int64))])


def _plan(problem: Problem, person: Ints, price: Ints, worth: Ints) -> Plan:
    return Plan(
        person=person,
        load=np.bincount(person[person >= 0], minlength=len(problem.people)),
        person_price=price,
        post_price=worth,
        group_price=np.zeros(1, dtype=np.int64),
        objective=measure(problem, person),
    )
