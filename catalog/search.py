"""The catalogue's answers to the one search box."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from marketplace.core.i18n import localized
from marketplace.core.search import SearchHit

from .selectors import search_products


def catalogue_hits(query: str, user: Any, limit: int) -> Iterator[SearchHit]:
    for page in search_products(query, limit):
        yield SearchHit(localized(page, "title"), page.get_url() or "/", _("Catalogue"), localized(page, "summary"))
