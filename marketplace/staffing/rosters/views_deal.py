"""Pages of a deal: its progress, its plan with reasons and proof, and the step to the proposals."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.core import clock
from marketplace.core.exports import csv_response
from marketplace.core.i18n import localized
from marketplace.core.permissions import require
from marketplace.staffing.services_proposals import answer_deadline
from marketplace.staffing.views import me

from . import deals, rules, selectors
from .models import Deal, Roster, RosterShift
from .states import DealState, DutyState, RosterState
from .views import visible_roster
from .wording import proof_words

FINISHED = (DealState.DONE, DealState.SENT)


def _overseen(request: HttpRequest, pk: int) -> Deal:
    """The deal, or 404 for whoever does not oversee the roster: reasons name everybody."""
    rosters = Roster.objects.filter(rules.overseen_by(request.user))
    rows = Deal.objects.select_related(
        "roster__contract__buyer", "roster__contract__supplier", "roster__opportunity__organiser", "roster__region"
    )
    return get_object_or_404(rows, pk=pk, roster__in=rosters)


@require_POST
def request_deal(request: HttpRequest, pk: int) -> HttpResponse:
    """Deal what is free: the first time, or again."""
    found = visible_roster(request, pk)
    require(rules.can_manage, request.user, found)
    deal = deals.request_deal(actor=me(request), roster=found, now=clock.now())
    return redirect("staffing:deal", deal.pk)


@require_safe
def deal(request: HttpRequest, pk: int) -> HttpResponse:
    """The plan, its proof, what stays empty and why, and how the hours spread."""
    found = _overseen(request, pk)
    context: dict[str, Any] = {
        "deal": found,
        "roster": found.roster,
        "running": found.state in deals.UNDER_WAY,
        "may_manage": rules.can_manage(request.user, found.roster),
    }
    if found.state in FINISHED:
        full = selectors.with_documents(found)
        context |= {
            "rows": list(selectors.plan_rows(found)),
            "empty": selectors.empty_shifts(full),
            "loads": selectors.loads(full),
            "proof": proof_words(found.summary),
            "left_out": len(full.parameters["left_out"]),
        }
    return render(request, "staffing/rosters/deal.html", context)


@require_safe
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The bar that polls; once the computation has ended the page loads anew."""
    found = _overseen(request, pk)
    response = render(request, "staffing/rosters/_progress.html", {"deal": found})
    if found.state not in deals.UNDER_WAY:
        response["HX-Refresh"] = "true"
    return response


@require_safe
def problem(request: HttpRequest, pk: int) -> HttpResponse:
    """The frozen problem and the answer with its prices, as they were computed."""
    found = selectors.with_documents(_overseen(request, pk))
    document = {
        "digest": found.digest,
        "problem": found.problem,
        "parameters": found.parameters,
        "result": found.result,
    }
    return JsonResponse(document, json_dumps_params={"ensure_ascii": False})


@require_safe
def plan_csv(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """The plan shift by shift; what stays empty after it, with the reasons."""
    found = _overseen(request, pk)
    full = selectors.with_documents(found)
    header = [
        _("day"),
        _("from"),
        _("to"),
        _("person"),
        _("travel (minutes, one way)"),
        _("state"),
        _("why nobody comes"),
    ]

    def times(shift: RosterShift) -> tuple[str, str, str]:
        begin, end = timezone.localtime(shift.starts_at), timezone.localtime(shift.ends_at)
        return f"{begin:%Y-%m-%d}", f"{begin:%H:%M}", f"{end:%H:%M}"

    def rows() -> Any:
        for duty in selectors.plan_rows(found).iterator():
            name = localized(duty.person, "display_name")
            yield (*times(duty.shift), name, duty.travel_minutes, duty.get_state_display(), "")
        for each in selectors.empty_shifts(full) if found.state in FINISHED else []:
            reasons = _("nobody offered") if not each.reasons else "\n".join(f"{n}: {w}" for n, w in each.reasons)
            yield (*times(each.shift), "", "", _("free places: %(n)s") % {"n": each.free}, reasons)

    return csv_response(f"deal-{found.pk}.csv", header, rows())


@require_http_methods(["GET", "HEAD", "POST"])
def send(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the proposals, after a look at what will happen."""
    found = _overseen(request, pk)
    require(rules.can_manage, request.user, found.roster)
    if request.method == "POST":
        deals.send_deal(actor=me(request), deal=found, now=clock.now())
        messages.success(request, _("The shifts are proposed. Answers show on the roster as they come."))
        return redirect("staffing:roster", found.roster_id)
    if found.state != DealState.DONE:
        return redirect("staffing:deal", pk)
    context = {
        "deal": found,
        "roster": found.roster,
        "people": found.duties.values("person").distinct().count(),
        "count": found.duties.count(),
        "respond_by": answer_deadline(clock.now()),
    }
    return render(request, "staffing/rosters/send.html", context)


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    found = _overseen(request, pk)
    require(rules.can_manage, request.user, found.roster)
    deals.cancel_deal(actor=me(request), deal=found, now=clock.now())
    messages.info(request, _("This plan is discarded. Allocate again when you are ready."))
    return redirect("staffing:roster", found.roster_id)


@require_safe
def why(request: HttpRequest, pk: int) -> HttpResponse:
    """One shift: who comes, why, and why others do not. Colleagues' reasons are shown to those who oversee the roster."""
    shift = get_object_or_404(RosterShift.objects.select_related("roster"), pk=pk)
    roster = visible_roster(request, shift.roster_id)
    if not rules.sees_names(request.user, roster):
        # A passer-by sees which shifts are free on the roster, nothing of people.
        return redirect("staffing:roster", roster.pk)
    oversees = rules.oversees(request.user, roster)
    finished = roster.deals.filter(state__in=FINISHED if oversees else [DealState.SENT])
    holding = list(shift.duties.filter(state__in=["proposed", "confirmed"]).select_related("person").order_by("pk"))
    may_manage, coming = rules.can_manage(request.user, roster), shift.starts_at > clock.now()
    context: dict[str, Any] = {
        "roster": roster,
        "shift": shift,
        "oversees": oversees,
        "may_withdraw": may_manage and coming,
        "to_fill": may_manage and coming and roster.state == RosterState.PUBLISHED and shift.free_places,
        "holding": holding,
        "waiting": sum(each.state == DutyState.PROPOSED for each in holding),
        "asked": next(
            (each for each in holding if each.person_id == me(request).pk and each.state == "proposed"), None
        ),
    }
    for deal in finished.order_by("-requested_at", "-pk"):
        full = selectors.with_documents(deal)
        if shift.pk in full.problem["shifts"]["key"]:
            found = selectors.why(full, shift)
            key = me(request).pk
            context |= {
                "deal": deal,
                "why": found,
                "absent": found.absent if oversees else [],
                "own": next((words for person, _name, words in found.absent if person == key), ""),
                "others": sum(person != key for person, _name, _words in found.absent),
                "proof": proof_words(deal.summary),
            }
            break
    context["offers"] = shift.offered.count()
    context["published"] = roster.state == RosterState.PUBLISHED
    return render(request, "staffing/rosters/why.html", context)
