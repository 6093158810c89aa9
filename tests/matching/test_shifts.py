"""Shifts: the plan keeps every rule, its bound is above every plan, blocks are solved exactly, and the check believes neither."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.matching.problem import ProblemError
from marketplace.matching.shifts import offers as offers_module
from marketplace.matching.shifts.blocks import are_blocks, solve_blocks
from marketplace.matching.shifts.offers import ShiftBar, choices, judge
from marketplace.matching.shifts.problem import ShiftParameters
from marketplace.matching.shifts.proof import ShiftFlaw, best_by_dictionary, upper_bound, verify
from marketplace.matching.shifts.search import best_schedule, workspace
from marketplace.matching.shifts.solver import Effort, solve

from .calls import clash, milp, most_worth, region, schedules, shift_problems, shifts_of


@pytest.mark.parametrize(
    ("shifts", "volunteers", "offers", "parameters", "code"),
    [
        ([{"lon": float("nan")}], [], [], {}, "nan"),
        ([{"lat": 91.0}], [], [], {}, "range"),
        ([{"start": 480, "end": 480}], [], [], {}, "range"),
        ([{"start": -1, "end": 5}], [], [], {}, "negative"),
        ([{"places": 10**6 + 1}], [], [], {}, "overflow"),
        ([{"places": 0.5}], [], [], {}, "range"),
        ([{"key": 1}, {"key": 1}], [], [], {}, "duplicate"),
        ([], [{"key": 1}, {"key": 1}], [], {}, "duplicate"),
        ([], [{"minutes": -1}], [], {}, "negative"),
        ([], [{"skills": 1 << 62}], [], {}, "overflow"),
        ([{}], [{}], [(1, 0, 0)], {}, "range"),
        ([{}], [{}], [(0, 1, 0)], {}, "range"),
        ([{}], [{}], [(0, 0, 0), (0, 0, 1)], {}, "duplicate"),
        ([], [], [], {"kmh": 0}, "range"),
        ([], [], [], {"rest_minutes": -1}, "negative"),
        ([], [], [], {"place_worth": 10**9 + 1}, "overflow"),
        ([], [], [], {"radius_minutes": 1.5}, "range"),
        ([], [], [], {"seed": True}, "range"),
    ],
)
def test_bad_rows_are_refused(shifts, volunteers, offers, parameters, code):
    with pytest.raises(ProblemError) as refusal:
        shifts_of(shifts, volunteers, offers, parameters)
    assert refusal.value.code == code


def test_more_offers_of_one_volunteer_than_memory_holds_are_refused(monkeypatch):
    problem = shifts_of([{}, {}], [{}], [(0, 0, 0), (0, 1, 0)])
    monkeypatch.setattr(offers_module, "MOST_PAIRS", 3)
    with pytest.raises(ProblemError) as refusal:
        choices(problem)
    assert refusal.value.code == "overflow"


def test_what_bars_an_offer_and_what_it_is_worth():
    shifts = [{"skills": 1, "languages": 2}, {"lon": 112.0}, {}, {"start": 960, "end": 1440}]
    volunteers = [{"day_minutes": 300}, {"skills": 1, "languages": 6}, {"minutes": 60}, {"lon": 108.01}]
    offers = [(0, 0, 1), (1, 0, 2), (1, 1, 3), (2, 2, 4), (0, 3, 5), (0, 2, 9), (1, 2, 9), (3, 2, 12)]
    judged = judge(shifts_of(shifts, volunteers, offers))
    assert [ShiftBar(bar) for bar in judged.bar.tolist()] == [
        ShiftBar.SKILL | ShiftBar.LANGUAGE, ShiftBar.NONE, ShiftBar.TRAVEL, ShiftBar.HOURS, ShiftBar.HOURS,
        ShiftBar.NONE, ShiftBar.NONE, ShiftBar.NONE,
    ]  # fmt: skip
    # Whoever cannot come does not stand in the order; who offered at the same moment stands at the same place.
    assert judged.position.tolist() == [0, 0, 0, 0, 0, 0, 0, 1]
    # A kilometre, 1.3 on the road, at 40 km an hour: 1.95 minutes and 5.
    assert judged.minutes[7] == 7
    assert judged.worth[5:].tolist() == [100_000, 100_000, 100_000 - 70 - 1000]
    late = judge(shifts_of([{}], [{}, {}], [(0, 0, 0), (1, 0, 1)], {"position_cost": 10**6}))
    assert late.bar.tolist() == [0, ShiftBar.WORTHLESS]


@settings(max_examples=100, deadline=None)
@given(shift_problems())
def test_what_excludes_each_other(problem):
    able = choices(problem)
    assert sorted(able.offer.tolist()) == np.flatnonzero(judge(problem).bar == ShiftBar.NONE).tolist()
    for v in range(len(problem.volunteers)):
        mine = able.shift[able.start[v] : able.start[v + 1]].tolist()
        square = able.clash[able.square[v] : able.square[v + 1]].reshape(len(mine), len(mine))
        for i, one in enumerate(mine):
            for j, other in enumerate(mine):
                assert square[i, j] == (i != j and clash(problem, one, other))


@settings(max_examples=200, deadline=None)
@given(shift_problems(most_shifts=9, most_volunteers=2), st.data())
def test_the_best_schedule_at_prices_is_the_best_of_all(problem, data):
    price = np.array([data.draw(st.integers(0, 120_000)) for _shift in range(len(problem.shifts))], dtype=np.int64)
    judged, able, volunteers = judge(problem), choices(problem), problem.volunteers
    gain = able.worth - price[able.shift]
    total = int((price * problem.shifts.places).sum())
    for v in range(len(volunteers)):
        worth = {rows: sum(int(judged.worth[r] - price[problem.offers.shift[r]]) for r in rows)
                 for rows in schedules(problem, judged, v)}  # fmt: skip
        best, taken = max(worth.values()), np.empty(len(able) + 1, dtype=np.int64)
        value, count = best_schedule(
            able.start[v], able.start[v + 1], able.square[v], able.clash, gain, able.length, able.day,
            volunteers.minutes[v], volunteers.day_minutes[v], taken, workspace(),
        )  # fmt: skip
        assert value == best
        assert worth[tuple(sorted(able.offer[taken[:count]].tolist()))] == best
        assert best_by_dictionary(able, gain, v, int(volunteers.minutes[v]), int(volunteers.day_minutes[v])) == best
        total += best
    assert upper_bound(problem, judged, price) == total


def test_too_many_schedules_to_try_are_bounded_from_above():
    n = 40  # one a day, lengths and worths that no schedule beats in both
    shifts = [{"start": 1440 * d, "end": 1440 * d + 300 + (1 << d % 15) % 997 + d} for d in range(n)]
    problem = shifts_of(shifts, [{"minutes": 7000}], [(0, s, s) for s in range(n)], {"place_worth": 10**6})
    able, volunteers = choices(problem), problem.volunteers
    worth = able.length * 1000
    taken = np.empty(n + 1, dtype=np.int64)
    value, count = best_schedule(
        0,
        n,
        0,
        able.clash,
        worth,
        able.length,
        able.day,
        volunteers.minutes[0],
        volunteers.day_minutes[0],
        taken,
        workspace(),
    )
    assert count == -1
    assert value == worth.sum()


@settings(max_examples=200, deadline=None)
@given(shift_problems())
def test_plans_keep_the_rules_and_bounds_are_above_the_best(problem):
    plan = solve(problem, choices(problem), effort=Effort(gap=0.0, rounds=10))
    verdict = verify(problem, plan)
    assert verdict.accepted, verdict.breach
    best = most_worth(problem)
    assert plan.worth == verdict.worth <= best <= verdict.bound <= plan.bound
    # On problems this small the chains find what is best; the bound may stay above it.
    assert plan.worth == best


def test_who_costs_less_takes_the_place_of_who_costs_more_though_prices_hide_it():
    """The price of a place may end where both look alike."""
    problem = shifts_of(
        [{"start": 420, "end": 480, "places": 2}, {"start": 420, "end": 480, "places": 0}],
        [{"minutes": 200}, {"minutes": 0}, {"minutes": 200}, {"minutes": 200, "lon": 108.3}],
        [(0, 0, 0), (0, 1, 0), (1, 0, 0), (3, 0, 0), (2, 0, 0)],
        {"rest_minutes": 0, "position_cost": 0},
    )
    plan = solve(problem, choices(problem), effort=Effort(gap=0.0, rounds=10))
    assert verify(problem, plan).accepted
    assert plan.worth == most_worth(problem)


@settings(max_examples=200, deadline=None)
@given(shift_problems(blocks=True, most_shifts=8, most_volunteers=6))
def test_blocks_are_solved_exactly(problem):
    able = choices(problem)
    assert are_blocks(able)
    plan = solve_blocks(problem, able)
    verdict = verify(problem, plan)
    assert verdict.accepted, verdict.breach
    assert plan.worth == plan.bound == verdict.worth == verdict.bound == most_worth(problem)


@pytest.mark.parametrize(
    "shifts",
    [
        [
            {"start": 480},
            {"start": 600},
            {"start": 780},
        ],  # the middle one excludes both others, these do not each other
        [{"start": 480, "end": 720}, {"start": 780, "end": 900}],
        [{"start": 1380}, {"start": 1500}],  # one exclude the other, on two days
    ],
)
def test_what_are_no_blocks_is_not_taken_for_them(shifts):
    offers = [(0, s, 0) for s in range(len(shifts))]
    problem = shifts_of(shifts, [{}], offers, {"rest_minutes": 0})
    assert not are_blocks(choices(problem))
    with pytest.raises(ProblemError) as refusal:
        solve_blocks(problem, choices(problem))
    assert refusal.value.code == "blocks"


def test_a_county_beside_a_mixed_integer_program():
    problem = region(40, 80, seed=3)
    plan = solve(problem, choices(problem), effort=Effort(gap=0.0, rounds=30))
    worth, bound = milp(problem, seconds=60.0)
    assert worth == pytest.approx(bound, rel=1e-6)
    assert plan.worth <= round(worth) <= plan.bound
    assert plan.worth >= 0.998 * worth
    assert plan.gap < 0.01
    assert verify(problem, plan).accepted


def test_blocks_of_a_region_are_proved_best_and_the_search_comes_near():
    problem = region(400, 800, blocks=True)
    able = choices(problem)
    plan = solve_blocks(problem, able)
    verdict = verify(problem, plan)
    assert verdict.accepted
    assert verdict.worth == verdict.bound
    near = solve(problem, able, effort=Effort(gap=0.0, rounds=12))
    assert 0.995 * plan.worth <= near.worth <= plan.worth <= near.bound <= 1.005 * plan.worth


@pytest.fixture(scope="module")
def solved():
    problem = region(300, 400, seed=2)
    return problem, solve(problem, choices(problem), effort=Effort(gap=0.0, rounds=12))


def test_a_larger_plan_is_near_its_bound_and_always_the_same(solved):
    problem, plan = solved
    assert plan.gap <= 0.01
    again = solve(problem, choices(problem), effort=Effort(gap=0.0, rounds=12))
    assert (again.chosen == plan.chosen).all()
    assert (again.price == plan.price).all()
    verdict = verify(problem, plan)
    assert verdict.accepted
    assert verdict.bound == plan.bound


def test_each_corruption_is_named(solved):
    problem, plan = solved
    judged, offers = judge(problem), problem.offers

    def flaw(**changed):
        verdict = verify(problem, replace(plan, **changed))
        assert not verdict.accepted
        return verdict.breach.flaw

    def but(row):
        chosen = plan.chosen.copy()
        chosen[row] = not chosen[row]
        return chosen

    taken = np.bincount(offers.shift[plan.chosen], minlength=len(problem.shifts))
    able = ~plan.chosen & (judged.bar == 0)
    full = np.flatnonzero(able & (taken == problem.shifts.places)[offers.shift])
    assert flaw(chosen=but(full[0])) is ShiftFlaw.OVER_PLACES
    assert flaw(chosen=but(np.flatnonzero(plan.chosen)[0])) is ShiftFlaw.ORDER
    assert flaw(worth=plan.worth + 1) is ShiftFlaw.WORTH
    assert flaw(bound=plan.bound - 1) is ShiftFlaw.BOUND
    assert flaw(price=plan.price * 0) is ShiftFlaw.BOUND
    assert flaw(price=-plan.price) is ShiftFlaw.PRICE
    assert flaw(price=plan.price + (1 << 51)) is ShiftFlaw.PRICE
    assert flaw(price=plan.price.astype(float)) is ShiftFlaw.SHAPE
    assert flaw(price=plan.price[:-1]) is ShiftFlaw.SHAPE
    assert flaw(chosen=plan.chosen[:-1]) is ShiftFlaw.SHAPE
    assert flaw(chosen=plan.chosen.astype(int)) is ShiftFlaw.SHAPE


def test_rules_of_shifts_are_checked_one_by_one():
    shifts = [
        {},
        {"start": 750},
        {"start": 1000, "end": 1240},
        {"start": 1920},
        {"skills": 1},
        {"lon": 108.3, "start": 760},
    ]
    volunteers = [{"minutes": 700, "day_minutes": 470}, {"minutes": 700}, {"minutes": 700}]
    offers = [(v, s, v) for v in range(3) for s in range(6)]
    problem = shifts_of(shifts, volunteers, offers)
    plan = solve(problem, choices(problem))
    assert verify(problem, plan).accepted

    def flaw(*taken):
        chosen = np.zeros(len(offers), dtype=bool)
        chosen[[6 * v + s for v, s in taken]] = True
        return verify(problem, replace(plan, chosen=chosen)).breach.flaw

    assert flaw((0, 4)) is ShiftFlaw.BARRED
    assert flaw((0, 0), (1, 0)) is ShiftFlaw.OVER_PLACES
    assert flaw((1, 0), (1, 5)) is ShiftFlaw.OVERLAP  # the way
    assert flaw((1, 1), (1, 2)) is ShiftFlaw.OVERLAP  # the rest
    assert flaw((0, 0), (0, 2)) is ShiftFlaw.HOURS  # of the day
    assert flaw((1, 0), (1, 2), (1, 3)) is ShiftFlaw.HOURS  # in all
    assert flaw((1, 0), (0, 1)) is ShiftFlaw.ORDER  # the first in the order could come too


def test_whoever_waits_longest_comes_unless_the_order_is_loose():
    shifts, volunteers = [{}], [{"lon": 108.3}, {}]
    offers = [(0, 0, 1), (1, 0, 2)]
    for cost, first in [(1000, 0), (100, 1)]:
        problem = shifts_of(shifts, volunteers, offers, {"position_cost": cost})
        assert problem.parameters.strict == (first == 0)
        for plan in (solve(problem, choices(problem)), solve_blocks(problem, choices(problem))):
            assert np.flatnonzero(plan.chosen).tolist() == [first]
            assert verify(problem, plan).accepted


def test_a_search_can_be_watched_and_ended():
    problem = region(120, 160, seed=5)
    able, seen = choices(problem), []
    plan = solve(
        problem,
        able,
        effort=Effort(gap=0.0),
        progress=lambda worth, bound: seen.append((worth, bound)),
        cancelled=lambda: len(seen) == 2,
    )
    assert plan.cut == "cancelled"
    assert plan.bound == seen[-1][1]
    assert seen[0][0] <= seen[1][0] <= plan.worth <= plan.bound <= seen[0][1]
    assert verify(problem, plan).accepted
    short = solve(problem, able, effort=Effort(gap=0.0, seconds=0.0))
    assert short.cut == "time"
    assert verify(problem, short).accepted
    assert solve(problem, able, effort=Effort(gap=1.0), cancelled=lambda: True).cut == ""


def test_empty_sides():
    for shifts, volunteers, offers in [
        ([], [], []), ([{}], [], []), ([], [{}], []), ([{}], [{}], []),
        ([{"places": 0}], [{}], [(0, 0, 0)]), ([{}], [{"minutes": 0}], [(0, 0, 0)]),
    ]:  # fmt: skip
        problem = shifts_of(shifts, volunteers, offers)
        able = choices(problem)
        assert are_blocks(able)
        for plan in (solve(problem, able), solve_blocks(problem, able)):
            assert not plan.chosen.any()
            assert (plan.worth, plan.gap) == (0, 0.0) or not problem.shifts.places.any()
            assert verify(problem, plan).accepted
    assert ShiftParameters().strict
