"""Coverage from the nation to the village, and each person's own workspace."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from marketplace.accounts.access import SignedIn
from marketplace.accounts.models import Role
from marketplace.accounts.rules import memberships_of, roles_of
from marketplace.contracts.rules import can_rate
from marketplace.core import clock
from marketplace.core.access import public_page
from marketplace.core.exports import csv_response
from marketplace.core.i18n import localized
from marketplace.core.workspace import work_items
from marketplace.incentives.selectors import person_summary
from marketplace.regions.models import Level, Region
from marketplace.regions.selectors import path
from marketplace.timesheets.models import ServiceSession, SessionKind
from volunteers.selectors import near_and_free

from . import selectors
from .shortcuts import shortcuts_for
from .visits import next_visit_by, owed_on_site

VISITS_A_PAGE = 50


@public_page
@require_safe
def coverage(request: HttpRequest, code: int = 0) -> HttpResponse:
    """The nation (no code), a division, or a village: 我村的顾问是谁."""
    now = clock.now()
    region = get_object_or_404(Region, code=code) if code else None
    if region is not None and region.level == Level.VILLAGE:
        found = selectors.village(region, now)
        post, today = found.post, timezone.localdate(now)
        served = post if post is not None and post.adviser_id is not None else None
        owed = owed_on_site(found.obligations, today) if served is not None else []
        context = {
            "village": found,
            "path": path(region),
            "may_rate": post is not None and request.user.is_authenticated and can_rate(request.user, post),
            "comes": owed[0][0] if owed else None,
            "last_visit": next((v for v in found.visits if v.kind == SessionKind.ON_SITE), None),
            "next_visit_by": next_visit_by(served, found.obligations, today) if served is not None else None,
        }
        return render(request, "dashboards/village.html", context)
    shown = selectors.division(region, now)
    context = {
        "division": shown,
        # Where something is bought or served stands first: on a phone the rest is a long way down.
        "rows": sorted(shown.rows, key=lambda row: row.coverage.none == row.coverage.villages),
        "path": path(region) if region else [],
        "chart": selectors.chart_data(shown.rows, lambda r: localized(r, "name")),
    }
    return render(request, "dashboards/coverage.html", context)


@public_page
@require_safe
def visits(request: HttpRequest, code: int) -> HttpResponseBase:
    """Every visit that a village has confirmed, page by page or as a table."""
    region = get_object_or_404(Region, code=code, level=Level.VILLAGE)
    found = selectors.confirmed_visits(region)
    if request.GET.get("format") == "csv":
        header = (_("from"), _("until"), _("minutes"), _("kind"), _("who came"), _("people served"))
        rows = (
            (
                timezone.localtime(visit.period.lower).isoformat(timespec="minutes"),
                timezone.localtime(visit.period.upper).isoformat(timespec="minutes"),
                visit.decided_minutes,
                visit.get_kind_display(),
                localized(visit.person, "display_name"),
                visit.people_served,
            )
            for visit in found.iterator(chunk_size=1_000)
        )
        return csv_response(f"visits-{code}.csv", header, rows)
    page = Paginator(found, VISITS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "dashboards/visits.html", {"region": region, "page": page, "township": path(region)[-1]})


@public_page
@require_safe
def areas_csv(request: HttpRequest, code: int = 0) -> StreamingHttpResponse:
    """The areas directly below the nation (no code) or a division above townships: villages by status, share in percent."""
    region = get_object_or_404(Region, code=code) if code else None
    if region is not None and region.level >= Level.TOWNSHIP:
        raise Http404
    header = (
        _("code"), _("area"), _("villages"), _("adviser under contract"), _("served by volunteers"),
        _("bought, no adviser yet"), _("nothing bought yet"), _("share served (%)"), _("computed at"),
    )  # fmt: skip
    rows = (
        (
            row.region.code, localized(row.region, "name"), c.villages, c.contract, c.volunteer, c.vacant, c.none,
            f"{c.share * 100:.1f}",
            timezone.localtime(c.computed_at).isoformat(timespec="minutes") if c.computed_at else "",
        )
        for row in selectors.division(region, clock.now()).rows
        for c in (row.coverage,)
    )  # fmt: skip
    return csv_response(f"coverage-areas-{code or 'china'}.csv", header, rows)


@public_page
@require_safe
def villages_csv(request: HttpRequest, code: int) -> StreamingHttpResponse:
    """The villages of a county or township with status, adviser and firm."""
    region = get_object_or_404(Region, code=code)
    if region.level not in (Level.COUNTY, Level.TOWNSHIP):
        raise Http404
    rows = selectors.villages_with_status(region, clock.now())
    header = (_("code"), _("village"), _("status"), _("adviser"), _("firm"), _("contract"))
    return csv_response(
        f"coverage-{code}.csv",
        header,
        (
            (
                village.code,
                localized(village, "name"),
                status.label,
                localized(post.adviser, "display_name") if post and post.adviser else "",
                localized(post.contract.supplier, "name") if post else "",
                post.contract.number if post else "",
            )
            for village, status, post in rows
        ),
    )


def _organisations(request: SignedIn) -> str:
    """The organisations for which the person acts: three officers of three bureaus may have one name."""
    names = {m.organisation_id: localized(m.organisation, "name") for m in memberships_of(request.user)}
    return pgettext("between villages", ", ").join(names.values())


@require_safe
def workspace(request: SignedIn) -> HttpResponse:
    """What waits for the person, and the way to everything that the person's roles allow."""
    now = clock.now()
    items = work_items(request.user, now)
    roles = roles_of(request.user)
    serves = bool(
        roles & {Role.LAWYER}
        or hasattr(request.user, "volunteer")
        or hasattr(request.user, "practitioner")
        or ServiceSession.objects.filter(person=request.user.pk).exists()
    )
    today = timezone.localdate(now)
    volunteer = getattr(request.user, "volunteer", None)
    pressing = bool(items) and items[0].presses
    context = {
        "now": now,
        "organisations": _organisations(request),
        "first": items[0] if pressing else None,
        "items": items[1:] if pressing else items,
        "near": near_and_free(request.user, now)[:3] if volunteer is not None and volunteer.active else [],
        "volunteers": volunteer is not None,
        "shortcuts": shortcuts_for(request.user, serves=serves),
        "summary": person_summary(request.user, today.year, today=today) if serves else None,
        "has_target": Role.LAWYER in roles or hasattr(request.user, "practitioner"),
    }
    return render(request, "dashboards/workspace.html", context)
