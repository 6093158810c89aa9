"""What a run found: its figures, its rows, and the people and posts of which its reasons speak."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, QuerySet, When

from marketplace.accounts.models import User
from marketplace.contracts.models import Post

from .measuring import BANDS
from .models import Assignment, AssignmentRun, EmptyPost
from .states import LEFT_FREE


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
    found = run.summary
    if not found:
        return None
    return RunReport(
        run=run,
        filled=found["objective"]["filled"],
        empty=found["objective"]["empty"],
        posts=found["objective"]["posts"],
        median=found["travel"]["median"],
        longest=found["travel"]["longest"],
        bands=travel_bands(found["travel"]["bands"]),
        used=found["load"]["used"],
        people=found["load"]["people"],
        most=found["load"]["most"],
        pairs=found["pairs"]["all"],
        eligible=found["pairs"]["eligible"],
        left_out=sum(run.parameters["left_out"].values()),
    )


def travel_bands(counts: Sequence[int]) -> list[Band]:
    edges = (0, *BANDS)
    return [Band(edges[at], BANDS[at] if at < len(BANDS) else None, count) for at, count in enumerate(counts)]


def plan_rows(run: AssignmentRun) -> QuerySet[Assignment]:
    return run.assignments.select_related("post__region", "person").order_by("post__region_id", "post_id")


def free_first(rows: QuerySet[Assignment]) -> QuerySet[Assignment]:
    """What fell free stands before the rest: on a later page nobody would look for it."""
    fell = Case(When(state__in=LEFT_FREE, then=0), default=1)
    return rows.order_by(fell, "post__region_id", "post_id")


def post_in(run: AssignmentRun, village: int | None, person: int) -> int:
    """The post of ``run`` in a village of it (``picking.villages_of``) or at its one place (None) for which to ask why not
    ``person``: of several the one that was dealt to the person, else the first.
    """
    where = {"post__region": village} if village is not None else {}
    own_first = Case(When(person=person, then=0), default=1)
    dealt = run.assignments.filter(**where).order_by(own_first, "post_id").values_list("post_id", flat=True)
    empty = run.empty_posts.filter(**where).order_by("post_id").values_list("post_id", flat=True)
    return [*dealt, *empty][0]


def unfilled_posts(run: AssignmentRun) -> QuerySet[EmptyPost]:
    """The posts that the plan left empty, with why."""
    return run.empty_posts.select_related("post__region").defer("reason").order_by("post__region_id", "post_id")


def changed_rows(run: AssignmentRun) -> QuerySet[Assignment]:
    """What a repair fills, with who left it free."""
    return (
        run.assignments.select_related("post__region", "person", "replaces__person")
        .defer("reason", "replaces__reason")
        .order_by("replaces_id", "post__region_id", "post_id")
    )


def lost_posts(run: AssignmentRun) -> QuerySet[EmptyPost]:
    """What a repair could not fill again, with who left it free."""
    return (
        run.empty_posts.filter(replaces__isnull=False)
        .select_related("post__region", "replaces__person")
        .defer("reason", "replaces__reason")
        .order_by("post__region_id", "post_id")
    )


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
