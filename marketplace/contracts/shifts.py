"""Contracts whose posts nobody holds alone: a duty roster of the room above says who serves when."""

from __future__ import annotations

from collections.abc import Callable, Collection

from .models import Contract

#: keys of contracts → those of them that duty rosters serve
Served = Callable[[Collection[int]], set[int]]
_asked: list[Served] = []


def register(served: Served) -> None:
    """``served(keys)`` says which of the contracts with these keys duty rosters serve."""
    _asked.append(served)


def served_in_shifts(keys: Collection[int]) -> set[int]:
    """Those of the contracts ``keys`` that duty rosters serve."""
    return set().union(*(served(keys) for served in _asked))


def in_shifts(contract: Contract) -> bool:
    return contract.pk in served_in_shifts([contract.pk])
