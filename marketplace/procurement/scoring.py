"""The statutory comprehensive score, exactly: no database, no Django.

Sources: 令87 art. 55 and 214号 art. 24 (price score = base price / price × weight, base = the lowest price of a valid bid,
neither the highest nor the lowest price is left out), 财库〔2022〕19号 (small and micro firms are scored at a price cut by
10 to 20 percent, and paid the price they quoted), 令87 art. 57 and 214号 art. 25 (ties), 令87 art. 60 (low prices). The law
sets no rounding and leaves open how members' scores are put together: two places, half up, and the mean.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

CENT = Decimal("0.01")


class Tie(StrEnum):
    """The rule that put a bid before or behind another of the same total."""

    NONE = ""
    PRICE = "lower_price"
    OTHER = "other_points"
    LOT = "drawn_by_lot"


class LowPrice(StrEnum):
    """Why a price looks abnormally low."""

    OF_MEAN = "below_mean"
    OF_NEXT = "below_next"
    OF_CEILING = "below_ceiling"


@dataclass(frozen=True, slots=True)
class Offer:
    """A valid bid as scoring sees it: ``price`` as quoted, in yuan; ``member_points``: each member's points beside the price."""

    key: int
    price: Decimal
    small_or_micro: bool
    member_points: Mapping[int, Decimal]


@dataclass(frozen=True, slots=True)
class Ranked:
    """A bid's place. ``total`` = ``price_points`` + ``other_points``; ``tie``: what parted it from an equal total."""

    key: int
    adjusted: Decimal
    price_points: Decimal
    other_points: Decimal
    total: Decimal
    rank: int
    tie: Tie


def _round(value: Decimal) -> Decimal:
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def adjusted_price(price: Decimal, *, cut_percent: Decimal, small_or_micro: bool) -> Decimal:
    """The price for evaluation: cut for a small or micro firm, to the fen, half up."""
    return _round(price * (100 - cut_percent) / 100) if small_or_micro else price


def price_points(*, adjusted: Decimal, base: Decimal, weight: Decimal) -> Decimal:
    """``base / adjusted × weight``, two places, half up. The lowest bid gets the whole weight."""
    return _round(base * weight / adjusted)


def mean_points(member_points: Mapping[int, Decimal]) -> Decimal:
    """The mean of the members' points, two places, half up; none is left out."""
    return _round(sum(member_points.values(), Decimal(0)) / len(member_points))


def plain(value: Decimal | str) -> str:
    """A number without needless zeros: ``15``, ``12.5``."""
    return f"{Decimal(value).normalize():f}"


def ticket(seed: str, key: object) -> str:
    """A number of the published lottery: SHA-256 of ``seed:key`` in hex; the smallest is drawn first."""
    return hashlib.sha256(f"{seed}:{key}".encode()).hexdigest()


def draw_order(seed: str, keys: Sequence[int]) -> list[int]:
    """``keys`` in the order of the lottery. Who knows the seed and the keys gets the same order."""
    return sorted(keys, key=lambda key: (ticket(seed, key), key))


def rank(
    offers: Sequence[Offer],
    *,
    price_weight: Decimal,
    cut_percent: Decimal,
    seed: str,
    other_points_break_ties: bool,
) -> list[Ranked]:
    """The bids of one lot in order of rank, 1 first.

    Equal totals: the lower quote is first; then, with ``other_points_break_ties`` (consultation: the better technical
    offer), the more other points; then the lottery over ``seed``. Ranks are 1, 2, 3 … without gaps.

    Raises:
        ValueError: no offer, or one that nobody has scored.
    """
    if not offers:
        raise ValueError("there is nothing to rank")
    prices = {o.key: adjusted_price(o.price, cut_percent=cut_percent, small_or_micro=o.small_or_micro) for o in offers}
    base = min(prices.values())
    rows = []
    for offer in offers:
        points = price_points(adjusted=prices[offer.key], base=base, weight=price_weight)
        other = mean_points(offer.member_points)
        rows.append((offer, prices[offer.key], points, other, points + other))

    def order(row: tuple[Offer, Decimal, Decimal, Decimal, Decimal]) -> tuple[Decimal, Decimal, Decimal, str, int]:
        offer, _adjusted, _points, other, total = row
        return (
            -total,
            offer.price,
            -other if other_points_break_ties else Decimal(0),
            ticket(seed, offer.key),
            offer.key,
        )

    rows.sort(key=order)
    ranked = []
    for place, row in enumerate(rows):
        neighbours = rows[max(place - 1, 0) : place] + rows[place + 1 : place + 2]
        ties = [_tie(row, other, other_points_break_ties=other_points_break_ties) for other in neighbours]
        tie = max(ties, key=list(Tie).index, default=Tie.NONE)
        offer, adjusted, points, other_points, total = row
        ranked.append(Ranked(offer.key, adjusted, points, other_points, total, place + 1, tie))
    return ranked


def _tie(
    one: tuple[Offer, Decimal, Decimal, Decimal, Decimal],
    two: tuple[Offer, Decimal, Decimal, Decimal, Decimal],
    *,
    other_points_break_ties: bool,
) -> Tie:
    if one[4] != two[4]:
        return Tie.NONE
    if one[0].price != two[0].price:
        return Tie.PRICE
    return Tie.OTHER if other_points_break_ties and one[3] != two[3] else Tie.LOT


def low_prices(
    prices: Mapping[int, Decimal],
    *,
    ceiling: Decimal,
    percents: Mapping[LowPrice, Decimal],
) -> dict[int, list[LowPrice]]:
    """The bids whose quoted price has to be explained, with the signs found. A flag only: it decides nothing.

    ``below_mean``: under the percentage of the mean of all valid bids; ``below_next``: of the lowest price of the
    others; ``below_ceiling``: of the lot's ceiling. A sign without a percentage in ``percents`` is not looked for.
    """
    if not prices:
        return {}
    total = sum(prices.values(), Decimal(0))
    flags: dict[int, list[LowPrice]] = {}
    for key, price in prices.items():
        others = [other for rival, other in prices.items() if rival != key]
        found = []
        if price * 100 * len(prices) < total * percents.get(LowPrice.OF_MEAN, 0):
            found.append(LowPrice.OF_MEAN)
        if others and price * 100 < min(others) * percents.get(LowPrice.OF_NEXT, 0):
            found.append(LowPrice.OF_NEXT)
        if price * 100 < ceiling * percents.get(LowPrice.OF_CEILING, 0):
            found.append(LowPrice.OF_CEILING)
        if found:
            flags[key] = found
    return flags
