"""What contracts ask of a person: sign, deliver, accept, pay, rate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import OrganisationKind, Role, User
from marketplace.accounts.rules import inside, memberships_of, regions_of
from marketplace.core.i18n import localized
from marketplace.core.words import day_words, money_words
from marketplace.core.workspace import WorkItem
from marketplace.procurement.models import Award
from marketplace.procurement.states import TenderState
from marketplace.statutes.deadlines import Deadline
from marketplace.statutes.errors import UnknownDay
from marketplace.statutes.selectors import TableCalendar

from .fulfilment import quarter
from .models import Contract, Instalment, Post, VillageRating
from .rules import SIGNING_ROLES, villages_of
from .services_contract import SigningTerms, signing_deadline, signing_terms
from .services_posts import quarter_asked, quarter_of, quarter_words
from .states import ContractState, InstalmentState

#: A list longer than this is read on the page of contracts.
MOST = 20


def work_items(user: User, now: datetime) -> Iterator[WorkItem]:
    memberships = memberships_of(user)
    if not memberships:
        return
    today = timezone.localdate(now)

    def organisations(*roles: str) -> set[int]:
        return {m.organisation_id for m in memberships if m.role in roles}

    if officers := organisations(Role.OFFICER):
        yield from _to_draft(officers)
    if approvers := organisations(Role.APPROVER):
        yield from _to_sign(user, Q(buyer__in=approvers), supplier_signed=True, page="contracts:sign_buyer")
    if deciders := organisations(Role.OFFICER, Role.APPROVER):
        yield from _to_accept(deciders)
    if signers := organisations(*SIGNING_ROLES):
        yield from _to_sign(user, Q(supplier__in=signers), supplier_signed=False, page="contracts:sign_supplier")
        yield from _to_deliver(signers, today)
    yield from _to_pay(user, organisations(Role.FINANCE))
    yield from _to_rate(user, today)


def _due(kept: dict[str, Any]) -> datetime | None:
    return Deadline.from_json(kept).at if kept else None


def _to_draft(buyers: set[int]) -> Iterator[WorkItem]:
    waiting = Award.objects.filter(
        lot__tender__organisation__in=buyers, lot__tender__state=TenderState.AWARDED, contract__isnull=True
    ).select_related("lot__tender__organisation", "bid__supplier")
    calendar = TableCalendar()
    counted: dict[SigningTerms, datetime | None] = {}
    for award in waiting.order_by("decided_at", "pk")[:MOST]:
        terms = signing_terms(award)
        if terms not in counted:
            counted[terms] = _sign_by(terms, calendar)
        yield WorkItem(
            title=_("Draw up the contract"),
            detail=f"{localized(award.lot.tender, 'title')} · {localized(award.bid.supplier, 'name')}",
            url=reverse("contracts:draft", args=[award.pk]),
            due_at=counted[terms],
            weight=40,
        )


def _sign_by(terms: SigningTerms, calendar: TableCalendar) -> datetime | None:
    try:
        return signing_deadline(terms, calendar).at
    except UnknownDay:  # the working days of the coming year are not announced yet
        return None


def _to_sign(user: User, whose: Q, *, supplier_signed: bool, page: str) -> Iterator[WorkItem]:
    waiting = Contract.objects.filter(
        whose, state=ContractState.DRAFT, supplier_signed_at__isnull=not supplier_signed
    ).select_related("buyer", "supplier")
    if supplier_signed:
        waiting = waiting.exclude(drafted_by=user)
    for contract in waiting.order_by("created_at", "pk")[:MOST]:
        other = contract.supplier if supplier_signed else contract.buyer
        yield WorkItem(
            title=_("Sign the contract"),
            detail=f"{localized(contract, 'title')} · {localized(other, 'name')}",
            url=reverse(page, args=[contract.pk]),
            due_at=_due(contract.sign_by),
            weight=20,
        )


def _sheet(instalment: Instalment) -> str:
    return reverse("contracts:instalment", args=[instalment.pk])


def _said(instalment: Instalment) -> str:
    span = f"{day_words(instalment.period_from)} – {day_words(instalment.period_to)}"
    return f"{localized(instalment.contract, 'title')} · {span} · {money_words(instalment.payable)}"


def _to_deliver(suppliers: set[int], today: date) -> Iterator[WorkItem]:
    ready = Instalment.objects.filter(
        Q(period_to__lt=today, contract__state=ContractState.ACTIVE) | Q(contract__state=ContractState.TERMINATED),
        contract__supplier__in=suppliers,
        state__in=[InstalmentState.PLANNED, InstalmentState.REFUSED],
    ).select_related("contract")
    for instalment in ready.order_by("period_to", "pk")[:MOST]:
        again = instalment.state == InstalmentState.REFUSED
        yield WorkItem(
            title=_("Hand over again what was sent back") if again else _("Hand over a finished period"),
            detail=_said(instalment),
            url=_sheet(instalment),
            weight=30 if again else 50,
        )


def _to_accept(buyers: set[int]) -> Iterator[WorkItem]:
    waiting = Instalment.objects.filter(contract__buyer__in=buyers, state=InstalmentState.DELIVERED).select_related(
        "contract"
    )
    for instalment in waiting.order_by("delivered_at", "pk")[:MOST]:
        yield WorkItem(
            title=_("Accept instalment %(n)s") % {"n": instalment.number},
            detail=_said(instalment),
            url=_sheet(instalment),
            weight=35,
            since=instalment.delivered_at,
        )


def _to_pay(user: User, buyers: set[int]) -> Iterator[WorkItem]:
    over = regions_of(user, Role.FINANCE, kinds={OrganisationKind.FINANCE})
    if not buyers and not over:
        return
    waiting = (
        Instalment.objects.filter(
            Q(contract__buyer__in=buyers) | inside("contract__buyer__region_id", over), state=InstalmentState.ACCEPTED
        )
        .exclude(accepted_by=user)
        .select_related("contract")
    )
    for instalment in waiting.order_by("accepted_at", "pk")[:MOST]:
        yield WorkItem(
            title=_("Pay instalment %(n)s") % {"n": instalment.number},
            detail=_said(instalment),
            url=reverse("contracts:pay", args=[instalment.pk]),
            due_at=_due(instalment.pay_by),
            weight=25,
        )


def _to_rate(user: User, today: date) -> Iterator[WorkItem]:
    villages = villages_of(user)
    if not villages:
        return
    since = quarter(quarter(today)[0] - timedelta(days=1))[0]
    posts = (
        Post.objects.filter(
            region__in=villages,
            adviser__isnull=False,
            # What was served before an early end is accepted and paid too.
            contract__state__in=[ContractState.ACTIVE, ContractState.TERMINATED],
            starts_on__lt=today,
            ends_on__gte=since,
        )
        .exclude(adviser=user)
        .select_related("region", "adviser")
        .order_by("pk")
    )
    rated: dict[int, set[str]] = defaultdict(set)
    for post_id, name in VillageRating.objects.filter(post__in=posts, rated_by=user).values_list("post", "quarter"):
        rated[post_id].add(name)
    asked = ((post, quarter_asked(post, today, rated[post.pk])) for post in posts)
    # Of months in which this adviser did not serve yet, nobody is asked.
    due = ((post, name) for post, name in asked if name and not _came_after(post, name))
    for post, name in islice(due, MOST):
        yield WorkItem(
            title=_("How is your legal adviser?"),
            detail=f"{localized(post.adviser, 'display_name')} · {localized(post.region, 'name')} · {quarter_words(name)}",
            url=reverse("contracts:rate", args=[post.pk]),
            weight=80,
        )


def _came_after(post: Post, name: str) -> bool:
    return post.adviser_since is not None and post.adviser_since > quarter_of(name)[1]
