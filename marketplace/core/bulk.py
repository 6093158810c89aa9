"""Very many rows at once: written by COPY, named without a list of thousands of parameters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db import connection, models
from django.db.models.expressions import RawSQL

#: rows after which the database takes a new look at a table
MANY = 5000


def copy_rows(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Add ``rows`` of values in the order of ``columns`` (fields by name or column; keys for relations); gives how many.

    What is not named takes the database's default or NULL: neither ``save`` nor the model's own defaults are asked. All is in
    the caller's transaction; constraints and triggers hold as ever.
    """
    fields = [_field(model, name) for name in columns]
    named = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    statement = f"COPY {connection.ops.quote_name(model._meta.db_table)} ({named}) FROM STDIN"
    count = 0
    # A refusal of the driver becomes Django's, as that of any statement.
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(
                [field.get_db_prep_save(value, connection) for field, value in zip(fields, row, strict=True)]
            )
            count += 1
    if count >= MANY:
        # A session keeps its plans for checking foreign keys. Made when the table was small, they read all of it for each row.
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")
    return count


def _field(model: type[models.Model], name: str) -> models.Field[Any, Any]:
    found: models.Field[Any, Any] = next(f for f in model._meta.concrete_fields if name in (f.name, f.attname))
    return found


def among(keys: Collection[int]) -> RawSQL:
    """For ``filter(pk__in=among(keys))``: one parameter, however many keys."""
    return RawSQL("SELECT unnest(%s::bigint[])", [list(keys)])
