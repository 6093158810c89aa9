"""Pages of whoever serves: proposals, confirmed shifts, swaps, the calendar file."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.core import clock
from marketplace.core.errors import DomainError
from marketplace.core.i18n import localized
from marketplace.staffing.views import me

from . import duties as answers
from . import rules, selectors, swaps
from .calendar import Event, calendar_text
from .forms import KEEPER, PERSON, ReasonForm, SwapForm
from .models import Duty, Roster, Swap
from .states import DutyState
from .subjects import recordable

EARLIER = (
    DutyState.CONFIRMED,
    DutyState.DECLINED,
    DutyState.EXPIRED,
    DutyState.WITHDRAWN,
    DutyState.GIVEN_BACK,
    DutyState.HANDED_OVER,
)


@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """What is proposed to me, when I serve, what colleagues ask of me."""
    user, now = me(request), clock.now()
    proposed = list(answers.proposals_of(user))
    groups = [
        (roster, list(group)) for roster, group in groupby(sorted(proposed, key=_by_roster), lambda d: d.shift.roster)
    ]
    coming = selectors.coming(user, now)
    past = selectors.duties_of(user).filter(state__in=EARLIER).exclude(pk__in=[duty.pk for duty in coming])
    page = Paginator(past.order_by("-shift__starts_at", "-pk"), 10).get_page(request.GET.get("page"))
    asked = selectors.swaps_of(user)
    record = recordable(user, now)
    context = {
        "groups": groups,
        "count": len(proposed),
        "first": min(proposed, key=lambda duty: duty.respond_by or now, default=None),
        "coming": [(duty, asked.get(duty.pk), record.get(duty.pk)) for duty in coming],
        "page": page,
        "records": record,
        "swaps": selectors.swaps_asked_of(user, now),
        "invited": selectors.invitations(user, now),
        "today": clock.today(),
    }
    return render(request, "staffing/rosters/duties.html", context)


def _by_roster(duty: Duty) -> tuple[int, Any, int]:
    return duty.shift.roster_id, duty.shift.starts_at, duty.pk


def _own(request: HttpRequest, pk: int) -> Duty:
    """My duty, once it was proposed to me; else 404."""
    rows = selectors.duties_of(me(request))
    return get_object_or_404(rows, pk=pk)


@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    answers.confirm_duty(actor=me(request), duty=_own(request, pk), now=clock.now())
    messages.success(request, _("Confirmed. Thank you."))
    return redirect("staffing:duties")


@require_POST
def confirm_all(request: HttpRequest) -> HttpResponse:
    """Confirm what is proposed, of one roster or of all."""
    asked = request.POST.get("roster", "")
    roster = Roster.objects.filter(pk=int(asked)).first() if asked.isdecimal() else None
    done = answers.confirm_all(actor=me(request), roster=roster, now=clock.now())
    if done:
        messages.success(
            request, ngettext("%(n)s shift is confirmed.", "%(n)s shifts are confirmed.", done) % {"n": done}
        )
    return redirect("staffing:duties")


def _with_reason(request: HttpRequest, duty: Duty, act: Any, template: str, said: str) -> HttpResponse:
    form = ReasonForm(request.POST or None, reader=KEEPER)
    if request.method == "POST" and form.is_valid():
        act(actor=me(request), duty=duty, reason=form.cleaned_data["reason"], now=clock.now())
        messages.info(request, said)
        return redirect("staffing:duties")
    status = 422 if request.method == "POST" else 200
    return render(request, template, {"duty": duty, "roster": duty.shift.roster, "form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def decline(request: HttpRequest, pk: int) -> HttpResponse:
    said = _("You declined. The shift goes to somebody else who offered.")
    return _with_reason(request, _own(request, pk), answers.decline_duty, "staffing/rosters/decline.html", said)


@require_http_methods(["GET", "HEAD", "POST"])
def give_back(request: HttpRequest, pk: int) -> HttpResponse:
    said = _("You gave the shift back. Somebody else who offered will be asked.")
    return _with_reason(request, _own(request, pk), answers.give_back, "staffing/rosters/give_back.html", said)


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Whoever keeps the roster takes a shift back."""
    rosters = Roster.objects.filter(rules.overseen_by(request.user))
    rows = Duty.objects.select_related("person", "shift__roster__contract", "shift__roster__opportunity")
    duty = get_object_or_404(
        rows, pk=pk, shift__roster__in=rosters, state__in=[DutyState.PROPOSED, DutyState.CONFIRMED]
    )
    form = ReasonForm(request.POST or None, reader=PERSON)
    if request.method == "POST" and form.is_valid():
        answers.withdraw_duty(actor=me(request), duty=duty, reason=form.cleaned_data["reason"], now=clock.now())
        messages.info(request, _("The shift was taken back, and the person is told."))
        return redirect("staffing:roster", duty.shift.roster_id)
    status = 422 if request.method == "POST" else 200
    context = {"duty": duty, "roster": duty.shift.roster, "form": form}
    return render(request, "staffing/rosters/withdraw.html", context, status=status)


# Swaps


@require_http_methods(["GET", "HEAD", "POST"])
def swap(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask a colleague to take my shift."""
    duty, now = _own(request, pk), clock.now()
    if not swaps.can_be_swapped(duty, now):
        messages.error(request, _("Only a coming shift that you have confirmed can be given back or handed over."))
        return redirect("staffing:duties")
    people, back = list(swaps.candidates(duty, now)), list(swaps.returns(duty, now))
    form = SwapForm(request.POST or None, people=people, returns=back)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        in_return = form.duties.get(given["in_return"]) if given["in_return"] else None
        try:
            swaps.ask_swap(
                actor=me(request),
                duty=duty,
                colleague=form.people[given["colleague"]],
                in_return=in_return,
                message=given["message"],
                now=now,
            )
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, _("Your colleague is asked. Until they agree the shift stays yours."))
            return redirect("staffing:duties")
    status = 422 if request.method == "POST" else 200
    context = {"duty": duty, "roster": duty.shift.roster, "form": form, "people": people}
    return render(request, "staffing/rosters/swap.html", context, status=status)


@require_POST
def swap_agree(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Swap.objects.select_related("duty__shift"), pk=pk, colleague=me(request))
    swaps.agree_swap(actor=me(request), swap=found, now=clock.now())
    messages.success(
        request,
        _("Agreed. The shifts are exchanged; your colleague is told.")
        if found.in_return_id
        else _("Agreed. The shift is yours now; your colleague is told."),
    )
    return redirect("staffing:duties")


@require_POST
def swap_refuse(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Swap, pk=pk, colleague=me(request))
    swaps.refuse_swap(actor=me(request), swap=found, now=clock.now())
    messages.info(request, _("You said no. The shift stays with your colleague."))
    return redirect("staffing:duties")


@require_POST
def swap_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Swap, pk=pk, duty__person=me(request))
    swaps.withdraw_swap(actor=me(request), swap=found, now=clock.now())
    messages.info(request, _("Your colleague is not asked any more."))
    return redirect("staffing:duties")


@require_safe
def duties_ics(request: HttpRequest) -> HttpResponse:
    """My confirmed shifts, and those that wait for my answer, for a phone's calendar."""
    user, now = me(request), clock.now()
    held = [*selectors.coming(user, now), *answers.proposals_of(user)]
    events = [_event(request, duty) for duty in sorted(held, key=lambda d: (d.shift.starts_at, d.pk))]
    text = calendar_text(events, name=_("My duty shifts"), now=now)
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="my-shifts.ics"'
    return response


def _event(request: HttpRequest, duty: Duty) -> Event:
    shift, roster = duty.shift, duty.shift.roster
    url = request.build_absolute_uri(reverse("staffing:roster", args=[roster.pk]))
    return Event(
        # The same shift of the same person stays one entry, whoever had it before.
        uid=f"shift-{shift.pk}-person-{duty.person_id}@{request.get_host()}",
        starts_at=shift.starts_at,
        ends_at=shift.ends_at,
        summary=roster.title,
        place=localized(roster.region, "name"),
        description=f"{duty.get_state_display()}\n{duty.get_capacity_display()}",
        url=url,
        confirmed=duty.state == DutyState.CONFIRMED,
    )
