"""The record on pages: seals for everybody, trails for whom they concern, the search for supervisors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.core.paginator import Paginator
from django.db.models import Max, Sum
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from marketplace.core.access import public_page
from marketplace.core.exports import csv_response
from marketplace.core.i18n import localized

from . import labels, selectors, verify_export
from .forms import SearchForm
from .models import Event, Seal
from .sealing import iso

PAGE_SIZE = 25
#: A table that a spreadsheet still opens; narrower filters give the rest.
CSV_ROWS = 50_000


@public_page
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The chain of seals: what anybody may note down, and compare later."""
    number = request.GET.get("number", "")
    seals = Seal.objects.order_by("-number")
    if number.isascii() and number.isdigit() and len(number) < 18:
        seals = seals.filter(number=int(number))
    page = Paginator(seals, PAGE_SIZE).get_page(request.GET.get("page"))
    totals = Seal.objects.aggregate(events=Sum("event_count"), last=Max("number"), sealed_at=Max("sealed_at"))
    return render(
        request,
        "audit/index.html",
        {
            "page": page,
            "number": number,
            "totals": totals,
            "may_search": selectors.supervised(request.user) is not None,
        },
    )


@public_page
@require_safe
def seals_csv(request: HttpRequest) -> StreamingHttpResponse:
    rows = (
        (s.number, s.digest, s.previous_digest, s.event_count, iso(s.sealed_at))
        for s in Seal.objects.order_by("number").iterator(chunk_size=2_000)
    )
    return csv_response("seals.csv", ["number", "digest", "previous_digest", "event_count", "sealed_at"], rows)


@public_page
@require_safe
def verifier(request: HttpRequest) -> FileResponse:
    """The stand-alone script that checks an export."""
    return FileResponse(
        Path(verify_export.__file__).open("rb"),
        as_attachment=True,
        filename="verify_export.py",
        content_type="text/x-python; charset=utf-8",
    )


@require_safe
def trail(request: HttpRequest, subject_type: str, subject_id: str) -> HttpResponse:
    events = selectors.readable_trail(request.user, subject_type, subject_id).order_by("-occurred_at", "-id")
    page = Paginator(events, PAGE_SIZE).get_page(request.GET.get("page"))
    if not page.paginator.count:
        raise Http404
    kind = capfirst(labels.subject_label(subject_type))
    name = labels.subject_names(page.object_list[:1]).get((subject_type, subject_id), "")
    return render(
        request,
        "audit/trail.html",
        {
            "page": page,
            "names": labels.names_of(page.object_list),
            # A key, a shift and a person may have one name: the kind tells them apart.
            "name": name and f"{kind}\N{NO-BREAK SPACE}· {name}",
            "here": f"{kind} {subject_id}",
            "page_url": selectors.page_of(request.user, subject_type, subject_id),
            "whole": selectors.may_read_trail(request.user, subject_type, subject_id) or request.user.is_superuser,
        },
    )


@require_safe
def search(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    if selectors.supervised(request.user) is None:
        raise Http404
    form = SearchForm(request.GET or None)
    criteria = form.cleaned_data if form.is_bound and form.is_valid() else {}
    events = selectors.search(request.user, **criteria)
    if request.GET.get("format") == "csv":
        return _as_table(events[:CSV_ROWS].iterator(chunk_size=2_000))
    page = Paginator(events, PAGE_SIZE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    query["format"] = "csv"
    return render(
        request,
        "audit/search.html",
        {
            "form": form,
            "page": page,
            "names": labels.names_of(page.object_list),
            "subjects": labels.subject_names(page.object_list),
            "csv_url": f"?{query.urlencode()}",
        },
    )


def _as_table(events: Iterator[Event]) -> StreamingHttpResponse:
    china = timezone.get_current_timezone()
    header = [
        _("Number"),
        _("Happened"),
        pgettext("who", "Person"),
        _("Action"),
        _("Kind of object"),
        _("Object"),
        _("Reason"),
        _("Seal"),
    ]
    rows = (
        (
            event.pk,
            event.occurred_at.astimezone(china).isoformat(timespec="seconds"),
            localized(event.actor, "display_name") if event.actor else "",
            labels.action_label(event.action),
            labels.subject_label(event.subject_type),
            event.subject_id,
            labels.reason_of(event),
            event.sealed.seal_id if hasattr(event, "sealed") else "",
        )
        for event in events
    )
    return csv_response("audit.csv", header, rows)
