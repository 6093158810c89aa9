"""The check of a plan of shifts and of its bound, without the solver's search.

Every rule is read off the tables again. The bound is computed anew from the prices: for each volunteer a table of the best
schedule by last shift, minutes in all and minutes that day, without the search's labels and their dominance.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from marketplace.matching.compiled import compiled
from marketplace.matching.problem import Ints

from .offers import Choices, Judged, ShiftBar, _points, choices, judge, way_minutes
from .problem import DAY, ShiftProblem
from .solver import ShiftPlan

LARGEST_PRICE = 1 << 50
#: of one volunteer's table of schedules
MOST_CELLS = 1 << 22


class ShiftFlaw(StrEnum):
    SHAPE = "shape"
    BARRED = "barred"  # an offer that cannot be taken
    OVER_PLACES = "over_places"
    OVERLAP = "overlap"  # with rest and way
    HOURS = "hours"  # in all or on one day
    ORDER = "order"  # somebody who waits longer could have come
    WORTH = "worth"  # not what the plan says
    PRICE = "price"  # negative, or beyond computing
    BOUND = "bound"  # the prices prove less than the plan says


@dataclass(frozen=True, slots=True)
class ShiftBreach:
    """The flaw, and the rows of volunteer and shift (-1: none)."""

    flaw: ShiftFlaw
    volunteer: int = -1
    shift: int = -1


@dataclass(frozen=True, slots=True)
class ShiftVerdict:
    """Accepted: the plan keeps every rule, is worth ``worth``, and no plan is worth more than ``bound``."""

    accepted: bool
    worth: int
    bound: int
    breach: ShiftBreach | None = None


def verify(problem: ShiftProblem, plan: ShiftPlan) -> ShiftVerdict:
    """Check ``plan`` against the problem."""
    judged = judge(problem)
    breach = _shape(problem, plan) or _rules(problem, plan, judged)
    if breach:
        return ShiftVerdict(False, 0, 0, breach)
    worth = int(judged.worth[plan.chosen].sum())
    if worth != plan.worth:
        return ShiftVerdict(False, worth, 0, ShiftBreach(ShiftFlaw.WORTH))
    bound = upper_bound(problem, judged, plan.price)
    breach = ShiftBreach(ShiftFlaw.BOUND) if plan.bound < bound else None
    return ShiftVerdict(breach is None, worth, bound, breach)


def _shape(problem: ShiftProblem, plan: ShiftPlan) -> ShiftBreach | None:
    if plan.chosen.dtype.kind != "b" or plan.chosen.shape != (len(problem.offers),):
        return ShiftBreach(ShiftFlaw.SHAPE)
    if plan.price.dtype.kind != "i" or plan.price.shape != (len(problem.shifts),):
        return ShiftBreach(ShiftFlaw.SHAPE)
    wrong = np.flatnonzero((plan.price < 0) | (plan.price > LARGEST_PRICE))
    return ShiftBreach(ShiftFlaw.PRICE, -1, int(wrong[0])) if len(wrong) else None


def _rules(problem: ShiftProblem, plan: ShiftPlan, judged: Judged) -> ShiftBreach | None:
    offers, shifts, volunteers = problem.offers, problem.shifts, problem.volunteers
    rows = np.flatnonzero(plan.chosen)
    barred = rows[judged.bar[rows] != ShiftBar.NONE]
    if len(barred):
        return ShiftBreach(ShiftFlaw.BARRED, int(offers.volunteer[barred[0]]), int(offers.shift[barred[0]]))
    taken = np.bincount(offers.shift[rows], minlength=len(shifts))
    over = np.flatnonzero(taken > shifts.places)
    if len(over):
        return ShiftBreach(ShiftFlaw.OVER_PLACES, -1, int(over[0]))

    # By volunteer and start: each with the one before.
    rows = rows[np.lexsort((shifts.start[offers.shift[rows]], offers.volunteer[rows]))]
    who, what = offers.volunteer[rows], offers.shift[rows]
    place = _points(shifts.longitude, shifts.latitude)
    way = way_minutes(problem, place[what[:-1]], place[what[1:]])
    late = shifts.end[what[:-1]] + problem.parameters.rest_minutes + way > shifts.start[what[1:]]
    late &= who[:-1] == who[1:]
    if late.any():
        at = int(np.flatnonzero(late)[0]) + 1
        return ShiftBreach(ShiftFlaw.OVERLAP, int(who[at]), int(what[at]))
    length = shifts.end[what] - shifts.start[what]
    total = np.zeros(len(volunteers), dtype=np.int64)
    np.add.at(total, who, length)
    over = np.flatnonzero(total > volunteers.minutes)
    if len(over):
        return ShiftBreach(ShiftFlaw.HOURS, int(over[0]))
    span = int(shifts.start.max(initial=0)) // DAY + 1
    days, day = np.unique(who * span + shifts.start[what] // DAY, return_inverse=True)
    today = np.zeros(len(days), dtype=np.int64)
    np.add.at(today, day, length)
    over = np.flatnonzero(today > volunteers.day_minutes[days // span]) if len(days) else days
    if len(over):
        return ShiftBreach(ShiftFlaw.HOURS, int(days[over[0]] // span))
    return _order(problem, plan, judged) if problem.parameters.strict else None


def _order(problem: ShiftProblem, plan: ShiftPlan, judged: Judged) -> ShiftBreach | None:
    """Whether somebody waits longer than one who comes, or for an empty place, and could come without giving anything up."""
    offers, shifts = problem.offers, problem.shifts
    taken = np.flatnonzero(plan.chosen)
    last = np.full(len(shifts), -1, dtype=np.int64)
    np.maximum.at(last, offers.shift[taken], judged.position[taken])
    free = np.bincount(offers.shift[taken], minlength=len(shifts)) < shifts.places
    last[free] = np.iinfo(np.int64).max
    able = choices(problem, judged)
    passed = ~plan.chosen[able.offer] & (judged.position[able.offer] < last[able.shift])
    row = _could_come(
        able.start, able.length, able.day, able.square, able.clash, plan.chosen[able.offer], passed,
        problem.volunteers.minutes, problem.volunteers.day_minutes,
    )  # fmt: skip
    if row < 0:
        return None
    return ShiftBreach(ShiftFlaw.ORDER, int(offers.volunteer[able.offer[row]]), int(able.shift[row]))


@compiled
def _could_come(start, length, day, square, clash, chosen, passed, most, most_a_day):  # type: ignore[no-untyped-def]
    """The first of ``passed`` that fits beside everything its volunteer comes to, or -1."""
    for v in range(len(start) - 1):
        low, n = start[v], start[v + 1] - start[v]
        for i in range(n):
            if not passed[low + i]:
                continue
            minutes, today, apart = length[low + i], length[low + i], True
            for j in range(n):
                if chosen[low + j]:
                    apart = apart and not clash[square[v] + i * n + j]
                    minutes += length[low + j]
                    today += length[low + j] if day[low + j] == day[low + i] else 0
            if apart and minutes <= most[v] and today <= most_a_day[v]:
                return low + i
    return -1


def upper_bound(problem: ShiftProblem, judged: Judged, price: Ints) -> int:
    """What no plan exceeds: for each volunteer the best schedule at ``worth - price``, and the price of all places."""
    able, volunteers = choices(problem, judged), problem.volunteers
    # In Python's integers: no sum can leave 64 bits unseen.
    total = sum(int(u) * int(n) for u, n in zip(price, problem.shifts.places, strict=True))
    gain = able.worth - price[able.shift]
    best = np.full(len(volunteers), -1, dtype=np.int64)
    _best_by_table(
        able.start, able.length, able.day, able.square, able.clash, gain, volunteers.minutes, volunteers.day_minutes,
        MOST_CELLS, best,
    )  # fmt: skip
    for v in np.flatnonzero(best < 0).tolist():
        best[v] = best_by_dictionary(able, gain, v, int(volunteers.minutes[v]), int(volunteers.day_minutes[v]))
    return total + sum(best.tolist())


@compiled
def _best_by_table(start, length, day, square, clash, gain, most, most_a_day, most_cells, best):  # type: ignore[no-untyped-def]
    """For each volunteer a table (last shift, minutes in all, minutes that day) of the most that is worth; ``best`` stays as it
    is where the table would be too large."""
    table, any_day = np.empty(1, np.int64), np.empty(1, np.int64)
    for v in range(len(start) - 1):
        low, n = start[v], start[v + 1] - start[v]
        mine = np.empty(n, np.int64)
        count, unit, total = 0, np.int64(0), np.int64(0)
        for i in range(n):
            if gain[low + i] > 0:
                mine[count] = i
                count += 1
                total += length[low + i]
                # The greatest common measure of all lengths (Euclid).
                other = length[low + i]
                while other:
                    unit, other = other, unit % other
        if count == 0:
            best[v] = 0
            continue
        wide, deep = min(most[v], total) // unit + 1, min(most_a_day[v], total) // unit + 1
        if wide * deep > most_cells // count:
            continue
        size = wide * deep
        if len(table) < count * size:
            table = np.empty(count * size, np.int64)
        if len(any_day) < count * wide:
            any_day = np.empty(count * wide, np.int64)
        table[: count * size] = -1
        any_day[: count * wide] = -1
        most_worth = np.int64(0)
        for a in range(count):
            i = mine[a]
            own, worth = length[low + i] // unit, gain[low + i]
            if own >= wide or own >= deep:
                continue
            table[a * size + own * deep + own] = worth
            for b in range(a):
                j = mine[b]
                if clash[square[v] + i * n + j]:
                    continue
                if day[low + j] == day[low + i]:
                    for minutes in range(wide - own):
                        for today in range(deep - own):
                            value = table[b * size + minutes * deep + today]
                            to = a * size + (minutes + own) * deep + today + own
                            if value >= 0 and value + worth > table[to]:
                                table[to] = value + worth
                else:
                    for minutes in range(wide - own):
                        value = any_day[b * wide + minutes]
                        to = a * size + (minutes + own) * deep + own
                        if value >= 0 and value + worth > table[to]:
                            table[to] = value + worth
            for minutes in range(wide):
                for today in range(deep):
                    value = table[a * size + minutes * deep + today]
                    if value > any_day[a * wide + minutes]:
                        any_day[a * wide + minutes] = value
                        most_worth = max(most_worth, value)
        best[v] = most_worth


def best_by_dictionary(able: Choices, gain: Ints, v: int, most: int, most_a_day: int) -> int:
    """The same for volunteer ``v``, of reached minutes alone: for odd lengths, whose tables are mostly empty."""
    low, n = int(able.start[v]), int(able.start[v + 1] - able.start[v])
    clash = able.clash[able.square[v] : able.square[v + 1]].reshape(n, n)
    reached: list[tuple[int, dict[tuple[int, int], int]]] = []
    best = 0
    for i in np.flatnonzero(gain[low : low + n] > 0).tolist():
        own, worth = int(able.length[low + i]), int(gain[low + i])
        table = {(own, own): worth} if own <= min(most, most_a_day) else {}
        for j, before in reached:
            if clash[i, j]:
                continue
            same_day = able.day[low + i] == able.day[low + j]
            for (minutes, today), value in before.items():
                key = minutes + own, own + (today if same_day else 0)
                if key[0] <= most and key[1] <= most_a_day:
                    table[key] = max(table.get(key, 0), value + worth)
        reached.append((i, table))
        best = max(best, max(table.values(), default=0))
    return best
