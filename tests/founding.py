"""What migrations put into the database, and the law, kept aside, and put back after every test that commits.

Django empties all tables after such a test, and would leave the next one without what the site stands on: the root of
the pages, the calendar and the numbers of the law, the permissions.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import chinese_calendar
import pytest
from django.core.management.commands import flush
from django.db import connection, transaction
from django.db.backends.base.operations import BaseDatabaseOperations

from marketplace.statutes import loading

# Every table with the columns that can be written, and whether rows of it are kept in the schema `founding`.
TABLES = """
    SELECT c.table_name, string_agg(quote_ident(c.column_name), ', ' ORDER BY c.ordinal_position),
        EXISTS (
            SELECT FROM information_schema.tables k WHERE k.table_schema = 'founding' AND k.table_name = c.table_name
        )
    FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = 'public' AND c.is_generated = 'NEVER' AND t.table_type = 'BASE TABLE'
        AND c.table_name <> 'django_migrations'
    GROUP BY c.table_name ORDER BY c.table_name
"""


def _law_digest() -> str:
    """Changes whenever the law would be loaded otherwise."""
    files = [*sorted(loading.DATA.glob("*.csv")), Path(loading.__file__), Path(chinese_calendar.__file__)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


@transaction.atomic
def keep() -> None:
    """Load the calendar and the numbers of the law, and copy the rows of every table that has some.

    Does nothing in a database where it was done before with the same law.
    """
    digest = _law_digest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = 'founding'")
        found = cursor.fetchone()
        if found == (digest,):
            return
        loading.load_calendar()
        loading.load_parameters()
        cursor.execute("DROP SCHEMA IF EXISTS founding CASCADE")
        cursor.execute("CREATE SCHEMA founding")
        cursor.execute(f"COMMENT ON SCHEMA founding IS '{digest}'")
        for table in connection.introspection.table_names(cursor):
            name = connection.ops.quote_name(table)
            cursor.execute(f"SELECT EXISTS (SELECT FROM public.{name})")  # noqa: S608
            if cursor.fetchone() == (True,) and table != "django_migrations":
                cursor.execute(f"CREATE TABLE founding.{name} AS TABLE public.{name}")


def _is_changed(table: str, kept: bool) -> str:
    """SQL: whether the rows are others than those that were there at first."""
    if not kept:
        return f'EXISTS (SELECT FROM public."{table}")'
    one, two = f'TABLE public."{table}"', f'TABLE founding."{table}"'
    return f"EXISTS (({one} EXCEPT ALL {two}) UNION ALL ({two} EXCEPT ALL {one}))"


def restore() -> None:
    """Leave the database as its migrations did. Only what a test changed is touched: emptying every table takes seconds.

    Triggers are off meanwhile (append-only tables refuse to be emptied); foreign keys are checked at the end.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(TABLES)
        tables = cursor.fetchall()
        cursor.execute(" UNION ALL ".join(f"SELECT {_is_changed(t, kept)}" for t, _columns, kept in tables))
        changed = [table for table, (differs,) in zip(tables, cursor.fetchall(), strict=True) if differs]
        for table, _columns, _kept in changed:
            cursor.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER; DELETE FROM "{table}"')  # noqa: S608
        for table, columns, kept in changed:
            if kept:
                cursor.execute(f'INSERT INTO "{table}" ({columns}) SELECT {columns} FROM founding."{table}"')  # noqa: S608
        # Tables cannot be altered while checks of their rows are pending.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table, _columns, _kept in changed:
            cursor.execute(f'ALTER TABLE "{table}" ENABLE TRIGGER USER')


@contextmanager
def restored_after_each_flush() -> Iterator[None]:
    """While inside, emptying the database leaves it as its migrations did."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", lambda self, sql_list: restore())
        # It would make content types and permissions anew, with other numbers.
        patch.setattr(flush, "emit_post_migrate_signal", lambda *_, **__: None)
        yield
