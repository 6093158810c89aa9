"""Service sessions, reported and confirmed through the services."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from marketplace.accounts.models import Organisation, OrganisationKind, Role, User
from marketplace.core import clock
from marketplace.timesheets import services
from marketplace.timesheets.models import Capacity, ServiceSession, SessionKind

from .accounts import a_place, make_member, make_organisation, make_user

VILLAGE = 522634100201


def make_committee(code: int = VILLAGE) -> tuple[Organisation, User]:
    """A village committee and the person who speaks for it."""
    committee = make_organisation(OrganisationKind.VILLAGE, region=a_place(code))
    return committee, make_member(Role.VILLAGE, committee)


def make_session(
    person: User | None = None,
    *,
    host: Organisation | None = None,
    start: datetime | None = None,
    minutes: int = 120,
    capacity: str = Capacity.VOLUNTEER,
    confirmed_by: User | None = None,
    **kw: Any,
) -> ServiceSession:
    """A reported session (yesterday morning unless told otherwise), confirmed if ``confirmed_by`` is given."""
    now = clock.now()
    host = host or make_committee()[0]
    start = start or now - timedelta(days=1)
    session = services.report_session(
        actor=person or make_user(),
        capacity=capacity,
        kind=kw.pop("kind", SessionKind.ON_SITE),
        region=kw.pop("region", host.region),
        host=host,
        subject_kind=kw.pop("subject_kind", "volunteers.shift"),
        subject_id=kw.pop("subject_id", 1),
        start=start,
        end=start + timedelta(minutes=minutes),
        summary="接待咨询。",
        now=now,
        **kw,
    )
    if confirmed_by is not None:
        session = services.confirm_session(actor=confirmed_by, session=session, now=now)
    return session
