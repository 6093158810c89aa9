"""From the deadline to the list of valid bids: the opening, its record, the check, and giving a procurement up."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.accounts.access import second_factor
from marketplace.accounts.models import User
from marketplace.core import clock
from marketplace.core.access import public_page
from marketplace.core.errors import DomainError
from marketplace.core.exports import csv_response
from marketplace.core.i18n import localized

from . import rules_evaluation as rules
from . import selectors_evaluation as selectors
from . import services_failing, services_opening
from .bid_content import BidContent
from .forms_bidding import answers_of
from .forms_evaluation import CheckForm, FailForm, ReleaseForm
from .forms_plan import refuse
from .models import FailureGround, LotFailure, Method, OpenedBid, Tender
from .repeats import say_moved_on, take_step
from .states import TENDER, TenderState
from .views_public import get_tender


def me(request: HttpRequest) -> User:
    """The person who is logged in: every page of this file but the public record is for such."""
    return cast(User, request.user)


def tabs(user: Any, tender: Tender, here: str) -> list[dict[str, Any]]:
    """The pages of the later stages that this person may open."""
    may_run = rules.can_see_panel(user, tender) and tender.state in rules.OPENED_STATES
    pages = [
        ("opening", str(tender.wording.opening), True),
        ("check", _("Check of the %(bids)s") % {"bids": tender.wording.bids}, may_run),
        ("panel", capfirst(tender.wording.panel), may_run),
        ("judge", _("My evaluations"), rules.seat_of(user, tender) is not None),
        ("results", _("Points and ranking"), rules.can_see_scores(user, tender)),
        ("award", _("Decision"), may_run and tender.state != TenderState.OPENED),
    ]
    return [
        {"label": label, "url": reverse(f"procurement:{name}", args=[tender.pk]), "here": name == here}
        for name, label, shown in pages
        if shown
    ]


# The opening


def _published(request: HttpRequest, pk: int) -> Tender:
    tender = get_tender(request, pk)
    if tender.published_at is None or tender.state == TenderState.CANCELLED:
        raise Http404
    return tender


def _record(request: HttpRequest, tender: Tender) -> list[dict[str, Any]]:
    """The opening record, lot by lot. Who bid what is public in an open tender; in a consultation it stays with the buyer."""
    named = tender.method == Method.OPEN or rules.can_see_bids(request.user, tender)
    bids: dict[int, list[OpenedBid]] = {}
    for opened in selectors.opened_bids(tender):
        bids.setdefault(opened.bid.lot_id, []).append(opened)
    lots = tender.lots.select_related("failure").order_by("number")
    return [
        {"lot": lot, "bids": bids.get(lot.pk, []), "named": named, "failure": getattr(lot, "failure", None)}
        for lot in lots
    ]


@public_page
@require_safe
def opening(request: HttpRequest, pk: int) -> HttpResponse:
    tender = _published(request, pk)
    return render(request, "procurement/evaluation/opening.html", _opening(request, tender, ReleaseForm()))


def _opening(request: HttpRequest, tender: Tender, form: ReleaseForm) -> dict[str, Any]:
    user, now = request.user, clock.now()
    watching = user.is_authenticated and rules.can_watch(user, tender)
    shares = list(tender.key_shares.select_related("holder").order_by("pk")) if watching else []
    released = sum(share.released_at is not None for share in shares)
    over = tender.bid_deadline is not None and now > tender.bid_deadline
    sealed = tender.state == TenderState.PUBLISHED
    enough = released >= tender.key_threshold
    may_open = user.is_authenticated and rules.can_open(user, tender)
    short = []
    if sealed and over and enough and may_open:
        # Only now, when the opening is due, does anybody learn how many bids there are.
        left = services_failing.bidders_left(tender, selectors.live_lots(tender))
        short = [lot for lot in selectors.live_lots(tender) if left[lot.pk] < selectors.fewest_bidders(tender)]
    own = next((share for share in shares if share.holder_id == user.pk), None)
    opened = tender.opened_at is not None
    return {
        "tender": tender,
        "tabs": tabs(user, tender, "opening") if user.is_authenticated else [],
        "watching": watching,
        "shares": shares,
        "released": released,
        "over": over,
        "sealed": sealed,
        "enough": enough,
        "may_open": may_open,
        "short": short,
        "all_short": bool(short) and len(short) == tender.lots.count(),
        "fewest": selectors.fewest_bidders(tender),
        "own_share": own,
        "form": form if own is not None and own.released_at is None and sealed and over else None,
        "record": _record(request, tender) if opened else [],
        "digest": selectors.opening_digest(tender) if opened else "",
        "list": selectors.opening_list(tender) if opened else [],
        "may_fail": user.is_authenticated and sealed and over and rules.can_state_failure(user, tender),
    }


@public_page
@require_safe
def opening_csv(request: HttpRequest, pk: int) -> HttpResponseBase:
    tender = _published(request, pk)
    if tender.opened_at is None:
        raise Http404
    bidder = capfirst(tender.wording.bidder)
    header = [_("Lot"), _("Receipt"), "SHA-256", _("Received"), _("State"), bidder, _("Price (yuan)")]
    rows = [
        (
            part["lot"].number,
            bid.bid.receipt_id,
            bid.bid.digest,
            timezone.localtime(bid.bid.received_at).isoformat(),
            bid.bid.get_state_display(),
            localized(bid.bid.supplier, "name") if part["named"] else "",
            f"{bid.price.amount:.2f}" if part["named"] and bid.price else "",
        )
        for part in _record(request, tender)
        for bid in part["bids"]
    ]
    return csv_response(f"opening-{tender.pk}.csv", header, rows)


@sensitive_post_parameters("passphrase")
@require_POST
@second_factor
def release_share(request: HttpRequest, pk: int) -> HttpResponse:
    tender = _published(request, pk)
    if rules.share_of(request.user, tender) is None:
        raise Http404
    form = ReleaseForm(request.POST)
    if form.is_valid():
        try:
            services_opening.release_share(
                actor=me(request), tender=tender, passphrase=form.cleaned_data["passphrase"], now=clock.now()
            )
        except DomainError as error:
            form.add_error("passphrase", str(error))
        else:
            messages.success(request, _("Your share is released. It is erased once the bids are open."))
            return redirect("procurement:opening", tender.pk)
    return render(request, "procurement/evaluation/opening.html", _opening(request, tender, form))


@require_POST
@second_factor
def open_bids(request: HttpRequest, pk: int) -> HttpResponse:
    tender = _published(request, pk)
    if not rules.can_open(request.user, tender):
        raise Http404
    take_step(
        request,
        tender,
        TENDER,
        "open",
        lambda: services_opening.open_bids(actor=me(request), tender=tender, now=clock.now()),
        _("The bids are open. The shares have been wiped and all digests recorded."),
    )
    return redirect("procurement:opening", tender.pk)


# The check


def running(request: HttpRequest, pk: int) -> Tender:
    """A tender with open bids, for those who may know the panel: the buyer's officers and approvers, the supervisor."""
    tender = get_tender(request, pk)
    if tender.state not in rules.OPENED_STATES or not rules.can_see_panel(request.user, tender):
        raise Http404
    return tender


@require_http_methods(["GET", "POST"])
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Every bid with what is found about it; the check ends when the panel is drawn."""
    tender = running(request, pk)
    bids = list(selectors.opened_bids(tender))
    signs, limits = selectors.low_price_signs(tender, bids), selectors.low_price_limits(tender)
    failed = set(LotFailure.objects.filter(lot__tender=tender).values_list("lot_id", flat=True))
    changeable = (
        tender.state == TenderState.OPENED and rules.can_run(request.user, tender) and not tender.evaluators.exists()
    )
    chosen = request.POST.get("bid", "") if request.method == "POST" else ""
    rows: list[dict[str, Any]] = []
    for bid in bids:
        own = chosen == str(bid.pk)
        form = None
        if changeable and bid.price is not None and bid.bid.lot_id not in failed:
            form = CheckForm(bid, request.POST if own else None, low_price=bid.pk in signs)
            if own and form.is_valid() and _check_one(request, bid, form):
                return redirect(f"{reverse('procurement:check', args=[tender.pk])}#bid-{bid.pk}")
        rows.append(
            {
                "bid": bid,
                "form": form,
                "signs": [(sign, limits[sign]) for sign in signs.get(bid.pk, [])],
                "over": bid.price is not None and bid.price > bid.bid.lot.ceiling,
                "open": own or bid.qualified is None,
            }
        )
    open_count = sum(row["bid"].qualified is None and row["bid"].bid.lot_id not in failed for row in rows)
    return render(
        request,
        "procurement/evaluation/check.html",
        {
            "tender": tender,
            "tabs": tabs(request.user, tender, "check"),
            "rows": rows,
            "open_count": open_count,
            "changeable": changeable,
            "done": changeable and not open_count,
            "short": _short(tender) if changeable and not open_count else [],
            "fewest": selectors.fewest_bidders(tender),
        },
    )


def _short(tender: Tender) -> list[int]:
    """The numbers of the lots that the check left with too few bidders."""
    lots = selectors.live_lots(tender)
    left = services_failing.bidders_left(tender, lots)
    return [lot.number for lot in lots if left[lot.pk] < selectors.fewest_bidders(tender)]


def _check_one(request: HttpRequest, bid: OpenedBid, form: CheckForm) -> bool:
    values = form.cleaned_data
    try:
        services_opening.check_qualification(
            actor=me(request),
            opened_bid=bid,
            qualified=values["verdict"] == "yes",
            code=values["code"],
            reason=values["reason"],
            price_explanation=values.get("price_explanation", ""),
            now=clock.now(),
        )
    except DomainError as error:
        if error.field == "price_explanation" and "price_explanation" not in form.fields:
            error.field = None
        refuse(form, error)
        return False
    messages.success(
        request, _("The finding on %(supplier)s is saved.") % {"supplier": localized(bid.bid.supplier, "name")}
    )
    return True


def readable_bid(request: HttpRequest, pk: int, bid: int) -> tuple[Tender, OpenedBid]:
    """An opened bid this person may read, or 404."""
    tender = get_tender(request, pk)
    if not rules.can_see_bids(request.user, tender):
        raise Http404
    return tender, get_object_or_404(selectors.opened_bids(tender), pk=bid)


@require_safe
def opened_bid(request: HttpRequest, pk: int, bid: int) -> HttpResponse:
    """All that a bid says."""
    tender, opened = readable_bid(request, pk, bid)
    judging = rules.seat_of(request.user, tender) is not None
    content = None
    if opened.price is not None:
        # The panel judges what is offered; who calls the bidder is the buyer.
        content = BidContent.from_json(opened.content, phone="" if judging else opened.contact_phone)
    return render(
        request,
        "procurement/evaluation/opened_bid.html",
        {
            "tender": tender,
            "opened": opened,
            "content": content,
            "answers": answers_of(opened.bid.lot, content),
            "files": list(opened.files.defer("data")),
            "judging": judging,
        },
    )


@require_safe
def opened_file(request: HttpRequest, pk: int, bid: int, position: int) -> HttpResponse:
    _tender, opened = readable_bid(request, pk, bid)
    file = get_object_or_404(opened.files, position=position)
    response = HttpResponse(bytes(file.data), content_type=file.media_type)
    # Always saved, never shown in this site's name, whatever the bytes are.
    response["Content-Disposition"] = content_disposition_header(True, file.name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    return response


# Giving up


@require_http_methods(["GET", "POST"])
@second_factor
def fail(request: HttpRequest, pk: int) -> HttpResponse:
    tender = get_tender(request, pk)
    decides = rules.can_decide(request.user, tender)
    if not rules.can_state_failure(request.user, tender):
        raise Http404
    if not TENDER.allows("fail", tender.state):
        say_moved_on(request, tender, TENDER, "fail")
        return redirect("procurement:tender", tender.pk)
    # Who does not decide states facts; prices are none before the opening.
    grounds = list(FailureGround) if decides else [FailureGround.TOO_FEW, FailureGround.OVER_BUDGET]
    if tender.state == TenderState.PUBLISHED:
        grounds.remove(FailureGround.OVER_BUDGET)
    form = FailForm(request.POST or None, tender=tender, grounds=grounds)
    if request.method == "POST" and form.is_valid():
        try:
            values = form.cleaned_data
            take_step(
                request,
                tender,
                TENDER,
                "fail",
                lambda: services_failing.fail_tender(actor=me(request), tender=tender, now=clock.now(), **values),
                _("The end is published, the reserved budget is released and the bidders are told."),
            )
        except DomainError as error:
            refuse(form, error)
        else:
            return redirect("procurement:tender", tender.pk)
    return render(request, "procurement/evaluation/fail.html", {"tender": tender, "form": form, "decides": decides})
