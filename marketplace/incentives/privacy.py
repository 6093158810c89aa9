"""What this room holds about a person, for his own copy of his data."""

from __future__ import annotations

from typing import Any

from marketplace.accounts.models import User

from .models import Entitlement, PayoutClaim, StarGrant


def exported_incentives(user: User) -> dict[str, Any]:
    entitlements = Entitlement.objects.filter(person=user).select_related("policy").order_by("pk")
    claims = PayoutClaim.objects.filter(person=user).select_related("payer").order_by("pk")
    return {
        "entitlements": [
            {
                "policy": each.policy.title,
                "kind": each.kind,
                "service_date": each.service_date,
                "amount": str(each.amount.amount),
                "unit": str(each.amount.currency),
                "granted_at": each.granted_at,
            }
            for each in entitlements
        ],
        "stars": list(StarGrant.objects.filter(person=user).order_by("pk").values("level", "minutes", "granted_at")),
        "claims": [
            {
                "payer": each.payer.name,
                "amount": str(each.amount.amount),
                "unit": str(each.amount.currency),
                "state": each.state,
                "submitted_at": each.submitted_at,
                "note": each.note,
            }
            for each in claims
        ],
    }
