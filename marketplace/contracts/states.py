"""The machines of contracts, posts and payments."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketplace.core.states import StateTable, Transition


class ContractState(TextChoices):
    DRAFT = "draft", _("waiting for signatures")
    ACTIVE = "active", _("in performance")
    COMPLETED = "completed", _("completed")
    TERMINATED = "terminated", _("terminated")


CONTRACT = StateTable(
    "contract",
    [
        Transition("activate", (ContractState.DRAFT,), ContractState.ACTIVE),
        Transition("complete", (ContractState.ACTIVE,), ContractState.COMPLETED),
        Transition("terminate", (ContractState.DRAFT, ContractState.ACTIVE), ContractState.TERMINATED),
    ],
)


class PostState(TextChoices):
    VACANT = "vacant", _("vacant")
    FILLED = "filled", _("filled")
    CLOSED = "closed", pgettext_lazy("post", "closed")


POST = StateTable(
    "post",
    [
        Transition("fill", (PostState.VACANT,), PostState.FILLED),
        Transition("vacate", (PostState.FILLED,), PostState.VACANT),
        Transition("close", (PostState.VACANT, PostState.FILLED), PostState.CLOSED),
    ],
)


class InstalmentState(TextChoices):
    PLANNED = "planned", _("planned")
    DELIVERED = "delivered", _("delivered, waiting for acceptance")
    ACCEPTED = "accepted", _("accepted, waiting for payment")
    PAID = "paid", _("paid")
    REFUSED = "refused", _("sent back")
    VOID = "void", _("no longer due")


INSTALMENT = StateTable(
    "instalment",
    [
        Transition("deliver", (InstalmentState.PLANNED, InstalmentState.REFUSED), InstalmentState.DELIVERED),
        Transition("accept", (InstalmentState.DELIVERED,), InstalmentState.ACCEPTED),
        Transition("refuse", (InstalmentState.DELIVERED,), InstalmentState.REFUSED),
        Transition("pay", (InstalmentState.ACCEPTED,), InstalmentState.PAID),
        Transition("void", (InstalmentState.PLANNED,), InstalmentState.VOID),
    ],
)
