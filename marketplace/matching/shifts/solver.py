"""From a problem to a plan of shifts, and to prices of places that bound every plan from above.

**Bound.** Let ``u`` be any prices of places that are not negative. Whatever the plan, it is worth no more than the best
schedules of all volunteers at ``worth - u``, each found alone, and the price of all places (Lagrange's relaxation;
Geoffrion 1974).

**Prices** rise where more volunteers want a place than there are. **Plan:** chains of volunteers who take the best schedule at
these prices, also places of others, who then do the same; kept if the whole is worth no less. At the end the waiting order
is kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.problem import Ints

from .offers import Choices
from .problem import ShiftProblem
from .search import improve, keep_order, move_prices

#: rounds of prices, and chains a volunteer, in one round of the search
ROUNDS, CHAINS = 10, 3
#: chains between two looks at the clock
SLICE = 30_000
#: a scarce place's price at first, in percent of what its first in the waiting order is worth
FIRST = 97
#: prices move as if this part of the usual worth were added to each, so that those at nothing can rise
USUAL = 4
#: volunteers of one chain
LONGEST = 16
#: offers up to which a last look without prices costs next to nothing; chains at no price are long
FEW = 5000


@dataclass(frozen=True, slots=True)
class Effort:
    """When to stop: at a proven gap of ``gap`` of the plan's worth, or after ``rounds``. Both are the same on every machine.

    ``seconds`` (wall time) is a safety net, looked at between steps of some tenths of a second: a plan it cut short may
    differ from run to run, and says so.
    """

    gap: float = 0.01
    rounds: int = 60
    seconds: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ShiftPlan:
    """``chosen[i]`` tells whether offer ``i`` of the problem is taken up.

    ``worth`` is that of the plan; no plan is worth more than ``bound``, which ``price`` (of one place of each shift) proves.
    ``cut`` says why the search ended early: ``time``, ``cancelled`` or nothing.
    """

    chosen: NDArray[np.bool_]
    price: Ints
    worth: int
    bound: int
    cut: str

    @property
    def gap(self) -> float:
        """How far below the bound the plan may be, as a part of the bound."""
        return (self.bound - self.worth) / self.bound if self.bound else 0.0


#: told after each round: the worth of the plan so far, and the bound
Progress = Callable[[int, int], None]


def solve(
    problem: ShiftProblem,
    choices: Choices,
    *,
    effort: Effort | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> ShiftPlan:
    """A plan of most worth as far as ``effort`` goes, and the proof of how far it may be from the best. The same for the same
    seed."""
    effort = effort or Effort()
    began = time.monotonic()
    volunteers, places = problem.volunteers, problem.shifts.places
    parts = (
        choices.start, choices.shift, choices.worth, choices.length, choices.day, choices.square, choices.clash,
        np.array(volunteers.minutes), np.array(volunteers.day_minutes),
    )  # fmt: skip
    order = (choices.shift_start, choices.by_shift, choices.volunteer())
    chosen, left = np.zeros(len(choices), dtype=np.bool_), np.array(places)
    price = np.zeros(len(places), dtype=np.int64)
    if len(choices):
        np.maximum.at(price, choices.shift, choices.worth * FIRST // 100)
        price[np.diff(choices.shift_start) <= places] = 0
    best_price = np.zeros(len(places), dtype=np.int64)
    random = np.array([problem.parameters.seed * 2 + 1], dtype=np.uint64)
    usual = np.int64(max(int(choices.worth.mean()) // USUAL if len(choices) else 0, 1))
    bound, length, cut = int(choices.worth.sum()), 1.0, ""

    def stop() -> str:
        if cancelled and cancelled():
            return "cancelled"
        return "time" if effort.seconds is not None and time.monotonic() - began > effort.seconds else ""

    for _round in range(effort.rounds if len(choices) else 0):
        goal = np.int64(choices.worth[chosen].sum())
        found, length = move_prices(*parts, places, price, goal, usual, length, ROUNDS)
        if found < bound:
            bound, best_price = int(found), price.copy()
        for tried in range(0, CHAINS * len(volunteers), SLICE):
            cut = stop()
            if cut:
                break
            tries = min(SLICE, CHAINS * len(volunteers) - tried)
            improve(*parts, *order, price, chosen, left, random, LONGEST, tries)
        worth = int(choices.worth[chosen].sum())
        if progress:
            progress(worth, bound)
        # A plan near enough is not cut short, whatever the clock says.
        if bound - worth <= effort.gap * bound:
            cut = ""
        elif not cut:
            cut = stop()
            if not cut:
                continue
        break
    if 0 < len(choices) <= FEW and not cut and choices.worth[chosen].sum() < bound:
        # At the prices of places whoever costs more there may look as good as whoever costs less: without prices he does not.
        improve(*parts, *order, np.zeros_like(price), chosen, left, random, LONGEST, CHAINS * len(volunteers))
    if len(choices):
        keep_order(*parts, *order, chosen, left)
    taken = np.zeros(len(problem.offers), dtype=np.bool_)
    taken[choices.offer[chosen]] = True
    return ShiftPlan(taken, best_price, int(choices.worth[chosen].sum()), bound, cut)
