"""Money, instants and durations in the words people use, in the active language.

Patterns for days are in Django's date-format letters, so that a translation can order them as its language does.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import dateformat, timezone
from django.utils.translation import get_language, ngettext, npgettext, pgettext
from django.utils.translation import gettext as _
from moneyed import CNY, Money

from . import clock
from .units import MINUTE, POINT

_BEFORE_UNIT = re.compile(r"(?<=\d) (?=[^\W\d])")


def gap_words() -> str:
    """What stands between two sentences: a space, which Chinese does not write after its punctuation."""
    return "" if (get_language() or "").startswith("zh") else " "


def money_words(value: Money | Decimal | int) -> str:
    """``¥830,000``; fen only where there are any; minutes and points with their own unit."""
    amount, currency = (value.amount, value.currency) if isinstance(value, Money) else (Decimal(value), CNY)
    if currency == MINUTE:
        return duration_words(int(amount))
    if currency == POINT:
        points = int(amount)
        shown = f"{points:,}".replace("-", "−")
        return together(ngettext("%(points)s point", "%(points)s points", points) % {"points": shown})
    digits = f"{abs(amount):,.0f}" if amount == amount.to_integral_value() else f"{abs(amount):,.2f}"
    sign = "−" if amount < 0 else ""
    symbol = "¥" if currency == CNY else f"{currency} "
    return f"{sign}{symbol}{digits}"


def together(text: str) -> str:
    """No line may end between a number and its unit: 3 天 8 / 小时 is read twice."""
    return _BEFORE_UNIT.sub("\N{NO-BREAK SPACE}", text)


def duration_words(minutes: int) -> str:
    """``2 h 30 min``, ``45 min``, ``2 h``; negative durations keep their sign."""
    sign, rest = ("−", -minutes) if minutes < 0 else ("", minutes)
    hours, rest = divmod(rest, 60)
    if hours and rest:
        text = _("%(hours)s h %(minutes)s min") % {"hours": f"{hours:,}", "minutes": rest}
    elif hours:
        text = _("%(hours)s h") % {"hours": f"{hours:,}"}
    else:
        text = _("%(minutes)s min") % {"minutes": rest}
    return sign + together(text)


def day_words(day: date, *, today: date | None = None) -> str:
    """``29 Nov``, with the year where it is not this one."""
    this_year = (today or clock.today()).year
    if day.year == this_year:
        return dateformat.format(day, pgettext("date format", "j M"))
    return dateformat.format(day, pgettext("date format", "j M Y"))


def full_day_words(day: date) -> str:
    """``9 November 2026``, whenever it is read: for what stays as it was published."""
    return dateformat.format(day, pgettext("date format", "j F Y"))


def full_words(instant: datetime) -> str:
    """``9 November 2026, 11:00``, whenever it is read: for what stays as it was published."""
    local = timezone.localtime(instant)
    return _("%(day)s, %(time)s") % {"day": full_day_words(local.date()), "time": f"{local:%H:%M}"}


def period_words(first: date, last: date, *, today: date | None = None) -> tuple[str, str]:
    """Both ends of a period: with the year at both where they lie in two years, else as ``day_words`` writes them."""
    if first.year == last.year:
        return day_words(first, today=today), day_words(last, today=today)
    style = pgettext("date format", "j M Y")
    return dateformat.format(first, style), dateformat.format(last, style)


def full_period_words(first: date, last: date) -> tuple[str, str]:
    """Both ends of a period for papers and tables of money: the year once where it is the same, whatever the present one."""
    begin, end = pgettext("formats of a period's first and last day", "j M|j M Y").split("|")
    if first.year != last.year:
        begin = end = pgettext("date format", "j M Y")
    return dateformat.format(first, begin), dateformat.format(last, end)


def instant_words(instant: datetime, *, now: datetime | None = None) -> str:
    """``today 14:00``, ``Sun 29 Nov 17:00`` within a week, ``14 Dec 17:00``, ``3 Jan 2027 17:00``."""
    local = timezone.localtime(instant)
    today = timezone.localdate(now or clock.now())
    time = f"{local:%H:%M}"
    away = (local.date() - today).days
    near = {0: _("today %(time)s"), 1: _("tomorrow %(time)s"), -1: _("yesterday %(time)s")}.get(away)
    if near is not None:
        return near % {"time": time}
    if 0 < away < 7:
        return _("%(weekday)s %(day)s %(time)s") % {
            "weekday": _weekday(local),
            "day": day_words(local.date(), today=today),
            "time": time,
        }
    return f"{day_words(local.date(), today=today)} {time}"


def letter_words(instant: datetime) -> str:
    """``Sun 29 Nov 17:00``, whenever it is read: for letters and paper."""
    local = timezone.localtime(instant)
    return _("%(weekday)s %(day)s %(time)s") % {
        "weekday": _weekday(local),
        "day": day_words(local.date()),
        "time": f"{local:%H:%M}",
    }


def hours_words(start: datetime, end: datetime, *, now: datetime | None = None) -> str:
    """``Fri 4 Dec 09:00 – 12:00``, ``Mon 30 Nov 09:00 – 12:00 (tomorrow)``; the year where it is not this one.

    The day always has its weekday: people promise hours by it. An end on another day is written in full.
    Lines break between the day and the hours, not within the hours.
    """
    first, last = timezone.localtime(start), timezone.localtime(end)
    until = f"{last:%H:%M}" if last.date() == first.date() else letter_words(end)
    away = (first.date() - timezone.localdate(now or clock.now())).days
    near = {0: _("today"), 1: _("tomorrow"), -1: _("yesterday")}.get(away)
    return f"{letter_words(start)}\u00a0–\u00a0{until}" + (_(" (%(text)s)") % {"text": near} if near else "")


def _weekday(day: date) -> str:
    return (
        pgettext("weekday", "Mon"),
        pgettext("weekday", "Tue"),
        pgettext("weekday", "Wed"),
        pgettext("weekday", "Thu"),
        pgettext("weekday", "Fri"),
        pgettext("weekday", "Sat"),
        pgettext("weekday", "Sun"),
    )[day.weekday()]


def is_near(instant: datetime, *, now: datetime | None = None) -> bool:
    """Whether ``instant_words`` names the day by its distance from today, which paper cannot keep."""
    return abs((timezone.localdate(instant) - timezone.localdate(now or clock.now())).days) <= 1


def exact_words(instant: datetime) -> str:
    """The instant to the second with its zone, for titles and print."""
    return _("%(instant)s Beijing time") % {"instant": f"{timezone.localtime(instant):%Y-%m-%d %H:%M:%S}"}


def span_words(span: timedelta) -> str:
    """A span by its two largest units, rounded down: ``6 days 4 hours``, ``3 hours 20 minutes``, ``5 minutes``."""
    return " ".join(_parts(span))


def _parts(span: timedelta) -> list[str]:
    total = int(span.total_seconds()) // 60
    days, rest = divmod(total, 24 * 60)
    hours, minutes = divmod(rest, 60)
    parts = []
    if days:
        parts.append(npgettext("time left", "%(n)s day", "%(n)s days", days) % {"n": days})
    if hours:
        parts.append(npgettext("time left", "%(n)s hour", "%(n)s hours", hours) % {"n": hours})
    if (minutes and not days) or not parts:
        parts.append(npgettext("time left", "%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes})
    return [together(part) for part in parts]


def late_words(span: timedelta) -> str:
    """How long something still owed is late: ``2 days late``; by its largest unit, rounded down."""
    if span < timedelta(minutes=1):
        return _("time is up")
    return _("%(span)s late") % {"span": _parts(span)[0]}


def left_words(span: timedelta) -> str:
    """What is left until a deadline: ``6 days 4 hours left``, ``time is up`` from the instant on."""
    if span <= timedelta(0):
        return _("time is up")
    if span < timedelta(minutes=1):
        return _("less than a minute left")
    return _("%(span)s left") % {"span": span_words(span)}


def number_words(value: Any, digits: int = 0) -> str:
    """``3,912``; with ``digits`` decimals."""
    return f"{Decimal(value):,.{digits}f}"
