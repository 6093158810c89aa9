"""Everything the product holds about a person, for that person (个人信息保护法 art. 45: access, copy, transfer).

Rooms above add their part: ``register("visits", lambda user: [...])`` in AppConfig.ready.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction

from marketplace.audit.models import Event
from marketplace.audit.services import record

from .models import User

#: user -> something that JSON can hold (instants and days are turned into text)
Provider = Callable[[User], Any]
_sections: dict[str, Provider] = {}

NOTICE_VERSION = "2026-11"


def register(section: str, provider: Provider) -> None:
    _sections[section] = provider


@transaction.atomic
def export_my_data(*, actor: User, now: datetime) -> dict[str, Any]:
    """The person's own data by section, with the secrets he entered in plain text; only ever given to himself."""
    record(actor=actor, action="person.export", subject=actor, now=now)
    return {
        "exported_at": now,
        "person": _person(actor),
        "memberships": [
            {
                "organisation": m.organisation.name,
                "role": m.role,
                "state": m.state,
                "from": m.valid_from,
                "to": m.valid_to,
            }
            for m in actor.memberships.select_related("organisation").order_by("pk")
        ],
        "credentials": list(
            actor.credentials.order_by("pk").values(
                "kind",
                "number",
                "issuer",
                "valid_from",
                "valid_until",
                "state",
                "submitted_at",
                "reviewed_at",
                "review_note",
            )
        ),
        "practice": _practice(actor),
        "declared_relations": list(
            actor.declared_relations.order_by("pk").values(
                "organisation__name", "kind", "valid_from", "valid_to", "note", "declared_at"
            )
        ),
        "sanctions": list(
            actor.sanctions.order_by("pk").values(
                "reason", "basis", "valid_from", "valid_to", "decided_at", "lifted_on", "lift_reason"
            )
        ),
        "key_holder_keys": list(actor.holder_keys.order_by("pk").values("created_at", "retired_at")),
        "acts": list(
            Event.objects.filter(actor=actor)
            .order_by("pk")
            .values("action", "subject_type", "subject_id", "occurred_at", "reason", "data")
        ),
        **{name: provider(actor) for name, provider in sorted(_sections.items())},
    }


def _person(user: User) -> dict[str, Any]:
    return {
        "username": user.username,
        "name": user.display_name,
        "name_en": user.display_name_en,
        "email": user.email,
        "phone": user.phone,
        "id_number": user.id_number,
        "home": str(user.home_region) if user.home_region else None,
        "joined": user.date_joined,
        "last_login": user.last_login,
    }


def _practice(user: User) -> dict[str, Any] | None:
    profile = getattr(user, "practitioner", None)
    if profile is None:
        return None
    return {
        "office": str(profile.region),
        "longitude": profile.longitude,
        "latitude": profile.latitude,
        "specialties": profile.specialties,
        "languages": profile.languages,
        "capacity": profile.capacity,
        "max_travel_minutes": profile.max_travel_minutes,
        "open_to_posts": profile.open_to_posts,
        "about": profile.about,
        "about_en": profile.about_en,
    }
