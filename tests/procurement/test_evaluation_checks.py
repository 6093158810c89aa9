"""The command notices what only somebody with the database's own powers could have done."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from marketplace.procurement import checks_evaluation as checks
from marketplace.procurement.models import BidResult
from tests.factories.evaluation import awarded_tender, make_relation

pytestmark = pytest.mark.django_db

BREAK = {
    checks.no_share_stands_open: "UPDATE procurement_keyshare SET released = 'x'::bytea",
    checks.what_was_in_the_box_was_opened: "UPDATE procurement_bid SET digest = repeat('0', 64)",
    checks.panels_are_lawful: "UPDATE procurement_evaluator SET state = 'declared'",
    # Another seed might, by chance, draw the same people.
    checks.draws_repeat: "UPDATE procurement_evaluator SET draw = jsonb_set(draw, '{pool_digest}', '\"other\"')",
    checks.sheets_are_as_handed_in: "UPDATE procurement_score SET points = points + 1",
    checks.rankings_compute_again: "UPDATE procurement_bidresult SET total_points = total_points + 1",
    checks.each_lot_ends_once: "DELETE FROM procurement_award",
    checks.awards_go_to_the_first: "UPDATE procurement_award SET amount = amount + 1",
    checks.decisions_are_published: "DELETE FROM procurement_notice WHERE kind = 'result'",
}


def past_every_trigger(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql)
        cursor.execute("SET LOCAL session_replication_role = origin")


def test_a_sound_database_passes(capsys) -> None:
    awarded_tender(prices=[(270_000, 288_000, 299_000), (250_000,)], small={(0, 1)})
    call_command("check_procurement")
    said = capsys.readouterr().out
    assert "FAIL" not in said
    assert all(check.__name__.replace("_", " ") in said for check in checks.CHECKS)


@pytest.mark.parametrize("check", BREAK, ids=lambda check: check.__name__)
def test_each_check_finds_its_break(check) -> None:
    awarded_tender()
    assert list(check()) == []
    past_every_trigger(BREAK[check])
    assert list(check())


def test_a_tie_that_came_to_light_is_found() -> None:
    tender = awarded_tender()
    seat = tender.evaluators.first()
    result = BidResult.objects.first()
    make_relation(seat.user, result.opened_bid.bid.supplier)
    [line] = checks.nobody_judges_with_a_tie()
    assert str(seat.pk) in line
    with pytest.raises(CommandError):
        call_command("check_procurement")
