"""Which offers can be taken, what they are worth, and which of one volunteer exclude each other."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.compiled import compiled
from marketplace.matching.pairs import EARTH_RADIUS_KM
from marketplace.matching.problem import Floats, Ints, ProblemError

from .problem import DAY, ShiftProblem

#: pairs of offers of one volunteer, summed over volunteers; a byte each
MOST_PAIRS = 1 << 31


class ShiftBar(IntFlag):
    """Why an offer cannot be taken, whatever else is; several may hold at once."""

    NONE = 0
    SKILL = 1
    LANGUAGE = 2
    TRAVEL = 4
    HOURS = 8  # longer than the volunteer serves in a day or in all
    WORTHLESS = 16  # the way and the waiting order cost more than a filled place is worth


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Of each offer of the problem: minutes from home, position in the shift's waiting order (0: first), worth, and every bar."""

    minutes: Ints
    position: Ints
    worth: Ints
    bar: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """The offers that can be taken, by volunteer and then by start: those of ``v`` are ``start[v]:start[v + 1]``.

    ``offer`` is the row in the problem. ``clash`` has a square for each volunteer from ``square[v]`` on: whether the i-th and
    j-th of the volunteer's offers exclude each other. ``by_shift`` are the same offers in the order of shifts, first in the
    waiting order first: those of ``s`` are ``shift_start[s]:shift_start[s + 1]``.
    """

    start: Ints
    offer: Ints
    shift: Ints
    worth: Ints
    length: Ints
    day: Ints
    square: Ints
    clash: NDArray[np.bool_]
    shift_start: Ints
    by_shift: Ints

    def __len__(self) -> int:
        return len(self.offer)

    def volunteer(self) -> Ints:
        """The volunteer of each."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))


def judge(problem: ShiftProblem) -> Judged:
    """Look at every offer."""
    shifts, volunteers, offers, weights = problem.shifts, problem.volunteers, problem.offers, problem.parameters
    v, s = offers.volunteer, offers.shift
    minutes = way_minutes(
        problem, _points(volunteers.longitude, volunteers.latitude)[v], _points(shifts.longitude, shifts.latitude)[s]
    )
    length = shifts.end[s] - shifts.start[s]
    languages = shifts.languages[s]
    bar = np.where(shifts.skills[s] & ~volunteers.skills[v], ShiftBar.SKILL, ShiftBar.NONE).astype(np.int64)
    foreign = (languages != 0) & (languages & volunteers.languages[v] == 0)
    bar |= np.where(foreign, ShiftBar.LANGUAGE, ShiftBar.NONE)
    bar |= np.where(minutes > weights.radius_minutes, ShiftBar.TRAVEL, ShiftBar.NONE)
    most = np.minimum(volunteers.minutes, volunteers.day_minutes)[v]
    bar |= np.where(length > most, ShiftBar.HOURS, ShiftBar.NONE)

    # Only those who could come stand in the order; who offered at the same moment stands at the same position.
    position = np.zeros(len(offers), dtype=np.int64)
    able = np.flatnonzero(bar == ShiftBar.NONE)
    order = able[np.lexsort((offers.since[able], s[able]))]
    if len(order):
        first = np.append(True, s[order][1:] != s[order][:-1])
        later = ~first & np.append(False, offers.since[order][1:] != offers.since[order][:-1])
        steps = np.cumsum(later)
        position[order] = steps - steps[np.flatnonzero(first)][np.cumsum(first) - 1]
    worth = weights.place_worth - weights.cost_per_minute * minutes - weights.position_cost * position
    bar |= np.where((bar == ShiftBar.NONE) & (worth <= 0), ShiftBar.WORTHLESS, ShiftBar.NONE)
    return Judged(minutes, position, worth, bar)


def way_minutes(problem: ShiftProblem, one: Floats, other: Floats) -> Ints:
    """Minutes between rows of points, whole minutes upwards; nothing within one place."""
    weights = problem.parameters
    square = ((one - other) ** 2).sum(axis=-1)
    return _whole_minutes(square, float(weights.access_minutes), weights.detour_percent * 0.6 / weights.kmh)


def _whole_minutes(square: Floats, access: float, pace: float) -> Ints:
    km = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(np.sqrt(square) / 2, 1.0))
    # What is a whole number but for rounding is not rounded up.
    return np.where(square > 0, np.ceil(access + pace * km - 1e-9), 0).astype(np.int64)


def _points(longitude: Floats, latitude: Floats) -> Floats:
    lon, lat = np.radians(longitude), np.radians(latitude)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)


def choices(problem: ShiftProblem, judged: Judged | None = None) -> Choices:
    """The offers that nothing bars.

    Raises:
        ProblemError: ``overflow``, single volunteers made so many offers that their pairs do not fit memory.
    """
    shifts, offers, weights = problem.shifts, problem.offers, problem.parameters
    judged = judged or judge(problem)
    able = np.flatnonzero(judged.bar == ShiftBar.NONE)
    able = able[np.lexsort((offers.shift[able], shifts.start[offers.shift[able]], offers.volunteer[able]))]
    shift = offers.shift[able]
    start = np.searchsorted(offers.volunteer[able], np.arange(len(problem.volunteers) + 1))
    square = np.concatenate([[0], np.cumsum(np.diff(start) ** 2)]).astype(np.int64)
    if square[-1] > MOST_PAIRS:
        raise ProblemError("overflow", "single volunteers made too many offers")
    clash = _clashes(
        start, shift, square, shifts.start, shifts.end, _points(shifts.longitude, shifts.latitude),
        weights.rest_minutes, float(weights.access_minutes), weights.detour_percent * 0.6 / weights.kmh,
    )  # fmt: skip
    return Choices(
        start=start,
        offer=able,
        shift=shift,
        worth=judged.worth[able],
        length=(shifts.end - shifts.start)[shift],
        day=shifts.start[shift] // DAY,
        square=square,
        clash=clash,
        shift_start=np.searchsorted(np.sort(shift), np.arange(len(shifts) + 1)),
        by_shift=np.lexsort((able, offers.since[able], shift)),
    )


@compiled
def _clashes(start, shift, square, begins, ends, place, rest, access, pace):  # type: ignore[no-untyped-def]
    clash = np.zeros(square[-1], np.bool_)
    for v in range(len(start) - 1):
        low, n = start[v], start[v + 1] - start[v]
        for i in range(n):
            a = shift[low + i]
            for j in range(i + 1, n):
                b = shift[low + j]
                # The earlier one is a: sorted by start.
                way = 0.0
                if ends[a] + rest <= begins[b]:
                    apart = 0.0
                    for axis in range(3):
                        apart += (place[a, axis] - place[b, axis]) ** 2
                    if apart > 0:
                        km = 2 * EARTH_RADIUS_KM * np.arcsin(min(np.sqrt(apart) / 2, 1.0))
                        way = np.ceil(access + pace * km - 1e-9)
                if ends[a] + rest + way > begins[b]:
                    clash[square[v] + i * n + j] = True
                    clash[square[v] + j * n + i] = True
    return clash
