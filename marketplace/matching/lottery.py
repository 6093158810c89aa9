"""The published lottery that decides between plans of the same cost.

Prices that prove one cheapest plan describe all of them: a plan is cheapest if and only if it uses only pairs without
slack, leaves empty only posts whose price is that of their emptiness, and gives each person the places that cost less than the
person's price and none that cost more. Among exactly these plans the one with the least sum of lottery numbers is
chosen, so the draw cannot change the cost, and any engine arrives at the same plan. Numbers have 40 bits: two plans with the
same least sum have odds below pairs without slack / 2⁴⁰ (Mulmuley, Vazirani and Vazirani 1987, isolating lemma).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .problem import Ints

BITS = 40


def numbers(seed: int, post_key: Ints, person_key: Ints) -> Ints:
    """The lottery number of each pair, from the seed and the two keys alone (SplitMix64's finaliser)."""
    mixed = _mix(
        _mix(_mix(np.full(len(post_key), seed, np.uint64)) ^ post_key.astype(np.uint64)) ^ person_key.astype(np.uint64)
    )
    return (mixed >> np.uint64(64 - BITS)).astype(np.int64)


def _mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        value = value + np.uint64(0x9E3779B97F4A7C15)
        value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return value ^ (value >> np.uint64(31))
