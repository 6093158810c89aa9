"""Shortest ways between all people of a county (Floyd 1962, Warshall 1962)."""

# Numba infers the types of compiled functions.
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from marketplace.matching.compiled import compiled


@compiled
def shorten(distance, next_hop):
    """Make ``distance`` that of the shortest way and ``next_hop`` its first step; no way round costs less than nothing."""
    count = len(distance)
    for middle in range(count):
        for a in range(count):
            ahead = distance[a, middle]
            for b in range(count):
                if ahead + distance[middle, b] < distance[a, b]:
                    distance[a, b] = ahead + distance[middle, b]
                    next_hop[a, b] = next_hop[a, middle]
