"""Open calls in the one search box."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.core import clock
from marketplace.core.i18n import localized
from marketplace.core.search import SearchHit

from .selectors import near


def call_hits(query: str, user: Any, limit: int) -> Iterator[SearchHit]:
    for row in near(None, clock.now(), query=query)[:limit]:
        call = row.opportunity
        yield SearchHit(
            localized(call, "title"),
            reverse("volunteers:opportunity", args=[call.pk]),
            _("Volunteering"),
            localized(call.region, "name"),
        )
