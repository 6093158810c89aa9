"""Reasons of shifts: the facts named are what has to change, and no fewer."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.matching.shifts.offers import choices, judge
from marketplace.matching.shifts.proof import ShiftFlaw, verify
from marketplace.matching.shifts.reasons import Fact, Rule, empty_places, why_not
from marketplace.matching.shifts.solver import Effort, solve

from .calls import shift_problems, shifts_of


def planned(shifts, volunteers, offers, parameters=None):
    problem = shifts_of(shifts, volunteers, offers, parameters)
    return problem, solve(problem, choices(problem))


def changed(table, row, **values):
    columns = table.columns()
    for name, value in values.items():
        columns[name][row] = value
    return type(table)(**columns)


def after(problem, chosen, v, s, facts):
    """The problem and the choice in which these facts are otherwise."""
    shifts, volunteers, parameters = problem.shifts, problem.volunteers, problem.parameters
    chosen = chosen.copy()
    for fact in facts:
        match fact.rule:
            case Rule.SKILL:
                volunteers = changed(volunteers, v, skills=volunteers.skills[v] | fact.amount)
            case Rule.LANGUAGE:
                one_of_them = fact.amount & -fact.amount
                volunteers = changed(volunteers, v, languages=volunteers.languages[v] | one_of_them)
            case Rule.TRAVEL:
                parameters = replace(parameters, radius_minutes=parameters.radius_minutes + fact.amount)
            case Rule.DAY:
                volunteers = changed(volunteers, v, day_minutes=volunteers.day_minutes[v] + fact.amount)
            case Rule.TOTAL:
                volunteers = changed(volunteers, v, minutes=volunteers.minutes[v] + fact.amount)
            case Rule.FULL | Rule.DEARER:
                shifts = changed(shifts, s, places=shifts.places[s] + 1)
            case Rule.OVERLAP | Rule.REST | Rule.WAY:
                chosen[(problem.offers.volunteer == v) & (problem.offers.shift == fact.shift)] = False
            case _:
                pytest.fail(f"{fact.rule} is not changed here")
    # Worth and order are not what this is about.
    parameters = replace(parameters, position_cost=0, cost_per_minute=0)
    return replace(problem, shifts=shifts, volunteers=volunteers, parameters=parameters), chosen


@settings(max_examples=200, deadline=None)
@given(shift_problems(), st.data())
def test_the_facts_named_are_what_has_to_change_and_no_fewer(problem, data):
    if not len(problem.offers):
        return
    plan = solve(problem, choices(problem), effort=Effort(gap=0.0, rounds=6))
    row = data.draw(st.integers(0, len(problem.offers) - 1))
    v, s = int(problem.offers.volunteer[row]), int(problem.offers.shift[row])
    absence = why_not(problem, plan, v, s)
    assert bool(absence.facts) or plan.chosen[row] or judge(problem).bar[row] == 0
    if plan.chosen[row]:
        assert absence.facts == ()
        return

    def flaw(facts):
        other, chosen = after(problem, plan.chosen, v, s, facts)
        chosen[row] = True
        worth = int(judge(other).worth[chosen].sum())
        verdict = verify(other, replace(plan, chosen=chosen, worth=worth, bound=1 << 50))
        return verdict.breach.flaw if verdict.breach else None

    facts = tuple(fact for fact in absence.facts if fact.rule is not Rule.POSITION)
    # Somebody who stands behind in the order may also have to make room for one whose own schedule is in the way.
    made_room = flaw(facts) is ShiftFlaw.OVER_PLACES
    assert flaw(facts) is None or (made_room and not {Rule.FULL, Rule.DEARER} & {fact.rule for fact in facts})
    if not made_room:
        for left_out in facts:
            assert flaw(tuple(fact for fact in facts if fact is not left_out)) is not None


def test_each_rule_is_told_with_what_is_lacking():
    first = {"start": 480, "end": 720}

    def facts(shift, volunteer=None, parameters=None, **first_shift):
        problem, plan = planned(
            [{**first, **first_shift}, shift], [volunteer or {}], [(0, 0, 0), (0, 1, 1)], parameters
        )
        assert plan.chosen.tolist() == [True, False]
        return why_not(problem, plan, 0, 1).facts

    assert facts({"start": 600, "end": 1000, "lon": 108.1}) == (Fact(Rule.OVERLAP, 120, 0),)
    assert facts({"start": 740, "end": 1000, "lon": 108.1}) == (Fact(Rule.REST, 10, 0),)
    assert facts({"start": 760, "end": 1000, "lon": 108.2}) == (Fact(Rule.WAY, 34, 0),)
    assert facts({"start": 760, "lon": 108.01}, {"day_minutes": 400}) == (Fact(Rule.DAY, 80),)
    assert facts({"start": 1920, "end": 2200, "lon": 108.01}, {"minutes": 500}) == (Fact(Rule.TOTAL, 20),)
    assert facts({"start": 800, "skills": 6}, {"skills": 2}) == (Fact(Rule.SKILL, 4),)
    assert facts({"start": 800, "languages": 6}, {"languages": 1}) == (Fact(Rule.LANGUAGE, 6),)
    assert facts({"start": 1920, "end": 2220}, {"day_minutes": 240}) == (Fact(Rule.DAY, 60),)
    assert facts({"start": 1920, "lon": 109.0})[0].rule is Rule.TRAVEL
    assert (
        facts({"start": 1920, "lon": 108.2}, None, {"cost_per_minute": 9999, "place_worth": 100})[0].rule
        is Rule.POSITION
    )


def test_full_and_waiting_and_not_offered():
    problem, plan = planned([{}], [{}, {}, {}], [(0, 0, 5), (1, 0, 3)])
    assert plan.chosen.tolist() == [False, True]
    late = why_not(problem, plan, 0, 0)
    assert (late.position, late.facts) == (1, (Fact(Rule.FULL, 1),))
    assert why_not(problem, plan, 1, 0).facts == ()
    assert why_not(problem, plan, 2, 0).facts == (Fact(Rule.NOT_OFFERED, 1),)
    # A loose order lets the shorter way go first.
    problem, plan = planned([{}], [{"lon": 108.3}, {}], [(0, 0, 1), (1, 0, 2)], {"position_cost": 100})
    assert plan.chosen.tolist() == [False, True]
    assert [fact.rule for fact in why_not(problem, plan, 0, 0).facts] == [Rule.DEARER]


def test_empty_places_tell_who_could_have_come():
    shifts = [{}, {"start": 500}, {"start": 4000, "skills": 1}]
    volunteers = [{}, {"skills": 1, "lon": 110.0}, {"lon": 110.0}]
    offers = [(0, 0, 1), (0, 1, 2), (1, 2, 3), (2, 2, 4)]
    problem, plan = planned(shifts, volunteers, offers)
    found = list(empty_places(problem, plan))
    taken = int(problem.offers.shift[np.flatnonzero(plan.chosen)[0]])
    assert plan.chosen.sum() == 1
    assert [(one.shift, one.free) for one in found] == [(1 - taken, 1), (2, 1)]
    assert [(one.volunteer, [fact.shift for fact in one.facts]) for one in found[0].absent] == [(0, [taken])]
    assert [one.volunteer for one in found[1].absent] == [1, 2]
    assert found[1].bound() == {Rule.SKILL: 1, Rule.TRAVEL: 2}
    nobody, _plan = planned([{}], [], [])
    (alone,) = empty_places(nobody, _plan)
    assert (alone.free, alone.absent, alone.bound()) == (1, (), {})
