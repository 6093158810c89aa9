"""What would be if: scenarios beside a run, side by side, on a map and as files."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.contracts.kinds import by_village
from marketplace.core import clock
from marketplace.core.errors import DomainError
from marketplace.core.exports import csv_response

from . import rules, selectors_runs, services_scenarios
from . import selectors_scenarios as reads
from .forms_scenarios import ScenarioForm
from .models import AssignmentRun, Scenario, without_documents
from .selectors_map import EMPTY, LOST, SERVED
from .states import RunShape, RunState, ScenarioState
from .views import me

UNDER_WAY = (ScenarioState.QUEUED, ScenarioState.RUNNING)
#: villages that gain or lose an adviser on the page; the file has all
MOST_LISTED = 100


def _run(request: HttpRequest, pk: int) -> AssignmentRun:
    """A finished run, or 404 for whoever does not oversee it: what the buyer considers is not the supplier's."""
    runs = AssignmentRun.objects.select_related("contract__buyer", "contract__supplier")
    return get_object_or_404(
        runs.filter(by_village("contract__")),
        pk=pk,
        contract__in=rules.overseen_contracts(request.user),
        state__in=[RunState.DONE, RunState.PUBLISHED],
        shape=RunShape.POSTS,
    )


def _scenario(request: HttpRequest, pk: int) -> Scenario:
    rows = (
        Scenario.objects.select_related("run__contract__buyer", "requested_by")
        .defer("plan", *without_documents("run"))
        .filter(run__contract__in=rules.overseen_contracts(request.user))
    )
    return get_object_or_404(rows, pk=pk)


def _scenarios(run: AssignmentRun) -> QuerySet[Scenario]:
    return run.scenarios.select_related("requested_by").defer("plan")


def _compared(request: HttpRequest, scenarios: list[Scenario]) -> list[Scenario]:
    """The finished scenarios to set side by side: those asked for, else the latest."""
    done = [s for s in scenarios if s.state == ScenarioState.DONE]
    asked = {int(key) for key in request.GET.getlist("with") if key.isdecimal()}
    return ([s for s in done if s.pk in asked] or done)[-reads.MOST_COMPARED :]


@require_http_methods(["GET", "HEAD", "POST"])
def what_if(request: HttpRequest, pk: int) -> HttpResponse:
    """Make scenarios, and compare them with the plan."""
    run = _run(request, pk)
    may_plan = rules.can_plan(request.user, run.contract)
    form = ScenarioForm(request.POST or None, run=run) if may_plan else None
    if request.method == "POST" and (form is None or (form.is_valid() and _asked(request, run, form))):
        if form is None:
            # Says no, as the service does.
            services_scenarios.request_scenario(actor=me(request), run=run, name="", changes=[], now=clock.now())
        return redirect("staffing:what_if", pk)
    scenarios = list(_scenarios(run))
    people, regions = reads.people_in(scenarios), reads.regions_in(scenarios)
    compared = _compared(request, scenarios)
    worth = reads.worth(run)
    context = {
        "run": run,
        "report": selectors_runs.run_report(run),
        "form": form,
        "may_plan": may_plan,
        "scenarios": [(s, reads.change_words(s, people, regions)) for s in scenarios],
        "running": any(s.state in UNDER_WAY for s in scenarios),
        "columns": [reads.base_column(run), *(reads.scenario_column(run, s) for s in compared)],
        "compared": {s.pk for s in compared},
        "worth": [line for line in worth if not line.fills],
        "filling": [line.person for line in worth if line.fills],
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "staffing/what_if.html", context, status=status)


def _asked(request: HttpRequest, run: AssignmentRun, form: ScenarioForm) -> bool:
    """Ask for the scenario; a refusal stands in the form."""
    try:
        services_scenarios.request_scenario(
            actor=me(request), run=run, name=form.cleaned_data["name"], changes=form.changes(), now=clock.now()
        )
    except DomainError as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return False
    return True


@require_safe
def what_if_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The bars that poll; once nothing is under way the page loads anew."""
    run = _run(request, pk)
    under_way = list(_scenarios(run).filter(state__in=UNDER_WAY))
    response = render(request, "staffing/_scenarios_progress.html", {"run": run, "under_way": under_way})
    if not under_way:
        response["HX-Refresh"] = "true"
    return response


@require_safe
def what_if_csv(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """Every finished scenario beside the plan."""
    run = _run(request, pk)
    done = list(_scenarios(run).filter(state=ScenarioState.DONE))
    people, regions = reads.people_in(done), reads.regions_in(done)
    columns = [reads.base_column(run), *(reads.scenario_column(run, s) for s in done)]
    header = [
        _("scenario"), _("changes"), _("Villages"), _("Served"), _("Median journey (min)"), _("Longest (min)"),
        _("Lawyers who serve"), _("Most villages for one lawyer, existing ones included"),
        _("Gini coefficient of workload, existing villages included"),
        _("Cost of the plan (min)"),
        _("Villages that gain an adviser"), _("Villages that lose theirs"), _("Villages with a different adviser"),
        _("Minutes of travel covered by the subsidy"),
    ]  # fmt: skip

    def rows() -> Any:
        for c in columns:
            said = "; ".join(reads.change_words(c.scenario, people, regions)) if c.scenario else ""
            yield (
                c.name, said, c.posts, c.filled, c.median, c.longest, c.used, c.most, c.gini, c.cost_minutes, c.gained,
                c.lost, c.moved, c.paid_minutes,
            )  # fmt: skip

    return csv_response(f"what-if-{run.pk}.csv", header, rows())


@require_safe
def scenario(request: HttpRequest, pk: int) -> HttpResponse:
    """One scenario beside the plan: figures, map, who gains and who loses."""
    found = _scenario(request, pk)
    if found.state != ScenarioState.DONE:
        return redirect("staffing:what_if", found.run_id)
    lines = reads.village_lines(found)
    gained = [line for line in lines if line.status == reads.GAINED]
    lost = [line for line in lines if line.status == LOST]
    context = {
        "scenario": found,
        "run": found.run,
        "may_plan": rules.can_plan(request.user, found.run.contract),
        "changes": reads.change_words(found, reads.people_in([found]), reads.regions_in([found])),
        "base": reads.base_column(found.run),
        "column": reads.scenario_column(found.run, found),
        "gained": reads.named_lines(found, gained[:MOST_LISTED]),
        "lost": reads.named_lines(found, lost[:MOST_LISTED]),
        "areas": reads.area_lines(lines),
    }
    return render(request, "staffing/scenario.html", context)


@require_safe
def scenario_map(request: HttpRequest, pk: int) -> JsonResponse:
    found = _scenario(request, pk)
    return JsonResponse(reads.map_document(found))


@require_safe
def scenario_csv(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """Every village in the plan and in the scenario."""
    found = _scenario(request, pk)
    said = {
        SERVED: _("served"),
        reads.GAINED: _("newly served"),
        LOST: _("lost"),
        EMPTY: _("still vacant"),
    }
    header = [
        _("code"), _("village"), _("status"), _("lawyer in the plan"), _("minutes in the plan"),
        _("lawyer in the scenario"), _("minutes in the scenario"),
    ]  # fmt: skip
    rows = (
        (
            line.code,
            line.village,
            said[line.status],
            *(line.before or ("", "")),
            *(line.after or ("", "")),
        )
        for line in reads.named_lines(found, reads.village_lines(found))
    )
    return csv_response(f"scenario-{found.pk}.csv", header, rows)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a scenario, after a question."""
    found = _scenario(request, pk)
    if request.method == "POST":
        services_scenarios.delete_scenario(actor=me(request), scenario=found, now=clock.now())
        messages.info(request, _("The scenario is deleted."))
        return redirect(reverse("staffing:what_if", args=[found.run_id]))
    if not rules.can_plan(request.user, found.run.contract):
        return redirect("staffing:what_if", found.run_id)
    return render(request, "staffing/scenario_delete.html", {"scenario": found, "run": found.run})
