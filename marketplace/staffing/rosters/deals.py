"""Deals of a roster's shifts: asked for, computed, sent as proposals."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import datetime
from functools import partial
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import Q
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.audit.services import record
from marketplace.core.errors import DomainError
from marketplace.core.locks import lock_row, lock_rows
from marketplace.core.permissions import require
from marketplace.core.states import apply_transition
from marketplace.staffing.services import MOST_ATTEMPTS
from marketplace.staffing.services_proposals import answer_deadline
from marketplace.timesheets.models import Capacity
from volunteers.models import Shift as VolunteerShift
from volunteers.models import SignUp
from volunteers.sign_ups import offer_place

from . import errors, letters, people, rules, services
from .freezing import freeze
from .models import Deal, Duty, Roster, RosterShift
from .states import DEAL, DUTY, HOLDING, ROSTER, DealState, RosterState

logger = logging.getLogger(__name__)

UNDER_WAY = (DealState.QUEUED, DealState.RUNNING)


# Asking


@transaction.atomic
def close_and_deal(*, actor: User | None, roster: Roster, now: datetime) -> Deal | None:
    """Take no more offers and deal the shifts; None where there is nothing to deal. ``actor`` is None at the end of the time.

    Raises:
        PermissionRefused, IllegalTransition, PlaceUnknown
    """
    roster = lock_row(Roster, roster.pk)
    if actor is not None:
        require(rules.can_manage, actor, roster)
    services.close(roster, actor=actor, now=now)
    try:
        return _open_deal(roster, actor=actor, now=now)
    except errors.NothingOffered:
        return None


@transaction.atomic
def request_deal(*, actor: User, roster: Roster, now: datetime) -> Deal:
    """Deal what is free of a closed or published roster: whoever confirmed or may still answer keeps the shift, who declined one
    is not asked for it again. A computed deal that was not sent is superseded.

    Raises:
        PermissionRefused, NotClosed, NotActive, DealUnderWay, NothingOffered, PlaceUnknown
    """
    roster = lock_row(Roster, roster.pk)
    require(rules.can_manage, actor, roster)
    if roster.state not in (RosterState.CLOSED, RosterState.PUBLISHED):
        raise errors.NotClosed
    services.check_alive(roster)
    return _open_deal(roster, actor=actor, now=now)


def _open_deal(roster: Roster, *, actor: User | None, now: datetime) -> Deal:
    if roster.deals.filter(state__in=UNDER_WAY).exists():
        raise errors.DealUnderWay
    frozen = freeze(roster, now=now)
    if not len(frozen.problem.offers):
        raise errors.NothingOffered
    for stale in roster.deals.filter(state=DealState.DONE).order_by("pk"):
        give_up(stale, actor=actor, now=now, superseded=True)
    deal = Deal.objects.create(
        roster=roster,
        repair=roster.state == RosterState.PUBLISHED,
        parameters=frozen.parameters,
        problem=frozen.document,
        digest=frozen.digest,
        requested_by=actor,
        requested_at=now,
    )
    record(
        actor=actor,
        action="deal.request",
        subject=deal,
        now=now,
        data={
            "roster": roster.pk,
            "digest": deal.digest,
            "shifts": len(frozen.problem.shifts),
            "people": len(frozen.problem.volunteers),
            "kept": len(frozen.parameters["kept"]),
        },
    )
    transaction.on_commit(partial(ask_for_deal, deal.pk))
    return deal


def give_up(deal: Deal, *, actor: User | None, now: datetime, superseded: bool = False) -> None:
    """Cancel a deal that was not sent, in the caller's transaction."""
    apply_transition(DEAL, deal, "cancel", actor=actor, now=now, data={"superseded": superseded})


def ask_for_deal(deal_id: int) -> None:
    """Hand the deal to a worker. A queue that cannot be reached is no harm: the sweep asks again."""
    # The tasks import this module.
    from marketplace.staffing.tasks import execute_deal as task

    try:
        task.delay(deal_id)
    except OSError:
        logger.warning("deal %s could not be queued; the sweep will", deal_id)


# Computing


def execute_deal(*, deal_id: int, now: datetime) -> Deal:
    """Compute a deal and store its answer. Repeating it, or running it twice at once, gives the same rows once.

    A worker that dies leaves it ``running``: the sweep starts it again, at most ``MOST_ATTEMPTS`` times.
    """
    deal = _start(deal_id, now)
    if deal.state != DealState.RUNNING:
        return deal
    # The solvers are heavy: they are loaded by who computes.
    from marketplace.matching.shifts.documents import from_document

    from .computing import compute

    try:
        kept = dict(deal.parameters["kept_minutes"])
        computed = compute(from_document(deal.problem), kept, report=partial(_progress, deal_id))
        return _store(deal_id, computed, now)
    except DatabaseError:
        # Not the problem's fault: the next attempt may succeed.
        raise
    except Exception as error:
        logger.exception("deal %s failed", deal_id)
        return _fail(deal_id, f"{type(error).__name__}: {error}", now)


@transaction.atomic
def _start(deal_id: int, now: datetime) -> Deal:
    deal = lock_row(Deal, deal_id)
    if deal.state not in UNDER_WAY:
        return deal
    if deal.attempts >= MOST_ATTEMPTS:
        return _fail(deal_id, f"given up after {deal.attempts} starts", now)
    attempt = deal.attempts + 1
    changes = {"attempts": attempt, "started_at": now, "progress": 0}
    apply_transition(DEAL, deal, "start", actor=None, now=now, changes=changes, data={"attempt": attempt})
    return deal


def _progress(deal_id: int, percent: int) -> None:
    Deal.objects.filter(pk=deal_id, state=DealState.RUNNING, progress__lt=percent).update(progress=percent)


@transaction.atomic
def _store(deal_id: int, computed: Any, now: datetime) -> Deal:
    deal = lock_row(Deal, deal_id)
    if deal.state != DealState.RUNNING:
        return deal  # another worker was faster, or somebody cancelled
    capacities = dict(deal.roster.offers.values_list("person_id", "capacity"))
    shifts = deal.roster.shifts.in_bulk()
    Duty.objects.bulk_create(
        Duty(
            deal=deal,
            shift_id=row.shift,
            person_id=row.person,
            # Who only waits in a call's line made no offer here.
            capacity=capacities.get(row.person) or _waiting_capacity(deal.roster),
            period=(shifts[row.shift].starts_at, shifts[row.shift].ends_at),
            travel_minutes=row.travel_minutes,
            reason=row.reason,
        )
        for row in computed.rows
    )
    apply_transition(
        DEAL,
        deal,
        "finish",
        actor=None,
        now=now,
        changes={"result": computed.result, "summary": computed.summary, "progress": 100, "finished_at": now},
        data={
            "digest": deal.digest,
            "filled": computed.summary["filled"],
            "empty": computed.summary["places"] - computed.summary["filled"],
        },
    )
    return deal


def _waiting_capacity(roster: Roster) -> str:
    subsidised = roster.opportunity is not None and roster.opportunity.subsidised
    return Capacity.SUBSIDISED if subsidised else Capacity.VOLUNTEER


@transaction.atomic
def _fail(deal_id: int, reason: str, now: datetime) -> Deal:
    deal = lock_row(Deal, deal_id)
    if deal.state in UNDER_WAY:
        changes = {"error": reason, "finished_at": now}
        apply_transition(DEAL, deal, "fail", actor=None, now=now, reason=reason, changes=changes)
    return deal


# Sending


@transaction.atomic
def send_deal(*, actor: User, deal: Deal, now: datetime) -> Deal:
    """Propose the shifts: each person is asked, and answers within three working days, or before the shift begins.

    What changed since the computation is respected: a place that was taken meanwhile, or a person who may no longer serve, is
    left out with the reason on record. A place at a call for volunteers is a sign-up that is offered to the person.

    Raises:
        PermissionRefused, NotClosed, NotActive, IllegalTransition
    """
    roster = lock_row(Roster, deal.roster_id)
    require(rules.can_manage, actor, roster)
    if roster.state not in (RosterState.CLOSED, RosterState.PUBLISHED):
        raise errors.NotClosed
    services.check_alive(roster)
    deal = lock_row(Deal, deal.pk)
    due = answer_deadline(now)
    duties = list(deal.duties.select_related("shift").order_by("shift__starts_at", "pk"))
    users = {user.pk: user for user in lock_rows(User, [duty.person_id for duty in duties])}
    calls = {
        shift.pk: shift
        for shift in lock_rows(
            VolunteerShift, [d.shift.volunteer_shift_id for d in duties if d.shift.volunteer_shift_id]
        )
    }
    shifts = {shift.pk: shift for shift in lock_rows(RosterShift, [duty.shift_id for duty in duties])}
    able = people.able(roster, set(users), timezone.localdate(now))
    posts = list(roster.contract.posts.order_by("seat", "pk").values_list("pk", flat=True)) if roster.contract else []
    taken: Counter[int] = Counter()
    asked: dict[int, User] = {}
    for duty in duties:
        shift = shifts[duty.shift_id]
        sign_up: SignUp | None = None
        obstacle = _obstacle(duty, shift, able, taken[shift.pk], now)
        if not obstacle and shift.volunteer_shift_id is not None:
            sign_up, obstacle = _offered_place(
                users[duty.person_id], calls[shift.volunteer_shift_id], min(due, shift.starts_at), now
            )
        if obstacle:
            apply_transition(DUTY, duty, "withdraw", actor=actor, now=now, reason=obstacle)
            continue
        until = min(due, shift.starts_at)
        if sign_up is not None and sign_up.offer_until is not None:
            until = min(until, sign_up.offer_until)
        seat = (
            posts[(shift.taken + taken[shift.pk]) % len(posts)]
            if posts and duty.capacity == Capacity.CONTRACT
            else None
        )
        changes = {"respond_by": until, "sign_up": sign_up, "post_id": seat}
        apply_transition(DUTY, duty, "propose", actor=actor, now=now, changes=changes)
        taken[shift.pk] += 1
        asked[duty.person_id] = users[duty.person_id]
    sent = sum(taken.values())
    data = {"proposed": sent, "withdrawn": len(duties) - sent, "respond_by": due.isoformat()}
    apply_transition(DEAL, deal, "send", actor=actor, now=now, data=data)
    if roster.state == RosterState.CLOSED:
        apply_transition(ROSTER, roster, "publish", actor=actor, now=now, data={"proposed": sent})
    letters.proposed(roster, asked.values(), due)
    return deal


def _obstacle(duty: Duty, shift: RosterShift, able: set[int], taken: int, now: datetime) -> str:
    if shift.starts_at <= now:
        return "shift_over"
    if shift.taken + taken >= shift.places:
        return "place_taken"
    if duty.person_id not in able:
        return "person_unavailable"
    same_time = Q(shift__starts_at__lt=shift.ends_at, shift__ends_at__gt=shift.starts_at)
    if Duty.objects.filter(same_time, person=duty.person_id, state__in=HOLDING).exists():
        return "person_busy"
    return ""


def _offered_place(person: User, shift: VolunteerShift, until: datetime, now: datetime) -> tuple[SignUp | None, str]:
    try:
        with transaction.atomic():
            found = offer_place(person=person, shift=shift, until=until, now=now)
    except DomainError as refusal:
        return None, refusal.code
    return found, "" if found is not None else "place_taken"


@transaction.atomic
def cancel_deal(*, actor: User, deal: Deal, now: datetime) -> Deal:
    """Give up a deal whose proposals were not sent."""
    roster = lock_row(Roster, deal.roster_id)
    require(rules.can_manage, actor, roster)
    deal = lock_row(Deal, deal.pk)
    give_up(deal, actor=actor, now=now)
    return deal


# The clock


def close_overdue(*, now: datetime) -> int:
    """Close and deal the rosters whose time for offers is over; gives how many."""
    due = Roster.objects.filter(state=RosterState.OPEN, offers_until__lte=now).order_by("pk")
    done = 0
    for roster in due:
        try:
            close_and_deal(actor=None, roster=roster, now=now)
            done += 1
        except DomainError as refusal:
            # Somebody was faster, or the place is not known: whoever keeps the roster sees it on its page.
            logger.info("roster %s was not closed: %s", roster.pk, refusal.code)
    return done
