"""The pages that belong to no other room: search, reading preferences, the pattern page."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import views as sitemaps
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import cache_control, cache_page
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe
from django.views.i18n import set_language

from marketplace.core.access import public_page
from marketplace.core.search import SearchHit, search
from marketplace.regions.search import similar_hits

from .samples import pattern_context
from .sitemaps import SECTIONS

_YEAR = 365 * 24 * 3600
HITS_A_KIND = 10
#: Crawlers come often and may hear of a page an hour late.
SITEMAP_SECONDS = 3600


# Exempt, so that public pages carry no token of one visitor and can be cached for all; only a taste is stored.
@csrf_exempt
@public_page
@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Language or large text, kept in a cookie; back to the page the reader was on."""
    if "language" in request.POST:
        return set_language(request)
    address = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure()):
        address = "/"
    response = HttpResponseRedirect(address)
    if request.POST.get("elder") == "1":
        response.set_cookie("elder", "1", max_age=_YEAR, samesite="Lax", secure=settings.LANGUAGE_COOKIE_SECURE)
    else:
        response.delete_cookie("elder", samesite="Lax")
    return response


@public_page
@require_safe
def search_page(request: HttpRequest) -> HttpResponse:
    """What every room found, grouped by kind in the order the rooms answered."""
    query = request.GET.get("q", "").strip()[:100]
    groups: dict[str, list[SearchHit]] = {}
    for hit in search(query, request.user, limit=HITS_A_KIND):
        groups.setdefault(str(hit.kind), []).append(hit)
    # A slip in the name of a village is what a villager stumbles over.
    similar = similar_hits(query, HITS_A_KIND) if query and not groups else []
    return render(request, "cms/search.html", {"query": query, "groups": groups, "similar": similar})


@public_page
@require_safe
def patterns(request: HttpRequest) -> HttpResponse:
    """Every component in every state: what screenshots are compared with."""
    return render(request, "cms/patterns.html", pattern_context(request))


@public_page
@require_safe
@cache_control(max_age=86400)
def robots(request: HttpRequest) -> HttpResponse:
    """Public pages may be indexed; where a person works, or where any search would be an address, may not."""
    closed = ("/account/", "/admin/", "/cms-admin/", "/workspace/", "/search/", "/patterns/")
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed)]
    if urlsplit(settings.SITE_URL).scheme == "https":
        lines.append(f"Sitemap: {settings.SITE_URL}/sitemap.xml")
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@public_page
@require_safe
@cache_page(SITEMAP_SECONDS, key_prefix="sitemap")
def sitemap_index(request: HttpRequest) -> HttpResponse:
    """The sections of the site, with the newest change of each."""
    return sitemaps.index(request, SECTIONS, sitemap_url_name="cms:sitemap_section").render()


@public_page
@require_safe
@cache_page(SITEMAP_SECONDS, key_prefix="sitemap")
def sitemap_section(request: HttpRequest, section: str) -> HttpResponse:
    """The addresses of one section; ``?p=2`` is its second file."""
    return sitemaps.sitemap(request, SECTIONS, section=section).render()
