"""Accounts and movements of the ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from moneyed import Money

from marketplace.core.units import yuan
from marketplace.ledger import services
from marketplace.ledger.models import Account, Transfer

AT = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)


def make_account(code: str, *, unit: str = "CNY", holder: str = "test", never_negative: bool = True) -> Account:
    return services.open_account(code=code, name=code, unit=unit, holder=holder, never_negative=never_negative)


def make_source(code: str = "test:source", *, unit: str = "CNY") -> Account:
    """An account that may be below zero, as sources are."""
    return make_account(code, unit=unit, never_negative=False)


def transfer(debit: str, credit: str, amount: Money | int, key: str, **more: Any) -> Transfer:
    """A posting with everything but the essential filled in; a plain number is yuan."""
    return services.post(
        debit=debit,
        credit=credit,
        amount=amount if isinstance(amount, Money) else yuan(amount),
        key=key,
        **{"purpose": "test", "occurred_at": AT, **more},
    )
