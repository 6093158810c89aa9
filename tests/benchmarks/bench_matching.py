"""Matching at county and city size: each step's CPU time, beside the bare flow solver and SciPy in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import TypeVar

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from marketplace.matching.flow import MinCostFlow
from marketplace.matching.network import Network, network_of
from marketplace.matching.pairs import eligible_pairs
from marketplace.matching.problem import from_document
from marketplace.matching.proof import verify
from marketplace.matching.reasons import post_reasons
from marketplace.matching.solver import solve
from tests.matching.instances import county

T = TypeVar("T")

#: name, posts, people, spread in km, runs, whether SciPy's dense solver can follow
SIZES = [("county", 300, 100, 35.0, 5, True), ("city", 4_000, 1_500, 60.0, 1, False)]


def _timed(runs: int, act: Callable[[], T]) -> tuple[float, T]:
    """Median CPU milliseconds of ``act``, and its last answer."""
    spent, answers = [], []
    for _run in range(runs):
        start = time.process_time()
        answers.append(act())
        spent.append(1000 * (time.process_time() - start))
    return median(spent), answers[-1]


def _scipy_total(network: Network) -> int:
    """Every place a column, every post's emptiness one of its own; people repeated by their places."""
    pairs, posts = network.pairs, network.posts
    owner = np.repeat(np.arange(network.people), network.units())
    never = float(network.empty.sum()) * 4
    table = np.full((posts, len(owner) + posts), never)
    dense = np.full((posts, network.people), never)
    dense[pairs.post(), pairs.person] = pairs.cost
    table[:, : len(owner)] = np.minimum(dense[:, owner] + network.unit_cost, never)
    table[np.arange(posts), len(owner) + np.arange(posts)] = network.empty
    rows, columns = linear_sum_assignment(table)
    return int(table[rows, columns].sum())


@pytest.mark.parametrize(("name", "posts", "people", "spread", "runs", "dense"), SIZES)
def test_matching(name: str, posts: int, people: int, spread: float, runs: int, dense: bool) -> None:
    problem = county(posts, people, 1, spread)
    document = problem.document()
    solve(county(20, 5), eligible_pairs(county(20, 5)))  # imports are not part of the figures
    frozen, _problem = _timed(runs, lambda: from_document(document).digest())
    building, pairs = _timed(runs, lambda: eligible_pairs(problem))
    solving, plan = _timed(runs, lambda: solve(problem, pairs))
    checking, verdict = _timed(runs, lambda: verify(problem, pairs, plan.person, plan.person_price))
    explaining, reasons = _timed(runs, lambda: list(post_reasons(problem, pairs, plan)))
    network = network_of(problem, pairs)
    bare, _person = _timed(runs, lambda: MinCostFlow()(network))
    assert verdict.accepted
    assert len(reasons) == posts

    whole = building + solving + checking + explaining
    print(f"\n{name}: {posts:,} posts × {people:,} people, {len(pairs):,} eligible pairs; CPU ms, median of {runs}")
    for step, spent in (
        ("read and digest the frozen problem", frozen),
        ("eligible pairs with costs", building),
        ("plan, prices, lottery", solving),
        ("  of which one bare flow solve", bare),
        ("independent check", checking),
        ("reasons of all posts", explaining),
        ("pairs, proof and all reasons", whole),
    ):
        print(f"  {step:36} {spent:10.1f}")
    print(f"  ratio to the bare flow solve         {whole / bare:10.1f} ×")
    if dense:
        slow, total = _timed(1, lambda: _scipy_total(network))
        assert total == plan.objective.cost + int(network.empty[plan.person < 0].sum())
        print(f"  SciPy, dense assignment: same total  {slow:10.1f}   ratio {slow / solving:.1f} ×")
