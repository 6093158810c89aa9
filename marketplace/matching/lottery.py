"""The published lottery that decides between plans of the same cost.

Prices that prove one cheapest plan describe all of them: a plan is cheapest if and only if it uses only pairs without
slack, leaves empty only posts whose price is that of their emptiness, and gives each person the places that cost less than the
person's price and none that cost more. Among exactly these plans the one with the least sum of lottery numbers is
chosen, so the draw cannot change the cost, and any engine arrives at the same plan. Numbers have 40 bits: two plans with the
same least sum have odds below pairs / 2⁴⁰ (Mulmuley, Vazirani and Vazirani 1987, isolating lemma).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .network import NEVER, Engine, Network, with_options
from .pairs import Pairs
from .problem import Ints, Problem
from .proof import post_prices

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


def draw(problem: Problem, network: Network, person: Ints, price: Ints, engine: Engine) -> Ints:
    """The cheapest plan that the lottery picks; ``person`` is any cheapest plan, ``price`` what proves it."""
    pairs = network.pairs
    worth = post_prices(network, price)
    post = pairs.post()
    tight = pairs.cost + price[pairs.person] == worth[post]
    may_stay_empty = network.empty == worth
    options = np.bincount(post[tight], minlength=network.posts) + may_stay_empty
    if (options <= 1).all():
        return person
    owner = np.repeat(np.arange(network.people), network.units())
    least = np.bincount(owner[network.unit_cost < price[owner]], minlength=network.people)
    most = np.bincount(owner[network.unit_cost <= price[owner]], minlength=network.people)
    seed, people, posts = problem.parameters.seed, problem.people.key, problem.posts.key
    nobody = np.full(network.posts, -1, dtype=np.int64)
    return engine(
        with_options(
            network,
            pairs=Pairs(
                start=np.concatenate([[0], np.cumsum(np.bincount(post[tight], minlength=network.posts))]).astype(
                    np.int64
                ),
                person=pairs.person[tight],
                cost=numbers(seed, posts[post[tight]], people[pairs.person[tight]]),
                people=pairs.people,
            ),
            empty=np.where(may_stay_empty, numbers(seed, posts, nobody), NEVER),
            least=least,
            most=most,
        )
    )
