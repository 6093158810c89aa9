"""The check that a plan is best.

A price ``w`` for one more post of each person proves a plan optimal if every filled post could nowhere be served for less
than where it is (cost + price), nor for more than its emptiness costs; if no empty post could be served for less than that; and
if every person takes exactly the places that cost less than their price (those that cost the same are free to choose). This
is linear programming's complementary slackness; primal and dual value are then equal.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from .network import LARGEST_OBJECTIVE, Bounds, RankPrices, Staying, emptiness, place_costs, sum_of_places
from .network import rank_prices as prices_of_ranks
from .pairs import Bar, judge, on_sphere
from .problem import Ints, Problem, no_exclusions

#: a way of half a hundredth of a minute more is still rounded down to the limit
EDGE = 0.005001


class NotOptimal(ValueError):
    """No prices prove this plan: it is not a cheapest one."""


class Flaw(StrEnum):
    SHAPE = "shape"
    NOT_ELIGIBLE = "not_eligible"
    OVER_CAPACITY = "over_capacity"
    CHEAPER_PERSON = "cheaper_person"
    BETTER_EMPTY = "better_empty"
    COULD_BE_FILLED = "could_be_filled"
    PLACE_TOO_DEAR = "place_too_dear"
    PLACE_LEFT_OUT = "place_left_out"
    OUT_OF_BOUNDS = "out_of_bounds"


@dataclass(frozen=True, slots=True)
class Breach:
    """What breaks the proof: the flaw, the rows of post and person (-1: none), and by how much."""

    flaw: Flaw
    post: int = -1
    person: int = -1
    gain: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Accepted: no plan over all ``pairs_read`` eligible pairs costs less. Else ``breach`` names what leaves it unproved."""

    accepted: bool
    primal: int
    dual: int
    pairs_read: int
    breach: Breach | None = None


def verify(
    problem: Problem,
    person: Ints,
    price: Ints,
    *,
    rank_prices: RankPrices | None = None,
    bounds: Bounds | None = None,
    group_price: Ints | None = None,
    staying: Staying | None = None,
    threads: int = 1,
) -> Verdict:
    """Check a plan and the prices of people, independently of whoever made them, reading every pair of the problem once.

    ``person`` is the row of who serves each post (-1: nobody), ``price`` of each person; ``rank_prices`` what emptiness costs,
    where that is not what the problem alone would make it. ``group_price`` goes with ``bounds``.
    """
    posts, people = problem.posts, problem.people
    whole = person.dtype.kind == price.dtype.kind == "i"
    if not whole or person.shape != (len(posts),) or price.shape != (len(people),):
        return Verdict(False, 0, 0, 0, Breach(Flaw.SHAPE))
    count = len(people)
    primal = dual = read = 0

    def refuse(flaw: Flaw, post: int = -1, who: int = -1, gain: int = 0) -> Verdict:
        return Verdict(False, primal, dual, read, Breach(flaw, post, who, gain))

    wild = np.flatnonzero((person < -1) | (person >= count))
    if len(wild):
        return refuse(Flaw.NOT_ELIGIBLE, int(wild[0]), int(person[wild[0]]))
    monstrous = np.flatnonzero(np.abs(price) > LARGEST_OBJECTIVE)
    if len(monstrous):
        # Sums with it would leave 64 bits and could look like anything.
        return refuse(Flaw.PLACE_TOO_DEAR, -1, int(monstrous[0]), LARGEST_OBJECTIVE)
    filled = np.flatnonzero(person >= 0)
    load = np.bincount(person[filled], minlength=count)
    room = problem.remaining()
    crowded = np.flatnonzero(load > room)
    if len(crowded):
        worst = int(crowded[0])
        return refuse(Flaw.OVER_CAPACITY, int(np.flatnonzero(person == worst)[-1]), worst, int((load - room)[worst]))
    seen = judge(problem, filled, person[filled])
    barred = np.flatnonzero(seen.bar != Bar.NONE)
    if len(barred):
        v = int(filled[barred[0]])
        return refuse(Flaw.NOT_ELIGIBLE, v, int(person[v]))

    if staying and rank_prices is None:
        rank_prices = prices_of_ranks(problem, bonus=staying.bonus)
    empty = emptiness(problem, rank_prices)
    saved = staying.bonus * (staying.current[filled] == person[filled]) if staying else np.zeros_like(filled)
    least_load = bounds.person_least if bounds else np.zeros(count, dtype=np.int64)
    bound_value, plain = 0, empty
    if bounds:
        fewest, most = bounds.empties()
        empties = np.bincount(bounds.group[person < 0], minlength=len(most))
        if group_price is None or group_price.shape != most.shape or (np.abs(group_price) > LARGEST_OBJECTIVE).any():
            return refuse(Flaw.SHAPE)
        # A group's emptiness may cost more only where no more may stay empty, and less only where no fewer may.
        wrong = (empties < fewest) | (empties > most)
        wrong |= ((group_price > 0) & (empties < most)) | ((group_price < 0) & (empties > fewest))
        if wrong.any():
            return refuse(Flaw.OUT_OF_BOUNDS, int(np.flatnonzero(bounds.group == wrong.argmax())[0]))
        short = np.flatnonzero(load < least_load)
        if len(short):
            return refuse(Flaw.OUT_OF_BOUNDS, -1, int(short[0]), int((least_load - load)[short[0]]))
        empty = empty + group_price[bounds.group]
        bound_value = int((np.maximum(group_price, 0) * most + np.minimum(group_price, 0) * fewest).sum())
    worth = empty.copy()
    worth[filled] = seen.cost - saved + price[person[filled]]
    best, found, read = _read_all(problem, worth, price, threads)
    best = np.minimum(best, empty)
    if staying:
        # The pairs that the bonus makes cheaper than they were read.
        stays = np.flatnonzero(staying.current >= 0)
        look = judge(problem, stays, staying.current[stays])
        value = look.cost - staying.bonus + price[staying.current[stays]]
        gain = np.where(look.bar == Bar.NONE, worth[stays] - value, 0)
        best[stays] = np.minimum(best[stays], np.where(look.bar == Bar.NONE, value, best[stays]))
        if len(gain) and gain.max() > found[0]:
            v = int(stays[gain.argmax()])
            found = np.array([gain.max(), v, staying.current[v]])
    everybody = np.arange(count)
    primal = int((seen.cost - saved).sum()) + int(sum_of_places(problem, load).sum()) + int(plain[person < 0].sum())
    dual = int(best.sum()) - _profit(problem, price, load, least_load) - bound_value

    if found[0] > 0:
        v, p = int(found[1]), int(found[2])
        return refuse(Flaw.CHEAPER_PERSON if person[v] >= 0 else Flaw.COULD_BE_FILLED, v, p, int(found[0]))
    dear = worth - empty
    if (dear > 0).any():
        worst = int(dear.argmax())
        return refuse(Flaw.BETTER_EMPTY, worst, int(person[worst]), int(dear[worst]))
    slack = np.where(load > least_load, place_costs(problem, everybody, np.maximum(load - 1, 0)) - price, 0)
    if (slack > 0).any():
        worst = int(slack.argmax())
        return refuse(Flaw.PLACE_TOO_DEAR, -1, worst, int(slack[worst]))
    # Nobody takes more places than there are posts.
    slack = np.where(load < np.minimum(room, len(posts)), price - place_costs(problem, everybody, load), 0)
    if (slack > 0).any():
        worst = int(slack.argmax())
        return refuse(Flaw.PLACE_LEFT_OUT, -1, worst, int(slack[worst]))
    return Verdict(primal == dual, primal, dual, read)


def _profit(problem: Problem, price: Ints, load: Ints, least: Ints) -> int:
    """What all places cost less than the prices of their people: places get dearer, so the first ones, ``least`` always."""
    room = np.minimum(problem.remaining(), len(problem.posts))
    taken = load.copy()
    everybody = np.arange(len(load))
    # From the places taken, where an optimal plan ends, up or down to where the price stands.
    for step in (1, -1):
        moving = everybody
        while len(moving):
            at = taken[moving] if step > 0 else taken[moving] - 1
            inside = (at < room[moving]) if step > 0 else (at >= least[moving])
            cost = place_costs(problem, moving, np.maximum(at, 0))
            goes = inside & ((cost < price[moving]) if step > 0 else (cost > price[moving]))
            moving = moving[goes]
            taken[moving] += step
    return int((taken * price).sum()) - int(sum_of_places(problem, taken).sum())


def _read_all(problem: Problem, worth: Ints, price: Ints, threads: int) -> tuple[Ints, Ints, int]:
    """For each post the least of its pairs (at most ``worth``); the pair of greatest gain; the number of eligible pairs."""
    # Imported when something is checked: numba takes half a second that no web process should pay.
    from .proof_reading import read_pairs

    posts, people, weights = problem.posts, problem.people, problem.parameters
    found = np.array([[0, -1, -1]] * max(threads, 1), dtype=np.int64)
    if not len(posts) or not len(people):
        return worth.copy(), found[0], 0
    # Bands of a small part of the greatest reach: little is read in vain; at most some thousands.
    angle = (weights.radius_minutes + 1) * float(posts.kmh.max()) / (max(weights.detour_percent, 1) * 0.6 * 6371)
    low = float(people.latitude.min())
    height = max(min(float(np.degrees(angle)) / 25, 1.0), float(np.ptp(people.latitude)) / 4000, 0.01)
    band = ((people.latitude - low) / height).astype(np.int64)
    order = np.lexsort((people.longitude, band))
    band_start = np.searchsorted(band[order], np.arange(band.max() + 2))
    minutes = np.minimum(people.max_minutes, weights.radius_minutes)
    is_open = problem.remaining() > 0
    reach = np.where(is_open, minutes - weights.access_minutes + EDGE, -1.0)
    says = problem.exclusions.bar != Bar.NONE
    excluded = np.unique((problem.exclusions.post * len(people) + problem.exclusions.person)[says])
    best = worth.copy()
    shared = (
        band_start,
        people.longitude[order],
        np.stack([*(axis[order] for axis in on_sphere(people.longitude, people.latitude)), reach[order]]),
        np.stack([price[order], people.specialties[order], people.languages[order]]),
        np.where(is_open, 100 * minutes, -1)[order],
        order,
        np.stack(on_sphere(posts.longitude, posts.latitude)),
        np.stack([posts.wanted, posts.required, posts.languages]),
        np.stack([posts.longitude, posts.latitude]),
        posts.kmh.astype(np.float64),
        worth,
        (low, height),
        (weights.cost_per_minute, weights.language_cost, weights.specialty_cost),
        (
            float(weights.access_minutes),
            weights.detour_percent * 0.6,
            weights.radius_minutes - weights.access_minutes + EDGE,
        ),
        excluded,
        best,
    )
    # Neighbours are read after one another, so that the people between them are still at hand.
    near = np.lexsort((posts.longitude, (posts.latitude / 0.25).astype(np.int64)))
    if threads <= 1:
        read = int(read_pairs(near, *shared, found[0]))
    else:
        with ThreadPoolExecutor(threads) as pool:
            parts = np.array_split(near, threads)
            read = sum(pool.map(lambda at: read_pairs(parts[at], *shared, found[at]), range(threads)))
    if len(excluded):
        free = replace(problem, exclusions=no_exclusions())
        read -= int((judge(free, excluded // len(people), excluded % len(people)).bar == Bar.NONE).sum())
    return best, found[int(found[:, 0].argmax())], read
