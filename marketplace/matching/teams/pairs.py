"""Who may join which team, at what cost, and what stands in the way of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.compiled import compiled
from marketplace.matching.pairs import EARTH_RADIUS_KM, Bar
from marketplace.matching.problem import Floats, Ints, ProblemError

from .problem import LARGEST_COST, TeamProblem

Int32s = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class TeamPairs:
    """The eligible pairs by contract: those of contract ``k`` are ``start[k]:start[k + 1]``, people in ascending order.

    ``kind`` says what the person would add: bit ``i`` for the ``i``-th lowest of the specialties that the contract
    requires, and above these one bit for a senior (never set where no senior is asked for).
    """

    start: Ints
    person: Int32s
    cost: Int32s
    kind: NDArray[np.uint16]
    people: int

    def __len__(self) -> int:
        return len(self.person)

    def find(self, contract: int, person: int) -> int:
        """Position of a pair, -1 where it is not eligible."""
        low, high = int(self.start[contract]), int(self.start[contract + 1])
        at = low + int(np.searchsorted(self.person[low:high], person))
        return at if at < high and self.person[at] == person else -1


@dataclass(frozen=True, slots=True, eq=False)
class Prospects:
    """Everybody, as one contract sees them: hundredths of a minute on the way, the cost, the ``kind`` and every ``Bar``."""

    hundredths: Ints
    cost: Ints
    kind: Ints
    bar: Ints


def prospects(problem: TeamProblem, contract: int) -> Prospects:
    """Look at everybody for one contract."""
    counsel, weights = problem.counsel, problem.parameters
    posts = _points(problem.contracts.longitude, problem.contracts.latitude)
    everybody = _points(counsel.longitude, counsel.latitude)
    square = ((everybody - posts[contract]) ** 2).sum(axis=1)
    km = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(np.sqrt(square) / 2, 1.0))
    minutes = weights.access_minutes + weights.detour_percent * 0.6 * km / problem.contracts.kmh[contract]
    hundredths = np.rint(minutes * 100).astype(np.int64)

    cost = hundredths * weights.cost_per_minute // 100 + counsel.cost
    extra = problem.surcharges.contract == contract
    cost[problem.surcharges.person[extra]] += problem.surcharges.cost[extra]

    bar = np.where(counsel.remaining() == 0, Bar.NO_CAPACITY, Bar.NONE).astype(np.int64)
    bar |= np.where(hundredths > 100 * counsel.max_minutes, Bar.BEYOND_PERSON, Bar.NONE)
    bar |= np.where(hundredths > 100 * weights.radius_minutes, Bar.BEYOND_RADIUS, Bar.NONE)
    told = problem.refusals.contract == contract
    np.bitwise_or.at(bar, problem.refusals.person[told], problem.refusals.bar[told])

    required, kind = int(problem.contracts.required[contract]), np.zeros(len(counsel), dtype=np.int64)
    wanted = specialties(required)
    for place, specialty in enumerate(wanted):
        kind |= (counsel.specialties >> specialty & 1) << place
    if problem.contracts.seniors[contract]:
        kind |= (counsel.years >= weights.senior_years).astype(np.int64) << len(wanted)
    return Prospects(hundredths, cost, kind, bar)


def specialties(mask: int) -> list[int]:
    """The numbers of the bits that are set, lowest first."""
    return [bit for bit in range(mask.bit_length()) if mask >> bit & 1]


def eligible_pairs(problem: TeamProblem) -> TeamPairs:
    """All pairs that nothing bars. Every one of contracts × people is looked at.

    Raises:
        ProblemError: ``overflow``, a pair costs more than ``LARGEST_COST``.
    """
    contracts, counsel, weights = problem.contracts, problem.counsel, problem.parameters
    if weights.radius_minutes * weights.cost_per_minute > LARGEST_COST:
        raise ProblemError("overflow", "the longest way costs too much")
    refused, refused_start = _by_contract(problem.refusals.contract, problem.refusals.person, len(contracts))
    order = np.argsort(problem.surcharges.contract, kind="stable")
    extra_start = np.searchsorted(problem.surcharges.contract[order], np.arange(len(contracts) + 1))
    # Of people, what nobody can be without; places as points on a sphere, one row a person.
    free = np.flatnonzero(counsel.remaining() > 0)
    limit = 100 * np.minimum(counsel.max_minutes, weights.radius_minutes)
    arguments: tuple[Any, ...] = (
        _points(contracts.longitude, contracts.latitude),
        contracts.kmh,
        contracts.required,
        contracts.seniors,
        refused_start,
        refused,
        extra_start,
        problem.surcharges.person[order],
        problem.surcharges.cost[order],
        free,
        _points(counsel.longitude, counsel.latitude),
        limit,
        counsel.cost,
        counsel.specialties,
        counsel.years >= weights.senior_years,
        float(weights.access_minutes),
        weights.detour_percent * 0.6,
        weights.radius_minutes,
        weights.cost_per_minute,
    )
    start, person, cost, kind = _eligible(*arguments)
    if (cost > LARGEST_COST).any():
        raise ProblemError("overflow", f"a pair costs more than {LARGEST_COST}")
    return TeamPairs(start, person, cost.astype(np.int32), kind, len(counsel))


def _points(longitude: Floats, latitude: Floats) -> Floats:
    """Places on the unit sphere: rows of x, y, z."""
    lon, lat = np.radians(longitude), np.radians(latitude)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)


def _by_contract(contract: Ints, person: Ints, contracts: int) -> tuple[Ints, Ints]:
    order = np.argsort(contract, kind="stable")
    return person[order], np.searchsorted(contract[order], np.arange(contracts + 1))


@compiled
def _eligible(  # type: ignore[no-untyped-def]
    place, kmh, required, seniors, refused_start, refused, extra_start, extra_person, extra_cost,
    free, home, limit, base, specialty, senior, access, pace, radius, per_minute,
):  # fmt: skip
    contracts, people = len(kmh), len(home)
    start = np.zeros(contracts + 1, dtype=np.int64)
    room = 1024
    person, cost, kind = np.empty(room, np.int32), np.empty(room, np.int64), np.empty(room, np.uint16)
    barred = np.full(people, -1, dtype=np.int64)
    extra = np.zeros(people, dtype=np.int64)
    bit = np.empty(64, dtype=np.int64)
    count = 0
    for k in range(contracts):
        for i in range(refused_start[k], refused_start[k + 1]):
            barred[refused[i]] = k
        for i in range(extra_start[k], extra_start[k + 1]):
            extra[extra_person[i]] = extra_cost[i]
        bits = 0
        for b in range(62):
            if required[k] >> b & 1:
                bit[bits] = b
                bits += 1
        # No chord longer than that of the radius needs a second look (a thousandth for rounding).
        km = max(0.0, (radius + 0.01 - access)) * kmh[k] / max(pace, 1e-9) * 1.001
        angle = km / EARTH_RADIUS_KM
        far = 5.0 if angle >= np.pi else (2 * np.sin(angle / 2)) ** 2
        x, y, z = place[k, 0], place[k, 1], place[k, 2]
        if count + len(free) > room:
            room = max(2 * room, count + len(free))
            bigger_person, bigger_cost, bigger_kind = (
                np.empty(room, np.int32), np.empty(room, np.int64), np.empty(room, np.uint16),
            )  # fmt: skip
            bigger_person[:count] = person[:count]
            bigger_cost[:count] = cost[:count]
            bigger_kind[:count] = kind[:count]
            person, cost, kind = bigger_person, bigger_cost, bigger_kind
        for p in free:
            square = (home[p, 0] - x) ** 2 + (home[p, 1] - y) ** 2 + (home[p, 2] - z) ** 2
            if square > far or barred[p] == k:
                continue
            way = 2 * EARTH_RADIUS_KM * np.arcsin(min(np.sqrt(square) / 2, 1.0))
            hundredths = np.int64(np.rint((access + pace * way / kmh[k]) * 100))
            if hundredths > limit[p]:
                continue
            adds = 0
            for i in range(bits):
                adds |= (specialty[p] >> bit[i] & 1) << i
            if senior[p] and seniors[k] > 0:
                adds |= 1 << bits
            person[count] = p
            cost[count] = hundredths * per_minute // 100 + base[p] + extra[p]
            kind[count] = adds
            count += 1
        start[k + 1] = count
        for i in range(extra_start[k], extra_start[k + 1]):
            extra[extra_person[i]] = 0
    return start, person[:count].copy(), cost[:count].copy(), kind[:count].copy()
