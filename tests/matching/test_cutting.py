"""Parts that two threads place at once: parts beside each other share nobody, and the plan is the same."""

from dataclasses import replace

import numpy as np
import pytest

from marketplace.matching.engine import cutting, solving
from marketplace.matching.engine.ground import lay_out
from marketplace.matching.pairs import eligible_pairs
from marketplace.matching.solver import solve
from tests.benchmarks.instances_at_scale import instance


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(cutting, "SMALLEST", 60)


def beside(one, other):
    """Whether neither of two nodes is above the other."""
    return one >> max(0, one.bit_length() - other.bit_length()) != other >> max(
        0, other.bit_length() - one.bit_length()
    )


@pytest.mark.parametrize("seed", range(5))
def test_posts_of_parts_beside_each_other_reach_nobody_together(small_parts, seed):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(3, 12))
    places = centres[:, rng.integers(0, 12, 2000)] + 0.15 * rng.normal(size=(3, 2000))
    reach = rng.choice([0.0, 0.01, 0.05, 0.4], 2000, p=[0.1, 0.5, 0.35, 0.05])
    parts = cutting.cut_map(places, reach)
    own = parts.first_leaf()
    assert len(parts.leaves) > 4
    nodes = np.unique(parts.node).tolist()
    for one in nodes:
        for other in nodes:
            if not beside(one, other):
                continue
            left, right = parts.node == one, parts.node == other
            away = np.linalg.norm(places[:, left, None] - places[:, None, right], axis=0)
            assert (away > reach[left][:, None] + reach[right][None, :]).all()
            # Each of the two writes to a "nobody" of its own.
            assert set(own[left]).isdisjoint(own[right])


def test_a_map_is_not_cut_where_most_posts_would_be_near_the_cut(small_parts):
    places = np.random.default_rng(1).normal(size=(3, 2000))
    assert cutting.cut_map(places, np.full(2000, 0.9)).leaves.tolist() == [cutting.ROOT]
    assert cutting.cut_map(places[:, :1], np.zeros(1)).leaves.tolist() == [cutting.ROOT]
    # All in one place: no cut leaves anybody on its other side.
    assert cutting.cut_map(np.ones((3, 2000)), np.zeros(2000)).leaves.tolist() == [cutting.ROOT]


@pytest.mark.parametrize("seed", [1, 5])
def test_cut_into_many_parts_the_plan_and_its_prices_stay_the_same(small_parts, seed):
    """Scarce places: ways go across parts that were placed before, and posts of each part stay empty."""
    plain = instance("city", seed=seed, posts=3200, people=900)
    problem = replace(plain, people=replace(plain.people, capacity=np.minimum(plain.people.capacity, 3)))
    parts = lay_out(problem, np.ones(3200, dtype=np.int64), cut=True).parts
    # Leaves, and posts near the cuts between them.
    assert len(np.unique(parts.node)) > len(parts.leaves) >= 4
    assert len(eligible_pairs(problem)) > 100_000
    once, twice = solve(problem), solve(problem, threads=2)
    assert once.objective.empty > 300
    assert np.array_equal(once.person, twice.person)
    assert np.array_equal(once.person_price, twice.person_price)
    assert np.array_equal(once.post_price, twice.post_price)


def test_where_lists_are_used_up_in_one_part_all_threads_go_on_with_longer_ones(small_parts, monkeypatch):
    plain = instance("city", seed=3, posts=3200, people=900)
    alike = np.zeros(3200, dtype=np.int64)
    problem = replace(
        plain,
        posts=replace(plain.posts, wanted=alike, languages=alike, tier=alike),
        people=replace(plain.people, capacity=np.minimum(plain.people.capacity, 3)),
    )
    once = solve(problem)
    sizes = []
    longer = solving.with_longer_lists

    def grown(ground, states):
        found = longer(ground, states)
        # The lists are one, the scratch space behind them is each thread's own.
        assert all(state.values is found[0].values for state in found)
        assert len({state.behind for state in found}) == len(found)
        sizes.append([state.size for state in found])
        return found

    monkeypatch.setattr(solving, "with_longer_lists", grown)
    monkeypatch.setattr(solving, "AT_ONCE", 50)
    monkeypatch.setattr(solving, "USED_UP", 2)
    twice = solve(problem, threads=2)
    assert sizes == [[400, 400]]
    assert np.array_equal(once.person, twice.person)
    assert np.array_equal(once.person_price, twice.person_price)
