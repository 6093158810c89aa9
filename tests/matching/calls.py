"""Problems of shifts, small and large, and other ways to their answers."""

import itertools
from typing import Any

import highspy
import numpy as np
from hypothesis import strategies as st
from ortools.sat.python import cp_model
from scipy.spatial import cKDTree

from marketplace.matching.shifts.offers import choices, judge
from marketplace.matching.shifts.problem import Offers, ShiftParameters, ShiftProblem, Shifts, Volunteers


def region(volunteers, shifts, seed=1, blocks=False, offers=28):
    """Four weeks in a region; volunteers offer the nearest shifts that they have the skill for, within a weekly mood."""
    rng = np.random.default_rng(seed)
    towns = max(3, shifts // 150)
    side = np.sqrt(towns) * 18
    town = rng.uniform(0, side, (towns, 2))
    at = town[rng.integers(0, towns, shifts)] + rng.normal(0, 4, (shifts, 2))
    home = town[rng.integers(0, towns, volunteers)] + rng.normal(0, 4, (volunteers, 2))
    days = rng.integers(0, 28, shifts) * 1440
    if blocks:
        start = days + np.array([480, 780, 1080])[rng.integers(0, 3, shifts)]
        length = np.full(shifts, 240)
    else:
        start = days + rng.integers(16, 41, shifts) * 30
        length = rng.integers(4, 13, shifts) * 30
    skill = 1 << rng.integers(0, 3, shifts)
    known = (1 << rng.integers(0, 3, volunteers)) | (1 << rng.integers(0, 3, volunteers))
    near = cKDTree(at).query(home, k=min(shifts, offers * 4))[1].reshape(volunteers, -1)
    fits = (skill[near] & known[:, None] != 0) & (rng.random(near.shape) < 0.6)
    fits &= np.cumsum(fits, axis=1) <= offers
    who, which = np.nonzero(fits)
    return ShiftProblem(
        Shifts(
            np.arange(shifts), 104 + at[:, 0] / 100, 25 + at[:, 1] / 111.2, start, start + length,
            rng.integers(1, 3, shifts), skill, np.zeros(shifts, dtype=np.int64),
        ),
        Volunteers(
            np.arange(volunteers), 104 + home[:, 0] / 100, 25 + home[:, 1] / 111.2, known,
            np.zeros(volunteers, dtype=np.int64), rng.choice([720, 960, 1200], volunteers), np.full(volunteers, 480),
        ),
        Offers(who, near[who, which], rng.permutation(len(who))),
        ShiftParameters(rest_minutes=0 if blocks else 30, access_minutes=0 if blocks else 5),
    )  # fmt: skip


def shifts_of(shifts, volunteers, offers=(), parameters=None):
    """A problem from few words: what is not said is 4 hours, one place, the same town, and time enough."""

    def column(rows, name, default):
        return np.array(
            [row.get(name, default(row, n) if callable(default) else default) for n, row in enumerate(rows)]
        )

    return ShiftProblem(
        Shifts(
            column(shifts, "key", lambda _row, n: n), column(shifts, "lon", 108.0), column(shifts, "lat", 26.0),
            column(shifts, "start", 480), column(shifts, "end", lambda row, _n: row.get("start", 480) + 240),
            column(shifts, "places", 1), column(shifts, "skills", 0), column(shifts, "languages", 0),
        ),
        Volunteers(
            column(volunteers, "key", lambda _row, n: n), column(volunteers, "lon", 108.0), column(volunteers, "lat", 26.0),
            column(volunteers, "skills", 0), column(volunteers, "languages", 0),
            column(volunteers, "minutes", 6000), column(volunteers, "day_minutes", 1440),
        ),
        Offers(*(np.array([offer[k] for offer in offers], dtype=np.int64) for k in range(3))),
        ShiftParameters(**(parameters or {})),
    )  # fmt: skip


@st.composite
def shift_problems(draw, blocks=False, most_shifts=6, most_volunteers=5):
    """Small problems with ties, tight hours, places that are far, shifts past midnight, and offers that nothing allows."""
    begins = [480, 780, 1080, 1920, 2220] if blocks else [420, 480, 600, 725, 1290, 1410, 1500, 1920]
    shift = st.fixed_dictionaries(
        {
            "start": st.sampled_from(begins),
            "lon": st.just(108.0) if blocks else st.sampled_from([108.0, 108.0, 108.2, 108.5]),
            "places": st.integers(0, 2),
            "skills": st.sampled_from([0, 0, 1, 3]),
            "languages": st.sampled_from([0, 0, 2]),
        }
    )
    shifts = draw(st.lists(shift, max_size=most_shifts))
    for row in shifts:
        row["end"] = row["start"] + (240 if blocks else draw(st.sampled_from([60, 90, 115, 240])))
    volunteer = st.fixed_dictionaries(
        {
            "lon": st.sampled_from([108.0, 108.3, 109.9]),
            "skills": st.sampled_from([0, 1, 3, 3]),
            "languages": st.sampled_from([0, 2, 3]),
            "minutes": st.sampled_from([0, 200, 300, 500, 6000]),
            "day_minutes": st.sampled_from([100, 250, 480, 1440]),
        }
    )
    volunteers = draw(st.lists(volunteer, max_size=most_volunteers))
    pairs = [(v, s) for v in range(len(volunteers)) for s in range(len(shifts))]
    kept = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    weights = {
        "rest_minutes": 0 if blocks else draw(st.sampled_from([0, 30])),
        "position_cost": draw(st.sampled_from([0, 200, 1000, 60_000])),
        "cost_per_minute": draw(st.sampled_from([0, 10, 1000])),
        "seed": draw(st.integers(0, 3)),
    }
    return shifts_of(shifts, volunteers, [(v, s, draw(st.integers(0, 3))) for v, s in kept], weights)


def clash(problem, one, other):
    """Whether nobody can serve both, by the definition, on the sphere's great circle (haversine)."""
    shifts, weights = problem.shifts, problem.parameters
    if shifts.start[one] > shifts.start[other]:
        one, other = other, one
    lon, lat = np.radians(shifts.longitude[[one, other]]), np.radians(shifts.latitude[[one, other]])
    half = np.sin((lat[1] - lat[0]) / 2) ** 2 + np.cos(lat[0]) * np.cos(lat[1]) * np.sin((lon[1] - lon[0]) / 2) ** 2
    km = 2 * 6371.0088 * np.arcsin(np.sqrt(half))
    way = np.ceil(weights.access_minutes + weights.detour_percent / 100 * 60 * km / weights.kmh - 1e-6) if km > 0 else 0
    return shifts.end[one] + weights.rest_minutes + way > shifts.start[other]


def schedules(problem, judged, v):
    """Every schedule of volunteer ``v``, as rows of offers, by the definition."""
    offers, shifts, volunteers = problem.offers, problem.shifts, problem.volunteers
    able = [row for row in np.flatnonzero(offers.volunteer == v).tolist() if not judged.bar[row]]
    for count in range(len(able) + 1):
        for rows in itertools.combinations(able, count):
            what = offers.shift[list(rows)]
            length, day = shifts.end[what] - shifts.start[what], shifts.start[what] // 1440
            if length.sum() > volunteers.minutes[v]:
                continue
            if any(length[day == one].sum() > volunteers.day_minutes[v] for one in set(day.tolist())):
                continue
            if not any(clash(problem, a, b) for a, b in itertools.combinations(what.tolist(), 2)):
                yield rows


def most_worth(problem):
    """What the best plan is worth: CP-SAT chooses one of all schedules of each volunteer."""
    judged, model, worth = judge(problem), cp_model.CpModel(), []
    comes = [[] for _shift in range(len(problem.shifts))]
    for v in range(len(problem.volunteers)):
        chosen = []
        for rows in schedules(problem, judged, v):
            chosen.append(model.new_bool_var(""))
            worth += [int(judged.worth[row]) * chosen[-1] for row in rows]
            for row in rows:
                comes[problem.offers.shift[row]].append(chosen[-1])
        model.add_exactly_one(chosen)
    for s, row in enumerate(comes):
        model.add(sum(row) <= int(problem.shifts.places[s]))
    model.maximize(sum(worth))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    assert solver.solve(model) == cp_model.OPTIMAL
    return round(solver.objective_value)


def milp(problem, seconds=10.0):
    """(worth, bound) by HiGHS: a variable an offer, a row a pair of offers that exclude each other."""
    able, volunteers = choices(problem), problem.volunteers
    owner = able.volunteer()
    rows: list[Any] = []
    most: list[int] = []
    for one in np.unique(owner):
        rows.append((np.flatnonzero(owner == one), None))
        most.append(volunteers.minutes[one])
    for one, today in np.unique(np.stack([owner, able.day]), axis=1).T:
        rows.append((np.flatnonzero((owner == one) & (able.day == today)), None))
        most.append(volunteers.day_minutes[one])
    for s in range(len(problem.shifts)):
        at = able.by_shift[able.shift_start[s] : able.shift_start[s + 1]]
        rows.append((at, np.ones(len(at))))
        most.append(problem.shifts.places[s])
    for v in range(len(volunteers)):
        low, n = able.start[v], able.start[v + 1] - able.start[v]
        square = able.clash[able.square[v] : able.square[v + 1]].reshape(n, n)
        for i, j in zip(*np.nonzero(np.triu(square)), strict=True):
            rows.append((np.array([low + i, low + j]), np.ones(2)))
            most.append(1)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(able), len(rows)
    model.sense_ = highspy.ObjSense.kMaximize
    model.col_cost_ = able.worth.astype(float)
    model.col_lower_, model.col_upper_ = np.zeros(len(able)), np.ones(len(able))
    model.row_lower_, model.row_upper_ = np.full(len(rows), -np.inf), np.array(most, dtype=float)
    model.integrality_ = [highspy.HighsVarType.kInteger] * len(able)
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = np.concatenate([[0], np.cumsum([len(at) for at, _ in rows])]).astype(np.int32)
    model.a_matrix_.index_ = np.concatenate([at for at, _ in rows]).astype(np.int32)
    model.a_matrix_.value_ = np.concatenate([able.length[at] if part is None else part for at, part in rows]).astype(
        float
    )
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("mip_rel_gap", 0.0)
    solver.setOptionValue("time_limit", seconds)
    solver.passModel(model)
    solver.run()
    info = solver.getInfo()
    return info.objective_function_value, info.mip_dual_bound
