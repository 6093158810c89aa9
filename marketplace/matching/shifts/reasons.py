"""Why a place is empty, why somebody does not come to a shift, and the facts that would change it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from marketplace.matching.problem import Ints

from .offers import Judged, ShiftBar, _points, judge, way_minutes
from .problem import DAY, ShiftProblem
from .solver import ShiftPlan


class Rule(StrEnum):
    """What keeps a volunteer from a shift, and what ``Fact.amount`` then counts."""

    NOT_OFFERED = "not_offered"  # nobody is sent who did not offer
    SKILL = "skill"  # mask of the skills that are missing
    LANGUAGE = "language"  # mask of languages of which one would do
    TRAVEL = "travel"  # minutes beyond the longest way
    POSITION = "position"  # by how much the waiting order and the way cost more than a place is worth
    OVERLAP = "overlap"  # minutes that ``Fact.shift``, which the volunteer comes to, runs into this one
    REST = "rest"  # minutes lacking for the rest after or before ``Fact.shift``
    WAY = "way"  # minutes lacking for rest and way from or to ``Fact.shift``
    DAY = "day"  # minutes beyond those of the day, this shift and what else the volunteer comes to together
    TOTAL = "total"  # the same of the minutes in all
    FULL = "full"  # of those who come, how many stand before this volunteer or at the same position
    DEARER = "dearer"  # who comes stands behind, but with a shorter way: by so much worth the plan would lose


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that would have to change. ``shift`` is a row, -1 where the rule speaks of none."""

    rule: Rule
    amount: int
    shift: int = -1


@dataclass(frozen=True, slots=True)
class Absence:
    """Why ``volunteer`` does not come to ``shift``.

    ``facts`` would have to change together, all else in the plan as it is: with one of them it is the one fact that
    would change it; none: the volunteer comes, or nothing but the search was in the way. ``position`` is that in the
    waiting order (0: first; -1: not in it).
    """

    volunteer: int
    shift: int
    position: int
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class EmptyPlaces:
    """``free`` places of a shift that nobody takes, and everybody who offered and does not come, those first who lack least."""

    shift: int
    free: int
    absent: tuple[Absence, ...]

    def bound(self) -> dict[Rule, int]:
        """How many of them each rule keeps away."""
        rules = [rule for one in self.absent for rule in {fact.rule for fact in one.facts}]
        return {rule: rules.count(rule) for rule in Rule if rule in rules}


def empty_places(problem: ShiftProblem, plan: ShiftPlan) -> Iterator[EmptyPlaces]:
    """The shifts with free places, in order, and who could have come."""
    judged = judge(problem)
    offers, shifts = problem.offers, problem.shifts
    free = shifts.places - np.bincount(offers.shift[plan.chosen], minlength=len(shifts))
    held = _Held(problem, plan)
    order = np.argsort(offers.shift, kind="stable")
    begin = np.searchsorted(offers.shift[order], np.arange(len(shifts) + 1))
    for s in np.flatnonzero(free > 0).tolist():
        rows = [row for row in order[begin[s] : begin[s + 1]].tolist() if not plan.chosen[row]]
        absent = [_absence(problem, plan, judged, held, row) for row in rows]
        absent.sort(key=lambda one: (len(one.facts), one.position < 0, one.position, one.volunteer))
        yield EmptyPlaces(s, int(free[s]), tuple(absent))


def why_not(problem: ShiftProblem, plan: ShiftPlan, volunteer: int, shift: int) -> Absence:
    """Why this volunteer does not come to this shift."""
    rows = np.flatnonzero((problem.offers.volunteer == volunteer) & (problem.offers.shift == shift))
    if not len(rows):
        return Absence(volunteer, shift, -1, (Fact(Rule.NOT_OFFERED, 1),))
    return _absence(problem, plan, judge(problem), _Held(problem, plan), int(rows[0]))


def absences(problem: ShiftProblem, plan: ShiftPlan) -> Iterator[Absence]:
    """Why each offer that the plan does not take up is not taken up, in the order of the offers."""
    judged, held = judge(problem), _Held(problem, plan)
    for row in np.flatnonzero(~plan.chosen).tolist():
        yield _absence(problem, plan, judged, held, row)


class _Held:
    """What each volunteer comes to, and who comes to each shift, as rows of offers."""

    def __init__(self, problem: ShiftProblem, plan: ShiftPlan) -> None:
        taken, offers = np.flatnonzero(plan.chosen), problem.offers
        self.by_volunteer = taken[np.argsort(offers.volunteer[taken], kind="stable")]
        self.by_shift = taken[np.argsort(offers.shift[taken], kind="stable")]
        self.volunteers = np.searchsorted(offers.volunteer[self.by_volunteer], np.arange(len(problem.volunteers) + 1))
        self.shifts = np.searchsorted(offers.shift[self.by_shift], np.arange(len(problem.shifts) + 1))

    def of_volunteer(self, v: int) -> Ints:
        return self.by_volunteer[self.volunteers[v] : self.volunteers[v + 1]]

    def of_shift(self, s: int) -> Ints:
        return self.by_shift[self.shifts[s] : self.shifts[s + 1]]


def _absence(problem: ShiftProblem, plan: ShiftPlan, judged: Judged, held: _Held, row: int) -> Absence:
    v, s = int(problem.offers.volunteer[row]), int(problem.offers.shift[row])
    bar = ShiftBar(int(judged.bar[row]))
    ranked = not bar & ~ShiftBar.WORTHLESS
    position = int(judged.position[row]) if ranked else -1
    if plan.chosen[row]:
        return Absence(v, s, position, ())
    facts = [*_barring(problem, judged, row, bar), *_in_the_way(problem, held, v, s)]
    facts += _others(problem, judged, held, row, ranked, bool(facts))
    return Absence(v, s, position, tuple(facts))


def _barring(problem: ShiftProblem, judged: Judged, row: int, bar: ShiftBar) -> Iterator[Fact]:
    """What keeps the volunteer away whatever else the plan says."""
    shifts, volunteers = problem.shifts, problem.volunteers
    v, s = int(problem.offers.volunteer[row]), int(problem.offers.shift[row])
    if bar & ShiftBar.SKILL:
        yield Fact(Rule.SKILL, int(shifts.skills[s] & ~volunteers.skills[v]))
    if bar & ShiftBar.LANGUAGE:
        yield Fact(Rule.LANGUAGE, int(shifts.languages[s]))
    if bar & ShiftBar.TRAVEL:
        yield Fact(Rule.TRAVEL, int(judged.minutes[row]) - problem.parameters.radius_minutes)
    if bar & ShiftBar.WORTHLESS:
        yield Fact(Rule.POSITION, 1 - int(judged.worth[row]))


def _in_the_way(problem: ShiftProblem, held: _Held, v: int, s: int) -> Iterator[Fact]:
    """What of the volunteer's own schedule stands in the way: shifts to give up, and hours that even then would be too many."""
    shifts, volunteers, rest = problem.shifts, problem.volunteers, problem.parameters.rest_minutes
    others = problem.offers.shift[held.of_volunteer(v)]
    place = _points(shifts.longitude, shifts.latitude)
    ways = way_minutes(problem, place[s], place[others])
    kept = []
    for other, way in zip(others.tolist(), ways.tolist(), strict=True):
        first, second = (s, other) if shifts.start[s] <= shifts.start[other] else (other, s)
        over = int(shifts.end[first] - shifts.start[second])
        if over > 0:
            yield Fact(Rule.OVERLAP, over, other)
        elif over + rest > 0:
            yield Fact(Rule.REST, over + rest, other)
        elif over + rest + way > 0:
            yield Fact(Rule.WAY, over + rest + way, other)
        else:
            kept.append(other)
    own = int(shifts.end[s] - shifts.start[s])
    length = shifts.end[kept] - shifts.start[kept]
    today = int(length[shifts.start[kept] // DAY == shifts.start[s] // DAY].sum())
    day, total = int(volunteers.day_minutes[v]), int(volunteers.minutes[v])
    if own + today > day:
        yield Fact(Rule.DAY, own + today - day)
    if own + int(length.sum()) > total:
        yield Fact(Rule.TOTAL, own + int(length.sum()) - total)


def _others(problem: ShiftProblem, judged: Judged, held: _Held, row: int, ranked: bool, bound: bool) -> Iterator[Fact]:
    """Who else comes, where all places are taken."""
    s = int(problem.offers.shift[row])
    there = held.of_shift(s)
    if len(there) < problem.shifts.places[s]:
        return
    position = judged.position[there]
    ahead = int((position <= judged.position[row]).sum()) if ranked else len(there)
    if ahead == len(there):
        yield Fact(Rule.FULL, ahead)
    elif not bound:
        behind = there[position > judged.position[row]]
        loss = int(judged.worth[behind].min()) - int(judged.worth[row])
        if loss >= 0:
            yield Fact(Rule.DEARER, loss)
