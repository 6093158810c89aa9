"""What people are told by mail about their credentials and organisations."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from marketplace.core.i18n import localized
from marketplace.core.mail import tell
from marketplace.core.words import day_words

from .models import Credential, CredentialKind, Membership, Role

#: in the language of the part of the letter in which they stand
_in_words = lazy(localized, str)
_day = lazy(day_words, str)


def credential_verified(credential: Credential) -> None:
    tell(
        [credential.user],
        _("Verified: %(kind)s"),
        _("Your %(kind)s has been verified. It counts from now until %(until)s."),
        reverse("accounts:profile"),
        kind=_kind(credential),
        until=_day(credential.valid_until),
    )


def credential_returned(credential: Credential, reason: str) -> None:
    """It waits for its owner: nobody else can correct it."""
    tell(
        [credential.user],
        _("Please correct: %(kind)s"),
        _(
            "Your %(kind)s was returned. Correct it and hand it in again; until it is verified it does not count. The "
            "reviewer says: %(reason)s"
        ),
        reverse("accounts:credential_correct", args=[credential.pk]),
        kind=_kind(credential),
        reason=reason,
    )


def credential_revoked(credential: Credential, reason: str) -> None:
    tell(
        [credential.user],
        _("Revoked: %(kind)s"),
        _("Your %(kind)s was revoked and no longer counts. What was done under it stays done. Reason: %(reason)s"),
        reverse("accounts:profile"),
        kind=_kind(credential),
        reason=reason,
    )


def invited(membership: Membership) -> None:
    tell(
        [membership.user],
        _("You are invited to join %(organisation)s"),
        _(
            "%(organisation)s offers you a role: %(role)s. It counts once you accept; you may also decline. Both are done "
            "on your account's page."
        ),
        reverse("accounts:profile"),
        organisation=_in_words(membership.organisation, "name"),
        role=Role(membership.role).label,
    )


def _kind(credential: Credential) -> Any:
    return CredentialKind(credential.kind).label
