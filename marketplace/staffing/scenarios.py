"""Changes of a frozen problem: what would be if. Documents in, a problem out; no tables.

A change is a dict with a ``kind``:

- ``places``: ``by`` more places for ``person`` (a primary key), or for everybody who offered one (None); the limit of the
  standard is set aside
- ``cap``: nobody serves more than ``most``
- ``radius``: nobody travels farther than ``minutes``
- ``firm``: ``advisers`` more people at ``longitude``, ``latitude`` (in ``region``), with ``capacity`` each, who speak
  ``languages``, know every field of law and travel as far as the computation allows
- ``subsidy``: each minute on the road to the posts of ``region`` counts ``percent``, because it is paid for: such ways cost less
  and may be longer, for the limit of the computation and for each person's own
- ``without``: ``person`` is not asked
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from marketplace.matching.problem import MASK_BITS, Exclusions, Ints, People, Posts, Problem
from marketplace.regions.codes import code_range

Change = Mapping[str, Any]
#: the posts' speeds stay within what a problem allows
_FASTEST = 1000


def changed(
    problem: Problem, changes: Iterable[Change], region_of: Mapping[int, int], languages: Sequence[str]
) -> Problem:
    """``problem`` with ``changes``, in their order.

    ``region_of``: post → code of its village. ``languages``: the names of the bits of the language masks.

    Raises:
        ProblemError: the changed numbers are none that a problem has.
        KeyError: a change of no known kind.
    """
    for change in changes:
        problem = _KINDS[change["kind"]](problem, change, region_of, languages)
    return problem


def newcomers(first: int, changes: Iterable[Change]) -> list[tuple[int, Change]]:
    """Who a scenario adds: (key, the change that added it); ``first`` is the first key that nobody of the problem has."""
    added = [change for change in changes if change["kind"] == "firm" for _ in range(change["advisers"])]
    return list(enumerate(added, start=first))


def _places(problem: Problem, change: Change, _regions: Any, _languages: Any) -> Problem:
    people = problem.people
    chosen = people.capacity > 0 if change["person"] is None else people.key == change["person"]
    return _with(problem, capacity=np.where(chosen, people.capacity + change["by"], people.capacity))


def _cap(problem: Problem, change: Change, _regions: Any, _languages: Any) -> Problem:
    return _with(problem, capacity=np.minimum(problem.people.capacity, change["most"]))


def _radius(problem: Problem, change: Change, _regions: Any, _languages: Any) -> Problem:
    return replace(problem, parameters=replace(problem.parameters, radius_minutes=change["minutes"]))


def _firm(problem: Problem, change: Change, _regions: Any, languages: Sequence[str]) -> Problem:
    people, count = problem.people, change["advisers"]
    first = int(people.key.max(initial=0)) + 1
    spoken = sum(1 << languages.index(name) for name in change["languages"])
    new: dict[str, Any] = {
        "key": np.arange(first, first + count),
        "longitude": np.full(count, change["longitude"]),
        "latitude": np.full(count, change["latitude"]),
        "capacity": np.full(count, change["capacity"]),
        "load": np.zeros(count, dtype=np.int64),
        "specialties": np.full(count, (1 << MASK_BITS) - 1),
        "languages": np.full(count, spoken),
        "max_minutes": np.full(count, 100_000),
    }
    return replace(
        problem,
        people=People(**{name: np.concatenate([getattr(people, name), values]) for name, values in new.items()}),
    )


def _subsidy(problem: Problem, change: Change, region_of: Mapping[int, int], _languages: Any) -> Problem:
    low, high = code_range(change["region"])
    posts = problem.posts
    inside = np.array([low <= region_of.get(int(key), 0) < high for key in posts.key], dtype=bool)
    faster = np.minimum(np.rint(posts.kmh * 100 / change["percent"]).astype(np.int64), _FASTEST)
    columns = {name: getattr(posts, name) for name in posts.columns()}
    return replace(problem, posts=Posts(**(columns | {"kmh": np.where(inside, faster, posts.kmh)})))


def _without(problem: Problem, change: Change, _regions: Any, _languages: Any) -> Problem:
    people, barred = problem.people, problem.exclusions
    stays = people.key != change["person"]
    row = np.cumsum(stays) - 1
    kept = stays[barred.person] if len(barred) else np.empty(0, dtype=bool)
    return replace(
        problem,
        people=People(**{name: getattr(people, name)[stays] for name in people.columns()}),
        exclusions=Exclusions(post=barred.post[kept], person=row[barred.person[kept]], bar=barred.bar[kept]),
    )


def _with(problem: Problem, *, capacity: Ints) -> Problem:
    people = problem.people
    columns = {name: getattr(people, name) for name in people.columns()}
    return replace(problem, people=People(**(columns | {"capacity": capacity})))


_KINDS = {
    "places": _places,
    "firm": _firm,
    "cap": _cap,
    "radius": _radius,
    "subsidy": _subsidy,
    "without": _without,
}
#: in the order in which a scenario's changes are made: newcomers get their keys before anybody goes
KINDS = tuple(_KINDS)
