"""The command proves the invariants, and finds what raw SQL broke."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.factories.procurement import make_bid, make_tender

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def run():
    out = StringIO()
    call_command("check_procurement", stdout=out)
    return out.getvalue()


@pytest.fixture
def bid(now):
    return make_bid(make_tender(now=now).lots.get(number=1))


def break_it(sql, *params):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql, params)
        cursor.execute("SET LOCAL session_replication_role = origin")


def test_a_sound_database_passes(bid):
    assert "FAIL" not in run()


@pytest.mark.parametrize(
    ("sql", "check"),
    [
        ("UPDATE procurement_bid SET received_at = received_at + interval '60 days'", "bids came in time"),
        ("UPDATE procurement_bid SET sealed_content = '{\"price\": 1}'", "sealed is unreadable"),
        ("UPDATE procurement_bid SET sealed_content = sealed_content || '\\x00'", "bids are what was received"),
        ("UPDATE procurement_bid SET receipt = '{}'", "bids are what was received"),
        ("UPDATE procurement_notice SET content = '{}'", "notices are unaltered"),
        ("UPDATE procurement_lot SET ceiling = ceiling + 1", "publication reserved the ceilings"),
        ("UPDATE ledger_account SET balance = balance + 1 WHERE code LIKE '%%reserved'", "budget adds up"),
        (
            "UPDATE procurement_tender SET state = 'failed', failure_reason = 'x'",
            "nothing stays reserved without a tender",
        ),
    ],
)
def test_what_raw_sql_broke_is_found(bid, sql, check):
    break_it(sql)
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("check_procurement", stdout=out)
    assert f"FAIL {check}" in out.getvalue()


def test_a_receipt_is_verified_from_a_file(bid, tmp_path):
    import json

    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(bid.receipt), encoding="utf-8")
    out = StringIO()
    call_command("verify_receipt", str(path), stdout=out)
    assert "genuine" in out.getvalue()
    path.write_text(json.dumps({**bid.receipt, "size": 1}), encoding="utf-8")
    with pytest.raises(CommandError, match="signature"):
        call_command("verify_receipt", str(path))
