"""Pairs of a post and a person who would both be better off with each other than with what a plan gives them.

A post is better off with whoever costs less (anybody, if it is empty). A person is better off with a post if a place is free, or
if it costs less than the dearest post that the plan gives him, which he would give up. (Gale and Shapley 1962; both sides
wish for the pair that costs less.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .pairs import judge
from .problem import Ints, Problem

_NEVER = np.iinfo(np.int64).max
#: posts looked at together: what blocks is kept only until the best are known
_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class Example:
    """Rows of a blocking pair. ``saves`` is None for an empty post, ``gives_up`` (a row of posts) None for a free place."""

    post: int
    person: int
    saves: int | None
    gives_up: int | None


@dataclass(frozen=True, slots=True)
class Blocking:
    """How many pairs, and of how many posts and people; ``examples`` gain most."""

    pairs: int
    posts: int
    people: int
    examples: tuple[Example, ...]


def blocking_pairs(problem: Problem, person: Ints, *, most: int) -> Blocking:
    """All eligible pairs are looked at; ``most`` of them are named. ``person`` is the row of who serves each post, or -1."""
    # Imported when something is computed: numba takes half a second that no web process should pay.
    from .engine.ground import to_ask
    from .engine.looking import blocking

    posts, people = len(problem.posts), len(problem.people)
    filled = np.flatnonzero(person >= 0)
    now = np.full(posts, _NEVER, dtype=np.int64)
    now[filled] = judge(problem, filled, person[filled]).cost
    free = np.bincount(person[filled], minlength=people) < problem.remaining()
    dearest = np.full(people, -1, dtype=np.int64)
    np.maximum.at(dearest, person[filled], now[filled])
    # The dearest post of each person; of equals the first.
    order = filled[np.lexsort((filled, -now[filled], person[filled]))]
    holder, first = np.unique(person[order], return_index=True)
    dropped = dict(zip(holder.tolist(), order[first].tolist(), strict=True))

    asked = to_ask(problem)
    count, touched = 0, np.zeros(posts, dtype=bool)
    touches = np.zeros(people, dtype=bool)
    best = np.empty((0, 3), dtype=np.int64)  # gain, post, person
    for start in range(0, posts, _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        at, who, cost = blocking(asked.ground, asked.rows[rows], asked.people, now[rows], free, dearest)
        post = at + start
        count += len(post)
        touched[post], touches[who] = True, True
        gain = np.where(now[post] == _NEVER, _NEVER, now[post] - cost)
        best = np.concatenate([best, np.stack([gain, post, who], axis=1)])
        best = best[np.lexsort((best[:, 2], best[:, 1], -best[:, 0]))[:most]]
    return Blocking(
        pairs=count,
        posts=int(touched.sum()),
        people=int(touches.sum()),
        examples=tuple(
            Example(v, p, None if gain == _NEVER else gain, None if free[p] else dropped[p])
            for gain, v, p in best.tolist()
        ),
    )
