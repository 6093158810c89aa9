"""A plan that stays best while things change, and answers why.

It keeps prices as its state. Each change is repaired along shortest ways from those prices, all eligible pairs
included, and leaves a plan that is best for the problem as it then is (``problem`` and ``verify`` show it). Rows are
named by the keys of posts and people. Among plans of equal cost it keeps the one it has: the lottery belongs to the
published plan, a repair moves nobody for a draw.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .engine import events
from .engine.ground import FAR, lay_out
from .engine.near import cheapest, pair_cost
from .engine.solving import solve_layout
from .network import dearest_pairs, emptiness, most_places, rank_prices
from .pairs import on_sphere
from .problem import Exclusions, Ints, People, Posts, Problem, ProblemError
from .proof import Verdict, verify

#: changes remembered for taking back
LOG = 1 << 16


@dataclass(frozen=True, slots=True)
class Moved:
    """A post that changed hands; None is nobody (or, on the side of the change itself, not wanted)."""

    post: int
    source: int | None
    target: int | None


@dataclass(frozen=True, slots=True)
class Change:
    """What an event did: ``added`` to the cost of the plan (emptiness included), and who ``moved``."""

    added: int
    moved: tuple[Moved, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Somebody else for a post: ``at_least`` by the prices; ``added`` exactly, with the moves it takes, if it was tried."""

    person: int
    cost: int
    at_least: int
    added: int | None = None
    moved: tuple[Moved, ...] = ()


class LivePlan:
    """The best plan of a problem, kept best.

    ``current`` (row of each post's person, or -1) with ``bonus`` makes staying cheaper by ``bonus``: a move must earn that much.
    ``spare`` newcomers fit on each side before the plan must be made anew, people of `PLACES_OF_NEWCOMERS` places or as many as
    anybody has, posts whose pairs cost no more than those there are.
    """

    def __init__(
        self, problem: Problem, *, current: Ints | None = None, bonus: int = 0, spare: int = 256, threads: int = 1
    ) -> None:
        self._bonus, self._spare = bonus, spare
        self._prices = rank_prices(problem, bonus=bonus, spare=spare)
        empty = emptiness(problem, self._prices)
        # What the prices of emptiness allow for. Were anything dearer, a post could stay empty to save it.
        self._most_places = most_places(problem, spare=spare)
        self._dearest_pair = int(dearest_pairs(problem.posts, problem.parameters).max(initial=0))
        self._problem = problem
        layout = lay_out(problem, empty, current=current, bonus=bonus, spare=spare, cut=threads > 1)
        self._ground = layout.ground
        posts, people = len(problem.posts), len(problem.people)
        self._state = solve_layout(layout, threads, LOG)
        ground = self._ground
        self._post_key = np.concatenate([problem.posts.key[layout.post], np.full(spare, -1)])
        self._person_key = np.concatenate([problem.people.key[layout.person], np.full(spare, -1)])
        self._post_row = {int(key): row for row, key in enumerate(self._post_key[:posts])}
        self._person_row = {int(key): row for row, key in enumerate(self._person_key[:people])}
        self._found = np.empty(len(ground.empty) + 1, dtype=np.int32)
        self._costs = np.empty(len(ground.empty) + 1, dtype=np.int64)
        self._taker = np.empty(len(ground.room), dtype=np.int32)
        self._scratch = (np.empty(64, np.int64), np.empty(64, np.int64), np.empty(64, np.int32))
        # What the problem says of each row, to be changed with it.
        weights = problem.parameters
        self._columns = {
            "capacity": _spread(problem.people.capacity[layout.person], spare),
            "max_minutes": _spread(problem.people.max_minutes[layout.person], spare),
            "longitude": _spread(problem.people.longitude[layout.person], spare),
            "latitude": _spread(problem.people.latitude[layout.person], spare),
        }
        self._post_columns = {
            name: _spread(getattr(problem.posts, name)[layout.post], spare)
            for name in ("longitude", "latitude", "tier", "priority")
        }
        self._access = weights.access_minutes
        self._open = ground.room[: ground.groups_from] > 0

    # Reading

    @property
    def cost(self) -> int:
        """What the plan costs, emptiness included."""
        return int(self._state.total[0])

    def person_of(self, post: int) -> int | None:
        """Key of who serves the post (by key), or None."""
        return self._key(int(self._state.owner[self._row(post)]))

    def price_of(self, person: int) -> int:
        """What one more place of the person is worth."""
        return int(self._ground.people_i[0, self._person_row[person]])

    def plan(self) -> dict[int, int]:
        """Post → person by keys."""
        wanted = {key: int(self._state.owner[row]) for key, row in self._post_row.items()}
        return {key: int(self._person_key[p]) for key, p in wanted.items() if 0 <= p < self._ground.groups_from}

    def problem(self) -> tuple[Problem, Ints, Ints]:
        """The problem as it now is, and the plan and prices in its rows: what ``verify`` wants."""
        g, s = self._ground, self._state
        rows = np.array([row for row in self._post_row.values() if s.owner[row] >= 0], dtype=np.int64)
        who = np.array(list(self._person_row.values()), dtype=np.int64)
        back = np.full(len(g.room), -1, dtype=np.int64)
        back[who] = np.arange(len(who))
        posts = Posts(
            key=self._post_key[rows],
            kmh=g.kmh[rows].astype(np.int64),
            wanted=g.posts_i[0, rows],
            required=g.posts_i[1, rows],
            languages=g.posts_i[2, rows],
            **{name: values[rows] for name, values in self._post_columns.items()},
        )
        people = People(
            key=self._person_key[who],
            load=g.held[who],
            specialties=g.people_i[1, who],
            languages=g.people_i[2, who],
            **(
                {name: values[who] for name, values in self._columns.items()}
                | {"capacity": np.where(g.room[who] > 0, self._columns["capacity"][who], g.held[who])}
            ),
        )
        exclusions = self._problem.exclusions
        if len(exclusions):
            post_at = {int(key): at for at, key in enumerate(posts.key)}
            post_key, person_key = self._problem.posts.key, self._problem.people.key
            kept = [
                (post_at[int(post_key[v])], int(back[self._person_row[int(person_key[p])]]), int(bar))
                for v, p, bar in zip(exclusions.post, exclusions.person, exclusions.bar, strict=True)
                if int(post_key[v]) in post_at
            ]
            exclusions = Exclusions(*(np.array([row[at] for row in kept], dtype=np.int64) for at in range(3)))
        problem = Problem(posts, people, self._problem.parameters, exclusions)
        owner = s.owner[rows]
        price = np.where(g.room[who] > 0, g.people_i[0, who], 0)
        return problem, back[owner], price

    def verify(self) -> Verdict:
        """The independent check of the plan as it stands (not where a bonus distorts the costs)."""
        problem, person, price = self.problem()
        return verify(problem, person, price, rank_prices=self._prices)

    # Changing

    def leave(self, person: int) -> Change:
        """The person serves no longer."""
        row = self._person_row[person]
        return self._change(events.close_person, row)

    def join(self, person: int) -> Change:
        """A person who left, or had no place, comes back with the capacity of the problem or of ``set_capacity``."""
        row = self._person_row[person]
        reach, far = self._limits(row)
        room = max(int(self._columns["capacity"][row] - self._ground.held[row]), 0)
        if self._ground.room[row] > 0:
            raise ProblemError("duplicate", "this person already serves")
        return self._change(events.open_person, row, reach, far, room, *self._room())

    def set_capacity(self, person: int, capacity: int) -> Change:
        """The person serves at most ``capacity`` posts, earlier ones included."""
        row, g = self._person_row[person], self._ground
        self._check_places(int(g.held[row]), capacity)
        self._columns["capacity"][row] = capacity
        room = max(capacity - int(g.held[row]), 0)
        if room == 0:
            change = self._change(events.close_person, row)
            g.share_of[row] = max(capacity, 1)
            return change
        if g.room[row] == 0:
            g.share_of[row] = max(capacity, 1)
            return self.join(person)
        return self._change(events.change_room, row, room, max(capacity, 1), *self._room())

    def add_person(self, person: Mapping[str, Any]) -> Change:
        """Somebody new: the columns of ``People`` by name."""
        one = People(**{name: np.array([value]) for name, value in person.items()})
        g, key = self._ground, int(one.key[0])
        row = int(g.used[0])
        if key in self._person_row:
            raise ProblemError("duplicate", "this person is known already")
        if row >= g.groups_from:
            raise ProblemError("range", "no room for another newcomer: make the plan anew")
        self._check_places(int(one.load[0]), int(one.capacity[0]))
        g.used[0] += 1
        self._person_row[key], self._person_key[row] = row, key
        g.people_f[:3, row] = np.concatenate(on_sphere(one.longitude, one.latitude))
        g.people_i[1, row], g.people_i[2, row] = one.specialties[0], one.languages[0]
        g.held[row], g.share_of[row] = one.load[0], max(int(one.capacity[0]), 1)
        for name, values in self._columns.items():
            values[row] = getattr(one, name)[0]
        return self.join(key)

    def remove_post(self, post: int) -> Change:
        """The post is no longer wanted."""
        return self._change(events.remove_post, self._row(post), *self._room())

    def restore_post(self, post: int) -> Change:
        """A removed post is wanted again."""
        return self._change(events.add_post, self._post_row[post])

    def add_post(self, post: Mapping[str, Any]) -> Change:
        """A new post: the columns of ``Posts`` by name. Its (tier, priority) must be one of the problem's."""
        one = Posts(**{name: np.array([value]) for name, value in post.items()})
        g, key = self._ground, int(one.key[0])
        row = int(g.used[1])
        rank = self._prices.get((int(one.tier[0]), int(one.priority[0])))
        if key in self._post_row:
            raise ProblemError("duplicate", "this post is known already")
        dearest = int(dearest_pairs(one, self._problem.parameters)[0])
        if row >= len(g.empty) or rank is None or dearest > self._dearest_pair:
            raise ProblemError("range", "no room for such a post: make the plan anew")
        g.used[1] += 1
        self._post_row[key], self._post_key[row] = row, key
        g.posts_f[:3, row] = np.concatenate(on_sphere(one.longitude, one.latitude))
        g.kmh[row] = one.kmh[0]
        g.posts_f[3, row] = _chord(g, row)
        g.posts_i[:, row] = one.wanted[0], one.required[0], one.languages[0]
        g.empty[row] = rank
        for name, values in self._post_columns.items():
            values[row] = getattr(one, name)[0]
        return self._change(events.add_post, row)

    # Why

    def why(self, post: int, *, count: int = 5, exact: bool = True) -> list[Choice]:
        """The ``count`` best other people of all in reach, by the prices; each tried out where ``exact``."""
        row, g, s = self._row(post), self._ground, self._state
        values, costs, who = self._scratch
        found, _bound = cheapest(g, row, count + 1, values, costs, who, 0, s.stack, s.squares)
        others = [
            (int(who[k]), int(costs[k]), int(values[k] - s.worth[row])) for k in range(found) if who[k] != s.owner[row]
        ][:count]
        tried = [self._try(row, p, cost) if exact else None for p, cost, _least in others]
        return [
            Choice(
                int(self._person_key[p]),
                cost,
                at_least,
                change.added if change else None,
                change.moved if change else (),
            )
            for (p, cost, at_least), change in zip(others, tried, strict=True)
        ]

    def instead(self, post: int, person: int) -> Choice | None:
        """What this very person at this post would cost the whole, and whom it would move; None where the pair may not be."""
        row, p = self._row(post), self._person_row[person]
        cost = int(pair_cost(self._ground, row, p))
        if cost >= FAR:
            return None
        at_least = cost + int(self._ground.people_i[0, p]) - int(self._state.worth[row])
        change = self._try(row, p, cost)
        return Choice(person, cost, at_least, change.added, change.moved)

    def if_capacity(self, person: int, capacity: int) -> Change:
        """What another capacity would change; the plan stays as it is."""
        row, g, s = self._person_row[person], self._ground, self._state
        before = (
            g.room[row],
            g.share_of[row],
            g.people_f[3, row],
            g.far[row],
            self._columns["capacity"][row],
            s.total[0],
        )
        change = self.set_capacity(person, capacity)
        g.room[row], g.share_of[row], g.people_f[3, row], g.far[row], self._columns["capacity"][row] = before[:5]
        self._undo(before[5])
        events.price_again(g, s, row)
        return change

    # Inside

    def _check_places(self, load: int, capacity: int) -> None:
        if load + min(max(capacity - load, 0), len(self._ground.empty)) > self._most_places:
            raise ProblemError("range", "more places than this plan's prices allow for: make the plan anew")

    def _row(self, post: int) -> int:
        row = self._post_row[post]
        if self._state.owner[row] < 0:
            raise ProblemError("range", "this post is not wanted")
        return row

    def _key(self, row: int) -> int | None:
        return int(self._person_key[row]) if 0 <= row < self._ground.groups_from else None

    def _limits(self, row: int) -> tuple[float, int]:
        minutes = min(int(self._columns["max_minutes"][row]), self._problem.parameters.radius_minutes)
        return minutes - self._access + 0.006, 100 * minutes

    def _room(self) -> tuple[Any, ...]:
        return self._found, self._costs, self._taker

    def _change(self, event: Any, *facts: Any) -> Change:
        s, before = self._state, self.cost
        s.logged[:] = 0
        event(self._ground, s, *facts)
        return Change(self.cost - before, self._moved())

    def _moved(self) -> tuple[Moved, ...]:
        s = self._state
        first: dict[int, int] = {}
        for k in range(min(int(s.logged[0]), LOG)):
            first.setdefault(int(s.moved[k]), int(s.moved_from[k]))
        return tuple(
            Moved(int(self._post_key[v]), self._key(source), self._key(int(s.owner[v])))
            for v, source in first.items()
            if source != s.owner[v]
        )

    def _try(self, row: int, p: int, cost: int) -> Change:
        """Put the post there, see, and take it back."""
        s, before = self._state, self._state.total[0]
        s.logged[:] = 0
        events.remove_post(self._ground, s, row, *self._room())
        events.force(self._ground, s, row, p, cost)
        change = Change(int(s.total[0] - before), tuple(m for m in self._moved() if m.post != self._post_key[row]))
        self._undo(before)
        return change

    def _undo(self, total: Any) -> None:
        if not events.undo(self._ground, self._state, self._found, self._costs):
            raise RuntimeError(f"a single change moved more than {LOG} posts or prices")
        self._state.total[0] = total


def _spread(values: Any, spare: int) -> Any:
    return np.concatenate([values, np.zeros(spare, dtype=values.dtype)])


def _chord(ground: Any, row: int) -> float:
    from .engine.ground import chord_a_minute

    return float(chord_a_minute(ground.kmh[row : row + 1], ground.detour)[0])
