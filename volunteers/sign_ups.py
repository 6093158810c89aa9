"""Places and waiting lists.

A place is taken by one conditional UPDATE (``taken < places``), so a shift is never oversold however many press at
once; the waiting list is served in order, and who is passed over is passed over for a reason on record. Locks are taken
in one order: the person, then the shift.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, F
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import CredentialKind, User
from marketplace.accounts.selectors import is_sanctioned, valid_credential
from marketplace.audit.services import record
from marketplace.core.errors import DomainError, PermissionRefused
from marketplace.core.locks import lock_row
from marketplace.core.permissions import require
from marketplace.core.states import apply_transition
from marketplace.timesheets.models import ServiceSession
from marketplace.timesheets.states import SessionState

from . import absences, errors, letters
from .models import Opportunity, Shift, SignUp
from .rules import can_record_attendance
from .states import SIGN_UP, OpportunityState, SignUpState
from .subjects import KIND

OFFER_STANDS = timedelta(hours=24)
#: whose waiting list is served
SERVED = (OpportunityState.OPEN, OpportunityState.CLOSED)
HOLDING = (SignUpState.CONFIRMED, SignUpState.OFFERED, SignUpState.ATTENDED)


@transaction.atomic
def sign_up(*, actor: User, shift: Shift, now: datetime) -> SignUp:
    """A place if one is free and nobody waits, else the end of the waiting list. Asking again finds the first answer.

    Raises:
        NotAVolunteer, NotOpen, ShiftOver, CredentialMissing, Clash, TooManyMissed
    """
    lock_row(User, actor.pk)
    known = (
        SignUp.objects.filter(shift=shift, volunteer=actor)
        .exclude(state__in=[SignUpState.CANCELLED, SignUpState.LAPSED])
        .first()
    )
    if known is not None:
        return known
    shift = lock_row(Shift, shift.pk)
    _check_eligible(actor, shift, now)
    waiting = SignUp.objects.filter(shift=shift, state__in=[SignUpState.WAITING]).exists()
    state = SignUpState.WAITING if waiting or not _take_place(shift) else SignUpState.CONFIRMED
    try:
        with transaction.atomic():
            created = SignUp.objects.create(shift=shift, volunteer=actor, state=state, signed_up_at=now)
    except IntegrityError as error:
        raise errors.AlreadySignedUp from error
    record(actor=actor, action="sign_up.create", subject=created, now=now, data={"state": str(state)})
    if state == SignUpState.WAITING and shift.taken < shift.places:
        # Those before are passed over for their reasons; this person may be the first who can come.
        promote_waiting(shift=shift, now=now)
        created.refresh_from_db()
    return created


@transaction.atomic
def cancel_sign_up(*, actor: User, sign_up: SignUp, now: datetime, note: str = "") -> SignUp:
    """Give up a place or a place in the queue; a freed place goes to the first in line.

    Raises:
        PermissionRefused, ShiftOver, IllegalTransition
    """
    if sign_up.volunteer_id != actor.pk:
        raise PermissionRefused
    shift = lock_row(Shift, sign_up.shift_id)
    sign_up = lock_row(SignUp, sign_up.pk)
    if shift.starts_at <= now:
        raise errors.ShiftOver(_("The shift has begun. Talk to the organiser."))
    held = sign_up.state in HOLDING
    apply_transition(
        SIGN_UP, sign_up, "cancel", actor=actor, now=now, reason=note, changes={"ended_at": now, "note": note}
    )
    if held:
        _free_place(shift)
        promote_waiting(shift=shift, now=now)
    return sign_up


@transaction.atomic
def accept_offer(*, actor: User, sign_up: SignUp, now: datetime) -> SignUp:
    """Take the place that was offered, while the offer stands.

    Raises:
        PermissionRefused, OfferOver, Clash, IllegalTransition
    """
    if sign_up.volunteer_id != actor.pk:
        raise PermissionRefused
    lock_row(User, actor.pk)
    shift = lock_row(Shift, sign_up.shift_id)
    sign_up = lock_row(SignUp, sign_up.pk)
    if sign_up.state == SignUpState.OFFERED and sign_up.offer_until is not None and sign_up.offer_until < now:
        raise errors.OfferOver
    _check_clash(actor, shift, but=sign_up.pk)
    apply_transition(SIGN_UP, sign_up, "accept_offer", actor=actor, now=now, changes={"offer_until": None})
    return sign_up


@transaction.atomic
def offer_place(*, person: User, shift: Shift, until: datetime, now: datetime) -> SignUp | None:
    """Offer a free place until ``until`` to somebody who had said that he could come; taking it is up to him (``accept_offer``).

    Who waits in line is served before him. None where no place is left then, or he has one already.

    Raises:
        NotAVolunteer, NotOpen, ShiftOver, CredentialMissing, Clash, TooManyMissed
    """
    lock_row(User, person.pk)
    shift = lock_row(Shift, shift.pk)
    promote_waiting(shift=shift, now=now)
    shift.refresh_from_db()
    known = (
        SignUp.objects.filter(shift=shift, volunteer=person)
        .exclude(state__in=[SignUpState.CANCELLED, SignUpState.LAPSED])
        .first()
    )
    if known is not None:
        return known if known.state == SignUpState.OFFERED else None
    _check_eligible(person, shift, now)
    if not _take_place(shift):
        return None
    offered = SignUp.objects.create(
        shift=shift, volunteer=person, state=SignUpState.OFFERED, signed_up_at=now, offer_until=until
    )
    record(actor=None, action="sign_up.create", subject=offered, now=now, data={"state": str(offered.state)})
    return offered


@transaction.atomic
def promote_waiting(*, shift: Shift, now: datetime) -> int:
    """Offer free places to the waiting list in order, and tell them by mail; how many offers were made.

    Who can no longer come (a clash, a lapsed licence) is passed over with the reason on record. A call that takes no more
    sign-ups still serves those who wait.
    """
    shift = lock_row(Shift, shift.pk)
    if shift.starts_at <= now or shift.opportunity.state not in SERVED:
        return 0
    offers = 0
    until = min(now + OFFER_STANDS, shift.starts_at)
    queue = SignUp.objects.filter(shift=shift, state=SignUpState.WAITING).select_related("volunteer").order_by("pk")
    for waiting in queue:
        if shift.taken >= shift.places:
            break
        try:
            _check_eligible(waiting.volunteer, shift, now, but=waiting.pk)
        except DomainError as refusal:
            record(
                actor=None,
                action="sign_up.pass_over",
                subject=waiting,
                now=now,
                reason=str(refusal),
                data={"code": refusal.code},
            )
            continue
        if not _take_place(shift):
            break
        apply_transition(SIGN_UP, waiting, "offer", actor=None, now=now, changes={"offer_until": until})
        letters.place_offered(waiting)
        offers += 1
    return offers


def lapse_overdue(*, now: datetime) -> int:
    """Let unanswered offers lapse and serve the next in line; how many lapsed."""
    overdue = SignUp.objects.filter(state=SignUpState.OFFERED, offer_until__lt=now).order_by("pk")
    lapsed = 0
    for pk, shift_pk in list(overdue.values_list("pk", "shift_id")):
        with transaction.atomic():
            shift = lock_row(Shift, shift_pk)
            offered = (
                SignUp.objects.select_for_update().filter(pk=pk, state=SignUpState.OFFERED, offer_until__lt=now).first()
            )
            if offered is None:
                continue
            apply_transition(SIGN_UP, offered, "lapse", actor=None, now=now, changes={"ended_at": now})
            _free_place(shift)
            promote_waiting(shift=shift, now=now)
            lapsed += 1
    return lapsed


@transaction.atomic
def mark_attendance(*, actor: User, sign_up: SignUp, came: bool, now: datetime, note: str = "") -> SignUp:
    """Record who came. Attendance is a fact apart from the minutes, which the volunteer reports and the host confirms.

    A slip can be put right either way, until time was recorded.

    Raises:
        PermissionRefused, TooEarly, TimeRecorded, IllegalTransition
    """
    sign_up = lock_row(SignUp, sign_up.pk)
    require(can_record_attendance, actor, sign_up)
    if sign_up.shift.starts_at > now:
        raise errors.TooEarly
    if sign_up.state == (SignUpState.ATTENDED if came else SignUpState.MISSED):
        return sign_up
    if (
        not came
        and SignUp.objects.filter(time_recorded(sign_up.volunteer_id, sign_up.shift_id), pk=sign_up.pk).exists()
    ):
        raise errors.TimeRecorded
    action = "attend" if came else "miss"
    apply_transition(SIGN_UP, sign_up, action, actor=actor, now=now, reason=note, changes={"note": note})
    if not came:
        barred = absences.refusal(sign_up.volunteer, now)
        if barred is not None:
            letters.barred(sign_up.volunteer, barred)
    return sign_up


def time_recorded(person: Any, shift: Any) -> Exists:
    """Whether time stands for that person at that shift (keys, or references to them): then it was not missed."""
    sessions = ServiceSession.objects.filter(person=person, subject_kind=KIND, subject_id=shift)
    return Exists(sessions.exclude(state__in=[SessionState.WITHDRAWN, SessionState.REJECTED]))


def _take_place(shift: Shift) -> bool:
    """One place more, if there is one: the database decides."""
    taken = Shift.objects.filter(pk=shift.pk, taken__lt=F("places")).update(taken=F("taken") + 1) == 1
    if taken:
        shift.taken += 1
    return taken


def _free_place(shift: Shift) -> None:
    Shift.objects.filter(pk=shift.pk, taken__gt=0).update(taken=F("taken") - 1)


def obstacle(person: User, opportunity: Opportunity, now: datetime) -> DomainError | None:
    """What keeps a person from every shift of a call that is still to come, so that no button promises what is refused."""
    barred = absences.refusal(person, now)
    needed = opportunity.required_credential
    if barred is not None or not needed:
        return barred
    coming = opportunity.shifts.filter(starts_at__gt=now).values_list("starts_at", flat=True)
    days = {timezone.localdate(start) for start in coming}
    if days and not any(valid_credential(person, needed, day) for day in sorted(days)):
        return errors.CredentialMissing(credential=CredentialKind(needed).label)
    return None


def _check_eligible(person: User, shift: Shift, now: datetime, *, but: int | None = None) -> None:
    opportunity = shift.opportunity
    profile = getattr(person, "volunteer", None)
    if profile is None or not profile.active:
        raise errors.NotAVolunteer
    # Who waits (``but``) signed up while the call was open.
    if opportunity.state != OpportunityState.OPEN and (but is None or opportunity.state not in SERVED):
        raise errors.NotOpen
    if shift.starts_at <= now:
        raise errors.ShiftOver
    day = timezone.localdate(shift.starts_at)
    needed = opportunity.required_credential
    if needed and valid_credential(person, needed, day) is None:
        raise errors.CredentialMissing(credential=CredentialKind(needed).label)
    if is_sanctioned(person, day):
        raise errors.CredentialMissing(_("You are excluded from service at that time. Ask the supervising authority."))
    barred = absences.refusal(person, now)
    if barred is not None:
        raise barred
    _check_clash(person, shift, but=but)


def _check_clash(person: User, shift: Shift, *, but: int | None) -> None:
    """Half-open intervals: a shift that begins when another ends does not clash."""
    other: Any = (
        SignUp.objects.filter(
            volunteer=person,
            state__in=HOLDING,
            shift__starts_at__lt=shift.ends_at,
            shift__ends_at__gt=shift.starts_at,
        )
        .exclude(pk=but or 0)
        .select_related("shift__opportunity")
        .first()
    )
    if other is not None:
        begin = timezone.localtime(other.shift.starts_at)
        raise errors.Clash(other=f"{other.shift.opportunity} {begin:%Y-%m-%d %H:%M}")
