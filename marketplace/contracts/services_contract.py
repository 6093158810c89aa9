"""From the award to the signed contract, and its end.

Locks are taken in the order tender, contract, ledger accounts: two lots of one tender that are signed at the same
moment wait for each other instead of overlooking each other.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from math import lcm
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from moneyed import Money

from marketplace.accounts.models import User
from marketplace.accounts.selectors import is_sanctioned
from marketplace.audit.services import record
from marketplace.core import events
from marketplace.core.locks import lock_row
from marketplace.core.permissions import require
from marketplace.core.states import apply_transition
from marketplace.core.units import split_exactly
from marketplace.procurement import budget
from marketplace.procurement.models import Award, Lot, NoticeKind, Tender
from marketplace.procurement.notices import amount as notice_amount
from marketplace.procurement.notices import publish_notice
from marketplace.procurement.states import TENDER, TenderState
from marketplace.regions import codes
from marketplace.regions.models import Level, Region
from marketplace.statutes.deadlines import Calendar, Deadline
from marketplace.statutes.services import deadline, recount

from . import errors, rules
from .events import ContractActivated, ContractEnded
from .fulfilment import instalment_periods
from .models import Contract, Instalment, Obligation, Post
from .standard import obligations_of
from .states import CONTRACT, INSTALMENT, POST, ContractState, InstalmentState, PostState


class SigningTerms(NamedTuple):
    """The day of the award, the day whose law governs it, and where."""

    decided: date
    law_day: date
    region_code: int


@transaction.atomic
def draft_contract(*, actor: User, award: Award, now: datetime) -> Contract:
    """Draw up the contract of ``award``: parties, amount and term are those of the award and its plan.

    Raises:
        NotAwarded, ContractExists, SupplierSanctioned
    """
    tender = lock_row(Tender, award.lot.tender_id)
    award = Award.objects.select_related("lot__tender__plan", "lot__tender__organisation", "bid__supplier").get(
        pk=award.pk
    )
    require(rules.can_draft, actor, award)
    if tender.state != TenderState.AWARDED:
        raise errors.NotAwarded
    if Contract.objects.filter(award=award).exists():
        raise errors.ContractExists
    today = timezone.localdate(now)
    supplier = award.bid.supplier
    if is_sanctioned(supplier, today):
        raise errors.SupplierSanctioned
    plan, lot = award.lot.tender.plan, award.lot
    sign_by = signing_deadline(signing_terms(award))
    contract = Contract.objects.create(
        award=award,
        number=f"{tender.reference}-{lot.number:02d}",
        title=_both(tender.title, lot.title, 160),
        title_en=_both(tender.title_en, lot.title_en, 200) if tender.title_en else "",
        buyer=award.lot.tender.organisation,
        supplier=supplier,
        amount=award.amount,
        starts_on=plan.service_from,
        ends_on=plan.service_to,
        drafted_by=actor,
        sign_by=sign_by.to_json(),
        created_at=now,
    )
    record(
        actor=actor,
        action="contract.draft",
        subject=contract,
        now=now,
        data={"award": award.pk, "amount": str(award.amount.amount), "sign_by": sign_by.at.isoformat()},
    )
    return contract


def _both(whole: str, part: str, length: int) -> str:
    return (f"{whole} · {part}" if part else whole)[:length]


def signing_terms(award: Award) -> SigningTerms:
    """By what the time to sign the contract of ``award`` is counted, whether it is drawn up yet or not."""
    tender = award.lot.tender
    return SigningTerms(timezone.localdate(award.decided_at), _law_day(tender), tender.organisation.region_id)


def signing_deadline(terms: SigningTerms, calendar: Calendar | None = None) -> Deadline:
    """By when a contract has to be signed. ``calendar``: one to count several.

    Raises:
        UnknownDay: the calendar does not reach so far.
    """
    return deadline("contract_sign", terms.decided, on=terms.law_day, region_code=terms.region_code, calendar=calendar)


def _law_day(tender: Tender) -> date:
    """The law of the notice's own day governs what follows from it."""
    return timezone.localdate(tender.published_at or tender.created_at)


@transaction.atomic
def sign_as_supplier(*, actor: User, contract: Contract, now: datetime) -> Contract:
    """The supplier's signature.

    Raises:
        AlreadySigned, NotInPerformance (it has been ended)
    """
    contract = lock_row(Contract, contract.pk)
    require(rules.can_sign_as_supplier, actor, contract)
    _must_be_draft(contract)
    if contract.supplier_signed_at is not None:
        raise errors.AlreadySigned
    contract.supplier_signed_by, contract.supplier_signed_at = actor, now
    contract.save(update_fields=["supplier_signed_by", "supplier_signed_at"])
    record(
        actor=actor,
        action="contract.sign_supplier",
        subject=contract,
        now=now,
        data={"in_time": _in_time(contract, now)},
    )
    return contract


def _must_be_draft(contract: Contract) -> None:
    if contract.state == ContractState.TERMINATED:
        raise errors.NotInPerformance
    if contract.state != ContractState.DRAFT:
        raise errors.AlreadySigned


def _in_time(contract: Contract, now: datetime) -> bool:
    return not contract.sign_by or now <= Deadline.from_json(contract.sign_by).at


@transaction.atomic
def sign_as_buyer(*, actor: User, contract: Contract, now: datetime) -> Contract:
    """The buyer's signature: the contract begins.

    In one transaction: obligations, posts and instalments are written and add up to the amount; the paper is kept as it
    is signed, in every language, its digests on record; the amount is committed and what the lot's ceiling held beyond it
    is released; the contract notice is published; when the last awarded lot is under contract, so is the tender.

    Raises:
        DrafterSigns, SupplierSignsFirst, AlreadySigned, SupplierSanctioned, NothingToStaff
    """
    # The tender before the contract: see the head of this file.
    tender_id = Contract.objects.values_list("award__lot__tender_id", flat=True).get(pk=contract.pk)
    tender = lock_row(Tender, tender_id)
    contract = lock_row(Contract, contract.pk)
    require(rules.can_sign_as_buyer, actor, contract)
    if contract.drafted_by_id == actor.pk:
        raise errors.DrafterSigns
    _must_be_draft(contract)
    if contract.supplier_signed_at is None:
        raise errors.SupplierSignsFirst
    if is_sanctioned(contract.supplier, timezone.localdate(now)):
        raise errors.SupplierSanctioned
    lot = contract.award.lot
    # What the paper reads of the tender must not stay behind in the contract when the tender moves on.
    lot.tender = tender
    obligations = _write_obligations(contract)
    places = places_of(lot)
    _write_posts(contract, places)
    _write_instalments(contract)
    # The paper reads the shares of this file.
    from .documents import keep_papers

    # What is kept has both signatures; the table gets the second one just below.
    contract.buyer_signed_by, contract.buyer_signed_at = actor, now
    papers = keep_papers(contract, now=now)
    budget.commit(tender, contract.amount, key=f"contract:{contract.pk}", actor=actor, now=now)
    budget.release(tender, lot.ceiling - contract.amount, key=f"contract:{contract.pk}", actor=actor, now=now)
    apply_transition(
        CONTRACT,
        contract,
        "activate",
        actor=actor,
        now=now,
        data={
            "posts": len(places),
            "amount": str(contract.amount.amount),
            "in_time": _in_time(contract, now),
            "supplier_signed_by": contract.supplier_signed_by_id,
            "papers": papers,
        },
        changes={"buyer_signed_by": actor, "buyer_signed_at": now},
    )
    publish_notice(
        tender=tender,
        kind=NoticeKind.CONTRACT,
        content=contract_notice(contract, obligations, places),
        actor=actor,
        now=now,
    )
    _settle_tender(tender, actor=actor, now=now)
    events.publish(ContractActivated(contract.pk))
    return contract


def _write_obligations(contract: Contract) -> list[Obligation]:
    lines = obligations_of(contract.award.lot)
    for line in lines:
        line.contract = contract
    return Obligation.objects.bulk_create(lines)


def places_of(lot: Lot) -> list[tuple[Region, int]]:
    """(place, seat) of every post that ``lot`` makes: each of its villages, or the seats of its office.

    A product staffed by village has a post in every village named or lying in what is named. Any other has the
    lot's seats in the smallest division that holds all the lot's places (the buyer's own if it names none).
    """
    regions = list(lot.regions.order_by("code"))
    if lot.by_village:
        inside = Q(pk__in=[])
        for region in regions:
            low, high = region.code_range
            inside |= Q(code__gte=low, code__lt=high)
        places = [(village, 1) for village in Region.objects.filter(inside, level=Level.VILLAGE).order_by("code")]
    else:
        seat = _common(regions) or lot.tender.organisation.region
        places = [(seat, n + 1) for n in range(lot.seat_count)]
    if not places:
        raise errors.NothingToStaff
    return places


def _common(regions: list[Region]) -> Region | None:
    lines = [[*codes.ancestor_codes(region.code), region.code] for region in regions]
    shared = set(lines[0]).intersection(*lines[1:]) if lines else set()
    return Region.objects.get(pk=max(shared, key=codes.level_of)) if shared else None


def _write_posts(contract: Contract, places: list[tuple[Region, int]]) -> None:
    Post.objects.bulk_create(
        Post(
            contract=contract,
            region=region,
            seat=seat,
            amount=share,
            starts_on=contract.starts_on,
            ends_on=contract.ends_on,
        )
        for (region, seat), share in zip(places, post_shares(contract, places), strict=True)
    )


def _write_instalments(contract: Contract) -> None:
    Instalment.objects.bulk_create(
        Instalment(contract=contract, number=n, period_from=first, period_to=last, amount=share)
        for n, (first, last, share) in enumerate(instalment_shares(contract), start=1)
    )


def instalment_shares(contract: Contract) -> list[tuple[date, date, Decimal]]:
    """First day, last day and amount of every instalment; they add up to the contract."""
    spans = instalment_periods(contract.starts_on, contract.ends_on)
    whole = lcm(*(weight.denominator for _first, _last, weight in spans))
    shares = split_exactly(contract.amount.amount, [int(weight * whole) for _first, _last, weight in spans])
    return [(first, last, share) for (first, last, _weight), share in zip(spans, shares, strict=True)]


def post_shares(contract: Contract, places: list[tuple[Region, int]]) -> list[Decimal]:
    """The part of the contract's amount that each post carries."""
    return split_exactly(contract.amount.amount, [1] * len(places))


def contract_notice(
    contract: Contract, obligations: list[Obligation], places: list[tuple[Region, int]]
) -> dict[str, Any]:
    """What is published of a contract (政府采购法实施条例 art. 50)."""
    lot = contract.award.lot
    return {
        "contract": contract.number,
        "contract_title": contract.title,
        "contract_title_en": contract.title_en,
        "lot": lot.number,
        "supplier": {
            "name": contract.supplier.name,
            "name_en": contract.supplier.name_en,
            "credit_code": contract.supplier.credit_code or "",
        },
        "amount": notice_amount(contract.amount),
        "starts_on": contract.starts_on.isoformat(),
        "ends_on": contract.ends_on.isoformat(),
        "signed_on": timezone.localdate(contract.buyer_signed_at).isoformat(),
        "posts": len(places),
        "places": [
            {"code": str(region.code), "name": region.name, "name_en": region.name_en}
            for region, seat in places
            if seat == 1
        ],
        "obligations": [
            {
                "code": o.code,
                "title": o.title,
                "title_en": o.title_en,
                "quantity": o.quantity,
                "unit": o.quantity_unit,
                "period": o.period,
                "shared_by": o.shared_by,
            }
            for o in obligations
        ],
    }


def _settle_tender(tender: Tender, *, actor: User, now: datetime) -> None:
    """The tender is under contract when no award of it waits for a contract and one at least is signed."""
    waiting = Award.objects.filter(lot__tender=tender).filter(
        Q(contract__isnull=True) | Q(contract__state=ContractState.DRAFT)
    )
    signed = Contract.objects.filter(rules.IS_PUBLIC, award__lot__tender=tender)
    if tender.state == TenderState.AWARDED and signed.exists() and not waiting.exists():
        apply_transition(TENDER, tender, "contract", actor=actor, now=now)


@transaction.atomic
def complete_contract(*, actor: User, contract: Contract, now: datetime) -> Contract:
    """The term is over and everything is paid: posts close.

    Raises:
        NotInPerformance, TermNotOver, NotFinished
    """
    contract = lock_row(Contract, contract.pk)
    require(rules.can_complete, actor, contract)
    if contract.state != ContractState.ACTIVE:
        raise errors.NotInPerformance
    if timezone.localdate(now) <= contract.ends_on:
        raise errors.TermNotOver(until=contract.ends_on.isoformat())
    unpaid = contract.instalments.exclude(state=InstalmentState.PAID).count()
    if unpaid:
        raise errors.NotFinished(open=unpaid)
    apply_transition(CONTRACT, contract, "complete", actor=actor, now=now, changes={"ended_at": now, "ended_by": actor})
    _close_posts(contract, actor=actor, now=now)
    events.publish(ContractEnded(contract.pk))
    return contract


@transaction.atomic
def terminate_contract(*, actor: User, contract: Contract, reason: str, now: datetime) -> Contract:
    """End a contract early, or give up one that was never signed, with a reason that both sides see.

    What was served until today stays due: it is delivered, accepted and paid as usual, less the days that were not
    served. Instalments of later periods are void, and their money goes back to the budget line; before signature the
    whole reservation does.

    Raises:
        NotInPerformance, FindingsMissing
    """
    tender_id = Contract.objects.values_list("award__lot__tender_id", flat=True).get(pk=contract.pk)
    tender = lock_row(Tender, tender_id)
    contract = lock_row(Contract, contract.pk)
    require(rules.can_terminate, actor, contract)
    if contract.state not in (ContractState.DRAFT, ContractState.ACTIVE):
        raise errors.NotInPerformance
    if not reason.strip():
        raise errors.FindingsMissing(field="reason")
    if contract.state == ContractState.DRAFT:
        freed = contract.award.lot.ceiling
        budget.release(tender, freed, key=f"contract:{contract.pk}", actor=actor, now=now)
    else:
        void = list(
            contract.instalments.select_for_update()
            .filter(state=InstalmentState.PLANNED, period_from__gt=timezone.localdate(now))
            .order_by("pk")
        )
        for instalment in void:
            apply_transition(INSTALMENT, instalment, "void", actor=actor, now=now, reason=reason)
        freed = sum((instalment.amount for instalment in void), Money(0, "CNY"))
        budget.uncommit(tender, freed, key=f"contract:{contract.pk}", actor=actor, now=now)
        _close_posts(contract, actor=actor, now=now)
    apply_transition(
        CONTRACT,
        contract,
        "terminate",
        actor=actor,
        now=now,
        reason=reason,
        data={"freed": str(freed.amount)},
        changes={"ended_at": now, "ended_by": actor, "end_reason": reason},
    )
    _settle_tender(tender, actor=actor, now=now)
    events.publish(ContractEnded(contract.pk))
    return contract


def _close_posts(contract: Contract, *, actor: User, now: datetime) -> None:
    """Posts end with their contract; the adviser's name stays, for the record."""
    today = timezone.localdate(now)
    for post in contract.posts.select_for_update().exclude(state=PostState.CLOSED).order_by("pk"):
        ends_on = max(post.starts_on, min(post.ends_on, today))
        apply_transition(POST, post, "close", actor=actor, now=now, changes={"ends_on": ends_on})


@transaction.atomic
def recount_deadlines(*, year: int, now: datetime) -> int:
    """Count open signing and payment deadlines again that touch ``year``; how many changed. Idempotent."""
    changed = 0
    for contract in Contract.objects.select_for_update().filter(state=ContractState.DRAFT).order_by("pk"):
        changed += _recount(contract, "sign_by", year, now)
    unpaid = Instalment.objects.select_for_update().filter(state=InstalmentState.ACCEPTED).order_by("pk")
    for instalment in unpaid:
        changed += _recount(instalment, "pay_by", year, now)
    return changed


def _recount(row: Contract | Instalment, field: str, year: int, now: datetime) -> bool:
    kept = getattr(row, field)
    if not kept:
        return False
    old = Deadline.from_json(kept)
    if not old.counted_from.year <= year <= old.date.year:
        return False
    new = recount(old).to_json()
    if new == kept:
        return False
    setattr(row, field, new)
    row.save(update_fields=[field])
    record(
        actor=None,
        action=f"{row._meta.model_name}.recount",
        subject=row,
        now=now,
        data={"field": field, "from": kept["at"], "to": new["at"]},
    )
    return True
