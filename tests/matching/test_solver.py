"""The answer against other ways to it."""

import numpy as np
import pytest
from hypothesis import given, settings

from marketplace.matching.lottery import numbers
from marketplace.matching.network import network_of
from marketplace.matching.pairs import eligible_pairs
from marketplace.matching.problem import ProblemError
from marketplace.matching.proof import NotOptimal, verify
from marketplace.matching.solver import measure, solve

from .instances import county, problem_of, problems
from .oracles import every_best_plan, lowest_prices, split_assignment


def value(objective):
    return (objective.empty, tuple(n for n in objective.empty_by_rank), objective.cost)


@settings(max_examples=250, deadline=None)
@given(problems())
def test_the_plan_is_one_of_the_best_and_the_one_that_the_lottery_picks(problem):
    plan = solve(problem, eligible_pairs(problem))
    best, plans = every_best_plan(problem)
    assert value(plan.objective) == best
    assert tuple(plan.person.tolist()) in plans

    people = [*problem.people.key.tolist(), -1]

    def drawn(candidate):
        return sum(
            int(numbers(problem.parameters.seed, problem.posts.key[v : v + 1], np.array([people[p]]))[0])
            for v, p in enumerate(candidate)
        )

    assert drawn(plan.person.tolist()) == min(map(drawn, plans))


@settings(max_examples=100, deadline=None)
@given(problems())
def test_the_prices_prove_it(problem):
    pairs = eligible_pairs(problem)
    plan = solve(problem, pairs)
    verdict = verify(problem, plan.person, plan.person_price)
    assert verdict.accepted
    assert verdict.primal == verdict.dual
    assert verdict.pairs_read == len(pairs)


@settings(max_examples=60, deadline=None)
@given(problems(most_posts=12, most_people=8))
def test_scipy_finds_the_same_total(problem):
    pairs = eligible_pairs(problem)
    plan = solve(problem, pairs)
    network = network_of(problem, pairs)
    total = plan.objective.cost + int(network.empty[plan.person < 0].sum())
    assert total == split_assignment(problem, network.empty)


@pytest.mark.parametrize("seed", range(3))
def test_scipy_finds_the_same_total_in_a_county(seed):
    problem = county(80, 30, seed)
    pairs = eligible_pairs(problem)
    plan = solve(problem, pairs)
    network = network_of(problem, pairs)
    total = plan.objective.cost + int(network.empty[plan.person < 0].sum())
    assert total == split_assignment(problem, network.empty)
    assert verify(problem, plan.person, plan.person_price).accepted


def test_coverage_and_need_come_before_cost():
    # One place; the poor village is 200 km away, the ordinary one next door.
    near = {"tier": 0}
    far = {"tier": 2, "lon": 110.0}
    problem = problem_of([near, far], [{"capacity": 1}], {"radius_minutes": 1000})
    assert solve(problem, eligible_pairs(problem)).person.tolist() == [-1, 0]
    # With two places both are served.
    problem = problem_of([near, far], [{"capacity": 2}], {"radius_minutes": 1000})
    assert solve(problem, eligible_pairs(problem)).person.tolist() == [0, 0]


def test_most_posts_are_filled_even_where_the_neediest_would_be_dearer():
    # The needy post could be served by either; serving it by the first would leave the second post empty.
    posts = [{"tier": 2}, {"tier": 0, "required": 1}]
    people = [{"capacity": 1, "specialties": 1}, {"capacity": 1, "lon": 108.5}]
    problem = problem_of(posts, people, {"radius_minutes": 1000})
    assert solve(problem, eligible_pairs(problem)).person.tolist() == [1, 0]


def test_load_spreads_where_the_way_is_the_same():
    problem = problem_of([{}, {}, {}, {}], [{"capacity": 4}, {"capacity": 4}])
    assert sorted(solve(problem, eligible_pairs(problem)).load.tolist()) == [2, 2]
    # Who holds two posts already gets the fewer new ones.
    problem = problem_of([{}, {}, {}, {}], [{"capacity": 4, "load": 2}, {"capacity": 4}])
    assert solve(problem, eligible_pairs(problem)).load.tolist() == [1, 3]


def test_another_seed_draws_other_ties_at_the_same_cost():
    seen, costs = set(), set()
    for seed in range(20):
        problem = problem_of([{}, {}], [{"capacity": 1}, {"capacity": 1}], {"seed": seed})
        plan = solve(problem, eligible_pairs(problem))
        seen.add(tuple(plan.person.tolist()))
        costs.add(plan.objective.cost)
    assert seen == {(0, 1), (1, 0)}
    assert len(costs) == 1


def test_the_order_of_rows_does_not_decide():
    problem = county(40, 12, 5)
    rng = np.random.default_rng(1)
    post, person = rng.permutation(40), rng.permutation(12)
    columns_of_posts, columns_of_people = problem.posts.columns(), problem.people.columns()
    shuffled = type(problem)(
        posts=type(problem.posts)(**{k: np.array(v)[post] for k, v in columns_of_posts.items()}),
        people=type(problem.people)(**{k: np.array(v)[person] for k, v in columns_of_people.items()}),
        parameters=problem.parameters,
    )
    plain = type(problem)(posts=problem.posts, people=problem.people, parameters=problem.parameters)

    def by_key(case):
        plan = solve(case, eligible_pairs(case))
        people = [*case.people.key.tolist(), None]
        return {int(key): people[p] for key, p in zip(case.posts.key, plan.person, strict=True)}

    assert by_key(shuffled) == by_key(plain)


@pytest.mark.parametrize(
    ("posts", "people"),
    [([], []), ([{}], []), ([], [{}]), ([{}], [{"capacity": 0}]), ([{}], [{"lon": 120.0}])],
    ids=["nothing", "nobody", "no posts", "no capacity", "nobody near"],
)
def test_empty_sides_leave_posts_empty(posts, people):
    problem = problem_of(posts, people)
    pairs = eligible_pairs(problem)
    plan = solve(problem, pairs)
    assert plan.person.tolist() == [-1] * len(posts)
    assert plan.objective.empty == len(posts)
    assert verify(problem, plan.person, plan.person_price).accepted


def test_a_plan_that_is_not_best_has_no_prices():
    problem = problem_of(
        [{}, {"lon": 108.4}], [{"capacity": 1}, {"capacity": 1, "lon": 108.4}], {"radius_minutes": 900}
    )
    network = network_of(problem, eligible_pairs(problem))
    assert lowest_prices(network, np.array([0, 1])).shape == (2,)
    for worse in ([1, 0], [0, -1], [-1, -1]):
        with pytest.raises(NotOptimal):
            lowest_prices(network, np.array(worse))


def test_what_cannot_be_ranked_exactly_is_refused():
    rows = [{"tier": t, "priority": q, "kmh": 200} for t in range(40) for q in range(40)]
    antipode = {"lon": -72.0, "lat": -26.0, "max_minutes": 100_000, "capacity": 1_000_000}
    dear = {"radius_minutes": 100_000, "cost_per_minute": 100_000, "detour_percent": 1000, "load_cost": 10**7}
    problem = problem_of(rows, [antipode], dear)
    with pytest.raises(ProblemError) as refusal:
        solve(problem, eligible_pairs(problem))
    assert refusal.value.code == "overflow"


def test_measure_counts_empty_posts_from_the_neediest():
    problem = problem_of([{"tier": 0}, {"tier": 1}, {"tier": 1}], [])
    objective = measure(problem, np.array([-1, -1, -1]))
    assert objective.empty_by_rank == (2, 1)


def test_a_number_drawn_for_emptiness_never_outweighs_need():
    # The needy post must have the only place, however small the number of the other one.
    posts = [{"kmh": 30}, {"kmh": 30, "lat": 26.25}, {"kmh": 30, "priority": 1}]
    free = {"radius_minutes": 30, "cost_per_minute": 0, "language_cost": 0, "load_cost": 0, "load_share_cost": 0}
    for seed in range(30):
        problem = problem_of(posts, [{"capacity": 1}], {**free, "seed": seed})
        assert solve(problem).person.tolist() == [-1, -1, 0]
