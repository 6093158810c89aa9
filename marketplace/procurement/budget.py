"""A budget line's money: appropriated, available, reserved, committed, spent. All movements stand in the ledger.

Appropriation → available when the line is opened, available → reserved when a tender is published (the ceilings of its
lots), reserved → committed when a contract is signed, committed → spent when it is paid. Every movement has an
idempotency key made from what caused it, so that a repetition moves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from moneyed import Money

from marketplace.core.errors import DomainError
from marketplace.core.units import yuan
from marketplace.core.words import money_words
from marketplace.ledger import codes
from marketplace.ledger.errors import InsufficientBalance
from marketplace.ledger.models import Account
from marketplace.ledger.services import open_budget_accounts, post

from .models_tender import BudgetLine, Tender


class BudgetOverrun(DomainError):
    code = "budget_overrun"
    message = _(
        "The budget line %(line)s has %(available)s available; %(missing)s is missing. "
        "Lower the amount or choose another budget line."
    )

    def __init__(self, line: BudgetLine, available: Money, missing: Money, *, field: str | None = None) -> None:
        super().__init__(field=field, line=line.code, available=money_words(available), missing=money_words(missing))
        self.missing = missing


@dataclass(frozen=True, slots=True)
class BudgetState:
    """Where a line's money stands; the four parts add up to what was appropriated."""

    appropriated: Money
    available: Money
    reserved: Money
    committed: Money
    spent: Money


_PARTS = {
    "available": codes.budget_available,
    "reserved": codes.budget_reserved,
    "committed": codes.budget_committed,
    "spent": codes.budget_spent,
}


def states_of(lines: list[BudgetLine]) -> dict[int, BudgetState]:
    """The state of each line, by its key, in one query."""
    wanted = {part(line.pk): (line.pk, name) for line in lines for name, part in _PARTS.items()}
    found: dict[int, dict[str, Decimal]] = {line.pk: dict.fromkeys(_PARTS, Decimal(0)) for line in lines}
    for code, balance in Account.objects.filter(code__in=wanted).values_list("code", "balance"):
        pk, name = wanted[code]
        found[pk][name] = balance
    return {
        line.pk: BudgetState(line.appropriated, **{name: yuan(value) for name, value in found[line.pk].items()})
        for line in lines
    }


def state_of(line: BudgetLine) -> BudgetState:
    return states_of([line])[line.pk]


def open_line(line: BudgetLine, *, actor: Any, now: datetime) -> None:
    """Open the line's accounts and make the appropriation available."""
    open_budget_accounts(line_id=line.pk, name=f"{line.fiscal_year} {line.code} {line.name}"[:160])
    post(
        debit=codes.budget_appropriation(line.pk),
        credit=codes.budget_available(line.pk),
        amount=line.appropriated,
        purpose=codes.Purpose.APPROPRIATE,
        key=f"budget:{line.pk}:open",
        occurred_at=now,
        reference=f"procurement.budgetline:{line.pk}",
        actor=actor,
    )


def reserve(tender: Tender, amount: Money, *, actor: Any, now: datetime) -> None:
    """Reserve ``amount`` for the tender.

    Raises:
        BudgetOverrun: less is available; says how much is missing.
    """
    line = tender.plan.budget_line
    try:
        _move(
            line,
            "available",
            "reserved",
            amount,
            codes.Purpose.RESERVE,
            f"tender:{tender.pk}:reserve",
            tender,
            actor,
            now,
        )
    except InsufficientBalance:
        available = state_of(line).available
        raise BudgetOverrun(line, available, amount - available) from None


def release(tender: Tender, amount: Money, *, key: str, actor: Any, now: datetime) -> None:
    """Give ``amount`` of the tender's reservation back: its lot failed, was cancelled, or cost less.

    ``key`` names the cause (``lot:7:failed``), so that it happens once.
    """
    if amount.amount <= 0:
        return
    line = tender.plan.budget_line
    _move(
        line,
        "reserved",
        "available",
        amount,
        codes.Purpose.RELEASE,
        f"tender:{tender.pk}:release:{key}",
        tender,
        actor,
        now,
    )


def commit(tender: Tender, amount: Money, *, key: str, actor: Any, now: datetime) -> None:
    """Bind ``amount`` of the reservation to a signed contract (``key`` names it: ``contract:5``)."""
    line = tender.plan.budget_line
    _move(line, "reserved", "committed", amount, codes.Purpose.COMMIT, f"{key}:commit", tender, actor, now)


def uncommit(tender: Tender, amount: Money, *, key: str, actor: Any, now: datetime) -> None:
    """Give back what a contract that ended early no longer needs."""
    if amount.amount <= 0:
        return
    line = tender.plan.budget_line
    _move(line, "committed", "available", amount, codes.Purpose.UNCOMMIT, f"{key}:uncommit", tender, actor, now)


def spend(tender: Tender, amount: Money, *, key: str, actor: Any, now: datetime) -> None:
    """Committed money has been paid (``key`` names the payment: ``instalment:9``)."""
    line = tender.plan.budget_line
    _move(line, "committed", "spent", amount, codes.Purpose.SPEND, f"{key}:spend", tender, actor, now)


def _move(
    line: BudgetLine,
    source: str,
    target: str,
    amount: Money,
    purpose: str,
    key: str,
    tender: Tender,
    actor: Any,
    now: datetime,
) -> None:
    post(
        debit=_PARTS[source](line.pk),
        credit=_PARTS[target](line.pk),
        amount=amount,
        purpose=purpose,
        key=key,
        occurred_at=now,
        reference=f"procurement.tender:{tender.pk}",
        actor=actor,
        memo=tender.reference,
    )
