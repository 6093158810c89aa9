"""Opening, posting, reversing."""

from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from marketplace.core.units import minutes, points, yuan
from marketplace.ledger import codes, services
from marketplace.ledger.checks import check_ledger
from marketplace.ledger.errors import (
    AccountMismatch,
    AlreadyReversed,
    BudgetCrossed,
    InsufficientBalance,
    KeyReused,
    NotReversible,
    UnitMismatch,
    UnknownAccount,
)
from marketplace.ledger.models import Account, Transfer
from marketplace.ledger.selectors import balance, balances, budget
from tests.factories.ledger import AT, make_account, make_source, transfer

pytestmark = pytest.mark.django_db


def test_a_transfer_moves_both_sides():
    make_source()
    make_account("a")
    made = transfer("test:source", "a", yuan("120.50"), "k", memo="第一季度", reference="contract:1")
    assert (balance("test:source"), balance("a")) == (Decimal("-120.50"), Decimal("120.50"))
    assert made.amount == yuan("120.50")
    stored = Transfer.objects.get()
    assert (stored.memo, stored.reference, stored.occurred_at) == ("第一季度", "contract:1", AT)
    assert stored.recorded_at == made.recorded_at


def test_opening_twice_opens_once_and_another_unit_is_refused():
    first = make_account("person:1:minutes", unit="XMN", holder="user:1")
    again = make_account("person:1:minutes", unit="XMN", holder="user:1")
    assert again.pk == first.pk
    for changed in ({"unit": "XPT", "holder": "user:1"}, {"unit": "XMN", "holder": "user:2"}):
        with pytest.raises(AccountMismatch):
            make_account("person:1:minutes", **changed)
    assert Account.objects.get().unit == "XMN"


def test_accounts_of_a_person_a_supplier_a_fund_and_a_budget_line():
    for _again in range(2):
        services.open_person_accounts(user_id=7, name="张示例")
        services.open_supplier_account(organisation_id=3, name="示例律师事务所")
        services.open_incentive_fund(organisation_id=4, name="示例县司法局")
        services.open_budget_accounts(line_id=5, name="公共法律服务")
    floors = dict(Account.objects.values_list("code", "never_negative"))
    assert {code for code, floor in floors.items() if not floor} == {
        codes.system_minutes(),
        codes.system_points(),
        codes.system_treasury(),
        codes.budget_appropriation(5),
    }
    assert len(floors) == 4 + 1 + 1 + 5 + 3
    assert Account.objects.get(code=codes.person_points(7)).unit == "XPT"


def test_a_repeated_key_answers_with_the_first_result():
    make_source()
    make_account("a")
    first = transfer("test:source", "a", 10, "k")
    again = transfer("test:source", "a", 10, "k", occurred_at=AT + timedelta(hours=1), memo="again")
    assert again.pk == first.pk
    assert again.occurred_at == AT
    assert balance("a") == 10


@pytest.mark.parametrize(
    "other",
    [
        {"amount": 11},
        {"credit": "b"},
        {"purpose": "other"},
        {"reference": "contract:2"},
    ],
)
def test_a_key_used_for_something_else_is_refused(other):
    make_source()
    make_account("a")
    make_account("b")
    transfer("test:source", "a", 10, "k")
    call = {"debit": "test:source", "credit": "a", "amount": 10, "key": "k", **other}
    with pytest.raises(KeyReused):
        transfer(call.pop("debit"), call.pop("credit"), call.pop("amount"), call.pop("key"), **call)
    assert (balance("a"), balance("b"), Transfer.objects.count()) == (10, 0, 1)


@pytest.mark.parametrize(
    ("debit", "credit", "amount", "refusal"),
    [
        ("a", "b", yuan(11), InsufficientBalance),
        ("a", "nowhere", yuan(1), UnknownAccount),
        ("nowhere", "a", yuan(1), UnknownAccount),
        ("a", "m", yuan(1), UnitMismatch),
        ("test:source", "a", minutes(1), UnitMismatch),
        ("ms", "m", minutes(1) * Decimal("1.5"), UnitMismatch),
        ("ms", "m", points(1), UnitMismatch),
    ],
)
def test_refusals_leave_nothing_behind_and_the_transaction_usable(debit, credit, amount, refusal):
    make_source()
    make_source("ms", unit="XMN")
    make_account("m", unit="XMN")
    make_account("a")
    make_account("b")
    transfer("test:source", "a", 10, "fill")
    with transaction.atomic():
        with pytest.raises(refusal):
            transfer(debit, credit, amount, "k")
        assert balance("a") == 10
    assert Transfer.objects.count() == 1


def test_the_money_of_a_budget_line_does_not_leave_it():
    services.open_budget_accounts(line_id=1, name="一")
    services.open_budget_accounts(line_id=2, name="二")
    services.open_supplier_account(organisation_id=1, name="示例")
    transfer(codes.budget_appropriation(1), codes.budget_available(1), 100, "open")
    for target in (codes.budget_available(2), codes.supplier_received(1)):
        with pytest.raises(BudgetCrossed):
            transfer(codes.budget_available(1), target, 1, f"to {target}")
    assert budget(1) == {"appropriated": 100, "available": 100, "reserved": 0, "committed": 0, "spent": 0}


def test_a_reversal_mirrors_its_original_once():
    make_source()
    make_account("a")
    original = transfer("test:source", "a", yuan("10.01"), "k", reference="session:9")
    mirror = services.reverse(original, key="r", reason="重复录入", occurred_at=AT)
    assert balance("a") == 0
    assert (mirror.debit_id, mirror.credit_id, mirror.amount, mirror.reverses_id) == (
        original.credit_id,
        original.debit_id,
        original.amount,
        original.pk,
    )
    assert mirror.reference == "session:9"
    assert services.reverse(original, key="r", reason="重复录入", occurred_at=AT).pk == mirror.pk
    with pytest.raises(AlreadyReversed):
        services.reverse(original, key="r2", reason="再来", occurred_at=AT)
    with pytest.raises(NotReversible):
        services.reverse(mirror, key="r3", reason="再来", occurred_at=AT)
    assert Transfer.objects.count() == 2


def test_what_was_used_cannot_be_taken_back():
    make_source()
    make_account("a")
    make_account("b")
    original = transfer("test:source", "a", 10, "k")
    transfer("a", "b", 5, "use")
    with pytest.raises(InsufficientBalance):
        services.reverse(original, key="r", reason="错", occurred_at=AT)
    assert (balance("a"), balance("b")) == (5, 5)


def _posting(debit, credit, amount, key):
    return services.Posting(debit, credit, yuan(amount), "test", key, AT)


def test_a_batch_is_all_or_nothing_and_counts_its_own_income():
    make_source()
    make_account("a")
    make_account("b")
    ids = services.post_many([_posting("a", "b", 5, "z"), _posting("test:source", "a", 5, "y")])
    assert list(Transfer.objects.order_by("pk").values_list("idempotency_key", flat=True)) == ["y", "z"]
    assert [Transfer.objects.get(pk=pk).idempotency_key for pk in ids] == ["z", "y"]
    with pytest.raises(InsufficientBalance):
        services.post_many([_posting("test:source", "a", 5, "x"), _posting("b", "a", 6, "w")])
    with pytest.raises(UnknownAccount):
        services.post_many([_posting("test:source", "a", 5, "x"), _posting("b", "nowhere", 1, "w")])
    assert balances("") == {"a": 0, "b": 5, "test:source": -5}


def test_a_repeated_batch_moves_nothing():
    make_source()
    make_account("a")
    batch = [_posting("test:source", "a", n, f"k{n}") for n in range(1, 6)]
    first = services.post_many(batch)
    assert services.post_many([*batch, _posting("test:source", "a", 100, "new")])[:5] == first
    assert balance("a") == 115
    with pytest.raises(KeyReused):
        services.post_many([_posting("test:source", "a", 7, "k1")])
    with pytest.raises(KeyReused):
        services.post_many([_posting("test:source", "a", 7, "q"), _posting("test:source", "a", 8, "q")])
    assert balance("a") == 115
    assert services.post_many([]) == []


_CODES = ("s", "a", "b", "c")
_steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("post"), st.sampled_from(_CODES), st.sampled_from(_CODES), st.integers(1, 500), st.integers(0, 30)
        ),
        st.tuples(st.just("reverse"), st.integers(0, 30), st.integers(0, 30)),
    ),
    max_size=30,
)


class AgainstADictionary(TestCase):
    """The ledger and a plain dictionary, given the same orders, keep the same balances and refuse the same ones."""

    @settings(deadline=None)
    @given(_steps)
    def test_same_balances(self, steps):
        make_source("s")
        for code in _CODES[1:]:
            make_account(code)
        kept = dict.fromkeys(_CODES, 0)
        by_key: dict[str, tuple[str, str, int, str | None]] = {}
        made: dict[str, Transfer] = {}

        def model(debit: str, credit: str, fen: int, key: str, undoes: str | None) -> str:
            if key in by_key:
                return "same" if by_key[key] == (debit, credit, fen, undoes) else "reused"
            if debit == credit:
                return "same account"
            if undoes is not None and any(row[3] == undoes for row in by_key.values()):
                return "reversed"
            if debit != "s" and kept[debit] < fen:
                return "short"
            kept[debit] -= fen
            kept[credit] += fen
            by_key[key] = (debit, credit, fen, undoes)
            return "done"

        refusals = {"reused": KeyReused, "short": InsufficientBalance, "reversed": AlreadyReversed}
        for step in steps:
            if step[0] == "post":
                _word, debit, credit, fen, number = step
                key = f"p{number}"
                if debit == credit:
                    continue
                said = model(debit, credit, fen, key, None)
                call = partial(transfer, debit, credit, yuan(Decimal(fen) / 100), key)
            else:
                _word, which, number = step
                original = made.get(f"p{which}")
                if original is None:
                    continue
                debit, credit, fen, _none = by_key[f"p{which}"]
                key = f"r{number}"
                said = model(credit, debit, fen, key, f"p{which}")
                call = partial(services.reverse, original, key=key, reason="错", occurred_at=AT)
            if said in refusals:
                # One transfer may break two rules at once; which of them is told does not matter.
                with pytest.raises((KeyReused, InsufficientBalance, AlreadyReversed)):
                    call()
            else:
                result = call()
                if said == "done":
                    made[key] = result
                else:
                    assert result.pk == made[key].pk
            assert balances("") == {code: Decimal(fen) / 100 for code, fen in kept.items()}
        assert not [finding for finding in check_ledger() if finding.rows]
