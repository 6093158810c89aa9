"""Loading the calendar and the numbers of the law that ship with the project. Idempotent; staff's edits stay."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from chinese_calendar import constants as announced
from django.db import transaction

from marketplace.core import events
from marketplace.core.locks import lock_name
from marketplace.statutes.models import CalendarDay, CalendarYear, StatutoryParameter, StatutoryRule
from marketplace.statutes.services import ADJUSTED_WORKDAY, CalendarChanged

DATA = Path(__file__).parent / "data"
_NAMES = {
    "New Year's Day": ("元旦", "New Year's Day"),
    "Spring Festival": ("春节", "Spring Festival"),
    "Tomb-sweeping Day": ("清明节", "Qingming Festival"),
    "Labour Day": ("劳动节", "Labour Day"),
    "Dragon Boat Festival": ("端午节", "Dragon Boat Festival"),
    "National Day": ("国庆节", "National Day"),
    "Mid-autumn Festival": ("中秋节", "Mid-Autumn Festival"),
    "Anti-Fascist 70th Day": ("中国人民抗日战争胜利70周年纪念日", "70th anniversary of victory"),
}
_DAY_FIELDS = ("is_working", "name", "name_en")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did: rows new, rows changed, rows left to staff."""

    added: int = 0
    changed: int = 0
    kept: int = 0


@transaction.atomic
def load_calendar() -> Loaded:
    """Years that the package of announced holidays knows, then provisional years by the statutory days off.

    A year that staff announced, and a day that they edited, are left alone.
    """
    lock_name("load_calendar")
    years = {row.year: row for row in CalendarYear.objects.all()}
    stored = {row.date: row for row in CalendarDay.objects.all()}
    added: list[CalendarDay] = []
    changed: list[CalendarDay] = []
    kept = 0
    touched: set[tuple[int, bool]] = set()
    for year, is_announced, days in (*_announced_years(), *_provisional_years()):
        row = years.get(year)
        if row is None:
            row = years[year] = CalendarYear(year=year)
            _describe(row, is_announced=is_announced)
            row.save()
        elif is_announced and not row.announced:
            _describe(row, is_announced=True)
            row.save()
            touched.add((year, True))
        elif row.announced and not is_announced:
            continue
        for day in days:
            old = stored.get(day.date)
            if old is None:
                added.append(day)
            elif any(getattr(old, name) != getattr(day, name) for name in _DAY_FIELDS):
                if old.edited_at is not None:
                    kept += 1
                    continue
                changed.append(day)
                touched.add((year, is_announced))
    CalendarDay.objects.bulk_create(added, batch_size=2000)
    CalendarDay.objects.bulk_update(changed, _DAY_FIELDS, batch_size=500)
    for year, is_announced in sorted(touched):
        events.publish(CalendarChanged(year, is_announced))
    return Loaded(len(added), len(changed), kept)


def _describe(row: CalendarYear, *, is_announced: bool) -> None:
    row.announced = is_announced
    if is_announced:
        row.instrument = f"国务院办公厅关于{row.year}年部分节假日安排的通知"
        row.instrument_en = f"Notice of the General Office of the State Council on the holidays of {row.year}"
        row.note = ""
    else:
        row.note = "暂按周末和法定节假日计算，待国务院办公厅公布后更新"


def _announced_years() -> Iterator[tuple[int, bool, list[CalendarDay]]]:
    first, last = min(announced.holidays).year, max(announced.holidays).year
    for year in range(first, last + 1):
        yield year, True, [_announced_day(day) for day in _days_of(year)]


def _announced_day(day: date) -> CalendarDay:
    if day in announced.workdays:
        names, working = ADJUSTED_WORKDAY, True
    elif day in announced.holidays:
        names, working = _NAMES[announced.holidays[day]], False
    else:
        names, working = ("", ""), day.weekday() < 5
    return CalendarDay(date=day, year_id=day.year, is_working=working, name=names[0], name_en=names[1])


def _provisional_years() -> Iterator[tuple[int, bool, list[CalendarDay]]]:
    with (DATA / "statutory-holidays.csv").open(encoding="utf-8", newline="") as stream:
        off = {date.fromisoformat(r["date"]): (r["name"], r["name_en"]) for r in csv.DictReader(stream)}
    known = max(announced.holidays).year
    for year in sorted({day.year for day in off}):
        if year <= known:
            continue
        days = []
        for day in _days_of(year):
            name, name_en = off.get(day, ("", ""))
            working = day.weekday() < 5 and day not in off
            days.append(CalendarDay(date=day, year_id=year, is_working=working, name=name, name_en=name_en))
        yield year, False, days


def _days_of(year: int) -> Iterator[date]:
    day = date(year, 1, 1)
    while day.year == year:
        yield day
        day += timedelta(days=1)


def _rows(name: str) -> Iterator[dict[str, Any]]:
    with (DATA / name).open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


_RULE_FIELDS = ("topic", "order", "title", "title_en", "counted_from", "counted_from_en", "sense", "direction")
_PARAMETER_FIELDS = ("value", "unit", "instrument", "instrument_en", "article", "note", "note_en")


@transaction.atomic
def load_parameters() -> Loaded:
    """The shipped rules and national values. Values that staff added or ended stay as they are."""
    lock_name("load_parameters")
    added = changed = kept = 0
    rules = {rule.key: rule for rule in StatutoryRule.objects.all()}
    for row in _rows("rules.csv"):
        rule = rules.get(row["key"], StatutoryRule(key=row["key"]))
        row["order"] = int(row["order"])
        if rule._state.adding or any(getattr(rule, name) != row[name] for name in _RULE_FIELDS):
            added, changed = added + rule._state.adding, changed + (not rule._state.adding)
            for name in _RULE_FIELDS:
                setattr(rule, name, row[name])
            rule.save()
        rules[rule.key] = rule
    for row in _rows("parameters.csv"):
        rule = rules[row["key"]]
        row["value"] = Decimal(row["value"])
        checked_on = date.fromisoformat(row["checked_on"]) if row["checked_on"] else None
        valid_from = date.fromisoformat(row["valid_from"])
        valid_to = date.fromisoformat(row["valid_to"]) if row["valid_to"] else None
        found = rule.parameters.filter(region=None, valid_from=valid_from).first()
        if found is None:
            overlapping = rule.parameters.filter(region=None, valid_from__lte=valid_to or date.max)
            if overlapping.exclude(valid_to__lt=valid_from).exists():
                kept += 1
                continue
            found = StatutoryParameter(rule=rule, valid_from=valid_from, valid_to=valid_to)
        elif found.checked_on == (found.checked_on or checked_on) and all(
            getattr(found, name) == row[name] for name in _PARAMETER_FIELDS
        ):
            continue
        added, changed = added + found._state.adding, changed + (not found._state.adding)
        for name in _PARAMETER_FIELDS:
            setattr(found, name, row[name])
        # What an editor has checked stays checked.
        found.checked_on = found.checked_on or checked_on
        found.save()
    return Loaded(added, changed, kept)
