"""Who may change the legal calendar and the numbers of the law.

| act | who |
|---|---|
| correct a day, enter the State Council's notice | site staff: the calendar is one for the whole country |
| enter or check a number of the whole country | site staff |
| enter or check the own number of a place | site staff, and supervisors whose region holds the place |
"""

from __future__ import annotations

from typing import Any

from marketplace.accounts.rules import is_any_supervisor, is_supervisor


def is_site_staff(user: Any) -> bool:
    return bool(getattr(user, "is_active", False) and (user.is_staff or user.is_superuser))


def can_edit_calendar(user: Any) -> bool:
    return is_site_staff(user)


def can_set(user: Any, region_code: int | None) -> bool:
    """A number that holds in ``region_code``; None is the whole country."""
    return is_site_staff(user) or (region_code is not None and is_supervisor(user, region_code))


def can_set_somewhere(user: Any) -> bool:
    return is_site_staff(user) or is_any_supervisor(user)
