"""What waits for a person in buying."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import CharField, OuterRef, Subquery
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.accounts.models import Role
from marketplace.audit.models import Event
from marketplace.core.i18n import localized
from marketplace.core.workspace import WorkItem

from . import rules, selectors
from .models_bidding import Bid, BidDraft
from .models_tender import Notice, Plan, Tender
from .states import BidState, PlanState, TenderState


def work_items(user: Any, now: datetime) -> Iterator[WorkItem]:
    """Drafts and questions of an officer, decisions of an approver, drafts and sealed bids of a supplier."""
    officer_of = [o.pk for o in rules.buyers_of(user, Role.OFFICER)]
    approver_of = [o.pk for o in rules.buyers_of(user, Role.APPROVER)]
    if officer_of:
        yield from _officer(officer_of)
    if approver_of:
        yield from _approver(user, approver_of)
    suppliers = [o.pk for o in rules.suppliers_of(user)]
    if suppliers:
        yield from _supplier(suppliers, now)


def _officer(buyers: list[int]) -> Iterator[WorkItem]:
    for plan in Plan.objects.filter(organisation__in=buyers, state__in=[PlanState.DRAFT, PlanState.RETURNED]):
        word = _("Plan returned: change it") if plan.state == PlanState.RETURNED else _("Plan not submitted yet")
        yield WorkItem(localized(plan, "title"), reverse("procurement:plan", args=[plan.pk]), word, weight=60)
    yield from _ended(buyers, _("The procurement ended: tender again, or have the plan cancelled"))
    waiting = (TenderState.DRAFT, TenderState.RETURNED, TenderState.APPROVED)
    for tender in Tender.objects.filter(organisation__in=buyers, state__in=waiting):
        name, word = {
            TenderState.DRAFT: ("edit", _("Documents not submitted yet")),
            TenderState.RETURNED: ("edit", _("Documents returned: change them")),
            TenderState.APPROVED: ("publish", _("Approved: publish it")),
        }[TenderState(tender.state)]
        yield WorkItem(localized(tender, "title"), reverse(f"procurement:{name}", args=[tender.pk]), word, weight=50)
    asked: dict[int, list[Any]] = {}
    for question in selectors.unanswered(Tender.objects.filter(organisation__in=buyers, state=TenderState.PUBLISHED)):
        asked.setdefault(question.tender_id, []).append(question)
    for questions in asked.values():
        due = selectors.answer_due(questions[0])
        yield WorkItem(
            ngettext("Answer %(n)s question", "Answer %(n)s questions", len(questions)) % {"n": len(questions)},
            reverse("procurement:tender", args=[questions[0].tender_id]) + "#questions",
            localized(questions[0].tender, "title"),
            due_at=due.at if due else None,
        )


def _ended(buyers: list[int], what: str) -> Iterator[WorkItem]:
    """Plans whose money stays bound though no tender of theirs goes on."""
    for plan in selectors.with_ends(Plan.objects.filter(organisation__in=buyers)).filter(ended=True):
        yield WorkItem(localized(plan, "title"), reverse("procurement:plan", args=[plan.pk]), what, weight=60)


def _approver(user: Any, buyers: list[int]) -> Iterator[WorkItem]:
    yield from _ended(buyers, _("The procurement ended: cancel the plan, or have it tendered again"))
    for model, page, act in (
        (Plan, "plan", _("Approve the plan, or return it")),
        (Tender, "decide", _("Approve the documents, or return them")),
    ):
        # What one drafted oneself waits for somebody else.
        waiting = model.objects.filter(organisation__in=buyers, state="submitted").exclude(drafted_by=user)
        for found in waiting.annotate(handed_in=_handed_in(model)):
            yield WorkItem(
                act,
                reverse(f"procurement:{page}", args=[found.pk]),
                localized(found, "title"),
                weight=20,
                since=found.handed_in,
            )


def _handed_in(model: type[Plan | Tender]) -> Subquery:
    """When it was last handed in, of the rows of ``model``, by the record."""
    acts = Event.objects.filter(
        subject_type=model._meta.label_lower,
        subject_id=Cast(OuterRef("pk"), CharField()),
        action=f"{model._meta.model_name}.submit",
    )
    return Subquery(acts.order_by("-pk").values("occurred_at")[:1])


def _supplier(suppliers: list[int], now: datetime) -> Iterator[WorkItem]:
    drafts = BidDraft.objects.defer("content").filter(
        supplier__in=suppliers, lot__tender__state=TenderState.PUBLISHED, lot__tender__bid_deadline__gte=now
    )
    for draft in drafts.select_related("lot", "lot__tender"):
        yield WorkItem(
            localized(draft.lot.tender, "title"),
            f"{reverse('procurement:bid', args=[draft.lot.tender_id, draft.lot.number])}?supplier={draft.supplier_id}",
            _("Your bid for lot %(n)s is a draft still") % {"n": draft.lot.number},
            due_at=draft.lot.tender.bid_deadline,
        )
    sealed = Bid.objects.defer("sealed_content").filter(
        supplier__in=suppliers,
        state=BidState.SEALED,
        lot__tender__state=TenderState.PUBLISHED,
        lot__tender__bid_deadline__gte=now,
    )
    bids = list(sealed.select_related("lot", "lot__tender"))
    # Later ones overwrite earlier ones.
    amendments = dict(
        Notice.objects.filter(tender__in={b.lot.tender_id for b in bids}, kind="amendment")
        .order_by("published_at")
        .values_list("tender_id", "published_at")
    )
    for bid in bids:
        moved = amendments.get(bid.lot.tender_id)
        yield WorkItem(
            localized(bid.lot.tender, "title"),
            reverse("procurement:own_bid", args=[bid.receipt_id]),
            _("The deadline was moved after you submitted; your bid stands")
            if moved is not None and moved > bid.received_at
            else _("Your bid for lot %(n)s is sealed. You may replace or withdraw it until the deadline")
            % {"n": bid.lot.number},
            due_at=bid.lot.tender.bid_deadline,
            tone="info",
        )
