"""Policies in force, claims for subsidies, the fund they are paid from."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.accounts.access import SignedIn, second_factor
from marketplace.accounts.models import Organisation, OrganisationKind, Role
from marketplace.accounts.rules import organisations_of
from marketplace.core import clock
from marketplace.core.access import public_page
from marketplace.core.errors import DomainError, PermissionRefused
from marketplace.core.exports import csv_response
from marketplace.core.i18n import localized
from marketplace.core.words import day_words, period_words
from marketplace.ledger import codes
from marketplace.ledger.selectors import balance

from . import payouts, rules, selectors, services
from .forms import EndForm, FundForm, PolicyForm, ReturnForm
from .models import Policy
from .policy_rules import read_rules
from .states import INTERNAL, ClaimState, PolicyState
from .trial import try_policy


@public_page
@require_safe
def policies(request: HttpRequest) -> HttpResponse:
    """What service earns, where and since when: public, so that everybody can check his statement."""
    found = Policy.objects.select_related("payer", "region")
    drafting = organisations_of(request.user, Role.OFFICER, Role.APPROVER) if request.user.is_authenticated else None
    visible = ~Q(state__in=INTERNAL)
    if drafting is not None:
        visible |= Q(state=PolicyState.DRAFT, payer__in=drafting)
    context = {
        "policies": found.filter(visible),
        "may_draft": drafting is not None and drafting.exists(),
        "today": clock.today(),
    }
    return render(request, "incentives/policies.html", context)


def _visible_policy(request: HttpRequest, pk: int) -> Policy:
    found = get_object_or_404(Policy.objects.select_related("payer", "region", "drafted_by"), pk=pk)
    hidden = found.state in INTERNAL
    if hidden and not (request.user.is_authenticated and rules.can_draft_policy(request.user, found.payer)):
        raise Http404
    return found


@public_page
@require_safe
def policy(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "incentives/policy.html", _policy_context(request, _visible_policy(request, pk)))


def _policy_context(request: HttpRequest, found: Policy, form: EndForm | None = None) -> dict[str, Any]:
    decides = request.user.is_authenticated and rules.can_adopt(request.user, found)
    draft = found.state == PolicyState.DRAFT
    bar = selectors.in_the_way(found) if draft else None
    today = clock.today()
    ended = found.valid_to is not None and found.valid_to < today
    return {
        "today": today,
        "policy": found,
        "rules": read_rules(found.rules),
        # A tier is a county's: in a larger area some counties have one and some another.
        "tier_here": found.region.tier if found.region.county_code is not None else "",
        "in_the_way": bar,
        "may_adopt": draft and decides and bar is None and found.drafted_by_id != request.user.pk,
        "may_try": request.user.is_authenticated and rules.can_draft_policy(request.user, found.payer),
        "own_draft": draft and found.drafted_by_id == request.user.pk,
        "end_form": (form or EndForm()) if decides and found.state == PolicyState.ADOPTED and not ended else None,
    }


@require_http_methods(["GET", "POST"])
def new_policy(request: SignedIn) -> HttpResponse:
    payers = organisations_of(request.user, Role.OFFICER, Role.APPROVER).order_by("name")
    if not payers:
        raise PermissionRefused
    form = PolicyForm(request.POST or None, payers=payers, initial={"payer": payers[0]})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        names = ("payer", "region", "title", "title_en", "instrument", "valid_from", "valid_to")
        try:
            made = services.draft_policy(
                actor=request.user, rules=form.rules(), now=clock.now(), **{name: data[name] for name in names}
            )
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            messages.success(request, _("Drafted. A different approving officer must adopt it."))
            return redirect("incentives:policy", pk=made.pk)
    return render(request, "incentives/new_policy.html", {"form": form})


@require_safe
def trial(request: SignedIn, pk: int) -> HttpResponseBase:
    """A policy tried on the past year's record, for those who may draft for its payer; ``?format=csv`` gives everybody."""
    found = _visible_policy(request, pk)
    if not rules.can_draft_policy(request.user, found.payer):
        raise PermissionRefused
    tried = try_policy(found, today=clock.today())
    if request.GET.get("format") == "csv":
        return csv_response(
            f"policy-{pk}-tried.csv",
            (
                _("person"), _("volunteered (minutes)"), _("subsidised (minutes)"), _("subsidy under these rules"),
                _("subsidy granted"), _("points under these rules"), _("points granted"), _("stars under these rules"),
                _("stars held"),
            ),
            (
                (
                    localized(p.person, "display_name"), p.volunteer_minutes, p.subsidised_minutes, p.subsidy,
                    p.subsidy_before, p.points, p.points_before, p.star, p.star_before,
                )
                for p in tried.people
            ),
        )  # fmt: skip
    page = Paginator(tried.people, 25).get_page(request.GET.get("page"))
    since, until = period_words(tried.since, tried.until)
    context = {"policy": found, "tried": tried, "since": since, "until": until, "page": page, "at": clock.now()}
    return render(request, "incentives/trial.html", context)


@second_factor
@require_POST
def adopt(request: SignedIn, pk: int) -> HttpResponse:
    adopted = services.adopt_policy(actor=request.user, policy=_visible_policy(request, pk), now=clock.now())
    later = adopted.valid_from > clock.today()
    messages.success(
        request,
        _("Adopted. Service from %(day)s on earns by these rules.") % {"day": day_words(adopted.valid_from)}
        if later
        else _("In force. Service confirmed from now on earns by these rules."),
    )
    return redirect("incentives:policy", pk=pk)


@require_POST
def discard(request: SignedIn, pk: int) -> HttpResponse:
    services.discard_policy(actor=request.user, policy=_visible_policy(request, pk), now=clock.now())
    messages.success(request, _("The draft is thrown away."))
    return redirect("incentives:policies")


@second_factor
@require_POST
def end(request: SignedIn, pk: int) -> HttpResponse:
    """Set the last day of a policy in force."""
    found = _visible_policy(request, pk)
    if not rules.can_adopt(request.user, found):
        raise PermissionRefused
    form = EndForm(request.POST)
    if form.is_valid():
        try:
            services.end_policy(
                actor=request.user, policy=found, last_day=form.cleaned_data["last_day"], now=clock.now()
            )
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            messages.success(request, _("The last day is set. Another policy can follow it."))
            return redirect("incentives:policy", pk=pk)
    return render(request, "incentives/policy.html", _policy_context(request, found, form))


@require_safe
def claims(request: SignedIn) -> HttpResponseBase:
    """My claims, and those that wait for me."""
    found = rules.claims_visible_to(request.user).select_related("approved_by", "paid_by")
    if request.GET.get("format") == "csv":
        return csv_response(
            "payout-claims.csv",
            (_("submitted"), _("person"), _("paid by"), _("amount"), _("state")),
            (
                (
                    f"{timezone.localtime(c.submitted_at):%Y-%m-%d %H:%M}",
                    localized(c.person, "display_name"),
                    localized(c.payer, "name"),
                    c.amount.amount,
                    c.get_state_display(),
                )
                for c in found.iterator()
            ),
        )
    return render(request, "incentives/claims.html", _claims_context(request, found))


def _claims_context(request: SignedIn, found: Any, returning: tuple[int, ReturnForm] | None = None) -> dict[str, Any]:
    """``returning``: the claim whose return was refused, with the form as it was sent."""
    page = Paginator(found, 25).get_page(request.GET.get("page"))
    days = selectors.days_claimed(page)
    rows = [
        (
            claim,
            days[claim.pk],
            claim.state == ClaimState.SUBMITTED and rules.can_approve_claim(request.user, claim),
            claim.state == ClaimState.APPROVED and rules.can_pay_claim(request.user, claim),
            returning[1] if returning and returning[0] == claim.pk else ReturnForm(auto_id=f"id_{claim.pk}_%s"),
        )
        for claim in page
    ]
    claimable = selectors.claimable(request.user)
    open_claim = found.filter(person=request.user, state__in=payouts.UNDER_WAY).first()
    since_claim = Decimal(0)
    if open_claim:
        since_claim = balance(codes.person_subsidy(request.user.pk)) - open_claim.amount.amount
    return {
        "page": page,
        "rows": rows,
        "claimable": claimable.items(),
        "owed": sum(claimable.values()),
        "open_claim": open_claim,
        "since_claim": since_claim,
        "pays": organisations_of(request.user, Role.OFFICER, Role.APPROVER, Role.FINANCE)
        .filter(kind=OrganisationKind.BUREAU)
        .exists(),
        "has_fund": organisations_of(request.user, Role.FINANCE).exists(),
    }


@require_POST
def submit(request: SignedIn) -> HttpResponse:
    try:
        key = uuid.UUID(request.POST.get("request_key", ""))
        payer = get_object_or_404(Organisation, pk=int(request.POST.get("payer", "")))
    except ValueError as error:
        raise Http404 from error
    payouts.submit_claim(actor=request.user, payer=payer, request_key=key, now=clock.now())
    messages.success(request, _("Claimed. An officer checks it, then finance pays it."))
    return redirect("incentives:claims")


@second_factor
@require_POST
def move(request: SignedIn, pk: int, action: str) -> HttpResponse:
    """Approve, return or pay."""
    claim = get_object_or_404(rules.claims_visible_to(request.user), pk=pk)
    now = clock.now()
    if action == "approve":
        payouts.approve_claim(actor=request.user, claim=claim, now=now)
        messages.success(request, _("Approved: finance pays it next."))
    elif action == "return":
        form = ReturnForm(request.POST, auto_id=f"id_{pk}_%s")
        if not form.is_valid():
            found = rules.claims_visible_to(request.user).select_related("approved_by", "paid_by")
            return render(request, "incentives/claims.html", _claims_context(request, found, (pk, form)), status=422)
        payouts.return_claim(actor=request.user, claim=claim, note=form.cleaned_data["note"], now=now)
        messages.success(request, _("Returned with your reason."))
    elif action == "pay":
        payouts.pay_claim(actor=request.user, claim=claim, now=now)
        messages.success(request, _("Recorded as paid. It is on the person's statement."))
    else:
        raise Http404
    return redirect("incentives:claims")


@second_factor
@require_http_methods(["GET", "POST"])
def fund(request: SignedIn) -> HttpResponse:
    """The incentive funds of my organisations: what is in them, and topping up."""
    payers = organisations_of(request.user, Role.FINANCE).order_by("name")
    if not payers:
        raise PermissionRefused
    form = FundForm(request.POST or None, payers=payers, initial={"payer": payers[0]})
    if request.method == "POST" and form.is_valid():
        try:
            key = uuid.UUID(request.POST.get("request_key", ""))
        except ValueError as error:
            raise Http404 from error
        payouts.top_up_fund(
            actor=request.user,
            payer=form.cleaned_data["payer"],
            amount=form.cleaned_data["amount"],
            request_key=key,
            now=clock.now(),
        )
        messages.success(
            request, _("The top-up is recorded. Subsidies that waited for money are granted within ten minutes.")
        )
        return redirect("incentives:fund")
    rows = [(payer, balance(codes.incentive_fund(payer.pk))) for payer in payers]
    return render(request, "incentives/fund.html", {"form": form, "rows": rows, "at": clock.now()})
