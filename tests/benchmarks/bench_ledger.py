"""Transfers a second: batches, and single postings from twenty clients, beside a double entry as one writes it with the ORM."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from random import Random
from typing import ClassVar

import pytest
from django.db import connection, connections, models, transaction

from marketplace.core.units import minutes, yuan
from marketplace.ledger import codes, services
from marketplace.ledger.checks import check_ledger
from tests.factories.ledger import AT, make_account

PEOPLE = 1000
CLIENTS = 20


class PlainAccount(models.Model):
    balance = models.DecimalField(max_digits=18, decimal_places=2, default=0)

    class Meta:
        app_label = "benchmarks"


class PlainTransaction(models.Model):
    key = models.CharField(max_length=120, unique=True)
    purpose = models.CharField(max_length=40)
    occurred_at = models.DateTimeField()

    class Meta:
        app_label = "benchmarks"


class PlainLeg(models.Model):
    """One side of a transaction; as is usual, the balance is kept beside it under a lock."""

    transaction = models.ForeignKey(PlainTransaction, on_delete=models.PROTECT)
    account = models.ForeignKey(PlainAccount, on_delete=models.PROTECT)
    amount = models.DecimalField(max_digits=18, decimal_places=2)

    class Meta:
        app_label = "benchmarks"
        indexes: ClassVar = [models.Index(fields=["account", "id"], name="plain_leg_account")]


PLAIN: tuple[type[models.Model], ...] = (PlainAccount, PlainTransaction, PlainLeg)


@transaction.atomic
def post_plainly(debit: int, credit: int, amount: Decimal, key: str) -> None:
    sides = {
        a.pk: a for a in PlainAccount._default_manager.select_for_update().filter(pk__in=[debit, credit]).order_by("pk")
    }
    if sides[debit].balance < amount:
        raise ValueError("not enough")
    made = PlainTransaction._default_manager.create(key=key, purpose="benchmark", occurred_at=AT)
    PlainLeg._default_manager.create(transaction=made, account=sides[debit], amount=-amount)
    PlainLeg._default_manager.create(transaction=made, account=sides[credit], amount=amount)
    sides[debit].balance -= amount
    sides[credit].balance += amount
    sides[debit].save(update_fields=["balance"])
    sides[credit].save(update_fields=["balance"])


@pytest.fixture
def books(transactional_db: None) -> Iterator[None]:
    for pk in range(PEOPLE):
        make_account(f"bench:{pk}:purse")
        services.open_person_accounts(user_id=pk, name="示例")
    make_account("bench:source", never_negative=False)
    services.post_many(
        services.Posting("bench:source", f"bench:{pk}:purse", yuan(1000), "fill", f"fill:{pk}", AT)
        for pk in range(PEOPLE)
    )
    with connection.schema_editor() as editor:
        for model in PLAIN:
            editor.create_model(model)
    PlainAccount._default_manager.bulk_create(PlainAccount(pk=pk + 1, balance=1000) for pk in range(PEOPLE))
    yield
    with connection.schema_editor() as editor:
        for model in reversed(PLAIN):
            editor.delete_model(model)


def _rate(count: int, work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return count / (time.perf_counter() - start)


def _by_clients(pairs: list[tuple[int, int]], post: Callable[[int, int, int], object]) -> Callable[[], object]:
    """The postings dealt out to twenty clients, each with a connection of its own."""

    def client(mine: list[tuple[int, tuple[int, int]]]) -> None:
        try:
            for n, (debit, credit) in mine:
                post(debit, credit, n)
        finally:
            connections.close_all()

    def work() -> None:
        numbered = list(enumerate(pairs))
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(client, [numbered[start::CLIENTS] for start in range(CLIENTS)]))

    return work


def test_batches(books: None) -> None:
    """A thousand and more in one call: minutes for a thousand people from one source."""
    print()
    for size in (1000, 5000, 20_000):
        rates = []
        for run in range(3):
            batch = [
                services.Posting(
                    codes.system_minutes(),
                    codes.person_minutes(n % PEOPLE),
                    minutes(60),
                    "minutes",
                    f"{size}.{run}.{n}",
                    AT,
                )
                for n in range(size)
            ]
            rates.append(_rate(size, lambda batch=batch: services.post_many(batch)))
        print(f"ledger, batch of {size:>6,}: {max(rates):>9,.0f} transfers/s (best of 3)")


def test_twenty_clients(books: None) -> None:
    """Single postings between random purses, none below zero, each committed by itself."""
    random = Random(7)
    pairs = [(a, b) for a, b in (random.sample(range(PEOPLE), 2) for _n in range(4000))]

    def ours(debit: int, credit: int, n: int) -> None:
        services.post(
            debit=f"bench:{debit}:purse",
            credit=f"bench:{credit}:purse",
            amount=yuan(1),
            purpose="benchmark",
            key=f"one:{n}",
            occurred_at=AT,
        )

    def plain(debit: int, credit: int, n: int) -> None:
        post_plainly(debit + 1, credit + 1, Decimal(1), f"one:{n}")

    own = _rate(len(pairs), _by_clients(pairs, ours))
    other = _rate(len(pairs), _by_clients(pairs, plain))
    print(f"\nledger, {CLIENTS} clients, one by one: {own:>7,.0f} transfers/s")
    print(f"ORM double entry, the same:     {other:>7,.0f} transfers/s   ratio {own / other:.1f}")
    assert not [finding for finding in check_ledger() if finding.rows]
