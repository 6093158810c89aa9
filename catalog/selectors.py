"""Reading the catalogue."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from marketplace.core.canonical import digest

from .models import ProductVersion
from .pages import ServicePage


def live_products() -> QuerySet[ServicePage]:
    """Published products in the order of their codes."""
    products: QuerySet[ServicePage] = (
        ServicePage.objects.live().public().prefetch_related("obligations").order_by("code")
    )
    return products


def altered_versions() -> list[ProductVersion]:
    """Frozen versions whose content no longer fits their digest: always empty unless somebody wrote past the trigger."""
    return [v for v in ProductVersion.objects.order_by("pk").iterator() if digest(v.content) != v.digest]


def search_products(query: str, limit: int) -> list[Any]:
    """Products whose title, code or summary, in either language, holds every word of ``query``."""
    wanted = Q()
    for word in query.split()[:8]:
        wanted &= (
            Q(title__icontains=word) | Q(title_en__icontains=word) | Q(code__iexact=word)
            | Q(summary__icontains=word) | Q(summary_en__icontains=word)
        )  # fmt: skip
    return list(live_products().filter(wanted)[:limit])
