"""Drawing a contract up, signing it, and ending it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from marketplace.accounts.access import second_factor
from marketplace.core import clock
from marketplace.core.errors import DomainError
from marketplace.procurement.models import Award
from marketplace.procurement.states import TenderState
from marketplace.statutes.deadlines import Deadline

from . import rules, selectors, services
from .forms import ReadForm, ReasonForm, refuse
from .fulfilment import instalment_periods
from .models import Contract
from .services_contract import places_of
from .standard import obligations_of
from .states import ContractState, InstalmentState
from .templatetags.contracts import days_words
from .views import get_contract, signed_in


@require_http_methods(["GET", "POST"])
def draft(request: HttpRequest, award_pk: int) -> HttpResponse:
    """What the contract of an award will say; one press draws it up."""
    award: Award = get_object_or_404(
        Award.objects.select_related(
            "lot__tender__plan", "lot__tender__organisation", "lot__product_version", "bid__supplier"
        ),
        pk=award_pk,
    )
    if not rules.can_draft(request.user, award):
        raise Http404
    existing = Contract.objects.filter(award=award).first()
    if existing is not None:
        return redirect("contracts:detail", existing.pk)
    if request.method == "POST":
        made = services.draft_contract(actor=signed_in(request), award=award, now=clock.now())
        messages.success(request, _("The contract is drawn up. The supplier signs next."))
        return redirect("contracts:detail", made.pk)
    plan = award.lot.tender.plan
    return render(
        request,
        "contracts/draft.html",
        {
            "award": award,
            "term": days_words(plan.service_from, plan.service_to),
            "ready": award.lot.tender.state == TenderState.AWARDED,
            "posts": len(places_of(award.lot)),
            "periods": len(instalment_periods(plan.service_from, plan.service_to)),
            "obligations": obligations_of(award.lot),
        },
    )


def _confirmed(
    request: HttpRequest,
    contract: Contract,
    template: str,
    form: Any,
    act: Callable[[], Contract],
    done: str,
    **context: Any,
) -> HttpResponse:
    """One act on a contract, behind a form that says yes or why."""
    if request.method == "POST" and form.is_valid():
        try:
            act()
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, done)
            return redirect("contracts:detail", contract.pk)
    return render(request, template, {"contract": contract, "form": form, **context})


def _signing(request: HttpRequest, contract: Contract, act: Any, done: str, *, buyer: bool) -> HttpResponse:
    form = ReadForm(request.POST or None)
    lot = contract.award.lot
    return _confirmed(
        request,
        contract,
        "contracts/sign.html",
        form,
        lambda: act(actor=signed_in(request), contract=contract, now=clock.now()),
        done,
        buyer=buyer,
        lot=lot,
        posts=len(places_of(lot)),
        rest=lot.ceiling - contract.amount,
        obligations=obligations_of(lot),
        periods=instalment_periods(contract.starts_on, contract.ends_on),
        sign_by=Deadline.from_json(contract.sign_by) if contract.sign_by else None,
    )


@require_http_methods(["GET", "POST"])
def sign_supplier(request: HttpRequest, pk: int) -> HttpResponse:
    contract = get_contract(request, pk)
    if not rules.can_sign_as_supplier(request.user, contract):
        raise Http404
    if contract.state != ContractState.DRAFT or contract.supplier_signed_at is not None:
        return redirect("contracts:detail", contract.pk)
    done = _("Signed. The buyer signs next.")
    return _signing(request, contract, services.sign_as_supplier, done, buyer=False)


@second_factor
@require_http_methods(["GET", "POST"])
def sign_buyer(request: HttpRequest, pk: int) -> HttpResponse:
    contract = get_contract(request, pk)
    if not rules.can_sign_as_buyer(request.user, contract):
        raise Http404
    if contract.state != ContractState.DRAFT or contract.supplier_signed_at is None:
        return redirect("contracts:detail", contract.pk)
    done = _("Signed by both sides: the contract is in performance and its posts wait for advisers.")
    return _signing(request, contract, services.sign_as_buyer, done, buyer=True)


@require_http_methods(["GET", "POST"])
def complete(request: HttpRequest, pk: int) -> HttpResponse:
    contract = get_contract(request, pk)
    if not rules.can_complete(request.user, contract):
        raise Http404
    if request.method == "POST":
        services.complete_contract(actor=signed_in(request), contract=contract, now=clock.now())
        messages.success(request, _("The contract is completed and its posts are closed."))
        return redirect("contracts:detail", contract.pk)
    if contract.state != ContractState.ACTIVE:
        return redirect("contracts:detail", contract.pk)
    instalments = list(contract.instalments.order_by("number"))
    return render(
        request,
        "contracts/complete.html",
        {
            "contract": contract,
            "money": selectors.money_of(instalments),
            "runs": timezone.localdate(clock.now()) <= contract.ends_on,
            "unpaid": [i for i in instalments if i.state != InstalmentState.PAID],
        },
    )


@second_factor
@require_http_methods(["GET", "POST"])
def terminate(request: HttpRequest, pk: int) -> HttpResponse:
    contract = get_contract(request, pk)
    if not rules.can_terminate(request.user, contract):
        raise Http404
    if contract.state not in (ContractState.DRAFT, ContractState.ACTIVE):
        return redirect("contracts:detail", contract.pk)
    form = ReasonForm(request.POST or None)
    return _confirmed(
        request,
        contract,
        "contracts/terminate.html",
        form,
        lambda: services.terminate_contract(
            actor=signed_in(request), contract=contract, reason=form.cleaned_data["reason"], now=clock.now()
        ),
        _("The contract is ended. Service delivered up to today is still paid for."),
    )
