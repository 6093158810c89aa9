"""A supplier's pages: prepare, check, seal; receipts; replace and withdraw until the deadline."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.accounts.access import SignedIn
from marketplace.accounts.models import Organisation
from marketplace.core import clock
from marketplace.core.errors import DomainError
from marketplace.core.i18n import localized

from . import documents, rules, rules_evaluation, selectors, services_bidding
from .areas import Area
from .bid_content import BidContent, problems_of
from .forms_bidding import BidForm, answers_of, content_of
from .forms_plan import refuse
from .models_bidding import Bid, BidDraft, DraftAttachment, OpenedBid
from .models_tender import CriterionKind, Lot
from .repeats import take_step
from .states import BID, BidState
from .views_public import PAGE_SIZE, get_tender, pdf_response


def _supplier(request: SignedIn) -> Organisation:
    """The firm for which the person acts: the named one, or the only one."""
    suppliers = rules.suppliers_of(request.user)
    wanted = request.POST.get("supplier") or request.GET.get("supplier", "")
    if wanted:
        suppliers = [o for o in suppliers if str(o.pk) == wanted]
    if not suppliers:
        raise Http404
    return suppliers[0]


def _lot(request: SignedIn, pk: int, number: int) -> Lot:
    tender = get_tender(request, pk)
    if not rules.is_public(tender):
        raise Http404
    lot: Lot = get_object_or_404(Lot.objects.prefetch_related("criteria", "regions"), tender=tender, number=number)
    lot.tender = tender
    return lot


def _draft(lot: Lot, supplier: Organisation) -> BidDraft | None:
    return BidDraft.objects.filter(lot=lot, supplier=supplier).first()


def _with_supplier(name: str, lot: Lot, supplier: Organisation) -> str:
    return f"{reverse(f'procurement:{name}', args=[lot.tender_id, lot.number])}?supplier={supplier.pk}"


@never_cache
@require_safe
def start(request: SignedIn, pk: int) -> HttpResponse:
    """Which firm, which lot; or how to register, free."""
    tender = get_tender(request, pk)
    if not rules.is_public(tender):
        raise Http404
    suppliers = rules.suppliers_of(request.user)
    views = selectors.lot_views(tender)
    rows = []
    if suppliers:
        drafts = set(
            BidDraft.objects.filter(lot__tender=tender, supplier__in=suppliers).values_list("lot_id", "supplier_id")
        )
        sealed = {
            (bid.lot_id, bid.supplier_id): bid
            for bid in Bid.objects.defer("sealed_content").filter(
                lot__tender=tender, supplier__in=suppliers, state=BidState.SEALED
            )
        }
        rows = [
            (view, supplier, (view.lot.pk, supplier.pk) in drafts, sealed.get((view.lot.pk, supplier.pk)))
            for supplier in suppliers
            for view in views
        ]
    return render(
        request,
        "procurement/bid_start.html",
        {"tender": tender, "rows": rows, "several": len(suppliers) > 1, "open": tender.bidding_is_open(clock.now())},
    )


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "POST"])
def bid(request: SignedIn, pk: int, number: int) -> HttpResponse:
    """The form; what was typed is kept, encrypted, at every save."""
    lot, supplier, now = _lot(request, pk, number), _supplier(request), clock.now()
    draft = _draft(lot, supplier)
    values = services_bidding.draft_values(draft) or {
        "small_or_micro": supplier.small_or_micro,
        "legal_representative": supplier.head_name,
        "contact_name": str(request.user),
    }
    form = BidForm(lot, request.POST or None, request.FILES or None, initial=BidForm.initial_of(values))
    if draft is None and supplier.small_or_micro:
        form.fields["small_or_micro"].help_text = "{} {}".format(
            _("Ticked because your organisation is registered so: check that it holds for this year."),
            form.fields["small_or_micro"].help_text,
        )
    if request.method == "POST":
        try:
            draft = services_bidding.save_draft(
                actor=request.user, lot=lot, supplier=supplier, values=form.values(), now=now
            )
            # Read from the request: the whole form may be incomplete and the files good all the same.
            files = [(f.name or "", f.read()) for f in request.FILES.getlist("files")]
            if files:
                services_bidding.attach_files(actor=request.user, draft=draft, files=files, now=now)
        except DomainError as error:
            form.is_valid()
            refuse(form, error)
        else:
            if form.is_valid():
                if "check" in request.POST:
                    return redirect(_with_supplier("bid_review", lot, supplier))
                messages.success(request, _("Saved and encrypted. Only your firm can read it."))
                return redirect(_with_supplier("bid", lot, supplier))
    return render(
        request,
        "procurement/bid_form.html",
        {
            "tender": lot.tender,
            "lot": lot,
            "area": Area.of(lot.places),
            "bought": selectors.bought_of(lot),
            "supplier": supplier,
            "form": form,
            "draft": draft,
            "attachments": draft.attachments.defer("content") if draft else [],
            "standing": Bid.objects.defer("sealed_content")
            .filter(lot=lot, supplier=supplier, state=BidState.SEALED)
            .first(),
            "open": lot.tender.bidding_is_open(now),
        },
    )


@never_cache
@require_http_methods(["GET", "POST"])
def review(request: SignedIn, pk: int, number: int) -> HttpResponse:
    """Read everything once more, keep a copy, seal."""
    lot, supplier, now = _lot(request, pk, number), _supplier(request), clock.now()
    if request.method == "POST":
        key = _key(request.POST.get("request_key", ""))
        # A repetition answers with the first receipt, though the draft is gone.
        first = Bid.objects.defer("sealed_content").filter(request_key=key, lot=lot, supplier=supplier).first()
        if first is not None:
            return redirect("procurement:own_bid", first.receipt_id)
    draft = _draft(lot, supplier)
    if draft is None:
        return redirect(_with_supplier("bid", lot, supplier))
    content = content_of(lot, services_bidding.draft_values(draft), services_bidding.attached(draft))
    problems: list[DomainError] = [
        *problems_of(
            content,
            ceiling=lot.ceiling,
            judged={c.pk: localized(c, "title") for c in lot.criteria.all() if c.kind == CriterionKind.JUDGED},
        )
    ]
    if request.method == "POST" and not problems:
        try:
            made = services_bidding.submit_bid(
                actor=request.user, lot=lot, supplier=supplier, content=content, request_key=key, now=now
            )
        except DomainError as error:
            problems = [error]
        else:
            messages.success(request, _("Received and sealed. This is your receipt: keep it."))
            return redirect("procurement:own_bid", made.receipt_id)
    replaced = Bid.objects.filter(lot=lot, supplier=supplier, state=BidState.SEALED).exists()
    return render(
        request,
        "procurement/bid_review.html",
        {
            "tender": lot.tender,
            "lot": lot,
            "supplier": supplier,
            "content": content,
            "answers": answers_of(lot, content),
            "problems": problems,
            "form_url": _with_supplier("bid", lot, supplier),
            "replaces": replaced,
            "open": lot.tender.bidding_is_open(now),
            "attachments": draft.attachments.defer("content"),
        },
    )


def _key(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Http404 from None


@never_cache
@require_safe
def copy(request: SignedIn, pk: int, number: int) -> HttpResponse:
    """The supplier's own readable copy, to be taken before sealing."""
    lot, supplier = _lot(request, pk, number), _supplier(request)
    draft = _draft(lot, supplier)
    if draft is None:
        raise Http404
    content = content_of(lot, services_bidding.draft_values(draft), services_bidding.attached(draft))
    return _json_file(
        {"tender": lot.tender.reference, "lot": lot.number, "supplier": supplier.credit_code, **content.to_json()},
        f"bid-{lot.tender_id}-{lot.number}.json",
    )


def _json_file(value: dict[str, Any], filename: str) -> JsonResponse:
    response = JsonResponse(value, json_dumps_params={"ensure_ascii": False, "indent": 2})
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


@require_http_methods(["POST"])
def remove_file(request: SignedIn, pk: int, number: int, attachment: int) -> HttpResponse:
    lot, supplier = _lot(request, pk, number), _supplier(request)
    row = (
        DraftAttachment.objects.defer("content")
        .select_related("draft", "draft__supplier")
        .filter(pk=attachment, draft__lot=lot, draft__supplier=supplier)
        .first()
    )
    # One that is gone already was taken out by the click before.
    if row is not None:
        services_bidding.remove_attachment(actor=request.user, attachment=row, now=clock.now())
    return redirect(_with_supplier("bid", lot, supplier))


@require_http_methods(["POST"])
def discard(request: SignedIn, pk: int, number: int) -> HttpResponse:
    lot, supplier = _lot(request, pk, number), _supplier(request)
    draft = _draft(lot, supplier)
    if draft is not None:
        services_bidding.discard_draft(actor=request.user, draft=draft, now=clock.now())
        messages.success(request, _("The draft is deleted."))
    return redirect("procurement:bid_start", lot.tender_id)


# What was handed in


@never_cache
@require_safe
def bids(request: SignedIn) -> HttpResponse:
    """All bids of one's own firms, and unfinished ones."""
    suppliers = rules.suppliers_of(request.user)
    if not suppliers:
        raise Http404
    drafts = (
        BidDraft.objects.defer("content")
        .filter(supplier__in=suppliers)
        .select_related("lot", "lot__tender", "supplier")
        .order_by("lot__tender__bid_deadline", "pk")
    )
    page = Paginator(selectors.own_bids(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    rows = [(bid, *selectors.outcome_of(bid)) for bid in page.object_list]
    return render(
        request,
        "procurement/bids.html",
        {"page": page, "rows": rows, "drafts": list(drafts), "several": len(suppliers) > 1},
    )


def _own(request: SignedIn, receipt: uuid.UUID) -> Bid:
    return get_object_or_404(
        rules.visible_bids(request.user).select_related(
            "lot", "lot__tender", "lot__tender__organisation", "lot__award", "lot__failure", "supplier", "submitted_by"
        ),
        receipt_id=receipt,
    )


@never_cache
@require_safe
def own_bid(request: SignedIn, receipt: uuid.UUID) -> HttpResponse:
    found, now = _own(request, receipt), clock.now()
    opened = OpenedBid.objects.filter(bid=found).first()
    content = None
    if opened is not None and opened.price is not None:
        content = BidContent.from_json(opened.content, phone=opened.contact_phone)
    outcome, tone = selectors.outcome_of(found)
    return render(
        request,
        "procurement/own_bid.html",
        {
            "bid": found,
            "tender": found.lot.tender,
            "size": len(found.sealed_content),
            "receipt_json": json.dumps(found.receipt, ensure_ascii=False, indent=2),
            "opened": opened,
            "content": content,
            "answers": answers_of(found.lot, content) if content else [],
            "outcome": outcome,
            "outcome_tone": tone,
            "failure": getattr(found.lot, "failure", None),
            "has_letter": rules_evaluation.can_see_letter(request.user, found),
            "open": found.state == BidState.SEALED and found.lot.tender.bidding_is_open(now),
            "again": selectors.may_bid_again(found, now),
            "amended": selectors.amended_since(found) if found.state == BidState.SEALED else None,
        },
    )


@never_cache
@require_safe
def receipt_file(request: SignedIn, receipt: uuid.UUID, form: str) -> HttpResponse:
    """The receipt, for programs and for people."""
    found = _own(request, receipt)
    if form not in ("json", "pdf"):
        raise Http404
    if form == "json":
        return _json_file(found.receipt, f"receipt-{found.receipt_id}.json")
    return pdf_response(documents.receipt_paper(found), f"receipt-{found.receipt_id}.pdf")


@never_cache
@require_safe
def content_file(request: SignedIn, receipt: uuid.UUID) -> HttpResponse:
    """The supplier's own bid as it was opened."""
    found = _own(request, receipt)
    opened = get_object_or_404(OpenedBid, bid=found)
    return _json_file(opened.content, f"bid-{found.receipt_id}.json")


@require_http_methods(["POST"])
def withdraw(request: SignedIn, receipt: uuid.UUID) -> HttpResponse:
    found = _own(request, receipt)
    take_step(
        request,
        found,
        BID,
        "withdraw",
        lambda: services_bidding.withdraw_bid(actor=request.user, bid=found, now=clock.now()),
        _("Withdrawn. It stays sealed for ever; you may submit another until the deadline."),
    )
    return redirect("procurement:own_bid", found.receipt_id)
