"""A problem in parts that have nothing to do with each other: what is best for each is best for the whole.

Two posts hang together if somebody could serve both. Costs of pairs, places of people and the lottery's numbers are the same
in a part as in the whole; the price of emptiness must be (``solve(rank_prices=…)``). Then the plan of the whole is that of
its parts, prices and lottery included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .problem import Exclusions, Ints, People, Posts, Problem


@dataclass(frozen=True, slots=True, eq=False)
class Share:
    """Rows of posts and of people, ascending, who hang together with nobody outside."""

    posts: Ints
    people: Ints


def divide(problem: Problem, *, most: int, least: int) -> list[Share]:
    """Every post in one of about ``most`` shares; one alone if nothing is gained. People whom nobody could ask are in none.

    A share is not smaller than ``least`` posts if another can take it in. The largest come first.
    """
    # Imported when something is computed: numba takes half a second that no web process should pay.
    from .engine.ground import to_ask
    from .engine.looking import connected

    posts = len(problem.posts)
    asked = to_ask(problem)
    group = connected(asked.ground, asked.rows, asked.people)
    _names, of_post, size = np.unique(group[:posts], return_inverse=True, return_counts=True)
    if not len(size):
        return []
    room = max(int(size.max()), -(-posts // most)) + least
    share_of = np.empty(len(size), dtype=np.int64)
    filled: list[int] = []
    # First fit, the largest first.
    for each in np.argsort(-size, kind="stable").tolist():
        count = int(size[each])
        at = next((at for at, taken in enumerate(filled) if taken + count <= room), len(filled))
        if at == len(filled):
            filled.append(0)
        filled[at] += count
        share_of[each] = at
    share_of_post = share_of[of_post]
    # A person's number is that of the first post he could serve; who could serve none has his own.
    share_of_person = np.full(len(problem.people), -1, dtype=np.int64)
    first = group[posts:]
    share_of_person[first < posts] = share_of_post[first[first < posts]]
    return [
        Share(np.flatnonzero(share_of_post == at), np.flatnonzero(share_of_person == at)) for at in range(len(filled))
    ]


def part_of(problem: Problem, share: Share) -> Problem:
    """The problem of one share: its rows, with the parameters of the whole."""
    posts, people, exclusions = problem.posts, problem.people, problem.exclusions
    post_at = np.full(len(posts), -1, dtype=np.int64)
    post_at[share.posts] = np.arange(len(share.posts))
    person_at = np.full(len(people), -1, dtype=np.int64)
    person_at[share.people] = np.arange(len(share.people))
    kept = (post_at[exclusions.post] >= 0) & (person_at[exclusions.person] >= 0)
    return Problem(
        posts=Posts(**{name: values[share.posts] for name, values in _columns(posts).items()}),
        people=People(**{name: values[share.people] for name, values in _columns(people).items()}),
        parameters=problem.parameters,
        exclusions=Exclusions(post_at[exclusions.post[kept]], person_at[exclusions.person[kept]], exclusions.bar[kept]),
    )


def _columns(table: Posts | People) -> dict[str, Any]:
    return {name: getattr(table, name) for name in table.__dataclass_fields__}
