"""News that travels upward after commit.

A lower room publishes a frozen dataclass; a higher room subscribes in its ``handlers.py``. Handlers run after
the commit, one by one; a failing handler is logged and does not disturb the others, because each need also
stands in a table that a periodic sweep reads.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from django.db import transaction

logger = logging.getLogger(__name__)

E = TypeVar("E")
_handlers: dict[type, list[Callable[[Any], None]]] = defaultdict(list)


def subscribe(event_class: type[E], handler: Callable[[E], None]) -> None:
    """Register ``handler`` once; registering it again does nothing."""
    if handler not in _handlers[event_class]:
        _handlers[event_class].append(handler)


def publish(event: object) -> None:
    """Deliver ``event`` to its subscribers when the present transaction commits (never if it rolls back)."""
    for handler in _handlers[type(event)]:
        transaction.on_commit(partial(_deliver, handler, event))


def _deliver(handler: Callable[[Any], None], event: object) -> None:
    try:
        handler(event)
    except Exception:
        logger.exception(
            "handler %s failed for %s; the sweep will repair it", handler.__qualname__, type(event).__name__
        )
