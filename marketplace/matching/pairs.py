"""Who may serve where, at what cost, and what stands in the way of the others."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

import numpy as np
from numpy.typing import ArrayLike

from .problem import Floats, Ints, Problem

EARTH_RADIUS_KM = 6371.0088


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
    REMOVED = 128


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
    km = _chord_km(on_sphere(posts.longitude[v], posts.latitude[v]), on_sphere(people.longitude[p], people.latitude[p]))
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


def on_sphere(longitude: Floats, latitude: Floats) -> tuple[Floats, Floats, Floats]:
    """Places on the unit sphere."""
    lon, lat = np.radians(longitude), np.radians(latitude)
    return np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)


def _chord_km(a: tuple[Floats, Floats, Floats], b: tuple[Floats, Floats, Floats]) -> Floats:
    """Great-circle distance by the chord, which stays exact for near places where a cosine would not.

    Only sums, products, quotients and roots, whose last bit IEEE 754 fixes: so compiled code finds the same number.
    """
    square = (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2
    half = np.asarray(np.minimum(np.sqrt(square) / 2, 1.0))
    arc = np.asarray(half * _series(half * half))
    far = half * half > 0.0025
    if far.any():
        x = half[far]
        # arcsin(x) = 2 arcsin(x / √(2 + 2√(1 − x²))), five times, brings every angle near zero.
        for _halving in range(5):
            x = x / np.sqrt(2 * (1 + np.sqrt(np.maximum(1 - x * x, 0.0))))
        arc[far] = 32 * (x * _series(x * x))
    return np.asarray(2 * EARTH_RADIUS_KM * arc)


def _series(q: Floats) -> Floats:
    """arcsin(√q)/√q for small q: the first seven terms."""
    return np.asarray(
        1 + q * (1 / 6 + q * (3 / 40 + q * (15 / 336 + q * (105 / 3456 + q * (945 / 42240 + q * (10395 / 599040))))))
    )


def _excluded(problem: Problem, v: Ints, p: Ints) -> Ints:
    excluded, width = problem.exclusions, len(problem.people)
    known, place = np.unique(excluded.post * width + excluded.person, return_inverse=True)
    bars = np.zeros(len(known), dtype=np.int64)
    np.bitwise_or.at(bars, place, excluded.bar)
    asked = v * width + p
    at = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    return np.where(known[at] == asked, bars[at], Bar.NONE)


def eligible_pairs(problem: Problem) -> Pairs:
    """All pairs that nothing bars, written out: for a county or a city, whose pages name them."""
    # Imported when something is computed: numba takes half a second that no web process should pay.
    from .engine.ground import to_ask
    from .engine.solving import list_pairs

    start, person, cost = list_pairs(*to_ask(problem))
    return Pairs(start=start, person=person, cost=cost, people=len(problem.people))
