"""Contracts at work: what the tests of their pages begin with."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from tests.factories.contracts import make_contract, parties_of


@pytest.fixture
def deal(at):
    """A contract of 2026, its first quarter just over; one post of three is vacant."""
    at(datetime(2025, 12, 20, 9))
    contract = make_contract(amount=27_000, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), filled=2)
    at(datetime(2026, 4, 2, 9))
    return contract, parties_of(contract), contract.instalments.get(number=1)
