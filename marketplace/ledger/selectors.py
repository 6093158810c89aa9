"""Reading the books."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, overload

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
    other: str
    purpose: str
    memo: str
    memo_en: str
    reference: str
    amount: Decimal
    running: Decimal
    reverses_id: int | None
    reversed_by_id: int | None


@dataclass(frozen=True, slots=True)
class Statement:
    """An account over a period: what stood on it before and after, and its movements, by when things happened."""

    opening: Decimal
    closing: Decimal
    newest_first: Newest

    @property
    def lines(self) -> list[StatementLine]:
        """All movements, first to last."""
        return self.newest_first[:][::-1]


class Newest(Sequence[StatementLine]):
    """The movements of a statement, the newest first; a slice reads no more of them than it shows (for a ``Paginator``)."""

    def __init__(self, bounds: Mapping[str, Any], count: int) -> None:
        self._bounds, self._count = bounds, count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[StatementLine]:
        return iter(self[:])

    @overload
    def __getitem__(self, part: int) -> StatementLine: ...
    @overload
    def __getitem__(self, part: slice) -> list[StatementLine]: ...
    def __getitem__(self, part: int | slice) -> StatementLine | list[StatementLine]:
        if isinstance(part, int):
            at = range(self._count)[part]
            return self[at : at + 1][0]
        skip, upto, _step = part.indices(self._count)
        if upto <= skip:
            return []
        with connection.cursor() as cursor:
            cursor.execute(_LINES, {**self._bounds, "skip": skip, "upto": upto})
            return [StatementLine(*row) for row in cursor.fetchall()]


# Each side is read in the order of its index, from the newest back, no further than asked.
_MOVED = """
    SELECT id, occurred_at, amount FROM ledger_transfer
    WHERE credit_id = a.id AND occurred_at >= %(since)s AND occurred_at < %(until)s
    UNION ALL
    SELECT id, occurred_at, -amount FROM ledger_transfer
    WHERE debit_id = a.id AND occurred_at >= %(since)s AND occurred_at < %(until)s
"""

# What stands on the account is known, so that balances are counted back from it.
_AFTER = """
    a.balance - coalesce((SELECT sum(amount) FROM ledger_transfer WHERE credit_id = a.id AND occurred_at >= %(until)s), 0)
              + coalesce((SELECT sum(amount) FROM ledger_transfer WHERE debit_id = a.id AND occurred_at >= %(until)s), 0)
"""

_SUMS = f"""
SELECT {_AFTER}, m.amount, m.lines
FROM ledger_account a
CROSS JOIN LATERAL (SELECT coalesce(sum(amount), 0) AS amount, count(*) AS lines FROM ({_MOVED}) t) m
WHERE a.code = %(code)s
"""  # noqa: S608  # made of the constants above

_LINES = f"""
SELECT t.id, t.occurred_at, t.recorded_at, o.code, t.purpose, t.memo, t.memo_en, t.reference, n.amount,
       n.after - n.newer, t.reverses_id, r.id
FROM (
    SELECT a.id AS account, m.id, m.occurred_at, m.amount, {_AFTER} AS after,
           coalesce(sum(m.amount) OVER (ORDER BY m.occurred_at DESC, m.id DESC
                                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS newer
    FROM ledger_account a
    CROSS JOIN LATERAL (SELECT * FROM ({_MOVED}) t ORDER BY occurred_at DESC, id DESC LIMIT %(upto)s) m
    WHERE a.code = %(code)s
    ORDER BY m.occurred_at DESC, m.id DESC OFFSET %(skip)s
) n
JOIN ledger_transfer t ON t.id = n.id
JOIN ledger_account o ON o.id = CASE WHEN t.credit_id = n.account THEN t.debit_id ELSE t.credit_id END
LEFT JOIN ledger_transfer r ON r.reverses_id = t.id
ORDER BY n.occurred_at DESC, n.id DESC
"""  # noqa: S608

_DAWN = datetime(1, 1, 2, tzinfo=timezone.get_fixed_timezone(0))
_DUSK = datetime(9999, 12, 30, tzinfo=timezone.get_fixed_timezone(0))


def _start(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def statement(code: str, since: date | None = None, until: date | None = None) -> Statement:
    """The movements on the account ``code`` from ``since`` to ``until`` (both inclusive, local days).

    The period goes by when a thing happened, not by when it was recorded: a December visit recorded in January
    belongs to December. An account that was never opened has no movements.
    """
    bounds: dict[str, Any] = {
        "code": code,
        "since": _start(since) if since else _DAWN,
        "until": _start(until + timedelta(days=1)) if until else _DUSK,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, bounds)
        after, moved, count = cursor.fetchone() or (Decimal(0), Decimal(0), 0)
    return Statement(after - moved, after, Newest(bounds, count))


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
