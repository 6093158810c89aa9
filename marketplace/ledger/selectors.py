"""Reading the books."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.db import connection
from django.utils import timezone

from .codes import PARTS, part_of
from .models import Account


def balance(code: str) -> Decimal:
    """What stands on the account ``code``; zero where it has not been opened."""
    return Account.objects.filter(code=code).values_list("balance", flat=True).first() or Decimal(0)


def accounts_of(holder: str) -> list[Account]:
    """The holder's accounts in the order of a statement; the source of a budget line is none of them."""
    order = list(PARTS)
    found = [a for a in Account.objects.filter(holder=holder) if part_of(a.code) != "appropriation"]
    return sorted(found, key=lambda a: (order.index(p) if (p := part_of(a.code)) in PARTS else len(order), a.code))


def balances(prefix: str) -> dict[str, Decimal]:
    """code → balance of every account whose code begins with ``prefix``."""
    return dict(Account.objects.filter(code__startswith=prefix).values_list("code", "balance"))


def balances_of(codes: Iterable[str]) -> dict[str, Decimal]:
    """code → balance of those of ``codes`` that have been opened."""
    return dict(Account.objects.filter(code__in=list(codes)).values_list("code", "balance"))


def budget(line_id: int) -> dict[str, Decimal]:
    """``appropriated``, ``available``, ``reserved``, ``committed``, ``spent`` of a budget line, in yuan."""
    kept = {code.rpartition(":")[2]: amount for code, amount in balances(f"budget:{line_id}:").items()}
    return {
        "appropriated": -kept.get("appropriation", Decimal(0)),
        **{part: kept.get(part, Decimal(0)) for part in ("available", "reserved", "committed", "spent")},
    }


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One movement as the account's holder sees it: ``amount`` is signed, ``running`` the balance after it."""

    transfer_id: int
    occurred_at: datetime
    recorded_at: datetime
    account: str
    account_name: str
    other: str
    other_name: str
    purpose: str
    memo: str
    reference: str
    amount: Decimal
    running: Decimal
    reverses_id: int | None
    reversed_by_id: int | None


@dataclass(frozen=True, slots=True)
class Statement:
    """The accounts of a holder over a period, by when things happened (first to last)."""

    opening: dict[str, Decimal]
    closing: dict[str, Decimal]
    lines: list[StatementLine]


_ACCOUNTS = """
SELECT a.code,
       coalesce((SELECT sum(amount) FROM ledger_transfer WHERE credit_id = a.id AND occurred_at < %(since)s), 0)
     - coalesce((SELECT sum(amount) FROM ledger_transfer WHERE debit_id = a.id AND occurred_at < %(since)s), 0)
FROM ledger_account a
WHERE a.holder = %(holder)s AND a.unit = %(unit)s AND (%(code)s = '' OR a.code = %(code)s) ORDER BY a.code
"""

_LINES = """
SELECT t.id, t.occurred_at, t.recorded_at, a.code, a.name, o.code, o.name, t.purpose, t.memo, t.reference,
       CASE WHEN t.credit_id = a.id THEN t.amount ELSE -t.amount END, t.reverses_id, r.id
FROM ledger_account a
CROSS JOIN LATERAL (
    SELECT * FROM ledger_transfer WHERE credit_id = a.id AND occurred_at >= %(since)s AND occurred_at < %(until)s
    UNION ALL
    SELECT * FROM ledger_transfer WHERE debit_id = a.id AND occurred_at >= %(since)s AND occurred_at < %(until)s
) t
JOIN ledger_account o ON o.id = CASE WHEN t.credit_id = a.id THEN t.debit_id ELSE t.credit_id END
LEFT JOIN ledger_transfer r ON r.reverses_id = t.id
WHERE a.holder = %(holder)s AND a.unit = %(unit)s AND (%(code)s = '' OR a.code = %(code)s)
ORDER BY t.occurred_at, t.id, a.code
"""

_DAWN = datetime(1, 1, 2, tzinfo=timezone.get_fixed_timezone(0))
_DUSK = datetime(9999, 12, 30, tzinfo=timezone.get_fixed_timezone(0))


def _start(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def statement(
    holder: str, unit: str, since: date | None = None, until: date | None = None, *, code: str = ""
) -> Statement:
    """The movements on ``holder``'s accounts of ``unit`` from ``since`` to ``until`` (both inclusive, local days).

    ``code`` asks for one of the accounts only.

    The period goes by when a thing happened, not by when it was recorded: a December visit recorded in January
    belongs to December.
    """
    bounds: dict[str, str | datetime] = {
        "holder": holder,
        "unit": unit,
        "code": code,
        "since": _start(since) if since else _DAWN,
        "until": _start(until + timedelta(days=1)) if until else _DUSK,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ACCOUNTS, bounds)
        opening: dict[str, Decimal] = dict(cursor.fetchall())
        cursor.execute(_LINES, bounds)
        running = dict(opening)
        lines = []
        for (
            pk,
            occurred,
            recorded,
            code,
            name,
            other,
            other_name,
            purpose,
            memo,
            about,
            amount,
            mirror,
            mirrored,
        ) in cursor:
            running[code] += amount
            lines.append(
                StatementLine(
                    transfer_id=pk,
                    occurred_at=occurred,
                    recorded_at=recorded,
                    account=code,
                    account_name=name,
                    other=other,
                    other_name=other_name,
                    purpose=purpose,
                    memo=memo,
                    reference=about,
                    amount=amount,
                    running=running[code],
                    reverses_id=mirror,
                    reversed_by_id=mirrored,
                )
            )
    return Statement(opening=opening, closing=running, lines=lines)


@dataclass(frozen=True, slots=True)
class TrialRow:
    """All accounts of one kind (``person:*:minutes``) in one unit."""

    kind: str
    unit: str
    accounts: int
    debits: Decimal
    credits: Decimal
    balance: Decimal


_TRIAL = """
WITH sides AS (
    SELECT debit_id AS account, amount AS debit, 0 AS credit FROM ledger_transfer
    UNION ALL SELECT credit_id, 0, amount FROM ledger_transfer
), turned AS (SELECT account, sum(debit) AS debit, sum(credit) AS credit FROM sides GROUP BY account)
SELECT regexp_replace(a.code, ':[0-9]+:', ':*:'), a.unit, count(*),
       coalesce(sum(t.debit), 0), coalesce(sum(t.credit), 0), sum(a.balance)
FROM ledger_account a LEFT JOIN turned t ON t.account = a.id
GROUP BY 1, 2 ORDER BY 2, 1
"""


def trial_balance() -> list[TrialRow]:
    """Turnover and balance by unit and kind of account; in each unit debits = credits and the balances add up to 0."""
    with connection.cursor() as cursor:
        cursor.execute(_TRIAL)
        return [TrialRow(*row) for row in cursor.fetchall()]
