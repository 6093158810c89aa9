"""Frozen versions; the catalogue's living pages are served by Wagtail."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from marketplace.accounts.models import CredentialKind
from marketplace.core.access import public_page
from marketplace.core.canonical import canonical_json

from .models import ProductVersion
from .pages import ServiceCategory


@public_page
@require_safe
def version(request: HttpRequest, pk: int) -> HttpResponse:
    """One frozen version; ``?format=json`` gives the very bytes whose SHA-256 is the digest."""
    found = get_object_or_404(ProductVersion.objects.select_related("page"), pk=pk)
    if request.GET.get("format") == "json":
        response = HttpResponse(canonical_json(found.content), content_type="application/json")
        response["Content-Disposition"] = f'attachment; filename="product-version-{pk}.json"'
        return response
    english = (get_language() or "").startswith("en")

    def own(line: dict[str, Any], name: str) -> str:
        return (line.get(f"{name}_en") if english else "") or line[name]

    content = found.content
    context = {
        "version": found,
        "page": found.page,
        "page_url": found.page.get_url(request),
        "index_url": found.page.get_parent().get_url(request),
        "texts": {name: own(content, name) for name in ("summary", "body", "basis", "unit")},
        "category": dict(ServiceCategory.choices).get(content["category"], content["category"]),
        "credential": dict(CredentialKind.choices).get(content["required_credential"], ""),
        "posts": content["posts_per_unit"],
        "lines": [(line, own(line, "title"), own(line, "evidence")) for line in content["obligations"]],
    }
    return render(request, "catalog/version.html", context)
