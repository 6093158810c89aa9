"""Time and chance of the play."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from marketplace.core import clock
from marketplace.statutes.deadlines import add_working_days
from marketplace.statutes.selectors import TableCalendar


@dataclass
class Stage:
    """``today`` is the day on which it is played; every instant is told in days from it. One seed, one play."""

    today: date
    calendar: TableCalendar = field(default_factory=TableCalendar)
    random: random.Random = field(default_factory=lambda: random.Random("雷山"))  # noqa: S311 (not for secrets)

    def at(self, days: int, hour: int = 10, minute: int = 0) -> datetime:
        """The instant ``days`` from today (negative: ago), Beijing time."""
        return timezone.make_aware(datetime.combine(self.today + timedelta(days=days), time(hour, minute)))

    def working(self, days: int, hour: int = 10, minute: int = 0, *, after: datetime | None = None) -> datetime:
        """That instant on that day, or on the last working day before it: offices act on working days.

        Where this is not later than ``after``, the act before, it is an hour after that.
        """
        while not self.calendar.day(self.day(days)).is_working:
            days -= 1
        at = self.at(days, hour, minute)
        return at if after is None or at > after else after + timedelta(hours=1)

    def working_after(self, instant: datetime, days: int, hour: int) -> datetime:
        """The hour on the ``days``-th working day after an instant."""
        end = add_working_days(timezone.localdate(instant), days, self.calendar).end
        return timezone.make_aware(datetime.combine(end, time(hour)))

    def working_day_from(self, instant: datetime) -> datetime:
        """The same hour on the first working day from an instant on, on which a time ends that would end on a day off."""
        while not self.calendar.day(timezone.localdate(instant)).is_working:
            instant += timedelta(days=1)
        return instant

    def day(self, days: int) -> date:
        return self.today + timedelta(days=days)

    def when(self, days: int, hour: int = 10, minute: int = 0) -> AbstractContextManager[datetime]:
        """Play at that instant: ``now`` for the services, and what the database's clock says."""
        return self.then(self.at(days, hour, minute))

    @contextmanager
    def then(self, instant: datetime) -> Iterator[datetime]:
        """Play at an instant that was computed."""
        with clock.rehearse(instant):
            yield instant

    def key(self) -> uuid.UUID:
        """A request key that is the same in every play."""
        return uuid.UUID(int=self.random.getrandbits(128), version=4)
