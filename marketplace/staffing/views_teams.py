"""Pages that only teams have: several teams in one computation, and with whom a person may not sit."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.accounts.picking import propose_people
from marketplace.core import clock
from marketplace.core.errors import DomainError, InvalidInput

from .models import Quarrel
from .teams import selectors, services
from .teams.forms import JointForm, QuarrelForm
from .views import me


@require_http_methods(["GET", "HEAD", "POST"])
def joint(request: HttpRequest) -> HttpResponse:
    """The teams of my bureau that wait for members, and one computation over those that are chosen."""
    contracts = list(services.waiting_teams(me(request)))
    form = JointForm(
        request.POST or None,
        contracts=contracts,
        seats=selectors.seats_of(contracts),
        last=selectors.last_runs(contracts),
    )
    if request.method == "POST" and form.is_valid():
        try:
            runs = services.request_joint_runs(actor=me(request), wishes=form.wishes(), now=clock.now())
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(
                request,
                ngettext("%(n)s team is being computed.", "%(n)s teams are being computed together.", len(runs))
                % {"n": len(runs)},
            )
            return redirect("staffing:run", runs[0].pk)
    status = 422 if request.method == "POST" else 200
    return render(request, "staffing/teams/joint.html", {"form": form, "contracts": contracts}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def quarrels(request: HttpRequest) -> HttpResponse:
    """With whom I may not sit in one team. The reasons are mine alone."""
    user = me(request)
    colleagues = services.colleagues_of(user, clock.now())
    form = QuarrelForm(request.POST or None, colleagues=colleagues)
    if request.method == "POST" and form.is_valid():
        try:
            services.state_quarrel(actor=user, now=clock.now(), **form.cleaned_data)
        except InvalidInput as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, _("Saved. No computation will put you both on one team."))
            return redirect("staffing:quarrels")
    context = {"form": form, "quarrels": selectors.my_quarrels(user), "alone": not colleagues.exists()}
    status = 422 if request.method == "POST" else 200
    return render(request, "staffing/teams/quarrels.html", context, status=status)


@require_safe
def suggest_colleague(request: HttpRequest) -> HttpResponse:
    """Proposals for the form about colleagues."""
    return propose_people(request, services.colleagues_of(me(request), clock.now()))


@require_POST
def withdraw_quarrel(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Quarrel, pk=pk, stated_by=me(request))
    services.withdraw_quarrel(actor=me(request), quarrel=found, now=clock.now())
    messages.info(request, _("Taken back. The next computation may have you both in one team."))
    return redirect("staffing:quarrels")
