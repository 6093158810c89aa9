"""This room's objects in the record: who reads all about them, and what they are called."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.audit.labels import register_names, register_subjects
from marketplace.audit.selectors import register_visibility
from marketplace.core.i18n import localized

from . import rules
from .models import Credential, KeyHolderKey, Membership, Organisation, PractitionerProfile, Role, Sanction, User


def _person(user: Any, key: str) -> bool:
    return str(user.pk) == key


def _organisation(user: Any, key: str) -> bool:
    organisation = Organisation.objects.filter(pk=key).first()
    return organisation is not None and (
        rules.has_role(user, organisation, Role.ADMIN) or rules.is_supervisor(user, organisation.region_id)
    )


def _membership(user: Any, key: str) -> bool:
    membership = Membership.objects.select_related("organisation").filter(pk=key).first()
    return membership is not None and (
        membership.user_id == user.pk
        or rules.has_role(user, membership.organisation, Role.ADMIN)
        or rules.is_supervisor(user, membership.organisation.region_id)
    )


def _credential(user: Any, key: str) -> bool:
    credential = Credential.objects.filter(pk=key).first()
    return credential is not None and rules.can_see_credential(user, credential)


def _sanction(user: Any, key: str) -> bool:
    return rules.visible_sanctions(user).filter(pk=key).exists()


def _organisations(keys: Iterable[int]) -> dict[int, str]:
    return {each.pk: localized(each, "name") for each in Organisation.objects.filter(pk__in=list(keys))}


def people_names(keys: Iterable[int]) -> dict[int, str]:
    """Primary keys of people -> their names in the active language; for `audit.labels.register_names`."""
    return {each.pk: localized(each, "display_name") for each in User.objects.filter(pk__in=list(keys))}


def _memberships(keys: Iterable[int]) -> dict[int, str]:
    found = Membership.objects.filter(pk__in=list(keys)).select_related("user", "organisation")
    return {
        each.pk: _("%(person)s, %(role)s, %(organisation)s")
        % {
            "person": localized(each.user, "display_name"),
            "role": each.get_role_display(),
            "organisation": localized(each.organisation, "name"),
        }
        for each in found
    }


def _credentials(keys: Iterable[int]) -> dict[int, str]:
    found = Credential.objects.filter(pk__in=list(keys)).select_related("user")
    return {
        each.pk: _("%(kind)s of %(person)s")
        % {"kind": each.get_kind_display(), "person": localized(each.user, "display_name")}
        for each in found
    }


def _sanctions(keys: Iterable[int]) -> dict[int, str]:
    return {
        each.pk: each.party_name
        for each in Sanction.objects.filter(pk__in=list(keys)).select_related("user", "organisation")
    }


def _owners(model: type[KeyHolderKey | PractitionerProfile]) -> Callable[[Iterable[int]], dict[int, str]]:
    """What belongs to one person is called after that person."""

    def names(keys: Iterable[int]) -> dict[int, str]:
        found = model._default_manager.filter(pk__in=list(keys)).select_related("user")
        return {each.pk: localized(each.user, "display_name") for each in found}

    return names


def register() -> None:
    register_names("organisation", _organisations)
    register_subjects("accounts.organisation", _organisations)
    register_subjects("accounts.user", people_names)
    register_subjects("accounts.membership", _memberships)
    register_subjects("accounts.credential", _credentials)
    register_subjects("accounts.sanction", _sanctions)
    register_subjects("accounts.keyholderkey", _owners(KeyHolderKey))
    register_subjects("accounts.practitionerprofile", _owners(PractitionerProfile))
    register_names("person", people_names)
    # Only the person reads all of it, and the page on which one reads of oneself has no key.
    register_visibility("accounts.user", _person, page=lambda key: reverse("accounts:profile"))
    register_visibility("accounts.organisation", _organisation, page="accounts:organisation")
    register_visibility("accounts.membership", _membership)
    register_visibility("accounts.credential", _credential)
    register_visibility("accounts.sanction", _sanction)
