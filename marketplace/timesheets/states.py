"""The machine of a service session."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from marketplace.core.states import StateTable, Transition


class SessionState(TextChoices):
    OPEN = "open", _("under way")
    REPORTED = "reported", _("waiting for confirmation")
    CONFIRMED = "confirmed", _("confirmed")
    DISPUTED = "disputed", _("disputed")
    REJECTED = "rejected", _("not accepted")
    WITHDRAWN = "withdrawn", _("withdrawn")


SESSION = StateTable(
    "session",
    [
        Transition("check_out", (SessionState.OPEN,), SessionState.REPORTED),
        Transition("confirm", (SessionState.REPORTED,), SessionState.CONFIRMED),
        Transition("dispute", (SessionState.REPORTED,), SessionState.DISPUTED),
        Transition("decide", (SessionState.DISPUTED,), SessionState.CONFIRMED),
        Transition("reject", (SessionState.DISPUTED,), SessionState.REJECTED),
        Transition(
            "withdraw", (SessionState.OPEN, SessionState.REPORTED, SessionState.DISPUTED), SessionState.WITHDRAWN
        ),
    ],
)
