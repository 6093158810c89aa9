"""Who may do what about volunteering.

| act | who |
|---|---|
| make, open, close, cancel a call | coordinator, village representative, officer or administrator of the organiser |
| record attendance | the same of the host or the organiser, never for himself |
| let somebody sign up again who missed too much | the same of a host or organiser with whom he missed it, never for himself |
| open a volunteer's emergency contact | the same of the host or the organiser, on the day of the shift; each look is recorded |
| read the telephone of a call | those who may manage it or have signed up for it |
| see a call | everybody once it is open; drafts and lists of names only those who may manage it |
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.utils import timezone

from marketplace.accounts.models import Organisation, Role, User
from marketplace.accounts.rules import has_role, organisations_of

from .models import Opportunity, SignUp
from .states import OpportunityState, SignUpState

#: who comes, waits or was there
INVOLVED = (SignUpState.CONFIRMED, SignUpState.OFFERED, SignUpState.WAITING, SignUpState.ATTENDED)

ORGANISERS = (Role.COORDINATOR, Role.VILLAGE, Role.OFFICER, Role.ADMIN)


def can_organise(user: User, organisation: Organisation) -> bool:
    return has_role(user, organisation, *ORGANISERS)


def can_manage(user: User, opportunity: Opportunity) -> bool:
    return can_organise(user, opportunity.organiser)


def can_record_attendance(user: User, sign_up: SignUp) -> bool:
    opportunity = sign_up.shift.opportunity
    return user.pk != sign_up.volunteer_id and (
        can_organise(user, opportunity.organiser) or can_organise(user, opportunity.host)
    )


def opens_today(sign_up: SignUp, now: datetime) -> bool:
    """An emergency contact opens only on the day of the shift, of somebody who is or was expected there."""
    today = timezone.localdate(sign_up.shift.starts_at) == timezone.localdate(now)
    return today and sign_up.state in (SignUpState.CONFIRMED, SignUpState.ATTENDED)


def may_read_sign_up(user: Any, key: str) -> bool:
    """The trail of a sign-up: the volunteer, who reads there who opened the emergency contact, and who records attendance."""
    found = SignUp.objects.filter(pk=key).select_related("shift__opportunity").first() if key.isdigit() else None
    return found is not None and (found.volunteer_id == user.pk or can_record_attendance(user, found))


def can_call(user: User | AnonymousUser, opportunity: Opportunity) -> bool:
    if not user.is_authenticated:
        return False
    involved = SignUp.objects.filter(shift__opportunity=opportunity, volunteer=user, state__in=INVOLVED)
    return involved.exists() or can_organise(user, opportunity.organiser) or can_organise(user, opportunity.host)


def managed_by(user: User) -> QuerySet[Opportunity]:
    mine = organisations_of(user, *ORGANISERS)
    return Opportunity.objects.filter(Q(organiser__in=mine) | Q(host__in=mine)).select_related(
        "organiser", "host", "region"
    )


def visible_to(user: User | AnonymousUser) -> QuerySet[Opportunity]:
    """Open, closed and cancelled calls for everybody; drafts for those who manage them."""
    everything = Opportunity.objects.select_related("organiser", "host", "region")
    public = ~Q(state=OpportunityState.DRAFT)
    if not user.is_authenticated:
        return everything.filter(public)
    return everything.filter(public | Q(organiser__in=organisations_of(user, *ORGANISERS)))
