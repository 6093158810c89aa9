"""The reasons of a province come from the tree; on small problems they are those of plain arithmetic over all pairs."""

import numpy as np
import pytest
from hypothesis import given, settings

from marketplace.matching import reasons, swaps
from marketplace.matching.engine import solving
from marketplace.matching.engine.ground import lay_out
from marketplace.matching.pairs import Bar, eligible_pairs, judge
from marketplace.matching.reasons import ALTERNATIVES, post_reasons
from marketplace.matching.solver import solve
from tests.benchmarks.instances_at_scale import instance

from .instances import county, problems


def by_arithmetic(problem, plan):
    """Of each post: how many may serve it, the next by reduced cost, the nearest who may not, all by looking at everybody."""
    everybody = np.arange(len(problem.people))
    found = []
    for v, chosen in enumerate(plan.person.tolist()):
        if not len(everybody):
            found.append((0, [], []))
            continue
        seen = judge(problem, v, everybody)
        free = seen.bar == Bar.NONE
        added = seen.cost + plan.person_price - plan.post_price[v]
        following = sorted((int(added[p]), p) for p in everybody[free].tolist() if p != chosen)
        within = seen.hundredths[chosen] if chosen >= 0 else np.iinfo(np.int64).max
        near = sorted((int(seen.hundredths[p]), p) for p in everybody[~free & (seen.hundredths < within)].tolist())
        found.append(
            (int(free.sum()), [(p, n) for n, p in following[:ALTERNATIVES]], [p for _n, p in near[:ALTERNATIVES]])
        )
    return found


def as_told(told):
    return [
        (each.eligible, [(a.person, a.added) for a in each.alternatives], [b.person for b in each.barred])
        for each in told
    ]


@pytest.fixture
def _bounds(monkeypatch):
    monkeypatch.setattr(swaps, "EXACT_PEOPLE", -1)


@pytest.mark.usefixtures("_bounds")
@settings(max_examples=250, deadline=None)
@given(problems(most_posts=6, most_people=9))
def test_bounds_from_the_tree(problem):
    plan = solve(problem)
    told = list(post_reasons(problem, plan))
    assert as_told(told) == by_arithmetic(problem, plan)
    assert not any(each.exact or each.moves for one in told for each in one.alternatives)


@pytest.mark.usefixtures("_bounds")
@pytest.mark.parametrize("problem", [county(), county(200, 90, 3), instance("city", posts=300, people=700)])
def test_bounds_of_a_county_with_leaves_and_branches(problem):
    plan = solve(problem)
    assert as_told(post_reasons(problem, plan)) == by_arithmetic(problem, plan)


@settings(max_examples=150, deadline=None)
@given(problems(most_posts=6, most_people=9))
def test_who_may_not_serve_is_told_alike_where_ways_are_computed(problem):
    plan = solve(problem)
    told = list(post_reasons(problem, plan))
    expected = by_arithmetic(problem, plan)
    assert [(each.eligible, [b.person for b in each.barred]) for each in told] == [(e[0], e[2]) for e in expected]
    for each in told:
        seen = [judge(problem, each.post, b.person) for b in each.barred]
        assert [(b.hundredths, b.bar) for b in each.barred] == [(int(s.hundredths), Bar(int(s.bar))) for s in seen]


@settings(max_examples=60, deadline=None)
@given(problems())
def test_some_posts_are_told_as_all_are(problem):
    plan = solve(problem)
    rows = np.arange(0, len(problem.posts), 2)
    assert list(post_reasons(problem, plan, rows)) == list(post_reasons(problem, plan))[::2]


@settings(max_examples=150, deadline=None)
@given(problems(most_posts=8, most_people=6))
def test_written_pairs_and_the_tree_lead_to_one_plan_and_one_proof(problem):
    listed, found = solve(problem, eligible_pairs(problem)), solve(problem)
    for name in ("person", "load", "person_price", "post_price"):
        assert getattr(listed, name).tolist() == getattr(found, name).tolist()
    assert listed.objective == found.objective


def test_lists_that_grow_on_the_way_lead_to_the_same_plan(monkeypatch):
    problem = instance("city", posts=900, people=200)
    plan = solve(problem)
    assert plan.objective.empty > 100
    for name, value in (("LIST", 2), ("USED_UP", -1), ("AT_ONCE", 7), ("LONG_LIST", 5)):
        monkeypatch.setattr(solving, name, value)
    layout = lay_out(problem, np.ones(900, dtype=np.int64))
    assert solving.solve_layout(layout).size == 5
    again = solve(problem)
    for name in ("person", "person_price", "post_price"):
        assert getattr(again, name).tolist() == getattr(plan, name).tolist()


def test_many_posts_of_few_people_are_bounded_too(monkeypatch):
    problem = county()
    assert swaps.are_exact(problem)
    monkeypatch.setattr(swaps, "EXACT_PAIRS", 300 * 100 - 1)
    assert not swaps.are_exact(problem)
    assert not any(a.exact for each in reasons.post_reasons(problem, solve(problem)) for a in each.alternatives)
