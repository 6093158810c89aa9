"""From a subsidy owed to a subsidy paid: the person claims, one officer approves, another pays."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from marketplace.accounts.models import Organisation, User
from marketplace.audit.services import record
from marketplace.core.errors import PermissionRefused
from marketplace.core.locks import lock_row
from marketplace.core.permissions import require
from marketplace.core.states import apply_transition
from marketplace.core.units import yuan
from marketplace.ledger import codes
from marketplace.ledger import services as ledger
from marketplace.ledger.codes import Purpose
from marketplace.ledger.models import Transfer

from . import errors, letters
from .models import PayoutClaim
from .rules import can_approve_claim, can_fund, can_pay_claim
from .selectors import claimable
from .states import CLAIM, ClaimState

UNDER_WAY = (ClaimState.SUBMITTED, ClaimState.APPROVED)


@transaction.atomic
def submit_claim(*, actor: User, payer: Organisation, request_key: uuid.UUID, now: datetime) -> PayoutClaim:
    """Claim from ``payer`` all that its policies granted and is not claimed yet. The same ``request_key`` finds the first claim.

    Raises:
        NothingToClaim, ClaimOpen
    """
    lock_row(User, actor.pk)
    known = PayoutClaim.objects.filter(request_key=request_key, person=actor).first()
    if known is not None:
        return known
    if PayoutClaim.objects.filter(person=actor, payer=payer, state__in=UNDER_WAY).exists():
        raise errors.ClaimOpen
    owed = claimable(actor).get(payer)
    if owed is None:
        raise errors.NothingToClaim
    try:
        with transaction.atomic():
            claim = PayoutClaim.objects.create(  # type: ignore[misc]  # djmoney takes Money
                person=actor, payer=payer, amount=yuan(owed), request_key=request_key, submitted_at=now
            )
    except IntegrityError as error:
        raise errors.ClaimOpen from error
    record(actor=actor, action="payout_claim.submit", subject=claim, now=now, data={"amount": str(owed)})
    return claim


@transaction.atomic
def approve_claim(*, actor: User, claim: PayoutClaim, now: datetime) -> PayoutClaim:
    claim = lock_row(PayoutClaim, claim.pk)
    require(can_approve_claim, actor, claim)
    apply_transition(CLAIM, claim, "approve", actor=actor, now=now, changes={"approved_by": actor})
    return claim


@transaction.atomic
def return_claim(*, actor: User, claim: PayoutClaim, note: str, now: datetime) -> PayoutClaim:
    claim = lock_row(PayoutClaim, claim.pk)
    if not (can_approve_claim(actor, claim) or can_pay_claim(actor, claim)):
        raise PermissionRefused
    if not note.strip():
        raise errors.NoteNeeded(field="note")
    apply_transition(CLAIM, claim, "return", actor=actor, now=now, reason=note, changes={"note": note})
    letters.claim_returned(claim, note.strip())
    return claim


@transaction.atomic
def pay_claim(*, actor: User, claim: PayoutClaim, now: datetime) -> PayoutClaim:
    """Record the payment; what the person is owed falls by it. Paying again changes nothing and finds it paid.

    Raises:
        PermissionRefused, IllegalTransition, ledger.errors.InsufficientBalance
    """
    claim = lock_row(PayoutClaim, claim.pk)
    require(can_pay_claim, actor, claim)
    if claim.state == ClaimState.PAID:
        return claim
    apply_transition(CLAIM, claim, "pay", actor=actor, now=now, changes={"paid_by": actor})
    ledger.post(
        debit=codes.person_subsidy(claim.person_id),
        credit=codes.person_paid_out(claim.person_id),
        amount=claim.amount,
        purpose=Purpose.PAYOUT,
        key=f"payout_claim:{claim.pk}",
        occurred_at=now,
        reference=f"payout_claim:{claim.pk}",
        actor=actor,
    )
    letters.claim_paid(claim)
    return claim


@transaction.atomic
def top_up_fund(
    *, actor: User, payer: Organisation, amount: Decimal, request_key: uuid.UUID, now: datetime
) -> Transfer:
    """Put ``amount`` yuan from the treasury into the payer's incentive fund, once a ``request_key``."""
    require(can_fund, actor, payer)
    ledger.open_incentive_fund(organisation_id=payer.pk, name=str(payer))
    transfer = ledger.post(
        debit=codes.system_treasury(),
        credit=codes.incentive_fund(payer.pk),
        amount=yuan(amount),
        purpose=Purpose.FUND,
        key=f"fund:{payer.pk}:{request_key}",
        occurred_at=now,
        reference=f"organisation:{payer.pk}",
        actor=actor,
    )
    record(actor=actor, action="incentive_fund.top_up", subject=payer, now=now, data={"amount": str(amount)})
    return transfer
