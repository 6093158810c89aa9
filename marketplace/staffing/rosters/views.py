"""Pages of a roster: the list, the draft, the grid, offers, the published roster as a file."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.contracts.states import ContractState
from marketplace.core import clock
from marketplace.core.errors import DomainError
from marketplace.core.exports import csv_response
from marketplace.core.i18n import localized
from marketplace.core.permissions import require
from marketplace.staffing.rules import visible_contracts
from marketplace.staffing.views import me
from volunteers import rules as volunteer_rules

from . import deals, offers, people, rules, selectors, services
from .duties import proposals_of
from .forms import EVERYBODY, OfferForm, OpenForm, PlacesForm, ReasonForm, RosterForm, ShiftForm, TermsForm
from .models import Offer, Roster, RosterShift
from .states import DealState, RosterState

PAGE = 20


def visible_roster(request: HttpRequest, pk: int) -> Roster:
    """The roster, or 404 for whoever may not know of it."""
    return get_object_or_404(rules.visible_to(request.user), pk=pk)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Rosters that concern me: those open to my offers first."""
    page = Paginator(selectors.rosters_for(request.user, clock.now()), PAGE).get_page(request.GET.get("page"))
    contracts = visible_contracts(request.user).filter(people.WITH_DUTY, state=ContractState.ACTIVE)
    drafts = [each for each in contracts.order_by("-pk")[:PAGE] if rules.can_draft(request.user, each)]
    context = {"page": page, "invited": selectors.invitations(me(request), clock.now()), "contracts": drafts}
    return render(request, "staffing/rosters/index.html", context)


# Drafts


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, pk: int) -> HttpResponse:
    """Draft the roster of a contract."""
    contract = get_object_or_404(visible_contracts(request.user).select_related("buyer"), pk=pk)
    require(rules.can_draft, request.user, contract)
    people.kind_of(contract)
    form = RosterForm(request.POST or None, contract=contract)
    if request.method == "POST" and form.is_valid():
        try:
            roster = services.draft_roster(
                actor=me(request), contract=contract, pattern=form.pattern(), terms=form.terms(), now=clock.now()
            )
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, _("The draft is made. Nobody sees it until you open it for offers."))
            return redirect("staffing:roster", roster.pk)
    status = 422 if request.method == "POST" else 200
    return render(request, "staffing/rosters/new.html", {"subject": contract, "form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def new_for_call(request: HttpRequest, pk: int) -> HttpResponse:
    """Draft the roster of a call for volunteers."""
    call = get_object_or_404(volunteer_rules.visible_to(request.user), pk=pk)
    require(rules.can_draft, request.user, call)
    known = call.rosters.exclude(state=RosterState.CANCELLED).first()
    if known is not None:
        return redirect("staffing:roster", known.pk)
    form = TermsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        roster = services.draft_call_roster(actor=me(request), opportunity=call, terms=form.terms(), now=clock.now())
        return redirect("staffing:roster", roster.pk)
    status = 422 if request.method == "POST" else 200
    coming = list(call.shifts.filter(starts_at__gt=clock.now()).order_by("starts_at", "pk"))
    context = {"subject": call, "call": call, "coming": coming, "form": form}
    return render(request, "staffing/rosters/new.html", context, status=status)


def _draft_shift(request: HttpRequest, pk: int) -> RosterShift:
    found = get_object_or_404(
        RosterShift.objects.select_related("roster__contract", "roster__opportunity"),
        pk=pk,
        roster__in=rules.visible_to(request.user),
    )
    require(rules.can_manage, request.user, found.roster)
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def shift_add(request: HttpRequest, pk: int) -> HttpResponse:
    roster = visible_roster(request, pk)
    require(rules.can_manage, request.user, roster)
    form = ShiftForm(request.POST or None, initial={"day": roster.starts_on})
    if request.method == "POST" and form.is_valid():
        begin, end = form.times()
        try:
            services.add_shift(
                actor=me(request),
                roster=roster,
                starts_at=begin,
                ends_at=end,
                places=form.cleaned_data["places"],
                lawyer_needed=form.cleaned_data["lawyer_needed"],
                now=clock.now(),
            )
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            return redirect("staffing:roster", pk)
    status = 422 if request.method == "POST" else 200
    return render(request, "staffing/rosters/shift.html", {"roster": roster, "form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def shift_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Places and need of a shift of a draft, or its end."""
    shift = _draft_shift(request, pk)
    if "remove" in request.POST:
        services.remove_shift(actor=me(request), shift=shift, now=clock.now())
        return redirect("staffing:roster", shift.roster_id)
    form = PlacesForm(request.POST or None, shift=shift)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_shift(actor=me(request), shift=shift, now=clock.now(), **form.cleaned_data)
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            return redirect("staffing:roster", shift.roster_id)
    status = 422 if request.method == "POST" else 200
    context = {"roster": shift.roster, "shift": shift, "form": form}
    return render(request, "staffing/rosters/shift.html", context, status=status)


# The roster


@require_safe
def roster(request: HttpRequest, pk: int) -> HttpResponse:
    """Where it stands, what I can do now, and the days with their shifts."""
    found, user, now = visible_roster(request, pk), me(request), clock.now()
    may_manage = rules.can_manage(user, found)
    view = selectors.standing(found, now)
    offer = Offer.objects.filter(roster=found, person=user).first()
    capacity = people.capacity_of(user, found, timezone.localdate(now)) if found.state != RosterState.DRAFT else ""
    last = view.last
    deal = selectors.last_sent(found) or (last if may_manage and last and last.state == DealState.DONE else None)
    repairable = selectors.repairable(found, now) if may_manage else 0
    pending = last is not None and last.state in (*deals.UNDER_WAY, DealState.DONE)
    # Free places for which nobody who offered is left to be asked: whoever keeps the roster has to find somebody.
    stuck = may_manage and found.state == RosterState.PUBLISHED and view.coming_free and not repairable and not pending
    context: dict[str, Any] = {
        "roster": found,
        "view": view,
        "last": last,
        "deal": deal,
        "running": last is not None and last.state in deals.UNDER_WAY,
        "computed": last is not None and last.state == DealState.DONE,
        "may_manage": may_manage,
        "oversees": rules.oversees(user, found),
        "named": rules.sees_names(user, found),
        "days": selectors.grid(found, user=user),
        "capacity": capacity,
        "takes_offers": offers.takes_offers(found, now),
        "free_for_me": offers.free_for(user, found, offer, now)
        if capacity and found.state == RosterState.PUBLISHED
        else None,
        "offer": offer,
        "asked": list(proposals_of(user).filter(shift__roster=found)),
        "repairable": repairable,
        "unasked": selectors.coming_free(found, now)[:PAGE] if stuck else [],
        "open_form": OpenForm(roster=found) if may_manage and found.state in ("draft", "closed") else None,
        "steps": _steps(found, view),
    }
    return render(request, "staffing/rosters/roster.html", context)


def _steps(roster: Roster, view: selectors.Standing) -> list[tuple[str, str, str]]:
    """The life line: (class, title, detail)."""
    order = ["draft", "open", "deal", "answers", "done"]
    answered = roster.state == RosterState.PUBLISHED
    at = {
        RosterState.DRAFT: "draft",
        RosterState.OPEN: "open",
        RosterState.CLOSED: "deal",
        RosterState.PUBLISHED: "answers" if view.proposed else "done",
        RosterState.CANCELLED: "",
    }[RosterState(roster.state)]
    marks = {
        key: "" if not at else "did" if order.index(key) < order.index(at) else "now" if key == at else ""
        for key in order
    }
    # Only what the check proved is claimed.
    best = all(deal.summary["exact"] for deal in view.deals if deal.state == DealState.SENT)
    offered = ngettext("%(n)s person offered", "%(n)s people offered", view.people) % {"n": view.people}
    waiting = ngettext("%(n)s answer awaited", "%(n)s answers awaited", view.proposed) % {"n": view.proposed}
    if answered and view.places and view.confirmed == view.places:
        marks["done"] = "did"
    return [
        (marks["draft"], _("Draft"), ngettext("%(n)s shift", "%(n)s shifts", view.shifts) % {"n": view.shifts}),
        (marks["open"], _("Offers"), offered if roster.state != RosterState.DRAFT else _("who can come when")),
        (
            marks["deal"],
            _("Allocation"),
            (_("proven to be the best plan") if best else _("with its proof")) if answered else _("who serves when"),
        ),
        (marks["answers"], _("Answers"), waiting if view.proposed else _("within three working days")),
        (
            marks["done"],
            _("All confirmed"),
            _("%(n)s of %(places)s places confirmed") % {"n": view.confirmed, "places": view.places},
        ),
    ]


@require_POST
def open_for_offers(request: HttpRequest, pk: int) -> HttpResponse:
    found = visible_roster(request, pk)
    require(rules.can_manage, request.user, found)
    form = OpenForm(request.POST, roster=found)
    if not form.is_valid():
        messages.error(request, _("Give the day and the hour at which offers close."))
        return redirect("staffing:roster", pk)
    services.open_roster(actor=me(request), roster=found, offers_until=form.instant(), now=clock.now())
    messages.success(request, _("The roster is open. The people who may come have been asked."))
    return redirect("staffing:roster", pk)


@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Close the offers before their time, and deal."""
    found = visible_roster(request, pk)
    require(rules.can_manage, request.user, found)
    deal = deals.close_and_deal(actor=me(request), roster=found, now=clock.now())
    if deal is None:
        messages.info(request, _("Offers are closed. Nobody offered to take a free shift: take offers for longer."))
        return redirect("staffing:roster", pk)
    return redirect("staffing:deal", deal.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    found = visible_roster(request, pk)
    require(rules.can_manage, request.user, found)
    form = ReasonForm(request.POST or None, reader=EVERYBODY)
    if request.method == "POST" and form.is_valid():
        services.cancel_roster(actor=me(request), roster=found, reason=form.cleaned_data["reason"], now=clock.now())
        messages.info(request, _("The roster is cancelled. Whoever had a coming shift is told."))
        return redirect("staffing:roster", pk)
    status = 422 if request.method == "POST" else 200
    view = selectors.standing(found, clock.now())
    context = {"roster": found, "form": form, "view": view}
    return render(request, "staffing/rosters/cancel.html", context, status=status)


@require_safe
def roster_csv(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """Every shift with who serves; the names for those who may see them."""
    found = visible_roster(request, pk)
    named = rules.sees_names(request.user, found)
    header = [
        _("day"), _("from"), _("to"), _("place"), _("need"), _("places"), _("free places"), _("person"),
        _("capacity"), _("state"),
    ]  # fmt: skip

    def rows() -> Any:
        for day in selectors.grid(found, user=request.user):
            for cell in day.cells:
                begin, end = (timezone.localtime(at) for at in (cell.shift.starts_at, cell.shift.ends_at))
                head = (
                    f"{begin:%Y-%m-%d}", f"{begin:%H:%M}", f"{end:%H:%M}", localized(found.region, "name"),
                    _("lawyer required") if cell.shift.lawyer_needed else _("no lawyer is needed"),
                    cell.shift.places, cell.free,
                )  # fmt: skip
                shown = cell.duties if named else []
                for duty in shown:
                    yield (
                        *head,
                        localized(duty.person, "display_name"),
                        duty.get_capacity_display(),
                        duty.get_state_display(),
                    )
                if not shown:
                    yield (*head, "", "", "")

    return csv_response(f"roster-{found.pk}.csv", header, rows())


# Offers


@require_http_methods(["GET", "HEAD", "POST"])
def offer(request: HttpRequest, pk: int) -> HttpResponse:
    """Which shifts can I take: days and half days to tick."""
    found, user, now = visible_roster(request, pk), me(request), clock.now()
    if found.state == RosterState.DRAFT:
        raise Http404
    capacity = people.capacity_of(user, found, timezone.localdate(now))
    possible = list(offers.shifts_for(user, found, now)) if capacity else []
    mine = Offer.objects.filter(roster=found, person=user).first()
    before = set(mine.offered.values_list("shift_id", flat=True)) if mine is not None else set()
    initial = {"most_hours": mine.most_minutes // 60 if mine is not None and mine.most_minutes else None}
    form = OfferForm(request.POST if request.method == "POST" else None, shifts=possible, initial=initial)
    takes = offers.takes_offers(found, now)
    if request.method == "POST" and form.is_valid():
        try:
            offers.save_offers(actor=user, roster=found, shifts=form.chosen(), most_minutes=form.minutes(), now=now)
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            chosen = len(form.chosen())
            messages.success(
                request,
                ngettext("You offered %(n)s shift.", "You offered %(n)s shifts.", chosen) % {"n": chosen}
                if chosen
                else _("You offered no shift."),
            )
            return redirect("staffing:roster_offer", pk)
    ticked = set(form.cleaned_data.get("shifts", [])) if request.method == "POST" and form.is_bound else before
    days = selectors.grid(found, user=user, ticked=ticked, may=[shift.pk for shift in possible])
    context = {
        "roster": found,
        "form": form,
        "days": days,
        "too_long": any(cell.may and cell.too_long for day in days for cell in day.cells),
        "capacity": capacity,
        "takes_offers": takes,
        "possible": len(possible),
        "offered": len(before),
        "offered_free": len(before & {shift.pk for shift in possible}),
        "mine": mine,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "staffing/rosters/offer.html", context, status=status)
