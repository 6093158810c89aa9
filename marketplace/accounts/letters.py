"""What people are told by mail about their credentials, organisations and exclusions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from marketplace.core.i18n import localized
from marketplace.core.mail import tell
from marketplace.core.words import day_words

from .models import Credential, CredentialKind, Membership, Role, Sanction, User

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
            "Your %(kind)s was returned. Correct it and submit it again; until it is verified it does not count. The "
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
        **_offer(membership),
    )


def asked_to_join(membership: Membership, administrators: Iterable[User]) -> None:
    tell(
        administrators,
        _("%(name)s asks to join %(organisation)s"),
        _("%(name)s asks for a role: %(role)s. Approve or decline here:"),
        reverse("accounts:members", args=[membership.organisation_id]),
        name=_in_words(membership.user, "display_name"),
        **_offer(membership),
    )


def let_in(membership: Membership) -> None:
    tell(
        [membership.user],
        _("You have joined %(organisation)s"),
        _("%(organisation)s has given you the role that you asked for: %(role)s. It counts from now."),
        reverse("accounts:profile"),
        **_offer(membership),
    )


def not_let_in(membership: Membership, reason: str) -> None:
    tell(
        [membership.user],
        _("Not accepted: your request to join %(organisation)s"),
        _("%(organisation)s did not give you the role that you asked for: %(role)s. Reason: %(reason)s"),
        reverse("accounts:organisation", args=[membership.organisation_id]),
        reason=reason,
        **_offer(membership),
    )


def role_ended(membership: Membership, reason: str) -> None:
    tell(
        [membership.user],
        _("Your role at %(organisation)s has ended"),
        _(
            "An administrator of %(organisation)s has ended your role: %(role)s. Reason: %(reason)s\nWhat you did in it stays "
            "on record."
        ),
        reverse("accounts:profile"),
        reason=reason,
        **_offer(membership),
    )


def excluded(sanction: Sanction, people: Iterable[User]) -> None:
    until = sanction.valid_to
    tell(
        people,
        _("Excluded from new work: %(name)s"),
        _(
            "%(name)s may take on no new work from %(start)s until %(end)s.\nReason: %(reason)s\nLegal basis: %(basis)s\n"
            "Work already begun does not end because of it. How you can challenge it is explained here:"
        )
        if until
        else _(
            "%(name)s may take on no new work from %(start)s on, until this is lifted.\nReason: %(reason)s\n"
            "Legal basis: %(basis)s\nWork already begun does not end because of it. How you can challenge it is explained here:"
        ),
        reverse("accounts:sanction", args=[sanction.pk]),
        name=_party(sanction),
        start=_day(sanction.valid_from),
        end=_day(until) if until else "",
        reason=sanction.reason,
        basis=sanction.basis,
    )


def exclusion_lifted(sanction: Sanction, people: Iterable[User], day: date) -> None:
    tell(
        people,
        _("Exclusion lifted: %(name)s"),
        _("%(name)s may take on new work again from %(day)s. The exclusion was lifted.\nReason: %(reason)s"),
        reverse("accounts:sanction", args=[sanction.pk]),
        name=_party(sanction),
        day=_day(day),
        reason=sanction.lift_reason,
    )


def _offer(membership: Membership) -> dict[str, Any]:
    return {"organisation": _in_words(membership.organisation, "name"), "role": Role(membership.role).label}


def _party(sanction: Sanction) -> Any:
    return lazy(lambda: sanction.party_name, str)()


def _kind(credential: Credential) -> Any:
    return CredentialKind(credential.kind).label
