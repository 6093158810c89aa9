"""Who may hold a share of a tender's key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from marketplace.accounts.models import KeyHolderKey, Membership, Organisation, Role, User
from marketplace.accounts.rules import SUPERVISING_KINDS, active_memberships
from marketplace.regions import codes

from .models_tender import Tender


@dataclass(frozen=True, slots=True)
class Holder:
    """A possible key-holder. ``ready``: has set a passphrase; ``own``: of the buyer itself."""

    user: User
    organisation: Organisation
    ready: bool
    own: bool


def eligible_holders(tender: Tender, on: date) -> list[Holder]:
    """Key-holders of the buyer, and of bureaus, finance departments and supervisors whose region contains the buyer's.

    The buyer's own come first; each person once.
    """
    region = tender.organisation.region_id
    above = [codes.ancestor_at(region, level) for level in range(1, codes.level_of(region) + 1)]
    memberships = (
        Membership.objects.filter(
            active_memberships(on),
            Q(organisation_id=tender.organisation_id)
            | Q(organisation__kind__in=SUPERVISING_KINDS, organisation__region_id__in=above),
            role=Role.KEY_HOLDER,
            user__is_active=True,
        )
        .select_related("user", "organisation")
        .order_by("user__display_name", "user_id")
    )
    people: dict[int, Membership] = {}
    for membership in sorted(memberships, key=lambda m: m.organisation_id != tender.organisation_id):
        people.setdefault(membership.user_id, membership)
    ready = set(
        KeyHolderKey.objects.filter(user_id__in=people, retired_at__isnull=True).values_list("user_id", flat=True)
    )
    return [
        Holder(m.user, m.organisation, m.user_id in ready, m.organisation_id == tender.organisation_id)
        for m in people.values()
    ]
