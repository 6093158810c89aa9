"""Volunteers and calls, through the services."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from marketplace.accounts.models import OrganisationKind, Role, User
from marketplace.core import clock
from volunteers import services
from volunteers.models import Opportunity, Shift

from .accounts import LEISHAN, a_place, make_member, make_organisation, make_user


def make_volunteer(**kw: Any) -> User:
    person = make_user(**kw)
    services.join(
        actor=person, region=a_place(LEISHAN), skills=["land"], languages=["cmn", "hmu"], about="", emergency_contact="示例家属",
        consent=True, now=clock.now(),
    )  # fmt: skip
    return User.objects.get(pk=person.pk)


def make_coordinator() -> User:
    return make_member(Role.COORDINATOR, make_organisation(OrganisationKind.ASSOCIATION, credit_code=None))


def make_call(
    *,
    places: int = 2,
    start: datetime | None = None,
    hours: int = 3,
    opened: bool = True,
    by: User | None = None,
    **kw: Any,
) -> tuple[Opportunity, Shift]:
    """An open call with one shift (in three days at nine, unless told otherwise), of ``hours`` or until its day ends."""
    by = by or make_coordinator()
    organiser = by.memberships.get(role=Role.COORDINATOR).organisation
    now = clock.now()
    start = start or (now + timedelta(days=3)).replace(hour=1, minute=0)
    # A shift ends on its day: late in the evening one that begins soon is shorter.
    midnight = timezone.localtime(start).replace(hour=23, minute=59, second=59)
    end = min(start + timedelta(hours=hours), midnight)
    call = services.create_opportunity(
        actor=by, organiser=organiser, host=kw.pop("host", organiser), kind="duty", title=kw.pop("title", "赶集日法律咨询"),
        description="接待咨询。", region=kw.pop("region", None) or a_place(LEISHAN),
        shifts=[services.NewShift(start, end, places)], now=min(now, start - timedelta(hours=1)), **kw,
    )  # fmt: skip
    if opened:
        call = services.open_opportunity(actor=by, opportunity=call, now=now)
    return call, call.shifts.get()
