"""Writes about what a person may do: credentials, practice, ties and exclusions. Offered through ``services``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.audit.services import record
from marketplace.core.errors import InvalidInput, PermissionRefused, StaleState
from marketplace.core.locks import lock_name, lock_row
from marketplace.core.mail import tell
from marketplace.core.permissions import require
from marketplace.core.states import apply_transition
from marketplace.regions.models import Region

from . import identifiers, letters, rules
from .errors import NoOffice, OwnCase
from .models import (
    Credential,
    CredentialKind,
    DeclaredRelation,
    Organisation,
    PractitionerProfile,
    RelationKind,
    Role,
    Sanction,
    Specialty,
    SpokenLanguage,
    User,
)
from .selectors import members_with_role
from .states import CREDENTIAL, CredentialState, SanctionStanding

# Credentials


@transaction.atomic
def submit_credential(
    *,
    actor: User,
    kind: str,
    number: str,
    issuer: str,
    valid_from: date,
    valid_until: date,
    now: datetime,
    replaces: Credential | None = None,
) -> Credential:
    """Hand in a qualification of one's own for review; ``replaces`` is one that was returned, corrected.

    A renewed licence keeps its number: it comes beside the old one, with a later last day.

    Raises:
        WrongNumber: the licence number's form.
        InvalidInput: expired, not yet valid, dates crossed, or the number is already registered.
        NoOffice: nobody knows which bureau has to review it.
    """
    kind = CredentialKind(kind)
    number = identifiers.lawyer_licence(number) if kind == CredentialKind.LAWYER else identifiers.compact(number)
    today = timezone.localdate(now)
    if not number:
        raise InvalidInput(_("Enter the number as it stands on the document."), field="number")
    if valid_until < valid_from:
        raise InvalidInput(_("The last day lies before the first. Exchange the two dates."), field="valid_until")
    if valid_until < today:
        raise InvalidInput(
            _("This document has expired. Renew it first, then submit the new one."),
            code="credential_expired",
            field="valid_until",
        )
    if valid_from > today:
        raise InvalidInput(
            _("This document is not valid yet. Submit it on its first day."),
            code="credential_not_yet_valid",
            field="valid_from",
        )
    if rules.region_of_person(actor) is None:
        raise NoOffice
    fields: dict[str, Any] = {
        "kind": kind,
        "number": number,
        "issuer": issuer.strip(),
        "valid_from": valid_from,
        "valid_until": valid_until,
        "submitted_at": now,
    }
    try:
        with transaction.atomic():
            lock_name(f"credential:{kind}:{number}")
            _refuse_taken(actor, kind, number, valid_until, but=replaces)
            if replaces is not None:
                credential = lock_row(Credential, replaces.pk)
                if credential.user_id != actor.pk:
                    raise PermissionRefused
                cleared = {"reviewed_by": None, "reviewed_at": None}
                apply_transition(CREDENTIAL, credential, "resubmit", actor=actor, now=now, changes=fields | cleared)
            else:
                credential = Credential.objects.create(user=actor, **fields)
                record(actor=actor, action="credential.submit", subject=credential, now=now, data={"kind": str(kind)})
    except IntegrityError as error:
        raise _taken() from error
    return credential


def _taken() -> InvalidInput:
    words = _("This number is already registered. If it is yours, ask the reviewing bureau.")
    return InvalidInput(words, code="credential_taken", field="number")


def _refuse_taken(actor: User, kind: str, number: str, valid_until: date, *, but: Credential | None) -> None:
    """A number belongs to one person, and who renews it names a later last day."""
    live = Credential.objects.filter(
        kind=kind, number=number, state__in=[CredentialState.SUBMITTED, CredentialState.VERIFIED]
    )
    if but is not None:
        live = live.exclude(pk=but.pk)
    if live.exclude(user=actor).exists():
        raise _taken()
    if live.filter(valid_until__gte=valid_until).exists():
        raise InvalidInput(
            _("You have already submitted this document. A renewed one has a later last day."),
            code="credential_known",
            field="valid_until",
        )


@transaction.atomic
def review_credential(
    *, actor: User, credential: Credential, verified: bool, now: datetime, note: str = ""
) -> Credential:
    """Verify, or return with a note that says what to correct. Nobody reviews their own.

    Raises:
        OwnCase, PermissionRefused, IllegalTransition
        InvalidInput: returned without a note, or expired meanwhile.
    """
    credential = lock_row(Credential, credential.pk)
    if credential.user_id == actor.pk:
        raise OwnCase
    require(rules.can_review_credential, actor, credential)
    note = note.strip()
    if not verified and not note:
        raise InvalidInput(_("Say what has to be corrected: the person reads only this note."), field="note")
    if verified and credential.valid_until < timezone.localdate(now):
        raise InvalidInput(
            _("This document has expired since it was submitted. Return it with that note."), code="credential_expired"
        )
    changes = {"reviewed_by": actor, "reviewed_at": now, "review_note": note}
    apply_transition(
        CREDENTIAL, credential, "verify" if verified else "reject", actor=actor, now=now, reason=note, changes=changes
    )
    if verified:
        letters.credential_verified(credential)
    else:
        letters.credential_returned(credential, note)
    return credential


@transaction.atomic
def revoke_credential(*, actor: User, credential: Credential, reason: str, now: datetime) -> Credential:
    """Withdraw a verified credential. It stops counting at once; what was done under it stays done."""
    credential = lock_row(Credential, credential.pk)
    if credential.user_id == actor.pk:
        raise OwnCase
    require(rules.can_review_credential, actor, credential)
    reason = reason.strip()
    if not reason:
        raise InvalidInput(_("Say why: the person and every later reader see only this reason."), field="note")
    apply_transition(
        CREDENTIAL, credential, "revoke", actor=actor, now=now, reason=reason, changes={"review_note": reason}
    )
    letters.credential_revoked(credential, reason)
    return credential


# Practice


@transaction.atomic
def update_practitioner_profile(
    *,
    actor: User,
    region: Region,
    longitude: float,
    latitude: float,
    specialties: Sequence[str],
    languages: Sequence[str],
    capacity: int,
    max_travel_minutes: int,
    now: datetime,
    open_to_posts: bool = True,
    about: str = "",
    about_en: str = "",
) -> PractitionerProfile:
    """Say where, in what and for how many villages one can serve. The record names no place."""
    if not (73 <= longitude <= 136 and 3 <= latitude <= 54):
        raise InvalidInput(
            _("The place must lie in China: check that longitude and latitude are not swapped."), field="longitude"
        )
    if not 0 <= capacity <= 50:
        raise InvalidInput(_("Enter a number of villages from 0 to 50."), field="capacity")
    lock_row(User, actor.pk)
    profile, created = PractitionerProfile.objects.update_or_create(
        user=actor,
        defaults={
            "region": region,
            "longitude": longitude,
            "latitude": latitude,
            "specialties": [Specialty(s).value for s in dict.fromkeys(specialties)],
            "languages": [SpokenLanguage(s).value for s in dict.fromkeys(languages)],
            "capacity": capacity,
            "max_travel_minutes": max_travel_minutes,
            "open_to_posts": open_to_posts,
            "about": about.strip(),
            "about_en": about_en.strip(),
        },
    )
    record(
        actor=actor,
        action="practice.create" if created else "practice.update",
        subject=profile,
        now=now,
        data={"capacity": capacity, "open_to_posts": open_to_posts},
    )
    return profile


# Ties and exclusions


@transaction.atomic
def declare_relation(
    *,
    actor: User,
    organisation: Organisation,
    kind: str,
    valid_from: date,
    now: datetime,
    valid_to: date | None = None,
    note: str = "",
) -> DeclaredRelation:
    """Declare one's own tie to a supplier; it bars from judging it for three years after its end (实施条例 art. 9)."""
    if valid_to is not None and valid_to < valid_from:
        raise InvalidInput(_("The last day lies before the first. Exchange the two dates."), field="valid_to")
    relation = DeclaredRelation.objects.create(
        user=actor,
        organisation=organisation,
        kind=RelationKind(kind),
        valid_from=valid_from,
        valid_to=valid_to,
        note=note.strip(),
        declared_at=now,
    )
    # The note may name kin: it stays out of the record.
    record(
        actor=actor,
        action="relation.declare",
        subject=relation,
        now=now,
        data={"organisation": organisation.pk, "kind": str(kind)},
    )
    return relation


@transaction.atomic
def impose_sanction(
    *,
    actor: User,
    party: User | Organisation,
    reason: str,
    basis: str,
    valid_from: date,
    now: datetime,
    valid_to: date | None = None,
) -> Sanction:
    """Exclude a person or an organisation from new work for a time, with the reason and the legal basis."""
    require(rules.can_impose_sanction, actor, party)
    reason, basis = reason.strip(), basis.strip()
    if not reason or not basis:
        raise InvalidInput(_("State the reason and the article on which the exclusion rests."), field="reason")
    if valid_to is not None and valid_to < valid_from:
        raise InvalidInput(_("The last day lies before the first. Exchange the two dates."), field="valid_to")
    fields: dict[str, Any] = {
        "user": party if isinstance(party, User) else None,
        "organisation": party if isinstance(party, Organisation) else None,
        "reason": reason,
        "basis": basis,
        "valid_from": valid_from,
        "valid_to": valid_to,
    }
    # A button that is pressed twice excludes once.
    lock_name(f"sanction:{party._meta.label_lower}:{party.pk}")
    if Sanction.objects.filter(lifted_on__isnull=True, **fields).exists():
        raise InvalidInput(_("This exclusion has already been recorded."), code="sanction_stands")
    sanction = Sanction.objects.create(decided_by=actor, decided_at=now, **fields)
    record(actor=actor, action="sanction.impose", subject=sanction, now=now, reason=reason, data={"basis": basis})
    letters.excluded(sanction, _those_told(party, now))
    return sanction


@transaction.atomic
def lift_sanction(*, actor: User, sanction: Sanction, reason: str, now: datetime) -> Sanction:
    """End an exclusion before its last day: from today on it does not count. The days before stay as they were.

    Raises:
        PermissionRefused, StaleState (lifted or over meanwhile)
        InvalidInput: no reason given.
    """
    sanction = lock_row(Sanction, sanction.pk)
    require(rules.can_lift_sanction, actor, sanction)
    reason = reason.strip()
    if not reason:
        raise InvalidInput(_("Say why: the person and every later reader see only this reason."), field="reason")
    today = timezone.localdate(now)
    if sanction.standing_on(today) not in (SanctionStanding.IN_FORCE, SanctionStanding.COMING):
        raise StaleState
    sanction.lifted_on, sanction.lifted_by, sanction.lift_reason = today, actor, reason
    sanction.save(update_fields=["lifted_on", "lifted_by", "lift_reason"])
    record(actor=actor, action="sanction.lift", subject=sanction, now=now, reason=reason)
    letters.exclusion_lifted(sanction, _those_told(sanction.party, now), today)
    return sanction


def _those_told(party: User | Organisation, now: datetime) -> list[User]:
    """A person himself; of an organisation those who run it and those who bid for it."""
    if isinstance(party, User):
        return [party]
    return list(members_with_role(party, Role.ADMIN, Role.BIDDER, on=timezone.localdate(now)))


# Second factor


@transaction.atomic
def reset_second_factor(*, person: User, reason: str, now: datetime) -> int:
    """Take off every second factor of somebody who lost them all; gives how many there were.

    For the site's operator, who has checked who asks (``manage.py reset_second_factor``). The person is told by mail, so that a
    stranger's success does not stay unseen.

    Raises:
        InvalidInput: no reason given, or there is nothing to take off.
    """
    if not reason.strip():
        raise InvalidInput(_("Say how it was checked who asks: the reason stays on record."), field="reason")
    lock_row(User, person.pk)
    taken: int = Authenticator.objects.filter(user=person).delete()[0]
    if not taken:
        raise InvalidInput(_("This person has not switched on two-step verification."), field="person")
    record(actor=None, action="person.reset_second_factor", subject=person, now=now, reason=reason.strip())
    tell(
        [person],
        _("Two-step verification has been removed from your account"),
        _(
            "Somebody asked for it, and the operator of this site checked who it was. If it was not you, change your password "
            "at once."
        ),
        reverse("mfa_index"),
    )
    return taken
