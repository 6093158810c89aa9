"""A problem in parts gives the answer of the whole, bit for bit."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.matching import swaps
from marketplace.matching.division import divide, part_of
from marketplace.matching.network import rank_prices
from marketplace.matching.pairs import eligible_pairs
from marketplace.matching.problem import Exclusions, People, Posts, Problem
from marketplace.matching.proof import verify
from marketplace.matching.reasons import post_reasons
from marketplace.matching.solver import solve

from .instances import problem_of, problems


@pytest.fixture(autouse=True)
def _bounds_for_reasons(monkeypatch):
    """Problems that are divided are large: their reasons are those of large problems."""
    monkeypatch.setattr(swaps, "EXACT_PEOPLE", -1)


@st.composite
def scattered(draw):
    """Two or three problems far from one another, their rows mixed."""
    drawn = draw(st.lists(problems(), min_size=2, max_size=3))
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    posts = [(at, row) for at, each in enumerate(drawn) for row in range(len(each.posts))]
    people = [(at, row) for at, each in enumerate(drawn) for row in range(len(each.people))]
    posts = [posts[k] for k in rng.permutation(len(posts))]
    people = [people[k] for k in rng.permutation(len(people))]

    def column(tables, rows, name):
        if name == "key":
            return np.arange(len(rows)) + 100
        moved = 20 if name == "longitude" else 0
        return [getattr(tables[at], name)[row] - moved * at for at, row in rows]

    barred = [
        (posts.index((at, int(v))), people.index((at, int(p))), int(bar))
        for at, each in enumerate(drawn)
        for v, p, bar in zip(each.exclusions.post, each.exclusions.person, each.exclusions.bar, strict=True)
    ]
    return Problem(
        Posts(**{name: column([d.posts for d in drawn], posts, name) for name in Posts.__dataclass_fields__}),
        People(**{name: column([d.people for d in drawn], people, name) for name in People.__dataclass_fields__}),
        drawn[0].parameters,
        Exclusions(*(np.array([row[k] for row in barred], dtype=np.int64) for k in range(3))),
    )


def components(problem):
    """Posts that hang together, by a plain search over the pairs."""
    pairs = eligible_pairs(problem)
    served = {}
    for v, p in zip(pairs.post().tolist(), pairs.person.tolist(), strict=True):
        served.setdefault(p, set()).add(v)
    groups = [{v} for v in range(len(problem.posts))]
    for posts in served.values():
        joined = set().union(*(group for group in groups if group & posts))
        groups = [group for group in groups if not group & posts] + [joined]
    return groups, served


@settings(max_examples=150, deadline=None)
@given(scattered(), st.integers(1, 6), st.integers(0, 3))
def test_shares_hold_whole_components_and_everybody_once(problem, most, least):
    shares = divide(problem, most=most, least=least)
    groups, served = components(problem)
    place = {int(v): at for at, share in enumerate(shares) for v in share.posts}
    assert sorted(v for share in shares for v in share.posts.tolist()) == list(range(len(problem.posts)))
    assert all(len({place[v] for v in group}) == 1 for group in groups)
    expected = {p: place[min(posts)] for p, posts in served.items()}
    assert {int(p): at for at, share in enumerate(shares) for p in share.people} == expected
    assert all((np.diff(share.posts) > 0).all() and (np.diff(share.people) > 0).all() for share in shares)
    if shares:
        largest = max(len(group) for group in groups)
        assert max(len(share.posts) for share in shares) <= max(largest, -(-len(problem.posts) // most)) + least


@settings(max_examples=200, deadline=None)
@given(scattered(), st.integers(1, 6))
def test_the_parts_together_are_the_whole(problem, most):
    whole = solve(problem)
    person = np.full(len(problem.posts), -1, dtype=np.int64)
    price = np.zeros(len(problem.people), dtype=np.int64)
    worth = np.zeros(len(problem.posts), dtype=np.int64)
    told = {}
    prices = rank_prices(problem)
    for share in divide(problem, most=most, least=0):
        plan = solve(part_of(problem, share), rank_prices=prices)
        person[share.posts] = np.append(share.people, -1)[plan.person]
        price[share.people], worth[share.posts] = plan.person_price, plan.post_price
        known = replace(
            whole,
            person=np.where(np.isin(np.arange(len(person)), share.posts), person, -1),
            load=np.bincount(person[share.posts][person[share.posts] >= 0], minlength=len(price)),
            person_price=np.where(np.isin(np.arange(len(price)), share.people), price, 0),
            post_price=worth,
        )
        told |= {reason.post: reason for reason in post_reasons(problem, known, share.posts)}
    assert person.tolist() == whole.person.tolist()
    assert price.tolist() == whole.person_price.tolist()
    assert worth.tolist() == whole.post_price.tolist()
    assert [told[v] for v in range(len(person))] == list(post_reasons(problem, whole))
    assert verify(problem, person, price).accepted


def test_what_emptiness_costs_must_come_from_the_whole():
    # Two villages, two provinces apart; by its own scale the part would know another price of an empty post.
    problem = problem_of([{}, {"lon": 88.0, "tier": 1}], [{"lon": 88.0, "max_minutes": 1}])
    shares = divide(problem, most=9, least=0)
    assert [share.posts.tolist() for share in shares] == [[0], [1]]
    whole = solve(problem)
    parts = [solve(part_of(problem, share), rank_prices=rank_prices(problem)) for share in shares]
    assert [part.post_price.tolist() for part in parts] == [[price] for price in whole.post_price.tolist()]
    assert solve(part_of(problem, shares[1])).post_price.tolist() != [whole.post_price[1]]


def test_small_components_travel_together():
    problem = problem_of([{"lon": 20.0 + 10 * k} for k in range(6)], [{"lon": 20.0 + 10 * k} for k in range(6)])
    assert [share.posts.tolist() for share in divide(problem, most=3, least=0)] == [[0, 1], [2, 3], [4, 5]]
    assert len(divide(problem, most=3, least=10)) == 1
    assert divide(problem_of([], [{}]), most=3, least=0) == []
