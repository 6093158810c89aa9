"""Where an adviser may record visits: the posts he serves, with who confirms them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone

from marketplace.accounts.models import Organisation, OrganisationKind, User
from marketplace.core.i18n import localized
from marketplace.timesheets.models import Capacity
from marketplace.timesheets.subjects import Subject

from .fulfilment import SESSION_KINDS, SUBJECT
from .models import Obligation, Post
from .states import ContractState, PostState

#: A visit of the last day can still be reported for as long as reports are taken.
REPORT_AFTER_END = timedelta(days=90)


def subjects(person: User, now: datetime) -> Iterator[Subject]:
    """The village committee confirms a visit to its village; where it is not registered yet, the buyer does."""
    today = timezone.localdate(now)
    posts = list(
        Post.objects.filter(
            adviser=person,
            state__in=[PostState.FILLED, PostState.CLOSED],
            contract__state__in=[ContractState.ACTIVE, ContractState.COMPLETED, ContractState.TERMINATED],
            starts_on__lte=today,
            ends_on__gte=today - REPORT_AFTER_END,
        )
        .select_related("region", "contract__buyer")
        .order_by("region_id", "pk")
    )
    committees = {
        o.region_id: o
        for o in Organisation.objects.filter(
            kind=OrganisationKind.VILLAGE, region__in={p.region_id for p in posts}
        ).order_by("-pk")
    }
    kinds: dict[int, dict[str, None]] = defaultdict(dict)
    for contract, kind in (
        Obligation.objects.filter(contract__in={p.contract_id for p in posts}, kind__in=SESSION_KINDS)
        .order_by("pk")
        .values_list("contract_id", "kind")
    ):
        kinds[contract][kind] = None
    for post in posts:
        yield Subject(
            kind=SUBJECT,
            id=post.pk,
            label=localized(post.contract, "title"),
            region=post.region,
            host=committees.get(post.region_id, post.contract.buyer),
            capacity=Capacity.CONTRACT,
            session_kinds=tuple(kinds[post.contract_id]),
            url=reverse("contracts:detail", args=[post.contract_id]),
        )
