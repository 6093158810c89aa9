"""Problems of teams, small and large, and other ways to their answers."""

import itertools

import highspy
import numpy as np
from hypothesis import strategies as st

from marketplace.matching.pairs import Bar
from marketplace.matching.teams.pairs import prospects
from marketplace.matching.teams.problem import (
    Contracts,
    Counsel,
    Quarrels,
    Refusals,
    Surcharges,
    TeamParameters,
    TeamProblem,
)


def teams_of(contracts, people, parameters=None, refusals=(), surcharges=(), quarrels=(), seniors=1):
    """``contracts`` and ``people``: dicts of what differs from the usual; the rest: rows.

    ``seniors``: those of a contract that does not say.
    """

    def column(rows, name, usual):
        return [row.get(name, usual) for row in rows]

    def rows(table, columns):
        return [list(column) for column in zip(*table, strict=True)] if table else [[] for _ in range(columns)]

    return TeamProblem(
        Contracts(
            key=[row.get("key", 100 + i) for i, row in enumerate(contracts)],
            longitude=column(contracts, "lon", 108.0),
            latitude=column(contracts, "lat", 26.0),
            kmh=column(contracts, "kmh", 40),
            size=column(contracts, "size", 2),
            required=column(contracts, "required", 0),
            seniors=column(contracts, "seniors", seniors),
        ),
        Counsel(
            key=[row.get("key", 500 + i) for i, row in enumerate(people)],
            longitude=column(people, "lon", 108.0),
            latitude=column(people, "lat", 26.0),
            capacity=column(people, "capacity", 1),
            load=column(people, "load", 0),
            specialties=column(people, "specialties", 0),
            years=column(people, "years", 10),
            cost=column(people, "cost", 0),
            max_minutes=column(people, "max_minutes", 600),
        ),
        TeamParameters(**(parameters or {})),
        Refusals(*rows(refusals, 3)),
        Surcharges(*rows(surcharges, 3)),
        Quarrels(*rows(quarrels, 2)),
    )


@st.composite
def team_problems(draw, most_contracts=3, most_people=7):
    """Small problems with ties, scarce seniors, quarrels, people in two teams, and contracts nobody can serve."""
    contract = st.fixed_dictionaries(
        {
            "lon": st.sampled_from([108.0, 108.25, 108.5]),
            "size": st.integers(1, 4),
            "required": st.sampled_from([0, 1, 3, 6, 7, 8 | 1]),
            "seniors": st.integers(0, 2),
        }
    )
    person = st.fixed_dictionaries(
        {
            "lon": st.sampled_from([108.0, 108.25, 108.5]),
            "capacity": st.integers(0, 2),
            "specialties": st.integers(0, 7) | st.sampled_from([8, 15]),
            "years": st.sampled_from([1, 9]),
            "cost": st.sampled_from([0, 0, 100, 777]),
            "max_minutes": st.sampled_from([30, 600]),
        }
    )
    contracts = draw(st.lists(contract, max_size=most_contracts))
    people = draw(st.lists(person, max_size=most_people))
    rows = st.tuples(st.integers(0, max(len(contracts) - 1, 0)), st.integers(0, max(len(people) - 1, 0)))
    pair = st.tuples(st.integers(0, max(len(people) - 1, 0)), st.integers(0, max(len(people) - 1, 0)))
    both = bool(contracts) and bool(people)
    refused = draw(st.lists(rows, max_size=3)) if both else []
    extra = draw(st.lists(rows, max_size=3, unique=True)) if both else []
    quarrels = draw(st.lists(pair.filter(lambda two: two[0] != two[1]), max_size=4)) if len(people) > 1 else []
    return teams_of(
        contracts,
        people,
        {
            "empty_cost": draw(st.sampled_from([100_000, 100_000, 9000])),
            "cost_per_minute": draw(st.sampled_from([0, 100])),
            "seed": draw(st.integers(0, 3)),
        },
        [(k, p, int(Bar.CONFLICT)) for k, p in refused],
        [(k, p, 500) for k, p in extra],
        quarrels,
    )


def possible_teams(problem, k):
    """Every team of contract ``k`` with its cost, by the definition."""
    seen, weights, counsel = prospects(problem, k), problem.parameters, problem.counsel
    apart = {frozenset(two) for two in zip(problem.quarrels.first, problem.quarrels.second, strict=True)}
    able = [p for p in range(len(counsel)) if not seen.bar[p]]
    for team in itertools.combinations(able, int(problem.contracts.size[k])):
        known = np.bitwise_or.reduce(counsel.specialties[list(team)])
        if problem.contracts.required[k] & ~known:
            continue
        if sum(counsel.years[p] >= weights.senior_years for p in team) < problem.contracts.seniors[k]:
            continue
        if any(frozenset(two) in apart for two in itertools.combinations(team, 2)):
            continue
        yield team, int(seen.cost[list(team)].sum())


def least_cost(problem):
    """What the best plan costs, by looking at every plan."""
    teams = [list(possible_teams(problem, k)) for k in range(len(problem.contracts))]
    empty, room = problem.parameters.empty_cost, problem.counsel.remaining()

    def best(k, left):
        if k == len(teams):
            return 0
        least = empty + best(k + 1, left)
        for team, cost in teams[k]:
            if all(left[p] > 0 for p in team):
                fewer = left.copy()
                fewer[list(team)] -= 1
                least = min(least, cost + best(k + 1, fewer))
        return least

    return best(0, room.copy())


def milp(problem, pairs, seconds=60.0):
    """(value, bound) by HiGHS: a variable a pair and one an empty contract."""
    contracts, weights = problem.contracts, problem.parameters
    count, people = len(contracts), len(problem.counsel)
    owner = np.repeat(np.arange(count), np.diff(pairs.start))
    columns = len(pairs) + count
    rows, low, high = [], [], []
    for k in range(count):
        at = np.flatnonzero(owner == k)
        rows.append((np.append(at, len(pairs) + k), np.append(np.ones(len(at)), contracts.size[k])))
        low.append(contracts.size[k])
        high.append(contracts.size[k])
        needs = [
            (at[problem.counsel.specialties[pairs.person[at]] >> bit & 1 == 1], 1)
            for bit in range(int(contracts.required[k]).bit_length())
            if contracts.required[k] >> bit & 1
        ]
        if contracts.seniors[k]:
            old = problem.counsel.years[pairs.person[at]] >= weights.senior_years
            needs.append((at[old], contracts.seniors[k]))
        for members, need in needs:
            rows.append((np.append(members, len(pairs) + k), np.append(np.ones(len(members)), need)))
            low.append(need)
            high.append(np.inf)
    order = np.argsort(pairs.person, kind="stable")
    ends = np.searchsorted(pairs.person[order], np.arange(people + 1))
    for p in np.flatnonzero(np.diff(ends)):
        rows.append((order[ends[p] : ends[p + 1]], np.ones(ends[p + 1] - ends[p])))
        low.append(-np.inf)
        high.append(problem.counsel.remaining()[p])
    for one, other in zip(problem.quarrels.first, problem.quarrels.second, strict=True):
        for k in range(count):
            two = [pairs.find(k, one), pairs.find(k, other)]
            if min(two) >= 0:
                rows.append((np.array(two), np.ones(2)))
                low.append(-np.inf)
                high.append(1)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = columns, len(rows)
    model.col_cost_ = np.concatenate([pairs.cost, np.full(count, weights.empty_cost)]).astype(float)
    model.col_lower_, model.col_upper_ = np.zeros(columns), np.ones(columns)
    model.row_lower_, model.row_upper_ = np.array(low, dtype=float), np.array(high, dtype=float)
    model.integrality_ = [highspy.HighsVarType.kInteger] * columns
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = np.concatenate([[0], np.cumsum([len(at) for at, _ in rows])]).astype(np.int32)
    model.a_matrix_.index_ = np.concatenate([at for at, _ in rows] or [np.empty(0)]).astype(np.int32)
    model.a_matrix_.value_ = np.concatenate([value for _, value in rows] or [np.empty(0)]).astype(float)
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("mip_rel_gap", 0.0)
    solver.setOptionValue("time_limit", seconds)
    solver.passModel(model)
    solver.run()
    info = solver.getInfo()
    return info.objective_function_value, info.mip_dual_bound


def province(contracts, people, seed=1, spread=35.0, capacity=1, radius=180):
    """Contracts in towns, people mostly in the larger ones: where they are few, teams come from far."""
    rng = np.random.default_rng(seed)
    towns = max(4, contracts // 10)
    town = rng.uniform(0, np.sqrt(towns) * spread, (towns, 2))
    weight = 1 / np.arange(1, towns + 1) ** 0.8
    at = town[rng.integers(0, towns, contracts)] + rng.normal(0, 8, (contracts, 2))
    home = town[rng.choice(towns, people, p=weight / weight.sum())] + rng.normal(0, 5, (people, 2))
    specialties = np.zeros(people, dtype=np.int64)
    for share in (1, 0.7, 0.5, 0.3):
        specialties |= np.where(rng.random(people) < share, 1 << rng.integers(0, 12, people), 0)
    size = rng.integers(3, 9, contracts)
    required = np.zeros(contracts, dtype=np.int64)
    wanted = np.minimum(size, rng.integers(2, 6, contracts))
    for place in range(5):
        required |= np.where(place < wanted, 1 << rng.integers(0, 12, contracts), 0)
    return TeamProblem(
        Contracts(
            np.arange(contracts),
            104 + at[:, 0] / 100,
            25 + at[:, 1] / 111.2,
            rng.integers(30, 70, contracts),
            size,
            required,
            np.ones(contracts, dtype=np.int64),
        ),
        Counsel(
            np.arange(people),
            104 + home[:, 0] / 100,
            25 + home[:, 1] / 111.2,
            rng.integers(1, capacity + 1, people),
            np.zeros(people, dtype=np.int64),
            specialties,
            rng.integers(0, 20, people),
            rng.integers(0, 500, people),
            np.full(people, 100_000),
        ),
        TeamParameters(radius_minutes=radius, senior_years=8),
    )
