"""Why this person for this post, who would be next, and what would change it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from .network import network_of
from .pairs import Bar, eligible_pairs, judge
from .problem import Ints, People, Problem
from .solver import Plan, solve
from .swaps import Move, Swaps, added_costs, are_exact, swaps

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


@dataclass(frozen=True, slots=True, eq=False)
class Following:
    """Of each asked post: how many ``eligible``, the ``ALTERNATIVES`` that come next (-1: no more), what each would add."""

    eligible: Ints
    person: Ints
    added: Ints
    ways: Swaps | None


def post_reasons(problem: Problem, plan: Plan, posts: Ints | None = None) -> Iterator[PostReason]:
    """The reason of every post, or of the rows ``posts``, in order.

    For some posts ``plan`` need only be right for them and for all with whom they hang together (``division``).
    """
    rows = np.arange(len(problem.posts)) if posts is None else posts
    following = _exactly(problem, plan, rows) if are_exact(problem) else by_prices(problem, plan, rows)
    chosen = plan.person[rows]
    filled = np.flatnonzero(chosen >= 0)
    own = judge(problem, rows[filled], chosen[filled])
    within = np.full(len(rows), -1, dtype=np.int64)
    within[filled] = own.hundredths
    last_place = _last_places(problem, plan)[chosen[filled]]
    parts = iter(
        np.stack([own.hundredths, own.travel, own.language, own.specialty, last_place], axis=1).tolist()
        if len(filled)
        else []
    )
    barred = _barred(problem, rows, within)
    alternatives = _alternatives(problem, plan, rows, following)
    for at, (v, who, eligible) in enumerate(
        zip(rows.tolist(), chosen.tolist(), following.eligible.tolist(), strict=True)
    ):
        empty = None
        if who < 0:
            empty = Emptiness.FULL if eligible else Emptiness.BARRED if len(problem.people) else Emptiness.NO_PEOPLE
        yield PostReason(
            post=v,
            person=who,
            eligible=eligible,
            parts=Parts(*next(parts)) if who >= 0 else None,
            post_price=int(plan.post_price[v]),
            person_price=int(plan.person_price[who]) if who >= 0 else 0,
            alternatives=alternatives(at),
            barred=barred(at),
            empty=empty,
        )


def _exactly(problem: Problem, plan: Plan, rows: Ints) -> Following:
    """What comes next by what the whole plan would cost, from all ways between people."""
    pairs = eligible_pairs(problem)
    network = network_of(problem, pairs)
    ways = swaps(network, plan.person)
    added = added_costs(network, plan.person, ways)
    post = pairs.post()
    # The chosen pair comes first of all: its added cost is 0, and -1 beats every tie.
    ranked = np.lexsort((pairs.person, np.where(pairs.person == plan.person[post], -1, added), post))
    first = pairs.start[rows] + (plan.person[rows] >= 0)
    at = first[:, None] + np.arange(ALTERNATIVES)
    inside = at < pairs.start[rows + 1][:, None]
    if len(ranked):
        pair = ranked[np.minimum(at, len(ranked) - 1)]
        person, cost = np.where(inside, pairs.person[pair], -1), np.where(inside, added[pair], 0)
    else:
        person, cost = np.full(at.shape, -1, dtype=np.int64), np.zeros(at.shape, dtype=np.int64)
    return Following(np.diff(pairs.start)[rows], person, cost, ways)


def by_prices(problem: Problem, plan: Plan, rows: Ints) -> Following:
    """What comes next by reduced cost, a lower bound of what a pair would add; no pair is written down."""
    # Imported when something is computed: numba takes half a second that no web process should pay.
    from .engine.ground import to_ask
    from .engine.looking import in_reach, next_best

    ground, row_of, people = to_ask(problem, plan.person_price)
    back = np.full(len(people) + 1, -1, dtype=np.int64)
    back[people] = np.arange(len(people))
    eligible = in_reach(ground, row_of[rows])
    person, value = next_best(ground, row_of[rows], back[plan.person[rows]], people, ALTERNATIVES)
    added = np.where(person >= 0, value - plan.post_price[rows][:, None], 0)
    return Following(eligible, person, added, None)


def _alternatives(
    problem: Problem, plan: Plan, rows: Ints, following: Following
) -> Callable[[int], tuple[Alternative, ...]]:
    """Place in ``rows`` → its alternatives."""
    post, order = np.nonzero(following.person >= 0)
    who = following.person[post, order]
    seen = judge(problem, rows[post], who)
    full = (plan.load >= problem.remaining())[who]
    facts = list(
        zip(
            who.tolist(),
            following.added[post, order].tolist(),
            seen.hundredths.tolist(),
            seen.cost.tolist(),
            full.tolist(),
            strict=True,
        )
    )
    start = np.searchsorted(post, np.arange(len(rows) + 1)).tolist()
    chosen = plan.person[rows].tolist()
    ways = following.ways

    def of(at: int) -> tuple[Alternative, ...]:
        found = []
        for person, added, hundredths, cost, is_full in facts[start[at] : start[at + 1]]:
            moves = ways.moves(person, chosen[at] if chosen[at] >= 0 else ways.people) if ways else ()
            limit = _limit(is_full, added, moves)
            found.append(Alternative(person, added, ways is not None, limit, hundredths, cost, moves))
        return tuple(found)

    return of


def _barred(problem: Problem, rows: Ints, within: Ints) -> Callable[[int], tuple[Barred, ...]]:
    """Place in ``rows`` → the nearest people who are not eligible, nearer than ``within`` (-1: however far)."""
    # Imported when something is computed: numba takes half a second that no web process should pay.
    from .engine.ground import to_ask
    from .engine.looking import ANYWHERE, nearest_barred

    ground, row_of, people = to_ask(problem)
    near = nearest_barred(ground, row_of[rows], np.where(within < 0, ANYWHERE, within), people, ALTERNATIVES)
    post, order = np.nonzero(near >= 0)
    who = near[post, order]
    seen = judge(problem, rows[post], who)
    facts = list(zip(who.tolist(), seen.hundredths.tolist(), seen.bar.tolist(), strict=True))
    start = np.searchsorted(post, np.arange(len(rows) + 1)).tolist()
    return lambda at: tuple(Barred(*fact[:2], Bar(fact[2])) for fact in facts[start[at] : start[at + 1]])


def _limit(full: bool, added: int, moves: tuple[Move, ...]) -> Limit:
    if added == 0:
        return Limit.TIE
    if any(move.target < 0 for move in moves):
        return Limit.SCARCE
    return Limit.FULL if full else Limit.DEARER


def _last_places(problem: Problem, plan: Plan) -> Ints:
    """The cost of each person's last taken place."""
    people, weights = problem.people, problem.parameters
    held = np.maximum(people.load + plan.load - 1, 0)
    return np.asarray(weights.load_cost * held + weights.load_share_cost * held // np.maximum(people.capacity, 1))


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


def why_not(problem: Problem, plan: Plan, post: int, person: int) -> WhyNot:
    """Ask for one person and one post that the plan does not bring together."""
    seen = judge(problem, post, person)
    bar, hundredths = Bar(int(seen.bar)), int(seen.hundredths)
    if bar is not Bar.NONE:
        then = None
        if len(bar) == 1:
            eased = without_bar(problem, post, person, bar, hundredths)
            then = bool(solve(eased).person[post] == person)
        return WhyNot(post, person, bar, hundredths, 0, None, (), then)
    moves: tuple[Move, ...] = ()
    added = int(seen.cost + plan.person_price[person] - plan.post_price[post])
    if are_exact(problem):
        pairs = eligible_pairs(problem)
        network = network_of(problem, pairs)
        ways = swaps(network, plan.person)
        chosen = int(plan.person[post])
        added = int(added_costs(network, plan.person, ways)[int(pairs.find(post, person))])
        moves = ways.moves(person, chosen if chosen >= 0 else ways.people)
    full = bool(plan.load[person] >= problem.remaining()[person])
    return WhyNot(post, person, bar, hundredths, added, _limit(full, added, moves), moves, None)


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
