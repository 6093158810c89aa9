"""Events for tests, written as services write them."""

from __future__ import annotations

from typing import Any

from marketplace.audit.models import Event
from marketplace.audit.services import record
from marketplace.core import clock
from tests.factories.accounts import make_organisation


def make_event(actor: Any = None, subject: Any = None, **kw: Any) -> Event:
    """An event about ``subject`` (default: a new organisation)."""
    defaults: dict[str, Any] = {"action": "organisation.verify", "now": clock.now(), "reason": "与登记一致"}
    return record(actor=actor, subject=subject or make_organisation(), **(defaults | kw))
