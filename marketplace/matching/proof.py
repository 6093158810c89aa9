"""Prices, and the check that they prove a plan best.

A price ``w`` for one more post of each person proves a plan optimal if every filled post could nowhere be served for less
than where it is (cost + price), nor for more than its emptiness costs; if no empty post could be served for less than that; and
if every person takes exactly the places that cost less than their price (those that cost the same are free to choose). This
is linear programming's complementary slackness; primal and dual value are then equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from .network import LARGEST_OBJECTIVE, Network, network_of
from .pairs import Pairs
from .problem import Ints, Problem


class NotOptimal(ValueError):
    """No prices prove this plan: it is not a cheapest one."""


def lowest_prices(network: Network, person: Ints) -> Ints:
    """The least prices of people that prove the plan, by Bellman and Ford's rounds over the posts that moved.

    Raises:
        NotOptimal: there are none.
    """
    pairs, people = network.pairs, network.people
    load = np.bincount(person[person >= 0], minlength=people)
    filled = np.flatnonzero(person >= 0)
    last = network.unit_start[:-1] + load - 1
    price = np.zeros(people, dtype=np.int64)
    busy = load > 0
    price[busy] = network.unit_cost[last[busy]]

    own_cost = np.zeros(network.posts, dtype=np.int64)
    own_cost[filled] = pairs.cost[pairs.find(filled, person[filled])]
    # What each post is worth where it is; it rises with the price of its person.
    worth = network.empty.copy()
    worth[filled] = own_cost[filled] + price[person[filled]]
    moved = np.arange(network.posts)
    for _round in range(people + 1):
        arcs = _arcs_of(pairs, moved)
        need = np.repeat(worth[moved], np.diff(pairs.start)[moved]) - pairs.cost[arcs]
        raised = price.copy()
        np.maximum.at(raised, pairs.person[arcs], need)
        rose = raised > price
        price = raised
        moved = filled[rose[person[filled]]]
        if not len(moved):
            break
        worth[moved] = own_cost[moved] + price[person[moved]]
    else:
        raise NotOptimal("some posts could change places at a gain")
    if (worth > network.empty).any():
        raise NotOptimal("a post costs more where it is than if it were empty")
    room = load < network.units()
    if (price[room] > network.unit_cost[(network.unit_start[:-1] + load)[room]]).any():
        raise NotOptimal("a free place would save more than it costs")
    return price


def _arcs_of(pairs: Pairs, posts: Ints) -> Ints:
    """Positions of the pairs of ``posts``, in their order."""
    degree = np.diff(pairs.start)[posts]
    ends = np.cumsum(degree)
    return np.asarray(np.arange(ends[-1] if len(ends) else 0) + np.repeat(pairs.start[posts] - (ends - degree), degree))


def post_prices(network: Network, price: Ints) -> Ints:
    """What it costs to serve each post, at the prices of people: the least of all its pairs and of its emptiness."""
    best = network.empty.copy()
    np.minimum.at(best, network.pairs.post(), network.pairs.cost + price[network.pairs.person])
    return best


class Flaw(StrEnum):
    SHAPE = "shape"
    NOT_ELIGIBLE = "not_eligible"
    OVER_CAPACITY = "over_capacity"
    CHEAPER_PERSON = "cheaper_person"
    BETTER_EMPTY = "better_empty"
    COULD_BE_FILLED = "could_be_filled"
    PLACE_TOO_DEAR = "place_too_dear"
    PLACE_LEFT_OUT = "place_left_out"


@dataclass(frozen=True, slots=True)
class Breach:
    """What breaks the proof: the flaw, the rows of post and person (-1: none), and by how much."""

    flaw: Flaw
    post: int = -1
    person: int = -1
    gain: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Accepted: no plan over these ``pairs_read`` pairs costs less. Else ``breach`` names a pair that shows it is unproved."""

    accepted: bool
    primal: int
    dual: int
    pairs_read: int
    breach: Breach | None = None


def verify(problem: Problem, pairs: Pairs, person: Ints, price: Ints) -> Verdict:
    """Check a plan and the prices of people, independently of whoever made them, reading the pairs once."""
    whole = person.dtype.kind == price.dtype.kind == "i"
    if not whole or person.shape != (len(problem.posts),) or price.shape != (len(problem.people),):
        return Verdict(False, 0, 0, 0, Breach(Flaw.SHAPE))
    network = network_of(problem, pairs)
    count = network.people

    def refuse(flaw: Flaw, post: int = -1, who: int = -1, gain: int = 0) -> Verdict:
        return Verdict(False, primal, dual, len(pairs), Breach(flaw, post, who, gain))

    primal = dual = 0
    wild = np.flatnonzero((person < -1) | (person >= count))
    if len(wild):
        return refuse(Flaw.NOT_ELIGIBLE, int(wild[0]), int(person[wild[0]]))
    monstrous = np.flatnonzero(np.abs(price) > LARGEST_OBJECTIVE)
    if len(monstrous):
        # Sums with it would leave 64 bits and could look like anything.
        return refuse(Flaw.PLACE_TOO_DEAR, -1, int(monstrous[0]), LARGEST_OBJECTIVE)
    load = np.bincount(person[person >= 0], minlength=count)
    units = network.units()
    crowded = np.flatnonzero(load > units)
    if len(crowded):
        worst = int(crowded[0])
        return refuse(Flaw.OVER_CAPACITY, int(np.flatnonzero(person == worst)[-1]), worst, int((load - units)[worst]))

    # The one reading of the pairs.
    post = pairs.post()
    asked = pairs.cost + price[pairs.person]
    own = pairs.person == person[post]
    worth = network.empty.copy()
    worth[post[own]] = asked[own]
    strange = np.flatnonzero((person >= 0) & (np.bincount(post[own], minlength=len(person)) == 0))
    if len(strange):
        return refuse(Flaw.NOT_ELIGIBLE, int(strange[0]), int(person[strange[0]]))

    order = np.arange(network.unit_start[-1]) - np.repeat(network.unit_start[:-1], units)
    owner = np.repeat(np.arange(count), units)
    taken = order < load[owner]
    primal = int(pairs.cost[own].sum()) + int(network.unit_cost[taken].sum()) + int(network.empty[person < 0].sum())
    best = network.empty.copy()
    np.minimum.at(best, post, asked)
    dual = int(best.sum()) - int(np.maximum(price[owner] - network.unit_cost, 0).sum())

    # By how much each statement of the proof fails; negative or zero is sound.
    if len(pairs):
        gain = worth[post] - asked
        worst = int(gain.argmax())
        if gain[worst] > 0:
            flaw = Flaw.CHEAPER_PERSON if person[post[worst]] >= 0 else Flaw.COULD_BE_FILLED
            return refuse(flaw, int(post[worst]), int(pairs.person[worst]), int(gain[worst]))
    dear = worth - network.empty
    if (dear > 0).any():
        worst = int(dear.argmax())
        return refuse(Flaw.BETTER_EMPTY, worst, int(person[worst]), int(dear[worst]))
    slack = np.where(taken, network.unit_cost - price[owner], price[owner] - network.unit_cost)
    if (slack > 0).any():
        worst = int(slack.argmax())
        flaw = Flaw.PLACE_TOO_DEAR if taken[worst] else Flaw.PLACE_LEFT_OUT
        return refuse(flaw, -1, int(owner[worst]), int(slack[worst]))
    return Verdict(primal == dual, primal, dual, len(pairs))
