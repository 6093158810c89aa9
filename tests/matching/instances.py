"""Problems to solve: drawn by Hypothesis, small and awkward; or made like a county, by a seed."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from marketplace.matching.pairs import Bar
from marketplace.matching.problem import Exclusions, Parameters, People, Posts, Problem, no_exclusions


def problem_of(posts, people, parameters=None, exclusions=()):
    """``posts``: dicts of lon, lat and what differs from the usual; ``people`` likewise; ``exclusions``: (post, person, bar)."""

    def column(rows, name, usual):
        return [row.get(name, usual) for row in rows]

    return Problem(
        posts=Posts(
            key=[row.get("key", 100 + i) for i, row in enumerate(posts)],
            longitude=column(posts, "lon", 108.0),
            latitude=column(posts, "lat", 26.0),
            kmh=column(posts, "kmh", 40),
            tier=column(posts, "tier", 0),
            priority=column(posts, "priority", 0),
            required=column(posts, "required", 0),
            wanted=column(posts, "wanted", 0),
            languages=column(posts, "languages", 0),
        ),
        people=People(
            key=[row.get("key", 500 + i) for i, row in enumerate(people)],
            longitude=column(people, "lon", 108.0),
            latitude=column(people, "lat", 26.0),
            capacity=column(people, "capacity", 2),
            load=column(people, "load", 0),
            specialties=column(people, "specialties", 0),
            languages=column(people, "languages", 0),
            max_minutes=column(people, "max_minutes", 600),
        ),
        parameters=Parameters(**(parameters or {})),
        exclusions=Exclusions(*map(list, zip(*exclusions, strict=True))) if exclusions else no_exclusions(),
    )


@st.composite
def problems(draw, most_posts=5, most_people=4):
    """Small problems on a coarse grid, so that ties, full people, unreachable posts and empty sides are common."""
    place = st.fixed_dictionaries({"lon": st.integers(0, 3), "lat": st.integers(0, 2)}).map(
        lambda at: {"lon": 108 + at["lon"] / 4, "lat": 26 + at["lat"] / 4}
    )
    mask = st.integers(0, 3)
    post = st.tuples(
        place,
        st.fixed_dictionaries(
            {
                "tier": st.integers(0, 2),
                "priority": st.integers(0, 1),
                "required": st.sampled_from([0, 0, 0, 1, 3]),
                "wanted": mask,
                "languages": mask,
                "kmh": st.sampled_from([30, 60]),
            }
        ),
    ).map(lambda parts: {**parts[0], **parts[1]})
    person = st.tuples(
        place,
        st.fixed_dictionaries(
            {
                "capacity": st.integers(0, 3),
                "load": st.integers(0, 2),
                "specialties": mask,
                "languages": mask,
                "max_minutes": st.sampled_from([20, 60, 400]),
            }
        ),
    ).map(lambda parts: {**parts[0], **parts[1]})
    posts = draw(st.lists(post, max_size=most_posts))
    people = draw(st.lists(person, max_size=most_people))
    excluded = st.tuples(
        st.integers(0, max(len(posts) - 1, 0)), st.integers(0, max(len(people) - 1, 0)), st.sampled_from([1, 2, 4])
    )
    parameters = draw(
        st.fixed_dictionaries(
            {
                "radius_minutes": st.sampled_from([30, 90, 500]),
                "cost_per_minute": st.sampled_from([0, 1, 100]),
                "language_cost": st.sampled_from([0, 2000]),
                "specialty_cost": st.sampled_from([0, 1000]),
                "load_cost": st.sampled_from([0, 200, 5000]),
                "load_share_cost": st.sampled_from([0, 1000]),
                "seed": st.integers(0, 3),
            }
        )
    )
    exclusions = draw(st.lists(excluded, max_size=3)) if posts and people else []
    return problem_of(posts, people, parameters, exclusions)


def county(posts=300, people=100, seed=7, spread_km=35.0):
    """Townships round a seat, lawyers mostly in the seat, heavy-tailed capacity: the shape of a mountain county."""
    rng = np.random.default_rng(seed)
    towns = max(3, posts // 18)
    per_degree = 111.195
    town = rng.normal(0, spread_km / 2, (towns, 2))
    at = town[rng.integers(0, towns, posts)] + rng.normal(0, 3.2, (posts, 2))
    office = np.where(rng.random((people, 1)) < 0.7, rng.normal(0, 2.0, (people, 2)), 0)
    elsewhere = (office == 0).all(axis=1)
    office[elsewhere] = town[rng.integers(0, towns, int(elsewhere.sum()))]
    capacity = np.clip(1 + rng.pareto(1.6, people) * 2, 1, 10).astype(int)
    bits = rng.integers(0, 12, (people, 3))
    wanted = rng.integers(0, 12, (posts, 2))

    def degrees(km):
        return 108.0 + km[:, 0] / (per_degree * np.cos(np.radians(26.4))), 26.4 + km[:, 1] / per_degree

    post_place, person_place = degrees(at), degrees(office)
    return Problem(
        posts=Posts(
            key=np.arange(posts) + 1,
            longitude=post_place[0],
            latitude=post_place[1],
            kmh=rng.integers(25, 50, posts),
            tier=rng.integers(0, 4, posts),
            priority=np.zeros(posts, int),
            required=np.zeros(posts, int),
            wanted=np.bitwise_or.reduce(1 << wanted, axis=1),
            languages=np.where(rng.random(posts) < 0.25, 0, 1 << rng.integers(0, 3, posts)),
        ),
        people=People(
            key=np.arange(people) + 1,
            longitude=person_place[0],
            latitude=person_place[1],
            capacity=capacity,
            load=np.minimum(capacity, rng.integers(0, 2, people)),
            specialties=np.bitwise_or.reduce(1 << bits, axis=1),
            languages=1 << rng.integers(0, 3, people),
            max_minutes=np.full(people, 90),
        ),
        parameters=Parameters(seed=seed),
        exclusions=Exclusions([0, 1], [0, 1], [Bar.DECLINED, Bar.CONFLICT]),
    )
