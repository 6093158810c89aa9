"""Reads for the pages of teams: each a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from marketplace.accounts.models import PractitionerProfile, Specialty, User
from marketplace.contracts.models import Contract, Post
from marketplace.contracts.states import PostState
from marketplace.staffing import selectors
from marketplace.staffing.models import Assignment, AssignmentRun, EmptyPost, Quarrel
from marketplace.staffing.states import AssignmentState, QuarrelState

from .freezing import quarrels_among, years_of_practice

SERVED, PROPOSED, VACANT = selectors.SERVED, selectors.PROPOSED, selectors.VACANT


@dataclass(frozen=True, slots=True)
class Seat:
    """A seat as the page of the contract shows it; ``fields`` in words."""

    post: Post
    status: str
    assignment: Assignment | None
    person: User | None
    years: int
    fields: list[str]


@dataclass(frozen=True, slots=True)
class Covered:
    """A field of law that was asked for, and who of those who sit or may still answer covers it."""

    field: str
    people: list[User]
    #: at least one of them sits already: the others may still decline
    serving: bool


@dataclass(frozen=True, slots=True)
class TeamView:
    """Where a contract's team stands. ``covered`` and ``seniors`` are measured by what the last run was asked."""

    seats: list[Seat]
    counts: dict[str, int]
    covered: list[Covered]
    seniors: list[User]
    apart: int
    last: AssignmentRun | None
    runs: list[AssignmentRun]

    @property
    def total(self) -> int:
        return len(self.seats)

    @property
    def members(self) -> int:
        return self.total - self.counts[VACANT]


def team_view(contract: Contract, on: date) -> TeamView:
    """A fixed number of queries, however many seats."""
    found = selectors.overview(contract, whole=True)
    villages = sorted((v for town in found.townships for v in town.villages), key=lambda v: v.post.seat)
    sitting = {
        v.post.pk: v.post.adviser or (v.assignment.person if v.assignment is not None else None) for v in villages
    }
    people = [person for person in sitting.values() if person is not None]
    known = dict(PractitionerProfile.objects.filter(user__in=people).values_list("user_id", "specialties"))
    years = years_of_practice((person.pk for person in people), on)
    seats = []
    for v in villages:
        person = sitting[v.post.pk]
        labels = [str(Specialty(value).label) for value in known.get(person.pk, [])] if person is not None else []
        status = VACANT if person is None else SERVED if v.post.adviser_id else PROPOSED
        seats.append(Seat(v.post, status, v.assignment, person, years[person.pk] if person is not None else 0, labels))
    last = next((run for run in found.runs if "covers" in run.parameters), None)
    asked = last.parameters if last is not None else {"covers": [], "senior_years": 0, "seniors": 0}
    sits = {seat.person.pk for seat in seats if seat.person is not None and seat.status == SERVED}
    covered = []
    for value in asked["covers"]:
        able = [person for person in people if value in known.get(person.pk, [])]
        covered.append(Covered(str(Specialty(value).label), able, any(person.pk in sits for person in able)))
    seniors = [person for person in people if years[person.pk] >= asked["senior_years"]] if asked["seniors"] else []
    counts = {status: sum(seat.status == status for seat in seats) for status in (SERVED, PROPOSED, VACANT)}
    apart = len(quarrels_among(person.pk for person in people))
    return TeamView(seats, counts, covered, seniors, apart, found.last, found.runs)


@dataclass(frozen=True, slots=True)
class TeamNames:
    """People and contracts that the reasons of a team run speak of."""

    people: dict[int, User]
    contracts: dict[int, Contract]


def names_in(reasons: Iterable[dict[str, Any]]) -> TeamNames:
    """Everybody and every contract named in stored reasons. Two queries."""
    people: set[int] = set()
    contracts: set[int] = set()
    for reason in reasons:
        for each in [*(reason.get(name) for name in ("free", "seated")), *reason.get("help", ())]:
            if each is not None:
                people.add(each["person"])
                if each["sits_with"] is not None:
                    contracts.add(each["sits_with"])
    return TeamNames(User.objects.in_bulk(people), Contract.objects.in_bulk(contracts))


def member_rows(run: AssignmentRun) -> QuerySet[Assignment]:
    """The seats that the run dealt, with who left them free, in order."""
    return run.assignments.select_related("post__region", "person", "replaces__person").order_by(
        "post__seat", "post_id"
    )


def empty_seats(run: AssignmentRun) -> QuerySet[EmptyPost]:
    return run.empty_posts.select_related("post__region", "replaces__person").order_by("post__seat", "post_id")


@dataclass(frozen=True, slots=True)
class Kept:
    """Whoever kept a seat when a run was frozen. ``status``: how it stands today; VACANT: this person has left it.
    ``respond_by``: until when he may answer, where that is still open."""

    seat: int
    person: User
    status: str
    respond_by: datetime | None


def kept_members(run: AssignmentRun) -> list[Kept]:
    """In the order of the seats. Three queries."""
    kept = run.before["kept"]
    people = User.objects.in_bulk([who for _post, who in kept])
    posts = Post.objects.in_bulk([post for post, _who in kept])
    asked = Assignment.objects.filter(post__in=posts, state=AssignmentState.PROPOSED)
    until = {(post, who): due for post, who, due in asked.values_list("post_id", "person_id", "respond_by")}
    found = []
    for post, who in kept:
        if who not in people:
            continue
        status = SERVED if posts[post].adviser_id == who else PROPOSED if (post, who) in until else VACANT
        found.append(Kept(posts[post].seat, people[who], status, until.get((post, who))))
    return sorted(found, key=lambda each: each.seat)


def with_reasons(rows: Iterable[Assignment]) -> list[Assignment]:
    """The seats of teams among ``rows``, with their reasons. One query."""
    seats = [each for each in rows if each.team_id is not None]
    reasons = dict(Assignment.objects.filter(pk__in=[each.pk for each in seats]).values_list("pk", "reason"))
    for each in seats:
        each.reason = reasons[each.pk]
    return seats


def seats_of(contracts: Iterable[Contract]) -> dict[int, int]:
    """Contract → the seats of its whole team."""
    rows = Contract.objects.filter(pk__in=[each.pk for each in contracts]).annotate(
        seats=Count("posts", filter=~Q(posts__state=PostState.CLOSED))
    )
    return dict(rows.order_by().values_list("pk", "seats"))


def last_runs(contracts: Iterable[Contract]) -> dict[int, AssignmentRun]:
    """Contract → its latest run."""
    rows = AssignmentRun.objects.filter(contract__in=[each.pk for each in contracts])
    return {run.contract_id: run for run in rows.order_by("requested_at", "pk")}


def my_quarrels(user: User) -> QuerySet[Quarrel]:
    return Quarrel.objects.filter(stated_by=user).select_related("other").order_by("state", "-stated_at", "-pk")


def exported_quarrels(user: User) -> list[dict[str, Any]]:
    """What a person stated, for his own copy of his data."""
    return [
        {
            "colleague": str(each.other),
            "reason": each.kind,
            "note": each.note,
            "state": QuarrelState(each.state).value,
            "stated_at": each.stated_at,
            "withdrawn_at": each.withdrawn_at,
        }
        for each in Quarrel.objects.filter(stated_by=user).select_related("other").order_by("pk")
    ]
