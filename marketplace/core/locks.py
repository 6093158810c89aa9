"""Named row locks. Everybody locks in the order of the primary key, so nobody waits in a circle."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from django.db import connection, models

M = TypeVar("M", bound=models.Model)


def lock_rows(model: type[M], pks: Iterable[int | str]) -> list[M]:
    """Lock rows FOR UPDATE in primary-key order and return them fresh.

    Raises:
        model.DoesNotExist: one of the rows is gone.
    """
    wanted = sorted(set(pks))
    rows = list(model._default_manager.select_for_update(of=("self",)).filter(pk__in=wanted).order_by("pk"))
    if len(rows) != len(wanted):
        gone = f"{model.__name__}: {len(wanted) - len(rows)} of {len(wanted)} rows are gone"
        raise model.DoesNotExist(gone)  # type: ignore[attr-defined]
    return rows


def lock_row(model: type[M], pk: int | str) -> M:
    """Lock one row FOR UPDATE and return it fresh."""
    return lock_rows(model, [pk])[0]


def lock_name(name: str) -> None:
    """Hold a transaction-scoped advisory lock on ``name`` (for what has no row yet)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
