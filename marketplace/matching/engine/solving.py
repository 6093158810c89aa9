"""From a ground to the best plan on it, and the lottery among all best ones."""

# Numba infers the types of compiled functions.
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from threading import Event

import numpy as np

from marketplace.matching.compiled import compiled
from marketplace.matching.problem import Ints

from .cutting import ROOT
from .forward import LISTED, State, new_state, place, place_cost
from .ground import CLOSED, FAR, UNLIMITED, Ground, Layout, explicit_ground
from .near import all_between

#: people kept in each post's short list
LIST = 24
#: where many people cost nearly the same, short lists are used up again and again: so many drawn a post, and lists grow
USED_UP = 60
#: to so many people, and so many entries of all lists together
LONG_LIST, ENTRIES = 400, 12_000_000
#: posts placed between two looks at that
AT_ONCE = 1000
_NOBODY = np.empty(0, dtype=np.int64)


def solve_layout(layout: Layout, threads: int = 1, log: int = 0) -> State:
    """The best plan of a layout."""
    ground, node = layout.ground, layout.parts.node
    states = [new_state(ground, LIST, log)]
    order = neediest_first(ground, len(layout.post))
    waiting = {int(part): order[node[order] == part] for part in np.unique(node)}
    if threads > 1 and len(layout.parts.leaves) > 1:
        states.append(second_thread(ground, states[0]))
        _place_at_once(layout, states, waiting)
    rest = waiting.get(ROOT, order[:0])
    while len(rest):
        rest, used_up = _place_some(ground, states[0], rest)
        if used_up:
            states = with_longer_lists(ground, states)
    for other in states[1:]:
        for name in ("tally", "total", "unplaced"):
            own = getattr(states[0], name)
            own += getattr(other, name)
    return states[0]


def _place_at_once(layout: Layout, states: list[State], waiting: dict[int, Ints]) -> None:
    """Place the posts of all parts but the root's, a thread for each of ``states``; those near a cut when those on both its
    sides are placed. When lists are used up somewhere all threads halt, and go on with longer ones."""
    ground, free = layout.ground, list(range(len(states)))
    halt = Event()

    def work(part: int) -> int:
        own = free.pop()
        rest = waiting.get(part, _NOBODY)
        while len(rest) and not halt.is_set():
            rest, used_up = _place_some(ground, states[own], rest)
            if used_up:
                halt.set()
        waiting[part] = rest
        free.append(own)
        return part

    with ThreadPoolExecutor(len(states)) as pool:
        running = {pool.submit(work, leaf) for leaf in layout.parts.leaves.tolist()}
        placed: set[int] = set()
        halted: list[int] = []
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for part in (future.result() for future in done):
                if len(waiting[part]):
                    halted.append(part)
                    continue
                placed.add(part)
                if part ^ 1 in placed and part // 2 > ROOT:
                    running.add(pool.submit(work, part // 2))
            if not running and halt.is_set():
                states[:] = with_longer_lists(ground, states)
                halt.clear()
                running, halted = {pool.submit(work, part) for part in halted}, []


def _place_some(ground: Ground, state: State, posts: Ints) -> tuple[Ints, bool]:
    """Place some of ``posts``: those that are left, and whether these used up so many lists that longer ones would pay."""
    drawn = int(state.tally[LISTED])
    place(ground, state, posts[:AT_ONCE])
    used_up = state.tally[LISTED] - drawn > USED_UP * AT_ONCE and state.size < _longest(ground)
    return posts[AT_ONCE:], bool(used_up)


def _longest(ground: Ground) -> int:
    return min(LONG_LIST, ENTRIES // max(len(ground.empty), 1))


def with_longer_lists(ground: Ground, states: list[State]) -> list[State]:
    """The same plan, on the paper of each thread, with room for longer lists, drawn up when they are next needed."""
    rows, size = len(ground.empty), _longest(ground)
    states[0].length[:], states[0].bound[:] = -1, -FAR
    entries = rows * (size + 1) + 2 * (ground.groups_from + 1)
    values, costs = np.empty(entries, dtype=np.int64), np.empty(entries, dtype=np.int64)
    who = np.empty(entries, dtype=np.int32)
    return [
        state._replace(
            values=values, costs=costs, who=who, size=size, behind=rows * (size + 1) + k * (ground.groups_from + 1)
        )
        for k, state in enumerate(states)
    ]


def second_thread(ground: Ground, state: State) -> State:
    """The same plan for another thread, with scratch paper of its own."""
    fresh = {name: np.empty_like(getattr(state, name)) for name in ("touched", "keys", "items", "stack", "squares")}
    counters = {name: np.zeros_like(getattr(state, name)) for name in ("tally", "total", "unplaced", "logged")}
    log = {name: np.empty_like(getattr(state, name)[:0]) for name in ("moved", "moved_from", "moved_cost")}
    log |= {name: np.empty_like(getattr(state, name)[:0]) for name in ("price_row", "price_was")}
    return state._replace(**fresh, **counters, **log, behind=state.behind + ground.groups_from + 1)


def neediest_first(ground: Ground, posts: int) -> Ints:
    """In this order none of the posts is ever pushed out by a later one."""
    return np.asarray(np.argsort(-ground.empty[:posts], kind="stable"))


@compiled
def tight_pairs(g, s, posts):
    """The pairs without slack of ``posts`` (the rows below it), by post; and whether each may stay empty."""
    behind = s.behind
    start = np.zeros(posts + 1, dtype=np.int64)
    person = np.empty(2 * posts + 16, dtype=np.int32)
    may_be_empty = np.zeros(posts, dtype=np.bool_)
    count = 0
    for v in range(posts):
        p = g.group[v]
        may_be_empty[v] = g.empty[v] + g.people_i[0, p] == s.worth[v]
        begin = v * (s.size + 1)
        if s.length[v] >= 0 and s.bound[v] > s.worth[v]:
            # Nobody without slack is outside the list.
            found = 0
            for k in range(begin, begin + s.length[v]):
                if s.costs[k] + g.people_i[0, s.who[k]] == s.worth[v]:
                    s.who[behind + found] = s.who[k]
                    found += 1
        else:
            found = all_between(g, v, s.worth[v], s.worth[v] + 1, s.values, s.costs, s.who, behind, s.stack, s.squares)
        if count + found > len(person):
            person = np.concatenate((person, np.empty(len(person) + found, dtype=np.int32)))
        for k in range(found):
            person[count + k] = s.who[behind + k]
        count += found
        start[v + 1] = count
    return start, person[:count], may_be_empty


@compiled
def free_places(g, s):
    """For each person how many places cost less than the price (they are taken in every best plan) and how many no more."""
    people = len(g.room)
    surely = np.zeros(people, dtype=np.int64)
    maybe = np.zeros(people, dtype=np.int64)
    for p in range(people):
        # Prices of a best plan stand between the last place taken and the next.
        k = s.load[p]
        while k > 0 and place_cost(g, p, k - 1) == g.people_i[0, p]:
            k -= 1
        surely[p] = k
        k = s.load[p]
        while k < g.room[p] and k < len(s.owner) and place_cost(g, p, k) == g.people_i[0, p]:
            k += 1
        maybe[p] = k
    return surely, maybe


def draw(ground: Ground, state: State, posts: int, number_of: object) -> Ints:
    """Owners (rows of the ground) of the best plan with the least sum of lottery numbers.

    ``number_of(post rows, person rows)`` gives the numbers; person row -1 is nobody.
    """
    start, person, may_be_empty = tight_pairs(ground, state, posts)
    options = np.diff(start) + may_be_empty
    owner = state.owner[:posts].astype(np.int64)
    if (options <= 1).all():
        return owner
    post = np.repeat(np.arange(posts), np.diff(start))
    number = number_of(post, person)  # type: ignore[operator]
    everyone = np.arange(posts)
    alone = number_of(everyone, np.full(posts, -1))  # type: ignore[operator]
    # More than all numbers together by which two best plans can differ: what no best plan contains is never worth it.
    must = int(max(number.max(initial=1), alone.max(initial=1))) * (int((options > 1).sum()) + 1)
    empty = np.where(may_be_empty, alone, must)
    surely, maybe = free_places(ground, state)
    bounded = (ground.room[ground.groups_from :] < UNLIMITED).any()
    if bounded:
        # "Nobody" of each group is a person like others, with the places that its bounds leave.
        may = np.flatnonzero(may_be_empty)
        post = np.concatenate([post, may])
        order = np.argsort(post, kind="stable")
        person = np.concatenate([person, ground.group[may]])[order]
        number = np.concatenate([number, empty[may]])[order]
        start = np.concatenate([[0], np.cumsum(np.bincount(post, minlength=posts))])
        empty = np.full(posts, must)
    else:
        surely, maybe = surely[: ground.groups_from], maybe[: ground.groups_from]
    unit_start = np.concatenate([[0], np.cumsum(maybe)]).astype(np.int64)
    small = explicit_ground(
        start, person, number, empty, unit_start, np.zeros(unit_start[-1], dtype=np.int64), surely, must
    )
    drawn = new_state(small, 4)
    place(small, drawn, everyone)
    # Where no group is bounded, whoever stays empty is at the row after the people in both grounds.
    return drawn.owner.astype(np.int64)


@compiled
def list_pairs(g, rows, people):
    """Every eligible pair of an unpriced ground by post, posts in the order of ``rows``: start, person (ascending), cost."""
    everybody = g.groups_from
    values, costs = np.empty(everybody + 1, dtype=np.int64), np.empty(everybody + 1, dtype=np.int64)
    who, stack = np.empty(everybody + 1, dtype=np.int32), np.empty(256, dtype=np.int64)
    squares = np.empty(256)
    start = np.zeros(len(rows) + 1, dtype=np.int64)
    person, cost = np.empty(16 * len(rows) + 16, dtype=np.int64), np.empty(16 * len(rows) + 16, dtype=np.int64)
    count = 0
    for at in range(len(rows)):
        found = all_between(g, rows[at], -CLOSED, CLOSED, values, costs, who, 0, stack, squares)
        while count + found > len(person):
            person = np.concatenate((person, np.empty_like(person)))
            cost = np.concatenate((cost, np.empty_like(cost)))
        for k in range(found):
            person[count + k] = people[who[k]]
        order = np.argsort(person[count : count + found])
        person[count : count + found] = person[count : count + found][order]
        for k in range(found):
            cost[count + k] = costs[order[k]]
        count += found
        start[at + 1] = count
    return start, person[:count].copy(), cost[:count].copy()
