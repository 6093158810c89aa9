"""Pages of budget lines and plans, for a buyer's own people and their supervisors."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.accounts.access import SignedIn, second_factor
from marketplace.accounts.models import Role
from marketplace.audit.selectors import trail
from marketplace.core import clock
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.core.exports import csv_response
from marketplace.core.i18n import localized
from marketplace.core.units import yuan
from marketplace.ledger.codes import holder_budget

from . import budget, rules, selectors, services_plan
from .budget import BudgetOverrun
from .errors import SplitPurchase
from .forms_plan import BudgetLineForm, DecisionForm, PlanForm, ReasonForm, refuse
from .models_tender import BudgetLine, Method, Plan
from .repeats import request_name, take_step
from .services_tender import draft_tender
from .states import PLAN, PlanState
from .views_public import CSV_ROWS, PAGE_SIZE


def _must_be_staff(request: SignedIn, found: Any) -> None:
    """A list of one's own is a page for people who have one."""
    if not found.exists() and not rules.buyers_of(request.user).exists():
        raise Http404


# Budget


@require_safe
def budget_lines(request: SignedIn) -> HttpResponseBase:
    found = rules.visible_budget_lines(request.user).select_related("organisation")
    _must_be_staff(request, found)
    found = found.order_by("-fiscal_year", "organisation__name", "code", "pk")
    if request.GET.get("format") == "csv":
        return _budget_csv(list(found[:CSV_ROWS]))
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    lines = list(page.object_list)
    states, bound = budget.states_of(lines), services_plan.bound_of(lines)
    return render(
        request,
        "procurement/budget_lines.html",
        {
            "page": page,
            "rows": [(line, states[line.pk], bound[line.pk], _statement(line)) for line in lines],
            "may_open": rules.buyers_of(request.user, Role.FINANCE).exists(),
        },
    )


def _statement(line: BudgetLine) -> str:
    """Where the ledger shows every movement of the line: who sees the line may read it."""
    return reverse("ledger:holder", args=[holder_budget(line.pk)])


def _budget_csv(lines: list[Any]) -> HttpResponseBase:
    states = budget.states_of(lines)
    header = [
        _("Fiscal year"), _("Buyer"), _("Budget code"), _("Name"), _("Approved budget"), _("Available"), _("Reserved"),
        _("Committed"), _("Spent"),
    ]  # fmt: skip
    return csv_response(
        "budget.csv",
        header,
        (
            (
                line.fiscal_year,
                localized(line.organisation, "name"),
                line.code,
                localized(line, "name"),
                *(
                    f"{getattr(states[line.pk], part).amount:.2f}"
                    for part in ("appropriated", "available", "reserved", "committed", "spent")
                ),
            )
            for line in lines
        ),
    )


@require_http_methods(["GET", "POST"])
def budget_new(request: SignedIn) -> HttpResponse:
    buyers = rules.buyers_of(request.user, Role.FINANCE).order_by("name", "pk")
    if not buyers.exists():
        raise Http404
    form = BudgetLineForm(buyers, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            line = services_plan.open_budget_line(
                actor=request.user, request_key=request_name(request), now=clock.now(), **form.cleaned_data
            )
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Budget line %(code)s is recorded.") % {"code": line.code})
            return redirect("procurement:budget_lines")
    return render(request, "procurement/budget_new.html", {"form": form})


# Plans


@require_safe
def plans(request: SignedIn) -> HttpResponseBase:
    found = selectors.with_ends(rules.visible_plans(request.user))
    found = found.select_related("organisation", "budget_line", "product")
    _must_be_staff(request, found)
    state = request.GET.get("state", "")
    if state in PlanState.values:
        found = found.filter(state=state)
    found = found.order_by("-created_at", "-pk")
    if request.GET.get("format") == "csv":
        header = [_("Title"), _("Buyer"), _("Product"), _("Amount"), _("Method"), _("State"), _("From"), _("To")]
        return csv_response(
            "plans.csv",
            header,
            (
                (
                    localized(p, "title"), localized(p.organisation, "name"), localized(p.product, "title"),
                    f"{p.amount.amount:.2f}", p.get_method_display(), p.get_state_display(), p.service_from, p.service_to,
                )
                for p in found[:CSV_ROWS]
            ),
        )  # fmt: skip
    return render(
        request,
        "procurement/plans.html",
        {
            "page": Paginator(found, PAGE_SIZE).get_page(request.GET.get("page")),
            "states": [("", _("All")), *PlanState.choices],
            "state": state,
            "may_draft": rules.buyers_of(request.user, Role.OFFICER).exists(),
        },
    )


def _get_plan(request: SignedIn, pk: int) -> Plan:
    plans = selectors.with_ends(rules.visible_plans(request.user))
    found: Plan = get_object_or_404(
        plans.select_related("organisation", "budget_line", "product", "drafted_by", "decided_by"), pk=pk
    )
    return found


@require_safe
def plan(request: SignedIn, pk: int) -> HttpResponse:
    return _plan_page(request, _get_plan(request, pk), DecisionForm())


def _plan_page(request: SignedIn, found: Plan, decision_form: DecisionForm) -> HttpResponse:
    user = request.user
    line = budget.state_of(found.budget_line)
    bound = services_plan.bound_by_plans(found.budget_line, but=found)
    return render(
        request,
        "procurement/plan.html",
        {
            "plan": found,
            "budget": line,
            "bound": bound,
            "free": line.available - bound,
            "split_total": services_plan.split_total(found) if found.method != Method.OPEN else None,
            "threshold": services_plan.open_tender_threshold(found.organisation, clock.today()),
            "tenders": found.tenders.order_by("pk"),
            "may_edit": rules.can_edit_plan(user, found),
            "may_decide": found.state == PlanState.SUBMITTED and rules.can_decide_plan(user, found),
            "own_draft": found.drafted_by_id == user.pk or services_plan.has_edited(user, found),
            "may_cancel": rules.can_cancel_plan(user, found) and not services_plan.is_under_way(found),
            "may_tender": found.state == PlanState.APPROVED
            and rules.can_draft(user, found.organisation)
            and selectors.plan_left(found) > yuan(0),
            "decided": found.state in (PlanState.APPROVED, PlanState.RETURNED),
            "cancelled": trail(found).filter(action="plan.cancel").first()
            if found.state == PlanState.CANCELLED
            else None,
            "decision_form": decision_form,
            "reason_form": ReasonForm(),
        },
    )


@require_http_methods(["GET", "POST"])
def plan_new(request: SignedIn) -> HttpResponse:
    buyers = list(rules.buyers_of(request.user, Role.OFFICER).order_by("name", "pk"))
    if not buyers:
        raise Http404
    chosen = request.GET.get("buyer", "")
    buyer = next((b for b in buyers if str(b.pk) == chosen), buyers[0])
    form = PlanForm(buyer, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services_plan.draft_plan(
                actor=request.user,
                organisation=buyer,
                request_key=request_name(request),
                now=clock.now(),
                **form.cleaned_data,
            )
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The plan is saved as a draft. Submit it when it is complete."))
            return redirect("procurement:plan", made.pk)
    return render(request, "procurement/plan_form.html", {"form": form, "buyer": buyer, "buyers": buyers, "plan": None})


@require_http_methods(["GET", "POST"])
def plan_edit(request: SignedIn, pk: int) -> HttpResponse:
    found = _get_plan(request, pk)
    if not rules.can_edit_plan(request.user, found):
        raise Http404
    form = PlanForm(found.organisation, request.POST or None, plan=found)
    if request.method == "POST" and form.is_valid():
        try:
            services_plan.update_plan(actor=request.user, plan=found, now=clock.now(), **form.cleaned_data)
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The plan is saved."))
            return redirect("procurement:plan", found.pk)
    return render(
        request, "procurement/plan_form.html", {"form": form, "buyer": found.organisation, "buyers": [], "plan": found}
    )


@require_http_methods(["POST"])
def plan_submit(request: SignedIn, pk: int) -> HttpResponse:
    found = _get_plan(request, pk)
    take_step(
        request,
        found,
        PLAN,
        "submit",
        lambda: services_plan.submit_plan(actor=request.user, plan=found, now=clock.now()),
        _("Submitted. An approving officer of your organisation decides now."),
    )
    return redirect("procurement:plan", found.pk)


@second_factor
@require_http_methods(["POST"])
def plan_decide(request: SignedIn, pk: int) -> HttpResponse:
    found = _get_plan(request, pk)
    approves = request.POST.get("decision") == "approve"
    decide_it = services_plan.approve_plan if approves else services_plan.return_plan
    said = (
        _("Approved. The officer can draw up the tender.") if approves else _("Returned to the drafter with your note.")
    )
    form = DecisionForm(request.POST)
    if form.is_valid():
        note = form.cleaned_data["note"]
        try:
            take_step(
                request,
                found,
                PLAN,
                "approve" if approves else "return",
                lambda: decide_it(actor=request.user, plan=found, note=note, now=clock.now()),
                said,
            )
        except (InvalidInput, BudgetOverrun, SplitPurchase) as error:
            refuse(form, error)
        else:
            return redirect("procurement:plan", found.pk)
    return _plan_page(request, found, form)


@require_http_methods(["POST"])
def plan_cancel(request: SignedIn, pk: int) -> HttpResponse:
    found = _get_plan(request, pk)
    reason = request.POST.get("reason", "")
    take_step(
        request,
        found,
        PLAN,
        "cancel",
        lambda: services_plan.cancel_plan(actor=request.user, plan=found, reason=reason, now=clock.now()),
        _("The plan is cancelled; the reason stays on record."),
    )
    return redirect("procurement:plan", found.pk)


@require_http_methods(["POST"])
def plan_tender(request: SignedIn, pk: int) -> HttpResponseRedirect:
    """Begin a tender under the plan."""
    found = _get_plan(request, pk)
    made = draft_tender(actor=request.user, plan=found, now=clock.now())
    messages.success(request, _("Drafting of %(number)s has started.") % {"number": made.reference})
    return redirect("procurement:edit", made.pk)
