"""What contracts do when other rooms tell news."""

from __future__ import annotations

from marketplace.core import clock
from marketplace.core.events import subscribe
from marketplace.statutes.services import CalendarChanged

from .services_contract import recount_deadlines


def on_calendar_changed(event: CalendarChanged) -> None:
    recount_deadlines(year=event.year, now=clock.now())


def connect() -> None:
    subscribe(CalendarChanged, on_calendar_changed)
