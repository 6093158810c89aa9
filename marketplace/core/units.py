"""Money, minutes and points, exactly.

The ledger keeps three currencies through django-money: CNY (two decimals), service minutes and points (whole).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from moneyed import CNY, Currency, Money, add_currency

MINUTE: Currency = add_currency(code="XMN", numeric=None, name="service minute", sub_unit=1)
POINT: Currency = add_currency(code="XPT", numeric=None, name="point", sub_unit=1)
UNITS = (CNY, MINUTE, POINT)
UNIT_CODES = ("CNY", "XMN", "XPT")

FEN = Decimal("0.01")


def yuan(value: Decimal | int | str) -> Money:
    """An amount of CNY rounded to the fen, half up."""
    return Money(Decimal(value).quantize(FEN, rounding=ROUND_HALF_UP), CNY)


def minutes(value: int) -> Money:
    return Money(Decimal(value), MINUTE)


def points(value: int) -> Money:
    return Money(Decimal(value), POINT)


def split_exactly(total: Decimal, weights: Sequence[Decimal | int], *, step: Decimal = FEN) -> list[Decimal]:
    """Split ``total`` by ``weights`` into multiples of ``step`` that add up to it (largest remainder, Hamilton).

    Ties go to the earlier part, so the split is deterministic.

    Raises:
        ValueError: no weight is positive, one is negative, or ``total`` is no multiple of ``step``.
    """
    whole = [Decimal(w) for w in weights]
    if not whole or min(whole) < 0 or sum(whole) <= 0:
        raise ValueError("weights must be non-negative and not all zero")
    units_total = total / step
    if units_total != units_total.to_integral_value():
        raise ValueError(f"{total} is no multiple of {step}")
    weight_sum = sum(whole)
    exact = [units_total * w / weight_sum for w in whole]
    floors = [int(e) for e in exact]
    rest = int(units_total) - sum(floors)
    by_remainder = sorted(range(len(exact)), key=lambda i: (-(exact[i] - floors[i]), i))
    for i in by_remainder[:rest]:
        floors[i] += 1
    return [step * f for f in floors]
