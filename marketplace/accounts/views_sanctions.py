"""Exclusions: the supervisor's list, imposing one, and the page of one, where it is lifted."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.core import clock
from marketplace.core.exports import csv_response
from marketplace.core.i18n import localized

from . import picking, rules, services
from .access import SignedIn
from .forms import LiftForm, OrganisationExclusionForm, PersonExclusionForm, accepted
from .models import Sanction
from .states import SanctionStanding

PAGE_SIZE = 25
_form_page = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
def sanctions(request: SignedIn) -> HttpResponseBase:
    """What the supervisor can see of exclusions: those that count or will, or those that are past."""
    if not rules.is_any_supervisor(request.user):
        raise Http404
    today = clock.today()
    past = Q(valid_to__lt=today) | Q(lifted_on__lte=today)
    found = rules.visible_sanctions(request.user).select_related("user", "organisation", "decided_by")
    if request.GET.get("format") == "csv":
        return _as_table(found)
    tab = "past" if request.GET.get("tab") == "past" else "now"
    rows = found.filter(past) if tab == "past" else found.exclude(past)
    return render(
        request,
        "accounts/sanctions.html",
        {
            "tab": tab,
            "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
            "today": today,
        },
    )


def _as_table(found: QuerySet[Sanction]) -> HttpResponseBase:
    header = [
        _("Excluded"), _("State"), pgettext("sanction", "First day"), pgettext("sanction", "Last day"), _("Reason"),
        pgettext("sanction", "Legal basis"), pgettext("sanction", "Decided by"), _("Lifted on"), _("Why it was lifted"),
    ]  # fmt: skip
    today = clock.today()
    rows = (
        [
            each.party_name, each.standing_on(today).label, each.valid_from, each.valid_to, each.reason, each.basis,
            localized(each.decided_by, "display_name"), each.lifted_on, each.lift_reason,
        ]
        for each in found.iterator(chunk_size=1_000)
    )  # fmt: skip
    return csv_response("exclusions.csv", header, rows)


@_form_page
def impose(request: SignedIn, party: str) -> HttpResponse:
    """Exclude an organisation or a person; the address may name whom (``?party=``)."""
    user = request.user
    if not rules.is_any_supervisor(user):
        raise Http404
    kind = OrganisationExclusionForm if party == "organisation" else PersonExclusionForm
    form = kind(request.POST or None, actor=user, chosen=request.GET.get("party", ""))
    made: list[Sanction] = []
    if form.is_valid() and accepted(
        form,
        lambda: made.append(services.impose_sanction(actor=user, now=clock.now(), **form.cleaned_data)),
    ):
        messages.success(
            request,
            _("%(name)s is excluded. Those concerned are told by e-mail, if they have given an address.")
            % {"name": made[0].party_name},
        )
        return redirect("accounts:sanction", pk=made[0].pk)
    return render(request, "accounts/sanction_impose.html", {"form": form, "party": party})


@require_safe
def suggest(request: SignedIn, party: str) -> HttpResponse:
    """Proposals for whom one may exclude."""
    if not rules.is_any_supervisor(request.user):
        raise Http404
    if party == "organisation":
        return picking.propose_organisations(request, rules.organisations_to_exclude(request.user))
    return picking.propose_people(request, rules.people_to_exclude(request.user))


@_form_page
def sanction(request: SignedIn, pk: int) -> HttpResponse:
    """One exclusion, for who decides and for whom it hits; who may, lifts it here."""
    found = get_object_or_404(
        rules.visible_sanctions(request.user).select_related("user", "organisation", "decided_by", "lifted_by"), pk=pk
    )
    today = clock.today()
    ends_later = found.standing_on(today) in (SanctionStanding.IN_FORCE, SanctionStanding.COMING)
    may_lift = ends_later and rules.can_lift_sanction(request.user, found)
    if request.method == "POST" and not may_lift:
        raise Http404
    form = LiftForm(request.POST or None)
    if form.is_valid() and accepted(
        form,
        lambda: services.lift_sanction(
            actor=request.user, sanction=found, reason=form.cleaned_data["reason"], now=clock.now()
        ),
    ):
        messages.success(
            request,
            _("The exclusion of %(name)s is lifted. Those concerned are told by e-mail, if they have given an address.")
            % {"name": found.party_name},
        )
        return redirect("accounts:sanction", pk=pk)
    return render(
        request,
        "accounts/sanction.html",
        {
            "sanction": found,
            "name": found.party_name,
            "today": today,
            "form": form,
            "may_lift": may_lift,
            "is_supervisor": rules.can_lift_sanction(request.user, found),
        },
    )
