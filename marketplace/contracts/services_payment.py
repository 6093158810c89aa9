"""Delivery, acceptance and payment of an instalment: three sides, three people.

The supplier hands over what the record of visits says; the buyer accepts it item by item, after the served were heard,
and deducts by the contract's formula what was not delivered; finance pays, once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import transaction
from django.db.models import Avg, Count
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.core import events
from marketplace.core.locks import lock_row
from marketplace.core.permissions import require
from marketplace.core.states import apply_transition
from marketplace.core.units import FEN, split_exactly, yuan
from marketplace.core.words import money_words
from marketplace.ledger import codes
from marketplace.ledger.services import open_supplier_account, post
from marketplace.procurement import budget
from marketplace.statutes.deadlines import Deadline
from marketplace.statutes.selectors import value
from marketplace.statutes.services import deadline

from . import errors, rules
from .events import InstalmentPaid
from .fulfilment import Item, deduction, fulfilment, unserved_share
from .models import Contract, Instalment, VillageRating
from .services_posts import quarter_name
from .states import INSTALMENT, ContractState, InstalmentState

SCHEMA = "delivery/1"


def delivery_of(instalment: Instalment, now: datetime) -> dict[str, Any]:
    """What the record says was delivered in the instalment's period, itemised by post, with the deduction it gives."""
    posts = list(instalment.contract.posts.select_related("region", "adviser").order_by("region_id", "seat"))
    counted = fulfilment(posts, instalment.period_from, instalment.period_to)
    shares = split_exactly(instalment.amount.amount, [p.amount.amount for p in posts])
    rows, total = [], Decimal(0)
    for place, share in zip(posts, shares, strict=True):
        items = counted[place.pk]
        unserved = unserved_share(share, instalment.period_from, instalment.period_to, place.ends_on)
        less = unserved + deduction(share - unserved, items)
        total += less
        rows.append(
            {
                "post": place.pk,
                "region": str(place.region_id),
                "name": place.region.name,
                "seat": place.seat,
                "adviser": place.adviser_id,
                "share": f"{share:.2f}",
                "deduction": f"{less:.2f}",
                "items": [item.to_json() for item in items],
            }
        )
    return {"schema": SCHEMA, "computed_at": now.isoformat(), "posts": rows, "deduction": f"{total:.2f}"}


def proposed_deduction(instalment: Instalment) -> Decimal:
    """What the formula gives for the delivery that was handed over, in yuan."""
    return Decimal(instalment.delivery.get("deduction", "0"))


def totals(instalment: Instalment) -> list[tuple[Item, int, int]]:
    """For each obligation over all posts: the summed item, in how many posts it is met, and of how many."""
    found: dict[str, list[Item]] = {}
    for row in instalment.delivery.get("posts", ()):
        for item in map(Item.from_json, row["items"]):
            found.setdefault(item.code, []).append(item)
    return [
        (
            Item(
                **{
                    **items[0].to_json(),
                    "due": None if items[0].due is None else sum(i.due or 0 for i in items),
                    "done": sum(i.done for i in items),
                    "waiting": sum(i.waiting for i in items),
                }
            ),
            sum(i.met for i in items),
            len(items),
        )
        for items in found.values()
    ]


def _locked(instalment: Instalment) -> Instalment:
    row = lock_row(Instalment, instalment.pk)
    row.contract = Contract.objects.select_related("buyer__region", "supplier", "award__lot__tender__plan").get(
        pk=row.contract_id
    )
    return row


def period_is_over(instalment: Instalment, today: date) -> bool:
    """The service that the instalment pays has ended: its days are over, or its contract ended early."""
    return instalment.period_to < today or instalment.contract.state == ContractState.TERMINATED


@transaction.atomic
def deliver_instalment(*, actor: User, instalment: Instalment, note: str = "", now: datetime) -> Instalment:
    """Hand a finished period over for acceptance; what was done is taken from the record of visits, and kept.

    Raises:
        PeriodNotOver, NotInPerformance, IllegalTransition
    """
    instalment = _locked(instalment)
    require(rules.can_deliver, actor, instalment)
    if instalment.contract.state not in (ContractState.ACTIVE, ContractState.TERMINATED):
        raise errors.NotInPerformance
    if not period_is_over(instalment, timezone.localdate(now)):
        raise errors.PeriodNotOver(until=instalment.period_to.isoformat())
    delivery = delivery_of(instalment, now) | {"note": note.strip()}
    apply_transition(
        INSTALMENT,
        instalment,
        "deliver",
        actor=actor,
        now=now,
        data={"proposed": delivery["deduction"]},
        changes={"delivery": delivery, "delivered_by": actor, "delivered_at": now},
    )
    return instalment


def _check_decider(actor: User, instalment: Instalment) -> None:
    require(rules.can_accept, actor, instalment)
    if rules.belongs_to_supplier(actor, instalment.contract):
        raise errors.OwnDelivery


def village_word(instalment: Instalment) -> dict[str, Any]:
    """What the villages said of the instalment's period: number of ratings and their mean."""
    found = ratings_of(instalment).aggregate(count=Count("pk"), mean=Avg("stars"))
    return {"count": found["count"], "mean": None if found["mean"] is None else f"{found['mean']:.2f}"}


def ratings_of(instalment: Instalment) -> Any:
    """The villages' ratings of the quarter that ``instalment`` pays."""
    return (
        VillageRating.objects.filter(
            post__contract_id=instalment.contract_id, quarter=quarter_name(instalment.period_from)
        )
        .select_related("post__region")
        .order_by("stars", "pk")
    )


@transaction.atomic
def accept_instalment(
    *, actor: User, instalment: Instalment, note: str = "", deduct: Decimal | None = None, now: datetime
) -> Instalment:
    """Accept what was delivered; ``deduct`` (yuan) is what the formula gives unless a smaller sum is named, with a note.

    Raises:
        OwnDelivery, ServedNotHeard, DeductionNotFit, FindingsMissing, IllegalTransition
    """
    instalment = _locked(instalment)
    _check_decider(actor, instalment)
    proposed = proposed_deduction(instalment)
    taken = proposed if deduct is None else deduct
    if not 0 <= taken <= proposed:
        raise errors.DeductionNotFit(field="deduct", proposed=money_words(proposed))
    word = village_word(instalment)
    if not note.strip():
        if not word["count"]:
            raise errors.ServedNotHeard(field="note")
        if taken != proposed:
            raise errors.FindingsMissing(field="note")
    contract = instalment.contract
    pay_by = deadline(
        "payment_due",
        timezone.localdate(now),
        on=timezone.localdate(contract.buyer_signed_at),
        region_code=contract.buyer.region_id,
    )
    apply_transition(
        INSTALMENT,
        instalment,
        "accept",
        actor=actor,
        now=now,
        data={"deduction": f"{taken:.2f}", "proposed": f"{proposed:.2f}", "ratings": word["count"]},
        changes={
            "accepted_by": actor,
            "accepted_at": now,
            "acceptance_note": note.strip(),
            "acceptance": {
                "ratings": word,
                "proposed": f"{proposed:.2f}",
                "items": [
                    {"code": item.code, "due": item.due, "done": item.done, "met": met, "posts": posts}
                    for item, met, posts in totals(instalment)
                ],
            },
            "deduction": yuan(taken),
            "pay_by": pay_by.to_json(),
        },
    )
    return instalment


@transaction.atomic
def refuse_instalment(*, actor: User, instalment: Instalment, reason: str, now: datetime) -> Instalment:
    """Send a delivery back with what is missing; the supplier hands it over again.

    Raises:
        OwnDelivery, FindingsMissing, IllegalTransition
    """
    instalment = _locked(instalment)
    _check_decider(actor, instalment)
    if not reason.strip():
        raise errors.FindingsMissing(field="note")
    apply_transition(
        INSTALMENT,
        instalment,
        "refuse",
        actor=actor,
        now=now,
        reason=reason,
        changes={"acceptance_note": reason.strip()},
    )
    return instalment


@dataclass(frozen=True, slots=True)
class LateInterest:
    """What a payment that is late costs the buyer by now: days, rate in percent a day, yuan."""

    days: int
    rate: Decimal
    amount: Decimal


def late_interest(instalment: Instalment, today: date) -> LateInterest | None:
    """Interest on a payment past its day (国务院令第802号 art. 17: 0.05 percent a day where the contract sets no rate).

    It is told, so that it is not forgotten; it is claimed and paid outside of the contract's amount. None if the
    payment is not late.
    """
    if instalment.state != InstalmentState.ACCEPTED or not instalment.pay_by:
        return None
    due = Deadline.from_json(instalment.pay_by)
    days = (today - due.date).days
    if days <= 0:
        return None
    rate = value("late_interest", due.date, instalment.contract.buyer.region_id)
    amount = (instalment.payable.amount * rate * days / 100).quantize(FEN, rounding=ROUND_HALF_UP)
    return LateInterest(days, rate, amount)


@transaction.atomic
def pay_instalment(*, actor: User, instalment: Instalment, voucher: str = "", now: datetime) -> Instalment:
    """Book the payment of what was accepted: committed money is spent, the deduction goes back to the budget line.

    The money itself is moved by the treasury; ``voucher`` names its payment order. Booked once: who presses twice, or
    beside another, finds the payment that was made.

    Raises:
        AccepterPays, OwnDelivery, IllegalTransition (not accepted yet)
    """
    instalment = _locked(instalment)
    require(rules.can_pay, actor, instalment)
    contract = instalment.contract
    if rules.belongs_to_supplier(actor, contract):
        raise errors.OwnDelivery
    if instalment.state == InstalmentState.PAID:
        return instalment
    if instalment.accepted_by_id == actor.pk:
        raise errors.AccepterPays
    key = f"instalment:{instalment.pk}"
    payable, tender = instalment.payable, contract.award.lot.tender
    apply_transition(
        INSTALMENT,
        instalment,
        "pay",
        actor=actor,
        now=now,
        data={"paid": str(payable.amount), "deduction": str(instalment.deduction.amount)}
        | ({"voucher": voucher} if voucher else {}),
        changes={"paid_by": actor, "paid_at": now},
    )
    if payable.amount > 0:
        budget.spend(tender, payable, key=key, actor=actor, now=now)
        open_supplier_account(organisation_id=contract.supplier_id, name=contract.supplier.name)
        post(
            debit=codes.system_treasury(),
            credit=codes.supplier_received(contract.supplier_id),
            amount=payable,
            purpose=codes.Purpose.PAYMENT,
            key=f"{key}:pay",
            occurred_at=now,
            reference=f"contracts.instalment:{instalment.pk}",
            actor=actor,
            memo=" · ".join(filter(None, (f"{contract.number} #{instalment.number}", voucher))),
        )
    budget.uncommit(tender, instalment.deduction, key=key, actor=actor, now=now)
    events.publish(InstalmentPaid(instalment.pk))
    return instalment
