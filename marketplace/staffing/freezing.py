"""From the tables to a frozen problem.

Posts: the contract's vacant posts without a proposal that waits or was accepted. People: the supplier's practitioners who let
themselves be proposed, with a valid credential of the kind that the product asks for and no exclusion. A person takes at most
what his profile says and what the standard allows, less what he serves or has been offered. Who declined a post, or let its
proposal lapse, is not asked for it again; nor is whom somebody else took from it. Who left it by himself may come back. Of
several posts at one place a person has one, and a refusal holds for all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import numpy as np
from django.db.models import Count
from django.db.models.expressions import RawSQL
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import CredentialKind, Specialty, SpokenLanguage, User
from marketplace.accounts.selectors import licensed, members_with_role, practitioners_of
from marketplace.contracts.kinds import PostKind, kind_of
from marketplace.contracts.models import Contract, Post
from marketplace.contracts.selectors import taken_from
from marketplace.contracts.services_posts import villages_limit
from marketplace.contracts.states import PostState
from marketplace.core.bulk import among
from marketplace.matching.pairs import Bar
from marketplace.matching.problem import Exclusions, Floats, Ints, Parameters, People, Posts, Problem
from marketplace.regions import geo
from marketplace.regions.models import Level, Region, Tier
from marketplace.regions.selectors import county_speeds

from .computing import seed_of
from .errors import BadWish, PlaceUnknown
from .models import Assignment, EmptyPost
from .states import AssignmentState, RunState
from .teams.frozen import TeamDeal

LIVE = (AssignmentState.PROPOSED, AssignmentState.ACCEPTED)
SPECIALTIES = tuple(Specialty.values)
LANGUAGES = tuple(SpokenLanguage.values)
#: the higher, the sooner a post is filled when not all can be
NEED = {Tier.ORDINARY: 0, Tier.WESTERN: 1, Tier.FORMERLY_POOR: 2}
#: earlier rounds that left a post empty count up to this many
MOST_ROUNDS = 3
#: whoever holds one of these may advise a village where the product asks for nothing else
USUAL_CREDENTIALS = (CredentialKind.LAWYER, CredentialKind.GRASSROOTS)
RADIUS = (10, 600)
#: the columns that a problem is made of
_OF_POSTS = ("region__level", "region__longitude", "region__latitude", "region__tier", "region__name")
_OF_PEOPLE = tuple(
    f"practitioner__{name}"
    for name in ("user_id", "longitude", "latitude", "capacity", "specialties", "languages", "max_travel_minutes")
)
USUAL_RADIUS = 60


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person who asks for a run can choose. ``required`` bars, ``wanted`` and ``languages`` cost when missing."""

    radius_minutes: int = USUAL_RADIUS
    required: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Wishes:
        """Raises ``BadWish`` for anything that the form would not offer."""
        unknown = set(values) - {"radius_minutes", "required", "wanted", "languages"}
        if unknown:
            raise BadWish(field=min(unknown))
        radius = values.get("radius_minutes", USUAL_RADIUS)
        if not isinstance(radius, int) or not RADIUS[0] <= radius <= RADIUS[1]:
            raise BadWish(field="radius_minutes")
        chosen = {}
        for name, allowed in (("required", SPECIALTIES), ("wanted", SPECIALTIES), ("languages", LANGUAGES)):
            picked = tuple(values.get(name, ()))
            if not set(picked) <= set(allowed):
                raise BadWish(field=name)
            chosen[name] = tuple(value for value in allowed if value in picked)
        return cls(radius_minutes=radius, **chosen)


def _ints(values: list[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def _reals(values: list[float]) -> Floats:
    return np.array(values, dtype=np.float64)


def _keys(rows: Iterable[Any]) -> RawSQL:
    """For ``…__in``: there may be tens of thousands."""
    return among([row.pk for row in rows])


def mask(values: Iterable[str], bits: tuple[str, ...]) -> int:
    return sum(1 << bits.index(value) for value in set(values) if value in bits)


@dataclass(frozen=True, slots=True)
class Frozen:
    """A problem, the parameters to be kept with it, and how it stood before (``AssignmentRun.before``)."""

    problem: Problem | TeamDeal
    parameters: dict[str, Any]
    before: dict[str, Any]


def freeze(contract: Contract, wishes: Wishes, *, now: datetime) -> Frozen:
    """The problem of ``contract`` as the tables stand. Its seed comes from its own content, so nobody chooses it.

    Raises:
        PlaceUnknown: a village has no place, nor has anything above it.
    """
    on = timezone.localdate(now)
    posts = list(open_posts(contract).select_related("region").only(*_OF_POSTS).order_by("pk"))
    kinds = credential_kinds(contract)
    everybody = practitioners_of(contract.supplier, on).order_by("pk")
    willing = everybody.filter(practitioner__open_to_posts=True)
    people = list(
        licensed(willing, on, kinds)
        .select_related(None)
        .select_related("practitioner")
        .only(*_OF_PEOPLE)
        .order_by("pk")
    )
    limit = villages_limit(contract)
    kept = _kept(contract)
    holders = None if kind_of(contract) == PostKind.VILLAGE else {person for _post, person in kept}
    parameters = Parameters(
        radius_minutes=wishes.radius_minutes,
        access_minutes=round(geo.ACCESS_MINUTES),
        detour_percent=round(100 * geo.DETOUR),
    )
    problem = Problem(
        posts=_posts(contract, posts, wishes),
        people=_people(people, limit, holders, on),
        parameters=parameters,
        exclusions=_exclusions(contract, posts, people, whole_place=holders is not None),
    )
    problem = replace(problem, parameters=replace(parameters, seed=seed_of(problem)))
    members = members_with_role(contract.supplier, "lawyer", on=on).count()
    offered = willing.count()
    return Frozen(
        problem,
        {
            "radius_minutes": wishes.radius_minutes,
            "required": list(wishes.required),
            "wanted": list(wishes.wanted),
            "languages": list(wishes.languages),
            "limit": limit,
            "credentials": list(kinds),
            "left_out": {"not_open": members - offered, "not_licensed": offered - len(people)},
            "bits": {"specialties": list(SPECIALTIES), "languages": list(LANGUAGES)},
        },
        {"kept": kept, "left": left_before(posts)},
    )


def _kept(contract: Contract) -> list[list[int]]:
    """[post, person] of whoever serves or may still answer: no run moves them."""
    served = contract.posts.filter(state=PostState.FILLED, adviser__isnull=False).values_list("pk", "adviser_id")
    asked = Assignment.objects.filter(post__contract=contract, state=AssignmentState.PROPOSED).values_list(
        "post_id", "person_id"
    )
    return [[post, person] for post, person in sorted({*served, *asked})]


def left_before(posts: list[Post]) -> dict[str, int]:
    """Post → the last assignment of a published run that it had, for posts that had one."""
    earlier = Assignment.objects.filter(post__in=_keys(posts), run__state=RunState.PUBLISHED).order_by("pk")
    return {str(post): assignment for post, assignment in earlier.values_list("post_id", "pk")}


def open_posts(contract: Contract) -> Any:
    """Vacant posts for which nobody has been proposed."""
    taken = Assignment.objects.filter(state__in=LIVE).values("post_id")
    return Post.objects.filter(contract=contract, state=PostState.VACANT).exclude(pk__in=taken)


def credential_kinds(contract: Contract) -> tuple[str, ...]:
    asked = contract.award.lot.product_version.content.get("required_credential", "")
    return (asked,) if asked else tuple(map(str, USUAL_CREDENTIALS))


def _posts(contract: Contract, posts: list[Post], wishes: Wishes) -> Posts:
    places = places_of_posts(posts)
    speeds = speeds_to(posts)
    rounds = _rounds_without(contract)
    count = len(posts)
    return Posts(
        key=_ints([post.pk for post in posts]),
        longitude=_reals([places[post.pk][0] for post in posts]),
        latitude=_reals([places[post.pk][1] for post in posts]),
        kmh=_ints([speeds[post.pk] for post in posts]),
        tier=_ints([NEED[Tier(post.region.tier)] for post in posts]),
        priority=_ints([min(rounds[post.pk], MOST_ROUNDS) for post in posts]),
        required=_ints([mask(wishes.required, SPECIALTIES)] * count),
        wanted=_ints([mask(wishes.wanted, SPECIALTIES)] * count),
        languages=_ints([mask(wishes.languages, LANGUAGES)] * count),
    )


def speeds_to(posts: list[Post]) -> dict[int, int]:
    """Post → km/h on the roads to it."""
    counties = {post.pk: post.region.county_code or post.region_id for post in posts}
    speeds = county_speeds(counties.values())
    return {post.pk: speeds.get(counties[post.pk], geo.TIER_KMH[post.region.tier]) for post in posts}


def places_of_posts(posts: list[Post]) -> dict[int, tuple[float, float]]:
    """Post → degrees: the village's own place, else the nearest one above it."""
    lost = [post for post in posts if post.region.longitude is None]
    above = Region.objects.in_bulk({code for post in lost for code in post.region.ancestor_codes})
    places: dict[int, tuple[float, float]] = {}
    unknown = []
    for post in posts:
        chain = [post.region, *(above[code] for code in reversed(post.region.ancestor_codes) if code in above)]
        for region in chain:
            if region.longitude is not None and region.latitude is not None:
                places[post.pk] = (region.longitude, region.latitude)
                break
        else:
            unknown.append(post.region)
    if unknown:
        named = _(", ").join(region.name for region in unknown[:5])
        raise PlaceUnknown(villages=named)
    return places


def _rounds_without(contract: Contract) -> Counter[int]:
    """How many earlier rounds left each post without an adviser."""
    empty = EmptyPost.objects.filter(run__contract=contract, run__state=RunState.PUBLISHED)
    refused = Assignment.objects.filter(
        post__contract=contract, state__in=[AssignmentState.DECLINED, AssignmentState.EXPIRED]
    )
    found: Counter[int] = Counter()
    for rows in (empty, refused):
        found.update(dict(rows.order_by().values_list("post_id").annotate(count=Count("pk"))))
    return found


def _people(people: list[User], limit: int | None, holders: set[int] | None, on: date) -> People:
    """What counts as load are villages, as in the lawyers' own terms and in the standard: seats and duties are not.

    ``holders``: who holds a post of the contract, where all are at one place and nobody has two of them; None for villages.
    """
    everybody = _keys(people)
    served: Counter[int] = Counter(
        dict(
            Post.objects.filter(
                adviser__in=everybody, state=PostState.FILLED, ends_on__gte=on, region__level=Level.VILLAGE
            )
            .values_list("adviser_id")
            .annotate(count=Count("region", distinct=True))
            .order_by()
        )
    )
    offered = dict(
        Assignment.objects.filter(
            person__in=everybody, state=AssignmentState.PROPOSED, post__region__level=Level.VILLAGE
        )
        .values_list("person_id")
        .annotate(count=Count("pk"))
        .order_by()
    )
    profiles = [person.practitioner for person in people]
    load = [served[person.pk] + offered.get(person.pk, 0) for person in people]
    most = [profile.capacity if limit is None else min(profile.capacity, limit) for profile in profiles]
    if holders is not None:
        most = [min(n, at + (who.pk not in holders)) for n, at, who in zip(most, load, people, strict=True)]
    return People(
        key=_ints([person.pk for person in people]),
        longitude=_reals([profile.longitude for profile in profiles]),
        latitude=_reals([profile.latitude for profile in profiles]),
        capacity=_ints(most),
        load=_ints(load),
        specialties=_ints([mask(profile.specialties, SPECIALTIES) for profile in profiles]),
        languages=_ints([mask(profile.languages, LANGUAGES) for profile in profiles]),
        max_minutes=_ints([profile.max_travel_minutes for profile in profiles]),
    )


def _exclusions(contract: Contract, posts: list[Post], people: list[User], *, whole_place: bool) -> Exclusions:
    """Who declined, did not answer, or was taken from the post by somebody else (see ``contracts.selectors.taken_from``).

    ``whole_place``: what was said of one of the posts holds for all.
    """
    row_of_post = {post.pk: row for row, post in enumerate(posts)}
    row_of_person = {person.pk: row for row, person in enumerate(people)}
    bars = {AssignmentState.DECLINED: Bar.DECLINED, AssignmentState.EXPIRED: Bar.NO_ANSWER}
    refused = (
        Assignment.objects.filter(post__contract=contract, state__in=list(bars))
        .order_by("post_id", "person_id", "state")
        .distinct()
        .values_list("post_id", "person_id", "state")
    )
    told = [(post, who, bars[AssignmentState(state)]) for post, who, state in refused]
    told += [(post, who, Bar.REMOVED) for post, who in taken_from([contract])]
    if whole_place:
        told = [(post.pk, who, bar) for _post, who, bar in told for post in posts]
    rows = sorted(
        {
            (row_of_post[post], row_of_person[who], int(bar))
            for post, who, bar in told
            if post in row_of_post and who in row_of_person
        }
    )
    return Exclusions(*(_ints([row[column] for row in rows]) for column in range(3)))
