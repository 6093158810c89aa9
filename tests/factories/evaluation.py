"""Opening, judging and awarding, played through the services on top of ``factories.procurement``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from marketplace.accounts.models import CredentialKind, DeclaredRelation, Organisation, User
from marketplace.core import clock
from marketplace.procurement import (
    services_award,
    services_evaluation,
    services_opening,
    services_panel,
    services_tender,
)
from marketplace.procurement.defaults import default_criteria
from marketplace.procurement.models import Criterion, CriterionKind, Evaluator, Lot, OpenedBid, Tender
from marketplace.procurement.selectors_evaluation import scored_criteria, valid_bids

from .accounts import LEISHAN, a_place, make_credential, make_user
from .procurement import PASSPHRASE, a_bid, bureau_of, make_bid, make_supplier, make_tender, publish

Points = Callable[[int, OpenedBid, Criterion], Decimal]


def make_expert(*, law: bool = True, region: int = LEISHAN, **kw: Any) -> User:
    """A registered evaluation expert who lives in the county, licensed in law unless ``law`` is False."""
    user = make_user(home_region=a_place(region), **kw)
    make_credential(user, kind=CredentialKind.EXPERT, number=f"EX-{user.pk:05d}")
    if law:
        make_credential(user)
    return user


def make_relation(user: User, organisation: Organisation, **kw: Any) -> DeclaredRelation:
    """A declared tie that stands."""
    defaults: dict[str, Any] = {"kind": "employed", "declared_at": clock.now()}
    return DeclaredRelation.objects.create(
        user=user, organisation=organisation, valid_from=clock.today() - timedelta(days=500), **(defaults | kw)
    )


def after_deadline(tender: Tender, **later: float) -> datetime:
    """An instant after the deadline (an hour, unless told otherwise)."""
    assert tender.bid_deadline is not None
    return tender.bid_deadline + timedelta(**(later or {"hours": 1}))


def sealed_tender(
    prices: Sequence[Sequence[Decimal | int]] = ((270_000, 280_000, 290_000),), **kw: Any
) -> tuple[Tender, list[list[Organisation]]]:
    """A published tender with one sealed bid a price, lot by lot; and the suppliers."""
    small = kw.pop("small", ())
    tender = (
        _with_objective(lots=len(prices), **kw) if kw.pop("objective", False) else make_tender(lots=len(prices), **kw)
    )
    assert tender.published_at is not None
    suppliers = []
    for number, (lot, offers) in enumerate(zip(tender.lots.order_by("number"), prices, strict=True)):
        firms = []
        for place, price in enumerate(offers):
            supplier, bidder = make_supplier()
            now = tender.published_at + timedelta(hours=1, minutes=place)
            make_bid(
                lot,
                supplier,
                bidder,
                now=now,
                content=a_bid(lot, price=price, small_or_micro=(number, place) in small, files=1),
            )
            firms.append(supplier)
        suppliers.append(firms)
    return tender, suppliers


def _with_objective(**kw: Any) -> Tender:
    """A published tender whose last factor is objective."""
    tender = make_tender(state="draft", **kw)
    people, now = bureau_of(tender), clock.now()
    factors = default_criteria(tender.method, by_village=True)
    factors[-1] = replace(
        factors[-1], kind=CriterionKind.OBJECTIVE, title="持证人数", guidance="每有一名持证律师得 2 分，满分 10 分。"
    )
    for lot in tender.lots.all():
        services_tender.set_criteria(actor=people.officer, lot=lot, criteria=factors, now=now - timedelta(days=4))
    services_tender.submit_tender(actor=people.officer, tender=tender, now=now - timedelta(days=3))
    tender = services_tender.approve_tender(actor=people.approver, tender=tender, now=now - timedelta(days=2))
    published: Tender = publish(tender, now=now)
    return published


def release(tender: Tender, holders: int | None = None, now: datetime | None = None) -> None:
    now = now or after_deadline(tender)
    with clock.rehearse(now):
        for holder in bureau_of(tender).holders[: holders or tender.key_threshold]:
            services_opening.release_share(actor=holder, tender=tender, passphrase=PASSPHRASE, now=now)


def open_tender(tender: Tender, now: datetime | None = None) -> Tender:
    now = now or after_deadline(tender)
    release(tender, now=now)
    with clock.rehearse(now):
        return services_opening.open_bids(actor=bureau_of(tender).officer, tender=tender, now=now)


def bids_of(lot: Lot) -> list[OpenedBid]:
    return list(OpenedBid.objects.filter(bid__lot=lot).select_related("bid__supplier").order_by("bid__received_at"))


def qualify_all(tender: Tender, now: datetime | None = None) -> None:
    now = now or after_deadline(tender, hours=2)
    for opened in OpenedBid.objects.filter(bid__lot__tender=tender, qualified=None, bid__lot__failure=None):
        services_opening.check_qualification(
            actor=bureau_of(tender).officer,
            opened_bid=opened,
            qualified=True,
            price_explanation="人员就近派驻，无差旅成本。",
            now=now,
        )


def ready_tender(experts: int = 5, **kw: Any) -> tuple[Tender, list[Any], list[User]]:
    """Opened and checked, with ``experts`` registered."""
    tender, suppliers = sealed_tender(**kw)
    people = [make_expert() for _ in range(experts)]
    tender = open_tender(tender)
    qualify_all(tender)
    return tender, suppliers, people


def draw(tender: Tender, *, experts: int | None = None, now: datetime | None = None, **kw: Any) -> list[Evaluator]:
    """The panel; registers two more experts than seats if none are registered."""
    now = now or after_deadline(tender, hours=3)
    experts = experts or (5 if tender.method == "open" else 3)
    return services_panel.draw_evaluators(
        actor=bureau_of(tender).officer, tender=tender, experts_needed=experts, now=now, **kw
    )


def declare_all(tender: Tender, now: datetime | None = None) -> None:
    now = now or after_deadline(tender, hours=4)
    for seat in Evaluator.objects.filter(tender=tender, state="drawn"):
        services_panel.declare(actor=seat.user, tender=tender, statement="本人与各投标人无利害关系。", now=now)


def declared_tender(*, experts: int = 3, **kw: Any) -> Tender:
    """A tender whose bids are checked and whose whole panel has declared: the members can score."""
    tender, _suppliers, _experts = ready_tender(experts, **kw)
    draw(tender)
    declare_all(tender)
    return tender


def some_points(member: int, bid: OpenedBid, criterion: Criterion) -> Decimal:
    """Objective: two thirds for everybody. Judged: differs by member and bid."""
    if criterion.kind == CriterionKind.OBJECTIVE:
        return (criterion.points * 2 / 3).quantize(Decimal("0.01"))
    return (criterion.points * Decimal(5 + (member + bid.pk) % 4) / 10).quantize(Decimal("0.01"))


def fill_sheet(seat: Evaluator, member: int = 0, points: Points = some_points, now: datetime | None = None) -> None:
    now = now or after_deadline(seat.tender, hours=5)
    for lot in seat.tender.lots.filter(failure__isnull=True):
        services_evaluation.save_scores(
            actor=seat.user,
            lot=lot,
            scores={
                bid.pk: {c.pk: (points(member, bid, c), "依据响应文件。") for c in scored_criteria(lot)}
                for bid in valid_bids(lot)
            },
            now=now,
        )


def score_all(tender: Tender, points: Points = some_points, now: datetime | None = None) -> None:
    now = now or after_deadline(tender, hours=5)
    for member, seat in enumerate(Evaluator.objects.filter(tender=tender, state="declared").order_by("pk")):
        fill_sheet(seat, member, points, now)
        services_evaluation.submit_scores(actor=seat.user, tender=tender, now=now)


def judged_tender(*, experts: int = 5, points: Points = some_points, **kw: Any) -> Tender:
    """Opened, checked, drawn, declared, scored; ready to compute. Registers ``experts`` first."""
    tender = declared_tender(experts=experts, **kw)
    score_all(tender, points)
    return Tender.objects.get(pk=tender.pk)


def evaluated_tender(**kw: Any) -> Tender:
    tender = judged_tender(**kw)
    services_evaluation.compute_results(
        actor=bureau_of(tender).officer, tender=tender, now=after_deadline(tender, hours=6)
    )
    return Tender.objects.get(pk=tender.pk)


def awarded_tender(**kw: Any) -> Tender:
    tender = evaluated_tender(**kw)
    services_award.award_tender(actor=decider_of(tender), tender=tender, now=after_deadline(tender, hours=30))
    return Tender.objects.get(pk=tender.pk)


def decider_of(tender: Tender) -> User:
    return bureau_of(tender).approver
