"""Time and chance of the play."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from marketplace.core import clock


@dataclass
class Stage:
    """``today`` is the day on which it is played; every instant is told in days from it. One seed, one play."""

    today: date
    random: random.Random = field(default_factory=lambda: random.Random("雷山"))  # noqa: S311 (not for secrets)

    def at(self, days: int, hour: int = 10, minute: int = 0) -> datetime:
        """The instant ``days`` from today (negative: ago), Beijing time."""
        return timezone.make_aware(datetime.combine(self.today + timedelta(days=days), time(hour, minute)))

    def day(self, days: int) -> date:
        return self.today + timedelta(days=days)

    @contextmanager
    def when(self, days: int, hour: int = 10, minute: int = 0) -> Iterator[datetime]:
        """Play at that instant: ``now`` for the services, and what the database's clock says."""
        instant = self.at(days, hour, minute)
        with clock.rehearse(instant):
            yield instant

    def key(self) -> uuid.UUID:
        """A request key that is the same in every play."""
        return uuid.UUID(int=self.random.getrandbits(128), version=4)
