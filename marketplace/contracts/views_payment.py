"""The sheet of an instalment: handing over, accepting, sending back, paying."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from moneyed import Money

from marketplace.accounts.access import second_factor
from marketplace.accounts.models import User
from marketplace.accounts.selectors import public_cards
from marketplace.core import clock
from marketplace.core.access import public_page
from marketplace.core.errors import DomainError, StaleState
from marketplace.core.exports import csv_response
from marketplace.core.i18n import localized
from marketplace.core.units import yuan
from marketplace.core.words import day_words
from marketplace.regions.models import Region
from marketplace.statutes.deadlines import Deadline

from . import rules, services, services_payment
from .forms import AcceptForm, DeliverForm, PayForm, RefuseForm, refuse
from .fulfilment import Item
from .models import Instalment
from .shifts import in_shifts
from .states import InstalmentState
from .templatetags.contracts import unit_words
from .views import PAGE_SIZE, may, signed_in


def get_instalment(request: HttpRequest, pk: int) -> Instalment:
    found = Instalment.objects.select_related(
        "contract__buyer__region", "contract__supplier", "contract__award__lot__tender", "delivered_by", "accepted_by",
        "paid_by",
    )  # fmt: skip
    instalment: Instalment = get_object_or_404(found, pk=pk)
    if not rules.can_see_sheet(request.user, instalment):
        raise Http404
    return instalment


@public_page
@require_http_methods(["GET", "POST"])
def sheet(request: HttpRequest, pk: int) -> HttpResponseBase:
    """What was due and done in a period, item by item; the next step for who takes it."""
    instalment = get_instalment(request, pk)
    can = may(request.user, instalment)
    preview = not instalment.delivery or (
        instalment.state == InstalmentState.REFUSED and rules.is_party(request.user, instalment.contract)
    )
    if preview and instalment.state != InstalmentState.VOID:
        instalment.delivery = services_payment.delivery_of(instalment, clock.now())
    if request.GET.get("format") == "csv":
        return _csv(instalment)
    forms = _forms(request, instalment, can)
    if request.method == "POST":
        answer = _act(request, instalment, forms)
        if answer is not None:
            return answer
    places = instalment.delivery.get("posts", [])
    # What was not delivered is what whoever accepts has to look at.
    missing_first = sorted(places, key=lambda row: Decimal(row["deduction"]) == 0)
    page = Paginator(missing_first, PAGE_SIZE).get_page(request.GET.get("page"))
    rows: list[dict[str, Any]] = list(page.object_list)
    names = _place_names(rows)
    people = User.objects.in_bulk({row["adviser"] for row in rows if row["adviser"]})
    cards = set(public_cards(clock.today()).filter(pk__in=people).values_list("pk", flat=True))
    party = rules.is_party(request.user, instalment.contract)
    running = preview and not services_payment.period_is_over(instalment, clock.today())
    totals = services_payment.totals(instalment)
    return render(
        request,
        "contracts/instalment.html",
        {
            "instalment": instalment,
            "contract": instalment.contract,
            "preview": preview,
            "party": party,
            "may": can,
            "forms": forms,
            "running": running,
            "in_shifts": in_shifts(instalment.contract),
            "instalments": instalment.contract.instalments.count(),
            "headline": _headline(instalment, running=running),
            "next_step": _next_step(instalment, can, running=running) if party else "",
            "proposed": services_payment.proposed_deduction(instalment),
            "totals": totals,
            "columns": [item for item, _met, _of in totals if item.due is not None],
            "interest": services_payment.late_interest(instalment, timezone.localdate(clock.now())),
            "page": page,
            "several_seats": any(row["seat"] > 1 for row in places),
            "rows": [
                {
                    **row,
                    "name": names[row["region"]],
                    "items": [item for item in map(Item.from_json, row["items"]) if item.due is not None],
                    "adviser": people.get(row["adviser"]),
                    "has_card": row["adviser"] in cards,
                }
                for row in rows
            ],
            "word": instalment.acceptance.get("ratings") or services_payment.village_word(instalment),
            "ratings": list(services_payment.ratings_of(instalment)[:50]) if party else [],
            "pay_by": Deadline.from_json(instalment.pay_by) if instalment.pay_by else None,
        },
    )


def _headline(instalment: Instalment, *, running: bool) -> tuple[str, Money]:
    """The sum at the head of the sheet, and what it is."""
    if instalment.state == InstalmentState.PAID:
        return _("Paid"), instalment.payable
    if instalment.state == InstalmentState.ACCEPTED:
        return _("To be paid"), instalment.payable
    if running or instalment.state == InstalmentState.VOID:
        return _("Amount"), instalment.amount
    return _("Payable under the formula"), instalment.amount - yuan(services_payment.proposed_deduction(instalment))


def _next_step(instalment: Instalment, can: dict[str, bool], *, running: bool) -> str:
    """Who acts next and when, for a party that has nothing to do here now."""
    if any(can.values()):
        return ""
    if running:
        first = day_words(instalment.period_to + timedelta(days=1))
        return _("The supplier can hand it over from %(day)s.") % {"day": first}
    return {
        InstalmentState.PLANNED: _("Next the supplier hands it over."),
        InstalmentState.REFUSED: _("Next the supplier completes it and hands it over again."),
        InstalmentState.DELIVERED: _("Next an officer of the buyer accepts it."),
        InstalmentState.ACCEPTED: _("Next the buyer's finance officer pays."),
    }.get(InstalmentState(instalment.state), "")


def _forms(request: HttpRequest, instalment: Instalment, can: dict[str, bool]) -> dict[str, Any]:
    """The forms of the acts that are possible; the one that was sent is bound."""
    act = request.POST.get("act")

    def bound(name: str) -> Any:
        return request.POST if request.method == "POST" and act == name else None

    forms: dict[str, Any] = {}
    if can["deliver"]:
        forms["deliver"] = DeliverForm(bound("deliver"))
    if can["accept"]:
        proposed = services_payment.proposed_deduction(instalment)
        forms["accept"] = AcceptForm(bound("accept"), proposed=proposed)
        forms["refuse"] = RefuseForm(bound("refuse"), prefix="refuse")
    return forms


def _act(request: HttpRequest, instalment: Instalment, forms: dict[str, Any]) -> HttpResponse | None:
    """Carry out the act that was sent; None if its form has to be shown again."""
    act = request.POST.get("act", "")
    form = forms.get(act)
    if form is None:
        deciding = {"deliver": rules.can_deliver, "accept": rules.can_accept, "refuse": rules.can_accept}
        if act in deciding and deciding[act](request.user, instalment):
            # Pressed twice, or a colleague was faster.
            raise StaleState
        raise Http404
    if not form.is_valid():
        return None
    values = form.cleaned_data
    call: dict[str, Any] = {"actor": request.user, "instalment": instalment, "now": clock.now()}
    try:
        if act == "deliver":
            services.deliver_instalment(note=values["note"], **call)
            done = _("Handed over. The buyer accepts it item by item.")
        elif act == "accept":
            services.accept_instalment(note=values["note"], deduct=values["deduct"].amount, **call)
            done = _("Accepted. Finance pays within the time of the law.")
        else:
            services.refuse_instalment(reason=values["note"], **call)
            done = _("Sent back. The supplier hands it over again.")
    except DomainError as error:
        refuse(form, error)
        return None
    messages.success(request, done)
    return redirect("contracts:instalment", instalment.pk)


def _place_names(rows: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Code → name of each row's place in the active language. The sheet itself keeps the Chinese name of its day."""
    names = {row["region"]: row["name"] for row in rows}
    if (get_language() or "").startswith("en"):
        for region in Region.objects.filter(pk__in=map(int, names)):
            names[str(region.pk)] = localized(region, "name")
    return names


def _csv(instalment: Instalment) -> HttpResponseBase:
    rows = instalment.delivery.get("posts", [])
    names = _place_names(rows)
    header = (
        _("code"), _("place"), _("seat"), _("obligation"), _("unit"), _("due"), _("done"), _("waiting for confirmation"),
        _("met"), _("share (yuan)"), _("deduction (yuan)"),
    )  # fmt: skip
    return csv_response(
        f"instalment-{instalment.pk}.csv",
        header,
        (
            (
                row["region"],
                names[row["region"]],
                row["seat"],
                localized(item, "title"),
                unit_words(item.unit),
                "" if item.due is None else item.due,
                item.done,
                item.waiting,
                _("yes") if item.met else _("no"),
                row["share"],
                row["deduction"],
            )
            for row in rows
            for item in map(Item.from_json, row["items"])
        ),
    )


@second_factor
@require_http_methods(["GET", "POST"])
def pay(request: HttpRequest, pk: int) -> HttpResponse:
    """Pay what was accepted: the sum, to whom, by when and why; one press."""
    instalment = get_instalment(request, pk)
    if not rules.can_pay(request.user, instalment):
        raise Http404
    if instalment.state == InstalmentState.PAID:
        return redirect("contracts:instalment", instalment.pk)
    form = PayForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        services.pay_instalment(
            actor=signed_in(request), instalment=instalment, voucher=form.cleaned_data["voucher"], now=clock.now()
        )
        messages.success(request, _("Recorded. It is shown in the ledger and on the contract's page."))
        return redirect("contracts:instalment", instalment.pk)
    return render(
        request,
        "contracts/pay.html",
        {
            "instalment": instalment,
            "contract": instalment.contract,
            "form": form,
            "line": instalment.contract.award.lot.tender.plan.budget_line,
            "may": may(request.user, instalment)["pay"],
            "interest": services_payment.late_interest(instalment, timezone.localdate(clock.now())),
            "pay_by": Deadline.from_json(instalment.pay_by) if instalment.pay_by else None,
        },
    )
