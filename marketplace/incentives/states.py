"""The machines of policies and payout claims."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from marketplace.core.states import StateTable, Transition


class PolicyState(TextChoices):
    DRAFT = "draft", _("draft")
    ADOPTED = "adopted", _("in force")
    REPLACED = "replaced", _("replaced")
    DISCARDED = "discarded", _("thrown away")


#: what nobody but its payer's officers sees
INTERNAL = (PolicyState.DRAFT, PolicyState.DISCARDED)

POLICY = StateTable(
    "policy",
    [
        Transition("adopt", (PolicyState.DRAFT,), PolicyState.ADOPTED),
        Transition("replace", (PolicyState.ADOPTED,), PolicyState.REPLACED),
        Transition("discard", (PolicyState.DRAFT,), PolicyState.DISCARDED),
    ],
)


class ClaimState(TextChoices):
    SUBMITTED = "submitted", _("waiting for approval")
    APPROVED = "approved", _("waiting for payment")
    PAID = "paid", _("paid")
    RETURNED = "returned", _("returned")


CLAIM = StateTable(
    "payout_claim",
    [
        Transition("approve", (ClaimState.SUBMITTED,), ClaimState.APPROVED),
        Transition("return", (ClaimState.SUBMITTED, ClaimState.APPROVED), ClaimState.RETURNED),
        Transition("pay", (ClaimState.APPROVED,), ClaimState.PAID),
    ],
)
