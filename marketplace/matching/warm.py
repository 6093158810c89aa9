"""Compile the engine ahead of the first plan: ``python -m marketplace.matching.warm``.

A new machine compiles for half a minute before it can solve anything, and keeps the result. Whoever starts a worker may run
this meanwhile; two at once do each other no harm.
"""

from __future__ import annotations

import numpy as np

from . import reasons
from .division import divide
from .pairs import eligible_pairs
from .problem import People, Posts, Problem
from .proof import verify
from .solver import solve
from .unstable import blocking_pairs


def compile_engine() -> None:
    """Solve, prove and explain the smallest problem that has a choice in it."""
    problem = Problem(
        Posts([1, 2], [108.0, 108.1], [26.0, 26.0], [40, 40], [0, 1], [0, 0], [0, 0], [0, 0], [0, 0]),  # type: ignore[arg-type]
        People([1, 2], [108.0, 108.1], [26.0, 26.0], [1, 1], [0, 0], [0, 0], [0, 0], [60, 60]),  # type: ignore[arg-type]
    )
    divide(problem, most=2, least=1)
    for plan in (solve(problem, eligible_pairs(problem)), solve(problem)):
        verify(problem, plan.person, plan.person_price)
        list(reasons.post_reasons(problem, plan))
        reasons.by_prices(problem, plan, np.arange(2))
        blocking_pairs(problem, plan.person, most=1)


if __name__ == "__main__":
    compile_engine()
