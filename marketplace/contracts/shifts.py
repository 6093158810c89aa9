"""Contracts whose posts nobody holds alone: a duty roster of the room above says who serves when."""

from __future__ import annotations

from collections.abc import Callable

from .models import Contract

_asked: list[Callable[[Contract], bool]] = []


def register(serves: Callable[[Contract], bool]) -> None:
    """``serves(contract)`` says whether duty rosters serve ``contract``."""
    _asked.append(serves)


def in_shifts(contract: Contract) -> bool:
    return any(serves(contract) for serves in _asked)
