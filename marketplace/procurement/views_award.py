"""The decision, and the letters that tell each bidder its own result."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.accounts.access import second_factor
from marketplace.core import clock
from marketplace.core.errors import DomainError

from . import letters, services_award
from . import rules_evaluation as rules
from . import selectors_evaluation as selectors
from .forms_evaluation import AwardForm
from .forms_plan import refuse
from .models import Award, Bid, BidResult, Tender
from .repeats import answer_again, take_step
from .states import TENDER, TenderState
from .views_opening import me, running, tabs
from .views_public import pdf_response


@require_http_methods(["GET", "POST"])
def award(request: HttpRequest, pk: int) -> HttpResponse:
    """What would be awarded, with the reasons as they would be published; and, for who decides, the button."""
    tender = running(request, pk)
    if tender.state == TenderState.OPENED:
        raise Http404
    if tender.state == TenderState.EVALUATED and rules.can_decide(request.user, tender):
        return _decide(request, tender)
    if request.method == "POST":
        if answer_again(request, tender, TENDER, "award"):
            return redirect("procurement:tender", tender.pk)
        # Somebody was faster, or this person may not: the service says which.
        services_award.award_tender(actor=me(request), tender=tender, now=clock.now())
    return _award_page(request, tender, None)


@second_factor
def _decide(request: HttpRequest, tender: Tender) -> HttpResponse:
    form = AwardForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            take_step(
                request,
                tender,
                TENDER,
                "award",
                lambda: services_award.award_tender(
                    actor=me(request),
                    tender=tender,
                    choices=_shown(request),
                    note=form.cleaned_data["note"],
                    note_en=form.cleaned_data["note_en"],
                    now=clock.now(),
                ),
                _("Awarded. The result notice is published and every bidder is told."),
            )
        except DomainError as error:
            refuse(form, error)
        else:
            return redirect("procurement:tender", tender.pk)
    return _award_page(request, tender, form)


def _shown(request: HttpRequest) -> dict[int, int]:
    """Lot and bid as the page showed them: a page that is out of date awards nothing."""
    pairs = ((key.removeprefix("lot_"), value) for key, value in request.POST.items() if key.startswith("lot_"))
    return {int(lot): int(str(bid)) for lot, bid in pairs if lot.isdecimal() and str(bid).isdecimal()}


def _award_page(request: HttpRequest, tender: Tender, form: AwardForm | None) -> HttpResponse:
    return render(
        request,
        "procurement/evaluation/award.html",
        {
            "tender": tender,
            "tabs": tabs(request.user, tender, "award"),
            "lots": _lots(tender),
            "form": form,
            "due": selectors.decision_deadline(tender),
            "decided": tender.state in rules.DECIDED_STATES,
            "drafted": request.user.pk == tender.drafted_by_id,
        },
    )


def _lots(tender: Tender) -> list[dict[str, Any]]:
    awards = {a.lot_id: a for a in Award.objects.filter(lot__tender=tender).select_related("decided_by")}
    found = []
    for lot in tender.lots.select_related("failure").order_by("number"):
        results = list(
            BidResult.objects.filter(opened_bid__bid__lot=lot)
            .select_related("opened_bid__bid__supplier")
            .defer("opened_bid__bid__sealed_content")
            .order_by("rank")
        )
        reasons = (
            services_award.reasons_for(results[0], len(results[0].explanation["members"])) if results else ("", "")
        )
        found.append(
            {
                "lot": lot,
                "failure": getattr(lot, "failure", None),
                "results": results,
                "first": results[0] if results else None,
                "reasons": reasons[0],
                "reasons_en": reasons[1],
                "award": awards.get(lot.pk),
            }
        )
    return found


# Letters


def _bid(request: HttpRequest, receipt: uuid.UUID) -> Bid:
    found = get_object_or_404(
        Bid.objects.defer("sealed_content").select_related("lot__tender__organisation__region", "supplier"),
        receipt_id=receipt,
    )
    if not rules.can_see_letter(request.user, found):
        raise Http404
    return found


@require_safe
def letter(request: HttpRequest, receipt: uuid.UUID) -> HttpResponse:
    bid = _bid(request, receipt)
    contract = None
    if rules.can_see_contract(request.user, bid):
        contract = Award.objects.filter(bid=bid).values_list("contract", flat=True).first()
    return render(
        request,
        "procurement/evaluation/letter.html",
        {"bid": bid, "tender": bid.lot.tender, "letter": letters.letter_of(bid), "contract": contract},
    )


@require_safe
def letter_pdf(request: HttpRequest, receipt: uuid.UUID) -> HttpResponse:
    bid = _bid(request, receipt)
    return pdf_response(letters.letter_paper(bid), f"letter-{bid.receipt_id}.pdf")
