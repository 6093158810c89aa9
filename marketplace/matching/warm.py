"""Compile the engines ahead of the first plan: ``python -m marketplace.matching.warm``.

A new machine compiles for about a minute before it can solve everything, and keeps the result. Whoever starts a worker may run
this meanwhile; two at once do each other no harm.
"""

from __future__ import annotations

import numpy as np

from . import reasons, unstable
from .division import divide
from .pairs import eligible_pairs
from .problem import People, Posts, Problem
from .proof import verify
from .shifts import offers as shift_offers
from .shifts import proof as shift_proof
from .shifts import reasons as shift_reasons
from .shifts import solver as shift_solver
from .shifts.problem import Offers, ShiftParameters, ShiftProblem, Shifts, Volunteers
from .solver import solve
from .teams import pairs as team_pairs
from .teams import proof as team_proof
from .teams import reasons as team_reasons
from .teams import solver as team_solver
from .teams.problem import Contracts, Counsel, TeamProblem


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
        unstable.blocking_pairs(problem, plan.person, most=1)


def compile_teams() -> None:
    """Two contracts that want the same people."""
    problem = TeamProblem(
        Contracts([1, 2], [108.0, 108.1], [26.0, 26.0], [40, 40], [2, 2], [1, 1], [1, 1]),  # type: ignore[arg-type]
        Counsel([1, 2, 3], [108.0] * 3, [26.0] * 3, [1] * 3, [0] * 3, [1] * 3, [9] * 3, [0] * 3, [60] * 3),  # type: ignore[arg-type]
    )
    pairs = team_pairs.eligible_pairs(problem)
    plan = team_solver.solve(problem, pairs)
    team_proof.verify(problem, pairs, plan)
    list(team_reasons.team_reasons(problem, pairs, plan))


def compile_shifts() -> None:
    """Shifts that overlap, for which two volunteers wait."""
    problem = ShiftProblem(
        Shifts([1, 2], [108.0] * 2, [26.0] * 2, [480, 600], [720, 900], [1, 1], [0, 0], [0, 0]),  # type: ignore[arg-type]
        Volunteers([1, 2], [108.0] * 2, [26.0] * 2, [0, 0], [0, 0], [960, 960], [480, 480]),  # type: ignore[arg-type]
        Offers([0, 0, 1], [0, 1, 0], [1, 2, 3]),  # type: ignore[arg-type]
        ShiftParameters(),
    )
    plan = shift_solver.solve(problem, shift_offers.choices(problem))
    shift_proof.verify(problem, plan)
    list(shift_reasons.absences(problem, plan))


if __name__ == "__main__":
    compile_engine()
    compile_shifts()
    compile_teams()
