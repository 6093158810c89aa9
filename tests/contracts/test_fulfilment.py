"""What was due, what was done, and what a shortfall costs."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.contracts.fulfilment import (
    Item,
    _due,
    deduction,
    fulfilment,
    instalment_periods,
    periods_in,
    unserved_share,
)
from marketplace.contracts.models import Obligation
from marketplace.statutes.deadlines import Day
from tests.factories.accounts import LEISHAN, a_place
from tests.factories.contracts import make_contract, make_visit


class Weekdays:
    """A calendar without holidays."""

    def day(self, date: date) -> Day:
        return Day(date, date.weekday() < 5)


def _periods(period: str, since: date, until: date, last: date = date(2026, 12, 31)) -> Fraction | None:
    return periods_in(period, since, until, last_day=last, calendar=Weekdays())


@pytest.mark.parametrize(
    ("period", "since", "until", "expected"),
    [
        ("month", date(2026, 1, 1), date(2026, 3, 31), Fraction(3)),
        ("month", date(2026, 2, 15), date(2026, 2, 28), Fraction(14, 28)),
        ("month", date(2026, 1, 31), date(2026, 2, 1), Fraction(1, 31) + Fraction(1, 28)),
        ("quarter", date(2026, 1, 1), date(2026, 12, 31), Fraction(4)),
        ("quarter", date(2026, 4, 1), date(2026, 5, 15), Fraction(45, 91)),
        ("year", date(2028, 1, 1), date(2028, 6, 30), Fraction(182, 366)),
        ("week", date(2026, 1, 1), date(2026, 1, 14), Fraction(2)),
        ("day", date(2026, 11, 23), date(2026, 11, 29), Fraction(5)),
        ("once", date(2026, 7, 1), date(2026, 9, 30), Fraction(0)),
        ("once", date(2026, 10, 1), date(2026, 12, 31), Fraction(1)),
        ("each", date(2026, 1, 1), date(2026, 12, 31), None),
        ("month", date(2026, 2, 1), date(2026, 1, 1), Fraction(0)),
    ],
)
def test_how_many_periods_lie_in_a_span(period, since, until, expected):
    assert _periods(period, since, until) == expected


@settings(deadline=None)
@given(st.dates(date(2020, 1, 1), date(2035, 12, 31)), st.integers(0, 900), st.integers(0, 900))
def test_two_spans_that_touch_hold_what_the_whole_holds(start, first, second):
    middle, end = start + timedelta(days=first), start + timedelta(days=first + 1 + second)
    for period in ("day", "week", "month", "quarter", "year", "once"):
        parts = _periods(period, start, middle, end), _periods(period, middle + timedelta(days=1), end, end)
        assert sum(parts) == _periods(period, start, end, end)


@settings(deadline=None)
@given(st.dates(date(2020, 1, 1), date(2035, 12, 31)), st.integers(0, 1100))
def test_instalments_cover_every_day_of_the_term_once(start, days):
    end = start + timedelta(days=days)
    spans = instalment_periods(start, end)
    assert spans[0][0] == start
    assert spans[-1][1] == end
    for (_a, b, _w), (c, _d, _x) in pairwise(spans):
        assert c - b == timedelta(days=1)
    assert all(0 < weight <= 1 for _a, _b, weight in spans)
    assert sum(weight for _a, _b, weight in spans) == _periods("quarter", start, end)


def _item(due: int | None, done: int, tolerance: int = 0) -> Item:
    return Item("x", "on_site", "", "", "minutes", tolerance, due, done, 0)


@pytest.mark.parametrize(
    ("item", "threshold", "met", "shortfall"),
    [
        (_item(720, 720), 720, True, Fraction(0)),
        (_item(720, 648, 10), 648, True, Fraction(0)),
        (_item(720, 647, 10), 648, False, Fraction(73, 720)),
        (_item(720, 0, 10), 648, False, Fraction(1)),
        (_item(1, 0), 1, False, Fraction(1)),
        (_item(3, 2, 10), 3, False, Fraction(1, 3)),
        (_item(0, 0), 0, True, Fraction(0)),
        (_item(None, 4), None, True, Fraction(0)),
    ],
)
def test_met_within_the_tolerance(item, threshold, met, shortfall):
    assert (item.threshold, item.met, item.shortfall) == (threshold, met, shortfall)
    assert Item.from_json(item.to_json()) == item


def test_a_deduction_is_the_mean_shortfall_of_what_can_be_counted():
    # Half of the visits and the lecture missing: (1/2 + 1) / 2 = 3/4.
    items = [_item(720, 360, 10), _item(1, 0), _item(None, 5)]
    assert deduction(Decimal("1000.00"), items) == Decimal("750.00")
    assert deduction(Decimal("0.01"), [_item(2, 1)]) == Decimal("0.01")  # half a fen, up
    assert deduction(Decimal("1000.00"), [_item(None, 0)]) == 0
    assert deduction(Decimal("1000.00"), []) == 0


@settings(deadline=None)
@given(
    st.decimals(0, 10**6, places=2),
    st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1200), st.integers(0, 30)), max_size=5),
)
def test_a_deduction_never_exceeds_the_share(share, items):
    assert 0 <= deduction(share, [_item(*values) for values in items]) <= share


def test_days_after_an_early_end_are_not_paid():
    first, last = date(2026, 4, 1), date(2026, 6, 30)
    assert unserved_share(Decimal(3000), first, last, last) == 0
    assert unserved_share(Decimal(3000), first, last, date(2026, 5, 15)) == Decimal("1516.48")
    assert unserved_share(Decimal(3000), first, last, date(2026, 3, 1)) == 3000


# On the record of visits


def _at(month: int, day: int, hour: int = 9) -> datetime:
    return timezone.make_aware(datetime(2026, month, day, hour))


@pytest.fixture
def contract(db, at):
    at(datetime(2025, 12, 20, 9))
    return make_contract(starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), filled=2)


def test_visits_are_counted_by_post_kind_and_period(contract):
    first, second, third = contract.posts.order_by("pk").select_related("adviser", "region")
    make_visit(first, _at(1, 5), 240)
    make_visit(first, _at(2, 5), 200)
    make_visit(first, _at(2, 6), 90, kind="lecture")
    make_visit(first, _at(3, 5), 240, confirmed=False)
    make_visit(first, _at(4, 5), 240)
    make_visit(second, _at(3, 31, 23), 30, kind="remote")
    counted = fulfilment([first, second, third], date(2026, 1, 1), date(2026, 3, 31))
    on_site, lecture, remote, limit = counted[first.pk]
    assert (on_site.due, on_site.done, on_site.waiting, on_site.met) == (720, 440, 1, False)
    assert (lecture.due, lecture.done, lecture.met) == (1, 1, True)
    assert (remote.due, limit.due) == (None, None)
    assert [i.done for i in counted[second.pk]] == [0, 0, 1, 0]
    assert [i.done for i in counted[third.pk]] == [0, 0, 0, 0]
    # The month so far.
    [march, *_rest] = fulfilment([first], date(2026, 2, 1), date(2026, 2, 14))[first.pk]
    assert (march.due, march.done) == (120, 200)


@pytest.mark.parametrize("count", [1, 3])
def test_fulfilment_is_two_questions_however_many_posts(contract, count, django_assert_num_queries):
    posts = list(contract.posts.order_by("pk"))[:count]
    with django_assert_num_queries(2):
        assert len(fulfilment(posts, date(2026, 1, 1), date(2026, 3, 31))) == count
    obligations = list(contract.obligations.all())
    with django_assert_num_queries(1):
        fulfilment(posts, date(2026, 1, 1), date(2026, 3, 31), obligations=obligations)


def test_parts_of_quarters_add_up_to_the_year(db, at):
    """A term from the 24th of December: the first instalment owes no lecture, the four after it owe the four of a year."""
    at(datetime(2025, 12, 20, 9))
    post = make_contract(starts_on=date(2025, 12, 24), ends_on=date(2026, 12, 23), filled=1).posts.order_by("pk")[0]
    periods = instalment_periods(date(2025, 12, 24), date(2026, 12, 23))
    dues = [[item.due for item in fulfilment([post], since, until)[post.pk]] for since, until, _part in periods]
    on_site, lecture = ([row[n] for row in dues] for n in (0, 1))
    assert lecture == [0, 1, 1, 1, 1]
    assert on_site == [61, 720, 720, 720, 659]
    assert sum(on_site) == 12 * 240


def test_a_team_owes_its_standard_once_and_each_seat_an_even_part(db, at):
    at(datetime(2025, 12, 20, 9))
    contract = make_contract(
        product="PLS-02", regions=[a_place(LEISHAN)], starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31)
    )
    opinions, hours, members = contract.obligations.order_by("pk")
    assert [(o.quantity, o.shared_by) for o in (opinions, hours, members)] == [(24, 5), (960, 5), (5, 1)]
    posts = list(contract.posts.order_by("seat"))
    whole = fulfilment(posts, date(2026, 1, 1), date(2026, 12, 31))
    assert [whole[p.pk][0].due for p in posts] == [5, 5, 5, 5, 4]
    assert [whole[p.pk][1].due for p in posts] == [2304] * 5  # 16 hours a month, a fifth of them
    by_quarter = [
        fulfilment(posts, since, until)
        for since, until, _part in instalment_periods(contract.starts_on, contract.ends_on)
    ]
    for post in posts:
        dues = [found[post.pk][0].due or 0 for found in by_quarter]
        assert sum(dues) == whole[post.pk][0].due
        assert min(dues) >= 0
    # A fifth of a year's opinions is none of a quarter's for some: what is owed by all together is met each quarter.
    assert [sum(found[p.pk][0].due for p in posts) for found in by_quarter] == [5, 6, 6, 7]


@settings(deadline=None)
@given(st.integers(0, 500), st.integers(1, 12), st.lists(st.fractions(0, 2, max_denominator=92), max_size=6))
def test_the_parts_of_seats_and_of_periods_add_up(quantity, seats, steps):
    """Counted independently: the units one after the other, each to the next seat."""
    line = Obligation(quantity=quantity, shared_by=seats)
    before, given = Fraction(0), [0] * seats
    for step in steps:
        parts = [_due(line, seat, before, before + step) for seat in range(1, seats + 1)]
        before += step
        given = [had + part for had, part in zip(given, parts, strict=True)]
    turns = [0] * seats
    for unit in range(int(quantity * before)):
        turns[unit % seats] += 1
    assert given == turns
