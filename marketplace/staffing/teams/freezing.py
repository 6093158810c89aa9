"""From the tables to a frozen problem of teams.

Seats: a contract's vacant ones without a proposal that waits. Whoever serves one or may still answer keeps it, and what these
bring is not asked of the new ones. People: the practitioners of each contract's own supplier who let themselves be proposed,
with a valid credential and no exclusion. A person sits in at most as many teams as he says, counted over all contracts. Who
declined a seat, or let a proposal lapse, is not asked for that team again; who may not sit with somebody who keeps a seat is not
asked either.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from django.db.models import QuerySet
from django.utils import timezone

from marketplace.accounts.models import CredentialKind, User
from marketplace.accounts.selectors import licensed, members_with_role, practitioners_of, valid_credentials
from marketplace.contracts.kinds import of_team
from marketplace.contracts.models import Contract, Post
from marketplace.contracts.selectors import taken_from
from marketplace.contracts.states import PostState
from marketplace.matching.pairs import Bar
from marketplace.matching.teams.problem import (
    MOST_MEMBERS,
    Contracts,
    Counsel,
    Quarrels,
    Refusals,
    TeamParameters,
    TeamProblem,
    no_surcharges,
)
from marketplace.regions import geo
from marketplace.staffing import freezing
from marketplace.staffing.errors import BadWish, TeamTooLarge
from marketplace.staffing.models import Assignment, Quarrel, TeamTerms
from marketplace.staffing.states import AssignmentState, QuarrelState

from .frozen import Kept, TeamDeal, Wanted
from .wishes import SPECIALTIES, TeamWishes

#: in how many teams a person sits who has not said otherwise
USUAL_TEAMS = 2
#: what each team that a person sits in already counts, in cost (ten minutes of travel)
LOAD_COST = 1000
#: emptiness outweighs every difference between plans: as many teams as possible come first
EMPTY_COST = 100_000_000


@dataclass(frozen=True, slots=True)
class FrozenTeams:
    """A deal, and what is kept beside it with the run of each contract (``parameters`` and ``before`` as a run has them)."""

    deal: TeamDeal
    parameters: dict[int, dict[str, Any]]
    before: dict[int, dict[str, Any]]


def freeze_teams(wishes: Mapping[int, TeamWishes], contracts: Sequence[Contract], *, now: datetime) -> FrozenTeams:
    """One problem over ``contracts``, each with its own wishes; radius and years of a senior are those of the first.

    A contract whose every seat is served or asked for is left out.

    Raises:
        PlaceUnknown, TeamTooLarge, BadWish (more seniors than seats)
    """
    on = timezone.localdate(now)
    contracts = sorted(contracts, key=lambda contract: contract.pk)
    seats = {
        contract.pk: list(freezing.open_posts(contract).select_related("region").order_by("seat", "pk"))
        for contract in contracts
    }
    contracts = [contract for contract in contracts if seats[contract.pk]]
    kinds = {contract.pk: freezing.credential_kinds(contract) for contract in contracts}
    asked = {contract.pk: _who(contract, kinds[contract.pk], on) for contract in contracts}
    people = _everybody(asked.values())
    sitting = {contract.pk: _sitting(contract) for contract in contracts}
    years = years_of_practice({*people, *(who for kept in sitting.values() for _post, who in kept)}, on)
    fields = _specialties(who for kept in sitting.values() for _post, who in kept)
    wanted = []
    for contract in contracts:
        wish, kept = wishes[contract.pk], sitting[contract.pk]
        open_seats = seats[contract.pk]
        if len(open_seats) > MOST_MEMBERS:
            raise TeamTooLarge(most=MOST_MEMBERS, seats=len(open_seats))
        if wish.seniors > len(open_seats) + len(kept):
            raise BadWish(field="seniors")
        wanted.append(
            Wanted(
                contract=contract.pk,
                seats=tuple(post.pk for post in open_seats),
                kept=tuple(Kept(post, who, fields.get(who, 0), years.get(who, 0)) for post, who in kept),
                required=freezing.mask(wish.covers, SPECIALTIES),
                seniors=wish.seniors,
            )
        )
    first = wishes[contracts[0].pk] if contracts else TeamWishes()
    keys = list(people)
    deal = TeamDeal(
        TeamProblem(
            contracts=_contracts([seats[contract.pk][0] for contract in contracts], wanted, first.senior_years),
            counsel=_counsel(people, years, on),
            parameters=TeamParameters(
                radius_minutes=first.radius_minutes,
                senior_years=first.senior_years,
                access_minutes=round(geo.ACCESS_MINUTES),
                detour_percent=round(100 * geo.DETOUR),
                empty_cost=EMPTY_COST,
            ),
            refusals=_refusals(contracts, asked, sitting, keys),
            surcharges=no_surcharges(),
            quarrels=_quarrels(keys),
        ),
        tuple(wanted),
    ).sown()
    return FrozenTeams(
        deal,
        {
            contract.pk: {
                **wishes[contract.pk].as_mapping(),
                "radius_minutes": first.radius_minutes,
                "senior_years": first.senior_years,
                "credentials": list(kinds[contract.pk]),
                "left_out": _left_out(contract, len(asked[contract.pk]), on),
                "bits": {"specialties": list(SPECIALTIES)},
                "contracts": [each.pk for each in contracts],
                "limit": None,
            }
            for contract in contracts
        },
        {
            contract.pk: {
                "kept": [list(pair) for pair in sitting[contract.pk]],
                "left": freezing.left_before(seats[contract.pk]),
            }
            for contract in contracts
        },
    )


def _who(contract: Contract, kinds: tuple[str, ...], on: date) -> dict[int, User]:
    willing = practitioners_of(contract.supplier, on).filter(practitioner__open_to_posts=True)
    return {person.pk: person for person in licensed(willing, on, kinds).order_by("pk")}


def _everybody(groups: Iterable[dict[int, User]]) -> dict[int, User]:
    found: dict[int, User] = {}
    for group in groups:
        found |= group
    return dict(sorted(found.items()))


def _left_out(contract: Contract, asked: int, on: date) -> dict[str, int]:
    members = members_with_role(contract.supplier, "lawyer", on=on).count()
    willing = practitioners_of(contract.supplier, on).filter(practitioner__open_to_posts=True).count()
    return {"not_open": members - willing, "not_licensed": willing - asked}


def _sitting(contract: Contract) -> list[tuple[int, int]]:
    """(seat, person) of whoever serves or may still answer; one seat a person, the one that is served first."""
    served = contract.posts.filter(state=PostState.FILLED, adviser__isnull=False).values_list("pk", "adviser_id")
    waiting = Assignment.objects.filter(post__contract=contract, state=AssignmentState.PROPOSED)
    kept: dict[int, int] = {}
    for post, who in [*served.order_by("pk"), *waiting.order_by("post_id").values_list("post_id", "person_id")]:
        if who and who not in kept:
            kept[who] = post
    return sorted((post, who) for who, post in kept.items())


def _specialties(people: Iterable[int]) -> dict[int, int]:
    found = User.objects.filter(pk__in=set(people), practitioner__isnull=False).values_list(
        "pk", "practitioner__specialties"
    )
    return {pk: freezing.mask(values, SPECIALTIES) for pk, values in found}


def years_of_practice(people: Iterable[int], on: date) -> dict[int, int]:
    """Full years since the first verified licence that is known.

    A licence is renewed, so its dates may say less than its number: digits 6 to 9 of a lawyer's licence are the year in which the
    person was first licensed (司法部 律师执业证号编码). The day is not known then, and only years that are surely full count.
    """
    wanted = set(people)
    known = valid_credentials(on).model.objects.filter(
        user__in=wanted, state="verified", kind__in=[CredentialKind.LAWYER, CredentialKind.GRASSROOTS]
    )
    years: dict[int, int] = dict.fromkeys(wanted, 0)
    for user, kind, number, since in known.values_list("user_id", "kind", "number", "valid_from"):
        full = on.year - since.year - ((on.month, on.day) < (since.month, since.day))
        if kind == CredentialKind.LAWYER and len(number) == 17 and number[5:9].isdigit():
            full = max(full, on.year - int(number[5:9]) - 1)
        years[user] = max(years[user], min(full, 80))
    return years


def team_contracts() -> QuerySet[Contract]:
    return Contract.objects.filter(of_team())


def teams_of(people: Iterable[int], on: date) -> Counter[int]:
    """Person → the teams that he sits in or is asked for, over all contracts."""
    served, waiting = _teams(people, on)
    return Counter(who for who, _contract in served | waiting)


def teams_of_person(person: int, on: date) -> tuple[int, int]:
    """The teams that a person sits in, and those that wait for his answer."""
    served, waiting = _teams([person], on)
    return len(served), len(waiting - served)


def _teams(people: Iterable[int], on: date) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """(person, contract) of who sits in a team, and of who is asked."""
    wanted = set(people)
    served = Post.objects.filter(
        adviser__in=wanted, state=PostState.FILLED, ends_on__gte=on, contract__in=team_contracts()
    ).values_list("adviser_id", "contract_id")
    waiting = Assignment.objects.filter(
        person__in=wanted, state=AssignmentState.PROPOSED, team__isnull=False
    ).values_list("person_id", "team_id")
    return set(served), set(waiting)


def most_teams(people: Iterable[int]) -> dict[int, int]:
    """Person → in how many teams he sits at most."""
    wanted = set(people)
    said = dict(TeamTerms.objects.filter(person__in=wanted).values_list("person_id", "most_teams"))
    return {who: said.get(who, USUAL_TEAMS) for who in wanted}


def _contracts(first: Sequence[Post], wanted: Sequence[Wanted], senior_years: int) -> Contracts:
    posts = list(first)
    places, speeds = freezing.places_of_posts(posts), freezing.speeds_to(posts)
    return Contracts(
        key=_ints(w.contract for w in wanted),
        longitude=np.array([places[post.pk][0] for post in first], dtype=np.float64),
        latitude=np.array([places[post.pk][1] for post in first], dtype=np.float64),
        kmh=_ints(speeds[post.pk] for post in first),
        size=_ints(len(w.seats) for w in wanted),
        required=_ints(w.still_required() for w in wanted),
        seniors=_ints(w.still_seniors(senior_years) for w in wanted),
    )


def _counsel(people: dict[int, User], years: Mapping[int, int], on: date) -> Counsel:
    load, most = teams_of(people, on), most_teams(people)
    profiles = [person.practitioner for person in people.values()]
    return Counsel(
        key=_ints(people),
        longitude=np.array([profile.longitude for profile in profiles], dtype=np.float64),
        latitude=np.array([profile.latitude for profile in profiles], dtype=np.float64),
        capacity=_ints(most[who] for who in people),
        load=_ints(load[who] for who in people),
        specialties=_ints(freezing.mask(profile.specialties, SPECIALTIES) for profile in profiles),
        years=_ints(years.get(who, 0) for who in people),
        cost=_ints(LOAD_COST * load[who] for who in people),
        max_minutes=_ints(profile.max_travel_minutes for profile in profiles),
    )


def _ints(values: Iterable[int]) -> Any:
    return np.array(list(values), dtype=np.int64)


def _refusals(
    contracts: Sequence[Contract],
    asked: Mapping[int, Mapping[int, User]],
    sitting: Mapping[int, Sequence[tuple[int, int]]],
    keys: Sequence[int],
) -> Refusals:
    """Unqualified: of another firm, or without the contract's credential. Conflict: sits there, or may not sit with who does.

    Who declined a seat, let its proposal lapse, or was taken from one by somebody else is not asked for the team again.
    """
    row = {who: n for n, who in enumerate(keys)}
    bars = {AssignmentState.DECLINED: Bar.DECLINED, AssignmentState.EXPIRED: Bar.NO_ANSWER}
    before = (
        Assignment.objects.filter(post__contract__in=contracts, person__in=keys, state__in=list(bars))
        .order_by()
        .distinct()
        .values_list("post__contract_id", "person_id", "state")
    )
    told: defaultdict[tuple[int, int], int] = defaultdict(int)
    for n, contract in enumerate(contracts):
        kept = {who for _post, who in sitting[contract.pk]}
        foes = foes_of(kept)
        for who in keys:
            if who not in asked[contract.pk]:
                told[n, row[who]] |= int(Bar.UNQUALIFIED)
            if who in kept or who in foes:
                told[n, row[who]] |= int(Bar.CONFLICT)
    place = {contract.pk: n for n, contract in enumerate(contracts)}
    for contract_id, who, state in before:
        told[place[contract_id], row[who]] |= int(bars[AssignmentState(state)])
    contract_of = dict(Post.objects.filter(contract__in=contracts).values_list("pk", "contract_id"))
    for post, who in taken_from(contracts):
        if who in row:
            told[place[contract_of[post]], row[who]] |= int(Bar.REMOVED)
    rows = [(n, who, bar) for (n, who), bar in sorted(told.items())]
    return Refusals(*(_ints(each[column] for each in rows) for column in range(3)))


def standing_quarrels() -> QuerySet[Quarrel]:
    return Quarrel.objects.filter(state=QuarrelState.STANDING)


def foes_of(people: Iterable[int]) -> set[int]:
    """Everybody who may not sit in one team with one of ``people``."""
    wanted = set(people)
    stated = standing_quarrels().filter(stated_by__in=wanted).values_list("other_id", flat=True)
    told = standing_quarrels().filter(other__in=wanted).values_list("stated_by_id", flat=True)
    return {*stated, *told}


def quarrels_among(people: Iterable[int]) -> set[tuple[int, int]]:
    """Pairs of ``people`` (the lesser key first) of whom one stated that they may not sit in one team."""
    wanted = set(people)
    found = standing_quarrels().filter(stated_by__in=wanted, other__in=wanted).values_list("stated_by_id", "other_id")
    return {(min(pair), max(pair)) for pair in found}


def _quarrels(keys: Sequence[int]) -> Quarrels:
    row = {who: n for n, who in enumerate(keys)}
    pairs = sorted((row[one], row[other]) for one, other in quarrels_among(keys))
    return Quarrels(_ints(one for one, _ in pairs), _ints(other for _, other in pairs))
