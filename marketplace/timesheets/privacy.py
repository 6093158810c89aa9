"""What this room holds about a person, for his own copy of his data."""

from __future__ import annotations

from typing import Any

from marketplace.accounts.models import User

from .models import ServiceSession


def exported_visits(user: User) -> list[dict[str, Any]]:
    sessions = ServiceSession.objects.filter(person=user).select_related("region", "host").order_by("pk")
    return [
        {
            "kind": each.kind,
            "capacity": each.capacity,
            "place": str(each.region),
            "host": str(each.host),
            "from": each.period.lower,
            "to": each.period.upper,
            "claimed_minutes": each.claimed_minutes,
            "decided_minutes": each.decided_minutes,
            "people_served": each.people_served,
            "summary": each.summary,
            "state": each.state,
            "reported_at": each.reported_at,
            "decided_at": each.decided_at,
            "objection": each.objection,
            "answer": each.answer,
            "decision_note": each.decision_note,
        }
        for each in sessions
    ]
