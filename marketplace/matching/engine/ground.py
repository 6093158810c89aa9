"""A problem as the compiled core sees it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.pairs import EARTH_RADIUS_KM, on_sphere
from marketplace.matching.problem import Ints, Problem

from .cutting import Parts, cut_map, uncut
from .tree import boxes, least_of, levels_for, order_by_place

#: larger than any sum of prices; two of them fit 64 bits
FAR = 1 << 61
#: the price of a person who is closed
CLOSED = 1 << 60
#: places of a row without limit
UNLIMITED = 1 << 40
Array = NDArray[Any]


class Ground(NamedTuple):
    """Rows of people are 0 … ``R``; the rows after them are emptiness: row ``R + g`` is "nobody" of group ``g``.

    In ``people_f``: place on the unit sphere (3), minutes on the way that the person accepts (negative: closed). In ``people_i``:
    price, specialties, languages. In ``posts_f``: place (3), chord covered in a minute; in ``posts_i``: specialties wanted,
    specialties required, languages. Rows up to ``used`` exist; those of the trees are ``people_count`` and ``posts_count``, the
    newcomers behind them are looked at one by one.

    With ``explicit`` the pairs are those of ``pair_*`` by post, and places cost ``unit_cost``; places and costs are not
    computed.
    """

    people_f: Array
    people_i: Array
    far: Array  # hundredths of a minute that each person accepts, within the radius
    people_box: Array
    people_least: Array  # no price below each node is less
    posts_f: Array
    posts_i: Array
    kmh: Array
    posts_box: Array
    posts_fast: Array  # the greatest chord per minute below each node
    used: Array
    group: Array
    empty: Array
    group_start: Array
    group_posts: Array
    excluded_start: Array
    excluded: Array
    current: Array
    pair_start: Array
    pair_person: Array
    pair_cost: Array
    unit_start: Array
    unit_cost: Array
    held: Array
    share_of: Array  # capacity by which the share of load is counted
    least: Array  # places that must be taken
    room: Array  # places
    people_levels: int
    people_count: int
    posts_levels: int
    posts_count: int
    groups_from: int
    explicit: int
    access: float
    radius: float  # minutes on the way that the radius allows
    detour: float
    cost_per_minute: int
    language_cost: int
    specialty_cost: int
    load_cost: int
    load_share_cost: int
    bonus: int
    must: int  # what a place that must be taken saves


class Layout(NamedTuple):
    """The ground, and the rows of the problem in the order of the ground."""

    ground: Ground
    post: Ints
    person: Ints
    #: of rows of posts
    parts: Parts


_NONE = np.empty(0, dtype=np.int64)


def lay_out(
    problem: Problem,
    empty: Ints,
    *,
    group: Ints | None = None,
    group_least: Ints | None = None,
    group_most: Ints | None = None,
    person_least: Ints | None = None,
    current: Ints | None = None,
    bonus: int = 0,
    must: int = 0,
    spare: int = 0,
    cut: bool = False,
) -> Layout:
    """Arrays in the order of the trees, with room for ``spare`` newcomers on both sides.

    ``empty`` is the price of each post's emptiness; ``group`` its group, of whose posts between ``group_least`` and
    ``group_most`` stay empty; ``current`` the person whom ``bonus`` keeps. ``cut`` asks for parts that can be solved at once.
    """
    posts, people, weights = problem.posts, problem.people, problem.parameters
    post_at = np.stack(on_sphere(posts.longitude, posts.latitude))
    person_at = np.stack(on_sphere(people.longitude, people.latitude))
    post_levels, person_levels = levels_for(len(posts)), levels_for(len(people))
    post = order_by_place(post_at, post_levels)
    person = order_by_place(person_at, person_levels)
    rows, columns = len(posts) + spare, len(people) + spare
    detour = weights.detour_percent * 0.6
    parts = uncut(len(posts))
    if cut and group is None and len(posts) > 1:
        reach = chord_a_minute(posts.kmh[post].astype(np.float64), detour)
        parts = cut_map(post_at[:, post], max(weights.radius_minutes - weights.access_minutes + 0.006, 0.0) * reach)
    # Each part has a "nobody" of its own, so that two threads share no row.
    groups = len(parts.leaves) if group_most is None else len(group_most)

    people_f = np.zeros((4, columns))
    people_f[:3, : len(people)] = person_at[:, person]
    people_f[3] = -1.0
    far = np.full(columns, -1, dtype=np.int64)
    people_i = np.zeros((3, columns + groups), dtype=np.int64)
    people_i[0, :columns] = CLOSED
    open_ = problem.remaining()[person] > 0
    minutes = np.minimum(people.max_minutes[person], weights.radius_minutes)
    people_f[3, : len(people)] = np.where(open_, minutes - weights.access_minutes + 0.006, -1.0)
    far[: len(people)] = np.where(open_, 100 * minutes, -1)
    people_i[0, : len(people)] = np.where(open_, 0, CLOSED)
    people_i[1, : len(people)] = people.specialties[person]
    people_i[2, : len(people)] = people.languages[person]

    posts_f = np.zeros((4, rows))
    posts_f[:3, : len(posts)] = post_at[:, post]
    kmh = np.ones(rows, dtype=np.float64)
    kmh[: len(posts)] = posts.kmh[post]
    posts_f[3] = chord_a_minute(kmh, detour)
    posts_i = np.zeros((3, rows), dtype=np.int64)
    for line, column in enumerate((posts.wanted, posts.required, posts.languages)):
        posts_i[line, : len(posts)] = column[post]

    def filled(values: Array, size: int, rest: int, dtype: Any = np.int64) -> Array:
        whole = np.full(size, rest, dtype=dtype)
        whole[: len(values)] = values
        return whole

    group_in = parts.first_leaf() if group is None else np.asarray(group)[post]
    bounded = group_most is not None
    listed = np.argsort(group_in, kind="stable").astype(np.int32) if bounded else _NONE.astype(np.int32)
    starts = np.concatenate([[0], np.cumsum(np.bincount(group_in, minlength=groups))]) if bounded else np.zeros(2)
    most = np.full(groups, UNLIMITED) if group_most is None else np.asarray(group_most)
    least = np.zeros(columns + groups, dtype=np.int64)
    if person_least is not None:
        least[: len(people)] = person_least[person]
    if group_least is not None:
        least[columns:] = group_least
    room = np.concatenate([filled(problem.remaining()[person], columns, 0), most]).astype(np.int64)
    people_i[0][(least > 0) & (room > 0)] = -must

    excluded_start, excluded = _exclusions(problem, post, person, rows)
    back = np.full(len(people) + 1, -1, dtype=np.int32)
    back[person] = np.arange(len(people))
    ground = Ground(
        people_f=people_f,
        people_i=people_i,
        far=far,
        people_box=boxes(people_f, len(people), person_levels),
        people_least=np.full(2 << person_levels, min(0, -must), dtype=np.int64),
        posts_f=posts_f,
        posts_i=posts_i,
        kmh=kmh,
        posts_box=boxes(posts_f, len(posts), post_levels),
        posts_fast=_fastest(posts_f[3], len(posts), post_levels),
        used=np.array([len(people), len(posts)], dtype=np.int64),
        group=filled(columns + group_in, rows, columns, np.int32),
        empty=filled(empty[post], rows, 0),
        group_start=starts.astype(np.int64),
        group_posts=listed,
        excluded_start=excluded_start,
        excluded=excluded,
        current=filled(_NONE if current is None else back[current[post]], rows, -1, np.int32),
        pair_start=np.zeros(1, dtype=np.int64),
        pair_person=np.empty(0, dtype=np.int32),
        pair_cost=_NONE,
        unit_start=_NONE,
        unit_cost=_NONE,
        held=filled(people.load[person], columns, 0),
        share_of=filled(np.maximum(people.capacity[person], 1), columns, 1),
        least=least,
        room=room,
        people_levels=person_levels,
        people_count=len(people),
        posts_levels=post_levels,
        posts_count=len(posts),
        groups_from=columns,
        explicit=0,
        access=float(weights.access_minutes),
        radius=weights.radius_minutes - weights.access_minutes + 0.006,
        detour=float(detour),
        cost_per_minute=weights.cost_per_minute,
        language_cost=weights.language_cost,
        specialty_cost=weights.specialty_cost,
        load_cost=weights.load_cost,
        load_share_cost=weights.load_share_cost,
        bonus=int(bonus),
        must=int(must),
    )
    return Layout(ground, post, person, parts)


class Asked(NamedTuple):
    """A ground to be asked: the row in it of each post of the problem, and the row in the problem of each of its people."""

    ground: Ground
    rows: Ints
    people: Ints


def to_ask(problem: Problem, price: Ints | None = None) -> Asked:
    """The ground of a problem at ``price`` of people (none: what people charge is not counted)."""
    layout = lay_out(problem, np.zeros(len(problem.posts), dtype=np.int64))
    ground, count = layout.ground, len(problem.people)
    if price is not None:
        open_ = ground.room[:count] > 0
        ground.people_i[0, :count][open_] = price[layout.person][open_]
        ground.people_least[:] = least_of(ground.people_i[0], count, ground.people_levels)
    rows = np.empty(len(problem.posts), dtype=np.int64)
    rows[layout.post] = np.arange(len(rows))
    return Asked(ground, rows, layout.person)


def explicit_ground(
    start: Ints,
    person: Ints,
    cost: Ints,
    empty: Ints,
    unit_start: Ints,
    unit_cost: Ints,
    least: Ints | None = None,
    must: int = 0,
) -> Ground:
    """The ground of listed pairs: nothing is computed from places. ``least`` places of each person save ``must`` each."""
    count, columns = len(empty), len(unit_start) - 1
    if least is None:
        least = np.zeros(columns, dtype=np.int64)
    nothing = np.zeros((4, 0))
    none = np.zeros((3, 0), dtype=np.int64)
    box = np.zeros((2, 6))
    room = np.append(np.diff(unit_start), UNLIMITED)
    price = np.zeros((3, columns + 1), dtype=np.int64)
    price[0, :columns] = np.where(room[:-1] > 0, 0, CLOSED)
    price[0, :columns][(least > 0) & (room[:-1] > 0)] = -must
    return Ground(
        people_f=nothing,
        people_i=price,
        far=_NONE,
        people_box=box,
        people_least=np.zeros(2, dtype=np.int64),
        posts_f=nothing,
        posts_i=none,
        kmh=np.empty(0),
        posts_box=box,
        posts_fast=np.zeros(2),
        used=np.array([columns, count], dtype=np.int64),
        group=np.full(count, columns, dtype=np.int32),
        empty=np.ascontiguousarray(empty, dtype=np.int64),
        group_start=np.zeros(2, dtype=np.int64),
        group_posts=np.empty(0, dtype=np.int32),
        excluded_start=np.zeros(1, dtype=np.int64),
        excluded=np.empty(0, dtype=np.int32),
        current=np.full(count, -1, dtype=np.int32),
        pair_start=np.ascontiguousarray(start, dtype=np.int64),
        pair_person=person.astype(np.int32),
        pair_cost=np.ascontiguousarray(cost, dtype=np.int64),
        unit_start=np.ascontiguousarray(unit_start, dtype=np.int64),
        unit_cost=np.ascontiguousarray(unit_cost, dtype=np.int64),
        held=_NONE,
        share_of=_NONE,
        least=np.append(least, 0).astype(np.int64),
        room=room.astype(np.int64),
        people_levels=0,
        people_count=0,
        posts_levels=0,
        posts_count=0,
        groups_from=columns,
        explicit=1,
        access=0.0,
        radius=0.0,
        detour=0.0,
        cost_per_minute=0,
        language_cost=0,
        specialty_cost=0,
        load_cost=0,
        load_share_cost=0,
        bonus=0,
        must=int(must),
    )


def chord_a_minute(kmh: Array, detour: float) -> Array:
    """The chord of the unit sphere covered in a minute, rounded up: an arc is never shorter than its chord."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.minimum(kmh / (detour * EARTH_RADIUS_KM), 1e30) * (1 + 1e-9))


def _fastest(values: Array, count: int, levels: int) -> Array:
    leaves = 1 << levels
    fastest = np.zeros(2 * leaves)
    if count:
        starts = np.arange(leaves) * count >> levels
        # Only a tree of one leaf can have an empty one.
        fastest[leaves:] = np.maximum.reduceat(values[:count], starts)
    for level in range(levels - 1, -1, -1):
        first = 1 << level
        pairs = fastest[2 * first : 4 * first]
        fastest[first : 2 * first] = np.maximum(pairs[0::2], pairs[1::2])
    return fastest


def _exclusions(problem: Problem, post: Ints, person: Ints, rows: int) -> tuple[Array, Array]:
    """People excluded from each post, in the order of the ground."""
    if not len(problem.exclusions):
        return np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.int32)
    where_post, where_person = np.empty(len(post), dtype=np.int64), np.empty(len(person), dtype=np.int64)
    where_post[post] = np.arange(len(post))
    where_person[person] = np.arange(len(person))
    says = problem.exclusions.bar != 0
    row = where_post[problem.exclusions.post[says]]
    order = np.argsort(row, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=rows))]).astype(np.int64)
    return start, where_person[problem.exclusions.person[says]][order].astype(np.int32)
