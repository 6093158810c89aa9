"""Asking a predicate, and saying no."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .errors import PermissionRefused


def require(predicate: Callable[..., bool], user: Any, *objects: Any, message: Any = None) -> None:
    """Raise ``PermissionRefused`` unless ``predicate(user, *objects)`` holds."""
    if not predicate(user, *objects):
        raise PermissionRefused(message)
