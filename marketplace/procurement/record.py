"""This room's part of the record: who reads the trail of what, the acts in words, and what nobody may know of yet."""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, Q
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.rules import is_supervisor
from marketplace.accounts.visibility import people_names
from marketplace.audit import labels
from marketplace.audit.selectors import register_secret, register_visibility
from marketplace.ledger import holders

from . import rules
from .models_bidding import Bid

ACTIONS = {
    "budget.open": _("opened the budget line"),
    "plan.draft": _("began the plan"),
    "plan.edit": _("changed the plan"),
    "plan.submit": _("handed the plan in"),
    "plan.approve": _("approved the plan"),
    "plan.return": _("returned the plan"),
    "plan.cancel": _("gave the plan up"),
    "tender.draft": _("began the tender"),
    "tender.edit": _("changed the documents"),
    "tender.submit": _("handed the documents in"),
    "tender.return": _("returned the documents"),
    "tender.approve": _("approved the documents"),
    "tender.publish": _("published the tender"),
    "tender.amend_deadline": _("moved the deadline"),
    "tender.cancel": _("cancelled the procedure"),
    "question.ask": _("asked a question"),
    "question.answer": _("answered the question"),
    "bid.submit": _("handed in a sealed bid"),
    "bid.replace": _("replaced the bid"),
    "bid.withdraw": _("withdrew the bid"),
}

DATA = {
    "added": _("added"),
    "after": _("after"),
    "amount": _("amount"),
    "appropriated": _("appropriated"),
    "before": _("before"),
    "bid_deadline": _("bids until"),
    "code": _("budget code"),
    "criteria_of_lot": _("criteria of lot"),
    "digest": _("digest"),
    "holders": _("key-holders"),
    "lot": _("lot"),
    "official_published_at": _("published on the official medium"),
    "provisional_acknowledged": _("provisional dates acknowledged"),
    "reference": _("number"),
    "removed": _("removed"),
    "tender": _("tender"),
    "threshold": _("key-holders needed"),
    "year": _("fiscal year"),
}


def _tender(user: Any, key: str) -> bool:
    """A published tender's trail is read by its bureau and its supervisors; the public reads the notices."""
    found = rules.visible_tenders(user).select_related("organisation").filter(pk=key).first()
    return found is not None and (rules.is_staff(user, found) or is_supervisor(user, found.organisation.region_id))


def _plan(user: Any, key: str) -> bool:
    return rules.visible_plans(user).filter(pk=key).exists()


def _budget_line(user: Any, key: str) -> bool:
    return rules.visible_budget_lines(user).filter(pk=key).exists()


def _bid(user: Any, key: str) -> bool:
    """Its supplier at any time; the buyer and its supervisors once the tender's bids were opened."""
    bid = Bid.objects.defer("sealed_content").select_related("lot__tender__organisation").filter(pk=key).first()
    if bid is None:
        return False
    if rules.visible_bids(user).filter(pk=key).exists():
        return True
    tender = bid.lot.tender
    return tender.opened_at is not None and (
        rules.is_staff(user, tender) or is_supervisor(user, tender.organisation.region_id)
    )


def sealed_bid_events() -> Q:
    """Events of bids whose tender was not opened: no search and no supervisor sees that they happened."""
    opened = (
        Bid.objects.filter(lot__tender__opened_at__isnull=False)
        .order_by()
        .annotate(key=Cast("pk", CharField()))
        .values("key")
    )
    return Q(subject_type=Bid._meta.label_lower) & ~Q(subject_id__in=opened)


def register() -> None:
    labels.register(ACTIONS, DATA)
    labels.register_names("holders", people_names)
    register_visibility("procurement.tender", _tender, page="procurement:tender")
    register_visibility("procurement.plan", _plan, page="procurement:plan")
    register_visibility("procurement.budgetline", _budget_line)
    register_visibility("procurement.bid", _bid)
    holders.register_page("procurement.tender", lambda key: reverse("procurement:tender", args=[key]))
    register_secret(sealed_bid_events)
