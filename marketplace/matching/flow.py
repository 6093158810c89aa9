"""The engine by OR-tools: min-cost flow by cost scaling (Goldberg and Tarjan 1990)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .network import NEVER, Network
from .problem import Ints, ProblemError


@dataclass(frozen=True, slots=True)
class MinCostFlow:
    """Good for a county in milliseconds and a city in seconds; about 120 bytes a pair."""

    name: str = "or-tools min-cost flow"

    def __call__(self, network: Network) -> Ints:
        # Imported when needed: it costs 0.1 s and 20 MB that no web process should pay.
        from ortools.graph.python import min_cost_flow

        pairs, posts, people = network.pairs, network.posts, network.people
        if not len(pairs):
            return np.full(posts, -1, dtype=np.int64)
        may_stay_empty = np.flatnonzero(network.empty != NEVER)
        sink = posts + people
        # A place that must be taken is a demand of the person; the cheapest places are those.
        units = network.units()
        order = np.arange(network.unit_start[-1]) - np.repeat(network.unit_start[:-1], units)
        optional = order >= np.repeat(network.least, units)
        place_person = np.repeat(np.arange(people), units)[optional]
        flow = min_cost_flow.SimpleMinCostFlow()
        tails = np.concatenate([pairs.post(), may_stay_empty, posts + place_person])
        heads = np.concatenate([posts + pairs.person, np.full(len(tails) - len(pairs), sink)])
        costs = np.concatenate([pairs.cost, network.empty[may_stay_empty], network.unit_cost[optional]])
        # The solver multiplies costs by the number of nodes; 5 is its scaling's slack (found by trial).
        if int(np.abs(costs).max(initial=0)) > (2**63 - 1) // (5 * (sink + 2)):
            raise ProblemError("overflow", "the prices are too large for this engine")
        flow.add_arcs_with_capacity_and_unit_cost(tails, heads, np.ones(len(tails), dtype=np.int64), costs)
        supply = np.concatenate([np.ones(posts, dtype=np.int64), -network.least, [int(network.least.sum()) - posts]])
        flow.set_nodes_supplies(np.arange(sink + 1), supply)
        status = flow.solve()
        if status == flow.BAD_COST_RANGE:
            raise ProblemError("overflow", "the prices are too large for this engine")
        if status != flow.OPTIMAL:
            raise RuntimeError(
                f"the flow solver ended with {status.name}, though leaving posts empty is always possible"
            )
        used = np.flatnonzero(flow.flows(np.arange(len(pairs))) == 1)
        answer = np.full(posts, -1, dtype=np.int64)
        answer[np.searchsorted(pairs.start, used, side="right") - 1] = pairs.person[used]
        return answer
