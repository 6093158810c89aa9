"""Handing a shift over to a colleague who offered to take it, or exchanging two.

Only shifts of a contract: the places of a call for volunteers go to its waiting list in order.
"""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.audit.services import record
from marketplace.core.locks import lock_row, lock_rows
from marketplace.core.states import apply_transition

from . import errors, letters, people, services
from .duties import clash_of, take
from .models import Duty, Offer, OfferedShift, Roster, Swap
from .states import DUTY, HOLDING, SWAP, DutyState, SwapState


def can_be_swapped(duty: Duty, now: datetime) -> bool:
    return duty.state == DutyState.CONFIRMED and duty.sign_up_id is None and duty.shift.starts_at > now


def candidates(duty: Duty, now: datetime) -> QuerySet[User]:
    """Colleagues who offered to take the shift, may still serve, and hold nothing at that time."""
    roster, shift = duty.shift.roster, duty.shift
    offered = OfferedShift.objects.filter(shift=shift, offer__person=OuterRef("pk"))
    busy = Duty.objects.filter(
        person=OuterRef("pk"), state__in=HOLDING, shift__starts_at__lt=shift.ends_at, shift__ends_at__gt=shift.starts_at
    )
    on = timezone.localdate(now)
    helpers = people.volunteers(roster, on).filter(Exists(offered)).select_related("practitioner")
    # Who moved away since could not agree either.
    near = [helper.pk for helper in helpers if people.near_of(helper, [roster])]
    able = Q(pk__in=people.lawyers(roster, on).order_by().values("pk")) | Q(pk__in=near)
    found = User.objects.filter(able, Exists(offered), ~Exists(busy)).exclude(pk=duty.person_id)
    return found.order_by("display_name", "pk")


def returns(duty: Duty, now: datetime) -> QuerySet[Duty]:
    """What colleagues who could take the shift hold of the same roster, and the person of ``duty`` offered to take."""
    mine = OfferedShift.objects.filter(shift=OuterRef("shift"), offer__person=duty.person_id)
    return (
        Duty.objects.filter(
            Exists(mine),
            shift__roster=duty.shift.roster_id,
            person__in=candidates(duty, now).order_by().values("pk"),
            state=DutyState.CONFIRMED,
            shift__starts_at__gt=now,
        )
        .exclude(shift=duty.shift_id)
        .select_related("shift", "person")
        .order_by("shift__starts_at", "pk")
    )


@transaction.atomic
def ask_swap(
    *, actor: User, duty: Duty, colleague: User, now: datetime, in_return: Duty | None = None, message: str = ""
) -> Swap:
    """Ask a colleague to take a confirmed shift, for one of his in return or for nothing. What was asked before is off.

    Raises:
        NotYours, NotConfirmed, NoColleague, BadReturn
    """
    duty = take(actor, duty)
    if not can_be_swapped(duty, now):
        raise errors.NotConfirmed
    if not candidates(duty, now).filter(pk=colleague.pk).exists():
        raise errors.NoColleague(field="colleague")
    if in_return is not None and not returns(duty, now).filter(pk=in_return.pk, person=colleague.pk).exists():
        raise errors.BadReturn(field="in_return")
    for earlier in duty.swaps.filter(state=SwapState.ASKED):
        apply_transition(SWAP, earlier, "withdraw", actor=actor, now=now, changes={"answered_at": now})
    swap = Swap.objects.create(
        duty=duty, colleague=colleague, in_return=in_return, message=message.strip(), asked_at=now
    )
    data = {"colleague": colleague.pk, "in_return": in_return.pk if in_return is not None else 0}
    record(actor=actor, action="swap.ask", subject=swap, now=now, data=data)
    letters.swap_asked(swap)
    return swap


@transaction.atomic
def agree_swap(*, actor: User, swap: Swap, now: datetime) -> Swap:
    """Take the shift over; what is asked in return changes hands in the same moment.

    Raises:
        NotYours, SwapOver, Occupied, NoColleague, TooMuch
    """
    if swap.colleague_id != actor.pk:
        raise errors.NotYours
    lock_rows(User, [actor.pk, swap.duty.person_id])
    swap = lock_row(Swap, swap.pk)
    if swap.state == SwapState.AGREED:
        return swap
    keys = [swap.duty_id] + ([swap.in_return_id] if swap.in_return_id is not None else [])
    rows = {duty.pk: duty for duty in lock_rows(Duty, keys)}
    given = rows[swap.duty_id]
    back = rows[swap.in_return_id] if swap.in_return_id is not None else None
    if swap.state != SwapState.ASKED or not can_be_swapped(given, now):
        raise errors.SwapOver
    if back is not None and not can_be_swapped(back, now):
        raise errors.SwapOver
    giver = given.person
    apply_transition(SWAP, swap, "agree", actor=actor, now=now, changes={"answered_at": now})
    moves = [(given, actor)] + ([(back, giver)] if back is not None else [])
    for duty, _taker in moves:
        services.end_swaps(duty, actor=actor, now=now)
        apply_transition(DUTY, duty, "hand_over", actor=actor, now=now, changes={"answered_at": now})
    for duty, taker in moves:
        _take_over(duty, taker, now=now)
    letters.swap_agreed(swap, giver)
    return swap


def _take_over(duty: Duty, taker: User, *, now: datetime) -> Duty:
    """``taker`` holds the shift of ``duty`` from now on."""
    shift, roster, on = duty.shift, duty.shift.roster, timezone.localdate(now)
    offered = OfferedShift.objects.filter(shift=shift, offer__person=taker).select_related("offer").first()
    capacity = people.capacity_of(taker, roster, on)
    day = timezone.localdate(shift.starts_at)
    licence = people.licensed_until(roster, [taker.pk], on).get(taker.pk)
    if offered is None or not capacity or (shift.lawyer_needed and (licence is None or licence < day)):
        raise errors.NoColleague
    other = clash_of(taker, shift)
    if other:
        raise errors.Occupied(other=other)
    _check_hours(taker, roster, duty, offered.offer)
    try:
        with transaction.atomic():
            taken = Duty.objects.create(
                shift=shift,
                person=taker,
                takes_over=duty,
                capacity=capacity,
                period=duty.period,
                post=duty.post if capacity == duty.capacity else None,
                state=DutyState.CONFIRMED,
                answered_at=now,
            )
    except IntegrityError as error:
        raise errors.Occupied(other=clash_of(taker, shift)) from error
    record(actor=taker, action="duty.take_over", subject=taken, now=now, data={"from": duty.person_id})
    return taken


def _check_hours(taker: User, roster: Roster, duty: Duty, offer: Offer) -> None:
    held = [
        (timezone.localdate(each.shift.starts_at), each.shift.minutes)
        for each in Duty.objects.filter(shift__roster=roster, person=taker, state__in=HOLDING).select_related("shift")
    ]
    day = timezone.localdate(duty.shift.starts_at)
    today = sum(minutes for on, minutes in held if on == day) + duty.shift.minutes
    total = sum(minutes for _on, minutes in held) + duty.shift.minutes
    limits = [limit for limit in (roster.most_minutes, offer.most_minutes) if limit is not None]
    if today > roster.day_minutes or any(total > limit for limit in limits):
        raise errors.TooMuch


@transaction.atomic
def refuse_swap(*, actor: User, swap: Swap, now: datetime) -> Swap:
    """Say no; nothing else changes.

    Raises:
        NotYours, IllegalTransition
    """
    if swap.colleague_id != actor.pk:
        raise errors.NotYours
    swap = lock_row(Swap, swap.pk)
    apply_transition(SWAP, swap, "refuse", actor=actor, now=now, changes={"answered_at": now})
    return swap


@transaction.atomic
def withdraw_swap(*, actor: User, swap: Swap, now: datetime) -> Swap:
    """Ask no more.

    Raises:
        NotYours, IllegalTransition
    """
    if swap.duty.person_id != actor.pk:
        raise errors.NotYours
    swap = lock_row(Swap, swap.pk)
    apply_transition(SWAP, swap, "withdraw", actor=actor, now=now, changes={"answered_at": now})
    return swap
