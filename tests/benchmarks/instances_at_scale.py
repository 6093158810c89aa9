"""Problems in the shape of the real divisions of China, from a county to the nation, by a seed.

Villages and their number in each township are those of the divisions file; townships scatter about their county's
point, villages about their township. Lawyers are invented: 58 % sit in prefecture cities (Zipf over the prefectures),
34 % in county seats (Pareto 1.6), 8 % in townships; each has 1 to 10 places (3.9 on average), one to four of twelve
fields of law, and speaks the dialect of where the office is. Roads allow 22 to 70 km/h, by county.
"""

from __future__ import annotations

import csv
import io
import lzma
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

import marketplace
from marketplace.matching.problem import Parameters, People, Posts, Problem

FILE = Path(marketplace.__file__).parent / "regions" / "data" / "divisions-2023.csv.xz"
KM_A_DEGREE = 111.195


@dataclass(frozen=True)
class Size:
    """``provinces``: codes to draw the villages from, in order; whole townships until ``posts`` are reached."""

    name: str
    posts: int
    people: int
    provinces: tuple[int, ...]


SIZES = {
    size.name: size
    for size in (
        Size("county", 300, 100, (5226,)),
        Size("city", 4_000, 1_500, (5226, 5227)),
        Size("province", 30_000, 12_000, (41,)),
        Size("large", 60_000, 50_000, (32,)),
        Size("nation", 620_000, 700_000, ()),
    )
}


@dataclass(frozen=True)
class Divisions:
    """Villages by township: their township's row, and for townships the county's code and place."""

    village_township: np.ndarray
    township_code: np.ndarray
    county_code: np.ndarray
    county_place: np.ndarray


@cache
def divisions() -> Divisions:
    places: dict[int, tuple[float, float]] = {}
    townships: dict[int, int] = {}
    villages: list[int] = []
    with lzma.open(FILE) as packed:
        for row in csv.DictReader(io.TextIOWrapper(packed, encoding="utf-8")):
            code, level = int(row["code"]), int(row["level"])
            if row["lon"]:
                places[code] = (float(row["lon"]), float(row["lat"]))
            if level == 4:
                townships[code // 1000] = len(townships)
            elif level == 5:
                villages.append(townships[code // 1000])
    codes = np.array(list(townships))

    def place_of(county: int) -> tuple[float, float]:
        for unit in (10**6, 10**8, 10**10):
            found = places.get(county * 10**6 // unit * unit)
            if found:
                return found
        raise LookupError(county)

    counties = np.unique(codes // 1000)
    return Divisions(np.array(villages), codes, counties, np.array([place_of(int(c)) for c in counties]))


def instance(name: str, seed: int = 1, posts: int | None = None, people: int | None = None, **parameters) -> Problem:
    """The problem of one of ``SIZES``, or with other numbers in the same provinces."""
    size = SIZES[name]
    posts, people = posts or size.posts, people or size.people
    data, rng = divisions(), np.random.default_rng(seed)
    township = data.village_township
    if size.provinces:
        codes = data.township_code.astype(str)
        inside = np.concatenate([np.flatnonzero(np.char.startswith(codes, str(start))) for start in size.provinces])
        township = township[np.isin(township, inside)]
    township = township[:posts]
    if len(township) < posts:  # more villages in the same townships
        township = np.concatenate([township, rng.choice(township, posts - len(township))])

    used, of_village = np.unique(township, return_inverse=True)
    county_of_town = np.searchsorted(data.county_code, data.township_code[used] // 1000)
    near = data.county_place[county_of_town]
    town_at = near + _degrees(rng.normal(0, 11.0, (len(used), 2)), near)
    village_at = town_at[of_village] + _degrees(rng.normal(0, 3.2, (posts, 2)), town_at[of_village])
    county = county_of_town[of_village]
    counties = np.unique(county)
    speed = np.zeros(len(data.county_code), dtype=int)
    speed[counties] = rng.integers(22, 71, len(counties))
    dialect = (data.county_code // 100 * 7919) % 9  # one of nine by prefecture

    # Where the offices are.
    kind = rng.random(people)
    prefecture = data.county_code[counties] // 100
    prefectures = np.unique(prefecture)
    weight = 1.0 / (1 + rng.permutation(len(prefectures)))
    chosen = rng.choice(len(prefectures), people, p=weight / weight.sum())
    # The seat of a prefecture is its first county.
    office = counties[np.searchsorted(prefecture, prefectures)][chosen]
    weight = rng.pareto(1.6, len(counties)) + 0.1
    seats = counties[rng.choice(len(counties), people, p=weight / weight.sum())]
    office = np.where(kind < 0.58, office, seats)
    person_at = data.county_place[office] + _degrees(
        rng.normal(0, 1.0, (people, 2)) * np.where(kind < 0.58, 5.0, 1.5)[:, None], data.county_place[office]
    )
    town = rng.integers(0, len(used), people)
    rural = kind >= 0.92
    person_at[rural] = town_at[town[rural]] + _degrees(rng.normal(0, 0.5, (int(rural.sum()), 2)), town_at[town[rural]])
    office = np.where(rural, county_of_town[town], office)

    capacity = np.clip(np.rint(1 + rng.pareto(1.5, people) * 2.9), 1, 10).astype(int)
    fields = 1 << rng.integers(0, 12, (people, 4))
    fields[np.arange(4) >= rng.integers(1, 5, people)[:, None]] = 0
    return Problem(
        posts=Posts(
            key=np.arange(posts),
            longitude=village_at[:, 0],
            latitude=village_at[:, 1],
            kmh=speed[county],
            tier=rng.choice(4, posts, p=[0.55, 0.25, 0.13, 0.07]),
            priority=np.zeros(posts, dtype=int),
            required=np.zeros(posts, dtype=int),
            wanted=np.bitwise_or.reduce(1 << rng.integers(0, 12, (posts, 2)), axis=1),
            languages=np.where(rng.random(posts) < 0.25, 0, 1 << dialect[county]),
        ),
        people=People(
            key=np.arange(people),
            longitude=person_at[:, 0],
            latitude=person_at[:, 1],
            capacity=capacity,
            load=np.zeros(people, dtype=int),
            specialties=np.bitwise_or.reduce(fields, axis=1),
            languages=1 << np.where(rng.random(people) < 0.8, dialect[office], rng.integers(0, 9, people)),
            max_minutes=np.full(people, 600),
        ),
        parameters=Parameters(seed=seed, **parameters),
    )


def _degrees(km: np.ndarray, at: np.ndarray) -> np.ndarray:
    """An offset in km as degrees of longitude and latitude."""
    return np.asarray(km / KM_A_DEGREE / np.stack([np.cos(np.radians(at[:, 1])), np.ones(len(at))], axis=1))
