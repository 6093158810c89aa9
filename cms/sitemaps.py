"""What search engines are told of: the public pages that last, and when each changed.

An address holds both languages (the reader's switch is a cookie), so there are no alternates to name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

from django.contrib.sitemaps import Sitemap
from django.db.models import Max, QuerySet
from django.urls import reverse
from wagtail.models import Page

from marketplace.procurement.models import Notice
from marketplace.procurement.selectors import public_tenders
from marketplace.regions.models import DivisionsImport, Level, Region
from volunteers.models import Opportunity
from volunteers.states import OpportunityState

#: Addresses in one file; the format allows 50,000.
ADDRESSES_A_FILE = 10_000


class Section(Sitemap, ABC):  # type: ignore[type-arg]  # No class to index at run time.
    """Rows whose newest change the database finds, without reading them all."""

    limit = ADDRESSES_A_FILE
    changed_at: ClassVar[str]

    @abstractmethod
    def rows(self) -> QuerySet[Any]:
        """The rows in an order that does not move when another one is added."""

    def items(self) -> QuerySet[Any]:
        return self.rows()

    def lastmod(self, item: Any) -> datetime | None:
        changed: datetime | None = getattr(item, self.changed_at)
        return changed

    def get_latest_lastmod(self) -> datetime | None:
        newest: datetime | None = self.rows().order_by().aggregate(newest=Max(self.changed_at))["newest"]
        return newest


class PagesSitemap(Section):
    """The front page, the catalogue, news, guides, law: all that editors published and everybody may read."""

    changed_at = "last_published_at"

    def rows(self) -> QuerySet[Any]:
        home = Page.objects.filter(sites_rooted_here__is_default_site=True).first()
        pages: QuerySet[Any] = Page.objects.live().public().order_by("pk")
        return pages.descendant_of(home, inclusive=True) if home else pages.none()  # type: ignore[attr-defined]

    def location(self, item: Any) -> str:
        _site, _root, path = item.get_url_parts()
        return str(path)


class TendersSitemap(Section):
    changed_at = "changed"

    def rows(self) -> QuerySet[Any]:
        return public_tenders().annotate(changed=Max("notices__published_at")).order_by("pk")

    def location(self, item: Any) -> str:
        return reverse("procurement:tender", args=[item.pk])


class NoticesSitemap(Section):
    """A published notice never changes."""

    changed_at = "published_at"

    def rows(self) -> QuerySet[Any]:
        return (
            Notice.objects.filter(tender__in=public_tenders().order_by().values("pk")).defer("content").order_by("pk")
        )

    def location(self, item: Any) -> str:
        return reverse("procurement:notice", args=[item.tender_id, item.pk])


class OpportunitiesSitemap(Section):
    """Calls for volunteers that are open."""

    changed_at = "created_at"

    def rows(self) -> QuerySet[Any]:
        return Opportunity.objects.filter(state=OpportunityState.OPEN).order_by("pk")

    def location(self, item: Any) -> str:
        return reverse("volunteers:opportunity", args=[item.pk])


class PlacesSitemap(Sitemap):  # type: ignore[type-arg]
    """Provinces, prefectures and counties; what lies below is a link away. They change when the register is loaded."""

    limit = ADDRESSES_A_FILE

    @cached_property
    def loaded_at(self) -> datetime | None:
        newest: datetime | None = DivisionsImport.objects.aggregate(newest=Max("imported_at"))["newest"]
        return newest

    def items(self) -> QuerySet[Region]:
        return Region.objects.filter(level__lte=Level.COUNTY).order_by("code")

    def location(self, item: Region) -> str:
        return reverse("regions:place", args=[item.code])

    def lastmod(self, item: Region) -> datetime | None:
        return self.loaded_at

    def get_latest_lastmod(self) -> datetime | None:
        return self.loaded_at


class ListsSitemap(Sitemap):  # type: ignore[type-arg]
    """Where the lists and tools of the rooms begin; what stands there changes by the hour."""

    names: ClassVar[Sequence[str]] = (
        "procurement:index",
        "contracts:list",
        "volunteers:find",
        "dashboards:nation",
        "regions:nation",
        "statutes:calendar",
        "statutes:count",
        "statutes:parameters",
        "incentives:policies",
    )
    changefreq = "daily"

    def items(self) -> list[str]:
        return list(self.names)

    def location(self, item: str) -> str:
        return reverse(item)


SECTIONS: dict[str, type[Sitemap[Any]] | Sitemap[Any]] = {
    "pages": PagesSitemap,
    "tenders": TendersSitemap,
    "notices": NoticesSitemap,
    "opportunities": OpportunitiesSitemap,
    "places": PlacesSitemap,
    "lists": ListsSitemap,
}
