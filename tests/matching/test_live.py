"""A plan repaired after a change is as good as one made anew, and says truly what another choice would do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.matching.live import LivePlan
from marketplace.matching.network import PLACES_OF_NEWCOMERS, emptiness, network_of, rank_prices
from marketplace.matching.pairs import eligible_pairs
from marketplace.matching.problem import ProblemError
from marketplace.matching.solver import measure, solve

from .instances import county, problem_of, problems


def cost_anew(live):
    """The cost of the best plan of the problem as it now is, found from nothing."""
    problem, _person, _price = live.problem()
    return value(problem, solve(problem).person, live)


def value(problem, person, live):
    objective = measure(problem, person)
    return objective.cost + int(emptiness(problem, live._prices)[person < 0].sum())


def proved(live):
    verdict = live.verify()
    assert verdict.accepted, verdict.breach
    assert verdict.primal == live.cost == cost_anew(live)
    return True


@settings(max_examples=120, deadline=None)
@given(problems(most_posts=7, most_people=5), st.data())
def test_after_any_changes_the_plan_is_best(problem, data):
    live = LivePlan(problem, spare=4)
    assert proved(live)
    people, posts = problem.people.key.tolist(), problem.posts.key.tolist()
    away, gone, known = set(np.array(people)[problem.remaining() == 0].tolist()) if people else set(), set(), 0
    for _step in range(data.draw(st.integers(1, 6))):
        acts = ["new person"] if known < 4 else []
        acts += ["leave", "capacity"] if set(people) - away else []
        acts += ["remove"] if set(posts) - gone else []
        acts += ["restore"] if gone else []
        act = data.draw(st.sampled_from(acts or ["nothing"]))
        if act == "leave":
            who = data.draw(st.sampled_from(sorted(set(people) - away)))
            live.leave(who)
            if data.draw(st.booleans()):
                live.join(who)
            else:
                away.add(who)
        elif act == "capacity":
            who = data.draw(st.sampled_from(sorted(set(people) - away)))
            capacity = data.draw(st.integers(0, 4))
            live.set_capacity(who, capacity)
            if capacity <= int(problem.people.load[problem.people.key.tolist().index(who)] if who < 900 else 0):
                away.add(who)
        elif act == "remove":
            post = data.draw(st.sampled_from(sorted(set(posts) - gone)))
            live.remove_post(post)
            gone.add(post)
        elif act == "restore":
            post = data.draw(st.sampled_from(sorted(gone)))
            live.restore_post(post)
            gone.discard(post)
        elif act == "new person":
            key = 900 + known
            known += 1
            place = data.draw(st.integers(0, 3))
            live.add_person(
                {
                    "key": key,
                    "longitude": 108 + place / 4,
                    "latitude": 26.0,
                    "capacity": data.draw(st.integers(1, 3)),
                    "load": 0,
                    "specialties": data.draw(st.integers(0, 3)),
                    "languages": 1,
                    "max_minutes": 400,
                }
            )
            people.append(key)
        assert proved(live)


@settings(max_examples=60, deadline=None)
@given(problems(most_posts=6, most_people=5))
def test_what_another_choice_adds_is_found_by_solving_with_it(problem):
    live = LivePlan(problem)
    before, cost = live.plan(), live.cost
    pairs = eligible_pairs(problem)
    for row, (v, p) in enumerate(zip(pairs.post(), pairs.person, strict=True)):
        post, person = int(problem.posts.key[v]), int(problem.people.key[p])
        choice = live.instead(post, person)
        assert choice.cost == pairs.cost[row]
        assert choice.added is not None
        assert 0 <= choice.at_least <= choice.added
        after: dict[int, int | None] = dict(before)
        after[post] = person
        for move in choice.moved:
            assert before.get(move.post) == move.source
            after[move.post] = move.target
        rows = {int(key): at for at, key in enumerate(problem.people.key)}
        plan = np.array([rows.get(after.get(int(key)), -1) for key in problem.posts.key])
        assert value(problem, plan, live) - cost == choice.added
    assert live.plan() == before
    assert proved(live)


@pytest.fixture(scope="module")
def busy():
    return county(300, 100, 4)


def test_a_thousand_events_leave_no_trace(busy):
    live = LivePlan(busy)
    start, rng = live.cost, np.random.default_rng(1)
    people = rng.permutation(busy.people.key[busy.remaining() > 0])[:40].tolist()
    posts = rng.permutation(busy.posts.key)[:100].tolist()
    added = sum(live.leave(person).added for person in people)
    assert added > 0
    assert proved(live)
    added += sum(live.remove_post(post).added for post in posts)
    assert proved(live)
    added += sum(live.join(person).added for person in people)
    added += sum(live.restore_post(post).added for post in posts)
    assert (added, live.cost) == (0, start)
    assert proved(live)


def test_newcomers_are_served_and_serve(busy):
    live = LivePlan(busy, spare=2)
    seat = {"longitude": 108.0, "latitude": 26.4}
    before = live.cost
    change = live.add_person(
        {**seat, "key": 9001, "capacity": 6, "load": 0, "specialties": 4095, "languages": 7, "max_minutes": 90}
    )
    assert live.cost == before + change.added < before
    assert all(move.source != 9001 for move in change.moved)
    post = {**seat, "key": 9002, "kmh": 40, "tier": 3, "priority": 0, "required": 0, "wanted": 0, "languages": 0}
    assert 9002 in {move.post for move in live.add_post(post).moved}
    assert live.person_of(9002) is not None
    assert proved(live)
    with pytest.raises(ProblemError):
        live.add_post({**post, "key": 9003, "tier": 77})
    with pytest.raises(ProblemError):
        live.add_post(post)


def test_asking_what_another_capacity_would_do_changes_nothing(busy):
    live = LivePlan(busy)
    plan, cost = live.plan(), live.cost
    scarce = max((int(key) for key in busy.people.key), key=live.price_of)
    capacity = int(busy.people.capacity[busy.people.key.tolist().index(scarce)])
    change = live.if_capacity(scarce, capacity + 1)
    assert change.added < 0
    assert (live.plan(), live.cost) == (plan, cost)
    assert proved(live)
    assert live.set_capacity(scarce, capacity + 1).added == change.added
    assert proved(live)


def test_the_five_best_are_the_five_best_by_price(busy):
    live = LivePlan(busy)
    problem, _person, price = live.problem()
    pairs = eligible_pairs(problem)
    rows = {int(key): at for at, key in enumerate(problem.posts.key)}
    for post in busy.posts.key[:40].tolist():
        v = rows[post]
        span = slice(pairs.start[v], pairs.start[v + 1])
        value = pairs.cost[span] + price[pairs.person[span]]
        keys = problem.people.key[pairs.person[span]]
        own = live.person_of(post)
        expected = sorted(int(x) for x, key in zip(value, keys, strict=True) if key != own)[:5]
        found = live.why(post)
        assert [each.cost + live.price_of(each.person) for each in found] == expected
        assert all(each.added is not None and 0 <= each.at_least <= each.added for each in found)


def test_a_bonus_keeps_people_where_they_are(busy):
    best = solve(busy)
    rng = np.random.default_rng(3)
    current = best.person.copy()
    # A tenth of the posts change hands in pairs that both sides can serve.
    pairs = eligible_pairs(busy)
    for a, b in rng.permutation(np.flatnonzero(current >= 0))[:30].reshape(-1, 2):
        if (pairs.find([a, b], [current[b], current[a]]) >= 0).all():
            current[a], current[b] = current[b], current[a]
    moved = []
    for bonus in (0, 500, 3000, 10**7):
        live = LivePlan(busy, current=current, bonus=bonus)
        _problem, person, _price = live.problem()
        order = {int(key): at for at, key in enumerate(_problem.posts.key)}
        person = person[[order[int(key)] for key in busy.posts.key]]
        people = np.append(_problem.people.key, -1)
        assert measure(busy, np.searchsorted(busy.people.key, people[person])).empty >= 0
        same = np.append(busy.people.key, -1)[current]
        moved.append(int(((people[person] != same) & (same >= 0)).sum()))
    assert moved == sorted(moved, reverse=True)
    assert moved[0] > moved[-1] == 0


def test_prices_of_ranks_leave_room_for_newcomers(busy):
    own, wide = rank_prices(busy), rank_prices(busy, spare=1000)
    assert own.keys() == wide.keys()
    assert all(wide[rank] > own[rank] for rank in own)
    assert network_of(busy, eligible_pairs(busy)).empty.tolist() == emptiness(busy).tolist()


def newcomer(key, **more):
    usual = {
        "key": key, "longitude": 108.0, "latitude": 26.0, "capacity": 2, "load": 0, "specialties": 0, "languages": 1,
        "max_minutes": 400,
    }  # fmt: skip
    return usual | more


def two_posts(**more):
    """Two villages at one place, and nobody to serve them."""
    return problem_of([{}, {}], [], {"load_cost": 200, "cost_per_minute": 0, **more})


def test_where_nobody_was_the_first_who_comes_serves_as_many_as_possible():
    """Prices of emptiness stand above what a newcomer's last place costs, whoever he is."""
    live = LivePlan(two_posts(), spare=4)
    live.add_person(newcomer(900))
    assert set(live.plan().values()) == {900}
    assert proved(live)


def test_who_has_more_places_than_the_prices_allow_for_is_refused_and_nothing_changes():
    live = LivePlan(two_posts(), spare=40)
    with pytest.raises(ProblemError, match="make the plan anew"):
        live.add_person(newcomer(900, load=PLACES_OF_NEWCOMERS, capacity=PLACES_OF_NEWCOMERS + 1))
    live.add_person(newcomer(900, capacity=PLACES_OF_NEWCOMERS))
    with pytest.raises(ProblemError, match="make the plan anew"):
        live.set_capacity(900, PLACES_OF_NEWCOMERS + 1)
    assert proved(live)


def test_a_post_dearer_than_all_there_were_is_refused_and_nothing_changes():
    live = LivePlan(two_posts(specialty_cost=10), spare=4)
    live.add_person(newcomer(900))
    post = {
        "key": 200, "longitude": 108.0, "latitude": 26.0, "kmh": 30, "tier": 0, "priority": 0, "required": 0, "wanted": 7,
        "languages": 0,
    }  # fmt: skip
    with pytest.raises(ProblemError, match="make the plan anew"):
        live.add_post(post)
    live.add_post(post | {"wanted": 0})
    assert proved(live)
