"""Other ways to the same answers: plain loops over all plans, SciPy's assignment, OR-tools' flow, prices from rounds."""

from __future__ import annotations

import itertools
import math

import numpy as np
from ortools.graph.python import min_cost_flow
from scipy.optimize import linear_sum_assignment

from marketplace.matching.network import Network
from marketplace.matching.pairs import Pairs
from marketplace.matching.problem import Ints, Problem
from marketplace.matching.proof import NotOptimal


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


def least_cost_flow(network: Network) -> Ints:
    """A cheapest plan by OR-tools (cost scaling, Goldberg and Tarjan 1990): for each post its person, or -1."""
    pairs, posts, people = network.pairs, network.posts, network.people
    if not len(pairs):
        return np.full(posts, -1, dtype=np.int64)
    sink = posts + people
    place = posts + np.repeat(np.arange(people), network.units())
    tails = np.concatenate([pairs.post(), np.arange(posts), place])
    heads = np.concatenate([posts + pairs.person, np.full(posts + len(place), sink)])
    costs = np.concatenate([pairs.cost, network.empty, network.unit_cost])
    flow = min_cost_flow.SimpleMinCostFlow()
    flow.add_arcs_with_capacity_and_unit_cost(tails, heads, np.ones(len(tails), dtype=np.int64), costs)
    flow.set_nodes_supplies(np.append(np.arange(posts), sink), np.append(np.ones(posts, dtype=np.int64), -posts))
    status = flow.solve()
    assert status == flow.OPTIMAL, status
    used = np.flatnonzero(flow.flows(np.arange(len(pairs))) == 1)
    answer = np.full(posts, -1, dtype=np.int64)
    answer[np.searchsorted(pairs.start, used, side="right") - 1] = pairs.person[used]
    return answer


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


def total(problem: Problem, network: Network, person: Ints) -> int:
    """What a plan costs, emptiness included."""
    filled = np.flatnonzero(person >= 0)
    load = np.bincount(person[filled], minlength=network.people)
    order = np.arange(network.unit_start[-1]) - np.repeat(network.unit_start[:-1], network.units())
    taken = order < np.repeat(load, network.units())
    pairs = network.pairs.cost[network.pairs.find(filled, person[filled])]
    return int(pairs.sum() + network.unit_cost[taken].sum() + network.empty[person < 0].sum())
