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


def can_open_emergency_contact(user: User, sign_up: SignUp, now: datetime) -> bool:
    """Only on the day, and of somebody who is or was expected to be there."""
    today = timezone.localdate(sign_up.shift.starts_at) == timezone.localdate(now)
    present = sign_up.state in (SignUpState.CONFIRMED, SignUpState.ATTENDED)
    return today and present and can_record_attendance(user, sign_up)


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
