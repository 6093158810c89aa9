"""This room's part of the record: who reads the trail of what, the acts in words, and what nobody may know of yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import CharField, Q
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.rules import is_supervisor
from marketplace.accounts.visibility import people_names
from marketplace.audit import labels
from marketplace.audit.selectors import register_secret, register_visibility
from marketplace.core.i18n import localized
from marketplace.ledger import holders

from . import rules
from .models import Bid, BudgetLine, Lot, Plan, Question, Tender

ACTIONS = {
    "budget.open": _("recorded the budget line"),
    "plan.draft": _("drafted the plan"),
    "plan.edit": _("changed the plan"),
    "plan.submit": _("submitted the plan"),
    "plan.approve": _("approved the plan"),
    "plan.return": _("returned the plan"),
    "plan.cancel": _("cancelled the plan"),
    "tender.draft": _("started drafting the tender"),
    "tender.edit": _("changed the documents"),
    "tender.submit": _("submitted the documents"),
    "tender.return": _("returned the documents"),
    "tender.approve": _("approved the documents"),
    "tender.publish": _("published the tender"),
    "tender.amend_deadline": _("moved the deadline"),
    "tender.cancel": _("cancelled the procurement"),
    "tender.contract": _("noted that all contracts are signed"),
    "question.ask": _("asked a question"),
    "question.answer": _("answered the question"),
    "bid.submit": _("submitted a sealed bid"),
    "bid.replace": _("replaced the bid"),
    "bid.withdraw": _("withdrew the bid"),
}

#: in the order of pages
DATA = {
    "reference": _("number"),
    "year": _("fiscal year"),
    "code": _("budget code"),
    "appropriated": _("approved budget"),
    "tender": _("tender"),
    "lot": _("lot"),
    "tender.edit.added": _("a new lot"),
    "tender.edit.removed": _("taken out"),
    "added": _("added"),
    "removed": _("removed"),
    "criteria_of_lot": _("criteria of lot"),
    "amount": _("amount"),
    "official_published_at": _("published on the official medium"),
    "bid_deadline": _("bids until"),
    "before": _("before"),
    "after": _("after"),
    "provisional_acknowledged": _("provisional dates acknowledged"),
    "holders": _("key-holders"),
    "threshold": _("key-holders needed"),
    "digest": _("digest"),
}

VALUES = {"amount": labels.yuan, "appropriated": labels.yuan}


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


def _tenders(keys: Iterable[int]) -> dict[int, str]:
    return {tender.pk: tender.reference for tender in Tender.objects.filter(pk__in=list(keys))}


def _plans(keys: Iterable[int]) -> dict[int, str]:
    return {plan.pk: localized(plan, "title") for plan in Plan.objects.filter(pk__in=list(keys))}


def _budget_lines(keys: Iterable[int]) -> dict[int, str]:
    found = BudgetLine.objects.filter(pk__in=list(keys))
    return {line.pk: f"{line.fiscal_year} · {localized(line, 'name')}" for line in found}


def _questions(keys: Iterable[int]) -> dict[int, str]:
    found = Question.objects.filter(pk__in=list(keys)).select_related("tender")
    return {question.pk: question.tender.reference for question in found}


def _bids(keys: Iterable[int]) -> dict[int, str]:
    """Lot and number of the tender; the supplier's name only once the bid was opened."""
    found = Bid.objects.defer("sealed_content").filter(pk__in=list(keys)).select_related("lot__tender", "supplier")
    opened = set(found.filter(opened__isnull=False).values_list("pk", flat=True))
    return {
        bid.pk: f"{localized(bid.supplier, 'name')} · {lot_name(bid.lot)}" if bid.pk in opened else lot_name(bid.lot)
        for bid in found
    }


def lot_name(lot: Lot) -> str:
    """For a ``lot`` read with its tender."""
    return gettext("%(tender)s, lot %(number)s") % {"tender": lot.tender.reference, "number": lot.number}


def register() -> None:
    labels.register(ACTIONS, DATA, values=VALUES)
    labels.register_names("holders", people_names)
    labels.register_subjects("procurement.tender", _tenders)
    labels.register_subjects("procurement.plan", _plans)
    labels.register_subjects("procurement.budgetline", _budget_lines)
    labels.register_subjects("procurement.question", _questions)
    labels.register_subjects("procurement.bid", _bids)
    register_visibility("procurement.tender", _tender, page="procurement:tender")
    register_visibility("procurement.plan", _plan, page="procurement:plan")
    register_visibility("procurement.budgetline", _budget_line)
    register_visibility("procurement.bid", _bid)
    holders.register_page("procurement.tender", lambda key: reverse("procurement:tender", args=[key]))
    register_secret(sealed_bid_events)
