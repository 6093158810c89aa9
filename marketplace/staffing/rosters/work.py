"""What rosters ask of a person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.accounts.models import Role
from marketplace.accounts.rules import memberships_of
from marketplace.core.workspace import WorkItem
from volunteers.rules import ORGANISERS

from . import selectors
from .models import Deal, Duty, Roster, Swap
from .states import DealState, DutyState, RosterState, SwapState

#: a shift is near from here on
NEAR = timedelta(days=2)
MOST = 10


def work_items(user: Any, now: datetime) -> Iterator[WorkItem]:
    if not user.is_authenticated:
        return
    yield from _to_answer(user, now)
    yield from _to_offer(user, now)
    yield from _to_come(user, now)
    memberships = memberships_of(user)
    officers = {m.organisation_id for m in memberships if m.role == Role.OFFICER}
    organisers = {m.organisation_id for m in memberships if m.role in ORGANISERS}
    if officers or organisers:
        yield from _to_keep(Q(contract__buyer__in=officers) | Q(opportunity__organiser__in=organisers), now)


def _to_answer(user: Any, now: datetime) -> Iterator[WorkItem]:
    waiting = Duty.objects.filter(person=user.pk, state=DutyState.PROPOSED).aggregate(
        count=Count("pk"), due=Min("respond_by")
    )
    if waiting["count"]:
        yield WorkItem(
            title=ngettext("A shift is proposed to you", "%(n)s shifts are proposed to you", waiting["count"])
            % {"n": waiting["count"]},
            detail=ngettext(
                "Confirm or decline it: colleagues are waiting for your answer",
                "Confirm or decline each: colleagues are waiting for your answer",
                waiting["count"],
            ),
            url=reverse("staffing:duties"),
            due_at=waiting["due"],
            weight=10,
        )
    asked = Swap.objects.filter(colleague=user.pk, state=SwapState.ASKED, duty__shift__starts_at__gt=now).aggregate(
        count=Count("pk"), due=Min("duty__shift__starts_at")
    )
    if asked["count"]:
        yield WorkItem(
            title=ngettext(
                "A colleague asks you to take a shift", "Colleagues ask you to take %(n)s shifts", asked["count"]
            )
            % {"n": asked["count"]},
            url=reverse("staffing:duties"),
            due_at=asked["due"],
            weight=15,
        )


def _to_offer(user: Any, now: datetime) -> Iterator[WorkItem]:
    for roster in selectors.invitations(user, now)[:MOST]:
        yield WorkItem(
            title=_("Say which shifts you can take"),
            detail=roster.title,
            url=reverse("staffing:roster_offer", args=[roster.pk]),
            due_at=roster.offers_until,
            weight=40,
        )


def _to_come(user: Any, now: datetime) -> Iterator[WorkItem]:
    near = (
        Duty.objects.filter(
            person=user.pk,
            state=DutyState.CONFIRMED,
            # A place at a call stands there.
            sign_up__isnull=True,
            shift__ends_at__gt=now,
            shift__starts_at__lte=now + NEAR,
        )
        .select_related("shift__roster__contract", "shift__roster__opportunity")
        .order_by("shift__starts_at", "pk")
    )
    for duty in near[:MOST]:
        yield WorkItem(
            title=_("You are on duty"),
            detail=duty.shift.roster.title,
            url=reverse("staffing:duties"),
            due_at=duty.shift.starts_at,
            tone="soon",
        )


def _to_keep(whose: Q, now: datetime) -> Iterator[WorkItem]:
    rosters: list[Any] = list(
        selectors.with_repairs(Roster.objects.all(), now)
        .filter(whose, ends_on__gte=now.date() - timedelta(days=1))
        .exclude(state__in=[RosterState.CANCELLED, RosterState.OPEN])
        .select_related("contract", "opportunity")
        .order_by("starts_on", "pk")
    )
    states: dict[int, set[str]] = {}
    for key, state in Deal.objects.filter(roster__in=rosters).order_by().values_list("roster_id", "state"):
        states.setdefault(key, set()).add(state)
    shown = 0
    for roster in rosters:
        known = states.get(roster.pk, set())
        free = 0
        if known & {DealState.QUEUED, DealState.RUNNING}:
            continue
        if DealState.DONE in known:
            title = _("Look at the allocated shifts and send the proposals")
        elif roster.state == RosterState.DRAFT:
            title = _("Open the roster for offers")
        elif roster.state == RosterState.CLOSED:
            title = _("Allocate the shifts of the roster")
        else:
            free = roster.repairs
            if not free:
                continue
            title = ngettext(
                "%(n)s place of the roster can be allocated again",
                "%(n)s places of the roster can be allocated again",
                free,
            ) % {"n": free}
        shown += 1
        if shown > MOST:
            return
        yield WorkItem(title=title, detail=roster.title, url=reverse("staffing:roster", args=[roster.pk]), weight=35)
