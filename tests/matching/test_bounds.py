"""Plans within bounds, plans for the worst-off, plans that move few: against all plans there are."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.matching.network import Bounds, Staying, apart, emptiness, rank_prices
from marketplace.matching.pairs import judge
from marketplace.matching.problem import ProblemError
from marketplace.matching.proof import Flaw, verify
from marketplace.matching.solver import measure, solve, solve_worst_first, trade_of_staying

from .instances import county, problem_of, problems
from .oracles import pair_cost, place_cost


def every_plan(problem):
    """All possible plans."""
    posts, people = len(problem.posts), len(problem.people)
    may = [[-1, *(p for p in range(people) if pair_cost(problem, v, p) is not None)] for v in range(posts)]
    room = problem.remaining()
    for plan in itertools.product(*may):
        if all(plan.count(p) <= room[p] for p in range(people)):
            yield plan


def cost_of(problem, plan):
    pairs = sum(pair_cost(problem, v, p) for v, p in enumerate(plan) if p >= 0)
    return pairs + sum(place_cost(problem, p, k) for p in set(plan) - {-1} for k in range(plan.count(p)))


@settings(max_examples=150, deadline=None)
@given(problems(most_posts=5, most_people=3), st.data())
def test_bounds_are_kept_at_least_price_or_refused(problem, data):
    posts, people = len(problem.posts), len(problem.people)
    group = np.array(data.draw(st.lists(st.integers(0, 1), min_size=posts, max_size=posts)), dtype=np.int64)
    sizes = np.bincount(group, minlength=2)
    least = np.array([data.draw(st.integers(0, int(size))) for size in sizes])
    most = np.array([data.draw(st.integers(int(low), int(size))) for low, size in zip(least, sizes, strict=True)])
    person_least = np.array(data.draw(st.lists(st.integers(0, 1), min_size=people, max_size=people)), dtype=np.int64)
    bounds = Bounds(group, least, most, person_least)
    empty = emptiness(problem)
    kept = [
        cost_of(problem, plan) + sum(int(empty[v]) for v, p in enumerate(plan) if p < 0)
        for plan in every_plan(problem)
        if all(
            low <= sum(1 for v, p in enumerate(plan) if p >= 0 and group[v] == g) <= high
            for g, (low, high) in enumerate(zip(least, most, strict=True))
        )
        and all(plan.count(p) >= person_least[p] for p in range(people))
    ]
    if not kept:
        with pytest.raises(ProblemError) as refusal:
            solve(problem, bounds=bounds)
        assert refusal.value.code == "infeasible"
        return
    plan = solve(problem, bounds=bounds)
    assert plan.objective.cost + int(empty[plan.person < 0].sum()) == min(kept)
    verdict = verify(problem, plan.person, plan.person_price, bounds=bounds, group_price=plan.group_price)
    assert verdict.accepted, verdict.breach
    assert verdict.primal == verdict.dual == min(kept)


def test_a_plan_out_of_bounds_is_named():
    problem = problem_of([{}, {}, {"lon": 108.1}], [{"capacity": 3}])
    bounds = Bounds(np.array([0, 0, 1]), np.array([0, 0]), np.array([1, 1]), np.zeros(1, dtype=np.int64))
    plan = solve(problem)
    verdict = verify(problem, plan.person, plan.person_price, bounds=bounds, group_price=np.zeros(2, dtype=np.int64))
    assert verdict.breach.flaw is Flaw.OUT_OF_BOUNDS
    plan = solve(problem, bounds=bounds)
    assert (plan.person >= 0).tolist().count(True) == 2
    assert plan.group_price[0] < 0 == plan.group_price[1]


@settings(max_examples=40, deadline=None)
@given(problems(most_posts=4, most_people=3))
def test_the_longest_way_is_the_shortest_possible(problem):
    found = solve_worst_first(problem)

    def reach(plan):
        ways = [int(judge(problem, v, p).hundredths) for v, p in enumerate(plan) if p >= 0]
        return -(-max(ways, default=0) // 100)

    goal = solve(problem).objective.empty_by_rank
    assert found.plan.objective.empty_by_rank == goal
    covering = [p for p in every_plan(problem) if measure(problem, np.array(p, dtype=np.int64)).empty_by_rank == goal]
    shortest = min(map(reach, covering))
    assert reach(found.plan.person.tolist()) == shortest
    assert verify(found.problem, found.plan.person, found.plan.person_price).accepted
    within = [cost_of(problem, p) for p in covering if reach(p) == shortest]
    assert found.plan.objective.cost == min(within)
    assert found.shorter is None or found.shorter != goal


@settings(max_examples=60, deadline=None)
@given(problems(most_posts=5, most_people=3), st.data())
def test_staying_is_weighed_exactly_and_proved(problem, data):
    plans = list(every_plan(problem))
    current = np.array(data.draw(st.sampled_from(plans)), dtype=np.int64)
    bonus = data.draw(st.sampled_from([1, 700, 10**5]))
    staying = Staying(current, bonus)
    empty = emptiness(problem, rank_prices(problem, bonus=bonus))

    def value(plan):
        stays = sum(1 for v, p in enumerate(plan) if p >= 0 and p == current[v])
        return cost_of(problem, plan) + sum(int(empty[v]) for v, p in enumerate(plan) if p < 0) - bonus * stays

    plan = solve(problem, staying=staying)
    assert value(plan.person.tolist()) == min(map(value, plans))
    assert verify(problem, plan.person, plan.person_price, staying=staying).accepted


def test_the_trade_runs_from_the_best_plan_to_the_fewest_moves():
    problem = county(80, 30, 2)
    current = solve(county(80, 30, 2)).person.copy()
    rng = np.random.default_rng(1)
    loose = rng.permutation(np.flatnonzero(current >= 0))[:20]
    for a, b in loose.reshape(-1, 2):
        if (judge(problem, [a, b], [current[b], current[a]]).bar == 0).all():
            current[a], current[b] = current[b], current[a]
    trades = trade_of_staying(problem, current, [100, 1000, 5000])
    assert [trade.bonus for trade in trades] == [0, 100, 1000, 5000, apart(problem)]
    assert trades[0].cost == solve(problem).objective.cost
    assert [t.moves for t in trades] == sorted((t.moves for t in trades), reverse=True)
    assert [t.cost for t in trades] == sorted(t.cost for t in trades)
    assert trades[0].moves > 0 == trades[-1].moves
    assert len({t.empty for t in trades}) == 1
