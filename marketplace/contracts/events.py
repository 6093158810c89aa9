"""News of contracts, delivered after commit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ContractActivated:
    """Both sides have signed: the contract's posts exist, all vacant."""

    contract_id: int


@dataclass(frozen=True, slots=True)
class PostFilled:
    post_id: int
    adviser_id: int


@dataclass(frozen=True, slots=True)
class PostVacated:
    """Nobody serves the post any more; ``adviser_id`` served it last."""

    post_id: int
    adviser_id: int


@dataclass(frozen=True, slots=True)
class ContractEnded:
    """Completed or terminated: its posts are closed."""

    contract_id: int


@dataclass(frozen=True, slots=True)
class InstalmentPaid:
    instalment_id: int
