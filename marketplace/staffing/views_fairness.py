"""How fair a run is: for those who oversee it with names, for everybody in totals once the proposals were sent."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from marketplace.contracts.kinds import by_village
from marketplace.core.access import public_page
from marketplace.core.exports import csv_response

from . import rules, selectors_runs
from . import selectors_fairness as tables
from .models import AssignmentRun
from .states import RunShape, RunState


def _measured_run(request: HttpRequest, pk: int) -> tuple[AssignmentRun, bool]:
    """A finished run and whether names may be shown; 404 for whoever may not know of it."""
    runs = AssignmentRun.objects.select_related("contract__buyer", "contract__supplier")
    found = get_object_or_404(
        runs.filter(by_village("contract__")),
        pk=pk,
        state__in=[RunState.DONE, RunState.PUBLISHED],
        shape=RunShape.POSTS,
    )
    named = rules.overseen_contracts(request.user).filter(pk=found.contract_id).exists()
    if not named and found.state != RunState.PUBLISHED:
        raise Http404
    return found, named


@public_page
@require_safe
def fairness(request: HttpRequest, pk: int) -> HttpResponse:
    found, named = _measured_run(request, pk)
    context = {
        "run": found,
        "named": named,
        "report": selectors_runs.run_report(found),
        "sees_run": rules.can_see(request.user, found.contract),
    }
    if found.fairness:
        offered = tables.TABLES if named else tables.PUBLIC_TABLES
        context["gini"] = found.fairness["loads"]["gini"] / 1000
        context["tables"] = {name.replace("-", "_"): make(found) for name, make in offered.items()}
    return render(request, "staffing/fairness.html", context)


@public_page
@require_safe
def table_csv(request: HttpRequest, pk: int, table: str) -> StreamingHttpResponse:
    found, named = _measured_run(request, pk)
    make = (tables.TABLES if named else tables.PUBLIC_TABLES).get(table)
    if make is None or not found.fairness:
        raise Http404
    made = tables.places(found, all_townships=True) if table == "places" else make(found)
    return csv_response(f"{table}-{found.pk}.csv", made.header, made.rows)
