"""This room's acts in words, for the record."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

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
