"""The engine at the size of a city against OR-tools on all pairs, and what must hold of how it is compiled."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from marketplace.matching.engine import solving
from marketplace.matching.network import network_of
from marketplace.matching.pairs import Bar, eligible_pairs, judge
from marketplace.matching.problem import Exclusions, Problem
from marketplace.matching.proof import verify
from marketplace.matching.solver import solve
from tests.benchmarks.instances_at_scale import instance

from .instances import problem_of
from .oracles import least_cost_flow, lowest_prices, total


@pytest.fixture(scope="module")
def city():
    """Excluded pairs, a required field for some posts, short ways for some people."""
    plain = instance("city", posts=3500, people=1000)
    rng = np.random.default_rng(2)
    posts = {name: np.array(values) for name, values in plain.posts.columns().items()}
    people = {name: np.array(values) for name, values in plain.people.columns().items()}
    posts["required"] = np.where(rng.random(3500) < 0.1, posts["wanted"] & -posts["wanted"], 0)
    people["max_minutes"] = rng.integers(20, 120, 1000)
    people["load"] = rng.integers(0, 3, 1000)
    near = eligible_pairs(plain)
    drawn = rng.choice(len(near), 2000, replace=False)
    barred = Exclusions(near.post()[drawn], near.person[drawn], np.full(2000, int(Bar.CONFLICT)))
    return Problem(type(plain.posts)(**posts), type(plain.people)(**people), plain.parameters, barred)


def test_the_tree_finds_the_pairs_that_looking_at_all_finds(city):
    pairs = eligible_pairs(city)
    rows = np.arange(0, 3500, 70)
    seen = judge(city, rows[:, None], np.arange(1000)[None, :])
    for at, v in enumerate(rows):
        free = np.flatnonzero(seen.bar[at] == Bar.NONE)
        span = slice(pairs.start[v], pairs.start[v + 1])
        assert pairs.person[span].tolist() == free.tolist()
        assert pairs.cost[span].tolist() == seen.cost[at][free].tolist()


def test_a_city_costs_what_or_tools_finds_on_all_pairs(city):
    pairs = eligible_pairs(city)
    network = network_of(city, pairs)
    plan = solve(city)
    assert plan.objective.empty > 0
    assert total(city, network, plan.person) == total(city, network, least_cost_flow(network))
    verdict = verify(city, plan.person, plan.person_price)
    assert verdict.accepted
    assert verdict.pairs_read == len(pairs)
    assert np.array_equal(plan.person_price, lowest_prices(network, plan.person))
    # Written-out pairs, two threads: one and the same plan.
    for again in (solve(city, pairs), solve(city, threads=2)):
        assert np.array_equal(again.person, plan.person)
        assert np.array_equal(again.person_price, plan.person_price)
    assert verify(city, plan.person, plan.person_price, threads=2) == verdict


@pytest.mark.parametrize("seed", [1, 2, 7])
def test_where_all_ask_for_the_same_and_places_are_scarce_lists_grow_and_the_plan_stays_best(monkeypatch, seed):
    """Lists are drawn up afresh while a search goes through the posts of one person: each of these may still be left empty."""
    plain = instance("city", seed=seed, posts=600, people=250)
    alike = np.zeros(600, dtype=np.int64)
    problem = replace(
        plain,
        posts=replace(plain.posts, wanted=alike, languages=alike, tier=alike),
        people=replace(plain.people, capacity=np.minimum(plain.people.capacity, 2)),
    )
    expected = solve(problem)
    assert verify(problem, expected.person, expected.person_price).accepted
    for name, value in (("LIST", 2), ("USED_UP", -1), ("AT_ONCE", 500), ("LONG_LIST", 40)):
        monkeypatch.setattr(solving, name, value)
    plan = solve(problem)
    assert verify(problem, plan.person, plan.person_price).accepted
    assert np.array_equal(plan.person, expected.person)


def test_a_spoilt_city_is_refused(city):
    plan = solve(city)
    filled = np.flatnonzero(plan.person >= 0)
    rng = np.random.default_rng(4)
    for v in rng.choice(filled, 20, replace=False):
        emptied = plan.person.copy()
        emptied[v] = -1
        assert not verify(city, emptied, plan.person_price).accepted
        price = plan.person_price.copy()
        price[plan.person[v]] -= 1 + price[plan.person[v]] // 2 + 10**4
        assert not verify(city, plan.person, price).accepted


@pytest.mark.parametrize("latitude", [-89.99, 0.0, 89.99])
@pytest.mark.parametrize("longitude", [-180.0, 179.99, 0.0])
def test_poles_and_the_date_line_are_places_like_others(longitude, latitude):
    rng = np.random.default_rng(7)

    def near():
        there = longitude + rng.uniform(-0.3, 0.3) * (600 if abs(latitude) > 89 else 1)
        return {"lon": (there + 180) % 360 - 180, "lat": float(np.clip(latitude + rng.uniform(-0.3, 0.3), -90, 90))}

    problem = problem_of([near() for _ in range(60)], [{**near(), "capacity": 2} for _ in range(40)])
    seen = judge(problem, np.arange(60)[:, None], np.arange(40)[None, :])
    pairs = eligible_pairs(problem)
    assert len(pairs) == int((seen.bar == Bar.NONE).sum()) > 0
    plan = solve(problem)
    verdict = verify(problem, plan.person, plan.person_price)
    assert verdict.accepted
    assert verdict.pairs_read == len(pairs)


def test_many_at_one_place_with_free_journeys_are_no_trouble():
    problem = problem_of([{}] * 200, [{"capacity": 3}] * 80, {"cost_per_minute": 0, "detour_percent": 0})
    plan = solve(problem)
    assert plan.load.tolist().count(2) == 40
    assert plan.load.tolist().count(3) == 40
    assert verify(problem, plan.person, plan.person_price).accepted


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, **environment}
    ).stdout.strip()


def test_no_web_process_imports_numba():
    code = "import django; django.setup(); import marketplace.urls, sys; print('numba' in sys.modules, 'ortools' in sys.modules)"
    assert run(code, DJANGO_SETTINGS_MODULE="tests.settings") == "False False"


def test_compiled_code_is_kept_where_it_can_be_written(tmp_path):
    code = "from marketplace.matching import compiled; import numba; print(compiled.CACHED, numba.config.CACHE_DIR)"
    assert run(code, NUMBA_CACHE_DIR=str(tmp_path)) == f"True {tmp_path}"
    # Where nothing can be written, everything still works.
    nowhere = "import tempfile\ndef no(*a, **k): raise OSError\ntempfile.TemporaryFile = no\n"
    assert run(nowhere + code, NUMBA_CACHE_DIR="") == "False"
