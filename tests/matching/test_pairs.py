"""Who may serve where: against the definition, and against the estimates of the map."""

import numpy as np
from hypothesis import given, settings

from marketplace.matching.pairs import Bar, eligible_pairs, judge
from marketplace.regions import geo

from .instances import county, problem_of, problems
from .oracles import pair_cost


@settings(max_examples=100, deadline=None)
@given(problems())
def test_pairs_are_those_of_the_definition(problem):
    pairs = eligible_pairs(problem)
    found = {(int(v), int(p)): int(c) for v, p, c in zip(pairs.post(), pairs.person, pairs.cost, strict=True)}
    everything = {
        (v, p): pair_cost(problem, v, p) for v in range(len(problem.posts)) for p in range(len(problem.people))
    }
    assert found == {pair: cost for pair, cost in everything.items() if cost is not None}


def test_each_bar_is_named_and_several_at_once():
    post = {"required": 0b11, "lon": 108.5}
    people = [
        {"specialties": 0b11, "lon": 108.5},
        {"specialties": 0b01, "lon": 108.5},
        {"specialties": 0b11, "max_minutes": 30},
        {"specialties": 0b11, "lon": 109.5},
        {"specialties": 0b11, "lon": 108.5, "capacity": 2, "load": 2},
        {"specialties": 0b11, "lon": 108.5},
        {"specialties": 0, "lon": 110.0, "max_minutes": 10, "capacity": 0},
    ]
    problem = problem_of([post], people, {"radius_minutes": 120}, [(0, 5, Bar.DECLINED), (0, 5, Bar.CONFLICT)])
    seen = judge(problem, 0, np.arange(7))
    assert [Bar(int(bar)) for bar in seen.bar] == [
        Bar.NONE,
        Bar.UNQUALIFIED,
        Bar.BEYOND_PERSON,
        Bar.BEYOND_RADIUS,
        Bar.NO_CAPACITY,
        Bar.DECLINED | Bar.CONFLICT,
        Bar.UNQUALIFIED | Bar.NO_CAPACITY | Bar.BEYOND_PERSON | Bar.BEYOND_RADIUS,
    ]
    assert eligible_pairs(problem).person.tolist() == [0]


def test_the_parts_of_a_cost():
    post = {"wanted": 0b110, "languages": 0b10}
    problem = problem_of([post], [{"specialties": 0b010, "languages": 0b01}, {"specialties": 0b110, "languages": 0b11}])
    seen = judge(problem, 0, np.arange(2))
    # Five minutes to set out and arrive, at 100 a minute; 2,000 without a common language; 1,000 a missing field.
    assert seen.travel.tolist() == [500, 500]
    assert seen.language.tolist() == [2000, 0]
    assert seen.specialty.tolist() == [1000, 0]
    assert seen.cost.tolist() == [3500, 500]


def test_a_way_exactly_as_long_as_the_limit_is_accepted():
    problem = problem_of([{"lon": 108.3}], [{}], {"radius_minutes": 1000})
    hundredths = int(judge(problem, 0, 0).hundredths)
    minutes = -(-hundredths // 100)
    assert minutes * 100 > hundredths
    assert (
        judge(problem_of([{"lon": 108.3}], [{"max_minutes": minutes}], {"radius_minutes": 1000}), 0, 0).bar == Bar.NONE
    )
    short = problem_of([{"lon": 108.3}], [{"max_minutes": minutes - 1}], {"radius_minutes": 1000})
    assert judge(short, 0, 0).bar == Bar.BEYOND_PERSON


def test_minutes_agree_with_the_estimates_of_the_map():
    problem = county(200, 80, 2)
    posts, people = problem.posts, problem.people
    v, p = np.arange(200)[:, None], np.arange(80)[None, :]
    km = geo.great_circle_km(posts.longitude[v], posts.latitude[v], people.longitude[p], people.latitude[p])
    minutes = geo.travel_minutes(km, posts.kmh[v])
    assert np.abs(judge(problem, v, p).hundredths - 100 * minutes).max() <= 0.5 + 1e-6
    weights = problem.parameters
    assert (weights.access_minutes, weights.detour_percent) == (geo.ACCESS_MINUTES, round(100 * geo.DETOUR))


def test_find_knows_its_pairs_and_no_others():
    pairs = eligible_pairs(county(30, 10, 1))
    assert pairs.find(pairs.post(), pairs.person).tolist() == list(range(len(pairs)))
    missing = [
        (v, p) for v in range(30) for p in range(10) if (v, p) not in set(zip(pairs.post(), pairs.person, strict=True))
    ]
    assert missing
    assert all(int(pairs.find(v, p)) == -1 for v, p in missing)
    assert eligible_pairs(problem_of([], [])).find([0], [0]).tolist() == [-1]
