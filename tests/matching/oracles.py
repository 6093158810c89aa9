"""Other ways to the same answers: plain loops over all plans, and SciPy's assignment with split people."""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy.optimize import linear_sum_assignment

from marketplace.matching.problem import Problem


def pair_cost(problem: Problem, v: int, p: int) -> int | None:
    """The cost of one pair by the definition, or None where it may not be. Haversine, not the chord."""
    posts, people, w = problem.posts, problem.people, problem.parameters
    lon1, lat1, lon2, lat2 = map(
        math.radians, (posts.longitude[v], posts.latitude[v], people.longitude[p], people.latitude[p])
    )
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    km = 2 * 6371.0088 * math.asin(min(1.0, math.sqrt(half)))
    hundredths = round(100 * (w.access_minutes + w.detour_percent / 100 * 60 * km / int(posts.kmh[v])))
    if hundredths > 100 * min(int(people.max_minutes[p]), w.radius_minutes):
        return None
    if int(posts.required[v]) & ~int(people.specialties[p]) or people.capacity[p] <= people.load[p]:
        return None
    if any(a == v and b == p for a, b in zip(problem.exclusions.post, problem.exclusions.person, strict=True)):
        return None
    cost = hundredths * w.cost_per_minute // 100
    if posts.languages[v] and not int(posts.languages[v]) & int(people.languages[p]):
        cost += w.language_cost
    return cost + w.specialty_cost * (int(posts.wanted[v]) & ~int(people.specialties[p])).bit_count()


def place_cost(problem: Problem, p: int, taken: int) -> int:
    held, w = int(problem.people.load[p]) + taken, problem.parameters
    return w.load_cost * held + w.load_share_cost * held // max(int(problem.people.capacity[p]), 1)


def every_best_plan(problem: Problem) -> tuple[tuple, list[tuple[int, ...]]]:
    """(value, all plans of that value). The value is compared in order: filled posts, filled by need, cost."""
    posts, people = len(problem.posts), len(problem.people)
    costs = [[pair_cost(problem, v, p) for p in range(people)] for v in range(posts)]
    need = sorted(
        {(int(t), int(q)) for t, q in zip(problem.posts.tier, problem.posts.priority, strict=True)}, reverse=True
    )
    best, plans = None, []
    for plan in itertools.product(range(-1, people), repeat=posts):
        load = [plan.count(p) for p in range(people)]
        if any(load[p] > max(0, problem.people.capacity[p] - problem.people.load[p]) for p in range(people)):
            continue
        used = [costs[v][p] for v, p in enumerate(plan) if p >= 0]
        if None in used:
            continue
        cost = sum(used) + sum(place_cost(problem, p, k) for p in range(people) for k in range(load[p]))
        empty = tuple(
            sum(1 for v, p in enumerate(plan) if p < 0 and (problem.posts.tier[v], problem.posts.priority[v]) == rank)
            for rank in need
        )
        value = (sum(empty), empty, cost)
        if best is None or value < best:
            best, plans = value, []
        if value == best:
            plans.append(plan)
    assert best is not None  # leaving every post empty is a plan
    return best, plans


def split_assignment(problem: Problem, empty: np.ndarray) -> int:
    """The least total by ``linear_sum_assignment``: a column a place, and one of its own for each post's emptiness."""
    posts, people = len(problem.posts), len(problem.people)
    places = [
        (p, place_cost(problem, p, k))
        for p in range(people)
        for k in range(min(posts, max(0, int(problem.people.capacity[p] - problem.people.load[p]))))
    ]
    never = float(empty.sum()) * 4 + 1
    table = np.full((posts, len(places) + posts), never)
    for v in range(posts):
        costs = [pair_cost(problem, v, p) for p in range(people)]
        for column, (p, extra) in enumerate(places):
            cost = costs[p]
            if cost is not None:
                table[v, column] = cost + extra
        table[v, len(places) + v] = empty[v]
    rows, columns = linear_sum_assignment(table)
    return int(table[rows, columns].sum())
