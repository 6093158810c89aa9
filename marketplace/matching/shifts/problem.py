"""What shifts are offered: shifts, volunteers, their offers, and what counts how much.

Places are degrees (WGS 84), times whole minutes from a midnight of one's choice, worth is whole numbers. A problem is immutable
and checked when it is made.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np

from marketplace.matching.problem import Floats, Ints, ProblemError, _refuse, _refuse_repeated, _Table

DAY = 24 * 60


@dataclass(frozen=True, slots=True, eq=False)
class Shifts(_Table):
    """One row a shift from minute ``start`` to minute ``end``, for ``places`` volunteers.

    Whoever comes knows all of ``skills`` and speaks one of ``languages`` (masks; no language: anybody is understood). A shift
    counts for the day on which it begins.
    """

    key: Ints
    longitude: Floats
    latitude: Floats
    start: Ints
    end: Ints
    places: Ints
    skills: Ints
    languages: Ints

    _REAL = {"longitude": (-180.0, 180.0), "latitude": (-90.0, 90.0)}
    _WHOLE = {"start": 10**8, "end": 10**8, "places": 10**6}
    _MASKS = ("skills", "languages")

    def __post_init__(self) -> None:
        _Table.__post_init__(self)
        _refuse_repeated("key of shifts", self.key)
        _refuse(self.end <= self.start, "range", "a shift ends after it begins")

    def __len__(self) -> int:
        return len(self.key)


@dataclass(frozen=True, slots=True, eq=False)
class Volunteers(_Table):
    """One row a volunteer, who serves at most ``minutes`` in all (what is left of the week or year) and ``day_minutes`` a day."""

    key: Ints
    longitude: Floats
    latitude: Floats
    skills: Ints
    languages: Ints
    minutes: Ints
    day_minutes: Ints

    _REAL = {"longitude": (-180.0, 180.0), "latitude": (-90.0, 90.0)}
    _WHOLE = {"minutes": 10**8, "day_minutes": 10**8}
    _MASKS = ("skills", "languages")

    def __post_init__(self) -> None:
        _Table.__post_init__(self)
        _refuse_repeated("key of volunteers", self.key)

    def __len__(self) -> int:
        return len(self.key)


@dataclass(frozen=True, slots=True, eq=False)
class Offers(_Table):
    """Who offered to come to which shift: rows, and since when (any number that grows with time).

    Nobody is sent who did not offer.
    """

    volunteer: Ints
    shift: Ints
    since: Ints

    _WHOLE = {"since": 2**53}

    def __len__(self) -> int:
        return len(self.volunteer)


_AT_MOST = {
    "seed": 2**53,
    "cost_per_minute": 10**4,
    "detour_percent": 1000,
    "radius_minutes": 10**4,
    "kmh": 1000,
    "place_worth": 10**9,
    "position_cost": 10**6,
}


@dataclass(frozen=True, slots=True)
class ShiftParameters:
    """What counts how much. A way of ``km`` takes ``access_minutes + detour_percent/100 · 60 · km / kmh``, whole minutes upwards;
    within one place nothing. Between two shifts of a volunteer lie ``rest_minutes`` and the way.

    A filled place is worth ``place_worth``, less ``cost_per_minute`` for the way from home and ``position_cost`` for each
    position in the shift's waiting order that the volunteer stands behind the first. With ``position_cost`` above the cost of
    the longest way the order is strict: nobody comes while somebody waits longer who could come without giving anything up.
    """

    radius_minutes: int = 90
    rest_minutes: int = 30
    access_minutes: int = 5
    detour_percent: int = 130
    kmh: int = 40
    place_worth: int = 100_000
    cost_per_minute: int = 10
    position_cost: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        for column in fields(self):
            value = getattr(self, column.name)
            if not isinstance(value, int) or isinstance(value, bool):
                raise ProblemError("range", f"{column.name} must be a whole number")
            if value < 0:
                raise ProblemError("negative", f"{column.name} must not be negative")
            if value > _AT_MOST.get(column.name, 10**7):
                raise ProblemError("overflow", f"{column.name} is too large")
        if self.kmh == 0:
            raise ProblemError("range", "kmh must be positive")

    @property
    def strict(self) -> bool:
        """Whether the waiting order goes before any way."""
        return self.position_cost > self.radius_minutes * self.cost_per_minute


@dataclass(frozen=True, slots=True, eq=False)
class ShiftProblem:
    """Everything that decides the answer."""

    shifts: Shifts
    volunteers: Volunteers
    offers: Offers
    parameters: ShiftParameters = field(default_factory=ShiftParameters)

    def __post_init__(self) -> None:
        _refuse(self.offers.volunteer >= len(self.volunteers), "range", "an offer names a volunteer who is not there")
        _refuse(self.offers.shift >= len(self.shifts), "range", "an offer names a shift that is not there")
        _refuse_repeated("an offer", self.offers.volunteer * max(len(self.shifts), 1) + self.offers.shift)
        if len(self.offers) > 10**8:
            raise ProblemError("overflow", "at most a hundred million offers fit one plan")
        if int(np.int64(len(self.offers))) * self.parameters.place_worth > 1 << 52:
            raise ProblemError("overflow", "so many offers are worth too much to be computed exactly")
