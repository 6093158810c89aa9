"""Who may do what in buying, and which rows a person may know of. A stranger's object answers 404."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from marketplace.accounts.models import Organisation, Role
from marketplace.accounts.rules import (
    PUBLIC_KINDS,
    ROLES_OF_KIND,
    has_role,
    inside,
    is_supervisor,
    memberships_of,
    organisations_of,
    regions_of,
)

from .models_bidding import Bid
from .models_tender import BudgetLine, Lot, Plan, Question, Tender
from .states import PLAN, TENDER, BidState, PlanState, TenderState

#: Members of a buyer who see what is not public yet.
STAFF = (Role.OFFICER, Role.APPROVER, Role.FINANCE, Role.KEY_HOLDER, Role.SUPERVISOR, Role.ADMIN)
#: Public bodies that can have people to buy or to watch over it. A village committee has none: its county buys for it.
BUYING_KINDS = frozenset(kind for kind in PUBLIC_KINDS if ({*STAFF} - {Role.ADMIN}) & {*ROLES_OF_KIND[kind]})
#: From these states on the public knows of a tender. A cancelled one is known if it had been published.
KNOWN_STATES = (
    TenderState.PUBLISHED,
    TenderState.OPENED,
    TenderState.EVALUATED,
    TenderState.AWARDED,
    TenderState.CONTRACTED,
    TenderState.FAILED,
)
IS_PUBLIC = Q(state__in=KNOWN_STATES) | Q(state=TenderState.CANCELLED, published_at__isnull=False)


def buyers_of(user: Any, *roles: str) -> QuerySet[Organisation]:
    """The buying organisations for which ``user`` acts in one of ``roles`` (default: any member of staff)."""
    return organisations_of(user, *(roles or STAFF)).filter(kind__in=BUYING_KINDS)


def suppliers_of(user: Any) -> list[Organisation]:
    """The suppliers for which ``user`` may ask and bid, by name."""
    found = {
        m.organisation_id: m.organisation
        for m in memberships_of(user)
        if m.role == Role.BIDDER and m.organisation.kind not in PUBLIC_KINDS
    }
    return sorted(found.values(), key=lambda o: (o.name, o.pk))


def _own_or_supervised(user: Any) -> Q:
    if getattr(user, "is_superuser", False) and user.is_active:
        return Q()
    own = {m.organisation_id for m in memberships_of(user) if m.role in STAFF}
    return Q(organisation_id__in=own) | inside("organisation__region_id", regions_of(user, Role.SUPERVISOR))


# Budget and plans


def visible_budget_lines(user: Any) -> QuerySet[BudgetLine]:
    return BudgetLine.objects.filter(_own_or_supervised(user))


def can_open_budget_line(user: Any, organisation: Organisation) -> bool:
    return organisation.kind in BUYING_KINDS and has_role(user, organisation, Role.FINANCE)


def visible_plans(user: Any) -> QuerySet[Plan]:
    return Plan.objects.filter(_own_or_supervised(user))


def can_draft(user: Any, organisation: Organisation) -> bool:
    return organisation.kind in BUYING_KINDS and has_role(user, organisation, Role.OFFICER)


def can_edit_plan(user: Any, plan: Plan) -> bool:
    return has_role(user, plan.organisation_id, Role.OFFICER) and PLAN.allows("submit", plan.state)


def can_decide_plan(user: Any, plan: Plan) -> bool:
    """The drafter is told apart, with a message of his own: see ``services_plan``."""
    return has_role(user, plan.organisation_id, Role.APPROVER)


def can_cancel_plan(user: Any, plan: Plan) -> bool:
    role = Role.APPROVER if plan.state == PlanState.APPROVED else Role.OFFICER
    return has_role(user, plan.organisation_id, role) and PLAN.allows("cancel", plan.state)


# Tenders


def visible_tenders(user: Any) -> QuerySet[Tender]:
    """What is public, and what the user's own bureau, or the bureaus he supervises, have not published yet."""
    if not getattr(user, "is_authenticated", False):
        return Tender.objects.filter(IS_PUBLIC)
    return Tender.objects.filter(IS_PUBLIC | _own_or_supervised(user))


def is_public(tender: Tender) -> bool:
    return tender.state in KNOWN_STATES or (tender.state == TenderState.CANCELLED and tender.published_at is not None)


def is_staff(user: Any, tender: Tender) -> bool:
    return has_role(user, tender.organisation_id, *STAFF)


def can_see_tender(user: Any, tender: Tender) -> bool:
    return is_public(tender) or is_staff(user, tender) or is_supervisor(user, tender.organisation.region_id)


def can_edit_tender(user: Any, tender: Tender) -> bool:
    return has_role(user, tender.organisation_id, Role.OFFICER) and TENDER.allows("submit", tender.state)


def can_decide_tender(user: Any, tender: Tender) -> bool:
    return has_role(user, tender.organisation_id, Role.APPROVER)


def can_publish_tender(user: Any, tender: Tender) -> bool:
    return has_role(user, tender.organisation_id, Role.OFFICER, Role.APPROVER)


def can_cancel_tender(user: Any, tender: Tender) -> bool:
    """A draft goes with its officer; what was approved or published only by an approving officer."""
    early = tender.state in (TenderState.DRAFT, TenderState.RETURNED, TenderState.SUBMITTED)
    roles = (Role.OFFICER, Role.APPROVER) if early else (Role.APPROVER,)
    return has_role(user, tender.organisation_id, *roles) and TENDER.allows("cancel", tender.state)


def can_amend_deadline(user: Any, tender: Tender) -> bool:
    return has_role(user, tender.organisation_id, Role.APPROVER)


def can_answer(user: Any, tender: Tender) -> bool:
    return has_role(user, tender.organisation_id, Role.OFFICER)


def questions_visible_to(user: Any, tender: Tender) -> QuerySet[Question]:
    """Answered ones are public; an unanswered one is known to its asker, and its text to who must answer."""
    shown = ~Q(answer="") | Q(asker_id__in=[o.pk for o in suppliers_of(user)])
    if can_answer(user, tender):
        shown = Q()
    return Question.objects.filter(shown, tender=tender)


# Bids: before the opening they exist for their own supplier only


def can_bid_for(user: Any, supplier: Organisation) -> bool:
    return supplier.kind not in PUBLIC_KINDS and has_role(user, supplier, Role.BIDDER)


def visible_bids(user: Any) -> QuerySet[Bid]:
    """A supplier's own; for the buyer, its supervisors and the panel bids exist once they are opened (``OpenedBid``)."""
    return Bid.objects.filter(supplier_id__in=[o.pk for o in suppliers_of(user)])


def bid_is_secret(bid: Bid) -> bool:
    """Nobody but its supplier may know of it: it was never opened."""
    return bid.state not in (BidState.OPENED, BidState.INVALID)


def can_see_lot(user: Any, lot: Lot) -> bool:
    return can_see_tender(user, lot.tender)
