"""One source of time.

Services receive ``now``; views take it from here. What must not depend on a web server's clock (bid receipt,
check-in) asks the database. A rehearsal moves both, so that a demonstration can play a year of history through
the same services; it is refused outside demonstration mode and tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime

from django.conf import settings
from django.db import connection
from django.utils import timezone

_rehearsed: ContextVar[datetime | None] = ContextVar("rehearsed_now", default=None)


def now() -> datetime:
    """The present instant (aware)."""
    return _rehearsed.get() or timezone.now()


def today() -> date:
    """The present day in the project's time zone (Asia/Shanghai)."""
    return timezone.localdate(now())


def database_now() -> datetime:
    """The database's wall clock at this moment (aware), not the start of its transaction.

    Call it after taking the lock whose order it has to prove.
    """
    rehearsed = _rehearsed.get()
    if rehearsed is not None:
        return rehearsed
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        instant: datetime = cursor.fetchone()[0]
    return instant


@contextmanager
def rehearse(at: datetime) -> Iterator[None]:
    """Play at another instant. Only with ``settings.REHEARSAL_ALLOWED`` (demonstration mode and tests)."""
    if not settings.REHEARSAL_ALLOWED:
        raise RuntimeError("Rehearsing another time is allowed in demonstration mode and in tests only.")
    if timezone.is_naive(at):
        raise ValueError("rehearse() takes an aware instant")
    token = _rehearsed.set(at)
    try:
        yield
    finally:
        _rehearsed.reset(token)
