"""Put the guides, the law in plain words and the news section on the site. What editors have changed since is left alone."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from cms.content_files import PageFile, section
from cms.models import (
    BilingualPage,
    GuideIndexPage,
    GuidePage,
    HomePage,
    LawIndexPage,
    LawKnowledgePage,
    NewsIndexPage,
)

SECTIONS: tuple[tuple[str, type[BilingualPage], type[BilingualPage] | None], ...] = (
    ("guide", GuideIndexPage, GuidePage),
    ("law", LawIndexPage, LawKnowledgePage),
    ("news", NewsIndexPage, None),
)


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--county", type=int, help="the county whose coverage the front page shows, if none is chosen yet"
        )

    @transaction.atomic
    def handle(self, *args: Any, county: int | None = None, **options: Any) -> None:
        home = HomePage.objects.get()
        if county is not None and home.county_id is None:
            HomePage.objects.filter(pk=home.pk).update(county_id=county)
        created = 0
        for slug, index_model, page_model in SECTIONS:
            index_file, files = section(slug)
            index = index_model.objects.first()
            if index is None:
                index = home.add_child(instance=index_model(slug=slug, show_in_menus=True, **_heading(index_file)))
                created += 1
            present = set(index.get_children().values_list("slug", flat=True))
            for file in files:
                if page_model is None or file.slug in present:
                    continue
                body = {"body": json.dumps(file.chinese.body), "body_en": json.dumps(file.english.body)}
                index.add_child(instance=page_model(slug=file.slug, **_heading(file), **file.facts, **body))
                created += 1
        self.stdout.write(f"pages: {created} added")


def _heading(file: PageFile) -> dict[str, str]:
    return {
        "title": file.chinese.title,
        "title_en": file.english.title,
        "summary": file.chinese.summary,
        "summary_en": file.english.summary,
    }
