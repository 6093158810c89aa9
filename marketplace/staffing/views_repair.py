"""Pages of repairs: ask for one, stop those that follow by themselves, what changed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from marketplace.core import clock
from marketplace.core.exports import csv_response
from marketplace.core.i18n import localized

from . import selectors_runs, services_repair
from .kinds import kind_of_run
from .leaving import left_of, why_left
from .reasons_in_words import post_column, post_name, short_emptiness
from .states import RunShape
from .teams import pages as team_pages
from .views import me, visible_run


@require_POST
def repair(request: HttpRequest, pk: int) -> HttpResponse:
    """Compute who serves what fell free; the answer is the run's page."""
    run = services_repair.request_repair(actor=me(request), run=visible_run(request, pk), now=clock.now())
    return redirect("staffing:run", run.pk)


@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    services_repair.stop_repairs(actor=me(request), run=visible_run(request, pk), now=clock.now())
    messages.info(request, _("Gaps are no longer filled automatically. You decide what happens next."))
    return redirect("staffing:run", pk)


@require_safe
def changes_csv(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """What a repair changed, village by village, and why."""
    found = visible_run(request, pk)
    if found.shape == RunShape.TEAM:
        return team_pages.changes_csv(found)
    left, kind = left_of(found.contract), kind_of_run(found)
    header = [_("code"), post_column(kind), _("change"), _("before"), _("why it became vacant"), _("now")]

    def rows() -> Any:
        for row in selectors_runs.changed_rows(found).iterator():
            earlier = row.replaces
            before = localized(earlier.person, "display_name") if earlier else ""
            change = _("newly filled") if earlier is None else _("moved")
            if earlier is not None and earlier.person_id == row.person_id:
                change = _("asked again")
            now = localized(row.person, "display_name")
            why = why_left(earlier, left) if earlier else ""
            yield (row.post.region_id, post_name(row.post), change, before, why, now)
        for each in selectors_runs.lost_posts(found).iterator():
            earlier = each.replaces
            if earlier is not None:
                before = localized(earlier.person, "display_name")
                why, now = why_left(earlier, left), short_emptiness(each, kind)
                yield (each.post.region_id, post_name(each.post), _("lost"), before, why, now)

    return csv_response(f"changes-{found.pk}.csv", header, rows())
