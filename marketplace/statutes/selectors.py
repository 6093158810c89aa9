"""The calendar and the numbers of the law, as the tables have them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db.models import F, Q, QuerySet

from marketplace.regions import codes
from marketplace.statutes.deadlines import Day
from marketplace.statutes.errors import UnknownDay, UnknownRule
from marketplace.statutes.models import CalendarDay, CalendarYear, StatutoryParameter


class TableCalendar:
    """The working-day table, read a year at a time and kept for the life of this object (one request, one task)."""

    def __init__(self) -> None:
        self._years: dict[int, dict[date, Day]] = {}

    def day(self, date: date) -> Day:
        """One day.

        Raises:
            UnknownDay: the table does not reach so far; nothing is guessed.
        """
        year = self._years.get(date.year)
        if year is None:
            year = self._years[date.year] = _days_of(date.year)
        try:
            return year[date]
        except KeyError:
            raise UnknownDay(date=date.isoformat()) from None


def _days_of(year: int) -> dict[date, Day]:
    rows = CalendarDay.objects.filter(year=year).values_list("date", "is_working", "name", "name_en", "year__announced")
    return {
        day: Day(day, is_working, name, name_en, provisional=not announced)
        for day, is_working, name, name_en, announced in rows
    }


def last_announced_year() -> int | None:
    """The last year whose holidays the State Council has announced, as far as the table knows."""
    return CalendarYear.objects.filter(announced=True).order_by("-year").values_list("year", flat=True).first()


def parameters_on(on: date, region_code: int | None = None) -> QuerySet[StatutoryParameter]:
    """Values valid on `on` for the nation or for what contains `region_code`; the nearest region of a rule first."""
    where = Q(region__isnull=True)
    if region_code is not None:
        where |= Q(region__in=[region_code, *codes.ancestor_codes(region_code)])
    return (
        StatutoryParameter.objects.filter(where, valid_from__lte=on)
        .exclude(valid_to__lt=on)
        .select_related("rule")
        .order_by("rule_id", F("region__level").desc(nulls_last=True))
    )


def parameter(rule_key: str, on: date, region_code: int | None = None) -> StatutoryParameter:
    """The value of a rule on a day: that of the nearest region that has its own, else the nation's.

    Raises:
        UnknownRule: no value is valid then.
    """
    found = parameters_on(on, region_code).filter(rule__key=rule_key).first()
    if found is None:
        raise UnknownRule(key=rule_key, date=on.isoformat())
    return found


def value(rule_key: str, on: date, region_code: int | None = None) -> Decimal:
    """The bare number of a rule on a day."""
    return parameter(rule_key, on, region_code).value
