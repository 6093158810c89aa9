"""The organiser's pages: make a call, see who comes, record attendance."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Max, Min, OuterRef, Q, Subquery, Sum
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.accounts.access import SignedIn
from marketplace.accounts.models import Organisation, OrganisationKind, User
from marketplace.accounts.rules import organisations_of
from marketplace.audit.selectors import trail
from marketplace.core import clock
from marketplace.core.errors import DomainError, PermissionRefused
from marketplace.core.exports import csv_response
from marketplace.core.i18n import localized
from marketplace.timesheets.models import ServiceSession
from marketplace.timesheets.states import SessionState

from . import absences as missing
from . import errors, services, sign_ups
from .forms import MeetingForm, OpportunityForm, ReadmitForm, ReasonForm, ShiftFormSet
from .models import Opportunity, Shift, SignUp
from .rules import ORGANISERS, can_manage, managed_by, opens_today
from .states import OpportunityState, SignUpState
from .subjects import KIND


@require_safe
def organised(request: SignedIn) -> HttpResponse | StreamingHttpResponse:
    """The calls of my organisations, with how they fill; ``?format=csv`` gives all of them."""
    places = Shift.objects.filter(opportunity=OuterRef("pk")).order_by().values("opportunity").annotate(n=Sum("places"))
    rows = managed_by(request.user).annotate(
        places=Subquery(places.values("n")),
        confirmed=Count("shifts__sign_ups", filter=Q(shifts__sign_ups__state__in=["confirmed", "attended"])),
        waiting=Count("shifts__sign_ups", filter=Q(shifts__sign_ups__state="waiting")),
        first=Min("shifts__starts_at"),
        last=Max("shifts__ends_at"),
    )
    rows = rows.order_by("-last", "-pk")
    if request.GET.get("format") == "csv":
        header = [
            _("Call"), _("First shift"), _("Last shift"), _("Place"), _("Organiser"), _("Coming"), _("Places"), _("Waiting"),
            _("State"),
        ]  # fmt: skip
        lines = (
            [
                localized(o, "title"),
                f"{timezone.localtime(o.first):%Y-%m-%d %H:%M}" if o.first else "",
                f"{timezone.localtime(o.last):%Y-%m-%d %H:%M}" if o.last else "",
                localized(o.region, "name"),
                localized(o.organiser, "name"),
                o.confirmed,
                o.places or 0,
                o.waiting,
                o.get_state_display(),
            ]
            for o in rows
        )
        return csv_response("calls.csv", header, lines)
    page = Paginator(rows, 25).get_page(request.GET.get("page"))
    now = clock.now()
    context = {
        "page": page,
        "may_create": organisations_of(request.user, *ORGANISERS).exists(),
        "barred": missing.decided_by(request.user, now),
        "now": now,
    }
    return render(request, "volunteers/organised.html", context)


@require_http_methods(["GET", "POST"])
def create(request: SignedIn) -> HttpResponse:
    """Write a call; it is shown to nobody before it is opened."""
    return _write(request, None)


@require_http_methods(["GET", "POST"])
def edit(request: SignedIn, pk: int) -> HttpResponse:
    """Write a draft anew."""
    found = get_object_or_404(managed_by(request.user), pk=pk)
    if not can_manage(request.user, found):
        raise Http404
    if found.state != OpportunityState.DRAFT:
        messages.info(request, str(errors.NotADraft()))
        return redirect("volunteers:manage", pk=pk)
    return _write(request, found)


def _write(request: SignedIn, draft: Opportunity | None) -> HttpResponse:
    organisers = organisations_of(request.user, *ORGANISERS).order_by("name")
    if not organisers:
        raise PermissionRefused(
            _("Calls are made by coordinators of an organisation. Ask yours to give you that role.")
        )
    places = [org.region.code_range for org in organisers.select_related("region")]
    within = Q(pk__in=organisers)
    for low, high in places:
        within |= Q(kind=OrganisationKind.VILLAGE, region_id__gte=low, region_id__lt=high)
    hosts = Organisation.objects.filter(within).order_by("region_id", "name")
    initial: dict[str, Any] = {"organiser": organisers[0]}
    given: list[Any] = []
    if draft is not None:
        initial = {name: getattr(draft, name) for name in services.REVISABLE}
        # What was sent stands for itself.
        given = (
            []
            if request.method == "POST"
            else list(draft.shifts.order_by("starts_at", "pk").values("starts_at", "ends_at", "places"))
        )
    form = OpportunityForm(request.POST or None, organisers=organisers, hosts=hosts, initial=initial)
    shifts = ShiftFormSet(request.POST or None, prefix="shifts", initial=given or None)
    if request.method == "POST" and form.is_valid() and shifts.is_valid():
        data = dict(form.cleaned_data)
        data["host"] = data["host"] or data["organiser"]
        # A row that was given and is emptied is a shift no more.
        data["shifts"] = [services.NewShift(**f.cleaned_data) for f in shifts.forms if f.cleaned_data]
        try:
            if draft is None:
                draft = services.create_opportunity(actor=request.user, now=clock.now(), **data)
            else:
                services.revise_opportunity(actor=request.user, opportunity=draft, now=clock.now(), **data)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            messages.success(request, _("Saved as a draft. Look it over, then open it."))
            return redirect("volunteers:manage", pk=draft.pk)
    return render(request, "volunteers/create.html", {"form": form, "shifts": shifts, "opportunity": draft})


@require_safe
def manage(request: SignedIn, pk: int) -> HttpResponse:
    """One call as its organiser sees it: who has a place, who waits, who came."""
    found = get_object_or_404(managed_by(request.user), pk=pk)
    return render(request, "volunteers/manage.html", _manage_context(request, found))


def _manage_context(
    request: SignedIn, found: Opportunity, reason: ReasonForm | None = None, meet: MeetingForm | None = None
) -> dict[str, Any]:
    """``reason``, ``meet``: a cancellation or a meeting point that was refused, as it was sent."""
    now = clock.now()
    shifts = list(found.shifts.order_by("starts_at", "pk"))
    # Of a call that was called off everybody is listed: somebody may have to be rung up.
    gone = ["lapsed"] if found.state == OpportunityState.CANCELLED else ["cancelled", "lapsed"]
    served = ServiceSession.objects.filter(
        person=OuterRef("volunteer"), subject_kind=KIND, subject_id=OuterRef("shift")
    ).filter(state=SessionState.CONFIRMED)
    rows = (
        SignUp.objects.filter(shift__opportunity=found)
        .exclude(state__in=gone)
        .annotate(
            # Whose time is recorded cannot have stayed away; that he came may still have to be said.
            recorded=sign_ups.time_recorded(OuterRef("volunteer"), OuterRef("shift")),
            settled=Q(recorded=True, state=SignUpState.ATTENDED),
            minutes=Subquery(served.order_by().values("subject_id").annotate(n=Sum("decided_minutes")).values("n")),
        )
        .select_related("volunteer__volunteer", "shift")
        .defer("volunteer__volunteer__emergency_contact")
        .order_by("shift__starts_at", "pk")
    )
    said = {name: getattr(found, name) for name in MeetingForm.base_fields}
    return {
        "opportunity": found,
        "shifts": shifts,
        "over": bool(shifts) and all(shift.ends_at < now for shift in shifts),
        "coming": any(shift.starts_at > now for shift in shifts),
        "people": _people(rows, request.user, now),
        "cancelled": trail(found).filter(action="opportunity.cancel").first(),
        "may_manage": can_manage(request.user, found),
        "reason_form": reason or ReasonForm(),
        "meeting_form": meet or MeetingForm(initial=said),
        "now": now,
    }


def _people(people: Iterable[SignUp], reader: User, now: datetime) -> list[SignUp]:
    """Each with ``queue``, the place in line of who waits (the queue's order is the primary key), else None; and
    ``contact_opens``: whether ``reader`` can open the emergency contact now.
    """
    counts: dict[int, int] = {}
    found = list(people)
    for each in found:
        waits = each.state == SignUpState.WAITING
        if waits:
            counts[each.shift_id] = counts.get(each.shift_id, 0) + 1
        each.queue = counts[each.shift_id] if waits else None  # type: ignore[attr-defined]
        profile = getattr(each.volunteer, "volunteer", None)
        each.contact_opens = (  # type: ignore[attr-defined]
            each.volunteer_id != reader.pk
            and opens_today(each, now)
            and profile is not None
            and profile.contact_agreed_at is not None
        )
    return found


@require_POST
def meeting(request: SignedIn, pk: int) -> HttpResponse:
    """Where to meet and whom to call, said or changed at any time."""
    found = get_object_or_404(managed_by(request.user), pk=pk)
    form = MeetingForm(request.POST)
    if not form.is_valid():
        context = _manage_context(request, found, meet=form)
        return render(request, "volunteers/manage.html", context, status=422)
    services.say_where_to_meet(actor=request.user, opportunity=found, now=clock.now(), **form.cleaned_data)
    messages.success(request, _("Saved. People who have a place are told by e-mail."))
    return redirect("volunteers:manage", pk=pk)


@never_cache
@require_POST
def emergency_contact(request: SignedIn, pk: int) -> HttpResponse:
    """Whom to tell if something happens to a volunteer on duty; opening it is an act on record, so it is no address."""
    found = get_object_or_404(
        SignUp.objects.filter(shift__opportunity__in=managed_by(request.user)).select_related(
            "shift__opportunity", "volunteer"
        ),
        pk=pk,
    )
    contact = services.open_emergency_contact(actor=request.user, sign_up=found, now=clock.now())
    return render(request, "volunteers/emergency_contact.html", {"sign_up": found, "contact": contact})


@require_POST
def move(request: SignedIn, pk: int, action: str) -> HttpResponse:
    """Open, close or cancel."""
    found = get_object_or_404(managed_by(request.user), pk=pk)
    now = clock.now()
    if action == "open":
        services.open_opportunity(actor=request.user, opportunity=found, now=now)
        messages.success(request, _("Open: volunteers nearby can see it now."))
    elif action == "close":
        services.close_opportunity(actor=request.user, opportunity=found, now=now)
        messages.success(request, _("Closed: nobody else can sign up."))
    elif action == "cancel":
        form = ReasonForm(request.POST)
        if not form.is_valid():
            return render(request, "volunteers/manage.html", _manage_context(request, found, form), status=422)
        services.cancel_opportunity(actor=request.user, opportunity=found, reason=form.cleaned_data["reason"], now=now)
        messages.success(request, _("Cancelled; everybody who had signed up sees your reason."))
    else:
        raise Http404
    return redirect("volunteers:manage", pk=pk)


@require_POST
def attendance(request: SignedIn, pk: int) -> HttpResponse:
    """Came, or did not come."""
    found = get_object_or_404(
        SignUp.objects.filter(shift__opportunity__in=managed_by(request.user)).select_related("shift__opportunity"),
        pk=pk,
    )
    came = request.POST.get("came") == "yes"
    sign_ups.mark_attendance(actor=request.user, sign_up=found, came=came, now=clock.now())
    return redirect("volunteers:manage", pk=found.shift.opportunity_id)


@require_http_methods(["GET", "POST"])
def absences(request: SignedIn, pk: int) -> HttpResponse:
    """What a volunteer missed who cannot sign up any more; after a talk the organiser lets him again."""
    now = clock.now()
    person = get_object_or_404(missing.decided_by(request.user, now), pk=pk)
    form = ReadmitForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.readmit(actor=request.user, person=person, reason=form.cleaned_data["reason"], now=now)
        messages.success(
            request,
            _("%(name)s can sign up again and is told so by e-mail.") % {"name": localized(person, "display_name")},
        )
        return redirect("volunteers:organised")
    context = {"person": person, "missed": missing.missed_by(person, now), "form": form}
    return render(request, "volunteers/absences.html", context)


@require_safe
def people_csv(request: SignedIn, pk: int) -> StreamingHttpResponse:
    found: Opportunity = get_object_or_404(managed_by(request.user), pk=pk)
    rows = (
        SignUp.objects.filter(shift__opportunity=found)
        .select_related("volunteer", "shift")
        .order_by("shift__starts_at", "pk")
    )
    header = (_("shift"), _("volunteer"), _("state"), _("signed up"))
    return csv_response(
        f"volunteers-{pk}.csv",
        header,
        (
            (
                f"{timezone.localtime(row.shift.starts_at):%Y-%m-%d %H:%M}",
                localized(row.volunteer, "display_name"),
                row.get_state_display(),
                f"{timezone.localtime(row.signed_up_at):%Y-%m-%d %H:%M}",
            )
            for row in rows.iterator()
        ),
    )
