"""The machines of opportunities and sign-ups."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from marketplace.core.states import StateTable, Transition


class OpportunityState(TextChoices):
    DRAFT = "draft", _("draft")
    OPEN = "open", _("open")
    CLOSED = "closed", _("closed")
    CANCELLED = "cancelled", _("cancelled")


OPPORTUNITY = StateTable(
    "opportunity",
    [
        Transition("open", (OpportunityState.DRAFT,), OpportunityState.OPEN),
        Transition("close", (OpportunityState.OPEN,), OpportunityState.CLOSED),
        Transition("answer", (OpportunityState.DRAFT, OpportunityState.OPEN), OpportunityState.CLOSED),
        Transition(
            "cancel",
            (OpportunityState.DRAFT, OpportunityState.OPEN, OpportunityState.CLOSED),
            OpportunityState.CANCELLED,
        ),
    ],
)


class SignUpState(TextChoices):
    CONFIRMED = "confirmed", _("has a place")
    WAITING = "waiting", _("on the waiting list")
    OFFERED = "offered", _("place offered")
    CANCELLED = "cancelled", _("cancelled")
    LAPSED = "lapsed", _("offer lapsed")
    ATTENDED = "attended", _("attended")
    MISSED = "missed", _("did not come")


SIGN_UP = StateTable(
    "sign_up",
    [
        Transition("offer", (SignUpState.WAITING,), SignUpState.OFFERED),
        Transition("accept_offer", (SignUpState.OFFERED,), SignUpState.CONFIRMED),
        Transition("lapse", (SignUpState.OFFERED,), SignUpState.LAPSED),
        Transition("cancel", (SignUpState.CONFIRMED, SignUpState.WAITING, SignUpState.OFFERED), SignUpState.CANCELLED),
        Transition("release", (SignUpState.WAITING,), SignUpState.CANCELLED),
        Transition("attend", (SignUpState.CONFIRMED, SignUpState.MISSED), SignUpState.ATTENDED),
        Transition("miss", (SignUpState.CONFIRMED, SignUpState.ATTENDED), SignUpState.MISSED),
    ],
)
