"""From a problem to its best plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .lottery import numbers
from .network import (
    LARGEST_OBJECTIVE,
    Bounds,
    RankPrices,
    Staying,
    apart,
    emptiness,
    network_of,
    ranks,
    sum_of_places,
)
from .network import rank_prices as prices_of_ranks
from .pairs import Pairs, judge
from .problem import Ints, Problem, ProblemError

ENGINE = "shortest augmenting paths over all pairs"
#: posts from which a second thread earns what it costs to cut the map
WORTH_TWO_THREADS = 3000


@dataclass(frozen=True, slots=True)
class Objective:
    """In the order in which it counts: ``empty`` posts (``empty_by_rank`` from the most to the least needy), then ``cost``."""

    posts: int
    empty: int
    empty_by_rank: tuple[int, ...]
    pair_cost: int
    load_cost: int

    @property
    def cost(self) -> int:
        return self.pair_cost + self.load_cost


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """``person[v]`` is the row of who serves post ``v``, or -1. ``person_price`` proves that no plan is better.

    ``person_price[p]`` is what one more place of that person is worth to the whole plan, ``post_price[v]`` what it costs to serve
    that post (or, if it is empty, the price of its emptiness). ``group_price[g]`` is added to the price of emptiness in a
    group whose bounds hold it up or down. Prices are not unique; those of people are the least.
    """

    person: Ints
    load: Ints
    person_price: Ints
    post_price: Ints
    group_price: Ints
    objective: Objective
    engine: str = ENGINE


def solve(
    problem: Problem,
    pairs: Pairs | None = None,
    *,
    bounds: Bounds | None = None,
    staying: Staying | None = None,
    rank_prices: RankPrices | None = None,
    threads: int = 1,
) -> Plan:
    """The best plan over all eligible pairs: most posts filled, the neediest first, then at the least cost; ties by lottery.

    With ``pairs`` exactly these and their costs count, otherwise those that follow from places, masks and limits, which are
    never all written down. ``bounds`` must be kept; ``staying`` lets current people stay unless a move earns the bonus.
    ``rank_prices`` is what emptiness costs, where the problem is a part of a whole that says so. The answer is the same
    whatever the number of ``threads``, of which two are of use.

    Raises:
        ProblemError: ``overflow``, the prices of this problem exceed what can be computed exactly; ``infeasible``, no plan keeps
            the bounds.
    """
    # Imported when something is solved: numba takes half a second that no web process should pay.
    from .engine.cutting import uncut
    from .engine.ground import Layout, explicit_ground, lay_out
    from .engine.solving import draw, solve_layout

    posts, people = len(problem.posts), len(problem.people)
    if pairs is None:
        cut = threads > 1 and posts >= WORTH_TWO_THREADS
        layout = lay_out(problem, cut=cut, **_wishes(problem, bounds, staying, rank_prices))
    elif bounds or staying or rank_prices is not None:
        raise ProblemError("format", "bounds, staying and prices are for pairs that follow from the problem")
    else:
        network = network_of(problem, pairs)
        ground = explicit_ground(
            pairs.start, pairs.person, pairs.cost, network.empty, network.unit_start, network.unit_cost
        )
        layout = Layout(ground, np.arange(posts), np.arange(people), uncut(posts))
    ground, post, person = layout.ground, layout.post, layout.person
    state = solve_layout(layout, threads)
    if state.unplaced[0] or (bounds and (state.load < ground.least).any()):
        raise ProblemError("infeasible", "no plan keeps the bounds")
    seed, keys = problem.parameters.seed, np.append(problem.people.key[person], -1)
    owner = draw(
        ground, state, posts, lambda v, p: numbers(seed, problem.posts.key[post[v]], keys[np.minimum(p, people)])
    )
    chosen = np.empty(posts, dtype=np.int64)
    chosen[post] = np.append(person, -1)[np.minimum(owner, people)]
    price, worth = np.zeros(people, dtype=np.int64), np.empty(posts, dtype=np.int64)
    price[person] = np.where(ground.room[:people] > 0, ground.people_i[0, :people], 0)
    worth[post] = state.worth[:posts]
    return Plan(
        person=chosen,
        load=np.bincount(chosen[chosen >= 0], minlength=people),
        person_price=price,
        post_price=worth,
        group_price=ground.people_i[0, ground.groups_from :].copy(),
        objective=measure(problem, chosen, pairs),
    )


def _wishes(
    problem: Problem, bounds: Bounds | None, staying: Staying | None, known: RankPrices | None
) -> dict[str, Any]:
    """What the ground must know besides the problem."""
    bonus = staying.bonus if staying else 0
    empty = emptiness(problem, prices_of_ranks(problem, bonus=bonus) if known is None else known)
    found: dict[str, Any] = {"empty": empty}
    if staying:
        found |= {"current": staying.current, "bonus": bonus}
    if bounds:
        # Breaking a bound would have to save more than every post's emptiness together.
        must = int(empty.sum()) + apart(problem, bonus=bonus)
        if 4 * must > LARGEST_OBJECTIVE:
            raise ProblemError("overflow", "the problem is too large for bounds to be kept exactly")
        least, most = bounds.empties()
        if (least > most).any() or (most < 0).any():
            raise ProblemError("infeasible", "a bound asks for more posts than there are, or for more than it allows")
        found |= {"group": bounds.group, "group_least": least, "group_most": most, "must": must}
        found["person_least"] = bounds.person_least
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Narrowest:
    """The plan whose longest way is shortest: ``plan`` is best for ``problem``, whose radius is the least that covers as much.

    ``shorter`` is what a radius of one minute less would leave empty, by rank: the proof that it will not do; None where the
    radius is zero or nobody is covered.
    """

    problem: Problem
    plan: Plan
    shorter: tuple[int, ...] | None


def solve_worst_first(problem: Problem) -> Narrowest:
    """After coverage and need, the worst-off count before the whole: no plan that covers as much has a shorter longest way.

    In whole minutes, by bisection over the radius.
    """
    plan = solve(problem)
    goal = plan.objective.empty_by_rank
    best, high = problem, _longest(problem, plan)
    low, shorter = -1, None
    while low < high:
        # ``low`` is known not to do.
        middle = high if high - low == 1 else (low + high) // 2
        narrow = replace(problem, parameters=replace(problem.parameters, radius_minutes=middle))
        found = solve(narrow)
        if found.objective.empty_by_rank == goal:
            best, plan = narrow, found
            high = min(_longest(narrow, found), middle)
            if high - low <= 1 and best.parameters.radius_minutes == high:
                break
        else:
            low, shorter = middle, found.objective.empty_by_rank
    return Narrowest(best, plan, shorter)


def _longest(problem: Problem, plan: Plan) -> int:
    """The longest way of a plan in whole minutes, rounded up; 0 where nobody travels."""
    filled = np.flatnonzero(plan.person >= 0)
    return int(-(-judge(problem, filled, plan.person[filled]).hundredths.max(initial=0) // 100))


@dataclass(frozen=True, slots=True)
class Trade:
    """What staying costs: with this ``bonus``, ``moves`` posts leave their current person and the plan costs ``cost``."""

    bonus: int
    moves: int
    empty: int
    cost: int


def trade_of_staying(problem: Problem, current: Ints, bonuses: Iterable[int] = ()) -> list[Trade]:
    """Moves against cost: from the best plan (bonus 0) over ``bonuses`` to the plan that moves as few as coverage allows.

    Raises:
        ProblemError: ``overflow``, the problem is too large for a bonus above all costs.
    """
    trades = []
    for bonus in sorted({0, *bonuses, apart(problem)}):
        plan = solve(problem, staying=Staying(current, bonus))
        moves = int(((current >= 0) & (plan.person != current)).sum())
        trades.append(Trade(bonus, moves, plan.objective.empty, plan.objective.cost))
    return trades


def measure(problem: Problem, person: Ints, pairs: Pairs | None = None) -> Objective:
    """What a plan achieves."""
    filled = np.flatnonzero(person >= 0)
    cost = (
        judge(problem, filled, person[filled]).cost if pairs is None else pairs.cost[pairs.find(filled, person[filled])]
    )
    load = np.bincount(person[filled], minlength=len(problem.people))
    rank = ranks(problem)
    by_rank = np.bincount(rank[person < 0], minlength=int(rank.max(initial=0)) + 1)[1:][::-1]
    return Objective(
        posts=len(person),
        empty=int((person < 0).sum()),
        empty_by_rank=tuple(int(n) for n in by_rank),
        pair_cost=int(cost.sum()),
        load_cost=int(sum_of_places(problem, load).sum()),
    )
