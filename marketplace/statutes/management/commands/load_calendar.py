from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from marketplace.statutes import selectors
from marketplace.statutes.loading import load_calendar, load_parameters
from marketplace.statutes.models import CalendarYear


class Command(BaseCommand):
    help = "Load the working-day calendar and the numbers of the law. Running it again keeps what staff edited."

    def handle(self, *args: Any, **options: Any) -> None:
        for what, loaded in (("days", load_calendar()), ("rules and values", load_parameters())):
            self.stdout.write(
                f"{what}: {loaded.added:,} new, {loaded.changed:,} changed, {loaded.kept:,} kept as staff entered them"
            )
        last = CalendarYear.objects.order_by("-year").values_list("year", flat=True).first()
        self.stdout.write(self.style.SUCCESS(f"announced to {selectors.last_announced_year()}, provisional to {last}"))
