"""The machines of credentials and memberships."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketplace.core.states import StateTable, Transition


class CredentialState(TextChoices):
    SUBMITTED = "submitted", _("waiting for review")
    VERIFIED = "verified", _("verified")
    REJECTED = "rejected", _("returned")
    REVOKED = "revoked", _("revoked")


CREDENTIAL = StateTable(
    "credential",
    [
        Transition("verify", (CredentialState.SUBMITTED,), CredentialState.VERIFIED),
        Transition("reject", (CredentialState.SUBMITTED,), CredentialState.REJECTED),
        Transition("resubmit", (CredentialState.REJECTED,), CredentialState.SUBMITTED),
        Transition("revoke", (CredentialState.VERIFIED,), CredentialState.REVOKED),
    ],
)


class MembershipState(TextChoices):
    INVITED = "invited", _("invited")
    REQUESTED = "requested", _("asked to join")
    ACTIVE = "active", pgettext_lazy("membership", "active")
    ENDED = "ended", _("ended")


MEMBERSHIP = StateTable(
    "membership",
    [
        Transition("accept", (MembershipState.INVITED,), MembershipState.ACTIVE),
        Transition("approve", (MembershipState.REQUESTED,), MembershipState.ACTIVE),
        Transition(
            "end", (MembershipState.INVITED, MembershipState.REQUESTED, MembershipState.ACTIVE), MembershipState.ENDED
        ),
    ],
)


class OrganisationState(TextChoices):
    REGISTERED = "registered", _("registered")
    VERIFIED = "verified", _("verified")
    CLOSED = "closed", pgettext_lazy("organisation", "closed")


ORGANISATION = StateTable(
    "organisation",
    [
        Transition("verify", (OrganisationState.REGISTERED,), OrganisationState.VERIFIED),
        Transition("revise", (OrganisationState.REGISTERED, OrganisationState.VERIFIED), OrganisationState.REGISTERED),
        Transition("close", (OrganisationState.REGISTERED, OrganisationState.VERIFIED), OrganisationState.CLOSED),
    ],
)


class SanctionStanding(TextChoices):
    """Where an exclusion stands on a day. Derived from its days, never stored."""

    COMING = "coming", pgettext_lazy("exclusion", "begins later")
    IN_FORCE = "in_force", pgettext_lazy("exclusion", "in force")
    OVER = "over", pgettext_lazy("exclusion", "over")
    LIFTED = "lifted", pgettext_lazy("exclusion", "lifted")
