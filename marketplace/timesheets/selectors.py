"""Reading service time, set-wise."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any

from django.db.models import CharField, Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Cast, Coalesce, Lower
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.audit.models import Event

from .models import Capacity, ServiceSession
from .states import SessionState


def day_start(day: date) -> datetime:
    """The first instant of ``day`` in the project's time zone."""
    return timezone.make_aware(datetime.combine(day, time.min))


def confirmed_minutes(person: User, capacity: str | None, since: datetime, until: datetime) -> int:
    """Counted minutes of sessions that began in ``[since, until)``; of one capacity, or of all with None."""
    rows = ServiceSession.objects.annotate(began=Lower("period")).filter(
        person=person, state=SessionState.CONFIRMED, began__gte=since, began__lt=until
    )
    if capacity is not None:
        rows = rows.filter(capacity=capacity)
    return int(rows.aggregate(total=Coalesce(Sum("decided_minutes"), 0))["total"])


def minutes_by_subject(
    subject_kind: str, ids: Iterable[int], since: datetime, until: datetime
) -> dict[tuple[int, str], dict[str, int]]:
    """``{(subject_id, kind): {"minutes", "times", "people", "waiting"}}`` of sessions begun in ``[since, until)``.

    ``minutes``, ``times`` and ``people`` count confirmed sessions, ``waiting`` those that wait for the host. One query.
    """
    confirmed = Q(state=SessionState.CONFIRMED)
    rows = (
        ServiceSession.objects.annotate(began=Lower("period"))
        .filter(subject_kind=subject_kind, subject_id__in=list(ids), began__gte=since, began__lt=until)
        .filter(state__in=[SessionState.CONFIRMED, SessionState.REPORTED])
        .values("subject_id", "kind")
        .order_by("subject_id", "kind")
        .annotate(
            minutes=Coalesce(Sum("decided_minutes", filter=confirmed), 0),
            times=Count("pk", filter=confirmed),
            people=Coalesce(Sum("people_served", filter=confirmed), 0),
            waiting=Count("pk", filter=~confirmed),
        )
    )
    return {
        (row["subject_id"], row["kind"]): {k: int(row[k]) for k in ("minutes", "times", "people", "waiting")}
        for row in rows
    }


def disputed_since(sessions: QuerySet[ServiceSession]) -> QuerySet[ServiceSession]:
    """Those of ``sessions`` that are disputed, with ``disputed_at``: when it was said, as the record has it."""
    acts = Event.objects.filter(
        action="session.dispute",
        subject_type=ServiceSession._meta.label_lower,
        subject_id=Cast(OuterRef("pk"), CharField()),
    ).order_by("-occurred_at")
    return sessions.filter(state=SessionState.DISPUTED).annotate(disputed_at=Subquery(acts.values("occurred_at")[:1]))


def year_summary(person: User, year: int) -> dict[str, Any]:
    """Minutes of a calendar year by capacity, and what still waits."""
    since, until = day_start(date(year, 1, 1)), day_start(date(year + 1, 1, 1))
    rows = (
        ServiceSession.objects.annotate(began=Lower("period"))
        .filter(person=person, began__gte=since, began__lt=until)
        .values("capacity", "state")
        .order_by("capacity", "state")
        .annotate(decided=Coalesce(Sum("decided_minutes"), 0), claimed=Sum("claimed_minutes"), times=Count("pk"))
    )
    summary: dict[str, Any] = dict.fromkeys(Capacity.values, 0) | {"waiting_minutes": 0, "waiting_times": 0, "times": 0}
    for row in rows:
        if row["state"] == SessionState.CONFIRMED:
            summary[row["capacity"]] += row["decided"]
            summary["times"] += row["times"]
        elif row["state"] in (SessionState.REPORTED, SessionState.DISPUTED):
            summary["waiting_minutes"] += row["claimed"] or 0
            summary["waiting_times"] += row["times"]
    summary["unpaid"] = summary[Capacity.VOLUNTEER] + summary[Capacity.SUBSIDISED]
    return summary
