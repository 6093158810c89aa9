"""Reasons are true: each is checked by solving again with the fact it names."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from marketplace.matching.network import network_of
from marketplace.matching.pairs import Bar, eligible_pairs
from marketplace.matching.reasons import Emptiness, Limit, post_reasons, why_not, without_bar
from marketplace.matching.solver import measure, solve
from marketplace.matching.swaps import added_costs, swaps

from .instances import county, problem_of, problems
from .oracles import least_cost_flow
from .oracles import total as total_of


def total(problem, pairs):
    plan = solve(problem, pairs)
    network = network_of(problem, pairs)
    return total_of(problem, network, plan.person)


def forced(problem, pairs, v, p):
    """The least total of plans that contain the pair, with the prices of emptiness of the whole problem."""
    network = network_of(problem, pairs)
    row = int(pairs.find(v, p))
    keep = np.ones(len(pairs), dtype=bool)
    keep[pairs.start[v] : pairs.start[v + 1]] = False
    keep[row] = True
    degree = np.bincount(pairs.post()[keep], minlength=len(problem.posts))
    only = replace(
        pairs, start=np.concatenate([[0], np.cumsum(degree)]), person=pairs.person[keep], cost=pairs.cost[keep]
    )
    # So dear when empty that it is filled; the price itself is not counted.
    empty = network.empty.copy()
    empty[v] = int(network.empty.sum()) * 2 + 10**9
    case = replace(network, pairs=only, empty=empty)
    person = least_cost_flow(case)
    assert person[v] == p
    return measure(problem, person).cost + int(network.empty[person < 0].sum())


@settings(max_examples=150, deadline=None)
@given(problems())
def test_the_added_cost_of_every_pair_is_exact(problem):
    pairs = eligible_pairs(problem)
    plan = solve(problem, pairs)
    network = network_of(problem, pairs)
    best = total(problem, pairs)
    added = added_costs(network, plan.person, swaps(network, plan.person))
    for row, (v, p) in enumerate(zip(pairs.post(), pairs.person, strict=True)):
        assert added[row] == forced(problem, pairs, int(v), int(p)) - best
        # What prices say is never more than the truth.
        assert plan.person_price[p] + pairs.cost[row] - plan.post_price[v] <= added[row]


@settings(max_examples=100, deadline=None)
@given(problems())
def test_the_moves_lead_to_a_plan_that_costs_what_was_said(problem):
    pairs = eligible_pairs(problem)
    plan = solve(problem, pairs)
    network = network_of(problem, pairs)
    best = total(problem, pairs)
    for reason in post_reasons(problem, plan):
        for alternative in reason.alternatives:
            person = plan.person.copy()
            person[reason.post] = alternative.person
            for move in alternative.moves:
                assert person[move.post] == move.source
                person[move.post] = move.target
            after = measure(problem, person)
            assert after.cost + int(network.empty[person < 0].sum()) - best == alternative.added
            assert (np.bincount(person[person >= 0], minlength=len(problem.people)) <= problem.remaining()).all()


def test_a_county_has_a_reason_for_every_post():
    problem = county()
    pairs = eligible_pairs(problem)
    plan = solve(problem, pairs)
    reasons = list(post_reasons(problem, plan))
    assert [r.post for r in reasons] == list(range(300))
    assert [r.person for r in reasons] == plan.person.tolist()
    parts = [r.parts for r in reasons if r.parts]
    assert sum(p.travel + p.language + p.specialty for p in parts) == plan.objective.pair_cost
    for reason in reasons:
        assert reason.eligible == pairs.start[reason.post + 1] - pairs.start[reason.post]
        assert [a.added for a in reason.alternatives] == sorted(a.added for a in reason.alternatives)
        assert all(a.person != reason.person and a.added >= 0 for a in reason.alternatives)
        assert (reason.empty is None) == (reason.person >= 0)


def test_limits_say_what_holds_an_alternative_back():
    # A tie; a free but dearer person; a full one whose other post would move; a full one whose other post would stay empty.
    tie = problem_of([{}], [{}, {}])
    assert alternative(tie, 0).limit is Limit.TIE
    dearer = problem_of([{}], [{}, {"lon": 108.1}])
    assert (alternative(dearer, 0).limit, alternative(dearer, 0).moves) == (Limit.DEARER, ())

    posts = [{}, {"lon": 108.05}]
    full = problem_of(posts, [{"capacity": 1}, {"lon": 108.1, "capacity": 1}])
    next_best = alternative(full, 0)
    assert next_best.limit is Limit.FULL
    assert [(m.post, m.source, m.target) for m in next_best.moves] == [(1, 1, 0)]

    posts = [{"required": 1}, {"required": 2}]
    scarce = problem_of(posts, [{"specialties": 1, "capacity": 1}, {"specialties": 3, "capacity": 1}])
    next_best = alternative(scarce, 0)
    assert next_best.limit is Limit.SCARCE
    assert [(m.post, m.source, m.target) for m in next_best.moves] == [(1, 1, -1)]


def alternative(problem, post):
    return list(post_reasons(problem, solve(problem)))[post].alternatives[0]


def test_empty_posts_say_why():
    def emptiness(problem, post=0):
        return list(post_reasons(problem, solve(problem)))[post]

    assert emptiness(problem_of([{}], [])).empty is Emptiness.NO_PEOPLE
    far = emptiness(problem_of([{}], [{"lon": 109.0}, {"lon": 109.1}]))
    assert far.empty is Emptiness.BARRED
    assert [(b.person, b.bar) for b in far.barred] == [(0, Bar.BEYOND_RADIUS), (1, Bar.BEYOND_RADIUS)]
    full = emptiness(problem_of([{"tier": 1}, {"tier": 0}], [{"capacity": 1}]), post=1)
    assert full.empty is Emptiness.FULL
    assert full.alternatives[0].limit is Limit.SCARCE
    assert [(m.post, m.target) for m in full.alternatives[0].moves] == [(0, -1)]


def test_nearer_people_who_could_not_be_asked_are_named():
    people = [
        {"lon": 108.2},
        {"lon": 108.01, "capacity": 0},
        {"lon": 108.02, "max_minutes": 1},
        {"lon": 108.3, "capacity": 0},
    ]
    problem = problem_of([{}], people)
    [reason] = post_reasons(problem, solve(problem))
    assert reason.person == 0
    assert [(b.person, b.bar) for b in reason.barred] == [(1, Bar.NO_CAPACITY), (2, Bar.BEYOND_PERSON)]


@pytest.mark.parametrize(
    ("person", "bar"),
    [
        ({"max_minutes": 3}, Bar.BEYOND_PERSON),
        ({"lon": 109.5}, Bar.BEYOND_RADIUS),
        ({"specialties": 0}, Bar.UNQUALIFIED),
        ({"capacity": 1, "load": 1}, Bar.NO_CAPACITY),
    ],
)
def test_the_one_fact_that_bars_is_checked_by_solving_without_it(person, bar):
    problem = problem_of([{"required": 1}], [{"specialties": 1, **person}])
    answer = why_not(problem, solve(problem), 0, 0)
    assert answer.bar == bar
    assert answer.then_chosen is True
    eased = without_bar(problem, 0, 0, bar, answer.hundredths)
    assert solve(eased, eligible_pairs(eased)).person.tolist() == [0]


def test_a_lifted_bar_does_not_always_help():
    problem = problem_of([{}], [{}, {"lon": 108.2}], exclusions=[(0, 1, Bar.DECLINED)])
    eligible_pairs(problem)
    answer = why_not(problem, solve(problem), 0, 1)
    assert (answer.bar, answer.then_chosen) == (Bar.DECLINED, False)
    # Two bars at once: no single fact would change it.
    problem = problem_of([{"required": 1}], [{}, {"capacity": 0}])
    assert why_not(problem, solve(problem), 0, 1).then_chosen is None


@settings(max_examples=60, deadline=None)
@given(problems())
def test_an_eligible_person_gets_the_post_once_the_pair_is_cheaper_by_more_than_it_adds(problem):
    pairs = eligible_pairs(problem)
    plan = solve(problem, pairs)
    for row, (v, p) in enumerate(zip(pairs.post(), pairs.person, strict=True)):
        if plan.person[v] == p:
            continue
        answer = why_not(problem, plan, int(v), int(p))
        assert answer.bar is Bar.NONE
        assert (answer.limit is Limit.TIE) == (answer.added == 0)
        if answer.added >= pairs.cost[row] or answer.limit is Limit.SCARCE:
            continue  # no saving on the way alone could make up for it
        cost = pairs.cost.copy()
        cost[row] -= answer.added + 1
        cheaper = replace(pairs, cost=cost)
        assert solve(problem, cheaper).person[v] == p
