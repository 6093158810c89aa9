"""The re-review of objective points: what stood on the sheets when they went back, and what the members made of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from .models import Criterion, CriterionKind, Evaluator, OpenedBid, ReviewedScore, Score, Tender
from .states import EvaluatorState

#: Key of the opened bid, key of the factor.
Cell = tuple[int, int]


def keep_points(seats: Iterable[Evaluator], *, now: datetime) -> None:
    """Keep the objective points of sheets that go back at ``now``: only these can change."""
    scores = Score.objects.filter(
        evaluator__in=[seat.pk for seat in seats],
        criterion__kind=CriterionKind.OBJECTIVE,
        opened_bid__qualified=True,
        opened_bid__bid__lot__failure__isnull=True,
    )
    ReviewedScore.objects.bulk_create(
        ReviewedScore(
            evaluator_id=score.evaluator_id,
            opened_bid_id=score.opened_bid_id,
            criterion_id=score.criterion_id,
            points=score.points,
            reopened_at=now,
        )
        for score in scores
    )


@dataclass(frozen=True, slots=True)
class Change:
    """Points that a re-review changed."""

    reopened_at: datetime
    seat_id: int
    opened_bid: OpenedBid
    criterion: Criterion
    before: Decimal
    after: Decimal


def changes(tender: Tender) -> list[Change]:
    """What the members changed in the re-reviews of a tender, in order. To be shown only when all have handed in again."""
    kept = ReviewedScore.objects.filter(evaluator__tender_id=tender.pk).exclude(evaluator__state=EvaluatorState.RECUSED)
    return _changes(
        kept.select_related("criterion", "opened_bid__bid__supplier", "opened_bid__bid__lot")
        .defer("opened_bid__content", "opened_bid__bid__sealed_content")
        .order_by(
            "reopened_at", "opened_bid__bid__lot__number", "opened_bid_id", "criterion__position", "evaluator_id"
        ),
        Score.objects.filter(evaluator__tender_id=tender.pk, criterion__kind=CriterionKind.OBJECTIVE),
    )


def own_changes(seat: Evaluator) -> list[Change]:
    """What a member changed in the last re-review; nothing where there was none."""
    return _changes(
        _last_round(seat).select_related("criterion", "opened_bid").defer("opened_bid__content"),
        Score.objects.filter(evaluator=seat, criterion__kind=CriterionKind.OBJECTIVE),
    )


def _changes(kept: Iterable[ReviewedScore], scores: Iterable[Score]) -> list[Change]:
    kept = list(kept)
    later = {(s.evaluator_id, s.opened_bid_id, s.criterion_id): s.points for s in scores}
    found = []
    # From the last re-review back: what stood at one is what became of the one before.
    for row in reversed(kept):
        key = (row.evaluator_id, row.opened_bid_id, row.criterion_id)
        after = later.get(key)
        if after is not None and after != row.points:
            found.append(Change(row.reopened_at, row.evaluator_id, row.opened_bid, row.criterion, row.points, after))
        later[key] = row.points
    return found[::-1]


def facts(found: Iterable[Change]) -> list[dict[str, Any]]:
    """Changes for the record; the keys of bid and factor are named there."""
    return [
        {
            "bid": change.opened_bid.bid_id,
            "factor": change.criterion.pk,
            "before": f"{change.before:.2f}",
            "after": f"{change.after:.2f}",
        }
        for change in found
    ]


def times(tender: Tender) -> list[datetime]:
    """When the sheets of a tender went back, the first time first."""
    kept = ReviewedScore.objects.filter(evaluator__tender_id=tender.pk)
    return list(kept.order_by("reopened_at").values_list("reopened_at", flat=True).distinct())


def under_review(tender: Tender) -> datetime | None:
    """Since when sheets are back with their members; None where none is."""
    back = Evaluator.objects.filter(tender_id=tender.pk, state=EvaluatorState.DECLARED, reopened_at__isnull=False)
    return back.order_by("-reopened_at").values_list("reopened_at", flat=True).first()


def reviewed(tender: Tender, at: datetime) -> list[ReviewedScore]:
    """A row for each factor and bid on which the members differed when the sheets went back ``at``, by lot."""
    kept = (
        ReviewedScore.objects.filter(evaluator__tender_id=tender.pk, reopened_at=at)
        .select_related("criterion", "opened_bid__bid__supplier", "opened_bid__bid__lot")
        .defer("opened_bid__content", "opened_bid__bid__sealed_content")
        .order_by("opened_bid__bid__lot__number", "opened_bid_id", "criterion__position", "evaluator_id")
    )
    cells: dict[Cell, list[ReviewedScore]] = defaultdict(list)
    for row in kept:
        cells[row.opened_bid_id, row.criterion_id].append(row)
    return [rows[0] for rows in cells.values() if len({row.points for row in rows}) > 1]


def own_points(seat: Evaluator) -> dict[Cell, Decimal]:
    """A member's objective points when the sheets went back last; none where they did not."""
    return {(row.opened_bid_id, row.criterion_id): row.points for row in _last_round(seat)}


def _last_round(seat: Evaluator) -> QuerySet[ReviewedScore]:
    """What stood on a member's sheet when it went back last; without a query where it did not."""
    if seat.reopened_at is None:
        return ReviewedScore.objects.none()
    return ReviewedScore.objects.filter(evaluator=seat, reopened_at=seat.reopened_at)
