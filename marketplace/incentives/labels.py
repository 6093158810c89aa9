"""This room's acts in words, for the record."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.utils.translation import gettext_lazy as _

from marketplace.audit.labels import Words, yuan
from marketplace.core.i18n import localized

from .models import Entitlement, PayoutClaim, Policy, StarGrant

ACTIONS = {
    "policy.draft": _("drafted the policy"),
    "policy.adopt": _("adopted the policy"),
    "policy.end": _("set the policy's last day"),
    "policy.discard": _("threw the draft away"),
    "policy.replace": _("replaced the policy"),
    "entitlement.grant": _("granted what the policy promises"),
    "star.grant": _("granted a star"),
    "payout_claim.submit": _("claimed a subsidy"),
    "payout_claim.approve": _("approved the claim"),
    "payout_claim.return": _("returned the claim"),
    "payout_claim.pay": _("paid the claim"),
    "incentive_fund.top_up": _("topped up the incentive fund"),
}

DATA = {
    "last_day": _("last day"),
    "amount": _("amount"),
    "level": _("star level"),
}

#: What an entitlement gives may be points: its own amount says no unit.
VALUES: dict[str, Words] = {"payout_claim.amount": yuan, "incentive_fund.amount": yuan}


def policies(keys: Iterable[int]) -> dict[int, str]:
    return {policy.pk: localized(policy, "title") for policy in Policy.objects.filter(pk__in=list(keys))}


def of_person(model: type[Entitlement | PayoutClaim | StarGrant]) -> Callable[[Iterable[int]], dict[int, str]]:
    """What one person gets is called after that person."""

    def names(keys: Iterable[int]) -> dict[int, str]:
        found = model._default_manager.filter(pk__in=list(keys)).select_related("person")
        return {each.pk: localized(each.person, "display_name") for each in found}

    return names
