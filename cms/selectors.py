"""What the front page reads from the rooms below."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Case, QuerySet, TextChoices, When
from wagtail.models import Page

from marketplace.procurement.models import Tender
from marketplace.procurement.selectors import by_deadline, public_tenders, sizes_of, stage_of
from volunteers.selectors import open_calls

ON_THE_FRONT_PAGE = 5


def grouped(pages: Iterable[Page], field: str, choices: type[TextChoices]) -> list[tuple[str, list[Page]]]:
    """(label, pages) in the order of ``choices``; labels without a page are left out."""
    found: dict[str, list[Page]] = {}
    for page in pages:
        found.setdefault(getattr(page, field), []).append(page)
    return [(str(choice.label), found[choice.value]) for choice in choices if choice.value in found]


def by_audience(pages: QuerySet[Page], audiences: type[TextChoices]) -> QuerySet[Page]:
    """Guides in the order of their readers: villagers first."""
    rank = Case(*(When(audience=value, then=n) for n, value in enumerate(audiences.values)))
    return pages.order_by(rank, "path")


def home_sections(now: datetime) -> dict[str, Any]:
    """Tenders, those that close soonest first, with their size and whether they are open; calls for volunteers."""
    tenders: list[Tender] = list(by_deadline(public_tenders(), now)[:ON_THE_FRONT_PAGE])
    sizes = sizes_of(tenders)
    return {
        "tenders": [(tender, sizes[tender.pk], stage_of(tender, now) == "open") for tender in tenders],
        "calls": list(open_calls(now)[:ON_THE_FRONT_PAGE]),
    }
