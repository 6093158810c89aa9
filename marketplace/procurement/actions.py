"""What this person can do now with this tender: the buttons of its page, each with a word why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from . import rules
from .models_bidding import Bid, BidDraft
from .models_tender import Tender
from .services_plan import has_edited
from .states import BidState, TenderState


@dataclass(frozen=True, slots=True)
class Action:
    """``tone``: now (the button of the page), quiet, stop, or wait (no address: somebody else acts)."""

    label: str
    url: str
    tone: str = "quiet"
    why: str = ""


def actions_for(user: Any, tender: Tender, now: datetime) -> list[Action]:
    """The actions of every stage, the most urgent first."""
    found = [*_drafting(user, tender), *_bidding(user, tender, now), *_running(user, tender, now)]
    # The later stages bring their own.
    if find_spec("marketplace.procurement.actions_evaluation"):
        later = import_module("marketplace.procurement.actions_evaluation")
        found += [Action(*item) if isinstance(item, tuple) else item for item in later.actions(user, tender, now)]
    order = {"now": 0, "wait": 1, "quiet": 2, "stop": 3}
    return sorted(found, key=lambda a: order.get(a.tone, 2))


def _to(name: str, tender: Tender) -> str:
    return reverse(f"procurement:{name}", args=[tender.pk])


def _drafting(user: Any, tender: Tender) -> Iterator[Action]:
    if rules.can_edit_tender(user, tender):
        yield Action(_("Go on with the documents"), _to("edit", tender), "now")
    if tender.state == TenderState.SUBMITTED and rules.can_decide_tender(user, tender):
        if tender.drafted_by_id == user.pk or has_edited(user, tender):
            yield Action(_("Waiting for another approving officer"), "", "wait", _("You drew these documents up."))
        else:
            yield Action(
                _("Read and decide"), _to("decide", tender), "now", _("What you approve is exactly what is published.")
            )
    elif tender.state == TenderState.SUBMITTED and rules.is_staff(user, tender):
        yield Action(_("Waiting for the approving officer"), "", "wait")
    if tender.state == TenderState.APPROVED and rules.can_publish_tender(user, tender):
        yield Action(
            _("Publish"),
            _to("publish", tender),
            "now",
            _("First on the official medium: its time starts the legal clock."),
        )


def _bidding(user: Any, tender: Tender, now: datetime) -> Iterator[Action]:
    if not tender.bidding_is_open(now):
        return
    free = _("No prior entry on any list is needed; you register when you bid.")
    start = _to("bid_start", tender)
    if not getattr(user, "is_authenticated", False):
        yield Action(_("Prepare a bid"), start, "now", free)
        return
    if rules.is_staff(user, tender):
        return
    suppliers = [o.pk for o in rules.suppliers_of(user)]
    if not suppliers:
        yield Action(_("Prepare a bid"), start, "now", free)
        return
    sealed = Bid.objects.filter(lot__tender=tender, supplier_id__in=suppliers, state=BidState.SEALED).exists()
    drafted = BidDraft.objects.filter(lot__tender=tender, supplier_id__in=suppliers).exists()
    if sealed:
        yield Action(
            _("Your sealed bids"), reverse("procurement:bids"), "now", _("Replace or withdraw them until the deadline.")
        )
    label = _("Go on with your bid") if drafted else (_("Bid for another lot") if sealed else _("Prepare a bid"))
    yield Action(
        label, start, "quiet" if sealed else "now", _("Encrypted from receipt to opening: nobody can read it.")
    )
    if tender.question_deadline and now <= tender.question_deadline:
        yield Action(_("Ask a question"), f"{_to('tender', tender)}#ask", "quiet")


def _running(user: Any, tender: Tender, now: datetime) -> Iterator[Action]:
    if tender.bidding_is_open(now):
        if rules.can_answer(user, tender):
            waiting = tender.questions.filter(answer="").count()
            if waiting:
                yield Action(_("Answer the questions"), f"{_to('tender', tender)}#questions", "now")
        if rules.can_amend_deadline(user, tender):
            yield Action(_("Move the deadline"), _to("amend", tender), "quiet")
    if rules.can_cancel_tender(user, tender):
        yield Action(_("Cancel the procurement"), _to("cancel", tender), "stop")
