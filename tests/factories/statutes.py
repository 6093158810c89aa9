"""The real calendar and the real numbers of the law, for tests of any room that counts dates."""

from __future__ import annotations

from marketplace.statutes.loading import load_calendar, load_parameters


def load_law() -> None:
    """Calendar 2004 to 2036 (announced to 2026) and every shipped parameter; about half a second."""
    load_calendar()
    load_parameters()
