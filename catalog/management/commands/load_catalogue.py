"""Put the nine products of the first catalogue on the site. What editors have changed since is left alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from wagtail.models import Site

from catalog.pages import CatalogIndexPage, ServiceObligation, ServicePage
from catalog.workflow import install_review

DATA = Path(__file__).resolve().parents[2] / "data" / "products.json"

INDEX = {
    "title": "服务目录",
    "title_en": "Catalogue of services",
    "intro": "政府可以向社会购买的公共法律服务。每一项都写明做什么、做多少、多久一次、凭什么算做到。",
    "intro_en": (
        "Public legal services that a government may buy. Each says what is done, how much, how often,"
        " and what proves it."
    ),
}


class Command(BaseCommand):
    help = __doc__

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        site = Site.objects.select_related("root_page").get(is_default_site=True)
        index = CatalogIndexPage.objects.first()
        if index is None:
            index = site.root_page.add_child(instance=CatalogIndexPage(slug="catalogue", show_in_menus=True, **INDEX))
            index.save_revision().publish()
        install_review(index)
        created = 0
        for item in json.loads(DATA.read_text(encoding="utf-8")):
            if ServicePage.objects.filter(code=item["code"]).exists():
                continue
            lines = item.pop("obligations")
            page = ServicePage(show_in_menus=False, **item)
            page.obligations = [ServiceObligation(sort_order=n, **line) for n, line in enumerate(lines)]
            index.add_child(instance=page)
            page.save_revision().publish()
            created += 1
        self.stdout.write(f"catalogue: {created} products added, {ServicePage.objects.count()} in all")
