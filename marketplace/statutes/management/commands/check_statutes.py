from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.models import Count

from marketplace.core import clock
from marketplace.statutes import selectors, services
from marketplace.statutes.models import CalendarYear, StatutoryRule

#: 7 working days and so on, computed by hand over the calendar of 2026
GOLDEN = [
    ("challenge_file", "2026-02-12", "2026-02-28"),
    ("challenge_file", "2026-09-28", "2026-10-13"),
    ("open_notice", "2026-09-24", "2026-10-09"),
    ("complaint_file", "2026-09-14", "2026-10-10"),
    ("complaint_decide", "2026-06-01", "2026-07-14"),
    ("contract_sign", "2026-09-01", "2026-10-08"),
    ("open_submission", "2026-09-11", "2026-10-08"),
    ("consultation_submission", "2026-02-05", "2026-02-24"),
]


class Command(BaseCommand):
    help = "Prove the legal calendar and the numbers of the law. Exit 1 with what breaks them."

    def handle(self, *args: Any, **options: Any) -> None:
        broken = 0
        checks: dict[str, Callable[[], Iterator[str]]] = {
            "every year has all of its days": _incomplete_years,
            "years follow one another, the announced ones first": _gaps,
            "the calendar reaches two years ahead": _short,
            "one value of a rule holds at a time": _overlaps,
            "every rule has a value": _empty_rules,
            "known dates come out as computed by hand": _golden,
        }
        for what, check in checks.items():
            rows = list(check())
            broken += bool(rows)
            self.stdout.write(f"ok      {what}" if not rows else self.style.ERROR(f"BROKEN  {what}"))
            for row in rows[:10]:
                self.stdout.write(f"        {row}")
        if broken:
            raise CommandError("The legal calendar is not as it must be: see above.")
        self.stdout.write(self.style.SUCCESS(f"The calendar is announced to {selectors.last_announced_year()}."))


def _incomplete_years() -> Iterator[str]:
    for year in CalendarYear.objects.annotate(n=Count("days")):
        length = (date(year.year + 1, 1, 1) - date(year.year, 1, 1)).days
        if year.n != length:
            yield f"{year.year}: {year.n} of {length} days"


def _gaps() -> Iterator[str]:
    before: CalendarYear | None = None
    for year in CalendarYear.objects.order_by("year"):
        if before is not None and year.year != before.year + 1:
            yield f"nothing between {before.year} and {year.year}"
        if before is not None and year.announced and not before.announced:
            yield f"{year.year} is announced, {before.year} is not"
        before = year


def _short() -> Iterator[str]:
    wanted = clock.today().year + 2
    if not CalendarYear.objects.filter(year=wanted).exists():
        yield f"no year {wanted}: run manage.py load_calendar"


def _overlaps() -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT a.id, b.id FROM statutes_statutoryparameter a JOIN statutes_statutoryparameter b
            ON a.rule_id = b.rule_id AND a.region_id IS NOT DISTINCT FROM b.region_id AND a.id < b.id
            AND daterange(a.valid_from, a.valid_to, '[]') && daterange(b.valid_from, b.valid_to, '[]')
            """
        )
        yield from (f"parameters {first} and {second}" for first, second in cursor.fetchall())


def _empty_rules() -> Iterator[str]:
    yield from StatutoryRule.objects.filter(parameters=None).values_list("key", flat=True)


def _golden() -> Iterator[str]:
    calendar = selectors.TableCalendar()
    for key, start, end in GOLDEN:
        opening = date.fromisoformat(start)
        found = services.deadline(key, opening, on=opening, calendar=calendar).date
        if found.isoformat() != end:
            yield f"{key} from {start}: {found}, not {end}"
