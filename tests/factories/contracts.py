"""Contracts: an award written straight into the tables, then drafted, signed and staffed through the services.

``make_contract()`` gives a contract in performance with its posts vacant; ``parties_of(contract)`` gives its people.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from marketplace.accounts.models import Organisation, OrganisationKind, Role, User
from marketplace.contracts import services
from marketplace.contracts.models import Contract, Instalment, Post
from marketplace.core import clock
from marketplace.core.units import yuan
from marketplace.procurement import budget
from marketplace.procurement.models import Award, Bid, BudgetLine, Lot, Method, OpenedBid, Plan, Tender
from marketplace.regions.models import Region
from marketplace.timesheets.models import ServiceSession

from .accounts import LEISHAN, a_place, make_member, make_organisation, make_practitioner, make_user
from .catalog import make_product, make_version

_numbers = count(1)
_TOWNSHIP = 522634100000


@dataclass
class Parties:
    """The people of a contract: two officers and finance of the buyer, the bid manager and lawyers of the supplier."""

    buyer: Organisation
    officer: User
    approver: User
    finance: User
    supplier: Organisation
    bidder: User
    advisers: list[User] = field(default_factory=list)


_by_buyer: dict[int, Parties] = {}


def parties_of(contract: Contract | Award) -> Parties:
    buyer = contract.buyer_id if isinstance(contract, Contract) else contract.lot.tender.organisation_id
    return _by_buyer[buyer]


def make_parties() -> Parties:
    buyer = make_organisation(OrganisationKind.BUREAU, region=a_place(LEISHAN))
    supplier = make_organisation(OrganisationKind.LAW_FIRM, region=a_place(LEISHAN))
    parties = Parties(
        buyer,
        officer=make_member(Role.OFFICER, buyer),
        approver=make_member(Role.APPROVER, buyer),
        finance=make_member(Role.FINANCE, buyer),
        supplier=supplier,
        bidder=make_member(Role.BIDDER, supplier),
    )
    _by_buyer[buyer.pk] = parties
    return parties


def villages(n: int, *, start: int = 1, township: int = _TOWNSHIP) -> list[Region]:
    return [a_place(township + 200 + i) for i in range(start, start + n)]


def make_award(
    parties: Parties | None = None,
    *,
    lots: int = 1,
    villages_a_lot: int = 3,
    amount: Decimal | int = 27_000,
    ceiling: Decimal | int = 30_000,
    product: str = "PLS-01",
    regions: list[Region] | None = None,
    starts_on: date | None = None,
    ends_on: date | None = None,
    now: datetime | None = None,
) -> Award:
    """The award of the first of ``lots`` lots (all are awarded), decided just before ``now``; its ceilings are reserved."""
    parties = parties or make_parties()
    now = now or clock.now()
    n, year = next(_numbers), timezone.localdate(now).year
    line = BudgetLine.objects.create(
        organisation=parties.buyer,
        fiscal_year=year,
        code=f"2040605-C{n:03d}",
        name="公共法律服务",
        appropriated=Decimal(ceiling) * lots * 2,
    )
    budget.open_line(line, actor=parties.finance, now=now)
    plan = Plan.objects.create(
        organisation=parties.buyer,
        budget_line=line,
        product=make_product(product),
        title="村（社区）法律顾问服务",
        amount=Decimal(ceiling) * lots,
        method=Method.CONSULTATION,
        method_reason="政府购买服务项目。",
        need="各村普遍缺少法律顾问。",
        service_from=starts_on or date(year, 1, 1),
        service_to=ends_on or date(year, 12, 31),
        state="approved",
        drafted_by=parties.officer,
        decided_by=parties.approver,
        decided_at=now,
        created_at=now - timedelta(days=60),
    )
    published = now - timedelta(days=40)
    closes = now - timedelta(days=10)
    tender = Tender.objects.create(
        plan=plan,
        organisation=parties.buyer,
        reference=f"示司采磋〔{year}〕{n:02d}号",
        title="村（社区）法律顾问服务",
        title_en="Village legal advisers",
        method=Method.CONSULTATION,
        description="为各村聘请法律顾问。",
        qualification="依法执业的律师事务所。",
        drafted_by=parties.officer,
        approved_by=parties.approver,
        approved_at=published,
        created_at=published,
    )
    made = [
        Lot.objects.create(
            tender=tender,
            number=number + 1,
            title=f"第{number + 1}标段",
            title_en=f"Lot {number + 1}",
            product_version=make_version(product),
            ceiling=Decimal(ceiling),
        )
        for number in range(lots)
    ]
    for number, lot in enumerate(made):
        lot.regions.set(
            regions
            if regions is not None
            else villages(villages_a_lot, start=n * 17 % 90 + number * villages_a_lot + 1)
        )
    budget.reserve(tender, yuan(Decimal(ceiling) * lots), actor=parties.officer, now=published)
    _set(
        tender, state="published", published_at=published, official_published_at=published, bid_deadline=closes,
        public_key=b"k" * 32,
    )  # fmt: skip
    bids = [_bid(lot, parties, amount, closes) for lot in made]
    _set(tender, state="awarded", opened_at=closes + timedelta(hours=1))
    for bid in bids:
        _set(bid, state="opened")
        OpenedBid.objects.create(
            bid=bid, price=Decimal(amount), content={}, opened_at=closes + timedelta(hours=1), qualified=True
        )
    awards = [
        Award.objects.create(
            lot=lot,
            bid=bid,
            amount=Decimal(amount),
            reasons="综合得分第一。",
            decided_by=parties.approver,
            decided_at=now - timedelta(hours=1),
        )
        for lot, bid in zip(made, bids, strict=True)
    ]
    return awards[0]


def _set(row: Any, **values: Any) -> None:
    type(row).objects.filter(pk=row.pk).update(**values)
    row.refresh_from_db()


def _bid(lot: Lot, parties: Parties, amount: Decimal | int, closes: datetime) -> Bid:
    sealed = f"{lot.pk}:{amount}".encode()
    return Bid.objects.create(
        lot=lot,
        supplier=parties.supplier,
        submitted_by=parties.bidder,
        sealed_content=sealed,
        digest=hashlib.sha256(sealed).hexdigest(),
        request_key=uuid.uuid4(),
        received_at=closes - timedelta(hours=2),
    )


def make_contract(
    parties: Parties | None = None,
    *,
    active: bool = True,
    villages: int = 3,
    filled: int = 0,
    now: datetime | None = None,
    **award: Any,
) -> Contract:
    """A contract of ``villages`` posts, in performance (or a draft that nobody signed); ``filled`` of them have an adviser.

    ``award`` goes to :func:`make_award`: ``amount``, ``ceiling``, ``product``, ``regions``, ``starts_on``, ``ends_on``, ``lots``.
    """
    now = now or clock.now()
    given = make_award(parties, villages_a_lot=villages, now=now, **award)
    people = parties_of(given)
    contract = services.draft_contract(actor=people.officer, award=given, now=now)
    if not active:
        return contract
    contract = sign(contract, now=now)
    for post in list(contract.posts.order_by("pk")[:filled]):
        adviser = make_practitioner(people.supplier)
        people.advisers.append(adviser)
        services.fill_post(post=post, adviser=adviser, actor=people.bidder, now=now)
    return contract


def sign(contract: Contract, *, now: datetime | None = None) -> Contract:
    """Both signatures."""
    people, now = parties_of(contract), now or clock.now()
    services.sign_as_supplier(actor=people.bidder, contract=contract, now=now)
    return services.sign_as_buyer(actor=people.approver, contract=contract, now=now)


def make_village_voice(post: Post) -> User:
    """Who speaks for the village of ``post``."""
    organisation = Organisation.objects.filter(kind=OrganisationKind.VILLAGE, region=post.region).first()
    return make_member(Role.VILLAGE, organisation or make_organisation(OrganisationKind.VILLAGE, region=post.region))


def make_visit(
    post: Post, begin: datetime, minutes: int, *, kind: str = "on_site", confirmed: bool = True
) -> ServiceSession:
    """A visit of the post's adviser, confirmed by its village (or waiting for it), written straight into the table."""
    host = Organisation.objects.filter(kind=OrganisationKind.VILLAGE, region=post.region).first()
    host = host or make_organisation(OrganisationKind.VILLAGE, region=post.region)
    decided: dict[str, Any] = (
        {"state": "confirmed", "decided_minutes": minutes, "decided_by": make_user(), "decided_at": begin}
        if confirmed
        else {"state": "reported"}
    )
    assert post.adviser is not None
    return ServiceSession.objects.create(
        person=post.adviser,
        capacity="contract",
        kind=kind,
        region=post.region,
        host=host,
        subject_kind="contracts.post",
        subject_id=post.pk,
        period=TimestamptzRange(begin, begin + timedelta(minutes=minutes), "[)"),
        claimed_minutes=minutes,
        reported_at=begin + timedelta(minutes=minutes),
        **decided,
    )


def serve_fully(contract: Contract, instalment: Instalment) -> None:
    """Every post of ``contract`` is served as its standard asks in the period of ``instalment`` (PLS-01)."""
    for n, post in enumerate(contract.posts.filter(state="filled").select_related("region", "adviser").order_by("pk")):
        begin = timezone.make_aware(datetime(instalment.period_from.year, instalment.period_from.month, 2 + n, 9))
        for month in range(3):
            make_visit(post, begin + timedelta(days=30 * month), 240)
        make_visit(post, begin + timedelta(days=1, hours=6), 60, kind="lecture")
