"""What people answer, and what becomes of a shift that was confirmed.

Locks are taken in one order: the person, the duty, then the places (of a call, of the roster).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.contracts.states import ContractState
from marketplace.core import clock
from marketplace.core.errors import StaleState
from marketplace.core.locks import lock_row
from marketplace.core.permissions import require
from marketplace.core.states import apply_transition
from marketplace.core.words import instant_words
from volunteers import sign_ups
from volunteers.models import SignUp
from volunteers.states import OpportunityState, SignUpState

from . import errors, letters, people, rules, services
from .models import Duty, Roster, RosterShift
from .states import CONTRACT_ENDED, DUTY, HOLDING, UNAVAILABLE, DutyState, RosterState


def take(actor: User, duty: Duty) -> Duty:
    """Lock the person and the duty, which must be the person's."""
    lock_row(User, actor.pk)
    duty = lock_row(Duty, duty.pk)
    if duty.person_id != actor.pk:
        raise errors.NotYours
    return duty


def clash_of(person: User | int, shift: RosterShift, *, but: Q | None = None) -> str:
    """What else the person does at the time of ``shift``, in words; empty if nothing."""
    key = person if isinstance(person, int) else person.pk
    duty = (
        Duty.objects.filter(
            person=key,
            state=DutyState.CONFIRMED,
            shift__starts_at__lt=shift.ends_at,
            shift__ends_at__gt=shift.starts_at,
        )
        .exclude(shift=shift.pk)
        .exclude(but or Q(pk=None))
        .select_related("shift__roster__contract", "shift__roster__opportunity")
        .first()
    )
    if duty is not None:
        return f"{duty.shift.roster.title} {instant_words(duty.shift.starts_at)}"
    place = (
        SignUp.objects.filter(
            volunteer=key,
            state__in=sign_ups.HOLDING,
            shift__starts_at__lt=shift.ends_at,
            shift__ends_at__gt=shift.starts_at,
        )
        .exclude(shift=shift.volunteer_shift_id or 0)
        .select_related("shift__opportunity")
        .first()
    )
    return f"{place.shift.opportunity} {instant_words(place.shift.starts_at)}" if place is not None else ""


@transaction.atomic
def confirm_duty(*, actor: User, duty: Duty, now: datetime) -> Duty:
    """Promise to come, while the time to answer runs. Doing it again changes nothing.

    Raises:
        NotYours, AnswerTooLate, Occupied, NotActive, IllegalTransition, and what ``volunteers.sign_ups.accept_offer`` refuses
    """
    duty = take(actor, duty)
    if duty.state == DutyState.CONFIRMED:
        return duty
    _in_time(duty)
    services.check_alive(duty.shift.roster)
    other = clash_of(actor, duty.shift)
    if other:
        raise errors.Occupied(other=other)
    if duty.sign_up is not None and duty.sign_up.state != SignUpState.CONFIRMED:
        sign_ups.accept_offer(actor=actor, sign_up=duty.sign_up, now=now)
    try:
        with transaction.atomic():
            apply_transition(DUTY, duty, "confirm", actor=actor, now=now, changes={"answered_at": now})
    except IntegrityError as error:
        raise errors.Occupied(other=clash_of(actor, duty.shift)) from error
    return duty


@transaction.atomic
def decline_duty(*, actor: User, duty: Duty, reason: str, now: datetime) -> Duty:
    """Say no, and why. The place goes to somebody else who offered.

    Raises:
        NotYours, ReasonMissing, AnswerTooLate, IllegalTransition
    """
    reason = _said(reason)
    duty = take(actor, duty)
    _in_time(duty)
    _leave_call(actor, duty, reason, now)
    changes = {"answered_at": now, "note": reason}
    apply_transition(DUTY, duty, "decline", actor=actor, now=now, reason=reason, changes=changes)
    return duty


def _said(reason: str) -> str:
    if not reason.strip():
        raise errors.ReasonMissing(field="reason")
    return reason.strip()


def _in_time(duty: Duty) -> None:
    late = duty.respond_by is not None and clock.database_now() > duty.respond_by
    if duty.state == DutyState.EXPIRED or (duty.state == DutyState.PROPOSED and late):
        raise errors.AnswerTooLate


def _leave_call(actor: User, duty: Duty, reason: str, now: datetime) -> None:
    """The place at the call goes to the first in its line."""
    live = (SignUpState.OFFERED, SignUpState.CONFIRMED)
    if duty.sign_up is not None and duty.sign_up.state in live:
        sign_ups.cancel_sign_up(actor=actor, sign_up=duty.sign_up, now=now, note=reason)


def proposals_of(person: User) -> QuerySet[Duty]:
    """What waits for the person's answer, the soonest first."""
    return (
        Duty.objects.filter(person=person, state=DutyState.PROPOSED)
        .select_related("shift__roster__contract", "shift__roster__opportunity", "shift__roster__region")
        .order_by("shift__starts_at", "pk")
    )


def confirm_all(*, actor: User, roster: Roster | None, now: datetime) -> int:
    """Confirm everything that is proposed to ``actor`` (of one roster, if given), each by itself; gives how many.

    A refusal of one leaves those before it confirmed.
    """
    waiting = proposals_of(actor)
    if roster is not None:
        waiting = waiting.filter(shift__roster=roster)
    done = 0
    for duty in waiting:
        confirm_duty(actor=actor, duty=duty, now=now)
        done += 1
    return done


@transaction.atomic
def give_back(*, actor: User, duty: Duty, reason: str, now: datetime) -> Duty:
    """Give a confirmed shift back, until the day before it.

    Raises:
        NotYours, ReasonMissing, NotConfirmed, TooLateToGiveBack
    """
    reason = _said(reason)
    duty = take(actor, duty)
    if duty.state != DutyState.CONFIRMED:
        raise errors.NotConfirmed
    if timezone.localdate(now) > duty.shift.back_until:
        raise errors.TooLateToGiveBack
    services.end_swaps(duty, actor=actor, now=now)
    _leave_call(actor, duty, reason, now)
    changes = {"answered_at": now, "note": reason}
    apply_transition(DUTY, duty, "give_back", actor=actor, now=now, reason=reason, changes=changes)
    return duty


@transaction.atomic
def withdraw_duty(*, actor: User, duty: Duty, reason: str, now: datetime) -> Duty:
    """Whoever keeps a contract's roster takes a coming shift back, and tells the person why.

    Raises:
        PermissionRefused, ReasonMissing, IllegalTransition, NotConfirmed
    """
    reason = _said(reason)
    require(rules.can_manage, actor, duty.shift.roster)
    lock_row(User, duty.person_id)
    duty = lock_row(Duty, duty.pk)
    if duty.shift.starts_at <= now or duty.sign_up_id is not None:
        raise errors.NotConfirmed
    services.end_swaps(duty, actor=actor, now=now)
    changes = {"answered_at": now, "note": reason}
    apply_transition(DUTY, duty, "withdraw", actor=actor, now=now, reason=reason, changes=changes)
    letters.withdrawn(duty, reason)
    return duty


# The clock


def expire_overdue(*, now: datetime) -> int:
    """End proposals that nobody answered in time; gives how many."""
    overdue = Duty.objects.filter(state=DutyState.PROPOSED, respond_by__lt=now).order_by("pk")
    done = 0
    for key, person in list(overdue.values_list("pk", "person_id")):
        with transaction.atomic():
            lock_row(User, person)
            duty = lock_row(Duty, key)
            if duty.state == DutyState.PROPOSED:
                apply_transition(DUTY, duty, "expire", actor=None, now=now)
                done += 1
    return done


def settle(*, now: datetime) -> int:
    """Let duties follow what happened to their places at a call, and to their contracts; gives how many changed."""
    return _follow_sign_ups(now) + cancel_with_contracts(now=now) + follow_people(now=now, minute=now.minute)


def follow_people(*, now: datetime, minute: int | None = None) -> int:
    """Take coming shifts off people who may no longer serve: left, without a licence, excluded; gives how many.

    With ``minute`` only every sixtieth roster is looked at, another one each minute.
    """
    rosters = Roster.objects.filter(
        state=RosterState.PUBLISHED, ends_on__gte=timezone.localdate(now), contract__isnull=False
    )
    if minute is not None:
        rosters = rosters.annotate(turn=F("pk") % 60).filter(turn=minute)
    done = 0
    for roster in rosters.select_related("contract__supplier", "contract__award__lot__product_version").order_by("pk"):
        live = Duty.objects.filter(shift__roster=roster, shift__starts_at__gt=now, state__in=HOLDING)
        held = dict(live.values_list("pk", "person_id"))
        able = people.able(roster, set(held.values()), timezone.localdate(now))
        for key, person in sorted(held.items()):
            if person in able:
                continue
            with transaction.atomic():
                lock_row(User, person)
                duty = lock_row(Duty, key)
                if duty.state not in HOLDING:
                    continue
                services.end_swaps(duty, actor=None, now=now)
                changes = {"answered_at": now, "note": UNAVAILABLE}
                apply_transition(DUTY, duty, "withdraw", actor=None, now=now, reason=UNAVAILABLE, changes=changes)
                letters.withdrawn(duty, UNAVAILABLE)
                done += 1
    return done


def _follow_sign_ups(now: datetime) -> int:
    """A place at a call can be taken or given up on the page of the call too."""
    steps = {
        (DutyState.PROPOSED, SignUpState.CONFIRMED): "confirm",
        (DutyState.PROPOSED, SignUpState.CANCELLED): "decline",
        (DutyState.PROPOSED, SignUpState.LAPSED): "expire",
        (DutyState.CONFIRMED, SignUpState.CANCELLED): "give_back",
    }
    where = Q()
    for state, of_place in steps:
        where |= Q(state=state, sign_up__state=of_place)
    done = 0
    for key, person in list(Duty.objects.filter(where).order_by("pk").values_list("pk", "person_id")):
        with transaction.atomic():
            lock_row(User, person)
            duty = lock_row(Duty, key)
            place = duty.sign_up
            if place is None:
                continue
            action = steps.get((DutyState(duty.state), SignUpState(place.state)))
            if action is None:
                continue
            if place.state == SignUpState.CANCELLED and place.shift.opportunity.state == OpportunityState.CANCELLED:
                action = "withdraw"
            changes: dict[str, Any] = {} if action == "expire" else {"answered_at": now}
            if action in ("decline", "give_back"):
                changes["note"] = place.note or "—"
            apply_transition(DUTY, duty, action, actor=duty.person, now=now, changes=changes)
            done += 1
    return done


def cancel_with_contracts(*, now: datetime, contract_ids: Sequence[int] | None = None) -> int:
    """A contract that ended takes its coming rosters with it; gives how many."""
    ended = Roster.objects.filter(
        contract__state__in=[ContractState.TERMINATED, ContractState.COMPLETED],
        shifts__starts_at__gt=now,
    ).exclude(state=RosterState.CANCELLED)
    if contract_ids is not None:
        ended = ended.filter(contract__in=contract_ids)
    done = 0
    for roster in ended.distinct().order_by("pk"):
        # The news and the sweep may come together: the second finds it cancelled.
        with suppress(StaleState):
            services.cancel_roster(actor=None, roster=roster, reason=CONTRACT_ENDED, now=now)
            done += 1
    return done
