"""Shifts as something to record service for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.urls import reverse

from marketplace.accounts.models import User
from marketplace.core.i18n import localized
from marketplace.timesheets.models import Capacity
from marketplace.timesheets.subjects import Subject

from .models import SignUp
from .states import SignUpState

KIND = "volunteers.shift"
EARLY = timedelta(minutes=60)
LATE = timedelta(days=30)


def shifts_to_record(person: User, now: datetime) -> Iterator[Subject]:
    """The person's shifts from an hour before they begin until thirty days after."""
    held = (
        SignUp.objects.filter(
            volunteer=person,
            state__in=[SignUpState.CONFIRMED, SignUpState.ATTENDED],
            shift__starts_at__lte=now + EARLY,
            shift__ends_at__gte=now - LATE,
        )
        .select_related("shift__opportunity__region", "shift__opportunity__host")
        .order_by("-shift__starts_at", "pk")[:50]
    )
    for sign_up in held:
        call = sign_up.shift.opportunity
        yield Subject(
            KIND,
            sign_up.shift_id,
            localized(call, "title"),
            call.region,
            call.host,
            Capacity.SUBSIDISED if call.subsidised else Capacity.VOLUNTEER,
            (call.kind,),
            reverse("volunteers:opportunity", args=[call.pk]),
            sign_up.shift.starts_at,
            sign_up.shift.ends_at,
        )
