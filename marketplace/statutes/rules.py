"""Who may change the legal calendar and the numbers of the law: site staff, and supervisors."""

from __future__ import annotations

from typing import Any

from marketplace.accounts.rules import is_any_supervisor


def can_edit(user: Any) -> bool:
    if not getattr(user, "is_active", False):
        return False
    return bool(user.is_staff) or is_any_supervisor(user)
