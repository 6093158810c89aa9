"""Who may change what is known of a place: site staff. Everybody may read."""

from __future__ import annotations

from typing import Any


def can_edit(user: Any) -> bool:
    return bool(getattr(user, "is_active", False) and user.is_staff)
