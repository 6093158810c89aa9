"""Buying's answers to the one search box: what is public, and what the asking person's own bureau prepares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.core.i18n import localized
from marketplace.core.search import SearchHit

from . import selectors


def procurement_hits(query: str, user: Any, limit: int) -> Iterator[SearchHit]:
    found = selectors.search(selectors.visible_to(user), query).select_related("organisation")
    for tender in found.order_by("-created_at", "-pk")[:limit]:
        yield SearchHit(
            localized(tender, "title"),
            reverse("procurement:tender", args=[tender.pk]),
            _("Procurement"),
            f"{tender.reference} · {localized(tender.organisation, 'name')} · {tender.get_state_display()}",
        )
