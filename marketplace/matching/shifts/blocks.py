"""Shifts in blocks, solved exactly.

Say the offers of each volunteer fall into groups (mornings, afternoons, evenings) within days, of which every two in one
group exclude each other and no two of different groups do, and all are equally long. Then hours are counts: so many groups in
all, so many a day. Groups within days within the whole nest, and a plan is a flow: from each volunteer, through days and
groups that pass one unit, to the shifts. Flows of least cost are whole and found exactly, and the shortest ways in what the
flow leaves over are prices of places that prove it (Ford and Fulkerson 1962; Ahuja, Magnanti and Orlin 1993, chapter 9).
"""

from __future__ import annotations

import numpy as np

from marketplace.matching.compiled import compiled
from marketplace.matching.problem import Ints, ProblemError

from .offers import Choices
from .problem import ShiftProblem
from .solver import ShiftPlan

FAR = np.int64(1) << np.int64(60)


def are_blocks(choices: Choices) -> bool:
    """Whether ``solve_blocks`` can solve it."""
    return bool(_groups(choices.start, choices.length, choices.day, choices.square, choices.clash)[0])


def solve_blocks(problem: ShiftProblem, choices: Choices) -> ShiftPlan:
    """A best plan, and prices that prove that none is worth more.

    Raises:
        ProblemError: ``blocks``, the shifts are not blocks; ``overflow``, the flow cannot be computed exactly.
    """
    # OR-tools' module takes 20 MB: it is loaded where a flow is asked for.
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

    blocks, group, group_start = _groups(choices.start, choices.length, choices.day, choices.square, choices.clash)
    if not blocks:
        raise ProblemError("blocks", "these shifts are not blocks")
    tail, head, capacity, cost, supply, offer_arc = _network(problem, choices, group, group_start)
    flow = SimpleMinCostFlow()
    flow.add_arcs_with_capacity_and_unit_cost(tail, head, capacity, cost)
    flow.set_nodes_supplies(np.arange(len(supply)), supply)
    status = flow.solve()
    if status == flow.BAD_COST_RANGE:
        raise ProblemError("overflow", "so many shifts are worth too much to be computed exactly")
    if status != flow.OPTIMAL:
        raise RuntimeError(f"the flow ended as {status}")
    used = flow.flows(np.arange(len(tail)))
    del flow
    chosen = used[offer_arc] > 0
    sink = len(supply) - 1
    distance = _distances(tail, head, capacity, cost, used, len(supply), sink)
    price = np.maximum(-distance[sink - len(problem.shifts) : sink], 0)
    worth = int(choices.worth[chosen].sum())
    taken = np.zeros(len(problem.offers), dtype=np.bool_)
    taken[choices.offer[chosen]] = True
    return ShiftPlan(taken, price, worth, worth, "")


def _network(
    problem: ShiftProblem, choices: Choices, group: Ints, group_start: Ints
) -> tuple[Ints, Ints, Ints, Ints, Ints, Ints]:
    """Tail, head, capacity and cost of the arcs, supply of the nodes, and the arc of each offer.

    Nodes are volunteers, those of their days and groups that may bind, shifts, and the sink, in this order.
    """
    volunteers, shifts, owner = len(problem.volunteers), len(problem.shifts), choices.volunteer()
    groups = int(group_start[-1])
    # Of each group its first offer stands for all: they have volunteer, day and length in common.
    first = np.full(groups, len(choices), dtype=np.int64)
    np.minimum.at(first, group, np.arange(len(choices)))
    group_owner, group_day = owner[first], choices.day[first]
    length = choices.length[first]
    a_day = problem.volunteers.day_minutes[group_owner] // length
    # Days of volunteers, numbered; a day is a node where it may bind.
    span = int(choices.day.max(initial=0)) + 1
    _, day, groups_a_day = np.unique(group_owner * span + group_day, return_inverse=True, return_counts=True)
    days = len(groups_a_day)
    day_owner, day_cap = np.zeros(days, dtype=np.int64), np.zeros(days, dtype=np.int64)
    day_owner[day], day_cap[day] = group_owner, a_day
    # A day that cannot bind and a group of one offer need no node: the fewer, the finer costs need not be scaled.
    alone = np.bincount(group, minlength=groups) == 1
    loose = groups_a_day <= day_cap
    day_node = volunteers + np.cumsum(~loose) - 1
    group_node = volunteers + np.count_nonzero(~loose) + np.cumsum(~alone) - 1
    shift_node = volunteers + np.count_nonzero(~loose) + np.count_nonzero(~alone)
    sink = shift_node + shifts
    above_group = np.where(loose[day], group_owner, day_node[day])
    many = np.flatnonzero(~alone)
    tight = np.flatnonzero(~loose)
    total = np.zeros(volunteers, dtype=np.int64)
    total[group_owner] = problem.volunteers.minutes[group_owner] // length
    total = np.minimum(total, np.diff(group_start))
    sources = [np.where(alone[group], above_group[group], group_node[group]), above_group[many], day_owner[tight]]
    sinks = [shift_node + choices.shift, group_node[many], day_node[tight]]
    caps = [np.ones(len(choices), dtype=np.int64), np.ones(len(many), dtype=np.int64), day_cap[tight]]
    # Shifts to the sink, and whoever has time left.
    sources += [shift_node + np.arange(shifts), np.arange(volunteers)]
    sinks += [np.full(shifts, sink), np.full(volunteers, sink)]
    caps += [problem.shifts.places, total]
    tail, head, capacity = np.concatenate(sources), np.concatenate(sinks), np.concatenate(caps)
    cost = np.zeros(len(tail), dtype=np.int64)
    cost[: len(choices)] = -choices.worth
    supply = np.zeros(sink + 1, dtype=np.int64)
    supply[:volunteers] = total
    supply[sink] = -total.sum()
    return tail, head, capacity, cost, supply, np.arange(len(choices))


@compiled
def _groups(start, length, day, square, clash):  # type: ignore[no-untyped-def]
    """Whether the offers are blocks, the group of each, and where each volunteer's groups begin."""
    group = np.full(len(length), -1, np.int64)
    begins = np.zeros(len(start), np.int64)
    count = 0
    for v in range(len(start) - 1):
        low, n = start[v], start[v + 1] - start[v]
        for i in range(n):
            if length[low + i] != length[low]:
                return False, group, begins
            for j in range(i):
                if clash[square[v] + i * n + j]:
                    group[low + i] = group[low + j]
                    break
            if group[low + i] < 0:
                group[low + i] = count
                count += 1
            for j in range(i):
                together = group[low + i] == group[low + j]
                if clash[square[v] + i * n + j] != together or (together and day[low + i] != day[low + j]):
                    return False, group, begins
        begins[v + 1] = count
    return True, group, begins


@compiled
def _distances(tail, head, capacity, cost, used, nodes, source):  # type: ignore[no-untyped-def]
    """The shortest way from ``source`` to each node in what the flow leaves over (Bellman and Ford, by a queue)."""
    out_start, in_start = np.zeros(nodes + 1, np.int64), np.zeros(nodes + 1, np.int64)
    for a in range(len(tail)):
        out_start[tail[a] + 1] += 1
        in_start[head[a] + 1] += 1
    for node in range(nodes):
        out_start[node + 1] += out_start[node]
        in_start[node + 1] += in_start[node]
    leaving, arriving = np.empty(len(tail), np.int32), np.empty(len(tail), np.int32)
    at_out, at_in = out_start.copy(), in_start.copy()
    for a in range(len(tail)):
        leaving[at_out[tail[a]]] = a
        at_out[tail[a]] += 1
        arriving[at_in[head[a]]] = a
        at_in[head[a]] += 1
    distance = np.full(nodes, FAR, np.int64)
    queued = np.zeros(nodes, np.bool_)
    ring = np.empty(nodes + 1, np.int64)
    ring[0], first, last = source, 0, 1
    distance[source] = 0
    while first != last:
        node = ring[first]
        first = first + 1 if first < nodes else 0
        queued[node] = False
        for at in range(out_start[node], out_start[node + 1] + in_start[node + 1] - in_start[node]):
            if at < out_start[node + 1]:
                a = leaving[at]
                other, way = head[a], distance[node] + cost[a]
                if used[a] >= capacity[a]:
                    continue
            else:
                a = arriving[in_start[node] + at - out_start[node + 1]]
                other, way = tail[a], distance[node] - cost[a]
                if used[a] <= 0:
                    continue
            if way < distance[other]:
                distance[other] = way
                if not queued[other]:
                    queued[other] = True
                    ring[last] = other
                    last = last + 1 if last < nodes else 0
    return distance
