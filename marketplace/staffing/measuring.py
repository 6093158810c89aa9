"""How fairly a plan treats villages and lawyers, in whole numbers. No tables: arrays in, figures out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from statistics import median
from typing import Any

import numpy as np

from marketplace.matching.problem import MASK_BITS, Ints, Problem
from marketplace.matching.unstable import blocking_pairs

#: upper ends of the bands of travel, minutes one way; the last band is open
BANDS = (15, 30, 45, 60, 90)
#: blocking pairs that are kept by name
EXAMPLES = 50


def middle(values: Sequence[int]) -> int:
    """The median as everybody reckons it: of an even number the mean of the two in the middle, a half rounded up."""
    return math.floor(median(values) + 0.5)


def travel(times: Sequence[int]) -> dict[str, Any]:
    """Median, longest and counts by ``BANDS`` of ways in minutes."""
    bands = [0] * (len(BANDS) + 1)
    for time in times:
        bands[next((at for at, end in enumerate(BANDS) if time <= end), len(BANDS))] += 1
    return {"median": middle(times) if times else None, "longest": max(times, default=None), "bands": bands}


def gini(values: Iterable[int]) -> int:
    """Gini coefficient in thousandths: Σᵢ Σⱼ |xᵢ − xⱼ| / (2 n² · mean). 0: all have alike, or there is nothing to have."""
    ordered = sorted(values)
    total, count = sum(ordered), len(ordered)
    if not total:
        return 0
    weighted = sum(rank * value for rank, value in enumerate(ordered, start=1))
    return round(1000 * (Fraction(2 * weighted, count * total) - Fraction(count + 1, count)))


def loads(problem: Problem, person: Ints) -> dict[str, Any]:
    """Posts per person, held before and given now: [load, people] counts, largest, median; mean and Gini in thousandths."""
    load = problem.people.load + np.bincount(person[person >= 0], minlength=len(problem.people))
    value, count = np.unique(load, return_counts=True)
    return {
        "people": len(load),
        "counts": [[int(v), int(n)] for v, n in zip(value, count, strict=True)],
        "most": int(load.max(initial=0)),
        "median": middle(load.tolist()) if len(load) else 0,
        "mean": round(1000 * Fraction(int(load.sum()), len(load))) if len(load) else 0,
        "gini": gini(load.tolist()),
    }


def measure(problem: Problem, person: Ints, hundredths: Ints) -> dict[str, Any]:
    """Figures of a plan: ``person`` is the row of who serves each post (-1: nobody), ``hundredths`` the way there.

    ``tiers`` and ``ranks`` come neediest first. ``languages[b]`` counts the posts whose person speaks the language of bit ``b``.
    """
    posts = problem.posts
    filled = person >= 0
    ways = (hundredths + 50) // 100
    tiers = []
    for tier in sorted(set(posts.tier.tolist()), reverse=True):
        inside = posts.tier == tier
        served = inside & filled
        tiers.append(
            {"tier": tier, "posts": int(inside.sum()), "filled": int(served.sum()), **travel(ways[served].tolist())}
        )
    need, which = np.unique(posts.tier * 1001 + posts.priority, return_inverse=True)
    count, empty = np.bincount(which), np.bincount(which[~filled], minlength=len(need))
    spoken = problem.people.languages[person[filled]]
    return {
        "tiers": tiers,
        "ranks": [
            {
                "tier": int(need[at] // 1001),
                "rounds": int(need[at] % 1001),
                "posts": int(count[at]),
                "empty": int(empty[at]),
            }
            for at in range(len(need) - 1, -1, -1)
        ],
        "languages": [int((spoken >> bit & 1).sum()) for bit in range(_highest_bit(problem) + 1)],
        "loads": loads(problem, person),
        "blocking": blocking(problem, person),
    }


def _highest_bit(problem: Problem) -> int:
    every = int(np.bitwise_or.reduce(problem.people.languages)) if len(problem.people) else 0
    return min(every.bit_length(), MASK_BITS) - 1


def blocking(problem: Problem, person: Ints) -> dict[str, Any]:
    """``matching.unstable`` by primary keys: ``saves`` is None for an empty post, ``gives_up`` None for a free place."""
    found = blocking_pairs(problem, person, most=EXAMPLES)
    posts, people = problem.posts.key, problem.people.key
    return {
        "pairs": found.pairs,
        "posts": found.posts,
        "people": found.people,
        "examples": [
            {
                "post": int(posts[each.post]),
                "person": int(people[each.person]),
                "saves": each.saves,
                "gives_up": None if each.gives_up is None else int(posts[each.gives_up]),
            }
            for each in found.examples
        ],
    }


def by_lot(reasons: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """How many posts could have had another person (or somebody at all) in a plan that is as good: the lottery chose.

    ``exact`` is False where only bounds are known (very many people): then at most that many.
    """
    posts, exact = 0, True
    for reason in reasons:
        following = reason["alternatives"][:1]
        if following and following[0]["limit"] == "tie":
            posts += 1
            exact = exact and following[0]["exact"]
    return {"posts": posts, "exact": exact}
