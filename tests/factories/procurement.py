"""Buying, played through the services: a bureau with its people, a budget, a plan, a tender at any stage, bids.

``stage = make_bureau()`` gives the people; ``make_tender(state=…)`` plays everything up to that state at sensible times and
leaves the clock alone: pass ``now`` of your own, or look at ``tender.bid_deadline`` and use the fixture ``at``.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.utils import timezone

from marketplace.accounts.models import Organisation, OrganisationKind, Role, User
from marketplace.accounts.services import set_holder_key
from marketplace.core import clock
from marketplace.core.units import yuan
from marketplace.procurement import services_bidding, services_plan, services_tender
from marketplace.procurement.bid_content import Attachment, BidContent, Response, TeamMember
from marketplace.procurement.models import Bid, BudgetLine, CriterionKind, Lot, Method, Plan, Tender
from marketplace.regions.models import Region

from .accounts import LEISHAN, a_place, make_member, make_membership, make_organisation, make_user
from .catalog import make_product

PASSPHRASE = "correct horse battery staple"
_numbers = count(1)
_TOWNSHIP = 522634100000

PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<<>>\n"
)


@dataclass
class Bureau:
    """A buyer and its people: one drafts, another approves, three hold keys, one keeps the money."""

    organisation: Organisation
    officer: User
    approver: User
    finance: User
    holders: list[User] = field(default_factory=list)


_bureaus: dict[int, Bureau] = {}


def make_bureau(*, holders: int = 3, ready: bool = True, **kw: Any) -> Bureau:
    """A bureau of Leishan with its people; the key-holders have set ``PASSPHRASE`` unless ``ready`` is False."""
    if "region" not in kw:
        kw["region"] = a_place(LEISHAN)
    organisation = make_organisation(OrganisationKind.BUREAU, **kw)
    bureau = Bureau(
        organisation,
        officer=make_member(Role.OFFICER, organisation),
        approver=make_member(Role.APPROVER, organisation),
        finance=make_member(Role.FINANCE, organisation),
    )
    now = clock.now()
    for _ in range(holders):
        holder = make_member(Role.KEY_HOLDER, organisation)
        if ready:
            set_holder_key(actor=holder, passphrase=PASSPHRASE, now=now)
        bureau.holders.append(holder)
    _bureaus[organisation.pk] = bureau
    return bureau


def bureau_of(tender: Tender | Plan) -> Bureau:
    """The people of the bureau that ``make_bureau`` made."""
    return _bureaus[tender.organisation_id]


def make_supplier(*, small_or_micro: bool = False, **kw: Any) -> tuple[Organisation, User]:
    """A law firm and its bid manager."""
    organisation = make_organisation(OrganisationKind.LAW_FIRM, small_or_micro=small_or_micro, **kw)
    bidder = make_user()
    make_membership(bidder, organisation, Role.BIDDER)
    return organisation, bidder


def villages(n: int, *, start: int = 1, township: int = _TOWNSHIP) -> list[Region]:
    """``n`` villages of a township of Leishan."""
    return [a_place(township + 200 + i) for i in range(start, start + n)]


def make_budget_line(
    bureau: Bureau | None = None, *, appropriated: Decimal | int = 2_000_000, now: datetime | None = None, **kw: Any
) -> BudgetLine:
    bureau = bureau or make_bureau()
    now = now or clock.now()
    return services_plan.open_budget_line(
        actor=bureau.finance,
        organisation=bureau.organisation,
        fiscal_year=kw.pop("fiscal_year", now.year),
        code=kw.pop("code", f"2040605-{next(_numbers):03d}"),
        name=kw.pop("name", "公共法律服务"),
        name_en=kw.pop("name_en", "Public legal services"),
        appropriated=yuan(appropriated),
        now=now,
    )


def make_plan(
    bureau: Bureau | None = None,
    *,
    approved: bool = True,
    amount: Decimal | int = 830_000,
    method: str = Method.CONSULTATION,
    budget_line: BudgetLine | None = None,
    product: Any = None,
    now: datetime | None = None,
    **kw: Any,
) -> Plan:
    bureau = bureau or (_bureaus[budget_line.organisation_id] if budget_line else make_bureau())
    now = now or clock.now()
    plan = services_plan.draft_plan(
        actor=bureau.officer,
        organisation=bureau.organisation,
        budget_line=budget_line or make_budget_line(bureau, now=now),
        product=product or make_product("PLS-01"),
        title=kw.pop("title", "2027 年度村（社区）法律顾问服务"),
        title_en=kw.pop("title_en", "Village legal advisers 2027"),
        amount=yuan(amount),
        method=method,
        method_reason=kw.pop("method_reason", "政府购买服务项目，适用竞争性磋商（财库〔2014〕214号第三条）。"),
        need=kw.pop("need", "经调查，各村普遍缺少可以随时咨询的法律顾问。"),
        service_from=kw.pop("service_from", date(now.year + 1, 1, 1)),
        service_to=kw.pop("service_to", date(now.year + 1, 12, 31)),
        now=now,
    )
    if approved:
        services_plan.submit_plan(actor=bureau.officer, plan=plan, now=now)
        plan = services_plan.approve_plan(actor=bureau.approver, plan=plan, now=now)
    return plan


def make_tender(
    bureau: Bureau | None = None,
    *,
    state: str = "published",
    lots: int = 2,
    villages_a_lot: int = 2,
    plan: Plan | None = None,
    ceiling: Decimal | int = 300_000,
    now: datetime | None = None,
    days: int | None = None,
    bid_deadline: datetime | None = None,
    **kw: Any,
) -> Any:
    """A tender in ``draft``, ``submitted``, ``approved`` or ``published``; bids close ``days`` after ``now`` at 17:00.

    ``days`` defaults to what the law asks for with some room (20 for consultation, 30 for an open tender). ``now`` is
    the instant of publication; drafting and approval happen days before. Later states: open and evaluate from here.
    """
    now = now or clock.now()
    plan = plan or make_plan(bureau, amount=ceiling * max(lots, 1), now=now - timedelta(days=5))
    bureau = _bureaus[plan.organisation_id]
    drafted = now - timedelta(days=4)
    tender = services_tender.draft_tender(actor=bureau.officer, plan=plan, now=drafted, **kw)
    for n in range(lots):
        services_tender.add_lot(
            actor=bureau.officer,
            tender=tender,
            title=f"第{n + 1}标段",
            title_en=f"Lot {n + 1}",
            ceiling=yuan(ceiling),
            regions=villages(villages_a_lot, start=n * villages_a_lot + 1),
            now=drafted,
        )
    tender = Tender.objects.get(pk=tender.pk)
    if state == "draft":
        return tender
    tender = services_tender.submit_tender(actor=bureau.officer, tender=tender, now=now - timedelta(days=3))
    if state == "submitted":
        return tender
    tender = services_tender.approve_tender(actor=bureau.approver, tender=tender, now=now - timedelta(days=2))
    if state == "approved":
        return tender
    return publish(tender, now=now, days=days, bid_deadline=bid_deadline)


def publish(
    tender: Tender, *, now: datetime, days: int | None = None, bid_deadline: datetime | None = None, **kw: Any
) -> Any:
    """Publish an approved tender: on the official medium an hour before ``now``."""
    bureau = _bureaus[tender.organisation_id]
    if bid_deadline is None:
        days = days or (20 if tender.method == Method.CONSULTATION else 30)
        local = timezone.localtime(now)
        bid_deadline = (local + timedelta(days=days)).replace(hour=17, minute=0, second=0, microsecond=0)
    published: Tender = services_tender.publish_tender(
        actor=bureau.officer,
        tender=tender,
        official_published_at=kw.pop("official_published_at", now - timedelta(hours=1)),
        official_url=kw.pop("official_url", "https://ccgp.example/notice/1"),
        bid_deadline=bid_deadline,
        now=now,
        provisional_acknowledged=True,
        **kw,
    )
    return published


def a_bid(lot: Lot, *, price: Decimal | int | None = None, files: int = 0, **kw: Any) -> BidContent:
    """The content of a bid that fits the lot."""
    return BidContent(
        price=yuan(price if price is not None else lot.ceiling.amount * Decimal("0.9")),
        small_or_micro=kw.pop("small_or_micro", False),
        legal_representative=kw.pop("legal_representative", "张示例"),
        contact_name=kw.pop("contact_name", "李示例"),
        contact_phone=kw.pop("contact_phone", "0855-0000000"),
        team=kw.pop("team", (TeamMember("王示例", "15226201510000001", "在乡镇司法所值班五年"),)),
        responses=tuple(
            Response(c.pk, c.title, kw.get("text", f"{c.title}：按月排定到村时间，逐村建立台账。"))
            for c in lot.criteria.all()
            if c.kind == CriterionKind.JUDGED
        ),
        note=kw.pop("note", ""),
        attachments=tuple(Attachment(f"附件{n + 1}.pdf", PDF + str(n).encode()) for n in range(files)),
    )


def make_bid(
    lot: Lot,
    supplier: Organisation | None = None,
    bidder: User | None = None,
    *,
    now: datetime | None = None,
    request_key: uuid.UUID | None = None,
    content: BidContent | None = None,
    **kw: Any,
) -> Bid:
    """A sealed bid, received at ``now`` (default: the present of the test)."""
    if supplier is None or bidder is None:
        supplier, bidder = make_supplier()
    now = now or clock.now()
    with clock.rehearse(now):
        return services_bidding.submit_bid(
            actor=bidder,
            lot=lot,
            supplier=supplier,
            content=content or a_bid(lot, **kw),
            request_key=request_key or uuid.uuid4(),
            now=now,
        )
