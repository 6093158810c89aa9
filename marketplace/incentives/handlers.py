"""What this room does when another room has news."""

from __future__ import annotations

from marketplace.core import clock, events
from marketplace.timesheets.events import SessionConfirmed

from .accrual import accrue_session
from .errors import FundTooSmall


def grant_for_confirmed_session(event: SessionConfirmed) -> None:
    """Grant at once, so that the person sees it; an empty fund leaves it to the sweep."""
    try:
        accrue_session(event.session_id, now=clock.now())
    except FundTooSmall:
        return


def connect() -> None:
    events.subscribe(SessionConfirmed, grant_for_confirmed_session)
