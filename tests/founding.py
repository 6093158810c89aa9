"""What migrations put into the database, kept aside, and put back after every test that commits.

Django empties all tables after such a test, and would leave the next one without what the site stands on: the root of
the pages, the parameters of the law, the permissions.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.management.commands import flush
from django.db import connection
from django.db.backends.base.operations import BaseDatabaseOperations

# Every table whose rows are kept in the schema `founding`, with the columns that can be written.
KEPT = """
    SELECT c.table_name, string_agg(quote_ident(c.column_name), ', ' ORDER BY c.ordinal_position)
    FROM information_schema.columns c
    JOIN information_schema.tables kept ON kept.table_schema = 'founding' AND kept.table_name = c.table_name
    WHERE c.table_schema = 'public' AND c.is_generated = 'NEVER'
    GROUP BY c.table_name ORDER BY c.table_name
"""
# Append-only tables refuse even TRUNCATE, by a trigger of this name.
REFUSALS = """
    SELECT tgrelid::regclass::text, quote_ident(tgname) FROM pg_trigger WHERE tgname LIKE '%\\_no\\_truncate' ORDER BY 1
"""


def keep() -> None:
    """Copy the rows of every table that has some. Does nothing in a database where they were copied before."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'founding'")
        if cursor.fetchone():
            return
        cursor.execute("CREATE SCHEMA founding")
        for table in connection.introspection.table_names(cursor):
            name = connection.ops.quote_name(table)
            cursor.execute(f"SELECT EXISTS (SELECT FROM public.{name})")  # noqa: S608
            if cursor.fetchone() == (True,) and table != "django_migrations":
                cursor.execute(f"CREATE TABLE founding.{name} AS TABLE public.{name}")


@contextmanager
def restored_after_each_flush() -> Iterator[None]:
    """While inside, emptying the database leaves it as its migrations did."""
    empty = BaseDatabaseOperations.execute_sql_flush

    def empty_and_restore(self: BaseDatabaseOperations, sql_list: list[str]) -> None:
        with connection.cursor() as cursor:
            cursor.execute(REFUSALS)
            refusals = cursor.fetchall()
            cursor.execute(KEPT)
            kept = cursor.fetchall()
        empty(
            self,
            [
                *(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}" for table, trigger in refusals),
                *sql_list,
                *(f'ALTER TABLE "{table}" DISABLE TRIGGER USER' for table, _ in kept),
                *(f'INSERT INTO "{t}" ({columns}) SELECT {columns} FROM founding."{t}"' for t, columns in kept),  # noqa: S608
                # Tables cannot be altered while checks of their rows are pending.
                "SET CONSTRAINTS ALL IMMEDIATE",
                *(f'ALTER TABLE "{table}" ENABLE TRIGGER USER' for table, _ in kept),
                *(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}" for table, trigger in refusals),
            ],
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", empty_and_restore)
        # It would make content types and permissions anew, with other numbers.
        patch.setattr(flush, "emit_post_migrate_signal", lambda *_, **__: None)
        yield
