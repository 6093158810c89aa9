"""Visits: check in, check out, report, confirm, dispute, decide. Phone first."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.accounts.access import SignedIn
from marketplace.accounts.rules import organisations_of
from marketplace.audit.selectors import trail
from marketplace.core import clock
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.core.exports import csv_response
from marketplace.core.i18n import localized

from . import rules, services
from .forms import AnswerForm, CheckInForm, CheckOutForm, DecisionForm, DisputeForm, ReportForm
from .models import ServiceSession
from .selectors import disputed_since, year_summary
from .states import SessionState
from .subjects import Subject, subject_of, subjects_of


@require_safe
def mine(request: SignedIn) -> HttpResponseBase:
    """My service: what runs, where I can serve, what I have recorded."""
    now = clock.now()
    rows = (
        ServiceSession.objects.filter(person=request.user)
        .select_related("region", "host", "person")
        .order_by("-period", "-pk")
    )
    if request.GET.get("format") == "csv":
        return _csv(rows, "my-service.csv")
    year = timezone.localdate(now).year
    context = {
        "page": Paginator(rows, 25).get_page(request.GET.get("page")),
        "running": rows.filter(state=SessionState.OPEN).first(),
        "subjects": _unrecorded(request, now),
        "summary": year_summary(request.user, year),
        "year": year,
        "confirms": organisations_of(request.user, *rules.HOST_ROLES).exists(),
    }
    return render(request, "timesheets/mine.html", context)


def _unrecorded(request: SignedIn, now: datetime) -> list[Subject]:
    """Where the person may record service now; a shift that is over and recorded asks for nothing more."""
    found = subjects_of(request.user, now)
    over = [s for s in found if s.ends_at is not None and s.ends_at <= now]
    recorded = set(
        ServiceSession.objects.filter(person=request.user, subject_id__in=[s.id for s in over])
        .exclude(state__in=[SessionState.WITHDRAWN, SessionState.REJECTED])
        .values_list("subject_kind", "subject_id")
    )
    done = {(s.kind, s.id) for s in over} & recorded
    return [s for s in found if (s.kind, s.id) not in done]


def _csv(rows: Any, name: str) -> HttpResponseBase:
    header = (
        _("from"), _("to"), _("person"), _("place"), _("kind"), _("capacity"), _("reported minutes"), _("counted minutes"),
        _("people served"), _("state"), _("confirmed by"),
    )  # fmt: skip
    return csv_response(
        name,
        header,
        (
            (
                f"{timezone.localtime(s.period.lower):%Y-%m-%d %H:%M}",
                f"{timezone.localtime(s.period.upper):%Y-%m-%d %H:%M}",
                localized(s.person, "display_name"),
                localized(s.region, "name"),
                s.get_kind_display(),
                s.get_capacity_display(),
                s.claimed_minutes,
                s.decided_minutes if s.decided_minutes is not None else "",
                s.people_served,
                s.get_state_display(),
                localized(s.host, "name"),
            )
            for s in rows.iterator()
        ),
    )


@require_http_methods(["GET", "POST"])
def record(request: SignedIn, kind: str, pk: int) -> HttpResponse:
    """Check in now, or report service that has been given."""
    now = clock.now()
    subject = subject_of(request.user, kind, pk, now)
    if subject is None:
        raise Http404
    common: dict[str, Any] = {
        "actor": request.user,
        "capacity": subject.capacity,
        "region": subject.region,
        "host": subject.host,
        "subject_kind": subject.kind,
        "subject_id": subject.id,
    }
    initial: dict[str, Any] = {"kind": subject.session_kinds[0]}
    if subject.starts_at and subject.ends_at and subject.ends_at <= now:
        initial |= {"start": subject.starts_at, "end": subject.ends_at}
    began_here = "check_in" in request.POST
    check_in = CheckInForm(request.POST if began_here else None, kinds=subject.session_kinds, prefix="now")
    report = ReportForm(
        request.POST if request.method == "POST" and not began_here else None,
        kinds=subject.session_kinds,
        initial=initial,
    )
    if began_here and check_in.is_valid():
        try:
            session = services.check_in(kind=check_in.cleaned_data["kind"], **common)
        except DomainError as error:
            check_in.add_error(None, str(error))
        else:
            messages.success(request, _("You are checked in. Check out when you leave."))
            return redirect("timesheets:check_out", pk=session.pk)
    elif request.method == "POST" and not began_here and report.is_valid():
        try:
            services.report_session(now=now, **common, **report.cleaned_data)
        except DomainError as error:
            report.add_error(error.field if error.field in report.fields else None, str(error))
        else:
            messages.success(request, _("Reported. %(host)s confirms it.") % {"host": localized(subject.host, "name")})
            return redirect("timesheets:mine")
    context = {"subject": subject, "check_in": check_in, "report": report}
    return render(request, "timesheets/record.html", context)


@require_http_methods(["GET", "POST"])
def check_out(request: SignedIn, pk: int) -> HttpResponse:
    session = get_object_or_404(ServiceSession.objects.select_related("region", "host"), pk=pk, person=request.user)
    form = CheckOutForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.check_out(actor=request.user, session=session, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Thank you. %(host)s confirms it.") % {"host": localized(session.host, "name")})
            return redirect("timesheets:mine")
    context = {
        "session": session,
        "form": form,
        "forgotten": clock.now() - session.period.lower > services.LONGEST_SESSION,
    }
    return render(request, "timesheets/check_out.html", context)


@require_safe
def detail(request: SignedIn, pk: int) -> HttpResponse:
    """One session with its claim, its decision and what the reader may do."""
    return _detail(request, get_object_or_404(rules.visible_to(request.user), pk=pk))


def _detail(
    request: SignedIn,
    session: ServiceSession,
    *,
    dispute: DisputeForm | None = None,
    answer: AnswerForm | None = None,
    decision: DecisionForm | None = None,
) -> HttpResponse:
    """``dispute``, ``answer``, ``decision``: a form that was refused, as it was sent."""
    pending, disputed = session.state == SessionState.REPORTED, session.state == SessionState.DISPUTED
    mine = session.person_id == request.user.pk
    context = {
        "session": session,
        "subject": subject_of(session.person, session.subject_kind, session.subject_id, session.period.upper),
        "mine": mine,
        "disputed": trail(session).filter(action="session.dispute").first() if session.objection else None,
        "may_confirm": pending and rules.can_confirm(request.user, session),
        "may_decide": disputed and rules.can_decide(request.user, session),
        "may_answer": disputed and mine,
        "may_withdraw": mine and session.state in (SessionState.OPEN, SessionState.REPORTED, SessionState.DISPUTED),
        "dispute_form": dispute or DisputeForm(),
        "answer_form": answer or AnswerForm(initial={"note": session.answer}),
        "decision_form": decision or DecisionForm(claimed=session.claimed_minutes),
    }
    return render(request, "timesheets/detail.html", context, status=422 if dispute or answer or decision else 200)


@require_POST
def withdraw(request: SignedIn, pk: int) -> HttpResponse:
    session = get_object_or_404(ServiceSession, pk=pk, person=request.user)
    services.withdraw_session(actor=request.user, session=session, now=clock.now())
    messages.success(request, _("Withdrawn. The time is free again."))
    return redirect("timesheets:mine")


@require_safe
def to_confirm(request: SignedIn) -> HttpResponse:
    """What my village or organisation has to confirm, the oldest first."""
    hosts = organisations_of(request.user, *rules.HOST_ROLES)
    rows = (
        ServiceSession.objects.filter(host__in=hosts, state=SessionState.REPORTED)
        .exclude(person=request.user)
        .select_related("person", "region", "host")
        .order_by("reported_at", "pk")
    )
    page = Paginator(rows, 25).get_page(request.GET.get("page"))
    return render(request, "timesheets/to_confirm.html", {"page": page})


@require_POST
def confirm(request: SignedIn, pk: int) -> HttpResponse:
    session = get_object_or_404(rules.visible_to(request.user), pk=pk)
    services.confirm_session(actor=request.user, session=session, now=clock.now())
    messages.success(request, _("Confirmed. Thank you."))
    return redirect("timesheets:to_confirm")


@require_POST
def dispute(request: SignedIn, pk: int) -> HttpResponse:
    session = get_object_or_404(rules.visible_to(request.user), pk=pk)
    form = DisputeForm(request.POST)
    if not form.is_valid():
        return _detail(request, session, dispute=form)
    services.dispute_session(actor=request.user, session=session, note=form.cleaned_data["note"], now=clock.now())
    messages.success(request, _("Noted. A supervisor hears both sides and decides."))
    return redirect("timesheets:to_confirm")


@require_POST
def answer(request: SignedIn, pk: int) -> HttpResponse:
    session = get_object_or_404(ServiceSession.objects.select_related("region", "host"), pk=pk, person=request.user)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _detail(request, session, answer=form)
    services.answer_objection(actor=request.user, session=session, note=form.cleaned_data["note"], now=clock.now())
    messages.success(request, _("Noted. The supervisor reads both sides and decides."))
    return redirect("timesheets:detail", pk=pk)


@require_safe
def disputes(request: SignedIn) -> HttpResponseBase:
    """Disputed service in the places I supervise."""
    rows = disputed_since(rules.visible_to(request.user)).order_by("reported_at", "pk")
    if request.GET.get("format") == "csv":
        return _csv(rows, "disputed-service.csv")
    page = Paginator(rows, 25).get_page(request.GET.get("page"))
    return render(request, "timesheets/disputes.html", {"page": page})


@require_POST
def decide(request: SignedIn, pk: int) -> HttpResponse:
    session = get_object_or_404(rules.visible_to(request.user), pk=pk)
    form = DecisionForm(request.POST, claimed=session.claimed_minutes)
    if not form.is_valid():
        return _detail(request, session, decision=form)
    try:
        services.decide_session(actor=request.user, session=session, now=clock.now(), **form.cleaned_data)
    except InvalidInput as error:
        form.add_error(error.field, str(error))
        return _detail(request, session, decision=form)
    messages.success(request, _("Decided. Both sides see your reasons."))
    return redirect("timesheets:disputes")
