"""Teams at county to province size: CPU time, memory and proven gap, beside HiGHS where it can follow."""

from __future__ import annotations

import resource
import time

import pytest

from marketplace.matching.teams.pairs import eligible_pairs
from marketplace.matching.teams.proof import verify
from marketplace.matching.teams.reasons import team_reasons
from marketplace.matching.teams.solver import Effort, solve
from tests.matching.counsel import milp, province

#: contracts, people, CPU seconds allowed until a gap of 0.1 % is proven, whether HiGHS is tried (10 s)
SIZES = [(20, 200, 1.0, True), (100, 1_000, 2.0, True), (800, 8_000, 3.0, False), (3_200, 32_000, 20.0, False)]


@pytest.mark.parametrize(("contracts", "people", "allowed", "beside"), SIZES)
def test_teams(contracts: int, people: int, allowed: float, beside: bool) -> None:
    warm = province(10, 100)
    warm_pairs = eligible_pairs(warm)
    verify(
        warm, warm_pairs, solve(warm, warm_pairs, effort=Effort(rounds=5, gap=0.0))
    )  # compiling is not part of the figures
    problem = province(contracts, people)
    start = time.process_time()
    pairs = eligible_pairs(problem)
    built = time.process_time()
    plan = solve(problem, pairs, effort=Effort(gap=0.001))
    solved = time.process_time()
    verdict = verify(problem, pairs, plan)
    checked = time.process_time()
    reasons = sum(1 for _reason in team_reasons(problem, pairs, plan)) if contracts <= 800 else 0
    told = time.process_time()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"\n{contracts:,} x {people:,}: {len(pairs):,} pairs in {built - start:.2f} s, plan {solved - built:.2f} s, check"
        f" {checked - solved:.2f} s, {reasons} reasons {told - checked:.2f} s (CPU), {memory} MB; {plan.empty} empty,"
        f" value {plan.value:,}, bound {plan.bound:,}, gap {plan.gap:.3%}"
    )
    if beside:
        start = time.process_time()
        value, bound = milp(problem, pairs, seconds=10.0)
        print(f"  HiGHS: {time.process_time() - start:.2f} s, value {value:,.0f}, bound {bound:,.0f}")
        assert plan.bound <= value + 1
    assert verdict.accepted
    assert verdict.value == plan.value
    assert plan.gap <= 0.001
    assert solved - built <= allowed
