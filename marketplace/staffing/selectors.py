"""Reads for the pages of staffing: each a fixed number of queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from marketplace.accounts.models import PractitionerProfile, Role, User
from marketplace.accounts.rules import memberships_of
from marketplace.contracts.kinds import of_team
from marketplace.contracts.models import Contract, Post
from marketplace.contracts.selectors import posts_of_village
from marketplace.contracts.services_posts import villages_served
from marketplace.contracts.states import ContractState, PostState
from marketplace.regions import geo
from marketplace.regions.codes import SPAN
from marketplace.regions.models import Level, Region
from marketplace.regions.selectors import county_speeds
from volunteers.models import Opportunity
from volunteers.states import OpportunityState

from . import rules
from .freezing import LIVE, open_posts
from .models import Assignment, AssignmentRun, EmptyPost, Roster, without_documents
from .rosters.states import RosterState
from .states import LEFT_FREE, AssignmentState, RunShape, RunState

SERVED, PROPOSED, CALLED, VACANT = "served", "proposed", "called", "vacant"
#: a contract with more is shown by township, one at a time
MOST_VILLAGES = 400


@dataclass(frozen=True, slots=True)
class Village:
    """A post as the staffing pages show it."""

    post: Post
    status: str
    assignment: Assignment | None
    call: Opportunity | None


@dataclass(frozen=True, slots=True)
class Township:
    """``villages`` is empty where only the ``counts`` by status were asked for."""

    code: int
    region: Region | None
    counts: Counter[str] = field(default_factory=Counter)
    villages: list[Village] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def served(self) -> int:
        return self.counts[SERVED]

    @property
    def asked(self) -> int:
        return self.counts[PROPOSED]

    @property
    def called(self) -> int:
        return self.counts[CALLED]

    @property
    def vacant(self) -> int:
        return self.counts[VACANT]


@dataclass(frozen=True, slots=True)
class Overview:
    """Where a contract's staffing stands. ``whole``: every township has its villages; else only the one asked for."""

    townships: list[Township]
    counts: Counter[str]
    last: AssignmentRun | None
    runs: list[AssignmentRun]
    whole: bool

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def overview(contract: Contract, *, township: int | None = None, whole: bool = False) -> Overview:
    """Every township with its counts, and the villages: all of them up to ``MOST_VILLAGES`` or with ``whole``, else those of
    ``township`` alone. Eight queries.
    """
    posts = contract.posts.exclude(state=PostState.CLOSED)
    asked = Assignment.objects.filter(post__contract=contract, state__in=LIVE)
    live = set(asked.values_list("post_id", flat=True))
    called = set(
        Opportunity.objects.filter(
            seeks_adviser_for_post__in=posts.values("pk"), state=OpportunityState.OPEN
        ).values_list("seeks_adviser_for_post", flat=True)
    )
    statuses: dict[int, str] = {}
    townships: dict[int, Township] = {}
    rows = list(posts.order_by("region_id", "seat").values_list("pk", "region_id", "state"))
    names = Region.objects.in_bulk({code - code % SPAN[Level.TOWNSHIP] for _pk, code, _state in rows})
    for pk, region, state in rows:
        status = SERVED if state == PostState.FILLED else PROPOSED if pk in live else CALLED if pk in called else VACANT
        statuses[pk] = status
        code = region - region % SPAN[Level.TOWNSHIP]
        townships.setdefault(code, Township(code, names.get(code))).counts[status] += 1
    whole = whole or len(rows) <= MOST_VILLAGES
    if not whole:
        low = township or 0
        posts = posts.filter(region__gte=low, region__lt=low + SPAN[Level.TOWNSHIP])
    shown = list(posts.select_related("region", "adviser").order_by("region_id", "seat"))
    live_rows = asked if whole else asked.filter(post__in=shown)
    assignments = {a.post_id: a for a in live_rows.select_related("person").defer("reason")}
    calls = open_calls(post for post in shown if post.pk in called)
    for post in shown:
        found = townships.get(post.region_id - post.region_id % SPAN[Level.TOWNSHIP])
        if found is not None and post.pk in statuses:
            found.villages.append(Village(post, statuses[post.pk], assignments.get(post.pk), calls.get(post.pk)))
    runs = list(contract.runs.select_related("requested_by")[:10])
    counts = sum((t.counts for t in townships.values()), Counter[str]())
    return Overview(list(townships.values()), counts, runs[0] if runs else None, runs, whole)


def fallen_free(run: AssignmentRun) -> QuerySet[Assignment]:
    """Proposals that were refused, not answered, taken back or given up, whose posts nobody was asked for since.

    ``run`` is the one published last (an earlier one gives none): who had accepted before it kept the post, and may have left
    since. What it left empty itself did not fall free.
    """
    published = AssignmentRun.objects.filter(contract=run.contract_id, state=RunState.PUBLISHED)
    if published.order_by("-requested_at", "-pk").values_list("pk", flat=True).first() != run.pk:
        return Assignment.objects.none()
    latest = Assignment.objects.filter(post=OuterRef("post"), run__state=RunState.PUBLISHED).order_by("-pk")
    return (
        Assignment.objects.filter(
            ~Exists(EmptyPost.objects.filter(run=run, post=OuterRef("post"))),
            run__contract=run.contract_id,
            pk=Subquery(latest.values("pk")[:1]),
            state__in=LEFT_FREE,
            post__in=open_posts(run.contract).values("pk"),
        )
        .defer("reason")
        .order_by("pk")
    )


def fallen_since(run: AssignmentRun) -> int:
    """For how many posts ``run`` can be repaired now; none while a later plan is computed or waits to be sent."""
    later = [RunState.QUEUED, RunState.RUNNING, RunState.DONE]
    if (
        run.state != RunState.PUBLISHED
        or AssignmentRun.objects.filter(contract=run.contract_id, state__in=later).exists()
    ):
        return 0
    return fallen_free(run).count()


@dataclass(frozen=True, slots=True)
class Repairable:
    """Villages that fell free since the last published run, by why; ``kept`` stay whatever a repair finds."""

    declined: int
    expired: int
    other: int
    kept: int

    @property
    def total(self) -> int:
        return self.declined + self.expired + self.other


def repairable(run: AssignmentRun) -> Repairable | None:
    """What a repair of ``run`` would fill; None if nothing fell free. Three queries."""
    states = Counter(fallen_free(run).values_list("state", flat=True))
    if not states:
        return None
    declined, expired = states.pop(AssignmentState.DECLINED, 0), states.pop(AssignmentState.EXPIRED, 0)
    kept = Assignment.objects.filter(post__contract=run.contract_id, state__in=LIVE).count()
    return Repairable(declined, expired, sum(states.values()), kept)


@dataclass(frozen=True, slots=True)
class Today:
    """How a post stands today: a status of ``overview``, and the open call for volunteers where it has one."""

    status: str
    call: Opportunity | None


def standing_today(posts: Collection[Post]) -> dict[int, Today]:
    """Post → how it stands today, whatever a computation of the past left of it. Two queries."""
    live = set(Assignment.objects.filter(post__in=posts, state__in=LIVE).values_list("post_id", flat=True))
    calls = open_calls(posts)
    found = {}
    for post in posts:
        call = calls.get(post.pk)
        free = CALLED if call is not None else VACANT
        status = SERVED if post.state == PostState.FILLED else PROPOSED if post.pk in live else free
        found[post.pk] = Today(status, call)
    return found


def left_empty(posts: Iterable[Post]) -> dict[int, EmptyPost]:
    """Post → why the last plan that was sent left it empty; posts that no plan left empty are missing. One query."""
    rows = EmptyPost.objects.filter(post__in=[post.pk for post in posts], run__state=RunState.PUBLISHED)
    return {row.post_id: row for row in rows.defer("reason").order_by("run__requested_at", "run_id")}


def open_calls(posts: Iterable[Post]) -> dict[int, Opportunity]:
    """Post → its open call for volunteers."""
    wanted = [post.pk for post in posts]
    calls = Opportunity.objects.filter(seeks_adviser_for_post__in=wanted, state=OpportunityState.OPEN)
    return {call.seeks_adviser_for_post: call for call in calls if call.seeks_adviser_for_post is not None}


def by_roster() -> Q:
    """Condition on a contract: it is served by duty rosters, where whoever serves stands, and not at a post.

    A counsel team that has hours of duty besides keeps its seats.
    """
    rosters = Roster.objects.filter(contract=OuterRef("pk")).exclude(state=RosterState.CANCELLED)
    return Q(Exists(rosters)) & ~of_team()


def contract_list(user: Any) -> QuerySet[Contract]:
    """Contracts in performance whose staffing ``user`` may see, with counts of posts by the statuses of ``overview``."""
    live = Assignment.objects.filter(post=OuterRef("pk"), state__in=LIVE)
    call = Opportunity.objects.filter(seeks_adviser_for_post=OuterRef("pk"), state=OpportunityState.OPEN)
    free = Post.objects.filter(~Exists(live), state=PostState.VACANT)
    return (
        rules.visible_contracts(user)
        .filter(~by_roster(), state=ContractState.ACTIVE)
        .select_related("buyer", "supplier")
        .annotate(
            post_count=Count("posts", filter=~Q(posts__state=PostState.CLOSED)),
            filled_count=Count("posts", filter=Q(posts__state=PostState.FILLED)),
            asked_count=Count("posts", filter=Q(posts__in=Post.objects.filter(Exists(live), state=PostState.VACANT))),
            called_count=Count("posts", filter=Q(posts__in=free.filter(Exists(call)))),
            vacant_count=Count("posts", filter=Q(posts__in=free.filter(~Exists(call)))),
        )
        .order_by("-created_at", "-pk")
    )


def vacancies(user: Any) -> QuerySet[Post]:
    """Vacant posts without a live proposal, of the contracts whose staffing ``user`` may see."""
    live = Assignment.objects.filter(post=OuterRef("pk"), state__in=LIVE)
    contracts = rules.visible_contracts(user).filter(~by_roster(), state=ContractState.ACTIVE)
    return (
        Post.objects.filter(~Exists(live), state=PostState.VACANT, contract__in=contracts)
        .select_related("contract", "region")
        .order_by("region_id", "seat", "pk")
    )


def proposals(user: User) -> list[Assignment]:
    """What waits for the answer of ``user``, by contract and village, with the contract's standard."""
    return list(
        Assignment.objects.filter(person=user, state=AssignmentState.PROPOSED)
        .select_related("post__region", "run__contract__buyer", "run__contract__supplier")
        .defer("reason", *without_documents("run"))
        .prefetch_related("run__contract__obligations")
        .order_by("run__contract_id", "respond_by", "post__region_id")
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """What a lawyer's terms mean today: villages served, asked for, still free to take, vacant at the firm, of these in reach."""

    served: int
    asked: int
    free: int
    vacant: int
    in_reach: int


def standing(user: User, profile: PractitionerProfile) -> Standing:
    """Ways are told as a computation tells them. A fixed number of queries."""
    served = villages_served(user)
    asked = Assignment.objects.filter(
        person=user, state=AssignmentState.PROPOSED, post__region__level=Level.VILLAGE
    ).count()
    firms = [m.organisation_id for m in memberships_of(user) if m.role == Role.LAWYER]
    live = Assignment.objects.filter(post=OuterRef("pk"), state__in=LIVE)
    regions = [
        post.region
        for post in Post.objects.filter(
            ~Exists(live),
            state=PostState.VACANT,
            contract__supplier__in=firms,
            contract__state=ContractState.ACTIVE,
            region__level=Level.VILLAGE,
            region__longitude__isnull=False,
        ).select_related("region")
    ]
    counties = [region.county_code or region.code for region in regions]
    speeds = county_speeds(counties)
    kmh = [speeds.get(code, geo.TIER_KMH[region.tier]) for code, region in zip(counties, regions, strict=True)]
    km = geo.great_circle_km(
        profile.longitude,
        profile.latitude,
        np.array([region.longitude for region in regions], dtype=np.float64),
        np.array([region.latitude for region in regions], dtype=np.float64),
    )
    in_reach = int((geo.travel_minutes(km, kmh) <= profile.max_travel_minutes).sum()) if regions else 0
    return Standing(served, asked, max(profile.capacity - served - asked, 0), len(regions), in_reach)


def answered(user: User) -> QuerySet[Assignment]:
    """What ``user`` answered or let pass, and what was taken back before, latest first."""
    states = [
        AssignmentState.ACCEPTED,
        AssignmentState.DECLINED,
        AssignmentState.EXPIRED,
        AssignmentState.ENDED,
    ]
    taken_back = Q(state=AssignmentState.WITHDRAWN, respond_by__isnull=False)
    return (
        Assignment.objects.filter(Q(state__in=states) | taken_back, person=user)
        .select_related("post__region", "run__contract")
        .defer("reason", *without_documents("run"))
        .order_by(Coalesce("answered_at", "respond_by").desc(), "-pk")
    )


def region_names(regions: Iterable[Region]) -> dict[int, Region]:
    """Village code → its township."""
    codes = {region.code: region.code - region.code % SPAN[Level.TOWNSHIP] for region in regions}
    found = Region.objects.in_bulk(set(codes.values()))
    return {code: found[above] for code, above in codes.items() if above in found}


@dataclass(frozen=True, slots=True)
class PublicPost:
    """What everybody may know of a village's post."""

    post: Post
    assignment: Assignment | None
    unfilled: EmptyPost | None
    call: Opportunity | None


def public_posts(code: int) -> list[PublicPost]:
    """The posts that serve a village today and why they are as they are. Without other people's names."""
    posts = list(posts_of_village(code))
    accepted = {
        a.post_id: a
        for a in Assignment.objects.filter(post__in=posts, state=AssignmentState.ACCEPTED, team__isnull=True)
        .select_related("run")
        .defer(*without_documents("run"))
    }
    calls = open_calls(posts)
    vacant = [post for post in posts if post.state == PostState.VACANT]
    published = EmptyPost.objects.filter(
        post__in=vacant, run__state=RunState.PUBLISHED, run__shape=RunShape.POSTS
    ).order_by("run__requested_at", "run_id")
    empty = {entry.post_id: entry for entry in published}
    return [PublicPost(post, accepted.get(post.pk), empty.get(post.pk), calls.get(post.pk)) for post in posts]
