"""Why this person for this post, who would be next, and what would change it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from .network import Engine, network_of
from .pairs import Bar, Pairs, eligible_pairs, judge
from .problem import Ints, People, Problem
from .solver import Plan, solve
from .swaps import EXACT_PEOPLE, Move, Swaps, added_costs, swaps

ALTERNATIVES = 3


class Limit(StrEnum):
    """What keeps an eligible person from a post."""

    TIE = "tie"  # the plan would cost the same: the lottery decided
    DEARER = "dearer"  # there is a free place, but another serves the whole better
    FULL = "full"  # no free place: another post would have to move
    SCARCE = "scarce"  # another post would stay empty


class Emptiness(StrEnum):
    """Why nobody serves a post."""

    NO_PEOPLE = "no_people"
    BARRED = "barred"  # nobody is eligible
    FULL = "full"  # everybody eligible is needed where emptiness would weigh as much or more


@dataclass(frozen=True, slots=True)
class Parts:
    """Where a cost comes from. ``load`` is that of the person's last place."""

    hundredths: int
    travel: int
    language: int
    specialty: int
    load: int


@dataclass(frozen=True, slots=True)
class Alternative:
    """An eligible person who was not chosen. ``added``: what the whole plan would cost more; at least that if not ``exact``."""

    person: int
    added: int
    exact: bool
    limit: Limit
    hundredths: int
    cost: int
    moves: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class Barred:
    """A person nearer than the chosen one (or near, if nobody is) who was not eligible, and every reason."""

    person: int
    hundredths: int
    bar: Bar


@dataclass(frozen=True, slots=True)
class PostReason:
    """``eligible`` people could serve the post; of them ``alternatives`` come next after ``person``."""

    post: int
    person: int
    eligible: int
    parts: Parts | None
    post_price: int
    person_price: int
    alternatives: tuple[Alternative, ...]
    barred: tuple[Barred, ...]
    empty: Emptiness | None


def post_reasons(problem: Problem, pairs: Pairs, plan: Plan) -> Iterator[PostReason]:
    """The reason of every post, in order."""
    network = network_of(problem, pairs)
    exact = network.people <= EXACT_PEOPLE
    ways = swaps(network, plan.person) if exact else None
    added = added_costs(network, plan.person, ways) if ways else _at_least(pairs, plan)
    post = pairs.post()
    # The chosen pair comes first of all: its added cost is 0, and -1 beats every tie.
    ranked = np.lexsort((pairs.person, np.where(pairs.person == plan.person[post], -1, added), post))
    seen = judge(problem, post, pairs.person)
    load_cost = _last_places(problem, plan)
    nearest = _nearest_barred(problem, plan)
    for v in range(len(plan.person)):
        chosen = int(plan.person[v])
        rows = ranked[pairs.start[v] : pairs.start[v + 1]]
        parts = None
        if chosen >= 0:
            own = rows[0]
            parts = Parts(
                int(seen.hundredths[own]),
                int(seen.travel[own]),
                int(seen.language[own]),
                int(seen.specialty[own]),
                int(load_cost[chosen]),
            )
            rows = rows[1:]
        alternatives = []
        for row in rows[:ALTERNATIVES]:
            who = int(pairs.person[row])
            moves = ways.moves(who, chosen if chosen >= 0 else ways.people) if ways else ()
            alternatives.append(
                Alternative(
                    person=who,
                    added=int(added[row]),
                    exact=exact,
                    limit=_limit(problem, plan, who, int(added[row]), moves),
                    hundredths=int(seen.hundredths[row]),
                    cost=int(pairs.cost[row]),
                    moves=moves,
                )
            )
        eligible = int(pairs.start[v + 1] - pairs.start[v])
        empty = None
        if chosen < 0:
            empty = Emptiness.FULL if eligible else Emptiness.BARRED if len(problem.people) else Emptiness.NO_PEOPLE
        yield PostReason(
            post=v,
            person=chosen,
            eligible=eligible,
            parts=parts,
            post_price=int(plan.post_price[v]),
            person_price=int(plan.person_price[chosen]) if chosen >= 0 else 0,
            alternatives=tuple(alternatives),
            barred=nearest[v],
            empty=empty,
        )


def _at_least(pairs: Pairs, plan: Plan) -> Ints:
    """Reduced costs: a lower bound of what each pair would add."""
    return pairs.cost + plan.person_price[pairs.person] - plan.post_price[pairs.post()]


def _limit(problem: Problem, plan: Plan, person: int, added: int, moves: tuple[Move, ...]) -> Limit:
    if added == 0:
        return Limit.TIE
    if any(move.target < 0 for move in moves):
        return Limit.SCARCE
    return Limit.FULL if plan.load[person] >= problem.remaining()[person] else Limit.DEARER


def _last_places(problem: Problem, plan: Plan) -> Ints:
    """The cost of each person's last taken place."""
    people, weights = problem.people, problem.parameters
    held = np.maximum(people.load + plan.load - 1, 0)
    return np.asarray(weights.load_cost * held + weights.load_share_cost * held // np.maximum(people.capacity, 1))


def _nearest_barred(problem: Problem, plan: Plan) -> list[tuple[Barred, ...]]:
    """For each post the nearest people who are not eligible, nearer than the chosen one where there is one."""
    people = np.arange(len(problem.people))
    found: list[tuple[Barred, ...]] = []
    step = max(1, (1 << 18) // max(len(people), 1))
    for first in range(0, len(problem.posts), step):
        rows = np.arange(first, min(first + step, len(problem.posts)))
        if not len(people):
            found.extend(() for _ in rows)
            continue
        seen = judge(problem, rows[:, None], people[None, :])
        far = np.iinfo(np.int64).max
        chosen = plan.person[rows]
        within = np.where(chosen >= 0, seen.hundredths[np.arange(len(rows)), chosen], far)
        shown = np.where((seen.bar != Bar.NONE) & (seen.hundredths < within[:, None]), seen.hundredths, far)
        count = min(ALTERNATIVES, len(people))
        nearest = np.argsort(shown, axis=1, kind="stable")[:, :count]
        found.extend(
            tuple(
                Barred(int(p), int(seen.hundredths[row, p]), Bar(int(seen.bar[row, p])))
                for p in nearest[row]
                if shown[row, p] < far
            )
            for row in range(len(rows))
        )
    return found


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why ``person`` does not serve ``post``, and the one fact that would change it.

    ``bar`` is NONE where the pair is eligible; then the plan would cost ``added`` more with it, and would contain it if the pair
    cost ``added + 1`` less. Where exactly one thing bars, ``changed`` is the problem without that bar, and ``then_chosen`` says
    whether the best plan of that problem has the person there (by solving it).
    """

    post: int
    person: int
    bar: Bar
    hundredths: int
    added: int
    limit: Limit | None
    moves: tuple[Move, ...]
    then_chosen: bool | None


def why_not(
    problem: Problem, pairs: Pairs, plan: Plan, post: int, person: int, *, engine: Engine | None = None
) -> WhyNot:
    """Ask for one person and one post that the plan does not bring together."""
    seen = judge(problem, post, person)
    bar, hundredths = Bar(int(seen.bar)), int(seen.hundredths)
    if bar is not Bar.NONE:
        then = None
        if len(bar) == 1:
            eased = without_bar(problem, post, person, bar, hundredths)
            then = bool(solve(eased, eligible_pairs(eased), engine=engine).person[post] == person)
        return WhyNot(post, person, bar, hundredths, 0, None, (), then)
    no_moves: tuple[Move, ...] = ()
    network = network_of(problem, pairs)
    row = int(pairs.find(post, person))
    ways: Swaps | None = swaps(network, plan.person) if network.people <= EXACT_PEOPLE else None
    added, moves = int(_at_least(pairs, plan)[row]), no_moves
    if ways is not None:
        chosen = int(plan.person[post])
        added = int(added_costs(network, plan.person, ways)[row])
        moves = ways.moves(person, chosen if chosen >= 0 else ways.people)
    return WhyNot(post, person, bar, hundredths, added, _limit(problem, plan, person, added, moves), moves, None)


def without_bar(problem: Problem, post: int, person: int, bar: Bar, hundredths: int) -> Problem:
    """The problem in which this one bar between the two is lifted and nothing else is changed."""
    people, exclusions = problem.people, problem.exclusions
    if bar is Bar.BEYOND_RADIUS:
        return replace(problem, parameters=replace(problem.parameters, radius_minutes=-(-hundredths // 100)))
    if bar is Bar.BEYOND_PERSON:
        return replace(problem, people=_with(people, "max_minutes", person, -(-hundredths // 100)))
    if bar is Bar.UNQUALIFIED:
        learnt = int(people.specialties[person] | problem.posts.required[post])
        return replace(problem, people=_with(people, "specialties", person, learnt))
    if bar is Bar.NO_CAPACITY:
        return replace(problem, people=_with(people, "capacity", person, int(people.load[person]) + 1))
    kept = (exclusions.post != post) | (exclusions.person != person)
    return replace(
        problem,
        exclusions=replace(
            exclusions, post=exclusions.post[kept], person=exclusions.person[kept], bar=exclusions.bar[kept]
        ),
    )


def _with(people: People, column: str, row: int, value: int) -> People:
    values: Ints = getattr(people, column).copy()
    values[row] = value
    return replace(people, **{column: values})  # type: ignore[arg-type]
