"""Writing the record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import models

from marketplace.core.bulk import copy_rows

from .models import Event
from .sealing import seal_pending
from .verify_export import canonical

__all__ = ["record", "record_transition", "record_transitions", "seal_pending"]


def record(
    *,
    actor: Any,
    action: str,
    subject: models.Model,
    now: datetime,
    reason: str = "",
    data: Mapping[str, Any] | None = None,
) -> Event:
    """Write one act in the caller's transaction.

    ``action`` reads ``room.verb`` (``tender.publish``); ``data`` holds what a later reader needs, never a secret, a
    bid's content or a personal identifier. ``actor`` is None for what the clock alone does. Where the reason has an
    English twin, it stands in ``data`` as ``reason_en``.

    Raises:
        ValueError: ``data`` holds something other than text, whole numbers, booleans, None, lists and dicts (amounts and
            instants go in as text), so that the record can be checked with a standard library alone.
    """
    canonical(dict(data or {}))
    return Event.objects.create(
        actor=actor if getattr(actor, "pk", None) else None,
        action=action,
        subject_type=subject._meta.label_lower,
        subject_id=str(subject.pk),
        occurred_at=now,
        reason=reason,
        data=dict(data or {}),
    )


def record_transition(
    *, actor: Any, action: str, subject: models.Model, now: datetime, reason: str, data: Mapping[str, Any]
) -> None:
    """The recorder that ``core.states`` calls in the transaction of the change."""
    record(actor=actor, action=action, subject=subject, now=now, reason=reason, data=data)


def record_transitions(
    *,
    actor: Any,
    action: str,
    model: type[models.Model],
    now: datetime,
    reason: str,
    data: Mapping[Any, Mapping[str, Any]],
) -> None:
    """The same for many rows of ``model`` at once: an event for each key of ``data``, in its order."""
    actor_id = getattr(actor, "pk", None) or None
    subject_type = model._meta.label_lower

    def rows() -> Iterator[tuple[Any, ...]]:
        for key, facts in data.items():
            canonical(dict(facts))
            yield actor_id, action, subject_type, str(key), now, reason, dict(facts)

    columns = ("actor_id", "action", "subject_type", "subject_id", "occurred_at", "reason", "data")
    copy_rows(Event, columns, rows())
