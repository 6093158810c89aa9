# ruff: noqa: S608, PT012
"""An act is written with the change, whole, and stays."""

from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy

from marketplace.audit.models import Event, Unsealed
from marketplace.audit.selectors import trail
from tests.factories.accounts import make_organisation, make_user
from tests.factories.audit import make_event

pytestmark = pytest.mark.django_db


def run(sql, *params):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(sql, params)


def test_an_event_keeps_what_it_was_given_and_waits_for_its_seal():
    firm, officer = make_organisation(), make_user()
    event = make_event(officer, firm, data={"from": "registered", "to": "verified", "count": 3})
    (read,) = trail(firm)
    assert read == event
    assert (read.actor, read.action, read.subject_id) == (officer, "organisation.verify", str(firm.pk))
    assert read.data == {"from": "registered", "to": "verified", "count": 3}
    assert Unsealed.objects.filter(event=event).exists()


@pytest.mark.parametrize("value", [1.5, Decimal("2.00"), 2**60, gettext_lazy("name"), {"钥": 1}])
def test_what_could_not_be_checked_later_is_not_written(value):
    firm = make_organisation()
    with pytest.raises(ValueError):
        make_event(subject=firm, data={"amount": value})
    assert not trail(firm).exists()


@pytest.mark.parametrize("table", ["audit_event", "audit_seal", "audit_sealedevent"])
def test_no_row_of_the_record_is_changed_or_removed_by_raw_sql(table):
    event = make_event()
    run(
        "INSERT INTO audit_seal (number, previous_digest, digest, event_count) VALUES (1, %s, %s, 1)",
        "0" * 64,
        "a" * 64,
    )
    run("INSERT INTO audit_sealedevent (event_id, seal_id, position, digest) VALUES (%s, 1, 0, %s)", event.pk, "b" * 64)
    column = {"audit_event": "action", "audit_seal": "digest", "audit_sealedevent": "digest"}[table]
    for statement in (f"UPDATE {table} SET {column} = 'x'", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        with pytest.raises(DatabaseError, match="never change or go"):
            run(statement)
    assert Event.objects.get(pk=event.pk).action == "organisation.verify"


@pytest.mark.parametrize("data", ['{"n": 1.5}', '{"a": [{"b": 9007199254740992}]}'])
def test_raw_sql_brings_in_no_number_that_could_not_be_sealed(data):
    with pytest.raises(IntegrityError, match="numbers_are_whole"):
        run(
            "INSERT INTO audit_event (action, subject_type, subject_id, occurred_at, reason, data)"
            " VALUES ('x', 'y', '1', now(), '', %s::jsonb)",
            data,
        )


def test_a_rolled_back_act_leaves_no_event():
    firm = make_organisation()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        make_event(subject=firm)
        raise ZeroDivisionError
    assert not trail(firm).exists()
