"""Reading the record, and who may.

This room stands below the people and the objects it speaks of, so it asks rooms above: ``register_visibility`` says who
sees the trail of an object, ``install_supervision`` what a supervisor sees of everybody's acts.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import models
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from .models import Event

#: (user, subject_id) -> may this person read the trail of that object?
Visibility = Callable[[Any, str], bool]
#: user -> the events that a supervisor sees; None for who supervises nothing
Supervision = Callable[[Any], Q | None]

_visibility: dict[str, Visibility] = {}
_pages: dict[str, str | Callable[[str], str]] = {}
_secrets: list[Callable[[], Q]] = []
_supervision: Supervision | None = None


def register_visibility(subject_type: str, predicate: Visibility, page: str | Callable[[str], str] = "") -> None:
    """``register_visibility("procurement.tender", lambda user, key: …)`` in a room's AppConfig.ready.

    ``page`` names the address of the object's own page, which takes its key; or makes the address from the key.
    """
    _visibility[subject_type] = predicate
    if page:
        _pages[subject_type] = page


def page_of(user: Any, subject_type: str, subject_id: Any) -> str:
    """The address of the object's own page, for who may read all of its trail; else nothing."""
    page = _pages.get(subject_type)
    if page is None or not may_read_trail(user, subject_type, subject_id):
        return ""
    return reverse(page, args=[subject_id]) if isinstance(page, str) else page(str(subject_id))


def register_secret(condition: Callable[[], Q]) -> None:
    """Events that no supervisor and no search shows, whoever did them: only ``register_visibility`` opens their trail."""
    _secrets.append(condition)


def install_supervision(supervision: Supervision) -> None:
    """Called once by ``accounts``."""
    global _supervision
    _supervision = supervision


def supervised(user: Any) -> Q | None:
    """The events that ``user`` sees as a supervisor; None for who is none."""
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return None
    seen = Q() if user.is_superuser else (_supervision(user) if _supervision is not None else None)
    if seen is None:
        return None
    for condition in _secrets:
        seen &= ~condition()
    return seen


def trail(subject: models.Model) -> QuerySet[Event]:
    """Everything recorded about an object, newest first."""
    return trail_of(subject._meta.label_lower, subject.pk)


def trail_of(subject_type: str, subject_id: Any) -> QuerySet[Event]:
    return Event.objects.filter(subject_type=subject_type, subject_id=str(subject_id)).select_related("actor", "sealed")


def may_read_trail(user: Any, subject_type: str, subject_id: Any) -> bool:
    """Whether the room of the object lets this person read all of its trail."""
    predicate = _visibility.get(subject_type)
    if predicate is None or not getattr(user, "is_authenticated", False) or not user.is_active:
        return False
    try:
        return predicate(user, str(subject_id))
    except ValueError:
        # An address with a key that is none.
        return False


def readable_trail(user: Any, subject_type: str, subject_id: Any) -> QuerySet[Event]:
    """What this person may read of an object's trail: all, a supervisor's part of it, or nothing."""
    events = trail_of(subject_type, subject_id)
    if may_read_trail(user, subject_type, subject_id):
        return events
    condition = supervised(user)
    return events.none() if condition is None else events.filter(condition)


def search(
    user: Any,
    *,
    person: str = "",
    action: str = "",
    subject_type: str = "",
    since: date | None = None,
    until: date | None = None,
) -> QuerySet[Event]:
    """A supervisor's search, newest first. ``since`` and ``until`` are days, both included; nothing for other people."""
    condition = supervised(user)
    if condition is None:
        return Event.objects.none()
    found = Event.objects.filter(condition).select_related("actor", "sealed").order_by("-occurred_at", "-id")
    if person.strip():
        words = person.strip()
        found = found.filter(
            Q(actor__display_name__icontains=words)
            | Q(actor__display_name_en__icontains=words)
            | Q(actor__username__iexact=words)
        )
    if action:
        found = found.filter(action=action)
    if subject_type:
        found = found.filter(subject_type=subject_type)
    # Instants, not days of instants: these the index serves.
    if since:
        found = found.filter(occurred_at__gte=_midnight(since))
    if until and until < date.max:
        found = found.filter(occurred_at__lt=_midnight(until + timedelta(days=1)))
    return found


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
