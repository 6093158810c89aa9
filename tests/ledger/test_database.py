"""What the database holds by itself, whoever speaks SQL to it, and however many at once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, connections, transaction

from marketplace.core.errors import DomainError
from marketplace.core.units import yuan
from marketplace.ledger import codes, services
from marketplace.ledger.models import Account, Transfer
from marketplace.ledger.selectors import balance, balances
from tests.factories.ledger import AT, make_account, make_source, transfer


@pytest.fixture
def books(db):
    make_source()
    make_account("a")
    make_account("b")
    make_account("m", unit="XMN", holder="user:1")
    services.open_budget_accounts(line_id=1, name="一")
    transfer("test:source", "a", 10, "fill")
    transfer(codes.budget_appropriation(1), codes.budget_available(1), 100, "open")


INSERT = """INSERT INTO ledger_transfer
    (debit_id, credit_id, amount, amount_currency, purpose, memo, reference, idempotency_key, occurred_at, reverses_id)
    SELECT d.id, c.id, {amount}, '{unit}', 'raw', '', '', 'raw', now(), {reverses}
    FROM ledger_account d, ledger_account c WHERE d.code = '{debit}' AND c.code = '{credit}'"""


def _insert(debit="a", credit="b", amount="1", unit="CNY", reverses="NULL"):
    return INSERT.format(debit=debit, credit=credit, amount=amount, unit=unit, reverses=reverses)


def test_a_raw_insert_keeps_the_books(books):
    with connection.cursor() as cursor:
        cursor.execute(_insert(amount="3.25"))
    assert (balance("a"), balance("b")) == (yuan("6.75").amount, yuan("3.25").amount)


_ORIGINAL = "(SELECT id FROM ledger_transfer WHERE idempotency_key = 'fill')"


@pytest.mark.parametrize(
    "attack",
    [
        _insert(amount="10.01"),
        _insert(amount="-1"),
        _insert(amount="0"),
        _insert(credit="a"),
        _insert(credit="m"),
        _insert(unit="XMN"),
        _insert(unit="EUR"),
        _insert(debit=codes.budget_available(1), credit="a"),
        _insert(debit="a", credit="test:source", amount="9", reverses=_ORIGINAL),
        _insert(debit="a", credit="b", amount="10", reverses=_ORIGINAL),
        _insert(reverses="987654321"),
        "UPDATE ledger_account SET balance = balance + 1 WHERE code = 'a'",
        "UPDATE ledger_account SET unit = 'XMN' WHERE code = 'b'",
        "UPDATE ledger_account SET code = 'c' WHERE code = 'b'",
        "UPDATE ledger_account SET holder = 'user:2' WHERE code = 'm'",
        """INSERT INTO ledger_account (code, name, unit, holder, never_negative, balance)
        VALUES ('rich', '', 'CNY', 'x', true, 1)""",
        "UPDATE ledger_transfer SET amount = 1",
        "UPDATE ledger_transfer SET memo = 'x'",
        "DELETE FROM ledger_transfer",
        "TRUNCATE ledger_transfer CASCADE",
        "TRUNCATE ledger_account CASCADE",
        "DELETE FROM ledger_account WHERE code = 'a'",
        "UPDATE ledger_account SET never_negative = true",
        """INSERT INTO ledger_transfer (debit_id, credit_id, amount, amount_currency, purpose, memo, reference,
        idempotency_key, occurred_at) VALUES (1987654321, (SELECT id FROM ledger_account WHERE code = 'a'), 1, 'CNY',
        'raw', '', '', 'raw', now())""",
    ],
)
def test_attacks_fail(books, attack):
    before = (balances(""), list(Transfer.objects.order_by("pk").values()), list(Account.objects.values()))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"{attack}; SET CONSTRAINTS ALL IMMEDIATE")
    assert (balances(""), list(Transfer.objects.order_by("pk").values()), list(Account.objects.values())) == before


def test_a_raw_reversal_of_a_reversal_fails(books):
    original = transfer("test:source", "b", 5, "k")
    mirror = services.reverse(original, key="r", reason="错", occurred_at=AT)
    with pytest.raises(DatabaseError, match="mirror"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_insert(debit="test:source", credit="b", amount="5", reverses=str(mirror.pk)))


def test_the_proof_passes_on_sound_books_and_names_what_is_wrong(books, capsys):
    call_command("check_ledger")
    assert "BROKEN" not in capsys.readouterr().out
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_account DISABLE TRIGGER USER")
        cursor.execute("UPDATE ledger_account SET balance = balance + 1 WHERE code = 'a'")
        cursor.execute("UPDATE ledger_account SET balance = balance - 7 WHERE code = 'budget:1:available'")
    with pytest.raises(SystemExit) as stopped:
        call_command("check_ledger")
    assert stopped.value.code == 1
    told = capsys.readouterr().out
    assert "code=a  balance=11.00  recomputed=10.00" in told
    assert "unit=CNY  total=-6.00" in told
    assert "holder=budget:1  difference=-7.00" in told
    assert told.count("BROKEN") == 3


# Many at once


def _at_once(calls, threads=20):
    """Run the calls in threads, each with its own connection; the results, or the refusals' codes."""

    def run(call):
        try:
            return call()
        except DomainError as refusal:
            return refusal.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, calls))


@pytest.mark.django_db(transaction=True)
def test_twenty_clients_cannot_overdraw():
    make_source()
    make_account("a")
    make_account("b")
    transfer("test:source", "a", 30, "fill")
    results = _at_once([lambda n=n: transfer("a", "b", 1, f"k{n}") for n in range(100)])
    assert Counter(r if isinstance(r, str) else "done" for r in results) == {"done": 30, "insufficient_balance": 70}
    assert (balance("a"), balance("b")) == (0, 30)


@pytest.mark.django_db(transaction=True)
def test_opposite_directions_do_not_deadlock():
    make_source("a")
    make_source("b")
    calls = [lambda n=n: transfer("ab"[1 - n % 2], "ab"[n % 2], n, f"k{n}") for n in range(1, 201)]
    batches = [
        lambda n=n: services.post_many(
            [services.Posting("ab"[1 - i % 2], "ab"[i % 2], yuan(1), "test", f"m{n}.{i}", AT) for i in range(11)]
        )
        for n in range(20)
    ]
    results = _at_once([call for pair in zip(calls, batches * 10, strict=True) for call in pair])
    assert not [r for r in results if isinstance(r, str)]
    # Odd numbers go from a to b; 20 batches of 5 there and 6 back, repeated ones move nothing.
    assert balance("b") == sum(range(1, 201, 2)) - sum(range(2, 201, 2)) + 20 * (5 - 6)
    assert balance("a") == -balance("b")
    assert Transfer.objects.count() == 200 + 20 * 11


@pytest.mark.django_db(transaction=True)
def test_one_key_sent_by_many_is_posted_once():
    make_source()
    make_account("a")
    results = _at_once([lambda n=n: transfer("test:source", "a", 1, f"k{n % 5}").pk for n in range(100)])
    assert Counter(Counter(results).values()) == {20: 5}
    assert balance("a") == 5


@pytest.mark.django_db(transaction=True)
def test_fifty_transfers_each_reversed_twice_at_once():
    make_source()
    make_account("a")
    originals = [transfer("test:source", "a", n + 1, f"k{n}") for n in range(50)]
    results = _at_once(
        [
            lambda o=o, n=n: services.reverse(o, key=f"r{o.pk}.{n}", reason="错", occurred_at=AT).pk
            for o in originals
            for n in range(2)
        ]
    )
    assert Counter(r if isinstance(r, str) else "done" for r in results) == {"done": 50, "already_reversed": 50}
    assert Transfer.objects.filter(reverses__isnull=False).values("reverses").distinct().count() == 50
    assert balance("a") == 0
