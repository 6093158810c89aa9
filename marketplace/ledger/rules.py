"""Who may read which books.

A person reads the own accounts. Who else may read what is told by the rooms that know organisations and budgets:
the ledger knows neither.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .codes import holder_user

Reader = Callable[[Any, str], bool]
Auditor = Callable[[Any], bool]
_readers: dict[str, Reader] = {}
_auditors: list[Auditor] = []


def register_reader(kind: str, reader: Reader) -> None:
    """``reader(user, holder)`` decides about holders of ``kind`` (``budget``, ``organisation``)."""
    _readers[kind] = reader


def register_auditor(auditor: Auditor) -> None:
    """``auditor(user)`` decides who may read the trial balance."""
    if auditor not in _auditors:
        _auditors.append(auditor)


def can_read(user: Any, holder: str) -> bool:
    if user.is_superuser or holder == holder_user(user.pk):
        return True
    reader = _readers.get(holder.partition(":")[0])
    return reader is not None and reader(user, holder)


def can_audit(user: Any) -> bool:
    return bool(user.is_superuser) or any(auditor(user) for auditor in _auditors)
