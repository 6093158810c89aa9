"""From a problem to its best plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .flow import MinCostFlow
from .lottery import draw
from .network import Engine, Network, network_of, ranks
from .pairs import Pairs
from .problem import Ints, Problem
from .proof import lowest_prices, post_prices


@dataclass(frozen=True, slots=True)
class Objective:
    """In the order in which it counts: ``empty`` posts (``empty_by_rank`` from the most to the least needy), then ``cost``."""

    posts: int
    empty: int
    empty_by_rank: tuple[int, ...]
    pair_cost: int
    load_cost: int

    @property
    def cost(self) -> int:
        return self.pair_cost + self.load_cost


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """``person[v]`` is the row of who serves post ``v``, or -1. ``person_price`` proves that no plan is better.

    ``person_price[p]`` is what one more place of that person is worth to the whole plan, ``post_price[v]`` what it costs to serve
    that post (or, if it is empty, the price of its emptiness). Prices are not unique; these are the least.
    """

    person: Ints
    load: Ints
    person_price: Ints
    post_price: Ints
    objective: Objective
    engine: str


def solve(problem: Problem, pairs: Pairs, *, engine: Engine | None = None) -> Plan:
    """The best plan over ``pairs``: most posts filled, the neediest first, then at the least cost; ties by lottery.

    Raises:
        ProblemError: the prices of this problem exceed what can be computed exactly.
        proof.NotOptimal: the engine's answer was not a cheapest plan.
    """
    engine = engine or MinCostFlow()
    network = network_of(problem, pairs)
    person = engine(network)
    price = lowest_prices(network, person)
    person = draw(problem, network, person, price, engine)
    return Plan(
        person=person,
        load=np.bincount(person[person >= 0], minlength=network.people),
        person_price=price,
        post_price=post_prices(network, price),
        objective=measure(problem, network, person),
        engine=engine.name,
    )


def measure(problem: Problem, network: Network, person: Ints) -> Objective:
    """What a plan achieves."""
    filled = np.flatnonzero(person >= 0)
    load = np.bincount(person[filled], minlength=network.people)
    units = network.units()
    order = np.arange(network.unit_start[-1]) - np.repeat(network.unit_start[:-1], units)
    taken = order < np.repeat(load, units)
    rank = ranks(problem)
    by_rank = np.bincount(rank[person < 0], minlength=int(rank.max(initial=0)) + 1)[1:][::-1]
    return Objective(
        posts=len(person),
        empty=int((person < 0).sum()),
        empty_by_rank=tuple(int(n) for n in by_rank),
        pair_cost=int(network.pairs.cost[network.pairs.find(filled, person[filled])].sum()),
        load_cost=int(network.unit_cost[taken].sum()),
    )
