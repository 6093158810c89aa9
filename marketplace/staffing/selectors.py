"""Reads for the pages of staffing: each a fixed number of queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from marketplace.accounts.models import User
from marketplace.contracts.models import Contract, Post
from marketplace.contracts.selectors import posts_of_village
from marketplace.contracts.states import ContractState, PostState
from marketplace.regions.codes import SPAN
from marketplace.regions.models import Level, Region
from volunteers.models import Opportunity
from volunteers.states import OpportunityState

from . import rules
from .computing import BANDS
from .freezing import LIVE
from .models import Assignment, AssignmentRun
from .states import AssignmentState, RunState

SERVED, PROPOSED, CALLED, VACANT = "served", "proposed", "called", "vacant"


@dataclass(frozen=True, slots=True)
class Village:
    """A post as the staffing pages show it."""

    post: Post
    status: str
    assignment: Assignment | None
    call: Opportunity | None


@dataclass(frozen=True, slots=True)
class Township:
    region: Region | None
    villages: list[Village] = field(default_factory=list)

    def _count(self, status: str) -> int:
        return sum(village.status == status for village in self.villages)

    @property
    def served(self) -> int:
        return self._count(SERVED)

    @property
    def asked(self) -> int:
        return self._count(PROPOSED)

    @property
    def vacant(self) -> int:
        """With or without a call for volunteers: no lawyer yet."""
        return self._count(VACANT) + self._count(CALLED)


@dataclass(frozen=True, slots=True)
class Overview:
    """Where a contract's staffing stands. Five queries."""

    townships: list[Township]
    counts: Counter[str]
    last: AssignmentRun | None
    runs: list[AssignmentRun]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def overview(contract: Contract) -> Overview:
    posts = list(
        contract.posts.exclude(state=PostState.CLOSED).select_related("region", "adviser").order_by("region_id", "seat")
    )
    live = {
        a.post_id: a
        for a in Assignment.objects.filter(post__contract=contract, state__in=LIVE).select_related("person", "run")
    }
    calls = open_calls(posts)
    codes = {code - code % SPAN[Level.TOWNSHIP] for code in (post.region_id for post in posts)}
    names = Region.objects.in_bulk(codes)
    townships: dict[int, Township] = {}
    counts: Counter[str] = Counter()
    for post in posts:
        assignment, call = live.get(post.pk), calls.get(post.pk)
        status = (
            SERVED
            if post.state == PostState.FILLED
            else PROPOSED
            if assignment is not None
            else CALLED
            if call is not None
            else VACANT
        )
        counts[status] += 1
        code = post.region_id - post.region_id % SPAN[Level.TOWNSHIP]
        townships.setdefault(code, Township(names.get(code))).villages.append(Village(post, status, assignment, call))
    runs = list(contract.runs.select_related("requested_by").defer("problem", "result")[:10])
    return Overview(list(townships.values()), counts, runs[0] if runs else None, runs)


def open_calls(posts: Iterable[Post]) -> dict[int, Opportunity]:
    """Post → its open call for volunteers."""
    wanted = [post.pk for post in posts]
    calls = Opportunity.objects.filter(seeks_adviser_for_post__in=wanted, state=OpportunityState.OPEN)
    return {call.seeks_adviser_for_post: call for call in calls if call.seeks_adviser_for_post is not None}


def contract_list(user: Any) -> QuerySet[Contract]:
    """Contracts in performance whose staffing ``user`` may see, with counts of posts by status."""
    live = Assignment.objects.filter(post=OuterRef("pk"), state__in=LIVE)
    vacant = Post.objects.filter(~Exists(live), state=PostState.VACANT)
    return (
        rules.visible_contracts(user)
        .filter(state=ContractState.ACTIVE)
        .select_related("buyer", "supplier")
        .annotate(
            post_count=Count("posts", filter=~Q(posts__state=PostState.CLOSED)),
            filled_count=Count("posts", filter=Q(posts__state=PostState.FILLED)),
            vacant_count=Count("posts", filter=Q(posts__in=vacant)),
        )
        .order_by("-created_at", "-pk")
    )


def vacancies(user: Any) -> QuerySet[Post]:
    """Vacant posts without a live proposal, of the contracts whose staffing ``user`` may see."""
    live = Assignment.objects.filter(post=OuterRef("pk"), state__in=LIVE)
    contracts = rules.visible_contracts(user).filter(state=ContractState.ACTIVE)
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
        .prefetch_related("run__contract__obligations")
        .order_by("run__contract_id", "respond_by", "post__region_id")
    )


def answered(user: User) -> QuerySet[Assignment]:
    """What ``user`` answered or let pass, latest first."""
    states = [
        AssignmentState.ACCEPTED,
        AssignmentState.DECLINED,
        AssignmentState.EXPIRED,
        AssignmentState.ENDED,
    ]
    return (
        Assignment.objects.filter(person=user, state__in=states)
        .select_related("post__region", "run__contract")
        .order_by("-answered_at", "-pk")
    )


def region_names(regions: Iterable[Region]) -> dict[int, Region]:
    """Village code → its township."""
    codes = {region.code: region.code - region.code % SPAN[Level.TOWNSHIP] for region in regions}
    found = Region.objects.in_bulk(set(codes.values()))
    return {code: found[above] for code, above in codes.items() if above in found}


@dataclass(frozen=True, slots=True)
class Band:
    """Villages whose adviser travels more than ``above`` and at most ``upto`` minutes; the last band has no end."""

    above: int
    upto: int | None
    count: int


@dataclass(frozen=True, slots=True)
class RunReport:
    """A finished run in figures."""

    run: AssignmentRun
    filled: int
    empty: int
    posts: int
    median: int | None
    longest: int | None
    bands: list[Band]
    used: int
    people: int
    most: int
    pairs: int
    eligible: int
    left_out: int

    @property
    def coverage(self) -> float:
        return self.filled / self.posts if self.posts else 0.0


def run_report(run: AssignmentRun) -> RunReport | None:
    """What a run achieved; None until it is done."""
    result = run.result
    if not result:
        return None
    edges = (0, *BANDS)
    return RunReport(
        run=run,
        filled=result["objective"]["filled"],
        empty=result["objective"]["empty"],
        posts=result["objective"]["posts"],
        median=result["travel"]["median"],
        longest=result["travel"]["longest"],
        bands=[
            Band(edges[at], BANDS[at] if at < len(BANDS) else None, count)
            for at, count in enumerate(result["travel"]["bands"])
        ],
        used=result["load"]["used"],
        people=result["load"]["people"],
        most=result["load"]["most"],
        pairs=result["pairs"]["all"],
        eligible=result["pairs"]["eligible"],
        left_out=sum(run.parameters["left_out"].values()),
    )


def plan_rows(run: AssignmentRun) -> QuerySet[Assignment]:
    return run.assignments.select_related("post__region", "person").order_by("post__region_id", "post_id")


def unfilled_posts(run: AssignmentRun) -> list[tuple[Post, dict[str, Any]]]:
    """The posts that the plan left empty, with why."""
    entries = {entry["post"]: entry for entry in run.result.get("unfilled", ())}
    posts = Post.objects.filter(pk__in=entries).select_related("region").order_by("region_id", "pk")
    return [(post, entries[post.pk]) for post in posts]


@dataclass(frozen=True, slots=True)
class Names:
    """People and posts that reasons speak of, fetched together."""

    people: dict[int, User]
    posts: dict[int, Post]


def names_in(reasons: Iterable[dict[str, Any]]) -> Names:
    """Everybody and every post named in stored reasons. Two queries."""
    people: set[int] = set()
    posts: set[int] = set()
    for reason in reasons:
        for each in reason.get("alternatives", ()):
            people.add(each["person"])
            for move in each["moves"]:
                posts.add(move["post"])
                people.update(who for who in (move["from"], move["to"]) if who is not None)
        people.update(each["person"] for each in reason.get("barred", ()))
    return Names(
        User.objects.in_bulk(people),
        {post.pk: post for post in Post.objects.filter(pk__in=posts).select_related("region")},
    )


@dataclass(frozen=True, slots=True)
class PublicPost:
    """What everybody may know of a village's post."""

    post: Post
    assignment: Assignment | None
    unfilled: dict[str, Any] | None
    call: Opportunity | None


def public_posts(code: int) -> list[PublicPost]:
    """The posts that serve a village today and why they are as they are. Without other people's names."""
    posts = list(posts_of_village(code))
    accepted = {
        a.post_id: a
        for a in Assignment.objects.filter(post__in=posts, state=AssignmentState.ACCEPTED).select_related("run")
    }
    calls = open_calls(posts)
    empty: dict[int, dict[str, Any]] = {}
    contracts = {post.contract_id for post in posts if post.state == PostState.VACANT}
    runs = AssignmentRun.objects.filter(contract__in=contracts, state=RunState.PUBLISHED).order_by("requested_at", "pk")
    for entries in runs.values_list("result__unfilled", flat=True):
        empty.update({entry["post"]: entry for entry in entries or ()})
    return [PublicPost(post, accepted.get(post.pk), empty.get(post.pk), calls.get(post.pk)) for post in posts]
