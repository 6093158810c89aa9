"""What buying tells the rooms above, after commit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TenderAwarded:
    """A tender's awards stand; contracts are drawn up from them."""

    tender_id: int


@dataclass(frozen=True, slots=True)
class TenderFailed:
    """A tender ended without any award."""

    tender_id: int
