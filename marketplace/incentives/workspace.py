"""What waits for a person about subsidies and policies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Min
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.accounts.models import Role, User
from marketplace.accounts.rules import organisations_of
from marketplace.core.i18n import localized
from marketplace.core.workspace import WorkItem

from .models import PayoutClaim, Policy
from .states import ClaimState, PolicyState


def work_items(user: User, now: datetime) -> Iterator[WorkItem]:
    address = reverse("incentives:claims")
    approving = organisations_of(user, Role.OFFICER, Role.APPROVER)
    to_check = PayoutClaim.objects.filter(payer__in=approving, state=ClaimState.SUBMITTED).exclude(person=user)
    submitted, since = to_check.aggregate(n=Count("pk"), since=Min("submitted_at")).values()
    if submitted:
        text = ngettext("Check %(n)s subsidy claim", "Check %(n)s subsidy claims", submitted)
        yield WorkItem(text % {"n": submitted}, address, weight=50, since=since)
    paying = organisations_of(user, Role.FINANCE)
    approved = (
        PayoutClaim.objects.filter(payer__in=paying, state=ClaimState.APPROVED)
        .exclude(person=user)
        .exclude(approved_by=user)
        .count()
    )
    if approved:
        text = ngettext("Pay %(n)s subsidy claim", "Pay %(n)s subsidy claims", approved)
        yield WorkItem(text % {"n": approved}, address, weight=40)
    drafts = (
        Policy.objects.filter(payer__in=organisations_of(user, Role.APPROVER), state=PolicyState.DRAFT)
        .exclude(drafted_by=user)
        .order_by("pk")[:5]
    )
    for draft in drafts:
        yield WorkItem(
            _("Adopt the policy %(title)s") % {"title": localized(draft, "title")},
            reverse("incentives:policy", args=[draft.pk]),
            weight=70,
        )
