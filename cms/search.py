"""Guides, law and news in the one search box."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Q

from marketplace.core.i18n import localized
from marketplace.core.search import SearchHit

from .models import ArticlePage, GuidePage, LawKnowledgePage, NewsPage

KINDS: tuple[type[ArticlePage], ...] = (GuidePage, LawKnowledgePage, NewsPage)


def page_hits(query: str, user: Any, limit: int) -> Iterator[SearchHit]:
    """Pages whose title or summary, in either language, holds every word of ``query``; in their text it is not looked for."""
    wanted = Q()
    for word in query.split()[:8]:
        wanted &= (
            Q(title__icontains=word)
            | Q(title_en__icontains=word)
            | Q(summary__icontains=word)
            | Q(summary_en__icontains=word)
        )
    left = limit
    for model in KINDS:
        for page in model.objects.live().public().filter(wanted).order_by("path")[: max(left, 0)]:
            left -= 1
            yield SearchHit(
                localized(page, "title"), page.url, model._meta.verbose_name_plural, localized(page, "summary")
            )
