"""Deadlines with their articles; changes of the calendar and of the numbers of the law."""

from __future__ import annotations

from calendar import isleap
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.audit import services as audit
from marketplace.core import events
from marketplace.core.errors import InvalidInput, PermissionRefused
from marketplace.core.locks import lock_row
from marketplace.core.permissions import require
from marketplace.statutes import rules, selectors
from marketplace.statutes.deadlines import CHINA, END_OF_DAY, Calendar, Count, Deadline, add_days, add_working_days
from marketplace.statutes.errors import (
    NotADeadline,
    OutsideArea,
    OverlappingParameter,
    UnknownDay,
    UnknownRule,
    YearIncomplete,
)
from marketplace.statutes.models import (
    CalendarDay,
    CalendarYear,
    Direction,
    StatutoryParameter,
    StatutoryRule,
    Unit,
)

#: of the laws in force; an earlier day is mistyped
FIRST_YEAR = 1949
#: what the table calls a weekend day that is worked
ADJUSTED_WORKDAY = ("调休上班", "Adjusted working day")
#: rules of a method, in the order of the procedure, that are counted from the notice or from the bid deadline
_FROM_NOTICE = {
    "open": ("open_notice", "open_documents", "open_submission"),
    "consultation": ("consultation_documents", "consultation_submission"),
}


@dataclass(frozen=True, slots=True)
class CalendarChanged:
    """The calendar of a year was announced or a day of it corrected: dates counted over it are to be counted again."""

    year: int
    announced: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a proposed date is not lawful: a stable code, the words, and the deadline that says so."""

    code: str
    message: str
    deadline: Deadline


def deadline(
    rule_key: str,
    counted_from: date,
    *,
    on: date,
    region_code: int | None = None,
    at_time: time | None = None,
    calendar: Calendar | None = None,
) -> Deadline:
    """The date that a rule sets, counted from a day.

    Args:
        rule_key: a `StatutoryRule.key`, such as "open_submission".
        counted_from: the opening day in China; it does not count itself.
        on: the day whose law applies: the notice's own date, never today.
        region_code: the place, where a region may have its own value.
        at_time: when business ends on the last day; 24:00 if not given.
        calendar: pass one `TableCalendar` to count several dates with one reading of the table.

    Raises:
        UnknownRule, NotADeadline, UnknownDay
    """
    found = selectors.parameter(rule_key, on, region_code)
    return _counted(found, counted_from, at_time, calendar or selectors.TableCalendar())


def earliest_bid_deadline(
    method: str, published_on: date, *, region_code: int | None = None, calendar: Calendar | None = None
) -> Deadline:
    """The first lawful day for bids to close (`.date`), by the law of the day of publication."""
    return deadline(
        _submission_rule(method, published_on),
        published_on,
        on=published_on,
        region_code=region_code,
        calendar=calendar,
    )


def check_bid_deadline(
    method: str, published_at: datetime, proposed: datetime, *, region_code: int | None = None
) -> list[Problem]:
    """What is unlawful about a proposed bid deadline (aware instants); an empty list if nothing is."""
    published_on = timezone.localtime(published_at, CHINA).date()
    earliest = earliest_bid_deadline(method, published_on, region_code=region_code)
    if timezone.localtime(proposed, CHINA).date() >= earliest.date:
        return []
    return [Problem("bid_deadline_too_early", earliest.explanation, earliest)]


def timetable(
    method: str,
    published_on: date,
    bid_deadline: date | datetime | None = None,
    *,
    region_code: int | None = None,
    calendar: Calendar | None = None,
) -> list[Deadline]:
    """Every date that can be counted from the notice and, if given, from the bid deadline, in order of their dates."""
    calendar = calendar or selectors.TableCalendar()
    _submission_rule(method, published_on)
    wanted = dict.fromkeys(_FROM_NOTICE[method], published_on)
    if bid_deadline is not None:
        day = timezone.localtime(bid_deadline, CHINA).date() if isinstance(bid_deadline, datetime) else bid_deadline
        wanted[f"{method}_amendment"] = day
    found: dict[str, StatutoryParameter] = {}
    for row in selectors.parameters_on(published_on, region_code).filter(rule__key__in=wanted):
        found.setdefault(row.rule.key, row)
    counted = [_counted(row, wanted[key], None, calendar) for key, row in found.items()]
    return sorted(counted, key=lambda d: (d.at, list(wanted).index(d.rule_key)))


def recount(old: Deadline, *, region_code: int | None = None, calendar: Calendar | None = None) -> Deadline:
    """The same deadline by the same numbers of the law, counted over the calendar as it is now."""
    calendar = calendar or selectors.TableCalendar()
    count = _count(old.unit, old.count, old.direction, old.counted_from, calendar)
    clock_time = old.at.astimezone(CHINA).timetz().replace(tzinfo=None)
    return _with_count(old, count, clock_time)


def _submission_rule(method: str, on: date) -> str:
    if method not in _FROM_NOTICE:
        raise UnknownRule(key=f"{method}_submission", date=on.isoformat())
    return f"{method}_submission"


def _counted(row: StatutoryParameter, counted_from: date, at_time: time | None, calendar: Calendar) -> Deadline:
    rule = row.rule
    if row.unit not in (Unit.WORKING_DAY, Unit.DAY):
        raise NotADeadline(key=rule.key)
    try:
        count = _count(row.unit, int(row.value), rule.direction, counted_from, calendar)
    except OverflowError as error:
        # Past the last year that a date can have: no calendar reaches there.
        raise UnknownDay(date=counted_from.isoformat()) from error
    return Deadline(
        at=datetime.combine(count.end, at_time or END_OF_DAY, CHINA),
        rule_key=rule.key,
        title=rule.title,
        title_en=rule.title_en,
        instrument=row.instrument,
        instrument_en=row.instrument_en,
        article=row.article,
        unit=str(row.unit),
        count=int(row.value),
        sense=str(rule.sense),
        direction=str(rule.direction),
        counted_from=counted_from,
        counted_from_what=rule.counted_from,
        counted_from_what_en=rule.counted_from_en,
        rolled_from=count.rolled_from,
        skipped=count.skipped,
        adjusted=count.adjusted,
        provisional=count.provisional,
        note=row.note,
        note_en=row.note_en,
    )


def _count(unit: str, n: int, direction: str, counted_from: date, calendar: Calendar) -> Count:
    signed = -n if direction == Direction.BEFORE else n
    add = add_working_days if unit == Unit.WORKING_DAY else add_days
    return add(counted_from, signed, calendar)


def _with_count(old: Deadline, count: Count, at_time: time) -> Deadline:
    return replace(
        old,
        at=datetime.combine(count.end, at_time, CHINA),
        rolled_from=count.rolled_from,
        skipped=count.skipped,
        adjusted=count.adjusted,
        provisional=count.provisional,
    )


# Writes


@transaction.atomic
def edit_day(
    *, actor: Any, date: date, is_working: bool, name: str = "", name_en: str = "", note: str, now: datetime
) -> CalendarDay:
    """Correct one day of the table; `note` says by which instrument. A later load does not undo it."""
    day = lock_row(CalendarDay, date)  # type: ignore[arg-type]  # the primary key is a date
    require(rules.can_edit_calendar, actor)
    before = {"is_working": day.is_working, "name": day.name}
    day.is_working, day.name, day.name_en, day.note, day.edited_at = is_working, name, name_en, note, now
    day.save()
    audit.record(
        actor=actor,
        action="calendar_day.edit",
        subject=day,
        now=now,
        reason=note,
        data={"from": before, "to": {"is_working": is_working, "name": name}},
    )
    events.publish(CalendarChanged(day.date.year, announced=False))
    return day


@transaction.atomic
def announce_year(
    *,
    actor: Any,
    year: int,
    instrument: str,
    announced_on: date,
    days_off: Mapping[date, tuple[str, str]],
    worked: Collection[date],
    now: datetime,
    instrument_en: str = "",
) -> CalendarYear:
    """Enter the State Council's notice for a year: its holidays (day → name, English name) and its worked weekends.

    Every other day follows its weekday. Dates counted over the year stop being provisional; `CalendarChanged` tells
    the rooms above to count theirs again.

    Raises:
        YearIncomplete: the table lacks days of the year.
        InvalidInput: a day is of another year, or both off and worked.
    """
    row = lock_row(CalendarYear, year)
    require(rules.can_edit_calendar, actor)
    _check_announcement(year, instrument, days_off, worked)
    days = list(CalendarDay.objects.filter(year=year).order_by("date"))
    length = 366 if isleap(year) else 365
    if len(days) != length:
        raise YearIncomplete(year=year, missing=length - len(days))
    for day in days:
        day.name, day.name_en = days_off.get(day.date, ("", ""))
        day.is_working = day.date in worked or (day.date.weekday() < 5 and day.date not in days_off)
        if day.date in worked:
            day.name, day.name_en = ADJUSTED_WORKDAY
        day.note, day.edited_at = "", now
    CalendarDay.objects.bulk_update(days, ["is_working", "name", "name_en", "note", "edited_at"])
    row.announced, row.announced_on, row.note = True, announced_on, ""
    row.instrument, row.instrument_en = instrument, instrument_en
    row.save()
    audit.record(
        actor=actor,
        action="calendar_year.announce",
        subject=row,
        now=now,
        reason=instrument,
        data={"days_off": sorted(d.isoformat() for d in days_off), "worked": sorted(d.isoformat() for d in worked)},
    )
    events.publish(CalendarChanged(year, announced=True))
    return row


def _check_announcement(
    year: int, instrument: str, days_off: Mapping[date, tuple[str, str]], worked: Collection[date]
) -> None:
    if not instrument:
        raise InvalidInput(_("Name the notice that announced the year."), field="instrument")
    if not days_off:
        raise InvalidInput(_("Enter the days off that the notice announces."), field="days_off")
    for field, dates in (("days_off", days_off), ("worked", worked)):
        for day in sorted(dates):
            if day.year != year:
                raise InvalidInput(_("%(day)s does not lie in %(year)s."), field=field, day=day.isoformat(), year=year)
    for day in sorted(worked):
        if day in days_off:
            raise InvalidInput(_("%(day)s is both off and worked: choose one."), field="worked", day=day.isoformat())
        if day.weekday() < 5:
            raise InvalidInput(
                _("%(day)s is no weekend day, so it is worked anyway: leave it out."),
                field="worked",
                day=day.isoformat(),
            )


@transaction.atomic
def set_parameter(
    *,
    actor: Any,
    rule_key: str,
    value: Decimal,
    unit: str,
    instrument: str,
    article: str,
    valid_from: date,
    valid_to: date | None = None,
    region_code: int | None = None,
    instrument_en: str = "",
    note: str = "",
    note_en: str = "",
    now: datetime,
) -> StatutoryParameter:
    """Add a dated value of a rule; an open-ended value that began earlier is ended on the day before.

    Raises:
        PermissionRefused
        OutsideArea: a supervisor enters what holds in places of the own region only.
        InvalidInput: no such number can be, or its days are crossed.
        OverlappingParameter: another value is valid at that time for that place.
    """
    rule = StatutoryRule.objects.select_for_update().get(key=rule_key)
    if not rules.can_set(actor, region_code):
        if rules.can_set_somewhere(actor):
            raise OutsideArea(field="region")
        raise PermissionRefused
    _check_value(value, unit, valid_from, valid_to)
    open_ended = rule.parameters.filter(region=region_code, valid_to__isnull=True, valid_from__lt=valid_from)
    ended = open_ended.update(valid_to=valid_from - timedelta(days=1))
    row = StatutoryParameter(
        rule=rule,
        value=value,
        unit=unit,
        instrument=instrument,
        instrument_en=instrument_en,
        article=article,
        valid_from=valid_from,
        valid_to=valid_to,
        region_id=region_code,
        note=note,
        note_en=note_en,
        # Whoever enters a value has the instrument before him.
        checked_on=timezone.localdate(now),
    )
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        # A refusal undoes the ending above too: the outer transaction rolls back with it.
        raise OverlappingParameter(field="valid_from") from error
    audit.record(
        actor=actor,
        action="statutory_parameter.set",
        subject=row,
        now=now,
        reason=f"{instrument} {article}",
        data={"rule": rule_key, "value": str(value), "unit": unit, "ended": ended, "region": region_code},
    )
    return row


def _check_value(value: Decimal, unit: str, valid_from: date, valid_to: date | None) -> None:
    counted = unit in (Unit.WORKING_DAY, Unit.DAY)
    if value < 0 or (counted and (value < 1 or value != value.to_integral_value())):
        raise InvalidInput(
            _("A time is a whole number of days, at least 1.") if counted else _("Enter 0 or more."), field="value"
        )
    if valid_from.year < FIRST_YEAR:
        raise InvalidInput(
            _("Check the year: no rule here is older than %(year)s."), field="valid_from", year=FIRST_YEAR
        )
    if valid_to is not None and valid_to < valid_from:
        raise InvalidInput(_("The last day lies before the first. Exchange the two dates."), field="valid_to")


@transaction.atomic
def check_parameter(*, actor: Any, parameter: StatutoryParameter, now: datetime) -> StatutoryParameter:
    """``actor`` has read the value in the instrument itself: from now on it shows the day of that.

    Raises:
        PermissionRefused
    """
    row = lock_row(StatutoryParameter, parameter.pk)
    require(rules.can_set, actor, row.region_id)
    if row.checked_on is None:
        row.checked_on = timezone.localdate(now)
        row.save(update_fields=["checked_on"])
        audit.record(
            actor=actor,
            action="statutory_parameter.check",
            subject=row,
            now=now,
            reason=f"{row.instrument} {row.article}",
            data={"rule": row.rule.key, "value": str(row.value), "unit": row.unit},
        )
    return row
