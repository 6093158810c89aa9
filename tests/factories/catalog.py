"""Products of the catalogue, as editors would publish them."""

from __future__ import annotations

import json
from typing import Any

from wagtail.models import Locale, Page, Site

from catalog.management.commands.load_catalogue import DATA, INDEX
from catalog.models import ProductVersion
from catalog.pages import CatalogIndexPage, ServiceObligation, ServicePage
from catalog.services import freeze_version
from marketplace.core import clock


def make_index() -> CatalogIndexPage:
    index: CatalogIndexPage | None = CatalogIndexPage.objects.first()
    if index is None:
        site = Site.objects.filter(is_default_site=True).select_related("root_page").first()
        root = site.root_page if site else Page.get_first_root_node() or _a_root()
        index = CatalogIndexPage(slug="catalogue", **INDEX)
        root.add_child(instance=index)
    return index


def _a_root() -> Page:
    """The root of all pages, which a test that commits leaves emptied for the next."""
    Locale.objects.get_or_create(language_code="zh-hans")
    return Page.add_root(instance=Page(title="Root", slug="root"))


def make_product(code: str = "PLS-01", **changes: Any) -> ServicePage:
    """The product ``code`` of the first catalogue, published, with its obligations."""
    known: ServicePage | None = ServicePage.objects.filter(code=code).first()
    if known is not None and not changes:
        return known
    item = next(i for i in json.loads(DATA.read_text(encoding="utf-8")) if i["code"] == code)
    lines = item.pop("obligations")
    page = ServicePage(**{**item, **changes})
    page.obligations = [ServiceObligation(sort_order=n, **line) for n, line in enumerate(lines)]
    make_index().add_child(instance=page)
    return page


def make_version(code: str = "PLS-01", **changes: Any) -> ProductVersion:
    return freeze_version(page=make_product(code, **changes), actor=None, now=clock.now())
