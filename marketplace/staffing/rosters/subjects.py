"""Confirmed shifts as something to record service for.

A lawyer's duty under the contract is service for the contract's post, so that it counts towards what the contract owes; a
volunteer's beside it is service of its own. A place at a call for volunteers is recorded there.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.urls import reverse

from marketplace.accounts.models import Organisation, OrganisationKind, User
from marketplace.contracts.fulfilment import SESSION_KINDS, SUBJECT
from marketplace.timesheets.models import Capacity
from marketplace.timesheets.subjects import Subject
from volunteers.subjects import KIND as CALL

from .models import Duty, Roster
from .states import DutyState

KIND = "staffing.duty"
EARLY = timedelta(minutes=60)
LATE = timedelta(days=30)


def _served(person: User, now: datetime) -> QuerySet[Duty]:
    return (
        Duty.objects.filter(
            person=person,
            state=DutyState.CONFIRMED,
            shift__starts_at__lte=now + EARLY,
            shift__ends_at__gte=now - LATE,
        )
        .select_related("shift__roster__contract__buyer", "shift__roster__region", "sign_up")
        .order_by("-shift__starts_at", "pk")
    )


def _hosts(rosters: list[Roster]) -> dict[int, Organisation]:
    """Region → the committee that confirms there; where there is none, the buyer does."""
    committees = Organisation.objects.filter(
        kind=OrganisationKind.VILLAGE, region__in={roster.region_id for roster in rosters}
    )
    return {each.region_id: each for each in committees.order_by("-pk")}


def post_subjects(person: User, now: datetime) -> Iterator[Subject]:
    """The posts for which the person is or was on duty, each once."""
    duties = [duty for duty in _served(person, now) if duty.post_id is not None]
    hosts = _hosts([duty.shift.roster for duty in duties])
    seen: set[int] = set()
    for duty in duties:
        roster = duty.shift.roster
        if duty.post_id is None or duty.post_id in seen or roster.contract is None:
            continue
        seen.add(duty.post_id)
        yield Subject(
            kind=SUBJECT,
            id=duty.post_id,
            label=roster.title,
            region=roster.region,
            host=hosts.get(roster.region_id, roster.contract.buyer),
            capacity=Capacity.CONTRACT,
            session_kinds=(roster.kind,) if roster.kind in SESSION_KINDS else ("duty",),
            url=reverse("staffing:roster", args=[roster.pk]),
            starts_at=duty.shift.starts_at,
            ends_at=duty.shift.ends_at,
        )


def duty_subjects(person: User, now: datetime) -> Iterator[Subject]:
    """A volunteer's shifts on a contract's roster."""
    duties = [duty for duty in _served(person, now) if duty.post_id is None and duty.sign_up_id is None]
    hosts = _hosts([duty.shift.roster for duty in duties])
    for duty in duties:
        roster = duty.shift.roster
        if roster.contract is None:
            continue
        yield Subject(
            kind=KIND,
            id=duty.pk,
            label=roster.title,
            region=roster.region,
            host=hosts.get(roster.region_id, roster.contract.buyer),
            capacity=duty.capacity,
            session_kinds=(roster.kind,) if roster.kind in SESSION_KINDS else ("duty",),
            url=reverse("staffing:roster", args=[roster.pk]),
            starts_at=duty.shift.starts_at,
            ends_at=duty.shift.ends_at,
        )


def recordable(person: User, now: datetime) -> dict[int, str]:
    """Duty → the page on which to check in or to report it now."""
    found = {}
    for duty in _served(person, now):
        if duty.sign_up is not None:
            kind, key = CALL, duty.sign_up.shift_id
        else:
            kind, key = (SUBJECT, duty.post_id) if duty.post_id is not None else (KIND, duty.pk)
        found[duty.pk] = reverse("timesheets:record", args=[kind, key])
    return found
