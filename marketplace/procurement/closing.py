"""The hours at which an office closes: what is proposed as a deadline falls on a working day, not in the night."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.utils import timezone

from marketplace.statutes.errors import UnknownDay
from marketplace.statutes.selectors import TableCalendar

#: Bids and questions close at this hour unless the officer says otherwise.
CLOSING_TIME = time(17, 0)


def closing(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, CLOSING_TIME))


def working_day(day: date, *, step: int) -> date:
    """``day``, or the nearest working day after it (``step`` 1) or before it (-1); ``day`` where the calendar ends."""
    calendar, found = TableCalendar(), day
    try:
        while not calendar.day(found).is_working:
            found += timedelta(days=step)
    except UnknownDay:
        return day
    return found


def usual_question_deadline(official_published_at: datetime, bid_deadline: datetime) -> datetime:
    """Half-way between notice and deadline, at the close of that working day, so that the answers are of use still."""
    half = official_published_at + (bid_deadline - official_published_at) / 2
    closes = closing(working_day(timezone.localdate(half), step=-1))
    return closes if official_published_at < closes < bid_deadline else half
