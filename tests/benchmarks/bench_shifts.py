"""Shifts from town to province size: CPU time, memory and proven gap, beside HiGHS where it can follow."""

from __future__ import annotations

import resource
import time

import pytest

from marketplace.matching.shifts.blocks import are_blocks, solve_blocks
from marketplace.matching.shifts.offers import choices
from marketplace.matching.shifts.proof import verify
from marketplace.matching.shifts.solver import Effort, solve
from tests.matching.calls import milp, region

#: volunteers, shifts, CPU seconds allowed until a gap of 1 % is proven, whether HiGHS is tried (10 s)
SIZES = [(100, 200, 1.0, True), (1_000, 2_000, 2.0, True), (10_000, 20_000, 10.0, False), (30_000, 60_000, 40.0, False)]
#: volunteers, shifts, CPU seconds and MB allowed for the exact answer
BLOCKS = [(1_000, 2_000, 1.0, 1000), (10_000, 20_000, 5.0, 1000), (100_000, 200_000, 30.0, 4000)]


def memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@pytest.mark.parametrize(("volunteers", "shifts", "allowed", "beside"), SIZES)
def test_overlapping(volunteers: int, shifts: int, allowed: float, beside: bool) -> None:
    warm = region(30, 60)  # compiling is not part of the figures
    verify(warm, solve(warm, choices(warm), effort=Effort(rounds=2, gap=0.0)))
    problem = region(volunteers, shifts)
    start = time.process_time()
    able = choices(problem)
    built = time.process_time()
    plan = solve(problem, able, effort=Effort(gap=0.01))
    solved = time.process_time()
    verdict = verify(problem, plan)
    checked = time.process_time()
    print(
        f"\n{volunteers:,} x {shifts:,}: {len(able):,} offers in {built - start:.2f} s, plan {solved - built:.2f} s, check"
        f" {checked - solved:.2f} s (CPU), {memory()} MB; {plan.chosen.sum():,} of {problem.shifts.places.sum():,} places,"
        f" worth {plan.worth:,}, bound {plan.bound:,}, gap {plan.gap:.3%}"
    )
    if volunteers <= 10_000:
        start = time.process_time()
        best = solve(problem, able, effort=Effort(gap=0.0, rounds=30))
        print(f"  after 30 rounds, {time.process_time() - start:.2f} s: gap {best.gap:.3%}")
        assert best.gap <= plan.gap
    if beside:
        start = time.process_time()
        worth, bound = milp(problem, seconds=10.0)
        print(f"  HiGHS: {time.process_time() - start:.2f} s, worth {worth:,.0f}, bound {bound:,.0f}")
        assert plan.worth <= bound + 1
        assert plan.bound >= worth - 1
    assert verdict.accepted
    assert plan.gap <= 0.01
    assert solved - built <= allowed


@pytest.mark.parametrize(("volunteers", "shifts", "allowed", "most"), BLOCKS)
def test_blocks(volunteers: int, shifts: int, allowed: float, most: int) -> None:
    warm = region(30, 60, blocks=True)
    verify(warm, solve_blocks(warm, choices(warm)))
    problem = region(volunteers, shifts, blocks=True)
    start = time.process_time()
    able = choices(problem)
    assert are_blocks(able)
    built = time.process_time()
    plan = solve_blocks(problem, able)
    solved = time.process_time()
    verdict = verify(problem, plan)
    checked = time.process_time()
    print(
        f"\nblocks {volunteers:,} x {shifts:,}: {len(able):,} offers in {built - start:.2f} s, plan {solved - built:.2f} s,"
        f" check {checked - solved:.2f} s (CPU), {memory()} MB; {plan.chosen.sum():,} of"
        f" {problem.shifts.places.sum():,} places, worth {plan.worth:,}"
    )
    assert verdict.accepted
    assert verdict.worth == verdict.bound
    assert solved - built <= allowed
    assert memory() <= most
