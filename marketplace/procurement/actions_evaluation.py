"""What a person can do with a tender from the deadline on: tuples of (label, address, tone, why)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.accounts.models import Role
from marketplace.accounts.rules import has_role

from . import rules_evaluation as rules
from . import selectors_evaluation as selectors
from .models import Award, Bid, Evaluator, Tender
from .panel import is_free
from .rules import suppliers_of
from .states import TENDER, BidState, EvaluatorState, TenderState

Item = tuple[str, str, str, str]


def actions(user: Any, tender: Tender, now: datetime) -> Iterator[Item]:
    """The steps of this person, the most urgent first; nothing before the deadline."""
    over = tender.bid_deadline is not None and now > tender.bid_deadline
    if not over or not getattr(user, "is_authenticated", False):
        return
    if tender.state == TenderState.PUBLISHED:
        yield from _opening(user, tender)
    elif tender.state == TenderState.OPENED:
        yield from _judging(user, tender)
    elif tender.state == TenderState.EVALUATED:
        yield from _deciding(user, tender)
    yield from _contracts(user, tender)
    if tender.state in rules.OPENED_STATES and rules.can_see_scores(user, tender):
        yield _("Points and ranking"), _to("results", tender), "quiet", ""
    yield from _letters(user, tender)
    if TENDER.allows("fail", tender.state) and rules.can_state_failure(user, tender):
        yield str(tender.wording.end), _to("fail", tender), "stop", ""


def _to(name: str, tender: Tender) -> str:
    return reverse(f"procurement:{name}", args=[tender.pk])


def _opening(user: Any, tender: Tender) -> Iterator[Item]:
    if not rules.can_watch(user, tender):
        return
    share = rules.share_of(user, tender)
    released = tender.key_shares.filter(released_at__isnull=False).count()
    if share is not None and share.released_at is None:
        yield (
            _("Release your key share"),
            _to("opening", tender),
            "now",
            _("Bids are closed; the opening is waiting for you."),
        )
    elif released >= tender.key_threshold and rules.can_open(user, tender):
        yield (
            _("Open the %(bids)s") % {"bids": tender.wording.bids},
            _to("opening", tender),
            "now",
            _("Enough shares are released."),
        )
    else:
        missing = tender.key_threshold - released
        why = _("%(n)s more shares are needed to open.") % {"n": missing} if missing > 0 else ""
        yield _("The opening"), _to("opening", tender), "quiet", why


def _judging(user: Any, tender: Tender) -> Iterator[Item]:
    seat = rules.seat_of(user, tender)
    if seat is not None:
        yield from _member(seat, tender)
        return
    if not rules.can_see_panel(user, tender):
        return
    runs = rules.can_run(user, tender)
    seats = selectors.seats(tender)
    panel = [s for s in seats if s.state != EvaluatorState.RECUSED]
    if free := sum(is_free(s) for s in seats):
        why = ngettext("%(n)s seat is empty.", "%(n)s seats are empty.", free) % {"n": free}
        yield _("Draw for the empty seats"), _to("panel", tender), "now" if runs else "quiet", why
        return
    if not panel:
        unchecked = selectors.opened_bids(tender).filter(qualified=None, bid__lot__failure__isnull=True).count()
        if unchecked:
            why = _("%(n)s bids are waiting for the check of their conditions.") % {"n": unchecked}
            yield (
                _("Check the %(bids)s") % {"bids": tender.wording.bids},
                _to("check", tender),
                "now" if runs else "quiet",
                why,
            )
        else:
            draw = _("Draw the %(panel)s") % {"panel": tender.wording.panel}
            yield draw, _to("panel", tender), "now" if runs else "quiet", _("All are checked.")
        return
    waiting = sum(s.state != EvaluatorState.SUBMITTED for s in panel)
    if waiting:
        why = _("%(n)s members have not submitted yet.") % {"n": waiting}
        yield _("The %(panel)s at work") % {"panel": tender.wording.panel}, _to("panel", tender), "quiet", why
    elif runs and selectors.objective_differences(tender):
        why = _("All members have submitted, but objective points differ.")
        yield _("Send the sheets back"), _to("results", tender), "now", why
    elif runs:
        yield _("Compute the ranking"), _to("results", tender), "now", _("All members have submitted.")


def _member(seat: Evaluator, tender: Tender) -> Iterator[Item]:
    words = {
        EvaluatorState.DRAWN: (_("Declare, then evaluate"), "now", _("You were drawn for the panel.")),
        EvaluatorState.DECLARED: (
            _("Score the bids"),
            "now",
            _("Score independently; nobody sees your points until all have submitted."),
        ),
        EvaluatorState.SUBMITTED: (_("My evaluations"), "quiet", _("You have submitted.")),
        EvaluatorState.RECUSED: (_("My evaluations"), "quiet", _("You have left the panel.")),
    }
    label, tone, why = words[EvaluatorState(seat.state)]
    yield label, _to("judge", tender), tone, why


def _deciding(user: Any, tender: Tender) -> Iterator[Item]:
    if rules.can_decide(user, tender):
        due = selectors.decision_deadline(tender)
        yield (
            _("Decide the %(winner)s") % {"winner": tender.wording.winner},
            _to("award", tender),
            "now",
            due.explanation if due else "",
        )
    elif rules.can_see_panel(user, tender):
        yield _("Waiting for the approving officer"), "", "wait", ""


def _contracts(user: Any, tender: Tender) -> Iterator[Item]:
    """The way on from the decision: each award becomes a contract."""
    if tender.state == TenderState.AWARDED and has_role(user, tender.organisation_id, Role.OFFICER):
        for pk, number in (
            Award.objects.filter(lot__tender=tender).order_by("lot__number").values_list("pk", "lot__number")
        ):
            label = _("The contract of lot %(n)s") % {"n": number}
            why = _("It says what was awarded; the supplier signs first.")
            yield label, reverse("contracts:draft", args=[pk]), "now", why
    elif tender.state == TenderState.CONTRACTED:
        query = urlencode({"show": "all", "q": tender.reference})
        yield _("The contracts"), f"{reverse('contracts:list')}?{query}", "quiet", ""


def _letters(user: Any, tender: Tender) -> Iterator[Item]:
    if tender.state not in rules.DECIDED_STATES:
        return
    suppliers = [supplier.pk for supplier in suppliers_of(user)]
    bids = (
        Bid.objects.filter(lot__tender=tender, supplier__in=suppliers, state__in=(BidState.OPENED, BidState.INVALID))
        .defer("sealed_content")
        .select_related("lot")
        .order_by("lot__number")
    )
    for bid in bids:
        label = _("Your letter for lot %(n)s") % {"n": bid.lot.number}
        yield (
            label,
            reverse("procurement:letter", args=[bid.receipt_id]),
            "now",
            _("Your points, your rank, the reasons."),
        )
