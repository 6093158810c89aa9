"""Opening accounts and moving amounts between them.

The database keeps the books: a trigger on ``ledger_transfer`` locks the accounts in order, checks units and
reversals and moves the balances (``migrations/0002_guards``). The functions here say it in one statement a call,
make repeated requests harmless, and turn the database's refusals into errors that a person can read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.db import IntegrityError, connection, transaction
from moneyed import Money

from . import codes
from .errors import (
    AccountMismatch,
    AlreadyReversed,
    BudgetCrossed,
    InsufficientBalance,
    KeyReused,
    NotReversible,
    UnitMismatch,
    UnknownAccount,
)
from .models import Account, Transfer, Unit


@dataclass(frozen=True, slots=True)
class Posting:
    """One transfer to be made: ``amount`` from the account ``debit`` to the account ``credit`` (codes)."""

    debit: str
    credit: str
    amount: Money
    purpose: str
    key: str
    occurred_at: datetime
    reference: str = ""
    memo: str = ""
    memo_en: str = ""
    reverses_id: int | None = None


# Accounts


@dataclass(frozen=True, slots=True)
class _Opening:
    code: str
    name: str
    unit: str
    holder: str
    never_negative: bool = True


_SOURCES = {
    Unit.YUAN: _Opening(codes.system_treasury(), "财政资金", Unit.YUAN, codes.SYSTEM, never_negative=False),
    Unit.MINUTE: _Opening(codes.system_minutes(), "服务时长来源", Unit.MINUTE, codes.SYSTEM, never_negative=False),
    Unit.POINT: _Opening(codes.system_points(), "积分来源", Unit.POINT, codes.SYSTEM, never_negative=False),
}


def _open(openings: Sequence[_Opening]) -> list[Account]:
    """Open what is not open yet; all that is must agree."""
    wanted = {o.code: o for o in openings}
    found = {a.code: a for a in Account.objects.filter(code__in=wanted)}
    missing = [o for code, o in sorted(wanted.items()) if code not in found]
    if missing:
        Account.objects.bulk_create(
            [
                Account(code=o.code, name=o.name, unit=o.unit, holder=o.holder, never_negative=o.never_negative)
                for o in missing
            ],
            ignore_conflicts=True,
        )
        found = {a.code: a for a in Account.objects.filter(code__in=wanted)}
    for code, opening in wanted.items():
        account = found[code]
        if (account.unit, account.holder, account.never_negative) != (
            opening.unit,
            opening.holder,
            opening.never_negative,
        ):
            raise AccountMismatch(account=code)
    return [found[o.code] for o in openings]


def open_account(*, code: str, name: str, unit: str, holder: str, never_negative: bool = True) -> Account:
    """The account ``code``, opened if it is not open yet.

    Raises:
        AccountMismatch: it is open in another unit, for another holder, or with another floor.
    """
    return _open([_Opening(code, name, Unit(unit), holder, never_negative)])[0]


def open_budget_accounts(*, line_id: int, name: str) -> None:
    """The five accounts of a budget line; the appropriation is their source and may be below zero."""
    holder = codes.holder_budget(line_id)
    parts = (codes.budget_available, codes.budget_reserved, codes.budget_committed, codes.budget_spent)
    _open(
        [
            _Opening(codes.budget_appropriation(line_id), name, Unit.YUAN, holder, never_negative=False),
            *(_Opening(part(line_id), name, Unit.YUAN, holder) for part in parts),
        ]
    )


def open_person_accounts(*, user_id: int, name: str) -> None:
    """A person's subsidy, paid-out, minutes and points accounts, and the sources they are filled from."""
    holder = codes.holder_user(user_id)
    _open(
        [
            _Opening(codes.person_subsidy(user_id), name, Unit.YUAN, holder),
            _Opening(codes.person_paid_out(user_id), name, Unit.YUAN, holder),
            _Opening(codes.person_minutes(user_id), name, Unit.MINUTE, holder),
            _Opening(codes.person_points(user_id), name, Unit.POINT, holder),
            *_SOURCES.values(),
        ]
    )


def open_supplier_account(*, organisation_id: int, name: str) -> None:
    """What a supplier has been paid, and the treasury that pays."""
    holder = codes.holder_organisation(organisation_id)
    _open([_Opening(codes.supplier_received(organisation_id), name, Unit.YUAN, holder), _SOURCES[Unit.YUAN]])


def open_incentive_fund(*, organisation_id: int, name: str) -> None:
    """The fund from which an organisation pays subsidies, and the treasury that fills it."""
    holder = codes.holder_organisation(organisation_id)
    _open([_Opening(codes.incentive_fund(organisation_id), name, Unit.YUAN, holder), _SOURCES[Unit.YUAN]])


# Transfers

# Locks first, in the order of the primary key, then the key: two requests with one key meet at the accounts and
# not in a circle. The trigger then finds its locks already held.
_POST_ONE = """
WITH held AS MATERIALIZED (
    SELECT id, code FROM ledger_account WHERE code IN (%(debit)s, %(credit)s) ORDER BY id FOR NO KEY UPDATE
)
INSERT INTO ledger_transfer (debit_id, credit_id, amount, amount_currency, purpose, memo, memo_en, reference,
                             idempotency_key, occurred_at, reverses_id, made_by_id)
SELECT d.id, c.id, %(amount)s::numeric, %(unit)s, %(purpose)s, %(memo)s, %(memo_en)s, %(reference)s,
       %(key)s, %(occurred_at)s::timestamptz, %(reverses)s::bigint, %(actor)s::bigint
FROM held d, held c WHERE d.code = %(debit)s AND c.code = %(credit)s
ON CONFLICT (idempotency_key) DO NOTHING
RETURNING id, debit_id, credit_id, recorded_at
"""

_LOCK_MANY = "SELECT id, code FROM ledger_account WHERE code = ANY(%s) ORDER BY id FOR NO KEY UPDATE"

# In the order of the keys, so that two batches with common keys do not wait in a circle.
_POST_MANY = """
INSERT INTO ledger_transfer (debit_id, credit_id, amount, amount_currency, purpose, memo, memo_en, reference,
                             idempotency_key, occurred_at, reverses_id, made_by_id)
SELECT p.*, %s::bigint FROM unnest(%s::bigint[], %s::bigint[], %s::numeric[], %s::text[], %s::text[], %s::text[],
                                   %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::bigint[])
    AS p (debit, credit, amount, unit, purpose, memo, memo_en, reference, key, occurred_at, reverses)
ORDER BY p.key
ON CONFLICT (idempotency_key) DO NOTHING
RETURNING id, idempotency_key
"""


def post(
    *,
    debit: str,
    credit: str,
    amount: Money,
    purpose: str,
    key: str,
    occurred_at: datetime,
    reference: str = "",
    actor: Any = None,
    memo: str = "",
    memo_en: str = "",
) -> Transfer:
    """Move ``amount`` from ``debit`` to ``credit``; a repeated ``key`` with the same content answers with the first result.

    Raises:
        UnknownAccount, UnitMismatch, InsufficientBalance: nothing has moved.
        KeyReused: ``key`` was used for something else.
    """
    return _post_one(Posting(debit, credit, amount, purpose, key, occurred_at, reference, memo, memo_en), actor)


def post_many(postings: Iterable[Posting], *, actor: Any = None) -> list[int]:
    """Make all of ``postings`` or none, set-wise; the ids of their transfers in the order given.

    Balances are checked once, after all have moved. Repeated keys answer with their first results.

    Raises:
        The errors of :func:`post`.
    """
    wanted = list(postings)
    if not wanted:
        return []
    by_key: dict[str, Posting] = {}
    for posting in wanted:
        if by_key.setdefault(posting.key, posting) != posting:
            raise KeyReused
    with _explained(transaction.atomic()), connection.cursor() as cursor:
        names = {p.debit for p in wanted} | {p.credit for p in wanted}
        cursor.execute(_LOCK_MANY, [sorted(names)])
        ids = {code: pk for pk, code in cursor.fetchall()}
        if missing := names - ids.keys():
            raise UnknownAccount(account=min(missing))
        rows = list(by_key.values())
        cursor.execute(
            _POST_MANY,
            [
                getattr(actor, "pk", None),
                [ids[p.debit] for p in rows],
                [ids[p.credit] for p in rows],
                [p.amount.amount for p in rows],
                [p.amount.currency.code for p in rows],
                [p.purpose for p in rows],
                [p.memo for p in rows],
                [p.memo_en for p in rows],
                [p.reference for p in rows],
                [p.key for p in rows],
                [p.occurred_at for p in rows],
                [p.reverses_id for p in rows],
            ],
        )
        made = {key: pk for pk, key in cursor.fetchall()}
        repeated = by_key.keys() - made.keys()
        if repeated:
            for first in Transfer.objects.filter(idempotency_key__in=repeated):
                _must_equal(first, by_key[first.idempotency_key], ids)
                made[first.idempotency_key] = first.pk
    return [made[p.key] for p in wanted]


def reverse(transfer: Transfer, *, key: str, reason: str, occurred_at: datetime, actor: Any = None) -> Transfer:
    """Undo ``transfer`` by its mirror image, once.

    Raises:
        AlreadyReversed: it has been reversed with another key.
        NotReversible: it is itself a reversal.
        InsufficientBalance: what it moved has meanwhile been used.
    """
    if transfer.reverses_id is not None:
        raise NotReversible
    sides = Account.objects.in_bulk([transfer.debit_id, transfer.credit_id])
    return _post_one(
        Posting(
            debit=sides[transfer.credit_id].code,
            credit=sides[transfer.debit_id].code,
            amount=transfer.amount,
            purpose=codes.Purpose.REVERSAL,
            key=key,
            occurred_at=occurred_at,
            reference=transfer.reference,
            memo=reason,
            reverses_id=transfer.pk,
        ),
        actor,
    )


def _post_one(posting: Posting, actor: Any) -> Transfer:
    actor_id = getattr(actor, "pk", None)
    # One statement is atomic by itself; a savepoint is needed only where a transaction must outlive a refusal.
    guard: AbstractContextManager[Any] = transaction.atomic() if connection.in_atomic_block else nullcontext()
    with _explained(guard), connection.cursor() as cursor:
        cursor.execute(
            _POST_ONE,
            {
                "debit": posting.debit,
                "credit": posting.credit,
                "amount": posting.amount.amount,
                "unit": posting.amount.currency.code,
                "purpose": posting.purpose,
                "memo": posting.memo,
                "memo_en": posting.memo_en,
                "reference": posting.reference,
                "key": posting.key,
                "occurred_at": posting.occurred_at,
                "reverses": posting.reverses_id,
                "actor": actor_id,
            },
        )
        row = cursor.fetchone()
    if row is None:
        return _first_result(posting)
    pk, debit_id, credit_id, recorded_at = row
    transfer = Transfer(
        id=pk,
        debit_id=debit_id,
        credit_id=credit_id,
        amount=cast(Any, posting.amount),  # the checker knows the column, not the money in it
        purpose=posting.purpose,
        memo=posting.memo,
        memo_en=posting.memo_en,
        reference=posting.reference,
        idempotency_key=posting.key,
        occurred_at=posting.occurred_at,
        recorded_at=recorded_at,
        reverses_id=posting.reverses_id,
        made_by_id=actor_id,
    )
    transfer._state.adding = False
    return transfer


def _first_result(posting: Posting) -> Transfer:
    """Nothing was inserted: either an account is missing or the key was used before."""
    ids = dict(Account.objects.filter(code__in=[posting.debit, posting.credit]).values_list("code", "id"))
    for code in (posting.debit, posting.credit):
        if code not in ids:
            raise UnknownAccount(account=code)
    first = Transfer.objects.get(idempotency_key=posting.key)
    _must_equal(first, posting, ids)
    return first


def _must_equal(first: Transfer, posting: Posting, ids: dict[str, int]) -> None:
    """A repetition may tell another time and other words; what it moves must be the same."""
    if (first.debit_id, first.credit_id, first.amount, first.purpose, first.reference, first.reverses_id) != (
        ids[posting.debit],
        ids[posting.credit],
        posting.amount,
        posting.purpose,
        posting.reference,
        posting.reverses_id,
    ):
        raise KeyReused


_REFUSALS: dict[str, type[Exception]] = {
    "account_not_below_zero": InsufficientBalance,
    "transfer_unit_agrees": UnitMismatch,
    "transfer_whole_numbers": UnitMismatch,
    "transfer_within_budget_line": BudgetCrossed,
    "transfer_reversal_mirrors": NotReversible,
    "ledger_transfer_reverses_id_key": AlreadyReversed,
}


@contextmanager
def _explained(guard: AbstractContextManager[Any]) -> Iterator[None]:
    """Inside ``guard``; what the database refuses is said in the ledger's words."""
    try:
        with guard:
            yield
    except IntegrityError as error:
        name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
        refusal = _REFUSALS.get(name or "")
        if refusal is None:
            raise
        raise refusal from error
