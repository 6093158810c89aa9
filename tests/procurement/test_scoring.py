"""The statutory score against the worked example, and against a second computation in fractions."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.procurement import scoring
from marketplace.procurement.scoring import LowPrice, Offer, Tie

D = Decimal


def offer(key: int, price: str | int, points: str | int = 0, *, small: bool = False) -> Offer:
    return Offer(key, D(price), small, {0: D(points)})


def run(offers: list[Offer], *, weight: int = 10, cut: str = "15", consultation: bool = True, seed: str = "s"):
    return scoring.rank(
        offers, price_weight=D(weight), cut_percent=D(cut), seed=seed, other_points_break_ties=consultation
    )


@pytest.mark.parametrize(("small", "expected"), [(False, ["9.38", "9.00", "10.00"]), (True, ["10.00", "8.16", "9.07"])])
def test_the_worked_example_of_the_rules(small: bool, expected: list[str]) -> None:
    offers = [offer(1, 480_000, small=small), offer(2, 500_000), offer(3, 450_000)]
    by_key = {r.key: r for r in run(offers)}
    assert [str(by_key[k].price_points) for k in (1, 2, 3)] == expected
    assert by_key[1].adjusted == (D("408000.00") if small else D(480_000))


def test_half_a_hundredth_goes_up() -> None:
    # 450,000 / 480,000 × 10 is exactly 9.375.
    assert scoring.price_points(adjusted=D(480_000), base=D(450_000), weight=D(10)) == D("9.38")
    assert scoring.mean_points({0: D("1.00"), 1: D("1.01")}) == D("1.01")
    assert scoring.adjusted_price(D("0.10"), cut_percent=D(15), small_or_micro=True) == D("0.09")


def test_equal_totals_go_to_the_lower_quote_not_to_the_lower_adjusted_price() -> None:
    # Both adjusted to 85: equal price points, equal totals; 85 was quoted lower than 100.
    ranked = run([offer(1, 100, 50, small=True), offer(2, 85, 50)])
    assert [(r.key, r.tie) for r in ranked] == [(2, Tie.PRICE), (1, Tie.PRICE)]


def test_equal_totals_and_quotes_in_a_consultation_go_to_the_better_other_points() -> None:
    # Equal quotes of 100; one adjusted to 85 and one not: 10.00 and 8.50 for the price, 50 and 51.50 for the rest.
    offers = [offer(1, 100, "50", small=True), offer(2, 100, "51.50")]
    assert [(r.key, str(r.total), r.tie) for r in run(offers)] == [(2, "60.00", Tie.OTHER), (1, "60.00", Tie.OTHER)]
    in_open_tender = run(offers, consultation=False)
    assert {r.tie for r in in_open_tender} == {Tie.LOT}


def test_bids_alike_in_all_are_parted_by_the_published_lot() -> None:
    offers = [offer(n, 100, 50) for n in range(1, 6)]
    orders = {tuple(r.key for r in run(offers, seed=str(seed))) for seed in range(40)}
    assert len(orders) > 10
    for seed in ("a", "b"):
        assert [r.key for r in run(offers, seed=seed)] == scoring.draw_order(seed, [1, 2, 3, 4, 5])
        assert [r.key for r in run(offers[::-1], seed=seed)] == [r.key for r in run(offers, seed=seed)]


def test_nothing_to_rank() -> None:
    with pytest.raises(ValueError, match="nothing"):
        run([])


def test_a_price_that_is_not_scored_gives_nobody_points() -> None:
    assert [str(r.price_points) for r in run([offer(1, 100, 60), offer(2, 50, 70)], weight=0)] == ["0.00", "0.00"]


@pytest.mark.parametrize(
    ("prices", "ceiling", "expected"),
    [
        ((100, 110, 120), 130, {}),
        ((50, 100, 120), 105, {}),  # half of the next, and 45 % of the ceiling: "below" excludes the number
        (("49.99", 100, 120), 105, {0: [LowPrice.OF_NEXT]}),
        (("49", 100, 140), 105, {0: [LowPrice.OF_NEXT]}),
        (("40", 100, 140), 105, {0: [LowPrice.OF_MEAN, LowPrice.OF_NEXT, LowPrice.OF_CEILING]}),
        (
            (40, 40, 240),
            600,
            {
                0: [LowPrice.OF_MEAN, LowPrice.OF_CEILING],
                1: [LowPrice.OF_MEAN, LowPrice.OF_CEILING],
                2: [LowPrice.OF_CEILING],
            },
        ),
        ((400,), 1000, {0: [LowPrice.OF_CEILING]}),
        ((), 1000, {}),
    ],
)
def test_low_prices_are_flagged(prices: tuple, ceiling: int, expected: dict) -> None:
    found = scoring.low_prices(
        {n: D(p) for n, p in enumerate(prices)},
        ceiling=D(ceiling),
        percents={LowPrice.OF_MEAN: D(50), LowPrice.OF_NEXT: D(50), LowPrice.OF_CEILING: D(45)},
    )
    assert found == expected


# A second computation, with exact fractions and rounding of its own.

money = st.integers(min_value=1, max_value=10**9).map(lambda fen: D(fen) / 100)
points = st.integers(min_value=0, max_value=9000).map(lambda n: D(n) / 100)


@st.composite
def contests(draw):
    members = draw(st.integers(1, 7))
    prices = draw(st.lists(money, min_size=1, max_size=8))
    return (
        [
            Offer(key, price, draw(st.booleans()), {m: draw(points) for m in range(members)})
            for key, price in enumerate(prices)
        ],
        draw(st.integers(0, 100)),
        D(draw(st.integers(100, 200))) / 10,
        draw(st.booleans()),
    )


def half_up(value: Fraction) -> Fraction:
    return Fraction((value * 100 + Fraction(1, 2)).__floor__(), 100)


@settings(max_examples=300, deadline=None)
@given(contests())
def test_against_fractions(contest) -> None:
    offers, weight, cut, consultation = contest
    ranked = run(offers, weight=weight, cut=str(cut), consultation=consultation)
    adjusted = {
        o.key: half_up(Fraction(o.price) * (100 - Fraction(cut)) / 100) if o.small_or_micro else Fraction(o.price)
        for o in offers
    }
    if min(adjusted.values()) == 0:
        return
    base = min(adjusted.values())
    expected = {}
    for o in offers:
        price = half_up(base / adjusted[o.key] * weight)
        other = half_up(Fraction(sum(map(Fraction, o.member_points.values())), 1) / len(o.member_points))
        expected[o.key] = (price, other, price + other)
    assert {r.key: (Fraction(r.price_points), Fraction(r.other_points), Fraction(r.total)) for r in ranked} == expected
    assert [r.rank for r in ranked] == list(range(1, len(offers) + 1))
    totals = [r.total for r in ranked]
    assert totals == sorted(totals, reverse=True)
    # The lowest adjusted price gets the whole weight; a lower price never gets fewer points.
    assert max(r.price_points for r in ranked) == weight
    for one in ranked:
        for two in ranked:
            if one.adjusted < two.adjusted:
                assert one.price_points >= two.price_points
            if one.total == two.total and one.rank < two.rank:
                assert offers[one.key].price <= offers[two.key].price


@given(st.text(), st.sets(st.integers(1, 10**6), min_size=1, max_size=30))
def test_the_lottery_is_a_permutation_that_anybody_repeats(seed: str, keys: set[int]) -> None:
    order = scoring.draw_order(seed, sorted(keys))
    assert sorted(order) == sorted(keys)
    assert scoring.draw_order(seed, sorted(keys, reverse=True)) == order
