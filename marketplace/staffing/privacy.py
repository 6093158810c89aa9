"""What this room holds about a person, for his own copy of his data. What is only computed is nobody's yet."""

from __future__ import annotations

from typing import Any

from marketplace.accounts.models import User

from .models import Assignment
from .rosters.models import Duty, Offer
from .rosters.states import DutyState
from .states import AssignmentState


def exported_posts(user: User) -> list[dict[str, Any]]:
    proposed = Assignment.objects.filter(person=user).exclude(state=AssignmentState.COMPUTED)
    return [
        {
            "place": str(each.post.region),
            "travel_minutes": each.travel_minutes,
            "state": each.state,
            "respond_by": each.respond_by,
            "answered_at": each.answered_at,
            "answer_note": each.answer_note,
        }
        for each in proposed.select_related("post__region").order_by("pk")
    ]


def exported_duties(user: User) -> dict[str, Any]:
    duties = Duty.objects.filter(person=user).exclude(state=DutyState.COMPUTED).order_by("pk")
    return {
        "offers": [
            {
                "roster": each.roster.title,
                "capacity": each.capacity,
                "most_minutes": each.most_minutes,
                "offered_at": each.offered_at,
            }
            for each in Offer.objects.filter(person=user).select_related("roster").order_by("pk")
        ],
        "duties": [
            {
                "from": each.period.lower,
                "to": each.period.upper,
                "capacity": each.capacity,
                "state": each.state,
                "answered_at": each.answered_at,
                "note": each.note_words,
            }
            for each in duties
        ],
    }
