"""From a frozen deal to what is stored for one contract: seats with their members and reasons, or what is lacking. No tables.

Everything but ``how`` is whole numbers and text that the problem alone decides, so a run can be replayed bit for bit, and the
runs of contracts that share one problem agree although each is computed on its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from time import perf_counter
from typing import Any

import numpy as np

from marketplace.matching.pairs import Bar
from marketplace.matching.proof import NotOptimal
from marketplace.matching.teams.pairs import TeamPairs, eligible_pairs, prospects
from marketplace.matching.teams.problem import Contracts, Refusals, TeamProblem, no_surcharges
from marketplace.matching.teams.proof import TeamBreach, TeamFlaw, TeamVerdict, verify
from marketplace.matching.teams.reasons import MemberReason, Missing, Replacement, TeamReason, team_reasons
from marketplace.matching.teams.solver import Effort, TeamPlan, solve
from marketplace.staffing import measuring
from marketplace.staffing.computing import Computed, Empty, Report, Row, minutes

from .frozen import TeamDeal, Wanted

#: the search goes on until the bound is reached, or so many rounds have brought nothing
EFFORT = Effort(gap=0.0, rounds=40)


def _quiet(percent: int) -> None:
    """Nobody listens."""


def compute_teams(deal: TeamDeal, contract: int, *, report: Report = _quiet) -> Computed:
    """Solve, prove and explain; the rows are those of ``contract`` (its key), the result that of all.

    Raises:
        ProblemError: the numbers cannot be ranked exactly.
        NotOptimal: the answer broke a rule or its bound does not hold; it must not be used.
    """
    clock = [perf_counter()]
    report(5)
    problem = deal.problem
    pairs = eligible_pairs(problem)
    clock.append(perf_counter())
    report(20)
    plan = solve(problem, pairs, effort=EFFORT)
    clock.append(perf_counter())
    report(60)
    verdict = verify(problem, pairs, plan)
    if not verdict.accepted:
        raise NotOptimal(f"the independent check refused the answer: {verdict.breach}")
    clock.append(perf_counter())
    report(75)
    at = deal.row_of(contract)
    reason = next(each for each in team_reasons(problem, pairs, plan) if each.contract == at)
    wanted = deal.wanted[at]
    rows = _rows(deal, pairs, wanted, reason)
    empty = [Empty(seat, str(reason.missing.limit), _missing(deal, reason.missing)) for seat in wanted.seats] if (
        reason.missing is not None
    ) else []  # fmt: skip
    clock.append(perf_counter())
    report(90)
    teams = teams_by_key(deal, plan)
    result = {
        "objective": {
            "posts": len(wanted.seats),
            "filled": len(rows),
            "empty": len(empty),
            "pair_cost": sum(row.cost for row in rows),
            "load_cost": 0,
            "empty_by_rank": [len(empty)],
        },
        "pairs": {"all": len(deal.wanted) * len(deal.people), "eligible": len(pairs)},
        "proof": {"primal": verdict.value, "dual": verdict.bound, "pairs_read": verdict.pairs_read},
        "prices": plan.price.tolist(),
        "teams": teams,
        "empty_posts": [entry.post for entry in empty],
        "travel": measuring.travel([row.travel_minutes for row in rows]),
        "load": _load(deal, rows),
        "how": {
            "engine": "lagrange",
            "versions": {name: version(name) for name in ("numba", "numpy")},
            "milliseconds": {
                name: round(1000 * (end - start))
                for name, start, end in zip(("pairs", "plan", "proof", "reasons"), clock, clock[1:], strict=False)
            },
        },
    }
    return Computed(
        rows=rows,
        empty=empty,
        result=result,
        summary={
            **{key: result[key] for key in ("objective", "pairs", "proof", "travel", "load", "how")},
            "weights": asdict(problem.parameters),
            "worth": [],
            "team": _team(deal, plan, wanted, reason),
        },
        fairness={},
    )


def teams_by_key(deal: TeamDeal, plan: TeamPlan) -> list[list[Any]]:
    """[contract, [people]] by their keys, in the order of the contracts; nobody: no team."""
    people = deal.people
    return [
        [each.contract, [people[who] for who in row if who >= 0]]
        for each, row in zip(deal.wanted, plan.member.tolist(), strict=True)
    ]


def _rows(deal: TeamDeal, pairs: TeamPairs, wanted: Wanted, reason: TeamReason) -> list[Row]:
    """Members by key take the seats in order: who sits where in a team means nothing."""
    people = deal.people
    members = sorted(reason.members, key=lambda member: people[member.person])
    eligible = int(pairs.start[reason.contract + 1] - pairs.start[reason.contract])
    return [
        Row(
            post=seat,
            person=people[member.person],
            cost=member.cost,
            travel_minutes=minutes(member.hundredths),
            reason=_member(deal, member, eligible),
        )
        for seat, member in zip(wanted.seats, members, strict=bool(members))
    ]


def _member(deal: TeamDeal, member: MemberReason, eligible: int) -> dict[str, Any]:
    counsel = deal.problem.counsel
    return {
        "team": True,
        "eligible": eligible,
        "brings": member.brings,
        "alone": member.alone,
        "years": int(counsel.years[member.person]),
        "senior": member.senior,
        "needed_senior": member.needed_senior,
        "parts": {
            "travel": member.cost - int(counsel.cost[member.person]),
            "load": int(counsel.cost[member.person]),
        },
        "free": _replacement(deal, member.free),
        "seated": _replacement(deal, member.seated),
    }


def _replacement(deal: TeamDeal, found: Replacement | None) -> dict[str, Any] | None:
    if found is None:
        return None
    sits = deal.wanted[found.sits_with].contract if found.sits_with >= 0 else None
    return {"person": deal.people[found.person], "added": found.added, "sits_with": sits}


def _missing(deal: TeamDeal, missing: Missing) -> dict[str, Any]:
    return {
        "team": True,
        "eligible": missing.eligible,
        "seniors": missing.seniors,
        "lacking": missing.lacking,
        "seats": missing.seats,
        "help": [
            {
                "person": deal.people[each.person],
                "bars": bar_names(each.bar),
                "minutes": minutes(each.hundredths),
                "sits_with": deal.wanted[each.sits_with].contract if each.sits_with >= 0 else None,
            }
            for each in missing.help
        ],
    }


def bar_names(bar: Bar) -> list[str]:
    return [str(each.name).lower() for each in bar]


def _load(deal: TeamDeal, rows: Sequence[Row]) -> dict[str, int]:
    load = dict(zip(deal.people, deal.problem.counsel.load.tolist(), strict=True))
    return {
        "people": len(deal.people),
        "used": len(rows),
        "most": max((load[row.person] + 1 for row in rows), default=0),
    }


def _team(deal: TeamDeal, plan: TeamPlan, wanted: Wanted, reason: TeamReason) -> dict[str, Any]:
    years, people = deal.problem.parameters.senior_years, deal.problem.counsel
    new = [member.person for member in reason.members]
    return {
        "size": wanted.size,
        "kept": len(wanted.kept),
        "required": wanted.required,
        "still_required": wanted.still_required(),
        "seniors_wanted": wanted.seniors,
        "seniors": sum(kept.years >= years for kept in wanted.kept) + int((people.years[new] >= years).sum()),
        "contracts": len(deal.wanted),
        "teams": int((plan.member[:, 0] >= 0).sum()),
        "quarrels": len(deal.problem.quarrels.first),
        "gap": plan.value - plan.bound,
    }


# Checking again


def check_teams(deal: TeamDeal, teams: Sequence[Sequence[Any]], prices: Sequence[int]) -> TeamVerdict:
    """Does the plan ([contract, [people]] by keys) keep every rule, and what do the ``prices`` prove that no plan undercuts?

    What it costs and the bound are read off the tables, not taken from anybody.
    """
    row = {key: n for n, key in enumerate(deal.people)}
    given = {int(contract): [int(who) for who in members] for contract, members in teams}
    if list(given) != [each.contract for each in deal.wanted]:
        return TeamVerdict(False, 0, 0, 0, TeamBreach(TeamFlaw.SHAPE))
    width = max([1, *map(len, given.values())])
    member = np.full((len(given), width), -1, dtype=np.int64)
    for n, members in enumerate(given.values()):
        # Somebody who is not in the problem is no eligible pair: the check will say so.
        member[n, : len(members)] = sorted(row.get(who, len(row)) for who in members)
    pairs = eligible_pairs(deal.problem)
    costs = [_cost(deal, pairs, n, member[n]) for n in range(len(given))]
    plan = TeamPlan(
        member=member,
        cost=np.array(costs, dtype=np.int64),
        price=np.array(list(prices), dtype=np.int64),
        value=sum(costs),
        bound=0,
        cut="",
    )
    return verify(deal.problem, pairs, plan)


def _cost(deal: TeamDeal, pairs: TeamPairs, contract: int, members: Any) -> int:
    found = [pairs.find(contract, int(who)) for who in members if who >= 0]
    if not found:
        return deal.problem.parameters.empty_cost
    return sum(int(pairs.cost[at]) for at in found if at >= 0)


def best_teams(deal: TeamDeal) -> list[list[Any]]:
    """The plan computed anew, as ``teams_by_key`` has it."""
    return teams_by_key(deal, solve(deal.problem, eligible_pairs(deal.problem), effort=EFFORT))


# Why not


def ask_why_not(deal: TeamDeal, contract: int, person: int, teams: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Why ``person`` does not sit in the team of ``contract`` in the plan ``teams`` (as ``check_teams`` takes it).

    ``bars`` if the person could not be asked (with ``minutes`` of the way, ``need`` the limit that would reach him). Otherwise
    the best plan with the person in this team is computed: ``added`` what it costs more, None if no team with him is possible;
    ``scarce`` if another contract would lose its team by it; ``shorter`` by how many minutes his way would have to be shorter;
    ``exact`` if that plan is proved best.
    """
    at, who = deal.row_of(contract), deal.people.index(person)
    seen = prospects(deal.problem, at)
    hundredths = int(seen.hundredths[who])
    answer: dict[str, Any] = {
        "minutes": minutes(hundredths),
        "need": -(-hundredths // 100),
        "own_limit": int(deal.problem.counsel.max_minutes[who]),
        "bars": bar_names(Bar(int(seen.bar[who]))),
        "kept": any(kept.person == person for kept in deal.wanted[at].kept),
        "member": any(int(key) == contract and person in members for key, members in teams),
    }
    if answer["bars"] or answer["member"]:
        return answer
    with_person = _with(deal, at, who)
    if with_person is None:
        return answer | {"added": None}
    plan = solve(with_person, eligible_pairs(with_person), effort=EFFORT)
    formed = contract not in with_person.contracts.key or plan.member[at, 0] >= 0
    if not formed:
        return answer | {"added": None}
    weights = deal.problem.parameters
    added = plan.value + int(seen.cost[who]) - _value(deal, teams)
    return answer | {
        "added": added,
        # Some other contract would lose its team: emptiness outweighs everything else.
        "scarce": added >= weights.empty_cost // 2,
        "exact": plan.value == plan.bound,
        "shorter": max(added, 0) // max(weights.cost_per_minute, 1) + 1,
    }


def _value(deal: TeamDeal, teams: Sequence[Sequence[Any]]) -> int:
    pairs, row = eligible_pairs(deal.problem), {key: n for n, key in enumerate(deal.people)}
    return sum(_cost(deal, pairs, n, [row[who] for who in members]) for n, (_contract, members) in enumerate(teams))


def _with(deal: TeamDeal, at: int, who: int) -> TeamProblem | None:
    """What is left to solve once ``who`` (a row) has a seat of the contract ``at`` (a row): its team needs one person
    less, and less of what he brings; whoever may not sit with him is out. None if it was the last seat and he does not complete
    the team.
    """
    problem = deal.problem
    contracts, counsel = problem.contracts, problem.counsel
    size, required, seniors = contracts.size.copy(), contracts.required.copy(), contracts.seniors.copy()
    size[at] -= 1
    required[at] &= ~counsel.specialties[who]
    seniors[at] = max(seniors[at] - (counsel.years[who] >= problem.parameters.senior_years), 0)
    load = counsel.load.copy()
    load[who] += 1
    quarrels = zip(problem.quarrels.first.tolist(), problem.quarrels.second.tolist(), strict=True)
    out = [who, *(one if other == who else other for one, other in quarrels if who in (one, other))]
    refusals = problem.refusals
    refusals = Refusals(
        np.append(refusals.contract, [at] * len(out)),
        np.append(refusals.person, out),
        np.append(refusals.bar, [int(Bar.CONFLICT)] * len(out)),
    )
    counsel = replace(counsel, load=load)
    if size[at]:
        changed = replace(contracts, size=size, required=required, seniors=seniors)
        return replace(problem, contracts=changed, counsel=counsel, refusals=refusals)
    if required[at] or seniors[at]:
        return None
    stay = np.arange(len(size)) != at
    kept = Contracts(**{name: np.array(column)[stay] for name, column in contracts.columns().items()})
    told = refusals.contract != at
    place = np.cumsum(stay) - 1
    refusals = Refusals(place[refusals.contract[told]], refusals.person[told], refusals.bar[told])
    return replace(problem, contracts=kept, counsel=counsel, refusals=refusals, surcharges=no_surcharges())
