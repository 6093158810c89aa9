"""Who may do what with rosters.

| act | who |
|---|---|
| draft, change, open, close, deal, send, repair, cancel | of a contract the buyer's officers; of a call who manages it |
| see a draft | these; of a contract also whoever sees its staffing (``staffing.rules``) |
| see a roster from its opening on | also the supplier's lawyers, who offered or serves, volunteers where they are welcome |
| see who serves and why | those who see the draft, the supplier's lawyers, who offered or serves |
| offer | ``people.capacity_of`` says on what footing, if at all |
| answer, give back, ask for a swap | the person of the duty |
| answer a swap | the colleague asked |
"""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from marketplace.accounts.models import Role
from marketplace.accounts.rules import has_role, memberships_of
from marketplace.contracts.models import Contract
from marketplace.staffing.rules import visible_contracts
from volunteers import rules as volunteers
from volunteers.models import Opportunity, VolunteerProfile
from volunteers.states import OpportunityState

from .models import Duty, Offer, Roster
from .states import DutyState, RosterState


def can_draft(user: Any, subject: Contract | Opportunity) -> bool:
    if isinstance(subject, Contract):
        return has_role(user, subject.buyer_id, Role.OFFICER)
    return volunteers.can_manage(user, subject)


def can_manage(user: Any, roster: Roster) -> bool:
    return can_draft(user, roster.subject)


def overseen_by(user: Any) -> Q:
    """Filter: rosters that ``user`` sees with everything, drafts too."""
    if not user.is_authenticated:
        return Q(pk__in=[])
    return Q(contract__in=visible_contracts(user)) | Q(opportunity__in=volunteers.managed_by(user).values("pk"))


def named_to(user: Any) -> Q:
    """Filter: rosters whose people ``user`` sees by name."""
    if not user.is_authenticated:
        return Q(pk__in=[])
    firms = {m.organisation_id for m in memberships_of(user) if m.role == Role.LAWYER}
    offered = Exists(Offer.objects.filter(roster=OuterRef("pk"), person=user.pk))
    serves = Exists(
        Duty.objects.filter(shift__roster=OuterRef("pk"), person=user.pk).exclude(
            state__in=[DutyState.COMPUTED, DutyState.WITHDRAWN]
        )
    )
    taking_part = Q(contract__supplier__in=firms) | Q(offered) | Q(serves)
    return overseen_by(user) | (taking_part & ~Q(state=RosterState.DRAFT))


def visible_to(user: Any) -> QuerySet[Roster]:
    """Rosters that ``user`` may know of."""
    seen = named_to(user)
    if user.is_authenticated and VolunteerProfile.objects.filter(user=user.pk, active=True).exists():
        public = Q(contract__isnull=False, volunteers_welcome=True) | Q(
            opportunity__state__in=[OpportunityState.OPEN, OpportunityState.CLOSED]
        )
        seen |= public & ~Q(state=RosterState.DRAFT)
    return Roster.objects.filter(seen).select_related(
        "contract__buyer", "contract__supplier", "opportunity__organiser", "opportunity__host", "region"
    )


def sees_names(user: Any, roster: Roster) -> bool:
    return Roster.objects.filter(named_to(user), pk=roster.pk).exists()


def oversees(user: Any, roster: Roster) -> bool:
    return Roster.objects.filter(overseen_by(user), pk=roster.pk).exists()
