"""Who may serve where, at what cost, and what stands in the way of the others."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .problem import Floats, Ints, Problem

EARTH_RADIUS_KM = 6371.0088
#: pairs looked at together: enough for numpy, little enough for the cache
BLOCK = 1 << 18


class Bar(IntFlag):
    """Why a pair may not be; several may hold at once."""

    NONE = 0
    DECLINED = 1
    NO_ANSWER = 2
    CONFLICT = 4
    UNQUALIFIED = 8
    NO_CAPACITY = 16
    BEYOND_PERSON = 32
    BEYOND_RADIUS = 64


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What is known of some pairs, in arrays of one shape.

    ``hundredths`` is the travel in hundredths of a minute; ``travel``, ``language`` and ``specialty`` are the parts of the
    cost; ``bar`` is a ``Bar``.
    """

    hundredths: Ints
    travel: Ints
    language: Ints
    specialty: Ints
    bar: Ints

    @property
    def cost(self) -> Ints:
        return self.travel + self.language + self.specialty


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """The eligible pairs by post: those of post ``v`` are ``start[v]:start[v + 1]``, people in ascending order."""

    start: Ints
    person: Ints
    cost: Ints
    people: int

    def __len__(self) -> int:
        return len(self.person)

    def post(self) -> Ints:
        """The post of each pair."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))

    def find(self, post: ArrayLike, person: ArrayLike) -> Ints:
        """Position of each asked pair, -1 where it is not eligible."""
        wanted = np.asarray(post, dtype=np.int64) * self.people + np.asarray(person, dtype=np.int64)
        codes = self.post() * self.people + self.person
        at = np.searchsorted(codes, wanted)
        inside = np.minimum(at, max(len(codes) - 1, 0))
        return np.where((at < len(codes)) & (codes[inside] == wanted) if len(codes) else False, at, -1)


def judge(problem: Problem, post: ArrayLike, person: ArrayLike) -> Judged:
    """Look at the pairs of rows ``post`` and ``person``, which broadcast against each other."""
    posts, people, weights = problem.posts, problem.people, problem.parameters
    v, p = np.asarray(post, dtype=np.int64), np.asarray(person, dtype=np.int64)
    km = _chord_km(
        _on_sphere(posts.longitude[v], posts.latitude[v]), _on_sphere(people.longitude[p], people.latitude[p])
    )
    minutes = weights.access_minutes + weights.detour_percent * 0.6 * km / posts.kmh[v]
    hundredths = np.rint(minutes * 100).astype(np.int64)

    languages = posts.languages[v]
    foreign = (languages != 0) & (languages & people.languages[p] == 0)
    missing = np.bitwise_count(posts.wanted[v] & ~people.specialties[p]).astype(np.int64)

    bar = np.where(posts.required[v] & ~people.specialties[p], Bar.UNQUALIFIED, Bar.NONE).astype(np.int64)
    bar |= np.where(problem.remaining()[p] == 0, Bar.NO_CAPACITY, Bar.NONE)
    bar |= np.where(hundredths > 100 * people.max_minutes[p], Bar.BEYOND_PERSON, Bar.NONE)
    bar |= np.where(hundredths > 100 * weights.radius_minutes, Bar.BEYOND_RADIUS, Bar.NONE)
    if len(problem.exclusions):
        bar |= _excluded(problem, v, p)
    shape = np.broadcast_shapes(v.shape, p.shape)
    return Judged(
        hundredths=np.broadcast_to(hundredths, shape),
        travel=np.broadcast_to(hundredths * weights.cost_per_minute // 100, shape),
        language=np.broadcast_to(foreign * np.int64(weights.language_cost), shape),
        specialty=np.broadcast_to(missing * weights.specialty_cost, shape),
        bar=np.broadcast_to(bar, shape),
    )


def _on_sphere(longitude: Floats, latitude: Floats) -> tuple[Floats, Floats, Floats]:
    lon, lat = np.radians(longitude), np.radians(latitude)
    return np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)


def _chord_km(a: tuple[Floats, Floats, Floats], b: tuple[Floats, Floats, Floats]) -> Floats:
    """Great-circle distance by the chord, which stays exact for near places where a cosine would not."""
    square = (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(np.sqrt(square) / 2, 1.0)))


def _excluded(problem: Problem, v: Ints, p: Ints) -> Ints:
    excluded, width = problem.exclusions, len(problem.people)
    known, place = np.unique(excluded.post * width + excluded.person, return_inverse=True)
    bars = np.zeros(len(known), dtype=np.int64)
    np.bitwise_or.at(bars, place, excluded.bar)
    asked = v * width + p
    at = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    return np.where(known[at] == asked, bars[at], Bar.NONE)


def eligible_pairs(problem: Problem) -> Pairs:
    """All pairs that nothing bars. Every one of posts × people is looked at."""
    count, width = len(problem.posts), len(problem.people)
    step = max(1, BLOCK // max(width, 1))
    everybody = np.arange(width)
    degree = np.zeros(count, dtype=np.int64)
    person: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
    cost: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
    for first in range(0, count if width else 0, step):
        rows = np.arange(first, min(first + step, count))
        seen = judge(problem, rows[:, None], everybody[None, :])
        free = seen.bar == Bar.NONE
        degree[rows] = free.sum(axis=1)
        person.append(np.nonzero(free)[1])
        cost.append(seen.cost[free])
    return Pairs(
        start=np.concatenate([[0], np.cumsum(degree)]).astype(np.int64),
        person=np.concatenate(person),
        cost=np.concatenate(cost),
        people=width,
    )
