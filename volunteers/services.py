"""Volunteers and the calls they answer: profiles, calls, shifts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import Organisation, User
from marketplace.accounts.services import note_home
from marketplace.audit.services import record
from marketplace.core.errors import PermissionRefused
from marketplace.core.locks import lock_row
from marketplace.core.permissions import require
from marketplace.core.states import apply_transition
from marketplace.regions.models import Region

from . import absences, errors, letters
from .models import Opportunity, Shift, SignUp, VolunteerProfile
from .rules import can_manage, can_organise, can_record_attendance, opens_today
from .sign_ups import cancel_sign_up, promote_waiting
from .states import OPPORTUNITY, SIGN_UP, OpportunityState, SignUpState


@transaction.atomic
def join(
    *,
    actor: User,
    region: Region,
    skills: Sequence[str],
    languages: Sequence[str],
    about: str,
    emergency_contact: str,
    consent: bool,
    now: datetime,
) -> VolunteerProfile:
    """Register as a volunteer, or come back. Opt-in: nothing is recorded without consent (个人信息保护法 arts. 13, 14).

    The place is kept as the person's home where none was said: the rules in force there tell the next star.

    Raises:
        ConsentNeeded
    """
    if not consent:
        raise errors.ConsentNeeded(field="consent")
    note_home(actor=actor, region=region, now=now)
    said = {
        "region": region,
        "skills": list(skills),
        "languages": list(languages),
        "about": about,
        "emergency_contact": emergency_contact,
        "contact_agreed_at": now if emergency_contact else None,
        "active": True,
        "consented_at": now,
    }
    profile, created = VolunteerProfile.objects.update_or_create(
        user=actor, defaults=said, create_defaults=said | {"joined_at": now}
    )
    record(actor=actor, action="volunteer.join" if created else "volunteer.update", subject=profile, now=now)
    return profile


@transaction.atomic
def leave(*, actor: User, now: datetime) -> None:
    """Stop being asked. Coming places are given up to the next in line; the record of past service stays.

    Raises:
        NotAVolunteer
    """
    profile = VolunteerProfile.objects.select_for_update().filter(user=actor).first()
    if profile is None:
        raise errors.NotAVolunteer
    live = (SignUpState.CONFIRMED, SignUpState.WAITING, SignUpState.OFFERED)
    for sign_up in SignUp.objects.filter(volunteer=actor, state__in=live, shift__starts_at__gt=now).order_by("pk"):
        cancel_sign_up(actor=actor, sign_up=sign_up, now=now)
    profile.active = False
    profile.save(update_fields=["active"])
    record(actor=actor, action="volunteer.leave", subject=profile, now=now)


@transaction.atomic
def readmit(*, actor: User, person: User, reason: str, now: datetime) -> VolunteerProfile:
    """Let somebody sign up again who had missed too much: what was missed until now counts no more.

    Where he waits in line for a place that stands free, it is offered to him.

    Raises:
        ReasonNeeded, PermissionRefused, NotBarred
    """
    if not reason.strip():
        raise errors.ReasonNeeded(_("Say why in a few words: the volunteer will read it."), field="reason")
    lock_row(User, person.pk)
    missed = absences.missed_by(person, now)
    if len(missed) < absences.MISSED_LIMIT:
        raise errors.NotBarred
    organisation = absences.speaks_for(actor, missed)
    if actor.pk == person.pk or organisation is None:
        raise PermissionRefused
    profile = VolunteerProfile.objects.select_for_update().get(user=person)
    profile.readmitted_at = now
    profile.save(update_fields=["readmitted_at"])
    record(
        actor=actor,
        action="volunteer.readmit",
        subject=profile,
        now=now,
        reason=reason,
        data={"missed": len(missed), "organisation": organisation.pk},
    )
    letters.readmitted(person, organisation, reason)
    waiting = SignUp.objects.filter(volunteer=person, state=SignUpState.WAITING, shift__starts_at__gt=now)
    for shift in Shift.objects.filter(sign_ups__in=waiting).order_by("pk"):
        promote_waiting(shift=shift, now=now)
    return profile


@dataclass(frozen=True, slots=True)
class NewShift:
    """A shift to be created: aware instants and the number of places."""

    starts_at: datetime
    ends_at: datetime
    places: int


@transaction.atomic
def create_opportunity(
    *,
    actor: User,
    organiser: Organisation,
    host: Organisation,
    kind: str,
    title: str,
    description: str,
    region: Region,
    shifts: Sequence[NewShift],
    now: datetime,
    title_en: str = "",
    description_en: str = "",
    meeting_point: str = "",
    meeting_point_en: str = "",
    contact_phone: str = "",
    required_credential: str = "",
    skills: Sequence[str] = (),
    languages: Sequence[str] = (),
    subsidised: bool = False,
    seeks_adviser_for_post: int | None = None,
) -> Opportunity:
    """A draft call with its shifts.

    Raises:
        PermissionRefused, NoShift, BadShift
    """
    require(can_organise, actor, organiser)
    _check_shifts(shifts, now)
    opportunity = Opportunity.objects.create(
        organiser=organiser,
        host=host,
        kind=kind,
        title=title,
        title_en=title_en,
        description=description,
        description_en=description_en,
        region=region,
        meeting_point=meeting_point,
        meeting_point_en=meeting_point_en,
        contact_phone=contact_phone,
        required_credential=required_credential,
        skills=list(skills),
        languages=list(languages),
        subsidised=subsidised,
        seeks_adviser_for_post=seeks_adviser_for_post,
        created_by=actor,
        created_at=now,
    )
    _set_shifts(opportunity, shifts)
    record(actor=actor, action="opportunity.create", subject=opportunity, now=now, data={"shifts": len(shifts)})
    return opportunity


#: what an organiser may write anew as long as nobody else has seen the call
REVISABLE = (
    "organiser", "host", "kind", "title", "title_en", "description", "description_en", "region", "meeting_point",
    "meeting_point_en", "contact_phone", "required_credential", "skills", "languages", "subsidised",
)  # fmt: skip


@transaction.atomic
def revise_opportunity(
    *, actor: User, opportunity: Opportunity, shifts: Sequence[NewShift], now: datetime, **fields: Any
) -> Opportunity:
    """Write a draft anew: ``fields`` are all of ``REVISABLE``, ``shifts`` replace those it had.

    Raises:
        PermissionRefused, NotADraft, NoShift, BadShift
    """
    opportunity = lock_row(Opportunity, opportunity.pk)
    require(can_manage, actor, opportunity)
    require(can_organise, actor, fields["organiser"])
    if opportunity.state != OpportunityState.DRAFT:
        raise errors.NotADraft
    _check_shifts(shifts, now)
    for name in REVISABLE:
        setattr(opportunity, name, fields[name])
    opportunity.save(update_fields=REVISABLE)
    # Nobody signs up for a draft.
    opportunity.shifts.all().delete()
    _set_shifts(opportunity, shifts)
    record(actor=actor, action="opportunity.revise", subject=opportunity, now=now, data={"shifts": len(shifts)})
    return opportunity


@transaction.atomic
def say_where_to_meet(
    *,
    actor: User,
    opportunity: Opportunity,
    meeting_point: str,
    meeting_point_en: str,
    contact_phone: str,
    now: datetime,
) -> Opportunity:
    """Say or change where to meet and whom to call; who has a coming place is told by mail. Nothing new tells nobody.

    Raises:
        PermissionRefused, CallOver
    """
    opportunity = lock_row(Opportunity, opportunity.pk)
    require(can_manage, actor, opportunity)
    if opportunity.state == OpportunityState.CANCELLED:
        raise errors.CallOver
    said = {"meeting_point": meeting_point, "meeting_point_en": meeting_point_en, "contact_phone": contact_phone}
    if all(getattr(opportunity, name) == value for name, value in said.items()):
        return opportunity
    for name, value in said.items():
        setattr(opportunity, name, value)
    opportunity.save(update_fields=list(said))
    record(actor=actor, action="opportunity.meet", subject=opportunity, now=now)
    places = SignUp.objects.filter(
        shift__opportunity=opportunity,
        shift__starts_at__gt=now,
        state__in=[SignUpState.CONFIRMED, SignUpState.OFFERED],
    )
    letters.meeting_said(opportunity, [each.volunteer for each in places.select_related("volunteer").order_by("pk")])
    return opportunity


@transaction.atomic
def open_emergency_contact(*, actor: User, sign_up: SignUp, now: datetime) -> str:
    """Whom to tell if something happens to a volunteer on duty. Every look is on record.

    Raises:
        PermissionRefused, NotOnTheDay, ContactClosed
    """
    sign_up = lock_row(SignUp, sign_up.pk)
    require(can_record_attendance, actor, sign_up)
    if not opens_today(sign_up, now):
        raise errors.NotOnTheDay
    profile = VolunteerProfile.objects.get(user=sign_up.volunteer)
    if profile.contact_agreed_at is None:
        raise errors.ContactClosed
    record(actor=actor, action="sign_up.open_contact", subject=sign_up, now=now)
    return str(profile.emergency_contact)


def _check_shifts(shifts: Sequence[NewShift], now: datetime) -> None:
    if not shifts:
        raise errors.NoShift(field="shifts")
    for shift in shifts:
        same_day = timezone.localdate(shift.starts_at) == timezone.localdate(shift.ends_at)
        if not (now < shift.starts_at < shift.ends_at and same_day and shift.places >= 1):
            raise errors.BadShift(field="shifts")


def _set_shifts(opportunity: Opportunity, shifts: Sequence[NewShift]) -> None:
    Shift.objects.bulk_create(
        Shift(opportunity=opportunity, starts_at=s.starts_at, ends_at=s.ends_at, places=s.places) for s in shifts
    )


@transaction.atomic
def open_opportunity(*, actor: User, opportunity: Opportunity, now: datetime) -> Opportunity:
    """Show the call to everybody."""
    return _move(opportunity, "open", actor, now)


@transaction.atomic
def close_opportunity(*, actor: User, opportunity: Opportunity, now: datetime) -> Opportunity:
    """Take no more sign-ups; who has a place keeps it, and who waits is still served when one comes free."""
    return _move(opportunity, "close", actor, now)


@transaction.atomic
def answer_opportunity(*, opportunity: Opportunity, now: datetime) -> list[SignUp]:
    """Close a call because what it sought was found, by whoever found it: no actor.

    Places were promised: who has one keeps it, and an offer stands until its time. Who only waits is let go, since no
    place will be offered any more. Gives the sign-ups of coming shifts that this concerns, as they stand now: those
    people are to be told.

    Raises:
        IllegalTransition: the call is neither open nor a draft
    """
    opportunity = lock_row(Opportunity, opportunity.pk)
    apply_transition(OPPORTUNITY, opportunity, "answer", actor=None, now=now, changes={"answered_at": now})
    concerned: list[SignUp] = []
    live = (SignUpState.CONFIRMED, SignUpState.WAITING, SignUpState.OFFERED)
    for shift in Shift.objects.select_for_update().filter(opportunity=opportunity, starts_at__gt=now).order_by("pk"):
        for sign_up in SignUp.objects.filter(shift=shift, state__in=live).select_related("volunteer").order_by("pk"):
            if sign_up.state == SignUpState.WAITING:
                apply_transition(SIGN_UP, sign_up, "release", actor=None, now=now, changes={"ended_at": now})
            concerned.append(sign_up)
    return concerned


@transaction.atomic
def cancel_opportunity(*, actor: User, opportunity: Opportunity, reason: str, now: datetime) -> Opportunity:
    """Call it off: every coming place and waiting place ends, with the reason for all to read; each is told by mail.

    Raises:
        ReasonNeeded, PermissionRefused, IllegalTransition
    """
    if not reason.strip():
        raise errors.ReasonNeeded(field="reason")
    opportunity = _move(opportunity, "cancel", actor, now, reason)
    live = (SignUpState.CONFIRMED, SignUpState.WAITING, SignUpState.OFFERED)
    ended: list[SignUp] = []
    for shift in Shift.objects.select_for_update().filter(opportunity=opportunity, starts_at__gt=now).order_by("pk"):
        for sign_up in SignUp.objects.filter(shift=shift, state__in=live).select_related("volunteer").order_by("pk"):
            ended.append(sign_up)
            apply_transition(
                SIGN_UP,
                sign_up,
                "cancel",
                actor=actor,
                now=now,
                reason=reason,
                changes={"ended_at": now, "note": reason},
            )
        Shift.objects.filter(pk=shift.pk).update(taken=0)
    letters.called_off(opportunity, ended, reason)
    return opportunity


def _move(opportunity: Opportunity, action: str, actor: Any, now: datetime, reason: str = "") -> Opportunity:
    opportunity = lock_row(Opportunity, opportunity.pk)
    require(can_manage, actor, opportunity)
    apply_transition(OPPORTUNITY, opportunity, action, actor=actor, now=now, reason=reason)
    return opportunity
