"""Pages of the bureau and the firm: contracts, runs, vacancies, calls for volunteers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.accounts.models import User
from marketplace.contracts.kinds import PostKind, kind_of
from marketplace.contracts.models import Contract
from marketplace.contracts.states import ContractState
from marketplace.core import clock
from marketplace.core.exports import csv_response
from marketplace.core.i18n import localized
from marketplace.core.permissions import require

from . import calls, rules, selectors, selectors_map, selectors_runs, services, services_proposals
from .forms import CallForm, PlacePublishForm, PublishForm, RunForm
from .kinds import kind_of_run
from .leaving import Before, before, left_of, why_left
from .models import Assignment, AssignmentRun, EmptyPost
from .reasons_in_words import alternative_lines, barred_lines, post_column, post_name, short_emptiness, short_reason
from .rosters.people import WITH_DUTY
from .rosters.rules import can_draft
from .rosters.states import RosterState
from .states import RunShape, RunState
from .teams import pages as team_pages
from .teams.forms import TeamForm, TeamPublishForm
from .teams.selectors import seats_of
from .teams.services import waiting_teams

PAGE = 25
PUBLISH_FORMS: dict[PostKind, type[PublishForm]] = {
    PostKind.VILLAGE: PublishForm,
    PostKind.PLACE: PlacePublishForm,
    PostKind.TEAM: TeamPublishForm,
}
#: rows of a file whose reasons are fetched together
CSV_ROWS = 2000
UNDER_WAY = (RunState.QUEUED, RunState.RUNNING)


def me(request: HttpRequest) -> User:
    """The person who is logged in: these pages are private."""
    return cast(User, request.user)


def visible_contract(request: HttpRequest, pk: int) -> Contract:
    """The contract, or 404 for whoever may not see its staffing."""
    visible = rules.visible_contracts(request.user).select_related("buyer", "supplier")
    return get_object_or_404(visible, pk=pk)


def visible_run(request: HttpRequest, pk: int) -> AssignmentRun:
    runs = AssignmentRun.objects.select_related("contract__buyer", "contract__supplier", "requested_by")
    return get_object_or_404(runs, pk=pk, contract__in=rules.visible_contracts(request.user))


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Where do the contracts stand: villages served, asked, vacant."""
    page = Paginator(selectors.contract_list(request.user), PAGE).get_page(request.GET.get("page"))
    if not page.paginator.count and selectors.proposals(me(request)):
        return redirect("staffing:proposals")
    vacant = selectors.vacancies(request.user).count() if page.paginator.count else 0
    teams = waiting_teams(me(request)).count() if vacant else 0
    return render(request, "staffing/index.html", {"page": page, "vacant": vacant, "teams": teams})


@require_safe
def vacant(request: HttpRequest) -> HttpResponse:
    """Every post that has neither an adviser nor a proposal, over all contracts."""
    page = Paginator(selectors.vacancies(request.user), PAGE).get_page(request.GET.get("page"))
    posts = list(page)
    context = {
        "page": page,
        "towns": selectors.region_names(post.region for post in posts),
        "calls": selectors.open_calls(posts),
        "befores": before(posts),
        "empties": selectors.left_empty(posts),
    }
    return render(request, "staffing/vacant.html", context)


@require_safe
def vacant_csv(request: HttpRequest) -> StreamingHttpResponse:
    vacancies = selectors.vacancies(request.user)
    header = [
        _("code"),
        _("place"),
        _("contract"),
        _("from"),
        _("until (inclusive)"),
        _("before"),
        _("why nobody serves there"),
    ]

    def rows() -> Iterator[Any]:
        posts = vacancies.iterator()
        while some := list(islice(posts, CSV_ROWS)):
            befores, empties = before(some), selectors.left_empty(some)
            for p in some:
                last, left = befores.get(p.pk), empties.get(p.pk)
                yield (
                    p.region_id,
                    post_name(p),
                    p.contract.number,
                    p.starts_on.isoformat(),
                    p.ends_on.isoformat(),
                    localized(last.person, "display_name") if last is not None else "",
                    last.why if last is not None else left.get_because_display() if left is not None else "",
                )

    return csv_response("vacant-posts.csv", header, rows())


@require_safe
def contract(request: HttpRequest, pk: int) -> HttpResponse:
    """One contract's villages: who serves, who was asked, what is vacant, and what to do next."""
    found = visible_contract(request, pk)
    kind = kind_of(found)
    if kind == PostKind.TEAM:
        return team_pages.contract_page(request, found)
    asked = request.GET.get("township", "")
    view = selectors.overview(found, township=int(asked) if asked.isdecimal() else None)
    may_staff = rules.can_staff(request.user, found) and found.state == ContractState.ACTIVE
    last = view.last
    sent = services.last_published(found)
    repairable = selectors.repairable(sent) if sent is not None and may_staff else None
    rosters = list(found.rosters.exclude(state=RosterState.CANCELLED)[:5])
    by_village = kind == PostKind.VILLAGE
    vacant = [v.post for township in view.townships for v in township.villages if v.status == selectors.VACANT]
    context = {
        "contract": found,
        "befores": before(vacant),
        "rosters": rosters,
        "may_draft": _has_duty(found) and found.state == ContractState.ACTIVE and can_draft(request.user, found),
        "by_village": by_village,
        "repairable": repairable,
        "sent": sent,
        "view": view,
        "run": last,
        "running": last is not None and last.state in UNDER_WAY,
        "computed": last is not None and last.state == RunState.DONE,
        "may_staff": may_staff,
        "may_call": by_village and view.counts[selectors.VACANT] > 0 and _may_call(request, found),
        "only_called": view.counts[selectors.CALLED] > 0 and not view.counts[selectors.VACANT],
        "form": RunForm.like(last),
        "steps": _steps(view),
    }
    return render(request, "staffing/contract.html", context)


def _may_call(request: HttpRequest, contract: Contract) -> bool:
    """Whether volunteers can be called for what is vacant: by the buyer's officer, once lawyers were asked."""
    return (
        rules.can_call_volunteers(request.user, contract)
        and contract.state == ContractState.ACTIVE
        and contract.runs.filter(state=RunState.PUBLISHED).exists()
    )


def _has_duty(contract: Contract) -> bool:
    """Whether a roster can be made for it."""
    return Contract.objects.filter(WITH_DUTY, pk=contract.pk).exists()


def _steps(view: selectors.Overview) -> list[tuple[str, str, str]]:
    """The life line: (class, title, detail) of computing, asking, answers, volunteers."""
    last, counts = view.last, view.counts
    published = any(run.state == RunState.PUBLISHED for run in view.runs)
    open_now = counts[selectors.VACANT]
    computed = any(run.state in (RunState.DONE, RunState.PUBLISHED) for run in view.runs)
    answers = ngettext("%(n)s answer awaited", "%(n)s answers awaited", counts[selectors.PROPOSED]) % {
        "n": counts[selectors.PROPOSED]
    }
    called = ngettext("%(n)s call open", "%(n)s calls open", counts[selectors.CALLED]) % {"n": counts[selectors.CALLED]}
    complete = counts[selectors.SERVED] == view.total
    now = (
        "done"
        if complete
        else "answer"
        if counts[selectors.PROPOSED]
        else "send"
        if last is not None and last.state == RunState.DONE
        else "compute"
        if not published or (last is not None and last.state in UNDER_WAY)
        else "gap"
    )
    order = ["compute", "send", "answer", "gap", "done"]
    marks = {key: "did" if order.index(key) < order.index(now) else "now" if key == now else "" for key in order}
    if complete:
        marks["gap"] = marks["done"] = "did"
    return [
        (marks["compute"], _("Compute"), _("proven to be the best plan") if computed else _("who serves where")),
        (marks["send"], _("Ask the lawyers"), _("each lawyer gets their proposals")),
        (marks["answer"], _("Answers"), answers if counts[selectors.PROPOSED] else _("within three working days")),
        (
            marks["gap"],
            _("Fill the gaps"),
            called
            if counts[selectors.CALLED]
            else ngettext("%(n)s village open", "%(n)s villages open", open_now) % {"n": open_now}
            if open_now
            else _("none open"),
        ),
        (
            marks["done"],
            _("All filled"),
            _("%(served)s of %(total)s villages") % {"served": counts[selectors.SERVED], "total": view.total},
        ),
    ]


_STATUS = {
    selectors.SERVED: lambda: _("served"),
    selectors.PROPOSED: lambda: _("asked, waiting for the answer"),
    selectors.CALLED: lambda: _("volunteers sought"),
    selectors.VACANT: lambda: _("vacant"),
}


@require_safe
def contract_csv(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """Every village of the contract with its status and person."""
    found = visible_contract(request, pk)
    kind = kind_of(found)
    if kind == PostKind.TEAM:
        return team_pages.contract_csv(found)
    header = [
        _("code"),
        _("township or street"),
        post_column(kind),
        _("status"),
        _("lawyer"),
        _("since"),
        _("travel (minutes, one way)"),
    ]

    def rows() -> Any:
        for township in selectors.overview(found, whole=True).townships:
            town = localized(township.region, "name") if township.region else ""
            for village in township.villages:
                post, assignment = village.post, village.assignment
                person = post.adviser or (assignment.person if assignment else None)
                yield (
                    post.region_id,
                    town,
                    post_name(post),
                    _STATUS[village.status](),
                    localized(person, "display_name") if person else "",
                    post.adviser_since.isoformat() if post.adviser_since else "",
                    assignment.travel_minutes if assignment else "",
                )

    return csv_response(f"staffing-{found.pk}.csv", header, rows())


@require_POST
def compute(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a computation; the answer is the run's page, which shows its progress."""
    found = visible_contract(request, pk)
    require(rules.can_staff, request.user, found)
    of_team = kind_of(found) == PostKind.TEAM
    form: RunForm | TeamForm = TeamForm(request.POST, seats=seats_of([found])[pk]) if of_team else RunForm(request.POST)
    if not form.is_valid():
        context = {"contract": found, "form": form, "of_team": of_team}
        return render(request, "staffing/compute.html", context, status=422)
    wishes = {**form.cleaned_data, "radius_minutes": int(form.cleaned_data["radius_minutes"])}
    run = services.request_run(actor=me(request), contract=found, parameters=wishes, now=clock.now())
    return redirect("staffing:run", run.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def call(request: HttpRequest, pk: int) -> HttpResponse:
    """Call volunteers for what stays empty."""
    found = visible_contract(request, pk)
    require(rules.can_call_volunteers, request.user, found)
    gaps = calls.uncalled_gaps(found)
    form = CallForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        opened = calls.call_volunteers(
            actor=me(request), contract=found, shifts=form.shifts(), **form.where(), now=clock.now()
        )
        messages.success(
            request,
            ngettext(
                "The call for volunteers is open for %(n)s village.",
                "The calls for volunteers are open for %(n)s villages.",
                len(opened),
            )
            % {"n": len(opened)},
        )
        return redirect("staffing:contract", pk)
    status = 422 if request.method == "POST" else 200
    return render(request, "staffing/call.html", {"contract": found, "gaps": gaps, "form": form}, status=status)


# Runs


@require_safe
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """What was computed, the proof of it, and every village with its person and reason."""
    found = visible_run(request, pk)
    if found.shape == RunShape.TEAM:
        return team_pages.run_page(request, found)
    report, kind = selectors_runs.run_report(found), kind_of_run(found)
    by_village = kind == PostKind.VILLAGE
    context: dict[str, Any] = {
        "run": found,
        "contract": found.contract,
        "by_village": by_village,
        "report": report,
        "may_staff": rules.can_staff(request.user, found.contract),
        "running": found.state in UNDER_WAY,
    }
    if report is not None:
        # Keys alone are put in order: a province has tens of thousands of rows, each with its reasons.
        keys = selectors_runs.free_first(selectors_runs.plan_rows(found)).values_list("pk", flat=True)
        page = Paginator(keys, PAGE).get_page(request.GET.get("page"))
        rows: list[Assignment] = list(
            selectors_runs.free_first(selectors_runs.plan_rows(found).filter(pk__in=list(page)))
        )
        for row in rows:
            row.run = found
        unfilled = list(selectors_runs.unfilled_posts(found)[:PAGE])
        today = selectors.standing_today([each.post for each in unfilled])
        reasons = {each.because for each in unfilled}
        left = left_of(found.contract) if found.follows_id else {}
        changed = list(selectors_runs.changed_rows(found)[:PAGE]) if found.follows_id else []
        lost = list(selectors_runs.lost_posts(found)[:PAGE]) if found.follows_id else []
        context |= {
            "page": page,
            "rows": [(row, short_reason(row, kind)) for row in rows],
            "towns": selectors.region_names(
                [row.post.region for row in (*rows, *changed)] + [each.post.region for each in (*unfilled, *lost)]
            ),
            "changed": [(row, why_left(row.replaces, left) if row.replaces else "") for row in changed],
            "lost": [(row, why_left(row.replaces, left)) for row in lost if row.replaces],
            "fallen": selectors.fallen_since(found),
            "may_automate": rules.can_automate(request.user, found.contract),
            "oversees": by_village and rules.overseen_contracts(request.user).filter(pk=found.contract_id).exists(),
            "outcome": selectors_map.outcome(found) if found.state == RunState.PUBLISHED else None,
            "unfilled": [(row.post, short_emptiness(row, kind), today[row.post_id]) for row in unfilled],
            "one_reason": len(unfilled) > 1 and len(reasons) == 1 and report.empty <= PAGE,
            "may_call": by_village
            and any(each.status == selectors.VACANT for each in today.values())
            and _may_call(request, found.contract),
            "drawn": by_village and report.posts <= selectors_map.MOST_DRAWN,
        }
    return render(request, "staffing/run.html", context)


@require_safe
def run_map(request: HttpRequest, pk: int) -> JsonResponse:
    """The villages of a plan, for the map."""
    found = visible_run(request, pk)
    report = selectors_runs.run_report(found)
    if found.shape == RunShape.TEAM or report is None or report.posts > selectors_map.MOST_DRAWN:
        raise Http404
    return JsonResponse(selectors_map.run_map(found))


@require_safe
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The bar that polls; once the run has ended the page loads anew."""
    found = visible_run(request, pk)
    response = render(request, "staffing/_progress.html", {"run": found})
    if found.state not in UNDER_WAY:
        response["HX-Refresh"] = "true"
    return response


@require_safe
def plan_csv(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """The whole plan, with reasons; the empty villages after it."""
    found = visible_run(request, pk)
    if found.shape == RunShape.TEAM:
        return team_pages.plan_csv(found)
    kind = kind_of_run(found)
    header = [
        _("code"),
        post_column(kind),
        _("lawyer"),
        _("travel (minutes, one way)"),
        _("cost"),
        _("state"),
        _("why"),
    ]

    def rows() -> Any:
        for row in selectors_runs.plan_rows(found).iterator():
            row.run = found
            place, person = post_name(row.post), localized(row.person, "display_name")
            state, why = row.get_state_display(), short_reason(row, kind)
            yield (row.post.region_id, place, person, row.travel_minutes, row.cost, state, why)
        for each in selectors_runs.unfilled_posts(found).iterator():
            yield (each.post.region_id, post_name(each.post), "", "", "", _("vacant"), short_emptiness(each, kind))

    return csv_response(f"run-{found.pk}.csv", header, rows())


@require_safe
def empty(request: HttpRequest, pk: int, post_id: int) -> HttpResponse:
    """Why a village stayed empty in a run: who was near, and what stood in the way."""
    found = visible_run(request, pk)
    entry = (
        found.empty_posts.select_related("post__region", "post__adviser", "replaces__person")
        .filter(post=post_id)
        .first()
    )
    if entry is None or found.shape == RunShape.TEAM:
        return redirect("staffing:run", pk)
    names, kind = selectors_runs.names_in([entry.reason]), kind_of_run(found)
    context = {
        "run": found,
        "post": entry.post,
        "by_village": kind == PostKind.VILLAGE,
        "because": short_emptiness(entry, kind),
        "last": _last(entry),
        "today": selectors.standing_today([entry.post])[post_id],
        "may_call": kind == PostKind.VILLAGE and _may_call(request, found.contract),
        "may_staff": rules.can_staff(request.user, found.contract),
        "alternatives": alternative_lines(found, entry.reason, names, kind),
        "barred": barred_lines(entry.reason, names, kind),
    }
    return render(request, "staffing/empty.html", context)


def _last(entry: EmptyPost) -> Before | None:
    """Who left the post free that the run could not fill again."""
    earlier = entry.replaces
    return Before(earlier.person, why_left(earlier, left_of(entry.run.contract))) if earlier is not None else None


@require_http_methods(["GET", "HEAD", "POST"])
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the proposals, after a look at what will happen."""
    found = visible_run(request, pk)
    require(rules.can_staff, request.user, found.contract)
    if request.method != "POST" and found.state != RunState.DONE:
        return redirect("staffing:run", pk)
    automates = rules.can_automate(request.user, found.contract)
    kind = kind_of_run(found)
    form = PUBLISH_FORMS[kind](request.POST if request.method == "POST" else None) if automates else None
    if request.method == "POST" and (form is None or form.is_valid()):
        rounds = (form.cleaned_data["rounds"] or 0) if form is not None else 0
        services_proposals.publish_run(actor=me(request), run=found, now=clock.now(), rounds=rounds)
        messages.success(request, _("The proposals are sent. Answers show on the page of the contract as they come."))
        return redirect("staffing:contract", found.contract_id)
    context = {
        "run": found,
        "kind": kind,
        "form": form,
        "report": selectors_runs.run_report(found),
        "people": found.assignments.values("person").distinct().count(),
        "respond_by": services_proposals.answer_deadline(clock.now()),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "staffing/publish.html", context, status=status)


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    found = visible_run(request, pk)
    services.cancel_run(actor=me(request), run=found, now=clock.now())
    messages.info(request, _("The computation was cancelled. Nobody was asked."))
    return redirect(reverse("staffing:contract", args=[found.contract_id]))
