"""Balances, statements, the trial balance."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from django.core.paginator import Paginator
from django.db import transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.core.units import minutes
from marketplace.ledger import codes, services
from marketplace.ledger.selectors import TrialRow, balance, balances, budget, statement, trial_balance
from tests.factories.ledger import transfer

pytestmark = pytest.mark.django_db


def _day(month: int, day: int, hour: int = 12) -> datetime:
    return timezone.make_aware(datetime(2026, month, day, hour))


@pytest.fixture
def year():
    """Person 1 serves in March, May (recorded twice and corrected) and December; is owed and paid a subsidy."""
    services.open_person_accounts(user_id=1, name="张示例")
    services.open_person_accounts(user_id=12, name="李示例")
    services.open_incentive_fund(organisation_id=3, name="示例县司法局")
    serve = lambda n, when, key: transfer(  # noqa: E731
        codes.system_minutes(), codes.person_minutes(1), minutes(n), key, occurred_at=when, purpose="minutes"
    )
    serve(120, _day(12, 31, 23), "dec")
    serve(60, _day(3, 1), "mar")
    twice = serve(90, _day(5, 2), "may")
    services.reverse(twice, key="undo", reason="重复", occurred_at=_day(5, 3))
    transfer(codes.system_minutes(), codes.person_minutes(12), minutes(5), "other", purpose="minutes")
    transfer(codes.system_treasury(), codes.incentive_fund(3), 1000, "fund")
    transfer(codes.incentive_fund(3), codes.person_subsidy(1), 200, "subsidy", occurred_at=_day(6, 1))
    transfer(codes.person_subsidy(1), codes.person_paid_out(1), 150, "payout", occurred_at=_day(7, 1))


def test_balances_by_prefix_do_not_mix_person_1_with_person_12(year):
    assert balances("person:1:") == {
        "person:1:minutes": 180,
        "person:1:paid_out": 150,
        "person:1:points": 0,
        "person:1:subsidy": 50,
    }
    assert balance("person:404:minutes") == 0


def test_a_statement_runs_by_when_things_happened(year):
    minutes_of_year = statement("person:1:minutes", date(2026, 1, 1), date(2026, 12, 31))
    assert [(line.amount, line.running) for line in minutes_of_year.lines] == [
        (60, 60),
        (90, 150),
        (-90, 60),
        (120, 180),
    ]
    assert [line.purpose for line in minutes_of_year.lines] == ["minutes", "minutes", "reversal", "minutes"]
    twice, undone = minutes_of_year.lines[1:3]
    assert (twice.reversed_by_id, undone.reverses_id) == (undone.transfer_id, twice.transfer_id)
    assert minutes_of_year.lines[0].other == "system:minutes"


def test_a_period_opens_and_closes_with_its_balance(year):
    may = statement("person:1:minutes", date(2026, 5, 1), date(2026, 5, 2))
    assert (may.opening, may.closing) == (60, 150)
    assert [line.running for line in may.lines] == [150]
    rest = statement("person:1:minutes", since=date(2026, 5, 3))
    assert (rest.opening, rest.closing) == (150, 180)


def test_a_transfer_between_two_accounts_of_one_holder_stands_on_both(year):
    owed, paid = statement("person:1:subsidy").lines, statement("person:1:paid_out").lines
    assert [(line.other, line.amount, line.running) for line in owed] == [
        ("incentive:3:fund", 200, 200),
        ("person:1:paid_out", -150, 50),
    ]
    assert [(line.other, line.amount, line.running) for line in paid] == [("person:1:subsidy", 150, 150)]


def test_an_account_that_was_never_opened_has_an_empty_statement(year):
    empty = statement("person:404:minutes")
    assert (empty.opening, empty.closing, empty.lines) == (0, 0, [])


@given(
    st.lists(st.tuples(st.integers(1, 28), st.integers(-9, 9).filter(bool)), max_size=30),
    st.integers(0, 28),
    st.integers(0, 27),
    st.integers(1, 7),
)
@settings(max_examples=40, deadline=None)
def test_pages_of_a_statement_are_the_whole_one_in_parts(moves, since, more, size):
    """Against a running total in Python: days out of order, several movements an instant, any period and page."""
    until = min(max(since, 1) + more, 28)
    with transaction.atomic():
        services.open_account(code="a", name="a", unit="XMN", holder="user:7", never_negative=False)
        services.open_account(code="b", name="b", unit="XMN", holder="user:8", never_negative=False)
        for n, (day, amount) in enumerate(moves):
            sides = ("b", "a") if amount > 0 else ("a", "b")
            transfer(*sides, minutes(abs(amount)), f"m{n}", occurred_at=_day(3, day), purpose="minutes")
        running, expected = 0, []
        for day, amount in sorted(moves, key=lambda move: move[0]):
            running += amount
            expected.append((day, amount, running))
        first = date(2026, 3, since) if since else None
        found = statement("a", first, date(2026, 3, until))
        within = [line for line in expected if since <= line[0] <= until]
        before = [line for line in expected if line[0] < since]
        assert found.opening == (before[-1][2] if before else 0)
        assert found.closing == (within or before or [(0, 0, 0)])[-1][2]
        paged = [
            (timezone.localdate(line.occurred_at).day, line.amount, line.running)
            for page in Paginator(found.newest_first, size)
            for line in page
        ]
        assert paged == within[::-1]
        assert [line.running for line in found.lines] == [line[2] for line in within]
        transaction.set_rollback(True)


def test_the_trial_balance_groups_accounts_and_adds_up(year):
    rows = trial_balance()
    assert TrialRow("person:*:minutes", "XMN", 2, Decimal(90), Decimal(275), Decimal(185)) in rows
    assert TrialRow("incentive:*:fund", "CNY", 1, Decimal(200), Decimal(1000), Decimal(800)) in rows
    for unit in ("CNY", "XMN", "XPT"):
        of_unit = [row for row in rows if row.unit == unit]
        assert sum(row.balance for row in of_unit) == 0
        assert sum(row.debits for row in of_unit) == sum(row.credits for row in of_unit)


def test_what_became_of_a_budget_line():
    services.open_budget_accounts(line_id=8, name="公共法律服务")
    parts = (codes.budget_appropriation, codes.budget_available, codes.budget_reserved, codes.budget_committed)
    for n, (debit, credit) in enumerate(zip(parts, [*parts[1:], codes.budget_spent], strict=True)):
        transfer(debit(8), credit(8), 1000 - 200 * n, f"k{n}")
    assert budget(8) == {"appropriated": 1000, "available": 200, "reserved": 200, "committed": 200, "spent": 400}


@pytest.mark.parametrize("count", [1, 3])
def test_a_statement_is_two_questions(year, count, django_assert_num_queries):
    for n in range(count):
        transfer(codes.system_points(), codes.person_points(1), minutes(1).__class__(5, "XPT"), f"p{n}")
    with django_assert_num_queries(2):
        assert len(statement("person:1:points").lines) == count


def test_a_page_of_a_statement_reads_no_more_than_it_shows(year, django_assert_num_queries):
    for n in range(9):
        transfer(codes.system_points(), codes.person_points(1), minutes(1).__class__(5, "XPT"), f"p{n}")
    with django_assert_num_queries(2) as captured:
        page = Paginator(statement("person:1:points").newest_first, 2).page(2)
        assert [line.running for line in page.object_list] == [35, 30]
    assert "LIMIT 4" in captured[1]["sql"], "no older movement is looked at"
    newest = statement("person:1:points").newest_first
    assert [newest[0].running, newest[-1].running] == [45, 5]
    with django_assert_num_queries(1):
        assert [line.running for line in newest] == list(range(45, 0, -5))
