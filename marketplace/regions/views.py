"""Browsing the country from nation to village, and proposals for forms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_GET, require_http_methods

from marketplace.core import clock
from marketplace.core.access import public_page
from marketplace.core.exports import csv_response
from marketplace.core.i18n import localized
from marketplace.regions import codes, forms, rules, search, selectors, services
from marketplace.regions.errors import PlaceOutsideChina
from marketplace.regions.models import DivisionsImport, Level, LocationSource, Region, RegionQuerySet

#: the 31 provinces and most prefectures' counties fit on one page
PAGE_SIZE = 40
PROPOSALS = 12


_LEVELS = {
    1: _lazy("Provinces, autonomous regions and municipalities"),
    2: _lazy("Prefectures and cities"),
    3: _lazy("Counties and districts"),
    4: _lazy("Townships and subdistricts"),
    5: _lazy("Villages and communities"),
}


class _CountedPaginator(Paginator[Region]):
    """A paginator whose number of rows is already known: nothing is counted again."""

    def __init__(self, rows: RegionQuerySet, size: int, known: int) -> None:
        super().__init__(rows, size)
        self.known = known

    @property
    def count(self) -> int:
        return self.known


@public_page
@require_GET
def nation(request: HttpRequest) -> HttpResponse:
    return _page(request, None)


@public_page
@require_GET
def place(request: HttpRequest, code: int) -> HttpResponse:
    return _page(request, get_object_or_404(Region, code=code))


def _page(request: HttpRequest, region: Region | None) -> HttpResponse:
    code = region.code if region else codes.NATION
    text = request.GET.get("q", "").strip()[:60]
    context: dict[str, Any] = {"region": region, "code": code, "q": text}
    if text:
        found = search.search_regions(text, under=code or None, limit=PAGE_SIZE)
        if len(found) == 1:
            return redirect("regions:place", found[0].code)
        above = selectors.paths(found)
        context["found"] = [(hit, search.path_words(above[hit.code])) for hit in found]
        context["path"] = selectors.path(region) if region else []
        return render(request, "regions/found.html", context)
    counts = selectors.counts_by_level(code) if region is None or region.level < Level.VILLAGE else {}
    rows, known = _listed(region, counts)
    children = _CountedPaginator(rows, PAGE_SIZE, known).get_page(request.GET.get("page"))
    path = selectors.path(region) if region else []
    level = _level_of(children)
    context |= {
        "children": children,
        "children_level": level,
        "children_title": _LEVELS.get(level, ""),
        "counts": [(_LEVELS[level], count) for level, count in counts.items()],
        "speed": selectors.county_speeds([code]).get(code) if region and region.county_code == code else None,
        "degrees": _degrees(region),
        "path": path,
        "travel": _travel_from_county(region, path),
        "may_edit": region is not None and rules.can_edit(request.user),
        "source": DivisionsImport.objects.filter(under=None).first() if region is None else None,
    }
    return render(request, "regions/place.html", context)


def _listed(region: Region | None, counts: dict[int, int]) -> tuple[RegionQuerySet, int]:
    """The divisions to list and their number, which is known without counting."""
    if region is None:
        return selectors.children(codes.NATION), counts.get(Level.PROVINCE, 0)
    rows, counties = selectors.listed_below(region)
    return rows, counts.get(Level.COUNTY, 0) if counties else region.child_count


def _degrees(region: Region | None) -> dict[str, str] | None:
    """Longitude and latitude in words, with no more decimals than are known; None where no position is."""
    if region is None or region.longitude is None or region.latitude is None:
        return None
    east, north = (f"{degrees:.4f}".rstrip("0").rstrip(".") for degrees in (region.longitude, region.latitude))
    return {"east": _("%(degrees)s° E") % {"degrees": east}, "north": _("%(degrees)s° N") % {"degrees": north}}


def _travel_from_county(region: Region | None, path: list[Region]) -> int | None:
    county = next((above for above in path if above.level == Level.COUNTY), None)
    if region is None or region.level != Level.VILLAGE or county is None:
        return None
    minutes = selectors.travel_minutes_between(county, region)
    return None if minutes is None else round(minutes)


def _level_of(children: Page[Region]) -> int:
    rows = children.object_list
    return rows[0].level if rows else 0


@public_page
@require_GET
def table(request: HttpRequest, code: int) -> HttpResponseBase:
    """Everything that the page of a division lists below it as a file (0 is the nation)."""
    region = get_object_or_404(Region, code=code) if code != codes.NATION else None
    below = selectors.listed_below(region)[0] if region is not None else selectors.children(code)
    header = [
        _("Code"), _("Level"), _("Name"), _("Full name"), _("Romanised name"), _("English name"), _("Longitude"),
        _("Latitude"), _("Source of the place"), _("Development tier"), _("Divisions directly below"),
        _("Villages and communities"),
    ]  # fmt: skip

    def rows() -> Iterator[list[Any]]:
        for row in below.iterator(chunk_size=2000):
            yield [
                row.code, row.get_level_display(), row.name, row.official_name, row.pinyin, row.name_en, row.longitude,
                row.latitude, row.get_location_source_display(), row.get_tier_display(), row.child_count,
                row.village_count,
            ]  # fmt: skip

    return csv_response(f"places-{code}.csv", header, rows())


@public_page
@require_GET
def suggest(request: HttpRequest) -> HttpResponse:
    """Proposals for a place input: JSON, or options of a datalist for htmx (`field` names the input that asks)."""
    return propose_places(request)


def propose_places(request: HttpRequest, among: Q | None = None) -> HttpResponse:
    """The answer to a place input whose choice `RegionField.limit_to` narrows by `among`. Who may ask is asked before."""
    text = request.GET.get("q") or request.GET.get(request.GET.get("field", ""), "")
    levels = tuple(int(n) for n in request.GET.get("levels", "").split(",") if n in {"1", "2", "3", "4", "5"})
    under = request.GET.get("under", "")
    found = search.search_regions(
        text[:60],
        levels=levels or (1, 2, 3, 4, 5),
        under=int(under) if under.isascii() and under.isdecimal() and len(under) == 12 else None,
        among=among,
        limit=PROPOSALS,
    )
    above = selectors.paths(found)
    proposals = [
        {
            "code": region.code,
            "name": localized(region, "name"),
            "level": region.level,
            "path": search.path_words(above[region.code]),
            "value": forms.proposal(region),
        }
        for region in found
    ]
    if request.headers.get("HX-Request") == "true":
        options = [(each["value"], each["path"]) for each in proposals]
        return render(request, "core/_proposals.html", {"options": options})
    return JsonResponse({"results": proposals})


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, code: int) -> HttpResponse:
    """Staff: where it is, and for a county its tier and speed."""
    region = get_object_or_404(Region, code=code)
    if not rules.can_edit(request.user):
        raise Http404
    is_county = region.county_code == region.code
    which = request.POST.get("form", "")
    setting = getattr(region, "setting", None) if is_county else None
    location = forms.LocationForm(
        request.POST if which == "location" else None,
        initial={"longitude": region.longitude, "latitude": region.latitude},
    )
    county = forms.CountyForm(request.POST if which == "county" else None, instance=setting) if is_county else None
    if which == "location" and location.is_valid():
        try:
            services.correct_location(actor=request.user, code=code, now=clock.now(), **location.cleaned_data)
        except PlaceOutsideChina as error:
            location.add_error(error.field, str(error))
        else:
            messages.success(request, _("The place is corrected; an import will not change it."))
            return redirect("regions:place", code)
    if which == "county" and county is not None and county.is_valid():
        services.set_county_tier(actor=request.user, code=code, now=clock.now(), **county.cleaned_data)
        messages.success(request, _("The county's setting is saved and applies to everything in it."))
        return redirect("regions:place", code)
    context = {
        "region": region,
        "path": selectors.path(region),
        "location": location,
        "county": county,
        "back": reverse("regions:place", args=[code]),
        "corrected": region.location_source == LocationSource.CORRECTED,
    }
    return render(request, "regions/edit.html", context)
