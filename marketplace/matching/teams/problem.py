"""What teams are wanted: contracts, people, and what counts how much.

Places are degrees (WGS 84), travel is minutes one way, costs are whole numbers. A problem is immutable and checked when
it is made.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np

from marketplace.matching.problem import Floats, Ints, ProblemError, _refuse, _refuse_repeated, _Table

MOST_MEMBERS = 8
#: of one contract; the search for a best team looks at every subset of them
MOST_SPECIALTIES = 10
#: of one person for one contract, so that sums of scaled costs fit 64 bits
LARGEST_COST = 10**9


@dataclass(frozen=True, slots=True, eq=False)
class Contracts(_Table):
    """One row a contract that wants a team of exactly ``size`` people, at least ``seniors`` of them seniors.

    ``required`` is a mask of specialties: each must be known by somebody in the team. ``kmh`` is the speed on the roads to it.
    """

    key: Ints
    longitude: Floats
    latitude: Floats
    kmh: Ints
    size: Ints
    required: Ints
    seniors: Ints

    _REAL = {"longitude": (-180.0, 180.0), "latitude": (-90.0, 90.0)}
    _WHOLE = {"kmh": 1000, "size": MOST_MEMBERS, "seniors": MOST_MEMBERS}
    _MASKS = ("required",)

    def __post_init__(self) -> None:
        _Table.__post_init__(self)
        _refuse_repeated("key of contracts", self.key)
        _refuse(self.kmh == 0, "range", "kmh must be positive")
        _refuse(self.size == 0, "range", "a team has at least one member")
        many = np.bitwise_count(self.required) > MOST_SPECIALTIES
        _refuse(many, "range", f"a contract requires at most {MOST_SPECIALTIES} specialties")

    def __len__(self) -> int:
        return len(self.key)


@dataclass(frozen=True, slots=True, eq=False)
class Counsel(_Table):
    """One row a person who may be asked.

    ``capacity`` is in how many teams the person sits at most, ``load`` in how many already; ``years`` those of
    practice; ``cost`` what asking this person costs beside the travel (a poor rating, say); ``max_minutes`` the longest
    way the person travels.
    """

    key: Ints
    longitude: Floats
    latitude: Floats
    capacity: Ints
    load: Ints
    specialties: Ints
    years: Ints
    cost: Ints
    max_minutes: Ints

    _REAL = {"longitude": (-180.0, 180.0), "latitude": (-90.0, 90.0)}
    _WHOLE = {"capacity": 1_000_000, "load": 1_000_000, "years": 200, "cost": LARGEST_COST, "max_minutes": 100_000}
    _MASKS = ("specialties",)

    def __post_init__(self) -> None:
        _Table.__post_init__(self)
        _refuse_repeated("key of counsel", self.key)

    def __len__(self) -> int:
        return len(self.key)

    def remaining(self) -> Ints:
        """Teams that each person can still join."""
        return np.asarray(np.maximum(self.capacity - self.load, 0))


@dataclass(frozen=True, slots=True, eq=False)
class Refusals(_Table):
    """Pairs that may not be: rows of contract and person, and the ``pairs.Bar`` that says why."""

    contract: Ints
    person: Ints
    bar: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Surcharges(_Table):
    """What a pair costs on top of travel and person. No pair twice."""

    contract: Ints
    person: Ints
    cost: Ints

    _WHOLE = {"cost": LARGEST_COST}


@dataclass(frozen=True, slots=True, eq=False)
class Quarrels(_Table):
    """Two people who may not sit in one team (spouses, opponents in a suit)."""

    first: Ints
    second: Ints


def no_refusals() -> Refusals:
    return Refusals([], [], [])  # type: ignore[arg-type]  # columns are converted when made


def no_surcharges() -> Surcharges:
    return Surcharges([], [], [])  # type: ignore[arg-type]


def no_quarrels() -> Quarrels:
    return Quarrels([], [])  # type: ignore[arg-type]


_AT_MOST = {
    "seed": 2**53,
    "cost_per_minute": 10**5,
    "detour_percent": 1000,
    "radius_minutes": 10**5,
    "senior_years": 200,
    "empty_cost": 8 * 10**9,
}


@dataclass(frozen=True, slots=True)
class TeamParameters:
    """What counts how much. Minutes are estimated as ``access_minutes + detour_percent/100 · 60 · km / kmh``.

    A senior has ``senior_years`` of practice or more. A contract without a team costs
    ``empty_cost``: above the dearest difference between two plans it means "as many teams as possible", below it a team
    may be too dear.
    """

    radius_minutes: int = 180
    cost_per_minute: int = 100
    access_minutes: int = 5
    detour_percent: int = 130
    senior_years: int = 5
    empty_cost: int = 1_000_000
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


@dataclass(frozen=True, slots=True, eq=False)
class TeamProblem:
    """Everything that decides the answer."""

    contracts: Contracts
    counsel: Counsel
    parameters: TeamParameters = field(default_factory=TeamParameters)
    refusals: Refusals = field(default_factory=no_refusals)
    surcharges: Surcharges = field(default_factory=no_surcharges)
    quarrels: Quarrels = field(default_factory=no_quarrels)

    def __post_init__(self) -> None:
        contracts, people = len(self.contracts), len(self.counsel)
        for table in (self.refusals, self.surcharges):
            name = type(table).__name__.lower()
            _refuse(table.contract >= contracts, "range", f"{name} name a contract that is not there")
            _refuse(table.person >= people, "range", f"{name} name a person who is not there")
        _refuse(self.quarrels.first >= people, "range", "quarrels name a person who is not there")
        _refuse(self.quarrels.second >= people, "range", "quarrels name a person who is not there")
        _refuse(self.quarrels.first == self.quarrels.second, "range", "nobody quarrels with themselves")
        _refuse_repeated("a pair of surcharges", self.surcharges.contract * max(people, 1) + self.surcharges.person)
        if contracts > 1_000_000:
            raise ProblemError("overflow", "at most a million contracts fit one plan")
