"""The exception tree of the whole project.

Every refusal that a person can meet is a ``DomainError`` with a stable ``code`` (for APIs and tests) and a
message that says what to do next. Rooms derive their own; views turn them into a message, never into a 500.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _


class DomainError(Exception):
    """A refusal with a reason. Nothing has been changed when it reaches the caller."""

    code = "refused"
    message: Any = _("This is not possible now.")
    http_status = 409

    def __init__(
        self, message: Any = None, *, code: str | None = None, field: str | None = None, **params: Any
    ) -> None:
        if message is not None:
            self.message = message
        if code is not None:
            self.code = code
        self.field = field
        self.params: Mapping[str, Any] = params
        super().__init__(self.code)

    def __str__(self) -> str:
        text = str(self.message)
        return text % self.params if self.params else text


class PermissionRefused(DomainError):
    """The person may see the object but may not do this to it."""

    code = "not_permitted"
    message = _("Your role does not allow this. Ask the person responsible in your organisation.")
    http_status = 403


class StaleState(DomainError):
    """Somebody else acted first, or the step does not follow from the present state."""

    code = "stale_state"
    message = _("This has changed since you opened the page. Look at the present state and decide again.")


class InvalidInput(DomainError):
    """A value cannot be accepted; ``field`` names the form field it belongs to."""

    code = "invalid_input"
    http_status = 422
