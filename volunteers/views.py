"""The volunteer's pages: find, join, take a place, see what is mine. Phone first."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.accounts.access import SignedIn
from marketplace.audit.selectors import trail
from marketplace.core import clock
from marketplace.core.access import public_page
from marketplace.core.errors import DomainError
from marketplace.timesheets.models import ServiceSession
from marketplace.timesheets.states import SessionState

from . import absences, selectors, services, sign_ups
from .forms import FindForm, ProfileForm
from .models import Shift, SignUp
from .rules import can_call, can_manage, visible_to
from .states import SignUpState
from .subjects import KIND, LATE


@public_page
@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """Open calls, nearest first for whoever has a place."""
    form = FindForm(request.GET or None)
    data = form.cleaned_data if form.is_bound and form.is_valid() else {}
    person = request.user if request.user.is_authenticated else None
    rows = selectors.near(
        person, clock.now(), home=data.get("near"), kind=data.get("kind", ""), query=data.get("q", "")
    )
    page = Paginator(rows, 25).get_page(request.GET.get("page"))
    profile = getattr(person, "volunteer", None)
    context = {
        "form": form,
        "page": page,
        "filtered": any(data.values()),
        "start": data.get("near") or (profile.region if profile else None),
    }
    return render(request, "volunteers/find.html", context)


@public_page
@require_safe
def opportunity(request: HttpRequest, pk: int) -> HttpResponse:
    """One call with its shifts, and what the person can do now."""
    found = get_object_or_404(visible_to(request.user), pk=pk)
    person = request.user if request.user.is_authenticated else None
    now = clock.now()
    shifts = list(selectors.shifts_of(found, person))
    mine = SignUp.objects.in_bulk([s.mine for s in shifts if s.mine])  # type: ignore[attr-defined]
    rows = [(shift, mine.get(shift.mine)) for shift in shifts]  # type: ignore[attr-defined]
    context = {
        "opportunity": found,
        "rows": rows,
        "cancelled": trail(found).filter(action="opportunity.cancel").first(),
        "over": bool(shifts) and all(shift.ends_at < now for shift in shifts),
        "may_manage": person is not None and can_manage(person, found),
        "may_call": bool(found.contact_phone) and can_call(request.user, found),
        "obstacle": sign_ups.obstacle(person, found, now) if person is not None else None,
    }
    return render(request, "volunteers/opportunity.html", context)


@require_http_methods(["GET", "POST"])
def join(request: SignedIn) -> HttpResponse:
    """Become a volunteer, or change what one has said."""
    profile = getattr(request.user, "volunteer", None)
    initial = {}
    if profile is not None:
        initial = {
            "region": profile.region,
            "languages": profile.languages,
            "skills": profile.skills,
            "about": profile.about,
            "emergency_contact": profile.emergency_contact,
            # Who takes part has agreed; who left agrees anew.
            "consent": profile.active,
        }
    form = ProfileForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.join(actor=request.user, now=clock.now(), **form.cleaned_data)
        except DomainError as error:
            form.add_error(error.field, str(error))
        else:
            if _safe(request):
                messages.success(request, _("Welcome. Now take your place."))
                return redirect(request.GET["next"])
            messages.success(request, _("Welcome. These are the calls nearest to you."))
            return redirect("volunteers:find")
    return render(request, "volunteers/join.html", {"form": form, "profile": profile})


def _safe(request: SignedIn) -> bool:
    return request.GET.get("next", "").startswith("/volunteering/")


@require_POST
def leave(request: SignedIn) -> HttpResponse:
    services.leave(actor=request.user, now=clock.now())
    messages.success(
        request, _("You are not asked any more. Your record stays yours, and you may come back at any time.")
    )
    return redirect("volunteers:find")


def _is_volunteer(person: Any) -> bool:
    return hasattr(person, "volunteer") and person.volunteer.active


@require_POST
def sign_up(request: SignedIn, pk: int) -> HttpResponse:
    shift = get_object_or_404(Shift.objects.filter(opportunity__in=visible_to(request.user)), pk=pk)
    if not _is_volunteer(request.user):
        messages.info(request, _("Tell us where you live and what you speak; then take your place."))
        return redirect(f"/volunteering/join/?next=/volunteering/{shift.opportunity_id}/")
    made = sign_ups.sign_up(actor=request.user, shift=shift, now=clock.now())
    if made.state == SignUpState.CONFIRMED:
        messages.success(request, _("The place is yours. You find it under My shifts."))
    else:
        place = selectors.place_in_queue(made)
        messages.success(
            request,
            _("You are number %(n)s on the waiting list. We tell you as soon as a place is free.") % {"n": place},
        )
    return redirect("volunteers:opportunity", pk=shift.opportunity_id)


@require_POST
def cancel(request: SignedIn, pk: int) -> HttpResponse:
    mine = get_object_or_404(SignUp, pk=pk, volunteer=request.user)
    waited = mine.state == SignUpState.WAITING
    sign_ups.cancel_sign_up(actor=request.user, sign_up=mine, now=clock.now())
    if waited:
        messages.success(request, _("You have left the waiting list."))
    else:
        messages.success(
            request,
            _("Cancelled. Thank you for saying so in time: the place goes to the next person on the waiting list."),
        )
    return redirect("volunteers:mine")


@require_POST
def accept(request: SignedIn, pk: int) -> HttpResponse:
    mine = get_object_or_404(SignUp, pk=pk, volunteer=request.user)
    sign_ups.accept_offer(actor=request.user, sign_up=mine, now=clock.now())
    messages.success(request, _("The place is yours. You find it under My shifts."))
    return redirect("volunteers:mine")


@require_safe
def mine(request: SignedIn) -> HttpResponse:
    """My shifts: the coming, the waiting, the past."""
    now = clock.now()
    page = Paginator(selectors.sign_ups_of(request.user, now), 25).get_page(request.GET.get("page"))
    shifts = [row.shift_id for row in page]
    sessions = (
        ServiceSession.objects.filter(person=request.user, subject_kind=KIND, subject_id__in=shifts)
        .exclude(state=SessionState.WITHDRAWN)
        .values_list("subject_id", "pk")
    )
    recorded = dict(sessions)
    looks = selectors.looks_at_contact([row.pk for row in page])
    coming: list[Any] = []
    past: list[Any] = []
    for row in page:
        row.looks = looks.get(row.pk, [])
        shown = (row, recorded.get(row.shift_id), row.shift.ends_at >= now - LATE)
        (coming if row.comes_at else past).append(shown)
    context = {
        "page": page,
        "parts": [(_("Coming up"), coming), (_("Past or given up"), past)],
        "now": now,
        "barred": absences.refusal(request.user, now),
    }
    return render(request, "volunteers/mine.html", context)
